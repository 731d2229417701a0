/* SPDX-License-Identifier: Apache-2.0 */
/* Each block where worked.json does not reach: skipped, clamped, at its limits. */
#include "evidence.h"

#include "date.h"
#include "stage.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TODAY 20780
#define NOON ((int64_t)TODAY * HOP_DAY_SECONDS + 12 * 3600)

static struct stage stage;
static struct hop_familiarity f;
static struct hop_evidence evidence;

/* Half a year of the same. */
static void set_up(void)
{
    stage_init(&stage);
    stage.login.time = NOON;
    strcpy(stage.login.tenant, "t1");
    strcpy(stage.login.tenant_tag, "tag-1");
    strcpy(stage.login.host, "h");
    strcpy(stage.login.key, "k");
    stage_address(&stage, "84.24.10.7", HOP_ZONE_INTERNET, NULL);
    stage.login.origin.place = (struct hop_place){.country = "NL", .asn = 7};
    stage_see(&stage, HOP_KIND_COUNTRY, "NL", TODAY - 180, TODAY - 1, 1, false);
    stage_see(&stage, HOP_KIND_ASN, "7", TODAY - 180, TODAY - 1, 1, false);
    stage_see(&stage, HOP_KIND_NET, "84.24.10.0/24", TODAY - 180, TODAY - 1, 1, false);
    stage_see(&stage, HOP_KIND_NODE, "84.24.10.7", TODAY - 180, TODAY - 1, 1, false);
    stage_see(&stage, HOP_KIND_KEY, "k", TODAY - 180, TODAY - 1, 1, false);
    stage_see(&stage, HOP_KIND_TENANT, "t1", TODAY - 180, TODAY - 1, 1, false);
    stage_see(&stage, HOP_KIND_HOST, "t1/h", TODAY - 180, TODAY - 1, 1, false);
    stage_see(&stage, HOP_KIND_HOPPED, "0", TODAY - 180, TODAY - 1, 1, false);
}

static void tear_down(void)
{
    stage_done(&stage);
}

static double term(enum hop_story story, enum hop_block block)
{
    evidence = (struct hop_evidence){0};
    hop_familiarity_of(&stage.scene, &f);
    hop_evidence_origin(&stage.scene, &f, &evidence);
    hop_evidence_travel(&stage.scene, &evidence);
    hop_evidence_time(&stage.scene, &f, &evidence);
    hop_evidence_key(&stage.scene, &f, &evidence);
    hop_evidence_destination(&stage.scene, &f, &evidence);
    hop_evidence_hop(&stage.scene, &f, &evidence);
    hop_evidence_fan_out(&stage.scene, &evidence);
    hop_evidence_failures(&stage.scene, &evidence);
    hop_evidence_dormancy(&f, &evidence);
    hop_evidence_sight(&stage.scene, &f, &evidence);
    hop_evidence_move(&stage.scene, &f, &evidence);
    hop_evidence_recency(&stage.scene, &f, &evidence);
    hop_evidence_pace(&stage.scene, &evidence);
    return evidence.terms[story][block];
}

static bool skipped(enum hop_block block)
{
    bool nothing = true;
    for (int story = 0; story < HOP_STORY_COUNT; story++)
        nothing = nothing && term((enum hop_story)story, block) == 0;
    return nothing && !evidence.present[block];
}

/* --- familiarity --- */

START_TEST(an_empty_profile_knows_nothing)
{
    hop_profile_done(&stage.profile);
    hop_familiarity_of(&stage.scene, &f);
    ck_assert_int_eq(f.recorded_days, 0);
    ck_assert_int_eq(f.first_day, INT32_MAX);
    ck_assert_int_eq(f.third_day, INT32_MAX);
    for (int kind = 0; kind < HOP_KIND_COUNT; kind++) {
        ck_assert(!f.known[kind]);
        ck_assert_double_eq(f.p_new[kind], .97);
    }
}
END_TEST

START_TEST(p_new_stays_within_its_clamp)
{
    stage_see(&stage, HOP_KIND_COUNTRY, "NL", TODAY - 500, TODAY, 1, false);
    hop_familiarity_of(&stage.scene, &f);
    for (int kind = 0; kind < HOP_KIND_COUNT; kind++)
        ck_assert(f.p_new[kind] >= .002 && f.p_new[kind] <= .97);
}
END_TEST

START_TEST(the_first_recorded_day_is_no_novelty)
{
    hop_familiarity_of(&stage.scene, &f);
    ck_assert_double_eq(f.novelty[HOP_KIND_COUNTRY], 0);
    stage_see(&stage, HOP_KIND_COUNTRY, "DE", TODAY - 60, TODAY - 60, 1, false);
    hop_familiarity_of(&stage.scene, &f);
    ck_assert_double_eq_tol(f.novelty[HOP_KIND_COUNTRY], .5, 1e-12);
}
END_TEST

static bool knows_after(int32_t first, int32_t last, bool confirmed, bool strict)
{
    stage.scene.strict = strict;
    strcpy(stage.login.key, "other");
    stage_see(&stage, HOP_KIND_KEY, "other", first, last, 1, confirmed);
    hop_familiarity_of(&stage.scene, &f);
    return f.known[HOP_KIND_KEY];
}

START_TEST(two_days_do_not_leave_quarantine)
{
    ck_assert(!knows_after(TODAY - 2, TODAY - 1, false, false));
}
END_TEST

START_TEST(three_days_leave_quarantine)
{
    ck_assert(knows_after(TODAY - 3, TODAY - 1, false, false));
}
END_TEST

START_TEST(three_days_do_not_suffice_in_strict_mode)
{
    ck_assert(!knows_after(TODAY - 3, TODAY - 1, false, true));
}
END_TEST

START_TEST(a_confirmation_leaves_quarantine_in_strict_mode_too)
{
    ck_assert(knows_after(TODAY - 1, TODAY - 1, true, true));
}
END_TEST

START_TEST(the_first_three_recorded_days_are_trusted)
{
    ck_assert(knows_after(TODAY - 178, TODAY - 178, false, true));
}
END_TEST

START_TEST(the_fourth_recorded_day_is_not)
{
    ck_assert(!knows_after(TODAY - 177, TODAY - 177, false, true));
}
END_TEST

START_TEST(what_was_never_confirmed_weighs_nothing_in_strict_mode)
{
    double mass, novelty;
    stage.scene.strict = true;
    hop_familiarity_of(&stage.scene, &f);
    mass = f.mass[HOP_KIND_TENANT];
    novelty = f.novelty[HOP_KIND_TENANT];
    stage_see(&stage, HOP_KIND_TENANT, "t9", TODAY - 9, TODAY - 1, 1, false);
    hop_familiarity_of(&stage.scene, &f);
    ck_assert(f.mass[HOP_KIND_TENANT] == mass && f.novelty[HOP_KIND_TENANT] == novelty);
    stage_see(&stage, HOP_KIND_TENANT, "t9", TODAY - 1, TODAY - 1, 1, true);
    hop_familiarity_of(&stage.scene, &f);
    ck_assert(f.mass[HOP_KIND_TENANT] > mass && f.novelty[HOP_KIND_TENANT] > novelty);
}
END_TEST

START_TEST(a_confirmed_value_fades_all_the_same)
{
    strcpy(stage.login.origin.place.country, "ES");
    stage_see(&stage, HOP_KIND_COUNTRY, "ES", TODAY - 300, TODAY - 300, 1, true);
    hop_familiarity_of(&stage.scene, &f);
    ck_assert_double_lt(f.count[HOP_KIND_COUNTRY], .10);
    ck_assert(!f.known[HOP_KIND_COUNTRY]);
}
END_TEST

/* --- N --- */

START_TEST(origin_is_skipped_without_an_address)
{
    stage.login.origin.address = (struct hop_address){0};
    ck_assert(skipped(HOP_BLOCK_ORIGIN));
    ck_assert(skipped(HOP_BLOCK_HOP));
    ck_assert(skipped(HOP_BLOCK_TRAVEL));
}
END_TEST

START_TEST(what_lies_inside_an_unknown_country_adds_nothing)
{
    strcpy(stage.login.origin.place.country, "ES");
    double before = term(HOP_STORY_OUTSIDE, HOP_BLOCK_ORIGIN);
    stage_address(&stage, "80.58.61.3", HOP_ZONE_INTERNET, NULL);
    stage.login.origin.place.asn = 3352;
    ck_assert_double_eq(term(HOP_STORY_OUTSIDE, HOP_BLOCK_ORIGIN), before);
}
END_TEST

START_TEST(hosting_counts_at_a_new_operator_and_not_at_a_new_net)
{
    stage.login.origin.place.asn = 8;
    double plain = term(HOP_STORY_OUTSIDE, HOP_BLOCK_ORIGIN);
    stage.login.origin.place.kind = HOP_PLACE_HOSTING;
    double hosting = term(HOP_STORY_OUTSIDE, HOP_BLOCK_ORIGIN);
    ck_assert_double_eq_tol(hosting - plain, log2(.55 / .08) - log2(.45 / .92), 1e-9);
    stage.login.origin.place.asn = 7;
    stage_address(&stage, "84.24.99.1", HOP_ZONE_INTERNET, NULL);
    hosting = term(HOP_STORY_OUTSIDE, HOP_BLOCK_ORIGIN);
    stage.login.origin.place.kind = HOP_PLACE_FIXED;
    ck_assert_double_eq(term(HOP_STORY_OUTSIDE, HOP_BLOCK_ORIGIN), hosting);
}
END_TEST

START_TEST(the_widest_unknown_part_is_named)
{
    ck_assert_int_eq((term(0, 0), hop_origin_unknown(&f)), HOP_KIND_COUNT);
    stage_address(&stage, "84.24.10.8", HOP_ZONE_INTERNET, NULL);
    ck_assert_int_eq((term(0, 0), hop_origin_unknown(&f)), HOP_KIND_NODE);
    stage_address(&stage, "84.24.11.8", HOP_ZONE_INTERNET, NULL);
    ck_assert_int_eq((term(0, 0), hop_origin_unknown(&f)), HOP_KIND_NET);
    stage.login.origin.place.asn = 8;
    ck_assert_int_eq((term(0, 0), hop_origin_unknown(&f)), HOP_KIND_ASN);
    strcpy(stage.login.origin.place.country, "DE");
    ck_assert_int_eq((term(0, 0), hop_origin_unknown(&f)), HOP_KIND_COUNTRY);
}
END_TEST

/* --- G --- */

static void travel(double latitude, double longitude, int64_t seconds)
{
    stage.profile.last = (struct hop_last){
        .time = NOON - seconds,
        .zone = HOP_ZONE_INTERNET,
        .place = {.has_point = true, .kind = HOP_PLACE_FIXED, .latitude = 52.3, .longitude = 4.9}};
    stage.login.origin.place.has_point = true;
    stage.login.origin.place.kind = HOP_PLACE_FIXED;
    stage.login.origin.place.latitude = latitude;
    stage.login.origin.place.longitude = longitude;
}

START_TEST(distances_are_those_of_the_sphere)
{
    ck_assert_double_eq_tol(hop_distance_km(0, 0, 0, 180), 6371 * 3.14159265358979, 1e-6);
    ck_assert_double_eq_tol(hop_distance_km(90, 0, -90, 77), 6371 * 3.14159265358979, 1e-6);
    ck_assert_double_eq_tol(hop_distance_km(52.3, 4.9, 52.3, 4.9), 0, 1e-9);
    ck_assert_double_eq_tol(hop_distance_km(0, 179.5, 0, -179.5), 111.19, .01);
    ck_assert_double_eq_tol(hop_distance_km(52.3676, 4.9041, 40.4168, -3.7038), 1482, 3);
}
END_TEST

START_TEST(an_impossible_journey_is_clamped_at_six_bits)
{
    travel(31.2, 121.5, 3600);
    double bits = term(HOP_STORY_OUTSIDE, HOP_BLOCK_TRAVEL);
    ck_assert_double_gt(bits, 5);
    ck_assert_double_le(bits, 6);
    ck_assert_double_eq_tol(term(HOP_STORY_SEAT, HOP_BLOCK_TRAVEL), log2(.05 / .01), .01);
}
END_TEST

START_TEST(a_quarter_of_an_hour_is_the_shortest_journey)
{
    travel(45, 4.9, 0);
    double at_once = term(HOP_STORY_OUTSIDE, HOP_BLOCK_TRAVEL);
    travel(45, 4.9, 900);
    ck_assert_double_eq(term(HOP_STORY_OUTSIDE, HOP_BLOCK_TRAVEL), at_once);
}
END_TEST

START_TEST(a_short_way_says_nothing)
{
    travel(49.7, 4.9, 600); /* 289 km, less 200 km of doubt */
    ck_assert(skipped(HOP_BLOCK_TRAVEL));
    travel(49.2, 4.9, 600); /* 345 km */
    ck_assert(!skipped(HOP_BLOCK_TRAVEL));
    stage.login.origin.place.kind = HOP_PLACE_MOBILE; /* 250 km of doubt */
    ck_assert(skipped(HOP_BLOCK_TRAVEL));
}
END_TEST

START_TEST(inside_a_session_nobody_travels)
{
    travel(31.2, 121.5, 3600);
    hop_string_copy(stage.login.service, sizeof stage.login.service, "sudo");
    ck_assert(skipped(HOP_BLOCK_TRAVEL));
    hop_string_copy(stage.login.service, sizeof stage.login.service, "login");
    ck_assert(!skipped(HOP_BLOCK_TRAVEL));
}
END_TEST

START_TEST(a_large_accuracy_radius_is_believed)
{
    travel(31.2, 121.5, 3600);
    stage.login.origin.place.accuracy_km = 9000;
    ck_assert(skipped(HOP_BLOCK_TRAVEL));
}
END_TEST

START_TEST(travel_needs_two_places_on_the_internet)
{
    struct hop_place *here = &stage.login.origin.place;
    struct hop_last *last = &stage.profile.last;
    for (int i = 0; i < 10; i++) {
        travel(31.2, 121.5, 3600);
        stage.login.origin.zone = HOP_ZONE_INTERNET;
        here->country_only = last->place.country_only = false;
        switch (i) {
        case 0:
            last->time = 0;
            break;
        case 1:
            last->time = NOON + 1;
            break;
        case 2:
            last->zone = HOP_ZONE_HOME;
            break;
        case 3:
            stage.login.origin.zone = HOP_ZONE_TENANT;
            break;
        case 4:
            here->has_point = false;
            break;
        case 5:
            last->place.has_point = false;
            break;
        case 6:
            here->country_only = true;
            break;
        case 7:
            last->place.country_only = true;
            break;
        case 8:
            here->kind = HOP_PLACE_HOSTING;
            break;
        default:
            last->place.kind = HOP_PLACE_HOSTING;
        }
        ck_assert_msg(skipped(HOP_BLOCK_TRAVEL), "case %d", i);
    }
    travel(31.2, 121.5, 3600);
    stage.login.origin.zone = HOP_ZONE_INTERNET;
    ck_assert(!skipped(HOP_BLOCK_TRAVEL));
}
END_TEST

/* --- T --- */

START_TEST(without_hours_on_record_time_says_nothing)
{
    ck_assert_double_eq_tol(term(HOP_STORY_OUTSIDE, HOP_BLOCK_TIME), 0, 1e-12);
    ck_assert(evidence.present[HOP_BLOCK_TIME]);
}
END_TEST

START_TEST(a_rare_hour_accuses_and_a_usual_one_acquits)
{
    stage_see(&stage, HOP_KIND_HOUR, "wd12", TODAY - 180, TODAY - 1, 1, false);
    double usual = term(HOP_STORY_OUTSIDE, HOP_BLOCK_TIME);
    stage.login.time = NOON - 9 * 3600;
    double rare = term(HOP_STORY_OUTSIDE, HOP_BLOCK_TIME);
    ck_assert_double_lt(usual, -1);
    ck_assert_double_ge(usual, -2);
    ck_assert_double_gt(rare, 2);
    ck_assert_double_le(rare, 4);
}
END_TEST

START_TEST(midnight_is_near_eleven_at_night)
{
    stage_see(&stage, HOP_KIND_HOUR, "wd23", TODAY - 180, TODAY - 1, 1, false);
    stage.login.time = (int64_t)TODAY * HOP_DAY_SECONDS + 600;
    double late = term(HOP_STORY_OUTSIDE, HOP_BLOCK_TIME);
    stage.login.time = NOON;
    ck_assert_double_lt(late, term(HOP_STORY_OUTSIDE, HOP_BLOCK_TIME) - 2);
}
END_TEST

/* Spread over all hours alike, sightings leave no hour rarer than another: p is 1 / 168. */
START_TEST(a_sighting_weighs_one_hour_in_all)
{
    char bin[] = "wd00";
    for (int hour = 0; hour < 24; hour++) {
        bin[2] = (char)('0' + hour / 10);
        bin[3] = (char)('0' + hour % 10);
        stage_see(&stage, HOP_KIND_HOUR, bin, TODAY - 180, TODAY - 1, 1, false);
    }
    double bits = term(HOP_STORY_OUTSIDE, HOP_BLOCK_TIME), mass = f.mass[HOP_KIND_HOUR];
    double p = (mass / 24 / 5 + 8 / 168.0) / (mass + 8);
    ck_assert_double_eq_tol(bits, log2(.3 + .7 / (168 * p)), 1e-9);
}
END_TEST

START_TEST(a_malformed_hour_is_passed_over)
{
    stage_see(&stage, HOP_KIND_HOUR, "wd12", TODAY - 180, TODAY - 1, 1, false);
    double before = term(HOP_STORY_OUTSIDE, HOP_BLOCK_TIME);
    hop_profile_remove(&stage.profile, HOP_KIND_HOUR, hop_span_of("wd12"));
    static const char *const odd[] = {"", "w", "wd", "wd1", "wd99", "wdxx", "xd12"};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        stage_see(&stage, HOP_KIND_HOUR, odd[i], TODAY - 180, TODAY - 1, 1, false);
    ck_assert_double_ge(term(HOP_STORY_OUTSIDE, HOP_BLOCK_TIME), before);
}
END_TEST

/* --- K --- */

START_TEST(without_a_key_the_block_is_skipped)
{
    stage.login.key[0] = '\0';
    ck_assert(skipped(HOP_BLOCK_KEY));
    strcpy(stage.login.key, "k");
    stage.login.key_lost = true;
    ck_assert(skipped(HOP_BLOCK_KEY));
}
END_TEST

START_TEST(a_known_key_stays_known_whoever_else_used_it)
{
    double before = term(HOP_STORY_HOP, HOP_BLOCK_KEY);
    stage.around.key_of_another = stage.around.owners_flooded = true;
    ck_assert_double_eq(term(HOP_STORY_HOP, HOP_BLOCK_KEY), before);
}
END_TEST

START_TEST(anothers_key_weighs_at_least_what_the_design_says)
{
    static const double least[] = {.05, .05, .20, .02};
    hop_profile_remove(&stage.profile, HOP_KIND_KEY, hop_span_of("k"));
    stage.around.key_of_another = true;
    for (int story = 0; story < HOP_STORY_COUNT; story++)
        ck_assert_double_eq_tol(term((enum hop_story)story, HOP_BLOCK_KEY),
                                log2(256 * least[story]), 1e-9);
    stage.around.key_of_another = false;
    ck_assert_double_eq(term(HOP_STORY_HOP, HOP_BLOCK_KEY), 0);
    stage.around.owners_flooded = true;
    ck_assert_double_gt(term(HOP_STORY_HOP, HOP_BLOCK_KEY), 5);
}
END_TEST

/* --- D --- */

START_TEST(destination_stays_within_its_clamp)
{
    stage.around.org_here = 1e6;
    stage.around.tenants = 1e4;
    strcpy(stage.login.tenant, "t2");
    ck_assert_double_eq(term(HOP_STORY_SEAT, HOP_BLOCK_DESTINATION), 7);
    strcpy(stage.login.tenant, "t1");
    stage.around.org_here = 0;
    ck_assert_double_ge(term(HOP_STORY_SEAT, HOP_BLOCK_DESTINATION), -3 - 2);
}
END_TEST

START_TEST(an_unknown_host_counts_on_a_known_tenant_only)
{
    double usual = term(HOP_STORY_SEAT, HOP_BLOCK_DESTINATION);
    strcpy(stage.login.host, "other");
    ck_assert_double_eq_tol(term(HOP_STORY_SEAT, HOP_BLOCK_DESTINATION) - usual,
                            2 - log2(.35 / (1 - f.p_new[HOP_KIND_HOST])), 1e-9);
    strcpy(stage.login.tenant, "t2");
    double new_tenant = term(HOP_STORY_SEAT, HOP_BLOCK_DESTINATION);
    strcpy(stage.login.host, "h");
    ck_assert_double_eq(term(HOP_STORY_SEAT, HOP_BLOCK_DESTINATION), new_tenant);
}
END_TEST

START_TEST(visits_elsewhere_make_a_first_visit_more_surprising)
{
    stage.scene.witness_is_home = false;
    hop_profile_remove(&stage.profile, HOP_KIND_TENANT, hop_span_of("t1"));
    double alone = term(HOP_STORY_SEAT, HOP_BLOCK_DESTINATION);
    for (int i = 0; i < HOP_VISIT_MONTHS; i++)
        stage.around.visits[i] = 40;
    ck_assert_double_gt(term(HOP_STORY_SEAT, HOP_BLOCK_DESTINATION), alone + 1);
    stage.scene.witness_is_home = true;
    double home = term(HOP_STORY_SEAT, HOP_BLOCK_DESTINATION);
    memset(stage.around.visits, 0, sizeof stage.around.visits);
    ck_assert_double_eq(term(HOP_STORY_SEAT, HOP_BLOCK_DESTINATION), home);
}
END_TEST

START_TEST(visits_never_acquit)
{
    stage.scene.witness_is_home = false;
    double without = term(HOP_STORY_SEAT, HOP_BLOCK_DESTINATION);
    stage.around.visits[5] = 3;
    ck_assert_double_ge(term(HOP_STORY_SEAT, HOP_BLOCK_DESTINATION), without - 1e-12);
}
END_TEST

/* --- H --- */

START_TEST(only_another_tenants_network_is_a_hop)
{
    double none = term(HOP_STORY_HOP, HOP_BLOCK_HOP);
    ck_assert_double_lt(none, -3);
    stage_address(&stage, "10.1.0.1", HOP_ZONE_TENANT, "t1");
    ck_assert_double_eq(term(HOP_STORY_HOP, HOP_BLOCK_HOP), none);
    stage_address(&stage, "10.1.0.1", HOP_ZONE_TENANT, "t2");
    ck_assert_double_gt(term(HOP_STORY_HOP, HOP_BLOCK_HOP), 5);
}
END_TEST

START_TEST(a_known_edge_weighs_less_than_an_unknown_one)
{
    stage_see(&stage, HOP_KIND_HOPPED, "1", TODAY - 20, TODAY - 1, 1, false);
    stage_address(&stage, "10.1.0.1", HOP_ZONE_TENANT, "t2");
    double unknown = term(HOP_STORY_HOP, HOP_BLOCK_HOP);
    stage_see(&stage, HOP_KIND_EDGE, "t2/t1", TODAY - 20, TODAY - 1, 1, false);
    ck_assert_double_lt(term(HOP_STORY_HOP, HOP_BLOCK_HOP), unknown - 2);
}
END_TEST

START_TEST(without_a_day_on_record_hopping_says_nothing)
{
    hop_profile_done(&stage.profile);
    ck_assert(skipped(HOP_BLOCK_HOP));
}
END_TEST

/* --- B --- */

static double fan_out(void)
{
    return term(HOP_STORY_SEAT, HOP_BLOCK_FAN_OUT);
}

static double halved(double hours)
{
    return exp2(-hours / 2.4);
}

START_TEST(without_touches_fan_out_is_zero_and_present)
{
    ck_assert_double_eq(fan_out(), 0);
    ck_assert(evidence.present[HOP_BLOCK_FAN_OUT]);
}
END_TEST

START_TEST(one_touch_fades_by_half_in_two_hours_and_twenty_four_minutes)
{
    stage_touch(&stage, NOON - 8640, "a", 25);
    ck_assert_double_eq_tol(fan_out(), 1.0, 1e-9);
}
END_TEST

START_TEST(a_step_is_at_most_three_bits_and_half_a_bit_is_free)
{
    stage_touch(&stage, NOON, "a", 70);
    ck_assert_double_eq_tol(fan_out(), 3, 1e-9);
    stage.around.touches[0].surprise_db = 5;
    ck_assert_double_eq_tol(fan_out(), 0, 1e-9);
    stage.around.touches[0].surprise_db = 15;
    ck_assert_double_eq_tol(fan_out(), 1, 1e-9);
}
END_TEST

START_TEST(five_bits_are_all_and_the_sum_holds_twelve)
{
    for (int i = 0; i < 20; i++) {
        char tag[] = {'a', (char)('a' + i), '\0'};
        stage_touch(&stage, NOON - 4 * 3600, tag, 70);
    }
    ck_assert_double_eq_tol(fan_out(), 12 * halved(4), 1e-9);
    for (size_t i = 0; i < stage.around.touch_count; i++)
        stage.around.touches[i].time = NOON;
    ck_assert_double_eq(fan_out(), 5);
}
END_TEST

START_TEST(of_one_visit_the_largest_touch_counts)
{
    stage_touch(&stage, NOON - 1800, "a", 15);
    stage_touch(&stage, NOON - 1700, "a", 25);
    stage_touch(&stage, NOON - 1600, "a", 10);
    ck_assert_double_eq_tol(fan_out(), 2 * halved(1600 / 3600.0), 1e-9);
}
END_TEST

START_TEST(the_same_tenant_within_an_hour_is_one_visit)
{
    stage_touch(&stage, NOON - 3700, "a", 25); /* 10:58 */
    stage_touch(&stage, NOON - 3500, "a", 25); /* 11:01 */
    ck_assert_double_eq_tol(fan_out(), 2 * halved(3500 / 3600.0), 1e-9);
    stage.around.touches[1].time = NOON - 60;
    ck_assert_double_gt(fan_out(), 3);
}
END_TEST

START_TEST(a_forged_small_touch_hides_no_large_one)
{
    stage_touch(&stage, NOON - 1800, "a", 60);
    double before = fan_out();
    stage_touch(&stage, NOON - 1801, "a", -70);
    ck_assert_double_eq(fan_out(), before);
    stage_touch(&stage, NOON - 5000, "a", 0);
    ck_assert_double_ge(fan_out(), before);
    stage_touch(&stage, NOON - 1700, "a", 0);
    ck_assert_double_ge(fan_out(), before);
}
END_TEST

START_TEST(old_and_future_touches_are_ignored)
{
    stage_touch(&stage, NOON - 24 * 3600 - 1, "a", 70);
    stage_touch(&stage, NOON + 301, "b", 70);
    ck_assert_double_eq(fan_out(), 0);
    stage_touch(&stage, NOON + 300, "c", 70);
    ck_assert_double_eq_tol(fan_out(), 3, 1e-9);
}
END_TEST

START_TEST(the_sum_starts_anew_after_a_step_up)
{
    stage_touch(&stage, NOON - 600, "a", 70);
    stage_touch(&stage, NOON - 300, "b", 25);
    stage.profile.step_up_time = NOON - 600;
    ck_assert_double_eq_tol(fan_out(), 2 * halved(300 / 3600.0), 1e-9);
    stage.profile.step_up_time = NOON + 400; /* a clock that is off */
    ck_assert_double_gt(fan_out(), 4);
}
END_TEST

START_TEST(only_home_may_acquit_and_only_down_to_zero)
{
    stage_touch(&stage, NOON - 120, "a", 35);
    stage_touch(&stage, NOON - 60, "b", -5);
    stage_touch(&stage, NOON, "c", -70);
    double faded = 3 * halved(60 / 3600.0) - 1;
    ck_assert_double_eq_tol(fan_out(), fmax(0, faded * halved(60 / 3600.0) - 2), 1e-9);
    stage.scene.witness_is_home = false;
    ck_assert_double_eq_tol(fan_out(), 2 * halved(120 / 3600.0), 1e-9); /* and asks for more */
}
END_TEST

START_TEST(the_visit_being_judged_is_no_earlier_one)
{
    stage_touch(&stage, NOON - 60, "tag-1", 70);
    ck_assert_double_eq(fan_out(), 0);
    stage.around.touches[0].time = NOON - 3600;
    ck_assert_double_gt(fan_out(), 2);
}
END_TEST

START_TEST(the_order_of_touches_does_not_matter)
{
    static const int order[3][6] = {{0, 1, 2, 3, 4, 5}, {5, 4, 3, 2, 1, 0}, {3, 0, 5, 1, 4, 2}};
    double bits[3];
    for (int round = 0; round < 3; round++) {
        free(stage.around.touches);
        stage.around.touches = NULL;
        stage.around.touch_count = 0;
        for (int i = 0; i < 6; i++) {
            int n = order[round][i];
            char tag[] = {(char)('a' + n % 3), '\0'};
            stage_touch(&stage, NOON - 5000 + 700 * n, tag, 10 + 3 * n);
        }
        bits[round] = fan_out();
    }
    ck_assert(bits[0] == bits[1] && bits[1] == bits[2]);
    ck_assert_double_gt(bits[0], 1);
}
END_TEST

START_TEST(a_full_set_is_full_accusation)
{
    stage.around.touches_flooded = true;
    ck_assert_double_eq(fan_out(), 5);
}
END_TEST

START_TEST(as_many_touches_as_are_ever_read_are_weighed)
{
    for (int i = 0; i < HOP_TOUCHES_MAX; i++) {
        char tag[] = {'t', (char)('a' + i % 26), (char)('a' + i / 26 % 26), (char)('a' + i / 676),
                      '\0'};
        stage_touch(&stage, NOON - 60, tag, -10);
    }
    ck_assert_double_eq(fan_out(), 0);
    stage_touch(&stage, NOON - 60, "one-more", -10);
    ck_assert_double_eq(fan_out(), 5);
}
END_TEST

/* --- failures --- */

static double failures(void)
{
    return term(HOP_STORY_OUTSIDE, HOP_BLOCK_FAILURES);
}

static void mistype(int64_t seconds_ago)
{
    stage_failure(&stage, NOON - seconds_ago, HOP_FAILURE_CREDENTIAL, false);
}

START_TEST(without_failures_the_block_is_skipped)
{
    ck_assert(skipped(HOP_BLOCK_FAILURES));
}
END_TEST

START_TEST(one_wrong_credential_is_a_typo)
{
    mistype(20);
    ck_assert(skipped(HOP_BLOCK_FAILURES));
    mistype(40);
    ck_assert_double_eq_tol(failures(), exp2(-40.0 / 1800), 1e-9);
}
END_TEST

START_TEST(a_failure_counts_half_after_half_an_hour)
{
    mistype(0);
    mistype(1800);
    ck_assert_double_eq_tol(failures(), .5, 1e-9);
}
END_TEST

START_TEST(a_failed_step_up_is_no_typo_and_counts_three)
{
    stage_failure(&stage, NOON, HOP_FAILURE_STEP_UP, false);
    ck_assert_double_eq_tol(failures(), 3, 1e-9);
}
END_TEST

START_TEST(failures_of_others_count_half_whatever_they_are)
{
    stage_failure(&stage, NOON, HOP_FAILURE_STEP_UP, true);
    stage_failure(&stage, NOON, HOP_FAILURE_CREDENTIAL, true);
    ck_assert_double_eq_tol(failures(), 1, 1e-9);
}
END_TEST

START_TEST(failures_accuse_who_comes_from_elsewhere_alone)
{
    for (int i = 0; i < 20; i++)
        mistype(i);
    ck_assert_double_eq(failures(), 4);
    ck_assert_double_eq(term(HOP_STORY_NEAR, HOP_BLOCK_FAILURES), 4);
    ck_assert_double_eq(term(HOP_STORY_HOP, HOP_BLOCK_FAILURES), 0);
    ck_assert_double_eq(term(HOP_STORY_SEAT, HOP_BLOCK_FAILURES), 0);
}
END_TEST

START_TEST(old_and_future_failures_are_ignored)
{
    mistype(7201);
    mistype(7202);
    mistype(-301);
    mistype(-302);
    ck_assert(skipped(HOP_BLOCK_FAILURES));
}
END_TEST

START_TEST(a_full_list_of_failures_is_full_accusation)
{
    stage.around.failures_flooded = true;
    ck_assert_double_eq(failures(), 4);
}
END_TEST

/* --- dormancy --- */

/* The last of 181 daily sightings was `days` ago. */
static double dormancy_after(int days)
{
    stage.login.time = NOON + (int64_t)(days - 1) * HOP_DAY_SECONDS;
    return term(HOP_STORY_SEAT, HOP_BLOCK_DORMANCY);
}

START_TEST(a_month_of_silence_says_nothing)
{
    dormancy_after(30);
    ck_assert(skipped(HOP_BLOCK_DORMANCY));
    ck_assert_double_eq_tol(dormancy_after(31), log2(.5 * pow(1 + 31.0 / 7, 1.5)), 1e-9);
    ck_assert(evidence.present[HOP_BLOCK_DORMANCY]);
    ck_assert_double_eq(term(HOP_STORY_OUTSIDE, HOP_BLOCK_DORMANCY),
                        evidence.terms[HOP_STORY_HOP][HOP_BLOCK_DORMANCY]);
}
END_TEST

START_TEST(dormancy_is_at_most_four_bits)
{
    ck_assert_double_eq(dormancy_after(400), 4);
}
END_TEST

START_TEST(who_comes_seldom_is_not_dormant_soon)
{
    hop_profile_done(&stage.profile);
    stage_see(&stage, HOP_KIND_TENANT, "t1", TODAY - 301, TODAY - 1, 30, false);
    ck_assert_double_eq(dormancy_after(40), 0);
    ck_assert_double_eq_tol(dormancy_after(90), log2(.5 * pow(1 + 90.0 / 90, 1.5)), 1e-9);
}
END_TEST

START_TEST(the_register_ends_a_silence_too)
{
    stage.profile.last.time = NOON + 395 * HOP_DAY_SECONDS;
    dormancy_after(400);
    ck_assert(skipped(HOP_BLOCK_DORMANCY));
}
END_TEST

/* --- first sight, moves, recency --- */

START_TEST(an_origin_never_seen_weighs_until_it_was_seen_once)
{
    ck_assert_double_eq(term(HOP_STORY_NEAR, HOP_BLOCK_SIGHT), 0);
    ck_assert(skipped(HOP_BLOCK_SIGHT));
    stage_address(&stage, "84.24.99.7", HOP_ZONE_INTERNET, NULL);
    ck_assert_double_eq_tol(term(HOP_STORY_NEAR, HOP_BLOCK_SIGHT), 2.5, 1e-9);
    ck_assert_double_lt(term(HOP_STORY_SEAT, HOP_BLOCK_SIGHT), 1);
    stage_see(&stage, HOP_KIND_NET, "84.24.99.0/24", TODAY, TODAY, 1, false);
    ck_assert_double_eq(term(HOP_STORY_NEAR, HOP_BLOCK_SIGHT), 0);
    stage.scene.strict = true;
    ck_assert_double_eq_tol(term(HOP_STORY_NEAR, HOP_BLOCK_SIGHT), 2.5, 1e-9);
}
END_TEST

START_TEST(a_new_address_of_a_known_net_is_a_smaller_first_sight)
{
    stage_address(&stage, "84.24.10.99", HOP_ZONE_INTERNET, NULL);
    ck_assert_double_eq_tol(term(HOP_STORY_NEAR, HOP_BLOCK_SIGHT), 1, 1e-9);
}
END_TEST

START_TEST(no_line_of_homes_or_of_the_tenants_own_is_a_first_sight)
{
    stage_address(&stage, "192.0.2.77", HOP_ZONE_HOME, NULL);
    term(HOP_STORY_NEAR, HOP_BLOCK_SIGHT);
    ck_assert(skipped(HOP_BLOCK_SIGHT));
    stage_address(&stage, "10.1.0.5", HOP_ZONE_TENANT, "t1");
    term(HOP_STORY_NEAR, HOP_BLOCK_SIGHT);
    ck_assert(skipped(HOP_BLOCK_SIGHT));
    stage_address(&stage, "10.6.0.5", HOP_ZONE_TENANT, "t6");
    ck_assert_double_ge(term(HOP_STORY_HOP, HOP_BLOCK_SIGHT), 2.5);
}
END_TEST

/* A new country weighs no less than a new operator in a known one. */
START_TEST(more_that_is_new_never_weighs_less)
{
    for (int story = 0; story < HOP_STORY_COUNT; story++) {
        double before = -INFINITY;
        static const char *const addresses[] = {"84.24.10.7", "84.24.10.99", "84.24.99.7",
                                                "84.24.99.7", "84.24.99.7"};
        for (int news = 0; news < 5; news++) {
            stage_address(&stage, addresses[news], HOP_ZONE_INTERNET, NULL);
            stage.login.origin.place.asn = news >= 3 ? 64999 : 7;
            strcpy(stage.login.origin.place.country, news >= 4 ? "DE" : "NL");
            double bits = term((enum hop_story)story, HOP_BLOCK_ORIGIN) +
                          term((enum hop_story)story, HOP_BLOCK_SIGHT);
            ck_assert_msg(bits >= before - 1e-9, "story %d, news %d: %f after %f", story, news,
                          bits, before);
            before = bits;
        }
    }
}
END_TEST

static void last_seen_at(const char *address, int64_t time)
{
    stage.profile.last.time = time;
    stage.profile.last.zone = HOP_ZONE_INTERNET;
    ck_assert(hop_address_parse(hop_span_of(address), &stage.profile.last.address));
}

START_TEST(who_was_elsewhere_within_two_hours_has_moved)
{
    stage_address(&stage, "84.24.99.7", HOP_ZONE_INTERNET, NULL);
    term(HOP_STORY_NEAR, HOP_BLOCK_MOVE);
    ck_assert(skipped(HOP_BLOCK_MOVE));
    last_seen_at("84.24.10.7", NOON - 7200);
    ck_assert_double_eq(term(HOP_STORY_NEAR, HOP_BLOCK_MOVE), 2.5);
    ck_assert_double_eq(term(HOP_STORY_SEAT, HOP_BLOCK_MOVE), 0);
    last_seen_at("84.24.10.7", NOON - 7201);
    term(HOP_STORY_NEAR, HOP_BLOCK_MOVE);
    ck_assert(skipped(HOP_BLOCK_MOVE));
    last_seen_at("84.24.99.8", NOON - 60);
    term(HOP_STORY_NEAR, HOP_BLOCK_MOVE);
    ck_assert(skipped(HOP_BLOCK_MOVE));
}
END_TEST

START_TEST(whoever_goes_on_from_a_known_line_has_not_moved)
{
    last_seen_at("192.0.2.10", NOON - 60);
    term(HOP_STORY_NEAR, HOP_BLOCK_MOVE);
    ck_assert(skipped(HOP_BLOCK_MOVE));
}
END_TEST

START_TEST(another_tenants_touch_tells_of_a_move_by_its_operator)
{
    stage_address(&stage, "84.24.99.7", HOP_ZONE_INTERNET, NULL);
    stage_touch(&stage, NOON - 600, "tag-2", 0);
    term(HOP_STORY_NEAR, HOP_BLOCK_MOVE);
    ck_assert(skipped(HOP_BLOCK_MOVE));
    stage.around.touches[0].asn = 7;
    term(HOP_STORY_NEAR, HOP_BLOCK_MOVE);
    ck_assert(skipped(HOP_BLOCK_MOVE));
    stage.around.touches[0].asn = 64999;
    ck_assert_double_eq(term(HOP_STORY_NEAR, HOP_BLOCK_MOVE), 2.5);
}
END_TEST

START_TEST(a_tenant_of_months_ago_weighs_more_than_one_of_yesterday)
{
    ck_assert_double_le(term(HOP_STORY_SEAT, HOP_BLOCK_RECENCY), 0);
    strcpy(stage.login.tenant, "t5");
    stage_see(&stage, HOP_KIND_TENANT, "t5", TODAY - 180, TODAY - 90, 3, false);
    ck_assert_double_gt(term(HOP_STORY_SEAT, HOP_BLOCK_RECENCY), .5);
    ck_assert_int_eq(f.tenant_last, TODAY - 90);
    stage_see(&stage, HOP_KIND_TENANT, "t5", TODAY - 1, TODAY - 1, 1, false);
    ck_assert_double_lt(term(HOP_STORY_SEAT, HOP_BLOCK_RECENCY), .5);
}
END_TEST

START_TEST(a_tenant_never_used_has_no_recency)
{
    strcpy(stage.login.tenant, "t5");
    term(HOP_STORY_SEAT, HOP_BLOCK_RECENCY);
    ck_assert(skipped(HOP_BLOCK_RECENCY));
}
END_TEST

/* --- pace --- */

static double pace(void)
{
    double bits = term(HOP_STORY_SEAT, HOP_BLOCK_PACE);
    for (int story = 0; story < HOP_STORY_COUNT; story++)
        ck_assert_double_eq(evidence.terms[story][HOP_BLOCK_PACE], bits);
    ck_assert(evidence.present[HOP_BLOCK_PACE] == (bits > 0));
    return bits;
}

START_TEST(the_second_other_tenant_within_two_hours_and_those_after_it_accuse)
{
    static const double expected[] = {0, 1, 2, 3, 3};
    ck_assert_double_eq(pace(), 0);
    for (int i = 0; i < 5; i++) {
        char tag[] = {'t', 'a', 'g', '-', (char)('2' + i), '\0'};
        stage_touch(&stage, NOON - 60 * (i + 1), tag, -30);
        ck_assert_double_eq(pace(), expected[i]);
    }
}
END_TEST

START_TEST(one_tenant_counts_once_and_the_logins_own_not_at_all)
{
    for (int i = 0; i < 4; i++) {
        stage_touch(&stage, NOON - 60 * i, "tag-1", 0);
        stage_touch(&stage, NOON - 60 * i, "tag-2", 0);
    }
    ck_assert_double_eq(pace(), 0);
}
END_TEST

START_TEST(what_lies_two_hours_back_or_before_a_passed_step_up_is_settled)
{
    stage_touch(&stage, NOON - 7201, "tag-2", 0);
    stage_touch(&stage, NOON - 7200, "tag-3", 0);
    stage_touch(&stage, NOON - 600, "tag-4", 0);
    stage_touch(&stage, NOON + 301, "tag-5", 0);
    ck_assert_double_eq(pace(), 1);
    stage.profile.step_up_time = NOON - 600;
    ck_assert_double_eq(pace(), 0);
    stage.profile.step_up_time = NOON + 301;
    ck_assert_double_eq(pace(), 1);
}
END_TEST

START_TEST(a_flooded_list_is_the_fastest_pace)
{
    stage.around.touches_flooded = true;
    ck_assert_double_eq(pace(), 3);
}
END_TEST

/* --- floors --- */

static unsigned floors_at(int risk_decibits)
{
    hop_familiarity_of(&stage.scene, &f);
    return hop_floors_of(&stage.scene, &f, risk_decibits);
}

static unsigned floors(void)
{
    return floors_at(-100);
}

START_TEST(a_new_edge_asks_at_a_tenant_always_and_in_one_trust_domain_in_doubt)
{
    strcpy(stage.login.origin.place.country, "DE");
    strcpy(stage.login.key, "fresh");
    unsigned country = HOP_FLOOR_BIT(HOP_FLOOR_COUNTRY), key = HOP_FLOOR_BIT(HOP_FLOOR_KEY_NEW);
    ck_assert_uint_eq(floors_at(-100), country | key);
    ck_assert_uint_eq(floors_at(-220), country | key);
    stage_address(&stage, "10.6.0.1", HOP_ZONE_TENANT, "t6");
    ck_assert(floors_at(-100) & HOP_FLOOR_BIT(HOP_FLOOR_EDGE));
    ck_assert(!(floors_at(-101) & HOP_FLOOR_BIT(HOP_FLOOR_EDGE)));
    stage.scene.witness_is_home = false;
    ck_assert(floors_at(-220) & HOP_FLOOR_BIT(HOP_FLOOR_EDGE));
    stage.scene.witness_is_home = true;
    stage.login.origin.place.kind = HOP_PLACE_HOSTING;
    stage.login.origin.place.asn = 64999;
    ck_assert(floors_at(-220) & HOP_FLOOR_BIT(HOP_FLOOR_HOSTING));
}
END_TEST

START_TEST(a_usual_login_meets_no_floor)
{
    ck_assert_uint_eq(floors(), 0);
}
END_TEST

START_TEST(a_newcomer_has_fewer_than_three_days_and_nothing_confirmed)
{
    hop_profile_done(&stage.profile);
    stage_see(&stage, HOP_KIND_TENANT, "t1", TODAY - 2, TODAY - 1, 1, false);
    ck_assert(floors() & HOP_FLOOR_BIT(HOP_FLOOR_NEWCOMER));
    stage_see(&stage, HOP_KIND_TENANT, "t9", TODAY - 1, TODAY - 1, 1, true);
    ck_assert(!(floors() & HOP_FLOOR_BIT(HOP_FLOOR_NEWCOMER)));
    hop_profile_done(&stage.profile);
    stage_see(&stage, HOP_KIND_TENANT, "t1", TODAY - 3, TODAY - 1, 1, false);
    ck_assert(!(floors() & HOP_FLOOR_BIT(HOP_FLOOR_NEWCOMER)));
}
END_TEST

START_TEST(a_country_is_new_on_the_internet_even_if_unknown)
{
    unsigned bit = HOP_FLOOR_BIT(HOP_FLOOR_COUNTRY);
    strcpy(stage.login.origin.place.country, "");
    ck_assert(floors() & bit);
    stage_address(&stage, "10.0.0.1", HOP_ZONE_TENANT, "t1");
    ck_assert(!(floors() & bit));
    stage_address(&stage, "10.0.0.1", HOP_ZONE_HOME, NULL);
    ck_assert(!(floors() & bit));
    strcpy(stage.login.origin.place.country, "ES");
    ck_assert(!(floors() & bit));
    stage.login.origin.zone = HOP_ZONE_TENANT;
    ck_assert(floors() & bit);
}
END_TEST

START_TEST(a_hosting_network_is_a_floor_while_new)
{
    stage.login.origin.place.kind = HOP_PLACE_HOSTING;
    ck_assert_uint_eq(floors(), 0);
    stage.login.origin.place.asn = 8;
    ck_assert_uint_eq(floors(), HOP_FLOOR_BIT(HOP_FLOOR_HOSTING));
    stage.login.origin.zone = HOP_ZONE_HOME;
    ck_assert_uint_eq(floors(), 0);
}
END_TEST

START_TEST(a_new_key_is_a_floor_from_the_internet)
{
    strcpy(stage.login.key, "other");
    ck_assert_uint_eq(floors(), HOP_FLOOR_BIT(HOP_FLOOR_KEY_NEW));
    stage_address(&stage, "84.24.10.7", HOP_ZONE_HOME, NULL);
    ck_assert_uint_eq(floors(), 0);
    stage.around.key_of_another = true;
    ck_assert_uint_eq(floors(), HOP_FLOOR_BIT(HOP_FLOOR_KEY_OWNER));
    stage.login.key_lost = true;
    ck_assert_uint_eq(floors(), 0);
}
END_TEST

START_TEST(an_unknown_edge_is_a_floor)
{
    stage_address(&stage, "84.24.10.7", HOP_ZONE_TENANT, "t2");
    ck_assert_uint_eq(floors(), HOP_FLOOR_BIT(HOP_FLOOR_EDGE));
    stage_see(&stage, HOP_KIND_EDGE, "t2/t1", TODAY - 9, TODAY - 1, 1, false);
    ck_assert_uint_eq(floors(), 0);
}
END_TEST

START_TEST(a_first_touch_is_a_floor_where_the_witness_is_a_tenant)
{
    strcpy(stage.login.tenant, "t2");
    ck_assert_uint_eq(floors(), 0);
    stage.scene.witness_is_home = false;
    ck_assert_uint_eq(floors(), HOP_FLOOR_BIT(HOP_FLOOR_TENANT_FIRST));
    stage_see(&stage, HOP_KIND_TENANT, "t2", TODAY - 1, TODAY - 1, 1, false);
    ck_assert_uint_eq(floors(), 0);
}
END_TEST

START_TEST(team_mates_speak_for_whom_a_tenant_never_saw)
{
    unsigned alone = HOP_FLOOR_BIT(HOP_FLOOR_TENANT_FIRST) | HOP_FLOOR_BIT(HOP_FLOOR_NEWCOMER);
    hop_profile_done(&stage.profile);
    stage.scene.witness_is_home = false;
    ck_assert_uint_eq(floors(), alone);
    stage.around.team_here = 1;
    ck_assert_uint_eq(floors(), 0);
    stage.around.team_here = 0;
    stage_address(&stage, "192.0.2.10", HOP_ZONE_HOME, NULL);
    ck_assert_uint_eq(floors(), alone);
    stage.around.org_here = 1; /* home's network stands for whom home knows, and for nobody else */
    ck_assert_uint_eq(floors(), HOP_FLOOR_BIT(HOP_FLOOR_NEWCOMER));
    stage.around.team_here = 1;
    stage_address(&stage, "10.6.0.1", HOP_ZONE_TENANT, "t6");
    ck_assert_uint_eq(floors() & alone, alone);
    stage_address(&stage, "192.0.2.10", HOP_ZONE_HOME, NULL);
    stage.scene.witness_is_home = true;
    ck_assert_uint_eq(floors(), HOP_FLOOR_BIT(HOP_FLOOR_NEWCOMER));
}
END_TEST

START_TEST(a_tenants_witness_asks_about_countries_and_silence_only_in_doubt)
{
    unsigned both = HOP_FLOOR_BIT(HOP_FLOOR_COUNTRY) | HOP_FLOOR_BIT(HOP_FLOOR_DORMANT);
    strcpy(stage.login.origin.place.country, "DE");
    stage.login.time += 91 * HOP_DAY_SECONDS;
    ck_assert_uint_eq(floors_at(-101) & both, both);
    stage.scene.witness_is_home = false;
    ck_assert_uint_eq(floors_at(-90) & both, both);
    ck_assert_uint_eq(floors_at(-91), 0);
}
END_TEST

START_TEST(ninety_one_days_of_silence_are_a_floor)
{
    stage.login.time = NOON + 89 * HOP_DAY_SECONDS;
    ck_assert(!(floors() & HOP_FLOOR_BIT(HOP_FLOOR_DORMANT)));
    stage.login.time += HOP_DAY_SECONDS;
    ck_assert(floors() & HOP_FLOOR_BIT(HOP_FLOOR_DORMANT));
    hop_profile_done(&stage.profile);
    ck_assert(!(floors() & HOP_FLOOR_BIT(HOP_FLOOR_DORMANT)));
}
END_TEST

START_TEST(leaving_quarantine_is_a_floor_in_strict_mode)
{
    ck_assert(!knows_after(TODAY - 2, TODAY - 1, false, true));
    ck_assert(!(floors() & HOP_FLOOR_BIT(HOP_FLOOR_UNCONFIRMED)));
    stage_see(&stage, HOP_KIND_KEY, "other", TODAY - 3, TODAY - 3, 1, false);
    ck_assert(floors() & HOP_FLOOR_BIT(HOP_FLOOR_UNCONFIRMED));
    stage.scene.strict = false;
    ck_assert(!(floors() & HOP_FLOOR_BIT(HOP_FLOOR_UNCONFIRMED)));
    stage_see(&stage, HOP_KIND_KEY, "other", TODAY - 1, TODAY - 1, 1, true);
    stage.scene.strict = true;
    ck_assert(!(floors() & HOP_FLOOR_BIT(HOP_FLOOR_UNCONFIRMED)));
}
END_TEST

START_TEST(each_freeze_is_a_floor)
{
    enum hop_freeze *freezes[] = {&stage.around.frozen_account, &stage.around.frozen_key,
                                  &stage.around.frozen_source};
    for (int i = 0; i < 3; i++) {
        *freezes[i] = HOP_FREEZE_STEP_UP;
        ck_assert_uint_eq(floors(), HOP_FLOOR_BIT(HOP_FLOOR_FROZEN));
        *freezes[i] = HOP_FREEZE_NONE;
    }
}
END_TEST

START_TEST(a_full_shared_set_is_a_floor)
{
    stage.around.touches_flooded = true;
    ck_assert_uint_eq(floors(), HOP_FLOOR_BIT(HOP_FLOOR_FLOODED));
    stage.around.touches_flooded = false;
    stage.around.owners_flooded = true;
    ck_assert_uint_eq(floors(), HOP_FLOOR_BIT(HOP_FLOOR_FLOODED));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("evidence");
    TCase *cases = tcase_create("evidence");
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, an_empty_profile_knows_nothing);
    tcase_add_test(cases, p_new_stays_within_its_clamp);
    tcase_add_test(cases, the_first_recorded_day_is_no_novelty);
    tcase_add_test(cases, two_days_do_not_leave_quarantine);
    tcase_add_test(cases, three_days_leave_quarantine);
    tcase_add_test(cases, three_days_do_not_suffice_in_strict_mode);
    tcase_add_test(cases, a_confirmation_leaves_quarantine_in_strict_mode_too);
    tcase_add_test(cases, the_first_three_recorded_days_are_trusted);
    tcase_add_test(cases, the_fourth_recorded_day_is_not);
    tcase_add_test(cases, a_confirmed_value_fades_all_the_same);
    tcase_add_test(cases, what_was_never_confirmed_weighs_nothing_in_strict_mode);
    tcase_add_test(cases, leaving_quarantine_is_a_floor_in_strict_mode);
    tcase_add_test(cases, origin_is_skipped_without_an_address);
    tcase_add_test(cases, what_lies_inside_an_unknown_country_adds_nothing);
    tcase_add_test(cases, hosting_counts_at_a_new_operator_and_not_at_a_new_net);
    tcase_add_test(cases, the_widest_unknown_part_is_named);
    tcase_add_test(cases, distances_are_those_of_the_sphere);
    tcase_add_test(cases, an_impossible_journey_is_clamped_at_six_bits);
    tcase_add_test(cases, a_quarter_of_an_hour_is_the_shortest_journey);
    tcase_add_test(cases, a_short_way_says_nothing);
    tcase_add_test(cases, inside_a_session_nobody_travels);
    tcase_add_test(cases, a_large_accuracy_radius_is_believed);
    tcase_add_test(cases, travel_needs_two_places_on_the_internet);
    tcase_add_test(cases, without_hours_on_record_time_says_nothing);
    tcase_add_test(cases, a_rare_hour_accuses_and_a_usual_one_acquits);
    tcase_add_test(cases, midnight_is_near_eleven_at_night);
    tcase_add_test(cases, a_sighting_weighs_one_hour_in_all);
    tcase_add_test(cases, a_malformed_hour_is_passed_over);
    tcase_add_test(cases, without_a_key_the_block_is_skipped);
    tcase_add_test(cases, a_known_key_stays_known_whoever_else_used_it);
    tcase_add_test(cases, anothers_key_weighs_at_least_what_the_design_says);
    tcase_add_test(cases, destination_stays_within_its_clamp);
    tcase_add_test(cases, an_unknown_host_counts_on_a_known_tenant_only);
    tcase_add_test(cases, visits_elsewhere_make_a_first_visit_more_surprising);
    tcase_add_test(cases, visits_never_acquit);
    tcase_add_test(cases, only_another_tenants_network_is_a_hop);
    tcase_add_test(cases, a_known_edge_weighs_less_than_an_unknown_one);
    tcase_add_test(cases, without_a_day_on_record_hopping_says_nothing);
    tcase_add_test(cases, without_touches_fan_out_is_zero_and_present);
    tcase_add_test(cases, one_touch_fades_by_half_in_two_hours_and_twenty_four_minutes);
    tcase_add_test(cases, a_step_is_at_most_three_bits_and_half_a_bit_is_free);
    tcase_add_test(cases, five_bits_are_all_and_the_sum_holds_twelve);
    tcase_add_test(cases, of_one_visit_the_largest_touch_counts);
    tcase_add_test(cases, the_same_tenant_within_an_hour_is_one_visit);
    tcase_add_test(cases, a_forged_small_touch_hides_no_large_one);
    tcase_add_test(cases, old_and_future_touches_are_ignored);
    tcase_add_test(cases, the_sum_starts_anew_after_a_step_up);
    tcase_add_test(cases, only_home_may_acquit_and_only_down_to_zero);
    tcase_add_test(cases, the_visit_being_judged_is_no_earlier_one);
    tcase_add_test(cases, the_order_of_touches_does_not_matter);
    tcase_add_test(cases, a_full_set_is_full_accusation);
    tcase_add_test(cases, as_many_touches_as_are_ever_read_are_weighed);
    tcase_add_test(cases, without_failures_the_block_is_skipped);
    tcase_add_test(cases, one_wrong_credential_is_a_typo);
    tcase_add_test(cases, a_failure_counts_half_after_half_an_hour);
    tcase_add_test(cases, a_failed_step_up_is_no_typo_and_counts_three);
    tcase_add_test(cases, failures_of_others_count_half_whatever_they_are);
    tcase_add_test(cases, failures_accuse_who_comes_from_elsewhere_alone);
    tcase_add_test(cases, old_and_future_failures_are_ignored);
    tcase_add_test(cases, a_full_list_of_failures_is_full_accusation);
    tcase_add_test(cases, a_month_of_silence_says_nothing);
    tcase_add_test(cases, dormancy_is_at_most_four_bits);
    tcase_add_test(cases, who_comes_seldom_is_not_dormant_soon);
    tcase_add_test(cases, the_register_ends_a_silence_too);
    tcase_add_test(cases, team_mates_speak_for_whom_a_tenant_never_saw);
    tcase_add_test(cases, a_tenants_witness_asks_about_countries_and_silence_only_in_doubt);
    tcase_add_test(cases, ninety_one_days_of_silence_are_a_floor);
    tcase_add_test(cases, an_origin_never_seen_weighs_until_it_was_seen_once);
    tcase_add_test(cases, a_new_address_of_a_known_net_is_a_smaller_first_sight);
    tcase_add_test(cases, no_line_of_homes_or_of_the_tenants_own_is_a_first_sight);
    tcase_add_test(cases, more_that_is_new_never_weighs_less);
    tcase_add_test(cases, who_was_elsewhere_within_two_hours_has_moved);
    tcase_add_test(cases, whoever_goes_on_from_a_known_line_has_not_moved);
    tcase_add_test(cases, another_tenants_touch_tells_of_a_move_by_its_operator);
    tcase_add_test(cases, a_tenant_of_months_ago_weighs_more_than_one_of_yesterday);
    tcase_add_test(cases, a_tenant_never_used_has_no_recency);
    tcase_add_test(cases, the_second_other_tenant_within_two_hours_and_those_after_it_accuse);
    tcase_add_test(cases, one_tenant_counts_once_and_the_logins_own_not_at_all);
    tcase_add_test(cases, what_lies_two_hours_back_or_before_a_passed_step_up_is_settled);
    tcase_add_test(cases, a_flooded_list_is_the_fastest_pace);
    tcase_add_test(cases, a_new_edge_asks_at_a_tenant_always_and_in_one_trust_domain_in_doubt);
    tcase_add_test(cases, a_usual_login_meets_no_floor);
    tcase_add_test(cases, a_newcomer_has_fewer_than_three_days_and_nothing_confirmed);
    tcase_add_test(cases, a_country_is_new_on_the_internet_even_if_unknown);
    tcase_add_test(cases, a_hosting_network_is_a_floor_while_new);
    tcase_add_test(cases, a_new_key_is_a_floor_from_the_internet);
    tcase_add_test(cases, an_unknown_edge_is_a_floor);
    tcase_add_test(cases, a_first_touch_is_a_floor_where_the_witness_is_a_tenant);
    tcase_add_test(cases, each_freeze_is_a_floor);
    tcase_add_test(cases, a_full_shared_set_is_a_floor);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
