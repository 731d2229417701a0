/* SPDX-License-Identifier: Apache-2.0 */
/* Stream sockets that keep a deadline: non-blocking, close-on-exec, MSG_NOSIGNAL; numeric addresses
 * only. */
#ifndef HOP_SOCKET_H
#define HOP_SOCKET_H

#include "address.h"
#include "deadline.h"
#include "error.h"

enum hop_rc hop_socket_connect_unix_by(const char *path, struct hop_deadline deadline, int *ret_fd,
                                       struct hop_error *err);
enum hop_rc hop_socket_connect_tcp_by(const struct hop_address *address, uint16_t port,
                                      struct hop_deadline deadline, int *ret_fd,
                                      struct hop_error *err);
/* All of it, or HOP_TIMEOUT / HOP_IO. */
enum hop_rc hop_socket_write_by(int fd, const void *bytes, size_t len, struct hop_deadline deadline,
                                struct hop_error *err);
/* At least one byte; *ret_len 0 means the peer closed. */
enum hop_rc hop_socket_read_by(int fd, void *buffer, size_t size, struct hop_deadline deadline,
                               size_t *ret_len, struct hop_error *err);

#endif
