/* SPDX-License-Identifier: Apache-2.0 */
#include "sqlite_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MODE 0640

static bool owned(const struct stat *status)
{
    return status->st_uid == 0 || status->st_uid == geteuid();
}

static enum hop_rc folder_check(const char *folder, struct stat *ret_status, struct hop_error *err)
{
    if (lstat(folder, ret_status) != 0)
        return hop_error_errno(err, errno == EACCES ? HOP_DENIED : HOP_IO, errno, "%s", folder);
    if (!S_ISDIR(ret_status->st_mode) || !owned(ret_status) || ret_status->st_mode & 022)
        return hop_error_set(err, HOP_UNTRUSTED,
                             "%s: must be a folder that only root (or its user)"
                             " can write to",
                             folder);
    return HOP_OK;
}

static enum hop_rc file_make(const char *path, const char *folder, struct hop_error *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno == EEXIST ? HOP_OK : hop_error_errno(err, HOP_IO, errno, "%s", path);
    close(fd);
    int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool kept = dir >= 0 && fsync(dir) == 0;
    int errnum = errno;
    if (dir >= 0)
        close(dir);
    return kept ? HOP_OK : hop_error_errno(err, HOP_IO, errnum, "%s", folder);
}

/* The folder's group reads, whatever the umask was: the file's mode is also that of its -wal and
 * -shm. By name, since closing any descriptor of a database drops the locks of the whole process
 * on it; nobody but its owner can rename in this folder. */
static enum hop_rc file_fit(const char *path, gid_t group, bool read_only, struct hop_error *err)
{
    struct stat status;
    if (lstat(path, &status) != 0) {
        enum hop_rc rc = errno == ENOENT ? HOP_NOT_FOUND : errno == EACCES ? HOP_DENIED : HOP_IO;
        return hop_error_errno(err, rc, errno, "%s", path);
    }
    if (!S_ISREG(status.st_mode) || status.st_nlink != 1 || !owned(&status) || status.st_mode & 022)
        return hop_error_set(err, HOP_UNTRUSTED,
                             "%s: must be a plain file of root (or its user)"
                             " that nobody else can write",
                             path);
    if (read_only)
        return HOP_OK;
    if (status.st_gid != group && lchown(path, (uid_t)-1, group) != 0)
        return hop_error_errno(err, HOP_IO, errno, "%s: change of group", path);
    if ((status.st_mode & 07777) != FILE_MODE && chmod(path, FILE_MODE) != 0)
        return hop_error_errno(err, HOP_IO, errno, "%s: change of mode", path);
    return HOP_OK;
}

static enum hop_rc side_file_fit(const char *path, const char *suffix, gid_t group, bool read_only,
                                 struct hop_error *err)
{
    char name[PATH_MAX + 8];
    struct hop_text text = hop_text_over(name, sizeof name);
    hop_text_put(&text, path);
    hop_text_put(&text, suffix);
    struct hop_error quiet;
    enum hop_rc rc = file_fit(name, group, read_only, &quiet);
    if (rc != HOP_OK && rc != HOP_NOT_FOUND)
        return hop_error_set(err, rc, "%s", quiet.text);
    return HOP_OK;
}

/* The folder's real name, then the file's own, so that SQLITE_OPEN_NOFOLLOW concerns only the
 * file. */
static enum hop_rc path_resolve(const char *path, char folder[PATH_MAX], char file[PATH_MAX],
                                struct hop_error *err)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) : 0;
    const char *name = slash ? slash + 1 : path;
    char given[PATH_MAX];
    if (!slash || !*name || len + strlen(name) + 8 >= PATH_MAX)
        return hop_error_set(err, HOP_LIMIT, "sqlite %.200s: not an absolute path", path);
    struct hop_span front = {path, len};
    if (!hop_span_copy(len ? front : hop_span_of("/"), given, sizeof given))
        return hop_error_set(err, HOP_LIMIT, "sqlite %.200s: too long", path);
    if (!realpath(given, folder))
        return hop_error_errno(err, errno == EACCES ? HOP_DENIED : HOP_IO, errno, "sqlite %.200s",
                               path);
    struct hop_text text = hop_text_over(file, PATH_MAX);
    hop_text_put(&text, strcmp(folder, "/") == 0 ? "" : folder);
    hop_text_put_char(&text, '/');
    hop_text_put(&text, name);
    return text.cut ? hop_error_set(err, HOP_LIMIT, "sqlite %.200s: too long", path) : HOP_OK;
}

enum hop_rc hop_sqlite_files_fit(const char *path, bool read_only, char ret_file[PATH_MAX],
                                 struct hop_error *err)
{
    char folder[PATH_MAX];
    struct stat status;
    enum hop_rc rc = path_resolve(path, folder, ret_file, err);
    if (rc == HOP_OK)
        rc = folder_check(folder, &status, err);
    if (rc == HOP_OK && !read_only)
        rc = file_make(ret_file, folder, err);
    if (rc == HOP_OK)
        rc = file_fit(ret_file, status.st_gid, read_only, err);
    if (rc == HOP_OK)
        rc = side_file_fit(ret_file, "-wal", status.st_gid, read_only, err);
    if (rc == HOP_OK)
        rc = side_file_fit(ret_file, "-shm", status.st_gid, read_only, err);
    return rc;
}
