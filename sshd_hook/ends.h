/* SPDX-License-Identifier: Apache-2.0 */
/* Which end of a connection is the client's: sshd's %C names both, and versions differ in the order
 * (OpenSSH 9.4 to 10.x put the server first, their manual page the client). */
#ifndef HOP_ENDS_H
#define HOP_ENDS_H

#include "ssh.h"

#define HOP_ENDS_PROC_NET "/proc/net"

/* What this host knows of an end. */
struct hop_end_evidence {
    bool own;     /* the address is one of this host's */
    bool listens; /* a TCP socket listens there */
};

/* The client's end of the two, 0 or 1; -1 where nothing tells. The server's address is this host's
 * own; where both are (a login from the host itself), or none, a server's port is one that
 * somebody listens on. */
int hop_ends_client(const struct hop_end_evidence evidence[2]);

/* Asks the kernel: its interfaces, and the lists of sockets in `proc_net`. */
void hop_ends_ask(const struct hop_ssh_end ends[2], const char *proc_net,
                  struct hop_end_evidence ret_evidence[2]);

/* One line of /proc/net/tcp or tcp6: a listening socket's end, with an address of zeros if it
 * listens on all of them. False for any other line. */
bool hop_ends_parse_listener(struct hop_span line, struct hop_ssh_end *ret_end);

#endif
