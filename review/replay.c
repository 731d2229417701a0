/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "comparison.h"
#include "progress.h"
#include "table.h"
#include "ulid.h"
#include "verbs.h"

#define NAMED_MAX 100 /* entries named that cannot be replayed */

struct wishes {
    struct hop_common common;
    const char *events, *verdicts, *compare;
    enum hop_rejudge_witness witness;
    int64_t from, to; /* epoch s; the window that is told, `to` excluded */
};

struct replay {
    struct hop_rejudge rejudge;
    struct hop_comparison *comparison; /* NULL: none */
    const struct wishes *wishes;
    FILE *verdicts; /* NULL: not asked for */
    size_t lines, bytes, scored, failures, later, refused;
    size_t before, after; /* logins outside the window: learned silently, left out */
    size_t actions[HOP_ACTION_COUNT];
    size_t unlike; /* entries whose logged verdict is another */
    json_t *unlike_ids;
};

enum { OPTION_FROM = 0x3000, OPTION_TO };

static const struct argp_option OPTIONS[] = {
    {"events", 'e', "FILE", 0, "The login log, in order of time; - is standard input", 0},
    {"verdicts", 'v', "FILE", 0, "Where one verdict per scored login goes; - is standard output",
     0},
    {"compare", 'o', "FILE", 0, "Another configuration: tell which verdicts it changes, and why",
     0},
    {"from", OPTION_FROM, "TIME", 0,
     "Tell only of logins from then on (a date, a time, or 3d, 12h, 30m); what was before is "
     "learned silently",
     0},
    {"to", OPTION_TO, "TIME", 0, "Leave out what was at that time or later", 0},
    {"witness", 'w', "home|tenant", 0, "Who sees: every host as home, or each as its tenant", 0},
    {0}};

static error_t parse_witness(struct wishes *wishes, const char *word, struct argp_state *state)
{
    if (strcmp(word, "home") == 0)
        wishes->witness = HOP_REJUDGE_HOME;
    else if (strcmp(word, "tenant") == 0)
        wishes->witness = HOP_REJUDGE_TENANT;
    else
        argp_error(state, "--witness: neither home nor tenant");
    return 0;
}

static error_t parse_time(const char *name, const char *word, int64_t *ret_time,
                          struct argp_state *state)
{
    if (!hop_when_parse(word, ret_time))
        argp_error(state, "--%s: not a time", name);
    return 0;
}

static error_t check(const struct wishes *wishes, struct argp_state *state)
{
    if (wishes->events == NULL)
        argp_error(state, "--events is needed");
    if (wishes->verdicts == NULL && wishes->compare == NULL)
        argp_error(state, "--verdicts or --compare is needed");
    if (wishes->from >= wishes->to)
        argp_error(state, "--from is not before --to");
    return 0;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct wishes *wishes = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &wishes->common;
        return 0;
    case 'e':
        wishes->events = argument;
        return 0;
    case 'v':
        wishes->verdicts = argument;
        return 0;
    case 'o':
        wishes->compare = argument;
        return 0;
    case 'w':
        return parse_witness(wishes, argument, state);
    case OPTION_FROM:
        return parse_time("from", argument, &wishes->from, state);
    case OPTION_TO:
        return parse_time("to", argument, &wishes->to, state);
    case ARGP_KEY_END:
        return check(wishes, state);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* -- one login ----------------------------------------------------------------------------- */

/* An id of the log's own time and place, so that a replay has nothing of chance in it. */
static void make_id(const struct replay *replay, struct hop_entry *entry)
{
    uint8_t number[10] = {0};
    if (entry->login.id[0] != '\0')
        return;
    for (size_t i = 0; i < sizeof replay->lines; i++)
        number[sizeof number - 1 - i] = (uint8_t)(replay->lines >> (8 * i));
    hop_ulid_format(entry->login.time * 1000, number, entry->login.id);
}

static void put_verdict(const struct replay *replay, const char *id,
                        const struct hop_verdict *verdict)
{
    char line[HOP_ENTRY_LINE_MAX];
    struct hop_text text = hop_text_over(line, sizeof line - 1);
    hop_replay_line_put(&text, id, verdict);
    line[text.len] = '\n';
    fwrite(line, 1, text.len + 1, replay->verdicts);
}

/* hopwarden's own entry says what the verdict was. */
static void check_logged(struct replay *replay, const struct hop_entry *entry,
                         const struct hop_verdict *verdict)
{
    if (!entry->has_verdict || (!entry->degraded && entry->action == verdict->action &&
                                entry->risk_decibits == verdict->score.risk_decibits))
        return;
    if (replay->unlike++ < NAMED_MAX)
        json_array_append_new(replay->unlike_ids, hop_json_text(entry->id));
}

static void tell_login(struct replay *replay, const struct hop_entry *entry)
{
    const struct hop_verdict *verdict = &replay->rejudge.judgement.verdict;
    const char *id = entry->id[0] != '\0' ? entry->id : entry->login.id;
    if (entry->login.time < replay->wishes->from) {
        replay->before++;
        return;
    }
    replay->scored++;
    replay->actions[verdict->action]++;
    if (replay->verdicts != NULL)
        put_verdict(replay, id, verdict);
    check_logged(replay, entry, verdict);
    if (replay->comparison != NULL)
        hop_comparison_note(replay->comparison, &replay->rejudge, entry, id);
}

static bool follow(struct replay *replay, enum hop_comparison_step step,
                   const struct hop_entry *entry, struct hop_error *err)
{
    return replay->comparison == NULL ||
           hop_comparison_follow(replay->comparison, step, entry, err);
}

static bool replay_login(struct replay *replay, const struct hop_entry *entry,
                         struct hop_error *err)
{
    bool fine = hop_rejudge_login(&replay->rejudge, entry, err) &&
                follow(replay, HOP_STEP_LOGIN, entry, err);
    if (fine)
        tell_login(replay, entry);
    return fine;
}

static bool replay_failure(struct replay *replay, const struct hop_entry *entry,
                           struct hop_error *err)
{
    replay->failures += entry->login.time >= replay->wishes->from;
    return hop_rejudge_failure(&replay->rejudge, entry, err) &&
           follow(replay, HOP_STEP_FAILURE, entry, err);
}

static bool replay_confirmation(struct replay *replay, const struct hop_entry *entry,
                                struct hop_error *err)
{
    return hop_rejudge_confirmation(&replay->rejudge, entry, err) &&
           follow(replay, HOP_STEP_CONFIRMATION, entry, err);
}

/* -- the whole log ------------------------------------------------------------------------- */

static bool replay_entry(struct replay *replay, struct hop_entry *entry, struct hop_error *err)
{
    if (entry->kind == HOP_ENTRY_OUTCOME) {
        replay->later++;
        return true;
    }
    if (entry->login.time >= replay->wishes->to) {
        replay->after += entry->kind == HOP_ENTRY_LOGIN;
        return true;
    }
    make_id(replay, entry);
    if (entry->kind == HOP_ENTRY_CONFIRMATION)
        return replay_confirmation(replay, entry, err);
    if (entry->success || entry->has_verdict)
        return replay_login(replay, entry, err);
    return replay_failure(replay, entry, err);
}

/* False when the replay itself cannot go on. */
static bool replay_line(struct replay *replay, struct hop_span line)
{
    struct hop_entry entry;
    struct hop_error err = {0};
    replay->lines++;
    if (hop_span_trim(line).len == 0)
        return true;
    if (hop_entry_parse(line, &entry, &err) != HOP_OK) {
        hop_complain("%s:%zu: %s", replay->wishes->events, replay->lines, err.text);
        replay->refused++;
        return true;
    }
    bool fine = replay_entry(replay, &entry, &err);
    if (!fine)
        hop_complain("%s:%zu: %s", replay->wishes->events, replay->lines, err.text);
    return fine;
}

/* 0 for what is no plain file */
static size_t size_of(FILE *events)
{
    struct stat facts;
    bool plain = fstat(fileno(events), &facts) == 0 && S_ISREG(facts.st_mode);
    return plain && facts.st_size > 0 ? (size_t)facts.st_size : 0;
}

static bool replay_file(struct replay *replay, FILE *events)
{
    size_t total = size_of(events);
    struct hop_progress progress = hop_progress_begin(total > 0 ? "bytes" : "lines", total);
    char *line = NULL;
    size_t size = 0;
    ssize_t len;
    bool fine = true;
    while (fine && (len = getline(&line, &size, events)) >= 0) {
        struct hop_span span = {line, (size_t)len};
        if (len > 0 && line[len - 1] == '\n')
            span.len--;
        fine = replay_line(replay, span);
        replay->bytes += (size_t)len;
        hop_progress_show(&progress, total > 0 ? replay->bytes : replay->lines);
    }
    hop_progress_end(&progress);
    free(line);
    if (ferror(events)) {
        hop_complain("%s: cannot be read", replay->wishes->events);
        return false;
    }
    return fine;
}

static void print_summary_json(const struct replay *replay)
{
    json_t *summary = json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:O}", "lines",
        (json_int_t)replay->lines, "scored", (json_int_t)replay->scored, "allow",
        (json_int_t)replay->actions[HOP_ALLOW], "step_up", (json_int_t)replay->actions[HOP_STEP_UP],
        "block", (json_int_t)replay->actions[HOP_BLOCK], "failures", (json_int_t)replay->failures,
        "learned_before", (json_int_t)replay->before, "left_out_after", (json_int_t)replay->after,
        "refused_lines", (json_int_t)replay->refused, "unlike", (json_int_t)replay->unlike,
        "unlike_ids", replay->unlike_ids);
    if (replay->comparison != NULL)
        json_object_set_new(summary, "compare", hop_comparison_json(replay->comparison));
    hop_json_print(summary);
}

static void put_count(struct hop_table *table, const char *what, size_t count)
{
    char number[32];
    snprintf(number, sizeof number, "%zu", count);
    const char *cells[] = {what, number};
    hop_table_row(table, cells);
}

static void print_summary(const struct replay *replay)
{
    struct hop_table *table = hop_table_new("LOGINS|>COUNT");
    put_count(table, "lines", replay->lines);
    if (replay->before > 0)
        put_count(table, "before --from: judged and learned, not told", replay->before);
    if (replay->after > 0)
        put_count(table, "after --to: left out", replay->after);
    put_count(table, "scored", replay->scored);
    put_count(table, "  allow", replay->actions[HOP_ALLOW]);
    put_count(table, "  step_up", replay->actions[HOP_STEP_UP]);
    put_count(table, "  block", replay->actions[HOP_BLOCK]);
    put_count(table, "failed credentials, not scored", replay->failures);
    put_count(table, "refused lines", replay->refused);
    put_count(table, "verdicts unlike those in the log", replay->unlike);
    hop_table_print(&table);
    size_t index;
    json_t *id;
    json_array_foreach(replay->unlike_ids, index, id) printf("unlike %s\n", json_string_value(id));
    if (replay->comparison != NULL)
        hop_comparison_print(replay->comparison);
}

static FILE *open_or_complain(const char *path, const char *mode, FILE *standard)
{
    if (strcmp(path, "-") == 0)
        return standard;
    FILE *stream = fopen(path, mode);
    if (stream == NULL)
        hop_complain("%s: %s", path, strerror(errno));
    return stream;
}

static bool close_verdicts(const struct replay *replay)
{
    if (replay->verdicts == NULL)
        return true;
    bool written = !ferror(replay->verdicts);
    if (replay->verdicts != stdout)
        written = fclose(replay->verdicts) == 0 && written;
    if (!written)
        hop_complain("%s: cannot be written", replay->wishes->verdicts);
    return written;
}

static bool is_finding(const struct replay *replay)
{
    return replay->refused > 0 || replay->unlike > 0 ||
           (replay->comparison != NULL && replay->comparison->changed > 0);
}

static int run(struct replay *replay)
{
    const struct wishes *wishes = replay->wishes;
    FILE *events = open_or_complain(wishes->events, "re", stdin);
    if (events == NULL)
        return HOP_EXIT_USAGE;
    if (wishes->verdicts != NULL)
        replay->verdicts = open_or_complain(wishes->verdicts, "we", stdout);
    bool opened = wishes->verdicts == NULL || replay->verdicts != NULL;
    bool fine = opened && replay_file(replay, events);
    if (events != stdin)
        fclose(events);
    if (!opened)
        return HOP_EXIT_USAGE;
    if (!close_verdicts(replay) || !fine)
        return HOP_EXIT_UNKNOWN;
    return is_finding(replay) ? HOP_EXIT_FINDING : HOP_EXIT_FINE;
}

/* The configuration, and the other one beside it. */
static int open_rejudges(const struct wishes *wishes, struct replay *replay)
{
    struct hop_conf *conf;
    int status = hop_conf_open(&wishes->common, &conf);
    if (status != HOP_EXIT_FINE)
        return status;
    struct hop_comparison *comparison = NULL;
    if (wishes->compare != NULL) {
        comparison = malloc(sizeof *comparison);
        status = comparison == NULL
                     ? HOP_EXIT_UNKNOWN
                     : hop_comparison_open(wishes->compare, conf, wishes->witness, comparison);
    }
    if (status == HOP_EXIT_FINE)
        status = hop_rejudge_open(conf, wishes->witness, &replay->rejudge);
    hop_conf_free(&conf);
    if (status == HOP_EXIT_FINE)
        replay->comparison = comparison;
    else
        free(comparison);
    return status;
}

static void close_rejudges(struct replay *replay)
{
    if (replay->comparison != NULL)
        hop_comparison_close(replay->comparison);
    free(replay->comparison);
    hop_rejudge_close(&replay->rejudge);
}

int hop_verb_replay(int argc, char **argv)
{
    static const struct argp_child children[] = {{&hop_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        OPTIONS,
        parse,
        "",
        "Judge every login of a log over an empty, private history, as if the mode were enforce "
        "and every account in scope; then a summary.",
        children,
        NULL,
        NULL};
    struct wishes wishes = {.from = INT64_MIN, .to = INT64_MAX};
    hop_command_parse(&argp, argc, argv, &wishes.common);
    struct replay replay = {.wishes = &wishes};
    int status = open_rejudges(&wishes, &replay);
    if (status != HOP_EXIT_FINE)
        return status;
    replay.unlike_ids = json_array();
    status = run(&replay);
    bool told = wishes.verdicts != NULL && strcmp(wishes.verdicts, "-") == 0;
    if (!told && (status == HOP_EXIT_FINE || status == HOP_EXIT_FINDING)) {
        if (wishes.common.json)
            print_summary_json(&replay);
        else
            print_summary(&replay);
    }
    json_decref(replay.unlike_ids);
    close_rejudges(&replay);
    return status;
}
