/* SPDX-License-Identifier: Apache-2.0 */
#include "socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"

#define RETRY_MS 2 /* a full unix backlog cannot be polled for */

static enum hop_rc too_late(struct hop_error *err, const char *doing)
{
    return hop_error_set(err, HOP_TIMEOUT, "socket: %s: deadline passed", doing);
}

static enum hop_rc failed(struct hop_error *err, int errnum, const char *doing)
{
    enum hop_rc rc = HOP_IO;
    if (errnum == ENOENT)
        rc = HOP_NOT_FOUND;
    else if (errnum == EACCES || errnum == EPERM)
        rc = HOP_DENIED;
    else if (errnum == ETIMEDOUT)
        rc = HOP_TIMEOUT;
    return hop_error_errno(err, rc, errnum, "socket: %s", doing);
}

/* Returns early after a signal; callers try again and come back. */
static enum hop_rc wait_by(int fd, short events, struct hop_deadline deadline, const char *doing,
                           struct hop_error *err)
{
    int left = hop_clock_left_ms(deadline);
    if (left == 0)
        return too_late(err, doing);
    struct pollfd poller = {.fd = fd, .events = events};
    if (poll(&poller, 1, left) < 0 && errno != EINTR)
        return failed(err, errno, doing);
    return HOP_OK;
}

static enum hop_rc connect_unix(int fd, const struct sockaddr_un *name, socklen_t len,
                                struct hop_deadline deadline, struct hop_error *err)
{
    while (connect(fd, (const struct sockaddr *)name, len) < 0) {
        if (errno != EAGAIN && errno != EINTR)
            return failed(err, errno, "connect");
        int left = hop_clock_left_ms(deadline);
        if (left == 0)
            return too_late(err, "connect");
        poll(NULL, 0, left < RETRY_MS ? left : RETRY_MS);
    }
    return HOP_OK;
}

static enum hop_rc connect_finished(int fd, struct hop_deadline deadline, struct hop_error *err)
{
    struct pollfd poller = {.fd = fd, .events = POLLOUT};
    int ready = 0;
    while (ready <= 0) {
        int left = hop_clock_left_ms(deadline);
        if (left == 0)
            return too_late(err, "connect");
        ready = poll(&poller, 1, left);
        if (ready < 0 && errno != EINTR)
            return failed(err, errno, "connect");
    }
    int trouble = 0;
    socklen_t len = sizeof trouble;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &trouble, &len) < 0)
        trouble = errno;
    return trouble ? failed(err, trouble, "connect") : HOP_OK;
}

enum hop_rc hop_socket_connect_unix_by(const char *path, struct hop_deadline deadline, int *ret_fd,
                                       struct hop_error *err)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    if (!hop_string_copy(name.sun_path, sizeof name.sun_path, path))
        return hop_error_set(err, HOP_LIMIT, "socket: path longer than %zu bytes",
                             sizeof name.sun_path - 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return failed(err, errno, "create");
    enum hop_rc rc = connect_unix(fd, &name, sizeof name, deadline, err);
    if (rc) {
        close(fd);
        return rc;
    }
    *ret_fd = fd;
    return HOP_OK;
}

static socklen_t fill_name(const struct hop_address *address, uint16_t port,
                           struct sockaddr_storage *name)
{
    *name = (struct sockaddr_storage){0};
    if (address->family == 4) {
        struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
        memcpy(&v4.sin_addr, address->bytes, 4);
        memcpy(name, &v4, sizeof v4);
        return sizeof v4;
    }
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    memcpy(&v6.sin6_addr, address->bytes, 16);
    memcpy(name, &v6, sizeof v6);
    return sizeof v6;
}

enum hop_rc hop_socket_connect_tcp_by(const struct hop_address *address, uint16_t port,
                                      struct hop_deadline deadline, int *ret_fd,
                                      struct hop_error *err)
{
    if (address->family == 0)
        return hop_error_set(err, HOP_MALFORMED, "socket: no address");
    struct sockaddr_storage name;
    socklen_t len = fill_name(address, port, &name);
    int fd = socket(name.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return failed(err, errno, "create");
    int yes = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    enum hop_rc rc = HOP_OK;
    if (connect(fd, (const struct sockaddr *)&name, len) < 0)
        rc = errno == EINPROGRESS || errno == EINTR ? connect_finished(fd, deadline, err)
                                                    : failed(err, errno, "connect");
    if (rc) {
        close(fd);
        return rc;
    }
    *ret_fd = fd;
    return HOP_OK;
}

/* The clock is asked before every attempt, not only before waits: a peer that always has one more
 * byte would otherwise never let go. */
enum hop_rc hop_socket_write_by(int fd, const void *bytes, size_t len, struct hop_deadline deadline,
                                struct hop_error *err)
{
    const char *at = bytes;
    while (len) {
        if (hop_clock_left_ms(deadline) == 0)
            return too_late(err, "write");
        ssize_t done = send(fd, at, len, MSG_NOSIGNAL);
        if (done >= 0) {
            at += done;
            len -= (size_t)done;
        } else if (errno == EAGAIN) {
            enum hop_rc rc = wait_by(fd, POLLOUT, deadline, "write", err);
            if (rc)
                return rc;
        } else if (errno != EINTR) {
            return failed(err, errno, "write");
        }
    }
    return HOP_OK;
}

enum hop_rc hop_socket_read_by(int fd, void *buffer, size_t size, struct hop_deadline deadline,
                               size_t *ret_len, struct hop_error *err)
{
    for (;;) {
        if (hop_clock_left_ms(deadline) == 0)
            return too_late(err, "read");
        ssize_t got = recv(fd, buffer, size, 0);
        if (got >= 0) {
            *ret_len = (size_t)got;
            return HOP_OK;
        }
        if (errno == EAGAIN) {
            enum hop_rc rc = wait_by(fd, POLLIN, deadline, "read", err);
            if (rc)
                return rc;
        } else if (errno != EINTR) {
            return failed(err, errno, "read");
        }
    }
}
