/* SPDX-License-Identifier: Apache-2.0 */
/* One connection to a Redis server, made when it is first needed and closed after any failure: it
 * is never used again half-read. */
#ifndef HOP_REDIS_TRANSPORT_H
#define HOP_REDIS_TRANSPORT_H

#include "address.h"
#include "redis_wire.h"

struct hop_redis_link {
    char *name;      /* "redis /run/redis.sock" */
    char *unix_path; /* or NULL */
    struct hop_address address;
    uint16_t port;
    int database;
    char *user, *secret;
    int fd; /* -1: not connected */
};

/* Copies the setup. HOP_MALFORMED for an address that is not numeric, HOP_LIMIT, HOP_NOMEM. */
enum hop_rc hop_redis_link_init(struct hop_redis_link *link, const struct hop_redis_setup *setup,
                                struct hop_error *err);
void hop_redis_link_done(struct hop_redis_link *link);
void hop_redis_link_close(struct hop_redis_link *link);

/* Sends the pipeline in one write, behind AUTH and SELECT on a new connection, and reads all its
 * replies. `again`: a connection that turns out to have been closed while idle is made once more
 * and the pipeline sent again. Error replies are for the caller to look for, save those to AUTH
 * and SELECT. On success the caller ends *ret_answer with hop_wire_answer_done; after any failure
 * the link is closed. */
enum hop_rc hop_redis_exchange_by(struct hop_redis_link *link,
                                  const struct hop_wire_pipeline *pipeline, bool again,
                                  struct hop_wire_answer *ret_answer, struct hop_deadline deadline,
                                  struct hop_error *err);

/* An error reply as an error of ours: HOP_DENIED where the server does not let this user, HOP_IO
 * with the server's words otherwise. */
enum hop_rc hop_redis_refusal(const struct hop_redis_link *link, struct hop_span words,
                              struct hop_error *err);

#endif
