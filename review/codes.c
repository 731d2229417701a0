/* SPDX-License-Identifier: Apache-2.0 */
#include "code_set.h"

#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "act.h"
#include "encode.h"
#include "table.h"
#include "verbs.h"

#define FEW 3 /* codes left: time for a new set */

struct wishes {
    struct hop_common common;
    const char *account;
    size_t count;
    bool replace;
};

static const struct hop_codes_places PLACES = {HOP_CODES_KEPT, HOP_CODES_USED};

static const struct argp_option OPTIONS[] = {
    {"count", 'n', "N", 0, "How many codes, 1 to 64 (10)", 0},
    {"replace", 'r', NULL, 0, "In the place of a set that still has codes", 0},
    {0}};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct wishes *wishes = state->input;
    int64_t count;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &wishes->common;
        return 0;
    case 'n':
        if (!hop_span_int64(hop_span_of(argument), 1, HOP_CODES_MOST, &count))
            argp_error(state, "--count %s: not 1 to %d", argument, HOP_CODES_MOST);
        else
            wishes->count = (size_t)count;
        return 0;
    case 'r':
        wishes->replace = true;
        return 0;
    case ARGP_KEY_ARG:
        if (wishes->account != NULL)
            argp_error(state, "one ACCOUNT");
        wishes->account = argument;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* -- what there is ------------------------------------------------------------------------- */

struct sets {
    struct hop_table *table;
    json_t *array;
    bool few;
};

static void add_set(struct sets *sets, const char *account, const struct hop_codes *codes)
{
    char shown[HOP_CELL_MAX], left[24], of[24];
    size_t count = hop_codes_left(codes);
    sets->few |= count < FEW;
    hop_cell_text(shown, account);
    snprintf(left, sizeof left, "%zu", count);
    snprintf(of, sizeof of, "%zu", codes->count);
    hop_table_row(sets->table, (const char *[]){shown, left, of});
    json_array_append_new(sets->array,
                          json_pack("{s:o, s:I, s:I}", "account", hop_json_text(account), "left",
                                    (json_int_t)count, "of", (json_int_t)codes->count));
}

static bool name_of(const char *file, char name[HOP_NAME_MAX + 1])
{
    struct hop_text text = hop_text_over(name, HOP_NAME_MAX + 1);
    return file[0] != '.' && hop_percent_decode(hop_span_of(file), &text) && !text.cut;
}

static int walk(DIR *folder, struct sets *sets)
{
    const struct dirent *entry;
    int status = HOP_EXIT_FINE;
    while ((entry = readdir(folder)) != NULL) {
        char name[HOP_NAME_MAX + 1];
        struct hop_codes codes;
        struct hop_error err = {0};
        if (!name_of(entry->d_name, name))
            continue;
        if (hop_codes_load(&PLACES, name, &codes, &err) == HOP_OK)
            add_set(sets, name, &codes);
        else
            status = hop_complain_of(&err);
    }
    return status;
}

static int list(const struct wishes *wishes)
{
    struct sets sets = {.table = hop_table_new("account|>left|>of"), .array = json_array()};
    DIR *folder = opendir(PLACES.kept);
    int status = HOP_EXIT_FINE;
    if (folder != NULL) {
        status = walk(folder, &sets);
        closedir(folder);
    } else if (errno != ENOENT) {
        hop_complain("%s: %s", PLACES.kept, strerror(errno));
        status = HOP_EXIT_UNKNOWN;
    }
    if (wishes->common.json) {
        hop_json_print(json_incref(sets.array));
    } else if (!hop_table_print(&sets.table)) {
        status = HOP_EXIT_UNKNOWN;
    }
    json_decref(sets.array);
    return status == HOP_EXIT_FINE && sets.few ? HOP_EXIT_FINDING : status;
}

/* -- a new set ----------------------------------------------------------------------------- */

/* A set that still has codes lies in somebody's safe: it is not made worthless by mistake. */
static int check(const struct wishes *wishes)
{
    struct hop_codes codes;
    struct hop_error err = {0};
    if (getpwnam(wishes->account) == NULL) {
        hop_complain("%s: this host knows no such account", wishes->account);
        return HOP_EXIT_USAGE;
    }
    if (wishes->replace)
        return HOP_EXIT_FINE;
    enum hop_rc rc = hop_codes_load(&PLACES, wishes->account, &codes, &err);
    if (rc == HOP_NOT_FOUND || (rc == HOP_OK && hop_codes_left(&codes) == 0))
        return HOP_EXIT_FINE;
    if (rc != HOP_OK)
        return hop_complain_of(&err);
    hop_complain("%s: has %zu codes left; --replace makes them worthless", wishes->account,
                 hop_codes_left(&codes));
    return HOP_EXIT_FINDING;
}

static void print(const struct wishes *wishes, char (*codes)[HOP_CODE_SIZE])
{
    json_t *array = json_array();
    for (size_t i = 0; i < wishes->count; i++)
        if (wishes->common.json)
            json_array_append_new(array, json_string(codes[i]));
        else
            puts(codes[i]);
    if (wishes->common.json)
        hop_json_print(
            json_pack("{s:o, s:O}", "account", hop_json_text(wishes->account), "codes", array));
    json_decref(array);
}

static int make(const struct wishes *wishes)
{
    char codes[HOP_CODES_MOST][HOP_CODE_SIZE], note[HOP_ERROR_TEXT_MAX];
    struct hop_error err = {0};
    int status = check(wishes);
    if (status != HOP_EXIT_FINE)
        return status;
    if (hop_codes_make(&PLACES, wishes->account, wishes->count, codes, &err) != HOP_OK)
        return hop_complain_of(&err);
    print(wishes, codes);
    explicit_bzero(codes, sizeof codes);
    struct hop_text text = hop_text_over(note, sizeof note);
    hop_text_format(&text, "%zu new break-glass codes for %s", wishes->count, wishes->account);
    hop_act_tell(&wishes->common, "codes-made", NULL, note);
    return HOP_EXIT_FINE;
}

int hop_verb_codes(int argc, char **argv)
{
    static const struct argp_child children[] = {{&hop_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        OPTIONS,
        parse,
        "[ACCOUNT]",
        "Make single-use codes for a break-glass account and print them, once; without an account "
        "say how many are left.\vThe codes work with everything else down: they are asked for by "
        "the PAM line `pam_hopwarden.so codes`. Exit status 1: an account has fewer than 3 left.",
        children,
        NULL,
        NULL};
    struct wishes wishes = {.count = HOP_CODES_DEFAULT};
    hop_command_parse(&argp, argc, argv, &wishes.common);
    return wishes.account == NULL ? list(&wishes) : make(&wishes);
}
