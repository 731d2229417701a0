/* SPDX-License-Identifier: Apache-2.0 */
#include "dayset.h"
#include "encode.h"
#include "profile.h"
#include "store.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define WRITES_FIRST 24
#define BLOCK_SIZE 4000 /* with its head less than a page */
#define ALIGNMENT _Alignof(max_align_t)

/* What a write of each kind consists of, and its word in the spool's text. */
struct shape {
    const char *word;
    bool number, field, value;
};

static const struct shape shapes[HOP_WRITE_KIND_COUNT] = {
    [HOP_WRITE_DAYS] = {.word = "days", .field = true, .value = true},
    [HOP_WRITE_LAST] = {.word = "last", .field = true, .value = true},
    [HOP_WRITE_LATEST] = {.word = "latest", .field = true, .value = true},
    [HOP_WRITE_FIELD] = {.word = "field", .field = true, .value = true},
    [HOP_WRITE_DROP] = {.word = "drop", .field = true},
    [HOP_WRITE_MEMBER] = {.word = "member", .value = true},
    [HOP_WRITE_LEAVE] = {.word = "leave", .value = true},
    [HOP_WRITE_ERASE] = {.word = "erase"},
    [HOP_WRITE_LOG] = {.word = "log", .number = true, .field = true, .value = true},
};

void hop_batch_init(struct hop_batch *batch)
{
    *batch = (struct hop_batch){0};
}

/* Blocks are only ever added: one malloc(3) serves most logins' writes. */
struct block {
    struct block *next;
    size_t size, used;
    max_align_t room[];
};

void hop_batch_done(struct hop_batch *batch)
{
    struct block *block = batch->memory;
    while (block) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
    free(batch->writes);
    hop_batch_init(batch);
}

static void *memory_take(struct hop_batch *batch, size_t size)
{
    struct block *block = batch->memory;
    size_t whole = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (!block || block->size - block->used < whole) {
        size_t room = whole > BLOCK_SIZE ? whole : BLOCK_SIZE;
        block = malloc(sizeof *block + room);
        if (!block)
            return NULL;
        *block = (struct block){.next = batch->memory, .size = room};
        batch->memory = block;
    }
    void *at = (char *)block->room + block->used;
    block->used += whole;
    return at;
}

static void *memory_copy(struct hop_batch *batch, const void *bytes, size_t size)
{
    void *copy = memory_take(batch, size);
    return copy ? memcpy(copy, bytes, size) : NULL;
}

bool hop_write_joins(enum hop_write_kind kind)
{
    return kind == HOP_WRITE_DAYS || kind == HOP_WRITE_LAST || kind == HOP_WRITE_LATEST;
}

static bool join_days(const struct hop_write *write, struct hop_span old,
                      struct hop_text *ret_value)
{
    struct hop_dayset days, before;
    if (write->days)
        days = *write->days;
    else if (!hop_dayset_parse(hop_span_of(write->value), &days))
        return false;
    if (hop_dayset_parse(old, &before))
        hop_dayset_join(&days, &before);
    hop_dayset_put(ret_value, &days);
    return true;
}

static bool join_last(const struct hop_write *write, struct hop_span old,
                      struct hop_text *ret_value)
{
    struct hop_last last, before;
    if (write->last)
        last = *write->last;
    else if (!hop_last_parse(hop_span_of(write->value), &last))
        return false;
    bool older = hop_last_parse(old, &before) && hop_last_later(&before, &last) == &before;
    if (write->last && !older)
        hop_text_put(ret_value, write->value);
    else
        hop_last_put(ret_value, older ? &before : &last);
    return true;
}

static bool join_latest(struct hop_span fresh, struct hop_span old, struct hop_text *ret_value)
{
    int64_t number, before;
    if (!hop_span_int64(fresh, INT64_MIN, INT64_MAX, &number))
        return false;
    if (hop_span_int64(old, INT64_MIN, INT64_MAX, &before) && before > number)
        number = before;
    hop_text_put_int(ret_value, number);
    return true;
}

static bool join(const struct hop_write *write, struct hop_span old, struct hop_text *ret_value)
{
    switch (write->kind) {
    case HOP_WRITE_DAYS:
        return join_days(write, old, ret_value);
    case HOP_WRITE_LAST:
        return join_last(write, old, ret_value);
    case HOP_WRITE_LATEST:
        return join_latest(hop_span_of(write->value), old, ret_value);
    case HOP_WRITE_FIELD:
    case HOP_WRITE_DROP:
    case HOP_WRITE_MEMBER:
    case HOP_WRITE_LEAVE:
    case HOP_WRITE_ERASE:
    case HOP_WRITE_LOG:
    case HOP_WRITE_KIND_COUNT:
        break;
    }
    return false;
}

bool hop_write_join(const struct hop_write *write, struct hop_span old, struct hop_text *ret_value,
                    bool *ret_changed)
{
    size_t start = ret_value->len;
    if (!join(write, old, ret_value) || ret_value->cut)
        return false;
    struct hop_span joined = {ret_value->at + start, ret_value->len - start};
    *ret_changed = !old.at || !hop_span_equal(joined, old);
    return true;
}

/* The lengths of a write's parts, and its value as its join will read it. */
struct parts {
    size_t key, field, value;
    union {
        struct hop_dayset days;
        struct hop_last last;
    } read;
};

static bool value_read(const struct hop_write *write, struct parts *parts)
{
    struct hop_span value = {write->value, parts->value};
    int64_t number;
    if (write->kind == HOP_WRITE_DAYS)
        return hop_dayset_parse(value, &parts->read.days);
    if (write->kind == HOP_WRITE_LAST)
        return hop_last_parse(value, &parts->read.last);
    return write->kind != HOP_WRITE_LATEST || hop_span_int64(value, INT64_MIN, INT64_MAX, &number);
}

/* The sightings of one login are of the same day: the write before, if it says the same. */
static const struct hop_write *twin_of(const struct hop_batch *batch, const struct hop_write *write)
{
    const struct hop_write *before = batch->count ? &batch->writes[batch->count - 1] : NULL;
    bool alike = before && before->days && write->kind == HOP_WRITE_DAYS &&
                 strcmp(before->value, write->value) == 0;
    return alike ? before : NULL;
}

/* A batch holds only writes that every store can carry out, so that none fails half-way. */
static enum hop_rc write_check(const struct hop_batch *batch, const struct hop_write *write,
                               struct parts *parts)
{
    if (write->kind >= HOP_WRITE_KIND_COUNT || !write->key)
        return HOP_MALFORMED;
    const struct shape *shape = &shapes[write->kind];
    if ((shape->field && !write->field) || (shape->value && !write->value))
        return HOP_MALFORMED;
    if (shape->number && (write->number < 1 || write->number > HOP_STORE_LOG_MAX))
        return HOP_MALFORMED;
    parts->key = strlen(write->key);
    parts->field = shape->field ? strlen(write->field) : 0;
    parts->value = shape->value ? strlen(write->value) : 0;
    if (parts->key > HOP_STORE_KEY_MAX || parts->field > HOP_STORE_KEY_MAX ||
        parts->value > HOP_STORE_VALUE_MAX)
        return HOP_LIMIT;
    if (write->days || write->last || twin_of(batch, write))
        return HOP_OK;
    return value_read(write, parts) ? HOP_OK : HOP_MALFORMED;
}

/* Most writes of a login are of one key. */
static char *key_keep(struct hop_batch *batch, const char *key, size_t len)
{
    char *before = batch->count ? batch->writes[batch->count - 1].key : NULL;
    return before && strcmp(before, key) == 0 ? before : memory_copy(batch, key, len + 1);
}

static bool write_keep(struct hop_batch *batch, const struct parts *parts, struct hop_write *write)
{
    const struct shape *shape = &shapes[write->kind];
    struct hop_write kept = {.kind = write->kind, .number = shape->number ? write->number : 0};
    kept.key = key_keep(batch, write->key, parts->key);
    if (shape->field)
        kept.field = memory_copy(batch, write->field, parts->field + 1);
    const struct hop_write *twin = twin_of(batch, write);
    if (twin)
        kept.value = twin->value;
    else if (shape->value)
        kept.value = memory_copy(batch, write->value, parts->value + 1);
    if (twin)
        kept.days = twin->days;
    else if (write->kind == HOP_WRITE_DAYS)
        kept.days =
            memory_copy(batch, write->days ? write->days : &parts->read.days, sizeof *kept.days);
    if (write->kind == HOP_WRITE_LAST)
        kept.last =
            memory_copy(batch, write->last ? write->last : &parts->read.last, sizeof *kept.last);
    if (!kept.key || (shape->field && !kept.field) || (shape->value && !kept.value) ||
        (write->kind == HOP_WRITE_DAYS && !kept.days) ||
        (write->kind == HOP_WRITE_LAST && !kept.last))
        return false;
    *write = kept;
    return true;
}

static bool batch_grow(struct hop_batch *batch)
{
    if (batch->count < batch->room)
        return true;
    size_t room = batch->room ? batch->room * 2 : WRITES_FIRST;
    struct hop_write *writes = reallocarray(batch->writes, room, sizeof *writes);
    if (!writes)
        return false;
    batch->writes = writes;
    batch->room = room;
    return true;
}

/* The copies are made at once and the borrowed strings only read, whatever the struct's type
 * says. */
static char *borrowed(const char *string)
{
    union {
        const char *from;
        char *to;
    } view = {.from = string};
    return view.to;
}

/* One register may be written in several ways; a batch holds the one that hop_last_put has. What
 * could be read settles. */
static void last_restate(struct hop_write *write, struct parts *parts,
                         char buffer[HOP_JOINED_MAX + 1])
{
    struct hop_text text = hop_text_over(buffer, HOP_JOINED_MAX + 1);
    hop_last_settle(&parts->read.last);
    hop_last_put(&text, &parts->read.last);
    write->value = buffer;
    parts->value = text.len;
}

/* Of what the kind uses; copies it all. */
static enum hop_rc add(struct hop_batch *batch, struct hop_write write)
{
    struct parts parts;
    char last[HOP_JOINED_MAX + 1];
    enum hop_rc rc = write_check(batch, &write, &parts);
    if (rc != HOP_OK)
        return rc;
    if (write.kind == HOP_WRITE_LAST && !write.last)
        last_restate(&write, &parts, last);
    if (!batch_grow(batch) || !write_keep(batch, &parts, &write))
        return HOP_NOMEM;
    batch->writes[batch->count++] = write;
    return HOP_OK;
}

enum hop_rc hop_batch_add(struct hop_batch *batch, enum hop_write_kind kind, const char *key,
                          const char *field, const char *value, int64_t number)
{
    return add(batch, (struct hop_write){.kind = kind,
                                         .number = number,
                                         .key = borrowed(key),
                                         .field = borrowed(field),
                                         .value = borrowed(value)});
}

enum hop_rc hop_batch_add_last(struct hop_batch *batch, const char *key, const char *field,
                               const struct hop_last *last)
{
    char value[HOP_JOINED_MAX + 1];
    struct hop_text text = hop_text_over(value, sizeof value);
    struct hop_last settled = *last;
    if (!hop_last_settle(&settled))
        return HOP_MALFORMED;
    hop_last_put(&text, &settled);
    return add(batch, (struct hop_write){.kind = HOP_WRITE_LAST,
                                         .key = borrowed(key),
                                         .field = borrowed(field),
                                         .value = value,
                                         .last = &settled});
}

enum hop_rc hop_batch_add_days(struct hop_batch *batch, const char *key, const char *field,
                               const struct hop_dayset *days)
{
    char value[HOP_DAYSET_TEXT_MAX];
    struct hop_text text = hop_text_over(value, sizeof value);
    hop_dayset_put(&text, days);
    return add(batch, (struct hop_write){.kind = HOP_WRITE_DAYS,
                                         .key = borrowed(key),
                                         .field = borrowed(field),
                                         .value = value,
                                         .days = days});
}

/* The spool's text: the kind's word, then the parts the kind has, in this order, each after one
 * blank.
 *
 *   days hop:1:p:%7Banna%7D:home c:NL 20780:13
 *   log hop:1:log:home 01J... 200000 %7B...%7D
 */
static size_t write_bound(const struct hop_write *write)
{
    size_t bytes = strlen(write->key);
    bytes += write->field ? strlen(write->field) : 0;
    bytes += write->value ? strlen(write->value) : 0;
    return 3 * bytes + 64;
}

static void part_put(struct hop_text *text, const char *part)
{
    hop_text_put_char(text, ' ');
    hop_percent_put(text, hop_span_of(part));
}

static void write_put(struct hop_text *text, const struct hop_write *write)
{
    const struct shape *shape = &shapes[write->kind];
    hop_text_put(text, shape->word);
    part_put(text, write->key);
    if (shape->field)
        part_put(text, write->field);
    if (shape->number) {
        hop_text_put_char(text, ' ');
        hop_text_put_int(text, write->number);
    }
    if (shape->value)
        part_put(text, write->value);
    hop_text_put_char(text, '\n');
}

enum hop_rc hop_batch_put(const struct hop_batch *batch, char **ret_text, struct hop_error *err)
{
    size_t size = 1;
    for (size_t i = 0; i < batch->count; i++)
        size += write_bound(&batch->writes[i]);
    char *bytes = malloc(size);
    if (!bytes)
        return hop_error_set(err, HOP_NOMEM, "batch: no memory");
    struct hop_text text = hop_text_over(bytes, size);
    for (size_t i = 0; i < batch->count; i++)
        write_put(&text, &batch->writes[i]);
    *ret_text = bytes;
    return HOP_OK;
}

/* Next part of a line, decoded into `buffer`. */
static bool part_parse(struct hop_span *line, struct hop_text *buffer, char **ret_part)
{
    struct hop_span coded;
    if (!hop_span_cut(line, ' ', &coded))
        return false;
    size_t start = buffer->len;
    if (!hop_percent_decode(coded, buffer) || buffer->cut ||
        memchr(buffer->at + start, '\0', buffer->len - start))
        return false;
    *ret_part = buffer->at + start;
    hop_text_put_char(buffer, '\0');
    return !buffer->cut;
}

static const struct shape *shape_named(struct hop_span word, enum hop_write_kind *ret_kind)
{
    for (unsigned kind = 0; kind < HOP_WRITE_KIND_COUNT; kind++) {
        if (hop_span_is(word, shapes[kind].word)) {
            *ret_kind = (enum hop_write_kind)kind;
            return &shapes[kind];
        }
    }
    return NULL;
}

static bool number_parse(struct hop_span *line, int64_t *ret_number)
{
    struct hop_span digits;
    return hop_span_cut(line, ' ', &digits) &&
           hop_span_int64(digits, 1, HOP_STORE_LOG_MAX, ret_number);
}

/* `buffer` is at least as large as the line and three NULs. */
static enum hop_rc line_parse(struct hop_span line, struct hop_text *buffer,
                              struct hop_batch *batch)
{
    struct hop_span word;
    struct hop_write write = {.kind = HOP_WRITE_KIND_COUNT};
    if (!hop_span_cut(&line, ' ', &word))
        return HOP_MALFORMED;
    const struct shape *shape = shape_named(word, &write.kind);
    if (!shape || !part_parse(&line, buffer, &write.key))
        return HOP_MALFORMED;
    if (shape->field && !part_parse(&line, buffer, &write.field))
        return HOP_MALFORMED;
    if (shape->number && !number_parse(&line, &write.number))
        return HOP_MALFORMED;
    if (shape->value && !part_parse(&line, buffer, &write.value))
        return HOP_MALFORMED;
    if (line.at)
        return HOP_MALFORMED;
    return hop_batch_add(batch, write.kind, write.key, write.field, write.value, write.number);
}

static enum hop_rc lines_parse(struct hop_span text, char *buffer, size_t size,
                               struct hop_batch *batch, struct hop_error *err)
{
    struct hop_span line;
    for (unsigned number = 1; text.len && hop_span_cut(&text, '\n', &line); number++) {
        struct hop_text parts = hop_text_over(buffer, size);
        enum hop_rc rc = text.at ? line_parse(line, &parts, batch) : HOP_MALFORMED;
        if (rc == HOP_NOMEM)
            return hop_error_set(err, rc, "batch: no memory");
        if (rc != HOP_OK)
            return hop_error_set(err, HOP_MALFORMED, "batch: line %u: %s", number,
                                 text.at ? "not a write" : "cut off");
    }
    return HOP_OK;
}

enum hop_rc hop_batch_parse(struct hop_span text, struct hop_batch *ret_batch,
                            struct hop_error *err)
{
    size_t size = text.len + 4;
    char *buffer = malloc(size);
    if (!buffer)
        return hop_error_set(err, HOP_NOMEM, "batch: no memory");
    struct hop_batch batch;
    hop_batch_init(&batch);
    enum hop_rc rc = lines_parse(text, buffer, size, &batch, err);
    if (rc == HOP_OK)
        *ret_batch = batch;
    else
        hop_batch_done(&batch);
    free(buffer);
    return rc;
}
