/* SPDX-License-Identifier: Apache-2.0 */
/* Where a fleet's servers were found last, kept for the next login. Believed only as a first guess:
 * every server is asked what it is.
 *
 *   <folder>/route   "hopwarden route 1 <digest of what was asked for>\n" and lines of the asker's
 */
#ifndef HOP_ROUTE_H
#define HOP_ROUTE_H

#include "redis_transport.h"

#define HOP_ROUTE_TEXT_MAX 65536

struct hop_route {
    char *path; /* NULL: nowhere */
    bool read_only;
    uint64_t digest;
};
/* HOP_NOMEM only. */
enum hop_rc hop_route_init(struct hop_route *route, const struct hop_fleet_setup *setup,
                           struct hop_error *err);
void hop_route_done(struct hop_route *route);
/* The lines, malloc'd; NULL when there are none for what this setup asks. */
char *hop_route_recall(const struct hop_route *route);
/* Quiet when it cannot be kept. */
void hop_route_keep(const struct hop_route *route, struct hop_span lines);

/* "<address> <port>" */
void hop_redis_node_put(struct hop_text *text, const struct hop_redis_node *node);
bool hop_redis_node_parse(struct hop_span *words, struct hop_redis_node *ret_node);

#endif
