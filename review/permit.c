/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "act.h"
#include "clock.h"
#include "order.h"
#include "subject.h"
#include "table.h"
#include "verbs.h"

#define SHORTEST_SECONDS 60

struct wishes {
    struct hop_common common;
    bool list, withdraw;
    const char *account, *key, *why;
    int64_t seconds; /* 0: not said */
};

enum { OPTION_KEY = 0x2000, OPTION_FOR };

static const struct argp_option PERMIT_OPTIONS[] = {
    {"for", OPTION_FOR, "TIME", 0, "How long: 30m, 2h, at most 24h", 0},
    {"why", 'w', "TEXT", 0, "The reason; kept with the permit, told with every login", 0},
    {"key", OPTION_KEY, "FINGERPRINT", 0, "Of an account that several share: whose key", 0},
    {"list", 'l', NULL, 0, "Print the permits there are", 0},
    {0}};

static const struct argp_option UNPERMIT_OPTIONS[] = {
    {"why", 'w', "TEXT", 0, "The reason; goes to syslog", 0},
    {"key", OPTION_KEY, "FINGERPRINT", 0, "Of an account that several share: whose key", 0},
    {0}};

/* -- arguments ----------------------------------------------------------------------------- */

static void parse_for(struct wishes *wishes, const char *argument, struct argp_state *state)
{
    if (!hop_duration_parse(hop_span_of(argument), &wishes->seconds) ||
        wishes->seconds < SHORTEST_SECONDS || wishes->seconds > HOP_PERMIT_SECONDS_MAX)
        argp_error(state, "--for %s: not a time from 1m to 24h", argument);
}

static void check_words(const struct wishes *wishes, struct argp_state *state)
{
    if (wishes->list && wishes->account != NULL)
        argp_error(state, "--list takes no ACCOUNT");
    if (wishes->list)
        return;
    if (wishes->account == NULL)
        argp_error(state, "ACCOUNT");
    if (!wishes->withdraw && (wishes->seconds == 0 || wishes->why == NULL))
        argp_error(state, "a permit needs --for TIME and --why TEXT");
    if (wishes->why != NULL && (wishes->why[0] == '\0' || strlen(wishes->why) > HOP_PERMIT_WHY_MAX))
        argp_error(state, "--why: 1 to %d bytes", HOP_PERMIT_WHY_MAX);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct wishes *wishes = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &wishes->common;
        return 0;
    case OPTION_FOR:
        parse_for(wishes, argument, state);
        return 0;
    case 'w':
        wishes->why = argument;
        return 0;
    case OPTION_KEY:
        wishes->key = argument;
        return 0;
    case 'l':
        wishes->list = true;
        return 0;
    case ARGP_KEY_ARG:
        if (wishes->account != NULL || argument[0] == '\0')
            argp_error(state, "one ACCOUNT");
        wishes->account = argument;
        return 0;
    case ARGP_KEY_END:
        check_words(wishes, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* -- whom it is for ------------------------------------------------------------------------ */

/* A shared account is as many identities as it has keys. */
static bool identity_of(const struct wishes *wishes, const struct hop_conf *conf,
                        char ret_identity[HOP_NAME_MAX + 1])
{
    const char *tenant = hop_conf_settings(conf)->tenant;
    bool shared = hop_conf_class(conf, wishes->account) == HOP_CLASS_SHARED;
    if (strlen(wishes->account) > HOP_NAME_MAX) {
        hop_complain("account: longer than %d bytes", HOP_NAME_MAX);
        return false;
    }
    if (shared && wishes->key == NULL)
        hop_complain("account %s: shared by several people: say whose --key", wishes->account);
    else if (!shared && wishes->key != NULL)
        hop_complain("account %s: not shared: its permit is for all its keys", wishes->account);
    else if (shared)
        return hop_conf_identity(conf, tenant, wishes->account, wishes->key, ret_identity) ==
               HOP_OK;
    else
        hop_subject_identity(conf, wishes->account, ret_identity);
    return shared == (wishes->key != NULL);
}

static void put_field(char *field, size_t size, const char *what, const char *identity)
{
    struct hop_text text = hop_text_over(field, size);
    hop_freeze_field_put(&text, what, identity);
}

/* -- giving and withdrawing ---------------------------------------------------------------- */

static enum hop_rc make(const struct wishes *wishes, struct hop_desk *desk,
                        struct hop_permit *ret_permit, struct hop_error *err)
{
    char author[HOP_NAME_MAX + 1];
    uint8_t entropy[10];
    struct hop_permit permit = {.since = 0};
    enum hop_rc rc = hop_entropy(entropy, sizeof entropy, err);
    if (rc == HOP_OK)
        rc = hop_desk_clock(desk, &permit.since, err);
    if (rc != HOP_OK)
        return rc;
    permit.until = permit.since + wishes->seconds;
    hop_ulid_format(permit.since * 1000, entropy, permit.id);
    hop_subject_author(author);
    struct hop_text text = hop_text_over(permit.author, sizeof permit.author);
    hop_text_put(&text, author);
    hop_string_copy(permit.why, sizeof permit.why, wishes->why);
    *ret_permit = permit;
    return HOP_OK;
}

static json_t *json_of(const char *identity, const struct hop_permit *permit)
{
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "permit", permit->id, "account",
                     hop_json_text(identity), "since", hop_json_time(permit->since), "until",
                     hop_json_time(permit->until), "author", hop_json_text(permit->author), "why",
                     hop_json_text(permit->why));
}

static void tell_given(const struct wishes *wishes, const char *identity,
                       const struct hop_permit *permit)
{
    char note[HOP_ERROR_TEXT_MAX], until[HOP_CELL_MAX], shown[HOP_CELL_MAX];
    struct hop_text text = hop_text_over(note, sizeof note);
    hop_cell_time(until, permit->until);
    hop_text_format(&text, "permit %s: %s until %s; %s", permit->id, identity, until, permit->why);
    hop_act_tell(&wishes->common, "permitted", NULL, note);
    hop_cell_text(shown, identity);
    if (wishes->common.json)
        hop_json_print(json_of(identity, permit));
    else
        printf("permit %s: %s is let in until %s\n", permit->id, shown, until);
}

static int give(const struct wishes *wishes, struct hop_desk *desk, const char *identity,
                const char *field)
{
    char value[HOP_ORDER_MAX + 1], frozen[HOP_STORE_KEY_MAX + 1];
    struct hop_order freeze;
    struct hop_permit permit;
    struct hop_error err = {0};
    put_field(frozen, sizeof frozen, "account", identity);
    enum hop_rc rc = hop_order_read(desk, frozen, &freeze, &err);
    if (rc == HOP_OK && freeze.given) {
        hop_complain("%s: frozen, and a freeze is stronger: hopwarden unfreeze first", frozen);
        return HOP_EXIT_FINDING;
    }
    if (rc == HOP_OK)
        rc = make(wishes, desk, &permit, &err);
    if (rc == HOP_OK) {
        struct hop_text text = hop_text_over(value, sizeof value);
        hop_permit_put(&text, &permit);
        rc = hop_order_write(desk, field, value, &err);
    }
    if (rc != HOP_OK)
        return hop_complain_of(&err);
    tell_given(wishes, identity, &permit);
    return HOP_EXIT_FINE;
}

static void tell_withdrawn(const struct wishes *wishes, const char *identity, const char *id)
{
    char note[HOP_ERROR_TEXT_MAX], shown[HOP_CELL_MAX];
    struct hop_text text = hop_text_over(note, sizeof note);
    hop_text_format(&text, "permit %s: %s%s%s", id, identity, wishes->why != NULL ? "; " : "",
                    wishes->why != NULL ? wishes->why : "");
    hop_act_tell(&wishes->common, "permit-withdrawn", NULL, note);
    hop_cell_text(shown, identity);
    if (wishes->common.json)
        hop_json_print(json_pack("{s:s, s:o, s:b}", "permit", id, "account",
                                 hop_json_text(identity), "withdrawn", true));
    else
        printf("permit %s: %s: withdrawn\n", id, shown);
}

static int withdraw(const struct wishes *wishes, struct hop_desk *desk, const char *identity,
                    const char *field)
{
    struct hop_order order;
    struct hop_permit permit = {.id = "-"};
    struct hop_error err = {0};
    enum hop_rc rc = hop_order_read(desk, field, &order, &err);
    if (rc == HOP_OK && !order.given) {
        hop_complain("%s: has no permit", identity);
        return HOP_EXIT_FINDING;
    }
    if (rc == HOP_OK)
        rc = hop_order_write(desk, field, NULL, &err);
    if (rc != HOP_OK)
        return hop_complain_of(&err);
    hop_permit_parse(hop_span_of(order.value), &permit);
    tell_withdrawn(wishes, identity, permit.id);
    return HOP_EXIT_FINE;
}

/* -- listing ------------------------------------------------------------------------------- */

struct list {
    struct hop_table *table; /* or */
    json_t *json;
    int64_t now;
};

static void list_one(void *context, struct hop_span field, struct hop_span value)
{
    struct list *list = context;
    struct hop_permit permit;
    struct hop_span what;
    char identity[HOP_NAME_MAX * 2], since[HOP_CELL_MAX], until[HOP_CELL_MAX];
    if (!hop_span_cut(&field, ':', &what) || !hop_span_is(what, HOP_PERMIT_FIELD) ||
        !hop_permit_parse(value, &permit) || !hop_span_copy(field, identity, sizeof identity))
        return;
    bool holds = hop_permit_holds(&permit, list->now);
    hop_cell_time(since, permit.since);
    hop_cell_time(until, permit.until);
    const char *cells[] = {identity,      permit.id, since, until, holds ? "holds" : "over",
                           permit.author, permit.why};
    if (list->json != NULL) {
        json_t *object = json_of(identity, &permit);
        json_object_set_new(object, "holds", json_boolean(holds));
        json_array_append_new(list->json, object);
    } else {
        hop_table_row(list->table, cells);
    }
}

static int print_list(const struct wishes *wishes, struct hop_desk *desk)
{
    struct hop_error err = {0};
    struct list list = {.now = 0};
    if (wishes->common.json)
        list.json = json_array();
    else
        list.table = hop_table_new("ACCOUNT|PERMIT|SINCE|UNTIL|STATE|BY|WHY");
    enum hop_rc rc = hop_desk_clock(desk, &list.now, &err);
    if (rc == HOP_OK)
        rc = hop_orders_read(desk, list_one, &list, &err);
    bool printed = true;
    if (list.json != NULL)
        hop_json_print(list.json);
    else
        printed = hop_table_print(&list.table);
    if (rc != HOP_OK)
        return hop_complain_of(&err);
    return printed ? HOP_EXIT_FINE : HOP_EXIT_UNKNOWN;
}

/* -- the verbs ----------------------------------------------------------------------------- */

static int run(const struct wishes *wishes, struct hop_desk *desk)
{
    char identity[HOP_NAME_MAX + 1], field[HOP_STORE_KEY_MAX + 1];
    if (wishes->list)
        return print_list(wishes, desk);
    if (!identity_of(wishes, desk->conf, identity))
        return HOP_EXIT_USAGE;
    put_field(field, sizeof field, HOP_PERMIT_FIELD, identity);
    return wishes->withdraw ? withdraw(wishes, desk, identity, field)
                            : give(wishes, desk, identity, field);
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

int hop_verb_permit(int argc, char **argv)
{
    static const struct argp argp = {
        PERMIT_OPTIONS,
        parse,
        "ACCOUNT --for TIME --why TEXT\n--list",
        "For so long let in the logins that would be refused or asked, and tell of each.",
        CHILDREN,
        NULL,
        NULL};
    struct wishes wishes = {.withdraw = false};
    return open_and_run(&argp, argc, argv, &wishes);
}

int hop_verb_unpermit(int argc, char **argv)
{
    static const struct argp argp = {UNPERMIT_OPTIONS, parse, "ACCOUNT", "Withdraw a permit.",
                                     CHILDREN,         NULL,  NULL};
    struct wishes wishes = {.withdraw = true};
    return open_and_run(&argp, argc, argv, &wishes);
}
