/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "table.h"
#include "verbs.h"
#include "waiting.h"

#define LONGEST_WAIT_S 1500 /* approval_wait_s at most, and clocks that are off */

static error_t parse(int key, char *argument, struct argp_state *state)
{
    (void)argument;
    if (key != ARGP_KEY_INIT)
        return ARGP_ERR_UNKNOWN;
    state->child_inputs[0] = state->input;
    return 0;
}

struct list {
    struct hop_table *table; /* one of the two */
    json_t *json;
    int64_t now;
    size_t count;
};

static void add_row(const struct list *list, const struct hop_waiting *waiting)
{
    const struct hop_login *login = &waiting->login;
    char where[HOP_CELL_MAX], from[HOP_ADDRESS_TEXT_MAX], left[32];
    char codes[HOP_REASONS_MAX * HOP_CODE_MAX];
    snprintf(where, sizeof where, "%s/%s", login->tenant, login->host);
    struct hop_text text = hop_text_over(from, sizeof from);
    hop_address_put(&text, &login->origin.address);
    text = hop_text_over(codes, sizeof codes);
    for (size_t i = 0; i < waiting->verdict.reason_count; i++)
        hop_text_format(&text, "%s%s", i == 0 ? "" : " ", waiting->verdict.reasons[i].code);
    snprintf(left, sizeof left, "%lld s", (long long)(waiting->until - list->now));
    const char *cells[] = {login->id, login->account, login->identity, where, from, left, codes};
    hop_table_row(list->table, cells);
}

static void add_waiting(struct list *list, const char *witness,
                        const struct hop_logged_list *logged)
{
    struct hop_waiting *waiting = malloc(sizeof *waiting);
    for (size_t i = 0; waiting != NULL && i < logged->count; i++) {
        if (logged->items[i].confirmation != NULL ||
            hop_waiting_of(&logged->items[i], witness, list->now, waiting, NULL) != HOP_OK)
            continue;
        list->count++;
        if (list->json != NULL)
            json_array_append_new(list->json, hop_waiting_json(waiting));
        else
            add_row(list, waiting);
    }
    free(waiting);
}

/* Another witness's log may be out of this host's reach. */
static int add_all(struct list *list, struct hop_desk *desk)
{
    int status = HOP_EXIT_FINE;
    const char *witness;
    for (size_t nth = 0; (witness = hop_logged_witness(desk, nth)) != NULL; nth++) {
        struct hop_logged_list logged;
        struct hop_error err = {0};
        if (nth > 0 && strcmp(witness, desk->reach.witness) == 0)
            continue;
        enum hop_rc rc =
            hop_logged_read(desk, witness, (list->now - LONGEST_WAIT_S) * 1000, &logged, &err);
        if (rc == HOP_OK)
            add_waiting(list, witness, &logged);
        else if (nth == 0 || rc != HOP_DENIED)
            status = hop_complain_of(&err);
        hop_logged_done(&logged);
    }
    return status;
}

int hop_verb_approvals(int argc, char **argv)
{
    static const struct argp_child children[] = {{&hop_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        NULL, parse, "", "The logins that wait for an approval now.", children, NULL, NULL};
    struct hop_common common = {.json = false};
    hop_command_parse(&argp, argc, argv, &common);
    struct hop_desk desk;
    int status = hop_desk_open(&common, &desk);
    if (status != HOP_EXIT_FINE)
        return status;
    struct list list = {.now = hop_clock_epoch_ms() / 1000};
    if (common.json)
        list.json = json_array();
    else
        list.table = hop_table_new("ID|ACCOUNT|IDENTITY|HOST|SOURCE|>LEFT|REASONS");
    status = add_all(&list, &desk);
    if (common.json)
        hop_json_print(list.json);
    else if (list.count == 0)
        puts("no login waits for an approval");
    if (list.table != NULL && !hop_table_print(&list.table))
        status = HOP_EXIT_UNKNOWN;
    hop_desk_close(&desk);
    return status;
}
