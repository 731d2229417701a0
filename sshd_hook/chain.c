/* SPDX-License-Identifier: Apache-2.0 */
#include "chain.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

/* Between looks whether it has ended: while its output is open, and when that is closed and the end
 * is near. */
#define LOOK_MS 10
#define LOOK_SOON_MS 1

/* A provider being read. */
struct provider {
    const char *name;
    pid_t pid;
    int output;
    bool ended; /* but not buried yet: its process id, and its group's, are nobody else's */
    int status; /* of waitpid */
    char *bytes;
    size_t len;
};

/* -- who may be run ------------------------------------------------------------------------ */

static enum hop_rc check_owner(const char *path, struct hop_error *err)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return hop_error_errno(err, errno == ENOENT ? HOP_NOT_FOUND : HOP_IO, errno, "chain %s",
                               path);
    if (st.st_uid != 0 || (st.st_mode & 022) != 0)
        return hop_error_set(err, HOP_UNTRUSTED, "chain %s: not root's, or writable by others",
                             path);
    return HOP_OK;
}

/* The program and every folder above it, links followed: as sshd asks of its own helpers. */
static enum hop_rc check_path(const char *command, struct hop_error *err)
{
    char path[PATH_MAX];
    if (command[0] != '/')
        return hop_error_set(err, HOP_UNTRUSTED, "chain %s: not an absolute path", command);
    if (!realpath(command, path))
        return hop_error_errno(err, HOP_NOT_FOUND, errno, "chain %s", command);
    enum hop_rc rc = check_owner(path, err);
    for (char *slash = strrchr(path, '/'); rc == HOP_OK && slash != path;
         slash = strrchr(path, '/')) {
        *slash = '\0';
        rc = check_owner(path, err);
    }
    return rc ? rc : check_owner("/", err);
}

/* -- running it ---------------------------------------------------------------------------- */

static int describe(posix_spawn_file_actions_t *files, posix_spawnattr_t *attributes, int output)
{
    int failure = posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!failure)
        failure = posix_spawn_file_actions_adddup2(files, output, STDOUT_FILENO);
    if (!failure)
        failure = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP);
    return failure ? failure : posix_spawnattr_setpgroup(attributes, 0);
}

static int spawn(char *const command[], int output, pid_t *ret_pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    int failure = posix_spawn_file_actions_init(&files);
    if (failure)
        return failure;
    failure = posix_spawnattr_init(&attributes);
    if (!failure) {
        failure = describe(&files, &attributes, output);
        if (!failure)
            failure = posix_spawn(ret_pid, command[0], &files, &attributes, command, environ);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&files);
    return failure;
}

static enum hop_rc begin(char *const command[], struct provider *provider, struct hop_error *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return hop_error_errno(err, HOP_IO, errno, "chain %s: pipe", command[0]);
    int flags = fcntl(ends[1], F_GETFL);
    fcntl(ends[1], F_SETFL, flags & ~O_NONBLOCK); /* its end is an ordinary one */
    int failure = spawn(command, ends[1], &provider->pid);
    close(ends[1]);
    if (failure) {
        close(ends[0]);
        return hop_error_errno(err, HOP_IO, failure, "chain %s: run", command[0]);
    }
    provider->output = ends[0];
    return HOP_OK;
}

static bool has_ended(const struct provider *provider)
{
    siginfo_t about = {0};
    return waitid(P_PID, (id_t)provider->pid, &about, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           about.si_pid == provider->pid;
}

/* Takes what is there. */
static enum hop_rc take(struct provider *provider, bool *ret_closed, struct hop_error *err)
{
    for (;;) {
        ssize_t got = read(provider->output, provider->bytes + provider->len,
                           HOP_CHAIN_MAX + 1 - provider->len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            return HOP_OK;
        if (got < 0)
            return hop_error_errno(err, HOP_IO, errno, "chain %s: read", provider->name);
        if (got == 0) {
            *ret_closed = true;
            return HOP_OK;
        }
        provider->len += (size_t)got;
        if (provider->len > HOP_CHAIN_MAX)
            return hop_error_set(err, HOP_LIMIT, "chain %s: more than %u bytes", provider->name,
                                 HOP_CHAIN_MAX);
    }
}

/* Until it has ended. A process that it left behind may hold the output open for ever: what was
 * printed by the end of its own counts. */
static enum hop_rc listen_by(struct provider *provider, struct hop_deadline deadline,
                             struct hop_error *err)
{
    bool closed = false;
    for (;;) {
        provider->ended = has_ended(provider);
        enum hop_rc rc = closed ? HOP_OK : take(provider, &closed, err);
        if (rc != HOP_OK || provider->ended)
            return rc;
        int left = hop_clock_left_ms(deadline);
        if (left == 0)
            return hop_error_set(err, HOP_TIMEOUT, "chain %s: no answer within the deadline",
                                 provider->name);
        struct pollfd output = {.fd = closed ? -1 : provider->output, .events = POLLIN};
        int look = closed ? LOOK_SOON_MS : LOOK_MS;
        poll(&output, 1, left < look ? left : look);
    }
}

static enum hop_rc judge_status(const struct provider *provider, struct hop_error *err)
{
    if (WIFSIGNALED(provider->status))
        return hop_error_set(err, HOP_IO, "chain %s: ended by signal %d", provider->name,
                             WTERMSIG(provider->status));
    if (WEXITSTATUS(provider->status) != 0)
        return hop_error_set(err, HOP_IO, "chain %s: exit status %d", provider->name,
                             WEXITSTATUS(provider->status));
    return HOP_OK;
}

/* Nothing escapes SIGKILL, but a set-user-ID program is not ours to kill: that is not waited for.
 */
static void end(struct provider *provider)
{
    bool gone = kill(-provider->pid, SIGKILL) == 0 || provider->ended;
    waitpid(provider->pid, &provider->status, gone ? 0 : WNOHANG);
    close(provider->output);
}

enum hop_rc hop_chain_run_by(char *const command[], struct hop_deadline deadline, char **ret_bytes,
                             size_t *ret_len, struct hop_error *err)
{
    struct provider provider = {.name = command[0]};
    enum hop_rc rc = check_path(command[0], err);
    if (rc)
        return rc;
    provider.bytes = malloc(HOP_CHAIN_MAX + 2);
    if (!provider.bytes)
        return hop_error_set(err, HOP_NOMEM, "chain %s: out of memory", command[0]);
    rc = begin(command, &provider, err);
    if (!rc) {
        rc = listen_by(&provider, deadline, err);
        end(&provider);
    }
    if (!rc)
        rc = judge_status(&provider, err);
    if (rc) {
        free(provider.bytes);
        return rc;
    }
    provider.bytes[provider.len] = '\0';
    *ret_bytes = provider.bytes;
    *ret_len = provider.len;
    return HOP_OK;
}
