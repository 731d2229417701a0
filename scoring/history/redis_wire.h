/* SPDX-License-Identifier: Apache-2.0 */
/* Redis' protocol (RESP2): commands into one buffer, bytes into replies. hiredis formats and
 * parses; a guard looks at every byte first, so that no size a peer names is believed.
 *
 *   socket ──bytes──> guard ──the same bytes──> redisReader ──> replies in the answer's memory
 */
#ifndef HOP_REDIS_WIRE_H
#define HOP_REDIS_WIRE_H

#include "store.h"

#include <hiredis/hiredis.h>

#define HOP_WIRE_DEPTH_MAX 4                               /* arrays within arrays */
#define HOP_WIRE_ITEMS_MAX (2 * HOP_STORE_ITEMS_MAX + 256) /* fields and values */
#define HOP_WIRE_BYTES_MAX (HOP_STORE_REPLY_MAX + 32u * HOP_WIRE_ITEMS_MAX)
#define HOP_WIRE_LINE_MAX 1024 /* a status or an error */
#define HOP_WIRE_WORDS_MAX 16  /* of one command */

/* Commands one after another, to be sent in one write. */
struct hop_wire_pipeline {
    char *bytes;
    size_t len, room;
    size_t commands;
    bool failed; /* there was no memory for one of them */
};
void hop_wire_pipeline_init(struct hop_wire_pipeline *pipeline);
void hop_wire_pipeline_done(struct hop_wire_pipeline *pipeline); /* wipes: it may hold a secret */
/* Appends one command of `count` words. */
void hop_wire_command(struct hop_wire_pipeline *pipeline, size_t count, const char *const *words);
/* The same with any bytes as words. */
void hop_wire_command_bytes(struct hop_wire_pipeline *pipeline, size_t count,
                            const struct hop_span *words);
/* Appends the commands of another pipeline. */
void hop_wire_pipeline_append(struct hop_wire_pipeline *pipeline,
                              const struct hop_wire_pipeline *more);

enum hop_wire_kind {
    HOP_WIRE_NIL,
    HOP_WIRE_STATUS,
    HOP_WIRE_ERROR,
    HOP_WIRE_NUMBER,
    HOP_WIRE_STRING,
    HOP_WIRE_ARRAY
};

struct hop_wire_reply {
    enum hop_wire_kind kind;
    int64_t number;
    struct hop_span text; /* of status, error, string; NUL-terminated */
    struct hop_wire_reply **items;
    size_t count;
};

/* Where in the protocol the bytes seen so far end. */
struct hop_wire_guard {
    size_t bytes, items, whole; /* seen; in arrays; replies that are complete */
    enum { WIRE_TYPE, WIRE_LINE, WIRE_LINE_LF, WIRE_BULK, WIRE_BULK_CR, WIRE_BULK_LF } at;
    char type;
    char digits[24];
    size_t line_len;
    size_t bulk_left;
    size_t left[HOP_WIRE_DEPTH_MAX]; /* items still to come of each open array */
    unsigned depth;
};
/* False as soon as the bytes break the protocol or a limit; the guard is then used up. */
bool hop_wire_guard_feed(struct hop_wire_guard *guard, struct hop_span bytes);

/* The replies to one pipeline. Stays where it was started: the reader points back into it. */
struct hop_wire_answer {
    struct hop_wire_reply **replies; /* `count` of them once complete */
    size_t count, have;
    struct hop_replies memory;
    struct hop_wire_guard guard;
    redisReplyObjectFunctions functions;
    redisReader *reader;
};
/* `count` replies are expected. HOP_NOMEM. To be ended with hop_wire_answer_done in any case. */
enum hop_rc hop_wire_answer_start(struct hop_wire_answer *answer, size_t count);
void hop_wire_answer_done(struct hop_wire_answer *answer);
/* HOP_MALFORMED: not the protocol, over a limit, or more than was asked for; HOP_NOMEM. */
enum hop_rc hop_wire_answer_feed(struct hop_wire_answer *answer, struct hop_span bytes);
bool hop_wire_answer_complete(const struct hop_wire_answer *answer);

#endif
