/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold for any scene: random ones, from a fixed seed. */
#include "answer.h"
#include "date.h"
#include "parts.h"
#include "stage.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 250
#define TODAY 20780

static uint64_t seed;

static uint32_t draw(uint32_t below)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33) % below;
}

static const char *pick(const char *const *words, uint32_t count)
{
    return words[draw(count)];
}

static const char *const countries[] = {"NL", "DE", "CN", "unknown"};
static const char *const asns[] = {"7", "33915", "4134", "unknown"};
static const char *const nets[] = {"84.24.10.0/24", "192.0.2.0/24", "10.6.0.0/24"};
static const char *const nodes[] = {"84.24.10.7", "192.0.2.10", "10.6.0.1"};
static const char *const tenants[] = {"t1", "t2", "t3", "t6"};
static const char *const hosts[] = {"t1/h", "t2/h", "t6/h", "t6/g"};
static const char *const keys[] = {"k1", "k2", "k3"};
static const char *const edges[] = {"t6/t1", "t6/t2", "t1/t6"};
static const char *const hopped[] = {"0", "1"};
static const char *const hours[] = {"wd09", "wd14", "we03", "wd23"};

static const struct {
    const char *const *words;
    uint32_t count;
} values[HOP_KIND_COUNT] = {
    [HOP_KIND_COUNTRY] = {countries, 4}, [HOP_KIND_ASN] = {asns, 4},
    [HOP_KIND_NET] = {nets, 3},          [HOP_KIND_NODE] = {nodes, 3},
    [HOP_KIND_KEY] = {keys, 3},          [HOP_KIND_TENANT] = {tenants, 4},
    [HOP_KIND_HOST] = {hosts, 4},        [HOP_KIND_EDGE] = {edges, 3},
    [HOP_KIND_HOPPED] = {hopped, 2},     [HOP_KIND_HOUR] = {hours, 4},
};

static void random_origin(struct stage *stage)
{
    struct hop_place *place = &stage->login.origin.place;
    const char *country = pick(countries, 4);
    stage_address(stage, pick(nodes, 3), (enum hop_zone)(1 + draw(3)), "");
    if (stage->login.origin.zone == HOP_ZONE_TENANT)
        strcpy(stage->login.origin.tenant, pick(tenants, 4));
    if (strlen(country) == 2)
        strcpy(place->country, country);
    place->asn = draw(3) ? 33915 : 4134;
    place->kind = (enum hop_place_kind)draw(HOP_PLACE_COUNT);
    place->has_point = draw(4) != 0;
    place->latitude = (double)draw(180) - 90;
    place->longitude = (double)draw(360) - 180;
}

static void random_profile(struct stage *stage)
{
    for (int kind = 0; kind < HOP_KIND_COUNT; kind++) {
        for (uint32_t i = draw(4); i > 0; i--) {
            int32_t first = TODAY - 1 - (int32_t)draw(draw(2) ? 400 : 20);
            stage_see(stage, (enum hop_kind)kind, pick(values[kind].words, values[kind].count),
                      first, first + (int32_t)draw((uint32_t)(TODAY - first)), 1 + (int)draw(7),
                      draw(8) == 0);
        }
    }
    struct hop_last *last = &stage->profile.last;
    last->time = stage->login.time - 60 * (int64_t)draw(3000);
    last->zone = draw(3) ? HOP_ZONE_INTERNET : HOP_ZONE_HOME;
    last->place = stage->login.origin.place;
    last->place.latitude = (double)draw(180) - 90;
    stage->profile.step_up_time = draw(3) ? 0 : stage->login.time - draw(90000);
}

/* One draw at a time: the order of arguments is the compiler's. */
static void one_more_failure(struct stage *stage)
{
    int64_t age = draw(8000);
    enum hop_failure_kind kind = (enum hop_failure_kind)draw(2);
    stage_failure(stage, stage->login.time - age, kind, draw(2));
}

static void random_around(struct stage *stage)
{
    struct hop_around *around = &stage->around;
    around->tenants = 1 + draw(100);
    around->team_here = draw(5);
    around->team_total = around->team_here + draw(30);
    around->org_here = around->team_here + draw(10);
    around->org_total = around->org_here + around->team_total + draw(100);
    around->key_of_another = draw(8) == 0;
    around->touches_flooded = draw(20) == 0;
    around->owners_flooded = draw(20) == 0;
    stage->login.origin.from_inventory =
        stage->login.origin.zone == HOP_ZONE_TENANT && draw(3) == 0;
    for (uint32_t i = draw(6); i > 0; i--)
        stage_touch(stage, stage->login.time - draw(90000), pick(tenants, 4), (int)draw(141) - 70);
    for (uint32_t i = draw(4); i > 0; i--)
        one_more_failure(stage);
    around->failures_flooded = draw(40) == 0;
    for (uint32_t i = draw(HOP_VISIT_MONTHS); i > 0; i--)
        around->visits[i] = draw(60);
    around->frozen_key = draw(16) == 0 ? HOP_FREEZE_BLOCK : HOP_FREEZE_NONE;
}

static void random_stage(struct stage *stage)
{
    stage_init(stage);
    stage->login.time = (int64_t)TODAY * HOP_DAY_SECONDS + draw(HOP_DAY_SECONDS);
    strcpy(stage->login.tenant, pick(tenants, 4));
    strcpy(stage->login.tenant_tag, stage->login.tenant);
    strcpy(stage->login.host, "h");
    strcpy(stage->login.key, pick(keys, 3));
    random_origin(stage);
    random_profile(stage);
    random_around(stage);
    stage->scene.witness_is_home = draw(2);
    stage->scene.strict = draw(4) == 0;
}

START_TEST(every_score_is_finite_and_every_sentence_short)
{
    seed = 1;
    for (int i = 0; i < ROUNDS; i++) {
        struct stage stage;
        struct hop_verdict verdict;
        random_stage(&stage);
        stage_judge(&stage, &verdict);
        ck_assert(isfinite(verdict.score.risk_bits));
        ck_assert(verdict.reason_count > 0);
        ck_assert(verdict.own_action <= verdict.action);
        for (size_t r = 0; r < verdict.reason_count; r++) {
            int words = 1;
            for (const char *c = verdict.reasons[r].text; *c; c++)
                words += *c == ' ';
            ck_assert_int_le(words, 12);
        }
        stage_done(&stage);
    }
}
END_TEST

START_TEST(shared_lists_accuse_and_never_acquit_nor_block_alone)
{
    seed = 2;
    for (int i = 0; i < ROUNDS; i++) {
        struct stage stage;
        struct hop_bare_scene bare;
        struct hop_verdict with, without;
        random_stage(&stage);
        stage_judge(&stage, &with);
        hop_scene_without_shared(&stage.scene, &bare);
        hop_verdict_of(&bare.scene, &stage.policy, &without);
        ck_assert_int_ge(with.action, without.action);
        ck_assert_int_eq(with.own_action, without.action);
        ck_assert(with.action != HOP_BLOCK || without.action == HOP_BLOCK);
        stage_done(&stage);
    }
}
END_TEST

START_TEST(a_score_that_takes_over_what_no_list_has_a_say_in_is_the_whole_one)
{
    seed = 7;
    for (int i = 0; i < ROUNDS; i++) {
        struct stage stage;
        struct hop_bare_scene bare;
        struct hop_familiarity f;
        struct hop_score full, whole, around;
        random_stage(&stage);
        stage.login.origin.from_inventory = false;
        hop_scene_without_shared(&stage.scene, &bare);
        hop_familiarity_of(&stage.scene, &f);
        hop_score_by(&stage.scene, &f, &full);
        hop_score_by(&bare.scene, &f, &whole);
        hop_score_around(&bare.scene, &f, &full, &around);
        ck_assert_mem_eq(whole.evidence.terms, around.evidence.terms, sizeof whole.evidence.terms);
        ck_assert_mem_eq(whole.evidence.present, around.evidence.present,
                         sizeof whole.evidence.present);
        ck_assert_mem_eq(whole.log_odds, around.log_odds, sizeof whole.log_odds);
        ck_assert(whole.risk_bits == around.risk_bits && whole.floors == around.floors);
        ck_assert_int_eq(whole.story, around.story);
        stage_done(&stage);
    }
}
END_TEST

/* Each makes a scene more suspicious. */
static void one_more_touch(struct stage *stage)
{
    stage_touch(stage, stage->login.time - 10, "tag-more", 70);
}

static void larger_touches(struct stage *stage)
{
    for (size_t i = 0; i < stage->around.touch_count; i++)
        stage->around.touches[i].surprise_db = 70;
}

static void flood(struct stage *stage)
{
    stage->around.touches_flooded = true;
}

static void flood_owners(struct stage *stage)
{
    stage->around.owners_flooded = true;
}

static void anothers_key(struct stage *stage)
{
    stage->around.key_of_another = true;
}

static void fresh_key(struct stage *stage)
{
    strcpy(stage->login.key, "fresh");
}

static void team_elsewhere(struct stage *stage)
{
    stage->around.team_here = 0;
}

/* The tenant's oldest day. */
static void one_visit_fewer(struct stage *stage)
{
    struct hop_span tenant = hop_span_of(stage->login.tenant);
    const struct hop_dayset *found = hop_profile_find(&stage->profile, HOP_KIND_TENANT, tenant);
    if (!found || hop_dayset_days(found) < 2)
        return;
    struct hop_dayset days = *found, fewer = {.confirmed = found->confirmed};
    for (int32_t day = days.last_day; day > hop_dayset_first(&days); day--) {
        if (hop_dayset_has(&days, day))
            hop_dayset_add(&fewer, day);
    }
    hop_profile_remove(&stage->profile, HOP_KIND_TENANT, tenant);
    ck_assert_int_eq(hop_profile_join(&stage->profile, HOP_KIND_TENANT, tenant, &fewer), HOP_OK);
}

static void work_elsewhere(struct stage *stage)
{
    for (int i = 0; i < HOP_VISIT_MONTHS; i++)
        stage->around.visits[i] += 30;
}

static void flood_of_failures(struct stage *stage)
{
    stage->around.failures_flooded = true;
}

static void freeze(struct stage *stage)
{
    stage->around.frozen_source = HOP_FREEZE_STEP_UP;
}

static void no_step_up(struct stage *stage)
{
    stage->profile.step_up_time = 0;
}

static const struct {
    const char *name;
    void (*worsen)(struct stage *stage);
    bool only_tenant_witness; /* touches of little surprise may speak for home's people */
} surprises[] = {
    {"one more touch", one_more_touch, false},
    {"larger touches", larger_touches, false},
    {"flood", flood, false},
    {"flooded owners", flood_owners, false},
    {"another's key", anothers_key, false},
    {"fresh key", fresh_key, false},
    {"team elsewhere", team_elsewhere, false},
    {"work elsewhere", work_elsewhere, false},
    {"one visit fewer", one_visit_fewer, false},
    {"one more failure", one_more_failure, false},
    {"flood of failures", flood_of_failures, false},
    {"freeze", freeze, false},
    {"no step-up", no_step_up, true},
};

START_TEST(more_surprise_never_lowers_the_score)
{
    seed = 3 + (uint64_t)_i;
    for (int i = 0; i < ROUNDS; i++) {
        struct stage stage;
        struct hop_verdict before, after;
        random_stage(&stage);
        if (surprises[_i].only_tenant_witness)
            stage.scene.witness_is_home = false;
        stage.login.origin.from_inventory = false;
        /* what strict mode asks for on the third day is learned by it, no suspicion */
        if (surprises[_i].worsen == fresh_key)
            stage.scene.strict = false;
        stage_judge(&stage, &before);
        surprises[_i].worsen(&stage);
        stage_judge(&stage, &after);
        ck_assert_msg(after.score.risk_bits >= before.score.risk_bits - 1e-9 &&
                          after.action >= before.action && after.own_action >= before.own_action,
                      "%s, round %d: %f to %f", surprises[_i].name, i, before.score.risk_bits,
                      after.score.risk_bits);
        stage_done(&stage);
    }
}
END_TEST

/* --- poisoning --- */

#define POISONED_DAYS 10

/* Half a year of work. */
static void victim(struct stage *stage)
{
    static const struct {
        enum hop_kind kind;
        const char *value;
    } usual[] = {
        {HOP_KIND_COUNTRY, "NL"},      {HOP_KIND_ASN, "33915"}, {HOP_KIND_NET, "84.24.10.0/24"},
        {HOP_KIND_NODE, "84.24.10.7"}, {HOP_KIND_KEY, "k1"},    {HOP_KIND_TENANT, "t1"},
        {HOP_KIND_TENANT, "t2"},       {HOP_KIND_HOST, "t1/h"}, {HOP_KIND_HOST, "t2/h"},
        {HOP_KIND_HOPPED, "0"},        {HOP_KIND_HOUR, "wd09"}, {HOP_KIND_HOUR, "wd14"}};
    stage_init(stage);
    stage->scene.strict = true;
    strcpy(stage->login.key, "k1");
    strcpy(stage->login.host, "h");
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
        stage_see(stage, usual[i].kind, usual[i].value, TODAY - 180, TODAY - 1, 1, false);
    stage->profile.last.time = (int64_t)TODAY * HOP_DAY_SECONDS - 10 * 3600;
    stage->profile.last.zone = HOP_ZONE_INTERNET;
    stage->profile.last.place =
        (struct hop_place){.country = "NL", .asn = 33915, .has_point = true, .latitude = 52};
}

static void from_net(struct stage *stage, int day)
{
    char address[32];
    (void)snprintf(address, sizeof address, "84.25.%d.9", day);
    stage_address(stage, address, HOP_ZONE_INTERNET, NULL);
    stage->login.origin.place = (struct hop_place){.country = "NL", .asn = 33915};
}

static void from_operator(struct stage *stage, int day)
{
    from_net(stage, day);
    stage->login.origin.place.asn = 60000;
}

static void from_hosting(struct stage *stage, int day)
{
    from_net(stage, 200);
    stage->login.origin.place.asn = 60000 + (uint32_t)day;
    stage->login.origin.place.kind = HOP_PLACE_HOSTING;
}

static void from_abroad(struct stage *stage, int day)
{
    from_net(stage, 200);
    strcpy(stage->login.origin.place.country, day % 2 ? "ES" : "PT");
}

static void with_a_key(struct stage *stage, int day)
{
    from_net(stage, 200);
    strcpy(stage->login.key, day % 2 ? "k8" : "k9");
}

static void out_of_a_tenant(struct stage *stage, int day)
{
    (void)day;
    stage_address(stage, "10.6.0.1", HOP_ZONE_TENANT, "t2");
}

static const struct {
    const char *name;
    void (*arrive)(struct stage *stage, int day);
} poisons[] = {
    {"another net each day", from_net},      {"one operator", from_operator},
    {"another rented server", from_hosting}, {"from abroad", from_abroad},
    {"with keys of his own", with_a_key},    {"out of a tenant", out_of_a_tenant},
};

/* Learned as production would: unconfirmed, at night, at one of her tenants. */
static void poison(struct stage *stage, int day, void (*arrive)(struct stage *stage, int day))
{
    struct hop_values shown;
    int32_t date = TODAY - POISONED_DAYS + day;
    stage->login.time = (int64_t)date * HOP_DAY_SECONDS + 22 * 3600;
    strcpy(stage->login.tenant, "t1");
    arrive(stage, day);
    hop_values_of(&stage->login, &shown);
    for (unsigned kind = 0; kind < HOP_KIND_COUNT; kind++) {
        if (shown.has[kind])
            stage_see(stage, (enum hop_kind)kind, shown.text[kind], date, date, 1, false);
    }
}

static double foreign_risk(struct stage *stage, void (*arrive)(struct stage *stage, int day))
{
    struct hop_verdict verdict;
    stage->login.time = (int64_t)TODAY * HOP_DAY_SECONDS + 22 * 3600;
    strcpy(stage->login.tenant, "t6");
    arrive(stage, 0);
    stage_judge(stage, &verdict);
    return verdict.score.risk_bits;
}

START_TEST(ten_quiet_visits_move_a_foreign_login_by_less_than_a_bit_in_strict_mode)
{
    struct stage stage;
    double before, after;
    victim(&stage);
    before = foreign_risk(&stage, poisons[_i].arrive);
    for (int day = 0; day < POISONED_DAYS; day++)
        poison(&stage, day, poisons[_i].arrive);
    stage.profile.last = hop_last_of(&stage.login);
    after = foreign_risk(&stage, poisons[_i].arrive);
    ck_assert_msg(fabs(after - before) < 1, "%s: %f to %f", poisons[_i].name, before, after);
    stage_done(&stage);
}
END_TEST

START_TEST(the_order_in_which_a_profile_was_learned_does_not_matter)
{
    seed = 4;
    for (int i = 0; i < ROUNDS / 5; i++) {
        struct stage stage;
        struct hop_profile backwards;
        struct hop_verdict before, after;
        random_stage(&stage);
        stage_judge(&stage, &before);
        hop_profile_init(&backwards);
        for (size_t s = stage.profile.count; s-- > 0;) {
            const struct hop_sighting *sighting = &stage.profile.sightings[s];
            struct hop_dayset confirmed = {.confirmed = sighting->days.confirmed};
            struct hop_span value = hop_span_of(sighting->value);
            for (int32_t day = TODAY; day > TODAY - HOP_DAYSET_WINDOW; day--) {
                if (hop_dayset_has(&sighting->days, day))
                    (void)hop_profile_see(&backwards, sighting->kind, value, day, false);
            }
            (void)hop_profile_join(&backwards, sighting->kind, value, &confirmed);
        }
        ck_assert_int_eq(hop_profile_merge(&backwards, &stage.profile), HOP_OK);
        stage.scene.profile = &backwards;
        stage_judge(&stage, &after);
        ck_assert(before.score.risk_bits == after.score.risk_bits);
        ck_assert_uint_eq(before.score.floors, after.score.floors);
        hop_profile_done(&backwards);
        stage_done(&stage);
    }
}
END_TEST

static void change_profile(struct stage *stage)
{
    enum hop_kind kind = (enum hop_kind)draw(HOP_KIND_COUNT);
    const char *value = pick(values[kind].words, values[kind].count);
    int32_t day = TODAY + 2 - (int32_t)draw(draw(2) ? 400 : 5);
    if (draw(6) == 0)
        hop_profile_remove(&stage->profile, kind, hop_span_of(value));
    else if (draw(10) == 0)
        hop_profile_drop_future(&stage->profile, day);
    else
        stage_see(stage, kind, value, day, day, 1, draw(8) == 0);
}

static void nothing_differs(const struct hop_familiarity *a, const struct hop_familiarity *b)
{
    for (int kind = 0; kind < HOP_KIND_COUNT; kind++) {
        ck_assert(a->mass[kind] == b->mass[kind] && a->novelty[kind] == b->novelty[kind]);
        ck_assert(a->count[kind] == b->count[kind] && a->p_new[kind] == b->p_new[kind]);
        ck_assert_int_eq(a->known[kind], b->known[kind]);
    }
    ck_assert_mem_eq(a->hours, b->hours, sizeof a->hours);
    ck_assert(a->tenants_lately == b->tenants_lately && a->tenant_lately == b->tenant_lately);
    ck_assert_int_eq(a->tenant_last, b->tenant_last);
    ck_assert_int_eq(a->unconfirmed, b->unconfirmed);
}

START_TEST(what_a_profile_remembers_of_its_weights_changes_no_bit)
{
    seed = 6;
    for (int i = 0; i < ROUNDS / 5; i++) {
        struct stage stage;
        random_stage(&stage);
        for (int step = 0; step < 40; step++) {
            struct hop_familiarity remembered, anew;
            struct hop_profile fresh;
            hop_profile_init(&fresh);
            change_profile(&stage);
            stage.login.time += draw(4) == 0 ? HOP_DAY_SECONDS : 600;
            stage.scene.strict ^= draw(8) == 0;
            strcpy(stage.login.tenant, pick(tenants, 4));
            for (size_t s = 0; s < stage.profile.count; s++) {
                const struct hop_sighting *sighting = &stage.profile.sightings[s];
                ck_assert_int_eq(hop_profile_join(&fresh, sighting->kind,
                                                  hop_span_of(sighting->value), &sighting->days),
                                 HOP_OK);
            }
            fresh.last = stage.profile.last;
            hop_familiarity_of(&stage.scene, &remembered);
            stage.scene.profile = &fresh;
            hop_familiarity_of(&stage.scene, &anew);
            stage.scene.profile = &stage.profile;
            nothing_differs(&remembered, &anew);
            hop_profile_done(&fresh);
        }
        stage_done(&stage);
    }
}
END_TEST

START_TEST(an_answer_is_never_milder_in_a_stricter_mode)
{
    seed = 5;
    for (int i = 0; i < ROUNDS / 5; i++) {
        struct stage stage;
        struct hop_verdict verdict;
        random_stage(&stage);
        stage_judge(&stage, &verdict);
        for (int phase = 0; phase < HOP_PHASE_COUNT; phase++) {
            enum hop_action previous = HOP_ALLOW;
            for (int mode = 0; mode < HOP_MODE_COUNT; mode++) {
                struct hop_answer answer;
                struct hop_moment moment = {.mode = (enum hop_mode)mode,
                                            .phase = (enum hop_phase)phase,
                                            .lane = HOP_LANE_ASKED,
                                            .first_factor_proven = draw(2)};
                hop_answer_of(&verdict, &moment, &answer);
                ck_assert_int_ge(answer.action, previous);
                previous = answer.action;
            }
        }
        stage_done(&stage);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("property");
    TCase *cases = tcase_create("property");
    tcase_set_timeout(cases, 100);
    tcase_add_test(cases, every_score_is_finite_and_every_sentence_short);
    tcase_add_test(cases, shared_lists_accuse_and_never_acquit_nor_block_alone);
    tcase_add_test(cases, a_score_that_takes_over_what_no_list_has_a_say_in_is_the_whole_one);
    tcase_add_loop_test(cases, more_surprise_never_lowers_the_score, 0,
                        (int)(sizeof surprises / sizeof surprises[0]));
    tcase_add_loop_test(cases,
                        ten_quiet_visits_move_a_foreign_login_by_less_than_a_bit_in_strict_mode, 0,
                        (int)(sizeof poisons / sizeof poisons[0]));
    tcase_add_test(cases, the_order_in_which_a_profile_was_learned_does_not_matter);
    tcase_add_test(cases, what_a_profile_remembers_of_its_weights_changes_no_bit);
    tcase_add_test(cases, an_answer_is_never_milder_in_a_stricter_mode);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
