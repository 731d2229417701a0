/* SPDX-License-Identifier: Apache-2.0 */
/* The evidence blocks of DESIGN 6: each turns one aspect of a login into bits of log-likelihood
 * ratio per story. Pure. */
#ifndef HOP_EVIDENCE_H
#define HOP_EVIDENCE_H

#include "around.h"
#include "policy.h"
#include "profile.h"

enum hop_story {
    HOP_STORY_OUTSIDE,
    HOP_STORY_NEAR,
    HOP_STORY_HOP,
    HOP_STORY_SEAT,
    HOP_STORY_COUNT
};

enum hop_block {
    HOP_BLOCK_ORIGIN,      /* N */
    HOP_BLOCK_TRAVEL,      /* G */
    HOP_BLOCK_TIME,        /* T */
    HOP_BLOCK_KEY,         /* K */
    HOP_BLOCK_DESTINATION, /* D */
    HOP_BLOCK_HOP,         /* H */
    HOP_BLOCK_FAN_OUT,     /* B */
    HOP_BLOCK_FAILURES,    /* F */
    HOP_BLOCK_DORMANCY,    /* Z */
    HOP_BLOCK_SIGHT,       /* S */
    HOP_BLOCK_MOVE,        /* M */
    HOP_BLOCK_RECENCY,     /* V */
    HOP_BLOCK_PACE,        /* P */
    HOP_BLOCK_COUNT        /* to come: L lineage */
};

/* Floors: conditions that ask for at least a step-up. The first ones rest on this host's and home's
 * word alone. */
enum hop_floor {
    HOP_FLOOR_NEWCOMER,     /* fewer than 3 recorded days and nothing confirmed */
    HOP_FLOOR_COUNTRY,      /* new country */
    HOP_FLOOR_HOSTING,      /* new hosting or VPN ASN */
    HOP_FLOOR_KEY_NEW,      /* new key from the internet */
    HOP_FLOOR_EDGE,         /* hop edge not known */
    HOP_FLOOR_TENANT_FIRST, /* first touch of this tenant, where the witness is a tenant and neither
                               home nor team speaks for the person */
    HOP_FLOOR_UNCONFIRMED,  /* strict: seen on three days, and leaving quarantine asks */
    HOP_FLOOR_DORMANT,      /* silent for more than 90 days */
    HOP_FLOOR_FROZEN,       /* frozen account, key or source */
    HOP_FLOOR_KEY_OWNER,    /* another identity's key, not known here (shared list) */
    HOP_FLOOR_FLOODED,      /* a shared set is full: itself a finding (shared list) */
    HOP_FLOOR_COUNT
};
#define HOP_FLOOR_BIT(floor) (1u << (unsigned)(floor))

/* Log-odds before any evidence. A tenant's own witness knows little of a life: most of what is new
 * to it is old elsewhere. */
#define HOP_PRIOR_BITS -13.0
#define HOP_PRIOR_BITS_TENANT -16.8
#define HOP_SEEN_AT .10     /* a decayed count under this is as good as never seen */
#define HOP_LATELY_DAYS 5.0 /* half-life of the short memory */

/* One login with all that is known around it. `login` may differ from the one on the wire: see
 * hop_scene_without_shared. */
/* The tables of the half-lives, worked out once for many logins. */
struct hop_decays {
    struct hop_decay slow, fast, lately;
};
void hop_decays_init(struct hop_decays *decays);

struct hop_scene {
    const struct hop_login *login;
    const struct hop_profile *profile; /* merged of this host's tenant and home */
    const struct hop_around *around;
    const struct hop_decays *decays; /* NULL: worked out when needed */
    bool strict;
    bool witness_is_home;
};

/* What every block needs, worked out once. */
struct hop_familiarity {
    int32_t today, first_day, third_day; /* INT32_MAX when there are fewer days */
    int32_t last_day;                    /* before today, of days and register; 0 when none */
    int recorded_days;
    bool confirmed_any;
    bool unconfirmed; /* strict: one of this login's values waits for a confirmation alone */
    double mass[HOP_KIND_COUNT];    /* M_l */
    double novelty[HOP_KIND_COUNT]; /* T_l */
    double p_new[HOP_KIND_COUNT];
    double count[HOP_KIND_COUNT]; /* c_v of this login's value, 0 when unseen */
    bool known[HOP_KIND_COUNT];
    double hours[2][24];   /* counts of the hour bins: [0] weekdays, [1] weekends */
    double tenants_lately; /* sum of HOP_LATELY_DAYS-half-life counts over tenants */
    double tenant_lately;  /* of it this login's tenant */
    int32_t tenant_last;   /* day of the last visit to it; INT32_MAX when never */
    struct hop_values values;
};
void hop_familiarity_of(const struct hop_scene *scene, struct hop_familiarity *ret_familiarity);

/* terms[story][block] in bits, as the blocks give them: unclipped; present[block] false when the block was skipped (its
 * terms are then 0). */
struct hop_evidence {
    double terms[HOP_STORY_COUNT][HOP_BLOCK_COUNT];
    bool present[HOP_BLOCK_COUNT];
};

/* One function per block; each fills its column. */
void hop_evidence_origin(const struct hop_scene *scene, const struct hop_familiarity *f,
                         struct hop_evidence *evidence);
/* The widest part of the origin that is not known (country, ASN, net, node); HOP_KIND_COUNT when
 * all are. */
enum hop_kind hop_origin_unknown(const struct hop_familiarity *f);
/* The same if it was never seen at all, not even on a day that does not count yet. */
enum hop_kind hop_origin_never_seen(const struct hop_scene *scene, const struct hop_familiarity *f);
/* Bits by which N would be larger, were a narrower part of the origin the widest unknown one: more
 * surprise must not weigh less. */
double hop_origin_step(const struct hop_scene *scene, const struct hop_familiarity *f,
                       enum hop_story story);
void hop_evidence_travel(const struct hop_scene *scene, struct hop_evidence *evidence);
void hop_evidence_time(const struct hop_scene *scene, const struct hop_familiarity *f,
                       struct hop_evidence *evidence);
void hop_evidence_key(const struct hop_scene *scene, const struct hop_familiarity *f,
                      struct hop_evidence *evidence);
void hop_evidence_destination(const struct hop_scene *scene, const struct hop_familiarity *f,
                              struct hop_evidence *evidence);
/* Chances of the next login's tenant. */
struct hop_destination {
    double base;          /* of any tenant, by what team and organisation do */
    double own;           /* of this tenant, for this person */
    double attacker;      /* of this tenant, for an attacker */
    double visits_lately; /* short memory's sightings of tenants, by the shared visits */
};
struct hop_destination hop_destination_of(const struct hop_scene *scene,
                                          const struct hop_familiarity *f);
/* log2 of an attacker's chance over the person's, some of them going where the person would. */
double hop_destination_bits(double ratio);
void hop_evidence_hop(const struct hop_scene *scene, const struct hop_familiarity *f,
                      struct hop_evidence *evidence);
void hop_evidence_fan_out(const struct hop_scene *scene, struct hop_evidence *evidence);
void hop_evidence_failures(const struct hop_scene *scene, struct hop_evidence *evidence);
void hop_evidence_dormancy(const struct hop_familiarity *f, struct hop_evidence *evidence);
void hop_evidence_sight(const struct hop_scene *scene, const struct hop_familiarity *f,
                        struct hop_evidence *evidence);
void hop_evidence_move(const struct hop_scene *scene, const struct hop_familiarity *f,
                       struct hop_evidence *evidence);
void hop_evidence_recency(const struct hop_scene *scene, const struct hop_familiarity *f,
                          struct hop_evidence *evidence);
void hop_evidence_pace(const struct hop_scene *scene, struct hop_evidence *evidence);
/* Days since the last recorded one; 0 for who has none. */
int32_t hop_days_silent(const struct hop_familiarity *f);

/* Great-circle distance in km on a sphere of 6371 km (haversine; Sinnott 1984). */
double hop_distance_km(double latitude_a, double longitude_a, double latitude_b,
                       double longitude_b);

/* Bit set of enum hop_floor. `risk_decibits`: the rounded R, which some floors ask first. */
unsigned hop_floors_of(const struct hop_scene *scene, const struct hop_familiarity *f,
                       int risk_decibits);

const char *hop_story_word(enum hop_story story);
char hop_block_letter(enum hop_block block);
const char *hop_block_word(enum hop_block block);
/* The exponent of a block in a story: its bits count that often. Never 0. */
double hop_block_weight(enum hop_story story, enum hop_block block);
/* Stable reason codes: "newcomer", "country-new", "hosting-new", "key-new", "hop-new",
 * "tenant-first", "unconfirmed", "dormant", "frozen", "key-of-another", "flooded" */
const char *hop_floor_word(enum hop_floor floor);

#endif
