/* SPDX-License-Identifier: Apache-2.0 */
/* A fleet's history on one Redis server (6.2 and up) or Valkey, or on the primary that sentinels
 * name: hashes, sets and streams under the keys as they are. No scripts and no KEYS; SCAN for
 * upkeep alone (redis_walk.c). */
#include "clock.h"
#include "redis_commands.h"
#include "redis_sentinel.h"
#include "redis_transport.h"
#include "redis_walk.h"

#include <stdlib.h>
#include <string.h>

struct redis_store {
    struct hop_store base;
    struct hop_redis_link link;
    struct hop_tls_trust *trust;   /* NULL: no TLS */
    struct hop_sentinel *sentinel; /* NULL: the link's aim is fixed */
};

static enum hop_rc unexpected(struct redis_store *store, const struct hop_wire_reply *reply,
                              struct hop_error *err)
{
    enum hop_rc rc;
    if (reply->kind == HOP_WIRE_ERROR)
        rc = hop_redis_refusal(&store->link, reply->text, err);
    else
        rc = hop_error_set(err, HOP_MALFORMED, "%s: the reply does not fit the command",
                           store->link.name);
    hop_redis_link_close(&store->link);
    return rc;
}

/* Ends the pipeline. */
static enum hop_rc send_by(struct redis_store *store, struct hop_wire_pipeline *pipeline,
                           bool again, struct hop_wire_answer *ret_answer,
                           struct hop_deadline deadline, struct hop_error *err)
{
    enum hop_rc rc =
        store->sentinel
            ? hop_sentinel_exchange_by(store->sentinel, &store->link, pipeline, again, ret_answer,
                                       deadline, err)
            : hop_redis_exchange_by(&store->link, pipeline, again, ret_answer, deadline, err);
    hop_wire_pipeline_done(pipeline);
    return rc;
}

/* The primary may have become another in between: once more, with whom the sentinels name. Every
 * operation may be done twice. */
static bool primary_in_doubt(struct redis_store *store, enum hop_rc rc, bool *doubted)
{
    if (!store->sentinel || rc != HOP_IO || *doubted)
        return false;
    *doubted = true;
    hop_redis_link_close(&store->link);
    hop_sentinel_doubt(store->sentinel);
    return true;
}

static enum hop_rc replies_take(struct redis_store *store, const struct hop_read *reads,
                                const struct hop_wire_answer *answer, struct hop_replies *replies,
                                struct hop_error *err)
{
    for (size_t i = 0; i < answer->count; i++) {
        enum hop_rc rc =
            hop_redis_read_take(answer->replies[i], &reads[i], replies, &replies->items[i]);
        if (rc == HOP_NOMEM)
            return hop_error_set(err, rc, "%s: no memory", store->link.name);
        if (rc != HOP_OK)
            return unexpected(store, answer->replies[i], err);
    }
    return HOP_OK;
}

static enum hop_rc read_once_by(struct redis_store *store, const struct hop_read *reads,
                                size_t count, struct hop_replies *replies,
                                struct hop_deadline deadline, struct hop_error *err)
{
    struct hop_wire_pipeline pipeline;
    struct hop_wire_answer answer;
    hop_wire_pipeline_init(&pipeline);
    for (size_t i = 0; i < count; i++)
        hop_redis_read_put(&pipeline, &reads[i], false);
    enum hop_rc rc = send_by(store, &pipeline, true, &answer, deadline, err);
    if (rc != HOP_OK)
        return rc;
    rc = replies_take(store, reads, &answer, replies, err);
    hop_wire_answer_done(&answer);
    return rc;
}

static enum hop_rc redis_read_by(struct hop_store *base, const struct hop_read *reads, size_t count,
                                 struct hop_replies *replies, struct hop_deadline deadline,
                                 struct hop_error *err)
{
    struct redis_store *store = (struct redis_store *)base;
    bool doubted = false;
    enum hop_rc rc;
    do {
        memset(replies->items, 0, count * sizeof *replies->items);
        rc = read_once_by(store, reads, count, replies, deadline, err);
    } while (primary_in_doubt(store, rc, &doubted));
    return rc;
}

static enum hop_rc changes_write_by(struct redis_store *store, const struct hop_batch *batch,
                                    const struct hop_redis_outcome *outcomes, bool watched,
                                    struct hop_deadline deadline, struct hop_error *err)
{
    struct hop_wire_pipeline pipeline;
    struct hop_wire_answer answer;
    hop_wire_pipeline_init(&pipeline);
    hop_redis_changes_put(&pipeline, batch, outcomes, false);
    if (!watched)
        hop_redis_link_check(&store->link);
    enum hop_rc rc = send_by(store, &pipeline, false, &answer, deadline, err);
    if (rc != HOP_OK)
        return rc;
    const struct hop_wire_reply *wrong;
    rc = hop_redis_changes_take(answer.replies, answer.count, &wrong);
    if (rc == HOP_MALFORMED)
        rc = unexpected(store, wrong, err);
    hop_wire_answer_done(&answer);
    return rc;
}

static enum hop_rc unwatch_by(struct redis_store *store, struct hop_deadline deadline,
                              struct hop_error *err)
{
    struct hop_wire_pipeline pipeline;
    struct hop_wire_answer answer;
    hop_wire_pipeline_init(&pipeline);
    hop_wire_command(&pipeline, 1, (const char *[]){"UNWATCH"});
    enum hop_rc rc = send_by(store, &pipeline, true, &answer, deadline, err);
    if (rc == HOP_OK)
        hop_wire_answer_done(&answer);
    return rc;
}

/* Reads what the joins need, under WATCH, and works them out. */
static enum hop_rc joins_read_by(struct redis_store *store, const struct hop_batch *batch,
                                 struct hop_redis_outcome *outcomes, size_t *ret_changes,
                                 struct hop_deadline deadline, struct hop_error *err)
{
    struct hop_wire_pipeline pipeline;
    struct hop_wire_answer answer;
    hop_wire_pipeline_init(&pipeline);
    hop_redis_olds_put(&pipeline, batch, false);
    enum hop_rc rc = send_by(store, &pipeline, true, &answer, deadline, err);
    if (rc != HOP_OK)
        return rc;
    const struct hop_wire_reply *wrong;
    rc = hop_redis_olds_take(batch, answer.replies, answer.count, outcomes, &wrong);
    if (rc == HOP_MALFORMED)
        rc = unexpected(store, wrong, err);
    if (rc == HOP_OK) {
        rc = hop_redis_joins_work_out(batch, outcomes, ret_changes);
        if (rc != HOP_OK)
            hop_error_set(err, rc, "%s: no memory", store->link.name);
    }
    hop_wire_answer_done(&answer);
    return rc;
}

static enum hop_rc write_once_by(struct redis_store *store, const struct hop_batch *batch,
                                 struct hop_redis_outcome *outcomes, struct hop_deadline deadline,
                                 struct hop_error *err)
{
    size_t changes = 0;
    if (!hop_redis_batch_joins(batch)) {
        hop_redis_joins_work_out(batch, outcomes, NULL);
        return changes_write_by(store, batch, outcomes, false, deadline, err);
    }
    enum hop_rc rc = joins_read_by(store, batch, outcomes, &changes, deadline, err);
    if (rc != HOP_OK)
        return rc;
    return changes ? changes_write_by(store, batch, outcomes, true, deadline, err)
                   : unwatch_by(store, deadline, err);
}

static enum hop_rc redis_write_by(struct hop_store *base, const struct hop_batch *batch,
                                  struct hop_deadline deadline, struct hop_error *err)
{
    struct redis_store *store = (struct redis_store *)base;
    struct hop_redis_outcome *outcomes = calloc(batch->count, sizeof *outcomes);
    if (!outcomes)
        return hop_error_set(err, HOP_NOMEM, "%s: no memory", store->link.name);
    enum hop_rc rc;
    bool doubted = false, late = false;
    do {
        rc = write_once_by(store, batch, outcomes, deadline, err);
        late = hop_deadline_passed(deadline, hop_clock_monotonic_ns());
    } while (!late && (rc == HOP_CONFLICT || primary_in_doubt(store, rc, &doubted)));
    if (rc == HOP_CONFLICT)
        hop_error_set(err, rc, "%s: others kept changing the same keys", store->link.name);
    hop_redis_outcomes_done(outcomes, batch->count);
    free(outcomes);
    return rc;
}

static enum hop_rc page_visit_by(struct redis_store *store, const char *key,
                                 struct hop_redis_log_walk *walk, struct hop_deadline deadline,
                                 struct hop_error *err)
{
    struct hop_wire_pipeline pipeline;
    struct hop_wire_answer answer;
    const struct hop_wire_reply *wrong;
    hop_wire_pipeline_init(&pipeline);
    hop_redis_page_put(&pipeline, key, walk, false);
    enum hop_rc rc = send_by(store, &pipeline, true, &answer, deadline, err);
    if (rc != HOP_OK)
        return rc;
    rc = hop_redis_page_take(answer.replies[0], walk, &wrong);
    if (rc == HOP_MALFORMED)
        rc = unexpected(store, wrong, err);
    hop_wire_answer_done(&answer);
    return rc;
}

static enum hop_rc redis_log_by(struct hop_store *base, const char *key, int64_t since_ms,
                                hop_log_visit *visit, void *context, struct hop_deadline deadline,
                                struct hop_error *err)
{
    struct redis_store *store = (struct redis_store *)base;
    struct hop_redis_log_walk walk;
    bool doubted = false;
    enum hop_rc rc = HOP_OK;
    hop_redis_log_walk_init(&walk, since_ms, visit, context);
    while ((rc == HOP_OK || primary_in_doubt(store, rc, &doubted)) && !walk.stopped)
        rc = page_visit_by(store, key, &walk, deadline, err);
    return rc;
}

/* Upkeep speaks to the link as it is: with sentinels it has to have an aim. */
static enum hop_rc link_ready_by(struct redis_store *store, struct hop_deadline deadline,
                                 struct hop_error *err)
{
    struct hop_wire_pipeline pipeline;
    struct hop_wire_answer answer;
    if (!store->sentinel || store->link.fd >= 0)
        return HOP_OK;
    hop_wire_pipeline_init(&pipeline);
    hop_wire_command(&pipeline, 1, (const char *[]){"TIME"});
    enum hop_rc rc = send_by(store, &pipeline, true, &answer, deadline, err);
    if (rc == HOP_OK)
        hop_wire_answer_done(&answer);
    return rc;
}

static enum hop_rc redis_keys_by(struct hop_store *base, const char *prefix,
                                 struct hop_cursor *cursor, hop_key_visit *visit, void *context,
                                 struct hop_deadline deadline, struct hop_error *err)
{
    struct redis_store *store = (struct redis_store *)base;
    enum hop_rc rc = link_ready_by(store, deadline, err);
    if (rc != HOP_OK)
        return rc;
    return hop_redis_keys_by(&store->link, prefix, cursor, visit, context, deadline, err);
}

static enum hop_rc redis_items_by(struct hop_store *base, const char *key, enum hop_object object,
                                  struct hop_cursor *cursor, hop_item_visit *visit, void *context,
                                  struct hop_deadline deadline, struct hop_error *err)
{
    struct redis_store *store = (struct redis_store *)base;
    enum hop_rc rc = link_ready_by(store, deadline, err);
    if (rc != HOP_OK)
        return rc;
    return hop_redis_items_by(&store->link, key, object, cursor, visit, context, deadline, err);
}

static enum hop_rc redis_weed_by(struct hop_store *base, const char *key, hop_log_weed *weed,
                                 void *context, size_t *ret_removed, struct hop_deadline deadline,
                                 struct hop_error *err)
{
    struct redis_store *store = (struct redis_store *)base;
    enum hop_rc rc = link_ready_by(store, deadline, err);
    if (rc != HOP_OK)
        return rc;
    return hop_redis_weed_by(&store->link, key, weed, context, ret_removed, deadline, err);
}

static void redis_free(struct hop_store *base)
{
    struct redis_store *store = (struct redis_store *)base;
    if (store->sentinel)
        hop_sentinel_done(store->sentinel);
    free(store->sentinel);
    hop_redis_link_done(&store->link);
    hop_tls_trust_free(&store->trust);
    free(store);
}

static const struct hop_store_ops redis_ops = {
    .name = "redis",
    .read_by = redis_read_by,
    .write_by = redis_write_by,
    .log_by = redis_log_by,
    .keys_by = redis_keys_by,
    .items_by = redis_items_by,
    .weed_by = redis_weed_by,
    .free = redis_free,
};

static enum hop_rc store_fill(struct redis_store *store, const struct hop_redis_setup *setup,
                              struct hop_error *err)
{
    store->base.ops = &redis_ops;
    store->link.fd = -1;
    enum hop_rc rc = setup->tls ? hop_tls_trust_new(setup->tls, &store->trust, err) : HOP_OK;
    return rc == HOP_OK ? hop_redis_link_init(&store->link, setup, store->trust, err) : rc;
}

enum hop_rc hop_store_redis_new(const struct hop_redis_setup *setup, struct hop_store **ret_store,
                                struct hop_error *err)
{
    struct redis_store *store = calloc(1, sizeof *store);
    if (!store)
        return hop_error_set(err, HOP_NOMEM, "redis: no memory");
    enum hop_rc rc = store_fill(store, setup, err);
    if (rc == HOP_OK)
        *ret_store = &store->base;
    else
        redis_free(&store->base);
    return rc;
}

/* The link has a sentinel's address until it is aimed. */
static enum hop_rc sentinel_fill(struct redis_store *store, const struct hop_fleet_setup *setup,
                                 struct hop_error *err)
{
    enum hop_rc rc = store_fill(store, &setup->seeds[0], err);
    if (rc != HOP_OK)
        return rc;
    store->link.to_primary = true;
    struct hop_sentinel *sentinel = malloc(sizeof *sentinel);
    if (!sentinel)
        return hop_error_set(err, HOP_NOMEM, "redis: no memory");
    rc = hop_sentinel_init(sentinel, setup, store->trust, err);
    if (rc == HOP_OK)
        store->sentinel = sentinel;
    else
        free(sentinel);
    return rc;
}

enum hop_rc hop_store_sentinel_new(const struct hop_fleet_setup *setup,
                                   struct hop_store **ret_store, struct hop_error *err)
{
    struct redis_store *store = calloc(1, sizeof *store);
    if (!store)
        return hop_error_set(err, HOP_NOMEM, "redis: no memory");
    enum hop_rc rc = sentinel_fill(store, setup, err);
    if (rc == HOP_OK)
        *ret_store = &store->base;
    else
        redis_free(&store->base);
    return rc;
}
