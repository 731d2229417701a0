/* SPDX-License-Identifier: Apache-2.0 */
/* D: the tenant, with what team and organisation do where the person has no history, and the host
 * (DESIGN 6). */
#include "bits.h"
#include "date.h"
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
#define DAYS_OF_A_MONTH 30.0
#define LN_2 .69314718055994530942

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

/* The same for the days that a short memory holds. */
static double visits_lately(const struct hop_scene *scene, int32_t today)
{
    int year, month, day;
    hop_date_civil(today, &year, &month, &day);
    double visits = (double)scene->around->visits[0] + scene->around->visits[1];
    return visits / (day + DAYS_OF_A_MONTH) * HOP_LATELY_DAYS / LN_2;
}

static double own_chance(const struct hop_scene *scene, const struct hop_familiarity *f,
                         double base)
{
    double theta = hop_kind_facts(HOP_KIND_TENANT)->theta;
    double mass = f->mass[HOP_KIND_TENANT];
    double novelty = theta + f->novelty[HOP_KIND_TENANT];
    if (!scene->witness_is_home) {
        mass = fmax(mass, visits_mass(scene, f->today));
        novelty = theta + VISITS_NOVELTY * mass;
    }
    return (f->count[HOP_KIND_TENANT] + novelty * base) / (mass + novelty);
}

struct hop_destination hop_destination_of(const struct hop_scene *scene,
                                          const struct hop_familiarity *f)
{
    const struct hop_around *around = scene->around;
    double tenants = fmax(1, around->tenants);
    double base = TEAM_WEIGHT * (around->team_here + TEAM_PRIOR / tenants) /
                      (around->team_total + TEAM_PRIOR) +
                  (1 - TEAM_WEIGHT) / tenants;
    return (struct hop_destination){
        .base = base,
        .own = own_chance(scene, f, base),
        .attacker =
            .6 / tenants + .4 * (around->org_here + .5) / (around->org_total + .5 * tenants),
        .visits_lately = scene->witness_is_home ? 0 : visits_lately(scene, f->today)};
}

double hop_destination_bits(double ratio)
{
    return bits_clamp(log2(DIRECTED + (1 - DIRECTED) * ratio), DESTINATION_MIN, DESTINATION_MAX);
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
    struct hop_destination d = hop_destination_of(scene, f);
    double bits = hop_destination_bits(d.attacker / d.own);
    if (f->known[HOP_KIND_TENANT])
        bits += host_bits(f);
    evidence->present[HOP_BLOCK_DESTINATION] = true;
    for (int story = 0; story < HOP_STORY_COUNT; story++)
        evidence->terms[story][HOP_BLOCK_DESTINATION] = bits;
}
