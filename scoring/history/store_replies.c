/* SPDX-License-Identifier: Apache-2.0 */
#include "store.h"

#include <stdlib.h>
#include <string.h>

/* Blocks are only ever added, so that what points into them holds until hop_replies_done.
 *
 *   hop_replies.memory -> newest block -> ... -> first block -> NULL
 */
#define BLOCK_SIZE 4096
#define ALIGNMENT _Alignof(max_align_t)
#define PAIRS_FIRST 8 /* room of the first array of pairs; then it doubles */

struct block {
    struct block *next;
    size_t size, used;
    size_t bytes, items; /* of the answer so far, counted in the newest block */
    max_align_t room[];
};

void hop_replies_init(struct hop_replies *replies)
{
    *replies = (struct hop_replies){0};
}

void hop_replies_done(struct hop_replies *replies)
{
    struct block *block = replies->memory;
    while (block) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
    hop_replies_init(replies);
}

static struct block *block_add(struct hop_replies *replies, size_t size)
{
    size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
    struct block *old = replies->memory, *block = malloc(sizeof *block + room);
    if (!block)
        return NULL;
    *block = (struct block){.next = old, .size = room};
    if (old) {
        block->bytes = old->bytes;
        block->items = old->items;
    }
    replies->memory = block;
    return block;
}

void *hop_replies_alloc(struct hop_replies *replies, size_t size)
{
    if (size > SIZE_MAX / 2)
        return NULL;
    size_t whole = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct block *block = replies->memory;
    if (!block || block->size - block->used < whole)
        block = block_add(replies, whole);
    if (!block)
        return NULL;
    char *at = (char *)block->room + block->used;
    block->used += whole;
    return at;
}

bool hop_replies_start(struct hop_replies *replies, size_t count)
{
    size_t most = SIZE_MAX / 2 / sizeof *replies->items;
    struct hop_reply *items =
        count <= most ? hop_replies_alloc(replies, count * sizeof *items) : NULL;
    if (!items)
        return false;
    memset(items, 0, count * sizeof *items);
    replies->items = items;
    replies->count = count;
    return true;
}

static bool span_keep(struct hop_replies *replies, struct hop_span *span)
{
    char *copy = hop_replies_alloc(replies, span->len + 1);
    if (!copy)
        return false;
    if (span->len)
        memcpy(copy, span->at, span->len);
    copy[span->len] = '\0';
    span->at = copy;
    return true;
}

/* The room of an array follows from its count: PAIRS_FIRST, then powers of two. */
static bool pairs_grow(struct hop_replies *replies, struct hop_reply *reply)
{
    size_t count = reply->count;
    bool full = count == 0 || (count >= PAIRS_FIRST && (count & (count - 1)) == 0);
    if (!full)
        return true;
    size_t room = count ? count * 2 : PAIRS_FIRST;
    struct hop_pair *pairs = hop_replies_alloc(replies, room * sizeof *pairs);
    if (!pairs)
        return false;
    if (count)
        memcpy(pairs, reply->pairs, count * sizeof *pairs);
    reply->pairs = pairs;
    return true;
}

static bool too_much(const struct hop_replies *replies, size_t field, size_t value)
{
    const struct block *block = replies->memory;
    return block &&
           (block->items >= HOP_STORE_ITEMS_MAX || field > HOP_STORE_REPLY_MAX ||
            value > HOP_STORE_REPLY_MAX || block->bytes + field + value > HOP_STORE_REPLY_MAX);
}

enum hop_rc hop_replies_add(struct hop_replies *replies, struct hop_reply *reply,
                            struct hop_span field, struct hop_span value)
{
    if (too_much(replies, field.len, value.len))
        return HOP_MALFORMED;
    if (!span_keep(replies, &field) || !span_keep(replies, &value))
        return HOP_NOMEM;
    return hop_replies_lend(replies, reply, field, value);
}

enum hop_rc hop_replies_lend(struct hop_replies *replies, struct hop_reply *reply,
                             struct hop_span field, struct hop_span value)
{
    if (too_much(replies, field.len, value.len))
        return HOP_MALFORMED;
    if (!pairs_grow(replies, reply))
        return HOP_NOMEM;
    reply->pairs[reply->count++] = (struct hop_pair){.field = field, .value = value};
    reply->present = true;
    struct block *block = replies->memory;
    block->bytes += field.len + value.len;
    block->items++;
    return HOP_OK;
}
