/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "logged.h"
#include "table.h"
#include "verbs.h"

struct wishes {
    struct hop_common common;
    int64_t since;
    const char *account;
    const char *witness;
};

static const struct argp_option OPTIONS[] = {
    {"since", 's', "TIME", 0, "Only logins from then on: a date, a time, or 3d, 12h, 30m", 0},
    {"account", 'a', "NAME", 0, "Only logins of this account or identity", 0},
    {"witness", 'w', "NAME", 0, "Whose log to read: home or a tenant, instead of this host's", 0},
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
    case 'a':
        wishes->account = argument;
        return 0;
    case 'w':
        wishes->witness = argument;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static bool is_wanted(const struct wishes *wishes, const struct hop_entry *entry)
{
    if (entry->login.time < wishes->since)
        return false;
    const char *account = wishes->account;
    return account == NULL || strcmp(entry->login.account, account) == 0 ||
           strcmp(entry->login.identity, account) == 0;
}

static const char *outcome_word(const struct hop_logged *logged, const struct hop_entry *entry)
{
    if (logged->confirmed)
        return "confirmed";
    if (entry->session_opened)
        return entry->has_step_up ? "opened, stepped up" : "opened";
    return entry->outcome[0] != '\0' ? entry->outcome : "-";
}

static void print_row(struct hop_table *table, const struct hop_logged *logged,
                      const struct hop_entry *entry)
{
    const struct hop_login *login = &entry->login;
    struct hop_verdict verdict = {0};
    hop_entry_parse_verdict(hop_span_of(logged->login), &verdict, NULL);
    char when[HOP_CELL_MAX], where[HOP_CELL_MAX], from[HOP_ADDRESS_TEXT_MAX], risk[HOP_CELL_MAX];
    char codes[HOP_REASONS_MAX * HOP_CODE_MAX];
    hop_cell_time(when, login->time);
    snprintf(where, sizeof where, "%s/%s", login->tenant, login->host);
    struct hop_text text = hop_text_over(from, sizeof from);
    hop_address_put(&text, &login->origin.address);
    hop_cell_bits(risk, entry->risk_decibits);
    text = hop_text_over(codes, sizeof codes);
    for (size_t i = 0; i < verdict.reason_count; i++) {
        hop_text_put(&text, i == 0 ? "" : " ");
        hop_text_put(&text, verdict.reasons[i].code);
    }
    const char *cells[] = {when,
                           logged->id,
                           login->account,
                           where,
                           from,
                           hop_action_word(entry->action),
                           hop_action_word(entry->answer),
                           verdict.scored ? risk : "-",
                           outcome_word(logged, entry),
                           codes};
    hop_table_row(table, cells);
}

static void print_line(const struct hop_logged *logged)
{
    char line[HOP_ENTRY_LINE_MAX + 256];
    struct hop_text text = hop_text_over(line, sizeof line);
    if (logged->confirmation != NULL)
        puts(logged->confirmation);
    else if (hop_logged_put(&text, logged))
        puts(line);
}

static bool read_item(const struct hop_logged *logged, struct hop_entry *ret_entry)
{
    if (logged->confirmation != NULL)
        return hop_entry_parse(hop_span_of(logged->confirmation), ret_entry, NULL) == HOP_OK;
    return hop_logged_entry(logged, ret_entry, NULL) == HOP_OK;
}

static int print_list(const struct wishes *wishes, const struct hop_logged_list *list)
{
    struct hop_table *table = NULL;
    if (!wishes->common.json)
        table = hop_table_new("TIME|ID|ACCOUNT|HOST|SOURCE|VERDICT|ANSWER|>RISK|OUTCOME|REASONS");
    for (size_t i = 0; i < list->count; i++) {
        struct hop_entry entry;
        if (!read_item(&list->items[i], &entry) || !is_wanted(wishes, &entry))
            continue;
        if (wishes->common.json)
            print_line(&list->items[i]);
        else if (list->items[i].confirmation == NULL)
            print_row(table, &list->items[i], &entry);
    }
    if (list->malformed > 0)
        hop_complain("log: %zu lines are no entries and were left out", list->malformed);
    return wishes->common.json || hop_table_print(&table) ? HOP_EXIT_FINE : HOP_EXIT_UNKNOWN;
}

int hop_verb_log(int argc, char **argv)
{
    static const struct argp_child children[] = {{&hop_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {OPTIONS,
                                     parse,
                                     "",
                                     "The logins that were judged, in order of "
                                     "time, with what became of them.",
                                     children,
                                     NULL,
                                     NULL};
    struct wishes wishes = {.since = 0};
    hop_command_parse(&argp, argc, argv, &wishes.common);
    struct hop_desk desk;
    int status = hop_desk_open(&wishes.common, &desk);
    if (status != HOP_EXIT_FINE)
        return status;
    struct hop_logged_list list;
    struct hop_error err = {0};
    const char *witness = wishes.witness != NULL ? wishes.witness : desk.reach.witness;
    /* Ids are made when the connection is, a login's time is no earlier. */
    int64_t since_ms =
        wishes.since > HOP_CLOCK_SKEW_MAX ? (wishes.since - HOP_CLOCK_SKEW_MAX) * 1000 : 0;
    if (hop_logged_read(&desk, witness, since_ms, &list, &err) == HOP_OK)
        status = print_list(&wishes, &list);
    else
        status = hop_complain_of(&err);
    hop_logged_done(&list);
    hop_desk_close(&desk);
    return status;
}
