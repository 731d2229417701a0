/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "act.h"
#include "clock.h"
#include "order.h"
#include "subject.h"
#include "verbs.h"

struct wishes {
    struct hop_common common;
    const char *what, *value, *why;
    enum hop_freeze freeze;
};

static const struct argp_option FREEZE_OPTIONS[] = {
    {"step-up", 's', NULL, 0, "Ask for a step-up, whatever the score (the default)", 0},
    {"block", 'b', NULL, 0, "Block, whatever the score", 0},
    {"why", 'w', "TEXT", 0, "The reason; kept with the freeze", 0},
    {0}};

static const struct argp_option UNFREEZE_OPTIONS[] = {
    {"why", 'w', "TEXT", 0, "The reason; goes to syslog", 0}, {0}};

static void parse_argument(struct wishes *wishes, char *argument, struct argp_state *state)
{
    if (wishes->what == NULL)
        wishes->what = argument;
    else if (wishes->value == NULL && argument[0] != '\0')
        wishes->value = argument;
    else
        argp_error(state, "account|key|source and one VALUE");
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct wishes *wishes = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &wishes->common;
        return 0;
    case 's':
        wishes->freeze = HOP_FREEZE_STEP_UP;
        return 0;
    case 'b':
        wishes->freeze = HOP_FREEZE_BLOCK;
        return 0;
    case 'w':
        wishes->why = argument;
        return 0;
    case ARGP_KEY_ARG:
        parse_argument(wishes, argument, state);
        return 0;
    case ARGP_KEY_END:
        if (wishes->value == NULL)
            argp_error(state, "account|key|source and one VALUE");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The name under which the login path looks for it: an account's identity, an address as it is
 * written. False, and told, when there can be no such thing. */
static bool name_of(const struct wishes *wishes, const struct hop_conf *conf,
                    char name[HOP_NAME_MAX + 1])
{
    struct hop_address address;
    struct hop_text text = hop_text_over(name, HOP_NAME_MAX + 1);
    bool fine = strlen(wishes->value) <= HOP_NAME_MAX;
    if (strcmp(wishes->what, "account") == 0 && fine) {
        if (hop_conf_class(conf, wishes->value) == HOP_CLASS_SHARED) {
            hop_complain("account %s: shared by several people: freeze their keys", wishes->value);
            return false;
        }
        hop_subject_identity(conf, wishes->value, name);
    } else if (strcmp(wishes->what, "key") == 0) {
        fine = fine && strncmp(wishes->value, "SHA256:", 7) == 0;
        hop_text_put(&text, wishes->value);
    } else if (strcmp(wishes->what, "source") == 0) {
        fine = hop_address_parse(hop_span_of(wishes->value), &address);
        if (fine)
            hop_address_put(&text, &address);
    } else {
        fine = false;
    }
    if (!fine)
        hop_complain("%s %s: not an account, key (SHA256:...) or source (address)", wishes->what,
                     wishes->value);
    return fine;
}

static enum hop_rc write_freeze(const struct wishes *wishes, struct hop_desk *desk,
                                const char *field, struct hop_error *err)
{
    char value[HOP_ORDER_MAX + 1], author[HOP_NAME_MAX + 1];
    struct hop_text text = hop_text_over(value, sizeof value);
    hop_subject_author(author);
    hop_freeze_put(&text, wishes->freeze, hop_clock_epoch_ms() / 1000, author,
                   wishes->why != NULL ? wishes->why : "");
    return hop_order_write(desk, field, wishes->freeze == HOP_FREEZE_NONE ? NULL : value, err);
}

static void tell(const struct wishes *wishes, const char *field)
{
    static const char *const STATES[] = {"free", "step_up", "block"};
    char note[HOP_ERROR_TEXT_MAX], shown[HOP_CELL_MAX];
    struct hop_text text = hop_text_over(note, sizeof note);
    hop_text_format(&text, "%s: %s%s%s", field, STATES[wishes->freeze],
                    wishes->why != NULL ? "; " : "", wishes->why != NULL ? wishes->why : "");
    hop_act_tell(&wishes->common, wishes->freeze == HOP_FREEZE_NONE ? "unfrozen" : "frozen", NULL,
                 note);
    hop_cell_text(shown, field);
    if (wishes->common.json)
        hop_json_print(json_pack("{s:o, s:s}", "what", hop_json_text(field), "freeze",
                                 STATES[wishes->freeze]));
    else
        printf("%s: %s\n", shown, STATES[wishes->freeze]);
}

/* A permit stays, and is of no use while the freeze lasts. */
static void tell_of_permit(const struct wishes *wishes, struct hop_desk *desk, const char *name)
{
    char field[HOP_STORE_KEY_MAX + 1];
    struct hop_order order;
    struct hop_text text = hop_text_over(field, sizeof field);
    hop_freeze_field_put(&text, HOP_PERMIT_FIELD, name);
    if (wishes->freeze != HOP_FREEZE_NONE && strcmp(wishes->what, "account") == 0 &&
        hop_order_read(desk, field, &order, NULL) == HOP_OK && order.given)
        hop_complain("%s: has a permit, which the freeze makes void", name);
}

static int run(const struct wishes *wishes, struct hop_desk *desk)
{
    char name[HOP_NAME_MAX + 1], field[HOP_STORE_KEY_MAX + 1];
    struct hop_error err = {0};
    struct hop_order order = {.given = true};
    if (!name_of(wishes, desk->conf, name))
        return HOP_EXIT_USAGE;
    struct hop_text text = hop_text_over(field, sizeof field);
    hop_freeze_field_put(&text, wishes->what, name);
    enum hop_rc rc = HOP_OK;
    if (wishes->freeze == HOP_FREEZE_NONE)
        rc = hop_order_read(desk, field, &order, &err);
    if (rc == HOP_OK && !order.given) {
        hop_complain("%s: not frozen", field);
        return HOP_EXIT_FINDING;
    }
    if (rc == HOP_OK)
        rc = write_freeze(wishes, desk, field, &err);
    if (rc != HOP_OK)
        return hop_complain_of(&err);
    tell(wishes, field);
    tell_of_permit(wishes, desk, name);
    return HOP_EXIT_FINE;
}

static int open_and_run(const struct argp *argp, int argc, char **argv, struct wishes *wishes)
{
    hop_command_parse(argp, argc, argv, &wishes->common);
    struct hop_desk desk;
    int status = hop_desk_open(&wishes->common, &desk);
    if (status != HOP_EXIT_FINE)
        return status;
    status = run(wishes, &desk);
    hop_desk_close(&desk);
    return status;
}

static const struct argp_child CHILDREN[] = {{&hop_common_argp, 0, NULL, 0}, {0}};

int hop_verb_freeze(int argc, char **argv)
{
    static const struct argp argp = {FREEZE_OPTIONS,
                                     parse,
                                     "account|key|source VALUE",
                                     "From now on ask for a step-up, or block, whatever the score.",
                                     CHILDREN,
                                     NULL,
                                     NULL};
    struct wishes wishes = {.freeze = HOP_FREEZE_STEP_UP};
    return open_and_run(&argp, argc, argv, &wishes);
}

int hop_verb_unfreeze(int argc, char **argv)
{
    static const struct argp argp = {UNFREEZE_OPTIONS,
                                     parse,
                                     "account|key|source VALUE",
                                     "Take a freeze back.",
                                     CHILDREN,
                                     NULL,
                                     NULL};
    struct wishes wishes = {.freeze = HOP_FREEZE_NONE};
    return open_and_run(&argp, argc, argv, &wishes);
}
