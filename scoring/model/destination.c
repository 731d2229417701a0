/* SPDX-License-Identifier: Apache-2.0 */
/* D: the tenant, with what team and organisation do where the person has no history, and the host
 * (DESIGN 6). */
#include "bits.h"
#include "evidence.h"

#define TEAM_WEIGHT .4
#define TEAM_PRIOR 6.0
#define VISITS_NOVELTY .05 /* share of another tenant's visits that count as novel */
#define DIRECTED .08       /* attackers who go where the person would go */
#define DESTINATION_MIN -3.0
#define DESTINATION_MAX 7.0
#define HOST_KNOWN .35
#define HOST_NEW .65
#define HOST_MAX 2.0

/* How much the identity works anywhere, by the shared visits; they hold a year. */
static double visits_mass(const struct hop_scene *scene, int32_t today)
{
    double half_life = hop_kind_facts(HOP_KIND_TENANT)->half_life, mass = 0;
    int month = hop_month_of(today);
    for (int i = 0; i < HOP_VISIT_MONTHS; i++) {
        double age = fmax(0, (double)today - hop_month_middle(month - i));
        if (scene->around->visits[i])
            mass += scene->around->visits[i] * exp2(-age / half_life);
    }
    return mass;
}

/* How likely this person's next login goes to this tenant. */
static double own_chance(const struct hop_scene *scene, const struct hop_familiarity *f)
{
    const struct hop_around *around = scene->around;
    double tenants = fmax(1, around->tenants), theta = hop_kind_facts(HOP_KIND_TENANT)->theta;
    double base = TEAM_WEIGHT * (around->team_here + TEAM_PRIOR / tenants) /
                      (around->team_total + TEAM_PRIOR) +
                  (1 - TEAM_WEIGHT) / tenants;
    double mass = f->mass[HOP_KIND_TENANT];
    double novelty = theta + f->novelty[HOP_KIND_TENANT];
    if (!scene->witness_is_home) {
        mass = fmax(mass, visits_mass(scene, f->today));
        novelty = theta + VISITS_NOVELTY * mass;
    }
    return (f->count[HOP_KIND_TENANT] + novelty * base) / (mass + novelty);
}

static double attackers_chance(const struct hop_around *around)
{
    double tenants = fmax(1, around->tenants);
    return .6 / tenants + .4 * (around->org_here + .5) / (around->org_total + .5 * tenants);
}

static double host_bits(const struct hop_familiarity *f)
{
    double p_new = f->p_new[HOP_KIND_HOST];
    if (!f->values.has[HOP_KIND_HOST])
        return 0;
    if (f->known[HOP_KIND_HOST])
        return bits_if_known(HOST_KNOWN, p_new);
    return bits_clamp(log2(HOST_NEW / p_new), 0, HOST_MAX);
}

void hop_evidence_destination(const struct hop_scene *scene, const struct hop_familiarity *f,
                              struct hop_evidence *evidence)
{
    double ratio = attackers_chance(scene->around) / own_chance(scene, f);
    double bits =
        bits_clamp(log2(DIRECTED + (1 - DIRECTED) * ratio), DESTINATION_MIN, DESTINATION_MAX);
    if (f->known[HOP_KIND_TENANT])
        bits += host_bits(f);
    evidence->present[HOP_BLOCK_DESTINATION] = true;
    for (int story = 0; story < HOP_STORY_COUNT; story++)
        evidence->terms[story][HOP_BLOCK_DESTINATION] = bits;
}
