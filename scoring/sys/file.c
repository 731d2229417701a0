/* SPDX-License-Identifier: Apache-2.0 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "span.h"

static enum hop_rc rc_of(int errnum)
{
    switch (errnum) {
    case ENOENT:
        return HOP_NOT_FOUND;
    case ELOOP: /* O_NOFOLLOW met a link */
    case ENXIO: /* a socket */
        return HOP_UNTRUSTED;
    case EACCES:
    case EPERM:
    case EROFS:
        return HOP_DENIED;
    case ENAMETOOLONG:
        return HOP_LIMIT;
    case ENOMEM:
        return HOP_NOMEM;
    default:
        return HOP_IO;
    }
}

static enum hop_rc obey(const struct stat *st, const struct hop_file_rule *rule, const char *path,
                        struct hop_error *err)
{
    if (!S_ISREG(st->st_mode))
        return hop_error_set(err, HOP_UNTRUSTED, "%s: not a regular file", path);
    if (st->st_nlink != 1)
        return hop_error_set(err, HOP_UNTRUSTED, "%s: has %lu links", path,
                             (unsigned long)st->st_nlink);
    if (st->st_uid != rule->owner && st->st_uid != 0)
        return hop_error_set(err, HOP_UNTRUSTED, "%s: owned by uid %ld", path, (long)st->st_uid);
    if (st->st_mode & rule->forbidden)
        return hop_error_set(err, HOP_UNTRUSTED, "%s: mode %04o is too wide", path,
                             (unsigned)(st->st_mode & 07777));
    if (st->st_size < 0 || (unsigned long long)st->st_size > rule->most)
        return hop_error_set(err, HOP_LIMIT, "%s: larger than %zu bytes", path, rule->most);
    return HOP_OK;
}

static enum hop_rc open_obeying(const char *path, const struct hop_file_rule *rule, int *ret_fd,
                                size_t *ret_size, struct hop_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return hop_error_errno(err, rc_of(errno), errno, "%s", path);
    struct stat st;
    enum hop_rc rc = fstat(fd, &st) < 0 ? hop_error_errno(err, HOP_IO, errno, "%s", path)
                                        : obey(&st, rule, path, err);
    if (rc) {
        close(fd);
        return rc;
    }
    *ret_fd = fd;
    *ret_size = (size_t)st.st_size;
    return HOP_OK;
}

enum hop_rc hop_file_open(const char *path, const struct hop_file_rule *rule, int *ret_fd,
                          struct hop_error *err)
{
    size_t size;
    return open_obeying(path, rule, ret_fd, &size, err);
}

static ssize_t read_all(int fd, char *bytes, size_t len)
{
    size_t done = 0;
    while (done < len) {
        ssize_t got = read(fd, bytes + done, len - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

enum hop_rc hop_file_read(const char *path, const struct hop_file_rule *rule, char **ret_bytes,
                          size_t *ret_len, struct hop_error *err)
{
    int fd;
    size_t size;
    enum hop_rc rc = open_obeying(path, rule, &fd, &size, err);
    if (rc)
        return rc;
    char *bytes = malloc(size + 1);
    if (!bytes) {
        close(fd);
        return hop_error_set(err, HOP_NOMEM, "%s: out of memory", path);
    }
    ssize_t len = read_all(fd, bytes, size);
    int errnum = errno;
    close(fd);
    if (len < 0) {
        free(bytes);
        return hop_error_errno(err, HOP_IO, errnum, "%s: read", path);
    }
    bytes[len] = 0;
    *ret_bytes = bytes;
    *ret_len = (size_t)len;
    return HOP_OK;
}

enum hop_rc hop_file_mtime(int fd, long long *ret_epoch_s, struct hop_error *err)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return hop_error_errno(err, HOP_IO, errno, "file: stat");
    *ret_epoch_s = st.st_mtim.tv_sec;
    return HOP_OK;
}

/* The folder of `path` with its slash, as a length: 0 for a bare name. */
static int folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (int)(slash - path + 1) : 0;
}

/* Beside `path`, hidden from whoever lists the folder for names, with a name nobody can plant. */
static enum hop_rc make_temporary(const char *path, char temporary[PATH_MAX], int *ret_fd,
                                  struct hop_error *err)
{
    uint64_t random;
    enum hop_rc rc = hop_entropy(&random, sizeof random, err);
    if (rc)
        return rc;
    int folder = folder_length(path);
    int len = snprintf(temporary, PATH_MAX, "%.*s.%s.%016llx", folder, path, path + folder,
                       (unsigned long long)random);
    if (len < 0 || len >= PATH_MAX)
        return hop_error_set(err, HOP_LIMIT, "%s: name too long", path);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return hop_error_errno(err, rc_of(errno), errno, "%s: create", path);
    *ret_fd = fd;
    return HOP_OK;
}

static bool write_all(int fd, const char *bytes, size_t len)
{
    while (len) {
        ssize_t done = write(fd, bytes, len);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return false;
        bytes += done;
        len -= (size_t)done;
    }
    return true;
}

/* The owner before the mode: fchown clears set-id bits, and the file is nobody else's until both
 * are right. */
static bool finish(int fd, mode_t mode, uid_t owner, gid_t group, bool durable)
{
    bool chown_wanted = owner != (uid_t)-1 || group != (gid_t)-1;
    return (!chown_wanted || fchown(fd, owner, group) == 0) && fchmod(fd, mode) == 0 &&
           (!durable || fsync(fd) == 0);
}

static int open_folder_of(const char *path)
{
    char folder[PATH_MAX];
    int len = folder_length(path);
    if (len >= PATH_MAX)
        len = 0;
    snprintf(folder, sizeof folder, "%.*s", len ? len : 1, len ? path : ".");
    return open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static enum hop_rc rename_over(const char *temporary, const char *path, bool durable,
                               struct hop_error *err)
{
    int folder = durable ? open_folder_of(path) : -1;
    if ((durable && folder < 0) || rename(temporary, path) < 0) {
        enum hop_rc rc = hop_error_errno(err, rc_of(errno), errno, "%s: replace", path);
        if (folder >= 0)
            close(folder);
        unlink(temporary);
        return rc;
    }
    if (folder < 0)
        return HOP_OK;
    enum hop_rc rc = fsync(folder) == 0
                         ? HOP_OK
                         : hop_error_errno(err, HOP_IO, errno, "%s: sync of the folder", path);
    close(folder);
    return rc;
}

enum hop_rc hop_file_replace(const char *path, const void *bytes, size_t len, mode_t mode,
                             uid_t owner, gid_t group, bool durable, struct hop_error *err)
{
    char temporary[PATH_MAX];
    int fd = -1;
    enum hop_rc rc = make_temporary(path, temporary, &fd, err);
    if (rc)
        return rc;
    bool written = write_all(fd, bytes, len) && finish(fd, mode, owner, group, durable);
    int errnum = errno;
    if (close(fd) < 0 && written) {
        errnum = errno;
        written = false;
    }
    if (!written) {
        unlink(temporary);
        return hop_error_errno(err, rc_of(errnum), errnum, "%s: write", path);
    }
    return rename_over(temporary, path, durable, err);
}

enum hop_rc hop_file_remove(const char *path, struct hop_error *err)
{
    if (unlink(path) < 0)
        return hop_error_errno(err, rc_of(errno), errno, "%s: remove", path);
    return HOP_OK;
}

static enum hop_rc check_folder(const char *path, mode_t mode, uid_t owner, struct hop_error *err)
{
    struct stat st;
    if (lstat(path, &st) < 0)
        return hop_error_errno(err, rc_of(errno), errno, "%s", path);
    if (!S_ISDIR(st.st_mode))
        return hop_error_set(err, HOP_UNTRUSTED, "%s: not a folder", path);
    if (st.st_uid != owner)
        return hop_error_set(err, HOP_UNTRUSTED, "%s: owned by uid %ld", path, (long)st.st_uid);
    if (st.st_mode & 022 & ~mode)
        return hop_error_set(err, HOP_UNTRUSTED, "%s: mode %04o is too wide", path,
                             (unsigned)(st.st_mode & 07777));
    return HOP_OK;
}

static bool adopt_folder(const char *path, mode_t mode, uid_t owner, gid_t group)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool done = finish(fd, mode, owner, group, false);
    int errnum = errno;
    close(fd);
    errno = errnum;
    return done;
}

enum hop_rc hop_folder_make(const char *path, mode_t mode, uid_t owner, gid_t group,
                            struct hop_error *err)
{
    if (mkdir(path, 0700) < 0) {
        if (errno != EEXIST)
            return hop_error_errno(err, rc_of(errno), errno, "%s: create", path);
        return check_folder(path, mode, owner == (uid_t)-1 ? geteuid() : owner, err);
    }
    if (adopt_folder(path, mode, owner, group))
        return HOP_OK;
    enum hop_rc rc = hop_error_errno(err, rc_of(errno), errno, "%s: create", path);
    rmdir(path);
    return rc;
}
