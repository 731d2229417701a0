/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admit.h"
#include "table.h"
#include "verbs.h"

/* Stands for "the tenant of whatever host the login went to": no tenant of the log has this name,
 * so a private address that the configuration gives to nobody can be told apart. */
#define ANY_TENANT "hopwarden-replay"
#define NAMED_MAX 100 /* entries named that cannot be replayed */

enum witness { AS_CONFIGURED, ALL_HOME, EACH_TENANT };

struct wishes {
    struct hop_common common;
    const char *events, *verdicts;
    enum witness witness;
    bool progress;
};

struct replay {
    struct hop_desk desk;
    const struct wishes *wishes;
    FILE *verdicts;
    size_t lines, scored, failures, later, refused;
    size_t actions[HOP_ACTION_COUNT];
    size_t unlike; /* entries whose logged verdict is another */
    json_t *unlike_ids;
};

enum { OPTION_PROGRESS = 0x3000 };

static const struct argp_option OPTIONS[] = {
    {"events", 'e', "FILE", 0, "The login log, in order of time; - is standard input", 0},
    {"verdicts", 'v', "FILE", 0, "Where one verdict per scored login goes; - is standard output",
     0},
    {"witness", 'w', "home|tenant", 0, "Who sees: every host as home, or each as its tenant", 0},
    {"progress", OPTION_PROGRESS, NULL, 0, "Tell on standard error how far it has come", 0},
    {0}};

static error_t parse_witness(struct wishes *wishes, const char *word, struct argp_state *state)
{
    if (strcmp(word, "home") == 0)
        wishes->witness = ALL_HOME;
    else if (strcmp(word, "tenant") == 0)
        wishes->witness = EACH_TENANT;
    else
        argp_error(state, "--witness: neither home nor tenant");
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
    case 'w':
        return parse_witness(wishes, argument, state);
    case OPTION_PROGRESS:
        wishes->progress = true;
        return 0;
    case ARGP_KEY_END:
        if (wishes->events == NULL || wishes->verdicts == NULL)
            argp_error(state, "--events and --verdicts are needed");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* -- the configuration --------------------------------------------------------------------- */

static bool is_option(struct hop_span line, const char *name)
{
    struct hop_span part;
    return hop_span_cut(&line, '=', &part) && line.at != NULL &&
           hop_span_is(hop_span_trim(part), name);
}

/* The dump again, with this host's own tenant, tag and witness replaced. */
static char *rewrite(const char *dump, const char *witness)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    struct hop_span rest = hop_span_of(dump), line;
    while (stream != NULL && hop_span_cut(&rest, '\n', &line)) {
        if (is_option(line, "tenant"))
            fputs("tenant = " ANY_TENANT, stream);
        else if (is_option(line, "witness"))
            fprintf(stream, "witness = %s", witness);
        else if (!is_option(line, "tenant_tag"))
            fwrite(line.at, 1, line.len, stream);
        fputc('\n', stream);
    }
    if (stream == NULL || fclose(stream) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

static enum hop_rc adapt(const struct hop_conf *conf, enum witness wish, struct hop_conf **ret_conf,
                         struct hop_error *err)
{
    bool home = strcmp(hop_conf_settings(conf)->witness, HOP_HOME) == 0;
    if (wish != AS_CONFIGURED)
        home = wish == ALL_HOME;
    char *dump, *text;
    enum hop_rc rc = hop_conf_dump(conf, &dump, err);
    if (rc != HOP_OK)
        return rc;
    text = rewrite(dump, home ? HOP_HOME : ANY_TENANT);
    free(dump);
    if (text == NULL)
        return hop_error_set(err, HOP_NOMEM, "configuration: out of memory");
    rc = hop_conf_parse("configuration of the replay", hop_span_of(text), ret_conf, err);
    free(text);
    return rc;
}

static int open_desk(const struct wishes *wishes, struct hop_desk *ret_desk)
{
    struct hop_conf *conf, *adapted;
    struct hop_error err = {0};
    int status = hop_conf_open(&wishes->common, &conf);
    if (status != HOP_EXIT_FINE)
        return status;
    enum hop_rc rc = adapt(conf, wishes->witness, &adapted, &err);
    hop_conf_free(&conf);
    if (rc != HOP_OK) {
        hop_complain_of(&err);
        return HOP_EXIT_CONFIG;
    }
    return hop_desk_open_with(adapted, HOP_HISTORY_REPLAY, ret_desk);
}

/* -- one login ----------------------------------------------------------------------------- */

/* An unlisted private address belongs to the tenant of the host that was logged in to. */
static void settle_zone(struct hop_login *login)
{
    struct hop_origin *origin = &login->origin;
    if (strcmp(origin->tenant, ANY_TENANT) != 0)
        return;
    bool home = strcmp(login->tenant, HOP_HOME) == 0;
    origin->zone = home ? HOP_ZONE_HOME : HOP_ZONE_TENANT;
    hop_string_copy(origin->tenant, sizeof origin->tenant, home ? "" : login->tenant);
}

static void put_verdict(struct replay *replay, const char *id, const struct hop_verdict *verdict)
{
    char line[HOP_ENTRY_LINE_MAX];
    struct hop_text text = hop_text_over(line, sizeof line);
    hop_replay_line_put(&text, id, verdict);
    fprintf(replay->verdicts, "%s\n", line);
    replay->scored++;
    replay->actions[verdict->action]++;
}

/* hopwarden's own entry says what the verdict was. */
static void compare(struct replay *replay, const struct hop_entry *entry,
                    const struct hop_verdict *verdict)
{
    if (!entry->has_verdict || (!entry->degraded && entry->action == verdict->action &&
                                entry->risk_decibits == verdict->score.risk_decibits))
        return;
    if (replay->unlike++ < NAMED_MAX)
        json_array_append_new(replay->unlike_ids, hop_json_text(entry->id));
}

/* What was wrong with a login that no session followed: the log's own word, or a step-up that this
 * person would not pass. NULL: nothing. */
static const char *failure_of(const struct hop_entry *entry, const struct hop_answer *answer)
{
    enum hop_failure_kind kind;
    if (hop_failure_of_outcome(entry->outcome, &kind))
        return entry->outcome;
    bool fails = !entry->has_session && answer->action == HOP_STEP_UP && !entry->step_up_passes;
    return fails ? "step-up-failed" : NULL;
}

/* What the session phase did, or would have done. */
static bool learn(struct replay *replay, const struct hop_entry *entry,
                  const struct hop_login *login, struct hop_judgement *judgement,
                  struct hop_answer *answer, struct hop_error *err)
{
    struct hop_moment moment = {.service = hop_service_of(entry->login.service),
                                .mode = entry->has_mode ? entry->mode : HOP_MODE_ENFORCE,
                                .phase = HOP_PHASE_REPLAY,
                                .lane = login->lane,
                                .first_factor_proven = true};
    hop_answer_of(&judgement->verdict, &moment, answer);
    bool recorded = hop_engine_judged_by(replay->desk.engine, login, judgement, answer, moment.mode,
                                         hop_command_deadline(), err) == HOP_RECORDED_STORE;
    const char *failure = failure_of(entry, answer);
    if (recorded && failure != NULL)
        recorded = hop_engine_refused_by(replay->desk.engine, login, failure,
                                         hop_command_deadline(), err) == HOP_RECORDED_STORE;
    bool asked = answer->action == HOP_STEP_UP || (entry->has_session && entry->has_step_up);
    moment.stepped_up = asked && entry->step_up_passes;
    struct hop_lesson lesson = hop_lesson_of(&judgement->verdict, &moment);
    bool changes = lesson.learn || moment.stepped_up;
    if (!recorded || !changes || (entry->has_session && !entry->session_opened))
        return recorded;
    return hop_engine_learned_by(replay->desk.engine, login, judgement, lesson, moment.stepped_up,
                                 hop_command_deadline(), err) == HOP_RECORDED_STORE;
}

static bool replay_login(struct replay *replay, const struct hop_entry *entry,
                         struct hop_error *err)
{
    struct hop_login login;
    if (hop_entry_admit(&replay->desk, entry, &login, err) != HOP_OK)
        return false;
    settle_zone(&login);
    login.first_factor_proven = true;
    struct hop_judgement judgement;
    struct hop_answer answer;
    hop_judgement_init(&judgement);
    hop_engine_judge_by(replay->desk.engine, &login, &judgement, hop_command_deadline());
    put_verdict(replay, entry->id[0] != '\0' ? entry->id : login.id, &judgement.verdict);
    compare(replay, entry, &judgement.verdict);
    bool fine = learn(replay, entry, &login, &judgement, &answer, err);
    hop_judgement_done(&judgement);
    return fine;
}

static bool replay_failure(struct replay *replay, const struct hop_entry *entry,
                           struct hop_error *err)
{
    struct hop_login login;
    if (hop_entry_admit(&replay->desk, entry, &login, err) != HOP_OK)
        return false;
    settle_zone(&login);
    replay->failures++;
    return hop_engine_failed_by(replay->desk.engine, &login, hop_command_deadline(), err) ==
           HOP_RECORDED_STORE;
}

static bool replay_confirmation(struct replay *replay, const struct hop_entry *entry,
                                struct hop_error *err)
{
    struct hop_login login;
    struct hop_lesson lesson = {.learn = true, .confirmed = true};
    struct hop_judgement judgement;
    if (hop_entry_admit(&replay->desk, entry, &login, err) != HOP_OK)
        return false;
    settle_zone(&login);
    hop_judgement_init(&judgement);
    bool fine = hop_engine_learned_by(replay->desk.engine, &login, &judgement, lesson, false,
                                      hop_command_deadline(), err) == HOP_RECORDED_STORE;
    hop_judgement_done(&judgement);
    return fine;
}

/* -- the whole log ------------------------------------------------------------------------- */

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
    bool fine = true;
    if (entry.kind == HOP_ENTRY_CONFIRMATION)
        fine = replay_confirmation(replay, &entry, &err);
    else if (entry.kind == HOP_ENTRY_OUTCOME)
        replay->later++;
    else if (entry.success || entry.has_verdict)
        fine = replay_login(replay, &entry, &err);
    else
        fine = replay_failure(replay, &entry, &err);
    if (!fine)
        hop_complain("%s:%zu: %s", replay->wishes->events, replay->lines, err.text);
    return fine;
}

static void tell_progress(const struct replay *replay, bool end)
{
    if (replay->wishes->progress && (end || replay->lines % 1000 == 0))
        fprintf(stderr, "\r%zu lines, %zu scored%s", replay->lines, replay->scored,
                end ? "\n" : "");
}

static bool replay_file(struct replay *replay, FILE *events)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t len;
    bool fine = true;
    while (fine && (len = getline(&line, &size, events)) >= 0) {
        struct hop_span span = {line, (size_t)len};
        if (len > 0 && line[len - 1] == '\n')
            span.len--;
        fine = replay_line(replay, span);
        tell_progress(replay, false);
    }
    tell_progress(replay, true);
    free(line);
    if (ferror(events)) {
        hop_complain("%s: cannot be read", replay->wishes->events);
        return false;
    }
    return fine;
}

static void print_summary_json(const struct replay *replay)
{
    hop_json_print(json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:O}", "lines", (json_int_t)replay->lines,
        "scored", (json_int_t)replay->scored, "allow", (json_int_t)replay->actions[HOP_ALLOW],
        "step_up", (json_int_t)replay->actions[HOP_STEP_UP], "block",
        (json_int_t)replay->actions[HOP_BLOCK], "failures", (json_int_t)replay->failures,
        "refused_lines", (json_int_t)replay->refused, "unlike", (json_int_t)replay->unlike,
        "unlike_ids", replay->unlike_ids));
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

static int run(struct replay *replay)
{
    FILE *events = open_or_complain(replay->wishes->events, "re", stdin);
    if (events == NULL)
        return HOP_EXIT_USAGE;
    replay->verdicts = open_or_complain(replay->wishes->verdicts, "we", stdout);
    if (replay->verdicts == NULL)
        return HOP_EXIT_USAGE;
    bool fine = replay_file(replay, events);
    if (events != stdin)
        fclose(events);
    bool written = !ferror(replay->verdicts);
    if (replay->verdicts != stdout)
        written = fclose(replay->verdicts) == 0 && written;
    if (!written)
        hop_complain("%s: cannot be written", replay->wishes->verdicts);
    if (!fine || !written)
        return HOP_EXIT_UNKNOWN;
    return replay->refused > 0 || replay->unlike > 0 ? HOP_EXIT_FINDING : HOP_EXIT_FINE;
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
    struct wishes wishes = {.events = NULL};
    hop_command_parse(&argp, argc, argv, &wishes.common);
    struct replay replay = {.wishes = &wishes};
    int status = open_desk(&wishes, &replay.desk);
    if (status != HOP_EXIT_FINE)
        return status;
    replay.unlike_ids = json_array();
    status = run(&replay);
    if (status == HOP_EXIT_FINE || status == HOP_EXIT_FINDING) {
        if (wishes.common.json && strcmp(wishes.verdicts, "-") != 0)
            print_summary_json(&replay);
        else if (strcmp(wishes.verdicts, "-") != 0)
            print_summary(&replay);
    }
    json_decref(replay.unlike_ids);
    hop_desk_close(&replay.desk);
    return status;
}
