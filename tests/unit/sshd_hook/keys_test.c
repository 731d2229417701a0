/* SPDX-License-Identifier: Apache-2.0 */
/* The helper over a keys.d, a configuration, a history and a syslog of its own. Runs as root: its
 * files must be root's. */
#include "keys.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../ssh/made_keys.h"
#include "../suite.h"
#include "clock.h"
#include "file.h"

#define MONITOR 4711L
#define INSIDE "192.0.2.20" /* where ansible is bound to */
#define OUTSIDE "192.0.2.99"

static char folder[64], conf_path[128], keys_folder[128], notes[128], devlog[108], history[128];
static struct hop_keys_paths paths;
static struct hop_error err;
static int logger;
static char printed[65536], logged[4096];

static void write_file(const char *path, const char *text)
{
    ck_assert_msg(hop_file_replace(path, text, strlen(text), 0644, 0, 0, false, &err) == HOP_OK,
                  "%s", err.text);
}

static void configure(const char *mode, const char *accounts, const char *database)
{
    char text[2048];
    snprintf(text, sizeof text,
             "[hopwarden]\ntenant = acme\nwitness = home\ntenant_count = 20\nmode = %s\n"
             "accounts = %s\nhistory = sqlite:%s\nfallback = %s/fallback.db\n"
             "helper_deadline_ms = 5000\n"
             "[home]\nnetworks = 192.0.2.0/24\n"
             "[account \"ansible\"]\nclass = automation\nsources = " INSIDE "\n",
             mode, accounts, database, folder);
    write_file(conf_path, text);
}

static void listen_for_lines(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(name.sun_path, sizeof name.sun_path, "%s", devlog);
    logger = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(bind(logger, (const struct sockaddr *)&name, sizeof name), 0);
}

static struct hop_conf *load(void)
{
    struct hop_conf *conf = NULL;
    ck_assert_msg(hop_conf_load(conf_path, &conf, &err) == HOP_OK, "%s", err.text);
    return conf;
}

/* One field in the freeze list; "" only makes the history's file. */
static void freeze(const char *field, const char *value)
{
    struct hop_conf *conf = load();
    struct hop_engine *engine = NULL;
    struct hop_batch batch;
    char key[256];
    struct hop_reach reach = {.prefix = "hop:1:", .witness = HOP_HOME, .all_home = true};
    struct hop_text text = hop_text_over(key, sizeof key);
    hop_key_freeze(&text, &reach);
    hop_batch_init(&batch);
    ck_assert_int_eq(hop_engine_new(conf, HOP_HISTORY_WRITER, &engine, &err), HOP_OK);
    ck_assert_int_eq(hop_batch_add(&batch, HOP_WRITE_FIELD, key, field, value, 0), HOP_OK);
    ck_assert_msg(hop_history_record_by(hop_engine_history(engine), &batch, false,
                                        hop_clock_deadline(10000), &err) == HOP_RECORDED_STORE,
                  "%s", err.text);
    hop_batch_done(&batch);
    hop_engine_free(&engine);
    hop_conf_free(&conf);
}

static void setup(void)
{
    ck_assert_msg(geteuid() == 0, "these tests need root");
    snprintf(folder, sizeof folder, "/tmp/hop-helper-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chmod(folder, 0755), 0);
    snprintf(conf_path, sizeof conf_path, "%s/hopwarden.conf", folder);
    snprintf(keys_folder, sizeof keys_folder, "%s/keys.d", folder);
    snprintf(notes, sizeof notes, "%s/notes", folder);
    snprintf(devlog, sizeof devlog, "%s/log", folder);
    snprintf(history, sizeof history, "%s/history.db", folder);
    ck_assert_int_eq(mkdir(keys_folder, 0755), 0);
    ck_assert_int_eq(mkdir(notes, 0700), 0);
    paths = (struct hop_keys_paths){
        .conf = conf_path, .folder = keys_folder, .notes = notes, .devlog = devlog};
    listen_for_lines();
    configure("enforce", "*", history);
    freeze("account:nobody", "step_up|0|test|test");
}

static void teardown(void)
{
    char command[128];
    close(logger);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static const char *keys_file(const char *account)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", keys_folder, account);
    return path;
}

static void allow_key(const char *account, const char *options, const char *name)
{
    char text[9000];
    struct public_line line;
    keys_read(name, &line);
    snprintf(text, sizeof text, "# keys of %s\n%s%s\n", account, options, line.text);
    write_file(keys_file(account), text);
}

static enum hop_keys_face face;
static char *const *chain;

/* What the helper prints for this key; the note of an earlier run is taken away first. */
static const char *serve(const char *account, const char *name, const char *source)
{
    struct public_line line;
    char type[80], base64[8192];
    keys_read(name, &line);
    ck_assert(hop_span_copy(line.parts.type, type, sizeof type));
    ck_assert(hop_span_copy(line.parts.base64, base64, sizeof base64));
    struct hop_keys_offer offer = {.face = face,
                                   .account = account,
                                   .type = type,
                                   .base64 = base64,
                                   .monitor = MONITOR,
                                   .chain = chain};
    if (source)
        ck_assert(hop_address_parse(hop_span_of(source), &offer.source));
    hop_ssh_note_remove(notes, MONITOR);
    memset(printed, 0, sizeof printed);
    FILE *out = fmemopen(printed, sizeof printed, "w");
    ck_assert_ptr_nonnull(out);
    hop_keys_serve(&paths, &offer, out);
    fclose(out);
    return printed;
}

static void expect_line(const char *options, const char *name, const char *got)
{
    char want[9000];
    struct public_line line;
    keys_read(name, &line);
    snprintf(want, sizeof want, "%s%s\n", options, line.text);
    ck_assert_str_eq(got, want);
}

static bool note_is_left(const char *account, struct hop_ssh_note *ret_note)
{
    return hop_ssh_note_read(notes, MONITOR, geteuid(), account, hop_clock_epoch_ms() / 1000, 0,
                             ret_note, &err) == HOP_OK;
}

static const char *next_line(void)
{
    ssize_t len = recv(logger, logged, sizeof logged - 1, 0);
    logged[len > 0 ? len : 0] = 0;
    return logged;
}

START_TEST(an_account_without_keys_gets_nothing)
{
    struct hop_ssh_note note;
    ck_assert_str_eq(serve("anna", "ed25519", INSIDE), "");
    ck_assert(!note_is_left("anna", &note));
    ck_assert_str_eq(next_line(), "");
}
END_TEST

START_TEST(another_key_gets_nothing)
{
    struct hop_ssh_note note;
    allow_key("ansible", "", "ed25519");
    ck_assert_str_eq(serve("ansible", "rsa", INSIDE), "");
    ck_assert(!note_is_left("ansible", &note));
}
END_TEST

START_TEST(what_is_allowed_is_printed_as_it_is_with_a_note)
{
    struct hop_ssh_note note;
    allow_key("ansible", "restrict,command=\"a  b\" ", "ed25519");
    expect_line("restrict,command=\"a  b\" ", "ed25519", serve("ansible", "ed25519", INSIDE));
    ck_assert(note_is_left("ansible", &note));
    ck_assert_str_eq(note.key, keys_parse("ed25519").fingerprint);
    ck_assert_str_eq(next_line(), "");
}
END_TEST

START_TEST(what_is_blocked_is_not_printed_and_leaves_no_note)
{
    struct hop_ssh_note note;
    allow_key("ansible", "", "ed25519");
    ck_assert_str_eq(serve("ansible", "ed25519", OUTSIDE), "");
    ck_assert(!note_is_left("ansible", &note));
    ck_assert_ptr_nonnull(strstr(next_line(), "helper-refused"));
    ck_assert_int_eq(strncmp(logged, "<85>", 4), 0);
    ck_assert_ptr_nonnull(strstr(logged, OUTSIDE));
    ck_assert_ptr_nonnull(strstr(logged, keys_parse("ed25519").fingerprint));
}
END_TEST

START_TEST(a_refusal_is_one_line_per_account_key_and_hour)
{
    allow_key("ansible", "", "ed25519");
    serve("ansible", "ed25519", OUTSIDE);
    ck_assert_str_ne(next_line(), "");
    serve("ansible", "ed25519", OUTSIDE);
    ck_assert_str_eq(next_line(), "");
    allow_key("ansible", "", "rsa");
    serve("ansible", "rsa", OUTSIDE);
    ck_assert_str_ne(next_line(), "");
}
END_TEST

START_TEST(an_hour_later_it_is_told_again)
{
    char stamp[300], command[400];
    allow_key("ansible", "", "ed25519");
    serve("ansible", "ed25519", OUTSIDE);
    next_line();
    snprintf(stamp, sizeof stamp, "%s/refused.*", notes);
    snprintf(command, sizeof command, "touch -d '1 hour ago' %s", stamp);
    ck_assert_int_eq(system(command), 0);
    serve("ansible", "ed25519", OUTSIDE);
    ck_assert_ptr_nonnull(strstr(next_line(), "helper-refused"));
}
END_TEST

START_TEST(a_step_up_asks_tokens_to_verify_and_leaves_others_to_pam)
{
    struct hop_ssh_note note;
    allow_key("newcomer", "restrict ", "sk-ed25519");
    expect_line("restrict,verify-required ", "sk-ed25519",
                serve("newcomer", "sk-ed25519", "192.0.2.7"));
    ck_assert(note_is_left("newcomer", &note));
    ck_assert(note.verified);
    allow_key("newcomer", "", "ed25519");
    expect_line("", "ed25519", serve("newcomer", "ed25519", "192.0.2.7"));
    ck_assert(note_is_left("newcomer", &note));
    ck_assert(!note.verified);
}
END_TEST

/* Only of a token, and only where the word is in force: sshd passes over it for other keys. */
START_TEST(the_note_says_whether_the_line_itself_demands_verification)
{
    static const struct {
        const char *options, *key;
        bool verified;
    } CASES[] = {{"verify-required ", "sk-ed25519", true},
                 {"restrict,Verify-Required,pty ", "sk-ed25519", true},
                 {"", "sk-ed25519", false},
                 {"verify-required,no-verify-required ", "sk-ed25519", false},
                 {"command=\"verify-required\" ", "sk-ed25519", false},
                 {"verify-required ", "ed25519", false}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct hop_ssh_note note;
        allow_key("ansible", CASES[i].options, CASES[i].key);
        serve("ansible", CASES[i].key, INSIDE);
        ck_assert_msg(note_is_left("ansible", &note), "%s", CASES[i].options);
        ck_assert_msg(note.verified == CASES[i].verified, "%s%s", CASES[i].options, CASES[i].key);
    }
}
END_TEST

START_TEST(without_an_address_pam_judges)
{
    struct hop_ssh_note note;
    allow_key("ansible", "", "ed25519");
    expect_line("", "ed25519", serve("ansible", "ed25519", NULL));
    ck_assert(note_is_left("ansible", &note));
    allow_key("newcomer", "", "sk-ed25519");
    expect_line("", "sk-ed25519", serve("newcomer", "sk-ed25519", NULL));
}
END_TEST

static void freeze_key(const char *name)
{
    char field[128];
    snprintf(field, sizeof field, "key:%s", keys_parse(name).fingerprint);
    freeze(field, "block|0|test|stolen");
}

START_TEST(a_frozen_key_is_refused_always)
{
    struct hop_ssh_note note;
    allow_key("anna", "", "ed25519");
    freeze_key("ed25519");
    ck_assert_str_eq(serve("anna", "ed25519", "192.0.2.7"), "");
    ck_assert_ptr_nonnull(strstr(next_line(), "helper-refused"));
    ck_assert_str_eq(serve("anna", "ed25519", NULL), "");
    ck_assert(!note_is_left("anna", &note));
    configure("step_up", "*", history);
    ck_assert_str_eq(serve("anna", "ed25519", NULL), "");
}
END_TEST

START_TEST(observing_refuses_nothing)
{
    configure("observe", "*", history);
    allow_key("ansible", "", "ed25519");
    expect_line("", "ed25519", serve("ansible", "ed25519", OUTSIDE));
    freeze_key("ed25519");
    expect_line("", "ed25519", serve("ansible", "ed25519", OUTSIDE));
    ck_assert_str_eq(next_line(), "");
}
END_TEST

START_TEST(a_block_is_printed_where_it_is_answered_as_a_step_up)
{
    configure("step_up", "*", history);
    allow_key("ansible", "", "sk-ed25519");
    expect_line("verify-required ", "sk-ed25519", serve("ansible", "sk-ed25519", OUTSIDE));
}
END_TEST

START_TEST(an_account_out_of_scope_is_not_judged)
{
    struct hop_ssh_note note;
    configure("enforce", "somebody-else", history);
    allow_key("ansible", "", "ed25519");
    expect_line("", "ed25519", serve("ansible", "ed25519", OUTSIDE));
    ck_assert(note_is_left("ansible", &note));
}
END_TEST

START_TEST(a_primary_group_brings_an_account_into_scope)
{
    configure("enforce", "@root", history); /* root is in no group's list of members */
    allow_key("root", "", "sk-ed25519");
    expect_line("verify-required ", "sk-ed25519", serve("root", "sk-ed25519", "192.0.2.7"));
    allow_key("daemon", "", "sk-ed25519");
    expect_line("", "sk-ed25519", serve("daemon", "sk-ed25519", "192.0.2.7"));
}
END_TEST

START_TEST(without_a_history_pam_judges_and_it_is_told)
{
    char nowhere[160];
    snprintf(nowhere, sizeof nowhere, "%s/no/such/history.db", folder);
    configure("enforce", "*", nowhere);
    allow_key("newcomer", "", "sk-ed25519");
    expect_line("", "sk-ed25519", serve("newcomer", "sk-ed25519", "192.0.2.7"));
    ck_assert_ptr_nonnull(strstr(next_line(), "trouble"));
}
END_TEST

START_TEST(without_a_configuration_pam_judges_and_it_is_told_once)
{
    struct hop_ssh_note note;
    write_file(conf_path, "[hopwarden]\nmood = grim\n");
    allow_key("ansible", "", "ed25519");
    expect_line("", "ed25519", serve("ansible", "ed25519", OUTSIDE));
    ck_assert(note_is_left("ansible", &note));
    ck_assert_ptr_nonnull(strstr(next_line(), "hopwarden.conf:2"));
    ck_assert_int_eq(strncmp(logged, "<83>", 4), 0);
    expect_line("", "ed25519", serve("ansible", "ed25519", OUTSIDE));
    ck_assert_str_eq(next_line(), "");
}
END_TEST

static void expect_untrusted(void)
{
    char command[256];
    ck_assert_str_eq(serve("ansible", "ed25519", INSIDE), "");
    ck_assert_ptr_nonnull(strstr(next_line(), "trouble"));
    snprintf(command, sizeof command, "rm -f %s/trouble.*", notes);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(only_roots_own_files_are_believed)
{
    char other[300];
    const char *path = keys_file("ansible");
    allow_key("ansible", "", "ed25519");
    ck_assert_int_eq(chmod(path, 0664), 0);
    expect_untrusted();
    ck_assert_int_eq(chmod(path, 0644), 0);
    ck_assert_int_eq(chown(path, 65534, 0), 0);
    expect_untrusted();
    ck_assert_int_eq(chown(path, 0, 0), 0);
    snprintf(other, sizeof other, "%s/other", folder);
    ck_assert_int_eq(rename(path, other), 0);
    ck_assert_int_eq(symlink(other, path), 0);
    expect_untrusted();
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    expect_untrusted();
}
END_TEST

START_TEST(a_certificate_is_noted_by_its_ca_and_id)
{
    struct hop_ssh_note note;
    char name[HOP_KEY_MAX + 1];
    keys_sign("ed25519", "anna/1", "");
    allow_key("ansible", "cert-authority ", "ca");
    expect_line("cert-authority ", "ca", serve("ansible", "ed25519-cert", INSIDE));
    struct hop_ssh_key key = keys_parse("ed25519-cert");
    hop_ssh_key_name(&key, name);
    ck_assert(note_is_left("ansible", &note));
    ck_assert_str_eq(note.key, name);
}
END_TEST

/* -- principals: the same folder stands for principals.d ---------------------------------- */

START_TEST(a_certificate_is_served_by_its_principals)
{
    struct hop_ssh_note note;
    char name[HOP_KEY_MAX + 1];
    face = HOP_KEYS_FACE_PRINCIPALS;
    keys_sign("ed25519", "deploy", "-n x,deployers,on-call");
    write_file(keys_file("ansible"), "ansible\nrestrict deployers # all\non-call\n");
    ck_assert_str_eq(serve("ansible", "ed25519-cert", INSIDE), "restrict deployers\non-call\n");
    struct hop_ssh_key key = keys_parse("ed25519-cert");
    hop_ssh_key_name(&key, name);
    ck_assert(note_is_left("ansible", &note));
    ck_assert_str_eq(note.key, name);
    keys_sign("ed25519", "deploy", "-n x");
    ck_assert_str_eq(serve("ansible", "ed25519-cert", INSIDE), "");
    ck_assert(!note_is_left("ansible", &note));
}
END_TEST

START_TEST(without_a_file_the_account_is_its_principal)
{
    face = HOP_KEYS_FACE_PRINCIPALS;
    keys_sign("ed25519", "deploy", "-n 'ansible,ansible x,x'");
    ck_assert_str_eq(serve("ansible", "ed25519-cert", INSIDE), "ansible\n");
    ck_assert_str_eq(serve("ansible x", "ed25519-cert", INSIDE), "");
    ck_assert_str_eq(serve("x#y", "ed25519-cert", INSIDE), "");
    write_file(keys_file("ansible"), "");
    ck_assert_str_eq(serve("ansible", "ed25519-cert", INSIDE), "");
    ck_assert_int_eq(chmod(keys_file("ansible"), 0666), 0);
    ck_assert_str_eq(serve("ansible", "ed25519-cert", INSIDE), "");
}
END_TEST

START_TEST(a_plain_key_has_no_principals)
{
    face = HOP_KEYS_FACE_PRINCIPALS;
    ck_assert_str_eq(serve("ansible", "ed25519", INSIDE), "");
}
END_TEST

START_TEST(a_blocked_certificate_is_told_with_its_number_and_key)
{
    char expected[128];
    face = HOP_KEYS_FACE_PRINCIPALS;
    keys_sign("ed25519", "deploy", "-n ansible -z 77");
    ck_assert_str_eq(serve("ansible", "ed25519-cert", OUTSIDE), "");
    snprintf(expected, sizeof expected, "certificate 77 of key %s",
             keys_parse("ed25519").fingerprint);
    ck_assert_ptr_nonnull(strstr(next_line(), expected));
    ck_assert_ptr_nonnull(strstr(logged, "/deploy"));
}
END_TEST

START_TEST(a_step_up_verifies_a_token_s_certificate)
{
    face = HOP_KEYS_FACE_PRINCIPALS;
    keys_sign("sk-ed25519", "new", "-n newcomer,x");
    write_file(keys_file("newcomer"), "restrict newcomer\nx\n");
    ck_assert_str_eq(serve("newcomer", "sk-ed25519-cert", "192.0.2.7"),
                     "restrict,verify-required newcomer\nverify-required x\n");
}
END_TEST

/* -- chain --------------------------------------------------------------------------------- */

/* A provider that prints this. */
static void chain_prints(const char *text)
{
    static char path[128];
    static char cat[] = "/bin/cat", *words[] = {cat, path, NULL};
    snprintf(path, sizeof path, "%s/provided", folder);
    write_file(path, text);
    chain = words;
}

static void chain_runs(const char *script)
{
    static char sh[] = "/bin/sh", option[] = "-c", text[256], *words[] = {sh, option, text, NULL};
    snprintf(text, sizeof text, "%s", script);
    chain = words;
}

static const char *line_with(const char *options, const char *name)
{
    static char text[9000];
    struct public_line line;
    keys_read(name, &line);
    snprintf(text, sizeof text, "%s%s\n", options, line.text);
    return text;
}

START_TEST(a_chain_is_filtered_to_the_offered_key)
{
    struct hop_ssh_note note;
    char text[20000] = "# keys of LDAP\nnonsense\n";
    strcat(text, line_with("", "rsa"));
    strcat(text, line_with("restrict ", "ed25519"));
    strcat(text, line_with("", "ed25519"));
    chain_prints(text);
    expect_line("restrict ", "ed25519", serve("ansible", "ed25519", INSIDE));
    ck_assert(note_is_left("ansible", &note));
    ck_assert_str_eq(serve("ansible", "p256", INSIDE), "");
    ck_assert_str_eq(next_line(), "");
}
END_TEST

START_TEST(the_file_comes_before_the_chain)
{
    allow_key("ansible", "restrict ", "ed25519");
    chain_prints(line_with("", "ed25519"));
    expect_line("restrict ", "ed25519", serve("ansible", "ed25519", INSIDE));
    chain_prints(line_with("", "rsa"));
    expect_line("", "rsa", serve("ansible", "rsa", INSIDE));
    chain_runs("exit 1");
    expect_line("restrict ", "ed25519", serve("ansible", "ed25519", INSIDE));
    ck_assert_str_eq(next_line(), "");
}
END_TEST

START_TEST(what_a_chain_provides_is_judged_as_any_key)
{
    chain_prints(line_with("", "ed25519"));
    ck_assert_str_eq(serve("ansible", "ed25519", OUTSIDE), "");
    ck_assert_ptr_nonnull(strstr(next_line(), "helper-refused"));
    freeze_key("ed25519");
    ck_assert_str_eq(serve("anna", "ed25519", NULL), "");
    chain_prints(line_with("restrict ", "sk-ed25519"));
    expect_line("restrict,verify-required ", "sk-ed25519",
                serve("newcomer", "sk-ed25519", "192.0.2.7"));
}
END_TEST

START_TEST(a_chain_that_fails_provides_nothing_and_is_told)
{
    chain_runs("echo key; exit 3");
    ck_assert_str_eq(serve("ansible", "ed25519", INSIDE), "");
    ck_assert_ptr_nonnull(strstr(next_line(), "exit status 3"));
}
END_TEST

START_TEST(a_chain_ends_within_the_helpers_time)
{
    char text[2048];
    struct hop_file_rule rule = {.owner = 0, .forbidden = 022, .most = sizeof text};
    char *conf;
    size_t len;
    ck_assert_int_eq(hop_file_read(conf_path, &rule, &conf, &len, &err), HOP_OK);
    char *number = strstr(conf, "helper_deadline_ms = 5000");
    memcpy(number, "helper_deadline_ms = 200 ", 25);
    write_file(conf_path, conf);
    free(conf);
    chain_runs("exec sleep 1000");
    ck_assert_str_eq(serve("ansible", "ed25519", INSIDE), "");
    ck_assert_ptr_nonnull(strstr(next_line(), "no answer within the deadline"));
}
END_TEST

START_TEST(a_chain_works_without_a_configuration)
{
    write_file(conf_path, "[hopwarden]\nmood = grim\n");
    chain_prints(line_with("", "ed25519"));
    expect_line("", "ed25519", serve("ansible", "ed25519", OUTSIDE));
}
END_TEST

START_TEST(a_chain_provides_principals_too)
{
    face = HOP_KEYS_FACE_PRINCIPALS;
    keys_sign("ed25519", "deploy", "-n ansible,deployers");
    chain_prints("restrict deployers\nothers\n");
    ck_assert_str_eq(serve("ansible", "ed25519-cert", INSIDE), "restrict deployers\n");
    chain_prints("others\n"); /* it knows the account: the account's name is no principal then */
    ck_assert_str_eq(serve("ansible", "ed25519-cert", INSIDE), "");
    chain_runs("exit 1");
    ck_assert_str_eq(serve("ansible", "ed25519-cert", INSIDE), "");
}
END_TEST

/* Every option of sshd(8), AUTHORIZED_KEYS FILE FORMAT. */
static const char *const all_options[] = {
    "agent-forwarding",
    "cert-authority",
    "command=\"echo \\\"a, b\\\" # c\"",
    "environment=\"NAME=a value\"",
    "expiry-time=\"20380101000000Z\"",
    "from=\"127.0.0.0/8,!127.0.66.6,*.example.com\"",
    "no-agent-forwarding",
    "no-port-forwarding",
    "no-pty",
    "no-touch-required",
    "no-user-rc",
    "no-X11-forwarding",
    "permitlisten=\"localhost:8080\"",
    "permitopen=\"[2001:db8::1]:80\"",
    "port-forwarding",
    "principals=\"anna,on-call\"",
    "pty",
    "restrict",
    "tunnel=\"0\"",
    "user-rc",
    "verify-required",
    "X11-forwarding",
};

START_TEST(every_option_survives_the_round_trip)
{
    char options[256];
    keys_sign("ed25519", "anna", "");
    for (size_t i = 0; i < sizeof all_options / sizeof all_options[0]; i++) {
        bool authority = strcmp(all_options[i], "cert-authority") == 0;
        snprintf(options, sizeof options, "%s ", all_options[i]);
        chain_prints(line_with(options, authority ? "ca" : "ed25519"));
        expect_line(options, authority ? "ca" : "ed25519",
                    serve("ansible", authority ? "ed25519-cert" : "ed25519", INSIDE));
        snprintf(options, sizeof options, "restrict,%s,pty ", all_options[i]);
        chain_prints(line_with(options, authority ? "ca" : "ed25519"));
        expect_line(options, authority ? "ca" : "ed25519",
                    serve("ansible", authority ? "ed25519-cert" : "ed25519", INSIDE));
    }
}
END_TEST

START_TEST(every_option_survives_beside_verification)
{
    char options[256], expected[300];
    for (size_t i = 0; i < sizeof all_options / sizeof all_options[0]; i++) {
        if (strcmp(all_options[i], "cert-authority") == 0)
            continue; /* makes it a key that vouches for others */
        bool in_force = strcmp(all_options[i], "verify-required") == 0;
        snprintf(options, sizeof options, "%s ", all_options[i]);
        snprintf(expected, sizeof expected, "%s%s", all_options[i],
                 in_force ? " " : ",verify-required ");
        chain_prints(line_with(options, "sk-ed25519"));
        expect_line(expected, "sk-ed25519", serve("newcomer", "sk-ed25519", "192.0.2.7"));
    }
}
END_TEST

START_TEST(a_name_that_is_no_file_name_gets_nothing)
{
    allow_key("ansible", "", "ed25519");
    ck_assert_str_eq(serve("../keys.d/ansible", "ed25519", INSIDE), "");
    ck_assert_str_eq(serve("", "ed25519", INSIDE), "");
    ck_assert_str_eq(serve(".", "ed25519", INSIDE), "");
}
END_TEST

START_TEST(huge_and_odd_arguments_get_nothing)
{
    static char huge[65537];
    memset(huge, 'A', sizeof huge - 1);
    allow_key("ansible", "", "ed25519");
    const struct hop_keys_offer offers[] = {
        {.account = huge, .type = "ssh-ed25519", .base64 = "AAAA"},
        {.account = "ansible", .type = huge, .base64 = "AAAA"},
        {.account = "ansible", .type = "ssh-ed25519", .base64 = huge},
        {.account = "ansible", .type = "\x1b[2J\"", .base64 = "\n"},
        {.account = "ansible", .type = "", .base64 = ""},
    };
    for (size_t i = 0; i < sizeof offers / sizeof offers[0]; i++) {
        memset(printed, 0, sizeof printed);
        FILE *out = fmemopen(printed, sizeof printed, "w");
        hop_keys_serve(&paths, &offers[i], out);
        fclose(out);
        ck_assert_str_eq(printed, "");
    }
}
END_TEST

START_TEST(a_note_that_cannot_be_left_does_not_lock_out)
{
    char command[200];
    snprintf(command, sizeof command, "rm -rf %s", notes);
    ck_assert_int_eq(system(command), 0);
    allow_key("ansible", "", "ed25519");
    expect_line("", "ed25519", serve("ansible", "ed25519", INSIDE));
    ck_assert_ptr_nonnull(strstr(next_line(), "trouble"));
}
END_TEST

START_TEST(old_notes_are_swept_up)
{
    char old[200], command[300];
    snprintf(old, sizeof old, "%s/12345", notes);
    snprintf(command, sizeof command, "touch -d '1 hour ago' %s", old);
    ck_assert_int_eq(system(command), 0);
    allow_key("ansible", "", "ed25519");
    serve("ansible", "ed25519", INSIDE);
    ck_assert_int_eq(access(old, F_OK), -1);
}
END_TEST

START_TEST(no_syslog_does_not_lock_out)
{
    ck_assert_int_eq(unlink(devlog), 0);
    allow_key("ansible", "", "ed25519");
    expect_line("", "ed25519", serve("ansible", "ed25519", INSIDE));
    ck_assert_str_eq(serve("ansible", "ed25519", OUTSIDE), "");
}
END_TEST

static void read_history(char **ret_bytes, size_t *ret_len)
{
    struct hop_file_rule rule = {.owner = 0, .forbidden = 0, .most = 1 << 24};
    ck_assert_int_eq(hop_file_read(history, &rule, ret_bytes, ret_len, &err), HOP_OK);
}

START_TEST(the_history_is_never_written)
{
    char *before, *after, log[160];
    size_t before_len, after_len;
    struct stat st_before, st_after;
    snprintf(log, sizeof log, "%s-wal", history);
    allow_key("anna", "", "ed25519");
    read_history(&before, &before_len);
    memset(&st_before, 0, sizeof st_before);
    memset(&st_after, 0, sizeof st_after);
    (void)!stat(log, &st_before);
    serve("anna", "ed25519", "192.0.2.7");
    (void)!stat(log, &st_after);
    read_history(&after, &after_len);
    ck_assert_uint_eq(before_len, after_len);
    ck_assert(memcmp(before, after, before_len) == 0);
    ck_assert_int_eq(st_before.st_size, st_after.st_size);
    free(before);
    free(after);
}
END_TEST

HOP_SUITE_WITHIN(
    "keys", keys_make, keys_remove, setup, teardown, an_account_without_keys_gets_nothing,
    another_key_gets_nothing, what_is_allowed_is_printed_as_it_is_with_a_note,
    what_is_blocked_is_not_printed_and_leaves_no_note,
    a_refusal_is_one_line_per_account_key_and_hour, an_hour_later_it_is_told_again,
    a_step_up_asks_tokens_to_verify_and_leaves_others_to_pam,
    the_note_says_whether_the_line_itself_demands_verification, without_an_address_pam_judges,
    a_frozen_key_is_refused_always, observing_refuses_nothing,
    a_block_is_printed_where_it_is_answered_as_a_step_up, an_account_out_of_scope_is_not_judged,
    a_primary_group_brings_an_account_into_scope, without_a_history_pam_judges_and_it_is_told,
    without_a_configuration_pam_judges_and_it_is_told_once, only_roots_own_files_are_believed,
    a_certificate_is_noted_by_its_ca_and_id, a_certificate_is_served_by_its_principals,
    without_a_file_the_account_is_its_principal, a_plain_key_has_no_principals,
    a_blocked_certificate_is_told_with_its_number_and_key, a_step_up_verifies_a_token_s_certificate,
    a_chain_is_filtered_to_the_offered_key, the_file_comes_before_the_chain,
    what_a_chain_provides_is_judged_as_any_key, a_chain_that_fails_provides_nothing_and_is_told,
    a_chain_ends_within_the_helpers_time, a_chain_works_without_a_configuration,
    a_chain_provides_principals_too, every_option_survives_the_round_trip,
    every_option_survives_beside_verification, a_name_that_is_no_file_name_gets_nothing,
    huge_and_odd_arguments_get_nothing, a_note_that_cannot_be_left_does_not_lock_out,
    old_notes_are_swept_up, no_syslog_does_not_lock_out, the_history_is_never_written)
