/* SPDX-License-Identifier: Apache-2.0 */
#include "redis_wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../suite.h"

START_TEST(commands_are_formatted_one_after_another)
{
    struct hop_wire_pipeline pipeline, more;
    hop_wire_pipeline_init(&pipeline);
    hop_wire_pipeline_init(&more);
    hop_wire_command(&pipeline, 1, (const char *[]){"TIME"});
    hop_wire_command(&more, 3, (const char *[]){"HGET", "a key", ""});
    hop_wire_pipeline_append(&pipeline, &more);
    ck_assert(!pipeline.failed);
    ck_assert_uint_eq(pipeline.commands, 2);
    ck_assert(hop_span_is((struct hop_span){pipeline.bytes, pipeline.len},
                          "*1\r\n$4\r\nTIME\r\n*3\r\n$4\r\nHGET\r\n$5\r\na key\r\n$0\r\n\r\n"));
    hop_wire_pipeline_done(&pipeline);
    hop_wire_pipeline_done(&more);
    ck_assert_ptr_null(pipeline.bytes);
}
END_TEST

START_TEST(a_pipeline_grows)
{
    struct hop_wire_pipeline pipeline;
    char *word = malloc(HOP_STORE_VALUE_MAX + 1);
    memset(word, 'x', HOP_STORE_VALUE_MAX);
    word[HOP_STORE_VALUE_MAX] = '\0';
    hop_wire_pipeline_init(&pipeline);
    for (int i = 0; i < 20; i++)
        hop_wire_command(&pipeline, 2, (const char *[]){"ECHO", word});
    ck_assert(!pipeline.failed);
    ck_assert_uint_eq(pipeline.commands, 20);
    ck_assert_uint_gt(pipeline.len, 20 * HOP_STORE_VALUE_MAX);
    hop_wire_pipeline_done(&pipeline);
    free(word);
}
END_TEST

START_TEST(a_command_of_too_many_words_fails)
{
    const char *words[HOP_WIRE_WORDS_MAX + 1];
    struct hop_wire_pipeline pipeline;
    hop_wire_pipeline_init(&pipeline);
    for (size_t i = 0; i <= HOP_WIRE_WORDS_MAX; i++)
        words[i] = "w";
    hop_wire_command(&pipeline, HOP_WIRE_WORDS_MAX, words);
    ck_assert(!pipeline.failed);
    hop_wire_command(&pipeline, HOP_WIRE_WORDS_MAX + 1, words);
    ck_assert(pipeline.failed);
    hop_wire_pipeline_done(&pipeline);
}
END_TEST

/* Feeds `text` in pieces of `step` bytes. */
static enum hop_rc feed(struct hop_wire_answer *answer, const char *text, size_t len, size_t step)
{
    enum hop_rc rc = HOP_OK;
    for (size_t at = 0; at < len && rc == HOP_OK; at += step) {
        struct hop_span piece = {text + at, len - at < step ? len - at : step};
        rc = hop_wire_answer_feed(answer, piece);
    }
    return rc;
}

static enum hop_rc answered(const char *text, size_t len, size_t step, size_t count)
{
    struct hop_wire_answer answer;
    ck_assert_int_eq(hop_wire_answer_start(&answer, count), HOP_OK);
    enum hop_rc rc = feed(&answer, text, len, step);
    if (rc == HOP_OK && !hop_wire_answer_complete(&answer))
        rc = HOP_TIMEOUT; /* more would have to come */
    hop_wire_answer_done(&answer);
    return rc;
}

#define STREAM                                                                                     \
    "*2\r\n*2\r\n$3\r\n1-1\r\n*4\r\n$2\r\nid\r\n$1\r\nA\r\n$1\r\ne\r\n$0\r\n\r\n*2\r\n$3\r\n"      \
    "1-2\r\n*0\r\n"

START_TEST(replies_of_every_kind_come_through_however_they_are_cut)
{
    static const char text[] =
        "+OK\r\n-ERR no\r\n:-12\r\n$5\r\na\r\nb\0\r\n$-1\r\n*-1\r\n" STREAM ":0\r\n";
    for (size_t step = 1; step < sizeof text; step++) {
        struct hop_wire_answer answer;
        ck_assert_int_eq(hop_wire_answer_start(&answer, 8), HOP_OK);
        ck_assert_int_eq(feed(&answer, text, sizeof text - 1, step), HOP_OK);
        ck_assert(hop_wire_answer_complete(&answer));
        struct hop_wire_reply *const *replies = answer.replies;
        ck_assert_int_eq(replies[0]->kind, HOP_WIRE_STATUS);
        ck_assert(hop_span_is(replies[0]->text, "OK"));
        ck_assert_int_eq(replies[1]->kind, HOP_WIRE_ERROR);
        ck_assert(hop_span_is(replies[1]->text, "ERR no"));
        ck_assert_int_eq(replies[2]->kind, HOP_WIRE_NUMBER);
        ck_assert_int_eq(replies[2]->number, -12);
        ck_assert_int_eq(replies[3]->kind, HOP_WIRE_STRING);
        ck_assert_uint_eq(replies[3]->text.len, 5);
        ck_assert_mem_eq(replies[3]->text.at, "a\r\nb\0", 6);
        ck_assert_int_eq(replies[4]->kind, HOP_WIRE_NIL);
        ck_assert_int_eq(replies[5]->kind, HOP_WIRE_NIL);
        ck_assert_int_eq(replies[6]->kind, HOP_WIRE_ARRAY);
        ck_assert_uint_eq(replies[6]->count, 2);
        ck_assert(hop_span_is(replies[6]->items[0]->items[1]->items[1]->text, "A"));
        ck_assert_uint_eq(replies[6]->items[1]->items[1]->count, 0);
        ck_assert_int_eq(replies[7]->number, 0);
        hop_wire_answer_done(&answer);
    }
}
END_TEST

START_TEST(what_breaks_the_protocol_is_malformed)
{
    static const char *const wrong[] = {
        "x\r\n",     "\r\n",       "+a\n",    "+a\r+\r\n", ":\r\n",    ":1 \r\n",
        ":01\r\n",   ":-0\r\n",    ":+1\r\n", ":1a\r\n",   "$\r\n",    "$-2\r\n",
        "$01\r\n",   "$1\r\nab\r", "$0\r\na", "*\r\n",     "*-2\r\n",  "*1\r\n?",
        "$1\r\na\n", "!3\r\nabc",  "_\r\n",   "#t\r\n",    ",1.5\r\n", "(1\r\n",
        "=1\r\n",    "%0\r\n",     "~0\r\n",  ">0\r\n",    "|0\r\n",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        ck_assert_msg(answered(wrong[i], strlen(wrong[i]), 1, 1) == HOP_MALFORMED, "%s", wrong[i]);
}
END_TEST

START_TEST(a_size_is_refused_before_a_byte_of_it_is_believed)
{
    static const char *const wrong[] = {
        "*2147483647\r\n",
        "*131329\r\n",
        "$8388609\r\n",
        "$2147483648\r\n",
        "$99999999999999999999999\r\n",
        ":111111111111111111111111111111",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        ck_assert_msg(answered(wrong[i], strlen(wrong[i]), 64, 1) == HOP_MALFORMED, "%s", wrong[i]);
    ck_assert_int_eq(answered("*131328\r\n", 9, 64, 1), HOP_TIMEOUT);
    ck_assert_int_eq(answered("$8388608\r\n", 10, 64, 1), HOP_TIMEOUT);
    ck_assert_int_eq(answered("*1\r\n*131328\r\n", 13, 64, 1), HOP_MALFORMED); /* in total */
    ck_assert_int_eq(answered("*131327\r\n*1\r\n", 13, 64, 1), HOP_TIMEOUT);
}
END_TEST

START_TEST(arrays_nest_to_a_limit)
{
    ck_assert_int_eq(answered("*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", 20, 64, 1), HOP_OK);
    ck_assert_int_eq(answered("*1\r\n*1\r\n*1\r\n*1\r\n*0\r\n", 20, 64, 1), HOP_OK);
    ck_assert_int_eq(answered("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", 24, 64, 1), HOP_MALFORMED);
}
END_TEST

START_TEST(a_line_has_a_limit)
{
    char line[HOP_WIRE_LINE_MAX + 8];
    memset(line, 'x', sizeof line);
    line[0] = '+';
    memcpy(line + 1 + HOP_WIRE_LINE_MAX, "\r\n", 2);
    ck_assert_int_eq(answered(line, HOP_WIRE_LINE_MAX + 3, 100, 1), HOP_OK);
    memcpy(line + 1 + HOP_WIRE_LINE_MAX, "x\r\n", 3);
    ck_assert_int_eq(answered(line, HOP_WIRE_LINE_MAX + 4, 100, 1), HOP_MALFORMED);
}
END_TEST

START_TEST(all_bytes_together_have_a_limit)
{
    struct hop_wire_guard guard = {0};
    static char bytes[65536];
    memset(bytes, 'x', sizeof bytes);
    size_t fed = 0;
    bool fine = true;
    /* replies of 8 MiB each, none of them too large */
    while (fine && fed < 4 * (size_t)HOP_WIRE_BYTES_MAX) {
        if (guard.at == WIRE_TYPE)
            fine = hop_wire_guard_feed(&guard, hop_span_of("$8388606\r\n"));
        size_t more = guard.bulk_left < sizeof bytes ? guard.bulk_left : sizeof bytes;
        fine = fine && hop_wire_guard_feed(&guard, (struct hop_span){bytes, more});
        if (guard.at == WIRE_BULK_CR)
            fine = fine && hop_wire_guard_feed(&guard, hop_span_of("\r\n"));
        fed = guard.bytes;
    }
    ck_assert(!fine);
    ck_assert_uint_le(guard.bytes, HOP_WIRE_BYTES_MAX);
    ck_assert_uint_gt(guard.bytes, HOP_STORE_REPLY_MAX);
}
END_TEST

START_TEST(more_than_was_asked_for_is_malformed)
{
    ck_assert_int_eq(answered("+a\r\n+b\r\n", 8, 64, 2), HOP_OK);
    ck_assert_int_eq(answered("+a\r\n+b\r\n", 8, 64, 1), HOP_MALFORMED);
    ck_assert_int_eq(answered("+a\r\n+", 5, 64, 1), HOP_MALFORMED);
    ck_assert_int_eq(answered("+a\r\n+", 5, 4, 1), HOP_MALFORMED);
    ck_assert_int_eq(answered("+a\r\n", 4, 64, 2), HOP_TIMEOUT);
}
END_TEST

HOP_SUITE("redis wire", commands_are_formatted_one_after_another, a_pipeline_grows,
          a_command_of_too_many_words_fails,
          replies_of_every_kind_come_through_however_they_are_cut,
          what_breaks_the_protocol_is_malformed, a_size_is_refused_before_a_byte_of_it_is_believed,
          arrays_nest_to_a_limit, a_line_has_a_limit, all_bytes_together_have_a_limit,
          more_than_was_asked_for_is_malformed)
