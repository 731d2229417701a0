/* SPDX-License-Identifier: Apache-2.0 */
#include "redis_walk.h"
#include "pack.h"
#include "redis_commands.h"

#include <string.h>

#define PAGE_WORD "256" /* HOP_WALK_PAGE */
#define LOG_PAGE 64     /* times HOP_STORE_VALUE_MAX is within HOP_STORE_REPLY_MAX */
#define LOG_PAGE_WORD "64"
#define XDEL_IDS (HOP_WIRE_WORDS_MAX - 2)

_Static_assert(HOP_WALK_PAGE == 256 && LOG_PAGE == 64, "as their words say");

/* Ends the pipeline. */
static enum hop_rc ask_by(struct hop_redis_link *link, struct hop_wire_pipeline *pipeline,
                          struct hop_wire_answer *ret_answer, struct hop_deadline deadline,
                          struct hop_error *err)
{
    enum hop_rc rc = hop_redis_exchange_by(link, pipeline, true, ret_answer, deadline, err);
    hop_wire_pipeline_done(pipeline);
    return rc;
}

static enum hop_rc unfit(struct hop_redis_link *link, const struct hop_wire_reply *reply,
                         struct hop_error *err)
{
    enum hop_rc rc;
    if (reply->kind == HOP_WIRE_ERROR)
        rc = hop_redis_refusal(link, reply->text, err);
    else
        rc =
            hop_error_set(err, HOP_MALFORMED, "%s: the reply does not fit the command", link->name);
    hop_redis_link_close(link);
    return rc;
}

static bool is_strings(const struct hop_wire_reply *reply)
{
    if (reply->kind != HOP_WIRE_ARRAY)
        return false;
    for (size_t i = 0; i < reply->count; i++)
        if (reply->items[i]->kind != HOP_WIRE_STRING)
            return false;
    return true;
}

/* [cursor, [item, ...]] */
static bool is_page(const struct hop_wire_reply *reply)
{
    return reply->kind == HOP_WIRE_ARRAY && reply->count == 2 &&
           reply->items[0]->kind == HOP_WIRE_STRING && is_strings(reply->items[1]);
}

static bool cursor_move(struct hop_cursor *cursor, const struct hop_wire_reply *page)
{
    if (!hop_span_copy(page->items[0]->text, cursor->at, sizeof cursor->at))
        return false;
    cursor->ended = hop_span_is(page->items[0]->text, "0");
    return true;
}

static const char *cursor_word(const struct hop_cursor *cursor)
{
    return cursor->at[0] ? cursor->at : "0";
}

/* A prefix as a glob of its own. */
static void glob_put(struct hop_text *text, const char *prefix)
{
    for (; *prefix; prefix++) {
        if (strchr("*?[]\\^-", *prefix))
            hop_text_put_char(text, '\\');
        hop_text_put_char(text, *prefix);
    }
    hop_text_put_char(text, '*');
}

/* A key of another kind than ours, or one that is gone meanwhile, is passed over. */
static void typed_visit(const struct hop_wire_reply *key, const struct hop_wire_reply *type,
                        hop_key_visit *visit, void *context)
{
    static const char *const TYPES[HOP_OBJECT_COUNT] = {
        [HOP_OBJECT_HASH] = "hash", [HOP_OBJECT_SET] = "set", [HOP_OBJECT_LOG] = "stream"};
    if (key->text.len > HOP_STORE_KEY_MAX || memchr(key->text.at, '\0', key->text.len))
        return;
    for (int object = 0; object < HOP_OBJECT_COUNT; object++)
        if (hop_span_is(type->text, TYPES[object]))
            visit(context, key->text.at, (enum hop_object)object);
}

static enum hop_rc types_by(struct hop_redis_link *link, const struct hop_wire_reply *keys,
                            hop_key_visit *visit, void *context, struct hop_deadline deadline,
                            struct hop_error *err)
{
    struct hop_wire_pipeline pipeline;
    struct hop_wire_answer answer;
    if (keys->count == 0)
        return HOP_OK;
    hop_wire_pipeline_init(&pipeline);
    for (size_t i = 0; i < keys->count; i++)
        hop_wire_command(&pipeline, 2, (const char *[]){"TYPE", keys->items[i]->text.at});
    enum hop_rc rc = ask_by(link, &pipeline, &answer, deadline, err);
    if (rc != HOP_OK)
        return rc;
    for (size_t i = 0; i < keys->count && rc == HOP_OK; i++)
        if (answer.replies[i]->kind != HOP_WIRE_STATUS)
            rc = unfit(link, answer.replies[i], err);
    for (size_t i = 0; i < keys->count && rc == HOP_OK; i++)
        typed_visit(keys->items[i], answer.replies[i], visit, context);
    hop_wire_answer_done(&answer);
    return rc;
}

enum hop_rc hop_redis_keys_by(struct hop_redis_link *link, const char *prefix,
                              struct hop_cursor *cursor, hop_key_visit *visit, void *context,
                              struct hop_deadline deadline, struct hop_error *err)
{
    char glob[2 * HOP_STORE_KEY_MAX + 2];
    struct hop_text text = hop_text_over(glob, sizeof glob);
    struct hop_wire_pipeline pipeline;
    struct hop_wire_answer answer;
    glob_put(&text, prefix);
    if (text.cut)
        return hop_error_set(err, HOP_LIMIT, "%s: the prefix is too long", link->name);
    hop_wire_pipeline_init(&pipeline);
    hop_wire_command(
        &pipeline, 6,
        (const char *[]){"SCAN", cursor_word(cursor), "MATCH", glob, "COUNT", PAGE_WORD});
    enum hop_rc rc = ask_by(link, &pipeline, &answer, deadline, err);
    if (rc != HOP_OK)
        return rc;
    const struct hop_wire_reply *page = answer.replies[0];
    if (is_page(page))
        rc = types_by(link, page->items[1], visit, context, deadline, err);
    else
        rc = unfit(link, page, err);
    if (rc == HOP_OK && !cursor_move(cursor, page))
        rc = unfit(link, page, err);
    hop_wire_answer_done(&answer);
    return rc;
}

/* All but what is packed. */
static void page_visit(const struct hop_wire_reply *items, bool hash, hop_item_visit *visit,
                       void *context)
{
    for (size_t i = 0; i < items->count; i += 1u + hash) {
        struct hop_span item = items->items[i]->text;
        if (!hash || !hop_span_is(item, HOP_PACK_FIELD))
            visit(context, item, hash ? items->items[i + 1]->text : (struct hop_span){0});
    }
}

static void items_put(struct hop_wire_pipeline *pipeline, const char *key, bool hash,
                      const struct hop_cursor *cursor)
{
    hop_wire_command(
        pipeline, 5,
        (const char *[]){hash ? "HSCAN" : "SSCAN", key, cursor_word(cursor), "COUNT", PAGE_WORD});
    if (hash)
        hop_wire_command(pipeline, 3, (const char *[]){"HGET", key, HOP_PACK_FIELD});
}

/* One that is spoilt is a value that nobody can have written, as to upkeep any other. */
static enum hop_rc packed_visit(const struct hop_wire_reply *packed, hop_item_visit *visit,
                                void *context)
{
    const struct hop_span field = hop_span_of(HOP_PACK_FIELD);
    enum hop_rc rc = hop_redis_fields_visit(field, packed->text, visit, context);
    if (rc != HOP_MALFORMED)
        return rc;
    visit(context, field, packed->text);
    return HOP_OK;
}

/* Of a hash the server may refuse either reply alone: its key moves, or rights are missing. */
static const struct hop_wire_reply *first_unfit(const struct hop_wire_answer *answer, bool hash)
{
    const struct hop_wire_reply *page = answer->replies[0];
    if (!is_page(page) || (hash && page->items[1]->count % 2 != 0))
        return page;
    const struct hop_wire_reply *packed = answer->replies[hash];
    return !hash || packed->kind == HOP_WIRE_STRING || packed->kind == HOP_WIRE_NIL ? NULL : packed;
}

/* A login may pack a value that stood on its own while a walk is under way: what is packed comes
 * last, so that no value is missed. */
static enum hop_rc items_visit(const struct hop_wire_answer *answer, bool hash, bool last,
                               hop_item_visit *visit, void *context)
{
    const struct hop_wire_reply *packed = answer->replies[hash];
    page_visit(answer->replies[0]->items[1], hash, visit, context);
    if (!hash || !last || packed->kind != HOP_WIRE_STRING)
        return HOP_OK;
    return packed_visit(packed, visit, context);
}

enum hop_rc hop_redis_items_by(struct hop_redis_link *link, const char *key, enum hop_object object,
                               struct hop_cursor *cursor, hop_item_visit *visit, void *context,
                               struct hop_deadline deadline, struct hop_error *err)
{
    bool hash = object == HOP_OBJECT_HASH;
    struct hop_wire_pipeline pipeline;
    struct hop_wire_answer answer;
    hop_wire_pipeline_init(&pipeline);
    items_put(&pipeline, key, hash, cursor);
    enum hop_rc rc = ask_by(link, &pipeline, &answer, deadline, err);
    if (rc != HOP_OK)
        return rc;
    const struct hop_wire_reply *wrong = first_unfit(&answer, hash);
    struct hop_cursor next = *cursor;
    if (!wrong && !cursor_move(&next, answer.replies[0]))
        wrong = answer.replies[0];
    if (wrong)
        rc = unfit(link, wrong, err);
    else
        rc = items_visit(&answer, hash, next.ended, visit, context);
    if (rc == HOP_OK)
        *cursor = next;
    else if (rc == HOP_NOMEM)
        hop_error_set(err, rc, "%s: no memory", link->name);
    hop_wire_answer_done(&answer);
    return rc;
}

/* --- weeding a log --- */

struct weeding {
    const char *key;
    hop_log_weed *weed;
    void *context;
    char next[HOP_REDIS_STREAM_ID_MAX];
    struct hop_span remove[LOG_PAGE]; /* ids in the page's answer */
    size_t count;
    bool stopped;
};

static bool is_entry(const struct hop_wire_reply *entry)
{
    return entry->kind == HOP_WIRE_ARRAY && entry->count == 2 &&
           entry->items[0]->kind == HOP_WIRE_STRING && is_strings(entry->items[1]);
}

static struct hop_span field_of(const struct hop_wire_reply *fields, const char *name)
{
    for (size_t i = 0; i + 1 < fields->count; i += 2)
        if (hop_span_is(fields->items[i]->text, name))
            return fields->items[i + 1]->text;
    return (struct hop_span){0};
}

static void entry_weed(const struct hop_wire_reply *entry, struct weeding *weeding)
{
    struct hop_span id = field_of(entry->items[1], "id"), value = field_of(entry->items[1], "e");
    enum hop_weed what = HOP_WEED_REMOVE;
    if (id.at && value.at)
        what = weeding->weed(weeding->context, id, value);
    if (what == HOP_WEED_REMOVE)
        weeding->remove[weeding->count++] = entry->items[0]->text;
    weeding->stopped = what == HOP_WEED_STOP;
}

static bool page_weed(const struct hop_wire_reply *page, struct weeding *weeding)
{
    if (page->kind != HOP_WIRE_ARRAY || page->count > LOG_PAGE)
        return false;
    for (size_t i = 0; i < page->count && !weeding->stopped; i++) {
        const struct hop_wire_reply *entry = page->items[i];
        if (!is_entry(entry))
            return false;
        if (!hop_redis_stream_after(entry->items[0]->text, weeding->next))
            return false;
        entry_weed(entry, weeding);
    }
    weeding->stopped = weeding->stopped || page->count < LOG_PAGE;
    return true;
}

static enum hop_rc weeds_remove_by(struct hop_redis_link *link, const struct weeding *weeding,
                                   size_t *ret_removed, struct hop_deadline deadline,
                                   struct hop_error *err)
{
    struct hop_wire_pipeline pipeline;
    struct hop_wire_answer answer;
    hop_wire_pipeline_init(&pipeline);
    for (size_t first = 0; first < weeding->count; first += XDEL_IDS) {
        const char *words[HOP_WIRE_WORDS_MAX] = {"XDEL", weeding->key};
        size_t count = 2;
        for (size_t i = first; i < weeding->count && count < HOP_WIRE_WORDS_MAX; i++)
            words[count++] = weeding->remove[i].at;
        hop_wire_command(&pipeline, count, words);
    }
    enum hop_rc rc = ask_by(link, &pipeline, &answer, deadline, err);
    if (rc != HOP_OK)
        return rc;
    for (size_t i = 0; i < answer.count && rc == HOP_OK; i++) {
        if (answer.replies[i]->kind == HOP_WIRE_NUMBER)
            *ret_removed += (size_t)answer.replies[i]->number;
        else
            rc = unfit(link, answer.replies[i], err);
    }
    hop_wire_answer_done(&answer);
    return rc;
}

enum hop_rc hop_redis_weed_by(struct hop_redis_link *link, const char *key, hop_log_weed *weed,
                              void *context, size_t *ret_removed, struct hop_deadline deadline,
                              struct hop_error *err)
{
    struct weeding weeding = {.key = key, .weed = weed, .context = context, .next = "-"};
    enum hop_rc rc = HOP_OK;
    while (rc == HOP_OK && !weeding.stopped) {
        struct hop_wire_pipeline pipeline;
        struct hop_wire_answer answer;
        hop_wire_pipeline_init(&pipeline);
        hop_wire_command(
            &pipeline, 6,
            (const char *[]){"XRANGE", key, weeding.next, "+", "COUNT", LOG_PAGE_WORD});
        rc = ask_by(link, &pipeline, &answer, deadline, err);
        if (rc != HOP_OK)
            break;
        weeding.count = 0;
        if (!page_weed(answer.replies[0], &weeding))
            rc = unfit(link, answer.replies[0], err);
        else if (weeding.count)
            rc = weeds_remove_by(link, &weeding, ret_removed, deadline, err);
        hop_wire_answer_done(&answer);
    }
    return rc;
}
