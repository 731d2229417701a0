/* SPDX-License-Identifier: Apache-2.0 */
/* Z: an account that was silent for longer than its person ever is (DESIGN 6). */
#include "bits.h"
#include "evidence.h"

#define SILENT_AT 30  /* days */
#define SCALE_MIN 7.0 /* days */
#define GAPS 3.0      /* a silence of three usual gaps is still nothing much */
#define DORMANCY_MAX 4.0

int32_t hop_days_silent(const struct hop_familiarity *f)
{
    return f->recorded_days ? f->today - f->last_day : 0;
}

/* Days between two recorded ones, before this silence. */
static double mean_gap(const struct hop_familiarity *f)
{
    return f->recorded_days > 1 ? (double)(f->last_day - f->first_day) / (f->recorded_days - 1) : 0;
}

void hop_evidence_dormancy(const struct hop_familiarity *f, struct hop_evidence *evidence)
{
    double silent = hop_days_silent(f), scale = fmax(SCALE_MIN, GAPS * mean_gap(f));
    if (silent <= SILENT_AT)
        return;
    evidence->present[HOP_BLOCK_DORMANCY] = true;
    for (int story = 0; story < HOP_STORY_COUNT; story++)
        evidence->terms[story][HOP_BLOCK_DORMANCY] =
            bits_clamp(log2(.5 * pow(1 + silent / scale, 1.5)), 0, DORMANCY_MAX);
}
