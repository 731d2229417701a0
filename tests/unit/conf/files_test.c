/* SPDX-License-Identifier: Apache-2.0 */
/* Which files are read, and which are not believed. Runs as root: owners can be had no other way.
 */
#include "sample.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../suite.h"

#define TOP "[hopwarden]\ntenant = acme\n"

static enum hop_rc load(const char *path, struct hop_error *err)
{
    struct hop_conf *conf = NULL;
    hop_error_clear(err);
    enum hop_rc rc = hop_conf_load(path, &conf, err);
    hop_conf_free(&conf);
    return rc;
}

START_TEST(no_file_is_not_found)
{
    struct hop_error err;
    ck_assert_int_eq(load(in_folder("none.conf"), &err), HOP_NOT_FOUND);
}
END_TEST

START_TEST(a_file_that_others_may_write_is_not_used)
{
    struct hop_error err;
    char sentence[300];
    const char *path = a_file("h.conf", TOP, 0664);
    ck_assert_int_eq(load(path, &err), HOP_UNTRUSTED);
    snprintf(sentence, sizeof sentence, "%s: mode 0664 is too wide", path);
    ck_assert_str_eq(err.text, sentence);
    ck_assert_int_eq(chmod(path, 0646), 0);
    ck_assert_int_eq(load(path, &err), HOP_UNTRUSTED);
    ck_assert_int_eq(chmod(path, 0644), 0);
    ck_assert_int_eq(load(path, &err), HOP_OK);
    ck_assert_int_eq(chown(path, 65534, 0), 0);
    ck_assert_int_eq(load(path, &err), HOP_UNTRUSTED);
}
END_TEST

START_TEST(conf_d_is_read_in_the_order_of_names_and_only_conf_files)
{
    struct hop_error err = {0};
    struct hop_conf *conf = NULL;
    const char *path = a_file("h.conf", TOP, 0644);
    ck_assert_int_eq(mkdir(in_folder("conf.d"), 0755), 0);
    a_file("conf.d/20-b.conf", "[tenant \"beta\"]\n", 0644);
    a_file("conf.d/10-a.conf", "[home]\nnetworks = 192.0.2.0/24", 0644);
    a_file("conf.d/30-c.conf~", "rubbish", 0666);
    a_file("conf.d/.40-d.conf", "rubbish", 0666);
    ck_assert_int_eq(hop_conf_load(path, &conf, &err), HOP_OK);
    ck_assert_str_eq(hop_conf_tenant_name(conf, 0), "beta");
    hop_conf_free(&conf);
}
END_TEST

START_TEST(trouble_in_conf_d_names_its_file)
{
    struct hop_error err;
    char sentence[600];
    const char *path = a_file("h.conf", TOP, 0644);
    ck_assert_int_eq(mkdir(in_folder("conf.d"), 0755), 0);
    const char *more = a_file("conf.d/a.conf", "\n[hopwarden]\n", 0644);
    ck_assert_int_eq(load(path, &err), HOP_MALFORMED);
    snprintf(sentence, sizeof sentence, "%s:2: section [hopwarden] stands already at %s:1", more,
             path);
    ck_assert_str_eq(err.text, sentence);
    ck_assert_int_eq(unlink(more), 0);
    a_file("conf.d/b.conf", "mode = observe\n", 0644);
    ck_assert_int_eq(load(path, &err), HOP_MALFORMED);
    ck_assert_int_eq(unlink(in_folder("conf.d/b.conf")), 0);
    a_file("conf.d/c.conf", "[home]\n", 0666);
    ck_assert_int_eq(load(path, &err), HOP_UNTRUSTED);
}
END_TEST

START_TEST(a_conf_d_that_others_may_write_is_not_used)
{
    struct hop_error err;
    const char *path = a_file("h.conf", TOP, 0644);
    ck_assert_int_eq(mkdir(in_folder("conf.d"), 0755), 0);
    ck_assert_int_eq(chmod(in_folder("conf.d"), 0775), 0);
    ck_assert_int_eq(load(path, &err), HOP_UNTRUSTED);
    ck_assert_int_eq(chmod(in_folder("conf.d"), 0755), 0);
    ck_assert_int_eq(load(path, &err), HOP_OK);
    ck_assert_int_eq(chown(in_folder("conf.d"), 65534, 0), 0);
    ck_assert_int_eq(load(path, &err), HOP_UNTRUSTED);
}
END_TEST

START_TEST(all_files_together_are_bounded)
{
    struct hop_error err;
    size_t half = HOP_CONF_BYTES_MAX / 2 + 1;
    char *text = malloc(half + 1);
    ck_assert_ptr_nonnull(text);
    memset(text, '\n', half);
    memcpy(text, TOP, strlen(TOP));
    text[half] = 0;
    const char *path = a_file("h.conf", text, 0644);
    ck_assert_int_eq(load(path, &err), HOP_OK);
    ck_assert_int_eq(mkdir(in_folder("conf.d"), 0755), 0);
    memset(text, '\n', half);
    a_file("conf.d/a.conf", text, 0644);
    free(text);
    ck_assert_int_eq(load(path, &err), HOP_LIMIT);
}
END_TEST

START_TEST(a_hosting_file_is_read_and_its_trouble_named)
{
    struct hop_error err;
    char text[400], sentence[300];
    const char *list = a_file("list", "# made by hand\n203.0.113.0/24 # here\n\nAS64500\n", 0644);
    snprintf(text, sizeof text, "hosting_networks = file:%s\n", list);
    struct hop_conf *conf = a_conf(text);
    struct hop_address address = an_address("203.0.113.9");
    ck_assert(hop_conf_is_hosting(conf, &address, 0));
    address = an_address("203.0.114.9");
    ck_assert(!hop_conf_is_hosting(conf, &address, 0));
    ck_assert(hop_conf_is_hosting(conf, &address, 64500));
    hop_conf_free(&conf);
    a_file("list", "AS1\nnonsense\n", 0644);
    snprintf(text, sizeof text, TOP "hosting_networks = file:%s\n", list);
    snprintf(sentence, sizeof sentence, "%s:2: \"nonsense\" is neither a prefix nor an AS number",
             list);
    ck_assert_str_eq(refusal(text), sentence);
    ck_assert_int_eq(chmod(list, 0666), 0);
    snprintf(sentence, sizeof sentence, "t.conf:3: %s: mode 0666 is too wide", list);
    hop_error_clear(&err);
    ck_assert_str_eq(refusal(text), sentence);
}
END_TEST

HOP_SUITE_AROUND("files", folder_setup, folder_teardown, no_file_is_not_found,
                 a_file_that_others_may_write_is_not_used,
                 conf_d_is_read_in_the_order_of_names_and_only_conf_files,
                 trouble_in_conf_d_names_its_file, a_conf_d_that_others_may_write_is_not_used,
                 all_files_together_are_bounded, a_hosting_file_is_read_and_its_trouble_named)
