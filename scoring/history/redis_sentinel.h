/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the primary that sentinels watch.
 *
 *   the primary of last time ──asked──> answers: done, one round trip
 *        └ nobody, a replica, or silence for a quarter of the time left:
 *   all sentinels, side by side ──> what most of them name, or the first that nobody tried
 */
#ifndef HOP_REDIS_SENTINEL_H
#define HOP_REDIS_SENTINEL_H

#include "route.h"

struct hop_sentinel {
    struct hop_redis_link links[HOP_FLEET_MAX]; /* to the sentinels */
    size_t count;
    struct hop_wire_pipeline question;
    struct hop_route route;
    bool known; /* the link to the primary has an aim */
    struct hop_redis_node primary;
};

/* Copies the setup. HOP_NOMEM, HOP_MALFORMED, HOP_LIMIT. */
enum hop_rc hop_sentinel_init(struct hop_sentinel *sentinel, const struct hop_fleet_setup *setup,
                              const struct hop_tls_trust *trust, struct hop_error *err);
void hop_sentinel_done(struct hop_sentinel *sentinel);
/* The sentinels are to be asked before the primary of last time is believed again. */
void hop_sentinel_doubt(struct hop_sentinel *sentinel);

/* What a sentinel says to SENTINEL get-master-addr-by-name; false where it names nobody by an
 * address. Pure. */
bool hop_sentinel_reply_take(const struct hop_wire_reply *reply, struct hop_redis_node *ret_node);

/* As hop_redis_exchange_by, over a link that is aimed at the primary where it is not connected. */
enum hop_rc hop_sentinel_exchange_by(struct hop_sentinel *sentinel, struct hop_redis_link *link,
                                     const struct hop_wire_pipeline *pipeline, bool again,
                                     struct hop_wire_answer *ret_answer,
                                     struct hop_deadline deadline, struct hop_error *err);

#endif
