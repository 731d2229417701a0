/* SPDX-License-Identifier: Apache-2.0 */
/* The last good copy holds the bytes of all files, one behind the other: sections may stand once
 * only, so their order in one file or several makes no difference. */
#include "conf_parts.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "encode.h"
#include "file.h"

#define COPY_BYTES_MAX (2 * HOP_CONF_BYTES_MAX) /* room for the newlines between files */
#define COPY_PATH_ROOM 4096

static bool copy_path(const char *folder, const char *path, char *buffer, size_t size)
{
    struct hop_text text = hop_text_over(buffer, size);
    hop_text_format(&text, "%s/", folder);
    hop_percent_put(&text, hop_span_of(path));
    hop_text_put(&text, ".last-good");
    return !text.cut;
}

static enum hop_rc join_sources(const struct hop_sources *sources, char **ret_bytes,
                                size_t *ret_len, struct hop_error *err)
{
    size_t len = 0;
    for (size_t i = 0; i < sources->count; i++)
        len += sources->items[i].text.len + 1;
    char *bytes = malloc(len), *at = bytes;
    if (!bytes)
        return hop_no_memory(err);
    for (size_t i = 0; i < sources->count; i++) {
        struct hop_span text = sources->items[i].text;
        memcpy(at, text.at, text.len);
        at[text.len] = '\n';
        at += text.len + 1;
    }
    *ret_bytes = bytes;
    *ret_len = len;
    return HOP_OK;
}

static enum hop_rc read_copy(const char *copy, char **ret_bytes, size_t *ret_len,
                             struct hop_error *err)
{
    struct hop_file_rule rule = {.owner = geteuid(), .forbidden = 022, .most = COPY_BYTES_MAX};
    return hop_file_read(copy, &rule, ret_bytes, ret_len, err);
}

static bool copy_is(const char *copy, const char *bytes, size_t len)
{
    char *old = NULL;
    size_t old_len = 0;
    if (read_copy(copy, &old, &old_len, NULL) != HOP_OK)
        return false;
    bool same = old_len == len && memcmp(old, bytes, len) == 0;
    free(old);
    return same;
}

/* What goes wrong here is told in `err` and spoils nothing. */
static void keep_copy(const char *copy, const struct hop_sources *sources, struct hop_error *err)
{
    char *bytes = NULL;
    size_t len = 0;
    if (join_sources(sources, &bytes, &len, err) != HOP_OK)
        return;
    if (!copy_is(copy, bytes, len))
        hop_file_replace(copy, bytes, len, 0644, (uid_t)-1, (gid_t)-1, false, err);
    free(bytes);
}

/* A file of networks that cannot be read any more must not take the copy with it. */
static enum hop_rc parse_copy(const char *copy, struct hop_conf **ret_conf)
{
    struct hop_source source = {.name = copy};
    if (read_copy(copy, &source.owned_bytes, &source.text.len, NULL) != HOP_OK)
        return HOP_NOT_FOUND;
    source.text.at = source.owned_bytes;
    struct hop_sources sources = {.items = &source, .count = 1};
    enum hop_rc rc = hop_sources_parse(&sources, true, ret_conf, NULL);
    free(source.owned_bytes);
    return rc;
}

enum hop_rc hop_conf_load_last_good(const char *path, const char *folder,
                                    struct hop_conf **ret_conf, bool *ret_stale,
                                    struct hop_error *err)
{
    char copy[COPY_PATH_ROOM];
    struct hop_sources sources = {0};
    bool kept = folder && copy_path(folder, path, copy, sizeof copy);
    enum hop_rc rc = hop_sources_read(path, &sources, err);
    if (rc == HOP_OK)
        rc = hop_sources_parse(&sources, false, ret_conf, err);
    if (rc == HOP_OK)
        *ret_stale = false;
    if (rc == HOP_OK && kept)
        keep_copy(copy, &sources, err);
    hop_sources_done(&sources);
    if (rc == HOP_OK || !kept || parse_copy(copy, ret_conf) != HOP_OK)
        return rc;
    *ret_stale = true;
    return HOP_OK;
}
