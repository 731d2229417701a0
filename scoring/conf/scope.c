/* SPDX-License-Identifier: Apache-2.0 */
#include "conf_parts.h"

#include <errno.h>
#include <fnmatch.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"

static bool matches(const struct hop_words *patterns, const char *name)
{
    for (size_t i = 0; i < patterns->count; i++)
        if (patterns->items[i][0] != '@' && fnmatch(patterns->items[i], name, 0) == 0)
            return true;
    return false;
}

/* "anna,bert" */
static bool lists_member(struct hop_span members, const char *account)
{
    struct hop_span member;
    while (hop_span_cut(&members, ',', &member))
        if (hop_span_is(member, account))
            return true;
    return false;
}

bool hop_group_has(struct hop_span file, const char *group, const char *account, long primary_gid)
{
    struct hop_span line, name, password, gid;
    while (hop_span_cut(&file, '\n', &line)) {
        int64_t number;
        if (!hop_span_cut(&line, ':', &name) || !hop_span_is(name, group) ||
            !hop_span_cut(&line, ':', &password) || !hop_span_cut(&line, ':', &gid) || !line.at)
            continue;
        if (hop_span_int64(gid, 0, UINT32_MAX, &number) && number == primary_gid)
            return true;
        if (lists_member(line, account))
            return true;
    }
    return false;
}

/* Whoever might be in a group that cannot be read is judged: to make a file unreadable for a moment
 * must not be a way past. */
static bool in_file_groups(const struct hop_words *patterns, const char *path, const char *account,
                           long primary_gid)
{
    struct hop_file_rule rule = {.owner = 0, .forbidden = 022, .most = HOP_GROUP_BYTES_MAX};
    char *bytes;
    size_t len;
    enum hop_rc rc = hop_file_read(path, &rule, &bytes, &len, NULL);
    if (rc != HOP_OK)
        return rc != HOP_NOT_FOUND;
    bool found = false;
    for (size_t i = 0; !found && i < patterns->count; i++)
        if (patterns->items[i][0] == '@')
            found = hop_group_has((struct hop_span){.at = bytes, .len = len},
                                  patterns->items[i] + 1, account, primary_gid);
    free(bytes);
    return found;
}

static bool entry_has(const struct group *entry, const char *account, long primary_gid)
{
    if ((long)entry->gr_gid == primary_gid)
        return true;
    for (char **member = entry->gr_mem; *member; member++)
        if (strcmp(*member, account) == 0)
            return true;
    return false;
}

static bool in_nss_group(const char *group, const char *account, long primary_gid)
{
    for (size_t size = 4096; size <= HOP_GROUP_BYTES_MAX; size *= 4) {
        char *buffer = malloc(size);
        struct group entry, *found = NULL;
        if (!buffer)
            return true;
        int errnum = getgrnam_r(group, &entry, buffer, size, &found);
        bool has = errnum ? true : found && entry_has(found, account, primary_gid);
        free(buffer);
        if (errnum != ERANGE)
            return has;
    }
    return true;
}

static bool in_nss_groups(const struct hop_words *patterns, const char *account, long primary_gid)
{
    for (size_t i = 0; i < patterns->count; i++)
        if (patterns->items[i][0] == '@' &&
            in_nss_group(patterns->items[i] + 1, account, primary_gid))
            return true;
    return false;
}

static bool names_groups(const struct hop_words *patterns)
{
    for (size_t i = 0; i < patterns->count; i++)
        if (patterns->items[i][0] == '@')
            return true;
    return false;
}

bool hop_scope_has(const struct hop_conf *conf, const char *group_path, const char *account,
                   long primary_gid, const char *service)
{
    if (!matches(&conf->services, service))
        return false;
    if (matches(&conf->accounts, account))
        return true;
    if (!names_groups(&conf->accounts))
        return false;
    return conf->settings.nss_groups
               ? in_nss_groups(&conf->accounts, account, primary_gid)
               : in_file_groups(&conf->accounts, group_path, account, primary_gid);
}

bool hop_conf_in_scope(const struct hop_conf *conf, const char *account, long primary_gid,
                       const char *service)
{
    return hop_scope_has(conf, HOP_GROUP_PATH, account, primary_gid, service);
}

static enum hop_subject switch_subject(const struct hop_conf *conf,
                                       const struct hop_parties *parties, const char *service)
{
    if (parties->invoker == NULL)
        return HOP_SUBJECT_NONE;
    if (hop_conf_in_scope(conf, parties->invoker, parties->invoker_gid, service))
        return HOP_SUBJECT_INVOKER;
    /* root and the like are everybody's: a customer's own people go on using them untouched */
    if (hop_conf_class(conf, parties->target) == HOP_CLASS_PERSON &&
        hop_conf_in_scope(conf, parties->target, parties->target_gid, service))
        return HOP_SUBJECT_TARGET;
    return HOP_SUBJECT_NONE;
}

enum hop_subject hop_conf_subject(const struct hop_conf *conf, const struct hop_parties *parties,
                                  const char *service)
{
    enum hop_service kind = hop_service_of(service);
    if (!hop_service_is_judged(kind))
        return HOP_SUBJECT_NONE;
    if (kind == HOP_SERVICE_SWITCH)
        return switch_subject(conf, parties, service);
    return hop_conf_in_scope(conf, parties->target, parties->target_gid, service)
               ? HOP_SUBJECT_TARGET
               : HOP_SUBJECT_NONE;
}
