/* SPDX-License-Identifier: Apache-2.0 */
#include "redis_commands.h"
#include "dayset.h"
#include "pack.h"
#include "ulid.h"

#include <string.h>

#define STREAM_NUMBER_LEN 20
#define STREAM_NUMBER_LAST "18446744073709551615"
#define LOG_PAGE 64                  /* times HOP_STORE_VALUE_MAX is within HOP_STORE_REPLY_MAX */
#define EARLIER_MS INT64_C(86400000) /* a host's clock may be that much ahead of the server's */

static enum hop_rc wrong(const struct hop_wire_reply *reply,
                         const struct hop_wire_reply **ret_wrong)
{
    *ret_wrong = reply;
    return HOP_MALFORMED;
}

static void ask_first(struct hop_wire_pipeline *pipeline, bool asking)
{
    if (asking)
        hop_wire_command(pipeline, 1, (const char *[]){"ASKING"});
}

/* --- reads ----------------------------------------------------------------------------------- */

static void number_command(struct hop_wire_pipeline *pipeline, const char *name, const char *key,
                           unsigned number)
{
    char digits[24];
    struct hop_text text = hop_text_over(digits, sizeof digits);
    hop_text_put_int(&text, number);
    hop_wire_command(pipeline, 3, (const char *[]){name, key, digits});
}

/* A value of a profile may stand packed, alone or both. */
static void field_command(struct hop_wire_pipeline *pipeline, const struct hop_read *read)
{
    if (hop_redis_read_packs(read))
        hop_wire_command(pipeline, 2, (const char *[]){"HGETALL", read->key});
    else
        hop_wire_command(pipeline, 3, (const char *[]){"HGET", read->key, read->field});
}

void hop_redis_read_put(struct hop_wire_pipeline *pipeline, const struct hop_read *read,
                        bool asking)
{
    ask_first(pipeline, asking);
    switch (read->kind) {
    case HOP_READ_TIME:
    case HOP_READ_KIND_COUNT:
        hop_wire_command(pipeline, 1, (const char *[]){"TIME"});
        break;
    case HOP_READ_HASH:
        hop_wire_command(pipeline, 2, (const char *[]){"HGETALL", read->key});
        break;
    case HOP_READ_FIELD:
        field_command(pipeline, read);
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

/* Fields go to one reply. */
struct taking {
    struct hop_replies *replies;
    struct hop_reply *reply;
    enum hop_rc rc;
};

static void pair_take(void *context, struct hop_span field, struct hop_span value)
{
    struct taking *taking = context;
    if (taking->rc == HOP_OK)
        taking->rc = hop_replies_add(taking->replies, taking->reply, field, value);
}

static bool is_hash(const struct hop_wire_reply *wire)
{
    return all_strings(wire) && wire->count % 2 == 0;
}

static enum hop_rc hash_take(const struct hop_wire_reply *wire, struct hop_replies *replies,
                             struct hop_reply *reply)
{
    struct taking taking = {replies, reply, HOP_OK};
    if (!is_hash(wire))
        return HOP_MALFORMED;
    for (size_t i = 0; i < wire->count && taking.rc == HOP_OK; i += 2) {
        enum hop_rc rc = hop_redis_fields_visit(wire->items[i]->text, wire->items[i + 1]->text,
                                                pair_take, &taking);
        taking.rc = rc == HOP_OK ? taking.rc : rc;
    }
    return taking.rc;
}

/* A value's days, packed and on their own. */
struct seeking {
    const char *field;
    bool found, sound;
    struct hop_dayset days;
    struct hop_span spoilt; /* in the answer's memory */
};

static void value_seek(void *context, struct hop_span field, struct hop_span value)
{
    struct seeking *seeking = context;
    struct hop_dayset days;
    if (!hop_span_is(field, seeking->field))
        return;
    seeking->found = true;
    seeking->spoilt = value;
    if (!hop_dayset_parse(value, &days))
        return;
    seeking->sound = true;
    hop_dayset_join(&seeking->days, &days);
}

static enum hop_rc value_take(const struct hop_wire_reply *wire, const char *field,
                              struct hop_replies *replies, struct hop_reply *reply)
{
    struct seeking seeking = {.field = field};
    if (!is_hash(wire))
        return HOP_MALFORMED;
    for (size_t i = 0; i < wire->count; i += 2) {
        enum hop_rc rc = hop_redis_fields_visit(wire->items[i]->text, wire->items[i + 1]->text,
                                                value_seek, &seeking);
        if (rc != HOP_OK)
            return rc;
    }
    if (!seeking.found)
        return HOP_OK;
    char days[HOP_DAYSET_TEXT_MAX];
    struct hop_text text = hop_text_over(days, sizeof days);
    hop_dayset_put(&text, &seeking.days);
    return hop_replies_add(replies, reply, hop_span_of(field),
                           seeking.sound ? hop_span_of(days) : seeking.spoilt);
}

static enum hop_rc field_take(const struct hop_wire_reply *wire, const struct hop_read *read,
                              struct hop_replies *replies, struct hop_reply *reply)
{
    if (hop_redis_read_packs(read))
        return value_take(wire, read->field, replies, reply);
    if (wire->kind == HOP_WIRE_NIL)
        return HOP_OK;
    if (wire->kind != HOP_WIRE_STRING)
        return HOP_MALFORMED;
    return hop_replies_add(replies, reply, hop_span_of(read->field), wire->text);
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

enum hop_rc hop_redis_read_take(const struct hop_wire_reply *wire, const struct hop_read *read,
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
        return field_take(wire, read, replies, reply);
    case HOP_READ_HASH_SIZE:
    case HOP_READ_SET_SIZE:
        reply->number = wire->number;
        return wire->kind == HOP_WIRE_NUMBER && wire->number >= 0 ? HOP_OK : HOP_MALFORMED;
    case HOP_READ_KIND_COUNT:
        break;
    }
    return HOP_MALFORMED;
}

/* --- writes ---------------------------------------------------------------------------------- */

void hop_redis_outcomes_done(struct hop_redis_outcome *outcomes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        hop_redis_pack_free(&outcomes[i].pack);
}

/* What a write has to know first. A packed profile is asked for once, for the first of its writes.
 */
enum asks { ASKS_NOTHING, ASKS_FIELD, ASKS_PACK, ASKS_PROFILE };

static bool packs_before(const struct hop_batch *batch, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (hop_redis_write_packs(&batch->writes[i]) &&
            strcmp(batch->writes[i].key, batch->writes[at].key) == 0)
            return true;
    return false;
}

static enum asks asks_of(const struct hop_batch *batch, size_t at)
{
    if (hop_redis_write_packs(&batch->writes[at])) {
        if (packs_before(batch, at))
            return ASKS_NOTHING;
        return hop_redis_drops_alone(batch, batch->writes[at].key) ? ASKS_PACK : ASKS_PROFILE;
    }
    return hop_write_joins(batch->writes[at].kind) ? ASKS_FIELD : ASKS_NOTHING;
}

static size_t asks_count(const struct hop_batch *batch)
{
    size_t count = 0;
    for (size_t i = 0; i < batch->count; i++)
        count += asks_of(batch, i) != ASKS_NOTHING;
    return count;
}

bool hop_redis_batch_joins(const struct hop_batch *batch)
{
    return asks_count(batch) > 0;
}

static bool asks_first(const struct hop_batch *batch, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        const struct hop_write *before = &batch->writes[i];
        if ((hop_write_joins(before->kind) || hop_redis_write_packs(before)) &&
            strcmp(before->key, batch->writes[at].key) == 0)
            return false;
    }
    return asks_of(batch, at) != ASKS_NOTHING;
}

static void command_put(struct hop_wire_pipeline *pipeline, bool asking, size_t count,
                        const char *const *words)
{
    ask_first(pipeline, asking);
    hop_wire_command(pipeline, count, words);
}

/* All WATCHes before the first question. */
size_t hop_redis_olds_put(struct hop_wire_pipeline *pipeline, const struct hop_batch *batch,
                          bool asking)
{
    size_t before = pipeline->commands;
    for (size_t i = 0; i < batch->count; i++)
        if (asks_first(batch, i))
            command_put(pipeline, asking, 2, (const char *[]){"WATCH", batch->writes[i].key});
    for (size_t i = 0; i < batch->count; i++) {
        const struct hop_write *write = &batch->writes[i];
        enum asks asks = asks_of(batch, i);
        if (asks == ASKS_PROFILE)
            command_put(pipeline, asking, 2, (const char *[]){"HGETALL", write->key});
        else if (asks == ASKS_PACK)
            command_put(pipeline, asking, 3, (const char *[]){"HGET", write->key, HOP_PACK_FIELD});
        else if (asks == ASKS_FIELD)
            command_put(pipeline, asking, 3, (const char *[]){"HGET", write->key, write->field});
    }
    return pipeline->commands - before;
}

static bool old_take(const struct hop_wire_reply *reply, enum asks asks,
                     struct hop_redis_outcome *outcome)
{
    if (asks == ASKS_PROFILE) {
        outcome->fields = reply;
        return is_hash(reply);
    }
    if (asks == ASKS_PACK)
        outcome->fields = reply;
    else if (reply->kind == HOP_WIRE_STRING)
        outcome->old = reply->text;
    return reply->kind == HOP_WIRE_STRING || reply->kind == HOP_WIRE_NIL;
}

/* They are in the answer's memory, and a cluster may deal the outcomes out anew. */
static void olds_forget(const struct hop_batch *batch, struct hop_redis_outcome *outcomes)
{
    for (size_t i = 0; i < batch->count; i++) {
        outcomes[i].old = (struct hop_span){0};
        outcomes[i].fields = NULL;
    }
}

enum hop_rc hop_redis_olds_take(const struct hop_batch *batch,
                                struct hop_wire_reply *const *replies, size_t count,
                                struct hop_redis_outcome *outcomes,
                                const struct hop_wire_reply **ret_wrong)
{
    size_t at = 0, watches = count - asks_count(batch);
    olds_forget(batch, outcomes);
    for (; at < watches; at++)
        if (replies[at]->kind != HOP_WIRE_STATUS)
            return wrong(replies[at], ret_wrong);
    for (size_t i = 0; i < batch->count; i++) {
        enum asks asks = asks_of(batch, i);
        if (asks == ASKS_NOTHING)
            continue;
        const struct hop_wire_reply *reply = replies[at++];
        if (old_take(reply, asks, &outcomes[i]))
            continue;
        olds_forget(batch, outcomes);
        return wrong(reply, ret_wrong);
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

static struct hop_span old_of(const struct hop_batch *batch,
                              const struct hop_redis_outcome *outcomes, size_t at)
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

static void join_work_out(const struct hop_batch *batch, struct hop_redis_outcome *outcomes,
                          size_t at)
{
    struct hop_redis_outcome *outcome = &outcomes[at];
    struct hop_text joined = hop_text_over(outcome->joined, sizeof outcome->joined);
    if (!hop_write_join(&batch->writes[at], old_of(batch, outcomes, at), &joined,
                        &outcome->changed))
        outcome->changed = false;
}

static enum hop_rc pack_work_out(const struct hop_batch *batch, struct hop_redis_outcome *outcomes,
                                 size_t at, size_t *changes)
{
    struct hop_redis_outcome *outcome = &outcomes[at];
    hop_redis_pack_free(&outcome->pack);
    if (!outcome->fields)
        return HOP_OK;
    enum hop_rc rc =
        hop_redis_pack_new(outcome->fields, batch, batch->writes[at].key, &outcome->pack);
    outcome->fields = NULL;
    if (rc == HOP_OK)
        *changes += hop_redis_pack_changes(outcome->pack);
    return rc;
}

enum hop_rc hop_redis_joins_work_out(const struct hop_batch *batch,
                                     struct hop_redis_outcome *outcomes, size_t *ret_changes)
{
    size_t changes = 0;
    for (size_t i = 0; i < batch->count; i++) {
        const struct hop_write *write = &batch->writes[i];
        bool packs = hop_redis_write_packs(write);
        outcomes[i].changed =
            !packs || (write->kind != HOP_WRITE_DAYS && !hop_redis_write_drops_pack(write));
        if (!packs && hop_write_joins(write->kind))
            join_work_out(batch, outcomes, i);
        changes += outcomes[i].changed;
        enum hop_rc rc = pack_work_out(batch, outcomes, i, &changes);
        if (rc == HOP_OK)
            continue;
        olds_forget(batch, outcomes);
        return rc;
    }
    if (ret_changes)
        *ret_changes = changes;
    return HOP_OK;
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

size_t hop_redis_changes_put(struct hop_wire_pipeline *pipeline, const struct hop_batch *batch,
                             const struct hop_redis_outcome *outcomes, bool asking)
{
    size_t before = pipeline->commands;
    command_put(pipeline, asking, 1, (const char *[]){"MULTI"});
    for (size_t i = 0; i < batch->count; i++)
        if (outcomes[i].changed)
            write_command(pipeline, &batch->writes[i], outcomes[i].joined);
    for (size_t i = 0; i < batch->count; i++)
        if (outcomes[i].pack)
            hop_redis_pack_put(pipeline, batch->writes[i].key, outcomes[i].pack);
    hop_wire_command(pipeline, 1, (const char *[]){"EXEC"});
    return pipeline->commands - before;
}

/* MULTI's OK, a QUEUED for each change, and EXEC's array; nil when a watched key has changed. */
enum hop_rc hop_redis_changes_take(struct hop_wire_reply *const *replies, size_t count,
                                   const struct hop_wire_reply **ret_wrong)
{
    const struct hop_wire_reply *exec = replies[count - 1];
    const struct hop_wire_reply *error = first_error(replies, count);
    if (error)
        return wrong(error, ret_wrong);
    if (exec->kind == HOP_WIRE_NIL)
        return HOP_CONFLICT;
    if (exec->kind != HOP_WIRE_ARRAY || exec->count != count - 2)
        return wrong(exec, ret_wrong);
    error = first_error(exec->items, exec->count);
    return error ? wrong(error, ret_wrong) : HOP_OK;
}

/* --- logs ------------------------------------------------------------------------------------ */

static bool is_number(struct hop_span digits)
{
    for (size_t i = 0; i < digits.len; i++)
        if (digits.at[i] < '0' || digits.at[i] > '9')
            return false;
    return digits.len > 0 && digits.len <= STREAM_NUMBER_LEN;
}

/* Of 64 bits and more than int64_t holds. */
static void next_number_put(struct hop_text *text, struct hop_span digits)
{
    size_t nines = 0;
    while (nines < digits.len && digits.at[digits.len - 1 - nines] == '9')
        nines++;
    size_t kept = digits.len - nines;
    if (kept)
        hop_text_put_span(text, (struct hop_span){digits.at, kept - 1});
    hop_text_put_char(text, kept ? (char)(digits.at[kept - 1] + 1) : '1');
    for (size_t i = 0; i < nines; i++)
        hop_text_put_char(text, '0');
}

bool hop_redis_stream_after(struct hop_span id, char ret_next[HOP_REDIS_STREAM_ID_MAX])
{
    struct hop_span ms;
    if (!hop_span_cut(&id, '-', &ms) || !id.at || !is_number(ms) || !is_number(id))
        return false;
    struct hop_text next = hop_text_over(ret_next, HOP_REDIS_STREAM_ID_MAX);
    if (hop_span_is(id, STREAM_NUMBER_LAST)) {
        next_number_put(&next, ms);
        return true;
    }
    hop_text_put_span(&next, ms);
    hop_text_put_char(&next, '-');
    next_number_put(&next, id);
    return true;
}

void hop_redis_log_walk_init(struct hop_redis_log_walk *walk, int64_t since_ms,
                             hop_log_visit *visit, void *context)
{
    *walk = (struct hop_redis_log_walk){.since_ms = since_ms, .visit = visit, .context = context};
    struct hop_text first = hop_text_over(walk->next, sizeof walk->next);
    if (since_ms > EARLIER_MS)
        hop_text_put_int(&first, since_ms - EARLIER_MS);
    else
        hop_text_put_char(&first, '-');
}

void hop_redis_page_put(struct hop_wire_pipeline *pipeline, const char *key,
                        const struct hop_redis_log_walk *walk, bool asking)
{
    char count[24];
    struct hop_text text = hop_text_over(count, sizeof count);
    hop_text_put_int(&text, LOG_PAGE);
    command_put(pipeline, asking, 6,
                (const char *[]){"XRANGE", key, walk->next, "+", "COUNT", count});
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

/* False when it is not a stream's entry. Entries of other writers are passed over. */
static bool entry_visit(const struct hop_wire_reply *entry, struct hop_redis_log_walk *walk)
{
    if (entry->kind != HOP_WIRE_ARRAY || entry->count != 2 ||
        entry->items[0]->kind != HOP_WIRE_STRING || !all_strings(entry->items[1]))
        return false;
    if (!hop_redis_stream_after(entry->items[0]->text, walk->next))
        return false;
    struct hop_span id, value;
    if (walk->stopped || !entry_field(entry->items[1], "id", &id) ||
        !entry_field(entry->items[1], "e", &value))
        return true;
    if (walk->since_ms <= 0 || hop_ulid_time_ms(id) >= walk->since_ms)
        walk->stopped = !walk->visit(walk->context, id, value);
    return true;
}

enum hop_rc hop_redis_page_take(const struct hop_wire_reply *page, struct hop_redis_log_walk *walk,
                                const struct hop_wire_reply **ret_wrong)
{
    if (page->kind != HOP_WIRE_ARRAY)
        return wrong(page, ret_wrong);
    for (size_t i = 0; i < page->count; i++)
        if (!entry_visit(page->items[i], walk))
            return wrong(page->items[i], ret_wrong);
    if (page->count < LOG_PAGE)
        walk->stopped = true;
    return HOP_OK;
}
