/* SPDX-License-Identifier: Apache-2.0 */
#include "alert_spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "span.h"

#define IDENT "hopwarden"
#define FLUSH_LINES_MAX 256 /* per login */

/* The locked file, or -1. Root's alone, one link, regular; nobody is waited for. */
static int spool_open(const char *path, int more_flags)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | more_flags, 0600);
    struct stat st;
    if (fd >= 0 &&
        (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
         st.st_nlink != 1 || (st.st_mode & 077) != 0 || flock(fd, LOCK_EX | LOCK_NB) != 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

static enum hop_rc spool_append(const char *path, enum hop_severity severity, const char *text)
{
    int fd = spool_open(path, O_CREAT | O_APPEND);
    if (fd < 0)
        return HOP_IO;
    char line[2048];
    struct hop_text whole = hop_text_over(line, sizeof line);
    hop_text_format(&whole, "%d %s\n", (int)severity, text);
    struct stat st;
    enum hop_rc rc = HOP_IO;
    if (!whole.cut && fstat(fd, &st) == 0 &&
        st.st_size + (off_t)whole.len <= HOP_ALERT_SPOOL_BYTES_MAX) {
        ssize_t put = write(fd, line, whole.len);
        if (put == (ssize_t)whole.len)
            rc = HOP_TIMEOUT;
        else if (put > 0 && ftruncate(fd, st.st_size) != 0)
            rc = HOP_IO; /* a cut line is skipped when it is read */
    }
    close(fd);
    return rc;
}

/* "<severity> <text>": sent; a malformed line counts as sent. */
static bool send_line(const char *devlog_path, struct hop_span line, struct hop_deadline deadline)
{
    struct hop_span number;
    int64_t severity;
    char text[2048];
    if (!hop_span_cut(&line, ' ', &number) ||
        !hop_span_int64(number, HOP_LOG_ALERT, HOP_LOG_DEBUG, &severity) ||
        !hop_span_copy(line, text, sizeof text))
        return true;
    return hop_devlog_send_by(devlog_path, (enum hop_severity)severity, IDENT, text, deadline,
                              NULL) == HOP_OK;
}

static char *spool_read(int fd, size_t *ret_len)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || st.st_size <= 0 || st.st_size > HOP_ALERT_SPOOL_BYTES_MAX)
        return NULL;
    char *bytes = malloc((size_t)st.st_size);
    ssize_t got = bytes == NULL ? -1 : pread(fd, bytes, (size_t)st.st_size, 0);
    if (got <= 0) {
        free(bytes);
        return NULL;
    }
    *ret_len = (size_t)got;
    return bytes;
}

/* What was not sent moves to the front of the file. */
static void spool_keep(int fd, struct hop_span rest)
{
    if (rest.at != NULL && rest.len > 0 && pwrite(fd, rest.at, rest.len, 0) != (ssize_t)rest.len)
        return; /* the old bytes stand: some lines will be sent twice, none is lost */
    if (ftruncate(fd, rest.at == NULL ? 0 : (off_t)rest.len) != 0)
        return;
}

static void spool_flush_by(const char *path, const char *devlog_path, struct hop_deadline deadline)
{
    if (access(path, F_OK) != 0)
        return;
    int fd = spool_open(path, 0);
    if (fd < 0)
        return;
    size_t len = 0;
    char *bytes = spool_read(fd, &len);
    if (bytes != NULL) {
        struct hop_span rest = {bytes, len}, before = rest, line;
        for (int i = 0; i < FLUSH_LINES_MAX && hop_span_cut(&rest, '\n', &line); i++) {
            if (!send_line(devlog_path, line, deadline)) {
                rest = before;
                break;
            }
            before = rest;
        }
        spool_keep(fd, rest);
        free(bytes);
    }
    close(fd);
}

enum hop_rc hop_alert_send_by(const char *spool_path, const char *devlog_path,
                              enum hop_severity severity, const char *text,
                              struct hop_deadline deadline)
{
    enum hop_rc rc = hop_devlog_send_by(devlog_path, severity, IDENT, text, deadline, NULL);
    if (rc != HOP_OK)
        return spool_append(spool_path, severity, text);
    spool_flush_by(spool_path, devlog_path, deadline);
    return HOP_OK;
}
