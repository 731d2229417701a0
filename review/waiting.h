/* SPDX-License-Identifier: Apache-2.0 */
/* Logins that wait for an approval, as the log has them. */
#ifndef HOP_WAITING_H
#define HOP_WAITING_H

#include "logged.h"

struct hop_waiting {
    struct hop_login login; /* as the waiting host judged it: its own word for the identity */
    struct hop_verdict verdict;
    int64_t until; /* epoch s, by that host's clock */
};

/* HOP_NOT_FOUND for a login that does not wait, or no longer at `now`. HOP_UNTRUSTED for one that
 * `witness`, in whose log it stands, has no say in: who approves must not be shown one customer's
 * story of another's login. */
enum hop_rc hop_waiting_of(const struct hop_logged *logged, const char *witness, int64_t now,
                           struct hop_waiting *ret_waiting, struct hop_error *err);
/* The same by id, in the logs that this host may read. */
enum hop_rc hop_waiting_find(struct hop_desk *desk, const char *id, int64_t now,
                             struct hop_waiting *ret_waiting, struct hop_error *err);
void hop_waiting_print(const struct hop_waiting *waiting, int64_t now);
json_t *hop_waiting_json(const struct hop_waiting *waiting);

#endif
