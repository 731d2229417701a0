/* SPDX-License-Identifier: Apache-2.0 */
/* Which keys a login reads and writes (DESIGN 5.2), and what the replies mean. Pure: no store,
 * clock or configuration here. */
#ifndef HOP_PLAN_H
#define HOP_PLAN_H

#include "answer.h"
#include "around.h"
#include "profile.h"
#include "store.h"

#define HOP_READS_MAX 48
#define HOP_LOG_CAP 200000 /* entries kept per witness */
#define HOP_SESSION_START_GAP                                                                      \
    7200 /* s: a login counts its hour only this long after the last one (DESIGN 6 T) */
#define HOP_CLOCK_SKEW_MAX 300 /* s against the store's clock */

/* In whose name a host reads and writes. */
struct hop_reach {
    char prefix[HOP_TENANT_MAX + 1];
    char witness[HOP_TENANT_MAX + 1];
    bool all_home;  /* one trust domain: witness is home */
    double tenants; /* n_T */
};

struct hop_reads {
    struct hop_read items[HOP_READS_MAX];
    size_t count;
};

/* What was recalled of a login's identity. */
enum hop_recall_source { HOP_RECALL_NOWHERE, HOP_RECALL_STORE, HOP_RECALL_FALLBACK };
struct hop_recollection {
    enum hop_recall_source source;
    struct hop_profile own;    /* of this host's witness: what is written to and bounded */
    struct hop_profile merged; /* with home's: what is scored. Either may be borrowed from a store
                                  that keeps profiles (memory), until its next write */
    struct hop_around around;
    char inventory_tag[HOP_TAG_MAX + 1]; /* another tenant's tag on the source address; "" none */
    int64_t store_time_ms;               /* the store's clock; 0 unknown */
};
void hop_recollection_init(struct hop_recollection *recollection);
void hop_recollection_done(struct hop_recollection *recollection);

/* Everything one score needs, TIME first. `ret_reads` is large (100 KiB): the caller allocates it.
 *
 *   own [home] 5 x (touches, size) [13 visits] 2 x failures [2 x the net's failures] [owners, size]
 *   [inventory, size] 2 or 4 of team and organisation, 1 to 3 freezes, permit; home and visits only
 * where the witness is a tenant
 */
void hop_plan_reads(const struct hop_login *login, const struct hop_reach *reach,
                    struct hop_reads *ret_reads);
/* Replies in the order of the reads. Parts that a hostile host malformed are skipped, never fatal;
 * days after tomorrow are dropped and registers from then ignored. HOP_NOMEM; HOP_MALFORMED for
 * replies to other reads than those of this login. On failure *ret_recollection is untouched. */
enum hop_rc hop_plan_recollect(const struct hop_reads *reads, const struct hop_replies *replies,
                               const struct hop_login *login, const struct hop_reach *reach,
                               struct hop_recollection *ret_recollection);

/* A verdict was reached: the touch of the tenant, unless one of this tenant and hour is already
 * among those read, as large. */
enum hop_rc hop_plan_touch(const struct hop_login *login, const struct hop_reach *reach,
                           const struct hop_recollection *recollection, int surprise_db,
                           struct hop_batch *batch);
/* The identity failed, at the login's time: its own list and, where the source is public, the
 * net's. Nothing without an identity. */
enum hop_rc hop_plan_failed(const struct hop_login *login, const struct hop_reach *reach,
                            enum hop_failure_kind kind, struct hop_batch *batch);
/* A login finished: sightings, registers, visits, owners, inventory, team, evictions of surplus
 * values; nothing unless lesson.learn. The hour counts only at a session start. A host that writes
 * as home beside tenant witnesses is home's own, so the destinations it writes are home's. */
enum hop_rc hop_plan_learned(const struct hop_login *login, const struct hop_reach *reach,
                             const struct hop_recollection *recollection, struct hop_lesson lesson,
                             struct hop_batch *batch);
/* The live session at this host's own address: opened, then closed. Field: the login's id; value:
 * "<identity> <last register>". Nothing without an address of its own. */
enum hop_rc hop_plan_session(const struct hop_login *login, const struct hop_reach *reach,
                             bool open, struct hop_batch *batch);
/* One more line for the witness's log under `id` (verdicts, outcomes, author's actions). */
enum hop_rc hop_plan_log(const struct hop_reach *reach, const char *id, const char *line,
                         struct hop_batch *batch);
/* A passed step-up: the register. */
enum hop_rc hop_plan_step_up(const struct hop_login *login, const struct hop_reach *reach,
                             struct hop_batch *batch);

/* Keys, for stores' users outside the login path (command, tests). */
void hop_key_profile(struct hop_text *text, const struct hop_reach *reach, const char *identity,
                     const char *witness);
void hop_key_touches(struct hop_text *text, const struct hop_reach *reach, const char *identity,
                     int64_t bucket);
void hop_key_visits(struct hop_text *text, const struct hop_reach *reach, const char *identity,
                    int month);
void hop_key_failures(struct hop_text *text, const struct hop_reach *reach, const char *identity,
                      int64_t bucket);
/* Of everybody's failures from one source net. */
void hop_key_net_failures(struct hop_text *text, const struct hop_reach *reach,
                          const struct hop_address *address, int64_t bucket);
void hop_key_owners(struct hop_text *text, const struct hop_reach *reach, const char *key);
void hop_key_inventory(struct hop_text *text, const struct hop_reach *reach,
                       const struct hop_address *address);
void hop_key_sessions(struct hop_text *text, const struct hop_reach *reach,
                      const struct hop_address *address, const char *witness);
/* d:{<tenant>[/<team>]}:<witness>: hash identity -> last day. */
void hop_key_admins(struct hop_text *text, const struct hop_reach *reach, const char *tenant,
                    const char *team, const char *witness);
/* d:{[/<team>]}:<witness>: set of "<tenant>|<identity>" whose size is m_org (m_team): totals over
 * tenants without counters. */
void hop_key_pairs(struct hop_text *text, const struct hop_reach *reach, const char *team,
                   const char *witness);
void hop_key_freeze(struct hop_text *text, const struct hop_reach *reach);
/* hash: fingerprint of who signed -> the word, see approval.h */
void hop_key_approval(struct hop_text *text, const struct hop_reach *reach, const char *id);
void hop_key_log(struct hop_text *text, const struct hop_reach *reach, const char *witness);

/* hash "time" -> epoch s of the last prune */
void hop_key_pruned(struct hop_text *text, const struct hop_reach *reach);
#define HOP_FIELD_PRUNED "time"

/* A key taken apart again, still percent-coded. */
struct hop_key_parts {
    char list;            /* p x y f q k n s d; l for a log, o approval, m the marker, f without a
                             name freeze */
    struct hop_span name; /* what stands in the braces */
    struct hop_span tail; /* witness, bucket or month; empty where there is none */
};
/* False for a key that none of the functions above makes. */
bool hop_key_parse(const char *key, const char *prefix, struct hop_key_parts *ret_parts);

/* A profile's field "c:NL" -> kind and value; and a profile from the pairs of a hash. */
bool hop_field_parse(struct hop_span field, enum hop_kind *ret_kind, struct hop_span *ret_value);
void hop_field_put(struct hop_text *text, enum hop_kind kind, struct hop_span value);
#define HOP_FIELD_LAST "last"
#define HOP_FIELD_STEP_UP "stepup"
/* Malformed pairs are skipped; of each kind at most twice its bound is read, so that a huge hash
 * costs little. On failure (HOP_NOMEM) *ret_profile, which the caller initialised, is empty. */
enum hop_rc hop_profile_of_pairs(const struct hop_pair *pairs, size_t count,
                                 struct hop_profile *ret_profile);
/* Does to a decoded profile what the write does to its hash. Other failures than HOP_NOMEM are
 * none: what is malformed is skipped as above. */
enum hop_rc hop_profile_write(struct hop_profile *profile, const struct hop_write *write);

/* Freeze entries: fields "account:<identity>", "key:<key>", "source:<address>"; value
 * "<step_up|block>|<epoch s>|<author>|<why>", the last two percent-coded. */
void hop_freeze_field_put(struct hop_text *text, const char *what, const char *name);
void hop_freeze_put(struct hop_text *text, enum hop_freeze freeze, int64_t time, const char *author,
                    const char *why);
/* The first word decides; anything else than "block" is HOP_FREEZE_STEP_UP, for unknown is not
 * good. */
enum hop_freeze hop_freeze_parse(struct hop_span value);

/* A permit stands beside them, under HOP_PERMIT_FIELD and the identity:
 * "<id>|<since>|<until>|<author>|<why>", the last two percent-coded. False, and no permit, for
 * anything else. */
#define HOP_PERMIT_FIELD "permit"
void hop_permit_put(struct hop_text *text, const struct hop_permit *permit);
bool hop_permit_parse(struct hop_span value, struct hop_permit *ret_permit);

#endif
