/* SPDX-License-Identifier: Apache-2.0 */
#include "sample.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../suite.h"

#define TOP "[hopwarden]\ntenant = acme\n"

static struct hop_conf *conf;
static struct hop_error err;
static bool stale;
static char path[256], folder[256];

static void setup(void)
{
    folder_setup();
    strcpy(path, a_file("h.conf", TOP, 0644));
    strcpy(folder, in_folder("state"));
    ck_assert_int_eq(mkdir(folder, 0755), 0);
}

static enum hop_rc load(const char *state)
{
    hop_conf_free(&conf);
    hop_error_clear(&err);
    stale = true;
    return hop_conf_load_last_good(path, state, &conf, &stale, &err);
}

/* The copy of <private folder>/h.conf. */
static const char *copy(void)
{
    static char name[512];
    struct hop_text text = hop_text_over(name, sizeof name);
    hop_text_format(&text, "%s/", folder);
    for (const char *at = path; *at; at++)
        hop_text_put(&text, *at == '/' ? "%2F" : (char[]){*at, 0});
    hop_text_put(&text, ".last-good");
    return name;
}

START_TEST(a_good_configuration_is_kept_under_its_coded_path)
{
    struct stat status;
    ck_assert_int_eq(load(folder), HOP_OK);
    ck_assert(!stale);
    ck_assert_str_eq(err.text, "");
    ck_assert_int_eq(stat(copy(), &status), 0);
    ck_assert_int_eq(status.st_mode & 07777, 0644);
}
END_TEST

START_TEST(a_broken_one_yields_to_the_copy_and_says_why)
{
    char sentence[600];
    ck_assert_int_eq(load(folder), HOP_OK);
    a_file("h.conf", TOP "tennant = x\n", 0644);
    ck_assert_int_eq(load(folder), HOP_OK);
    ck_assert(stale);
    ck_assert_str_eq(hop_conf_settings(conf)->tenant, "acme");
    snprintf(sentence, sizeof sentence, "%s:3: unknown option \"tennant\" in section [hopwarden]",
             path);
    ck_assert_str_eq(err.text, sentence);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(load(folder), HOP_OK);
    ck_assert(stale);
}
END_TEST

START_TEST(the_copy_follows_every_good_change)
{
    ck_assert_int_eq(load(folder), HOP_OK);
    a_file("h.conf", TOP "mode = enforce\n", 0644);
    ck_assert_int_eq(load(folder), HOP_OK);
    a_file("h.conf", "", 0644);
    ck_assert_int_eq(load(folder), HOP_OK);
    ck_assert(stale);
    ck_assert_int_eq(hop_conf_settings(conf)->policy.mode, HOP_MODE_ENFORCE);
}
END_TEST

START_TEST(an_unchanged_copy_is_not_written_again)
{
    struct stat before, after;
    ck_assert_int_eq(load(folder), HOP_OK);
    ck_assert_int_eq(stat(copy(), &before), 0);
    ck_assert_int_eq(load(folder), HOP_OK);
    ck_assert_int_eq(stat(copy(), &after), 0);
    ck_assert_uint_eq(before.st_ino, after.st_ino);
}
END_TEST

START_TEST(the_copy_holds_conf_d_as_well)
{
    ck_assert_int_eq(mkdir(in_folder("conf.d"), 0755), 0);
    a_file("conf.d/a.conf", "[tenant \"beta\"]\n# end without newline", 0644);
    a_file("conf.d/b.conf", "[tenant \"gamma\"]\n", 0644);
    ck_assert_int_eq(load(folder), HOP_OK);
    a_file("conf.d/b.conf", "rubbish\n", 0644);
    ck_assert_int_eq(load(folder), HOP_OK);
    ck_assert(stale);
    ck_assert_uint_eq(hop_conf_tenant_sections(conf), 2);
}
END_TEST

START_TEST(without_copy_or_folder_the_error_stands)
{
    a_file("h.conf", "rubbish\n", 0644);
    ck_assert_int_eq(load(folder), HOP_MALFORMED);
    ck_assert_ptr_null(conf);
    ck_assert_int_eq(load(NULL), HOP_MALFORMED);
    ck_assert_int_eq(load(in_folder("nowhere")), HOP_MALFORMED);
    a_file("h.conf", TOP, 0644);
    ck_assert_int_eq(load(NULL), HOP_OK);
    ck_assert(!stale);
    ck_assert_int_ne(access(copy(), F_OK), 0);
}
END_TEST

START_TEST(a_copy_that_cannot_be_kept_is_told_and_spoils_nothing)
{
    ck_assert_int_eq(load(in_folder("nowhere")), HOP_OK);
    ck_assert(!stale);
    ck_assert(strstr(err.text, "nowhere") != NULL);
}
END_TEST

START_TEST(a_copy_that_others_may_write_is_not_used)
{
    ck_assert_int_eq(load(folder), HOP_OK);
    ck_assert_int_eq(chmod(copy(), 0666), 0);
    a_file("h.conf", "rubbish\n", 0644);
    ck_assert_int_eq(load(folder), HOP_MALFORMED);
}
END_TEST

START_TEST(a_broken_list_of_networks_does_not_take_the_copy_with_it)
{
    char text[400];
    const char *list = a_file("list", "AS64500\n", 0644);
    snprintf(text, sizeof text, TOP "hosting_networks = file:%s AS64501\n", list);
    a_file("h.conf", text, 0644);
    ck_assert_int_eq(load(folder), HOP_OK);
    a_file("list", "nonsense\n", 0644);
    ck_assert_int_eq(load(folder), HOP_OK);
    ck_assert(stale);
    ck_assert(strstr(err.text, "list:1: \"nonsense\"") != NULL);
    struct hop_address address = {0};
    ck_assert(hop_conf_is_hosting(conf, &address, 64501));
}
END_TEST

HOP_SUITE_AROUND("last_good", setup, folder_teardown,
                 a_good_configuration_is_kept_under_its_coded_path,
                 a_broken_one_yields_to_the_copy_and_says_why, the_copy_follows_every_good_change,
                 an_unchanged_copy_is_not_written_again, the_copy_holds_conf_d_as_well,
                 without_copy_or_folder_the_error_stands,
                 a_copy_that_cannot_be_kept_is_told_and_spoils_nothing,
                 a_copy_that_others_may_write_is_not_used,
                 a_broken_list_of_networks_does_not_take_the_copy_with_it)
