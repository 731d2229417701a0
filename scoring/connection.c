/* SPDX-License-Identifier: Apache-2.0 */
#include "connection.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "process.h"

#define HOP_CONNECTION_MAGIC "hopconn1"
#define SWEEP_LOOKS_MAX 1024 /* entries per sweep: a few milliseconds */

static const struct hop_file_rule root_only = {
    .owner = 0, .forbidden = 077, .most = sizeof(struct hop_connection)};

static void path_of(const char *folder, long monitor, char *path, size_t size)
{
    snprintf(path, size, "%s/%ld", folder, monitor);
}

enum hop_rc hop_connection_begin(long monitor, struct hop_connection *ret_connection,
                                 struct hop_error *err)
{
    uint64_t start;
    enum hop_rc rc = hop_process_start(monitor, &start, err);
    if (rc != HOP_OK)
        return rc;
    memset(ret_connection, 0, sizeof *ret_connection);
    memcpy(ret_connection->magic, HOP_CONNECTION_MAGIC, sizeof ret_connection->magic);
    ret_connection->size = sizeof *ret_connection;
    ret_connection->monitor = monitor;
    ret_connection->monitor_start = start;
    return HOP_OK;
}

/* The folder is looked at anew each time: a link or a folder that others may write to would let
 * them plant records. */
static enum hop_rc folder_check(const char *folder, struct hop_error *err)
{
    struct stat st;
    if (lstat(folder, &st) != 0)
        return hop_error_errno(err, errno == ENOENT ? HOP_NOT_FOUND : HOP_IO, errno, "%s", folder);
    if (!S_ISDIR(st.st_mode) || st.st_uid != 0 || (st.st_mode & 077) != 0)
        return hop_error_set(err, HOP_UNTRUSTED, "%s: not a folder of root's alone", folder);
    return HOP_OK;
}

static enum hop_rc whole(const struct hop_connection *connection, size_t len, const char *path,
                         struct hop_error *err)
{
    if (len != sizeof *connection || connection->size != sizeof *connection ||
        memcmp(connection->magic, HOP_CONNECTION_MAGIC, sizeof connection->magic) != 0)
        return hop_error_set(err, HOP_MALFORMED, "%s: cut, or not a connection record", path);
    return HOP_OK;
}

static enum hop_rc same_process(const struct hop_connection *connection, long monitor,
                                const char *path, struct hop_error *err)
{
    uint64_t start = 0;
    enum hop_rc rc = hop_process_start(monitor, &start, err);
    if (rc != HOP_OK)
        return rc;
    if (connection->monitor != monitor || connection->monitor_start != start)
        return hop_error_set(err, HOP_CONFLICT, "%s: left by an earlier process", path);
    return HOP_OK;
}

static enum hop_rc same_facts(const struct hop_connection *connection,
                              const struct hop_connection_facts *facts, const char *path,
                              struct hop_error *err)
{
    const struct hop_login *login = &connection->login;
    const char *differs = NULL;
    if (strcmp(login->account, facts->account) != 0)
        differs = "account";
    else if (strcmp(login->service, facts->service) != 0)
        differs = "service";
    else if (!hop_address_equal(&login->origin.address, &facts->source))
        differs = "source address";
    else if (login->source_port != facts->source_port)
        differs = "source port";
    if (differs != NULL)
        return hop_error_set(err, HOP_CONFLICT, "%s: is for another %s", path, differs);
    return HOP_OK;
}

static enum hop_rc read_file(const char *path, struct hop_connection *ret_connection,
                             struct hop_error *err)
{
    char *bytes = NULL;
    size_t len = 0;
    enum hop_rc rc = hop_file_read(path, &root_only, &bytes, &len, err);
    if (rc != HOP_OK)
        return rc;
    if (len == sizeof *ret_connection)
        memcpy(ret_connection, bytes, len);
    free(bytes);
    return whole(ret_connection, len, path, err);
}

static enum hop_rc read_if(const char *folder, long monitor,
                           const struct hop_connection_facts *facts,
                           struct hop_connection *ret_connection, struct hop_error *err)
{
    char path[HOP_PATH_MAX];
    path_of(folder, monitor, path, sizeof path);
    struct hop_connection *found = calloc(1, sizeof *found);
    if (found == NULL)
        return hop_error_set(err, HOP_NOMEM, "%s: out of memory", path);
    enum hop_rc rc = folder_check(folder, err);
    if (rc == HOP_OK)
        rc = read_file(path, found, err);
    if (rc == HOP_OK)
        rc = same_process(found, monitor, path, err);
    if (rc == HOP_OK && facts != NULL)
        rc = same_facts(found, facts, path, err);
    if (rc == HOP_OK)
        *ret_connection = *found;
    free(found);
    return rc;
}

enum hop_rc hop_connection_read(const char *folder, long monitor,
                                const struct hop_connection_facts *facts,
                                struct hop_connection *ret_connection, struct hop_error *err)
{
    return read_if(folder, monitor, facts, ret_connection, err);
}

enum hop_rc hop_connection_of(const char *folder, long monitor,
                              struct hop_connection *ret_connection, struct hop_error *err)
{
    return read_if(folder, monitor, NULL, ret_connection, err);
}

static enum hop_rc folder_make(const char *folder, struct hop_error *err)
{
    char parent[HOP_PATH_MAX];
    if (!hop_string_copy(parent, sizeof parent, folder))
        return hop_error_set(err, HOP_LIMIT, "%s: name too long", folder);
    enum hop_rc rc = hop_folder_make(dirname(parent), 0755, 0, 0, err);
    return rc == HOP_OK ? hop_folder_make(folder, 0700, 0, 0, err) : rc;
}

enum hop_rc hop_connection_write(const char *folder, const struct hop_connection *connection,
                                 struct hop_error *err)
{
    char path[HOP_PATH_MAX];
    path_of(folder, (long)connection->monitor, path, sizeof path);
    enum hop_rc rc = folder_check(folder, err);
    if (rc == HOP_NOT_FOUND)
        rc = folder_make(folder, err);
    if (rc != HOP_OK)
        return rc;
    hop_error_clear(err);
    return hop_file_replace(path, connection, sizeof *connection, 0600, 0, 0, false, err);
}

void hop_connection_remove(const char *folder, long monitor)
{
    char path[HOP_PATH_MAX];
    path_of(folder, monitor, path, sizeof path);
    hop_file_remove(path, NULL);
}

/* True if a record was taken away. A pid that somebody else has by now keeps it until that one is
 * gone too: looking is cheap only because no living process's record is read. */
static bool sweep_one(const char *folder, const char *name, struct hop_connection *scratch,
                      void (*visit)(void *context, const struct hop_connection *stale),
                      void *context)
{
    int64_t pid;
    uint64_t start;
    char path[HOP_PATH_MAX];
    if (!hop_span_int64(hop_span_of(name), 1, INT32_MAX, &pid) ||
        hop_process_start((long)pid, &start, NULL) != HOP_NOT_FOUND)
        return false;
    path_of(folder, (long)pid, path, sizeof path);
    bool whole_record = read_file(path, scratch, NULL) == HOP_OK;
    /* Whoever takes the file away tells of it: two sweeps at once do not tell twice. */
    if (hop_file_remove(path, NULL) != HOP_OK)
        return false;
    if (whole_record && scratch->step_up == HOP_STEP_UP_OPEN)
        visit(context, scratch);
    return true;
}

void hop_connection_sweep(const char *folder, unsigned most,
                          void (*visit)(void *context, const struct hop_connection *stale),
                          void *context)
{
    struct hop_connection *scratch = calloc(1, sizeof *scratch);
    DIR *entries = scratch != NULL && folder_check(folder, NULL) == HOP_OK ? opendir(folder) : NULL;
    if (entries != NULL) {
        const struct dirent *entry;
        for (unsigned seen = 0; most > 0 && seen < SWEEP_LOOKS_MAX; seen++) {
            if ((entry = readdir(entries)) == NULL)
                break;
            most -= sweep_one(folder, entry->d_name, scratch, visit, context);
        }
        closedir(entries);
    }
    free(scratch);
}
