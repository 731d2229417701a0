/* SPDX-License-Identifier: Apache-2.0 */
/* The main() of a check program: its tests in a row, one case. */
#ifndef HOP_TEST_SUITE_H
#define HOP_TEST_SUITE_H

#include <check.h>
#include <stdlib.h>

/* `first` and `last` run once around them all; `before` and `after` around each test, in its
 * process. NULL for none. */
#define HOP_SUITE_WITHIN(name, first, last, before, after, ...)                                    \
    int main(void)                                                                                 \
    {                                                                                              \
        const TTest *tests[] = {__VA_ARGS__};                                                      \
        TCase *all = tcase_create("all");                                                          \
        tcase_set_timeout(all, 60);                                                                \
        tcase_add_unchecked_fixture(all, first, last);                                             \
        tcase_add_checked_fixture(all, before, after);                                             \
        for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)                                \
            tcase_add_test(all, tests[i]);                                                         \
        Suite *suite = suite_create(name);                                                         \
        suite_add_tcase(suite, all);                                                               \
        SRunner *runner = srunner_create(suite);                                                   \
        srunner_run_all(runner, CK_NORMAL);                                                        \
        int failed = srunner_ntests_failed(runner);                                                \
        srunner_free(runner);                                                                      \
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;                                               \
    }

#define HOP_SUITE_AROUND(name, before, after, ...)                                                 \
    HOP_SUITE_WITHIN(name, NULL, NULL, before, after, __VA_ARGS__)
#define HOP_SUITE(name, ...) HOP_SUITE_AROUND(name, NULL, NULL, __VA_ARGS__)

#endif
