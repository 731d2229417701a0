/* SPDX-License-Identifier: Apache-2.0 */
#include "socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"

#define PAUSE_MS 2

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

enum hop_rc hop_socket_target_unix(const char *path, struct hop_socket_target *ret_target,
                                   struct hop_error *err)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    if (!hop_string_copy(name.sun_path, sizeof name.sun_path, path))
        return hop_error_set(err, HOP_LIMIT, "socket: path longer than %zu bytes",
                             sizeof name.sun_path - 1);
    *ret_target = (struct hop_socket_target){.len = sizeof name};
    memcpy(&ret_target->name, &name, sizeof name);
    return HOP_OK;
}

enum hop_rc hop_socket_target_tcp(const struct hop_address *address, uint16_t port,
                                  struct hop_socket_target *ret_target, struct hop_error *err)
{
    if (address->family == 0)
        return hop_error_set(err, HOP_MALFORMED, "socket: no address");
    *ret_target = (struct hop_socket_target){0};
    if (address->family == 4) {
        struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
        memcpy(&v4.sin_addr, address->bytes, 4);
        memcpy(&ret_target->name, &v4, sizeof v4);
        ret_target->len = sizeof v4;
        return HOP_OK;
    }
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    memcpy(&v6.sin6_addr, address->bytes, 16);
    memcpy(&ret_target->name, &v6, sizeof v6);
    ret_target->len = sizeof v6;
    return HOP_OK;
}

enum hop_rc hop_socket_open(const struct hop_socket_target *target, int *ret_fd,
                            struct hop_error *err)
{
    int fd = socket(target->name.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return failed(err, errno, "create");
    int yes = 1;
    if (target->name.ss_family != AF_UNIX)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    *ret_fd = fd;
    return HOP_OK;
}

/* Asking again is how the kernel tells what became of an attempt. */
enum hop_rc hop_socket_connect(int fd, const struct hop_socket_target *target,
                               enum hop_need *ret_need, struct hop_error *err)
{
    *ret_need = HOP_NEED_NOTHING;
    if (connect(fd, (const struct sockaddr *)&target->name, target->len) == 0 || errno == EISCONN)
        return HOP_OK;
    if (errno == EAGAIN)
        *ret_need = HOP_NEED_PAUSE;
    else if (errno == EINPROGRESS || errno == EALREADY || errno == EINTR)
        *ret_need = HOP_NEED_OUTPUT;
    else
        return failed(err, errno, "connect");
    return HOP_OK;
}

enum hop_rc hop_socket_send(int fd, const void *bytes, size_t len, size_t *ret_len,
                            enum hop_need *ret_need, struct hop_error *err)
{
    ssize_t done = send(fd, bytes, len, MSG_NOSIGNAL);
    if (done < 0 && errno != EAGAIN && errno != EINTR)
        return failed(err, errno, "write");
    *ret_need = done < 0 && errno == EAGAIN ? HOP_NEED_OUTPUT : HOP_NEED_NOTHING;
    *ret_len = done < 0 ? 0 : (size_t)done;
    return HOP_OK;
}

enum hop_rc hop_socket_receive(int fd, void *buffer, size_t size, size_t *ret_len,
                               enum hop_need *ret_need, struct hop_error *err)
{
    ssize_t got;
    do {
        got = recv(fd, buffer, size, 0);
    } while (got < 0 && errno == EINTR);
    if (got < 0 && errno != EAGAIN)
        return failed(err, errno, "read");
    *ret_need = got < 0 ? HOP_NEED_INPUT : HOP_NEED_NOTHING;
    *ret_len = got < 0 ? 0 : (size_t)got;
    return HOP_OK;
}

/* Fills the pollers; *ret_left becomes shorter where one of them only needs a moment. */
static void pollers_of(const struct hop_socket_wait *waits, size_t count, struct pollfd *pollers,
                       int *left)
{
    for (size_t i = 0; i < count; i++) {
        pollers[i] = (struct pollfd){.fd = waits[i].fd};
        if (waits[i].need == HOP_NEED_INPUT)
            pollers[i].events = POLLIN;
        else if (waits[i].need == HOP_NEED_OUTPUT)
            pollers[i].events = POLLOUT;
        else
            pollers[i].fd = -1;
        if (waits[i].need == HOP_NEED_PAUSE && *left > PAUSE_MS)
            *left = PAUSE_MS;
        if (waits[i].need == HOP_NEED_NOTHING)
            *left = 0;
    }
}

enum hop_rc hop_socket_wait_by(struct hop_socket_wait *waits, size_t count,
                               struct hop_deadline deadline, struct hop_error *err)
{
    struct pollfd pollers[HOP_SOCKET_WAITS_MAX];
    int left = hop_clock_left_ms(deadline);
    if (count > HOP_SOCKET_WAITS_MAX)
        return hop_error_set(err, HOP_LIMIT, "socket: more than %d at once", HOP_SOCKET_WAITS_MAX);
    if (left == 0)
        return too_late(err, "wait");
    pollers_of(waits, count, pollers, &left);
    int ready = poll(pollers, count, left);
    if (ready < 0 && errno != EINTR)
        return failed(err, errno, "wait");
    bool any = ready < 0; /* a signal: the caller looks at the clock, and comes back */
    for (size_t i = 0; i < count; i++) {
        waits[i].ready = waits[i].need == HOP_NEED_NOTHING || waits[i].need == HOP_NEED_PAUSE ||
                         (ready > 0 && pollers[i].revents != 0);
        any |= waits[i].ready;
    }
    return any || hop_clock_left_ms(deadline) ? HOP_OK : too_late(err, "wait");
}

/* Of one, telling what was being done when it became too late. */
static enum hop_rc wait_one_by(int fd, enum hop_need need, struct hop_deadline deadline,
                               const char *doing, struct hop_error *err)
{
    struct hop_socket_wait wait = {.fd = fd, .need = need};
    enum hop_rc rc = hop_socket_wait_by(&wait, 1, deadline, err);
    return rc == HOP_TIMEOUT ? too_late(err, doing) : rc;
}

enum hop_rc hop_socket_connect_by(const struct hop_socket_target *target,
                                  struct hop_deadline deadline, int *ret_fd, struct hop_error *err)
{
    int fd;
    enum hop_rc rc = hop_socket_open(target, &fd, err);
    if (rc)
        return rc;
    enum hop_need need = HOP_NEED_NOTHING;
    do {
        rc = hop_socket_connect(fd, target, &need, err);
        if (rc == HOP_OK && need)
            rc = wait_one_by(fd, need, deadline, "connect", err);
    } while (rc == HOP_OK && need);
    if (rc) {
        close(fd);
        return rc;
    }
    *ret_fd = fd;
    return HOP_OK;
}

/* The clock is asked before every attempt, not only before waits: a peer that always takes one more
 * byte would otherwise never let go. */
enum hop_rc hop_socket_write_by(int fd, const void *bytes, size_t len, struct hop_deadline deadline,
                                struct hop_error *err)
{
    const char *at = bytes;
    enum hop_rc rc = HOP_OK;
    while (len && rc == HOP_OK) {
        size_t done = 0;
        enum hop_need need = HOP_NEED_NOTHING;
        if (hop_clock_left_ms(deadline) == 0)
            return too_late(err, "write");
        rc = hop_socket_send(fd, at, len, &done, &need, err);
        if (rc == HOP_OK && need)
            rc = wait_one_by(fd, need, deadline, "write", err);
        at += done;
        len -= done;
    }
    return rc;
}
