/* SPDX-License-Identifier: Apache-2.0 */
#include "verdict.h"

#include "date.h"
#include "stage.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TODAY 20780
#define NOON ((int64_t)TODAY * HOP_DAY_SECONDS + 12 * 3600)

static struct stage stage;
static struct hop_verdict verdict;

static void set_up(void)
{
    stage_init(&stage);
    stage.login.time = NOON;
    strcpy(stage.login.tenant, "t1");
    strcpy(stage.login.host, "h");
    strcpy(stage.login.key, "k");
    stage_address(&stage, "192.0.2.10", HOP_ZONE_HOME, NULL);
    stage.login.origin.place = (struct hop_place){.country = "NL", .asn = 7};
    stage_see(&stage, HOP_KIND_COUNTRY, "NL", TODAY - 90, TODAY - 1, 1, false);
    stage_see(&stage, HOP_KIND_ASN, "7", TODAY - 90, TODAY - 1, 1, false);
    stage_see(&stage, HOP_KIND_NET, "192.0.2.0/24", TODAY - 90, TODAY - 1, 1, false);
    stage_see(&stage, HOP_KIND_NODE, "192.0.2.10", TODAY - 90, TODAY - 1, 1, false);
    stage_see(&stage, HOP_KIND_KEY, "k", TODAY - 90, TODAY - 1, 1, false);
    stage_see(&stage, HOP_KIND_TENANT, "t1", TODAY - 90, TODAY - 1, 1, false);
    stage_see(&stage, HOP_KIND_HOST, "t1/h", TODAY - 90, TODAY - 1, 1, false);
    stage_see(&stage, HOP_KIND_HOPPED, "0", TODAY - 90, TODAY - 1, 1, false);
    stage_see(&stage, HOP_KIND_HOUR, "wd12", TODAY - 90, TODAY - 1, 1, false);
}

static void tear_down(void)
{
    stage_done(&stage);
}

static void judge(void)
{
    stage_judge(&stage, &verdict);
}

static void fan_out(void)
{
    stage_touch(&stage, NOON - 600, "a", 60);
    stage_touch(&stage, NOON - 300, "b", 60);
    stage_touch(&stage, NOON - 100, "c", 60);
}

static const struct hop_reason *reason(const char *code)
{
    for (size_t i = 0; i < verdict.reason_count; i++) {
        if (strcmp(verdict.reasons[i].code, code) == 0)
            return &verdict.reasons[i];
    }
    return NULL;
}

START_TEST(a_usual_login_is_allowed_for_one_reason)
{
    judge();
    ck_assert_int_eq(verdict.action, HOP_ALLOW);
    ck_assert_int_eq(verdict.own_action, HOP_ALLOW);
    ck_assert(verdict.scored && !verdict.accused && !verdict.alert && !verdict.deferred);
    ck_assert_uint_eq(verdict.losses, 0);
    ck_assert_uint_eq(verdict.reason_count, 1);
    ck_assert_str_eq(verdict.reasons[0].code, "usual");
    ck_assert_int_lt(verdict.reasons[0].decibits, 0);
}
END_TEST

START_TEST(thresholds_are_inclusive_and_compared_in_decibits)
{
    judge();
    int risk = verdict.score.risk_decibits;
    stage.policy.step_up_at_db = risk;
    stage.policy.block_at_db = risk + 1;
    judge();
    ck_assert_int_eq(verdict.action, HOP_STEP_UP);
    stage.policy.block_at_db = risk;
    judge();
    ck_assert_int_eq(verdict.action, HOP_BLOCK);
    stage.policy.step_up_at_db = stage.policy.block_at_db = risk + 1;
    judge();
    ck_assert_int_eq(verdict.action, HOP_ALLOW);
}
END_TEST

START_TEST(risk_is_rounded_half_away_from_zero)
{
    judge();
    ck_assert_int_eq(verdict.score.risk_decibits, (int)round(verdict.score.risk_bits * 10));
}
END_TEST

START_TEST(a_floor_asks_whatever_the_score)
{
    stage.around.frozen_account = HOP_FREEZE_STEP_UP;
    judge();
    ck_assert_int_eq(verdict.action, HOP_STEP_UP);
    ck_assert_int_eq(verdict.own_action, HOP_STEP_UP);
    ck_assert_ptr_nonnull(reason("frozen"));
    ck_assert_ptr_null(reason("usual"));
}
END_TEST

START_TEST(a_freeze_may_say_block)
{
    enum hop_freeze *freezes[] = {&stage.around.frozen_account, &stage.around.frozen_key,
                                  &stage.around.frozen_source};
    for (int i = 0; i < 3; i++) {
        *freezes[i] = HOP_FREEZE_BLOCK;
        judge();
        ck_assert_int_eq(verdict.action, HOP_BLOCK);
        ck_assert_int_eq(verdict.own_action, HOP_BLOCK);
        *freezes[i] = HOP_FREEZE_NONE;
    }
}
END_TEST

START_TEST(a_freeze_that_blocks_stands_beside_an_accusation)
{
    stage.around.frozen_account = HOP_FREEZE_BLOCK;
    stage.around.key_of_another = true;
    fan_out();
    judge();
    ck_assert_int_eq(verdict.action, HOP_BLOCK);
    ck_assert(!verdict.accused);
}
END_TEST

START_TEST(shared_lists_alone_never_block)
{
    judge();
    stage.policy.step_up_at_db = verdict.score.risk_decibits + 10;
    stage.policy.block_at_db = verdict.score.risk_decibits + 30;
    fan_out();
    judge();
    ck_assert_int_ge(verdict.score.risk_decibits, stage.policy.block_at_db);
    ck_assert_int_eq(verdict.action, HOP_STEP_UP);
    ck_assert_int_eq(verdict.own_action, HOP_ALLOW);
    ck_assert(verdict.accused && verdict.alert);
    ck_assert_ptr_nonnull(reason("accused"));
}
END_TEST

START_TEST(what_is_asked_without_them_is_no_more_than_asked_with_them)
{
    stage.policy.block_at_db = -30;
    strcpy(stage.login.tenant, "t2");
    strcpy(stage.login.key, "other");
    stage.around.key_of_another = true;
    fan_out();
    judge();
    ck_assert_int_ge(verdict.score.risk_decibits, stage.policy.block_at_db);
    ck_assert_int_eq(verdict.action, HOP_STEP_UP);
    ck_assert_int_eq(verdict.own_action, HOP_STEP_UP);
    ck_assert(!verdict.accused && !verdict.alert);
}
END_TEST

START_TEST(what_is_a_block_without_them_stays_one)
{
    stage.policy.block_at_db = -900;
    fan_out();
    judge();
    ck_assert_int_eq(verdict.action, HOP_BLOCK);
    ck_assert_int_eq(verdict.own_action, HOP_BLOCK);
    ck_assert(!verdict.accused && !verdict.alert);
}
END_TEST

START_TEST(the_inventory_cannot_acquit)
{
    stage_address(&stage, "203.0.113.9", HOP_ZONE_INTERNET, NULL);
    strcpy(stage.login.origin.place.country, "CN");
    strcpy(stage.login.key, "other");
    judge();
    struct hop_verdict plain = verdict;
    ck_assert_ptr_nonnull(reason("key-new"));
    stage_address(&stage, "203.0.113.9", HOP_ZONE_TENANT, "t1");
    stage.login.origin.from_inventory = true;
    judge();
    ck_assert_int_ge(verdict.action, plain.action);
    ck_assert_int_eq(verdict.own_action, plain.action);
}
END_TEST

START_TEST(a_scene_without_shared_lists_holds_none_of_them)
{
    struct hop_bare_scene bare;
    stage_address(&stage, "203.0.113.9", HOP_ZONE_TENANT, "t6");
    stage.login.origin.from_inventory = true;
    stage.around.key_of_another = stage.around.touches_flooded = true;
    stage.around.owners_flooded = true;
    stage.around.failures_flooded = true;
    stage_failure(&stage, stage.login.time, HOP_FAILURE_STEP_UP, false);
    stage.around.visits[3] = 7;
    stage.around.frozen_key = HOP_FREEZE_STEP_UP;
    stage.around.team_here = 4;
    fan_out();
    hop_scene_without_shared(&stage.scene, &bare);
    const struct hop_around *around = bare.scene.around;
    ck_assert_ptr_eq(around, &bare.around);
    ck_assert_ptr_eq(bare.scene.login, &bare.login);
    ck_assert_ptr_eq(bare.scene.profile, &stage.profile);
    ck_assert_ptr_null(around->touches);
    ck_assert_uint_eq(around->touch_count, 0);
    ck_assert_ptr_null(around->failures);
    ck_assert(around->failure_count == 0 && !around->failures_flooded);
    ck_assert(!around->key_of_another && !around->touches_flooded && !around->owners_flooded);
    ck_assert_uint_eq(around->visits[3], 0);
    ck_assert_int_eq(around->frozen_key, HOP_FREEZE_STEP_UP);
    ck_assert_double_eq(around->team_here, 4);
    ck_assert_int_eq(bare.login.origin.zone, HOP_ZONE_INTERNET);
    ck_assert_str_eq(bare.login.origin.tenant, "");
    ck_assert_int_eq(stage.login.origin.zone, HOP_ZONE_TENANT);
    ck_assert_uint_eq(stage.around.touch_count, 3);
}
END_TEST

START_TEST(static_networks_stay_in_a_scene_without_shared_lists)
{
    struct hop_bare_scene bare;
    stage_address(&stage, "203.0.113.9", HOP_ZONE_TENANT, "t6");
    hop_scene_without_shared(&stage.scene, &bare);
    ck_assert_int_eq(bare.scene.login->origin.zone, HOP_ZONE_TENANT);
    ck_assert_str_eq(bare.scene.login->origin.tenant, "t6");
}
END_TEST

START_TEST(the_winning_storys_terms_add_up_to_its_log_odds)
{
    static const double share[HOP_STORY_COUNT] = {.35, .25, .20, .20};
    fan_out();
    strcpy(stage.login.origin.place.country, "ES");
    judge();
    double most = -1e9;
    for (int story = 0; story < HOP_STORY_COUNT; story++) {
        double sum = log2(share[story]);
        for (int block = 0; block < HOP_BLOCK_COUNT; block++)
            sum += verdict.score.evidence.terms[story][block];
        ck_assert_double_eq_tol(verdict.score.log_odds[story], sum, 1e-9);
        most = fmax(most, sum);
    }
    ck_assert_double_eq(verdict.score.log_odds[verdict.score.story], most);
}
END_TEST

START_TEST(a_score_is_shown_as_a_percentage)
{
    ck_assert_double_eq(hop_score_percent(0), 50);
    ck_assert_double_eq_tol(hop_score_percent(3.4), 91.3, .1);
    ck_assert_double_eq_tol(hop_score_percent(-60), 0, 1e-9);
    ck_assert_double_eq_tol(hop_score_percent(2000), 100, 1e-9);
    ck_assert_double_eq_tol(hop_score_percent(-2000), 0, 1e-9);
}
END_TEST

START_TEST(reasons_come_heaviest_first_then_floors_then_what_was_lost)
{
    strcpy(stage.login.tenant, "t2");
    stage_address(&stage, "10.6.0.1", HOP_ZONE_TENANT, "t6");
    stage.login.origin.place.asn = 64518;
    judge();
    hop_verdict_on_loss(&verdict, &stage.policy, HOP_LOSS_GEO, HOP_LANE_ASKED);
    ck_assert_uint_ge(verdict.reason_count, 5);
    ck_assert_str_eq(verdict.reasons[0].code, "hop");
    ck_assert_str_eq(verdict.reasons[0].text, "source inside tenant t6");
    for (size_t i = 1; i < verdict.reason_count; i++)
        ck_assert_int_ge(verdict.reasons[i - 1].decibits, verdict.reasons[i].decibits);
    ck_assert_str_eq(verdict.reasons[verdict.reason_count - 2].code, "hop-new");
    ck_assert_str_eq(verdict.reasons[verdict.reason_count - 1].code, "geo-lost");
    ck_assert_str_eq(reason("asn-new")->text, "AS64518 new");
    ck_assert_str_eq(reason("tenant-new")->text, "tenant t2 never used");
}
END_TEST

START_TEST(the_first_unknown_part_of_an_origin_is_named)
{
    strcpy(stage.login.tenant, "t9");
    stage_address(&stage, "192.0.2.99", HOP_ZONE_INTERNET, NULL);
    stage.policy.block_at_db = -900;
    judge();
    ck_assert_str_eq(reason("address-new")->text, "address 192.0.2.99 new");
    stage_address(&stage, "198.51.100.9", HOP_ZONE_INTERNET, NULL);
    judge();
    ck_assert_str_eq(reason("net-new")->text, "network 198.51.100.0/24 new");
    stage.login.origin.place.asn = 0;
    judge();
    ck_assert_str_eq(reason("asn-new")->text, "network operator unknown");
    strcpy(stage.login.origin.place.country, "CN");
    stage.login.origin.place.kind = HOP_PLACE_HOSTING;
    judge();
    ck_assert_str_eq(reason("country-new")->text, "country CN new, in a hosting network");
    stage.login.origin.place.country[0] = '\0';
    judge();
    ck_assert_str_eq(reason("country-new")->text, "country unknown, in a hosting network");
}
END_TEST

START_TEST(names_in_sentences_are_plain_and_short)
{
    char host[HOP_NAME_MAX + 1];
    memset(host, 'x', sizeof host - 1);
    host[0] = '\n';
    host[1] = '"';
    host[2] = '\x1b';
    host[sizeof host - 1] = '\0';
    strcpy(stage.login.host, host);
    stage.policy.step_up_at_db = -900;
    stage_see(&stage, HOP_KIND_TENANT, "t3", TODAY - 90, TODAY - 1, 1, false);
    stage.around.org_here = 1000;
    stage.around.org_total = 1000;
    judge();
    const struct hop_reason *told = reason("host-new");
    ck_assert_ptr_nonnull(told);
    ck_assert_int_eq(strncmp(told->text, "host \\x0a\"\\x1bxxx", 15), 0);
    ck_assert_uint_lt(strlen(told->text), HOP_REASON_TEXT_MAX);
    for (const char *c = told->text; *c; c++)
        ck_assert(*c >= ' ' && *c <= '~');
}
END_TEST

START_TEST(more_reasons_than_there_is_room_for_are_left_out)
{
    struct hop_verdict full = {0};
    char text[2 * HOP_REASON_TEXT_MAX];
    memset(text, 'y', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (int i = 0; i < HOP_REASONS_MAX + 3; i++)
        hop_verdict_because(&full, text, i, "%s", text);
    ck_assert_uint_eq(full.reason_count, HOP_REASONS_MAX);
    ck_assert_uint_eq(strlen(full.reasons[0].text), HOP_REASON_TEXT_MAX - 1);
    ck_assert_uint_eq(strlen(full.reasons[0].code), HOP_CODE_MAX - 1);
    ck_assert_int_eq(full.reasons[HOP_REASONS_MAX - 1].decibits, HOP_REASONS_MAX - 1);
}
END_TEST

static void permit_for_two_hours(void)
{
    stage.around.permit = (struct hop_permit){.id = "01JD8Z0M2N3P4Q5R6S7T8V9WXY",
                                              .since = 1000000,
                                              .until = 1007200,
                                              .author = "piet",
                                              .why = "phone lost"};
}

static const char *permit_reason(int64_t now)
{
    static const char *const codes[] = {"permit", "permit-over", "permit-void"};
    stage.policy.step_up_at_db = -600;
    judge();
    hop_verdict_permit(&verdict, &stage.around, now);
    for (int i = 0; i < 3; i++)
        if (reason(codes[i]))
            return codes[i];
    return "none";
}

START_TEST(a_permit_holds_in_its_time_only)
{
    static const struct {
        int64_t now;
        const char *reason;
    } moments[] = {{1000000, "permit"},       {1007199, "permit"},     {1007200, "permit-over"},
                   {1000000 - 300, "permit"}, {999699, "permit-over"}, {0, "permit-over"}};
    permit_for_two_hours();
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        ck_assert_str_eq(permit_reason(moments[i].now), moments[i].reason);
        bool holds = strcmp(moments[i].reason, "permit") == 0;
        ck_assert_int_eq(verdict.permit[0] != '\0', holds);
        ck_assert_int_eq(verdict.action, HOP_STEP_UP);
    }
    ck_assert_str_eq(permit_reason(1000000), "permit");
    ck_assert_str_eq(reason("permit")->text, "permitted by piet, phone lost");
}
END_TEST

START_TEST(a_permit_for_longer_than_a_day_is_none)
{
    permit_for_two_hours();
    stage.around.permit.until = 1000000 + HOP_PERMIT_SECONDS_MAX;
    ck_assert_str_eq(permit_reason(1000001), "permit");
    stage.around.permit.until++;
    ck_assert_str_eq(permit_reason(1000001), "permit-over");
    stage.around.permit.until = stage.around.permit.since;
    ck_assert_str_eq(permit_reason(1000000), "permit-over");
}
END_TEST

START_TEST(any_freeze_is_stronger_than_a_permit)
{
    enum hop_freeze *freezes[] = {&stage.around.frozen_account, &stage.around.frozen_key,
                                  &stage.around.frozen_source};
    permit_for_two_hours();
    for (int i = 0; i < 3; i++) {
        *freezes[i] = HOP_FREEZE_STEP_UP;
        ck_assert_str_eq(permit_reason(1000001), "permit-void");
        ck_assert_str_eq(verdict.permit, "");
        *freezes[i] = HOP_FREEZE_NONE;
    }
}
END_TEST

START_TEST(a_changed_key_ends_a_permit)
{
    permit_for_two_hours();
    ck_assert_str_eq(permit_reason(1000001), "permit");
    hop_verdict_key_changed(&verdict);
    ck_assert_str_eq(verdict.permit, "");
}
END_TEST

START_TEST(the_same_scene_yields_the_same_verdict)
{
    struct hop_verdict again;
    fan_out();
    judge();
    stage_judge(&stage, &again);
    ck_assert_int_eq(again.score.risk_decibits, verdict.score.risk_decibits);
    ck_assert(again.score.risk_bits == verdict.score.risk_bits);
    ck_assert_uint_eq(again.reason_count, verdict.reason_count);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("verdict");
    TCase *cases = tcase_create("verdict");
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, a_usual_login_is_allowed_for_one_reason);
    tcase_add_test(cases, thresholds_are_inclusive_and_compared_in_decibits);
    tcase_add_test(cases, risk_is_rounded_half_away_from_zero);
    tcase_add_test(cases, a_floor_asks_whatever_the_score);
    tcase_add_test(cases, a_freeze_may_say_block);
    tcase_add_test(cases, a_freeze_that_blocks_stands_beside_an_accusation);
    tcase_add_test(cases, shared_lists_alone_never_block);
    tcase_add_test(cases, what_is_asked_without_them_is_no_more_than_asked_with_them);
    tcase_add_test(cases, what_is_a_block_without_them_stays_one);
    tcase_add_test(cases, the_inventory_cannot_acquit);
    tcase_add_test(cases, a_scene_without_shared_lists_holds_none_of_them);
    tcase_add_test(cases, static_networks_stay_in_a_scene_without_shared_lists);
    tcase_add_test(cases, the_winning_storys_terms_add_up_to_its_log_odds);
    tcase_add_test(cases, a_score_is_shown_as_a_percentage);
    tcase_add_test(cases, reasons_come_heaviest_first_then_floors_then_what_was_lost);
    tcase_add_test(cases, the_first_unknown_part_of_an_origin_is_named);
    tcase_add_test(cases, names_in_sentences_are_plain_and_short);
    tcase_add_test(cases, more_reasons_than_there_is_room_for_are_left_out);
    tcase_add_test(cases, a_permit_holds_in_its_time_only);
    tcase_add_test(cases, a_permit_for_longer_than_a_day_is_none);
    tcase_add_test(cases, any_freeze_is_stronger_than_a_permit);
    tcase_add_test(cases, a_changed_key_ends_a_permit);
    tcase_add_test(cases, the_same_scene_yields_the_same_verdict);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
