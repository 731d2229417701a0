/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions that ask for a step-up whatever the score (DESIGN 6). */
#include "evidence.h"

#include "words.h"

#define NEWCOMER_DAYS 3
#define SILENT_DAYS 90
#define IN_DOUBT_HOME_DB -100 /* decibits of R */
#define IN_DOUBT_TENANT_DB -90

static const char *const floor_words[HOP_FLOOR_COUNT] = {
    [HOP_FLOOR_NEWCOMER] = "newcomer",
    [HOP_FLOOR_COUNTRY] = "country-new",
    [HOP_FLOOR_HOSTING] = "hosting-new",
    [HOP_FLOOR_KEY_NEW] = "key-new",
    [HOP_FLOOR_EDGE] = "hop-new",
    [HOP_FLOOR_TENANT_FIRST] = "tenant-first",
    [HOP_FLOOR_UNCONFIRMED] = "unconfirmed",
    [HOP_FLOOR_DORMANT] = "dormant",
    [HOP_FLOOR_FROZEN] = "frozen",
    [HOP_FLOOR_KEY_OWNER] = "key-of-another",
    [HOP_FLOOR_FLOODED] = "flooded",
};

static bool is_unknown(const struct hop_familiarity *f, enum hop_kind kind)
{
    return f->values.has[kind] && !f->known[kind];
}

/* Inside tenants' networks no country is told; that is no new one. In home's, whatever is told is
 * home's own word. */
static bool is_new_country(const struct hop_origin *origin, const struct hop_familiarity *f)
{
    return is_unknown(f, HOP_KIND_COUNTRY) && origin->zone != HOP_ZONE_HOME &&
           (*origin->place.country || origin->zone == HOP_ZONE_INTERNET);
}

/* Neither home's networks, at a tenant that knows somebody of home's, nor team-mates who administer
 * it speak for a stranger; and nobody does for who comes out of another tenant. */
static bool stands_alone(const struct hop_scene *scene)
{
    const struct hop_around *around = scene->around;
    bool at_home = scene->login->origin.zone == HOP_ZONE_HOME && around->org_here > 0;
    return hop_login_is_hop(scene->login) || (!at_home && around->team_here <= 0);
}

/* To a tenant's own witness everybody is a newcomer once; whoever comes as the rest of a team does
 * is left to the score, and home's networks alone are no reason to. */
static bool is_newcomer(const struct hop_scene *scene, const struct hop_familiarity *f)
{
    return f->recorded_days < NEWCOMER_DAYS && !f->confirmed_any &&
           (scene->witness_is_home || hop_login_is_hop(scene->login) ||
            scene->around->team_here <= 0);
}

static bool is_first_visit(const struct hop_scene *scene, const struct hop_familiarity *f)
{
    return !scene->witness_is_home && f->count[HOP_KIND_TENANT] < HOP_SEEN_AT &&
           stands_alone(scene);
}

/* Where nothing is known of a person, nothing of his is new. */
static bool has_a_past(const struct hop_scene *scene, const struct hop_familiarity *f)
{
    return scene->witness_is_home || f->recorded_days >= NEWCOMER_DAYS;
}

static bool is_frozen(const struct hop_around *around)
{
    return around->frozen_account != HOP_FREEZE_NONE || around->frozen_key != HOP_FREEZE_NONE ||
           around->frozen_source != HOP_FREEZE_NONE;
}

/* These ask only where the evidence as a whole does not speak for the person; else they cost more
 * than they catch (docs/detection.md). In one trust domain everything is known of who makes a new
 * hop; a tenant's own witness knows little of countries and pauses, and always asks about a hop. */
static unsigned floors_in_doubt(const struct hop_scene *scene)
{
    return scene->witness_is_home
               ? HOP_FLOOR_BIT(HOP_FLOOR_EDGE)
               : HOP_FLOOR_BIT(HOP_FLOOR_COUNTRY) | HOP_FLOOR_BIT(HOP_FLOOR_DORMANT);
}

unsigned hop_floors_of(const struct hop_scene *scene, const struct hop_familiarity *f,
                       int risk_decibits)
{
    const struct hop_origin *origin = &scene->login->origin;
    const struct hop_around *around = scene->around;
    const bool holds[HOP_FLOOR_COUNT] = {
        [HOP_FLOOR_NEWCOMER] = is_newcomer(scene, f),
        [HOP_FLOOR_COUNTRY] = has_a_past(scene, f) && is_new_country(origin, f),
        [HOP_FLOOR_HOSTING] = origin->zone != HOP_ZONE_HOME &&
                              origin->place.kind == HOP_PLACE_HOSTING &&
                              is_unknown(f, HOP_KIND_ASN),
        [HOP_FLOOR_KEY_NEW] = has_a_past(scene, f) && origin->zone == HOP_ZONE_INTERNET &&
                              is_unknown(f, HOP_KIND_KEY),
        [HOP_FLOOR_EDGE] = is_unknown(f, HOP_KIND_EDGE),
        [HOP_FLOOR_TENANT_FIRST] = is_first_visit(scene, f),
        [HOP_FLOOR_UNCONFIRMED] = f->unconfirmed,
        [HOP_FLOOR_DORMANT] = hop_days_silent(f) > SILENT_DAYS,
        [HOP_FLOOR_FROZEN] = is_frozen(around),
        [HOP_FLOOR_KEY_OWNER] = around->key_of_another && is_unknown(f, HOP_KIND_KEY),
        [HOP_FLOOR_FLOODED] =
            around->touches_flooded || around->owners_flooded || around->inventory_flooded,
    };
    int doubt = scene->witness_is_home ? IN_DOUBT_HOME_DB : IN_DOUBT_TENANT_DB;
    unsigned floors = 0;
    for (unsigned floor = 0; floor < HOP_FLOOR_COUNT; floor++)
        floors |= holds[floor] ? HOP_FLOOR_BIT(floor) : 0;
    return risk_decibits < doubt ? floors & ~floors_in_doubt(scene) : floors;
}

const char *hop_floor_word(enum hop_floor floor)
{
    return word_at(floor_words, HOP_FLOOR_COUNT, (unsigned)floor);
}
