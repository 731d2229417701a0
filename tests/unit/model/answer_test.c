/* SPDX-License-Identifier: Apache-2.0 */
/* The answer table of DESIGN 3, modes, lanes, and what is learned. */
#include "answer.h"

#include <check.h>
#include <stdlib.h>

static struct hop_verdict verdict_of(enum hop_action action)
{
    return (struct hop_verdict){.scored = true, .action = action, .own_action = action};
}

static struct hop_verdict accused(void)
{
    return (struct hop_verdict){.scored = true,
                                .action = HOP_STEP_UP,
                                .own_action = HOP_ALLOW,
                                .accused = true,
                                .alert = true};
}

static struct hop_moment moment_of(enum hop_phase phase)
{
    return (struct hop_moment){.mode = HOP_MODE_ENFORCE,
                               .phase = phase,
                               .lane = HOP_LANE_ASKED,
                               .first_factor_proven = true};
}

static struct hop_answer answer(struct hop_verdict verdict, struct hop_moment moment)
{
    struct hop_answer answered;
    hop_answer_of(&verdict, &moment, &answered);
    return answered;
}

struct row {
    enum hop_action action;
    enum hop_phase phase;
    bool proven, stepped_up;
    enum hop_answer_kind kind;
};

static const struct row rows[] = {
    {HOP_ALLOW, HOP_PHASE_AUTH, true, false, HOP_ANSWER_ALLOW},
    {HOP_ALLOW, HOP_PHASE_AUTH, false, false, HOP_ANSWER_ABSTAIN},
    {HOP_ALLOW, HOP_PHASE_ACCOUNT, true, false, HOP_ANSWER_ALLOW},
    {HOP_ALLOW, HOP_PHASE_ACCOUNT, false, false, HOP_ANSWER_ALLOW},
    {HOP_ALLOW, HOP_PHASE_SESSION, true, false, HOP_ANSWER_ALLOW},
    {HOP_STEP_UP, HOP_PHASE_AUTH, true, false, HOP_ANSWER_STEP_UP},
    {HOP_STEP_UP, HOP_PHASE_AUTH, false, false, HOP_ANSWER_ABSTAIN},
    {HOP_STEP_UP, HOP_PHASE_ACCOUNT, true, false, HOP_ANSWER_REFUSE},
    {HOP_STEP_UP, HOP_PHASE_ACCOUNT, true, true, HOP_ANSWER_ALLOW},
    {HOP_STEP_UP, HOP_PHASE_SESSION, true, false, HOP_ANSWER_REFUSE},
    {HOP_STEP_UP, HOP_PHASE_SESSION, true, true, HOP_ANSWER_ALLOW},
    {HOP_BLOCK, HOP_PHASE_AUTH, true, false, HOP_ANSWER_BLOCK},
    {HOP_BLOCK, HOP_PHASE_AUTH, false, false, HOP_ANSWER_BLOCK},
    {HOP_BLOCK, HOP_PHASE_ACCOUNT, true, true, HOP_ANSWER_BLOCK},
    {HOP_BLOCK, HOP_PHASE_SESSION, true, true, HOP_ANSWER_BLOCK},
    {HOP_ALLOW, HOP_PHASE_KEYS, false, false, HOP_ANSWER_ALLOW},
    {HOP_STEP_UP, HOP_PHASE_KEYS, false, false, HOP_ANSWER_STEP_UP},
    {HOP_BLOCK, HOP_PHASE_KEYS, false, false, HOP_ANSWER_BLOCK},
    {HOP_STEP_UP, HOP_PHASE_REPLAY, false, false, HOP_ANSWER_STEP_UP},
    {HOP_STEP_UP, HOP_PHASE_EXPLAIN, false, false, HOP_ANSWER_STEP_UP},
};

START_TEST(a_row_of_the_answer_table_holds)
{
    const struct row *row = &rows[_i];
    struct hop_moment moment = moment_of(row->phase);
    moment.first_factor_proven = row->proven;
    moment.stepped_up = row->stepped_up;
    struct hop_answer got = answer(verdict_of(row->action), moment);
    ck_assert_int_eq(got.kind, row->kind);
    ck_assert_int_eq(got.action, row->action);
    ck_assert_int_eq(got.alert, row->action == HOP_BLOCK);
}
END_TEST

START_TEST(a_verified_key_has_passed_its_step_up)
{
    static const enum hop_phase phases[] = {HOP_PHASE_AUTH, HOP_PHASE_ACCOUNT, HOP_PHASE_SESSION};
    for (size_t i = 0; i < sizeof phases / sizeof *phases; i++) {
        struct hop_moment moment = moment_of(phases[i]);
        moment.key_verified = true;
        struct hop_answer answered = answer(verdict_of(HOP_STEP_UP), moment);
        ck_assert_int_eq(answered.kind, HOP_ANSWER_ALLOW);
        ck_assert_int_eq(answered.action, HOP_STEP_UP);
        ck_assert_int_eq(answer(verdict_of(HOP_BLOCK), moment).kind, HOP_ANSWER_BLOCK);
        moment.lane = HOP_LANE_UNASKED;
        ck_assert_int_eq(answer(verdict_of(HOP_STEP_UP), moment).kind, HOP_ANSWER_ALLOW);
    }
    struct hop_moment unproven = moment_of(HOP_PHASE_AUTH);
    unproven.key_verified = true;
    unproven.first_factor_proven = false;
    ck_assert_int_eq(answer(verdict_of(HOP_STEP_UP), unproven).kind, HOP_ANSWER_ABSTAIN);
}
END_TEST

START_TEST(observe_allows_everything_and_still_tells)
{
    for (int action = HOP_ALLOW; action < HOP_ACTION_COUNT; action++) {
        for (int phase = 0; phase < HOP_PHASE_COUNT; phase++) {
            struct hop_moment moment = moment_of((enum hop_phase)phase);
            moment.mode = HOP_MODE_OBSERVE;
            struct hop_answer got = answer(verdict_of((enum hop_action)action), moment);
            ck_assert_int_eq(got.kind, HOP_ANSWER_ALLOW);
            ck_assert_int_eq(got.action, HOP_ALLOW);
            ck_assert_int_eq(got.alert, action == HOP_BLOCK);
        }
    }
}
END_TEST

START_TEST(observe_without_a_first_factor_lets_nobody_skip_it)
{
    struct hop_moment moment = moment_of(HOP_PHASE_AUTH);
    moment.mode = HOP_MODE_OBSERVE;
    moment.first_factor_proven = false;
    ck_assert_int_eq(answer(verdict_of(HOP_BLOCK), moment).kind, HOP_ANSWER_ABSTAIN);
    ck_assert_int_eq(answer(verdict_of(HOP_ALLOW), moment).kind, HOP_ANSWER_ABSTAIN);
}
END_TEST

START_TEST(step_up_mode_asks_instead_of_blocking)
{
    struct hop_moment moment = moment_of(HOP_PHASE_AUTH);
    moment.mode = HOP_MODE_STEP_UP;
    ck_assert_int_eq(answer(verdict_of(HOP_BLOCK), moment).kind, HOP_ANSWER_STEP_UP);
    ck_assert_int_eq(answer(verdict_of(HOP_BLOCK), moment).action, HOP_STEP_UP);
    ck_assert(answer(verdict_of(HOP_BLOCK), moment).alert);
    ck_assert_int_eq(answer(verdict_of(HOP_STEP_UP), moment).kind, HOP_ANSWER_STEP_UP);
    ck_assert_int_eq(answer(verdict_of(HOP_ALLOW), moment).kind, HOP_ANSWER_ALLOW);
    moment.phase = HOP_PHASE_ACCOUNT;
    ck_assert_int_eq(answer(verdict_of(HOP_BLOCK), moment).kind, HOP_ANSWER_REFUSE);
}
END_TEST

START_TEST(who_cannot_be_asked_is_not_refused_on_shared_lists_alone)
{
    struct hop_moment moment = moment_of(HOP_PHASE_ACCOUNT);
    moment.lane = HOP_LANE_UNASKED;
    struct hop_answer got = answer(accused(), moment);
    ck_assert_int_eq(got.kind, HOP_ANSWER_ALLOW);
    ck_assert_int_eq(got.action, HOP_ALLOW);
    ck_assert(got.alert);
    moment = moment_of(HOP_PHASE_AUTH);
    got = answer(accused(), moment);
    ck_assert_int_eq(got.kind, HOP_ANSWER_STEP_UP);
    ck_assert(!got.alert);
}
END_TEST

START_TEST(who_cannot_be_asked_is_refused_on_this_hosts_own_word)
{
    struct hop_moment moment = moment_of(HOP_PHASE_ACCOUNT);
    moment.lane = HOP_LANE_UNASKED;
    ck_assert_int_eq(answer(verdict_of(HOP_STEP_UP), moment).kind, HOP_ANSWER_REFUSE);
    ck_assert(!answer(verdict_of(HOP_STEP_UP), moment).alert);
}
END_TEST

START_TEST(break_glass_opens_and_is_told_aloud)
{
    struct hop_verdict verdict;
    struct hop_moment moment = moment_of(HOP_PHASE_ACCOUNT);
    moment.lane = HOP_LANE_BREAK_GLASS;
    hop_verdict_break_glass(&verdict);
    struct hop_answer got = answer(verdict, moment);
    ck_assert_int_eq(got.kind, HOP_ANSWER_ALLOW);
    ck_assert(got.alert);
    ck_assert(!verdict.scored);
    ck_assert_str_eq(verdict.reasons[0].code, "break-glass");
}
END_TEST

START_TEST(automation_is_never_asked)
{
    struct hop_verdict inside, outside;
    struct hop_moment moment = moment_of(HOP_PHASE_ACCOUNT);
    moment.lane = HOP_LANE_BOUND;
    hop_verdict_bound(true, "inside its binding", &inside);
    hop_verdict_bound(false, "source 10.1.2.3\n is not bound", &outside);
    ck_assert_int_eq(answer(inside, moment).kind, HOP_ANSWER_ALLOW);
    ck_assert(!answer(inside, moment).alert);
    ck_assert_int_eq(answer(outside, moment).kind, HOP_ANSWER_BLOCK);
    ck_assert(answer(outside, moment).alert);
    ck_assert_str_eq(outside.reasons[0].code, "outside-binding");
    ck_assert_str_eq(outside.reasons[0].text, "source 10.1.2.3\\x0a is not bound");
}
END_TEST

START_TEST(a_deferred_verdict_is_decided_by_the_session)
{
    struct hop_verdict verdict = verdict_of(HOP_ALLOW);
    struct hop_moment moment = moment_of(HOP_PHASE_ACCOUNT);
    verdict.deferred = true;
    ck_assert_int_eq(answer(verdict, moment).kind, HOP_ANSWER_ALLOW);
    moment.phase = HOP_PHASE_SESSION; /* still no key, and nobody judges after */
    ck_assert_int_eq(answer(verdict, moment).kind, HOP_ANSWER_BLOCK);
    ck_assert(answer(verdict, moment).alert);
    ck_assert(!hop_lesson_of(&verdict, &moment).learn);
    moment.mode = HOP_MODE_OBSERVE;
    ck_assert_int_eq(answer(verdict, moment).kind, HOP_ANSWER_ALLOW);
}
END_TEST

static void assert_lesson(struct hop_verdict verdict, struct hop_moment moment, bool learn,
                          bool confirmed)
{
    struct hop_lesson lesson = hop_lesson_of(&verdict, &moment);
    ck_assert_int_eq(lesson.learn, learn);
    ck_assert_int_eq(lesson.confirmed, confirmed);
}

START_TEST(an_allowed_login_is_learned_unconfirmed)
{
    assert_lesson(verdict_of(HOP_ALLOW), moment_of(HOP_PHASE_SESSION), true, false);
}
END_TEST

START_TEST(a_stepped_up_login_is_learned_only_if_passed_and_then_confirmed)
{
    struct hop_moment moment = moment_of(HOP_PHASE_SESSION);
    assert_lesson(verdict_of(HOP_STEP_UP), moment, false, false);
    moment.stepped_up = true;
    assert_lesson(verdict_of(HOP_STEP_UP), moment, true, true);
    moment.phase = HOP_PHASE_REPLAY;
    assert_lesson(verdict_of(HOP_STEP_UP), moment, true, true);
    assert_lesson(verdict_of(HOP_BLOCK), moment, false, false);
    moment.mode = HOP_MODE_STEP_UP; /* there a block is a step-up */
    assert_lesson(verdict_of(HOP_BLOCK), moment, true, true);
}
END_TEST

START_TEST(a_blocked_login_is_never_learned)
{
    assert_lesson(verdict_of(HOP_BLOCK), moment_of(HOP_PHASE_SESSION), false, false);
}
END_TEST

START_TEST(observe_learns_everything_unconfirmed)
{
    struct hop_moment moment = moment_of(HOP_PHASE_SESSION);
    moment.mode = HOP_MODE_OBSERVE;
    for (int action = HOP_ALLOW; action < HOP_ACTION_COUNT; action++) {
        moment.stepped_up = action == HOP_STEP_UP;
        assert_lesson(verdict_of((enum hop_action)action), moment, true, false);
    }
}
END_TEST

START_TEST(those_let_in_unasked_are_learned_unconfirmed)
{
    struct hop_moment moment = moment_of(HOP_PHASE_SESSION);
    struct hop_verdict verdict;
    moment.lane = HOP_LANE_UNASKED;
    assert_lesson(accused(), moment, true, false);
    moment.lane = HOP_LANE_BREAK_GLASS;
    hop_verdict_break_glass(&verdict);
    assert_lesson(verdict, moment, true, false);
    moment.lane = HOP_LANE_BOUND;
    hop_verdict_bound(true, "inside", &verdict);
    assert_lesson(verdict, moment, true, false);
}
END_TEST

static struct hop_verdict permitted(enum hop_action action)
{
    struct hop_verdict verdict = verdict_of(action);
    hop_string_copy(verdict.permit, sizeof verdict.permit, "01JD8Z0M2N3P4Q5R6S7T8V9WXY");
    return verdict;
}

START_TEST(a_permit_lets_in_what_would_be_refused_or_asked_and_is_told_aloud)
{
    for (int lane = 0; lane < HOP_LANE_COUNT; lane++) {
        for (int phase = 0; phase < HOP_PHASE_COUNT; phase++) {
            for (int action = HOP_STEP_UP; action < HOP_ACTION_COUNT; action++) {
                struct hop_moment moment = moment_of((enum hop_phase)phase);
                moment.lane = (enum hop_lane)lane;
                struct hop_answer got = answer(permitted((enum hop_action)action), moment);
                ck_assert_int_eq(got.kind, HOP_ANSWER_ALLOW);
                ck_assert_int_eq(got.action, HOP_ALLOW);
                ck_assert(got.alert && got.permitted);
                moment.mode = HOP_MODE_STEP_UP;
                got = answer(permitted((enum hop_action)action), moment);
                ck_assert(got.kind == HOP_ANSWER_ALLOW && got.alert && got.permitted);
            }
        }
    }
}
END_TEST

START_TEST(a_permit_is_not_needed_for_what_is_let_in_anyway)
{
    struct hop_moment moment = moment_of(HOP_PHASE_ACCOUNT);
    struct hop_answer got = answer(permitted(HOP_ALLOW), moment);
    ck_assert(got.kind == HOP_ANSWER_ALLOW && !got.alert && !got.permitted);
    moment.mode = HOP_MODE_OBSERVE;
    got = answer(permitted(HOP_STEP_UP), moment);
    ck_assert(got.kind == HOP_ANSWER_ALLOW && !got.alert && !got.permitted);
}
END_TEST

START_TEST(a_permit_spares_nobody_the_first_factor)
{
    struct hop_moment moment = moment_of(HOP_PHASE_AUTH);
    moment.first_factor_proven = false;
    ck_assert_int_eq(answer(permitted(HOP_BLOCK), moment).kind, HOP_ANSWER_ABSTAIN);
}
END_TEST

START_TEST(a_permit_does_not_replace_the_key_that_is_waited_for)
{
    struct hop_moment moment = moment_of(HOP_PHASE_SESSION);
    struct hop_verdict verdict = permitted(HOP_ALLOW);
    verdict.deferred = true;
    ck_assert_int_eq(answer(verdict, moment).kind, HOP_ANSWER_BLOCK);
}
END_TEST

START_TEST(a_permitted_login_is_not_learned)
{
    struct hop_moment moment = moment_of(HOP_PHASE_SESSION);
    assert_lesson(permitted(HOP_BLOCK), moment, false, false);
    assert_lesson(permitted(HOP_STEP_UP), moment, false, false);
    assert_lesson(permitted(HOP_ALLOW), moment, true, false);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("answer");
    TCase *cases = tcase_create("answer");
    tcase_add_loop_test(cases, a_row_of_the_answer_table_holds, 0,
                        (int)(sizeof rows / sizeof rows[0]));
    tcase_add_test(cases, a_verified_key_has_passed_its_step_up);
    tcase_add_test(cases, observe_allows_everything_and_still_tells);
    tcase_add_test(cases, observe_without_a_first_factor_lets_nobody_skip_it);
    tcase_add_test(cases, step_up_mode_asks_instead_of_blocking);
    tcase_add_test(cases, who_cannot_be_asked_is_not_refused_on_shared_lists_alone);
    tcase_add_test(cases, who_cannot_be_asked_is_refused_on_this_hosts_own_word);
    tcase_add_test(cases, break_glass_opens_and_is_told_aloud);
    tcase_add_test(cases, automation_is_never_asked);
    tcase_add_test(cases, a_deferred_verdict_is_decided_by_the_session);
    tcase_add_test(cases, an_allowed_login_is_learned_unconfirmed);
    tcase_add_test(cases, a_stepped_up_login_is_learned_only_if_passed_and_then_confirmed);
    tcase_add_test(cases, a_blocked_login_is_never_learned);
    tcase_add_test(cases, observe_learns_everything_unconfirmed);
    tcase_add_test(cases, those_let_in_unasked_are_learned_unconfirmed);
    tcase_add_test(cases, a_permit_lets_in_what_would_be_refused_or_asked_and_is_told_aloud);
    tcase_add_test(cases, a_permit_is_not_needed_for_what_is_let_in_anyway);
    tcase_add_test(cases, a_permit_spares_nobody_the_first_factor);
    tcase_add_test(cases, a_permit_does_not_replace_the_key_that_is_waited_for);
    tcase_add_test(cases, a_permitted_login_is_not_learned);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
