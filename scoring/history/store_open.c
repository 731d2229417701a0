/* SPDX-License-Identifier: Apache-2.0 */
#include "store_open.h"
#include "file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECRET_MAX 1024
#define REDIS_PORT 6379
#define REDIS_DATABASE_MAX 1023

static bool begins(const char *url, const char *scheme, const char **ret_rest)
{
    size_t len = strlen(scheme);
    if (strncmp(url, scheme, len) != 0)
        return false;
    *ret_rest = url + len;
    return true;
}

/* The helpers run as a user of their own, to whom root lends a secret through the group. */
static struct hop_file_rule secret_rule(enum hop_history_role role)
{
    struct hop_file_rule rule = {.owner = geteuid(), .forbidden = 077, .most = SECRET_MAX};
    if (role == HOP_HISTORY_READER) {
        rule.owner = 0;
        rule.forbidden = 037;
    }
    return rule;
}

/* The file's first line; no file is an empty secret. */
static enum hop_rc secret_read(const char *path, enum hop_history_role role,
                               char ret_secret[SECRET_MAX + 1], struct hop_error *err)
{
    ret_secret[0] = '\0';
    if (!path[0])
        return HOP_OK;
    const struct hop_file_rule rule = secret_rule(role);
    char *bytes;
    size_t len;
    enum hop_rc rc = hop_file_read(path, &rule, &bytes, &len, err);
    if (rc != HOP_OK) {
        hop_error_within(err, "secret");
        return rc;
    }
    struct hop_span rest = {bytes, len}, line = {0};
    hop_span_cut(&rest, '\n', &line);
    line = hop_span_trim(line);
    bool fits = line.len > 0 && hop_span_copy(line, ret_secret, SECRET_MAX + 1);
    explicit_bzero(bytes, len);
    free(bytes);
    return fits ? HOP_OK : hop_error_set(err, HOP_MALFORMED, "secret %s: holds none", path);
}

static enum hop_rc redis_open(struct hop_redis_setup *setup, const struct hop_settings *settings,
                              enum hop_history_role role, struct hop_store **ret_store,
                              struct hop_error *err)
{
    bool reader = role == HOP_HISTORY_READER;
    char secret[SECRET_MAX + 1];
    enum hop_rc rc =
        secret_read(reader ? settings->helper_secret : settings->history_secret, role, secret, err);
    setup->user = reader ? settings->helper_user : settings->history_user;
    setup->secret = secret;
    if (rc == HOP_OK)
        rc = hop_store_redis_new(setup, ret_store, err);
    explicit_bzero(secret, sizeof secret);
    return rc;
}

/* "[::1]:6379/0" -> "::1" and ":6379/0" */
static bool host_cut(struct hop_span *rest, struct hop_span *ret_host)
{
    if (rest->len && rest->at[0] == '[') {
        struct hop_span inner = {rest->at + 1, rest->len - 1};
        if (!hop_span_cut(&inner, ']', ret_host) || !inner.at)
            return false;
        *rest = inner;
        return true;
    }
    size_t len = 0;
    while (len < rest->len && rest->at[len] != ':' && rest->at[len] != '/')
        len++;
    *ret_host = (struct hop_span){rest->at, len};
    *rest = (struct hop_span){rest->at + len, rest->len - len};
    return true;
}

/* ":6379/0", each part at most once */
static bool port_and_database_parse(struct hop_span rest, struct hop_redis_setup *setup)
{
    int64_t port = REDIS_PORT, database = 0;
    struct hop_span front;
    if (!hop_span_cut(&rest, '/', &front))
        return false;
    if (front.len &&
        (front.at[0] != ':' ||
         !hop_span_int64((struct hop_span){front.at + 1, front.len - 1}, 1, UINT16_MAX, &port)))
        return false;
    if (rest.len && !hop_span_int64(rest, 0, REDIS_DATABASE_MAX, &database))
        return false;
    setup->port = (uint16_t)port;
    setup->database = (int)database;
    return true;
}

static enum hop_rc tcp_open(const char *url, const char *place, const struct hop_settings *settings,
                            enum hop_history_role role, struct hop_store **ret_store,
                            struct hop_error *err)
{
    struct hop_span rest = hop_span_of(place), host;
    struct hop_redis_setup setup = {0};
    if (strchr(place, '@'))
        return hop_error_set(err, HOP_UNSUPPORTED,
                             "history: user and password belong in history_user and"
                             " history_secret, not in the address");
    if (!host_cut(&rest, &host) || !port_and_database_parse(rest, &setup))
        return hop_error_set(err, HOP_MALFORMED, "history %s: not redis://address[:port][/number]",
                             url);
    struct hop_address address;
    char text[HOP_ADDRESS_TEXT_MAX];
    struct hop_text out = hop_text_over(text, sizeof text);
    if (!hop_address_parse(host, &address))
        return hop_error_set(err, HOP_UNSUPPORTED,
                             "history %s: only numeric addresses, names are not looked up", url);
    hop_address_put(&out, &address);
    setup.address = text;
    return redis_open(&setup, settings, role, ret_store, err);
}

static bool to_come(const char *url)
{
    const char *rest;
    return begins(url, "rediss:", &rest) || begins(url, "sentinel:", &rest) ||
           begins(url, "cluster:", &rest);
}

enum hop_rc hop_store_open(const struct hop_settings *settings, enum hop_history_role role,
                           struct hop_store **ret_store, struct hop_error *err)
{
    const char *url = settings->history, *rest;
    if (role == HOP_HISTORY_MEMORY || role == HOP_HISTORY_REPLAY)
        return hop_store_memory_new(ret_store, err);
    if (begins(url, "sqlite:/", &rest))
        return hop_store_sqlite_new(rest - 1, role == HOP_HISTORY_READER, ret_store, err);
    if (begins(url, "unix:/", &rest)) {
        struct hop_redis_setup setup = {.unix_path = rest - 1};
        return redis_open(&setup, settings, role, ret_store, err);
    }
    if (begins(url, "redis://", &rest))
        return tcp_open(url, rest, settings, role, ret_store, err);
    if (to_come(url))
        return hop_error_set(err, HOP_UNSUPPORTED,
                             "history %s: TLS, Sentinel and Cluster are not supported yet", url);
    return hop_error_set(err, HOP_MALFORMED,
                         "history %s: must begin with sqlite:/, unix:/ or redis://", url);
}
