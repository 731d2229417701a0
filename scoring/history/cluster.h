/* SPDX-License-Identifier: Apache-2.0 */
/* The nodes of a Redis Cluster, asked side by side, and what becomes of the map when they send us
 * elsewhere.
 *
 *   pending ──by owner──> lanes, one a node ──run──> replies: taken, or pending again
 *      └─────── MOVED, ASK, a node that is away: the map is looked up anew ──────┘
 */
#ifndef HOP_CLUSTER_H
#define HOP_CLUSTER_H

#include "cluster_map.h"
#include "route.h"

#define HOP_CLUSTER_LANES_MAX HOP_SOCKET_WAITS_MAX

struct hop_cluster {
    struct hop_cluster_map map;
    bool map_is_new;                                     /* and not kept yet */
    struct hop_redis_link *links[HOP_CLUSTER_NODES_MAX]; /* made when first needed */
    struct hop_redis_link seeds[HOP_FLEET_MAX];
    size_t seed_count;
    struct hop_tls_trust *trust; /* NULL: no TLS */
    struct hop_route route;
};
/* Copies the setup, and takes up the map that was kept. */
enum hop_rc hop_cluster_init(struct hop_cluster *cluster, const struct hop_fleet_setup *setup,
                             struct hop_error *err);
void hop_cluster_done(struct hop_cluster *cluster);

/* One node's part of a round. */
struct hop_cluster_lane {
    uint8_t node;
    unsigned slot; /* one of those for which it was chosen */
    bool once;     /* not to be sent again over another connection, which would not watch */
    struct hop_wire_pipeline pipeline;
    struct hop_wire_answer answer;
    struct hop_redis_exchange exchange;
};
struct hop_cluster_lanes {
    struct hop_cluster_lane *items; /* HOP_CLUSTER_LANES_MAX of them */
    size_t count;
};
/* False without memory. */
bool hop_cluster_lanes_init(struct hop_cluster_lanes *lanes);
void hop_cluster_lanes_done(struct hop_cluster_lanes *lanes);
/* Empties them for another round. */
void hop_cluster_lanes_clear(struct hop_cluster_lanes *lanes);
/* The lane of this node; NULL when there is none left for it in this round. */
struct hop_cluster_lane *hop_cluster_lane_for(struct hop_cluster_lanes *lanes, uint8_t node,
                                              unsigned slot);

/* One operation, over as many rounds as it takes. */
struct hop_cluster_task {
    struct hop_cluster *cluster;
    struct hop_cluster_lanes lanes;
    struct hop_deadline deadline;
    bool doubt;     /* the map is to be looked up before the next round */
    bool pause;     /* some keys are on their way between nodes */
    unsigned looks; /* how often it was */
    unsigned rounds;
    enum hop_rc fatal;    /* no other node would do better */
    struct hop_error err; /* the latest trouble */
};

/* Whose slot it is; HOP_CLUSTER_NOBODY leaves doubt. */
uint8_t hop_cluster_owner(struct hop_cluster_task *task, unsigned slot);
/* Sends all lanes and reads their replies; a lane's exchange tells how it went. */
void hop_cluster_run(struct hop_cluster_task *task);
/* Did the lane get its replies? Otherwise there is doubt, or a fatal error. */
bool hop_cluster_lane_answered(struct hop_cluster_task *task, const struct hop_cluster_lane *lane);
/* A reply that is wrong: an error that sends us elsewhere (*ret_asking: to *ret_node this once),
 * that leaves doubt, or that is fatal. */
void hop_cluster_wrong(struct hop_cluster_task *task, const struct hop_cluster_lane *lane,
                       const struct hop_wire_reply *reply, bool *ret_asking, uint8_t *ret_node);
/* Before another round: looks the map up where there is doubt. False when there is no use in one;
 * then `err` says why. */
bool hop_cluster_goes_on(struct hop_cluster_task *task);
/* The connection to the owner of this slot, which was reached just now and, with a key, has it. */
enum hop_rc hop_cluster_link_by(struct hop_cluster *cluster, unsigned slot, const char *key,
                                struct hop_deadline deadline, struct hop_redis_link **ret_link,
                                struct hop_error *err);
/* Keeps a new map; to be called when all is over. */
void hop_cluster_settle(struct hop_cluster *cluster);

#endif
