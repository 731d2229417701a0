/* SPDX-License-Identifier: Apache-2.0 */
/* A fleet's history on a Redis Cluster: reads of all nodes side by side, logs from their node.
 * cluster_writes.c writes. */
#include "cluster_writes.h"
#include "redis_commands.h"
#include "redis_walk.h"

#include <stdlib.h>
#include <string.h>

struct cluster_store {
    struct hop_store base;
    struct hop_cluster cluster;
};

/* --- reads ----------------------------------------------------------------------------------- */

/* What is known of one read. */
struct errand {
    unsigned slot;
    bool done, asking;
    uint8_t node; /* to ask; else the slot's owner is */
    struct hop_cluster_lane *lane;
};

/* The clock is that of whichever node is asked anyway. */
static void errands_init(const struct hop_read *reads, size_t count, struct errand *errands)
{
    unsigned somewhere = 0;
    for (size_t i = 0; i < count; i++)
        if (reads[i].kind != HOP_READ_TIME)
            somewhere = hop_cluster_slot(reads[i].key);
    for (size_t i = 0; i < count; i++)
        errands[i] = (struct errand){
            .slot = reads[i].kind == HOP_READ_TIME ? somewhere : hop_cluster_slot(reads[i].key)};
}

static void errands_send(struct hop_cluster_task *task, const struct hop_read *reads, size_t count,
                         struct errand *errands)
{
    for (size_t i = 0; i < count; i++) {
        struct errand *errand = &errands[i];
        errand->lane = NULL;
        if (errand->done)
            continue;
        uint8_t node = errand->asking ? errand->node : hop_cluster_owner(task, errand->slot);
        if (node != HOP_CLUSTER_NOBODY)
            errand->lane = hop_cluster_lane_for(&task->lanes, node, errand->slot);
        if (errand->lane)
            hop_redis_read_put(&errand->lane->pipeline, &reads[i], errand->asking);
    }
}

static void errand_take(struct hop_cluster_task *task, struct errand *errand,
                        const struct hop_read *read, const struct hop_wire_reply *reply,
                        struct hop_replies *replies, struct hop_reply *ret_reply)
{
    errand->asking = false;
    if (reply->kind == HOP_WIRE_ERROR) {
        hop_cluster_wrong(task, errand->lane, reply, &errand->asking, &errand->node);
        return;
    }
    enum hop_rc rc = hop_redis_read_take(reply, read, replies, ret_reply);
    errand->done = rc == HOP_OK;
    if (rc == HOP_NOMEM)
        task->fatal = hop_error_set(&task->err, rc, "redis: no memory");
    else if (rc != HOP_OK)
        hop_cluster_wrong(task, errand->lane, reply, &errand->asking, &errand->node);
}

/* The replies of a lane are in the order of its errands. Returns how many are not done. */
static size_t errands_take(struct hop_cluster_task *task, const struct hop_read *reads,
                           size_t count, struct errand *errands, struct hop_replies *replies)
{
    size_t at[HOP_CLUSTER_LANES_MAX] = {0}, pending = 0;
    bool answered[HOP_CLUSTER_LANES_MAX];
    for (size_t i = 0; i < task->lanes.count; i++)
        answered[i] = hop_cluster_lane_answered(task, &task->lanes.items[i]);
    for (size_t i = 0; i < count; i++) {
        struct errand *errand = &errands[i];
        size_t lane = errand->lane ? (size_t)(errand->lane - task->lanes.items) : 0;
        if (!errand->done && errand->lane && answered[lane]) {
            at[lane] += errand->asking; /* the OK of ASKING */
            errand_take(task, errand, &reads[i], errand->lane->answer.replies[at[lane]++], replies,
                        &replies->items[i]);
        } else if (!errand->done) {
            errand->asking = false;
        }
        pending += !errand->done;
    }
    return pending;
}

static enum hop_rc task_result(struct hop_cluster_task *task, bool done, struct hop_error *err)
{
    hop_cluster_lanes_done(&task->lanes);
    hop_cluster_settle(task->cluster);
    if (done)
        return HOP_OK;
    if (err)
        *err = task->err;
    return task->err.rc;
}

static enum hop_rc cluster_read_by(struct hop_store *base, const struct hop_read *reads,
                                   size_t count, struct hop_replies *replies,
                                   struct hop_deadline deadline, struct hop_error *err)
{
    struct cluster_store *store = (struct cluster_store *)base;
    struct hop_cluster_task task = {.cluster = &store->cluster, .deadline = deadline};
    struct errand *errands = calloc(count + 1, sizeof *errands);
    if (!errands || !hop_cluster_lanes_init(&task.lanes)) {
        free(errands);
        return hop_error_set(err, HOP_NOMEM, "redis: no memory");
    }
    errands_init(reads, count, errands);
    size_t pending = count;
    do {
        errands_send(&task, reads, count, errands);
        hop_cluster_run(&task);
        pending = errands_take(&task, reads, count, errands, replies);
    } while (pending && hop_cluster_goes_on(&task));
    free(errands);
    return task_result(&task, !pending, err);
}

/* --- writes, logs ---------------------------------------------------------------------------- */

static enum hop_rc cluster_write_by(struct hop_store *base, const struct hop_batch *batch,
                                    struct hop_deadline deadline, struct hop_error *err)
{
    struct cluster_store *store = (struct cluster_store *)base;
    struct hop_cluster_task task = {.cluster = &store->cluster, .deadline = deadline};
    if (!hop_cluster_lanes_init(&task.lanes))
        return hop_error_set(err, HOP_NOMEM, "redis: no memory");
    bool done = hop_cluster_write(&task, batch);
    return task_result(&task, done, err);
}

/* One page; false when another round would find it. */
static bool page_take(struct hop_cluster_task *task, struct hop_cluster_lane *lane, bool *asking,
                      uint8_t *node, struct hop_redis_log_walk *walk)
{
    const struct hop_wire_reply *wrong;
    bool asked = *asking;
    *asking = false;
    if (!hop_cluster_lane_answered(task, lane))
        return false;
    if (hop_redis_page_take(lane->answer.replies[asked], walk, &wrong) == HOP_OK)
        return true;
    hop_cluster_wrong(task, lane, wrong, asking, node);
    return false;
}

static bool log_walk(struct hop_cluster_task *task, const char *key,
                     struct hop_redis_log_walk *walk)
{
    const unsigned slot = hop_cluster_slot(key);
    bool asking = false;
    uint8_t node = HOP_CLUSTER_NOBODY;
    while (!walk->stopped) {
        uint8_t whom = asking ? node : hop_cluster_owner(task, slot);
        struct hop_cluster_lane *lane = NULL;
        if (whom != HOP_CLUSTER_NOBODY)
            lane = hop_cluster_lane_for(&task->lanes, whom, slot);
        if (lane)
            hop_redis_page_put(&lane->pipeline, key, walk, asking);
        hop_cluster_run(task);
        if (lane && page_take(task, lane, &asking, &node, walk))
            hop_cluster_lanes_clear(&task->lanes);
        else if (!hop_cluster_goes_on(task))
            return false;
    }
    return true;
}

static enum hop_rc cluster_log_by(struct hop_store *base, const char *key, int64_t since_ms,
                                  hop_log_visit *visit, void *context, struct hop_deadline deadline,
                                  struct hop_error *err)
{
    struct cluster_store *store = (struct cluster_store *)base;
    struct hop_cluster_task task = {.cluster = &store->cluster, .deadline = deadline};
    struct hop_redis_log_walk walk;
    if (!hop_cluster_lanes_init(&task.lanes))
        return hop_error_set(err, HOP_NOMEM, "redis: no memory");
    hop_redis_log_walk_init(&walk, since_ms, visit, context);
    bool done = log_walk(&task, key, &walk);
    return task_result(&task, done, err);
}

/* --- upkeep ---------------------------------------------------------------------------------- */

/* The nodes one after the other, in the order of the lowest slot that each owns. The cursor of a
 * node means nothing to another one, so it stands behind its name:
 *
 *   "<lowest slot> <address> <port> <cursor>"
 */
struct place {
    unsigned slot;
    struct hop_redis_node node;
    struct hop_cursor cursor; /* of the node */
};

static bool place_parse(const struct hop_cursor *cursor, struct place *ret_place)
{
    struct hop_span words = hop_span_of(cursor->at), slot, at;
    int64_t number;
    *ret_place = (struct place){.slot = 0};
    if (!cursor->at[0])
        return true;
    if (!hop_span_word(&words, &slot) || !hop_span_int64(slot, 0, HOP_CLUSTER_SLOTS - 1, &number) ||
        !hop_redis_node_parse(&words, &ret_place->node) || !hop_span_word(&words, &at))
        return false;
    ret_place->slot = (unsigned)number;
    return hop_span_copy(at, ret_place->cursor.at, sizeof ret_place->cursor.at);
}

static void place_put(const struct place *place, struct hop_cursor *ret_cursor)
{
    struct hop_text text = hop_text_over(ret_cursor->at, sizeof ret_cursor->at);
    hop_text_put_int(&text, place->slot);
    hop_text_put_char(&text, ' ');
    hop_redis_node_put(&text, &place->node);
    hop_text_put_char(&text, ' ');
    hop_text_put(&text, place->cursor.at[0] ? place->cursor.at : "0");
}

/* The lowest slot above this one that is its owner's lowest; false at the end. */
static bool next_lowest(const struct hop_cluster_map *map, unsigned *slot)
{
    bool seen[HOP_CLUSTER_NODES_MAX] = {false};
    for (unsigned i = 0; i < HOP_CLUSTER_SLOTS; i++) {
        uint8_t owner = map->owner[i];
        if (owner == HOP_CLUSTER_NOBODY || seen[owner])
            continue;
        seen[owner] = true;
        if (i > *slot) {
            *slot = i;
            return true;
        }
    }
    return false;
}

static enum hop_rc cluster_keys_by(struct hop_store *base, const char *prefix,
                                   struct hop_cursor *cursor, hop_key_visit *visit, void *context,
                                   struct hop_deadline deadline, struct hop_error *err)
{
    struct hop_cluster *cluster = &((struct cluster_store *)base)->cluster;
    struct hop_redis_link *link;
    struct place place;
    if (!place_parse(cursor, &place))
        return hop_error_set(err, HOP_MALFORMED, "redis: no cursor of a cluster");
    enum hop_rc rc = hop_cluster_link_by(cluster, place.slot, NULL, deadline, &link, err);
    if (rc != HOP_OK)
        return rc;
    if (!hop_redis_node_equal(&link->node, &place.node))
        place.cursor = (struct hop_cursor){0}; /* another owner: from its beginning */
    place.node = link->node;
    rc = hop_redis_keys_by(link, prefix, &place.cursor, visit, context, deadline, err);
    if (rc != HOP_OK)
        return rc;
    bool more = !place.cursor.ended || next_lowest(&cluster->map, &place.slot);
    if (place.cursor.ended)
        place.cursor = (struct hop_cursor){0};
    cursor->ended = !more;
    place_put(&place, cursor);
    return HOP_OK;
}

static enum hop_rc cluster_items_by(struct hop_store *base, const char *key, enum hop_object object,
                                    struct hop_cursor *cursor, hop_item_visit *visit, void *context,
                                    struct hop_deadline deadline, struct hop_error *err)
{
    struct hop_cluster *cluster = &((struct cluster_store *)base)->cluster;
    struct hop_redis_link *link;
    enum hop_rc rc = hop_cluster_link_by(cluster, hop_cluster_slot(key), key, deadline, &link, err);
    if (rc != HOP_OK)
        return rc;
    return hop_redis_items_by(link, key, object, cursor, visit, context, deadline, err);
}

static enum hop_rc cluster_weed_by(struct hop_store *base, const char *key, hop_log_weed *weed,
                                   void *context, size_t *ret_removed, struct hop_deadline deadline,
                                   struct hop_error *err)
{
    struct hop_cluster *cluster = &((struct cluster_store *)base)->cluster;
    struct hop_redis_link *link;
    enum hop_rc rc = hop_cluster_link_by(cluster, hop_cluster_slot(key), key, deadline, &link, err);
    if (rc != HOP_OK)
        return rc;
    return hop_redis_weed_by(link, key, weed, context, ret_removed, deadline, err);
}

static void cluster_free(struct hop_store *base)
{
    struct cluster_store *store = (struct cluster_store *)base;
    hop_cluster_done(&store->cluster);
    free(store);
}

static const struct hop_store_ops cluster_ops = {
    .name = "redis",
    .read_by = cluster_read_by,
    .write_by = cluster_write_by,
    .log_by = cluster_log_by,
    .keys_by = cluster_keys_by,
    .items_by = cluster_items_by,
    .weed_by = cluster_weed_by,
    .free = cluster_free,
};

enum hop_rc hop_store_cluster_new(const struct hop_fleet_setup *setup, struct hop_store **ret_store,
                                  struct hop_error *err)
{
    struct cluster_store *store = calloc(1, sizeof *store);
    if (!store)
        return hop_error_set(err, HOP_NOMEM, "redis: no memory");
    store->base.ops = &cluster_ops;
    enum hop_rc rc = hop_cluster_init(&store->cluster, setup, err);
    if (rc != HOP_OK) {
        free(store);
        return rc;
    }
    *ret_store = &store->base;
    return HOP_OK;
}
