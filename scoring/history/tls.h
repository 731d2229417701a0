/* SPDX-License-Identifier: Apache-2.0 */
/* TLS (1.2 and up) to a server whose certificate has to be right, in steps over a socket of
 * sys/socket.h: OpenSSL sees memory only, so that no signal, wait or descriptor is its own.
 *
 *   exchange ──bytes──> SSL ──records──> memory ──hop_socket_send──> server
 *            <──bytes── SSL <──records── memory <──hop_socket_receive──
 */
#ifndef HOP_TLS_H
#define HOP_TLS_H

#include "socket.h"
#include "store.h"

/* What all connections of a store share: whom they believe, and who they are. */
struct hop_tls_trust;
/* HOP_MALFORMED names what of the setup is no certificate or key, or does not fit together. */
enum hop_rc hop_tls_trust_new(const struct hop_tls_setup *setup, struct hop_tls_trust **ret_trust,
                              struct hop_error *err);
void hop_tls_trust_free(struct hop_tls_trust **trust);

struct hop_tls;
/* For one connection to `peer` (address and port), which has to prove the setup's server name or,
 * where there is none, `name`. Takes up the session that was kept for it. `trust` and `peer`
 * outlive it. */
enum hop_rc hop_tls_new(const struct hop_tls_trust *trust, const char *peer, const char *name,
                        struct hop_tls **ret_tls, struct hop_error *err);
void hop_tls_free(struct hop_tls **tls);

/* To be called until *ret_ready. HOP_UNTRUSTED: the certificate, with what is wrong about it;
 * HOP_DENIED: the server wants another one of ours. What is then still to be sent goes out with the
 * first bytes. */
enum hop_rc hop_tls_shake(struct hop_tls *tls, int fd, bool *ret_ready, enum hop_need *ret_need,
                          struct hop_error *err);
/* Hands over all of it; hop_tls_flush, until nothing is needed, sends. */
enum hop_rc hop_tls_put(struct hop_tls *tls, const void *bytes, size_t len, struct hop_error *err);
enum hop_rc hop_tls_flush(struct hop_tls *tls, int fd, enum hop_need *ret_need,
                          struct hop_error *err);
/* What is there; 0 bytes with nothing needed, and not ended: ask again, after a look at the clock.
 */
enum hop_rc hop_tls_receive(struct hop_tls *tls, int fd, void *buffer, size_t size, size_t *ret_len,
                            bool *ret_ended, enum hop_need *ret_need, struct hop_error *err);
/* Are there bytes that came and nobody asked for? */
bool hop_tls_has_more(const struct hop_tls *tls);

/* Keeps the session for later connections: they need no certificates and, with TLS 1.2, a round
 * trip less. To be called once an answer has come, for tickets come before it. Quiet when the
 * folder takes no file. */
void hop_tls_keep(struct hop_tls *tls);

#endif
