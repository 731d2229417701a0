/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of a source address: whose network, which country, place and AS, hosting or not.
 * Local files only, never a name look-up. */
#ifndef HOP_FACTS_H
#define HOP_FACTS_H

#include "conf.h"

struct hop_facts;

/* Opens the databases that `conf` names; they must be root's regular files, not writable by others.
 * One that cannot be opened does not fail the call: HOP_OK, with hop_facts_lost() true and the
 * reason in `err`. `conf` must outlive the handle. */
enum hop_rc hop_facts_open(const struct hop_conf *conf, struct hop_facts **ret_facts,
                           struct hop_error *err);
void hop_facts_free(struct hop_facts **facts);
/* A configured database is missing or unreadable (not: none configured). */
bool hop_facts_lost(const struct hop_facts *facts);
/* Build time (epoch s) of a configured database for doctor; 0 when none. which: 0 city, 1 asn. */
int64_t hop_facts_built(const struct hop_facts *facts, int which);

/* Fills all of *ret_origin for `address` (family 0: HOP_ZONE_NOWHERE). A damaged file
 * counts as unknown and sets *ret_lost, which may be NULL; an IPv4-only database knows no IPv6,
 * which is no loss. Both databases are asked for everything, the city one first. */
void hop_facts_origin(const struct hop_facts *facts, const struct hop_address *address,
                      struct hop_origin *ret_origin, bool *ret_lost);

#endif
