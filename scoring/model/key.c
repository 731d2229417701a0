/* SPDX-License-Identifier: Apache-2.0 */
/* K: the key, and whose it is (DESIGN 6). */
#include "bits.h"
#include "evidence.h"

/* How likely an attacker of each story uses a key the victim is known for. */
static const double alpha[HOP_STORY_COUNT] = {
    [HOP_STORY_OUTSIDE] = .75,
    [HOP_STORY_NEAR] = .75,
    [HOP_STORY_HOP] = .80,
    [HOP_STORY_SEAT] = .97,
};

/* How likely it is a key that another identity has used; of people 1 in 256. */
static const double of_another[HOP_STORY_COUNT] = {
    [HOP_STORY_OUTSIDE] = .05,
    [HOP_STORY_NEAR] = .05,
    [HOP_STORY_HOP] = .20,
    [HOP_STORY_SEAT] = .02,
};
#define BENIGN_ONE_IN 256.0

void hop_evidence_key(const struct hop_scene *scene, const struct hop_familiarity *f,
                      struct hop_evidence *evidence)
{
    bool accused = scene->around->key_of_another || scene->around->owners_flooded;
    double p_new = f->p_new[HOP_KIND_KEY];
    if (!f->values.has[HOP_KIND_KEY])
        return;
    evidence->present[HOP_BLOCK_KEY] = true;
    for (int story = 0; story < HOP_STORY_COUNT; story++) {
        double *term = &evidence->terms[story][HOP_BLOCK_KEY];
        *term = f->known[HOP_KIND_KEY] ? bits_if_known(alpha[story], p_new)
                                       : bits_if_new(alpha[story], p_new);
        if (accused && !f->known[HOP_KIND_KEY])
            *term = fmax(*term, log2(BENIGN_ONE_IN * of_another[story]));
    }
}
