/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "act.h"
#include "admit.h"
#include "authlog.h"
#include "clock.h"
#include "date.h"
#include "encode.h"
#include "lines.h"
#include "past.h"
#include "table.h"
#include "verbs.h"

enum format { AUTO, NDJSON, AUTHLOG };

struct wishes {
    struct hop_common common;
    const char *path, *tenant, *host;
    enum format format;
    int year;
};

/* A finished login of the input, as an entry's line. */
struct item {
    int64_t time;
    size_t number; /* order in the input */
    char *line;
};

struct import {
    const struct wishes *wishes;
    struct hop_desk *desk;
    struct hop_authlog *authlog; /* NULL for NDJSON */
    int64_t now;
    struct item *items;
    size_t count, room;
    size_t lines, learned, other, out_of_scope, refused;
    char last_account[HOP_NAME_MAX + 1]; /* whose scope is known */
    char last_service[HOP_NAME_MAX + 1];
    bool last_in_scope;
};

enum { OPTION_YEAR = 0x4000 };

static const struct argp_option OPTIONS[] = {
    {"format", 'f', "ndjson|authlog|auto", 0, "What the input is, instead of looking (auto)", 0},
    {"tenant", 't', "NAME", 0, "Tenant of sshd's lines, instead of this host's", 0},
    {"host", 'H', "NAME", 0, "Host of sshd's lines, instead of what they say", 0},
    {"year", OPTION_YEAR, "YEAR", 0, "Year of the first line that does not tell it", 0},
    {0}};

static error_t parse_format(struct wishes *wishes, const char *word, struct argp_state *state)
{
    if (strcmp(word, "ndjson") == 0)
        wishes->format = NDJSON;
    else if (strcmp(word, "authlog") == 0)
        wishes->format = AUTHLOG;
    else if (strcmp(word, "auto") != 0)
        argp_error(state, "--format: not ndjson, authlog or auto");
    return 0;
}

static error_t parse_year(struct wishes *wishes, const char *word, struct argp_state *state)
{
    int64_t year;
    if (!hop_span_int64(hop_span_of(word), 1970, 9999, &year))
        argp_error(state, "--year: not a year");
    else
        wishes->year = (int)year;
    return 0;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct wishes *wishes = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &wishes->common;
        return 0;
    case 'f':
        return parse_format(wishes, argument, state);
    case 't':
        if (!hop_tenant_valid(hop_span_of(argument)))
            argp_error(state, "--tenant: not a tenant name");
        wishes->tenant = argument;
        return 0;
    case 'H':
        wishes->host = argument;
        return 0;
    case OPTION_YEAR:
        return parse_year(wishes, argument, state);
    case ARGP_KEY_ARG:
        if (wishes->path != NULL)
            argp_error(state, "one FILE at a time");
        wishes->path = argument;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which file? (- is standard input)");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* -- reading ------------------------------------------------------------------------------- */

static enum hop_rc keep(struct import *import, struct hop_span line, int64_t time,
                        struct hop_error *err)
{
    if (import->count == import->room) {
        size_t room = import->room == 0 ? 1024 : import->room * 2;
        struct item *items = reallocarray(import->items, room, sizeof *items);
        if (items == NULL)
            return hop_error_set(err, HOP_NOMEM, "import: out of memory");
        import->items = items;
        import->room = room;
    }
    char *copy = strndup(line.at, line.len);
    if (copy == NULL)
        return hop_error_set(err, HOP_NOMEM, "import: out of memory");
    import->items[import->count] = (struct item){time, import->count, copy};
    import->count++;
    return HOP_OK;
}

/* Only a login that finished teaches anything. */
static bool has_finished(const struct hop_entry *entry)
{
    if (entry->kind != HOP_ENTRY_LOGIN || (entry->has_session && !entry->session_opened))
        return false;
    return entry->success;
}

static enum hop_rc take_entry(struct import *import, struct hop_span line, struct hop_error *err)
{
    struct hop_entry entry;
    enum hop_rc rc = hop_entry_parse(line, &entry, err);
    if (rc != HOP_OK)
        return rc;
    if (!has_finished(&entry))
        return HOP_NOT_FOUND;
    if (entry.login.time > import->now + HOP_DAY_SECONDS)
        return hop_error_set(err, HOP_MALFORMED, "@timestamp: still to come");
    return keep(import, line, entry.login.time, err);
}

static enum hop_rc take_line(struct import *import, struct hop_span line, struct hop_error *err)
{
    if (hop_span_trim(line).len == 0)
        return HOP_NOT_FOUND;
    if (import->authlog == NULL)
        return take_entry(import, line, err);
    char json[HOP_ENTRY_LINE_MAX];
    struct hop_text text = hop_text_over(json, sizeof json);
    enum hop_rc rc = hop_authlog_parse(import->authlog, line, &text, err);
    if (rc != HOP_OK)
        return rc;
    return take_entry(import, (struct hop_span){json, text.len}, err);
}

/* A bad line costs itself and nothing else. */
static enum hop_rc read_all(struct import *import, struct hop_lines *lines, struct hop_error *err)
{
    struct hop_span line;
    while (hop_lines_next(lines, &line)) {
        enum hop_rc rc = take_line(import, line, err);
        import->lines++;
        if (rc == HOP_NOMEM)
            return rc;
        if (rc == HOP_NOT_FOUND)
            import->other++;
        if (rc != HOP_OK && rc != HOP_NOT_FOUND) {
            hop_complain("%s:%zu: %s", import->wishes->path, lines->number, err->text);
            import->refused++;
        }
    }
    return HOP_OK;
}

static bool looks_like_json(struct hop_lines lines)
{
    struct hop_span line;
    while (hop_lines_next(&lines, &line)) {
        line = hop_span_trim(line);
        if (line.len > 0)
            return line.at[0] == '{';
    }
    return false;
}

/* -- learning ------------------------------------------------------------------------------ */

static int by_time(const void *a_, const void *b_)
{
    const struct item *a = a_, *b = b_;
    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

static bool is_in_scope(struct import *import, const struct hop_login *login)
{
    if (strcmp(login->account, import->last_account) != 0 ||
        strcmp(login->service, import->last_service) != 0) {
        memcpy(import->last_account, login->account, sizeof import->last_account);
        memcpy(import->last_service, login->service, sizeof import->last_service);
        import->last_in_scope = hop_conf_in_scope(
            import->desk->conf, login->account, hop_account_group(login->account), login->service);
    }
    return import->last_in_scope;
}

static enum hop_rc learn(struct import *import, struct hop_past *past, const struct item *item,
                         struct hop_error *err)
{
    struct hop_entry entry;
    struct hop_login login;
    enum hop_rc rc = hop_entry_parse(hop_span_of(item->line), &entry, err);
    if (rc == HOP_OK)
        rc = hop_entry_admit(import->desk, &entry, &login, err);
    if (rc != HOP_OK)
        return rc;
    /* Bound and break-glass accounts have no history; a shared one without its key has nobody's. */
    if (!is_in_scope(import, &login) || login.identity[0] == '\0' ||
        login.class == HOP_CLASS_AUTOMATION || login.class == HOP_CLASS_BREAK_GLASS) {
        import->out_of_scope++;
        return HOP_OK;
    }
    import->learned++;
    return hop_past_learn(past, &login, err);
}

static void tell_progress(const struct import *import, size_t done)
{
    if (isatty(STDERR_FILENO) && (done % 100 == 0 || done == import->count))
        fprintf(stderr, "\r%zu of %zu logins%s", done, import->count,
                done == import->count ? "\n" : "");
}

static enum hop_rc learn_all(struct import *import, struct hop_past *past, struct hop_error *err)
{
    enum hop_rc rc = HOP_OK;
    if (import->count > 0)
        qsort(import->items, import->count, sizeof *import->items, by_time);
    for (size_t i = 0; i < import->count && rc == HOP_OK; i++) {
        rc = learn(import, past, &import->items[i], err);
        tell_progress(import, i + 1);
    }
    return rc == HOP_OK ? hop_past_write(past, err) : rc;
}

/* -- telling ------------------------------------------------------------------------------- */

static void tell(const struct import *import, size_t identities)
{
    const struct wishes *wishes = import->wishes;
    char note[HOP_ERROR_TEXT_MAX];
    struct hop_text text = hop_text_over(note, sizeof note);
    hop_text_format(&text,
                    "%zu logins of %zu identities learned, %zu not in scope, %zu lines refused, "
                    "from %s",
                    import->learned, identities, import->out_of_scope, import->refused,
                    wishes->path);
    hop_act_tell(&wishes->common, "imported", NULL, note);
    if (wishes->common.json)
        hop_json_print(
            json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "lines", (json_int_t)import->lines,
                      "learned", (json_int_t)import->learned, "identities", (json_int_t)identities,
                      "not_in_scope", (json_int_t)import->out_of_scope, "other_lines",
                      (json_int_t)import->other, "refused_lines", (json_int_t)import->refused));
    else
        printf("%zu lines: %zu logins of %zu identities learned, %zu not in scope, %zu lines of "
               "other things, %zu refused\n",
               import->lines, import->learned, identities, import->out_of_scope, import->other,
               import->refused);
}

static enum hop_rc import_lines(struct import *import, struct hop_lines *lines, size_t *identities,
                                struct hop_error *err)
{
    enum hop_rc rc = read_all(import, lines, err);
    struct hop_past *past = hop_past_new(import->desk);
    if (rc == HOP_OK && past == NULL)
        rc = hop_error_set(err, HOP_NOMEM, "import: out of memory");
    if (rc == HOP_OK)
        rc = learn_all(import, past, err);
    if (past != NULL)
        *identities = hop_past_identities(past);
    hop_past_free(&past);
    for (size_t i = 0; i < import->count; i++)
        free(import->items[i].line);
    free(import->items);
    return rc;
}

static int run(const struct wishes *wishes, struct hop_desk *desk, struct hop_authlog *authlog)
{
    struct hop_lines lines;
    struct hop_error err = {0};
    if (hop_lines_read(wishes->path, &lines, &err) != HOP_OK) {
        hop_complain_of(&err);
        return HOP_EXIT_USAGE;
    }
    struct import import = {.wishes = wishes, .desk = desk, .now = hop_clock_epoch_ms() / 1000};
    enum format format = wishes->format;
    if (format == AUTO)
        format = looks_like_json(lines) ? NDJSON : AUTHLOG;
    if (format == AUTHLOG) {
        import.authlog = authlog;
        authlog->now = import.now;
        authlog->tenant =
            wishes->tenant != NULL ? wishes->tenant : hop_conf_settings(desk->conf)->tenant;
        authlog->host = wishes->host;
        authlog->year = wishes->year;
    }
    size_t identities = 0;
    enum hop_rc rc = import_lines(&import, &lines, &identities, &err);
    hop_lines_done(&lines);
    if (rc != HOP_OK)
        return hop_complain_of(&err);
    tell(&import, identities);
    return import.refused > 0 ? HOP_EXIT_FINDING : HOP_EXIT_FINE;
}

int hop_verb_import(int argc, char **argv)
{
    static const struct argp_child children[] = {{&hop_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        OPTIONS,
        parse,
        "FILE",
        "Learn the logins of accounts in scope from a login log (a JSON object a line) or from "
        "sshd's lines in auth.log. Importing twice is harmless.",
        children,
        NULL,
        NULL};
    struct wishes wishes = {.format = AUTO};
    hop_command_parse(&argp, argc, argv, &wishes.common);
    struct hop_desk desk;
    int status = hop_desk_open(&wishes.common, &desk);
    if (status != HOP_EXIT_FINE)
        return status;
    struct hop_authlog *authlog = calloc(1, sizeof *authlog);
    if (authlog != NULL)
        status = run(&wishes, &desk, authlog);
    else
        status = HOP_EXIT_UNKNOWN;
    free(authlog);
    hop_desk_close(&desk);
    return status;
}
