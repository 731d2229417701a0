/* SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"
#include "digest.h"
#include "spool_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define REOPENS_MAX 8 /* drains that may end between our open and our lock */

/* "\n<digest> <epoch ms> <text>\n": the first newline ends what a killed writer may have left in
 * mid-line. The digest covers all that follows it, its blank included. */
static enum hop_rc record_of(struct hop_span text, int64_t epoch_ms, char **ret_line,
                             size_t *ret_len, struct hop_error *err)
{
    size_t size = text.len + 64;
    if (size > HOP_SPOOL_RECORD_MAX)
        return hop_error_set(err, HOP_LIMIT, "spool: record of %zu bytes", text.len);
    char *bytes = malloc(size);
    if (!bytes)
        return hop_error_set(err, HOP_NOMEM, "spool: no memory");
    size_t head = 1 + HOP_DIGEST_TEXT_LEN;
    struct hop_text body = hop_text_over(bytes + head, size - head);
    hop_text_put_char(&body, ' ');
    hop_text_put_int(&body, epoch_ms);
    hop_text_put_char(&body, ' ');
    size_t start = body.len;
    hop_text_put_span(&body, text);
    for (size_t i = start; i < body.len; i++)
        body.at[i] = body.at[i] == '\n' ? HOP_SPOOL_MARK : body.at[i];
    char digest[HOP_DIGEST_TEXT_LEN + 1];
    struct hop_text digest_text = hop_text_over(digest, sizeof digest);
    hop_digest_put(&digest_text, hop_digest((struct hop_span){body.at, body.len}));
    bytes[0] = '\n';
    memcpy(bytes + 1, digest, HOP_DIGEST_TEXT_LEN);
    hop_text_put_char(&body, '\n');
    *ret_line = bytes;
    *ret_len = head + body.len;
    return HOP_OK;
}

/* Blank lines are passed over. Those bytes are ours alone, whatever others have written behind
 * them; with O_APPEND pwrite(2) would not write there. */
static bool blank(int fd, size_t len)
{
    off_t end = lseek(fd, 0, SEEK_CUR);
    if (end < (off_t)len || fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
        return false;
    for (off_t at = end - (off_t)len; at < end; at++)
        if (pwrite(fd, "\n", 1, at) != 1)
            return false;
    return true;
}

/* In one write(2), which O_APPEND keeps together: writers do not wait for each other. */
static bool bytes_put(int fd, const char *bytes, size_t len, bool *ret_undone)
{
    ssize_t put;
    do
        put = write(fd, bytes, len);
    while (put < 0 && errno == EINTR);
    if (put == (ssize_t)len)
        return true;
    int reason = put < 0 ? errno : ENOSPC;
    *ret_undone = put <= 0 || blank(fd, (size_t)put);
    errno = reason;
    return false;
}

/* Beyond RLIMIT_FSIZE, which a session's limits may have lowered, write(2) would kill the process.
 */
static uint64_t room_to(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < HOP_SPOOL_BYTES_MAX)
        return limit.rlim_cur;
    return HOP_SPOOL_BYTES_MAX;
}

/* With the append lock held. */
static enum hop_rc line_put(const char *path, int fd, const char *line, size_t len, bool *ret_first,
                            struct hop_error *err)
{
    struct stat facts;
    if (fstat(fd, &facts) != 0)
        return hop_error_errno(err, HOP_IO, errno, "spool %s: stat", path);
    if ((uint64_t)facts.st_size + len > room_to())
        return hop_error_set(err, HOP_LIMIT, "spool %s: full, %lld bytes wait", path,
                             (long long)facts.st_size);
    bool undone = true;
    if (!bytes_put(fd, line, len, &undone))
        return hop_error_errno(err, HOP_IO, errno, "spool %s: write%s", path,
                               undone ? "" : ", not undone");
    *ret_first = facts.st_size == 0;
    return HOP_OK;
}

/* The folder too where the file is new, or its name would not survive a power cut. */
static enum hop_rc settled(const char *path, int fd, bool first, struct hop_error *err)
{
    if (fdatasync(fd) != 0)
        return hop_error_errno(err, HOP_IO, errno, "spool %s: sync", path);
    const char *slash = strrchr(path, '/');
    char folder[HOP_SPOOL_PATH_MAX];
    if (!first || !slash ||
        !hop_span_copy((struct hop_span){path, (size_t)(slash - path) + 1}, folder, sizeof folder))
        return HOP_OK;
    int folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder_fd < 0)
        return hop_error_errno(err, HOP_IO, errno, "spool %s: open folder", path);
    int failed = fsync(folder_fd);
    int reason = errno;
    close(folder_fd);
    return failed ? hop_error_errno(err, HOP_IO, reason, "spool %s: sync folder", path) : HOP_OK;
}

/* Open and locked for appending, and not just being removed by a drain. One whose files are limited
 * is alone, for nothing may come between its look at the size and its write. */
static enum hop_rc append_open(const char *path, struct hop_deadline deadline, int *ret_fd,
                               struct hop_error *err)
{
    bool alone = room_to() < HOP_SPOOL_BYTES_MAX;
    for (int opens = 0; opens < REOPENS_MAX; opens++) {
        int fd;
        enum hop_rc rc = hop_spool_open(path, O_CREAT | O_APPEND, &fd, err);
        if (rc != HOP_OK)
            return rc;
        if (!hop_spool_lock_by(fd, HOP_SPOOL_LOCK_APPEND, alone, deadline)) {
            close(fd);
            return hop_error_set(err, HOP_TIMEOUT, "spool %s: locked by another process", path);
        }
        if (hop_spool_is(path, fd)) {
            *ret_fd = fd;
            return HOP_OK;
        }
        close(fd);
    }
    return hop_error_set(err, HOP_CONFLICT, "spool %s: replaced again and again", path);
}

static struct hop_deadline with_grace(struct hop_deadline deadline)
{
    struct hop_deadline grace = hop_clock_deadline(HOP_SPOOL_GRACE_MS);
    return grace.at_ns > deadline.at_ns ? grace : deadline;
}

enum hop_rc hop_spool_append_by(const char *path, struct hop_span text, int64_t epoch_ms,
                                struct hop_deadline deadline, struct hop_error *err)
{
    if (memchr(text.at, HOP_SPOOL_MARK, text.len))
        return hop_error_set(err, HOP_MALFORMED, "spool %s: not a batch's text", path);
    char *line = NULL;
    size_t len = 0;
    enum hop_rc rc = record_of(text, epoch_ms, &line, &len, err);
    if (rc != HOP_OK)
        return rc;
    int fd = -1;
    bool first = false;
    rc = append_open(path, with_grace(deadline), &fd, err);
    if (rc == HOP_OK) {
        rc = line_put(path, fd, line, len, &first, err);
        hop_spool_unlock(fd, HOP_SPOOL_LOCK_APPEND);
        if (rc == HOP_OK)
            rc = settled(path, fd, first, err);
        close(fd);
    }
    free(line);
    return rc;
}

bool hop_spool_waiting(const char *path)
{
    struct stat facts;
    return lstat(path, &facts) == 0 && facts.st_size > 0;
}
