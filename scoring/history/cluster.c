/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster.h"

#include "clock.h"

#include <stdlib.h>
#include <string.h>

#define PATIENCE 2    /* the part of the time left before the map is looked up beside the waiting */
#define LOOKS_MAX 3   /* of one operation */
#define ROUNDS_MAX 32 /* of one operation, when nodes send us from one to the other */
#define ASKED_MAX 16  /* nodes, seeds included, that are asked for the map at once */

/* --- setup ----------------------------------------------------------------------------------- */

static void recall(struct hop_cluster *cluster)
{
    char *lines = hop_route_recall(&cluster->route);
    hop_cluster_map_init(&cluster->map);
    if (lines)
        hop_cluster_map_parse(hop_span_of(lines), &cluster->map);
    free(lines);
}

static enum hop_rc seeds_init(struct hop_cluster *cluster, const struct hop_fleet_setup *setup,
                              struct hop_error *err)
{
    enum hop_rc rc = HOP_OK;
    if (setup->count > HOP_FLEET_MAX)
        return hop_error_set(err, HOP_LIMIT, "redis: more than %d nodes to ask", HOP_FLEET_MAX);
    for (size_t i = 0; i < setup->count && rc == HOP_OK; i++) {
        rc = hop_redis_link_init(&cluster->seeds[i], &setup->seeds[i], cluster->trust, err);
        cluster->seed_count += rc == HOP_OK;
    }
    return rc;
}

enum hop_rc hop_cluster_init(struct hop_cluster *cluster, const struct hop_fleet_setup *setup,
                             struct hop_error *err)
{
    *cluster = (struct hop_cluster){.seed_count = 0};
    const struct hop_tls_setup *tls = setup->seeds[0].tls;
    enum hop_rc rc = tls ? hop_tls_trust_new(tls, &cluster->trust, err) : HOP_OK;
    if (rc == HOP_OK)
        rc = hop_route_init(&cluster->route, setup, err);
    if (rc == HOP_OK)
        rc = seeds_init(cluster, setup, err);
    if (rc == HOP_OK)
        recall(cluster);
    else
        hop_cluster_done(cluster);
    return rc;
}

static void link_free(struct hop_redis_link **link)
{
    if (*link)
        hop_redis_link_done(*link);
    free(*link);
    *link = NULL;
}

void hop_cluster_done(struct hop_cluster *cluster)
{
    for (size_t i = 0; i < HOP_CLUSTER_NODES_MAX; i++)
        link_free(&cluster->links[i]);
    for (size_t i = 0; i < cluster->seed_count; i++)
        hop_redis_link_done(&cluster->seeds[i]);
    cluster->seed_count = 0;
    hop_route_done(&cluster->route);
    hop_tls_trust_free(&cluster->trust);
}

/* A link like the seeds', to another node. NULL without memory. */
static struct hop_redis_link *link_new(const struct hop_cluster *cluster,
                                       const struct hop_redis_node *node, struct hop_error *err)
{
    char address[HOP_ADDRESS_TEXT_MAX];
    struct hop_text text = hop_text_over(address, sizeof address);
    struct hop_redis_link *link = malloc(sizeof *link);
    hop_address_put(&text, &node->address);
    const struct hop_redis_setup setup = {.address = address,
                                          .port = node->port,
                                          .user = cluster->seeds[0].user,
                                          .secret = cluster->seeds[0].secret};
    if (link && hop_redis_link_init(link, &setup, cluster->trust, err) == HOP_OK)
        return link;
    free(link);
    hop_error_set(err, HOP_NOMEM, "redis: no memory");
    return NULL;
}

void hop_cluster_settle(struct hop_cluster *cluster)
{
    if (!cluster->map_is_new)
        return;
    cluster->map_is_new = false;
    char *lines = malloc(HOP_ROUTE_TEXT_MAX + 1);
    if (!lines)
        return;
    struct hop_text text = hop_text_over(lines, HOP_ROUTE_TEXT_MAX + 1);
    hop_cluster_map_put(&cluster->map, &text);
    if (!text.cut)
        hop_route_keep(&cluster->route, (struct hop_span){text.at, text.len});
    free(lines);
}

/* --- the map --------------------------------------------------------------------------------- */

/* Seeds, and nodes of the map that may know what the seeds do not tell any more. */
struct look {
    struct hop_wire_pipeline question;
    struct hop_redis_link *links[ASKED_MAX];
    struct hop_wire_answer answers[ASKED_MAX];
    struct hop_redis_exchange exchanges[ASKED_MAX];
    size_t count, seeds;
};

static bool is_asked(const struct look *look, const struct hop_redis_node *node)
{
    for (size_t i = 0; i < look->count; i++)
        if (hop_redis_node_equal(&look->links[i]->node, node))
            return true;
    return false;
}

static void look_start(struct hop_cluster *cluster, struct look *look)
{
    hop_wire_command(&look->question, 2, (const char *[]){"CLUSTER", "SLOTS"});
    while (look->count < cluster->seed_count) {
        look->links[look->count] = &cluster->seeds[look->count];
        look->count++;
    }
    look->seeds = look->count;
    for (size_t i = 0; i < cluster->map.count && look->count < ASKED_MAX; i++) {
        const struct hop_redis_node *node = &cluster->map.nodes[i];
        if (!is_asked(look, node) && (look->links[look->count] = link_new(cluster, node, NULL)))
            look->count++;
    }
    for (size_t i = 0; i < look->count; i++)
        hop_redis_exchange_start(&look->exchanges[i], look->links[i], &look->question, true,
                                 &look->answers[i]);
}

static bool look_take(struct hop_cluster *cluster, struct look *look, size_t at,
                      struct hop_error *err)
{
    const struct hop_wire_reply *reply = look->answers[at].replies[0];
    bool taken = hop_cluster_slots_take(reply, &look->links[at]->node, &cluster->map);
    if (!taken && reply->kind == HOP_WIRE_ERROR)
        hop_redis_refusal(look->links[at], reply->text, err);
    else if (!taken)
        hop_error_set(err, HOP_IO, "%s: knows no owner of any slot", look->links[at]->name);
    cluster->map_is_new |= taken;
    return taken;
}

static void look_end(struct look *look)
{
    for (size_t i = 0; i < look->count; i++) {
        hop_redis_exchange_abandon(&look->exchanges[i]);
        hop_wire_answer_done(&look->answers[i]);
        hop_redis_link_close(look->links[i]);
        if (i >= look->seeds)
            link_free(&look->links[i]);
    }
    hop_wire_pipeline_done(&look->question);
}

/* The first that answers is taken at its word: who knows better says MOVED. */
static enum hop_rc look_wait_by(struct hop_cluster *cluster, struct look *look,
                                struct hop_deadline deadline, struct hop_error *err)
{
    bool seen[ASKED_MAX] = {false};
    for (size_t left = look->count; left;) {
        struct hop_redis_exchange *pending[ASKED_MAX];
        size_t count = 0;
        for (size_t i = 0; i < look->count; i++) {
            if (seen[i])
                continue;
            if (look->exchanges[i].step != HOP_STEP_DONE) {
                pending[count++] = &look->exchanges[i];
                continue;
            }
            seen[i] = true;
            left--;
            if (look->exchanges[i].rc != HOP_OK)
                *err = look->exchanges[i].err;
            else if (look_take(cluster, look, i, err))
                return HOP_OK;
        }
        if (count && hop_redis_exchange_any_by(pending, count, deadline) != HOP_OK)
            return hop_error_set(err, HOP_TIMEOUT,
                                 "redis: nobody tells the cluster's slots in time");
    }
    return err->rc;
}

static enum hop_rc look_up_by(struct hop_cluster *cluster, struct hop_deadline deadline,
                              struct hop_error *err)
{
    struct look *look = calloc(1, sizeof *look);
    if (!look)
        return hop_error_set(err, HOP_NOMEM, "redis: no memory");
    look_start(cluster, look);
    enum hop_rc rc = look_wait_by(cluster, look, deadline, err);
    look_end(look);
    free(look);
    return rc;
}

/* --- lanes ----------------------------------------------------------------------------------- */

bool hop_cluster_lanes_init(struct hop_cluster_lanes *lanes)
{
    lanes->count = 0;
    lanes->items = calloc(HOP_CLUSTER_LANES_MAX, sizeof *lanes->items);
    return lanes->items != NULL;
}

void hop_cluster_lanes_clear(struct hop_cluster_lanes *lanes)
{
    for (size_t i = 0; i < lanes->count; i++) {
        hop_wire_pipeline_done(&lanes->items[i].pipeline);
        hop_wire_answer_done(&lanes->items[i].answer);
    }
    lanes->count = 0;
}

void hop_cluster_lanes_done(struct hop_cluster_lanes *lanes)
{
    if (lanes->items)
        hop_cluster_lanes_clear(lanes);
    free(lanes->items);
    lanes->items = NULL;
}

struct hop_cluster_lane *hop_cluster_lane_for(struct hop_cluster_lanes *lanes, uint8_t node,
                                              unsigned slot)
{
    for (size_t i = 0; i < lanes->count; i++)
        if (lanes->items[i].node == node)
            return &lanes->items[i];
    if (lanes->count == HOP_CLUSTER_LANES_MAX)
        return NULL;
    struct hop_cluster_lane *lane = &lanes->items[lanes->count++];
    *lane = (struct hop_cluster_lane){.node = node, .slot = slot};
    return lane;
}

/* --- rounds ---------------------------------------------------------------------------------- */

uint8_t hop_cluster_owner(struct hop_cluster_task *task, unsigned slot)
{
    uint8_t owner = task->cluster->map.owner[slot];
    if (owner == HOP_CLUSTER_NOBODY && !task->doubt) {
        task->doubt = true;
        if (task->err.rc == HOP_OK)
            hop_error_set(&task->err, HOP_IO, "redis: nobody owns slot %u of the cluster", slot);
    }
    return owner;
}

static void lane_fail(struct hop_cluster_lane *lane, const struct hop_error *err)
{
    lane->exchange.step = HOP_STEP_DONE;
    lane->exchange.rc = err->rc;
    lane->exchange.err = *err;
}

/* A lane without a link, or whose link is not the one over which it watched, ends at once. */
static void lane_start(struct hop_cluster_task *task, struct hop_cluster_lane *lane)
{
    struct hop_cluster *cluster = task->cluster;
    struct hop_redis_link **link = &cluster->links[lane->node];
    struct hop_error err = {0};
    if (!*link)
        *link = link_new(cluster, &cluster->map.nodes[lane->node], &err);
    if (*link && lane->once && (*link)->fd < 0)
        hop_error_set(&err, HOP_IO, "%s: the connection has ended", (*link)->name);
    if (err.rc != HOP_OK) {
        lane_fail(lane, &err);
        return;
    }
    hop_redis_exchange_start(&lane->exchange, *link, &lane->pipeline, !lane->once, &lane->answer);
}

/* Those whose slot has another owner by now. */
static void misplaced_abandon(struct hop_cluster_task *task)
{
    for (size_t i = 0; i < task->lanes.count; i++) {
        struct hop_cluster_lane *lane = &task->lanes.items[i];
        if (lane->exchange.step != HOP_STEP_DONE &&
            task->cluster->map.owner[lane->slot] != lane->node)
            hop_redis_exchange_abandon(&lane->exchange);
    }
}

/* Somebody is slow, or gone. What it has to say is waited for while others are asked. */
static void slow_ones_check(struct hop_cluster_task *task)
{
    struct hop_error quiet = {0};
    if (task->looks++ >= LOOKS_MAX)
        return;
    int left = hop_clock_left_ms(task->deadline);
    if (look_up_by(task->cluster, hop_clock_deadline(left / PATIENCE), &quiet) == HOP_OK)
        misplaced_abandon(task);
}

static void lanes_wait_by(struct hop_cluster_task *task, struct hop_deadline deadline)
{
    struct hop_redis_exchange *exchanges[HOP_CLUSTER_LANES_MAX];
    enum hop_rc rc = HOP_OK;
    for (size_t left = 1; left && rc == HOP_OK;) {
        left = 0;
        for (size_t i = 0; i < task->lanes.count; i++)
            if (task->lanes.items[i].exchange.step != HOP_STEP_DONE)
                exchanges[left++] = &task->lanes.items[i].exchange;
        if (left)
            rc = hop_redis_exchange_any_by(exchanges, left, deadline);
    }
}

static bool lanes_are_done(const struct hop_cluster_task *task)
{
    for (size_t i = 0; i < task->lanes.count; i++)
        if (task->lanes.items[i].exchange.step != HOP_STEP_DONE)
            return false;
    return true;
}

void hop_cluster_run(struct hop_cluster_task *task)
{
    int left = hop_clock_left_ms(task->deadline);
    for (size_t i = 0; i < task->lanes.count; i++)
        lane_start(task, &task->lanes.items[i]);
    lanes_wait_by(task, hop_deadline_earlier(task->deadline, hop_clock_deadline(left / PATIENCE)));
    if (!lanes_are_done(task)) {
        slow_ones_check(task);
        lanes_wait_by(task, task->deadline);
    }
    for (size_t i = 0; i < task->lanes.count; i++)
        hop_redis_exchange_abandon(&task->lanes.items[i].exchange);
}

static bool is_fatal(enum hop_rc rc)
{
    return rc != HOP_IO && rc != HOP_TIMEOUT;
}

static void fail(struct hop_cluster_task *task, enum hop_rc rc)
{
    if (is_fatal(rc) && task->fatal == HOP_OK)
        task->fatal = rc;
    task->doubt = true;
}

bool hop_cluster_lane_answered(struct hop_cluster_task *task, const struct hop_cluster_lane *lane)
{
    if (lane->exchange.rc == HOP_OK)
        return true;
    if (task->fatal == HOP_OK)
        task->err = lane->exchange.err;
    fail(task, lane->exchange.rc);
    return false;
}

static bool begins(struct hop_span words, const char *word)
{
    size_t len = strlen(word);
    return words.len >= len && memcmp(words.at, word, len) == 0;
}

/* What a node says that does not serve any more, or not yet. */
static bool another_would_serve(struct hop_span words)
{
    static const char *const reasons[] = {"CLUSTERDOWN", "LOADING", "READONLY",
                                          "MASTERDOWN",  "MOVED ",  "ASK "};
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (begins(words, reasons[i]))
            return true;
    return false;
}

static bool redirect(struct hop_cluster_task *task, const struct hop_cluster_lane *lane,
                     struct hop_span words, bool asking, uint8_t *ret_node)
{
    struct hop_cluster *cluster = task->cluster;
    struct hop_redis_node node;
    unsigned slot;
    words.at += strlen(asking ? "ASK " : "MOVED ");
    words.len -= strlen(asking ? "ASK " : "MOVED ");
    if (!hop_cluster_redirect_parse(words, &cluster->links[lane->node]->node, &slot, &node))
        return false;
    *ret_node = hop_cluster_node(&cluster->map, &node);
    if (*ret_node == HOP_CLUSTER_NOBODY)
        return false;
    if (!asking) {
        cluster->map.owner[slot] = *ret_node;
        cluster->map_is_new = true;
    }
    return true;
}

void hop_cluster_wrong(struct hop_cluster_task *task, const struct hop_cluster_lane *lane,
                       const struct hop_wire_reply *reply, bool *ret_asking, uint8_t *ret_node)
{
    const struct hop_redis_link *link = task->cluster->links[lane->node];
    struct hop_span words = reply->text;
    bool error = reply->kind == HOP_WIRE_ERROR, ask = error && begins(words, "ASK ");
    *ret_asking = false;
    if (ask || (error && begins(words, "MOVED "))) {
        bool known = redirect(task, lane, words, ask, ret_node);
        *ret_asking = known && ask;
        if (known)
            return;
    }
    if (error && begins(words, "TRYAGAIN")) {
        task->pause = true;
        return;
    }
    if (task->fatal != HOP_OK)
        return;
    if (!error) {
        task->fatal = hop_error_set(&task->err, HOP_MALFORMED,
                                    "%s: the reply does not fit the command", link->name);
        return;
    }
    enum hop_rc rc = hop_redis_refusal(link, words, &task->err);
    task->doubt = true;
    if (!another_would_serve(words))
        task->fatal = rc;
}

/* A moment, for keys that are on their way. */
static void pause_by(struct hop_deadline deadline)
{
    struct hop_socket_wait moment = {.fd = -1, .need = HOP_NEED_PAUSE};
    hop_socket_wait_by(&moment, 1, deadline, NULL);
}

bool hop_cluster_goes_on(struct hop_cluster_task *task)
{
    hop_cluster_lanes_clear(&task->lanes);
    if (task->fatal != HOP_OK)
        return false;
    if (hop_deadline_passed(task->deadline, hop_clock_monotonic_ns())) {
        if (task->err.rc == HOP_OK)
            hop_error_set(&task->err, HOP_TIMEOUT, "redis: deadline passed");
        return false;
    }
    if (task->pause)
        pause_by(task->deadline);
    else if (++task->rounds > ROUNDS_MAX) {
        hop_error_set(&task->err, HOP_IO, "redis: the cluster's nodes send us around");
        return false;
    }
    task->pause = false;
    if (!task->doubt)
        return true;
    task->doubt = false;
    return task->looks++ < LOOKS_MAX &&
           look_up_by(task->cluster, task->deadline, &task->err) == HOP_OK;
}

static bool knocked(struct hop_cluster_task *task, struct hop_cluster_lane *lane)
{
    bool asking;
    uint8_t node;
    if (!lane || !hop_cluster_lane_answered(task, lane))
        return false;
    const struct hop_wire_reply *reply = lane->answer.replies[0];
    if (reply->kind != HOP_WIRE_ERROR)
        return true;
    hop_cluster_wrong(task, lane, reply, &asking, &node);
    task->pause |= asking;
    return false;
}

enum hop_rc hop_cluster_link_by(struct hop_cluster *cluster, unsigned slot, const char *key,
                                struct hop_deadline deadline, struct hop_redis_link **ret_link,
                                struct hop_error *err)
{
    struct hop_cluster_task task = {.cluster = cluster, .deadline = deadline};
    struct hop_cluster_lane *lane;
    bool found;
    if (!hop_cluster_lanes_init(&task.lanes))
        return hop_error_set(err, HOP_NOMEM, "redis: no memory");
    do {
        uint8_t node = hop_cluster_owner(&task, slot);
        lane = node == HOP_CLUSTER_NOBODY ? NULL : hop_cluster_lane_for(&task.lanes, node, slot);
        if (lane && key)
            hop_wire_command(&lane->pipeline, 2, (const char *[]){"TYPE", key});
        else if (lane)
            hop_wire_command(&lane->pipeline, 1, (const char *[]){"PING"});
        hop_cluster_run(&task);
        found = knocked(&task, lane);
        if (found)
            *ret_link = cluster->links[node];
    } while (!found && hop_cluster_goes_on(&task));
    hop_cluster_lanes_done(&task.lanes);
    hop_cluster_settle(cluster);
    if (!found && err)
        *err = task.err;
    return found ? HOP_OK : task.err.rc;
}
