/* SPDX-License-Identifier: Apache-2.0 */
#include "session.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "process.h"

#define ANCESTORS_MAX 64
#define RECORDS_MAX 1024

static bool differ(uint32_t a, uint32_t b)
{
    return a != HOP_PROCESS_UNSET && b != HOP_PROCESS_UNSET && a != b;
}

/* A session inside the session (login started by root's shell, say) has audit facts of its own. */
static bool is_doubtful(const struct hop_connection *session, struct hop_error *err)
{
    struct hop_process_audit own, monitors;
    hop_process_audit_read((long)getpid(), &own);
    hop_process_audit_read((long)session->monitor, &monitors);
    if (!differ(own.login_uid, session->uid) && !differ(own.session, monitors.session))
        return false;
    hop_error_set(err, HOP_CONFLICT, "session of process %ld: the audit session is another",
                  (long)session->monitor);
    return true;
}

/* A parent is never younger than its child: a younger process has the number of one that is gone.
 */
static bool step_up_the_tree(long *pid, struct hop_process *process)
{
    struct hop_process parent;
    if (process->parent <= 1 || hop_process_read(process->parent, &parent, NULL) != HOP_OK ||
        parent.start > process->start)
        return false;
    *pid = process->parent;
    *process = parent;
    return true;
}

static enum hop_rc find_in_tree(const char *folder, struct hop_connection *scratch)
{
    long pid = (long)getpid();
    struct hop_process process;
    if (hop_process_read(pid, &process, NULL) != HOP_OK)
        return HOP_NOT_FOUND;
    for (int i = 0; i < ANCESTORS_MAX && step_up_the_tree(&pid, &process); i++)
        if (hop_connection_of(folder, pid, scratch, NULL) == HOP_OK && scratch->opened)
            return HOP_OK;
    return HOP_NOT_FOUND;
}

static bool is_of_audit_session(const char *folder, const char *name,
                                const struct hop_process_audit *own, struct hop_connection *scratch)
{
    int64_t pid;
    struct hop_process_audit monitors;
    if (!hop_span_int64(hop_span_of(name), 1, INT32_MAX, &pid))
        return false;
    hop_process_audit_read((long)pid, &monitors);
    return monitors.session == own->session && monitors.login_uid == own->login_uid &&
           hop_connection_of(folder, (long)pid, scratch, NULL) == HOP_OK && scratch->opened &&
           scratch->uid == own->login_uid;
}

/* Root's daemons that were started from a session carry its audit session too, and are none of it:
 * only the tree speaks for root. */
static enum hop_rc find_by_audit(const char *folder, struct hop_connection *scratch)
{
    struct hop_process_audit own;
    hop_process_audit_read((long)getpid(), &own);
    if (own.session == HOP_PROCESS_UNSET || own.login_uid == HOP_PROCESS_UNSET || getuid() == 0)
        return HOP_NOT_FOUND;
    DIR *entries = opendir(folder);
    if (entries == NULL)
        return HOP_NOT_FOUND;
    const struct dirent *entry;
    bool found = false;
    for (int i = 0; !found && i < RECORDS_MAX && (entry = readdir(entries)) != NULL; i++)
        found = is_of_audit_session(folder, entry->d_name, &own, scratch);
    closedir(entries);
    return found ? HOP_OK : HOP_NOT_FOUND;
}

enum hop_rc hop_session_find(const char *folder, struct hop_connection *ret_session,
                             bool *ret_doubt, struct hop_error *err)
{
    struct hop_connection *scratch = calloc(1, sizeof *scratch);
    if (scratch == NULL)
        return hop_error_set(err, HOP_NOMEM, "session: out of memory");
    enum hop_rc rc = find_in_tree(folder, scratch);
    if (rc == HOP_NOT_FOUND)
        rc = find_by_audit(folder, scratch);
    if (rc == HOP_OK) {
        *ret_doubt = is_doubtful(scratch, err);
        *ret_session = *scratch;
    } else {
        hop_error_set(err, rc, "%s: holds no record of this session's connection", folder);
    }
    free(scratch);
    return rc;
}
