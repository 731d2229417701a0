/* SPDX-License-Identifier: Apache-2.0 */
#include "comparison.h"

#include <math.h>
#include <string.h>

#include "table.h"

/* A single difference is the whole of it: nothing to try alone. */
static size_t tried(const struct hop_comparison *comparison)
{
    size_t count = comparison->differences.count;
    return count < 2 ? 0 : count < HOP_ALONE_MAX ? count : HOP_ALONE_MAX;
}

/* A difference that needs another one to be valid is left closed. */
static int open_alone(struct hop_comparison *comparison, const struct hop_conf *conf,
                      enum hop_rejudge_witness witness)
{
    for (size_t i = 0; i < tried(comparison); i++) {
        struct hop_conf *changed;
        struct hop_error err = {0};
        if (hop_difference_alone(conf, &comparison->differences.items[i], &changed, &err) != HOP_OK)
            continue;
        struct hop_alone *alone = &comparison->alone[i];
        int status = hop_rejudge_open(changed, witness, &alone->rejudge);
        hop_conf_free(&changed);
        if (status != HOP_EXIT_FINE)
            return status;
        alone->open = true;
    }
    return HOP_EXIT_FINE;
}

static int open_other(struct hop_comparison *comparison, const char *path,
                      const struct hop_conf *conf, enum hop_rejudge_witness witness)
{
    struct hop_conf *other;
    struct hop_error err = {0};
    int status = hop_conf_open(&(struct hop_common){.conf_path = path}, &other);
    if (status != HOP_EXIT_FINE)
        return status;
    if (hop_differences_of(conf, other, &comparison->differences, &err) != HOP_OK)
        status = hop_complain_of(&err);
    if (status == HOP_EXIT_FINE)
        status = hop_rejudge_open(other, witness, &comparison->other);
    if (status != HOP_EXIT_FINE)
        hop_differences_done(&comparison->differences);
    hop_conf_free(&other);
    return status;
}

int hop_comparison_open(const char *path, const struct hop_conf *conf,
                        enum hop_rejudge_witness witness, struct hop_comparison *ret_comparison)
{
    struct hop_comparison *comparison = ret_comparison;
    memset(comparison, 0, sizeof *comparison);
    int status = open_other(comparison, path, conf, witness);
    if (status != HOP_EXIT_FINE)
        return status;
    comparison->verdicts = json_array();
    status = open_alone(comparison, conf, witness);
    if (status != HOP_EXIT_FINE)
        hop_comparison_close(comparison);
    return status;
}

void hop_comparison_close(struct hop_comparison *comparison)
{
    hop_rejudge_close(&comparison->other);
    for (size_t i = 0; i < HOP_ALONE_MAX; i++)
        if (comparison->alone[i].open)
            hop_rejudge_close(&comparison->alone[i].rejudge);
    hop_differences_done(&comparison->differences);
    json_decref(comparison->verdicts);
}

static bool step_once(struct hop_rejudge *rejudge, enum hop_comparison_step step,
                      const struct hop_entry *entry, struct hop_error *err)
{
    switch (step) {
    case HOP_STEP_LOGIN:
        return hop_rejudge_login(rejudge, entry, err);
    case HOP_STEP_FAILURE:
        return hop_rejudge_failure(rejudge, entry, err);
    case HOP_STEP_CONFIRMATION:
        return hop_rejudge_confirmation(rejudge, entry, err);
    }
    return false;
}

bool hop_comparison_follow(struct hop_comparison *comparison, enum hop_comparison_step step,
                           const struct hop_entry *entry, struct hop_error *err)
{
    bool fine = step_once(&comparison->other, step, entry, err);
    for (size_t i = 0; fine && i < HOP_ALONE_MAX; i++)
        if (comparison->alone[i].open)
            fine = step_once(&comparison->alone[i].rejudge, step, entry, err);
    return fine;
}

/* -- one login ----------------------------------------------------------------------------- */

static const struct hop_verdict *verdict_of(const struct hop_rejudge *rejudge)
{
    return &rejudge->judgement.verdict;
}

static bool tells(const struct hop_verdict *verdict, const char *code)
{
    for (size_t i = 0; i < verdict->reason_count; i++)
        if (strcmp(verdict->reasons[i].code, code) == 0)
            return true;
    return false;
}

/* The codes of `a` that `b` has not. */
static json_t *codes_beyond(const struct hop_verdict *a, const struct hop_verdict *b)
{
    json_t *codes = json_array();
    for (size_t i = 0; i < a->reason_count; i++)
        if (!tells(b, a->reasons[i].code))
            json_array_append_new(codes, json_string(a->reasons[i].code));
    return codes;
}

static bool same_codes(const struct hop_verdict *a, const struct hop_verdict *b)
{
    bool same = a->reason_count == b->reason_count;
    for (size_t i = 0; same && i < a->reason_count; i++)
        same = tells(b, a->reasons[i].code);
    return same;
}

static json_t *json_of(const struct hop_verdict *verdict)
{
    json_t *object = json_pack("{s:s}", "action", hop_action_word(verdict->action));
    if (verdict->scored)
        json_object_set_new(object, "risk_bits", json_real(verdict->score.risk_decibits / 10.0));
    return object;
}

/* Why an action changed: other reasons, the same ones with other weights, or nothing but a bound
 * that the same risk now passes or stays under. */
static const char *cause_of(const struct hop_verdict *was, const struct hop_verdict *is)
{
    if (!same_codes(was, is))
        return "reasons";
    return was->score.risk_decibits != is->score.risk_decibits ? "weights" : "bounds";
}

/* The differences that lead to the other run's action alone. */
static json_t *settings_of(const struct hop_comparison *comparison, enum hop_action action)
{
    const struct hop_differences *differences = &comparison->differences;
    json_t *settings = json_array();
    if (differences->count == 1)
        json_array_append_new(settings, hop_json_text(differences->items[0].name));
    for (size_t i = 0; i < tried(comparison); i++)
        if (comparison->alone[i].open &&
            verdict_of(&comparison->alone[i].rejudge)->action == action)
            json_array_append_new(settings, hop_json_text(differences->items[i].name));
    return settings;
}

void hop_comparison_note(struct hop_comparison *comparison, const struct hop_rejudge *first,
                         const struct hop_entry *entry, const char *id)
{
    const struct hop_verdict *was = verdict_of(first), *is = verdict_of(&comparison->other);
    for (size_t i = 0; i < HOP_ALONE_MAX; i++)
        if (comparison->alone[i].open)
            comparison->alone[i].changed +=
                verdict_of(&comparison->alone[i].rejudge)->action != was->action;
    if (was->action == is->action) {
        comparison->moved +=
            was->score.risk_decibits != is->score.risk_decibits || !same_codes(was, is);
        return;
    }
    comparison->changed++;
    comparison->from_to[was->action][is->action]++;
    json_array_append_new(
        comparison->verdicts,
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o}", "event.id",
                  hop_json_text(id), "@timestamp", hop_json_time(entry->login.time), "user.name",
                  hop_json_text(entry->login.account), "hopwarden.tenant",
                  hop_json_text(entry->login.tenant), "from", json_of(was), "to", json_of(is),
                  "because", cause_of(was, is), "codes_gone", codes_beyond(was, is), "codes_come",
                  codes_beyond(is, was), "settings", settings_of(comparison, is->action)));
}

/* -- what came of it ----------------------------------------------------------------------- */

static json_t *json_of_setting(const struct hop_comparison *comparison, size_t at)
{
    const struct hop_difference *difference = &comparison->differences.items[at];
    char from[HOP_CONF_LINE_MAX], to[HOP_CONF_LINE_MAX];
    struct hop_text text = hop_text_over(from, sizeof from);
    hop_difference_put(&text, difference->from);
    text = hop_text_over(to, sizeof to);
    hop_difference_put(&text, difference->to);
    json_t *setting = json_pack("{s:o, s:o, s:o}", "name", hop_json_text(difference->name), "from",
                                hop_json_text(from), "to", hop_json_text(to));
    bool only = comparison->differences.count == 1;
    if (only || (at < tried(comparison) && comparison->alone[at].open))
        json_object_set_new(
            setting, "changed_alone",
            json_integer((json_int_t)(only ? comparison->changed : comparison->alone[at].changed)));
    return setting;
}

json_t *hop_comparison_json(const struct hop_comparison *comparison)
{
    json_t *settings = json_array(), *turns = json_object();
    for (size_t i = 0; i < comparison->differences.count; i++)
        json_array_append_new(settings, json_of_setting(comparison, i));
    for (int was = 0; was < HOP_ACTION_COUNT; was++)
        for (int is = 0; is < HOP_ACTION_COUNT; is++) {
            char name[64];
            snprintf(name, sizeof name, "%s to %s", hop_action_word((enum hop_action)was),
                     hop_action_word((enum hop_action)is));
            if (was != is)
                json_object_set_new(turns, name,
                                    json_integer((json_int_t)comparison->from_to[was][is]));
        }
    return json_pack("{s:I, s:I, s:o, s:o, s:O}", "changed", (json_int_t)comparison->changed,
                     "moved", (json_int_t)comparison->moved, "turns", turns, "settings", settings,
                     "verdicts", comparison->verdicts);
}

static void cell_of_list(char cell[HOP_CELL_MAX], const json_t *list)
{
    struct hop_text text = hop_text_over(cell, HOP_CELL_MAX);
    cell[0] = '\0';
    size_t index;
    json_t *item;
    json_array_foreach(list, index, item)
    {
        hop_text_put(&text, index > 0 ? ", " : "");
        hop_text_put(&text, json_string_value(item));
    }
}

static void cell_of_verdict(char cell[HOP_CELL_MAX], const json_t *verdict)
{
    const json_t *bits = json_object_get(verdict, "risk_bits");
    char risk[HOP_CELL_MAX] = "-";
    if (bits != NULL)
        hop_cell_bits(risk, (int)lround(json_number_value(bits) * 10));
    snprintf(cell, HOP_CELL_MAX, "%s %.20s", json_string_value(json_object_get(verdict, "action")),
             risk);
}

static void print_verdicts(const struct hop_comparison *comparison)
{
    struct hop_table *table = hop_table_new("TIME|ID|ACCOUNT|TENANT|FROM|TO|GONE|COME|SETTING");
    size_t index;
    json_t *verdict;
    json_array_foreach(comparison->verdicts, index, verdict)
    {
        char from[HOP_CELL_MAX], to[HOP_CELL_MAX], gone[HOP_CELL_MAX], come[HOP_CELL_MAX];
        char settings[HOP_CELL_MAX];
        cell_of_verdict(from, json_object_get(verdict, "from"));
        cell_of_verdict(to, json_object_get(verdict, "to"));
        cell_of_list(gone, json_object_get(verdict, "codes_gone"));
        cell_of_list(come, json_object_get(verdict, "codes_come"));
        cell_of_list(settings, json_object_get(verdict, "settings"));
        if (settings[0] == '\0')
            snprintf(settings, sizeof settings, "several together");
        const char *cells[] = {json_string_value(json_object_get(verdict, "@timestamp")),
                               json_string_value(json_object_get(verdict, "event.id")),
                               json_string_value(json_object_get(verdict, "user.name")),
                               json_string_value(json_object_get(verdict, "hopwarden.tenant")),
                               from,
                               to,
                               gone,
                               come,
                               settings};
        hop_table_row(table, cells);
    }
    hop_table_print(&table);
}

static void print_settings(const struct hop_comparison *comparison)
{
    struct hop_table *table = hop_table_new("SETTING|FROM|TO|>CHANGES ALONE");
    for (size_t i = 0; i < comparison->differences.count; i++) {
        json_t *setting = json_of_setting(comparison, i);
        const json_t *alone = json_object_get(setting, "changed_alone");
        char number[32] = "-";
        if (alone != NULL)
            snprintf(number, sizeof number, "%lld", (long long)json_integer_value(alone));
        const char *cells[] = {json_string_value(json_object_get(setting, "name")),
                               json_string_value(json_object_get(setting, "from")),
                               json_string_value(json_object_get(setting, "to")), number};
        hop_table_row(table, cells);
        json_decref(setting);
    }
    hop_table_print(&table);
}

static void print_turns(const struct hop_comparison *comparison)
{
    printf("%zu verdicts changed, %zu more have other bits or reasons\n", comparison->changed,
           comparison->moved);
    for (int was = 0; was < HOP_ACTION_COUNT; was++)
        for (int is = 0; is < HOP_ACTION_COUNT; is++)
            if (comparison->from_to[was][is] > 0)
                printf("  %s to %s: %zu\n", hop_action_word((enum hop_action)was),
                       hop_action_word((enum hop_action)is), comparison->from_to[was][is]);
}

void hop_comparison_print(const struct hop_comparison *comparison)
{
    if (json_array_size(comparison->verdicts) > 0)
        print_verdicts(comparison);
    if (comparison->differences.count > 0)
        print_settings(comparison);
    else
        puts("the configurations do not differ");
    print_turns(comparison);
}
