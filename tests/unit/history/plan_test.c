/* SPDX-License-Identifier: Apache-2.0 */
#include "plan.h"

#include <string.h>

#include "../suite.h"
#include "login_fixture.h"

static struct hop_login login;
static struct hop_reach reach;
static struct hop_recollection blank;
static struct hop_batch batch;

static void setup(void)
{
    login = fixture_login();
    reach = fixture_reach("acme");
    hop_recollection_init(&blank);
    hop_batch_init(&batch);
}

static void teardown(void)
{
    hop_batch_done(&batch);
    hop_recollection_done(&blank);
}

static const char *const read_words[HOP_READ_KIND_COUNT] = {
    [HOP_READ_TIME] = "time",           [HOP_READ_HASH] = "hash",     [HOP_READ_FIELD] = "field",
    [HOP_READ_HASH_SIZE] = "hash-size", [HOP_READ_SAMPLE] = "sample", [HOP_READ_SET_SIZE] = "size",
};

static void expect_reads(const char *expected)
{
    struct hop_reads *reads = malloc(sizeof *reads);
    char buffer[8192];
    struct hop_text text = hop_text_over(buffer, sizeof buffer);
    hop_plan_reads(&login, &reach, reads);
    for (size_t i = 0; i < reads->count; i++) {
        const struct hop_read *read = &reads->items[i];
        hop_text_format(&text, "%s %s", read_words[read->kind], read->key);
        if (read->limit)
            hop_text_format(&text, " %u", read->limit);
        if (read->field[0])
            hop_text_format(&text, " %s", read->field);
        hop_text_put(&text, "\n");
    }
    ck_assert_str_eq(buffer, expected);
    free(reads);
}

static void expect_writes(const char *expected)
{
    char *text = fixture_text(&batch);
    ck_assert_str_eq(text, expected);
    free(text);
}

#define TOUCH_READS                                                                                \
    "sample hop:1:x:{anna}:83125 256\n"                                                            \
    "size hop:1:x:{anna}:83125\n"                                                                  \
    "sample hop:1:x:{anna}:83124 256\n"                                                            \
    "size hop:1:x:{anna}:83124\n"                                                                  \
    "sample hop:1:x:{anna}:83123 256\n"                                                            \
    "size hop:1:x:{anna}:83123\n"                                                                  \
    "sample hop:1:x:{anna}:83122 256\n"                                                            \
    "size hop:1:x:{anna}:83122\n"                                                                  \
    "sample hop:1:x:{anna}:83121 256\n"                                                            \
    "size hop:1:x:{anna}:83121\n"

#define FAILURE_READS                                                                              \
    "sample hop:1:f:{anna}:249376 256\n"                                                           \
    "sample hop:1:f:{anna}:249375 256\n"

START_TEST(reads_of_a_tenants_host)
{
    expect_reads("time \n"
                 "hash hop:1:p:{anna}:acme\n"
                 "hash hop:1:p:{anna}:home\n" TOUCH_READS "size hop:1:y:{anna}:682\n"
                 "size hop:1:y:{anna}:681\n"
                 "size hop:1:y:{anna}:680\n"
                 "size hop:1:y:{anna}:679\n"
                 "size hop:1:y:{anna}:678\n"
                 "size hop:1:y:{anna}:677\n"
                 "size hop:1:y:{anna}:676\n"
                 "size hop:1:y:{anna}:675\n"
                 "size hop:1:y:{anna}:674\n"
                 "size hop:1:y:{anna}:673\n"
                 "size hop:1:y:{anna}:672\n"
                 "size hop:1:y:{anna}:671\n"
                 "size hop:1:y:{anna}:670\n" FAILURE_READS
                 "sample hop:1:q:{84.24.10.0%2F24}:249376 256\n"
                 "sample hop:1:q:{84.24.10.0%2F24}:249375 256\n"
                 "sample hop:1:k:{SHA256:AbC%2Fd+e} 4\n"
                 "size hop:1:k:{SHA256:AbC%2Fd+e}\n"
                 "sample hop:1:n:{84.24.10.7} 4\n"
                 "size hop:1:n:{84.24.10.7}\n"
                 "hash-size hop:1:d:{acme}:acme\n"
                 "size hop:1:d:{}:acme\n"
                 "hash-size hop:1:d:{acme/nordics}:acme\n"
                 "size hop:1:d:{/nordics}:acme\n"
                 "field hop:1:freeze account:anna\n"
                 "field hop:1:freeze key:SHA256:AbC/d+e\n"
                 "field hop:1:freeze source:84.24.10.7\n"
                 "field hop:1:freeze permit:anna\n");
}
END_TEST

START_TEST(reads_of_home_without_what_is_not_known)
{
    reach = fixture_reach_home();
    login.team[0] = login.key[0] = '\0';
    fixture_source(&login, "10.1.2.3");
    expect_reads("time \n"
                 "hash hop:1:p:{anna}:home\n" TOUCH_READS FAILURE_READS
                 "hash-size hop:1:d:{acme}:home\n"
                 "size hop:1:d:{}:home\n"
                 "field hop:1:freeze account:anna\n"
                 "field hop:1:freeze source:10.1.2.3\n"
                 "field hop:1:freeze permit:anna\n");
    login.origin.address = (struct hop_address){0};
    expect_reads("time \n"
                 "hash hop:1:p:{anna}:home\n" TOUCH_READS FAILURE_READS
                 "hash-size hop:1:d:{acme}:home\n"
                 "size hop:1:d:{}:home\n"
                 "field hop:1:freeze account:anna\n"
                 "field hop:1:freeze permit:anna\n");
}
END_TEST

static void expect_key(const struct hop_text *key, const char *expected)
{
    ck_assert_str_eq(key->at, expected);
    ck_assert(!key->cut);
}

START_TEST(every_part_of_a_key_is_coded)
{
    char buffer[HOP_STORE_KEY_MAX + 1];
    struct hop_text key = hop_text_over(buffer, sizeof buffer);
    hop_key_profile(&key, &reach, "an}na:{x}\n/\xc3\xa9", "home");
    expect_key(&key, "hop:1:p:{an%7Dna:%7Bx%7D%0A%2F%C3%A9}:home");
    key = hop_text_over(buffer, sizeof buffer);
    hop_key_admins(&key, &reach, "ac/me", "te/am", "home");
    expect_key(&key, "hop:1:d:{ac%2Fme/te%2Fam}:home");
}
END_TEST

/* A cut key would be another identity's. */
START_TEST(the_longest_names_fit)
{
    char long_name[HOP_NAME_MAX + 1], buffer[HOP_STORE_KEY_MAX + 1];
    char long_tenant[HOP_TENANT_MAX + 1];
    memset(long_name, '/', HOP_NAME_MAX);
    memset(long_tenant, '/', HOP_TENANT_MAX);
    long_name[HOP_NAME_MAX] = long_tenant[HOP_TENANT_MAX] = '\0';
    memcpy(reach.prefix, long_tenant, sizeof long_tenant);
    struct hop_text key = hop_text_over(buffer, sizeof buffer);
    hop_key_admins(&key, &reach, long_tenant, long_name, long_tenant);
    ck_assert(!key.cut);
    key = hop_text_over(buffer, sizeof buffer);
    hop_key_touches(&key, &reach, long_name, INT64_MIN);
    ck_assert(!key.cut);
    memcpy(login.identity, long_name, sizeof long_name);
    memcpy(login.team, long_name, sizeof long_name);
    memcpy(login.key, long_name, sizeof long_name);
    memcpy(login.host, long_name, sizeof long_name);
    struct hop_lesson lesson = {.learn = true};
    ck_assert_int_eq(hop_plan_learned(&login, &reach, &blank, lesson, &batch), HOP_OK);
    ck_assert_int_eq(hop_plan_session(&login, &reach, true, &batch), HOP_OK);
}
END_TEST

START_TEST(keys_of_lists_beside_the_score)
{
    char buffer[HOP_STORE_KEY_MAX + 1];
    struct hop_text key = hop_text_over(buffer, sizeof buffer);
    hop_key_sessions(&key, &reach, &login.server, "acme");
    expect_key(&key, "hop:1:s:{198.51.100.9}:acme");
    key = hop_text_over(buffer, sizeof buffer);
    hop_key_log(&key, &reach, "acme");
    expect_key(&key, "hop:1:log:acme");
    struct hop_address six;
    ck_assert(hop_address_parse(hop_span_of("2001:db8::1"), &six));
    key = hop_text_over(buffer, sizeof buffer);
    hop_key_inventory(&key, &reach, &six);
    expect_key(&key, "hop:1:n:{2001:db8::1}");
}
END_TEST

START_TEST(a_failure_stands_in_its_identitys_and_its_nets_list)
{
    login.time += 7;
    ck_assert_int_eq(hop_plan_failed(&login, &reach, HOP_FAILURE_STEP_UP, &batch), HOP_OK);
    expect_writes("member hop:1:f:{anna}:249376 1795512600|s\n"
                  "member hop:1:q:{84.24.10.0%2F24}:249376 1795512600|s|96bcca83b55aa4bb\n");
}
END_TEST

START_TEST(a_failure_from_a_private_net_says_nothing_of_others)
{
    fixture_source(&login, "10.1.2.3");
    ck_assert_int_eq(hop_plan_failed(&login, &reach, HOP_FAILURE_CREDENTIAL, &batch), HOP_OK);
    expect_writes("member hop:1:f:{anna}:249376 1795512600|c\n");
}
END_TEST

START_TEST(nobodys_failure_is_not_written)
{
    login.identity[0] = '\0';
    ck_assert_int_eq(hop_plan_failed(&login, &reach, HOP_FAILURE_CREDENTIAL, &batch), HOP_OK);
    ck_assert_uint_eq(batch.count, 0);
}
END_TEST

static void learn(bool confirmed)
{
    struct hop_lesson lesson = {.learn = true, .confirmed = confirmed};
    ck_assert_int_eq(hop_plan_learned(&login, &reach, &blank, lesson, &batch), HOP_OK);
}

#define AFTER_THE_PROFILE                                                                          \
    "member hop:1:y:{anna}:682 837628680\n"                                                        \
    "member hop:1:k:{SHA256:AbC%2Fd+e} anna\n"                                                     \
    "member hop:1:n:{198.51.100.9} t9f\n"                                                          \
    "latest hop:1:d:{acme}:acme anna 20781\n"                                                      \
    "member hop:1:d:{}:acme acme|anna\n"                                                           \
    "latest hop:1:d:{acme/nordics}:acme anna 20781\n"                                              \
    "member hop:1:d:{/nordics}:acme acme|anna\n"

START_TEST(writes_of_a_finished_login)
{
    learn(false);
    expect_writes(
        "days hop:1:p:{anna}:acme c:NL 20781:1\n"
        "days hop:1:p:{anna}:acme a:33915 20781:1\n"
        "days hop:1:p:{anna}:acme n:84.24.10.0/24 20781:1\n"
        "days hop:1:p:{anna}:acme i:84.24.10.7 20781:1\n"
        "days hop:1:p:{anna}:acme k:SHA256:AbC/d+e 20781:1\n"
        "days hop:1:p:{anna}:acme t:acme 20781:1\n"
        "days hop:1:p:{anna}:acme h:acme/db1 20781:1\n"
        "days hop:1:p:{anna}:acme x:0 20781:1\n"
        "days hop:1:p:{anna}:acme w:wd09 20781:1\n"
        "last hop:1:p:{anna}:acme last 1795512600 internet NL 33915 fixed - - 0.0 84.24.10.7 "
        "-\n" AFTER_THE_PROFILE);
}
END_TEST

START_TEST(a_stepped_up_login_confirms_its_values)
{
    learn(true);
    for (size_t i = 0; i < batch.count; i++)
        if (batch.writes[i].kind == HOP_WRITE_DAYS)
            ck_assert_str_eq(batch.writes[i].value, "20781:1+");
}
END_TEST

START_TEST(a_lesson_that_is_none_writes_nothing)
{
    struct hop_lesson lesson = {.learn = false, .confirmed = true};
    ck_assert_int_eq(hop_plan_learned(&login, &reach, &blank, lesson, &batch), HOP_OK);
    ck_assert_uint_eq(batch.count, 0);
}
END_TEST

static bool writes_field(const char *field)
{
    for (size_t i = 0; i < batch.count; i++)
        if (batch.writes[i].field && strcmp(batch.writes[i].field, field) == 0)
            return true;
    return false;
}

static bool writes_to(const char *part)
{
    for (size_t i = 0; i < batch.count; i++)
        if (strstr(batch.writes[i].key, part))
            return true;
    return false;
}

/* Of the written witness alone: what home or a fallback says is no reason to leave it out here. */
START_TEST(what_the_day_has_recorded_is_left_out_unless_it_is_confirmed_now)
{
    struct hop_span nl = hop_span_of("NL"), asn = hop_span_of("33915");
    ck_assert_int_eq(hop_profile_see(&blank.own, HOP_KIND_COUNTRY, nl, 20781, false), HOP_OK);
    ck_assert_int_eq(hop_profile_see(&blank.merged, HOP_KIND_ASN, asn, 20781, true), HOP_OK);
    learn(false);
    ck_assert(!writes_field("c:NL") && writes_field("a:33915"));
    hop_batch_done(&batch);
    learn(true);
    ck_assert(writes_field("c:NL"));
}
END_TEST

/* Only tenants' hosts read how much somebody works elsewhere. */
START_TEST(in_one_trust_domain_no_visits_are_written)
{
    reach.all_home = true;
    hop_string_copy(reach.witness, sizeof reach.witness, HOP_HOME);
    learn(false);
    ck_assert(writes_to(":y:") == false && writes_to(":p:{anna}:home"));
    hop_batch_done(&batch);
    hop_string_copy(login.tenant, sizeof login.tenant, HOP_HOME);
    learn(false);
    ck_assert(writes_to(":y:"));
}
END_TEST

START_TEST(the_hour_counts_at_session_starts)
{
    blank.merged.last = (struct hop_last){.time = FIXTURE_TIME - HOP_SESSION_START_GAP};
    learn(false);
    ck_assert(!writes_field("w:wd09"));
    hop_batch_done(&batch);
    blank.merged.last.time--;
    learn(false);
    ck_assert(writes_field("w:wd09"));
}
END_TEST

START_TEST(an_unknown_address_teaches_nothing_of_itself)
{
    login.origin = (struct hop_origin){0};
    learn(false);
    ck_assert(!writes_field("c:NL") && !writes_field("c:unknown") && !writes_field("a:unknown"));
    ck_assert(!writes_field("x:0"));
    ck_assert(writes_field("t:acme") && writes_field("k:" FIXTURE_KEY));
}
END_TEST

START_TEST(an_unknown_key_has_no_owner)
{
    login.key[0] = '\0';
    learn(false);
    ck_assert(!writes_to(":k:"));
}
END_TEST

START_TEST(the_inventory_holds_public_addresses_of_tenants)
{
    ck_assert(hop_address_parse(hop_span_of("10.0.0.9"), &login.server));
    learn(false);
    ck_assert(!writes_to(":n:"));
    login = fixture_login();
    hop_string_copy(login.tenant, sizeof login.tenant, HOP_HOME);
    learn(false);
    ck_assert(!writes_to(":n:"));
    login = fixture_login();
    login.server = (struct hop_address){0};
    learn(false);
    ck_assert(!writes_to(":n:"));
}
END_TEST

START_TEST(a_hop_teaches_its_edge)
{
    login.origin.zone = HOP_ZONE_TENANT;
    hop_string_copy(login.origin.tenant, sizeof login.origin.tenant, "beta");
    learn(false);
    ck_assert(writes_field("e:beta/acme") && writes_field("x:1") && !writes_field("x:0"));
}
END_TEST

START_TEST(writes_of_a_verdict)
{
    ck_assert_int_eq(hop_plan_touch(&login, &reach, &blank, 45, &batch), HOP_OK);
    ck_assert_int_eq(hop_plan_log(&reach, login.id, "{\"a\": 1}", &batch), HOP_OK);
    expect_writes("member hop:1:x:{anna}:83125 1795512600|t9f|45|33915|4ec7\n"
                  "log hop:1:log:acme 01JDEADBEEF000000000000000 {\"a\": 1}\n");
    ck_assert_int_eq(batch.writes[1].number, HOP_LOG_CAP);
}
END_TEST

static void touched(int64_t time, const char *tag, int surprise_db)
{
    blank.around.touches = calloc(1, sizeof *blank.around.touches);
    blank.around.touch_count = 1;
    blank.around.touches[0] = (struct hop_touch){.time = time, .surprise_db = surprise_db};
    hop_string_copy(blank.around.touches[0].tag, HOP_TAG_MAX + 1, tag);
}

static size_t touches_written(void)
{
    hop_batch_done(&batch);
    ck_assert_int_eq(hop_plan_touch(&login, &reach, &blank, 45, &batch), HOP_OK);
    ck_assert_int_eq(hop_plan_log(&reach, login.id, "{}", &batch), HOP_OK);
    hop_around_done(&blank.around);
    return batch.count - 1;
}

START_TEST(one_touch_per_tenant_and_hour_unless_larger)
{
    touched(FIXTURE_TIME - 1800, "t9f", 45);
    ck_assert_uint_eq(touches_written(), 0);
    touched(FIXTURE_TIME - 1800, "t9f", 44);
    ck_assert_uint_eq(touches_written(), 1);
    touched(FIXTURE_TIME - 1801, "t9f", 45);
    ck_assert_uint_eq(touches_written(), 1);
    touched(FIXTURE_TIME - 1800, "other", 70);
    ck_assert_uint_eq(touches_written(), 1);
}
END_TEST

START_TEST(a_login_without_key_has_no_key_tag)
{
    login.key[0] = '\0';
    ck_assert_int_eq(hop_plan_touch(&login, &reach, &blank, -20, &batch), HOP_OK);
    ck_assert_int_eq(hop_plan_log(&reach, login.id, "{}", &batch), HOP_OK);
    ck_assert_str_eq(batch.writes[0].value, "1795512600|t9f|-20|33915|");
    struct hop_touch touch;
    ck_assert(hop_touch_parse(hop_span_of(batch.writes[0].value), &touch));
    ck_assert_int_eq(touch.surprise_db, -20);
}
END_TEST

START_TEST(writes_of_a_passed_step_up)
{
    ck_assert_int_eq(hop_plan_step_up(&login, &reach, &batch), HOP_OK);
    expect_writes("latest hop:1:p:{anna}:acme stepup 1795512600\n");
}
END_TEST

START_TEST(writes_of_a_session)
{
    hop_string_copy(login.identity, sizeof login.identity, "anna b");
    ck_assert_int_eq(hop_plan_session(&login, &reach, true, &batch), HOP_OK);
    ck_assert_int_eq(hop_plan_session(&login, &reach, false, &batch), HOP_OK);
    expect_writes("field hop:1:s:{198.51.100.9}:acme 01JDEADBEEF000000000000000 "
                  "anna%20b 1795512600 internet NL 33915 fixed - - 0.0 84.24.10.7 -\n"
                  "drop hop:1:s:{198.51.100.9}:acme 01JDEADBEEF000000000000000\n");
    login.server = (struct hop_address){0};
    hop_batch_done(&batch);
    ck_assert_int_eq(hop_plan_session(&login, &reach, true, &batch), HOP_OK);
    ck_assert_uint_eq(batch.count, 0);
}
END_TEST

START_TEST(all_writes_survive_the_spool)
{
    learn(true);
    ck_assert_int_eq(hop_plan_touch(&login, &reach, &blank, 45, &batch), HOP_OK);
    ck_assert_int_eq(hop_plan_log(&reach, login.id, "{\"n\":\"\\n;\"}", &batch), HOP_OK);
    ck_assert_int_eq(hop_plan_session(&login, &reach, true, &batch), HOP_OK);
    char *spooled, *before = fixture_text(&batch);
    struct hop_batch back;
    ck_assert_int_eq(hop_batch_put(&batch, &spooled, NULL), HOP_OK);
    ck_assert_int_eq(hop_batch_parse(hop_span_of(spooled), &back, NULL), HOP_OK);
    char *after = fixture_text(&back);
    ck_assert_str_eq(after, before);
    hop_batch_done(&back);
    free(spooled);
    free(before);
    free(after);
}
END_TEST

HOP_SUITE_AROUND("history/plan", setup, teardown, reads_of_a_tenants_host,
                 reads_of_home_without_what_is_not_known, every_part_of_a_key_is_coded,
                 the_longest_names_fit, keys_of_lists_beside_the_score, writes_of_a_finished_login,
                 a_stepped_up_login_confirms_its_values, a_lesson_that_is_none_writes_nothing,
                 what_the_day_has_recorded_is_left_out_unless_it_is_confirmed_now,
                 in_one_trust_domain_no_visits_are_written, the_hour_counts_at_session_starts,
                 an_unknown_address_teaches_nothing_of_itself, an_unknown_key_has_no_owner,
                 the_inventory_holds_public_addresses_of_tenants, a_hop_teaches_its_edge,
                 writes_of_a_verdict, one_touch_per_tenant_and_hour_unless_larger,
                 a_login_without_key_has_no_key_tag, writes_of_a_passed_step_up,
                 writes_of_a_session, a_failure_stands_in_its_identitys_and_its_nets_list,
                 a_failure_from_a_private_net_says_nothing_of_others,
                 nobodys_failure_is_not_written, all_writes_survive_the_spool)
