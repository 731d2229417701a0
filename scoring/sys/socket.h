/* SPDX-License-Identifier: Apache-2.0 */
/* Stream sockets that keep a deadline: non-blocking, close-on-exec, MSG_NOSIGNAL; numeric addresses
 * only. In steps for those who wait for several at once, with `_by` for those who wait for one. */
#ifndef HOP_SOCKET_H
#define HOP_SOCKET_H

#include "address.h"
#include "deadline.h"
#include "error.h"

#include <sys/socket.h>

#define HOP_SOCKET_WAITS_MAX 64

/* Where to connect to. */
struct hop_socket_target {
    struct sockaddr_storage name;
    socklen_t len;
};
enum hop_rc hop_socket_target_unix(const char *path, struct hop_socket_target *ret_target,
                                   struct hop_error *err);
enum hop_rc hop_socket_target_tcp(const struct hop_address *address, uint16_t port,
                                  struct hop_socket_target *ret_target, struct hop_error *err);

/* What a step has to wait for before it is worth taking again. */
enum hop_need {
    HOP_NEED_NOTHING,
    HOP_NEED_INPUT,
    HOP_NEED_OUTPUT,
    HOP_NEED_PAUSE /* a moment: a full unix backlog cannot be polled for */
};

/* A socket for this target, not connected yet. */
enum hop_rc hop_socket_open(const struct hop_socket_target *target, int *ret_fd,
                            struct hop_error *err);
/* To be called until nothing is needed: then the socket is connected. */
enum hop_rc hop_socket_connect(int fd, const struct hop_socket_target *target,
                               enum hop_need *ret_need, struct hop_error *err);
/* As many of at least one byte as fit now; 0: HOP_NEED_OUTPUT. */
enum hop_rc hop_socket_send(int fd, const void *bytes, size_t len, size_t *ret_len,
                            enum hop_need *ret_need, struct hop_error *err);
/* What is there; *ret_len 0 with nothing needed means the peer closed. */
enum hop_rc hop_socket_receive(int fd, void *buffer, size_t size, size_t *ret_len,
                               enum hop_need *ret_need, struct hop_error *err);

struct hop_socket_wait {
    int fd;
    enum hop_need need;
    bool ready; /* set by the wait: worth another step */
};
/* Until one of them (at most HOP_SOCKET_WAITS_MAX) is ready, a signal came, or the deadline: then
 * HOP_TIMEOUT. */
enum hop_rc hop_socket_wait_by(struct hop_socket_wait *waits, size_t count,
                               struct hop_deadline deadline, struct hop_error *err);

enum hop_rc hop_socket_connect_by(const struct hop_socket_target *target,
                                  struct hop_deadline deadline, int *ret_fd, struct hop_error *err);
/* All of it, or HOP_TIMEOUT / HOP_IO. */
enum hop_rc hop_socket_write_by(int fd, const void *bytes, size_t len, struct hop_deadline deadline,
                                struct hop_error *err);

#endif
