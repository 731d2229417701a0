/* SPDX-License-Identifier: Apache-2.0 */
/* Servers that find each other, on loopback, in the fixture's folder. All of them ask for the
 * default user's password. */
#ifndef HOP_TEST_FLEET_FIXTURE_H
#define HOP_TEST_FLEET_FIXTURE_H

#include "store_fixture.h"

#define FLEET_SERVICE "hop"
#define FLEET_SERVERS_MAX 8

struct server {
    pid_t pid; /* 0: none */
    uint16_t port;
    uint16_t tls_port; /* of a cluster that was started with TLS */
};

/* For the contract tests: a sentinel of the fixture's server, and a cluster. */
struct fleet {
    struct server sentinel;
    struct server nodes[3];
};
struct fleet *fleet_start(void);
void fleet_stop(struct fleet **fleet);
enum hop_rc fleet_open(enum store_kind kind, struct hop_store **ret_store, struct hop_error *err);

/* A free port, and 10000 above it another one. */
uint16_t server_port(void);
/* `lines` of a configuration go before those that each server has. Waits until it answers. */
struct server server_start(uint16_t port, bool sentinel, const char *lines);
void server_stop(struct server *server);
/* One command as the default user; the reply as text, arrays with blanks between; in a static
 * buffer. The first word of an error is what a failed connection gives, too. */
const char *server_told(const struct server *server, size_t count, const char *const *words);
#define TOLD(server, ...)                                                                          \
    server_told((server), sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *),             \
                (const char *const[]){__VA_ARGS__})
/* The same until the reply holds this text. */
void server_waits(const struct server *server, const char *text, size_t count,
                  const char *const *words);
#define WAITS(server, text, ...)                                                                   \
    server_waits((server), (text), sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *),    \
                 (const char *const[]){__VA_ARGS__})

/* Lines for a server that also speaks TLS, with the fixture's certificates; in a static buffer. */
const char *tls_lines(uint16_t port);
/* Watches the server at `primary` with this quorum. */
struct server sentinel_start(uint16_t primary, int quorum, const char *more);
/* Primaries share the slots evenly; replica i follows primary i. Ready when it returns. */
void cluster_start(struct server *servers, size_t primaries, size_t replicas);
void cluster_start_tls(struct server *servers, size_t primaries);
/* From now on a silent server is taken for dead in a second; before, not so soon. */
void sentinel_hurry(const struct server *sentinel);
void node_hurry(const struct server *node);
/* Until the replica has all that the primary has now. */
void replica_waits(const struct server *replica, const struct server *primary);

/* Seeds at these servers; `setups` has room for them. */
struct hop_fleet_setup fleet_setup(const struct server *servers, size_t count,
                                   struct hop_redis_setup *setups, const char *route_folder);

#endif
