/* SPDX-License-Identifier: Apache-2.0 */
#include "acl.h"

#include <string.h>

/* Whose part of a list a right is about. */
enum part {
    PART_OWN,  /* "p:*:acme" */
    PART_HOME, /* "p:*:home" */
    PART_LOG,  /* "log:acme" */
    PART_ALL,  /* "x:*" */
    PART_ONE   /* "freeze" */
};

/* Commands are named one by one: the categories hold commands without keys, which no pattern binds
 * (FLUSHALL is in @write, KEYS and SCAN are in @read). None here removes a member of a shared set,
 * expires, renames or copies a key. Of the shared visits only the number is read. */
static const struct right {
    enum hop_acl_user user;
    enum part part;
    const char *lists; /* one letter each, or the name of a PART_ONE */
    const char *commands;
} rights[] = {
    {HOP_ACL_TENANT, PART_OWN, "p", "+hget +hgetall +hset +hdel +watch"},
    {HOP_ACL_TENANT, PART_OWN, "d", "+hget +hlen +hset +sadd +scard +watch"},
    {HOP_ACL_TENANT, PART_OWN, "s", "+hget +hgetall +hlen +hset +hdel"},
    {HOP_ACL_TENANT, PART_LOG, "", "+xadd +xrange"},
    {HOP_ACL_TENANT, PART_HOME, "ps", "+hget +hgetall +hlen"},
    {HOP_ACL_TENANT, PART_ALL, "xfqkn", "+sadd +scard +srandmember"},
    {HOP_ACL_TENANT, PART_ALL, "y", "+sadd +scard"},
    {HOP_ACL_TENANT, PART_ONE, "freeze", "+hget"},
    {HOP_ACL_TENANT, PART_ONE, "ok:*", "+hget +hgetall"},

    {HOP_ACL_TENANT_HELPERS, PART_OWN, "ps", "+hget +hgetall +hlen"},
    {HOP_ACL_TENANT_HELPERS, PART_OWN, "d", "+hlen +scard"},
    {HOP_ACL_TENANT_HELPERS, PART_HOME, "ps", "+hget +hgetall +hlen"},
    {HOP_ACL_TENANT_HELPERS, PART_ALL, "xfqkn", "+scard +srandmember"},
    {HOP_ACL_TENANT_HELPERS, PART_ALL, "y", "+scard"},
    {HOP_ACL_TENANT_HELPERS, PART_ONE, "freeze", "+hget"},

    {HOP_ACL_HOME, PART_ONE, "*",
     "+type +unlink +watch +hget +hgetall +hlen +hscan +hset +hdel +sadd +srem +scard +sscan"
     " +srandmember +xadd +xrange +xdel"},

    {HOP_ACL_HOME_HELPERS, PART_HOME, "ps", "+hget +hgetall +hlen"},
    {HOP_ACL_HOME_HELPERS, PART_HOME, "d", "+hlen +scard"},
    {HOP_ACL_HOME_HELPERS, PART_ALL, "xfqkn", "+scard +srandmember"},
    {HOP_ACL_HOME_HELPERS, PART_ALL, "y", "+scard"},
    {HOP_ACL_HOME_HELPERS, PART_ONE, "freeze", "+hget"},

    {HOP_ACL_REVIEWER, PART_ONE, "*",
     "+type +hget +hgetall +hlen +hscan +scard +sscan +srandmember +xrange"},
};

/* SCAN names no key, so that no pattern binds it: it tells the names of all. */
static const struct {
    const char *suffix, *commands;
} users[HOP_ACL_USER_COUNT] = {
    [HOP_ACL_TENANT] = {NULL, "+auth +select +time +ping +multi +exec +unwatch"},
    [HOP_ACL_TENANT_HELPERS] = {"-keys", "+auth +select +time +ping"},
    [HOP_ACL_HOME] = {HOP_HOME, "+auth +select +time +ping +multi +exec +unwatch +scan"},
    [HOP_ACL_HOME_HELPERS] = {HOP_HOME "-keys", "+auth +select +time +ping"},
    [HOP_ACL_REVIEWER] = {"reviewer", "+auth +select +time +ping +scan"},
};

static bool ends_with(const char *name, const char *end)
{
    size_t len = strlen(name), end_len = strlen(end);
    return len >= end_len && strcmp(name + len - end_len, end) == 0;
}

const char *hop_acl_objection(const char *prefix, const char *tenant)
{
    if (strpbrk(prefix, "*?[]\\()"))
        return "the prefix of the history's keys holds a character that means more in a pattern";
    if (ends_with(tenant, "-keys"))
        return "such a name is that of another tenant's helpers";
    if (strcmp(tenant, "reviewer") == 0 || strcmp(tenant, "default") == 0)
        return "such a user is there already";
    return NULL;
}

void hop_acl_name_put(struct hop_text *text, enum hop_acl_user user, const char *tenant)
{
    if (user == HOP_ACL_TENANT || user == HOP_ACL_TENANT_HELPERS)
        hop_text_put(text, tenant);
    if (users[user].suffix)
        hop_text_put(text, users[user].suffix);
}

static void pattern_put(struct hop_text *text, const char *prefix, char list, const char *witness)
{
    hop_text_put(text, "~");
    hop_text_put(text, prefix);
    hop_text_put_char(text, list);
    hop_text_put(text, ":*");
    if (witness) {
        hop_text_put_char(text, ':');
        hop_text_put(text, witness);
    }
    hop_text_put_char(text, ' ');
}

static void right_put(struct hop_text *text, const struct right *right, const char *prefix,
                      const char *tenant)
{
    const char *witness = right->part == PART_HOME ? HOP_HOME : tenant;
    hop_text_put(text, " (");
    if (right->part == PART_LOG || right->part == PART_ONE) {
        hop_text_put(text, "~");
        hop_text_put(text, prefix);
        hop_text_put(text, right->part == PART_LOG ? "log:" : right->lists);
        hop_text_put(text, right->part == PART_LOG ? tenant : "");
        hop_text_put_char(text, ' ');
    } else {
        for (const char *list = right->lists; *list; list++)
            pattern_put(text, prefix, *list, right->part == PART_ALL ? NULL : witness);
    }
    hop_text_put(text, right->commands);
    hop_text_put_char(text, ')');
}

/* What finding the right server takes: whether it is the primary, whose a slot is. */
static const char *finding(enum hop_url_kind kind)
{
    if (kind == HOP_URL_SENTINEL)
        return " +role";
    return kind == HOP_URL_CLUSTER ? " +cluster|slots +asking" : "";
}

static void user_put(struct hop_text *text, enum hop_acl_user user, const char *tenant)
{
    hop_text_put(text, "user ");
    hop_acl_name_put(text, user, tenant);
    hop_text_put(text, " on -@all ");
}

void hop_acl_put(struct hop_text *text, enum hop_acl_user user, enum hop_url_kind kind,
                 const char *prefix, const char *tenant)
{
    user_put(text, user, tenant);
    hop_text_put(text, users[user].commands);
    hop_text_put(text, finding(kind));
    for (size_t i = 0; i < sizeof rights / sizeof *rights; i++)
        if (rights[i].user == user)
            right_put(text, &rights[i], prefix, tenant);
}

void hop_acl_sentinel_put(struct hop_text *text, enum hop_acl_user user, const char *tenant)
{
    user_put(text, user, tenant);
    hop_text_put(text, "+auth +sentinel|get-master-addr-by-name");
}
