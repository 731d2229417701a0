/* SPDX-License-Identifier: Apache-2.0 */
/* F: wrong credentials and failed step-ups shortly before (DESIGN 6). Anyone may have written them:
 * they accuse, and only those who come from elsewhere. */
#include "bits.h"
#include "evidence.h"

#define WINDOW (2 * 3600) /* s: older failures have faded */
#define AHEAD_MAX 300     /* s: how far another host's clock may be ahead */
#define HALF_LIFE (30 * 60.0)
#define OF_ANOTHER .5
#define FAILURES_MAX 4.0

static const double weights[HOP_FAILURE_KIND_COUNT] = {
    [HOP_FAILURE_CREDENTIAL] = 1,
    [HOP_FAILURE_STEP_UP] = 3,
};

/* The newest wrong credential of one's own is taken for a typo. */
static double faded_sum(const struct hop_scene *scene)
{
    const struct hop_around *around = scene->around;
    double sum = 0, typo = 0;
    for (size_t i = 0; i < around->failure_count; i++) {
        const struct hop_failure *failure = &around->failures[i];
        int64_t age = scene->login->time - failure->time;
        if (age > WINDOW || age < -AHEAD_MAX)
            continue;
        double left = exp2(-(double)(age > 0 ? age : 0) / HALF_LIFE);
        if (!failure->of_another && failure->kind == HOP_FAILURE_CREDENTIAL)
            typo = fmax(typo, left);
        sum += left * (failure->of_another ? OF_ANOTHER : weights[failure->kind]);
    }
    return sum - typo;
}

void hop_evidence_failures(const struct hop_scene *scene, struct hop_evidence *evidence)
{
    double bits = FAILURES_MAX;
    if (!scene->around->failures_flooded)
        bits = bits_clamp(faded_sum(scene), 0, FAILURES_MAX);
    if (bits <= 0)
        return;
    evidence->present[HOP_BLOCK_FAILURES] = true;
    evidence->terms[HOP_STORY_OUTSIDE][HOP_BLOCK_FAILURES] = bits;
    evidence->terms[HOP_STORY_NEAR][HOP_BLOCK_FAILURES] = bits;
}
