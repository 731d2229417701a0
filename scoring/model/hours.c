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

/* The kernel's sum over a day, so that one sighting weighs one hour in all. */
static double kernel_total(void)
{
    double total = 0;
    for (int hour = 0; hour < 24; hour++)
        total += kernel(hour);
    return total;
}

/* "wd09", "we21"; -1 for anything else */
static int hour_of(const char *bin)
{
    int hour = 0;
    for (int i = 2; i < 4; i++) {
        if (bin[i] < '0' || bin[i] > '9')
            return -1;
        hour = 10 * hour + bin[i] - '0';
    }
    return hour < 24 ? hour : -1;
}

/* Sightings near this hour of this kind of day, per such day of the week. */
static double nearby(const struct hop_scene *scene, const struct hop_familiarity *f)
{
    const struct hop_profile *profile = scene->profile;
    int64_t second = scene->login->time - (int64_t)f->today * HOP_DAY_SECONDS;
    double hour = (double)second / 3600, sum = 0;
    bool weekend = hop_date_is_weekend(f->today);
    struct hop_decay decay;
    hop_decay_init(&decay, hop_kind_facts(HOP_KIND_HOUR)->half_life);
    for (size_t i = 0; i < profile->count; i++) {
        const struct hop_sighting *sighting = &profile->sightings[i];
        if (sighting->kind != HOP_KIND_HOUR || sighting->value[0] != 'w' ||
            sighting->value[1] != (weekend ? 'e' : 'd') || hour_of(sighting->value) < 0)
            continue;
        double middle = hour_of(sighting->value) + 0.5;
        double count = hop_dayset_weigh_by(&sighting->days, f->today, &decay, INT32_MAX).count;
        sum += count * kernel(hour - middle);
    }
    return sum / kernel_total() / (weekend ? 2 : 5);
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
