/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a server sends, in whatever pieces, is an answer, the beginning of one, or refused; and
 * the pieces make no difference. The first byte tells how many replies are expected and how long
 * the pieces are. */
#include <stdlib.h>

#include "redis_wire.h"

static size_t walk(const struct hop_wire_reply *reply)
{
    size_t sum = reply->text.len + reply->count;
    for (size_t i = 0; i < reply->text.len; i++)
        sum += (unsigned char)reply->text.at[i];
    for (size_t i = 0; i < reply->count; i++)
        sum += walk(reply->items[i]);
    return sum;
}

static enum hop_rc feed(struct hop_wire_answer *answer, struct hop_span bytes, size_t step)
{
    enum hop_rc rc = HOP_OK;
    for (size_t at = 0; at < bytes.len && rc == HOP_OK; at += step) {
        size_t len = bytes.len - at < step ? bytes.len - at : step;
        rc = hop_wire_answer_feed(answer, (struct hop_span){bytes.at + at, len});
    }
    return rc;
}

static enum hop_rc read_in_steps(struct hop_span bytes, size_t count, size_t step, size_t *ret_sum)
{
    struct hop_wire_answer answer;
    enum hop_rc rc = hop_wire_answer_start(&answer, count);
    if (rc == HOP_OK)
        rc = feed(&answer, bytes, step);
    *ret_sum = answer.have;
    for (size_t i = 0; rc == HOP_OK && i < answer.have; i++)
        *ret_sum += walk(answer.replies[i]);
    hop_wire_answer_done(&answer);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    struct hop_span bytes = {(const char *)data + 1, size - 1};
    size_t count = 1 + data[0] % 8u, step = 1 + data[0] / 8u, one, two;
    enum hop_rc rc = read_in_steps(bytes, count, step, &one);
    enum hop_rc whole = read_in_steps(bytes, count, size, &two);
    if (rc != whole || (rc == HOP_OK && one != two))
        abort();
    return 0;
}
