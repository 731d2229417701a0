/* SPDX-License-Identifier: Apache-2.0 */
/* V: how lately this person was at this tenant. Work comes in spells, and an intruder does not know
 * them; block D remembers for half a year and would not see them. */
#include "bits.h"
#include "evidence.h"

#define SHORT_WEIGHT .7  /* of the short memory beside the long one */
#define SHORT_NOVELTY .5 /* days' worth of "any tenant" in the short memory */
#define RECENCY_MAX 3.0

void hop_evidence_recency(const struct hop_scene *scene, const struct hop_familiarity *f,
                          struct hop_evidence *evidence)
{
    if (!f->known[HOP_KIND_TENANT])
        return;
    struct hop_destination d = hop_destination_of(scene, f);
    double lately = (f->tenant_lately + SHORT_NOVELTY * d.base) /
                    (fmax(f->tenants_lately, d.visits_lately) + SHORT_NOVELTY);
    double mixed = SHORT_WEIGHT * lately + (1 - SHORT_WEIGHT) * d.own;
    double bits =
        hop_destination_bits(d.attacker / mixed) - hop_destination_bits(d.attacker / d.own);
    evidence->present[HOP_BLOCK_RECENCY] = true;
    for (int story = 0; story < HOP_STORY_COUNT; story++)
        evidence->terms[story][HOP_BLOCK_RECENCY] = bits_clamp(bits, -RECENCY_MAX, RECENCY_MAX);
}
