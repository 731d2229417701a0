/* SPDX-License-Identifier: Apache-2.0 */
#include "around.h"

#include "date.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const char *const texts[] = {
    "1795518000|tag-a|55|33915|key-a",
    "0|a|-70|0|",
    "253402300799|0123456789abcdef0123456789abcdef|70|4294967295|kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk",
};

START_TEST(what_parses_is_put_the_same)
{
    struct hop_touch touch;
    char buffer[256];
    struct hop_text text = hop_text_over(buffer, sizeof buffer);
    ck_assert_msg(hop_touch_parse(hop_span_of(texts[_i]), &touch), "%s", texts[_i]);
    hop_touch_put(&text, &touch);
    ck_assert_str_eq(buffer, texts[_i]);
}
END_TEST

START_TEST(a_forged_surprise_is_clamped)
{
    struct hop_touch touch;
    ck_assert(hop_touch_parse(hop_span_of("1|a|2000000|1|k"), &touch));
    ck_assert_int_eq(touch.surprise_db, 70);
    ck_assert(hop_touch_parse(hop_span_of("1|a|-2000000|1|k"), &touch));
    ck_assert_int_eq(touch.surprise_db, -70);
}
END_TEST

static const char *const malformed[] = {
    "",
    "1|a|1|1",
    "1|a|1|1|k|",
    "-1|a|1|1|k",
    "x|a|1|1|k",
    "1||1|1|k",
    "1|a||1|k",
    "1|a|1||k",
    "1|a b|1|1|k",
    "1|a|1|1|k\n",
    "1|a|1|-1|k",
    "1|a|1|4294967296|k",
    "1|a|99999999999|1|k",
    "253402300800|a|1|1|k",
    "1|0123456789abcdef0123456789abcdefX|1|1|k",
    "1|a|1.5|1|k",
    "1|a\x80|1|1|k",
};

START_TEST(a_malformed_touch_is_refused_and_changes_nothing)
{
    struct hop_touch touch = {.time = 3}, before = touch;
    ck_assert_msg(!hop_touch_parse(hop_span_of(malformed[_i]), &touch), "%s", malformed[_i]);
    ck_assert_int_eq(memcmp(&touch, &before, sizeof touch), 0);
}
END_TEST

static const char *const failure_texts[] = {"0|c", "1795518000|s", "253402300799|c|kkkk"};

START_TEST(a_failure_that_parses_is_put_the_same)
{
    struct hop_failure failure;
    char buffer[256];
    struct hop_text text = hop_text_over(buffer, sizeof buffer);
    ck_assert(hop_failure_parse(hop_span_of(failure_texts[_i]), &failure));
    hop_failure_put(&text, &failure);
    ck_assert_str_eq(buffer, failure_texts[_i]);
}
END_TEST

static const char *const malformed_failures[] = {
    "",    "1",    "1|",      "1|x",     "1|cc",           "-1|c",
    "x|c", "1|c|", "1|c|a b", "1|c|a\n", "253402300800|c", "1|c|0123456789abcdef0123456789abcdefX",
};

START_TEST(a_malformed_failure_is_refused_and_changes_nothing)
{
    struct hop_failure failure = {.time = 3}, before = failure;
    ck_assert_msg(!hop_failure_parse(hop_span_of(malformed_failures[_i]), &failure), "%s",
                  malformed_failures[_i]);
    ck_assert(memcmp(&failure, &before, sizeof failure) == 0);
}
END_TEST

START_TEST(three_outcomes_are_failures)
{
    enum hop_failure_kind kind;
    ck_assert(hop_failure_of_outcome("failure", &kind) && kind == HOP_FAILURE_CREDENTIAL);
    ck_assert(hop_failure_of_outcome("step-up-failed", &kind) && kind == HOP_FAILURE_STEP_UP);
    ck_assert(!hop_failure_of_outcome("success", &kind) && !hop_failure_of_outcome("", &kind));
    ck_assert(hop_failure_of_outcome("approval-denied", &kind) && kind == HOP_FAILURE_STEP_UP);
    ck_assert(!hop_failure_of_outcome("approval-timeout", &kind));
    ck_assert(!hop_failure_of_outcome("session-refused", &kind));
    ck_assert(!hop_failure_of_outcome("refused", &kind));
}
END_TEST

START_TEST(months_count_from_1970)
{
    ck_assert_int_eq(hop_month_of(0), 0);
    ck_assert_int_eq(hop_month_of(30), 0);
    ck_assert_int_eq(hop_month_of(31), 1);
    ck_assert_int_eq(hop_month_of(-1), -1);
    ck_assert_int_eq(hop_month_of(hop_date_from_civil(2026, 11, 24)), 56 * 12 + 10);
}
END_TEST

START_TEST(the_middle_of_a_month_lies_in_it)
{
    for (int month = -30; month < 1200; month++) {
        ck_assert_int_eq(hop_month_of(hop_month_middle(month)), month);
        ck_assert_int_gt(hop_month_middle(month + 1), hop_month_middle(month));
    }
    ck_assert_int_eq(hop_month_middle(0), 14);
}
END_TEST

START_TEST(an_around_begins_with_one_tenant_and_nothing_else)
{
    struct hop_around around;
    hop_around_init(&around);
    ck_assert_double_eq(around.tenants, 1);
    ck_assert_ptr_null(around.touches);
    around.touches = calloc(2, sizeof *around.touches);
    around.touch_count = 2;
    hop_around_done(&around);
    ck_assert_ptr_null(around.touches);
    ck_assert_uint_eq(around.touch_count, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("around");
    TCase *cases = tcase_create("around");
    tcase_add_loop_test(cases, what_parses_is_put_the_same, 0,
                        (int)(sizeof texts / sizeof texts[0]));
    tcase_add_test(cases, a_forged_surprise_is_clamped);
    tcase_add_loop_test(cases, a_malformed_touch_is_refused_and_changes_nothing, 0,
                        (int)(sizeof malformed / sizeof malformed[0]));
    tcase_add_loop_test(cases, a_failure_that_parses_is_put_the_same, 0,
                        (int)(sizeof failure_texts / sizeof failure_texts[0]));
    tcase_add_loop_test(cases, a_malformed_failure_is_refused_and_changes_nothing, 0,
                        (int)(sizeof malformed_failures / sizeof malformed_failures[0]));
    tcase_add_test(cases, three_outcomes_are_failures);
    tcase_add_test(cases, months_count_from_1970);
    tcase_add_test(cases, the_middle_of_a_month_lies_in_it);
    tcase_add_test(cases, an_around_begins_with_one_tenant_and_nothing_else);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
