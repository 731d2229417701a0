/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "act.h"
#include "admit.h"
#include "clock.h"
#include "logged.h"
#include "subject.h"
#include "verbs.h"

struct wishes {
    struct hop_common common;
    const char *id, *why;
};

static const struct argp_option OPTIONS[] = {
    {"why", 'w', "TEXT", 0, "What you know that makes it right; kept in the log", 0}, {0}};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct wishes *wishes = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &wishes->common;
        return 0;
    case 'w':
        wishes->why = argument;
        return 0;
    case ARGP_KEY_ARG:
        if (wishes->id != NULL)
            argp_error(state, "one ID at a time");
        wishes->id = argument;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which login?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static enum hop_rc read_login(struct hop_desk *desk, const char *id, struct hop_login *ret_login,
                              struct hop_error *err)
{
    struct hop_logged_list list;
    const struct hop_logged *found;
    struct hop_entry entry;
    enum hop_rc rc = hop_logged_search(desk, id, &list, &found, err);
    if (rc == HOP_OK)
        rc = hop_logged_entry(found, &entry, err);
    if (rc == HOP_OK)
        rc = hop_entry_admit(desk, &entry, ret_login, err);
    if (rc == HOP_OK && ret_login->identity[0] == '\0')
        rc = hop_error_set(err, HOP_NOT_FOUND,
                           "%s: a shared account without its key has no history", id);
    hop_logged_done(&list);
    return rc;
}

/* The values as confirmed, and who said so. */
static enum hop_rc plan(const struct wishes *wishes, struct hop_desk *desk,
                        const struct hop_login *login, struct hop_batch *batch,
                        struct hop_error *err)
{
    struct hop_reach reach = hop_engine_reach(desk->conf, login->tenant);
    struct hop_lesson lesson = {.learn = true, .confirmed = true};
    struct hop_recollection past;
    char author[HOP_NAME_MAX + 1], line[HOP_ENTRY_LINE_MAX];
    hop_subject_author(author);
    hop_recollection_init(&past);
    enum hop_rc rc = hop_history_recall_by(hop_engine_history(desk->engine), login, &reach, &past,
                                           hop_command_deadline(), err);
    if (rc == HOP_OK)
        rc = hop_plan_learned(login, &reach, &past, lesson, batch);
    struct hop_text text = hop_text_over(line, sizeof line);
    if (rc == HOP_OK &&
        !hop_entry_put_confirmation(&text, login, hop_clock_epoch_ms() / 1000, author, wishes->why))
        rc = hop_error_set(err, HOP_LIMIT, "%s: too long for the log", wishes->id);
    if (rc == HOP_OK)
        rc = hop_plan_log(&reach, login->id, line, batch);
    if (rc == HOP_NOMEM)
        hop_error_set(err, rc, "%s: out of memory", wishes->id);
    hop_recollection_done(&past);
    return rc;
}

static void print_values(const struct wishes *wishes, const struct hop_login *login)
{
    struct hop_values values;
    hop_values_of(login, &values);
    json_t *list = json_array();
    char shown[HOP_CELL_MAX];
    hop_cell_text(shown, login->identity);
    if (!wishes->common.json)
        printf("confirmed for %s:\n", shown);
    for (int kind = 0; kind < HOP_KIND_COUNT; kind++) {
        if (!values.has[kind] || kind == HOP_KIND_HOUR)
            continue;
        char field[HOP_VALUE_MAX + 8];
        struct hop_text text = hop_text_over(field, sizeof field);
        hop_field_put(&text, (enum hop_kind)kind, hop_span_of(values.text[kind]));
        hop_cell_text(shown, field);
        json_array_append_new(list, hop_json_text(field));
        if (!wishes->common.json)
            printf("  %s\n", shown);
    }
    if (wishes->common.json)
        hop_json_print(json_pack("{s:s, s:o, s:o}", "event.id", login->id, "hopwarden.identity",
                                 hop_json_text(login->identity), "confirmed", list));
    else
        json_decref(list);
}

static int confirm(const struct wishes *wishes, struct hop_desk *desk)
{
    struct hop_login login;
    struct hop_error err = {0};
    if (read_login(desk, wishes->id, &login, &err) != HOP_OK)
        return hop_complain_of(&err);
    struct hop_batch batch;
    hop_batch_init(&batch);
    enum hop_recorded recorded = HOP_RECORDED_NOT;
    if (plan(wishes, desk, &login, &batch, &err) == HOP_OK)
        recorded = hop_history_record_by(hop_engine_history(desk->engine), &batch, false,
                                         hop_command_deadline(), &err);
    hop_batch_done(&batch);
    if (recorded == HOP_RECORDED_NOT)
        return hop_complain_of(&err);
    if (recorded == HOP_RECORDED_SPOOL)
        hop_complain("%s; kept in the spool, see hopwarden flush", err.text);
    hop_act_tell(&wishes->common, "confirmed", &login, wishes->why != NULL ? wishes->why : "");
    print_values(wishes, &login);
    return HOP_EXIT_FINE;
}

int hop_verb_confirm(int argc, char **argv)
{
    static const struct argp_child children[] = {{&hop_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {OPTIONS,
                                     parse,
                                     "ID",
                                     "Vouch for a login, refused or not: its origin, key and "
                                     "destination then count as confirmed.",
                                     children,
                                     NULL,
                                     NULL};
    struct wishes wishes = {.id = NULL};
    hop_command_parse(&argp, argc, argv, &wishes.common);
    struct hop_desk desk;
    int status = hop_desk_open(&wishes.common, &desk);
    if (status != HOP_EXIT_FINE)
        return status;
    status = confirm(&wishes, &desk);
    hop_desk_close(&desk);
    return status;
}
