/* SPDX-License-Identifier: Apache-2.0 */
#include "ulid.h"

#include <string.h>

#define TIME_CHARS 10
#define TIME_MOST ((INT64_C(1) << 48) - 1)

static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void hop_ulid_format(int64_t epoch_ms, const uint8_t entropy[10], char ret_id[HOP_ULID_LENGTH + 1])
{
    uint64_t time = (uint64_t)(epoch_ms < 0 ? 0 : epoch_ms > TIME_MOST ? TIME_MOST : epoch_ms);
    for (size_t i = 0; i < TIME_CHARS; i++)
        ret_id[i] = digits[time >> (5 * (TIME_CHARS - 1 - i)) & 31];
    char *at = ret_id + TIME_CHARS;
    unsigned pending = 0, bits = 0;
    for (size_t i = 0; i < 10; i++) {
        pending = pending << 8 | entropy[i];
        for (bits += 8; bits >= 5; bits -= 5)
            *at++ = digits[pending >> (bits - 5) & 31];
        pending &= 31;
    }
    *at = 0;
}

static int digit_value(char c)
{
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

bool hop_ulid_valid(struct hop_span text)
{
    if (text.len != HOP_ULID_LENGTH || digit_value(text.at[0]) > 7)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (digit_value(text.at[i]) < 0)
            return false;
    return true;
}

int64_t hop_ulid_time_ms(struct hop_span text)
{
    if (!hop_ulid_valid(text))
        return -1;
    int64_t time = 0;
    for (size_t i = 0; i < TIME_CHARS; i++)
        time = time << 5 | digit_value(text.at[i]);
    return time;
}
