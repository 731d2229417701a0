/* SPDX-License-Identifier: Apache-2.0 */
/* A fleet's history in Redis (6.2 and up) or Valkey: hashes, sets and streams under the keys as
 * they are. No scripts and no KEYS; SCAN for upkeep alone (redis_walk.c).
 *
 *   read    [AUTH, SELECT,] reads                          one write, one round trip
 *   write   WATCH keys, HGET fields  ->  joins  ->  MULTI, changes, EXEC
 *           without joins: MULTI, changes, EXEC            again while somebody else was faster
 */
#include "clock.h"
#include "redis_transport.h"
#include "redis_walk.h"
#include "ulid.h"

#include <stdlib.h>
#include <string.h>

#define LOG_PAGE 64 /* times HOP_STORE_VALUE_MAX is within HOP_STORE_REPLY_MAX */
#define STREAM_ID_MAX 48
#define EARLIER_MS INT64_C(86400000) /* a host's clock may be that much ahead of the server's */

struct redis_store {
    struct hop_store base;
    struct hop_redis_link link;
    struct hop_tls_trust *trust; /* NULL: no TLS */
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
        hop_redis_exchange_by(&store->link, pipeline, again, ret_answer, deadline, err);
    hop_wire_pipeline_done(pipeline);
    return rc;
}

static void number_command(struct hop_wire_pipeline *pipeline, const char *name, const char *key,
                           unsigned number)
{
    char digits[24];
    struct hop_text text = hop_text_over(digits, sizeof digits);
    hop_text_put_int(&text, number);
    hop_wire_command(pipeline, 3, (const char *[]){name, key, digits});
}

static void read_command(struct hop_wire_pipeline *pipeline, const struct hop_read *read)
{
    switch (read->kind) {
    case HOP_READ_TIME:
    case HOP_READ_KIND_COUNT:
        hop_wire_command(pipeline, 1, (const char *[]){"TIME"});
        break;
    case HOP_READ_HASH:
        hop_wire_command(pipeline, 2, (const char *[]){"HGETALL", read->key});
        break;
    case HOP_READ_FIELD:
        hop_wire_command(pipeline, 3, (const char *[]){"HGET", read->key, read->field});
        break;
    case HOP_READ_HASH_SIZE:
        hop_wire_command(pipeline, 2, (const char *[]){"HLEN", read->key});
        break;
    case HOP_READ_SAMPLE:
        number_command(pipeline, "SRANDMEMBER", read->key, read->limit);
        break;
    case HOP_READ_SET_SIZE:
        hop_wire_command(pipeline, 2, (const char *[]){"SCARD", read->key});
        break;
    }
}

static bool all_strings(const struct hop_wire_reply *array)
{
    if (array->kind != HOP_WIRE_ARRAY)
        return false;
    for (size_t i = 0; i < array->count; i++)
        if (array->items[i]->kind != HOP_WIRE_STRING)
            return false;
    return true;
}

/* TIME: seconds and microseconds. */
static enum hop_rc time_take(const struct hop_wire_reply *wire, struct hop_reply *reply)
{
    int64_t seconds, micros;
    if (!all_strings(wire) || wire->count != 2 ||
        !hop_span_int64(wire->items[0]->text, 0, INT64_MAX / 2000, &seconds) ||
        !hop_span_int64(wire->items[1]->text, 0, 999999, &micros))
        return HOP_MALFORMED;
    reply->number = seconds * 1000 + micros / 1000;
    return HOP_OK;
}

static enum hop_rc hash_take(const struct hop_wire_reply *wire, struct hop_replies *replies,
                             struct hop_reply *reply)
{
    if (!all_strings(wire) || wire->count % 2)
        return HOP_MALFORMED;
    enum hop_rc rc = HOP_OK;
    for (size_t i = 0; i < wire->count && rc == HOP_OK; i += 2)
        rc = hop_replies_add(replies, reply, wire->items[i]->text, wire->items[i + 1]->text);
    return rc;
}

static enum hop_rc sample_take(const struct hop_wire_reply *wire, size_t limit,
                               struct hop_replies *replies, struct hop_reply *reply)
{
    if (!all_strings(wire) || wire->count > limit)
        return HOP_MALFORMED;
    enum hop_rc rc = HOP_OK;
    for (size_t i = 0; i < wire->count && rc == HOP_OK; i++)
        rc = hop_replies_add(replies, reply, wire->items[i]->text, (struct hop_span){0});
    return rc;
}

static enum hop_rc reply_take(const struct hop_wire_reply *wire, const struct hop_read *read,
                              struct hop_replies *replies, struct hop_reply *reply)
{
    switch (read->kind) {
    case HOP_READ_TIME:
        return time_take(wire, reply);
    case HOP_READ_HASH:
        return hash_take(wire, replies, reply);
    case HOP_READ_SAMPLE:
        return sample_take(wire, read->limit, replies, reply);
    case HOP_READ_FIELD:
        if (wire->kind == HOP_WIRE_NIL)
            return HOP_OK;
        if (wire->kind != HOP_WIRE_STRING)
            return HOP_MALFORMED;
        return hop_replies_add(replies, reply, hop_span_of(read->field), wire->text);
    case HOP_READ_HASH_SIZE:
    case HOP_READ_SET_SIZE:
        reply->number = wire->number;
        return wire->kind == HOP_WIRE_NUMBER && wire->number >= 0 ? HOP_OK : HOP_MALFORMED;
    case HOP_READ_KIND_COUNT:
        break;
    }
    return HOP_MALFORMED;
}

static enum hop_rc replies_take(struct redis_store *store, const struct hop_read *reads,
                                const struct hop_wire_answer *answer, struct hop_replies *replies,
                                struct hop_error *err)
{
    for (size_t i = 0; i < answer->count; i++) {
        enum hop_rc rc = reply_take(answer->replies[i], &reads[i], replies, &replies->items[i]);
        if (rc == HOP_NOMEM)
            return hop_error_set(err, rc, "%s: no memory", store->link.name);
        if (rc != HOP_OK)
            return unexpected(store, answer->replies[i], err);
    }
    return HOP_OK;
}

static enum hop_rc redis_read_by(struct hop_store *base, const struct hop_read *reads, size_t count,
                                 struct hop_replies *replies, struct hop_deadline deadline,
                                 struct hop_error *err)
{
    struct redis_store *store = (struct redis_store *)base;
    struct hop_wire_pipeline pipeline;
    struct hop_wire_answer answer;
    hop_wire_pipeline_init(&pipeline);
    for (size_t i = 0; i < count; i++)
        read_command(&pipeline, &reads[i]);
    enum hop_rc rc = send_by(store, &pipeline, true, &answer, deadline, err);
    if (rc != HOP_OK)
        return rc;
    rc = replies_take(store, reads, &answer, replies, err);
    hop_wire_answer_done(&answer);
    return rc;
}

/* The value one write leaves behind. */
struct outcome {
    struct hop_span old;             /* of a join: as the server has it; in the answer's memory */
    bool changed;                    /* there is something to send */
    char joined[HOP_JOINED_MAX + 1]; /* of a join */
};

static bool batch_joins(const struct hop_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        if (hop_write_joins(batch->writes[i].kind))
            return true;
    return false;
}

static bool watched_before(const struct hop_batch *batch, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (hop_write_joins(batch->writes[i].kind) &&
            strcmp(batch->writes[i].key, batch->writes[at].key) == 0)
            return true;
    return false;
}

/* All WATCHes before the first HGET. Returns how many there are. */
static size_t watch_commands(struct hop_wire_pipeline *pipeline, const struct hop_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        if (hop_write_joins(batch->writes[i].kind) && !watched_before(batch, i))
            hop_wire_command(pipeline, 2, (const char *[]){"WATCH", batch->writes[i].key});
    size_t watches = pipeline->commands;
    for (size_t i = 0; i < batch->count; i++)
        if (hop_write_joins(batch->writes[i].kind))
            hop_wire_command(
                pipeline, 3,
                (const char *[]){"HGET", batch->writes[i].key, batch->writes[i].field});
    return watches;
}

static enum hop_rc olds_take(struct redis_store *store, const struct hop_batch *batch,
                             const struct hop_wire_answer *answer, size_t watches,
                             struct outcome *outcomes, struct hop_error *err)
{
    size_t at = 0;
    for (; at < watches; at++)
        if (answer->replies[at]->kind != HOP_WIRE_STATUS)
            return unexpected(store, answer->replies[at], err);
    for (size_t i = 0; i < batch->count; i++) {
        outcomes[i].old = (struct hop_span){0};
        if (!hop_write_joins(batch->writes[i].kind))
            continue;
        const struct hop_wire_reply *reply = answer->replies[at++];
        if (reply->kind == HOP_WIRE_STRING)
            outcomes[i].old = reply->text;
        else if (reply->kind != HOP_WIRE_NIL)
            return unexpected(store, reply, err);
    }
    return HOP_OK;
}

/* The write of the same batch that decides what write `at` finds; NULL: the server does. */
static const struct hop_write *writer_before(const struct hop_batch *batch, size_t at)
{
    const struct hop_write *write = &batch->writes[at];
    for (size_t i = at; i > 0; i--) {
        const struct hop_write *before = &batch->writes[i - 1];
        bool field = hop_write_joins(before->kind) || before->kind == HOP_WRITE_FIELD ||
                     before->kind == HOP_WRITE_DROP;
        if (strcmp(before->key, write->key) != 0)
            continue;
        if (before->kind == HOP_WRITE_ERASE || (field && strcmp(before->field, write->field) == 0))
            return before;
    }
    return NULL;
}

static struct hop_span old_of(const struct hop_batch *batch, const struct outcome *outcomes,
                              size_t at)
{
    const struct hop_write *before = writer_before(batch, at);
    if (!before)
        return outcomes[at].old;
    if (before->kind == HOP_WRITE_DROP || before->kind == HOP_WRITE_ERASE)
        return (struct hop_span){0};
    if (before->kind == HOP_WRITE_FIELD)
        return hop_span_of(before->value);
    return hop_span_of(outcomes[before - batch->writes].joined);
}

/* Returns how many writes there are to send. */
static size_t joins_work_out(const struct hop_batch *batch, struct outcome *outcomes)
{
    size_t changes = 0;
    for (size_t i = 0; i < batch->count; i++) {
        struct outcome *outcome = &outcomes[i];
        outcome->changed = true;
        if (hop_write_joins(batch->writes[i].kind)) {
            struct hop_text joined = hop_text_over(outcome->joined, sizeof outcome->joined);
            if (!hop_write_join(&batch->writes[i], old_of(batch, outcomes, i), &joined,
                                &outcome->changed))
                outcome->changed = false;
        }
        changes += outcome->changed;
    }
    return changes;
}

static void log_command(struct hop_wire_pipeline *pipeline, const struct hop_write *write)
{
    char cap[24];
    struct hop_text text = hop_text_over(cap, sizeof cap);
    hop_text_put_int(&text, write->number);
    hop_wire_command(pipeline, 10,
                     (const char *[]){"XADD", write->key, "MAXLEN", "~", cap, "*", "id",
                                      write->field, "e", write->value});
}

static void write_command(struct hop_wire_pipeline *pipeline, const struct hop_write *write,
                          const char *joined)
{
    switch (write->kind) {
    case HOP_WRITE_DAYS:
    case HOP_WRITE_LAST:
    case HOP_WRITE_LATEST:
        hop_wire_command(pipeline, 4, (const char *[]){"HSET", write->key, write->field, joined});
        break;
    case HOP_WRITE_FIELD:
        hop_wire_command(pipeline, 4,
                         (const char *[]){"HSET", write->key, write->field, write->value});
        break;
    case HOP_WRITE_DROP:
        hop_wire_command(pipeline, 3, (const char *[]){"HDEL", write->key, write->field});
        break;
    case HOP_WRITE_MEMBER:
        hop_wire_command(pipeline, 3, (const char *[]){"SADD", write->key, write->value});
        break;
    case HOP_WRITE_LEAVE:
        hop_wire_command(pipeline, 3, (const char *[]){"SREM", write->key, write->value});
        break;
    case HOP_WRITE_ERASE:
        hop_wire_command(pipeline, 2, (const char *[]){"UNLINK", write->key});
        break;
    case HOP_WRITE_LOG:
        log_command(pipeline, write);
        break;
    case HOP_WRITE_KIND_COUNT:
        break;
    }
}

static const struct hop_wire_reply *first_error(struct hop_wire_reply *const *replies, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (replies[i]->kind == HOP_WIRE_ERROR)
            return replies[i];
    return NULL;
}

/* MULTI's OK, a QUEUED for each change, and EXEC's array; nil when a watched key has changed. */
static enum hop_rc exec_check(struct redis_store *store, const struct hop_wire_answer *answer,
                              struct hop_error *err)
{
    const struct hop_wire_reply *exec = answer->replies[answer->count - 1];
    const struct hop_wire_reply *error = first_error(answer->replies, answer->count);
    if (error)
        return unexpected(store, error, err);
    if (exec->kind == HOP_WIRE_NIL)
        return HOP_CONFLICT;
    if (exec->kind != HOP_WIRE_ARRAY || exec->count != answer->count - 2)
        return unexpected(store, exec, err);
    error = first_error(exec->items, exec->count);
    return error ? unexpected(store, error, err) : HOP_OK;
}

static enum hop_rc changes_write_by(struct redis_store *store, const struct hop_batch *batch,
                                    const struct outcome *outcomes, struct hop_deadline deadline,
                                    struct hop_error *err)
{
    struct hop_wire_pipeline pipeline;
    struct hop_wire_answer answer;
    hop_wire_pipeline_init(&pipeline);
    hop_wire_command(&pipeline, 1, (const char *[]){"MULTI"});
    for (size_t i = 0; i < batch->count; i++)
        if (outcomes[i].changed)
            write_command(&pipeline, &batch->writes[i], outcomes[i].joined);
    hop_wire_command(&pipeline, 1, (const char *[]){"EXEC"});
    enum hop_rc rc = send_by(store, &pipeline, false, &answer, deadline, err);
    if (rc != HOP_OK)
        return rc;
    rc = exec_check(store, &answer, err);
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
    enum hop_rc rc = send_by(store, &pipeline, false, &answer, deadline, err);
    if (rc == HOP_OK)
        hop_wire_answer_done(&answer);
    return rc;
}

/* Reads what the joins need, under WATCH, and works them out. */
static enum hop_rc joins_read_by(struct redis_store *store, const struct hop_batch *batch,
                                 struct outcome *outcomes, size_t *ret_changes,
                                 struct hop_deadline deadline, struct hop_error *err)
{
    struct hop_wire_pipeline pipeline;
    struct hop_wire_answer answer;
    hop_wire_pipeline_init(&pipeline);
    size_t watches = watch_commands(&pipeline, batch);
    enum hop_rc rc = send_by(store, &pipeline, true, &answer, deadline, err);
    if (rc != HOP_OK)
        return rc;
    rc = olds_take(store, batch, &answer, watches, outcomes, err);
    if (rc == HOP_OK)
        *ret_changes = joins_work_out(batch, outcomes);
    hop_wire_answer_done(&answer);
    return rc;
}

static enum hop_rc write_once_by(struct redis_store *store, const struct hop_batch *batch,
                                 struct outcome *outcomes, struct hop_deadline deadline,
                                 struct hop_error *err)
{
    size_t changes = 0;
    if (!batch_joins(batch)) {
        joins_work_out(batch, outcomes);
        return changes_write_by(store, batch, outcomes, deadline, err);
    }
    enum hop_rc rc = joins_read_by(store, batch, outcomes, &changes, deadline, err);
    if (rc != HOP_OK)
        return rc;
    return changes ? changes_write_by(store, batch, outcomes, deadline, err)
                   : unwatch_by(store, deadline, err);
}

static enum hop_rc redis_write_by(struct hop_store *base, const struct hop_batch *batch,
                                  struct hop_deadline deadline, struct hop_error *err)
{
    struct redis_store *store = (struct redis_store *)base;
    struct outcome *outcomes = calloc(batch->count, sizeof *outcomes);
    if (!outcomes)
        return hop_error_set(err, HOP_NOMEM, "%s: no memory", store->link.name);
    enum hop_rc rc;
    do {
        rc = write_once_by(store, batch, outcomes, deadline, err);
    } while (rc == HOP_CONFLICT && !hop_deadline_passed(deadline, hop_clock_monotonic_ns()));
    if (rc == HOP_CONFLICT)
        hop_error_set(err, rc, "%s: others kept changing the same keys", store->link.name);
    free(outcomes);
    return rc;
}

/* The value of a field of a stream's entry [id, [field, value, ...]]. */
static bool entry_field(const struct hop_wire_reply *fields, const char *name,
                        struct hop_span *ret_value)
{
    for (size_t i = 0; i + 1 < fields->count; i += 2) {
        if (!hop_span_is(fields->items[i]->text, name))
            continue;
        *ret_value = fields->items[i + 1]->text;
        return true;
    }
    return false;
}

struct log_walk {
    int64_t since_ms;
    char next[STREAM_ID_MAX]; /* where the next page begins */
    hop_log_visit *visit;
    void *context;
    bool stopped;
};

/* False when it is not a stream's entry. Entries of other writers are passed over. */
static bool entry_visit(const struct hop_wire_reply *entry, struct log_walk *walk)
{
    if (entry->kind != HOP_WIRE_ARRAY || entry->count != 2 ||
        entry->items[0]->kind != HOP_WIRE_STRING || !all_strings(entry->items[1]))
        return false;
    struct hop_text next = hop_text_over(walk->next, sizeof walk->next);
    hop_text_put_char(&next, '(');
    hop_text_put_span(&next, entry->items[0]->text);
    if (next.cut)
        return false;
    struct hop_span id, value;
    if (walk->stopped || !entry_field(entry->items[1], "id", &id) ||
        !entry_field(entry->items[1], "e", &value))
        return true;
    if (walk->since_ms <= 0 || hop_ulid_time_ms(id) >= walk->since_ms)
        walk->stopped = !walk->visit(walk->context, id, value);
    return true;
}

static enum hop_rc page_visit(struct redis_store *store, const struct hop_wire_reply *page,
                              struct log_walk *walk, struct hop_error *err)
{
    if (page->kind != HOP_WIRE_ARRAY)
        return unexpected(store, page, err);
    for (size_t i = 0; i < page->count; i++)
        if (!entry_visit(page->items[i], walk))
            return unexpected(store, page->items[i], err);
    if (page->count < LOG_PAGE)
        walk->stopped = true;
    return HOP_OK;
}

static enum hop_rc log_page_by(struct redis_store *store, const char *key, struct log_walk *walk,
                               struct hop_deadline deadline, struct hop_error *err)
{
    struct hop_wire_pipeline pipeline;
    struct hop_wire_answer answer;
    char count[24];
    struct hop_text text = hop_text_over(count, sizeof count);
    hop_text_put_int(&text, LOG_PAGE);
    hop_wire_pipeline_init(&pipeline);
    hop_wire_command(&pipeline, 6,
                     (const char *[]){"XRANGE", key, walk->next, "+", "COUNT", count});
    enum hop_rc rc = send_by(store, &pipeline, true, &answer, deadline, err);
    if (rc != HOP_OK)
        return rc;
    rc = page_visit(store, answer.replies[0], walk, err);
    hop_wire_answer_done(&answer);
    return rc;
}

static enum hop_rc redis_log_by(struct hop_store *base, const char *key, int64_t since_ms,
                                hop_log_visit *visit, void *context, struct hop_deadline deadline,
                                struct hop_error *err)
{
    struct redis_store *store = (struct redis_store *)base;
    struct log_walk walk = {.since_ms = since_ms, .visit = visit, .context = context};
    struct hop_text first = hop_text_over(walk.next, sizeof walk.next);
    if (since_ms > EARLIER_MS)
        hop_text_put_int(&first, since_ms - EARLIER_MS);
    else
        hop_text_put_char(&first, '-');
    enum hop_rc rc = HOP_OK;
    while (rc == HOP_OK && !walk.stopped)
        rc = log_page_by(store, key, &walk, deadline, err);
    return rc;
}

static enum hop_rc redis_keys_by(struct hop_store *base, const char *prefix,
                                 struct hop_cursor *cursor, hop_key_visit *visit, void *context,
                                 struct hop_deadline deadline, struct hop_error *err)
{
    struct redis_store *store = (struct redis_store *)base;
    return hop_redis_keys_by(&store->link, prefix, cursor, visit, context, deadline, err);
}

static enum hop_rc redis_items_by(struct hop_store *base, const char *key, enum hop_object object,
                                  struct hop_cursor *cursor, hop_item_visit *visit, void *context,
                                  struct hop_deadline deadline, struct hop_error *err)
{
    struct redis_store *store = (struct redis_store *)base;
    return hop_redis_items_by(&store->link, key, object, cursor, visit, context, deadline, err);
}

static enum hop_rc redis_weed_by(struct hop_store *base, const char *key, hop_log_weed *weed,
                                 void *context, size_t *ret_removed, struct hop_deadline deadline,
                                 struct hop_error *err)
{
    struct redis_store *store = (struct redis_store *)base;
    return hop_redis_weed_by(&store->link, key, weed, context, ret_removed, deadline, err);
}

static void redis_free(struct hop_store *base)
{
    struct redis_store *store = (struct redis_store *)base;
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

enum hop_rc hop_store_redis_new(const struct hop_redis_setup *setup, struct hop_store **ret_store,
                                struct hop_error *err)
{
    struct redis_store *store = calloc(1, sizeof *store);
    if (!store)
        return hop_error_set(err, HOP_NOMEM, "redis: no memory");
    store->base.ops = &redis_ops;
    enum hop_rc rc = setup->tls ? hop_tls_trust_new(setup->tls, &store->trust, err) : HOP_OK;
    if (rc == HOP_OK)
        rc = hop_redis_link_init(&store->link, setup, store->trust, err);
    if (rc != HOP_OK) {
        hop_tls_trust_free(&store->trust);
        free(store);
        return rc;
    }
    *ret_store = &store->base;
    return HOP_OK;
}
