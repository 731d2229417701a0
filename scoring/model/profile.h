/* SPDX-License-Identifier: Apache-2.0 */
/* What one identity has done before: for each kind, the values seen and their day-sets; and two
 * registers (DESIGN 5.1).
 *
 *   profile  entries sorted by (kind, value)      c:NL      -> 20780:f9f3…
 *                                                 n:84.24.10.0/24 -> …
 *            registers                            last, stepup
 */
#ifndef HOP_PROFILE_H
#define HOP_PROFILE_H

#include "dayset.h"
#include "error.h"
#include "login.h"

enum hop_kind {
    HOP_KIND_COUNTRY, /* c */
    HOP_KIND_ASN,     /* a */
    HOP_KIND_NET,     /* n */
    HOP_KIND_NODE,    /* i */
    HOP_KIND_KEY,     /* k */
    HOP_KIND_TENANT,  /* t */
    HOP_KIND_HOST,    /* h  tenant/host */
    HOP_KIND_EDGE,    /* e  source tenant/target tenant */
    HOP_KIND_HOPPED,  /* x  "0", "1" */
    HOP_KIND_HOUR,    /* w  wd00..wd23, we00..we23 */
    HOP_KIND_COUNT
};

#define HOP_VALUE_MAX 320 /* longest value; longer ones are not stored */

/* Constants of a kind (DESIGN 5.1, 6). bound: most values kept. half_life in days. theta: prior
 * weight of novelty. quarantined: known only once trusted. */
struct hop_kind_facts {
    char letter;
    unsigned bound;
    double half_life;
    double theta;
    bool quarantined;
};
const struct hop_kind_facts *hop_kind_facts(enum hop_kind kind);
bool hop_kind_of(char letter, enum hop_kind *ret_kind);

struct hop_sighting {
    enum hop_kind kind;
    uint16_t len;  /* of the value */
    uint64_t head; /* its first bytes, in the order of values: most of a search needs no more */
    char *value;   /* owned by the profile */
    struct hop_dayset days;
};

/* What a day-set weighed when it was last asked for: a day's logins ask again and again, and few
 * values change meanwhile. today 0: nothing. This and hop_profile_memo are all that looking at a
 * profile may write. */
struct hop_weighed {
    int32_t today, first_day;
    struct hop_dayset_weight weight;
    double lately; /* of a tenant: its count in the short memory */
};

/* What the sightings of one kind weighed together, from the first to the last, when they were last
 * asked for. today 0: nothing, or one of them has changed since. Besides the days it depends on
 * what is trusted. */
struct hop_kind_sum {
    int32_t today, first_day, third_day;
    bool strict;
    double mass, novelty;
};

struct hop_profile_memo {
    struct hop_kind_sum sums[HOP_KIND_COUNT];
    double hours[2][24];          /* of HOP_KIND_HOUR, with its sum */
    double tenants_lately;        /* of HOP_KIND_TENANT */
    size_t found[HOP_KIND_COUNT]; /* where the last value looked for was, if it is still there */
};

/* Register `last`: the newest finished login. time 0: none. Text form: see hop_last_put. */
struct hop_last {
    int64_t time;
    struct hop_place place;
    struct hop_address address;
    char tenant[HOP_TENANT_MAX + 1];
    enum hop_zone zone;
};

struct hop_profile {
    struct hop_sighting *sightings;
    struct hop_weighed *weighed; /* of each sighting, apart: they are read in a row */
    size_t count, room;
    struct hop_profile_memo *memo;    /* with the first sighting; NULL: none */
    unsigned of_kind[HOP_KIND_COUNT]; /* how many sightings */
    struct hop_dayset days;           /* the union of theirs */
    bool hollow;                      /* a sighting may be without days */
    struct hop_last last;
    int64_t step_up_time; /* register `stepup`: last passed step-up, epoch s; 0: none */
    bool borrowed;        /* a view: the sightings are another's, and may only be looked at */
};

void hop_profile_init(struct hop_profile *profile);
void hop_profile_done(struct hop_profile *profile);
/* `profile` as a view that holds until `profile` changes; hop_profile_done leaves it alone. */
struct hop_profile hop_profile_view(const struct hop_profile *profile);
bool hop_profile_empty(
    const struct hop_profile *profile); /* no sightings; registers do not count */
/* NULL when never seen. The pointer holds until the profile changes. */
const struct hop_dayset *hop_profile_find(const struct hop_profile *profile, enum hop_kind kind,
                                          struct hop_span value);
/* The same with what surrounds it. */
const struct hop_sighting *hop_profile_sighting(const struct hop_profile *profile,
                                                enum hop_kind kind, struct hop_span value);
/* Joins `days` into the value's day-set. HOP_NOMEM, or HOP_LIMIT for a value over HOP_VALUE_MAX;
 * then nothing changed. */
enum hop_rc hop_profile_join(struct hop_profile *profile, enum hop_kind kind, struct hop_span value,
                             const struct hop_dayset *days);
/* Adds one day, and marks the value confirmed if asked. */
enum hop_rc hop_profile_see(struct hop_profile *profile, enum hop_kind kind, struct hop_span value,
                            int32_t day, bool confirmed);
/* Value by value union; registers take the later (hop_last_later). */
enum hop_rc hop_profile_merge(struct hop_profile *into, const struct hop_profile *from);
/* Is there anything that hop_profile_drop_future would take away? */
bool hop_profile_has_future(const struct hop_profile *profile, int32_t today);
/* Drops days after `today` + 1, and values that then are empty. */
void hop_profile_drop_future(struct hop_profile *profile, int32_t today);
/* The value of `kind` whose decayed count is smallest (ties: first by value) once the kind holds
 * more than its bound; else NULL. The caller removes it: hop_profile_remove. */
const struct hop_sighting *hop_profile_surplus(const struct hop_profile *profile,
                                               enum hop_kind kind, int32_t today);
void hop_profile_remove(struct hop_profile *profile, enum hop_kind kind, struct hop_span value);
/* Union of all day-sets: the identity's recorded days. confirmed is set when any value is
 * confirmed. */
struct hop_dayset hop_profile_days(const struct hop_profile *profile);

/* The values that one login shows, one per kind at most. Without address no c a n i; unknown
 * country and ASN are the value "unknown"; e only for a hop (source tenant differs from the
 * target); x always but for an unknown address; w is filled always, and learned only at session
 * starts. */
struct hop_values {
    bool has[HOP_KIND_COUNT];
    char text[HOP_KIND_COUNT][HOP_VALUE_MAX + 1];
};
void hop_values_of(const struct hop_login *login, struct hop_values *ret_values);

/* "<time> <zone> <country|-> <asn> <kind> <lat> <lon> <accuracy> <address|-> <tenant|->"; lat, lon
 * "-" without a point. */
void hop_last_put(struct hop_text *text, const struct hop_last *last);
bool hop_last_parse(struct hop_span text, struct hop_last *ret_last);
/* Makes it what its text reads back as; false, and in no state to be used, for one whose text does
 * not. */
bool hop_last_settle(struct hop_last *last);
/* The later by time; equal times: the greater by text, so that joins commute. */
const struct hop_last *hop_last_later(const struct hop_last *a, const struct hop_last *b);
struct hop_last hop_last_of(const struct hop_login *login);

#endif
