/* SPDX-License-Identifier: Apache-2.0 */
/* H: does the login come out of another tenant's network (DESIGN 6)? */
#include "bits.h"
#include "evidence.h"

#define EDGE_KNOWN .15 /* hops of attackers that happen along an edge the person uses */

static const double hops[HOP_STORY_COUNT] = {
    [HOP_STORY_OUTSIDE] = .01,
    [HOP_STORY_NEAR] = .01,
    [HOP_STORY_HOP] = .90,
    [HOP_STORY_SEAT] = .02,
};

static double edge_bits(const struct hop_familiarity *f)
{
    double p_new = f->p_new[HOP_KIND_EDGE];
    return f->known[HOP_KIND_EDGE] ? bits_if_known(EDGE_KNOWN, p_new)
                                   : bits_if_new(EDGE_KNOWN, p_new);
}

void hop_evidence_hop(const struct hop_scene *scene, const struct hop_familiarity *f,
                      struct hop_evidence *evidence)
{
    const struct hop_login *login = scene->login;
    double p_hop = f->p_new[HOP_KIND_HOPPED];
    /* without a single day on record p_new would say that hopping is what everybody does */
    if (login->origin.address.family == 0 || f->mass[HOP_KIND_HOPPED] <= 0)
        return;
    evidence->present[HOP_BLOCK_HOP] = true;
    for (int story = 0; story < HOP_STORY_COUNT; story++) {
        double h = hops[story];
        evidence->terms[story][HOP_BLOCK_HOP] =
            hop_login_is_hop(login) ? log2(h / p_hop) + edge_bits(f) : log2((1 - h) / (1 - p_hop));
    }
}
