/* SPDX-License-Identifier: Apache-2.0 */
/* A fleet's history on a Redis Cluster: reads of all nodes side by side, logs from their node.
 * cluster_writes.c writes. */
#include "cluster_writes.h"
#include "redis_commands.h"

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
