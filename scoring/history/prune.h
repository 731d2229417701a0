/* SPDX-License-Identifier: Apache-2.0 */
/* Upkeep of a whole history: takes away what no score reads any more and what is kept no longer
 * than the retention, and keeps the bounds. Only values that no host writes any more, or that every
 * later login writes again, go: pruning beside logins is harmless.
 *
 *   first   all keys     touches, failures, visits, sessions, admins, profiles, logs
 *   then    k: and d:    owners whom no profile backs, pairs that no tenant's list holds
 *   last    the marker
 */
#ifndef HOP_PRUNE_H
#define HOP_PRUNE_H

#include "plan.h"

#define HOP_SESSION_KEEP_DAYS 7 /* a session that is open longer has lost its origin anyway */
#define HOP_PRUNE_DUE_DAYS 7    /* after which a history counts as not cared for */

struct hop_pruned {
    size_t keys;            /* looked at */
    size_t touches, visits; /* keys */
    size_t failures;        /* keys */
    size_t values, admins, sessions, owners, entries;
    size_t approvals; /* keys */
    size_t flooded;   /* shared sets above HOP_SHARED_SET_FULL: they stay, and one is named */
    char flooded_key[HOP_STORE_KEY_MAX + 1];
    size_t unread; /* keys of which the store's answer was too large: left, and one is named */
    char unread_key[HOP_STORE_KEY_MAX + 1];
};

struct hop_prune;

/* The store is the caller's and must outlive it. `now` epoch s. HOP_NOMEM. */
enum hop_rc hop_prune_new(struct hop_store *store, const struct hop_reach *reach, int64_t now,
                          int retention_days, struct hop_prune **ret_prune, struct hop_error *err);
void hop_prune_free(struct hop_prune **prune);
/* The next page of the work; *ret_done once there is none. After a failure it may be called
 * again. */
enum hop_rc hop_prune_step_by(struct hop_prune *prune, bool *ret_done, struct hop_deadline deadline,
                              struct hop_error *err);
const struct hop_pruned *hop_prune_result(const struct hop_prune *prune);

/* When it was last done; *ret_time 0: never. */
enum hop_rc hop_pruned_time_by(struct hop_store *store, const struct hop_reach *reach,
                               int64_t *ret_time, struct hop_deadline deadline,
                               struct hop_error *err);

#endif
