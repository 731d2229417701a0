/* SPDX-License-Identifier: Apache-2.0 */
/* Logins of a log judged one after the other over an empty history in memory, and learned as a host
 * would: what replay and readiness do. */
#ifndef HOP_REJUDGE_H
#define HOP_REJUDGE_H

#include "command.h"

enum hop_rejudge_witness {
    HOP_REJUDGE_AS_CONFIGURED,
    HOP_REJUDGE_ALL_HOME,
    HOP_REJUDGE_EACH_TENANT
};

/* A desk of its own, over such a history. An exit status; what failed is told. */
int hop_rejudge_open(const struct hop_common *common, enum hop_rejudge_witness witness,
                     struct hop_desk *ret_desk);

typedef void hop_rejudge_visit(void *context, const struct hop_entry *entry,
                               const struct hop_login *login, const struct hop_verdict *verdict);
/* The next entry in order of time: a login is visited with its verdict; failures and confirmations
 * are learned; outcomes pass. False when the work cannot go on. */
bool hop_rejudge(struct hop_desk *desk, const struct hop_entry *entry, hop_rejudge_visit *visit,
                 void *context, struct hop_error *err);
/* A wrong credential without a verdict. */
bool hop_rejudge_is_failure(const struct hop_entry *entry);

#endif
