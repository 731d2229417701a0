/* SPDX-License-Identifier: Apache-2.0 */
/* Where a history is kept, as `history =` says it.
 *
 *   sqlite:/path   unix:/path
 *   redis://host[:port][/database]     rediss:// the same over TLS
 *   sentinel://host[:port],.../name    who names the primary of this service
 *   cluster://host[:port],...          some of its nodes
 */
#ifndef HOP_URL_H
#define HOP_URL_H

#include "address.h"

#define HOP_URL_HOSTS_MAX 8
#define HOP_URL_HOST_MAX 253
#define HOP_URL_DATABASE_MAX 1023

enum hop_url_kind {
    HOP_URL_SQLITE,
    HOP_URL_UNIX,
    HOP_URL_REDIS,
    HOP_URL_SENTINEL,
    HOP_URL_CLUSTER,
    HOP_URL_KIND_COUNT
};

struct hop_url_host {
    struct hop_span host; /* a name, or an address without its brackets */
    uint16_t port;
};

/* The spans point into the text. */
struct hop_url {
    enum hop_url_kind kind;
    bool tls; /* of redis: the scheme says so; of sentinel and cluster it is a setting's to say */
    struct hop_span path; /* of sqlite and unix, to the end of the text */
    struct hop_url_host hosts[HOP_URL_HOSTS_MAX];
    size_t count;
    int database;
    struct hop_span name; /* of a sentinel's service */
};

/* False when it is none of these. Names are not looked up, numbers are in range. */
bool hop_url_parse(struct hop_span text, struct hop_url *ret_url);

#endif
