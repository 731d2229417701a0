/* SPDX-License-Identifier: Apache-2.0 */
/* How usual each value of a login is for the identity: masses, novelties, p_new, known (DESIGN 6,
 * Counts). */
#include "bits.h"
#include "date.h"
#include "evidence.h"

#define P_NEW_MIN .002
#define P_NEW_MAX .97
#define TRUSTED_DAYS 3

void hop_decays_init(struct hop_decays *decays)
{
    hop_decay_init(&decays->slow, hop_kind_facts(HOP_KIND_TENANT)->half_life);
    hop_decay_init(&decays->fast, hop_kind_facts(HOP_KIND_COUNTRY)->half_life);
    hop_decay_init(&decays->lately, HOP_LATELY_DAYS);
}

/* A kind's half-life picks one of two tables. */
static const struct hop_decay *decay_of(const struct hop_decays *decays, enum hop_kind kind)
{
    return hop_kind_facts(kind)->half_life > decays->fast.half_life ? &decays->slow : &decays->fast;
}

/* "wd09", "we21"; anything else counts in the mass alone. */
static void count_hour(const char *bin, double count, struct hop_familiarity *f)
{
    int64_t hour;
    bool weekend = bin[0] == 'w' && bin[1] == 'e';
    if (weekend || (bin[0] == 'w' && bin[1] == 'd')) {
        if (hop_span_int64(hop_span_of(bin + 2), 0, 23, &hour))
            f->hours[weekend][hour] += count;
    }
}

static bool is_trusted(const struct hop_dayset *days, const struct hop_familiarity *f, bool strict)
{
    return days->confirmed || (!strict && hop_dayset_days(days) >= TRUSTED_DAYS) ||
           hop_dayset_first(days) <= f->third_day;
}

/* What never was confirmed weighs nothing in strict mode, so that nobody teaches by coming often.
 */
static bool weighs(const struct hop_dayset *days, const struct hop_familiarity *f, bool strict)
{
    return !strict || is_trusted(days, f, strict);
}

/* Work of the last days alone. */
static void count_lately(const struct hop_dayset *days, double count, bool is_here,
                         struct hop_familiarity *f)
{
    f->tenants_lately += count;
    if (!is_here)
        return;
    f->tenant_lately = count;
    f->tenant_last = days->last_day < f->today ? days->last_day : f->today;
}

static struct hop_weighed weigh_once(struct hop_sighting *sighting, const struct hop_decays *decays,
                                     const struct hop_familiarity *f)
{
    struct hop_weighed *weighed = &sighting->weighed;
    if (weighed->today != f->today || weighed->first_day != f->first_day || f->today == 0)
        *weighed = (struct hop_weighed){
            .today = f->today,
            .first_day = f->first_day,
            .weight = hop_dayset_weigh_by(&sighting->days, f->today,
                                          decay_of(decays, sighting->kind), f->first_day),
            .lately = sighting->kind == HOP_KIND_TENANT
                          ? hop_dayset_count_by(&sighting->days, f->today, &decays->lately)
                          : 0};
    return *weighed;
}

/* `shown`: the day-sets of this login's own values. */
static void weigh_all(const struct hop_scene *scene, const struct hop_decays *decays,
                      const struct hop_dayset *const shown[HOP_KIND_COUNT],
                      struct hop_familiarity *f)
{
    for (size_t i = 0; i < scene->profile->count; i++) {
        struct hop_sighting *sighting = &scene->profile->sightings[i];
        enum hop_kind kind = sighting->kind;
        if (!weighs(&sighting->days, f, scene->strict))
            continue;
        struct hop_weighed weighed = weigh_once(sighting, decays, f);
        struct hop_dayset_weight weight = weighed.weight;
        f->mass[kind] += weight.count;
        f->novelty[kind] += weight.novelty;
        if (&sighting->days == shown[kind])
            f->count[kind] = weight.count;
        if (kind == HOP_KIND_HOUR)
            count_hour(sighting->value, weight.count, f);
        if (kind == HOP_KIND_TENANT)
            count_lately(&sighting->days, weighed.lately, &sighting->days == shown[kind], f);
    }
}

/* Every hop is a surprise to those who seldom hop, not the first alone. */
static void count_hops(const struct hop_scene *scene, const struct hop_decays *decays,
                       struct hop_familiarity *f)
{
    const struct hop_dayset *hops =
        hop_profile_find(scene->profile, HOP_KIND_HOPPED, hop_span_of("1"));
    bool count = hops && weighs(hops, f, scene->strict);
    f->novelty[HOP_KIND_HOPPED] =
        count ? hop_dayset_weigh_by(hops, f->today, &decays->fast, f->first_day).count : 0;
}

static bool is_known(const struct hop_dayset *days, enum hop_kind kind, bool strict,
                     const struct hop_familiarity *f)
{
    return days && f->count[kind] >= HOP_SEEN_AT &&
           (!hop_kind_facts(kind)->quarantined || is_trusted(days, f, strict));
}

/* Would be known but for the confirmation. */
static bool waits(const struct hop_dayset *days, enum hop_kind kind,
                  const struct hop_familiarity *f)
{
    return days && hop_kind_facts(kind)->quarantined && hop_dayset_days(days) >= TRUSTED_DAYS &&
           !is_trusted(days, f, true);
}

/* The register outlives the window of the day-sets. */
static int32_t last_day_of(const struct hop_scene *scene, const struct hop_dayset *days)
{
    int32_t today = hop_date_day(scene->login->time), last = 0;
    if (!hop_dayset_empty(days))
        last = days->last_day;
    if (scene->profile->last.time > 0 && hop_date_day(scene->profile->last.time) > last)
        last = hop_date_day(scene->profile->last.time);
    return last < today ? last : today;
}

void hop_familiarity_of(const struct hop_scene *scene, struct hop_familiarity *ret_familiarity)
{
    struct hop_familiarity *f = ret_familiarity;
    struct hop_dayset days = hop_profile_days(scene->profile);
    const struct hop_dayset *shown[HOP_KIND_COUNT] = {NULL};
    struct hop_decays own;
    const struct hop_decays *decays = scene->decays;
    *f = (struct hop_familiarity){.today = hop_date_day(scene->login->time),
                                  .first_day = hop_dayset_first(&days),
                                  .third_day = hop_dayset_nth(&days, TRUSTED_DAYS),
                                  .last_day = last_day_of(scene, &days),
                                  .recorded_days = hop_dayset_days(&days),
                                  .confirmed_any = days.confirmed,
                                  .tenant_last = INT32_MAX};
    hop_values_of(scene->login, &f->values);
    if (decays == NULL) {
        hop_decays_init(&own);
        decays = &own;
    }
    for (unsigned kind = 0; kind < HOP_KIND_COUNT; kind++) {
        struct hop_span value = hop_span_of(f->values.text[kind]);
        if (f->values.has[kind])
            shown[kind] = hop_profile_find(scene->profile, (enum hop_kind)kind, value);
    }
    weigh_all(scene, decays, shown, f);
    count_hops(scene, decays, f);
    for (unsigned kind = 0; kind < HOP_KIND_COUNT; kind++) {
        double theta = hop_kind_facts((enum hop_kind)kind)->theta;
        f->p_new[kind] =
            bits_clamp((theta + f->novelty[kind]) / (f->mass[kind] + theta), P_NEW_MIN, P_NEW_MAX);
        f->unconfirmed |= scene->strict && waits(shown[kind], (enum hop_kind)kind, f);
        f->known[kind] = is_known(shown[kind], (enum hop_kind)kind, scene->strict, f);
    }
}
