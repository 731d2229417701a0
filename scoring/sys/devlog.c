/* SPDX-License-Identifier: Apache-2.0 */
#include "devlog.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "date.h"
#include "socket.h"

#define AUTHPRIV 10
#define HEADER_MAX 128
#define RETRY_MS 2 /* when the kernel is out of buffers there is nothing to poll for */

static void put_header(struct hop_text *text, enum hop_severity severity, const char *ident)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int64_t now = hop_clock_epoch_ms() / 1000;
    int year, month, day;
    hop_date_civil(hop_date_day(now), &year, &month, &day);
    int second = (int)(now % HOP_DAY_SECONDS);
    hop_text_format(text, "<%d>%s %2d %02d:%02d:%02d %.64s[%ld]: ", AUTHPRIV * 8 + (int)severity,
                    months[month - 1], day, second / 3600, second / 60 % 60, second % 60, ident,
                    (long)getpid());
}

static enum hop_rc failed(struct hop_error *err, int errnum, const char *path)
{
    enum hop_rc rc = HOP_IO;
    if (errnum == ENOENT || errnum == ECONNREFUSED)
        rc = HOP_NOT_FOUND;
    else if (errnum == EACCES || errnum == EPERM)
        rc = HOP_DENIED;
    else if (errnum == EMSGSIZE)
        rc = HOP_LIMIT;
    return hop_error_errno(err, rc, errnum, "log %s", path);
}

/* One attempt is made whatever the time: a line that has room costs no waiting. */
static enum hop_rc send_datagram(int fd, const struct msghdr *message, const char *path,
                                 struct hop_deadline deadline, struct hop_error *err)
{
    while (sendmsg(fd, message, MSG_NOSIGNAL) < 0) {
        bool full = errno == EAGAIN;
        if (!full && errno != ENOBUFS && errno != EINTR)
            return failed(err, errno, path);
        int left = hop_clock_left_ms(deadline);
        if (left == 0)
            return hop_error_set(err, HOP_TIMEOUT, "log %s: no room within the deadline", path);
        struct pollfd poller = {.fd = fd, .events = POLLOUT};
        poll(&poller, full ? 1 : 0, full || left < RETRY_MS ? left : RETRY_MS);
    }
    return HOP_OK;
}

/* On a stream a NUL byte ends the message, as syslog(3) has it. */
static enum hop_rc send_stream(const char *path, const struct iovec parts[2],
                               struct hop_deadline deadline, struct hop_error *err)
{
    int fd;
    struct hop_socket_target target;
    enum hop_rc rc = hop_socket_target_unix(path, &target, err);
    if (!rc)
        rc = hop_socket_connect_by(&target, deadline, &fd, err);
    if (rc) {
        hop_error_within(err, "log %s", path);
        return rc;
    }
    rc = hop_socket_write_by(fd, parts[0].iov_base, parts[0].iov_len, deadline, err);
    if (!rc)
        rc = hop_socket_write_by(fd, parts[1].iov_base, parts[1].iov_len + 1, deadline, err);
    close(fd);
    if (rc)
        hop_error_within(err, "log %s", path);
    return rc;
}

enum hop_rc hop_devlog_send_by(const char *path, enum hop_severity severity, const char *ident,
                               const char *text, struct hop_deadline deadline,
                               struct hop_error *err)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    if (!hop_string_copy(name.sun_path, sizeof name.sun_path, path))
        return hop_error_set(err, HOP_LIMIT, "log %s: path too long", path);
    char buffer[HEADER_MAX];
    struct hop_text header = hop_text_over(buffer, sizeof buffer);
    put_header(&header, severity, ident);
    struct iovec parts[2] = {{.iov_base = buffer, .iov_len = header.len},
                             {.iov_len = strlen(text)}};
    memcpy(&parts[1].iov_base, &text, sizeof text); /* iov_base has no const, sendmsg only reads */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return failed(err, errno, path);
    enum hop_rc rc;
    if (connect(fd, (const struct sockaddr *)&name, sizeof name) == 0) {
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
        rc = send_datagram(fd, &message, path, deadline, err);
    } else if (errno == EPROTOTYPE) {
        rc = send_stream(path, parts, deadline, err);
    } else {
        rc = failed(err, errno, path);
    }
    close(fd);
    return rc;
}
