/* SPDX-License-Identifier: Apache-2.0 */
#include "deadline.h"

#include "../suite.h"

START_TEST(a_deadline_is_now_plus_its_budget)
{
    ck_assert(hop_deadline_after(1000, 250).at_ns == 1000 + 250 * HOP_NS_PER_MS);
    ck_assert(hop_deadline_after(1000, 0).at_ns == 1000);
}
END_TEST

START_TEST(a_budget_saturates)
{
    ck_assert(hop_deadline_after(5, INT64_MAX).at_ns == INT64_MAX);
    ck_assert(hop_deadline_after(INT64_MAX - 1, 1).at_ns == INT64_MAX);
    ck_assert(hop_deadline_after(-5, INT64_MIN).at_ns == INT64_MIN);
    ck_assert(hop_deadline_passed(hop_deadline_after(5, -1), 5));
}
END_TEST

START_TEST(the_earlier_of_two_wins)
{
    struct hop_deadline early = {.at_ns = 1}, late = {.at_ns = 2};
    ck_assert(hop_deadline_earlier(early, late).at_ns == 1);
    ck_assert(hop_deadline_earlier(late, early).at_ns == 1);
}
END_TEST

START_TEST(what_is_left_is_rounded_up_and_never_negative)
{
    struct hop_deadline deadline = {.at_ns = 10 * HOP_NS_PER_MS};
    ck_assert_int_eq(hop_deadline_left_ms(deadline, 0), 10);
    ck_assert_int_eq(hop_deadline_left_ms(deadline, 1), 10);
    ck_assert_int_eq(hop_deadline_left_ms(deadline, 10 * HOP_NS_PER_MS - 1), 1);
    ck_assert_int_eq(hop_deadline_left_ms(deadline, 10 * HOP_NS_PER_MS), 0);
    ck_assert_int_eq(hop_deadline_left_ms(deadline, INT64_MAX), 0);
}
END_TEST

START_TEST(what_is_left_fits_poll)
{
    struct hop_deadline never = {.at_ns = INT64_MAX};
    ck_assert_int_eq(hop_deadline_left_ms(never, 0), INT32_MAX);
    ck_assert_int_eq(hop_deadline_left_ms(never, INT64_MIN), INT32_MAX);
}
END_TEST

START_TEST(a_deadline_has_passed_at_its_instant)
{
    struct hop_deadline deadline = {.at_ns = 7};
    ck_assert(!hop_deadline_passed(deadline, 6));
    ck_assert(hop_deadline_passed(deadline, 7));
    ck_assert(hop_deadline_passed(deadline, 8));
}
END_TEST

HOP_SUITE("deadline", a_deadline_is_now_plus_its_budget, a_budget_saturates,
          the_earlier_of_two_wins, what_is_left_is_rounded_up_and_never_negative,
          what_is_left_fits_poll, a_deadline_has_passed_at_its_instant)
