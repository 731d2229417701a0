/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster_writes.h"
#include "redis_commands.h"

#include <stdlib.h>
#include <string.h>

/* Writes that go together: a part of the batch's writes, in their order. */
struct group {
    struct hop_batch batch; /* borrows */
    struct hop_redis_outcome *outcomes;
    unsigned slot;
    bool joins, log;
    enum { WAITING, READ, WRITTEN } state;
    bool idle; /* READ, and nothing of it has changed */
    bool asking;
    uint8_t node; /* to ask, or where it was read */
    /* of this round */
    enum { NOTHING, FINISHING, READING, WRITING } doing;
    struct hop_cluster_lane *lane;
    size_t replies; /* how many are its own */
};

struct plan {
    struct group *groups; /* as many as there are writes, at most */
    size_t count;
    struct hop_write *writes; /* sorted by group */
    struct hop_redis_outcome *outcomes;
    const struct hop_batch *batch;
};

/* --- grouping -------------------------------------------------------------------------------- */

static void plan_done(struct plan *plan)
{
    if (plan->outcomes)
        hop_redis_outcomes_done(plan->outcomes, plan->batch->count);
    free(plan->groups);
    free(plan->writes);
    free(plan->outcomes);
}

static bool plan_init(struct plan *plan, const struct hop_batch *batch)
{
    *plan = (struct plan){.batch = batch};
    plan->groups = calloc(batch->count, sizeof *plan->groups);
    plan->writes = calloc(batch->count, sizeof *plan->writes);
    plan->outcomes = calloc(batch->count, sizeof *plan->outcomes);
    if (plan->groups && plan->writes && plan->outcomes)
        return true;
    plan_done(plan);
    return false;
}

static struct group *group_of(struct plan *plan, unsigned slot, bool log)
{
    for (size_t i = 0; i < plan->count; i++)
        if (plan->groups[i].slot == slot && plan->groups[i].log == log)
            return &plan->groups[i];
    struct group *group = &plan->groups[plan->count++];
    *group = (struct group){.slot = slot, .log = log};
    return group;
}

/* Counts first, then places: the writes of a group lie side by side. */
static void plan_fill(struct plan *plan)
{
    const struct hop_batch *batch = plan->batch;
    for (size_t i = 0; i < batch->count; i++)
        group_of(plan, hop_cluster_slot(batch->writes[i].key),
                 batch->writes[i].kind == HOP_WRITE_LOG)
            ->batch.room++;
    size_t first = 0;
    for (size_t i = 0; i < plan->count; i++) {
        plan->groups[i].batch.writes = plan->writes + first;
        plan->groups[i].outcomes = plan->outcomes + first;
        first += plan->groups[i].batch.room;
    }
    for (size_t i = 0; i < batch->count; i++) {
        struct group *group = group_of(plan, hop_cluster_slot(batch->writes[i].key),
                                       batch->writes[i].kind == HOP_WRITE_LOG);
        group->batch.writes[group->batch.count++] = batch->writes[i];
    }
    for (size_t i = 0; i < plan->count; i++)
        plan->groups[i].joins = hop_redis_batch_joins(&plan->groups[i].batch);
}

static bool of_one_key(const struct group *group)
{
    for (size_t i = 1; i < group->batch.count; i++)
        if (strcmp(group->batch.writes[i].key, group->batch.writes[0].key) != 0)
            return false;
    return true;
}

/* Moves the writes of the first key to the front, in order; returns how many they are. */
static size_t first_key_gather(struct hop_batch *batch)
{
    size_t front = 1;
    for (size_t i = 1; i < batch->count; i++) {
        if (strcmp(batch->writes[i].key, batch->writes[0].key) != 0)
            continue;
        struct hop_write write = batch->writes[i];
        memmove(batch->writes + front + 1, batch->writes + front,
                (i - front) * sizeof *batch->writes);
        batch->writes[front++] = write;
    }
    return front;
}

static void group_renew(struct group *group)
{
    group->joins = hop_redis_batch_joins(&group->batch);
    group->state = WAITING;
    group->doing = NOTHING;
}

/* While a slot moves, some of its keys are here and some there: each goes on its own, as its own
 * node says. There are never more groups than writes. */
static void group_split(struct plan *plan, size_t at)
{
    plan->groups[at].asking = plan->groups[at].asking && of_one_key(&plan->groups[at]);
    while (!of_one_key(&plan->groups[at])) {
        struct group *group = &plan->groups[at], *rest = &plan->groups[plan->count++];
        size_t front = first_key_gather(&group->batch);
        *rest = *group;
        rest->batch.writes += front;
        rest->batch.count -= front;
        rest->outcomes += front;
        group->batch.count = front;
        group_renew(group);
        group_renew(rest);
        at = (size_t)(rest - plan->groups);
    }
}

/* --- a round --------------------------------------------------------------------------------- */

static bool logs_may_go(const struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        if (!plan->groups[i].log && plan->groups[i].state != WRITTEN)
            return false;
    return true;
}

static bool has_a_say(const struct group *group, bool logs)
{
    return group->state != WRITTEN && group->log == logs;
}

static uint8_t node_for(struct hop_cluster_task *task, const struct group *group)
{
    return group->asking || group->state == READ ? group->node
                                                 : hop_cluster_owner(task, group->slot);
}

static struct hop_cluster_lane *lane_of(struct hop_cluster_task *task, const struct group *group)
{
    uint8_t node = node_for(task, group);
    return node == HOP_CLUSTER_NOBODY ? NULL
                                      : hop_cluster_lane_for(&task->lanes, node, group->slot);
}

/* EXEC and UNWATCH end all watching on a connection: what was read has to be written first. */
static void read_ones_write(struct hop_cluster_task *task, struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        struct group *group = &plan->groups[i];
        group->doing = NOTHING;
        group->lane = NULL;
        if (group->state != READ || !(group->lane = lane_of(task, group)))
            continue;
        struct hop_wire_pipeline *pipeline = &group->lane->pipeline;
        group->doing = FINISHING;
        group->lane->once = true;
        if (group->idle) {
            hop_wire_command(pipeline, 1, (const char *[]){"UNWATCH"});
            group->replies = 1;
        } else {
            group->replies =
                hop_redis_changes_put(pipeline, &group->batch, group->outcomes, group->asking);
        }
    }
}

/* One at a time on each node, for the same reason. */
static bool somebody_reads(const struct plan *plan, const struct hop_cluster_lane *lane)
{
    for (size_t i = 0; i < plan->count; i++)
        if (plan->groups[i].lane == lane && plan->groups[i].doing == READING)
            return true;
    return false;
}

static void waiting_ones_read(struct hop_cluster_task *task, struct plan *plan, bool logs)
{
    for (size_t i = 0; i < plan->count; i++) {
        struct group *group = &plan->groups[i];
        if (!has_a_say(group, logs) || group->state != WAITING || !group->joins)
            continue;
        struct hop_cluster_lane *lane = lane_of(task, group);
        if (!lane || somebody_reads(plan, lane))
            continue;
        group->lane = lane;
        group->doing = READING;
        group->node = lane->node;
        group->replies = hop_redis_olds_put(&lane->pipeline, &group->batch, group->asking);
    }
}

static void plain_ones_write(struct hop_cluster_task *task, struct plan *plan, bool logs)
{
    for (size_t i = 0; i < plan->count; i++) {
        struct group *group = &plan->groups[i];
        if (!has_a_say(group, logs) || group->state != WAITING || group->joins)
            continue;
        struct hop_cluster_lane *lane = lane_of(task, group);
        if (!lane || somebody_reads(plan, lane))
            continue;
        group->lane = lane;
        group->doing = WRITING;
        hop_redis_joins_work_out(&group->batch, group->outcomes, NULL);
        group->replies =
            hop_redis_changes_put(&lane->pipeline, &group->batch, group->outcomes, group->asking);
    }
}

/* --- its replies ----------------------------------------------------------------------------- */

/* Without those to ASKING, which stand before each command of a read and before a transaction. */
static size_t asking_drop(const struct group *group, struct hop_wire_reply **replies)
{
    if (!group->asking || (group->doing == FINISHING && group->idle))
        return group->replies;
    if (group->doing != READING) {
        memmove(replies, replies + 1, (group->replies - 1) * sizeof *replies);
        return group->replies - 1;
    }
    for (size_t i = 0; i < group->replies / 2; i++)
        replies[i] = replies[2 * i + 1];
    return group->replies / 2;
}

static enum hop_rc group_read(struct group *group, struct hop_wire_reply *const *replies,
                              size_t count, const struct hop_wire_reply **ret_wrong)
{
    size_t changes;
    enum hop_rc rc = hop_redis_olds_take(&group->batch, replies, count, group->outcomes, ret_wrong);
    if (rc == HOP_OK)
        rc = hop_redis_joins_work_out(&group->batch, group->outcomes, &changes);
    if (rc != HOP_OK)
        return rc;
    group->state = READ;
    group->idle = changes == 0;
    return HOP_OK;
}

static enum hop_rc group_written(struct group *group, struct hop_wire_reply *const *replies,
                                 size_t count, const struct hop_wire_reply **ret_wrong)
{
    enum hop_rc rc = HOP_OK;
    if (group->doing != FINISHING || !group->idle)
        rc = hop_redis_changes_take(replies, count, ret_wrong);
    group->state = rc == HOP_OK ? WRITTEN : WAITING;
    return rc;
}

/* An error that sends us elsewhere, before the EXECABORT that follows from it. */
static const struct hop_wire_reply *first_error(struct hop_wire_reply *const *replies, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (replies[i]->kind == HOP_WIRE_ERROR)
            return replies[i];
    return NULL;
}

static void group_take(struct hop_cluster_task *task, struct plan *plan, size_t at,
                       struct hop_wire_reply **replies)
{
    struct group *group = &plan->groups[at];
    const struct hop_wire_reply *wrong = NULL;
    size_t count = asking_drop(group, replies);
    enum hop_rc rc = group->doing == READING ? group_read(group, replies, count, &wrong)
                                             : group_written(group, replies, count, &wrong);
    if (rc != HOP_MALFORMED) {
        if (rc == HOP_CONFLICT)
            task->pause = true; /* somebody else was faster: not a round that leads nowhere */
        if (rc == HOP_NOMEM)
            task->fatal = hop_error_set(&task->err, rc, "redis: no memory");
        return;
    }
    const struct hop_wire_reply *error = first_error(replies, count);
    group->state = WAITING;
    hop_cluster_wrong(task, group->lane, error ? error : wrong, &group->asking, &group->node);
    if (group->asking)
        group_split(plan, at);
}

/* What was read before is written first in each lane. */
static void part_take(struct hop_cluster_task *task, struct plan *plan, size_t count,
                      bool finishing, size_t *at, const bool *answered)
{
    for (size_t i = 0; i < count; i++) {
        struct group *group = &plan->groups[i];
        if (!group->lane || group->doing == NOTHING || (group->doing == FINISHING) != finishing)
            continue;
        size_t lane = (size_t)(group->lane - task->lanes.items);
        size_t first = at[lane];
        at[lane] += group->replies;
        if (answered[lane]) {
            group_take(task, plan, i, group->lane->answer.replies + first);
            continue;
        }
        group->state = WAITING;
        group->asking = false;
    }
}

static void round_take(struct hop_cluster_task *task, struct plan *plan)
{
    size_t at[HOP_CLUSTER_LANES_MAX] = {0};
    bool answered[HOP_CLUSTER_LANES_MAX];
    size_t count = plan->count; /* a split adds more, which were not in this round */
    for (size_t i = 0; i < task->lanes.count; i++)
        answered[i] = hop_cluster_lane_answered(task, &task->lanes.items[i]);
    part_take(task, plan, count, true, at, answered);
    part_take(task, plan, count, false, at, answered);
}

static bool all_written(const struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        if (plan->groups[i].state != WRITTEN)
            return false;
    return true;
}

bool hop_cluster_write(struct hop_cluster_task *task, const struct hop_batch *batch)
{
    struct plan plan;
    if (!plan_init(&plan, batch)) {
        hop_error_set(&task->err, HOP_NOMEM, "redis: no memory");
        return false;
    }
    plan_fill(&plan);
    do {
        bool logs = logs_may_go(&plan);
        read_ones_write(task, &plan);
        waiting_ones_read(task, &plan, logs);
        plain_ones_write(task, &plan, logs);
        hop_cluster_run(task);
        round_take(task, &plan);
    } while (!all_written(&plan) && hop_cluster_goes_on(task));
    bool done = all_written(&plan);
    plan_done(&plan);
    return done;
}
