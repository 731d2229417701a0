/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "date.h"
#include "doctor_accounts.h"
#include "findings.h"
#include "verbs.h"

#define DATABASE_AGE_DAYS 45 /* they appear every week or month */

struct wishes {
    struct hop_common common;
    const char *pam_file, *sshd_config, *sshd;
};

enum { OPTION_PAM = 0x6000, OPTION_SSHD_CONFIG, OPTION_SSHD };

static const struct argp_option OPTIONS[] = {
    {"pam-file", OPTION_PAM, "FILE", 0, "sshd's stack, instead of /etc/pam.d/sshd", 0},
    {"sshd-config", OPTION_SSHD_CONFIG, "FILE", 0, "Instead of /etc/ssh/sshd_config", 0},
    {"sshd", OPTION_SSHD, "PROGRAM", 0, "Whose version counts, instead of /usr/sbin/sshd", 0},
    {0}};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct wishes *wishes = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &wishes->common;
        return 0;
    case OPTION_PAM:
        wishes->pam_file = argument;
        return 0;
    case OPTION_SSHD_CONFIG:
        wishes->sshd_config = argument;
        return 0;
    case OPTION_SSHD:
        wishes->sshd = argument;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* -- configuration ------------------------------------------------------------------------- */

/* The value of an option in the dump, "" when it is not there. */
static struct hop_span dumped(const char *dump, const char *option)
{
    struct hop_span rest = hop_span_of(dump), line, name;
    while (hop_span_cut(&rest, '\n', &line))
        if (hop_span_cut(&line, '=', &name) && line.at != NULL &&
            hop_span_is(hop_span_trim(name), option))
            return hop_span_trim(line);
    return (struct hop_span){"", 0};
}

static void check_scope(struct hop_findings *findings, const struct hop_conf *conf)
{
    char *dump;
    if (hop_conf_dump(conf, &dump, NULL) != HOP_OK)
        return;
    if (dumped(dump, "accounts").len == 0)
        hop_finding(findings, HOP_STATE_WARNING, "scope", "set accounts = in [hopwarden]",
                    "no account is in scope: nobody is judged");
    free(dump);
}

static void check_settings(struct hop_findings *findings, const struct hop_conf *conf)
{
    const struct hop_settings *settings = hop_conf_settings(conf);
    bool customer = strcmp(settings->tenant, HOP_HOME) != 0;
    hop_finding(findings, HOP_STATE_FINE, "configuration", NULL, "tenant %s, witness %s, mode %s",
                settings->tenant, settings->witness, hop_mode_word(settings->policy.mode));
    if (settings->trial_state == HOP_TRIAL_LAPSED)
        hop_finding(findings, HOP_STATE_CRITICAL, "enforce",
                    "hopwarden enforce --confirm-within again, or --back to leave it",
                    "mode enforce was not confirmed in time: mode is %s again",
                    hop_mode_word(settings->policy.mode));
    if (settings->trial_state == HOP_TRIAL_RUNNING)
        hop_finding(findings, HOP_STATE_WARNING, "enforce",
                    "log in anew, and there: hopwarden enforce --confirm",
                    "mode enforce is on trial: unless confirmed it falls back to %s",
                    hop_mode_word(settings->file_mode));
    if (customer && strcmp(settings->witness, HOP_HOME) == 0)
        hop_finding(findings, HOP_STATE_WARNING, "witness",
                    "leave witness unset where one customer must not vouch for another",
                    "witness = home on a customer's host: whoever owns one such host can make "
                    "anything look familiar everywhere");
    check_scope(findings, conf);
}

/* -- databases ----------------------------------------------------------------------------- */

static void check_age(struct hop_findings *findings, const char *path, int64_t built)
{
    int64_t days = (hop_clock_epoch_ms() / 1000 - built) / HOP_DAY_SECONDS;
    if (days > DATABASE_AGE_DAYS)
        hop_finding(findings, HOP_STATE_WARNING, "database",
                    "update it; replace the file by rename, never in place", "%s is %lld days old",
                    path, (long long)days);
    else
        hop_finding(findings, HOP_STATE_FINE, "database", NULL, "%s, %lld days old", path,
                    (long long)days);
}

static void check_databases(struct hop_findings *findings, const struct hop_conf *conf)
{
    const struct hop_settings *settings = hop_conf_settings(conf);
    const char *const paths[] = {settings->geo_city, settings->geo_asn};
    struct hop_facts *facts = NULL;
    struct hop_error err = {0};
    if (hop_facts_open(conf, &facts, &err) != HOP_OK || hop_facts_lost(facts))
        hop_finding(findings, HOP_STATE_CRITICAL, "database",
                    "put the file there, owned by root, not writable by others", "%s", err.text);
    for (int which = 0; which < 2 && facts != NULL; which++) {
        int64_t built = hop_facts_built(facts, which);
        if (paths[which][0] != '\0' && built != 0)
            check_age(findings, paths[which], built);
    }
    if (paths[0][0] == '\0' && paths[1][0] == '\0')
        hop_finding(findings, HOP_STATE_WARNING, "database", "set geo_city and geo_asn",
                    "none is configured: country, place and network operator stay unknown");
    hop_facts_free(&facts);
}

/* The first address of home's own networks, "" when there is none. */
static void home_address(const struct hop_conf *conf, char ret_address[HOP_CELL_MAX])
{
    char *dump;
    struct hop_text text = hop_text_over(ret_address, HOP_CELL_MAX);
    struct hop_span networks, address;
    if (hop_conf_dump(conf, &dump, NULL) != HOP_OK)
        return;
    networks = dumped(dump, "networks");
    hop_span_cut(&networks, '/', &address);
    hop_text_put_span(&text, address);
    free(dump);
}

/* Gives the configuration up. */
static void check_configured(struct hop_findings *findings, struct hop_conf *conf,
                             const struct wishes *wishes)
{
    struct hop_accounts accounts;
    const struct hop_settings *settings = hop_conf_settings(conf);
    char home[HOP_CELL_MAX];
    check_settings(findings, conf);
    check_databases(findings, conf);
    hop_doctor_pam(findings, wishes->pam_file, settings->policy.mode,
                   strcmp(settings->tenant, HOP_HOME) != 0);
    home_address(conf, home);
    if (hop_accounts_collect(conf, &accounts) == HOP_OK) {
        hop_doctor_accounts(findings, conf, &accounts);
        hop_doctor_sshd(findings, &accounts, home, wishes->sshd_config, wishes->sshd);
    }
    hop_accounts_done(&accounts);
    hop_doctor_history(findings, conf);
}

static void check_all(struct hop_findings *findings, const struct wishes *wishes)
{
    struct hop_conf *conf;
    struct hop_error err = {0};
    hop_doctor_host(findings, wishes->common.syslog_path);
    if (hop_conf_load(wishes->common.conf_path, &conf, &err) == HOP_OK) {
        check_configured(findings, conf, wishes);
        return;
    }
    hop_finding(findings, HOP_STATE_CRITICAL, "configuration",
                "correct the line it names; until then the last good copy is used", "%s", err.text);
    hop_doctor_pam(findings, wishes->pam_file, HOP_MODE_ENFORCE, false);
}

int hop_verb_doctor(int argc, char **argv)
{
    static const struct argp_child children[] = {{&hop_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        OPTIONS,
        parse,
        "",
        "Look for what is wrong with this installation: 0 nothing, 1 warnings, 2 something "
        "critical.",
        children,
        NULL,
        NULL};
    struct wishes wishes = {.pam_file = "/etc/pam.d/sshd",
                            .sshd_config = "/etc/ssh/sshd_config",
                            .sshd = "/usr/sbin/sshd"};
    hop_command_parse(&argp, argc, argv, &wishes.common);
    struct hop_findings findings = {.list = json_array(), .print = !wishes.common.json};
    check_all(&findings, &wishes);
    if (wishes.common.json)
        hop_json_print(findings.list);
    else
        json_decref(findings.list);
    return (int)findings.worst;
}
