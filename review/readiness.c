/* SPDX-License-Identifier: Apache-2.0 */
#include "readiness.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "date.h"
#include "rejudge.h"
#include "table.h"
#include "verbs.h"

#define REASONS_SHOWN 3

struct wishes {
    struct hop_common common;
    const char *witness, *events, *pam_path;
    int64_t since; /* 0: not said */
    unsigned most_permille;
};

enum { OPTION_PAM = 0x4000, OPTION_MOST };

static const struct argp_option OPTIONS[] = {
    {"since", 's', "TIME", 0, "Only logins from then on, instead of the last 30 days", 0},
    {"witness", 'w', "NAME", 0, "Whose log to read, instead of this host's (at home: everybody's)",
     0},
    {"events", 'e', "FILE", 0, "A login log instead of the history's; - is standard input", 0},
    {"max-refusals", OPTION_MOST, "PERCENT", 0, "From which share on it is critical (1)", 0},
    {"pam-file", OPTION_PAM, "FILE", 0, "Where second factors stand, instead of " HOP_PAM_PATH, 0},
    {0}};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct wishes *wishes = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &wishes->common;
        return 0;
    case 's':
        if (!hop_when_parse(argument, &wishes->since))
            argp_error(state, "--since: not a time");
        return 0;
    case 'w':
        wishes->witness = argument;
        return 0;
    case 'e':
        wishes->events = argument;
        return 0;
    case OPTION_PAM:
        wishes->pam_path = argument;
        return 0;
    case OPTION_MOST:
        if (!hop_permille_parse(argument, &wishes->most_permille))
            argp_error(state, "--max-refusals: not a share from 0 to 100");
        return 0;
    case ARGP_KEY_END:
        if (wishes->events != NULL && wishes->witness != NULL)
            argp_error(state, "--events or --witness, not both");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* -- what to do ---------------------------------------------------------------------------- */

static const char *advice_of(const char *code)
{
    static const struct {
        const char *codes, *advice;
    } ADVICE[] = {
        {"newcomer", "give them a past: hopwarden import; or vouch: hopwarden confirm ID"},
        {"country-new asn-new net-new address-new travel",
         "a place that is right: hopwarden confirm ID; offices and VPN: networks in [home]"},
        {"hosting-new",
         "a VPN or proxy of your own: networks in [home]; else hopwarden confirm ID"},
        {"key-new", "a key that is right: hopwarden confirm ID"},
        {"key-of-another",
         "one person with two accounts: [person]; a key that several use: give each their own"},
        {"hop hop-new hop-missing",
         "jump hosts belong to [home] networks and bastions; a way that is right: confirm ID"},
        {"tenant-first tenant-new tenant-rare host-new",
         "import that customer's logs, name who works together in [team]; or confirm ID"},
        {"unconfirmed", "seen, never vouched for: hopwarden confirm ID, or a step-up passed"},
        {"dormant", "long away: hopwarden confirm ID, or let them pass a second factor"},
        {"frozen", "frozen by home: hopwarden unfreeze, if it is over"},
        {"outside-binding", "keys, sources and tenants of [account]; or it is no automation"},
        {"key-lost", "the key was not known: hopwarden-keys (INSTALL, the key helper)"},
        {"history-lost history-fallback geo-lost source-lost clock-off not-recorded runtime-lost "
         "config-lost config",
         "something was missing: hopwarden doctor"},
        {"flooded", "a shared list is full: hopwarden prune names it"},
        {"permit permit-over permit-void", "settle what the permit was for before it ends"},
    };
    for (size_t i = 0; i < sizeof ADVICE / sizeof *ADVICE; i++) {
        struct hop_span rest = hop_span_of(ADVICE[i].codes), word;
        while (hop_span_word(&rest, &word))
            if (hop_span_is(word, code))
                return ADVICE[i].advice;
    }
    return "look at it: hopwarden explain ID";
}

static const char *factor_advice(const struct hop_tally_account *account)
{
    if (account->factor.state == HOP_FACTOR_CAN)
        return NULL;
    return account->factor.state == HOP_FACTOR_CANNOT
               ? "enrol a second factor"
               : "find out whether a second factor can be passed: a day under mode = step_up";
}

static bool would_be_stopped(const struct hop_tally_account *account)
{
    return account->fates[HOP_FATE_ASKED] + account->fates[HOP_FATE_REFUSED] +
               account->fates[HOP_FATE_BLOCKED] >
           0;
}

/* -- for a person -------------------------------------------------------------------------- */

static void put_number(char cell[HOP_CELL_MAX], size_t number)
{
    snprintf(cell, HOP_CELL_MAX, "%zu", number);
}

static void account_row(struct hop_table *table, const struct hop_tally_account *account)
{
    char logins[HOP_CELL_MAX], asked[HOP_CELL_MAX], refused[HOP_CELL_MAX], blocked[HOP_CELL_MAX];
    char first[HOP_CELL_MAX] = "-", last[HOP_CELL_MAX] = "-", factor[HOP_CELL_MAX * 2],
         reasons[HOP_CELL_MAX];
    put_number(logins, account->logins);
    put_number(asked, account->fates[HOP_FATE_ASKED]);
    put_number(refused, account->fates[HOP_FATE_REFUSED]);
    put_number(blocked, account->fates[HOP_FATE_BLOCKED]);
    if (account->first != 0) {
        hop_cell_day(first, hop_date_day(account->first));
        hop_cell_day(last, hop_date_day(account->last));
    }
    snprintf(factor, sizeof factor, "%s (%s)", hop_factor_word(account->factor.state),
             account->factor.why);
    struct hop_text text = hop_text_over(reasons, sizeof reasons);
    for (size_t i = 0; i < account->code_count && i < REASONS_SHOWN; i++)
        hop_text_format(&text, "%s%s %zu", i == 0 ? "" : ", ", account->codes[i].code,
                        account->codes[i].count);
    const char *cells[] = {
        account->tenant, account->account, logins, asked, refused, blocked, first, last, reasons,
        factor};
    hop_table_row(table, cells);
}

static void print_advice(const struct hop_tally *tally)
{
    struct hop_table *table = hop_table_new("SETTLE FIRST|>LOGINS|WHY|HOW|FOR EXAMPLE");
    for (size_t i = 0; i < tally->account_count; i++) {
        const struct hop_tally_account *account = &tally->accounts[i];
        char who[HOP_CELL_MAX], count[HOP_CELL_MAX];
        if (!would_be_stopped(account))
            continue;
        snprintf(who, sizeof who, "%s:%s", account->tenant, account->account);
        for (size_t j = 0; j < account->code_count && j < REASONS_SHOWN; j++) {
            const struct hop_tally_code *code = &account->codes[j];
            put_number(count, code->count);
            const char *cells[] = {who, count, code->code, advice_of(code->code), code->id};
            hop_table_row(table, cells);
        }
        if (account->fates[HOP_FATE_ASKED] > 0 && factor_advice(account) != NULL) {
            put_number(count, account->fates[HOP_FATE_ASKED]);
            const char *cells[] = {who, count, "second factor", factor_advice(account), ""};
            hop_table_row(table, cells);
        }
        if (account->fates[HOP_FATE_REFUSED] > 0) {
            put_number(count, account->fates[HOP_FATE_REFUSED]);
            const char *cells[] = {who, count, "cannot be asked",
                                   "people: keyboard-interactive (INSTALL, 2); programs: class = "
                                   "automation, bound",
                                   ""};
            hop_table_row(table, cells);
        }
    }
    putchar('\n');
    hop_table_print(&table);
}

static void print_summary(const struct hop_tally *tally, const struct wishes *wishes)
{
    char since[HOP_CELL_MAX], rate[HOP_CELL_MAX], most[HOP_CELL_MAX];
    hop_cell_time(since, wishes->since);
    hop_cell_permille(rate, hop_tally_refusals_permille(tally));
    hop_cell_permille(most, wishes->most_permille);
    printf("%zu logins since %s; enforcement would have blocked %zu, refused %zu that cannot be "
           "asked,\nand asked %zu for a second factor, %zu of them people who cannot pass one or "
           "of whom nobody can tell.\nWould-be refusals: %s (at most %s is asked for). Stopped, "
           "and confirmed since: %zu.\n",
           tally->logins, since, tally->fates[HOP_FATE_BLOCKED], tally->fates[HOP_FATE_REFUSED],
           tally->fates[HOP_FATE_ASKED], tally->unsure, rate, most, tally->settled);
}

static bool print_tables(const struct hop_tally *tally, const struct wishes *wishes)
{
    bool any = false;
    struct hop_table *table =
        hop_table_new("TENANT|ACCOUNT|>LOGINS|>ASKED|>REFUSED|>BLOCKED|FIRST|LAST|MAIN "
                      "REASONS|SECOND FACTOR");
    for (size_t i = 0; i < tally->account_count; i++) {
        account_row(table, &tally->accounts[i]);
        any = any || would_be_stopped(&tally->accounts[i]);
    }
    bool printed = hop_table_print(&table);
    if (any)
        print_advice(tally);
    putchar('\n');
    print_summary(tally, wishes);
    return printed;
}

/* -- as JSON ------------------------------------------------------------------------------- */

static json_t *reasons_json(const struct hop_tally_account *account)
{
    json_t *reasons = json_array();
    for (size_t i = 0; i < account->code_count; i++) {
        const struct hop_tally_code *code = &account->codes[i];
        json_array_append_new(reasons,
                              json_pack("{s:o, s:I, s:s, s:s}", "code", hop_json_text(code->code),
                                        "logins", (json_int_t)code->count, "advice",
                                        advice_of(code->code), "example", code->id));
    }
    return reasons;
}

static json_t *account_json(const struct hop_tally_account *account)
{
    const struct hop_factor *factor = &account->factor;
    json_t *object = json_pack(
        "{s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:o, s:{s:s, s:o}}", "tenant",
        hop_json_text(account->tenant), "account", hop_json_text(account->account), "logins",
        (json_int_t)account->logins, "asked", (json_int_t)account->fates[HOP_FATE_ASKED], "refused",
        (json_int_t)account->fates[HOP_FATE_REFUSED], "blocked",
        (json_int_t)account->fates[HOP_FATE_BLOCKED], "settled", (json_int_t)account->settled,
        "reasons", reasons_json(account), "second_factor", "can", hop_factor_word(factor->state),
        "why", hop_json_text(factor->why));
    if (account->first != 0) {
        json_object_set_new(object, "first", hop_json_time(account->first));
        json_object_set_new(object, "last", hop_json_time(account->last));
    }
    if (account->fates[HOP_FATE_ASKED] > 0 && factor_advice(account) != NULL)
        json_object_set_new(object, "advice", json_string(factor_advice(account)));
    return object;
}

static void print_json(const struct hop_tally *tally, const struct wishes *wishes)
{
    json_t *accounts = json_array();
    for (size_t i = 0; i < tally->account_count; i++)
        json_array_append_new(accounts, account_json(&tally->accounts[i]));
    hop_json_print(json_pack(
        "{s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f, s:o}", "since", hop_json_time(wishes->since),
        "logins", (json_int_t)tally->logins, "asked", (json_int_t)tally->fates[HOP_FATE_ASKED],
        "unsure", (json_int_t)tally->unsure, "refused", (json_int_t)tally->fates[HOP_FATE_REFUSED],
        "blocked", (json_int_t)tally->fates[HOP_FATE_BLOCKED], "settled",
        (json_int_t)tally->settled, "refusals_percent", hop_tally_refusals_permille(tally) / 10.0,
        "max_refusals_percent", wishes->most_permille / 10.0, "accounts", accounts));
}

/* -- from a file --------------------------------------------------------------------------- */

struct reading {
    const struct wishes *wishes;
    struct hop_tally *tally;
    size_t refused; /* lines */
    bool no_memory;
};

/* What a host has judged stands as it was judged. */
static void take_login(void *context, const struct hop_entry *entry, const struct hop_login *login,
                       const struct hop_verdict *verdict)
{
    struct reading *reading = context;
    struct hop_entry seen = *entry;
    seen.login = *login;
    if (entry->login.time >= reading->wishes->since &&
        !hop_tally_add(reading->tally, &seen, verdict, false))
        reading->no_memory = true;
}

/* A login without a verdict of its own gets the one that this configuration gives it. */
static bool take_entry(struct reading *reading, struct hop_rejudge *rejudge,
                       const struct hop_entry *entry, struct hop_error *err)
{
    if (entry->kind == HOP_ENTRY_CONFIRMATION)
        return hop_rejudge_confirmation(rejudge, entry, err);
    if (entry->kind == HOP_ENTRY_OUTCOME)
        return true;
    if (hop_rejudge_is_failure(entry))
        return hop_rejudge_failure(rejudge, entry, err);
    bool fine = hop_rejudge_login(rejudge, entry, err);
    if (fine)
        take_login(reading, entry, &rejudge->login, &rejudge->judgement.verdict);
    return fine;
}

static bool take_line(struct reading *reading, struct hop_rejudge *rejudge, struct hop_span line,
                      size_t number)
{
    struct hop_entry entry;
    struct hop_verdict verdict;
    struct hop_error err = {0};
    const struct wishes *wishes = reading->wishes;
    if (hop_span_trim(line).len == 0)
        return true;
    if (hop_entry_parse(line, &entry, &err) != HOP_OK) {
        hop_complain("%s:%zu: %s", wishes->events, number, err.text);
        reading->refused++;
        return true;
    }
    if (entry.kind == HOP_ENTRY_CONFIRMATION)
        hop_tally_confirm(reading->tally, entry.login.id);
    if (entry.has_verdict && hop_entry_parse_verdict(line, &verdict, NULL) == HOP_OK) {
        take_login(reading, &entry, &entry.login, &verdict);
        return !reading->no_memory;
    }
    bool fine = take_entry(reading, rejudge, &entry, &err);
    if (!fine)
        hop_complain("%s:%zu: %s", wishes->events, number, err.text);
    return fine && !reading->no_memory;
}

static int read_events(const struct wishes *wishes, struct hop_tally *tally)
{
    struct hop_rejudge rejudge;
    struct hop_conf *conf;
    struct reading reading = {.wishes = wishes, .tally = tally};
    int status = hop_conf_open(&wishes->common, &conf);
    if (status != HOP_EXIT_FINE)
        return status;
    status = hop_rejudge_open(conf, HOP_REJUDGE_CONFIGURED, &rejudge);
    hop_conf_free(&conf);
    if (status != HOP_EXIT_FINE)
        return status;
    bool standard = strcmp(wishes->events, "-") == 0;
    FILE *events = standard ? stdin : fopen(wishes->events, "re");
    if (events == NULL)
        hop_complain("%s: %s", wishes->events, strerror(errno));
    char *line = NULL;
    size_t size = 0, number = 0;
    ssize_t len;
    bool fine = events != NULL;
    while (fine && (len = getline(&line, &size, events)) >= 0) {
        struct hop_span span = {line, (size_t)len - (len > 0 && line[len - 1] == '\n')};
        fine = take_line(&reading, &rejudge, span, ++number);
    }
    free(line);
    fine = fine && !ferror(events);
    if (events != NULL && !standard)
        fclose(events);
    hop_rejudge_close(&rejudge);
    tally->malformed = reading.refused;
    return fine ? HOP_EXIT_FINE : HOP_EXIT_UNKNOWN;
}

static int read_history(const struct wishes *wishes, struct hop_tally *tally)
{
    struct hop_desk desk;
    struct hop_error err = {0};
    int status = hop_desk_open(&wishes->common, &desk);
    if (status != HOP_EXIT_FINE)
        return status;
    if (hop_tally_read(&desk, wishes->witness, wishes->since, tally, &err) != HOP_OK)
        status = hop_complain_of(&err);
    hop_desk_close(&desk);
    return status;
}

/* -- the verb ------------------------------------------------------------------------------ */

static int status_of(const struct hop_tally *tally, const struct wishes *wishes)
{
    unsigned permille = hop_tally_refusals_permille(tally);
    if (tally->logins == 0) {
        hop_complain("no login was judged since then: nothing is known");
        return HOP_EXIT_UNKNOWN;
    }
    if (permille > wishes->most_permille)
        return HOP_EXIT_BLOCK;
    return permille > 0 || tally->malformed > 0 ? HOP_EXIT_FINDING : HOP_EXIT_FINE;
}

static int run(const struct wishes *wishes)
{
    struct hop_tally tally = {.seen = NULL};
    struct hop_conf *conf;
    int status = hop_conf_open(&wishes->common, &conf);
    if (status != HOP_EXIT_FINE)
        return status;
    struct hop_tally_place place = {.tenant = hop_conf_settings(conf)->tenant,
                                    .pam_path = wishes->pam_path};
    status = wishes->events != NULL ? read_events(wishes, &tally) : read_history(wishes, &tally);
    if (status == HOP_EXIT_FINE && !hop_tally_close(&tally, &place)) {
        hop_complain("readiness: out of memory");
        status = HOP_EXIT_UNKNOWN;
    }
    if (status == HOP_EXIT_FINE) {
        if (tally.malformed > 0)
            hop_complain("%zu lines are no entries and were left out", tally.malformed);
        if (wishes->common.json)
            print_json(&tally, wishes);
        else
            print_tables(&tally, wishes);
        status = status_of(&tally, wishes);
    }
    hop_tally_done(&tally);
    hop_conf_free(&conf);
    return status;
}

int hop_verb_readiness(int argc, char **argv)
{
    static const struct argp_child children[] = {{&hop_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        OPTIONS,
        parse,
        "",
        "Which logins enforcement would have stopped, by account and tenant, why, what to settle "
        "first, and who can pass a second factor.",
        children,
        NULL,
        NULL};
    struct wishes wishes = {.pam_path = HOP_PAM_PATH, .most_permille = HOP_REFUSALS_MAX_PERMILLE};
    hop_command_parse(&argp, argc, argv, &wishes.common);
    if (wishes.since == 0 && wishes.events == NULL)
        wishes.since = hop_clock_epoch_ms() / 1000 - (int64_t)HOP_READINESS_DAYS * HOP_DAY_SECONDS;
    return run(&wishes);
}
