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

static int print_dump(const struct hop_conf *conf, bool json)
{
    char *text;
    struct hop_error err = {0};
    if (hop_conf_dump(conf, &text, &err) != HOP_OK)
        return hop_complain_of(&err);
    if (json)
        hop_json_print(json_pack("{s:o}", "configuration", hop_json_text(text)));
    else
        fputs(text, stdout);
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
