/* SPDX-License-Identifier: Apache-2.0 */
/* Which end of a connection is the client's. */
#include "ends.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../suite.h"

#define OWN "192.0.2.1"
#define MAPPED "::ffff:192.0.2.1"
#define OWN6 "2001:db8::1"
#define FAR "198.51.100.7"
#define FAR6 "2001:db8:f::7"

static struct hop_end_evidence evidence(bool own, bool listens)
{
    return (struct hop_end_evidence){.own = own, .listens = listens};
}

static int client(struct hop_end_evidence first, struct hop_end_evidence second)
{
    const struct hop_end_evidence both[2] = {first, second};
    return hop_ends_client(both);
}

START_TEST(the_address_that_is_not_ours_is_the_clients)
{
    for (int i = 0; i < 4; i++) { /* whatever ports a client chooses */
        bool one = i & 1, other = i & 2;
        ck_assert_int_eq(client(evidence(true, one), evidence(false, other)), 1);
        ck_assert_int_eq(client(evidence(false, one), evidence(true, other)), 0);
    }
}
END_TEST

START_TEST(else_the_port_that_nobody_listens_on_is_the_clients)
{
    for (int own = 0; own < 2; own++) {
        ck_assert_int_eq(client(evidence(own, true), evidence(own, false)), 1);
        ck_assert_int_eq(client(evidence(own, false), evidence(own, true)), 0);
    }
}
END_TEST

START_TEST(else_nobody_knows)
{
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(client(evidence(i & 1, i & 2), evidence(i & 1, i & 2)), -1);
}
END_TEST

static bool listener(const char *line, struct hop_ssh_end *ret_end)
{
    return hop_ends_parse_listener(hop_span_of(line), ret_end);
}

/* As a little-endian machine prints them, which all are that these tests run on. */
START_TEST(a_listening_socket_is_read)
{
    struct hop_ssh_end end;
    ck_assert(listener("   0: 0100007F:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000"
                       "     0        0 1 1 0 100 0 0 10 0\n",
                       &end));
    ck_assert_uint_eq(end.port, 22);
    ck_assert_int_eq(end.address.family, 4);
    ck_assert(memcmp(end.address.bytes, "\x7f\0\0\1", 4) == 0);
    ck_assert(listener(" 12: B80D0120000000000000000001000000:08AE "
                       "00000000000000000000000000000000:0000 0A x",
                       &end));
    ck_assert_uint_eq(end.port, 2222);
    struct hop_address expected;
    ck_assert(hop_address_parse(hop_span_of(OWN6), &expected));
    ck_assert(hop_address_equal(&end.address, &expected));
}
END_TEST

START_TEST(other_lines_are_no_listeners)
{
    static const char *const bad[] = {
        "",
        "\n",
        "  sl  local_address rem_address   st tx_queue rx_queue",
        "0: 0100007F:0016 0200007F:C000 01 x",
        "0: 0100007F:0016 00000000:0000",
        "0: 0100007F 00000000:0000 0A",
        "0: 0100007F:16 00000000:0000 0A",
        "0: 0100007:0016 00000000:0000 0A",
        "0: 0100007g:0016 00000000:0000 0A",
        "0: 0100007F0100007F:0016 00000000:0000 0A",
    };
    struct hop_ssh_end end;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!listener(bad[i], &end), "%s", bad[i]);
}
END_TEST

/* -- a network of this test's own, with two addresses and a socket ---------------------------- */

static void set_up_interface(void)
{
    struct ifreq request = {.ifr_name = "lo:1"};
    struct sockaddr_in address = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(inet_pton(AF_INET, OWN, &address.sin_addr), 1);
    memcpy(&request.ifr_addr, &address, sizeof address);
    ck_assert_int_eq(ioctl(fd, SIOCSIFADDR, &request), 0);
    request = (struct ifreq){.ifr_name = "lo", .ifr_flags = IFF_UP};
    ck_assert_int_eq(ioctl(fd, SIOCSIFFLAGS, &request), 0);
    close(fd);
}

static void setup(void)
{
    ck_assert_msg(geteuid() == 0, "these tests need root");
    ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
    set_up_interface();
}

static int listen_at(const char *address, uint16_t port)
{
    int fd = socket(strchr(address, ':') ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    bool six = strchr(address, ':') != NULL;
    ck_assert_int_eq(six ? inet_pton(AF_INET6, address, &in6.sin6_addr)
                         : inet_pton(AF_INET, address, &in.sin_addr),
                     1);
    const struct sockaddr *name = six ? (const void *)&in6 : (const void *)&in;
    ck_assert_int_eq(bind(fd, name, six ? sizeof in6 : sizeof in), 0);
    ck_assert_int_eq(listen(fd, 1), 0);
    return fd;
}

/* The client's end: 0, 1, or -1. */
static int ask(const char *connection)
{
    struct hop_ssh_end ends[2];
    struct hop_end_evidence found[2];
    ck_assert_msg(hop_ssh_ends_parse(hop_span_of(connection), ends), "%s", connection);
    hop_ends_ask(ends, HOP_ENDS_PROC_NET, found);
    return hop_ends_client(found);
}

START_TEST(our_interfaces_tell)
{
    ck_assert_int_eq(ask(OWN " 22 " FAR " 50000"), 1);
    ck_assert_int_eq(ask(FAR " 50000 " OWN " 22"), 0);
    ck_assert_int_eq(ask("127.0.0.9 22 " FAR " 50000"), 1);
    ck_assert_int_eq(ask("::1 22 " FAR6 " 50000"), 1);
    ck_assert_int_eq(ask("::ffff:" OWN " 22 ::ffff:" FAR " 50000"), 1);
    ck_assert_int_eq(ask(FAR6 " 50000 ::1 22"), 0);
}
END_TEST

/* Who may choose his port cannot turn it round. */
START_TEST(a_foreign_clients_port_does_not_matter)
{
    int ours = listen_at("0.0.0.0", 2222);
    ck_assert_int_eq(ask(OWN " 22 " FAR " 2222"), 1);
    ck_assert_int_eq(ask(FAR " 2222 " OWN " 22"), 0);
    close(ours);
}
END_TEST

START_TEST(a_login_from_this_host_is_told_by_its_port)
{
    static const char *const places[] = {"0.0.0.0", OWN, "::", MAPPED};
    ck_assert_int_eq(ask(OWN " 2222 127.0.0.7 50000"), -1);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        int ours = listen_at(places[i], 2222);
        ck_assert_msg(ask(OWN " 2222 127.0.0.7 50000") == 1, "%s", places[i]);
        ck_assert_msg(ask("127.0.0.7 50000 " OWN " 2222") == 0, "%s", places[i]);
        ck_assert_int_eq(ask(OWN " 2223 127.0.0.7 50000"), -1);
        close(ours);
    }
    int ours = listen_at("127.0.0.1", 2222);
    ck_assert_int_eq(ask(OWN " 2222 127.0.0.7 50000"), -1);
    close(ours);
    ours = listen_at("::", 2222);
    ck_assert_int_eq(ask("::1 2222 ::1 50000"), 1);
    close(ours);
}
END_TEST

START_TEST(two_listeners_tell_nothing)
{
    int ours = listen_at("0.0.0.0", 2222), theirs = listen_at("127.0.0.7", 50000);
    ck_assert_int_eq(ask(OWN " 2222 127.0.0.7 50000"), -1);
    ck_assert_int_eq(ask("127.0.0.7 50000 " OWN " 2222"), -1);
    close(ours);
    close(theirs);
}
END_TEST

/* Behind a transparent proxy the local address of a socket is no interface's. */
START_TEST(where_no_address_is_ours_the_port_tells)
{
    ck_assert_int_eq(ask(FAR " 2222 203.0.113.9 50000"), -1);
    int ours = listen_at("0.0.0.0", 2222);
    ck_assert_int_eq(ask(FAR " 2222 203.0.113.9 50000"), 1);
    close(ours);
}
END_TEST

START_TEST(without_the_lists_nobody_knows)
{
    struct hop_ssh_end ends[2];
    struct hop_end_evidence found[2];
    ck_assert(hop_ssh_ends_parse(hop_span_of(OWN " 2222 127.0.0.7 50000"), ends));
    hop_ends_ask(ends, "/no/such/folder", found);
    ck_assert_int_eq(hop_ends_client(found), -1);
}
END_TEST

HOP_SUITE_AROUND("ends", setup, NULL, the_address_that_is_not_ours_is_the_clients,
                 else_the_port_that_nobody_listens_on_is_the_clients, else_nobody_knows,
                 a_listening_socket_is_read, other_lines_are_no_listeners, our_interfaces_tell,
                 a_foreign_clients_port_does_not_matter, a_login_from_this_host_is_told_by_its_port,
                 two_listeners_tell_nothing, where_no_address_is_ours_the_port_tells,
                 without_the_lists_nobody_knows)
