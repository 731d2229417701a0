/* SPDX-License-Identifier: Apache-2.0 */
#include "date.h"
#include "encode.h"
#include "plan_layout.h"

#include <stdlib.h>
#include <string.h>

void hop_recollection_init(struct hop_recollection *recollection)
{
    *recollection = (struct hop_recollection){.source = HOP_RECALL_NOWHERE};
    hop_profile_init(&recollection->own);
    hop_profile_init(&recollection->merged);
    hop_around_init(&recollection->around);
}

void hop_recollection_done(struct hop_recollection *recollection)
{
    hop_profile_done(&recollection->own);
    hop_profile_done(&recollection->merged);
    hop_around_done(&recollection->around);
    hop_recollection_init(recollection);
}

/* What one reading works on. */
struct reading {
    const struct hop_plan_layout *layout;
    const struct hop_reply *replies;
    const struct hop_login *login;
    const struct hop_reach *reach;
    struct hop_recollection *into;
};

static const struct hop_reply *reply_at(const struct reading *reading, size_t place)
{
    return &reading->replies[place];
}

static bool has_future(const struct hop_profile *profile, int32_t today)
{
    return hop_profile_has_future(profile, today) || hop_date_day(profile->last.time) > today + 1 ||
           hop_date_day(profile->step_up_time) > today + 1;
}

/* A register that tomorrow's tomorrow wrote comes from a wrong clock, or from a host that wants to
 * stand still in time. */
static void drop_future(struct hop_profile *profile, int32_t today)
{
    hop_profile_drop_future(profile, today);
    if (hop_date_day(profile->last.time) > today + 1)
        profile->last = (struct hop_last){0};
    if (hop_date_day(profile->step_up_time) > today + 1)
        profile->step_up_time = 0;
}

static enum hop_rc profile_read(const struct reading *reading, size_t place,
                                struct hop_profile *profile)
{
    const struct hop_reply *reply = reply_at(reading, place);
    int32_t today = hop_date_day(reading->login->time);
    enum hop_rc rc = HOP_OK;
    if (reply->profile && !has_future(reply->profile, today))
        *profile = hop_profile_view(reply->profile);
    else if (reply->profile)
        rc = hop_profile_merge(profile, reply->profile);
    else
        rc = hop_profile_of_pairs(reply->pairs, reply->count, profile);
    if (rc == HOP_OK && !profile->borrowed)
        drop_future(profile, today);
    return rc;
}

static enum hop_rc home_read(const struct reading *reading)
{
    struct hop_profile home;
    hop_profile_init(&home);
    enum hop_rc rc = profile_read(reading, reading->layout->home, &home);
    if (rc == HOP_OK)
        rc = hop_profile_merge(&reading->into->merged, &home);
    hop_profile_done(&home);
    return rc;
}

static bool has_home(const struct reading *reading)
{
    if (reading->layout->home == HOP_LAYOUT_NONE)
        return false;
    const struct hop_reply *reply = reply_at(reading, reading->layout->home);
    return reply->profile || reply->count > 0;
}

static enum hop_rc profiles_read(const struct reading *reading)
{
    struct hop_recollection *into = reading->into;
    enum hop_rc rc = profile_read(reading, reading->layout->own, &into->own);
    if (rc != HOP_OK)
        return rc;
    bool home = has_home(reading);
    if (into->own.borrowed && !home)
        into->merged = hop_profile_view(&into->own);
    else
        rc = hop_profile_merge(&into->merged, &into->own);
    return rc == HOP_OK && home ? home_read(reading) : rc;
}

static size_t sampled(const struct hop_reply *sample, size_t most)
{
    return sample->count < most ? sample->count : most;
}

/* Touches stand in the bucket of their time; one that does not was not written by hopwarden. */
static void bucket_read(const struct hop_reply *sample, int64_t bucket, struct hop_around *around)
{
    for (size_t i = 0; i < sampled(sample, HOP_TOUCH_READ_MAX); i++) {
        struct hop_touch touch;
        if (hop_touch_parse(sample->pairs[i].field, &touch) &&
            hop_touch_bucket(touch.time) == bucket)
            around->touches[around->touch_count++] = touch;
    }
}

/* Where tenants write in their own name, more than a sample holds may be there to keep the true
 * touches out of it: what is not read then counts as the worst that could stand there. */
static int64_t touches_full(const struct hop_reach *reach)
{
    return reach->all_home ? HOP_SHARED_SET_FULL : HOP_TOUCH_READ_MAX;
}

static enum hop_rc touches_read(const struct reading *reading)
{
    struct hop_around *around = &reading->into->around;
    const struct hop_reply *replies = reply_at(reading, reading->layout->touches);
    size_t room = 0;
    for (size_t back = 0; back < HOP_TOUCH_BUCKETS; back++) {
        room += sampled(&replies[2 * back], HOP_TOUCH_READ_MAX);
        around->touches_flooded |= replies[2 * back + 1].number > touches_full(reading->reach);
    }
    if (room == 0)
        return HOP_OK;
    around->touches = calloc(room, sizeof *around->touches);
    if (!around->touches)
        return HOP_NOMEM;
    int64_t newest = hop_touch_bucket(reading->login->time);
    for (size_t back = 0; back < HOP_TOUCH_BUCKETS; back++)
        bucket_read(&replies[2 * back], newest - (int64_t)back, around);
    return HOP_OK;
}

/* One's own failures stand in the net's list too. What is spoilt or in the wrong bucket was not
 * written by hopwarden; where it fills the sample, it hides what was. */
static void failure_bucket_read(const struct hop_reply *sample, int64_t bucket, const char *self,
                                struct hop_around *around)
{
    around->failures_flooded |= sample->count >= HOP_FAILURE_READ_MAX;
    for (size_t i = 0; i < sampled(sample, HOP_FAILURE_READ_MAX); i++) {
        struct hop_failure failure;
        if (!hop_failure_parse(sample->pairs[i].field, &failure) ||
            hop_failure_bucket(failure.time) != bucket || (self && strcmp(self, failure.tag) == 0))
            continue;
        failure.of_another = self != NULL;
        around->failures[around->failure_count++] = failure;
    }
}

static size_t failures_sampled(const struct reading *reading, size_t place)
{
    size_t room = 0;
    for (size_t back = 0; place != HOP_LAYOUT_NONE && back < HOP_FAILURE_BUCKETS; back++)
        room += sampled(reply_at(reading, place + back), HOP_FAILURE_READ_MAX);
    return room;
}

static enum hop_rc failures_read(const struct reading *reading)
{
    struct hop_around *around = &reading->into->around;
    size_t own = reading->layout->failures, net = reading->layout->net_failures;
    size_t room = failures_sampled(reading, own) + failures_sampled(reading, net);
    if (room == 0)
        return HOP_OK;
    around->failures = calloc(room, sizeof *around->failures);
    if (!around->failures)
        return HOP_NOMEM;
    char self[HOP_TAG_MAX + 1];
    struct hop_text tag = hop_text_over(self, sizeof self);
    hop_identity_tag_put(&tag, reading->login->identity);
    int64_t newest = hop_failure_bucket(reading->login->time);
    for (size_t back = 0; back < HOP_FAILURE_BUCKETS; back++) {
        int64_t bucket = newest - (int64_t)back;
        failure_bucket_read(reply_at(reading, own + back), bucket, NULL, around);
        if (net != HOP_LAYOUT_NONE)
            failure_bucket_read(reply_at(reading, net + back), bucket, self, around);
    }
    return HOP_OK;
}

static void visits_read(const struct reading *reading)
{
    if (reading->layout->visits == HOP_LAYOUT_NONE)
        return;
    const struct hop_reply *sizes = reply_at(reading, reading->layout->visits);
    for (size_t back = 0; back < HOP_VISIT_MONTHS; back++) {
        int64_t size = sizes[back].number;
        if (size > 0)
            reading->into->around.visits[back] = size < INT32_MAX ? (unsigned)size : INT32_MAX;
    }
}

/* Any name but this identity's is another owner, well-formed or not: names are only ever added, and
 * a heap of spoilt ones must not hide a true one. */
static void owners_read(const struct reading *reading)
{
    if (reading->layout->owners == HOP_LAYOUT_NONE)
        return;
    const struct hop_reply *sample = reply_at(reading, reading->layout->owners);
    int64_t size = sample[1].number;
    char self[3 * HOP_NAME_MAX + 1];
    struct hop_text text = hop_text_over(self, sizeof self);
    hop_percent_put(&text, hop_span_of(reading->login->identity));
    struct hop_around *around = &reading->into->around;
    around->owners_flooded = size > HOP_SHARED_SET_FULL;
    around->key_of_another = size > 1;
    for (size_t i = 0; i < sample->count; i++)
        around->key_of_another |= !hop_span_is(sample->pairs[i].field, self);
}

/* Of several other tenants the first by name, so that the answer does not depend on the sample's
 * order. Home is never in the inventory; this tenant's own tag there proves nothing. One that is no
 * tag hides others, which is what a flood does; so does a second tenant's where tenants write in
 * their own name: it may stand there to make a hop look like a usual one. */
static void inventory_read(const struct reading *reading)
{
    if (reading->layout->inventory == HOP_LAYOUT_NONE)
        return;
    const struct hop_reply *sample = reply_at(reading, reading->layout->inventory);
    char *tag = reading->into->inventory_tag;
    bool flooded = sample[1].number > HOP_SHARED_SET_FULL;
    for (size_t i = 0; i < sampled(sample, HOP_NAMES_READ_MAX); i++) {
        char other[HOP_TAG_MAX + 1];
        if (!hop_tenant_valid(sample->pairs[i].field) ||
            !hop_span_copy(sample->pairs[i].field, other, sizeof other))
            flooded = true;
        else if (strcmp(other, reading->login->tenant_tag) != 0) {
            flooded |= tag[0] && !reading->reach->all_home;
            if (!tag[0] || strcmp(other, tag) < 0)
                hop_string_copy(tag, HOP_TAG_MAX + 1, other);
        }
    }
    reading->into->around.inventory_flooded = flooded;
}

static double size_of(const struct hop_reply *reply)
{
    return reply->number > 0 ? (double)reply->number : 0;
}

static void admins_read(const struct reading *reading)
{
    struct hop_around *around = &reading->into->around;
    around->tenants = reading->reach->tenants > 1 ? reading->reach->tenants : 1;
    const struct hop_reply *organisation = reply_at(reading, reading->layout->organisation);
    around->org_here = size_of(&organisation[0]);
    around->org_total = size_of(&organisation[1]);
    if (reading->layout->team == HOP_LAYOUT_NONE)
        return;
    const struct hop_reply *team = reply_at(reading, reading->layout->team);
    around->team_here = size_of(&team[0]);
    around->team_total = size_of(&team[1]);
}

static enum hop_freeze freeze_read(const struct reading *reading, size_t place)
{
    if (place == HOP_LAYOUT_NONE)
        return HOP_FREEZE_NONE;
    const struct hop_reply *reply = reply_at(reading, place);
    if (!reply->present || reply->count == 0)
        return HOP_FREEZE_NONE;
    return hop_freeze_parse(reply->pairs[0].value);
}

static void permit_read(const struct reading *reading)
{
    const struct hop_reply *reply = reply_at(reading, reading->layout->permit);
    if (reply->present && reply->count > 0)
        hop_permit_parse(reply->pairs[0].value, &reading->into->around.permit);
}

static enum hop_rc all_read(const struct reading *reading)
{
    struct hop_recollection *into = reading->into;
    enum hop_rc rc = profiles_read(reading);
    if (rc == HOP_OK)
        rc = touches_read(reading);
    if (rc == HOP_OK)
        rc = failures_read(reading);
    if (rc != HOP_OK)
        return rc;
    into->source = HOP_RECALL_STORE;
    into->store_time_ms = reply_at(reading, reading->layout->time)->number;
    visits_read(reading);
    owners_read(reading);
    inventory_read(reading);
    admins_read(reading);
    into->around.frozen_account = freeze_read(reading, reading->layout->frozen_account);
    into->around.frozen_key = freeze_read(reading, reading->layout->frozen_key);
    into->around.frozen_source = freeze_read(reading, reading->layout->frozen_source);
    permit_read(reading);
    return HOP_OK;
}

enum hop_rc hop_plan_recollect(const struct hop_reads *reads, const struct hop_replies *replies,
                               const struct hop_login *login, const struct hop_reach *reach,
                               struct hop_recollection *ret_recollection)
{
    struct hop_plan_layout layout;
    hop_plan_layout_of(login, reach, &layout);
    if (reads->count != layout.count || replies->count != layout.count)
        return HOP_MALFORMED;
    struct hop_recollection recollection;
    hop_recollection_init(&recollection);
    const struct reading reading = {&layout, replies->items, login, reach, &recollection};
    enum hop_rc rc = all_read(&reading);
    if (rc != HOP_OK) {
        hop_recollection_done(&recollection);
        return rc;
    }
    hop_recollection_done(ret_recollection);
    *ret_recollection = recollection;
    return HOP_OK;
}
