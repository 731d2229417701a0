/* SPDX-License-Identifier: Apache-2.0 */
/* The operations of a store in Redis' words, and what the replies mean. No connection in here.
 *
 *   read    one command each
 *   write   WATCH keys, HGET fields, HGETALL profiles  ->  joins  ->  MULTI, changes, EXEC
 *           of a profile that only loses values, HGET of what is packed will do
 *           without joins: MULTI, changes, EXEC
 *   log     XRANGE, page after page
 */
#ifndef HOP_REDIS_COMMANDS_H
#define HOP_REDIS_COMMANDS_H

#include "redis_packs.h"

/* Each `_put` appends commands. `asking`: ASKING stands before each command, or transaction, for a
 * node of a cluster that does not own the slot yet; its replies are the caller's to drop. Each
 * `_take` reads the replies to what its `_put` appended; where one of them is an error or does not
 * fit, it returns HOP_MALFORMED and, in *ret_wrong, that reply. */

void hop_redis_read_put(struct hop_wire_pipeline *pipeline, const struct hop_read *read,
                        bool asking);
enum hop_rc hop_redis_read_take(const struct hop_wire_reply *wire, const struct hop_read *read,
                                struct hop_replies *replies, struct hop_reply *reply);

/* The value one write leaves behind. */
struct hop_redis_outcome {
    struct hop_span old;             /* of a join: as the server has it; in the answer's memory */
    bool changed;                    /* there is something to send */
    char joined[HOP_JOINED_MAX + 1]; /* of a join */
    /* Of the first write to a packed profile, for all of them: its fields, in the answer's memory,
     * and what becomes of them. */
    const struct hop_wire_reply *fields;
    struct hop_redis_pack *pack;
};
void hop_redis_outcomes_done(struct hop_redis_outcome *outcomes, size_t count);

/* Is there a write that has to know what is there? */
bool hop_redis_batch_joins(const struct hop_batch *batch);
/* What the joins need, under WATCH. Returns how many commands that are. */
size_t hop_redis_olds_put(struct hop_wire_pipeline *pipeline, const struct hop_batch *batch,
                          bool asking);
/* After a failure the outcomes hold nothing of the answer. */
enum hop_rc hop_redis_olds_take(const struct hop_batch *batch,
                                struct hop_wire_reply *const *replies, size_t count,
                                struct hop_redis_outcome *outcomes,
                                const struct hop_wire_reply **ret_wrong);
/* Works the joins out while their olds are there. *ret_changes: how much there is to send; may be
 * NULL. HOP_NOMEM, where there are joins; without them it cannot fail. */
enum hop_rc hop_redis_joins_work_out(const struct hop_batch *batch,
                                     struct hop_redis_outcome *outcomes, size_t *ret_changes);
/* One transaction. Returns how many commands that are. */
size_t hop_redis_changes_put(struct hop_wire_pipeline *pipeline, const struct hop_batch *batch,
                             const struct hop_redis_outcome *outcomes, bool asking);
/* HOP_CONFLICT when a watched key has changed. */
enum hop_rc hop_redis_changes_take(struct hop_wire_reply *const *replies, size_t count,
                                   const struct hop_wire_reply **ret_wrong);

#define HOP_REDIS_STREAM_ID_MAX 48

/* The least id of a stream behind `id`, where the next page begins; false when it is none. (Asking
 * for what lies behind an id, "(id", is not understood before Redis 6.2.) */
bool hop_redis_stream_after(struct hop_span id, char ret_next[HOP_REDIS_STREAM_ID_MAX]);

struct hop_redis_log_walk {
    int64_t since_ms;
    char next[HOP_REDIS_STREAM_ID_MAX]; /* where the next page begins */
    hop_log_visit *visit;
    void *context;
    bool stopped;
};
void hop_redis_log_walk_init(struct hop_redis_log_walk *walk, int64_t since_ms,
                             hop_log_visit *visit, void *context);
void hop_redis_page_put(struct hop_wire_pipeline *pipeline, const char *key,
                        const struct hop_redis_log_walk *walk, bool asking);
enum hop_rc hop_redis_page_take(const struct hop_wire_reply *page, struct hop_redis_log_walk *walk,
                                const struct hop_wire_reply **ret_wrong);

#endif
