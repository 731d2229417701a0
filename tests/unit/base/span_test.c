/* SPDX-License-Identifier: Apache-2.0 */
#include "span.h"

#include <check.h>
#include <stdlib.h>

START_TEST(a_number_survives)
{
    int64_t number = 0;
    ck_assert(hop_span_int64(hop_span_of("-12"), -20, 20, &number));
    ck_assert_int_eq(number, -12);
    double real = 0;
    ck_assert(hop_span_double(hop_span_of("-12.5"), &real));
    ck_assert(real == -12.5);
    char buffer[32];
    struct hop_text text = hop_text_over(buffer, sizeof buffer);
    hop_text_put_fixed(&text, -1.25, 1);
    hop_text_put_char(&text, ' ');
    hop_text_put_int(&text, INT64_MIN);
    ck_assert_str_eq(buffer, "-1.3 -9223372036854775808");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("span");
    TCase *all = tcase_create("all");
    tcase_add_test(all, a_number_survives);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
