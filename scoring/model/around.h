/* SPDX-License-Identifier: Apache-2.0 */
/* What the score knows besides the profile: team and organisation, the shared lists (which may only
 * accuse), freezes. */
#ifndef HOP_AROUND_H
#define HOP_AROUND_H

#include "login.h"

#define HOP_TOUCH_READ_MAX 256   /* members read of one shared set */
#define HOP_SHARED_SET_FULL 1024 /* a larger shared set is a finding, and full accusation */
#define HOP_TOUCH_BUCKET_SECONDS 21600
#define HOP_TOUCH_BUCKETS 5 /* buckets that cover the last 24 h */
#define HOP_TOUCHES_MAX (HOP_TOUCH_READ_MAX * HOP_TOUCH_BUCKETS)
#define HOP_VISIT_MONTHS 13 /* this month and a year back */
#define HOP_TAG_MAX HOP_TENANT_MAX

/* "<epoch>|<tenant tag>|<destination surprise in decibits>|<asn>|<key tag>" */
struct hop_touch {
    int64_t time; /* epoch s */
    char tag[HOP_TAG_MAX + 1];
    int surprise_db; /* decibits, clamped to -70..70 when parsed */
    uint32_t asn;
    char key_tag[HOP_TAG_MAX + 1];
};

/* A failed credential, or a step-up asked for and not passed; each counted once in ten seconds.
 *
 *   in the identity's list     "<epoch>|c" or "<epoch>|s"
 *   in the source net's list   "<epoch>|c|<identity tag>", the same of anybody's
 */
enum hop_failure_kind { HOP_FAILURE_CREDENTIAL, HOP_FAILURE_STEP_UP, HOP_FAILURE_KIND_COUNT };
#define HOP_FAILURE_SLOT_SECONDS 10
#define HOP_FAILURE_BUCKET_SECONDS 7200
#define HOP_FAILURE_BUCKETS 2 /* buckets that cover the last two hours */
#define HOP_FAILURE_READ_MAX 256
#define HOP_FAILURES_MAX (2 * HOP_FAILURE_BUCKETS * HOP_FAILURE_READ_MAX)

struct hop_failure {
    int64_t time; /* epoch s, down to a whole slot */
    enum hop_failure_kind kind;
    bool of_another;           /* from the same net, on another identity */
    char tag[HOP_TAG_MAX + 1]; /* whose, in a net's list; else "" */
};

enum hop_freeze { HOP_FREEZE_NONE, HOP_FREEZE_STEP_UP, HOP_FREEZE_BLOCK };

/* Home's exception for one identity: while it lasts, logins that would be refused or asked are let
 * in, and told aloud. A freeze of account, key or source is stronger. */
#define HOP_PERMIT_SECONDS_MAX 86400 /* from since to until: a longer one is none */
#define HOP_PERMIT_WHY_MAX 100
#define HOP_PERMIT_AUTHOR_MAX 32
#define HOP_PERMIT_CLOCK_MAX 300 /* s that its first second may seem to lie ahead */

struct hop_permit {
    char id[HOP_ULID_LENGTH + 1]; /* its name; "": there is none */
    int64_t since, until;         /* epoch s; over at `until` */
    char author[HOP_PERMIT_AUTHOR_MAX + 1];
    char why[HOP_PERMIT_WHY_MAX + 1];
};

struct hop_around {
    /* team back-off; the totals are over tenants (DESIGN 6 D) */
    double tenants;    /* n_T, at least 1 */
    double team_here;  /* m_team,t */
    double team_total; /* m_team */
    double org_here;   /* m_org,t */
    double org_total;  /* m_org */
    /* shared lists: these alone never block */
    bool key_of_another;  /* another identity used this key */
    bool touches_flooded; /* a touch set above HOP_SHARED_SET_FULL */
    bool owners_flooded;
    bool inventory_flooded;    /* too many tags on the source address, or members that are none */
    struct hop_touch *touches; /* owned, any order; NULL when none */
    size_t touch_count;
    struct hop_failure *failures; /* owned, any order; NULL when none */
    size_t failure_count;
    bool failures_flooded;             /* as many as are ever read: full accusation */
    unsigned visits[HOP_VISIT_MONTHS]; /* set sizes; [0] is the month of `today`, [1] the one before
                                          ... */
    /* home's word */
    enum hop_freeze frozen_account, frozen_key, frozen_source;
    struct hop_permit permit;
};

/* Does it hold at `now`? Never before it was given, nor beyond the longest time: a clock that is
 * wrong makes no permit. */
bool hop_permit_holds(const struct hop_permit *permit, int64_t now);

void hop_around_init(struct hop_around *around); /* tenants = 1, all else zero */
void hop_around_done(struct hop_around *around);
void hop_touch_put(struct hop_text *text, const struct hop_touch *touch);
bool hop_touch_parse(struct hop_span text, struct hop_touch *ret_touch);
void hop_failure_put(struct hop_text *text, const struct hop_failure *failure);
/* of_another is false in what is parsed. */
bool hop_failure_parse(struct hop_span text, struct hop_failure *ret_failure);
/* Which outcome of a login (hop_engine_refused_by) is a failure of the person's: "failure",
 * "step-up-failed". */
bool hop_failure_of_outcome(const char *outcome, enum hop_failure_kind *ret_kind);
/* Months since 1970-01 of a day; its middle day: for the keys of visits and their decay. */
int hop_month_of(int32_t day);
int32_t hop_month_middle(int month);

#endif
