/* SPDX-License-Identifier: Apache-2.0 */
/* The order of the steps, over the private in-memory store and over stores that are not there. */
#include "engine.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

#define DAY 86400
#define MONDAY_0930 INT64_C(1795512600) /* 2026-11-24 09:30 UTC */
#define KEY_A "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define KEY_B "SHA256:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"

static const char base_conf[] = "[hopwarden]\n"
                                "tenant = acme\n"
                                "witness = home\n"
                                "accounts = *\n"
                                "mode = enforce\n"
                                "tenant_count = 20\n"
                                "%s\n"
                                "[home]\n"
                                "networks = 192.0.2.0/24\n"
                                "[tenant \"acme\"]\n"
                                "networks = 10.1.0.0/16\n"
                                "[tenant \"beta\"]\n"
                                "networks = 10.2.0.0/16\n"
                                "[person \"anna\"]\n"
                                "accounts = acme:msp-anna beta:anna-b\n"
                                "[account \"ansible\"]\n"
                                "class = automation\n"
                                "keys = " KEY_A "\n"
                                "sources = 192.0.2.20\n"
                                "tenants = acme\n"
                                "[account \"rescue\"]\n"
                                "class = break-glass\n"
                                "[account \"root\"]\n"
                                "class = shared\n";

static struct hop_conf *conf;
static struct hop_engine *engine;
static struct hop_error err;

static void open_with(const char *more, enum hop_history_role role)
{
    char text[2048];
    snprintf(text, sizeof text, base_conf, more);
    ck_assert_msg(hop_conf_parse("test", hop_span_of(text), &conf, &err) == HOP_OK, "%s", err.text);
    ck_assert_int_eq(hop_engine_new(conf, role, &engine, &err), HOP_OK);
}

static void open_memory(void)
{
    open_with("", HOP_HISTORY_MEMORY);
}

static void close_all(void)
{
    hop_engine_free(&engine);
    hop_conf_free(&conf);
}

static struct hop_login login_of(const char *account, const char *address, const char *key)
{
    struct hop_login login = {.time = MONDAY_0930,
                              .lane = HOP_LANE_ASKED,
                              .phase = HOP_PHASE_AUTH,
                              .first_factor_proven = true};
    hop_string_copy(login.account, sizeof login.account, account);
    hop_string_copy(login.host, sizeof login.host, "db1");
    hop_string_copy(login.service, sizeof login.service, "sshd");
    hop_string_copy(login.key, sizeof login.key, key);
    hop_address_parse(hop_span_of(address), &login.origin.address);
    ck_assert_int_eq(hop_engine_admit(engine, &login, false, &err), HOP_OK);
    return login;
}

static enum hop_action judge(struct hop_login *login, struct hop_verdict *ret_verdict)
{
    struct hop_judgement judgement;
    hop_judgement_init(&judgement);
    hop_engine_judge_by(engine, login, &judgement, hop_clock_deadline(1000));
    *ret_verdict = judgement.verdict;
    hop_judgement_done(&judgement);
    return ret_verdict->action;
}

static void learn_days(const char *account, int days)
{
    for (int back = days; back >= 1; back--) {
        struct hop_login login = login_of(account, "192.0.2.10", KEY_A);
        login.time = MONDAY_0930 - (int64_t)back * DAY;
        struct hop_judgement judgement;
        hop_judgement_init(&judgement);
        hop_engine_judge_by(engine, &login, &judgement, hop_clock_deadline(1000));
        struct hop_lesson lesson = {.learn = true};
        ck_assert_int_eq(hop_engine_learned_by(engine, &login, &judgement, lesson, false,
                                               hop_clock_deadline(1000), &err),
                         HOP_RECORDED_STORE);
        hop_judgement_done(&judgement);
    }
}

static bool has_code(const struct hop_verdict *verdict, const char *code)
{
    for (size_t i = 0; i < verdict->reason_count; i++)
        if (strcmp(verdict->reasons[i].code, code) == 0)
            return true;
    return false;
}

START_TEST(a_person_has_one_history_under_all_names)
{
    struct hop_verdict verdict;
    learn_days("msp-anna", 21);
    struct hop_login known = login_of("anna", "192.0.2.10", KEY_A);
    ck_assert_str_eq(known.identity, "anna");
    ck_assert_int_eq(judge(&known, &verdict), HOP_ALLOW);
    ck_assert(verdict.scored);
    ck_assert_uint_eq(verdict.losses, 0);
    struct hop_login stranger = login_of("ben", "192.0.2.10", KEY_B);
    ck_assert_int_eq(judge(&stranger, &verdict), HOP_STEP_UP);
    ck_assert(has_code(&verdict, "newcomer"));
}
END_TEST

/* Judged, recorded, and finished after a step-up that passed; then what is known by the next one.
 */
static void come_in_by(const char *service, struct hop_judgement *ret_next)
{
    struct hop_answer answer = {.kind = HOP_ANSWER_ALLOW, .action = HOP_STEP_UP};
    struct hop_judgement judgement;
    struct hop_login login = login_of("msp-anna", "192.0.2.99", KEY_B), next = login;
    hop_string_copy(login.service, sizeof login.service, service);
    hop_judgement_init(&judgement);
    hop_engine_judge_by(engine, &login, &judgement, hop_clock_deadline(1000));
    ck_assert_int_eq(hop_engine_judged_by(engine, &login, &judgement, &answer, HOP_MODE_ENFORCE,
                                          hop_clock_deadline(1000), &err),
                     HOP_RECORDED_STORE);
    struct hop_moment moment = {.mode = HOP_MODE_ENFORCE,
                                .phase = HOP_PHASE_SESSION,
                                .lane = HOP_LANE_ASKED,
                                .service = hop_service_of(service),
                                .first_factor_proven = true,
                                .stepped_up = true};
    struct hop_verdict verdict = {.scored = true, .action = HOP_STEP_UP, .own_action = HOP_STEP_UP};
    struct hop_lesson lesson = hop_lesson_of(&verdict, &moment);
    ck_assert_int_eq(hop_engine_learned_by(engine, &login, &judgement, lesson, true,
                                           hop_clock_deadline(1000), &err),
                     HOP_RECORDED_STORE);
    hop_judgement_done(&judgement);
    hop_judgement_init(ret_next);
    next.time += 60;
    hop_engine_judge_by(engine, &next, ret_next, hop_clock_deadline(1000));
}

START_TEST(a_switch_leaves_a_passed_step_up_and_nothing_else)
{
    struct hop_judgement next;
    learn_days("msp-anna", 10);
    come_in_by("sudo", &next);
    const struct hop_recollection *known = &next.recollection;
    ck_assert_uint_eq(known->around.touch_count, 0);
    ck_assert_int_eq(known->merged.step_up_time, MONDAY_0930);
    ck_assert_int_eq(known->merged.last.time, MONDAY_0930 - DAY);
    hop_judgement_done(&next);
    come_in_by("login", &next);
    ck_assert_uint_eq(known->around.touch_count, 1);
    ck_assert_int_eq(known->merged.last.time, MONDAY_0930);
    hop_judgement_done(&next);
}
END_TEST

START_TEST(a_login_out_of_another_tenant_is_no_allow)
{
    struct hop_verdict verdict;
    learn_days("anna", 21);
    struct hop_login hop = login_of("anna", "10.2.0.7", KEY_A);
    ck_assert_int_eq(hop.origin.zone, HOP_ZONE_TENANT);
    ck_assert_str_eq(hop.origin.tenant, "beta");
    ck_assert_int_ne(judge(&hop, &verdict), HOP_ALLOW);
    ck_assert_int_eq(verdict.score.story, HOP_STORY_HOP);
    ck_assert(has_code(&verdict, "hop-new"));
}
END_TEST

static void say_in_inventory(const char *address, const char *tag)
{
    char key[128];
    snprintf(key, sizeof key, "hop:1:n:{%s}", address);
    struct hop_batch batch;
    hop_batch_init(&batch);
    ck_assert_int_eq(hop_batch_add(&batch, HOP_WRITE_MEMBER, key, NULL, tag, 0), HOP_OK);
    ck_assert_int_eq(hop_history_record_by(hop_engine_history(engine), &batch, false,
                                           hop_clock_deadline(1000), &err),
                     HOP_RECORDED_STORE);
    hop_batch_done(&batch);
}

START_TEST(the_inventory_accuses_and_never_blocks)
{
    struct hop_verdict verdict;
    char tag[HOP_TENANT_MAX + 1];
    learn_days("anna", 21);
    hop_conf_tag_of(conf, "beta", tag);
    say_in_inventory("203.0.113.9", tag);
    struct hop_login hop = login_of("anna", "203.0.113.9", KEY_A);
    ck_assert_int_eq(hop.origin.zone, HOP_ZONE_INTERNET);
    enum hop_action action = judge(&hop, &verdict);
    ck_assert_int_eq(hop.origin.zone, HOP_ZONE_TENANT);
    ck_assert_str_eq(hop.origin.tenant, "beta");
    ck_assert_int_eq(action, HOP_STEP_UP);
}
END_TEST

START_TEST(nobody_makes_an_address_homes_by_the_inventory)
{
    struct hop_verdict verdict;
    char tag[HOP_TENANT_MAX + 1];
    learn_days("anna", 21);
    hop_conf_tag_of(conf, HOP_HOME, tag);
    say_in_inventory("203.0.113.9", tag);
    struct hop_login hop = login_of("anna", "203.0.113.9", KEY_A);
    judge(&hop, &verdict);
    ck_assert_int_eq(hop.origin.zone, HOP_ZONE_TENANT);
    ck_assert_str_ne(hop.origin.tenant, HOP_HOME);
}
END_TEST

START_TEST(automation_is_bound_and_never_asked)
{
    struct hop_verdict verdict;
    struct hop_login inside = login_of("ansible", "192.0.2.20", KEY_A);
    ck_assert_int_eq(inside.lane, HOP_LANE_BOUND);
    ck_assert_int_eq(judge(&inside, &verdict), HOP_ALLOW);
    ck_assert(!verdict.scored);
    struct hop_login elsewhere = login_of("ansible", "192.0.2.21", KEY_A);
    ck_assert_int_eq(judge(&elsewhere, &verdict), HOP_BLOCK);
    struct hop_login other_key = login_of("ansible", "192.0.2.20", KEY_B);
    ck_assert_int_eq(judge(&other_key, &verdict), HOP_BLOCK);
    struct hop_login no_key = login_of("ansible", "192.0.2.20", "");
    no_key.key_lost = true;
    ck_assert_int_eq(judge(&no_key, &verdict), HOP_ALLOW);
    ck_assert(verdict.deferred);
    struct hop_login nowhere = login_of("ansible", "", KEY_A);
    ck_assert_int_eq(judge(&nowhere, &verdict), HOP_BLOCK);
}
END_TEST

static void order(const char *field, const char *value)
{
    struct hop_batch batch;
    hop_batch_init(&batch);
    ck_assert_int_eq(hop_batch_add(&batch, HOP_WRITE_FIELD, "hop:1:freeze", field, value, 0), 0);
    ck_assert_int_eq(hop_history_record_by(hop_engine_history(engine), &batch, false,
                                           hop_clock_deadline(1000), &err),
                     HOP_RECORDED_STORE);
    hop_batch_done(&batch);
}

static void freeze(const char *field, enum hop_freeze how)
{
    char value[64];
    struct hop_text text = hop_text_over(value, sizeof value);
    hop_freeze_put(&text, how, MONDAY_0930, "test", "test");
    order(field, value);
}

static void permit(const char *field, int64_t since)
{
    char value[256];
    struct hop_permit permit = {.id = "01JD8Z0M2N3P4Q5R6S7T8V9WXY",
                                .since = since,
                                .until = since + 3600,
                                .author = "test",
                                .why = "test"};
    struct hop_text text = hop_text_over(value, sizeof value);
    hop_permit_put(&text, &permit);
    order(field, value);
}

START_TEST(a_permit_counts_for_people_and_automation)
{
    struct hop_verdict verdict;
    int64_t now = hop_clock_epoch_ms() / 1000;
    permit("permit:ansible", now);
    struct hop_login outside = login_of("ansible", "203.0.113.9", KEY_A);
    outside.time = now;
    ck_assert_int_eq(judge(&outside, &verdict), HOP_BLOCK);
    ck_assert_str_eq(verdict.permit, "01JD8Z0M2N3P4Q5R6S7T8V9WXY");
    permit("permit:anna", now);
    struct hop_login anna = login_of("msp-anna", "203.0.113.9", KEY_A);
    anna.time = now;
    ck_assert_int_eq(judge(&anna, &verdict), HOP_STEP_UP);
    ck_assert_str_eq(verdict.permit, "01JD8Z0M2N3P4Q5R6S7T8V9WXY");
    freeze("account:anna", HOP_FREEZE_STEP_UP);
    judge(&anna, &verdict);
    ck_assert_str_eq(verdict.permit, "");
    ck_assert(has_code(&verdict, "permit-void"));
}
END_TEST

START_TEST(a_permit_of_another_time_does_not_count)
{
    struct hop_verdict verdict;
    int64_t now = hop_clock_epoch_ms() / 1000;
    struct hop_login login = login_of("bert", "203.0.113.9", KEY_A);
    login.time = now;
    permit("permit:bert", now - 3601);
    ck_assert_int_eq(judge(&login, &verdict), HOP_STEP_UP);
    ck_assert_str_eq(verdict.permit, "");
    ck_assert(has_code(&verdict, "permit-over"));
    permit("permit:bert", now + 4000);
    judge(&login, &verdict);
    ck_assert_str_eq(verdict.permit, "");
}
END_TEST

START_TEST(a_freeze_counts_for_automation_too)
{
    struct hop_verdict verdict;
    freeze("account:ansible", HOP_FREEZE_BLOCK);
    struct hop_login inside = login_of("ansible", "192.0.2.20", KEY_A);
    ck_assert_int_eq(judge(&inside, &verdict), HOP_BLOCK);
    ck_assert(has_code(&verdict, "frozen"));
}
END_TEST

START_TEST(break_glass_is_let_in_loudly)
{
    struct hop_verdict verdict;
    struct hop_login login = login_of("rescue", "203.0.113.9", KEY_B);
    ck_assert_int_eq(login.lane, HOP_LANE_BREAK_GLASS);
    ck_assert_int_eq(judge(&login, &verdict), HOP_ALLOW);
    ck_assert(verdict.alert);
}
END_TEST

START_TEST(a_shared_account_without_its_key_waits_for_the_session)
{
    struct hop_verdict verdict;
    struct hop_login login = login_of("root", "192.0.2.10", "");
    ck_assert_str_eq(login.identity, "");
    ck_assert_int_eq(judge(&login, &verdict), HOP_ALLOW);
    ck_assert(verdict.deferred);
    struct hop_login with_key = login_of("root", "192.0.2.10", KEY_A);
    ck_assert_str_eq(with_key.identity, "root+" KEY_A);
    ck_assert_int_eq(judge(&with_key, &verdict), HOP_STEP_UP);
    ck_assert(!verdict.deferred);
}
END_TEST

START_TEST(without_address_people_are_asked_or_blocked)
{
    struct hop_verdict verdict;
    learn_days("anna", 21);
    struct hop_login asked = login_of("anna", "", KEY_A);
    ck_assert_int_eq(judge(&asked, &verdict), HOP_STEP_UP);
    ck_assert_uint_ne(verdict.losses & HOP_LOSS_BIT(HOP_LOSS_SOURCE), 0);
    struct hop_login unasked = login_of("anna", "", KEY_A);
    unasked.lane = HOP_LANE_UNASKED;
    ck_assert_int_eq(judge(&unasked, &verdict), HOP_BLOCK);
}
END_TEST

START_TEST(a_dead_history_asks_or_blocks_and_says_why)
{
    struct hop_verdict verdict;
    open_with("history = unix:/nonexistent/redis.sock\nfallback = /nonexistent/fallback.db",
              HOP_HISTORY_WRITER);
    struct hop_login asked = login_of("anna", "192.0.2.10", KEY_A);
    struct hop_judgement judgement;
    hop_judgement_init(&judgement);
    hop_engine_judge_by(engine, &asked, &judgement, hop_clock_deadline(250));
    ck_assert_int_eq(judgement.verdict.action, HOP_STEP_UP);
    ck_assert_uint_ne(judgement.verdict.losses & HOP_LOSS_BIT(HOP_LOSS_HISTORY), 0);
    ck_assert_ptr_nonnull(strstr(judgement.trouble.text, "/nonexistent/redis.sock"));
    struct hop_answer answer = {.kind = HOP_ANSWER_STEP_UP, .action = HOP_STEP_UP};
    ck_assert_int_eq(hop_engine_judged_by(engine, &asked, &judgement, &answer, HOP_MODE_ENFORCE,
                                          hop_clock_deadline(250), &err),
                     HOP_RECORDED_NOT);
    ck_assert_str_ne(err.text, "");
    hop_judgement_done(&judgement);
    struct hop_login unasked = login_of("anna", "192.0.2.10", KEY_A);
    unasked.lane = HOP_LANE_UNASKED;
    ck_assert_int_eq(judge(&unasked, &verdict), HOP_BLOCK);
    struct hop_login bound = login_of("ansible", "192.0.2.20", KEY_A);
    ck_assert_int_eq(judge(&bound, &verdict), HOP_ALLOW);
    struct hop_login rescue = login_of("rescue", "192.0.2.20", KEY_A);
    ck_assert_int_eq(judge(&rescue, &verdict), HOP_ALLOW);
    close_all();
}
END_TEST

START_TEST(a_cell_set_otherwise_holds_for_break_glass_too)
{
    static const struct {
        const char *option, *address;
        enum hop_action action;
    } cells[] = {
        {"on_history_break_glass = block", "192.0.2.20", HOP_BLOCK},
        {"on_history_break_glass = allow", "192.0.2.20", HOP_ALLOW},
        {"on_source_break_glass = block", "", HOP_BLOCK},
        {"on_source_break_glass = block", "192.0.2.20", HOP_ALLOW},
    };
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        char more[256];
        struct hop_verdict verdict;
        snprintf(more, sizeof more,
                 "history = unix:/nonexistent/redis.sock\nfallback = /nonexistent/fallback.db\n%s",
                 cells[i].option);
        open_with(more, HOP_HISTORY_WRITER);
        struct hop_login rescue = login_of("rescue", cells[i].address, KEY_A);
        ck_assert_msg(judge(&rescue, &verdict) == cells[i].action, "%s", cells[i].option);
        ck_assert(verdict.alert);
        close_all();
    }
}
END_TEST

START_TEST(a_freeze_outlives_the_store)
{
    struct hop_verdict verdict;
    char folder[] = "/tmp/hop-engine-XXXXXX", more[256], command[64];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(more, sizeof more, "history = sqlite:%s/history.db\nfallback = %s/fallback.db", folder,
             folder);
    open_with(more, HOP_HISTORY_WRITER);
    freeze("account:ansible", HOP_FREEZE_BLOCK);
    struct hop_login seen = login_of("ansible", "192.0.2.20", KEY_A);
    struct hop_judgement judgement;
    hop_judgement_init(&judgement);
    hop_engine_judge_by(engine, &seen, &judgement, hop_clock_deadline(1000));
    hop_engine_learned_by(engine, &seen, &judgement, (struct hop_lesson){0}, false,
                          hop_clock_deadline(1000), &err);
    hop_judgement_done(&judgement);
    close_all();
    snprintf(more, sizeof more, "history = unix:/nonexistent/redis.sock\nfallback = %s/fallback.db",
             folder);
    open_with(more, HOP_HISTORY_WRITER);
    struct hop_login later = login_of("ansible", "192.0.2.20", KEY_A);
    ck_assert_int_eq(judge(&later, &verdict), HOP_BLOCK);
    ck_assert(has_code(&verdict, "frozen"));
    close_all();
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

static bool count_entry(void *context, struct hop_span id, struct hop_span value)
{
    (void)id;
    (void)value;
    ++*(int *)context;
    return true;
}

START_TEST(failures_raise_the_score_of_who_comes_next_from_elsewhere)
{
    struct hop_verdict before, after;
    struct hop_login login = login_of("anna", "203.0.113.7", KEY_A);
    struct hop_deadline soon = hop_clock_deadline(5000);
    judge(&login, &before);
    login.time -= 600;
    ck_assert_int_eq(hop_engine_refused_by(engine, &login, "step-up-failed", soon, &err),
                     HOP_RECORDED_STORE);
    ck_assert_int_eq(hop_engine_refused_by(engine, &login, "session-refused", soon, &err),
                     HOP_RECORDED_STORE);
    for (int i = 0; i < 5; i++) {
        login.time += 20;
        ck_assert_int_eq(hop_engine_failed_by(engine, &login, soon, &err), HOP_RECORDED_STORE);
    }
    login.time = MONDAY_0930;
    judge(&login, &after);
    ck_assert(!before.score.evidence.present[HOP_BLOCK_FAILURES]);
    ck_assert_double_eq(after.score.evidence.terms[HOP_STORY_NEAR][HOP_BLOCK_FAILURES], 4);
    struct hop_login mate = login_of("bert", "203.0.113.9", KEY_B);
    judge(&mate, &after);
    ck_assert(after.score.evidence.terms[HOP_STORY_NEAR][HOP_BLOCK_FAILURES] > 1);
}
END_TEST

START_TEST(a_verdict_leaves_an_entry_whatever_it_is)
{
    int entries = 0;
    struct hop_login login = login_of("anna", "10.2.0.7", KEY_A);
    struct hop_judgement judgement;
    hop_judgement_init(&judgement);
    hop_engine_judge_by(engine, &login, &judgement, hop_clock_deadline(1000));
    struct hop_answer answer = {.kind = HOP_ANSWER_BLOCK, .action = HOP_BLOCK};
    ck_assert_int_eq(hop_engine_judged_by(engine, &login, &judgement, &answer, HOP_MODE_ENFORCE,
                                          hop_clock_deadline(1000), &err),
                     HOP_RECORDED_STORE);
    ck_assert_int_eq(
        hop_engine_refused_by(engine, &login, "failure", hop_clock_deadline(1000), &err),
        HOP_RECORDED_STORE);
    hop_judgement_done(&judgement);
    struct hop_store *store = hop_history_store(hop_engine_history(engine));
    ck_assert_int_eq(hop_store_log_by(store, "hop:1:log:home", 0, count_entry, &entries,
                                      hop_clock_deadline(1000), &err),
                     HOP_OK);
    ck_assert_int_eq(entries, 2);
    struct hop_verdict verdict;
    struct hop_login again = login_of("anna", "192.0.2.10", KEY_A);
    judge(&again, &verdict);
    ck_assert_msg(has_code(&verdict, "newcomer"), "a refused login must teach nothing");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("engine");
    TCase *memory = tcase_create("memory");
    tcase_add_checked_fixture(memory, open_memory, close_all);
    tcase_add_test(memory, a_person_has_one_history_under_all_names);
    tcase_add_test(memory, a_switch_leaves_a_passed_step_up_and_nothing_else);
    tcase_add_test(memory, a_login_out_of_another_tenant_is_no_allow);
    tcase_add_test(memory, the_inventory_accuses_and_never_blocks);
    tcase_add_test(memory, nobody_makes_an_address_homes_by_the_inventory);
    tcase_add_test(memory, automation_is_bound_and_never_asked);
    tcase_add_test(memory, a_freeze_counts_for_automation_too);
    tcase_add_test(memory, a_permit_counts_for_people_and_automation);
    tcase_add_test(memory, a_permit_of_another_time_does_not_count);
    tcase_add_test(memory, break_glass_is_let_in_loudly);
    tcase_add_test(memory, a_shared_account_without_its_key_waits_for_the_session);
    tcase_add_test(memory, without_address_people_are_asked_or_blocked);
    tcase_add_test(memory, failures_raise_the_score_of_who_comes_next_from_elsewhere);
    tcase_add_test(memory, a_verdict_leaves_an_entry_whatever_it_is);
    suite_add_tcase(suite, memory);
    TCase *lost = tcase_create("lost");
    tcase_add_test(lost, a_freeze_outlives_the_store);
    tcase_add_test(lost, a_dead_history_asks_or_blocks_and_says_why);
    tcase_add_test(lost, a_cell_set_otherwise_holds_for_break_glass_too);
    suite_add_tcase(suite, lost);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
