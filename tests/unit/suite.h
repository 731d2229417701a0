/* SPDX-License-Identifier: Apache-2.0 */
/* The main() of a check program: its tests in a row, one case. */
#ifndef HOP_TEST_SUITE_H
#define HOP_TEST_SUITE_H

#include <check.h>
#include <stdlib.h>

#define HOP_SUITE(name, ...)                                                                       \
    int main(void)                                                                                 \
    {                                                                                              \
        const TTest *tests[] = {__VA_ARGS__};                                                      \
        TCase *all = tcase_create("all");                                                          \
        tcase_set_timeout(all, 60);                                                                \
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

#endif
