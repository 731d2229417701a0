/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "command.h"
#include "table.h"
#include "verbs.h"

enum what { CHECK, DUMP, OPTIONS };

struct wishes {
    struct hop_common common;
    enum what what;
};

static const struct argp_option OPTIONS_OF_CONFIG[] = {
    {"check", 'C', NULL, 0, "Say whether the configuration is usable (the default)", 0},
    {"dump", 'd', NULL, 0, "Print the effective configuration as a file", 0},
    {"options", 'o', NULL, 0, "Print every option with type, range, default and meaning", 0},
    {0}};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    (void)argument;
    struct wishes *wishes = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &wishes->common;
        return 0;
    case 'C':
        wishes->what = CHECK;
        return 0;
    case 'd':
        wishes->what = DUMP;
        return 0;
    case 'o':
        wishes->what = OPTIONS;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static json_t *option_json(const struct hop_option *option)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "section", option->section, "name",
                     option->name, "type", option->type, "range", option->range, "default",
                     option->fallback, "help", option->help);
}

static int print_options(bool json)
{
    const struct hop_option *options;
    size_t count = hop_conf_options(&options);
    struct hop_table *table = json ? NULL : hop_table_new("SECTION|OPTION|TYPE|RANGE|DEFAULT|HELP");
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        const struct hop_option *o = &options[i];
        const char *cells[] = {o->section, o->name, o->type, o->range, o->fallback, o->help};
        if (json)
            json_array_append_new(list, option_json(o));
        else
            hop_table_row(table, cells);
    }
    if (json)
        hop_json_print(list);
    else
        json_decref(list);
    return json || hop_table_print(&table) ? HOP_EXIT_FINE : HOP_EXIT_UNKNOWN;
}

/* -- the failure table ------------------------------------------------------------------------ */

#define CELL_WIDTH 23

static void put_option_name(char *name, size_t size, enum hop_loss loss, enum hop_lane lane)
{
    static const char *const LANES[HOP_LANE_COUNT] = {"asked", "unasked", "automation",
                                                      "break_glass"};
    snprintf(name, size, "on_%s_%s", hop_loss_word(loss), LANES[lane]);
}

static const char *cell_of(const struct hop_policy *policy, enum hop_loss loss, enum hop_lane lane,
                           char cell[HOP_CELL_MAX])
{
    struct hop_text text = hop_text_over(cell, HOP_CELL_MAX);
    hop_failure_cell_put(&text, policy, policy->mode, loss, lane);
    return cell;
}

/* Comments, so that what is printed stays a configuration. */
static void print_failure_table(const struct hop_policy *policy)
{
    printf(
        "\n# What is answered when something is missing (mode %s). Of several words the first is\n"
        "# for a score that allows, the next for one that asks, the last for one that blocks; for\n"
        "# automation, inside and outside its binding. Each such login is logged as degraded.\n"
        "# Without any usable configuration the PAM line answers: on_error= and break_glass=.\n"
        "#\n# %-10s%-*s%-*s%-*s%s\n",
        hop_mode_word(policy->mode), "lost", CELL_WIDTH, "asked", CELL_WIDTH, "unasked", CELL_WIDTH,
        "automation", "break_glass");
    for (int loss = 0; loss < HOP_LOSS_TABLE_COUNT; loss++) {
        char cell[HOP_CELL_MAX];
        printf("# %-10s", hop_loss_word((enum hop_loss)loss));
        for (int lane = 0; lane < HOP_LANE_COUNT; lane++)
            printf("%-*s", lane + 1 < HOP_LANE_COUNT ? CELL_WIDTH : 0,
                   cell_of(policy, (enum hop_loss)loss, (enum hop_lane)lane, cell));
        putchar('\n');
    }
}

static json_t *failure_table_json(const struct hop_policy *policy)
{
    json_t *cells = json_array();
    for (int loss = 0; loss < HOP_LOSS_TABLE_COUNT; loss++) {
        for (int lane = 0; lane < HOP_LANE_COUNT; lane++) {
            char cell[HOP_CELL_MAX], name[64];
            put_option_name(name, sizeof name, (enum hop_loss)loss, (enum hop_lane)lane);
            json_array_append_new(
                cells,
                json_pack("{s:s, s:s, s:s, s:s, s:s}", "lost", hop_loss_word((enum hop_loss)loss),
                          "lane", hop_lane_word((enum hop_lane)lane), "option", name, "setting",
                          hop_on_word(policy->on_loss[loss][lane]), "answer",
                          cell_of(policy, (enum hop_loss)loss, (enum hop_lane)lane, cell)));
        }
    }
    return cells;
}

static int print_dump(const struct hop_conf *conf, bool json)
{
    const struct hop_policy *policy = &hop_conf_settings(conf)->policy;
    char *text;
    struct hop_error err = {0};
    if (hop_conf_dump(conf, &text, &err) != HOP_OK)
        return hop_complain_of(&err);
    if (json)
        hop_json_print(json_pack("{s:o, s:s, s:o}", "configuration", hop_json_text(text), "mode",
                                 hop_mode_word(policy->mode), "failure_table",
                                 failure_table_json(policy)));
    else
        fputs(text, stdout);
    if (!json)
        print_failure_table(policy);
    free(text);
    return HOP_EXIT_FINE;
}

static void print_check(const struct hop_common *common, const struct hop_conf *conf)
{
    const struct hop_settings *settings = hop_conf_settings(conf);
    if (common->json)
        hop_json_print(json_pack("{s:o, s:b, s:s, s:s}", "file", hop_json_text(common->conf_path),
                                 "usable", true, "tenant", settings->tenant, "mode",
                                 hop_mode_word(settings->policy.mode)));
    else
        printf("%s: fine (tenant %s, mode %s)\n", common->conf_path, settings->tenant,
               hop_mode_word(settings->policy.mode));
}

int hop_verb_config(int argc, char **argv)
{
    static const struct argp_child children[] = {{&hop_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        OPTIONS_OF_CONFIG, parse, "", "Check and show the configuration.", children, NULL, NULL};
    struct wishes wishes = {.what = CHECK};
    hop_command_parse(&argp, argc, argv, &wishes.common);
    if (wishes.what == OPTIONS)
        return print_options(wishes.common.json);
    struct hop_conf *conf;
    int status = hop_conf_open(&wishes.common, &conf);
    if (status != HOP_EXIT_FINE)
        return status;
    if (wishes.what == DUMP)
        status = print_dump(conf, wishes.common.json);
    else
        print_check(&wishes.common, conf);
    hop_conf_free(&conf);
    return status;
}
