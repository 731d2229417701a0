/* SPDX-License-Identifier: Apache-2.0 */
/* Runs as root: secrets must be root's. Each test has a folder of its own. */
#include "store_open.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../suite.h"

static char folder[64], secret[96];
static struct hop_settings settings;
static struct hop_store *store;
static struct hop_error err;

static void setup(void)
{
    ck_assert_msg(geteuid() == 0, "these tests need root");
    snprintf(folder, sizeof folder, "/tmp/hop-open-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(secret, sizeof secret, "%s/secret", folder);
    settings = (struct hop_settings){0};
    store = NULL;
    hop_error_clear(&err);
}

static void teardown(void)
{
    if (store)
        hop_store_free(&store);
    unlink(secret);
    rmdir(folder);
}

static enum hop_rc opened(const char *url, enum hop_history_role role)
{
    if (store)
        hop_store_free(&store);
    store = NULL;
    hop_string_copy(settings.history, sizeof settings.history, url);
    return hop_store_open(&settings, role, &store, &err);
}

static void expect(const char *url, const char *name)
{
    ck_assert_msg(opened(url, HOP_HISTORY_WRITER) == HOP_OK, "%s: %s", url, err.text);
    ck_assert_str_eq(store->ops->name, name);
}

static void refused(const char *url, enum hop_rc rc, const char *words)
{
    ck_assert_msg(opened(url, HOP_HISTORY_WRITER) == rc, "%s: %s", url, err.text);
    ck_assert_ptr_null(store);
    ck_assert_msg(strstr(err.text, words) != NULL, "%s", err.text);
}

START_TEST(every_form_opens_its_store)
{
    expect("sqlite:/var/lib/hopwarden/history.db", "sqlite");
    expect("unix:/run/redis/redis.sock", "redis");
    expect("redis://192.0.2.1", "redis");
    expect("redis://192.0.2.1:6380", "redis");
    expect("redis://192.0.2.1:6380/3", "redis");
    expect("redis://192.0.2.1/3", "redis");
    expect("redis://[2001:db8::1]:6379/0", "redis");
    expect("redis://[::1]", "redis");
    expect("redis://[::1]/2", "redis");
}
END_TEST

START_TEST(replay_has_a_memory_of_its_own)
{
    ck_assert_int_eq(opened("redis://192.0.2.1", HOP_HISTORY_MEMORY), HOP_OK);
    ck_assert_str_eq(store->ops->name, "memory");
}
END_TEST

START_TEST(other_forms_are_refused)
{
    const char *others[] = {"",
                            "history.db",
                            "/var/lib/history.db",
                            "sqlite:history.db",
                            "unix:redis.sock",
                            "http://192.0.2.1"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        refused(others[i], HOP_MALFORMED, "none of the forms");
    const char *spoilt[] = {
        "redis://192.0.2.1:",    "redis://192.0.2.1:0", "redis://192.0.2.1:65536",
        "redis://192.0.2.1:63x", "redis://192.0.2.1/x", "redis://192.0.2.1/-1",
        "redis://[::1",          "redis://[::1]x",      "redis://[::1]:",
        "redis://192.0.2.1/1024"};
    for (size_t i = 0; i < sizeof spoilt / sizeof spoilt[0]; i++)
        refused(spoilt[i], HOP_MALFORMED, "none of the forms");
}
END_TEST

START_TEST(names_are_not_looked_up)
{
    refused("redis://db.example:6379", HOP_NOT_FOUND, "hopwarden resolve");
}
END_TEST

START_TEST(a_password_in_the_address_is_refused_and_not_repeated)
{
    refused("redis://anna:sesame@192.0.2.1", HOP_UNSUPPORTED, "history_secret");
    ck_assert_ptr_null(strstr(err.text, "sesame"));
}
END_TEST

static void secret_is(const char *text, mode_t mode)
{
    int fd = open(secret, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    ck_assert_int_eq(fchmod(fd, mode), 0);
    close(fd);
}

static enum hop_rc with_secret(enum hop_history_role role)
{
    hop_string_copy(settings.history_secret, sizeof settings.history_secret, secret);
    hop_string_copy(settings.helper_secret, sizeof settings.helper_secret, secret);
    return opened("unix:/run/redis.sock", role);
}

START_TEST(the_writers_secret_is_its_owners_alone)
{
    secret_is("sesame\n", 0600);
    ck_assert_int_eq(with_secret(HOP_HISTORY_WRITER), HOP_OK);
    const mode_t wide[] = {0640, 0604, 0660, 0610};
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++) {
        ck_assert_int_eq(chmod(secret, wide[i]), 0);
        ck_assert_int_eq(with_secret(HOP_HISTORY_WRITER), HOP_UNTRUSTED);
        ck_assert_ptr_nonnull(strstr(err.text, secret));
    }
}
END_TEST

START_TEST(the_helpers_secret_may_be_their_groups)
{
    secret_is("sesame\n", 0640);
    ck_assert_int_eq(with_secret(HOP_HISTORY_READER), HOP_OK);
    const mode_t wide[] = {0644, 0660, 0650};
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++) {
        ck_assert_int_eq(chmod(secret, wide[i]), 0);
        ck_assert_int_eq(with_secret(HOP_HISTORY_READER), HOP_UNTRUSTED);
    }
    ck_assert_int_eq(chmod(secret, 0640), 0);
    ck_assert_int_eq(chown(secret, 65534, 0), 0);
    ck_assert_int_eq(with_secret(HOP_HISTORY_READER), HOP_UNTRUSTED);
}
END_TEST

static enum hop_rc with_ca(const char *ca, mode_t mode)
{
    secret_is(ca, mode);
    hop_string_copy(settings.history_ca, sizeof settings.history_ca, secret);
    return opened("rediss://192.0.2.1", HOP_HISTORY_WRITER);
}

START_TEST(authorities_may_be_read_but_not_written_by_others)
{
    ck_assert_int_eq(with_ca("no certificate", 0644), HOP_MALFORMED);
    ck_assert_ptr_nonnull(strstr(err.text, "TLS: certificate authority"));
    ck_assert_int_eq(with_ca("no certificate", 0664), HOP_UNTRUSTED);
    ck_assert_ptr_nonnull(strstr(err.text, secret));
    unlink(secret);
    ck_assert_int_eq(opened("rediss://192.0.2.1", HOP_HISTORY_WRITER), HOP_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(err.text, secret));
}
END_TEST

static void key_is_refused(enum hop_history_role role, mode_t mode, enum hop_rc rc)
{
    ck_assert_int_eq(chmod(secret, mode), 0);
    ck_assert_int_eq(opened("rediss://192.0.2.1", role), rc);
}

/* The file is no certificate: that it comes to that shows that its mode was right. */
START_TEST(a_key_is_as_secret_as_a_password)
{
    secret_is("no certificate", 0600);
    hop_string_copy(settings.history_key, sizeof settings.history_key, secret);
    hop_string_copy(settings.helper_key, sizeof settings.helper_key, secret);
    hop_string_copy(settings.history_ca, sizeof settings.history_ca, secret);
    key_is_refused(HOP_HISTORY_WRITER, 0600, HOP_MALFORMED);
    key_is_refused(HOP_HISTORY_WRITER, 0640, HOP_UNTRUSTED);
    key_is_refused(HOP_HISTORY_READER, 0640, HOP_MALFORMED);
    key_is_refused(HOP_HISTORY_READER, 0644, HOP_UNTRUSTED);
}
END_TEST

START_TEST(a_secret_that_is_none_is_told)
{
    secret_is("\n", 0600);
    ck_assert_int_eq(with_secret(HOP_HISTORY_WRITER), HOP_MALFORMED);
    secret_is("", 0600);
    ck_assert_int_eq(with_secret(HOP_HISTORY_WRITER), HOP_MALFORMED);
    unlink(secret);
    ck_assert_int_eq(with_secret(HOP_HISTORY_WRITER), HOP_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(err.text, secret));
}
END_TEST

HOP_SUITE_AROUND("history/open", setup, teardown, every_form_opens_its_store,
                 replay_has_a_memory_of_its_own, other_forms_are_refused, names_are_not_looked_up,
                 a_password_in_the_address_is_refused_and_not_repeated,
                 the_writers_secret_is_its_owners_alone, the_helpers_secret_may_be_their_groups,
                 authorities_may_be_read_but_not_written_by_others,
                 a_key_is_as_secret_as_a_password, a_secret_that_is_none_is_told)
