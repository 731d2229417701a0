/* SPDX-License-Identifier: Apache-2.0 */
/* How usual each value of a login is for the identity: masses, novelties, p_new, known (DESIGN 6,
 * Counts). */
#include "bits.h"
#include "date.h"
#include "evidence.h"

#include <stddef.h>
#include <string.h>

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
static void count_hour(const char *bin, double count, double hours[2][24])
{
    int64_t hour;
    bool weekend = bin[0] == 'w' && bin[1] == 'e';
    if (weekend || (bin[0] == 'w' && bin[1] == 'd')) {
        if (hop_span_int64(hop_span_of(bin + 2), 0, 23, &hour))
            hours[weekend][hour] += count;
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

static const struct hop_weighed *weigh_once(const struct hop_scene *scene, size_t at,
                                            const struct hop_decays *decays,
                                            const struct hop_familiarity *f)
{
    const struct hop_sighting *sighting = &scene->profile->sightings[at];
    struct hop_weighed *weighed = &scene->profile->weighed[at];
    if (weighed->today != f->today || weighed->first_day != f->first_day || f->today == 0)
        *weighed = (struct hop_weighed){
            .today = f->today,
            .first_day = f->first_day,
            .weight = hop_dayset_weigh_by(&sighting->days, f->today,
                                          decay_of(decays, sighting->kind), f->first_day),
            .lately = sighting->kind == HOP_KIND_TENANT
                          ? hop_dayset_count_by(&sighting->days, f->today, &decays->lately)
                          : 0};
    return weighed;
}

/* Sightings of one kind stand together: `first` is the place of this one's first. */
static void sum_anew(const struct hop_scene *scene, const struct hop_decays *decays,
                     enum hop_kind kind, size_t first, const struct hop_familiarity *f)
{
    struct hop_profile_memo *memo = scene->profile->memo;
    struct hop_kind_sum sum = {.today = f->today,
                               .first_day = f->first_day,
                               .third_day = f->third_day,
                               .strict = scene->strict};
    if (kind == HOP_KIND_HOUR)
        memset(memo->hours, 0, sizeof memo->hours);
    if (kind == HOP_KIND_TENANT)
        memo->tenants_lately = 0;
    for (size_t i = first; i < first + scene->profile->of_kind[kind]; i++) {
        const struct hop_sighting *sighting = &scene->profile->sightings[i];
        if (!weighs(&sighting->days, f, scene->strict))
            continue;
        const struct hop_weighed *weighed = weigh_once(scene, i, decays, f);
        sum.mass += weighed->weight.count;
        sum.novelty += weighed->weight.novelty;
        if (kind == HOP_KIND_HOUR)
            count_hour(sighting->value, weighed->weight.count, memo->hours);
        if (kind == HOP_KIND_TENANT)
            memo->tenants_lately += weighed->lately;
    }
    memo->sums[kind] = sum;
}

static bool sum_holds(const struct hop_kind_sum *sum, const struct hop_scene *scene,
                      const struct hop_familiarity *f)
{
    return sum->today == f->today && sum->first_day == f->first_day && f->today != 0 &&
           sum->strict == scene->strict && (!sum->strict || sum->third_day == f->third_day);
}

static void weigh_all(const struct hop_scene *scene, const struct hop_decays *decays,
                      struct hop_familiarity *f)
{
    const struct hop_profile_memo *memo = scene->profile->memo;
    size_t first = 0;
    if (!memo)
        return;
    for (unsigned kind = 0; kind < HOP_KIND_COUNT; kind++) {
        if (!sum_holds(&memo->sums[kind], scene, f))
            sum_anew(scene, decays, (enum hop_kind)kind, first, f);
        f->mass[kind] = memo->sums[kind].mass;
        f->novelty[kind] = memo->sums[kind].novelty;
        first += scene->profile->of_kind[kind];
    }
    memcpy(f->hours, memo->hours, sizeof f->hours);
    f->tenants_lately = memo->tenants_lately;
}

/* Of a sighting of the profile; nothing where it does not count. */
static struct hop_weighed weigh_one(const struct hop_scene *scene, const struct hop_decays *decays,
                                    const struct hop_sighting *sighting,
                                    const struct hop_familiarity *f)
{
    if (!sighting || !weighs(&sighting->days, f, scene->strict))
        return (struct hop_weighed){0};
    return *weigh_once(scene, (size_t)(sighting - scene->profile->sightings), decays, f);
}

/* What this login shows itself. */
static void weigh_shown(const struct hop_scene *scene, const struct hop_decays *decays,
                        const struct hop_sighting *const shown[HOP_KIND_COUNT],
                        struct hop_familiarity *f)
{
    for (unsigned kind = 0; kind < HOP_KIND_COUNT; kind++)
        f->count[kind] = weigh_one(scene, decays, shown[kind], f).weight.count;
    const struct hop_sighting *here = shown[HOP_KIND_TENANT];
    if (!here || !weighs(&here->days, f, scene->strict))
        return;
    f->tenant_lately = weigh_one(scene, decays, here, f).lately;
    f->tenant_last = here->days.last_day < f->today ? here->days.last_day : f->today;
}

/* Every hop is a surprise to those who seldom hop, not the first alone. */
static void count_hops(const struct hop_scene *scene, const struct hop_decays *decays,
                       struct hop_familiarity *f)
{
    const struct hop_sighting *hops =
        hop_profile_sighting(scene->profile, HOP_KIND_HOPPED, hop_span_of("1"));
    f->novelty[HOP_KIND_HOPPED] = weigh_one(scene, decays, hops, f).weight.count;
}

static bool is_known(const struct hop_sighting *shown, bool strict, const struct hop_familiarity *f)
{
    return shown && f->count[shown->kind] >= HOP_SEEN_AT &&
           (!hop_kind_facts(shown->kind)->quarantined || is_trusted(&shown->days, f, strict));
}

/* Would be known but for the confirmation. */
static bool waits(const struct hop_sighting *shown, const struct hop_familiarity *f)
{
    return shown && hop_kind_facts(shown->kind)->quarantined &&
           hop_dayset_days(&shown->days) >= TRUSTED_DAYS && !is_trusted(&shown->days, f, true);
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

/* All but the values. */
static void begin(const struct hop_scene *scene, struct hop_familiarity *f)
{
    struct hop_dayset days = hop_profile_days(scene->profile);
    memset(f, 0, offsetof(struct hop_familiarity, values));
    f->today = hop_date_day(scene->login->time);
    f->first_day = hop_dayset_first(&days);
    f->third_day = hop_dayset_nth(&days, TRUSTED_DAYS);
    f->last_day = last_day_of(scene, &days);
    f->recorded_days = hop_dayset_days(&days);
    f->confirmed_any = days.confirmed;
    f->tenant_last = INT32_MAX;
}

void hop_familiarity_of(const struct hop_scene *scene, struct hop_familiarity *ret_familiarity)
{
    struct hop_familiarity *f = ret_familiarity;
    const struct hop_sighting *shown[HOP_KIND_COUNT] = {NULL};
    struct hop_decays own;
    const struct hop_decays *decays = scene->decays;
    begin(scene, f);
    hop_values_of(scene->login, &f->values);
    if (decays == NULL) {
        hop_decays_init(&own);
        decays = &own;
    }
    for (unsigned kind = 0; kind < HOP_KIND_COUNT; kind++) {
        struct hop_span value = hop_span_of(f->values.text[kind]);
        if (f->values.has[kind])
            shown[kind] = hop_profile_sighting(scene->profile, (enum hop_kind)kind, value);
    }
    weigh_all(scene, decays, f);
    weigh_shown(scene, decays, shown, f);
    count_hops(scene, decays, f);
    for (unsigned kind = 0; kind < HOP_KIND_COUNT; kind++) {
        double theta = hop_kind_facts((enum hop_kind)kind)->theta;
        f->p_new[kind] =
            bits_clamp((theta + f->novelty[kind]) / (f->mass[kind] + theta), P_NEW_MIN, P_NEW_MAX);
        f->unconfirmed |= scene->strict && waits(shown[kind], f);
        f->known[kind] = is_known(shown[kind], scene->strict, f);
    }
}
