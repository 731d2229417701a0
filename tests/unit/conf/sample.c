/* SPDX-License-Identifier: Apache-2.0 */
#include "sample.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

struct hop_conf *a_conf(const char *text)
{
    char whole[65536];
    struct hop_conf *conf = NULL;
    struct hop_error err = {0};
    int len = snprintf(whole, sizeof whole, "[hopwarden]\ntenant = acme\n%s", text);
    ck_assert_int_lt(len, (int)sizeof whole);
    enum hop_rc rc = hop_conf_parse("t.conf", hop_span_of(whole), &conf, &err);
    ck_assert_msg(rc == HOP_OK, "%s", err.text);
    return conf;
}

const char *refusal_of(struct hop_span text)
{
    static struct hop_error err;
    struct hop_conf *conf = NULL;
    hop_error_clear(&err);
    enum hop_rc rc = hop_conf_parse("t.conf", text, &conf, &err);
    ck_assert_msg(rc != HOP_OK, "accepted: %.*s", (int)text.len, text.at);
    ck_assert_int_eq(err.rc, rc);
    ck_assert_ptr_null(conf);
    return err.text;
}

const char *refusal(const char *text)
{
    return refusal_of(hop_span_of(text));
}

char *a_dump(const struct hop_conf *conf)
{
    char *text = NULL;
    struct hop_error err = {0};
    ck_assert_int_eq(hop_conf_dump(conf, &text, &err), HOP_OK);
    return text;
}

struct hop_address an_address(const char *text)
{
    struct hop_address address = {0};
    ck_assert(!*text || hop_address_parse(hop_span_of(text), &address));
    return address;
}

void folder_setup(void)
{
    ck_assert_msg(geteuid() == 0, "these tests need root");
    snprintf(folder, sizeof folder, "/tmp/hop-conf-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

void folder_teardown(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

const char *in_folder(const char *name)
{
    static char paths[8][256];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

const char *a_file(const char *name, const char *text, mode_t mode)
{
    const char *path = in_folder(name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    ck_assert_int_eq(fchmod(fd, mode), 0);
    close(fd);
    return path;
}
