/* SPDX-License-Identifier: Apache-2.0 */
/* The failure table of DESIGN 3: every cell as shipped, and every setting in every cell. */
#include "verdict.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum scored { ALLOWED, ASKED, BLOCKED, ACCUSED, FROZEN, NOTHING, INSIDE, OUTSIDE, SCORED_COUNT };

/* What could still be said before the loss is applied. */
static struct hop_verdict before(enum scored scored)
{
    struct hop_verdict verdict = {.scored = true};
    switch (scored) {
    case ALLOWED:
        break;
    case ASKED:
        verdict.action = verdict.own_action = HOP_STEP_UP;
        break;
    case BLOCKED:
        verdict.action = verdict.own_action = HOP_BLOCK;
        break;
    case ACCUSED:
        verdict.action = HOP_STEP_UP;
        verdict.accused = verdict.alert = true;
        break;
    case FROZEN:
        verdict.action = verdict.own_action = HOP_BLOCK;
        verdict.score.floors = HOP_FLOOR_BIT(HOP_FLOOR_FROZEN);
        break;
    case NOTHING:
        return (struct hop_verdict){0};
    case INSIDE:
    case OUTSIDE:
        hop_verdict_bound(scored == INSIDE, "binding", &verdict);
        return verdict;
    case SCORED_COUNT:
        break;
    }
    hop_verdict_because(&verdict, "usual", 0, "as scored");
    return verdict;
}

struct cell {
    enum hop_loss loss;
    enum hop_lane lane;
    enum scored scored;
    enum hop_action action;
    bool alert, deferred;
};

/* Row by row, column by column; several lines where the answer depends on what could be scored. */
static const struct cell cells[] = {
    {HOP_LOSS_FALLBACK, HOP_LANE_ASKED, ALLOWED, HOP_STEP_UP, false, false},
    {HOP_LOSS_FALLBACK, HOP_LANE_ASKED, ASKED, HOP_STEP_UP, false, false},
    {HOP_LOSS_FALLBACK, HOP_LANE_ASKED, BLOCKED, HOP_BLOCK, false, false},
    {HOP_LOSS_FALLBACK, HOP_LANE_UNASKED, ALLOWED, HOP_ALLOW, true, false},
    {HOP_LOSS_FALLBACK, HOP_LANE_UNASKED, ASKED, HOP_BLOCK, true, false},
    {HOP_LOSS_FALLBACK, HOP_LANE_UNASKED, BLOCKED, HOP_BLOCK, true, false},
    {HOP_LOSS_FALLBACK, HOP_LANE_BOUND, INSIDE, HOP_ALLOW, false, false},
    {HOP_LOSS_FALLBACK, HOP_LANE_BOUND, OUTSIDE, HOP_BLOCK, true, false},
    {HOP_LOSS_FALLBACK, HOP_LANE_BREAK_GLASS, NOTHING, HOP_ALLOW, true, false},
    {HOP_LOSS_HISTORY, HOP_LANE_ASKED, NOTHING, HOP_STEP_UP, false, false},
    {HOP_LOSS_HISTORY, HOP_LANE_ASKED, BLOCKED, HOP_STEP_UP, false, false},
    {HOP_LOSS_HISTORY, HOP_LANE_UNASKED, NOTHING, HOP_BLOCK, false, false},
    {HOP_LOSS_HISTORY, HOP_LANE_UNASKED, ALLOWED, HOP_BLOCK, false, false},
    {HOP_LOSS_HISTORY, HOP_LANE_BOUND, INSIDE, HOP_ALLOW, false, false},
    {HOP_LOSS_HISTORY, HOP_LANE_BOUND, OUTSIDE, HOP_BLOCK, true, false},
    {HOP_LOSS_HISTORY, HOP_LANE_BREAK_GLASS, NOTHING, HOP_ALLOW, true, false},
    {HOP_LOSS_GEO, HOP_LANE_ASKED, ALLOWED, HOP_ALLOW, false, false},
    {HOP_LOSS_GEO, HOP_LANE_ASKED, ASKED, HOP_STEP_UP, false, false},
    {HOP_LOSS_GEO, HOP_LANE_ASKED, BLOCKED, HOP_BLOCK, false, false},
    {HOP_LOSS_GEO, HOP_LANE_UNASKED, ALLOWED, HOP_ALLOW, false, false},
    {HOP_LOSS_GEO, HOP_LANE_UNASKED, BLOCKED, HOP_BLOCK, false, false},
    {HOP_LOSS_GEO, HOP_LANE_BOUND, INSIDE, HOP_ALLOW, false, false},
    {HOP_LOSS_GEO, HOP_LANE_BOUND, OUTSIDE, HOP_BLOCK, true, false},
    {HOP_LOSS_GEO, HOP_LANE_BREAK_GLASS, ALLOWED, HOP_ALLOW, false, false},
    {HOP_LOSS_SOURCE, HOP_LANE_ASKED, ALLOWED, HOP_STEP_UP, false, false},
    {HOP_LOSS_SOURCE, HOP_LANE_ASKED, BLOCKED, HOP_STEP_UP, false, false},
    {HOP_LOSS_SOURCE, HOP_LANE_UNASKED, ALLOWED, HOP_BLOCK, false, false},
    {HOP_LOSS_SOURCE, HOP_LANE_BOUND, INSIDE, HOP_BLOCK, false, false},
    {HOP_LOSS_SOURCE, HOP_LANE_BREAK_GLASS, NOTHING, HOP_ALLOW, true, false},
    {HOP_LOSS_KEY, HOP_LANE_ASKED, ALLOWED, HOP_ALLOW, false, false},
    {HOP_LOSS_KEY, HOP_LANE_ASKED, ASKED, HOP_STEP_UP, false, false},
    {HOP_LOSS_KEY, HOP_LANE_UNASKED, ALLOWED, HOP_ALLOW, false, false},
    {HOP_LOSS_KEY, HOP_LANE_UNASKED, ASKED, HOP_STEP_UP, false, false},
    {HOP_LOSS_KEY, HOP_LANE_BOUND, INSIDE, HOP_ALLOW, false, true},
    {HOP_LOSS_KEY, HOP_LANE_BOUND, OUTSIDE, HOP_BLOCK, true, false},
    {HOP_LOSS_KEY, HOP_LANE_BREAK_GLASS, NOTHING, HOP_ALLOW, true, false},
};

START_TEST(a_cell_answers_as_shipped)
{
    const struct cell *cell = &cells[_i];
    struct hop_policy policy = hop_policy_default();
    struct hop_verdict verdict = before(cell->scored);
    hop_verdict_on_loss(&verdict, &policy, cell->loss, cell->lane);
    ck_assert_int_eq(verdict.action, cell->action);
    ck_assert_int_eq(verdict.own_action, cell->action);
    ck_assert(verdict.alert == cell->alert || (cell->scored == OUTSIDE && verdict.alert));
    ck_assert_int_eq(verdict.deferred, cell->deferred);
    ck_assert_uint_eq(verdict.losses, HOP_LOSS_BIT(cell->loss));
}
END_TEST

START_TEST(every_cell_has_a_line)
{
    for (unsigned loss = 0; loss < HOP_LOSS_TABLE_COUNT; loss++) {
        for (unsigned lane = 0; lane < HOP_LANE_COUNT; lane++) {
            size_t at = 0;
            while (cells[at].loss != loss || cells[at].lane != lane) {
                at++;
                ck_assert_uint_lt(at, sizeof cells / sizeof cells[0]);
            }
        }
    }
}
END_TEST

struct outcome {
    enum hop_on on;
    enum scored scored;
    enum hop_action action, own_action;
    bool alert, deferred;
};

static const struct outcome outcomes[] = {
    {HOP_ON_SCORE, ALLOWED, HOP_ALLOW, HOP_ALLOW, false, false},
    {HOP_ON_SCORE, ASKED, HOP_STEP_UP, HOP_STEP_UP, false, false},
    {HOP_ON_SCORE, BLOCKED, HOP_BLOCK, HOP_BLOCK, false, false},
    {HOP_ON_SCORE, ACCUSED, HOP_STEP_UP, HOP_ALLOW, true, false},
    {HOP_ON_SCORE, FROZEN, HOP_BLOCK, HOP_BLOCK, false, false},
    {HOP_ON_SCORE, NOTHING, HOP_STEP_UP, HOP_STEP_UP, false, false},
    {HOP_ON_SCORE_STEP_UP, ALLOWED, HOP_STEP_UP, HOP_STEP_UP, false, false},
    {HOP_ON_SCORE_STEP_UP, ASKED, HOP_STEP_UP, HOP_STEP_UP, false, false},
    {HOP_ON_SCORE_STEP_UP, BLOCKED, HOP_BLOCK, HOP_BLOCK, false, false},
    {HOP_ON_SCORE_STEP_UP, ACCUSED, HOP_STEP_UP, HOP_STEP_UP, true, false},
    {HOP_ON_SCORE_STEP_UP, NOTHING, HOP_STEP_UP, HOP_STEP_UP, false, false},
    {HOP_ON_SCORE_OR_BLOCK, ALLOWED, HOP_ALLOW, HOP_ALLOW, true, false},
    {HOP_ON_SCORE_OR_BLOCK, ASKED, HOP_BLOCK, HOP_BLOCK, true, false},
    {HOP_ON_SCORE_OR_BLOCK, BLOCKED, HOP_BLOCK, HOP_BLOCK, true, false},
    /* an accusation by shared lists alone never blocks */
    {HOP_ON_SCORE_OR_BLOCK, ACCUSED, HOP_STEP_UP, HOP_ALLOW, true, false},
    {HOP_ON_SCORE_OR_BLOCK, NOTHING, HOP_BLOCK, HOP_BLOCK, true, false},
    {HOP_ON_BINDING, INSIDE, HOP_ALLOW, HOP_ALLOW, false, false},
    {HOP_ON_BINDING, OUTSIDE, HOP_BLOCK, HOP_BLOCK, true, false},
    {HOP_ON_BINDING, NOTHING, HOP_STEP_UP, HOP_STEP_UP, false, false},
    {HOP_ON_SESSION, ALLOWED, HOP_ALLOW, HOP_ALLOW, false, true},
    {HOP_ON_SESSION, ASKED, HOP_ALLOW, HOP_ALLOW, false, true},
    {HOP_ON_SESSION, BLOCKED, HOP_ALLOW, HOP_ALLOW, false, true},
    {HOP_ON_SESSION, INSIDE, HOP_ALLOW, HOP_ALLOW, false, true},
    {HOP_ON_SESSION, OUTSIDE, HOP_BLOCK, HOP_BLOCK, true, false},
    {HOP_ON_SESSION, NOTHING, HOP_ALLOW, HOP_ALLOW, false, true},
    {HOP_ON_SESSION, FROZEN, HOP_BLOCK, HOP_BLOCK, false, false},
    {HOP_ON_ALLOW, BLOCKED, HOP_ALLOW, HOP_ALLOW, true, false},
    {HOP_ON_ALLOW, NOTHING, HOP_ALLOW, HOP_ALLOW, true, false},
    {HOP_ON_ALLOW, FROZEN, HOP_BLOCK, HOP_BLOCK, false, false},
    {HOP_ON_STEP_UP, ALLOWED, HOP_STEP_UP, HOP_STEP_UP, false, false},
    {HOP_ON_STEP_UP, BLOCKED, HOP_STEP_UP, HOP_STEP_UP, false, false},
    {HOP_ON_STEP_UP, ACCUSED, HOP_STEP_UP, HOP_STEP_UP, true, false},
    {HOP_ON_STEP_UP, FROZEN, HOP_BLOCK, HOP_BLOCK, false, false},
    {HOP_ON_STEP_UP, NOTHING, HOP_STEP_UP, HOP_STEP_UP, false, false},
    {HOP_ON_BLOCK, ALLOWED, HOP_BLOCK, HOP_BLOCK, false, false},
    {HOP_ON_BLOCK, INSIDE, HOP_BLOCK, HOP_BLOCK, false, false},
    {HOP_ON_BLOCK, NOTHING, HOP_BLOCK, HOP_BLOCK, false, false},
};

START_TEST(a_setting_does_what_it_says_in_every_cell)
{
    const struct outcome *outcome = &outcomes[_i];
    for (unsigned loss = 0; loss < HOP_LOSS_TABLE_COUNT; loss++) {
        for (unsigned lane = 0; lane < HOP_LANE_COUNT; lane++) {
            struct hop_policy policy = hop_policy_default();
            struct hop_verdict verdict = before(outcome->scored);
            policy.on_loss[loss][lane] = outcome->on;
            hop_verdict_on_loss(&verdict, &policy, (enum hop_loss)loss, (enum hop_lane)lane);
            ck_assert_int_eq(verdict.action, outcome->action);
            ck_assert_int_eq(verdict.own_action, outcome->own_action);
            ck_assert_int_eq(verdict.accused, outcome->action > outcome->own_action);
            ck_assert_int_eq(verdict.alert, outcome->alert);
            ck_assert_int_eq(verdict.deferred, outcome->deferred);
        }
    }
}
END_TEST

START_TEST(every_loss_is_marked_and_gives_a_reason)
{
    struct hop_policy policy = hop_policy_default();
    struct hop_verdict verdict = before(ALLOWED);
    unsigned marks = 0;
    for (unsigned loss = 0; loss < HOP_LOSS_COUNT; loss++) {
        size_t reasons = verdict.reason_count;
        marks |= HOP_LOSS_BIT(loss);
        hop_verdict_on_loss(&verdict, &policy, (enum hop_loss)loss, HOP_LANE_ASKED);
        ck_assert_uint_eq(verdict.losses, marks);
        ck_assert_uint_eq(verdict.reason_count, reasons + 1);
        ck_assert_uint_gt(strlen(verdict.reasons[reasons].code), 0);
        ck_assert_uint_gt(strlen(verdict.reasons[reasons].text), 0);
        ck_assert_int_eq(verdict.reasons[reasons].decibits, 0);
    }
}
END_TEST

START_TEST(what_only_degrades_changes_no_action)
{
    static const enum hop_loss marks[] = {HOP_LOSS_CONFIG, HOP_LOSS_CLOCK, HOP_LOSS_RECORD,
                                          HOP_LOSS_RUNTIME};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        for (int scored = ALLOWED; scored < SCORED_COUNT; scored++) {
            struct hop_policy policy = hop_policy_default();
            struct hop_verdict verdict = before((enum scored)scored), was = verdict;
            hop_verdict_on_loss(&verdict, &policy, marks[i], HOP_LANE_UNASKED);
            ck_assert_int_eq(verdict.action, was.action);
            ck_assert_int_eq(verdict.own_action, was.own_action);
            ck_assert_int_eq(verdict.alert, was.alert);
        }
    }
}
END_TEST

START_TEST(a_later_block_ends_the_wait_for_the_session)
{
    struct hop_policy policy = hop_policy_default();
    struct hop_verdict verdict = before(INSIDE);
    hop_verdict_on_loss(&verdict, &policy, HOP_LOSS_KEY, HOP_LANE_BOUND);
    ck_assert(verdict.deferred);
    hop_verdict_on_loss(&verdict, &policy, HOP_LOSS_SOURCE, HOP_LANE_BOUND);
    ck_assert(!verdict.deferred);
    ck_assert_int_eq(verdict.action, HOP_BLOCK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loss");
    TCase *cases_of = tcase_create("loss");
    tcase_add_loop_test(cases_of, a_cell_answers_as_shipped, 0,
                        (int)(sizeof cells / sizeof cells[0]));
    tcase_add_test(cases_of, every_cell_has_a_line);
    tcase_add_loop_test(cases_of, a_setting_does_what_it_says_in_every_cell, 0,
                        (int)(sizeof outcomes / sizeof outcomes[0]));
    tcase_add_test(cases_of, every_loss_is_marked_and_gives_a_reason);
    tcase_add_test(cases_of, what_only_degrades_changes_no_action);
    tcase_add_test(cases_of, a_later_block_ends_the_wait_for_the_session);
    suite_add_tcase(suite, cases_of);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
