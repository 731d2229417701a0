/* SPDX-License-Identifier: Apache-2.0 */
/* Mode enforce on trial: when it holds, by which clock, and what is refused. */
#include "sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../suite.h"

#define BEGUN 1795512600
#define BOOT "0b5a0c2e-8f7e-4a67-a8f1-3d1f6e2c9a10"
#define OTHER_BOOT "1b5a0c2e-8f7e-4a67-a8f1-3d1f6e2c9a10"
#define ID "01JD8Z0M2N3P4Q5R6S7T8V9WXY"

static struct hop_trial quarter_of_an_hour(void)
{
    return (struct hop_trial){.since = BEGUN, .until = BEGUN + 900, .boot = BOOT "/5900"};
}

static enum hop_trial_state at(const struct hop_trial *trial, int64_t now, const char *boot,
                               int64_t boot_s)
{
    struct hop_trial_clock clock = {.now = now, .boot_s = boot_s};
    hop_string_copy(clock.boot, sizeof clock.boot, boot);
    return hop_trial_state(trial, &clock);
}

START_TEST(it_holds_until_its_time_is_over)
{
    struct hop_trial trial = quarter_of_an_hour(), none = {0};
    ck_assert_int_eq(at(&trial, BEGUN, BOOT, 5000), HOP_TRIAL_RUNNING);
    ck_assert_int_eq(at(&trial, BEGUN + 899, BOOT, 5899), HOP_TRIAL_RUNNING);
    ck_assert_int_eq(at(&trial, BEGUN + 900, BOOT, 5899), HOP_TRIAL_LAPSED);
    ck_assert_int_eq(at(&trial, BEGUN + 9000000, BOOT, 5899), HOP_TRIAL_LAPSED);
    ck_assert_int_eq(at(&none, BEGUN, BOOT, 5000), HOP_TRIAL_NONE);
}
END_TEST

START_TEST(a_clock_that_is_set_back_makes_it_no_longer)
{
    struct hop_trial trial = quarter_of_an_hour();
    ck_assert_int_eq(at(&trial, BEGUN + 10, BOOT, 5899), HOP_TRIAL_RUNNING);
    ck_assert_int_eq(at(&trial, BEGUN + 10, BOOT, 5900), HOP_TRIAL_LAPSED);
    ck_assert_int_eq(at(&trial, BEGUN - 300, BOOT, 5010), HOP_TRIAL_RUNNING);
    ck_assert_int_eq(at(&trial, BEGUN - 301, BOOT, 5010), HOP_TRIAL_LAPSED);
    ck_assert_int_eq(at(&trial, 0, BOOT, 5010), HOP_TRIAL_LAPSED);
}
END_TEST

START_TEST(after_a_reboot_the_wall_clock_decides)
{
    struct hop_trial trial = quarter_of_an_hour();
    ck_assert_int_eq(at(&trial, BEGUN + 600, OTHER_BOOT, 30), HOP_TRIAL_RUNNING);
    ck_assert_int_eq(at(&trial, BEGUN + 600, OTHER_BOOT, 999999), HOP_TRIAL_RUNNING);
    ck_assert_int_eq(at(&trial, BEGUN + 900, OTHER_BOOT, 30), HOP_TRIAL_LAPSED);
    ck_assert_int_eq(at(&trial, 1000, OTHER_BOOT, 30), HOP_TRIAL_LAPSED);
    trial.boot[0] = '\0';
    ck_assert_int_eq(at(&trial, BEGUN + 600, "", 999999), HOP_TRIAL_RUNNING);
}
END_TEST

START_TEST(confirmed_it_stays)
{
    struct hop_trial trial = quarter_of_an_hour();
    hop_string_copy(trial.confirmed, sizeof trial.confirmed, ID);
    ck_assert_int_eq(at(&trial, BEGUN + 9000000, BOOT, 999999), HOP_TRIAL_CONFIRMED);
    ck_assert_int_eq(at(&trial, 0, OTHER_BOOT, 0), HOP_TRIAL_CONFIRMED);
}
END_TEST

static enum hop_mode mode_with(const char *section, enum hop_trial_state *ret_state)
{
    char text[512];
    snprintf(text, sizeof text, "mode = step_up\n%s", section);
    struct hop_conf *conf = a_conf(text);
    const struct hop_settings *settings = hop_conf_settings(conf);
    enum hop_mode mode = settings->policy.mode;
    ck_assert_int_eq(settings->file_mode, HOP_MODE_STEP_UP);
    *ret_state = settings->trial_state;
    hop_conf_free(&conf);
    return mode;
}

START_TEST(the_mode_in_force_follows_it)
{
    enum hop_trial_state state;
    ck_assert_int_eq(mode_with("", &state), HOP_MODE_STEP_UP);
    ck_assert_int_eq(state, HOP_TRIAL_NONE);
    ck_assert_int_eq(mode_with("[enforce]\nsince = 2020-01-01T00:00:00Z\nuntil = "
                               "2020-01-01T00:15:00Z\n",
                               &state),
                     HOP_MODE_STEP_UP);
    ck_assert_int_eq(state, HOP_TRIAL_LAPSED);
    ck_assert_int_eq(
        mode_with("[enforce]\nsince = 2020-01-01T00:00:00Z\nconfirmed = " ID "\n", &state),
        HOP_MODE_ENFORCE);
    ck_assert_int_eq(state, HOP_TRIAL_CONFIRMED);
}
END_TEST

START_TEST(the_dump_keeps_it_and_the_files_own_mode)
{
    struct hop_conf *conf = a_conf("mode = observe\n[enforce]\nsince = 2020-01-01T00:00:00Z\n"
                                   "until = 2020-01-01T00:15:00Z\nboot = " BOOT "/5900\nlogin = " ID
                                   "\nconfirmed = " ID "\n");
    char *dump = a_dump(conf);
    ck_assert_ptr_nonnull(strstr(dump, "mode = observe\n"));
    ck_assert_ptr_nonnull(strstr(dump, "[enforce]\nsince = 2020-01-01T00:00:00Z\n"
                                       "until = 2020-01-01T00:15:00Z\nboot = " BOOT "/5900\n"
                                       "login = " ID "\nconfirmed = " ID "\n"));
    free(dump);
    hop_conf_free(&conf);
}
END_TEST

START_TEST(what_the_command_would_not_write_is_refused)
{
    static const struct {
        const char *text, *sentence;
    } wrong[] = {
        {"[enforce]\n", "section [enforce] needs since"},
        {"[enforce]\nuntil = 2020-01-01T00:15:00Z\n", "section [enforce] needs since"},
        {"[enforce]\nsince = 2020-01-01T00:00:00Z\n", "until is not within a day after since"},
        {"[enforce]\nsince = 2020-01-01T00:00:00Z\nuntil = 2020-01-01T00:00:00Z\n",
         "until is not within a day after since"},
        {"[enforce]\nsince = 2020-01-01T00:00:00Z\nuntil = 2020-01-02T00:00:01Z\n",
         "until is not within a day after since"},
        {"[enforce]\nsince = yesterday\n", "since: \"yesterday\" is not a time"},
        {"[enforce]\nconfirmed = me\n", "confirmed: \"me\" is not a login id"},
        {"[enforce \"x\"]\n", "takes no name"},
        {"[enforce]\nmode = enforce\n", "unknown option \"mode\""},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[256];
        snprintf(text, sizeof text, "[hopwarden]\ntenant = acme\n%s", wrong[i].text);
        ck_assert_msg(strstr(refusal(text), wrong[i].sentence) != NULL, "%s: %s", text,
                      refusal(text));
    }
}
END_TEST

HOP_SUITE("trial", it_holds_until_its_time_is_over, a_clock_that_is_set_back_makes_it_no_longer,
          after_a_reboot_the_wall_clock_decides, confirmed_it_stays, the_mode_in_force_follows_it,
          the_dump_keeps_it_and_the_files_own_mode, what_the_command_would_not_write_is_refused)
