/* SPDX-License-Identifier: Apache-2.0 */
#include "ulid.h"

#include <string.h>

#include "../suite.h"

static const uint8_t counting[10] = {0x00, 0x44, 0x32, 0x14, 0xc7, 0x42, 0x54, 0xb6, 0x35, 0xcf};

START_TEST(time_comes_first_and_entropy_after)
{
    char id[HOP_ULID_LENGTH + 1];
    hop_ulid_format(0, (const uint8_t[10]){0}, id);
    ck_assert_str_eq(id, "00000000000000000000000000");
    hop_ulid_format(1469918176385, counting, id); /* the time of the specification's example */
    ck_assert_str_eq(id, "01ARYZ6S410123456789ABCDEF");
}
END_TEST

START_TEST(the_largest_id_is_all_ones)
{
    char id[HOP_ULID_LENGTH + 1];
    uint8_t ones[10];
    memset(ones, 0xff, sizeof ones);
    hop_ulid_format((INT64_C(1) << 48) - 1, ones, id);
    ck_assert_str_eq(id, "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
    hop_ulid_format(INT64_MAX, ones, id);
    ck_assert_str_eq(id, "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
    hop_ulid_format(-5, ones, id);
    ck_assert_int_eq(hop_ulid_time_ms(hop_span_of(id)), 0);
}
END_TEST

START_TEST(time_comes_back)
{
    char id[HOP_ULID_LENGTH + 1];
    hop_ulid_format(1795426200123, counting, id);
    ck_assert_int_eq(hop_ulid_time_ms(hop_span_of(id)), 1795426200123);
    ck_assert_int_eq(hop_ulid_time_ms(hop_span_of("nonsense")), -1);
}
END_TEST

START_TEST(ids_sort_by_time)
{
    char early[HOP_ULID_LENGTH + 1], late[HOP_ULID_LENGTH + 1];
    uint8_t ones[10];
    memset(ones, 0xff, sizeof ones);
    hop_ulid_format(1795426200123, ones, early);
    hop_ulid_format(1795426200124, (const uint8_t[10]){0}, late);
    ck_assert_int_lt(strcmp(early, late), 0);
}
END_TEST

START_TEST(only_26_upper_case_characters_below_8_are_valid)
{
    static const char *const bad[] = {
        "",
        "01ARYZ6S410123456789ABCDE",
        "01ARYZ6S410123456789ABCDEFG",
        "81ARYZ6S410123456789ABCDEF",
        "01aryz6s410123456789abcdef",
        "01ARYZ6S410123456789ABCDEI",
        "01ARYZ6S410123456789ABCDEL",
        "01ARYZ6S410123456789ABCDEO",
        "01ARYZ6S410123456789ABCDEU",
        "01ARYZ6S410123456789ABCD F",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!hop_ulid_valid(hop_span_of(bad[i])), "%s", bad[i]);
    ck_assert(!hop_ulid_valid((struct hop_span){"01ARYZ6S410123456789ABCDE\0", 26}));
    ck_assert(hop_ulid_valid(hop_span_of("01ARYZ6S410123456789ABCDEF")));
}
END_TEST

HOP_SUITE("ulid", time_comes_first_and_entropy_after, the_largest_id_is_all_ones, time_comes_back,
          ids_sort_by_time, only_26_upper_case_characters_below_8_are_valid)
