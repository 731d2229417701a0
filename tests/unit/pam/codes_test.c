/* SPDX-License-Identifier: Apache-2.0 */
/* The answer table of DESIGN 3, row by row, from verdict to PAM code. */
#include "codes.h"

#include <check.h>
#include <security/pam_modules.h>
#include <stdlib.h>

struct row {
    enum hop_action verdict;
    bool passed;
    int auth_proven, auth_unproven, account, session;
};

static const struct row rows[] = {
    {HOP_ALLOW, false, PAM_SUCCESS, PAM_IGNORE, PAM_SUCCESS, PAM_SUCCESS},
    {HOP_STEP_UP, false, PAM_CRED_INSUFFICIENT, PAM_IGNORE, PAM_PERM_DENIED, PAM_SESSION_ERR},
    {HOP_STEP_UP, true, PAM_CRED_INSUFFICIENT, PAM_IGNORE, PAM_SUCCESS, PAM_SUCCESS},
    {HOP_BLOCK, false, PAM_ACCT_EXPIRED, PAM_ACCT_EXPIRED, PAM_PERM_DENIED, PAM_SESSION_ERR},
    {HOP_BLOCK, true, PAM_ACCT_EXPIRED, PAM_ACCT_EXPIRED, PAM_PERM_DENIED, PAM_SESSION_ERR},
};

static int code_of(const struct row *row, enum hop_mode mode, enum hop_phase phase, bool proven)
{
    struct hop_verdict verdict = {.action = row->verdict, .own_action = row->verdict};
    /* The auth phase decides before any step-up: it never sees one passed. */
    struct hop_moment moment = {.mode = mode,
                                .phase = phase,
                                .lane = HOP_LANE_ASKED,
                                .first_factor_proven = proven,
                                .stepped_up = row->passed && phase != HOP_PHASE_AUTH};
    struct hop_answer answer;
    hop_answer_of(&verdict, &moment, &answer);
    return hop_pam_code(&answer, phase);
}

START_TEST(every_row_of_the_table)
{
    const struct row *row = &rows[_i];
    ck_assert_int_eq(code_of(row, HOP_MODE_ENFORCE, HOP_PHASE_AUTH, true), row->auth_proven);
    ck_assert_int_eq(code_of(row, HOP_MODE_ENFORCE, HOP_PHASE_AUTH, false), row->auth_unproven);
    ck_assert_int_eq(code_of(row, HOP_MODE_ENFORCE, HOP_PHASE_ACCOUNT, true), row->account);
    ck_assert_int_eq(code_of(row, HOP_MODE_ENFORCE, HOP_PHASE_SESSION, true), row->session);
}
END_TEST

START_TEST(observing_never_refuses)
{
    const struct row *row = &rows[_i];
    ck_assert_int_eq(code_of(row, HOP_MODE_OBSERVE, HOP_PHASE_AUTH, true), PAM_SUCCESS);
    ck_assert_int_eq(code_of(row, HOP_MODE_OBSERVE, HOP_PHASE_AUTH, false), PAM_IGNORE);
    ck_assert_int_eq(code_of(row, HOP_MODE_OBSERVE, HOP_PHASE_ACCOUNT, true), PAM_SUCCESS);
    ck_assert_int_eq(code_of(row, HOP_MODE_OBSERVE, HOP_PHASE_SESSION, true), PAM_SUCCESS);
}
END_TEST

START_TEST(mode_step_up_asks_where_it_would_block)
{
    ck_assert_int_eq(code_of(&rows[3], HOP_MODE_STEP_UP, HOP_PHASE_AUTH, true),
                     PAM_CRED_INSUFFICIENT);
    ck_assert_int_eq(code_of(&rows[3], HOP_MODE_STEP_UP, HOP_PHASE_ACCOUNT, true), PAM_PERM_DENIED);
    ck_assert_int_eq(code_of(&rows[4], HOP_MODE_STEP_UP, HOP_PHASE_ACCOUNT, true), PAM_SUCCESS);
}
END_TEST

START_TEST(still_waiting_is_a_refusal)
{
    struct hop_answer answer = {.kind = HOP_ANSWER_WAIT};
    ck_assert_int_eq(hop_pam_code(&answer, HOP_PHASE_AUTH), PAM_ACCT_EXPIRED);
    ck_assert_int_eq(hop_pam_code(&answer, HOP_PHASE_ACCOUNT), PAM_PERM_DENIED);
    ck_assert_int_eq(hop_pam_code(&answer, HOP_PHASE_SESSION), PAM_SESSION_ERR);
}
END_TEST

START_TEST(other_phases_and_answers_are_errors)
{
    struct hop_answer answer = {.kind = HOP_ANSWER_ALLOW};
    ck_assert_int_eq(hop_pam_code(&answer, HOP_PHASE_KEYS), PAM_SYSTEM_ERR);
    answer.kind = HOP_ANSWER_COUNT;
    ck_assert_int_eq(hop_pam_code(&answer, HOP_PHASE_AUTH), PAM_SYSTEM_ERR);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("codes");
    TCase *table = tcase_create("table");
    int count = (int)(sizeof rows / sizeof *rows);
    tcase_add_loop_test(table, every_row_of_the_table, 0, count);
    tcase_add_loop_test(table, observing_never_refuses, 0, count);
    tcase_add_test(table, mode_step_up_asks_where_it_would_block);
    tcase_add_test(table, still_waiting_is_a_refusal);
    tcase_add_test(table, other_phases_and_answers_are_errors);
    suite_add_tcase(suite, table);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
