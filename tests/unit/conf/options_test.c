/* SPDX-License-Identifier: Apache-2.0 */
/* The table, the manual and the shipped example say the same. */
#include "answer.h"
#include "sample.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "../suite.h"

#define MANUAL HOP_TEST_DATA "/../../docs/hopwarden.conf.5"
#define EXAMPLE HOP_TEST_DATA "/../../contrib/hopwarden.conf.example"

static char *whole_file(const char *path)
{
    static char text[65536];
    FILE *in = fopen(path, "r");
    ck_assert_msg(in != NULL, "%s", path);
    size_t len = fread(text, 1, sizeof text - 1, in);
    ck_assert_uint_lt(len, sizeof text - 1);
    ck_assert_int_eq(fclose(in), 0);
    text[len] = 0;
    return text;
}

/* The manual in one line, so that it does not matter where its lines are broken. */
static char *manual(void)
{
    char *text = whole_file(MANUAL);
    for (char *at = text; *at; at++)
        if (*at == '\n')
            *at = ' ';
    return text;
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, part)); at++)
        count++;
    return count;
}

/* Whether `part` stands in the manual's part on this section. */
static bool stands_in(const char *text, const char *section, const char *part)
{
    char heading[64];
    snprintf(heading, sizeof heading, ".Ss Section %s ", section);
    const char *from = strstr(text, heading);
    ck_assert_msg(from != NULL, "no %s", heading);
    const char *to = strstr(from + 1, ".Ss "), *found = strstr(from, part);
    return found && (!to || found < to);
}

START_TEST(the_manual_has_every_option_with_its_range_and_default)
{
    const struct hop_option *options;
    size_t count = hop_conf_options(&options);
    const char *text = manual();
    for (size_t i = 0; i < count; i++) {
        char item[256];
        const struct hop_option *option = &options[i];
        snprintf(item, sizeof item, ".It Cm %s Ar %s (%s; default: %s)", option->name, option->type,
                 option->range, *option->fallback ? option->fallback : "none");
        ck_assert_msg(stands_in(text, option->section, item), "[%s] %s", option->section, item);
    }
}
END_TEST

START_TEST(the_manual_has_no_other_options)
{
    const struct hop_option *options;
    ck_assert_uint_eq(count_of(manual(), ".It Cm "), hop_conf_options(&options));
}
END_TEST

START_TEST(the_manuals_failure_table_is_the_default_one)
{
    struct hop_policy policy = hop_policy_default();
    const char *text = manual();
    for (int loss = 0; loss < HOP_LOSS_TABLE_COUNT; loss++) {
        char row[256];
        struct hop_text line = hop_text_over(row, sizeof row);
        hop_text_format(&line, ".It %s", hop_loss_word((enum hop_loss)loss));
        for (int lane = 0; lane < HOP_LANE_COUNT; lane++)
            hop_text_format(&line, " Ta %s", hop_on_word(policy.on_loss[loss][lane]));
        ck_assert_msg(strstr(text, row) != NULL, "%s", row);
    }
}
END_TEST

START_TEST(the_manual_shows_what_the_default_table_answers)
{
    struct hop_policy policy = hop_policy_default();
    const char *text = manual();
    for (int loss = 0; loss < HOP_LOSS_TABLE_COUNT; loss++) {
        char row[256];
        struct hop_text line = hop_text_over(row, sizeof row);
        hop_text_format(&line, ".It %s", hop_loss_word((enum hop_loss)loss));
        for (int lane = 0; lane < HOP_LANE_COUNT; lane++) {
            hop_text_put(&line, " Ta ");
            hop_failure_cell_put(&line, &policy, HOP_MODE_ENFORCE, (enum hop_loss)loss,
                                 (enum hop_lane)lane);
        }
        ck_assert_msg(strstr(text, row) != NULL, "%s", row);
    }
}
END_TEST

START_TEST(every_option_is_documented_and_named_once_in_its_section)
{
    const struct hop_option *options;
    size_t count = hop_conf_options(&options);
    for (size_t i = 0; i < count; i++) {
        ck_assert(*options[i].type && *options[i].range && *options[i].help);
        ck_assert(islower((unsigned char)options[i].name[0]));
        for (size_t j = 0; j < i; j++)
            ck_assert(strcmp(options[i].section, options[j].section) != 0 ||
                      strcmp(options[i].name, options[j].name) != 0);
    }
}
END_TEST

START_TEST(the_example_is_accepted_observes_and_judges_nobody_yet)
{
    struct hop_conf *conf = NULL;
    struct hop_error err = {0};
    const char *path = a_file("hopwarden.conf", whole_file(EXAMPLE), 0644);
    enum hop_rc rc = hop_conf_load(path, &conf, &err);
    ck_assert_msg(rc == HOP_OK, "%s", err.text);
    ck_assert_int_eq(hop_conf_settings(conf)->policy.mode, HOP_MODE_OBSERVE);
    ck_assert(!hop_conf_in_scope(conf, "root", 0, "sshd"));
    hop_conf_free(&conf);
}
END_TEST

/* "#name = value" and "#[section]" lines are options that wait; prose begins with "# ". */
START_TEST(the_example_is_accepted_with_everything_switched_on)
{
    char *text = whole_file(EXAMPLE), *to = text;
    bool line_start = true;
    for (const char *from = text; *from; from++) {
        bool waits = line_start && from[0] == '#' && from[1] != ' ' && from[1] != '\n';
        line_start = *from == '\n';
        if (!waits)
            *to++ = *from;
    }
    *to = 0;
    static const char *const instead[] = {"history = unix", "history = redis", "history = sentinel",
                                          "history = cluster", "hosting_networks = AS64500 file"};
    for (size_t i = 0; i < sizeof instead / sizeof instead[0]; i++) {
        char *at = strstr(text, instead[i]);
        ck_assert_ptr_nonnull(at);
        *at = '#';
    }
    struct hop_conf *conf = NULL;
    struct hop_error err = {0};
    enum hop_rc rc = hop_conf_parse("example", hop_span_of(text), &conf, &err);
    ck_assert_msg(rc == HOP_OK, "%s", err.text);
    ck_assert_uint_eq(hop_conf_tenant_sections(conf), 2);
    hop_conf_free(&conf);
}
END_TEST

HOP_SUITE_AROUND("options", folder_setup, folder_teardown,
                 the_manual_has_every_option_with_its_range_and_default,
                 the_manual_has_no_other_options, the_manuals_failure_table_is_the_default_one,
                 the_manual_shows_what_the_default_table_answers,
                 every_option_is_documented_and_named_once_in_its_section,
                 the_example_is_accepted_observes_and_judges_nobody_yet,
                 the_example_is_accepted_with_everything_switched_on)
