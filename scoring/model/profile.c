/* SPDX-License-Identifier: Apache-2.0 */
#include "profile.h"

#include <stdlib.h>
#include <string.h>

void hop_profile_init(struct hop_profile *profile)
{
    *profile = (struct hop_profile){0};
}

void hop_profile_done(struct hop_profile *profile)
{
    for (size_t i = 0; i < profile->count && !profile->borrowed; i++)
        free(profile->sightings[i].value);
    if (!profile->borrowed) {
        free(profile->sightings);
        free(profile->weighed);
        free(profile->memo);
    }
    hop_profile_init(profile);
}

struct hop_profile hop_profile_view(const struct hop_profile *profile)
{
    struct hop_profile view = *profile;
    view.borrowed = true;
    return view;
}

bool hop_profile_empty(const struct hop_profile *profile)
{
    return profile->count == 0;
}

/* Compares as the bytes do: short values are followed by zeros. */
static uint64_t head_of(struct hop_span value)
{
    uint64_t head = 0;
    for (size_t i = 0; i < sizeof head; i++)
        head = head << 8 | (i < value.len ? (unsigned char)value.at[i] : 0);
    return head;
}

static int compare(const struct hop_sighting *sighting, struct hop_span value, uint64_t head)
{
    if (sighting->head != head)
        return sighting->head < head ? -1 : 1;
    size_t len = sighting->len, common = len < value.len ? len : value.len;
    int order = common > sizeof head ? memcmp(sighting->value, value.at, common) : 0;
    if (order)
        return order;
    return len == value.len ? 0 : len < value.len ? -1 : 1;
}

/* Most logins show what the one before did. */
static bool is_there_still(const struct hop_profile *profile, enum hop_kind kind,
                           struct hop_span value, uint64_t head, size_t at)
{
    return at < profile->count && profile->sightings[at].kind == kind &&
           compare(&profile->sightings[at], value, head) == 0;
}

/* Where the value is, or where it would be put. */
static size_t place_of(const struct hop_profile *profile, enum hop_kind kind, struct hop_span value,
                       bool *ret_found)
{
    size_t low = 0;
    uint64_t head = head_of(value);
    *ret_found =
        profile->memo && is_there_still(profile, kind, value, head, profile->memo->found[kind]);
    if (*ret_found)
        return profile->memo->found[kind];
    for (unsigned before = 0; before < (unsigned)kind; before++)
        low += profile->of_kind[before];
    size_t high = low + profile->of_kind[kind];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(&profile->sightings[middle], value, head);
        if (order == 0) {
            *ret_found = true;
            profile->memo->found[kind] = middle;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void sum_forget(struct hop_profile *profile, enum hop_kind kind)
{
    profile->memo->sums[kind].today = 0;
}

const struct hop_sighting *hop_profile_sighting(const struct hop_profile *profile,
                                                enum hop_kind kind, struct hop_span value)
{
    bool found;
    size_t at = place_of(profile, kind, value, &found);
    return found ? &profile->sightings[at] : NULL;
}

const struct hop_dayset *hop_profile_find(const struct hop_profile *profile, enum hop_kind kind,
                                          struct hop_span value)
{
    const struct hop_sighting *sighting = hop_profile_sighting(profile, kind, value);
    return sighting ? &sighting->days : NULL;
}

static enum hop_rc make_room(struct hop_profile *profile)
{
    if (profile->count < profile->room)
        return HOP_OK;
    if (!profile->memo)
        profile->memo = calloc(1, sizeof *profile->memo);
    if (!profile->memo)
        return HOP_NOMEM;
    size_t room = profile->room ? 2 * profile->room : 32;
    struct hop_sighting *grown = realloc(profile->sightings, room * sizeof *grown);
    if (!grown)
        return HOP_NOMEM;
    profile->sightings = grown;
    struct hop_weighed *weighed = realloc(profile->weighed, room * sizeof *weighed);
    if (!weighed)
        return HOP_NOMEM;
    profile->weighed = weighed;
    profile->room = room;
    return HOP_OK;
}

enum hop_rc hop_profile_join(struct hop_profile *profile, enum hop_kind kind, struct hop_span value,
                             const struct hop_dayset *days)
{
    bool found;
    if (value.len > HOP_VALUE_MAX)
        return HOP_LIMIT;
    size_t at = place_of(profile, kind, value, &found);
    if (found) {
        hop_dayset_join(&profile->sightings[at].days, days);
        profile->weighed[at].today = 0;
        sum_forget(profile, kind);
        hop_dayset_join(&profile->days, days);
        return HOP_OK;
    }
    char *copy = malloc(value.len + 1);
    if (!copy || make_room(profile) != HOP_OK) {
        free(copy);
        return HOP_NOMEM;
    }
    if (value.len)
        memcpy(copy, value.at, value.len);
    copy[value.len] = '\0';
    struct hop_sighting *slot = profile->sightings + at;
    struct hop_weighed *weighed = profile->weighed + at;
    memmove(slot + 1, slot, (profile->count - at) * sizeof *slot);
    memmove(weighed + 1, weighed, (profile->count - at) * sizeof *weighed);
    *slot = (struct hop_sighting){.kind = kind,
                                  .len = (uint16_t)value.len,
                                  .head = head_of(value),
                                  .value = copy,
                                  .days = *days};
    *weighed = (struct hop_weighed){0};
    profile->count++;
    profile->of_kind[kind]++;
    sum_forget(profile, kind);
    profile->hollow |= hop_dayset_empty(days);
    hop_dayset_join(&profile->days, days);
    return HOP_OK;
}

enum hop_rc hop_profile_see(struct hop_profile *profile, enum hop_kind kind, struct hop_span value,
                            int32_t day, bool confirmed)
{
    struct hop_dayset days = {.confirmed = confirmed};
    hop_dayset_add(&days, day);
    return hop_profile_join(profile, kind, value, &days);
}

/* `from` is sorted: what an empty profile takes over needs no place looked for. */
static enum hop_rc append(struct hop_profile *into, const struct hop_sighting *sighting,
                          const struct hop_weighed *weighed)
{
    char *copy = malloc(sighting->len + 1u);
    if (!copy || make_room(into) != HOP_OK) {
        free(copy);
        return HOP_NOMEM;
    }
    memcpy(copy, sighting->value, sighting->len + 1u);
    into->weighed[into->count] = *weighed;
    into->sightings[into->count] = *sighting;
    into->sightings[into->count++].value = copy;
    into->of_kind[sighting->kind]++;
    sum_forget(into, sighting->kind);
    return HOP_OK;
}

enum hop_rc hop_profile_merge(struct hop_profile *into, const struct hop_profile *from)
{
    bool fresh = into->count == 0;
    for (size_t i = 0; i < from->count; i++) {
        const struct hop_sighting *sighting = &from->sightings[i];
        struct hop_span value = {sighting->value, sighting->len};
        enum hop_rc rc = fresh ? append(into, sighting, &from->weighed[i])
                               : hop_profile_join(into, sighting->kind, value, &sighting->days);
        if (rc != HOP_OK)
            return rc;
    }
    if (fresh) {
        hop_dayset_join(&into->days, &from->days);
        into->hollow |= from->hollow;
    }
    into->last = *hop_last_later(&into->last, &from->last);
    if (from->step_up_time > into->step_up_time)
        into->step_up_time = from->step_up_time;
    return HOP_OK;
}

static int32_t day_after(int32_t today)
{
    return today < INT32_MAX ? today + 1 : today;
}

bool hop_profile_has_future(const struct hop_profile *profile, int32_t today)
{
    return profile->hollow ||
           (!hop_dayset_empty(&profile->days) && profile->days.last_day > day_after(today));
}

/* After something was taken away. */
static void reckon(struct hop_profile *profile)
{
    profile->hollow = false;
    profile->days = (struct hop_dayset){0};
    memset(profile->of_kind, 0, sizeof profile->of_kind);
    for (unsigned kind = 0; kind < HOP_KIND_COUNT && profile->memo; kind++)
        sum_forget(profile, (enum hop_kind)kind);
    for (size_t i = 0; i < profile->count; i++) {
        const struct hop_sighting *sighting = &profile->sightings[i];
        profile->of_kind[sighting->kind]++;
        profile->hollow |= hop_dayset_empty(&sighting->days);
        hop_dayset_join(&profile->days, &sighting->days);
    }
}

void hop_profile_drop_future(struct hop_profile *profile, int32_t today)
{
    size_t kept = 0;
    int32_t tomorrow = day_after(today);
    for (size_t i = 0; i < profile->count; i++) {
        struct hop_sighting *sighting = &profile->sightings[i];
        hop_dayset_drop_after(&sighting->days, tomorrow);
        if (hop_dayset_empty(&sighting->days))
            free(sighting->value);
        else
            profile->sightings[kept++] = *sighting;
    }
    profile->count = kept;
    for (size_t i = 0; i < kept; i++)
        profile->weighed[i].today = 0;
    reckon(profile);
}

const struct hop_sighting *hop_profile_surplus(const struct hop_profile *profile,
                                               enum hop_kind kind, int32_t today)
{
    const struct hop_sighting *least = NULL;
    const struct hop_kind_facts *facts = hop_kind_facts(kind);
    struct hop_decay decay;
    double least_count = 0;
    if (profile->of_kind[kind] <= facts->bound)
        return NULL;
    hop_decay_init(&decay, facts->half_life);
    for (size_t i = 0; i < profile->count; i++) {
        const struct hop_sighting *sighting = &profile->sightings[i];
        if (sighting->kind != kind)
            continue;
        double count = hop_dayset_weigh_by(&sighting->days, today, &decay, INT32_MAX).count;
        if (!least || count < least_count) {
            least = sighting;
            least_count = count;
        }
    }
    return least;
}

void hop_profile_remove(struct hop_profile *profile, enum hop_kind kind, struct hop_span value)
{
    bool found;
    size_t at = place_of(profile, kind, value, &found);
    if (!found)
        return;
    struct hop_sighting *slot = profile->sightings + at;
    free(slot->value);
    profile->count--;
    memmove(slot, slot + 1, (profile->count - at) * sizeof *slot);
    struct hop_weighed *weighed = profile->weighed + at;
    memmove(weighed, weighed + 1, (profile->count - at) * sizeof *weighed);
    reckon(profile);
}

struct hop_dayset hop_profile_days(const struct hop_profile *profile)
{
    return profile->days;
}
