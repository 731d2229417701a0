/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "date.h"
#include "sample.h"

static char line[HOP_ENTRY_LINE_MAX];
static const struct hop_answer BLOCKED = {
    .kind = HOP_ANSWER_BLOCK, .action = HOP_BLOCK, .alert = true};

static struct hop_span put_judged(const struct hop_login *login, const struct hop_verdict *verdict)
{
    struct hop_text text = hop_text_over(line, sizeof line);
    ck_assert(hop_entry_put_judged(&text, login, verdict, &BLOCKED, HOP_MODE_ENFORCE));
    ck_assert_ptr_null(strchr(line, '\n'));
    return (struct hop_span){line, text.len};
}

static struct hop_entry parsed(struct hop_span text)
{
    struct hop_entry entry;
    struct hop_error err = {0};
    ck_assert_msg(hop_entry_parse(text, &entry, &err) == HOP_OK, "%s: %.*s", err.text,
                  (int)text.len, text.at);
    return entry;
}

static void assert_same_login(const struct hop_login *a, const struct hop_login *b)
{
    ck_assert_str_eq(a->id, b->id);
    ck_assert_int_eq(a->time, b->time);
    ck_assert_str_eq(a->account, b->account);
    ck_assert_str_eq(a->identity, b->identity);
    ck_assert_str_eq(a->team, b->team);
    ck_assert_str_eq(a->tenant, b->tenant);
    ck_assert_str_eq(a->host, b->host);
    ck_assert_str_eq(a->service, b->service);
    ck_assert_str_eq(a->method, b->method);
    ck_assert_str_eq(a->key, b->key);
    ck_assert_int_eq(a->key_lost, b->key_lost);
    ck_assert_int_eq(a->class, b->class);
    ck_assert_int_eq(a->lane, b->lane);
    ck_assert_int_eq(a->phase, b->phase);
    ck_assert_int_eq(a->first_factor_proven, b->first_factor_proven);
    ck_assert(hop_address_equal(&a->origin.address, &b->origin.address));
    ck_assert_int_eq(a->origin.zone, b->origin.zone);
    ck_assert_str_eq(a->origin.tenant, b->origin.tenant);
    ck_assert_int_eq(a->origin.from_inventory, b->origin.from_inventory);
}

/* Bit by bit: the score of a replay must not differ. */
static void assert_same_place(const struct hop_place *a, const struct hop_place *b)
{
    ck_assert_str_eq(a->country, b->country);
    ck_assert_uint_eq(a->asn, b->asn);
    ck_assert_int_eq(a->kind, b->kind);
    ck_assert_int_eq(a->has_point, b->has_point);
    ck_assert_int_eq(a->country_only, b->country_only);
    ck_assert_mem_eq(&a->latitude, &b->latitude, sizeof a->latitude);
    ck_assert_mem_eq(&a->longitude, &b->longitude, sizeof a->longitude);
    ck_assert_mem_eq(&a->accuracy_km, &b->accuracy_km, sizeof a->accuracy_km);
}

START_TEST(every_fact_comes_back)
{
    struct hop_login login = sample_login();
    login.origin.from_inventory = true;
    login.origin.place.country_only = true;
    struct hop_verdict verdict = sample_verdict();
    struct hop_entry entry = parsed(put_judged(&login, &verdict));
    assert_same_login(&entry.login, &login);
    assert_same_place(&entry.login.origin.place, &login.origin.place);
    ck_assert_int_eq(entry.kind, HOP_ENTRY_LOGIN);
    ck_assert_str_eq(entry.id, login.id);
    ck_assert(entry.success && entry.has_outcome && entry.has_verdict && entry.has_zone);
    ck_assert(entry.has_lane && entry.has_mode && entry.mode == HOP_MODE_ENFORCE);
    ck_assert(entry.has_place && entry.has_country && entry.has_asn && entry.has_kind);
    ck_assert_int_eq(entry.action, HOP_BLOCK);
    ck_assert_int_eq(entry.answer, HOP_BLOCK);
    ck_assert_int_eq(entry.risk_decibits, 34);
    ck_assert_str_eq(entry.story, "hop");
    ck_assert(!entry.degraded);
}
END_TEST

START_TEST(facts_of_six_decimals_keep_every_bit)
{
    struct hop_login login = sample_login();
    struct hop_verdict verdict = sample_verdict();
    unsigned seed = 7;
    for (int i = 0; i < 2000; i++) {
        seed = seed * 1664525u + 1013904223u;
        int micro = (int)(seed >> 4) % 90000000;
        login.origin.place.latitude = micro / 1e6;
        login.origin.place.longitude = -2 * micro / 1e6;
        login.origin.place.accuracy_km = (micro % 1000000) / 1e3;
        struct hop_entry entry = parsed(put_judged(&login, &verdict));
        assert_same_place(&entry.login.origin.place, &login.origin.place);
    }
}
END_TEST

START_TEST(what_a_judged_entry_leaves_out_was_unknown)
{
    struct hop_login login = sample_login();
    login.origin = (struct hop_origin){.zone = HOP_ZONE_NOWHERE};
    login.key[0] = '\0';
    login.key_lost = true;
    login.first_factor_proven = false;
    struct hop_verdict verdict = {.action = HOP_STEP_UP, .losses = HOP_LOSS_BIT(HOP_LOSS_SOURCE)};
    struct hop_entry entry = parsed(put_judged(&login, &verdict));
    assert_same_login(&entry.login, &login);
    ck_assert(entry.has_place && !entry.login.origin.place.has_point);
    ck_assert(entry.has_country && entry.has_asn && entry.has_kind);
    ck_assert(entry.degraded);
    ck_assert(!entry.has_outcome && !entry.success);
}
END_TEST

START_TEST(the_verdict_comes_back_as_it_was)
{
    struct hop_login login = sample_login();
    struct hop_verdict verdict = sample_verdict(), again;
    verdict.accused = true;
    verdict.own_action = HOP_STEP_UP;
    verdict.losses = HOP_LOSS_BIT(HOP_LOSS_GEO);
    ck_assert_int_eq(hop_entry_parse_verdict(put_judged(&login, &verdict), &again, NULL), HOP_OK);
    ck_assert_int_eq(again.action, verdict.action);
    ck_assert_int_eq(again.own_action, verdict.own_action);
    ck_assert(again.accused && again.scored);
    ck_assert_uint_eq(again.losses, verdict.losses);
    ck_assert_int_eq(again.score.risk_decibits, 34);
    ck_assert_int_eq(again.score.story, HOP_STORY_HOP);
    ck_assert_uint_eq(again.score.floors, verdict.score.floors);
    ck_assert_mem_eq(again.score.evidence.present, verdict.score.evidence.present,
                     sizeof again.score.evidence.present);
    for (int story = 0; story < HOP_STORY_COUNT; story++) {
        ck_assert_double_eq_tol(again.score.log_odds[story], verdict.score.log_odds[story], 1e-6);
        for (int block = 0; block < HOP_BLOCK_COUNT; block++)
            ck_assert_double_eq_tol(again.score.evidence.terms[story][block],
                                    verdict.score.evidence.terms[story][block], 1e-6);
    }
    ck_assert_uint_eq(again.reason_count, verdict.reason_count);
    for (size_t i = 0; i < again.reason_count; i++) {
        ck_assert_str_eq(again.reasons[i].code, verdict.reasons[i].code);
        ck_assert_str_eq(again.reasons[i].text, verdict.reasons[i].text);
        ck_assert_int_eq(again.reasons[i].decibits, verdict.reasons[i].decibits);
    }
}
END_TEST

START_TEST(a_line_without_verdict_has_none_to_give)
{
    struct hop_verdict verdict;
    ck_assert_int_eq(hop_entry_parse_verdict(hop_span_of("{}"), &verdict, NULL), HOP_NOT_FOUND);
    ck_assert_int_eq(hop_entry_parse_verdict(hop_span_of("{"), &verdict, NULL), HOP_MALFORMED);
    ck_assert_int_eq(
        hop_entry_parse_verdict(hop_span_of("{\"hopwarden.action\":\"shrug\"}"), &verdict, NULL),
        HOP_MALFORMED);
}
END_TEST

START_TEST(an_outcome_and_a_confirmation_stand_under_the_same_id)
{
    struct hop_login login = sample_login();
    struct hop_text text = hop_text_over(line, sizeof line);
    ck_assert(hop_entry_put_outcome(&text, &login, "success", true, true));
    struct hop_entry entry = parsed((struct hop_span){line, text.len});
    ck_assert_int_eq(entry.kind, HOP_ENTRY_OUTCOME);
    ck_assert_str_eq(entry.id, login.id);
    ck_assert_str_eq(entry.outcome, "success");
    ck_assert(entry.has_session && entry.session_opened);
    ck_assert(entry.has_step_up && entry.step_up_passes);

    text = hop_text_over(line, sizeof line);
    ck_assert(hop_entry_put_outcome(&text, &login, "step-up-failed", false, false));
    entry = parsed((struct hop_span){line, text.len});
    ck_assert(entry.has_session && !entry.session_opened);
    ck_assert(entry.has_step_up && !entry.step_up_passes);

    text = hop_text_over(line, sizeof line);
    ck_assert(hop_entry_put_failed(&text, &login));
    entry = parsed((struct hop_span){line, text.len});
    ck_assert_int_eq(entry.kind, HOP_ENTRY_LOGIN);
    ck_assert(!entry.success && !entry.has_verdict && entry.has_zone);
    ck_assert(hop_address_equal(&entry.login.origin.address, &login.origin.address));

    text = hop_text_over(line, sizeof line);
    ck_assert(hop_entry_put_confirmation(&text, &login, login.time + 60, "ro\"ot", "she called"));
    entry = parsed((struct hop_span){line, text.len});
    ck_assert_int_eq(entry.kind, HOP_ENTRY_CONFIRMATION);
    ck_assert_int_eq(entry.login.time, login.time + 60);
    ck_assert_int_eq(entry.vouched_time, login.time);
    entry.login.time = login.time;
    entry.login.first_factor_proven = true;
    assert_same_login(&entry.login, &login);
    assert_same_place(&entry.login.origin.place, &login.origin.place);
}
END_TEST

static struct hop_entry joined(const struct hop_login *login, const char *outcome, bool opened)
{
    struct hop_verdict verdict = sample_verdict();
    char judged[HOP_ENTRY_LINE_MAX], after[HOP_ENTRY_LINE_MAX];
    struct hop_span span = put_judged(login, &verdict);
    memcpy(judged, span.at, span.len);
    struct hop_entry entry = parsed(span), what = {0};
    struct hop_text text = hop_text_over(after, sizeof after);
    if (outcome != NULL) {
        ck_assert(hop_entry_put_outcome(&text, login, outcome, opened, opened));
        what = parsed((struct hop_span){after, text.len});
    }
    text = hop_text_over(line, sizeof line);
    ck_assert(hop_entry_put_joined(&text, (struct hop_span){judged, span.len}, &entry,
                                   outcome == NULL ? NULL : &what));
    return parsed((struct hop_span){line, text.len});
}

START_TEST(a_login_and_its_outcome_are_joined)
{
    struct hop_login login = sample_login();
    login.first_factor_proven = false; /* a password still to come */
    struct hop_entry entry = joined(&login, "success", true);
    ck_assert_int_eq(entry.kind, HOP_ENTRY_LOGIN);
    ck_assert(entry.success && entry.has_verdict && entry.session_opened && entry.step_up_passes);
    ck_assert(entry.has_step_up);
    ck_assert_str_eq(entry.login.account, login.account);

    entry = joined(&login, "step-up-failed", false);
    ck_assert(!entry.success && entry.has_session && !entry.session_opened);
    ck_assert(entry.has_step_up && !entry.step_up_passes);

    login.first_factor_proven = true;
    entry = joined(&login, NULL, false);
    ck_assert(entry.success && entry.has_session && !entry.session_opened && !entry.has_step_up);
}
END_TEST

START_TEST(when_room_is_short_the_terms_go_and_the_facts_stay)
{
    struct hop_login login = sample_login();
    struct hop_verdict verdict = sample_verdict();
    size_t whole = put_judged(&login, &verdict).len;
    char small[HOP_ENTRY_LINE_MAX];
    struct hop_text text = hop_text_over(small, whole); /* one byte short */
    ck_assert(hop_entry_put_judged(&text, &login, &verdict, &BLOCKED, HOP_MODE_ENFORCE));
    struct hop_entry entry = parsed((struct hop_span){small, text.len});
    assert_same_login(&entry.login, &login);
    ck_assert_ptr_null(strstr(small, "hopwarden.terms"));
    struct hop_verdict again;
    ck_assert_int_eq(hop_entry_parse_verdict((struct hop_span){small, text.len}, &again, NULL),
                     HOP_OK);
    ck_assert_uint_eq(again.reason_count, verdict.reason_count);
    ck_assert_str_eq(again.reasons[0].code, "hop");
    ck_assert_str_eq(again.reasons[0].text, "");
}
END_TEST

START_TEST(what_does_not_fit_leaves_nothing_behind)
{
    struct hop_login login = sample_login();
    struct hop_verdict verdict = sample_verdict();
    char small[64];
    struct hop_text text = hop_text_over(small, sizeof small);
    hop_text_put(&text, "x");
    ck_assert(!hop_entry_put_judged(&text, &login, &verdict, &BLOCKED, HOP_MODE_ENFORCE));
    ck_assert(!hop_entry_put_outcome(&text, &login, "success", true, false));
    ck_assert(!hop_entry_put_failed(&text, &login));
    ck_assert(!hop_entry_put_confirmation(&text, &login, 0, "root", NULL));
    ck_assert_str_eq(small, "x");
    ck_assert(!text.cut);
}
END_TEST

START_TEST(hostile_names_survive_the_round_trip)
{
    struct hop_login login = sample_login();
    struct hop_verdict verdict = sample_verdict();
    hop_string_copy(login.account, sizeof login.account, "an\"na\\\n\x01\xc3\xa9\xf0\x9f\x98\x80{");
    hop_string_copy(login.key, sizeof login.key, "SHA256:x/\x7fid \"}");
    struct hop_entry entry = parsed(put_judged(&login, &verdict));
    ck_assert_str_eq(entry.login.account, login.account);
    ck_assert_str_eq(entry.login.key, login.key);
}
END_TEST

/* -- lines of others ------------------------------------------------------------------------- */

#define HEAD                                                                                       \
    "\"@timestamp\":\"2026-11-23T09:30:00Z\",\"user.name\":\"anna\",\"hopwarden.tenant\":\"acme\""

START_TEST(three_names_are_enough)
{
    struct hop_entry entry = parsed(hop_span_of("{" HEAD ",\"other\":[1,{}],\"source.ip\":null}"));
    ck_assert_int_eq(hop_date_day(entry.login.time), hop_date_from_civil(2026, 11, 23));
    ck_assert_str_eq(entry.login.account, "anna");
    ck_assert_str_eq(entry.login.tenant, "acme");
    ck_assert(entry.success && !entry.has_outcome);
    ck_assert(entry.step_up_passes && !entry.has_step_up);
    ck_assert(!entry.has_place && !entry.has_country && !entry.has_asn && !entry.has_kind);
    ck_assert(!entry.has_zone && !entry.has_verdict && !entry.has_lane && !entry.has_mode);
    ck_assert_str_eq(entry.id, "");
    ck_assert_int_eq(entry.login.phase, HOP_PHASE_REPLAY);
}
END_TEST

START_TEST(a_full_line_of_the_evaluation_is_read)
{
    struct hop_entry entry = parsed(hop_span_of(
        "{" HEAD
        ",\"event.id\":\"e-17\",\"event.outcome\":\"failure\",\"hopwarden.team\":\"nordics\","
        "\"host.name\":\"db1\",\"source.ip\":\"::ffff:84.24.10.7\",\"source.as.number\":33915.0,"
        "\"source.geo.country_iso_code\":\"nl\",\"source.geo.location\":{\"lat\":52,\"lon\":4.9},"
        "\"source.geo.accuracy_km\":5,\"source.kind\":\"hosting\",\"hopwarden.key\":\"SHA256:q\","
        "\"hopwarden.method\":\"publickey\",\"hopwarden.step_up\":\"fail\"}"));
    ck_assert_str_eq(entry.id, "e-17");
    ck_assert_str_eq(entry.login.id, "");
    ck_assert(!entry.success && entry.has_outcome);
    ck_assert(!entry.step_up_passes && entry.has_step_up);
    ck_assert_str_eq(entry.login.team, "nordics");
    ck_assert_int_eq(entry.login.origin.address.family, 4);
    const struct hop_place *place = &entry.login.origin.place;
    ck_assert(entry.has_place && entry.has_country && entry.has_asn && entry.has_kind);
    ck_assert_str_eq(place->country, "NL");
    ck_assert_uint_eq(place->asn, 33915);
    ck_assert_double_eq(place->latitude, 52);
    ck_assert_double_eq(place->accuracy_km, 5);
    ck_assert_int_eq(place->kind, HOP_PLACE_HOSTING);
}
END_TEST

START_TEST(a_number_may_be_the_id)
{
    ck_assert_str_eq(parsed(hop_span_of("{" HEAD ",\"event.id\":12}")).id, "12");
}
END_TEST

static const struct {
    const char *line, *complaint;
} REFUSED[] = {
    {"", "byte "},
    {"[]", "line: not a JSON object"},
    {"{" HEAD, "byte "},
    {"{" HEAD "} x", "byte "},
    {"{" HEAD "," HEAD "}", "byte "},
    {"{\"user.name\":\"a\",\"hopwarden.tenant\":\"t\"}", "@timestamp: missing"},
    {"{\"@timestamp\":\"yesterday\",\"user.name\":\"a\",\"hopwarden.tenant\":\"t\"}",
     "@timestamp: "},
    {"{\"@timestamp\":7,\"user.name\":\"a\",\"hopwarden.tenant\":\"t\"}",
     "@timestamp: not a string"},
    {"{\"@timestamp\":\"2026-11-23T09:30:00Z\",\"hopwarden.tenant\":\"t\"}", "user.name: missing"},
    {"{\"@timestamp\":\"2026-11-23T09:30:00Z\",\"user.name\":\"a\"}", "hopwarden.tenant: missing"},
    {"{\"@timestamp\":\"2026-11-23T09:30:00Z\",\"user.name\":\"a\",\"hopwarden.tenant\":\"A b\"}",
     "hopwarden.tenant: not a tenant name"},
    {"{" HEAD ",\"source.ip\":\"example.org\"}", "source.ip: not an address"},
    {"{" HEAD ",\"source.ip\":4}", "source.ip: not a string"},
    {"{" HEAD ",\"source.as.number\":-1}", "source.as.number: "},
    {"{" HEAD ",\"source.as.number\":4294967296}", "source.as.number: "},
    {"{" HEAD ",\"source.as.number\":1.5}", "source.as.number: "},
    {"{" HEAD ",\"source.as.number\":\"AS1\"}", "source.as.number: "},
    {"{" HEAD ",\"source.geo.country_iso_code\":\"NLD\"}", "source.geo.country_iso_code: "},
    {"{" HEAD ",\"source.geo.country_iso_code\":\"1!\"}", "source.geo.country_iso_code: "},
    {"{" HEAD ",\"source.geo.location\":{\"lat\":91,\"lon\":0}}", "source.geo.location: "},
    {"{" HEAD ",\"source.geo.location\":{\"lat\":1}}", "source.geo.location: "},
    {"{" HEAD ",\"source.geo.location\":[1,2]}", "source.geo.location: "},
    {"{" HEAD ",\"source.geo.accuracy_km\":-1}", "source.geo.accuracy_km: "},
    {"{" HEAD ",\"source.kind\":\"moon\"}", "source.kind: "},
    {"{" HEAD ",\"event.outcome\":\"maybe\"}", "event.outcome: neither success nor failure"},
    {"{" HEAD ",\"hopwarden.step_up\":\"perhaps\"}", "hopwarden.step_up: neither pass nor fail"},
    {"{" HEAD ",\"hopwarden.session\":\"ajar\"}", "hopwarden.session: "},
    {"{" HEAD ",\"hopwarden.action\":\"shrug\"}", "hopwarden.action: "},
    {"{" HEAD ",\"hopwarden.key\":\"\\u0000\"}", "byte "},
};

START_TEST(each_wrong_value_is_refused_and_named)
{
    struct hop_entry entry;
    struct hop_error err = {0};
    memset(&entry, 0x5a, sizeof entry);
    struct hop_entry before = entry;
    ck_assert_int_eq(hop_entry_parse(hop_span_of(REFUSED[_i].line), &entry, &err), HOP_MALFORMED);
    ck_assert_msg(strncmp(err.text, REFUSED[_i].complaint, strlen(REFUSED[_i].complaint)) == 0,
                  "%s -> %s", REFUSED[_i].line, err.text);
    ck_assert_mem_eq(&entry, &before, sizeof entry);
}
END_TEST

START_TEST(a_complaint_is_safe_to_show)
{
    struct hop_entry entry;
    struct hop_error err = {0};
    ck_assert_int_eq(hop_entry_parse(hop_span_of("{\x1b[31m:1}"), &entry, &err), HOP_MALFORMED);
    for (const char *at = err.text; *at != '\0'; at++)
        ck_assert_msg(*at >= 0x20 && *at <= 0x7e, "%s", err.text);
}
END_TEST

START_TEST(a_line_has_a_limit)
{
    static char longest[HOP_ENTRY_LINE_MAX + 2];
    struct hop_text text = hop_text_over(longest, sizeof longest);
    hop_text_put(&text, "{" HEAD "}");
    while (text.len < HOP_ENTRY_LINE_MAX)
        hop_text_put_char(&text, ' ');
    parsed((struct hop_span){longest, text.len});
    hop_text_put_char(&text, ' ');
    struct hop_entry entry;
    ck_assert_int_eq(hop_entry_parse((struct hop_span){longest, text.len}, &entry, NULL),
                     HOP_LIMIT);
}
END_TEST

START_TEST(names_have_a_limit)
{
    struct hop_text text = hop_text_over(line, sizeof line);
    hop_text_put(&text, "{" HEAD ",\"host.name\":\"");
    for (int i = 0; i <= HOP_NAME_MAX; i++)
        hop_text_put_char(&text, 'h');
    hop_text_put(&text, "\"}");
    struct hop_entry entry;
    struct hop_error err = {0};
    ck_assert_int_eq(hop_entry_parse((struct hop_span){line, text.len}, &entry, &err),
                     HOP_MALFORMED);
    ck_assert_str_eq(err.text, "host.name: too long");
}
END_TEST

START_TEST(a_verdict_line_of_replay)
{
    struct hop_verdict verdict = sample_verdict();
    verdict.score.risk_decibits = -202;
    struct hop_text text = hop_text_over(line, sizeof line);
    hop_replay_line_put(&text, "e\"1", &verdict);
    ck_assert_str_eq(line, "{\"event.id\":\"e\\\"1\",\"hopwarden.action\":\"block\","
                           "\"hopwarden.risk_bits\":-20.2,\"hopwarden.reasons\":["
                           "\"source inside tenant t6 +7.7\",\"tenant t37 never used +6.1\","
                           "\"AS64518 new -0.3\",\"first visit\"],\"hopwarden.reason_codes\":"
                           "[\"hop\",\"tenant-new\",\"asn-new\",\"tenant-first\"]}");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("record/entry");
    TCase *tests = tcase_create("entry");
    tcase_set_timeout(tests, 60); /* under sanitizers, on a busy machine */
    tcase_add_test(tests, every_fact_comes_back);
    tcase_add_test(tests, facts_of_six_decimals_keep_every_bit);
    tcase_add_test(tests, what_a_judged_entry_leaves_out_was_unknown);
    tcase_add_test(tests, the_verdict_comes_back_as_it_was);
    tcase_add_test(tests, a_line_without_verdict_has_none_to_give);
    tcase_add_test(tests, an_outcome_and_a_confirmation_stand_under_the_same_id);
    tcase_add_test(tests, a_login_and_its_outcome_are_joined);
    tcase_add_test(tests, when_room_is_short_the_terms_go_and_the_facts_stay);
    tcase_add_test(tests, what_does_not_fit_leaves_nothing_behind);
    tcase_add_test(tests, hostile_names_survive_the_round_trip);
    tcase_add_test(tests, three_names_are_enough);
    tcase_add_test(tests, a_full_line_of_the_evaluation_is_read);
    tcase_add_test(tests, a_number_may_be_the_id);
    tcase_add_loop_test(tests, each_wrong_value_is_refused_and_named, 0,
                        (int)(sizeof REFUSED / sizeof *REFUSED));
    tcase_add_test(tests, a_complaint_is_safe_to_show);
    tcase_add_test(tests, a_line_has_a_limit);
    tcase_add_test(tests, names_have_a_limit);
    tcase_add_test(tests, a_verdict_line_of_replay);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
