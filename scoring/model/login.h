/* SPDX-License-Identifier: Apache-2.0 */
/* One login as the score sees it: who, where from, where to, with what, in which lane. A plain
 * value; faces and the engine fill it. */
#ifndef HOP_LOGIN_H
#define HOP_LOGIN_H

#include "address.h"
#include "service.h"
#include "ulid.h"

#define HOP_NAME_MAX 255  /* account, identity, host, service */
#define HOP_TENANT_MAX 32 /* tenant names; also tags */
#define HOP_KEY_MAX 255   /* "SHA256:…", or "SHA256:<CA>/<key id>" for a certificate */
#define HOP_COUNTRY_MAX 2
#define HOP_HOME "home" /* the witness, and the tenant of the MSP's own hosts */

enum hop_class {
    HOP_CLASS_PERSON,
    HOP_CLASS_SHARED,
    HOP_CLASS_AUTOMATION,
    HOP_CLASS_BREAK_GLASS,
    HOP_CLASS_COUNT
};

/* Where something can be asked, or what replaces asking: the columns of the failure table (DESIGN
 * 3). */
enum hop_lane {
    HOP_LANE_ASKED,
    HOP_LANE_UNASKED,
    HOP_LANE_BOUND,
    HOP_LANE_BREAK_GLASS,
    HOP_LANE_COUNT
};

enum hop_phase {
    HOP_PHASE_KEYS,
    HOP_PHASE_AUTH,
    HOP_PHASE_ACCOUNT,
    HOP_PHASE_SESSION,
    HOP_PHASE_REPLAY,
    HOP_PHASE_EXPLAIN,
    HOP_PHASE_COUNT
};

enum hop_zone {
    HOP_ZONE_NOWHERE /* no address */,
    HOP_ZONE_INTERNET,
    HOP_ZONE_HOME,
    HOP_ZONE_TENANT,
    HOP_ZONE_COUNT
};

enum hop_place_kind {
    HOP_PLACE_UNKNOWN,
    HOP_PLACE_FIXED,
    HOP_PLACE_MOBILE,
    HOP_PLACE_HOSTING,
    HOP_PLACE_COUNT
};

/* What is known of an address. Unknown is a level of its own: country "" and asn 0 mean unknown,
 * has_point false means no place. */
struct hop_place {
    char country[HOP_COUNTRY_MAX + 1]; /* ISO 3166-1 alpha-2, upper case */
    uint32_t asn;
    enum hop_place_kind kind;
    bool has_point;     /* latitude and longitude are set */
    bool country_only;  /* the point is a country's centre: of no use for travel */
    double latitude;    /* degrees, -90..90 */
    double longitude;   /* degrees, -180..180 */
    double accuracy_km; /* radius; 0 when unknown */
};

struct hop_origin {
    struct hop_address address; /* family 0: unknown */
    enum hop_zone zone;
    char tenant[HOP_TENANT_MAX + 1]; /* in HOP_ZONE_TENANT: whose network; else "" */
    bool from_inventory; /* the tenant is known from the shared inventory alone: may only accuse
                            (DESIGN 6, ceiling) */
    struct hop_place place;
};

struct hop_login {
    char id[HOP_ULID_LENGTH + 1];
    int64_t time; /* epoch seconds, UTC */
    char account[HOP_NAME_MAX + 1];
    char identity[HOP_NAME_MAX + 1]; /* whose history is read; see conf's hop_conf_identity */
    char team[HOP_NAME_MAX + 1];     /* "" for none */
    char tenant[HOP_TENANT_MAX + 1]; /* of the host logged in to, or "home" */
    char tenant_tag[HOP_TENANT_MAX + 1];
    char host[HOP_NAME_MAX + 1];
    char service[HOP_NAME_MAX + 1];
    char becomes[HOP_NAME_MAX + 1];    /* su, sudo: the account that is asked for; "" elsewhere */
    char session[HOP_ULID_LENGTH + 1]; /* su, sudo: id of the login they run in; "" unknown */
    char method[HOP_NAME_MAX +
                1]; /* "publickey", "publickey,keyboard-interactive/pam", "password", "" unknown */
    char key[HOP_KEY_MAX + 1]; /* "" : not known (see key_lost) or no key used */
    struct hop_origin origin;
    struct hop_address server; /* own address of this connection, family 0 when unknown */
    uint16_t source_port;
    enum hop_class class;
    enum hop_lane lane;
    enum hop_phase phase;
    bool key_lost;            /* a key was used and this phase cannot see it */
    bool first_factor_proven; /* a password or key has been checked before this phase */
};

const char *hop_class_word(enum hop_class class);
const char *hop_lane_word(enum hop_lane lane); /* "asked", "unasked", "automation", "break_glass" */
const char *hop_phase_word(enum hop_phase phase);
const char *hop_zone_word(enum hop_zone zone);
const char *hop_place_kind_word(enum hop_place_kind kind);
bool hop_class_parse(struct hop_span word, enum hop_class *ret_class);
bool hop_zone_parse(struct hop_span word, enum hop_zone *ret_zone);
bool hop_place_kind_parse(struct hop_span word, enum hop_place_kind *ret_kind);

/* Does the source address lie in the network of a tenant other than the one logged in to? */
bool hop_login_is_hop(const struct hop_login *login);

/* Tenant names: [a-z0-9-]{1,32}. "home" is valid here; whoever names a tenant refuses it. */
bool hop_tenant_valid(struct hop_span name);

#endif
