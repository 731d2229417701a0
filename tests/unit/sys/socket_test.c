/* SPDX-License-Identifier: Apache-2.0 */
#include "socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../suite.h"
#include "clock.h"

#define SOON 100     /* ms: a deadline that is meant to pass */
#define LONG_AGO -1  /* ms: one that has */
#define PLENTY 30000 /* ms: one that must not */

static char folder[64];
static struct sockaddr_un name;
static struct hop_error err;

static void setup(void)
{
    snprintf(folder, sizeof folder, "/tmp/hop-socket-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    name = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(name.sun_path, sizeof name.sun_path, "%s/s", folder);
    hop_error_clear(&err);
}

static void teardown(void)
{
    unlink(name.sun_path);
    ck_assert_int_eq(rmdir(folder), 0);
}

static int listen_unix(int backlog)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&name, sizeof name), 0);
    ck_assert_int_eq(listen(fd, backlog), 0);
    return fd;
}

static int listen_tcp(const char *address, uint16_t *ret_port)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    ck_assert_int_eq(inet_pton(AF_INET, address, &in.sin_addr), 1);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t len = sizeof in;
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&in, sizeof in), 0);
    ck_assert_int_eq(listen(fd, 4), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&in, &len), 0);
    *ret_port = ntohs(in.sin_port);
    return fd;
}

static struct hop_address address(const char *text)
{
    struct hop_address parsed;
    ck_assert(hop_address_parse(hop_span_of(text), &parsed));
    return parsed;
}

static enum hop_rc connect_unix_by(const char *path, struct hop_deadline deadline, int *ret_fd,
                                   struct hop_error *error)
{
    struct hop_socket_target target;
    enum hop_rc rc = hop_socket_target_unix(path, &target, error);
    return rc == HOP_OK ? hop_socket_connect_by(&target, deadline, ret_fd, error) : rc;
}

static enum hop_rc connect_tcp_by(const struct hop_address *there, uint16_t port,
                                  struct hop_deadline deadline, int *ret_fd,
                                  struct hop_error *error)
{
    struct hop_socket_target target;
    enum hop_rc rc = hop_socket_target_tcp(there, port, &target, error);
    return rc == HOP_OK ? hop_socket_connect_by(&target, deadline, ret_fd, error) : rc;
}

/* Waits, then reads: as whoever waits for several does. */
static enum hop_rc read_by(int fd, void *buffer, size_t size, struct hop_deadline deadline,
                           size_t *ret_len, struct hop_error *error)
{
    struct hop_socket_wait wait = {.fd = fd, .need = HOP_NEED_INPUT};
    while (!wait.ready) {
        enum hop_rc rc = hop_socket_wait_by(&wait, 1, deadline, error);
        if (rc != HOP_OK)
            return rc;
    }
    enum hop_rc rc = hop_socket_receive(fd, buffer, size, ret_len, &wait.need, error);
    ck_assert_int_eq(wait.need, HOP_NEED_NOTHING);
    return rc;
}

static int connected(void)
{
    int fd = -1;
    ck_assert_msg(connect_unix_by(name.sun_path, hop_clock_deadline(PLENTY), &fd, &err) == HOP_OK,
                  "%s", err.text);
    return fd;
}

START_TEST(a_connection_is_nonblocking_and_close_on_exec)
{
    int listener = listen_unix(4), fd = connected();
    ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
    ck_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
    close(fd);
    close(listener);
}
END_TEST

START_TEST(nobody_there_is_told_apart)
{
    int fd = -7;
    struct hop_deadline deadline = hop_clock_deadline(PLENTY);
    ck_assert_int_eq(connect_unix_by(name.sun_path, deadline, &fd, &err), HOP_NOT_FOUND);
    int listener = listen_unix(4);
    close(listener);
    ck_assert_int_eq(connect_unix_by(name.sun_path, deadline, &fd, &err), HOP_IO);
    ck_assert_str_eq(err.text, "socket: connect: Connection refused");
    uint16_t port;
    listener = listen_tcp("127.0.0.1", &port);
    close(listener);
    struct hop_address there = address("127.0.0.1");
    ck_assert_int_eq(connect_tcp_by(&there, port, deadline, &fd, &err), HOP_IO);
    ck_assert_int_eq(fd, -7);
}
END_TEST

START_TEST(a_path_or_address_that_cannot_be_is_refused)
{
    char path[200];
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = 0;
    int fd = -7;
    ck_assert_int_eq(connect_unix_by(path, hop_clock_deadline(PLENTY), &fd, &err), HOP_LIMIT);
    struct hop_address none = {0};
    ck_assert_int_eq(connect_tcp_by(&none, 1, hop_clock_deadline(PLENTY), &fd, &err),
                     HOP_MALFORMED);
    ck_assert_int_eq(fd, -7);
}
END_TEST

START_TEST(a_full_backlog_keeps_the_deadline)
{
    int listener = listen_unix(0), first = connected(), fd = -7;
    ck_assert_int_eq(connect_unix_by(name.sun_path, hop_clock_deadline(SOON), &fd, &err),
                     HOP_TIMEOUT);
    ck_assert_int_eq(fd, -7);
    close(first);
    close(listener);
}
END_TEST

/* Two waiting connections fill a backlog of one; the kernel then lets further ones hang. */
START_TEST(a_tcp_connection_that_hangs_keeps_the_deadline)
{
    uint16_t port;
    int listener = listen_tcp("127.0.0.1", &port), fd = -7, waiting[16];
    ck_assert_int_eq(listen(listener, 0), 0);
    struct hop_address there = address("127.0.0.1");
    enum hop_rc rc = HOP_OK;
    size_t count = 0;
    while (rc == HOP_OK && count < 16) {
        rc = connect_tcp_by(&there, port, hop_clock_deadline(SOON), &fd, &err);
        if (rc == HOP_OK)
            waiting[count++] = fd;
    }
    ck_assert_int_eq(rc, HOP_TIMEOUT);
    while (count)
        close(waiting[--count]);
    close(listener);
}
END_TEST

START_TEST(bytes_go_both_ways_over_tcp)
{
    uint16_t port;
    int listener = listen_tcp("127.0.0.1", &port), fd = -1;
    struct hop_address there = address("127.0.0.1");
    struct hop_deadline deadline = hop_clock_deadline(PLENTY);
    ck_assert_int_eq(connect_tcp_by(&there, port, deadline, &fd, &err), HOP_OK);
    int peer = accept(listener, NULL, NULL);
    ck_assert_int_eq(hop_socket_write_by(fd, "ping", 4, deadline, &err), HOP_OK);
    char buffer[16];
    ck_assert_int_eq(recv(peer, buffer, sizeof buffer, 0), 4);
    ck_assert_int_eq(send(peer, "pong!", 5, 0), 5);
    size_t len = 0;
    ck_assert_int_eq(read_by(fd, buffer, sizeof buffer, deadline, &len, &err), HOP_OK);
    ck_assert_uint_eq(len, 5);
    close(peer);
    ck_assert_int_eq(read_by(fd, buffer, sizeof buffer, deadline, &len, &err), HOP_OK);
    ck_assert_uint_eq(len, 0);
    close(fd);
    close(listener);
}
END_TEST

START_TEST(tcp_over_ipv6_too)
{
    struct sockaddr_in6 in = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), fd = -1;
    socklen_t len = sizeof in;
    ck_assert_int_eq(bind(listener, (const struct sockaddr *)&in, sizeof in), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&in, &len), 0);
    struct hop_address there = address("::1");
    ck_assert_int_eq(
        connect_tcp_by(&there, ntohs(in.sin6_port), hop_clock_deadline(PLENTY), &fd, &err), HOP_OK);
    close(fd);
    close(listener);
}
END_TEST

START_TEST(a_silent_peer_keeps_the_deadline)
{
    int listener = listen_unix(4), fd = connected();
    char byte;
    size_t len = 7;
    ck_assert_int_eq(read_by(fd, &byte, 1, hop_clock_deadline(SOON), &len, &err), HOP_TIMEOUT);
    ck_assert_uint_eq(len, 7);
    ck_assert_str_eq(err.text, "socket: wait: deadline passed");
    close(fd);
    close(listener);
}
END_TEST

START_TEST(a_peer_that_never_reads_keeps_the_deadline)
{
    static char much[1 << 22];
    int listener = listen_unix(4), fd = connected();
    ck_assert_int_eq(hop_socket_write_by(fd, much, sizeof much, hop_clock_deadline(SOON), &err),
                     HOP_TIMEOUT);
    close(fd);
    close(listener);
}
END_TEST

/* The child sends one byte every few milliseconds for ever: each read succeeds, the whole may not
 * last. It ends with its parent's connection. */
static pid_t start_dripping(int listener)
{
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid)
        return pid;
    int peer = accept(listener, NULL, NULL);
    while (send(peer, "x", 1, MSG_NOSIGNAL) == 1)
        usleep(3000);
    _exit(0);
}

START_TEST(a_peer_of_one_byte_at_a_time_keeps_the_deadline)
{
    int listener = listen_unix(4);
    pid_t child = start_dripping(listener);
    int fd = connected();
    struct hop_deadline deadline = hop_clock_deadline(SOON);
    char byte;
    size_t len, reads = 0;
    while (read_by(fd, &byte, 1, deadline, &len, &err) == HOP_OK)
        reads++;
    ck_assert_int_eq(err.rc, HOP_TIMEOUT);
    ck_assert_uint_gt(reads, 0);
    close(fd);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    close(listener);
}
END_TEST

START_TEST(after_the_deadline_nothing_is_read_or_written)
{
    int ends[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    ck_assert_int_eq(send(ends[1], "x", 1, 0), 1);
    char byte;
    size_t len;
    struct hop_deadline past = hop_clock_deadline(LONG_AGO);
    ck_assert_int_eq(read_by(ends[0], &byte, 1, past, &len, &err), HOP_TIMEOUT);
    ck_assert_int_eq(hop_socket_write_by(ends[0], "x", 1, past, &err), HOP_TIMEOUT);
    ck_assert_int_eq(hop_socket_write_by(ends[0], "", 0, past, &err), HOP_OK);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

START_TEST(nothing_to_read_is_a_need_and_the_end_is_not)
{
    int ends[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    char byte;
    size_t len = 7;
    enum hop_need need = HOP_NEED_NOTHING;
    ck_assert_int_eq(hop_socket_receive(ends[0], &byte, 1, &len, &need, &err), HOP_OK);
    ck_assert_int_eq(need, HOP_NEED_INPUT);
    close(ends[1]);
    ck_assert_int_eq(hop_socket_receive(ends[0], &byte, 1, &len, &need, &err), HOP_OK);
    ck_assert_int_eq(need, HOP_NEED_NOTHING);
    ck_assert_uint_eq(len, 0);
    close(ends[0]);
}
END_TEST

START_TEST(of_several_those_that_are_ready_are_told)
{
    int one[2], two[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, one), 0);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, two), 0);
    struct hop_socket_wait waits[] = {{.fd = one[0], .need = HOP_NEED_INPUT},
                                      {.fd = two[0], .need = HOP_NEED_INPUT},
                                      {.fd = two[0], .need = HOP_NEED_OUTPUT}};
    ck_assert_int_eq(hop_socket_wait_by(waits, 2, hop_clock_deadline(SOON), &err), HOP_TIMEOUT);
    ck_assert_int_eq(send(two[1], "x", 1, 0), 1);
    ck_assert_int_eq(hop_socket_wait_by(waits, 3, hop_clock_deadline(PLENTY), &err), HOP_OK);
    ck_assert(!waits[0].ready && waits[1].ready && waits[2].ready);
    struct hop_socket_wait many[HOP_SOCKET_WAITS_MAX + 1] = {0};
    ck_assert_int_eq(
        hop_socket_wait_by(many, HOP_SOCKET_WAITS_MAX + 1, hop_clock_deadline(PLENTY), &err),
        HOP_LIMIT);
    close(one[0]), close(one[1]);
    close(two[0]), close(two[1]);
}
END_TEST

START_TEST(a_peer_that_left_is_an_error_and_no_signal)
{
    signal(SIGPIPE, SIG_DFL);
    int ends[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    close(ends[1]);
    ck_assert_int_eq(hop_socket_write_by(ends[0], "x", 1, hop_clock_deadline(PLENTY), &err),
                     HOP_IO);
    ck_assert_str_eq(err.text, "socket: write: Broken pipe");
    close(ends[0]);
}
END_TEST

static void nothing(int number)
{
    (void)number;
}

START_TEST(a_signal_does_not_end_a_wait)
{
    struct sigaction action = {.sa_handler = nothing};
    sigaction(SIGUSR1, &action, NULL);
    int listener = listen_unix(4), fd = connected();
    pid_t child = fork();
    if (child == 0) {
        int peer = accept(listener, NULL, NULL);
        for (int i = 0; i < 5; i++) {
            kill(getppid(), SIGUSR1);
            usleep(3000);
        }
        _exit(send(peer, "x", 1, MSG_NOSIGNAL) == 1 ? 0 : 1);
    }
    char byte;
    size_t len;
    ck_assert_int_eq(read_by(fd, &byte, 1, hop_clock_deadline(PLENTY), &len, &err), HOP_OK);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    close(fd);
    close(listener);
}
END_TEST

HOP_SUITE_AROUND("socket", setup, teardown, a_connection_is_nonblocking_and_close_on_exec,
                 nobody_there_is_told_apart, a_path_or_address_that_cannot_be_is_refused,
                 a_full_backlog_keeps_the_deadline, a_tcp_connection_that_hangs_keeps_the_deadline,
                 bytes_go_both_ways_over_tcp, tcp_over_ipv6_too,
                 nothing_to_read_is_a_need_and_the_end_is_not,
                 of_several_those_that_are_ready_are_told, a_silent_peer_keeps_the_deadline,
                 a_peer_that_never_reads_keeps_the_deadline,
                 a_peer_of_one_byte_at_a_time_keeps_the_deadline,
                 after_the_deadline_nothing_is_read_or_written,
                 a_peer_that_left_is_an_error_and_no_signal, a_signal_does_not_end_a_wait)
