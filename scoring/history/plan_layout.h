/* SPDX-License-Identifier: Apache-2.0 */
/* Where each part of a score's reads stands: plan_reads.c writes and recollect.c reads by it. */
#ifndef HOP_PLAN_LAYOUT_H
#define HOP_PLAN_LAYOUT_H

#include "plan.h"

#define HOP_NAMES_READ_MAX 4 /* owners of a key, tenants of an address: one other is enough */

/* Index of a part's first read; NONE where this login has no such part. */
#define HOP_LAYOUT_NONE SIZE_MAX
struct hop_plan_layout {
    size_t time, own, home, touches, visits, failures, net_failures, owners, inventory,
        organisation, team;
    size_t frozen_account, frozen_key, frozen_source, permit;
    size_t count;
};
void hop_plan_layout_of(const struct hop_login *login, const struct hop_reach *reach,
                        struct hop_plan_layout *ret_layout);

/* Only public addresses stand in the inventory: private ones mean something else at each site. */
bool hop_plan_is_public(const struct hop_address *address);
/* The bucket that a moment's touches are in. */
int64_t hop_touch_bucket(int64_t time);
int64_t hop_failure_bucket(int64_t time);
/* Tells identities apart without naming them. */
void hop_identity_tag_put(struct hop_text *text, const char *identity);

/* A list's keys up to the number of their bucket. */
void hop_key_touches_head(struct hop_text *text, const struct hop_reach *reach,
                          const char *identity);
void hop_key_visits_head(struct hop_text *text, const struct hop_reach *reach,
                         const char *identity);
void hop_key_net_failures_head(struct hop_text *text, const struct hop_reach *reach,
                               const struct hop_address *address);

#endif
