/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "sample.h"

static char line[HOP_ALERT_MAX * 2];

static json_t *put(const struct hop_alert *alert)
{
    struct hop_text text = hop_text_over(line, sizeof line);
    hop_alert_put(&text, alert);
    ck_assert(!text.cut);
    ck_assert_uint_le(text.len, HOP_ALERT_MAX);
    size_t printable = 0;
    while (printable < text.len && line[printable] >= 0x20 && line[printable] <= 0x7e)
        printable++;
    ck_assert_msg(printable == text.len, "byte %zu of %s", printable, line);
    json_error_t error;
    json_t *root = json_loads(line, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(root != NULL, "%s in %s", error.text, line);
    return root;
}

static const char *word(const json_t *root, const char *name)
{
    const char *value = json_string_value(json_object_get(root, name));
    return value == NULL ? "(none)" : value;
}

START_TEST(a_block_reads_as_designed)
{
    struct hop_login login = sample_login();
    struct hop_verdict verdict = sample_verdict();
    struct hop_answer answer = {.kind = HOP_ANSWER_BLOCK, .action = HOP_BLOCK, .alert = true};
    struct hop_alert alert = {.action = "login-scored",
                              .login = &login,
                              .verdict = &verdict,
                              .answer = &answer,
                              .mode = HOP_MODE_ENFORCE,
                              .outcome = "failure"};
    json_decref(put(&alert));
    ck_assert_str_eq(
        line,
        "{\"event.kind\":\"alert\",\"event.category\":[\"authentication\"],"
        "\"event.action\":\"login-scored\",\"event.outcome\":\"failure\","
        "\"hopwarden.action\":\"block\",\"hopwarden.answer\":\"block\","
        "\"hopwarden.mode\":\"enforce\",\"hopwarden.phase\":\"session\",\"event.risk_score\":91,"
        "\"hopwarden.risk_bits\":3.4,\"source.ip\":\"10.6.0.1\","
        "\"source.geo.country_iso_code\":\"NL\",\"source.as.number\":64518,"
        "\"user.name\":\"msp-anna\",\"service.name\":\"sshd\",\"host.name\":\"t37-h1\","
        "\"hopwarden.tenant\":\"t37\",\"hopwarden.story\":\"hop\","
        "\"hopwarden.reason_codes\":[\"hop\",\"tenant-new\",\"asn-new\",\"tenant-first\"],"
        "\"hopwarden.reasons\":[\"source inside tenant t6 +7.7\",\"tenant t37 never used +6.1\","
        "\"AS64518 new -0.3\",\"first visit\"],"
        "\"hopwarden.key\":\"SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
        "\"event.id\":\"01JD8Z0M2N3P4Q5R6S7T8V9WXY\",\"hopwarden.v\":1}");
}
END_TEST

START_TEST(a_permitted_login_is_an_alert_that_names_the_permit)
{
    struct hop_login login = sample_login();
    struct hop_verdict verdict = sample_verdict();
    struct hop_answer answer = {
        .kind = HOP_ANSWER_ALLOW, .action = HOP_ALLOW, .alert = true, .permitted = true};
    struct hop_alert alert = {
        .action = "login-scored", .login = &login, .verdict = &verdict, .answer = &answer};
    hop_string_copy(verdict.permit, sizeof verdict.permit, "01JD8Z0M2N3P4Q5R6S7T8V9WXZ");
    json_t *object = put(&alert);
    ck_assert_str_eq(word(object, "hopwarden.permit"), "01JD8Z0M2N3P4Q5R6S7T8V9WXZ");
    ck_assert_str_eq(word(object, "event.kind"), "alert");
    ck_assert_str_eq(word(object, "hopwarden.action"), "block");
    ck_assert_str_eq(word(object, "hopwarden.answer"), "allow");
    json_decref(object);
    answer.permitted = false;
    object = put(&alert);
    ck_assert_str_eq(word(object, "hopwarden.permit"), "(none)");
    json_decref(object);
}
END_TEST

START_TEST(an_allowed_login_is_an_event_and_names_its_losses)
{
    struct hop_login login = sample_login();
    struct hop_verdict verdict = {.action = HOP_ALLOW, .scored = true};
    verdict.score.risk_decibits = -4;
    verdict.losses = HOP_LOSS_BIT(HOP_LOSS_GEO) | HOP_LOSS_BIT(HOP_LOSS_RECORD);
    struct hop_answer answer = {.kind = HOP_ANSWER_ALLOW, .action = HOP_ALLOW, .alert = false};
    struct hop_alert alert = {.action = "login-scored",
                              .login = &login,
                              .verdict = &verdict,
                              .answer = &answer,
                              .outcome = "success"};
    json_t *root = put(&alert);
    ck_assert_str_eq(word(root, "event.kind"), "event");
    ck_assert_ptr_nonnull(strstr(line, "\"hopwarden.risk_bits\":-0.4,"));
    ck_assert_ptr_nonnull(strstr(line, "\"hopwarden.degraded\":[\"geo\",\"not-recorded\"]"));
    json_decref(root);
}
END_TEST

START_TEST(a_switch_names_the_account_and_the_session)
{
    struct hop_login login = sample_login();
    struct hop_alert alert = {.action = "login-scored", .login = &login};
    json_t *root = put(&alert);
    ck_assert_ptr_null(json_object_get(root, "user.effective.name"));
    ck_assert_ptr_null(json_object_get(root, "hopwarden.within"));
    json_decref(root);
    hop_string_copy(login.becomes, sizeof login.becomes, "root");
    hop_string_copy(login.session, sizeof login.session, "01JD8Z0M2N3P4Q5R6S7T8V9WXZ");
    root = put(&alert);
    ck_assert_str_eq(word(root, "user.name"), "msp-anna");
    ck_assert_str_eq(word(root, "user.effective.name"), "root");
    ck_assert_str_eq(word(root, "hopwarden.within"), "01JD8Z0M2N3P4Q5R6S7T8V9WXZ");
    json_decref(root);
}
END_TEST

START_TEST(an_unscored_verdict_claims_no_risk)
{
    struct hop_login login = sample_login();
    struct hop_verdict verdict = {.action = HOP_STEP_UP};
    struct hop_alert alert = {.action = "login-scored", .login = &login, .verdict = &verdict};
    json_t *root = put(&alert);
    ck_assert_ptr_null(json_object_get(root, "event.risk_score"));
    ck_assert_ptr_null(json_object_get(root, "hopwarden.story"));
    ck_assert_ptr_null(json_object_get(root, "event.outcome"));
    ck_assert_str_eq(word(root, "event.kind"), "alert");
    json_decref(root);
}
END_TEST

START_TEST(trouble_and_a_reviewers_act_need_no_login)
{
    struct hop_alert trouble = {.action = "trouble", .note = "redis: \xff\"", .outcome = "unknown"};
    json_t *root = put(&trouble);
    ck_assert_str_eq(word(root, "event.kind"), "alert");
    ck_assert_str_eq(word(root, "hopwarden.note"), "redis: \xef\xbf\xbd\"");
    json_decref(root);
    struct hop_alert act = {.action = "confirmed", .author = "root", .outcome = "success"};
    root = put(&act);
    ck_assert_str_eq(word(root, "event.kind"), "alert");
    ck_assert_str_eq(word(root, "hopwarden.author"), "root");
    json_decref(root);
}
END_TEST

/* -- hostile input --------------------------------------------------------------------------- */

static unsigned next(unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void fill_hostile(char *buffer, size_t size, unsigned *seed)
{
    static const char *const pieces[] = {
        "\"", "\\",   "\x01",         "\n",           "\x7f",
        "e",  "\xff", "\xc3\xa9",     "\xe2\x82\xac", "\xf0\x9f\x98\x80",
        "{",  "}",    "\xf0\x9f\x98", "\xed\xa0\x80", "event.id"};
    unsigned only = next(seed) % 3 == 0 ? next(seed) % 15 : 15;
    size_t most = next(seed) % 4 == 0 ? next(seed) % size : size - 1;
    struct hop_text text = hop_text_over(buffer, size);
    while (text.len < most && !text.cut)
        hop_text_put(&text, pieces[only < 15 ? only : next(seed) % 15]);
}

static void fill_verdict(struct hop_verdict *verdict, unsigned *seed)
{
    memset(verdict, 0, sizeof *verdict);
    verdict->action = (enum hop_action)(next(seed) % HOP_ACTION_COUNT);
    verdict->scored = next(seed) % 4 != 0;
    verdict->losses = next(seed) % HOP_LOSS_BIT(HOP_LOSS_COUNT);
    verdict->score.risk_decibits = (int)(next(seed) % 400) - 250;
    verdict->score.risk_bits = verdict->score.risk_decibits / 10.0;
    verdict->reason_count = next(seed) % (HOP_REASONS_MAX + 1);
    for (size_t i = 0; i < verdict->reason_count; i++) {
        struct hop_reason *reason = &verdict->reasons[i];
        hop_string_copy(reason->code, sizeof reason->code, "abcdefghijklmnopqrstuvw");
        fill_hostile(reason->text, sizeof reason->text, seed);
        reason->decibits = (int)(next(seed) % 300) - 150;
    }
}

START_TEST(no_input_breaks_the_line)
{
    unsigned seed = (unsigned)_i;
    for (int round = 0; round < 30; round++) {
        struct hop_login login = sample_login();
        struct hop_verdict verdict;
        char note[HOP_ERROR_TEXT_MAX * 4], author[HOP_NAME_MAX + 1];
        fill_verdict(&verdict, &seed);
        fill_hostile(login.account, sizeof login.account, &seed);
        fill_hostile(login.becomes, sizeof login.becomes, &seed);
        fill_hostile(login.service, sizeof login.service, &seed);
        fill_hostile(login.host, sizeof login.host, &seed);
        fill_hostile(login.key, sizeof login.key, &seed);
        fill_hostile(login.tenant, sizeof login.tenant, &seed);
        fill_hostile(note, sizeof note, &seed);
        fill_hostile(author, sizeof author, &seed);
        hop_address_parse(hop_span_of("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
                          &login.origin.address);
        struct hop_answer answer = {.kind = HOP_ANSWER_BLOCK, .action = HOP_BLOCK, .alert = true};
        struct hop_alert alert = {.action = "step-up-passed",
                                  .login = &login,
                                  .verdict = &verdict,
                                  .answer = &answer,
                                  .mode = HOP_MODE_ENFORCE,
                                  .outcome = "success",
                                  .note = note,
                                  .author = author};
        json_t *root = put(&alert);
        ck_assert_str_eq(word(root, "event.id"), login.id);
        const char *client = strstr(line, "\"user.name\"");
        ck_assert(client == NULL || strstr(line, "\"source.ip\":\"2001:db8:") < client);
        json_decref(root);
    }
}
END_TEST

START_TEST(reasons_go_before_names_and_from_the_last)
{
    struct hop_login login = sample_login();
    struct hop_verdict verdict = sample_verdict();
    for (int i = 0; i < 8; i++)
        hop_verdict_because(&verdict, "filler", 1, "%100s", "a long sentence");
    memset(login.account, 'u', 200);
    login.account[200] = '\0';
    struct hop_alert alert = {.action = "login-scored", .login = &login, .verdict = &verdict};
    json_t *root = put(&alert);
    ck_assert_uint_eq(strlen(word(root, "user.name")), 200);
    json_t *reasons = json_object_get(root, "hopwarden.reasons");
    ck_assert_uint_lt(json_array_size(reasons), verdict.reason_count);
    ck_assert_str_eq(json_string_value(json_array_get(reasons, 0)), "source inside tenant t6 +7.7");
    ck_assert_uint_eq(json_array_size(json_object_get(root, "hopwarden.reason_codes")),
                      verdict.reason_count);
    json_decref(root);
}
END_TEST

START_TEST(a_cut_name_says_so)
{
    struct hop_login login = sample_login();
    memset(login.account, '\x02', HOP_NAME_MAX);
    login.account[HOP_NAME_MAX] = '\0';
    struct hop_alert alert = {.action = "login-scored", .login = &login};
    json_t *root = put(&alert);
    const char *name = word(root, "user.name");
    ck_assert_str_eq(name + strlen(name) - 4, "\x02...");
    json_decref(root);
}
END_TEST

START_TEST(it_appends)
{
    struct hop_alert alert = {.action = "trouble"};
    struct hop_text text = hop_text_over(line, sizeof line);
    hop_text_put(&text, "before ");
    hop_alert_put(&text, &alert);
    ck_assert_int_eq(strncmp(line, "before {\"event.kind\"", 20), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("record/alert");
    TCase *tests = tcase_create("alert");
    tcase_add_test(tests, a_block_reads_as_designed);
    tcase_add_test(tests, a_permitted_login_is_an_alert_that_names_the_permit);
    tcase_add_test(tests, an_allowed_login_is_an_event_and_names_its_losses);
    tcase_add_test(tests, an_unscored_verdict_claims_no_risk);
    tcase_add_test(tests, trouble_and_a_reviewers_act_need_no_login);
    tcase_add_loop_test(tests, no_input_breaks_the_line, 0, 20);
    tcase_add_test(tests, reasons_go_before_names_and_from_the_last);
    tcase_add_test(tests, a_cut_name_says_so);
    tcase_set_timeout(tests, 60); /* under sanitizers, on a busy machine */
    tcase_add_test(tests, it_appends);
    tcase_add_test(tests, a_switch_names_the_account_and_the_session);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
