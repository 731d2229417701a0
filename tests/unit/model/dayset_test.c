/* SPDX-License-Identifier: Apache-2.0 */
#include "dayset.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Deterministic, so that a failure comes back. */
static uint64_t seed;

static uint32_t draw(uint32_t below)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33) % below;
}

static struct hop_dayset random_set(void)
{
    struct hop_dayset set = {.confirmed = draw(4) == 0};
    int32_t base = 20000 + (int32_t)draw(700);
    for (uint32_t i = draw(40); i > 0; i--)
        hop_dayset_add(&set, base + (int32_t)draw(draw(2) ? 30 : 900));
    return set;
}

static struct hop_dayset parsed(const char *text)
{
    struct hop_dayset set;
    ck_assert_msg(hop_dayset_parse(hop_span_of(text), &set), "%s", text);
    return set;
}

static void assert_text(const struct hop_dayset *set, const char *expected)
{
    char buffer[HOP_DAYSET_TEXT_MAX];
    struct hop_text text = hop_text_over(buffer, sizeof buffer);
    hop_dayset_put(&text, set);
    ck_assert(!text.cut);
    ck_assert_str_eq(buffer, expected);
}

static void assert_same(const struct hop_dayset *a, const struct hop_dayset *b)
{
    ck_assert(hop_dayset_equal(a, b));
    ck_assert(hop_dayset_equal(b, a));
}

static struct hop_dayset joined(struct hop_dayset a, const struct hop_dayset *b)
{
    hop_dayset_join(&a, b);
    return a;
}

START_TEST(the_text_of_the_design_reads_as_told)
{
    struct hop_dayset set = parsed("20780:13+");
    ck_assert(set.confirmed);
    ck_assert_int_eq(hop_dayset_days(&set), 3);
    ck_assert(hop_dayset_has(&set, 20780));
    ck_assert(hop_dayset_has(&set, 20779));
    ck_assert(!hop_dayset_has(&set, 20778));
    ck_assert(hop_dayset_has(&set, 20776));
    ck_assert(!hop_dayset_has(&set, 20781));
    ck_assert(!hop_dayset_has(&set, 20780 - 512));
    assert_text(&set, "20780:13+");
}
END_TEST

START_TEST(an_empty_set_has_a_text)
{
    struct hop_dayset set = {.last_day = 77};
    assert_text(&set, "0:0");
    set.confirmed = true;
    assert_text(&set, "0:0+");
    set = parsed("0:0");
    ck_assert(hop_dayset_empty(&set));
    ck_assert(!set.confirmed);
    set = parsed("0:0+");
    ck_assert(hop_dayset_empty(&set));
    ck_assert(set.confirmed);
}
END_TEST

static const char *const malformed[] = {
    "",     "-0:7",      ":",      "1",     "1:",   ":1",  "1:2",           "1:0",  "0:00",
    "01:1", "1:01",      "1:1++",  "1:1 ",  " 1:1", "1:A", "1:G1",          "-1:1", "1:1:1",
    "+1:1", "2932897:1", "0x10:1", "1:0x1", "+",    "1:+", "99999999999:1", "1;1",  "1:1+ ",
    "00:0", "0:0++",     "1:1\n",  "1 :1",
};

START_TEST(a_malformed_text_is_refused_and_changes_nothing)
{
    struct hop_dayset set = {.last_day = 7, .bits = {1}}, before = set;
    ck_assert_msg(!hop_dayset_parse(hop_span_of(malformed[_i]), &set), "%s", malformed[_i]);
    ck_assert_int_eq(memcmp(&set, &before, sizeof set), 0);
}
END_TEST

START_TEST(a_bitmap_fills_the_window_and_not_more)
{
    char text[HOP_DAYSET_TEXT_MAX + 8] = "2932896:";
    struct hop_dayset set;
    memset(text + 8, 'f', 128);
    strcpy(text + 8 + 128, "+");
    set = parsed(text);
    ck_assert_int_eq(hop_dayset_days(&set), HOP_DAYSET_WINDOW);
    assert_text(&set, text);
    strcpy(text + 8 + 128, "f");
    ck_assert(!hop_dayset_parse(hop_span_of(text), &set));
}
END_TEST

START_TEST(what_is_put_parses_to_the_same)
{
    seed = 1;
    for (int i = 0; i < 2000; i++) {
        struct hop_dayset set = random_set(), back;
        char buffer[HOP_DAYSET_TEXT_MAX];
        struct hop_text text = hop_text_over(buffer, sizeof buffer);
        hop_dayset_put(&text, &set);
        ck_assert(!text.cut);
        ck_assert(hop_dayset_parse(hop_span_of(buffer), &back));
        assert_same(&set, &back);
    }
}
END_TEST

START_TEST(union_is_idempotent_commutative_and_associative)
{
    seed = 42;
    for (int i = 0; i < 5000; i++) {
        struct hop_dayset a = random_set(), b = random_set(), c = random_set();
        struct hop_dayset ab = joined(a, &b), ba = joined(b, &a), bc = joined(b, &c);
        struct hop_dayset left = joined(ab, &c), right = joined(a, &bc), twice = joined(ab, &b);
        struct hop_dayset self = joined(a, &a);
        assert_same(&ab, &ba);
        assert_same(&left, &right);
        assert_same(&twice, &ab);
        assert_same(&self, &a);
    }
}
END_TEST

START_TEST(a_union_holds_exactly_the_days_of_both_within_the_window)
{
    seed = 5;
    for (int i = 0; i < 500; i++) {
        struct hop_dayset a = random_set(), b = random_set(), both = joined(a, &b);
        for (int32_t day = 19400; day < 21800; day++) {
            bool in = hop_dayset_has(&a, day) || hop_dayset_has(&b, day);
            bool old = day <= both.last_day - HOP_DAYSET_WINDOW;
            if (hop_dayset_has(&both, day) != (in && !old))
                ck_abort_msg("day %d", day);
        }
        ck_assert_int_eq(both.confirmed, a.confirmed || b.confirmed);
    }
}
END_TEST

START_TEST(days_may_be_added_in_any_order)
{
    struct hop_dayset up = {0}, down = {0};
    const int32_t days[] = {20780, 20100, 20779, 20776, 20270};
    for (int i = 0; i < 5; i++) {
        hop_dayset_add(&up, days[i]);
        hop_dayset_add(&down, days[4 - i]);
        hop_dayset_add(&down, days[4 - i]);
    }
    assert_same(&up, &down);
    ck_assert_int_eq(hop_dayset_days(&up), 4); /* 20100 is out of the window */
    ck_assert(hop_dayset_has(&up, 20780 - 510));
}
END_TEST

START_TEST(impossible_days_are_not_added)
{
    struct hop_dayset set = {0};
    hop_dayset_add(&set, -1);
    hop_dayset_add(&set, HOP_DAY_MAX + 1);
    ck_assert(hop_dayset_empty(&set));
    hop_dayset_add(&set, 0);
    hop_dayset_add(&set, HOP_DAY_MAX);
    ck_assert_int_eq(hop_dayset_days(&set), 1);
}
END_TEST

START_TEST(days_after_a_day_are_dropped)
{
    seed = 11;
    for (int i = 0; i < 2000; i++) {
        struct hop_dayset set = random_set(), cut = set;
        int32_t limit = 19900 + (int32_t)draw(1800);
        int kept = 0;
        hop_dayset_drop_after(&cut, limit);
        for (int32_t day = 19400; day < 21800; day++) {
            bool keep = hop_dayset_has(&set, day) && day <= limit;
            kept += keep;
            if (hop_dayset_has(&cut, day) != keep)
                ck_abort_msg("day %d", day);
        }
        ck_assert_int_eq(hop_dayset_days(&cut), kept);
        ck_assert(kept == 0 || (cut.bits[0] & 1));
        ck_assert(cut.confirmed == set.confirmed);
    }
}
END_TEST

START_TEST(first_and_nth_days_count_from_the_oldest)
{
    struct hop_dayset set = parsed("20780:13"), none = {0};
    ck_assert_int_eq(hop_dayset_first(&set), 20776);
    ck_assert_int_eq(hop_dayset_nth(&set, 1), 20776);
    ck_assert_int_eq(hop_dayset_nth(&set, 2), 20779);
    ck_assert_int_eq(hop_dayset_nth(&set, 3), 20780);
    ck_assert_int_eq(hop_dayset_nth(&set, 4), INT32_MAX);
    ck_assert_int_eq(hop_dayset_nth(&set, 0), INT32_MAX);
    ck_assert_int_eq(hop_dayset_first(&none), INT32_MAX);
    ck_assert_int_eq(hop_dayset_nth(&none, 1), INT32_MAX);
}
END_TEST

/* The definition of DESIGN 6, day by day. */
static struct hop_dayset_weight weigh_plainly(const struct hop_dayset *set, int32_t today,
                                              double half_life, int32_t first_day)
{
    struct hop_dayset_weight weight = {0};
    for (int32_t day = set->last_day - HOP_DAYSET_WINDOW + 1; day <= set->last_day; day++) {
        double earlier = 0, share = exp2(-fmax(0, today - day) / half_life);
        if (!hop_dayset_has(set, day))
            continue;
        for (int32_t before = day - HOP_DAYSET_WINDOW; before < day; before++) {
            if (hop_dayset_has(set, before))
                earlier += exp2(-(double)(day - before) / half_life);
        }
        weight.count += share;
        if (earlier < .10 && day != first_day)
            weight.novelty += share;
    }
    return weight;
}

START_TEST(weights_are_those_of_the_definition)
{
    static const double half_lives[] = {1, 7, 60, 180};
    seed = 3;
    for (int i = 0; i < 40; i++) {
        struct hop_dayset set = random_set();
        int32_t today = set.last_day + (int32_t)draw(400) - 40;
        int32_t first = draw(2) ? hop_dayset_first(&set) : INT32_MAX;
        double half_life = half_lives[draw(4)];
        if (hop_dayset_empty(&set))
            continue;
        struct hop_dayset_weight got = hop_dayset_weigh(&set, today, half_life, first);
        struct hop_dayset_weight expected = weigh_plainly(&set, today, half_life, first);
        ck_assert_double_eq_tol(got.count, expected.count, 1e-9);
        ck_assert_double_eq_tol(got.novelty, expected.novelty, 1e-9);
    }
}
END_TEST

START_TEST(an_empty_set_weighs_nothing)
{
    struct hop_dayset none = {.confirmed = true};
    struct hop_dayset_weight weight = hop_dayset_weigh(&none, 20780, 60, INT32_MAX);
    ck_assert_double_eq(weight.count, 0);
    ck_assert_double_eq(weight.novelty, 0);
}
END_TEST

START_TEST(days_after_today_count_as_today)
{
    struct hop_dayset set = parsed("20780:3");
    ck_assert_double_eq(hop_dayset_weigh(&set, 20700, 60, INT32_MAX).count, 2.0);
    ck_assert_double_eq(hop_dayset_weigh(&set, 20779, 60, INT32_MAX).count, 2.0);
}
END_TEST

START_TEST(a_value_faded_below_a_tenth_is_novel_again)
{
    struct hop_dayset set = {0};
    hop_dayset_add(&set, 20000);
    hop_dayset_add(&set, 20199); /* 2^(-199/60) = .1003 */
    ck_assert_double_eq_tol(hop_dayset_weigh(&set, 20199, 60, 20000).novelty, 0, 1e-12);
    set = (struct hop_dayset){0};
    hop_dayset_add(&set, 20000);
    hop_dayset_add(&set, 20200); /* .0992 */
    ck_assert_double_eq_tol(hop_dayset_weigh(&set, 20200, 60, 20000).novelty, 1, 1e-12);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dayset");
    TCase *cases = tcase_create("dayset");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, the_text_of_the_design_reads_as_told);
    tcase_add_test(cases, an_empty_set_has_a_text);
    tcase_add_loop_test(cases, a_malformed_text_is_refused_and_changes_nothing, 0,
                        (int)(sizeof malformed / sizeof malformed[0]));
    tcase_add_test(cases, a_bitmap_fills_the_window_and_not_more);
    tcase_add_test(cases, what_is_put_parses_to_the_same);
    tcase_add_test(cases, union_is_idempotent_commutative_and_associative);
    tcase_add_test(cases, a_union_holds_exactly_the_days_of_both_within_the_window);
    tcase_add_test(cases, days_may_be_added_in_any_order);
    tcase_add_test(cases, impossible_days_are_not_added);
    tcase_add_test(cases, days_after_a_day_are_dropped);
    tcase_add_test(cases, first_and_nth_days_count_from_the_oldest);
    tcase_add_test(cases, weights_are_those_of_the_definition);
    tcase_add_test(cases, an_empty_set_weighs_nothing);
    tcase_add_test(cases, days_after_today_count_as_today);
    tcase_add_test(cases, a_value_faded_below_a_tenth_is_novel_again);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
