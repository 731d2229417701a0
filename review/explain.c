/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "logged.h"
#include "table.h"
#include "verbs.h"

struct wishes {
    struct hop_common common;
    const char *id;
    struct hop_login login; /* the hypothetical one */
    bool has_source;
};

/* What is shown, wherever it came from. */
struct story {
    const struct hop_login *login;
    const struct hop_verdict *verdict;
    enum hop_action answer;
    const char *permit; /* that made it so; "" for none */
    enum hop_mode mode;
    const char *outcome; /* NULL: hypothetical */
    const char *trouble; /* NULL: none */
};

enum { OPTION_KEY = 0x2000, OPTION_AT };

static const struct argp_option OPTIONS[] = {
    {"account", 'a', "NAME", 0, "Account of the supposed login", 0},
    {"source", 's', "IP", 0, "Its source address", 0},
    {"key", OPTION_KEY, "FINGERPRINT", 0, "Its key (SHA256:...)", 0},
    {"tenant", 't', "NAME", 0, "Tenant it goes to, instead of this host's", 0},
    {"host", 'H', "NAME", 0, "Host it goes to", 0},
    {"at", OPTION_AT, "TIME", 0, "When, instead of now", 0},
    {0}};

static void copy_or_error(struct argp_state *state, char *buffer, size_t size, const char *text)
{
    if (!hop_string_copy(buffer, size, text))
        argp_error(state, "%s: too long", text);
}

static error_t parse_login(int key, char *argument, struct argp_state *state)
{
    struct wishes *wishes = state->input;
    struct hop_login *login = &wishes->login;
    switch (key) {
    case 'a':
        copy_or_error(state, login->account, sizeof login->account, argument);
        return 0;
    case 's':
        wishes->has_source = hop_address_parse(hop_span_of(argument), &login->origin.address);
        if (!wishes->has_source)
            argp_error(state, "--source: not an address");
        return 0;
    case OPTION_KEY:
        copy_or_error(state, login->key, sizeof login->key, argument);
        return 0;
    case 't':
        if (!hop_tenant_valid(hop_span_of(argument)))
            argp_error(state, "--tenant: not a tenant name");
        hop_string_copy(login->tenant, sizeof login->tenant, argument);
        return 0;
    case 'H':
        copy_or_error(state, login->host, sizeof login->host, argument);
        return 0;
    case OPTION_AT:
        if (!hop_when_parse(argument, &login->time))
            argp_error(state, "--at: not a time");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct wishes *wishes = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &wishes->common;
        return 0;
    case ARGP_KEY_ARG:
        if (wishes->id != NULL)
            argp_error(state, "one ID at a time");
        wishes->id = argument;
        return 0;
    case ARGP_KEY_END:
        if (wishes->id == NULL && (wishes->login.account[0] == '\0' || !wishes->has_source))
            argp_error(state, "an ID, or --account and --source");
        if (wishes->id != NULL && (wishes->login.account[0] != '\0' || wishes->has_source))
            argp_error(state, "an ID, or --account and --source, not both");
        return 0;
    default:
        return parse_login(key, argument, state);
    }
}

/* -- the terms ----------------------------------------------------------------------------- */

/* What the story starts with: its log-odds without the terms. */
static double prior_of(const struct hop_score *score, int story)
{
    double sum = 0;
    for (int block = 0; block < HOP_BLOCK_COUNT; block++)
        if (score->evidence.present[block])
            sum += score->evidence.terms[story][block];
    return score->log_odds[story] - sum;
}

static void put_row(struct hop_table *table, const char *what,
                    char numbers[HOP_STORY_COUNT][HOP_CELL_MAX])
{
    const char *cells[1 + HOP_STORY_COUNT] = {what};
    for (int story = 0; story < HOP_STORY_COUNT; story++)
        cells[1 + story] = numbers[story];
    hop_table_row(table, cells);
}

static void block_row(struct hop_table *table, const struct hop_score *score, enum hop_block block)
{
    char what[HOP_CELL_MAX], numbers[HOP_STORY_COUNT][HOP_CELL_MAX];
    snprintf(what, sizeof what, "%c %s", hop_block_letter(block), hop_block_word(block));
    for (int story = 0; story < HOP_STORY_COUNT; story++)
        snprintf(numbers[story], HOP_CELL_MAX, "%+.2f", score->evidence.terms[story][block]);
    put_row(table, what, numbers);
}

static void print_terms(const struct hop_score *score)
{
    struct hop_table *table = hop_table_new("BITS|>outside|>near|>hop|>seat");
    char numbers[HOP_STORY_COUNT][HOP_CELL_MAX];
    for (int story = 0; story < HOP_STORY_COUNT; story++)
        snprintf(numbers[story], HOP_CELL_MAX, "%+.2f", prior_of(score, story));
    put_row(table, "how common", numbers);
    for (int block = 0; block < HOP_BLOCK_COUNT; block++)
        if (score->evidence.present[block])
            block_row(table, score, (enum hop_block)block);
    for (int story = 0; story < HOP_STORY_COUNT; story++)
        snprintf(numbers[story], HOP_CELL_MAX, "%+.2f%s", score->log_odds[story],
                 (int)score->story == story ? "*" : " ");
    put_row(table, "log-odds", numbers);
    hop_table_print(&table);
}

/* -- as text ------------------------------------------------------------------------------- */

static void print_login(const struct story *story)
{
    const struct hop_login *login = story->login;
    char when[HOP_CELL_MAX], account[HOP_CELL_MAX], identity[HOP_CELL_MAX], host[HOP_CELL_MAX],
        key[HOP_CELL_MAX], from[HOP_ADDRESS_TEXT_MAX];
    hop_cell_time(when, login->time);
    hop_cell_text(account, login->account);
    hop_cell_text(identity, login->identity);
    hop_cell_text(host, login->host);
    hop_cell_text(key, login->key[0] != '\0' ? login->key : "-");
    struct hop_text text = hop_text_over(from, sizeof from);
    hop_address_put(&text, &login->origin.address);
    printf("login     %s\n", story->outcome == NULL ? "supposed" : login->id);
    printf("time      %s\n", when);
    printf("account   %s (identity %s)\n", account, identity[0] != '\0' ? identity : "-");
    printf("to        %s/%s\n", login->tenant, host[0] != '\0' ? host : "-");
    printf("from      %s, %s%s%s", from[0] != '\0' ? from : "-", hop_zone_word(login->origin.zone),
           login->origin.tenant[0] != '\0' ? " " : "", login->origin.tenant);
    printf(", %s, AS%u, %s\n",
           login->origin.place.country[0] != '\0' ? login->origin.place.country : "country unknown",
           login->origin.place.asn, hop_place_kind_word(login->origin.place.kind));
    printf("key       %s\n\n", key);
}

static void print_reasons(const struct hop_verdict *verdict)
{
    for (size_t i = 0; i < verdict->reason_count; i++) {
        const struct hop_reason *reason = &verdict->reasons[i];
        char text[HOP_CELL_MAX], bits[HOP_CELL_MAX] = "";
        hop_cell_text(text, reason->text);
        if (reason->decibits != 0)
            hop_cell_bits(bits, reason->decibits);
        printf("  %-6s %s (%s)\n", bits, text, reason->code);
    }
}

static void print_floors(unsigned floors)
{
    if (floors == 0)
        return;
    printf("floors   ");
    for (int i = 0; i < HOP_FLOOR_COUNT; i++)
        if ((floors & HOP_FLOOR_BIT(i)) != 0)
            printf(" %s", hop_floor_word((enum hop_floor)i));
    printf(" (at least a step-up)\n");
}

static void print_losses(unsigned losses)
{
    if (losses == 0)
        return;
    printf("degraded ");
    for (int i = 0; i < HOP_LOSS_COUNT; i++)
        if ((losses & HOP_LOSS_BIT(i)) != 0)
            printf(" %s", hop_loss_word((enum hop_loss)i));
    putchar('\n');
}

static void print_story(const struct story *story)
{
    const struct hop_verdict *verdict = story->verdict;
    print_login(story);
    if (verdict->scored) {
        char bits[HOP_CELL_MAX];
        print_terms(&verdict->score);
        hop_cell_bits(bits, verdict->score.risk_decibits);
        printf("\nrisk      R %s bits (%.1f of 100), most like the story \"%s\"\n", bits,
               hop_score_percent(verdict->score.risk_bits), hop_story_word(verdict->score.story));
        print_floors(verdict->score.floors);
    } else {
        printf("risk      not scored\n");
    }
    print_losses(verdict->losses);
    printf("verdict   %s%s\n", hop_action_word(verdict->action),
           verdict->accused ? " (raised by what other hosts said)" : "");
    printf("answer    %s (mode %s%s%s)\n", hop_action_word(story->answer),
           hop_mode_word(story->mode), story->permit[0] != '\0' ? ", permit " : "", story->permit);
    if (story->outcome != NULL)
        printf("outcome   %s\n", story->outcome);
    if (story->trouble != NULL)
        printf("trouble   %s\n", story->trouble);
    printf("reasons\n");
    print_reasons(verdict);
}

/* -- as JSON ------------------------------------------------------------------------------- */

static double rounded(double bits)
{
    return round(bits * 1000) / 1000;
}

static json_t *terms_json(const struct hop_score *score)
{
    json_t *stories = json_object();
    for (int story = 0; story < HOP_STORY_COUNT; story++) {
        json_t *row = json_object();
        for (int block = 0; block < HOP_BLOCK_COUNT; block++) {
            char letter[2] = {hop_block_letter((enum hop_block)block), '\0'};
            if (score->evidence.present[block])
                json_object_set_new(row, letter,
                                    json_real(rounded(score->evidence.terms[story][block])));
        }
        json_object_set_new(row, "prior", json_real(rounded(prior_of(score, story))));
        json_object_set_new(row, "log_odds", json_real(rounded(score->log_odds[story])));
        json_object_set_new(stories, hop_story_word((enum hop_story)story), row);
    }
    return stories;
}

static void add_score_json(json_t *document, const struct hop_score *score)
{
    json_t *floors = json_array();
    for (int i = 0; i < HOP_FLOOR_COUNT; i++)
        if ((score->floors & HOP_FLOOR_BIT(i)) != 0)
            json_array_append_new(floors, json_string(hop_floor_word((enum hop_floor)i)));
    json_object_set_new(document, "hopwarden.risk_bits", json_real(score->risk_decibits / 10.0));
    json_object_set_new(document, "event.risk_score",
                        json_real(rounded(hop_score_percent(score->risk_bits))));
    json_object_set_new(document, "hopwarden.story", json_string(hop_story_word(score->story)));
    json_object_set_new(document, "hopwarden.floors", floors);
    json_object_set_new(document, "hopwarden.terms", terms_json(score));
}

static void add_reasons_json(json_t *document, const struct hop_verdict *verdict)
{
    json_t *reasons = json_array(), *losses = json_array();
    for (size_t i = 0; i < verdict->reason_count; i++) {
        const struct hop_reason *reason = &verdict->reasons[i];
        json_array_append_new(
            reasons, json_pack("{s:o, s:o, s:f}", "code", hop_json_text(reason->code), "text",
                               hop_json_text(reason->text), "bits", reason->decibits / 10.0));
    }
    for (int i = 0; i < HOP_LOSS_COUNT; i++)
        if ((verdict->losses & HOP_LOSS_BIT(i)) != 0)
            json_array_append_new(losses, json_string(hop_loss_word((enum hop_loss)i)));
    json_object_set_new(document, "hopwarden.reasons", reasons);
    json_object_set_new(document, "hopwarden.degraded", losses);
}

static void print_json(const struct story *story)
{
    const struct hop_login *login = story->login;
    char from[HOP_ADDRESS_TEXT_MAX];
    struct hop_text text = hop_text_over(from, sizeof from);
    hop_address_put(&text, &login->origin.address);
    json_t *document =
        json_pack("{s:o, s:o, s:o, s:s, s:s, s:o, s:o, s:s, s:s, s:s}", "@timestamp",
                  hop_json_time(login->time), "user.name", hop_json_text(login->account),
                  "hopwarden.identity", hop_json_text(login->identity), "hopwarden.tenant",
                  login->tenant, "source.ip", from, "host.name", hop_json_text(login->host),
                  "hopwarden.key", hop_json_text(login->key), "hopwarden.action",
                  hop_action_word(story->verdict->action), "hopwarden.answer",
                  hop_action_word(story->answer), "hopwarden.mode", hop_mode_word(story->mode));
    if (story->outcome != NULL) {
        json_object_set_new(document, "event.id", json_string(login->id));
        json_object_set_new(document, "hopwarden.outcome", hop_json_text(story->outcome));
    }
    if (story->permit[0] != '\0')
        json_object_set_new(document, "hopwarden.permit", hop_json_text(story->permit));
    if (story->trouble != NULL)
        json_object_set_new(document, "hopwarden.note", hop_json_text(story->trouble));
    if (story->verdict->scored)
        add_score_json(document, &story->verdict->score);
    add_reasons_json(document, story->verdict);
    hop_json_print(document);
}

static int tell(const struct story *story, bool json)
{
    if (json)
        print_json(story);
    else
        print_story(story);
    return (int)story->verdict->action; /* allow 0, step_up 1, block 2 */
}

/* -- where it comes from ------------------------------------------------------------------- */

static int explain_id(struct hop_desk *desk, const struct wishes *wishes)
{
    struct hop_logged_list list;
    const struct hop_logged *found;
    struct hop_entry entry;
    struct hop_verdict verdict;
    struct hop_error err = {0};
    enum hop_rc rc = hop_logged_search(desk, wishes->id, &list, &found, &err);
    if (rc == HOP_OK)
        rc = hop_logged_entry(found, &entry, &err);
    if (rc == HOP_OK)
        rc = hop_entry_parse_verdict(hop_span_of(found->login), &verdict, &err);
    int status = HOP_EXIT_UNKNOWN;
    if (rc == HOP_OK) {
        if (entry.login.identity[0] == '\0')
            hop_string_copy(entry.login.identity, sizeof entry.login.identity, entry.login.account);
        const char *outcome = entry.session_opened ? "session opened" : "no session so far";
        struct story story = {
            .login = &entry.login,
            .verdict = &verdict,
            .answer = entry.answer,
            .permit = verdict.permit,
            .mode = entry.mode,
            .outcome = entry.outcome[0] != '\0' && !entry.session_opened ? entry.outcome : outcome};
        status = tell(&story, wishes->common.json);
    } else {
        hop_complain_of(&err);
    }
    hop_logged_done(&list);
    return status;
}

static int explain_supposed(struct hop_desk *desk, struct wishes *wishes)
{
    struct hop_login *login = &wishes->login;
    struct hop_error err = {0};
    login->phase = HOP_PHASE_EXPLAIN;
    login->first_factor_proven = true;
    hop_string_copy(login->service, sizeof login->service, "sshd");
    if (hop_engine_admit(desk->engine, login, false, &err) != HOP_OK)
        return hop_complain_of(&err);
    struct hop_judgement judgement;
    hop_judgement_init(&judgement);
    hop_engine_judge_by(desk->engine, login, &judgement, hop_command_deadline());
    struct hop_moment moment = {.mode = hop_conf_settings(desk->conf)->policy.mode,
                                .phase = HOP_PHASE_EXPLAIN,
                                .lane = login->lane,
                                .first_factor_proven = true};
    struct hop_answer answer;
    hop_answer_of(&judgement.verdict, &moment, &answer);
    struct story story = {.login = login,
                          .verdict = &judgement.verdict,
                          .answer = answer.action,
                          .permit = answer.permitted ? judgement.verdict.permit : "",
                          .mode = moment.mode,
                          .trouble =
                              judgement.trouble.rc != HOP_OK ? judgement.trouble.text : NULL};
    int status = tell(&story, wishes->common.json);
    if ((judgement.verdict.losses & HOP_LOSS_BIT(HOP_LOSS_HISTORY)) != 0)
        status = HOP_EXIT_UNKNOWN;
    hop_judgement_done(&judgement);
    return status;
}

int hop_verb_explain(int argc, char **argv)
{
    static const struct argp_child children[] = {{&hop_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        OPTIONS,
        parse,
        "ID\n--account NAME --source IP",
        "Why a login was answered so; or how such a login would be answered, by the code of the "
        "login path, with nothing written.",
        children,
        NULL,
        NULL};
    struct wishes wishes = {.id = NULL};
    hop_command_parse(&argp, argc, argv, &wishes.common);
    struct hop_desk desk;
    int status = hop_desk_open(&wishes.common, &desk);
    if (status != HOP_EXIT_FINE)
        return status;
    status = wishes.id != NULL ? explain_id(&desk, &wishes) : explain_supposed(&desk, &wishes);
    hop_desk_close(&desk);
    return status;
}
