/* SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"

#include <string.h>
#include <time.h>

#include "../suite.h"

START_TEST(the_monotonic_clock_never_goes_back)
{
    int64_t before = hop_clock_monotonic_ns();
    for (int i = 0; i < 1000; i++) {
        int64_t now = hop_clock_monotonic_ns();
        ck_assert(now >= before);
        before = now;
    }
}
END_TEST

START_TEST(the_epoch_clock_agrees_with_time)
{
    time_t before = time(NULL);
    int64_t now_ms = hop_clock_epoch_ms();
    time_t after = time(NULL);
    ck_assert_int_ge(now_ms / 1000, before - 1); /* time(2) may lag by a tick */
    ck_assert_int_le(now_ms / 1000, after + 1);
}
END_TEST

START_TEST(a_boot_has_one_name_and_its_time_goes_on)
{
    char first[HOP_BOOT_ID_MAX + 1], second[HOP_BOOT_ID_MAX + 1];
    int64_t before, after;
    ck_assert_int_eq(hop_clock_boot(first, &before, NULL), HOP_OK);
    ck_assert_int_eq(hop_clock_boot(second, &after, NULL), HOP_OK);
    ck_assert_str_eq(first, second);
    ck_assert_uint_eq(strlen(first), HOP_BOOT_ID_MAX);
    ck_assert_int_ge(after, before);
    ck_assert_int_gt(before, 0);
}
END_TEST

START_TEST(a_deadline_counts_from_now)
{
    int64_t before = hop_clock_monotonic_ns();
    struct hop_deadline deadline = hop_clock_deadline(1000000);
    ck_assert(deadline.at_ns >= before + 1000000 * HOP_NS_PER_MS);
    ck_assert_int_gt(hop_clock_left_ms(deadline), 0);
    ck_assert_int_le(hop_clock_left_ms(deadline), 1000000);
    ck_assert_int_eq(hop_clock_left_ms(hop_clock_deadline(0)), 0);
    ck_assert_int_eq(hop_clock_left_ms(hop_clock_deadline(-5)), 0);
}
END_TEST

START_TEST(a_pause_ends_no_earlier_than_its_deadline)
{
    struct hop_deadline until = hop_clock_deadline(20);
    hop_clock_pause(until);
    ck_assert(hop_clock_monotonic_ns() >= until.at_ns);
    hop_clock_pause(until); /* over: no pause */
}
END_TEST

START_TEST(entropy_fills_all_of_it)
{
    static uint8_t bytes[100000], zeros[64];
    struct hop_error err = {0};
    ck_assert_int_eq(hop_entropy(bytes, sizeof bytes, &err), HOP_OK);
    for (size_t i = 0; i + sizeof zeros <= sizeof bytes; i += sizeof zeros)
        ck_assert(memcmp(bytes + i, zeros, sizeof zeros) != 0);
    ck_assert_int_eq(hop_entropy(bytes, 0, &err), HOP_OK);
}
END_TEST

HOP_SUITE("clock", the_monotonic_clock_never_goes_back, the_epoch_clock_agrees_with_time,
          a_boot_has_one_name_and_its_time_goes_on, a_deadline_counts_from_now,
          a_pause_ends_no_earlier_than_its_deadline, entropy_fills_all_of_it)
