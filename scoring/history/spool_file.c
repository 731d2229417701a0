/* SPDX-License-Identifier: Apache-2.0 */
#include "spool_file.h"
#include "clock.h"
#include "digest.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

static enum hop_rc trusted(const char *path, int fd, struct hop_error *err)
{
    struct stat facts;
    if (fstat(fd, &facts) != 0)
        return hop_error_errno(err, HOP_IO, errno, "spool %s: stat", path);
    if (!S_ISREG(facts.st_mode) || facts.st_uid != geteuid() || (facts.st_mode & 077) != 0)
        return hop_error_set(err, HOP_UNTRUSTED, "spool %s: not a file of its owner alone", path);
    return HOP_OK;
}

enum hop_rc hop_spool_open(const char *path, int extra, int *ret_fd, struct hop_error *err)
{
    int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | extra;
    int fd = open(path, flags, 0600);
    if (fd < 0)
        return hop_error_errno(err, errno == ENOENT ? HOP_NOT_FOUND : HOP_IO, errno,
                               "spool %s: open", path);
    enum hop_rc rc = trusted(path, fd, err);
    if (rc == HOP_OK)
        *ret_fd = fd;
    else
        close(fd);
    return rc;
}

static bool lock_try(int fd, enum hop_spool_lock which, bool alone)
{
    struct flock lock = {.l_type = alone ? F_WRLCK : F_RDLCK,
                         .l_whence = SEEK_SET,
                         .l_start = (off_t)which,
                         .l_len = 1};
    return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

bool hop_spool_lock_by(int fd, enum hop_spool_lock which, bool alone, struct hop_deadline deadline)
{
    while (!lock_try(fd, which, alone)) {
        if ((errno != EAGAIN && errno != EACCES) || hop_clock_left_ms(deadline) == 0)
            return false;
        poll(NULL, 0, 1);
    }
    return true;
}

void hop_spool_unlock(int fd, enum hop_spool_lock which)
{
    struct flock lock = {
        .l_type = F_UNLCK, .l_whence = SEEK_SET, .l_start = (off_t)which, .l_len = 1};
    fcntl(fd, F_OFD_SETLK, &lock);
}

bool hop_spool_is(const char *path, int fd)
{
    struct stat there, open_file;
    return lstat(path, &there) == 0 && fstat(fd, &open_file) == 0 &&
           there.st_ino == open_file.st_ino && there.st_dev == open_file.st_dev;
}

bool hop_spool_beside(const char *path, const char *suffix, char *buffer, size_t size)
{
    struct hop_text text = hop_text_over(buffer, size);
    hop_text_put(&text, path);
    hop_text_put(&text, suffix);
    return !text.cut;
}

bool hop_spool_line_parse(struct hop_span line, struct hop_span *ret_text)
{
    if (line.len <= HOP_DIGEST_TEXT_LEN || line.at[HOP_DIGEST_TEXT_LEN] != ' ')
        return false;
    struct hop_span sealed = {line.at + HOP_DIGEST_TEXT_LEN, line.len - HOP_DIGEST_TEXT_LEN};
    struct hop_span digest = {line.at, HOP_DIGEST_TEXT_LEN};
    char digits[HOP_DIGEST_TEXT_LEN + 1];
    struct hop_text text = hop_text_over(digits, sizeof digits);
    hop_digest_put(&text, hop_digest(sealed));
    struct hop_span rest = {sealed.at + 1, sealed.len - 1}, time;
    if (!hop_span_is(digest, digits) || !hop_span_cut(&rest, ' ', &time) || !rest.at)
        return false;
    *ret_text = rest;
    return true;
}
