/* SPDX-License-Identifier: Apache-2.0 */
/* One connection to a Redis server, made when it is first needed and closed after any failure: it
 * is never used again half-read. Exchanges over several of them go on side by side.
 *
 *   start ──> connect ──> shake hands ──> send ──> read ──> done
 *               │  (TLS only)               │
 *               └ the next address          └ once more, where an idle connection was gone
 */
#ifndef HOP_REDIS_TRANSPORT_H
#define HOP_REDIS_TRANSPORT_H

#include "address.h"
#include "redis_wire.h"
#include "socket.h"
#include "tls.h"

/* A server by its numbers: what servers tell of each other. */
struct hop_redis_node {
    struct hop_address address;
    uint16_t port;
};
bool hop_redis_node_equal(const struct hop_redis_node *a, const struct hop_redis_node *b);

struct hop_redis_link {
    char *name; /* "redis /run/redis.sock" */
    struct hop_socket_target targets[HOP_REDIS_ADDRESSES_MAX];
    size_t target_count;
    struct hop_redis_node node; /* the first target, unless it is a unix socket */
    char *host;                 /* for TLS */
    int database;
    char *user, *secret;
    const struct hop_tls_trust *trust; /* NULL: no TLS; borrowed */
    bool to_primary;                   /* a replica is refused, unless our user may not ask */
    bool secret_optional;              /* a server that wants none is fine */
    int fd;                            /* -1: not connected */
    struct hop_tls *tls;
};

/* Copies the setup, save its TLS, for which `trust` stands. HOP_MALFORMED for an address that is
 * not numeric, HOP_LIMIT, HOP_NOMEM. */
enum hop_rc hop_redis_link_init(struct hop_redis_link *link, const struct hop_redis_setup *setup,
                                const struct hop_tls_trust *trust, struct hop_error *err);
/* To another server from now on; closed before. HOP_NOMEM: as it was, but closed. */
enum hop_rc hop_redis_link_aim(struct hop_redis_link *link, const struct hop_redis_node *node,
                               struct hop_error *err);
void hop_redis_link_done(struct hop_redis_link *link);
void hop_redis_link_close(struct hop_redis_link *link);
/* Closes a connection that the server has ended meanwhile. */
void hop_redis_link_check(struct hop_redis_link *link);

/* A pipeline that is on its way. Stays where it was started. */
struct hop_redis_exchange {
    struct hop_redis_link *link;
    const struct hop_wire_pipeline *pipeline;
    struct hop_wire_answer *answer; /* the caller's */
    bool again, fresh;
    size_t target; /* which address */
    enum { HOP_STEP_CONNECT, HOP_STEP_SHAKE, HOP_STEP_SEND, HOP_STEP_READ, HOP_STEP_DONE } step;
    enum hop_need need;
    struct hop_wire_pipeline whole; /* greetings and pipeline */
    size_t greetings, sent;
    enum hop_rc rc;       /* once done */
    struct hop_error err; /* the same */
};

/* Sends the pipeline in one write, behind AUTH, SELECT and ROLE on a new connection, and reads all
 * its replies. `again`: a connection that turns out to have been closed while idle is made once
 * more and the pipeline sent again; otherwise that is a failure, for what was watched over it is
 * watched no more. Error replies are for the caller to look for, save those to
 * what stands before it. One exchange at a time per link; link, pipeline and answer outlive it. */
void hop_redis_exchange_start(struct hop_redis_exchange *exchange, struct hop_redis_link *link,
                              const struct hop_wire_pipeline *pipeline, bool again,
                              struct hop_wire_answer *answer);
/* Until one more of them (at most HOP_SOCKET_WAITS_MAX) is done, or the deadline: HOP_TIMEOUT. On
 * success of an exchange the caller ends its answer with hop_wire_answer_done; after its failure
 * its link is closed. */
enum hop_rc hop_redis_exchange_any_by(struct hop_redis_exchange *const *exchanges, size_t count,
                                      struct hop_deadline deadline);
/* Ends an exchange that is not done, as a failure. */
void hop_redis_exchange_abandon(struct hop_redis_exchange *exchange);
/* One from start to end. */
enum hop_rc hop_redis_exchange_by(struct hop_redis_link *link,
                                  const struct hop_wire_pipeline *pipeline, bool again,
                                  struct hop_wire_answer *ret_answer, struct hop_deadline deadline,
                                  struct hop_error *err);

/* An error reply as an error of ours: HOP_DENIED where the server does not let this user, HOP_IO
 * with the server's words otherwise. */
enum hop_rc hop_redis_refusal(const struct hop_redis_link *link, struct hop_span words,
                              struct hop_error *err);

#endif
