/* SPDX-License-Identifier: Apache-2.0 */
/* Which node of a Redis Cluster owns which slot. Pure.
 *
 *   key ──CRC16 of {tag} or all──> slot 0 .. 16383 ──owner──> node
 */
#ifndef HOP_CLUSTER_MAP_H
#define HOP_CLUSTER_MAP_H

#include "redis_transport.h"

#define HOP_CLUSTER_SLOTS 16384
#define HOP_CLUSTER_NODES_MAX 128
#define HOP_CLUSTER_NOBODY 255

struct hop_cluster_map {
    struct hop_redis_node nodes[HOP_CLUSTER_NODES_MAX]; /* never fewer: indexes stay */
    size_t count;
    uint8_t owner[HOP_CLUSTER_SLOTS]; /* index, or HOP_CLUSTER_NOBODY */
};
void hop_cluster_map_init(struct hop_cluster_map *map);

unsigned hop_cluster_slot(const char *key);

/* The node's index; HOP_CLUSTER_NOBODY when there are too many. */
uint8_t hop_cluster_node(struct hop_cluster_map *map, const struct hop_redis_node *node);

/* The reply to CLUSTER SLOTS. `asked` stands where a node does not know its own address; of a name
 * the address that Redis 7 adds is taken. False, and the map as it was, when it is none or owns
 * nothing. */
bool hop_cluster_slots_take(const struct hop_wire_reply *reply, const struct hop_redis_node *asked,
                            struct hop_cluster_map *map);

/* "3999 192.0.2.1:6381", what follows MOVED and ASK; without an address `asked` has it. */
bool hop_cluster_redirect_parse(struct hop_span words, const struct hop_redis_node *asked,
                                unsigned *ret_slot, struct hop_redis_node *ret_node);

/* Lines "<first slot> <last slot> <address> <port>" for a route, and back. */
void hop_cluster_map_put(const struct hop_cluster_map *map, struct hop_text *text);
bool hop_cluster_map_parse(struct hop_span text, struct hop_cluster_map *map);

#endif
