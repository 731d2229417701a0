/* SPDX-License-Identifier: Apache-2.0 */
/* T: time of day and kind of day, in UTC (DESIGN 6). */
#include "bits.h"
#include "date.h"
#include "evidence.h"

#define TWO_PI 6.28318530717958647692
#define HOURS_A_WEEK 168.0
#define SMOOTHING 8.0 /* sightings' worth of "any hour alike" */
/* von Mises: a standard deviation of 1.5 h is a concentration of (24 / (1.5 * 2 pi))^2 */
#define CONCENTRATION (256.0 / (TWO_PI * TWO_PI))
/* The kernel's sum over the hours of a day, so that one sighting weighs one hour in all. */
#define KERNEL_TOTAL 3.8400943558233696
#define TIME_MIN -2.0
#define TIME_MAX 4.0

/* How much of each story's logins keep the victim's own hours. */
static const double own_hours[HOP_STORY_COUNT] = {
    [HOP_STORY_OUTSIDE] = .3,
    [HOP_STORY_NEAR] = .6,
    [HOP_STORY_HOP] = .5,
    [HOP_STORY_SEAT] = .6,
};

static double kernel(double hours_apart)
{
    return exp(CONCENTRATION * (cos(TWO_PI * hours_apart / 24) - 1));
}

/* Sightings near this hour of this kind of day, per such day of the week. */
static double nearby(const struct hop_scene *scene, const struct hop_familiarity *f)
{
    int64_t second = scene->login->time - (int64_t)f->today * HOP_DAY_SECONDS;
    double hour = (double)second / 3600, sum = 0;
    bool weekend = hop_date_is_weekend(f->today);
    for (int bin = 0; bin < 24; bin++) {
        if (f->hours[weekend][bin] > 0)
            sum += f->hours[weekend][bin] * kernel(hour - bin - 0.5);
    }
    return sum / KERNEL_TOTAL / (weekend ? 2 : 5);
}

void hop_evidence_time(const struct hop_scene *scene, const struct hop_familiarity *f,
                       struct hop_evidence *evidence)
{
    double p = (nearby(scene, f) + SMOOTHING / HOURS_A_WEEK) / (f->mass[HOP_KIND_HOUR] + SMOOTHING);
    evidence->present[HOP_BLOCK_TIME] = true;
    for (int story = 0; story < HOP_STORY_COUNT; story++) {
        double own = own_hours[story];
        evidence->terms[story][HOP_BLOCK_TIME] =
            bits_clamp(log2(own + (1 - own) / (HOURS_A_WEEK * p)), TIME_MIN, TIME_MAX);
    }
}
