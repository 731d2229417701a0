/* SPDX-License-Identifier: Apache-2.0 */
/* On the memory store: what is learned is what is recalled, and what hostile hosts write does no
 * harm. */
#include "date.h"
#include "plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../suite.h"
#include "login_fixture.h"

static struct hop_store *store;
static struct hop_login login;
static struct hop_reach reach;
static struct hop_recollection recalled;

static void setup(void)
{
    ck_assert_int_eq(hop_store_memory_new(&store, NULL), HOP_OK);
    login = fixture_login();
    reach = fixture_reach("acme");
    hop_recollection_init(&recalled);
}

static void teardown(void)
{
    hop_recollection_done(&recalled);
    hop_store_free(&store);
}

static void recall(void)
{
    fixture_recall(store, &login, &reach, &recalled);
}

static void put(enum hop_write_kind kind, const char *key, const char *field, const char *value)
{
    struct hop_batch batch;
    hop_batch_init(&batch);
    ck_assert_int_eq(hop_batch_add(&batch, kind, key, field, value, 1), HOP_OK);
    fixture_write(store, &batch);
    hop_batch_done(&batch);
}

static void member(const char *key, const char *value)
{
    put(HOP_WRITE_MEMBER, key, NULL, value);
}

static void members(const char *key, const char *format, int count)
{
    struct hop_batch batch;
    hop_batch_init(&batch);
    for (int i = 0; i < count; i++) {
        char value[64];
        int length = snprintf(value, sizeof value, "%s%d", format, i);
        ck_assert_int_lt(length, (int)sizeof value);
        ck_assert_int_eq(hop_batch_add(&batch, HOP_WRITE_MEMBER, key, NULL, value, 0), HOP_OK);
    }
    fixture_write(store, &batch);
    hop_batch_done(&batch);
}

START_TEST(nothing_is_known_of_a_newcomer)
{
    recall();
    ck_assert_int_eq(recalled.source, HOP_RECALL_STORE);
    ck_assert(hop_profile_empty(&recalled.merged) && hop_profile_empty(&recalled.own));
    ck_assert_uint_eq(recalled.around.touch_count, 0);
    ck_assert(!recalled.around.key_of_another && !recalled.around.owners_flooded);
    ck_assert(!recalled.around.touches_flooded && !recalled.around.inventory_flooded);
    ck_assert_str_eq(recalled.inventory_tag, "");
    ck_assert_double_eq(recalled.around.tenants, 60);
    ck_assert_int_eq(recalled.around.frozen_account, HOP_FREEZE_NONE);
    ck_assert_int_eq(recalled.around.frozen_key, HOP_FREEZE_NONE);
    ck_assert_int_eq(recalled.around.frozen_source, HOP_FREEZE_NONE);
}
END_TEST

static void expect_same_profile(const struct hop_profile *a, const struct hop_profile *b)
{
    ck_assert_uint_eq(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        ck_assert_int_eq(a->sightings[i].kind, b->sightings[i].kind);
        ck_assert_str_eq(a->sightings[i].value, b->sightings[i].value);
        ck_assert(hop_dayset_equal(&a->sightings[i].days, &b->sightings[i].days));
    }
    ck_assert_int_eq(a->last.time, b->last.time);
    ck_assert(hop_address_equal(&a->last.address, &b->last.address));
    ck_assert_int_eq(a->step_up_time, b->step_up_time);
}

static void see(struct hop_profile *model, bool confirmed)
{
    struct hop_values values;
    hop_values_of(&login, &values);
    if (model->last.time && login.time - model->last.time <= HOP_SESSION_START_GAP)
        values.has[HOP_KIND_HOUR] = false;
    for (unsigned kind = 0; kind < HOP_KIND_COUNT; kind++)
        if (values.has[kind])
            ck_assert_int_eq(hop_profile_see(model, (enum hop_kind)kind,
                                             hop_span_of(values.text[kind]),
                                             hop_date_day(login.time), confirmed),
                             HOP_OK);
    model->last = hop_last_of(&login);
}

START_TEST(what_is_learned_is_recalled)
{
    struct hop_profile model;
    hop_profile_init(&model);
    for (int i = 0; i < 200; i++) {
        char source[32];
        snprintf(source, sizeof source, "84.24.%d.7", i % 7);
        fixture_source(&login, source);
        snprintf(login.host, sizeof login.host, "db%d", i % 5);
        login.time += i % 3 == 0 ? 3600 : 40000;
        bool confirmed = i % 50 == 49;
        fixture_learn(store, &login, &reach, confirmed);
        see(&model, confirmed);
    }
    recall();
    expect_same_profile(&recalled.own, &model);
    expect_same_profile(&recalled.merged, &model);
    hop_profile_done(&model);
}
END_TEST

START_TEST(learning_twice_is_learning_once)
{
    fixture_learn(store, &login, &reach, false);
    recall();
    struct hop_recollection before = recalled;
    hop_recollection_init(&recalled);
    fixture_learn(store, &login, &reach, false);
    recall();
    expect_same_profile(&recalled.merged, &before.merged);
    ck_assert_uint_eq(recalled.around.visits[0], before.around.visits[0]);
    hop_recollection_done(&before);
}
END_TEST

START_TEST(a_step_up_is_recalled)
{
    struct hop_batch batch;
    hop_batch_init(&batch);
    ck_assert_int_eq(hop_plan_step_up(&login, &reach, &batch), HOP_OK);
    fixture_write(store, &batch);
    hop_batch_done(&batch);
    recall();
    ck_assert_int_eq(recalled.merged.step_up_time, FIXTURE_TIME);
}
END_TEST

START_TEST(a_profile_that_the_store_keeps_follows_every_write)
{
    reach = fixture_reach_home();
    for (int i = 0; i < 300; i++) {
        char address[32];
        (void)snprintf(address, sizeof address, "84.%d.%d.7", 1 + i % 7, i % 200);
        fixture_source(&login, address);
        login.time += 40000;
        fixture_learn(store, &login, &reach, i % 50 == 0);
    }
    recall();
    ck_assert(recalled.own.borrowed && recalled.merged.borrowed);
    struct hop_read *read = calloc(1, sizeof *read);
    struct hop_replies replies;
    struct hop_profile anew;
    struct hop_text key = hop_text_over(read->key, sizeof read->key);
    hop_key_profile(&key, &reach, login.identity, reach.witness);
    read->kind = HOP_READ_HASH;
    hop_replies_init(&replies);
    ck_assert_int_eq(
        hop_store_read_by(store, read, 1, &replies, (struct hop_deadline){INT64_MAX}, NULL),
        HOP_OK);
    hop_profile_init(&anew);
    ck_assert_int_eq(hop_profile_of_pairs(replies.items[0].pairs, replies.items[0].count, &anew),
                     HOP_OK);
    expect_same_profile(&recalled.own, &anew);
    ck_assert_int_eq(recalled.own.last.time, anew.last.time);
    hop_profile_done(&anew);
    hop_replies_done(&replies);
    free(read);
}
END_TEST

/* --- witnesses --- */

static const struct hop_dayset *days_of(const struct hop_profile *profile, enum hop_kind kind,
                                        const char *value)
{
    return hop_profile_find(profile, kind, hop_span_of(value));
}

START_TEST(home_and_tenant_are_joined_value_by_value)
{
    put(HOP_WRITE_DAYS, "hop:1:p:{anna}:acme", "c:NL", "20780:1");
    put(HOP_WRITE_DAYS, "hop:1:p:{anna}:acme", "t:acme", "20780:1");
    put(HOP_WRITE_DAYS, "hop:1:p:{anna}:home", "c:NL", "20778:1+");
    put(HOP_WRITE_DAYS, "hop:1:p:{anna}:home", "c:DE", "20779:1");
    put(HOP_WRITE_LATEST, "hop:1:p:{anna}:acme", "stepup", "100");
    put(HOP_WRITE_LATEST, "hop:1:p:{anna}:home", "stepup", "200");
    recall();
    const struct hop_dayset *merged = days_of(&recalled.merged, HOP_KIND_COUNTRY, "NL");
    ck_assert(hop_dayset_has(merged, 20780) && hop_dayset_has(merged, 20778));
    ck_assert(merged->confirmed);
    ck_assert_ptr_nonnull(days_of(&recalled.merged, HOP_KIND_COUNTRY, "DE"));
    ck_assert_ptr_nonnull(days_of(&recalled.merged, HOP_KIND_TENANT, "acme"));
    ck_assert_int_eq(recalled.merged.step_up_time, 200);
    const struct hop_dayset *own = days_of(&recalled.own, HOP_KIND_COUNTRY, "NL");
    ck_assert(!hop_dayset_has(own, 20778) && !own->confirmed);
    ck_assert_ptr_null(days_of(&recalled.own, HOP_KIND_COUNTRY, "DE"));
}
END_TEST

START_TEST(another_tenants_word_is_not_read)
{
    put(HOP_WRITE_DAYS, "hop:1:p:{anna}:beta", "c:NL", "20780:1+");
    recall();
    ck_assert(hop_profile_empty(&recalled.merged));
}
END_TEST

START_TEST(home_does_not_read_tenants)
{
    put(HOP_WRITE_DAYS, "hop:1:p:{anna}:acme", "c:NL", "20780:1+");
    reach = fixture_reach_home();
    recall();
    ck_assert(hop_profile_empty(&recalled.merged));
}
END_TEST

START_TEST(days_after_tomorrow_are_dropped)
{
    put(HOP_WRITE_DAYS, "hop:1:p:{anna}:acme", "c:NL", "20782:1");
    put(HOP_WRITE_DAYS, "hop:1:p:{anna}:acme", "c:DE", "20783:1");
    put(HOP_WRITE_DAYS, "hop:1:p:{anna}:acme", "c:BE", "20783:5");
    put(HOP_WRITE_LAST, "hop:1:p:{anna}:acme", "last",
        "1895512600 internet NL 33915 fixed - - 0.0 84.24.10.7 -");
    put(HOP_WRITE_LATEST, "hop:1:p:{anna}:acme", "stepup", "1895512600");
    recall();
    ck_assert_ptr_nonnull(days_of(&recalled.merged, HOP_KIND_COUNTRY, "NL"));
    ck_assert_ptr_null(days_of(&recalled.merged, HOP_KIND_COUNTRY, "DE"));
    ck_assert_int_eq(hop_dayset_days(days_of(&recalled.merged, HOP_KIND_COUNTRY, "BE")), 1);
    ck_assert_int_eq(recalled.merged.last.time, 0);
    ck_assert_int_eq(recalled.merged.step_up_time, 0);
}
END_TEST

/* --- shared lists --- */

START_TEST(touches_of_the_last_day_are_recalled)
{
    member("hop:1:x:{anna}:83125", "1795500000|t1|45|33915|k1");
    member("hop:1:x:{anna}:83121", "1795413600|t2|-9|0|");
    member("hop:1:x:{anna}:83120", "1795392000|t3|45|0|");
    recall();
    ck_assert_uint_eq(recalled.around.touch_count, 2);
    const struct hop_touch *touch = &recalled.around.touches[0];
    ck_assert_int_eq(touch->time, 1795500000);
    ck_assert_str_eq(touch->tag, "t1");
    ck_assert_int_eq(touch->surprise_db, 45);
    ck_assert_uint_eq(touch->asn, 33915);
    ck_assert_str_eq(touch->key_tag, "k1");
}
END_TEST

START_TEST(hostile_touches_are_skipped)
{
    const char *hostile[] = {"", "|", "||||", "1795500000", "1795500000||4|1|k", "x|t1|4|1|k",
                             "1795500000|t1|4|1|k|more", "1795500000|t1|4|99999999999|k",
                             "1795500000|t\x01|4|1|k", "-1|t1|4|1|k",
                             /* not of this bucket */
                             "1795400000|t1|4|1|k", "1895500000|t1|4|1|k"};
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++)
        member("hop:1:x:{anna}:83125", hostile[i]);
    member("hop:1:x:{anna}:83125", "1795500000|t1|4|1|k");
    recall();
    ck_assert_uint_eq(recalled.around.touch_count, 1);
    ck_assert(!recalled.around.touches_flooded);
}
END_TEST

/* What a sample leaves out may have been meant to be left out. */
START_TEST(touches_that_cannot_all_be_read_are_a_finding)
{
    members("hop:1:x:{anna}:83123", "junk", HOP_TOUCH_READ_MAX);
    recall();
    ck_assert(!recalled.around.touches_flooded);
    member("hop:1:x:{anna}:83123", "one more");
    recall();
    ck_assert(recalled.around.touches_flooded);
}
END_TEST

START_TEST(a_flood_of_touches_is_a_finding)
{
    reach = fixture_reach_home();
    members("hop:1:x:{anna}:83123", "junk", HOP_SHARED_SET_FULL);
    recall();
    ck_assert(!recalled.around.touches_flooded);
    member("hop:1:x:{anna}:83123", "one more");
    recall();
    ck_assert(recalled.around.touches_flooded);
}
END_TEST

START_TEST(no_more_than_the_limit_is_read)
{
    members("hop:1:x:{anna}:83125", "1795500000|t1|4|1|k", 600);
    recall();
    ck_assert_uint_eq(recalled.around.touch_count, HOP_TOUCH_READ_MAX);
}
END_TEST

START_TEST(failures_of_the_last_hours_are_recalled)
{
    member("hop:1:f:{anna}:249376", "1795512590|c");
    member("hop:1:f:{anna}:249375", "1795507000|s");
    member("hop:1:f:{anna}:249374", "1795499000|c");
    member("hop:1:q:{84.24.10.0%2F24}:249376", "1795512500|c|other");
    recall();
    ck_assert_uint_eq(recalled.around.failure_count, 3);
    ck_assert_int_eq(recalled.around.failures[0].kind, HOP_FAILURE_CREDENTIAL);
    ck_assert(!recalled.around.failures[0].of_another && recalled.around.failures[1].of_another);
    ck_assert_int_eq(recalled.around.failures[2].kind, HOP_FAILURE_STEP_UP);
    ck_assert(!recalled.around.failures_flooded);
}
END_TEST

START_TEST(ones_own_failures_do_not_count_twice)
{
    struct hop_batch batch;
    hop_batch_init(&batch);
    ck_assert_int_eq(hop_plan_failed(&login, &reach, HOP_FAILURE_CREDENTIAL, &batch), HOP_OK);
    fixture_write(store, &batch);
    hop_batch_done(&batch);
    recall();
    ck_assert_uint_eq(recalled.around.failure_count, 1);
    ck_assert(!recalled.around.failures[0].of_another);
}
END_TEST

START_TEST(spoilt_failures_are_skipped_and_hide_nothing)
{
    member("hop:1:f:{anna}:249376", "junk");
    member("hop:1:f:{anna}:249376", "1795499000|c");
    member("hop:1:f:{anna}:249376", "1795512590|c");
    recall();
    ck_assert_uint_eq(recalled.around.failure_count, 1);
    members("hop:1:q:{84.24.10.0%2F24}:249375", "junk", HOP_FAILURE_READ_MAX);
    recall();
    ck_assert(recalled.around.failures_flooded);
}
END_TEST

START_TEST(ones_own_key_accuses_nobody)
{
    fixture_learn(store, &login, &reach, false);
    recall();
    ck_assert(!recalled.around.key_of_another);
}
END_TEST

START_TEST(a_key_of_another_identity_is_told)
{
    member("hop:1:k:{SHA256:AbC%2Fd+e}", "bert");
    recall();
    ck_assert(recalled.around.key_of_another);
    fixture_learn(store, &login, &reach, false);
    recall();
    ck_assert(recalled.around.key_of_another);
}
END_TEST

START_TEST(coded_names_are_compared_as_such)
{
    hop_string_copy(login.identity, sizeof login.identity, "anna b/c");
    fixture_learn(store, &login, &reach, false);
    recall();
    ck_assert(!recalled.around.key_of_another);
}
END_TEST

/* Names that hide an owner would take an accusation away. */
START_TEST(spoilt_owners_accuse_too)
{
    member("hop:1:k:{SHA256:AbC%2Fd+e}", "%zz");
    recall();
    ck_assert(recalled.around.key_of_another && !recalled.around.owners_flooded);
    members("hop:1:k:{SHA256:AbC%2Fd+e}", "", HOP_SHARED_SET_FULL);
    recall();
    ck_assert(recalled.around.owners_flooded);
}
END_TEST

START_TEST(the_inventory_names_another_tenant)
{
    member("hop:1:n:{84.24.10.7}", "t9f");
    recall();
    ck_assert_str_eq(recalled.inventory_tag, "");
    member("hop:1:n:{84.24.10.7}", "tb2");
    recall();
    ck_assert_str_eq(recalled.inventory_tag, "tb2");
    ck_assert(!recalled.around.inventory_flooded);
}
END_TEST

/* Several may be there to make a hop look like another's usual one. */
START_TEST(a_contested_address_is_a_finding)
{
    member("hop:1:n:{84.24.10.7}", "tb2");
    member("hop:1:n:{84.24.10.7}", "ta1");
    recall();
    ck_assert_str_eq(recalled.inventory_tag, "ta1");
    ck_assert(recalled.around.inventory_flooded);
    reach = fixture_reach_home();
    recall();
    ck_assert_str_eq(recalled.inventory_tag, "ta1");
    ck_assert(!recalled.around.inventory_flooded);
    member("hop:1:n:{84.24.10.7}", "Not a tag|");
    recall();
    ck_assert_str_eq(recalled.inventory_tag, "ta1");
    ck_assert(recalled.around.inventory_flooded);
}
END_TEST

START_TEST(a_flood_of_tags_is_a_finding)
{
    reach = fixture_reach_home();
    members("hop:1:n:{84.24.10.7}", "t", HOP_SHARED_SET_FULL);
    recall();
    ck_assert(!recalled.around.inventory_flooded);
    member("hop:1:n:{84.24.10.7}", "tx");
    recall();
    ck_assert(recalled.around.inventory_flooded);
}
END_TEST

START_TEST(a_tenants_own_hosts_stand_in_the_inventory)
{
    struct hop_login elsewhere = fixture_login();
    struct hop_reach beta = fixture_reach("beta");
    hop_string_copy(elsewhere.tenant, sizeof elsewhere.tenant, "beta");
    hop_string_copy(elsewhere.tenant_tag, sizeof elsewhere.tenant_tag, "tbeta");
    fixture_learn(store, &elsewhere, &beta, false);
    fixture_source(&login, "198.51.100.9");
    recall();
    ck_assert_str_eq(recalled.inventory_tag, "tbeta");
}
END_TEST

START_TEST(visits_elsewhere_are_counted_by_month)
{
    member("hop:1:y:{anna}:682", "20780|t1");
    member("hop:1:y:{anna}:682", "20780|t2");
    member("hop:1:y:{anna}:670", "20430|t1");
    member("hop:1:y:{anna}:669", "20400|t1");
    recall();
    ck_assert_uint_eq(recalled.around.visits[0], 2);
    ck_assert_uint_eq(recalled.around.visits[1], 0);
    ck_assert_uint_eq(recalled.around.visits[12], 1);
}
END_TEST

START_TEST(team_and_organisation_are_counted)
{
    const char *names[] = {"anna", "bert", "carla"};
    const char *tenants[] = {"acme", "acme", "beta"};
    for (int i = 0; i < 3; i++) {
        hop_string_copy(login.identity, sizeof login.identity, names[i]);
        hop_string_copy(login.tenant, sizeof login.tenant, tenants[i]);
        hop_string_copy(login.team, sizeof login.team, i == 1 ? "" : "nordics");
        fixture_learn(store, &login, &reach, false);
    }
    login = fixture_login();
    recall();
    ck_assert_double_eq(recalled.around.team_here, 1);
    ck_assert_double_eq(recalled.around.team_total, 2);
    ck_assert_double_eq(recalled.around.org_here, 2);
    ck_assert_double_eq(recalled.around.org_total, 3);
    login.team[0] = '\0';
    recall();
    ck_assert_double_eq(recalled.around.team_here, 0);
    ck_assert_double_eq(recalled.around.team_total, 0);
    ck_assert_double_eq(recalled.around.org_here, 2);
}
END_TEST

START_TEST(freezes_are_recalled)
{
    put(HOP_WRITE_FIELD, "hop:1:freeze", "account:anna", "block|1|piet|gone");
    put(HOP_WRITE_FIELD, "hop:1:freeze", "key:" FIXTURE_KEY, "step_up|1|piet|lost");
    put(HOP_WRITE_FIELD, "hop:1:freeze", "source:84.24.10.7", "spoilt");
    recall();
    ck_assert_int_eq(recalled.around.frozen_account, HOP_FREEZE_BLOCK);
    ck_assert_int_eq(recalled.around.frozen_key, HOP_FREEZE_STEP_UP);
    ck_assert_int_eq(recalled.around.frozen_source, HOP_FREEZE_STEP_UP);
    hop_string_copy(login.identity, sizeof login.identity, "bert");
    fixture_source(&login, "84.24.10.8");
    recall();
    ck_assert_int_eq(recalled.around.frozen_account, HOP_FREEZE_NONE);
    ck_assert_int_eq(recalled.around.frozen_key, HOP_FREEZE_STEP_UP);
    ck_assert_int_eq(recalled.around.frozen_source, HOP_FREEZE_NONE);
}
END_TEST

START_TEST(permits_are_recalled)
{
    put(HOP_WRITE_FIELD, "hop:1:freeze", "permit:anna",
        "01JD8Z0M2N3P4Q5R6S7T8V9WXY|1795512600|1795519800|piet|lost");
    recall();
    ck_assert_str_eq(recalled.around.permit.id, "01JD8Z0M2N3P4Q5R6S7T8V9WXY");
    ck_assert_str_eq(recalled.around.permit.author, "piet");
    ck_assert_int_eq(recalled.around.frozen_account, HOP_FREEZE_NONE);
    put(HOP_WRITE_FIELD, "hop:1:freeze", "permit:anna", "spoilt");
    recall();
    ck_assert_str_eq(recalled.around.permit.id, "");
    hop_string_copy(login.identity, sizeof login.identity, "bert");
    recall();
    ck_assert_str_eq(recalled.around.permit.id, "");
}
END_TEST

START_TEST(replies_to_other_reads_are_refused)
{
    struct hop_reads *reads = malloc(sizeof *reads);
    struct hop_replies replies;
    struct hop_login shorter = login;
    hop_replies_init(&replies);
    shorter.key[0] = '\0';
    hop_plan_reads(&shorter, &reach, reads);
    ck_assert(hop_replies_start(&replies, reads->count));
    recalled.around.inventory_flooded = true;
    ck_assert_int_eq(hop_plan_recollect(reads, &replies, &login, &reach, &recalled), HOP_MALFORMED);
    ck_assert(recalled.around.inventory_flooded);
    ck_assert_int_eq(hop_plan_recollect(reads, &replies, &shorter, &reach, &recalled), HOP_OK);
    ck_assert(!recalled.around.inventory_flooded);
    replies.items[0].number = 1795512600123;
    ck_assert_int_eq(hop_plan_recollect(reads, &replies, &shorter, &reach, &recalled), HOP_OK);
    ck_assert_int_eq(recalled.store_time_ms, 1795512600123);
    hop_replies_done(&replies);
    free(reads);
}
END_TEST

/* --- evictions --- */

static void expect_within_bounds(void)
{
    unsigned counts[HOP_KIND_COUNT] = {0};
    recall();
    for (size_t i = 0; i < recalled.own.count; i++)
        counts[recalled.own.sightings[i].kind]++;
    for (unsigned kind = 0; kind < HOP_KIND_COUNT; kind++)
        ck_assert_uint_le(counts[kind], hop_kind_facts((enum hop_kind)kind)->bound);
}

/* Under the sanitizer, which looks for other faults and takes its time, fewer do. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NEW_ADDRESSES 1000
#endif
#endif
#ifndef NEW_ADDRESSES
#define NEW_ADDRESSES 5000
#endif

/* An intruder who logs in from a new address each time can neither swell the profile nor, within
 * the same day, push out what its owner is known by. */
START_TEST(new_addresses_for_ever_stay_within_bounds)
{
    for (int day = 0; day < 30; day++) {
        fixture_learn(store, &login, &reach, false);
        login.time += HOP_DAY_SECONDS;
    }
    for (int i = 0; i < NEW_ADDRESSES; i++) {
        char source[32];
        snprintf(source, sizeof source, "%d.%d.%d.1", 1 + i % 9, i / 250, i % 250);
        fixture_source(&login, source);
        login.origin.place.asn = (uint32_t)(1000 + i);
        login.time += 10;
        ck_assert_uint_le(fixture_learn(store, &login, &reach, false), HOP_KIND_COUNT);
        if (i % 500 == 0)
            expect_within_bounds();
    }
    expect_within_bounds();
    ck_assert_ptr_nonnull(days_of(&recalled.own, HOP_KIND_NODE, "84.24.10.7"));
    struct hop_values values;
    hop_values_of(&login, &values);
    ck_assert_ptr_nonnull(days_of(&recalled.own, HOP_KIND_NODE, values.text[HOP_KIND_NODE]));
}
END_TEST

START_TEST(the_value_just_learned_is_never_evicted)
{
    unsigned bound = hop_kind_facts(HOP_KIND_COUNTRY)->bound;
    for (unsigned i = 0; i < bound; i++) {
        char field[16];
        snprintf(field, sizeof field, "c:Z%u", i);
        put(HOP_WRITE_DAYS, "hop:1:p:{anna}:acme", field, "20781:ffffffffffffffff");
    }
    hop_string_copy(login.origin.place.country, HOP_COUNTRY_MAX + 1, "AA");
    ck_assert_uint_eq(fixture_learn(store, &login, &reach, false), 1);
    recall();
    ck_assert_ptr_nonnull(days_of(&recalled.own, HOP_KIND_COUNTRY, "AA"));
    expect_within_bounds();
}
END_TEST

/* Hosts that learn at the same moment may overshoot together. */
START_TEST(an_overfull_kind_shrinks_back)
{
    for (unsigned i = 0; i < 90; i++) {
        char field[16];
        snprintf(field, sizeof field, "k:key%u", i);
        put(HOP_WRITE_DAYS, "hop:1:p:{anna}:acme", field, "20700:1");
    }
    fixture_learn(store, &login, &reach, false);
    fixture_learn(store, &login, &reach, false);
    expect_within_bounds();
    ck_assert_ptr_nonnull(days_of(&recalled.own, HOP_KIND_KEY, FIXTURE_KEY));
}
END_TEST

START_TEST(homes_values_are_not_this_tenants_to_evict)
{
    for (unsigned i = 0; i < hop_kind_facts(HOP_KIND_KEY)->bound; i++) {
        char field[16];
        snprintf(field, sizeof field, "k:key%u", i);
        put(HOP_WRITE_DAYS, "hop:1:p:{anna}:home", field, "20700:1");
    }
    ck_assert_uint_eq(fixture_learn(store, &login, &reach, false), 0);
}
END_TEST

HOP_SUITE_AROUND("history/recollect", setup, teardown,
                 a_profile_that_the_store_keeps_follows_every_write, nothing_is_known_of_a_newcomer,
                 what_is_learned_is_recalled, learning_twice_is_learning_once,
                 a_step_up_is_recalled, home_and_tenant_are_joined_value_by_value,
                 another_tenants_word_is_not_read, home_does_not_read_tenants,
                 days_after_tomorrow_are_dropped, touches_of_the_last_day_are_recalled,
                 touches_that_cannot_all_be_read_are_a_finding, hostile_touches_are_skipped,
                 a_flood_of_touches_is_a_finding, no_more_than_the_limit_is_read,
                 failures_of_the_last_hours_are_recalled, ones_own_failures_do_not_count_twice,
                 spoilt_failures_are_skipped_and_hide_nothing, ones_own_key_accuses_nobody,
                 a_key_of_another_identity_is_told, coded_names_are_compared_as_such,
                 spoilt_owners_accuse_too, a_contested_address_is_a_finding,
                 the_inventory_names_another_tenant, a_flood_of_tags_is_a_finding,
                 a_tenants_own_hosts_stand_in_the_inventory, visits_elsewhere_are_counted_by_month,
                 team_and_organisation_are_counted, freezes_are_recalled, permits_are_recalled,
                 replies_to_other_reads_are_refused, new_addresses_for_ever_stay_within_bounds,
                 the_value_just_learned_is_never_evicted, an_overfull_kind_shrinks_back,
                 homes_values_are_not_this_tenants_to_evict)
