/* SPDX-License-Identifier: Apache-2.0 */
#include "profile.h"

#include "stage.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct stage stage;

static void set_up(void)
{
    stage_init(&stage);
}

static void tear_down(void)
{
    stage_done(&stage);
}

static const struct hop_dayset *find(enum hop_kind kind, const char *value)
{
    return hop_profile_find(&stage.profile, kind, hop_span_of(value));
}

static void assert_same(const struct hop_profile *a, const struct hop_profile *b)
{
    ck_assert_uint_eq(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        ck_assert_int_eq(a->sightings[i].kind, b->sightings[i].kind);
        ck_assert_str_eq(a->sightings[i].value, b->sightings[i].value);
        ck_assert(hop_dayset_equal(&a->sightings[i].days, &b->sightings[i].days));
    }
    ck_assert_int_eq(a->last.time, b->last.time);
    ck_assert_str_eq(a->last.place.country, b->last.place.country);
    ck_assert_int_eq(a->step_up_time, b->step_up_time);
}

START_TEST(a_new_profile_is_empty_whatever_its_registers)
{
    stage.profile.step_up_time = 5;
    ck_assert(hop_profile_empty(&stage.profile));
    stage_see(&stage, HOP_KIND_COUNTRY, "NL", 20000, 20000, 1, false);
    ck_assert(!hop_profile_empty(&stage.profile));
}
END_TEST

START_TEST(values_are_found_under_their_kind_only)
{
    stage_see(&stage, HOP_KIND_TENANT, "t1", 20000, 20002, 1, false);
    stage_see(&stage, HOP_KIND_TENANT, "t10", 20000, 20000, 1, false);
    stage_see(&stage, HOP_KIND_HOST, "t1/h", 20000, 20000, 1, false);
    ck_assert_int_eq(hop_dayset_days(find(HOP_KIND_TENANT, "t1")), 3);
    ck_assert_int_eq(hop_dayset_days(find(HOP_KIND_TENANT, "t10")), 1);
    ck_assert_ptr_null(find(HOP_KIND_TENANT, "t"));
    ck_assert_ptr_null(find(HOP_KIND_TENANT, "t1/h"));
    ck_assert_ptr_null(find(HOP_KIND_COUNTRY, "t1"));
}
END_TEST

START_TEST(sightings_stay_sorted_whatever_the_order)
{
    struct stage other;
    const char *const values[] = {"b", "a", "", "ab", "c", "a\x7f", "aa"};
    stage_init(&other);
    for (int i = 0; i < 7; i++) {
        stage_see(&stage, (enum hop_kind)(i % 3), values[i], 20000, 20000 + i, 2, i == 3);
        stage_see(&other, (enum hop_kind)((6 - i) % 3), values[6 - i], 20000, 20000 + 6 - i, 2,
                  6 - i == 3);
    }
    assert_same(&stage.profile, &other.profile);
    for (size_t i = 1; i < stage.profile.count; i++) {
        const struct hop_sighting *a = &stage.profile.sightings[i - 1], *b = a + 1;
        ck_assert(a->kind < b->kind || (a->kind == b->kind && strcmp(a->value, b->value) < 0));
    }
    stage_done(&other);
}
END_TEST

START_TEST(a_value_over_the_limit_is_refused)
{
    char value[HOP_VALUE_MAX + 2];
    memset(value, 'v', sizeof value);
    struct hop_span whole = {value, HOP_VALUE_MAX + 1}, most = {value, HOP_VALUE_MAX};
    ck_assert_int_eq(hop_profile_see(&stage.profile, HOP_KIND_HOST, whole, 20000, false),
                     HOP_LIMIT);
    ck_assert(hop_profile_empty(&stage.profile));
    ck_assert_int_eq(hop_profile_see(&stage.profile, HOP_KIND_HOST, most, 20000, false), HOP_OK);
    ck_assert_ptr_nonnull(hop_profile_find(&stage.profile, HOP_KIND_HOST, most));
}
END_TEST

START_TEST(a_confirmation_stays)
{
    stage_see(&stage, HOP_KIND_KEY, "k", 20000, 20000, 1, true);
    stage_see(&stage, HOP_KIND_KEY, "k", 20001, 20001, 1, false);
    ck_assert(find(HOP_KIND_KEY, "k")->confirmed);
    ck_assert_int_eq(hop_dayset_days(find(HOP_KIND_KEY, "k")), 2);
    ck_assert(hop_profile_days(&stage.profile).confirmed);
}
END_TEST

START_TEST(a_merge_is_the_union_and_commutes)
{
    struct stage a, b;
    stage_init(&a);
    stage_init(&b);
    stage_see(&a, HOP_KIND_COUNTRY, "NL", 20000, 20010, 1, false);
    stage_see(&b, HOP_KIND_COUNTRY, "NL", 20005, 20020, 1, true);
    stage_see(&b, HOP_KIND_COUNTRY, "DE", 20005, 20005, 1, false);
    a.profile.last = (struct hop_last){.time = 100, .place = {.country = "NL"}};
    b.profile.last = (struct hop_last){.time = 100, .place = {.country = "DE"}};
    a.profile.step_up_time = 7;
    ck_assert_int_eq(hop_profile_merge(&stage.profile, &a.profile), HOP_OK);
    ck_assert_int_eq(hop_profile_merge(&stage.profile, &b.profile), HOP_OK);
    ck_assert_int_eq(hop_profile_merge(&b.profile, &a.profile), HOP_OK);
    ck_assert_int_eq(hop_profile_merge(&b.profile, &a.profile), HOP_OK);
    assert_same(&stage.profile, &b.profile);
    ck_assert_int_eq(hop_dayset_days(find(HOP_KIND_COUNTRY, "NL")), 21);
    ck_assert_int_eq(stage.profile.step_up_time, 7);
    stage_done(&a);
    stage_done(&b);
}
END_TEST

START_TEST(future_days_and_what_is_left_empty_go)
{
    stage_see(&stage, HOP_KIND_COUNTRY, "NL", 20000, 20005, 1, false);
    stage_see(&stage, HOP_KIND_COUNTRY, "DE", 20003, 20004, 1, true);
    stage_see(&stage, HOP_KIND_COUNTRY, "ES", 20002, 20002, 1, false);
    hop_profile_drop_future(&stage.profile, 20001);
    ck_assert_uint_eq(stage.profile.count, 2);
    ck_assert_int_eq(hop_dayset_days(find(HOP_KIND_COUNTRY, "NL")), 3); /* tomorrow stays */
    ck_assert_ptr_nonnull(find(HOP_KIND_COUNTRY, "ES"));
    ck_assert_ptr_null(find(HOP_KIND_COUNTRY, "DE"));
}
END_TEST

START_TEST(each_kind_is_bounded_and_the_faintest_value_goes_first)
{
    enum hop_kind kind = (enum hop_kind)_i;
    unsigned bound = hop_kind_facts(kind)->bound;
    char value[16];
    for (unsigned i = 0; i < bound; i++) {
        (void)snprintf(value, sizeof value, "v%04u", i);
        stage_see(&stage, kind, value, 20100, 20100, 1, false);
    }
    ck_assert_ptr_null(hop_profile_surplus(&stage.profile, kind, 20200));
    stage_see(&stage, kind, "zz", 20099, 20099, 1, false);
    const struct hop_sighting *surplus = hop_profile_surplus(&stage.profile, kind, 20200);
    ck_assert_ptr_nonnull(surplus);
    ck_assert_str_eq(surplus->value, "zz");
    hop_profile_remove(&stage.profile, kind, hop_span_of("zz"));
    hop_profile_remove(&stage.profile, kind, hop_span_of("zz"));
    ck_assert_uint_eq(stage.profile.count, bound);
    stage_see(&stage, kind, "w", 20100, 20100, 1, false);
    ck_assert_str_eq(hop_profile_surplus(&stage.profile, kind, 20200)->value, "v0000");
}
END_TEST

START_TEST(the_bounds_and_constants_are_those_of_the_design)
{
    static const struct {
        char letter;
        unsigned bound;
        double half_life, theta;
        bool quarantined;
    } told[] = {{'c', 32, 60, .2, true},    {'a', 64, 60, .5, true},  {'n', 128, 60, 1.5, true},
                {'i', 256, 60, 2, false},   {'k', 32, 180, .3, true}, {'t', 512, 180, 2, false},
                {'h', 1024, 180, 2, false}, {'e', 64, 180, 1, true},  {'x', 2, 60, .2, false},
                {'w', 48, 60, 8, false}};
    enum hop_kind kind;
    for (unsigned i = 0; i < HOP_KIND_COUNT; i++) {
        ck_assert(hop_kind_of(told[i].letter, &kind));
        const struct hop_kind_facts *facts = hop_kind_facts(kind);
        ck_assert_int_eq(facts->letter, told[i].letter);
        ck_assert_uint_eq(facts->bound, told[i].bound);
        ck_assert_double_eq(facts->half_life, told[i].half_life);
        ck_assert_double_eq(facts->theta, told[i].theta);
        ck_assert_int_eq(facts->quarantined, told[i].quarantined);
    }
    ck_assert(!hop_kind_of('z', &kind));
    ck_assert(!hop_kind_of('\0', &kind));
}
END_TEST

START_TEST(the_recorded_days_are_those_of_all_kinds)
{
    stage_see(&stage, HOP_KIND_COUNTRY, "NL", 20000, 20001, 1, false);
    stage_see(&stage, HOP_KIND_TENANT, "t", 20001, 20003, 2, false);
    struct hop_dayset days = hop_profile_days(&stage.profile);
    ck_assert_int_eq(hop_dayset_days(&days), 3);
    ck_assert_int_eq(hop_dayset_first(&days), 20000);
    ck_assert(!days.confirmed);
}
END_TEST

/* --- values --- */

static void assert_value(enum hop_kind kind, const char *expected)
{
    struct hop_values values;
    hop_values_of(&stage.login, &values);
    ck_assert_msg(values.has[kind] == (expected != NULL), "kind %d", (int)kind);
    if (expected)
        ck_assert_str_eq(values.text[kind], expected);
}

static void fill_login(void)
{
    stage.login.time = 1795512600; /* Tuesday 2026-11-24 09:30 */
    strcpy(stage.login.tenant, "t1");
    strcpy(stage.login.host, "db1");
    strcpy(stage.login.key, "SHA256:k");
}

START_TEST(a_login_shows_one_value_of_each_kind)
{
    fill_login();
    stage_address(&stage, "84.24.10.7", HOP_ZONE_INTERNET, NULL);
    strcpy(stage.login.origin.place.country, "NL");
    stage.login.origin.place.asn = 33915;
    assert_value(HOP_KIND_COUNTRY, "NL");
    assert_value(HOP_KIND_ASN, "33915");
    assert_value(HOP_KIND_NET, "84.24.10.0/24");
    assert_value(HOP_KIND_NODE, "84.24.10.7");
    assert_value(HOP_KIND_KEY, "SHA256:k");
    assert_value(HOP_KIND_TENANT, "t1");
    assert_value(HOP_KIND_HOST, "t1/db1");
    assert_value(HOP_KIND_EDGE, NULL);
    assert_value(HOP_KIND_HOPPED, "0");
    assert_value(HOP_KIND_HOUR, "wd09");
}
END_TEST

START_TEST(an_ipv6_source_shows_its_48_and_64)
{
    fill_login();
    stage_address(&stage, "2001:db8:1:2::9", HOP_ZONE_INTERNET, NULL);
    assert_value(HOP_KIND_NET, "2001:db8:1::/48");
    assert_value(HOP_KIND_NODE, "2001:db8:1:2::/64");
}
END_TEST

START_TEST(unknown_is_a_value_of_its_own)
{
    fill_login();
    stage_address(&stage, "84.24.10.7", HOP_ZONE_HOME, NULL);
    assert_value(HOP_KIND_COUNTRY, "unknown");
    assert_value(HOP_KIND_ASN, "unknown");
}
END_TEST

START_TEST(without_an_address_nothing_of_the_origin_shows)
{
    fill_login();
    for (int kind = HOP_KIND_COUNTRY; kind <= HOP_KIND_NODE; kind++)
        assert_value((enum hop_kind)kind, NULL);
    assert_value(HOP_KIND_EDGE, NULL);
    assert_value(HOP_KIND_HOPPED, NULL);
    assert_value(HOP_KIND_TENANT, "t1");
}
END_TEST

START_TEST(a_hop_is_a_source_in_another_tenants_network)
{
    fill_login();
    stage_address(&stage, "10.6.0.1", HOP_ZONE_TENANT, "t6");
    assert_value(HOP_KIND_EDGE, "t6/t1");
    assert_value(HOP_KIND_HOPPED, "1");
    stage_address(&stage, "10.6.0.1", HOP_ZONE_TENANT, "t1");
    assert_value(HOP_KIND_EDGE, NULL);
    assert_value(HOP_KIND_HOPPED, "0");
    stage_address(&stage, "10.6.0.1", HOP_ZONE_HOME, NULL);
    assert_value(HOP_KIND_HOPPED, "0");
}
END_TEST

START_TEST(a_lost_or_absent_key_shows_none)
{
    fill_login();
    stage.login.key_lost = true;
    assert_value(HOP_KIND_KEY, NULL);
    stage.login.key_lost = false;
    stage.login.key[0] = '\0';
    assert_value(HOP_KIND_KEY, NULL);
}
END_TEST

START_TEST(weekends_have_hours_of_their_own)
{
    fill_login();
    stage.login.time = 1795910399; /* Saturday 2026-11-28 23:59:59 */
    assert_value(HOP_KIND_HOUR, "we23");
    stage.login.time = 1795910399 + 86401; /* Monday 00:00:00 */
    assert_value(HOP_KIND_HOUR, "wd00");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("profile");
    TCase *cases = tcase_create("profile");
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, a_new_profile_is_empty_whatever_its_registers);
    tcase_add_test(cases, values_are_found_under_their_kind_only);
    tcase_add_test(cases, sightings_stay_sorted_whatever_the_order);
    tcase_add_test(cases, a_value_over_the_limit_is_refused);
    tcase_add_test(cases, a_confirmation_stays);
    tcase_add_test(cases, a_merge_is_the_union_and_commutes);
    tcase_add_test(cases, future_days_and_what_is_left_empty_go);
    tcase_add_loop_test(cases, each_kind_is_bounded_and_the_faintest_value_goes_first, 0,
                        HOP_KIND_COUNT);
    tcase_add_test(cases, the_bounds_and_constants_are_those_of_the_design);
    tcase_add_test(cases, the_recorded_days_are_those_of_all_kinds);
    tcase_add_test(cases, a_login_shows_one_value_of_each_kind);
    tcase_add_test(cases, an_ipv6_source_shows_its_48_and_64);
    tcase_add_test(cases, unknown_is_a_value_of_its_own);
    tcase_add_test(cases, without_an_address_nothing_of_the_origin_shows);
    tcase_add_test(cases, a_hop_is_a_source_in_another_tenants_network);
    tcase_add_test(cases, a_lost_or_absent_key_shows_none);
    tcase_add_test(cases, weekends_have_hours_of_their_own);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
