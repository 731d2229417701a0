/* SPDX-License-Identifier: Apache-2.0 */
#include "conf_parts.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

#define PATH_ROOM 4096

void hop_sources_done(struct hop_sources *sources)
{
    for (size_t i = 0; i < sources->count; i++) {
        free(sources->items[i].owned_name);
        free(sources->items[i].owned_bytes);
    }
    free(sources->items);
    *sources = (struct hop_sources){0};
}

static size_t bytes_left(const struct hop_sources *sources)
{
    size_t left = HOP_CONF_BYTES_MAX;
    for (size_t i = 0; i < sources->count; i++)
        left -= sources->items[i].text.len;
    return left;
}

static enum hop_rc read_one(struct hop_sources *sources, const char *path, struct hop_error *err)
{
    struct hop_source *grown =
        hop_grow(sources->items, sources->count, &sources->room, sizeof *grown);
    if (!grown)
        return hop_no_memory(err);
    sources->items = grown;
    struct hop_source source = {.owned_name = strdup(path)};
    if (!source.owned_name)
        return hop_no_memory(err);
    struct hop_file_rule rule = {.owner = geteuid(), .forbidden = 022, .most = bytes_left(sources)};
    enum hop_rc rc = hop_file_read(path, &rule, &source.owned_bytes, &source.text.len, err);
    if (rc != HOP_OK) {
        free(source.owned_name);
        return rc;
    }
    source.name = source.owned_name;
    source.text.at = source.owned_bytes;
    grown[sources->count++] = source;
    return HOP_OK;
}

/* --- conf.d ---------------------------------------------------------------------------------- */

struct names {
    char **items;
    size_t count, room;
};

static void names_done(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->items[i]);
    free(names->items);
}

static bool is_conf(const char *name)
{
    size_t len = strlen(name), suffix = strlen(".conf");
    return name[0] != '.' && len > suffix && strcmp(name + len - suffix, ".conf") == 0;
}

static enum hop_rc add_name(struct names *names, const char *name, struct hop_error *err)
{
    char **grown = hop_grow(names->items, names->count, &names->room, sizeof *grown);
    if (!grown)
        return hop_no_memory(err);
    names->items = grown;
    grown[names->count] = strdup(name);
    if (!grown[names->count])
        return hop_no_memory(err);
    names->count++;
    return HOP_OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum hop_rc check_folder(DIR *folder, const char *path, struct hop_error *err)
{
    struct stat status;
    if (fstat(dirfd(folder), &status) != 0)
        return hop_error_errno(err, HOP_IO, errno, "%s", path);
    if (status.st_uid != 0 && status.st_uid != geteuid())
        return hop_error_set(err, HOP_UNTRUSTED, "%s: not owned by root", path);
    if (status.st_mode & 022)
        return hop_error_set(err, HOP_UNTRUSTED, "%s: others than its owner may write there", path);
    return HOP_OK;
}

static enum hop_rc read_names(DIR *folder, const char *path, struct names *names,
                              struct hop_error *err)
{
    enum hop_rc rc = check_folder(folder, path, err);
    struct dirent *entry;
    errno = 0;
    while (rc == HOP_OK && (entry = readdir(folder))) {
        if (is_conf(entry->d_name))
            rc = add_name(names, entry->d_name, err);
        errno = 0;
    }
    if (rc == HOP_OK && errno)
        rc = hop_error_errno(err, HOP_IO, errno, "%s", path);
    if (names->count)
        qsort(names->items, names->count, sizeof *names->items, compare_names);
    return rc;
}

static enum hop_rc list_folder(const char *path, struct names *names, struct hop_error *err)
{
    DIR *folder = opendir(path);
    if (!folder)
        return errno == ENOENT ? HOP_OK : hop_error_errno(err, HOP_IO, errno, "%s", path);
    enum hop_rc rc = read_names(folder, path, names, err);
    closedir(folder);
    return rc;
}

static enum hop_rc read_folder(struct hop_sources *sources, const char *folder,
                               struct hop_error *err)
{
    struct names names = {0};
    enum hop_rc rc = list_folder(folder, &names, err);
    for (size_t i = 0; rc == HOP_OK && i < names.count; i++) {
        char buffer[PATH_ROOM];
        struct hop_text path = hop_text_over(buffer, sizeof buffer);
        hop_text_format(&path, "%s/%s", folder, names.items[i]);
        rc = path.cut ? hop_error_set(err, HOP_LIMIT, "%s: path too long", folder)
                      : read_one(sources, buffer, err);
    }
    names_done(&names);
    return rc;
}

enum hop_rc hop_sources_read(const char *path, struct hop_sources *ret_sources,
                             struct hop_error *err)
{
    struct hop_sources sources = {0};
    char buffer[PATH_ROOM];
    struct hop_text folder = hop_text_over(buffer, sizeof buffer);
    const char *slash = strrchr(path, '/');
    if (slash)
        hop_text_put_span(&folder,
                          (struct hop_span){.at = path, .len = (size_t)(slash - path) + 1});
    hop_text_put(&folder, "conf.d");
    enum hop_rc rc = folder.cut ? hop_error_set(err, HOP_LIMIT, "%s: path too long", path)
                                : read_one(&sources, path, err);
    if (rc == HOP_OK)
        rc = read_folder(&sources, buffer, err);
    if (rc == HOP_OK)
        *ret_sources = sources;
    else
        hop_sources_done(&sources);
    return rc;
}
