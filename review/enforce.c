/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "act.h"
#include "clock.h"
#include "date.h"
#include "file.h"
#include "pam_service.h"
#include "readiness.h"
#include "session.h"
#include "verbs.h"

#define SHORTEST_SECONDS 60
#define DROP_IN_MAX 1024
#define PATH_ROOM (HOP_PATH_MAX + 32)

enum what { SHOW, SWITCH, CONFIRM, BACK };

struct wishes {
    struct hop_common common;
    enum what what;
    int64_t within;
    const char *pam_path;
    int64_t since; /* of the logins that are counted */
    unsigned most_permille;
};

enum { OPTION_WITHIN = 0x5000, OPTION_CONFIRM, OPTION_BACK, OPTION_MOST, OPTION_PAM };

static const struct argp_option OPTIONS[] = {
    {"confirm-within", OPTION_WITHIN, "TIME", 0,
     "Set mode enforce, and fall back unless confirmed within TIME (1m to 24h)", 0},
    {"confirm", OPTION_CONFIRM, NULL, 0, "Keep it; from a login made since then", 0},
    {"back", OPTION_BACK, NULL, 0, "Go back now to what the configuration says", 0},
    {"max-refusals", OPTION_MOST, "PERCENT", 0,
     "Do not switch when more logins would have been refused (1)", 1},
    {"since", 's', "TIME", 0, "Count logins from then on, instead of the last 30 days", 1},
    {"pam-file", OPTION_PAM, "FILE", 0, "sshd's stack, instead of " HOP_PAM_PATH, 1},
    {0}};

static void choose(struct wishes *wishes, enum what what, struct argp_state *state)
{
    if (wishes->what != SHOW)
        argp_error(state, "one of --confirm-within, --confirm and --back");
    wishes->what = what;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct wishes *wishes = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &wishes->common;
        return 0;
    case OPTION_WITHIN:
        choose(wishes, SWITCH, state);
        if (!hop_duration_parse(hop_span_of(argument), &wishes->within) ||
            wishes->within < SHORTEST_SECONDS || wishes->within > HOP_TRIAL_SECONDS_MAX)
            argp_error(state, "--confirm-within %s: not a time from 1m to 24h", argument);
        return 0;
    case OPTION_CONFIRM:
        choose(wishes, CONFIRM, state);
        return 0;
    case OPTION_BACK:
        choose(wishes, BACK, state);
        return 0;
    case OPTION_MOST:
        if (!hop_permille_parse(argument, &wishes->most_permille))
            argp_error(state, "--max-refusals: not a share from 0 to 100");
        return 0;
    case 's':
        if (!hop_when_parse(argument, &wishes->since))
            argp_error(state, "--since: not a time");
        return 0;
    case OPTION_PAM:
        wishes->pam_path = argument;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* -- the drop-in --------------------------------------------------------------------------- */

static bool put_path(const struct wishes *wishes, const char *name, char path[PATH_ROOM])
{
    const char *conf = wishes->common.conf_path, *slash = strrchr(conf, '/');
    struct hop_text text = hop_text_over(path, PATH_ROOM);
    if (slash != NULL)
        hop_text_put_span(&text, (struct hop_span){conf, (size_t)(slash - conf) + 1});
    hop_text_format(&text, "conf.d%s", name);
    return !text.cut;
}

static void put_time(struct hop_text *text, const char *name, int64_t time)
{
    hop_text_format(text, "%s = ", name);
    hop_date_put(text, time, -1);
    hop_text_put_char(text, '\n');
}

static void put_word(struct hop_text *text, const char *name, const char *word)
{
    if (word[0] != '\0')
        hop_text_format(text, "%s = %s\n", name, word);
}

static void put_drop_in(struct hop_text *text, const struct hop_trial *trial)
{
    hop_text_put(text, "# Written by hopwarden enforce: mode enforce");
    hop_text_put(text, trial->confirmed[0] != '\0'
                           ? ", confirmed.\n"
                           : ", which ends by itself at `until` unless it is confirmed.\n");
    hop_text_put(text, "# `hopwarden enforce --back`, or removing this file, ends it now: the mode "
                       "is then what hopwarden.conf says.\n[enforce]\n");
    put_time(text, "since", trial->since);
    put_time(text, "until", trial->until);
    put_word(text, "boot", trial->boot);
    put_word(text, "login", trial->login);
    put_word(text, "confirmed", trial->confirmed);
}

static enum hop_rc write_drop_in(const struct wishes *wishes, const struct hop_trial *trial,
                                 struct hop_error *err)
{
    char path[PATH_ROOM], folder[PATH_ROOM], bytes[DROP_IN_MAX];
    struct hop_text text = hop_text_over(bytes, sizeof bytes);
    put_drop_in(&text, trial);
    if (!put_path(wishes, "", folder) || !put_path(wishes, "/enforce.conf", path) || text.cut)
        return hop_error_set(err, HOP_LIMIT, "%s: path too long", wishes->common.conf_path);
    enum hop_rc rc = access(folder, F_OK) == 0
                         ? HOP_OK
                         : hop_folder_make(folder, 0755, geteuid(), getegid(), err);
    if (rc == HOP_OK)
        rc = hop_file_replace(path, bytes, text.len, 0644, geteuid(), getegid(), true, err);
    return rc;
}

static enum hop_rc remove_drop_in(const struct wishes *wishes, struct hop_error *err)
{
    char path[PATH_ROOM];
    if (!put_path(wishes, "/enforce.conf", path))
        return hop_error_set(err, HOP_LIMIT, "%s: path too long", wishes->common.conf_path);
    return hop_file_remove(path, err);
}

/* -- what holds now ------------------------------------------------------------------------ */

static void put_moment(json_t *object, const char *name, int64_t time)
{
    if (time != 0)
        json_object_set_new(object, name, hop_json_time(time));
}

static void print_state(const struct wishes *wishes, const struct hop_conf *conf)
{
    const struct hop_settings *settings = hop_conf_settings(conf);
    const struct hop_trial *trial = &settings->trial;
    char until[HOP_CELL_MAX];
    hop_cell_time(until, trial->until);
    if (wishes->common.json) {
        json_t *object =
            json_pack("{s:s, s:s, s:s, s:s}", "mode", hop_mode_word(settings->policy.mode),
                      "falls_back_to", hop_mode_word(settings->file_mode), "state",
                      hop_trial_word(settings->trial_state), "confirmed", trial->confirmed);
        put_moment(object, "since", trial->since);
        put_moment(object, "until", trial->until);
        hop_json_print(object);
        return;
    }
    printf("mode %s", hop_mode_word(settings->policy.mode));
    if (settings->trial_state == HOP_TRIAL_RUNNING)
        printf(", until %s unless confirmed; then %s", until, hop_mode_word(settings->file_mode));
    if (settings->trial_state == HOP_TRIAL_LAPSED)
        printf(": enforce was not confirmed until %s", until);
    if (settings->trial_state == HOP_TRIAL_CONFIRMED)
        printf(", confirmed by login %s", trial->confirmed);
    putchar('\n');
}

static int show(const struct wishes *wishes, const struct hop_conf *conf)
{
    print_state(wishes, conf);
    bool lapsed = hop_conf_settings(conf)->trial_state == HOP_TRIAL_LAPSED;
    return lapsed ? HOP_EXIT_FINDING : HOP_EXIT_FINE;
}

/* Reads all of it anew, so that what is told is what logins find. */
static int show_anew(const struct wishes *wishes, enum hop_trial_state wanted)
{
    struct hop_conf *conf;
    int status = hop_conf_open(&wishes->common, &conf);
    if (status != HOP_EXIT_FINE)
        return status;
    print_state(wishes, conf);
    if (hop_conf_settings(conf)->trial_state != wanted)
        status = HOP_EXIT_UNKNOWN;
    hop_conf_free(&conf);
    return status;
}

static void tell(const struct wishes *wishes, const char *act, const char *what, const char *word)
{
    char note[HOP_ERROR_TEXT_MAX];
    struct hop_text text = hop_text_over(note, sizeof note);
    hop_text_put(&text, what);
    hop_text_put(&text, word);
    hop_act_tell(&wishes->common, act, NULL, note);
}

/* -- switching ----------------------------------------------------------------------------- */

static bool is_lax(const struct hop_pam_line *line)
{
    return hop_span_is(line->control, "optional") ||
           hop_pam_mode_of(line, HOP_MODE_ENFORCE) != HOP_MODE_ENFORCE;
}

/* Where a PAM line observes, nothing would change but what people believe. */
static bool stack_enforces(const char *path)
{
    struct hop_pam_service service;
    bool found = false, lax = false;
    if (!hop_pam_service_read(path, NULL, &service)) {
        hop_complain("%s: cannot be read", path);
        return false;
    }
    const struct hop_pam_stack *account = &service.stacks[HOP_PAM_ACCOUNT];
    for (size_t i = 0; i < account->count; i++) {
        found = found || account->lines[i].ours;
        lax = lax || (account->lines[i].ours && is_lax(&account->lines[i]));
    }
    hop_pam_service_done(&service);
    if (!found)
        hop_complain("%s: no account line of pam_hopwarden.so: nothing would be refused", path);
    else if (lax)
        hop_complain("%s: the account line of pam_hopwarden.so is optional or has a milder mode=, "
                     "which holds: nothing would be refused",
                     path);
    return found && !lax;
}

/* The end is reckoned by this host's clock. */
static int check_clock(struct hop_desk *desk)
{
    struct hop_error err = {0};
    int64_t store_s, now = hop_clock_epoch_ms() / 1000;
    if (hop_desk_clock(desk, &store_s, &err) != HOP_OK)
        return hop_complain_of(&err);
    if (llabs((long long)(now - store_s)) <= HOP_CLOCK_SKEW_MAX)
        return HOP_EXIT_FINE;
    hop_complain("clock: %lld s off the history's: set it right first", (long long)(now - store_s));
    return HOP_EXIT_UNKNOWN;
}

static int check_rate(const struct wishes *wishes, const struct hop_tally *tally)
{
    char rate[HOP_CELL_MAX], most[HOP_CELL_MAX];
    unsigned permille = hop_tally_refusals_permille(tally);
    if (tally->logins == 0) {
        hop_complain("no login was judged since then: what would be refused is not known");
        return HOP_EXIT_UNKNOWN;
    }
    if (permille <= wishes->most_permille)
        return HOP_EXIT_FINE;
    hop_cell_permille(rate, permille);
    hop_cell_permille(most, wishes->most_permille);
    hop_complain("of %zu logins %s would have been refused, more than %s: settle first what "
                 "hopwarden readiness names",
                 tally->logins, rate, most);
    return HOP_EXIT_BLOCK;
}

static int check_readiness(const struct wishes *wishes, struct hop_desk *desk)
{
    struct hop_tally tally = {.seen = NULL};
    struct hop_error err = {0};
    struct hop_tally_place place = {.tenant = hop_conf_settings(desk->conf)->tenant,
                                    .pam_path = wishes->pam_path};
    int status = HOP_EXIT_FINE;
    if (hop_tally_read(desk, desk->reach.witness, wishes->since, &tally, &err) != HOP_OK)
        status = hop_complain_of(&err);
    else if (!hop_tally_close(&tally, &place))
        status = HOP_EXIT_UNKNOWN;
    if (status == HOP_EXIT_FINE)
        status = check_rate(wishes, &tally);
    hop_tally_done(&tally);
    return status;
}

static int check_history(const struct wishes *wishes)
{
    struct hop_desk desk;
    int status = hop_desk_open(&wishes->common, &desk);
    if (status != HOP_EXIT_FINE)
        return status;
    status = check_clock(&desk);
    if (status == HOP_EXIT_FINE)
        status = check_readiness(wishes, &desk);
    hop_desk_close(&desk);
    return status;
}

static void begin_trial(const struct wishes *wishes, struct hop_trial *ret_trial)
{
    struct hop_trial trial = {.since = hop_clock_epoch_ms() / 1000};
    struct hop_connection *connection = calloc(1, sizeof *connection);
    char boot[HOP_BOOT_ID_MAX + 1];
    int64_t boot_s;
    bool doubt;
    trial.until = trial.since + wishes->within;
    if (hop_clock_boot(boot, &boot_s, NULL) == HOP_OK)
        snprintf(trial.boot, sizeof trial.boot, "%s/%lld", boot,
                 (long long)(boot_s + wishes->within));
    if (connection != NULL && hop_session_find(HOP_CONNECTIONS, connection, &doubt, NULL) == HOP_OK)
        memcpy(trial.login, connection->login.id, sizeof trial.login);
    free(connection);
    *ret_trial = trial;
}

static int switch_on(const struct wishes *wishes, const struct hop_conf *conf)
{
    const struct hop_settings *settings = hop_conf_settings(conf);
    struct hop_trial trial;
    struct hop_error err = {0};
    char until[HOP_CELL_MAX];
    if (settings->policy.mode == HOP_MODE_ENFORCE) {
        hop_complain("mode is enforce already");
        show(wishes, conf);
        return HOP_EXIT_FINDING;
    }
    if (!stack_enforces(wishes->pam_path))
        return HOP_EXIT_FINDING;
    int status = check_history(wishes);
    if (status != HOP_EXIT_FINE)
        return status;
    begin_trial(wishes, &trial);
    if (write_drop_in(wishes, &trial, &err) != HOP_OK)
        return hop_complain_of(&err);
    status = show_anew(wishes, HOP_TRIAL_RUNNING);
    if (status != HOP_EXIT_FINE) {
        hop_complain("mode enforce does not hold: taken back");
        remove_drop_in(wishes, NULL);
        return status;
    }
    hop_cell_time(until, trial.until);
    tell(wishes, "enforce-begun", "mode enforce, unless confirmed only until ", until);
    if (!wishes->common.json)
        puts("Keep this session open. Log in anew, and there: hopwarden enforce --confirm");
    return HOP_EXIT_FINE;
}

/* -- confirming ---------------------------------------------------------------------------- */

/* Why this session's login does not show that people still get in; NULL when it does. */
static const char *objection_to(const struct hop_connection *connection,
                                const struct hop_trial *trial)
{
    const struct hop_verdict *verdict = &connection->verdict;
    if (!connection->judged || !connection->opened)
        return "was not judged and let in";
    if (strcmp(connection->login.id, trial->login) == 0)
        return "is the one that switched: log in anew, on another connection";
    if (connection->login.time <= trial->since) /* whole seconds: in doubt older */
        return "is older than the switch: log in anew, on another connection";
    if (connection->login.class == HOP_CLASS_BREAK_GLASS)
        return "is a break-glass account's, which is always let in: use another";
    if (verdict->permit[0] != '\0' && verdict->action != HOP_ALLOW)
        return "was let in by a permit: use another";
    return NULL;
}

static int find_login(const struct hop_trial *trial, char ret_id[HOP_ULID_LENGTH + 1])
{
    struct hop_error err = {0};
    struct hop_connection *connection = calloc(1, sizeof *connection);
    int status = HOP_EXIT_UNKNOWN;
    bool doubt = false;
    if (connection == NULL ||
        hop_session_find(HOP_CONNECTIONS, connection, &doubt, &err) != HOP_OK || doubt) {
        hop_complain("%s: confirm in a fresh login, not in a terminal that was there before",
                     err.text);
        free(connection);
        return status;
    }
    const char *objection = objection_to(connection, trial);
    if (objection != NULL) {
        hop_complain("login %s %s", connection->login.id, objection);
        status = HOP_EXIT_FINDING;
    } else {
        memcpy(ret_id, connection->login.id, HOP_ULID_LENGTH + 1);
        status = HOP_EXIT_FINE;
    }
    free(connection);
    return status;
}

static int confirm(const struct wishes *wishes, const struct hop_conf *conf)
{
    const struct hop_settings *settings = hop_conf_settings(conf);
    struct hop_trial trial = settings->trial;
    struct hop_error err = {0};
    if (settings->trial_state != HOP_TRIAL_RUNNING) {
        bool confirmed = settings->trial_state == HOP_TRIAL_CONFIRMED;
        hop_complain(confirmed ? "confirmed already" : "there is nothing to confirm");
        show(wishes, conf);
        return confirmed ? HOP_EXIT_FINE : HOP_EXIT_FINDING;
    }
    int status = find_login(&trial, trial.confirmed);
    if (status != HOP_EXIT_FINE)
        return status;
    if (write_drop_in(wishes, &trial, &err) != HOP_OK)
        return hop_complain_of(&err);
    tell(wishes, "enforce-confirmed", "mode enforce, by login ", trial.confirmed);
    return show_anew(wishes, HOP_TRIAL_CONFIRMED);
}

/* -- going back ---------------------------------------------------------------------------- */

/* Works with a configuration that does not parse, too: this is the way out. */
static int back(const struct wishes *wishes)
{
    struct hop_error err = {0};
    enum hop_rc rc = remove_drop_in(wishes, &err);
    if (rc == HOP_NOT_FOUND) {
        hop_complain("hopwarden enforce has set nothing");
        return HOP_EXIT_FINDING;
    }
    if (rc != HOP_OK)
        return hop_complain_of(&err);
    tell(wishes, "enforce-ended", "", "back to the mode of the configuration");
    return show_anew(wishes, HOP_TRIAL_NONE);
}

static int run(const struct wishes *wishes)
{
    struct hop_conf *conf;
    if (wishes->what == BACK)
        return back(wishes);
    int status = hop_conf_open(&wishes->common, &conf);
    if (status != HOP_EXIT_FINE)
        return status;
    if (wishes->what == SHOW)
        status = show(wishes, conf);
    else
        status = wishes->what == SWITCH ? switch_on(wishes, conf) : confirm(wishes, conf);
    hop_conf_free(&conf);
    return status;
}

int hop_verb_enforce(int argc, char **argv)
{
    static const struct argp_child children[] = {{&hop_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        OPTIONS,
        parse,
        "",
        "Set mode enforce on trial: it falls back by itself unless a fresh login confirms it. "
        "Without an option it shows what holds.",
        children,
        NULL,
        NULL};
    struct wishes wishes = {.pam_path = HOP_PAM_PATH, .most_permille = HOP_REFUSALS_MAX_PERMILLE};
    hop_command_parse(&argp, argc, argv, &wishes.common);
    if (wishes.since == 0)
        wishes.since = hop_clock_epoch_ms() / 1000 - (int64_t)HOP_READINESS_DAYS * HOP_DAY_SECONDS;
    return run(&wishes);
}
