/* SPDX-License-Identifier: Apache-2.0 */
/* N: country, network operator, network, address (DESIGN 6). */
#include "bits.h"
#include "evidence.h"

/* From the widest to the narrowest; what lies inside something unknown says nothing more. */
#define RUNGS 4
_Static_assert(HOP_KIND_COUNTRY == 0 && HOP_KIND_ASN == 1 && HOP_KIND_NET == 2 &&
                   HOP_KIND_NODE == 3,
               "the kinds of an origin come first and from wide to narrow");

/* How likely an attacker of each story shows a value the victim is known for. */
static const double alpha[HOP_STORY_COUNT][RUNGS] = {
    [HOP_STORY_OUTSIDE] = {.10, .05, .02, .10},
    [HOP_STORY_NEAR] = {.97, .35, .04, .05},
    [HOP_STORY_HOP] = {.95, .45, .70, .60},
    [HOP_STORY_SEAT] = {.995, .98, .96, .90},
};

/* How likely each comes through a hosting or VPN network when it is a new one; of people it is
 * BENIGN_HOSTING. */
static const double hosting[HOP_STORY_COUNT] = {
    [HOP_STORY_OUTSIDE] = .55,
    [HOP_STORY_NEAR] = .45,
    [HOP_STORY_HOP] = .08,
    [HOP_STORY_SEAT] = .08,
};
#define BENIGN_HOSTING .08

static double hosting_bits(const struct hop_scene *scene, enum hop_story story)
{
    double p = hosting[story];
    if (scene->login->origin.place.kind == HOP_PLACE_HOSTING)
        return log2(p / BENIGN_HOSTING);
    return log2((1 - p) / (1 - BENIGN_HOSTING));
}

enum hop_kind hop_origin_unknown(const struct hop_familiarity *f)
{
    for (int kind = 0; kind < RUNGS; kind++) {
        if (f->values.has[kind] && !f->known[kind])
            return (enum hop_kind)kind;
    }
    return HOP_KIND_COUNT;
}

/* As if `unknown` were the widest unknown part. */
static double climb(const struct hop_scene *scene, const struct hop_familiarity *f,
                    enum hop_story story, enum hop_kind unknown)
{
    double bits = 0;
    for (int kind = 0; kind < RUNGS && kind < (int)unknown; kind++)
        bits += bits_if_known(alpha[story][kind], f->p_new[kind]);
    /* Home's own networks are home's word: a line of theirs that this identity never used, such as
     * a new bastion or the VPN's gate, accuses nobody. */
    if (scene->login->origin.zone == HOP_ZONE_HOME)
        return bits;
    if (unknown != HOP_KIND_COUNT)
        bits += bits_if_new(alpha[story][unknown], f->p_new[unknown]);
    if (unknown == HOP_KIND_COUNTRY || unknown == HOP_KIND_ASN)
        bits += hosting_bits(scene, story);
    return bits;
}

double hop_origin_step(const struct hop_scene *scene, const struct hop_familiarity *f,
                       enum hop_story story)
{
    enum hop_kind unknown = hop_origin_unknown(f);
    if (unknown == HOP_KIND_COUNT)
        return 0;
    double bits = climb(scene, f, story, unknown), most = bits;
    for (int kind = (int)unknown + 1; kind < RUNGS; kind++)
        most = fmax(most, climb(scene, f, story, (enum hop_kind)kind));
    return most - bits;
}

void hop_evidence_origin(const struct hop_scene *scene, const struct hop_familiarity *f,
                         struct hop_evidence *evidence)
{
    if (scene->login->origin.address.family == 0)
        return;
    evidence->present[HOP_BLOCK_ORIGIN] = true;
    for (int story = 0; story < HOP_STORY_COUNT; story++)
        evidence->terms[story][HOP_BLOCK_ORIGIN] =
            climb(scene, f, (enum hop_story)story, hop_origin_unknown(f));
}
