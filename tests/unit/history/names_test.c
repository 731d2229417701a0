/* SPDX-License-Identifier: Apache-2.0 */
/* Each test has a folder of its own. */
#include "names.h"
#include "store_open.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../suite.h"

static char folder[64], path[96];
static struct hop_settings settings;
static struct hop_names names;
static struct hop_error err;

static void setup(void)
{
    snprintf(folder, sizeof folder, "/tmp/hop-names-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/names", folder);
    settings = (struct hop_settings){.tenant = "acme"};
    snprintf(settings.fallback, sizeof settings.fallback, "%s/fallback.db", folder);
    hop_error_clear(&err);
}

static void teardown(void)
{
    unlink(path);
    ck_assert_int_eq(rmdir(folder), 0);
}

static enum hop_rc recalled(const char *url)
{
    hop_string_copy(settings.history, sizeof settings.history, url);
    return hop_names_recall(&settings, &names, &err);
}

static void file_is(const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
    ck_assert_int_eq(chmod(path, mode), 0);
}

static enum hop_rc opened(void)
{
    struct hop_store *store = NULL;
    enum hop_rc rc = hop_store_open(&settings, HOP_HISTORY_WRITER, &store, &err);
    hop_store_free(&store);
    return rc;
}

START_TEST(addresses_are_no_names)
{
    ck_assert_int_eq(recalled("redis://[::1]:6379"), HOP_OK);
    ck_assert_uint_eq(names.count, 0);
    ck_assert_int_eq(recalled("sqlite:/h.db"), HOP_OK);
    ck_assert_uint_eq(names.count, 0);
}
END_TEST

START_TEST(a_name_without_an_answer_is_there_without_address)
{
    ck_assert_int_eq(recalled("redis://redis.example:6380"), HOP_OK);
    ck_assert_uint_eq(names.count, 1);
    ck_assert_str_eq(names.items[0].host, "redis.example");
    ck_assert_uint_eq(names.items[0].port, 6380);
    ck_assert_uint_eq(names.items[0].count, 0);
    ck_assert_int_eq(opened(), HOP_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(err.text, "redis.example is not known yet: hopwarden resolve"));
}
END_TEST

START_TEST(what_is_kept_is_recalled)
{
    ck_assert_int_eq(recalled("redis://redis.example:6380"), HOP_OK);
    names.items[0].time = 1795512600;
    names.items[0].count = 2;
    ck_assert(hop_address_parse(hop_span_of("192.0.2.1"), &names.items[0].addresses[0]));
    ck_assert(hop_address_parse(hop_span_of("2001:db8::1"), &names.items[0].addresses[1]));
    ck_assert_int_eq(hop_names_keep(&settings, &names, &err), HOP_OK);
    struct stat status;
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_uint_eq(status.st_mode & 07777, 0644);
    ck_assert_int_eq(recalled("redis://redis.example:6380"), HOP_OK);
    ck_assert_int_eq(names.items[0].time, 1795512600);
    ck_assert_uint_eq(names.items[0].count, 2);
    ck_assert_uint_eq(names.items[0].addresses[1].family, 6);
    ck_assert_int_eq(opened(), HOP_OK);
    ck_assert_int_eq(recalled("redis://other.example"), HOP_OK);
    ck_assert_uint_eq(names.items[0].count, 0);
}
END_TEST

START_TEST(a_file_that_others_could_write_is_not_believed)
{
    file_is("hopwarden names 1\nredis.example 1 192.0.2.1\n", 0664);
    ck_assert_int_eq(recalled("redis://redis.example"), HOP_UNTRUSTED);
    ck_assert_uint_eq(names.count, 1);
    ck_assert_uint_eq(names.items[0].count, 0);
    ck_assert_int_eq(opened(), HOP_UNTRUSTED);
    ck_assert_int_eq(chmod(path, 0644), 0);
    ck_assert_int_eq(opened(), HOP_OK);
}
END_TEST

START_TEST(a_spoilt_file_is_told_and_nothing_of_it_used)
{
    static const char *const spoilt[] = {"",
                                         "redis.example 1 192.0.2.1\n",
                                         "hopwarden names 2\nredis.example 1 192.0.2.1\n",
                                         "hopwarden names 1\nredis.example 1 192.0.2.1",
                                         "hopwarden names 1\nredis.example 1\n",
                                         "hopwarden names 1\nredis.example 192.0.2.1\n",
                                         "hopwarden names 1\nredis.example -1 192.0.2.1\n",
                                         "hopwarden names 1\nredis.example 1 redis.example\n",
                                         "hopwarden names 1\nredis.example 1 ::1 ::2 ::3 ::4 ::5\n",
                                         "hopwarden names 1\nredis.example 1 192.0.2.1\n\n"};
    for (size_t i = 0; i < sizeof spoilt / sizeof spoilt[0]; i++) {
        file_is(spoilt[i], 0644);
        ck_assert_msg(recalled("redis://redis.example") == HOP_MALFORMED, "%s", spoilt[i]);
        ck_assert_uint_eq(names.items[0].count, 0);
        ck_assert_ptr_nonnull(strstr(err.text, path));
    }
}
END_TEST

HOP_SUITE_AROUND("history/names", setup, teardown, addresses_are_no_names,
                 a_name_without_an_answer_is_there_without_address, what_is_kept_is_recalled,
                 a_file_that_others_could_write_is_not_believed,
                 a_spoilt_file_is_told_and_nothing_of_it_used)
