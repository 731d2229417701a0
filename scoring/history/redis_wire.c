/* SPDX-License-Identifier: Apache-2.0 */
#include "redis_wire.h"

#include <stdlib.h>
#include <string.h>

#define PIPELINE_FIRST 4096

void hop_wire_pipeline_init(struct hop_wire_pipeline *pipeline)
{
    *pipeline = (struct hop_wire_pipeline){0};
}

void hop_wire_pipeline_done(struct hop_wire_pipeline *pipeline)
{
    if (pipeline->bytes)
        explicit_bzero(pipeline->bytes, pipeline->len);
    free(pipeline->bytes);
    hop_wire_pipeline_init(pipeline);
}

/* Not realloc, which leaves a copy of the secret behind. */
static bool pipeline_reserve(struct hop_wire_pipeline *pipeline, size_t more)
{
    if (pipeline->room - pipeline->len >= more)
        return true;
    size_t room = pipeline->room ? pipeline->room * 2 : PIPELINE_FIRST;
    if (room - pipeline->len < more)
        room = pipeline->len + more;
    char *bytes = malloc(room);
    if (!bytes)
        return false;
    if (pipeline->len)
        memcpy(bytes, pipeline->bytes, pipeline->len);
    if (pipeline->bytes)
        explicit_bzero(pipeline->bytes, pipeline->len);
    free(pipeline->bytes);
    pipeline->bytes = bytes;
    pipeline->room = room;
    return true;
}

static void pipeline_put(struct hop_wire_pipeline *pipeline, const char *bytes, size_t len,
                         size_t commands)
{
    if (!len)
        return;
    if (!pipeline_reserve(pipeline, len)) {
        pipeline->failed = true;
        return;
    }
    memcpy(pipeline->bytes + pipeline->len, bytes, len);
    pipeline->len += len;
    pipeline->commands += commands;
}

void hop_wire_pipeline_append(struct hop_wire_pipeline *pipeline,
                              const struct hop_wire_pipeline *more)
{
    pipeline->failed |= more->failed;
    pipeline_put(pipeline, more->bytes, more->len, more->commands);
}

/* The sds variant, since hiredis 0.14's other one calls abort() when memory runs out. */
void hop_wire_command_bytes(struct hop_wire_pipeline *pipeline, size_t count,
                            const struct hop_span *words)
{
    const char *argv[HOP_WIRE_WORDS_MAX];
    size_t lens[HOP_WIRE_WORDS_MAX];
    sds command = NULL;
    int len = -1;
    for (size_t i = 0; i < count && i < HOP_WIRE_WORDS_MAX; i++) {
        argv[i] = words[i].at;
        lens[i] = words[i].len;
    }
    if (count <= HOP_WIRE_WORDS_MAX)
        len = (int)redisFormatSdsCommandArgv(&command, (int)count, argv, lens);
    if (len < 0) {
        pipeline->failed = true;
        return;
    }
    pipeline_put(pipeline, command, (size_t)len, 1);
    explicit_bzero(command, (size_t)len);
    redisFreeSdsCommand(command);
}

void hop_wire_command(struct hop_wire_pipeline *pipeline, size_t count, const char *const *words)
{
    struct hop_span spans[HOP_WIRE_WORDS_MAX];
    for (size_t i = 0; i < count && i < HOP_WIRE_WORDS_MAX; i++)
        spans[i] = hop_span_of(words[i]);
    hop_wire_command_bytes(pipeline, count, spans);
}

/* An item is complete, and with the last item of an array the array. */
static void item_done(struct hop_wire_guard *guard)
{
    guard->at = WIRE_TYPE;
    while (guard->depth) {
        if (--guard->left[guard->depth - 1])
            return;
        guard->depth--;
    }
    guard->whole++;
}

static bool type_take(struct hop_wire_guard *guard, char c)
{
    guard->type = c;
    guard->line_len = 0;
    guard->at = WIRE_LINE;
    return c == '+' || c == '-' || c == ':' || c == '$' || c == '*';
}

static bool line_take(struct hop_wire_guard *guard, char c)
{
    bool words = guard->type == '+' || guard->type == '-';
    if (c == '\r') {
        guard->at = WIRE_LINE_LF;
        return true;
    }
    if (c == '\n' || guard->line_len >= (words ? HOP_WIRE_LINE_MAX : sizeof guard->digits))
        return false;
    if (!words)
        guard->digits[guard->line_len] = c;
    guard->line_len++;
    return true;
}

static bool array_open(struct hop_wire_guard *guard, size_t count)
{
    if (guard->depth == HOP_WIRE_DEPTH_MAX || count > HOP_WIRE_ITEMS_MAX - guard->items)
        return false;
    guard->items += count;
    guard->left[guard->depth++] = count;
    guard->at = WIRE_TYPE;
    return true;
}

static bool canonical(struct hop_span digits)
{
    size_t first = digits.len && digits.at[0] == '-';
    bool zero = digits.len > first && digits.at[first] == '0';
    return !zero || (first == 0 && digits.len == 1);
}

/* The line is whole: a bulk or an array begins, anything else is complete. */
static bool line_end(struct hop_wire_guard *guard)
{
    struct hop_span digits = {guard->digits, guard->line_len};
    int64_t number = 0;
    if (guard->type == '+' || guard->type == '-') {
        item_done(guard);
        return true;
    }
    if (!canonical(digits) || !hop_span_int64(digits, INT64_MIN, INT64_MAX, &number))
        return false;
    if (guard->type == ':' || number == -1 || (guard->type == '*' && number == 0)) {
        item_done(guard);
        return true;
    }
    if (number < 0 || number > (int64_t)HOP_STORE_REPLY_MAX)
        return false;
    if (guard->type == '*')
        return array_open(guard, (size_t)number);
    guard->bulk_left = (size_t)number;
    guard->at = number ? WIRE_BULK : WIRE_BULK_CR;
    return true;
}

static bool byte_take(struct hop_wire_guard *guard, char c)
{
    switch (guard->at) {
    case WIRE_TYPE:
        return type_take(guard, c);
    case WIRE_LINE:
        return line_take(guard, c);
    case WIRE_LINE_LF:
        return c == '\n' && line_end(guard);
    case WIRE_BULK:
        guard->at = --guard->bulk_left ? WIRE_BULK : WIRE_BULK_CR;
        return true;
    case WIRE_BULK_CR:
        guard->at = WIRE_BULK_LF;
        return c == '\r';
    case WIRE_BULK_LF:
        item_done(guard);
        return c == '\n';
    }
    return false;
}

bool hop_wire_guard_feed(struct hop_wire_guard *guard, struct hop_span bytes)
{
    if (bytes.len > HOP_WIRE_BYTES_MAX - guard->bytes)
        return false;
    guard->bytes += bytes.len;
    for (size_t i = 0; i < bytes.len; i++) {
        if (guard->at == WIRE_BULK && guard->bulk_left > 1) {
            size_t skip = guard->bulk_left - 1;
            skip = skip < bytes.len - i - 1 ? skip : bytes.len - i - 1;
            guard->bulk_left -= skip;
            i += skip;
        }
        if (!byte_take(guard, bytes.at[i]))
            return false;
    }
    return true;
}

/* hiredis 1 counts elements in size_t, 0.14 in int. */
#if HIREDIS_MAJOR >= 1
#define ELEMENTS size_t
#else
#define ELEMENTS int
#endif

static struct hop_wire_reply *reply_make(const redisReadTask *task, enum hop_wire_kind kind)
{
    struct hop_wire_reply *reply = hop_replies_alloc(task->privdata, sizeof *reply);
    if (!reply)
        return NULL;
    *reply = (struct hop_wire_reply){.kind = kind};
    if (task->parent) {
        struct hop_wire_reply *array = task->parent->obj;
        array->items[task->idx] = reply;
    }
    return reply;
}

static void *make_string(const redisReadTask *task, char *bytes, size_t len)
{
    enum hop_wire_kind kind = task->type == REDIS_REPLY_ERROR    ? HOP_WIRE_ERROR
                              : task->type == REDIS_REPLY_STATUS ? HOP_WIRE_STATUS
                                                                 : HOP_WIRE_STRING;
    struct hop_wire_reply *reply = reply_make(task, kind);
    char *copy = hop_replies_alloc(task->privdata, len + 1);
    if (!reply || !copy)
        return NULL;
    memcpy(copy, bytes, len);
    copy[len] = '\0';
    reply->text = (struct hop_span){copy, len};
    return reply;
}

static void *make_array(const redisReadTask *task, ELEMENTS elements)
{
    size_t count = elements > 0 ? (size_t)elements : 0;
    struct hop_wire_reply *reply = reply_make(task, HOP_WIRE_ARRAY);
    if (!reply)
        return NULL;
    reply->items = hop_replies_alloc(task->privdata, count * sizeof *reply->items);
    reply->count = count;
    return reply->items ? reply : NULL;
}

static void *make_integer(const redisReadTask *task, long long number)
{
    struct hop_wire_reply *reply = reply_make(task, HOP_WIRE_NUMBER);
    if (reply)
        reply->number = number;
    return reply;
}

static void *make_nil(const redisReadTask *task)
{
    return reply_make(task, HOP_WIRE_NIL);
}

/* All of them live in the answer's memory. */
static void free_none(void *reply)
{
    (void)reply;
}

enum hop_rc hop_wire_answer_start(struct hop_wire_answer *answer, size_t count)
{
    *answer = (struct hop_wire_answer){.count = count};
    hop_replies_init(&answer->memory);
    answer->replies = hop_replies_alloc(&answer->memory, count * sizeof *answer->replies);
    answer->functions = (redisReplyObjectFunctions){.createString = make_string,
                                                    .createArray = make_array,
                                                    .createInteger = make_integer,
                                                    .createNil = make_nil,
                                                    .freeObject = free_none};
    answer->reader = redisReaderCreateWithFunctions(&answer->functions);
    if (!answer->replies || !answer->reader)
        return HOP_NOMEM;
    answer->reader->privdata = &answer->memory;
    return HOP_OK;
}

void hop_wire_answer_done(struct hop_wire_answer *answer)
{
    if (answer->reader)
        redisReaderFree(answer->reader);
    hop_replies_done(&answer->memory);
    answer->reader = NULL;
    answer->replies = NULL;
    answer->have = 0;
}

static enum hop_rc replies_take(struct hop_wire_answer *answer)
{
    while (answer->have < answer->count) {
        void *reply = NULL;
        if (redisReaderGetReply(answer->reader, &reply) != REDIS_OK)
            return answer->reader->err == REDIS_ERR_OOM ? HOP_NOMEM : HOP_MALFORMED;
        if (!reply)
            break;
        answer->replies[answer->have++] = reply;
    }
    return HOP_OK;
}

enum hop_rc hop_wire_answer_feed(struct hop_wire_answer *answer, struct hop_span bytes)
{
    struct hop_wire_guard *guard = &answer->guard;
    if (!hop_wire_guard_feed(guard, bytes))
        return HOP_MALFORMED;
    bool begun = guard->at != WIRE_TYPE || guard->depth;
    if (guard->whole > answer->count || (guard->whole == answer->count && begun))
        return HOP_MALFORMED;
    if (redisReaderFeed(answer->reader, bytes.at, bytes.len) != REDIS_OK)
        return HOP_NOMEM;
    enum hop_rc rc = replies_take(answer);
    if (rc == HOP_OK && answer->have != guard->whole)
        rc = HOP_MALFORMED;
    return rc;
}

bool hop_wire_answer_complete(const struct hop_wire_answer *answer)
{
    return answer->have == answer->count;
}
