/* SPDX-License-Identifier: Apache-2.0 */
#include "encode.h"
#include "plan.h"

#include <stdlib.h>
#include <string.h>

#define BOUND_SLACK 2 /* times the bound of a kind that are read */

bool hop_field_parse(struct hop_span field, enum hop_kind *ret_kind, struct hop_span *ret_value)
{
    enum hop_kind kind;
    if (field.len < 3 || field.at[1] != ':' || !hop_kind_of(field.at[0], &kind))
        return false;
    struct hop_span value = {field.at + 2, field.len - 2};
    if (value.len > HOP_VALUE_MAX || memchr(value.at, '\0', value.len))
        return false;
    *ret_kind = kind;
    *ret_value = value;
    return true;
}

void hop_field_put(struct hop_text *text, enum hop_kind kind, struct hop_span value)
{
    hop_text_put_char(text, hop_kind_facts(kind)->letter);
    hop_text_put_char(text, ':');
    hop_text_put_span(text, value);
}

/* A well-formed sighting among the pairs. */
struct seen {
    enum hop_kind kind;
    struct hop_span value;
    struct hop_span days;
};

static int seen_order(const void *left, const void *right)
{
    const struct seen *a = left, *b = right;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    size_t common = a->value.len < b->value.len ? a->value.len : b->value.len;
    int order = memcmp(a->value.at, b->value.at, common);
    if (order != 0 || a->value.len == b->value.len)
        return order;
    return a->value.len < b->value.len ? -1 : 1;
}

static void register_read(const struct hop_pair *pair, struct hop_profile *profile)
{
    struct hop_last last;
    if (hop_span_is(pair->field, HOP_FIELD_LAST) && hop_last_parse(pair->value, &last))
        profile->last = *hop_last_later(&profile->last, &last);
    int64_t time;
    if (hop_span_is(pair->field, HOP_FIELD_STEP_UP) &&
        hop_span_int64(pair->value, 0, INT64_MAX, &time) && time > profile->step_up_time)
        profile->step_up_time = time;
}

static enum hop_rc seen_join(const struct seen *seen, size_t count, struct hop_profile *profile)
{
    unsigned of_kind[HOP_KIND_COUNT] = {0};
    for (size_t i = 0; i < count; i++) {
        struct hop_dayset days;
        if (!hop_dayset_parse(seen[i].days, &days))
            continue;
        if (of_kind[seen[i].kind]++ >= BOUND_SLACK * hop_kind_facts(seen[i].kind)->bound)
            continue;
        enum hop_rc rc = hop_profile_join(profile, seen[i].kind, seen[i].value, &days);
        if (rc == HOP_NOMEM)
            return rc;
    }
    return HOP_OK;
}

/* Stores give a hash in any order; sorted first, each value goes to the profile's end. */
enum hop_rc hop_profile_of_pairs(const struct hop_pair *pairs, size_t count,
                                 struct hop_profile *ret_profile)
{
    struct seen *seen = calloc(count + 1, sizeof *seen);
    if (!seen)
        return HOP_NOMEM;
    struct hop_profile profile;
    hop_profile_init(&profile);
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        seen[found].days = pairs[i].value;
        if (hop_field_parse(pairs[i].field, &seen[found].kind, &seen[found].value))
            found++;
        else
            register_read(&pairs[i], &profile);
    }
    qsort(seen, found, sizeof *seen, seen_order);
    enum hop_rc rc = seen_join(seen, found, &profile);
    free(seen);
    if (rc == HOP_OK)
        *ret_profile = profile;
    else
        hop_profile_done(&profile);
    return rc;
}

static void register_drop(struct hop_profile *profile, const char *field)
{
    if (strcmp(field, HOP_FIELD_LAST) == 0)
        profile->last = (struct hop_last){0};
    if (strcmp(field, HOP_FIELD_STEP_UP) == 0)
        profile->step_up_time = 0;
}

static enum hop_rc days_write(struct hop_profile *profile, const struct hop_write *write)
{
    enum hop_kind kind;
    struct hop_span value;
    struct hop_dayset days;
    if (!hop_field_parse(hop_span_of(write->field), &kind, &value)) {
        if (write->kind == HOP_WRITE_DROP)
            register_drop(profile, write->field);
        return HOP_OK;
    }
    if (write->kind == HOP_WRITE_DROP)
        hop_profile_remove(profile, kind, value);
    else if (write->days)
        return hop_profile_join(profile, kind, value, write->days) == HOP_NOMEM ? HOP_NOMEM
                                                                                : HOP_OK;
    else if (hop_dayset_parse(hop_span_of(write->value), &days))
        return hop_profile_join(profile, kind, value, &days) == HOP_NOMEM ? HOP_NOMEM : HOP_OK;
    return HOP_OK;
}

enum hop_rc hop_profile_write(struct hop_profile *profile, const struct hop_write *write)
{
    struct hop_pair pair = {hop_span_of(write->field), hop_span_of(write->value)};
    if (write->kind == HOP_WRITE_DAYS || write->kind == HOP_WRITE_DROP)
        return days_write(profile, write);
    if (write->kind == HOP_WRITE_LAST && write->last && hop_span_is(pair.field, HOP_FIELD_LAST))
        profile->last = *hop_last_later(&profile->last, write->last);
    else if (write->kind == HOP_WRITE_LAST || write->kind == HOP_WRITE_LATEST)
        register_read(&pair, profile);
    return HOP_OK;
}

void hop_freeze_field_put(struct hop_text *text, const char *what, const char *name)
{
    hop_text_put(text, what);
    hop_text_put_char(text, ':');
    hop_text_put(text, name);
}

void hop_freeze_put(struct hop_text *text, enum hop_freeze freeze, int64_t time, const char *author,
                    const char *why)
{
    hop_text_put(text, freeze == HOP_FREEZE_BLOCK ? "block|" : "step_up|");
    hop_text_put_int(text, time);
    hop_text_put_char(text, '|');
    hop_percent_put(text, hop_span_of(author));
    hop_text_put_char(text, '|');
    hop_percent_put(text, hop_span_of(why));
}

enum hop_freeze hop_freeze_parse(struct hop_span value)
{
    struct hop_span word;
    if (hop_span_cut(&value, '|', &word) && hop_span_is(word, "block"))
        return HOP_FREEZE_BLOCK;
    return HOP_FREEZE_STEP_UP;
}

void hop_permit_put(struct hop_text *text, const struct hop_permit *permit)
{
    hop_text_put(text, permit->id);
    hop_text_put_char(text, '|');
    hop_text_put_int(text, permit->since);
    hop_text_put_char(text, '|');
    hop_text_put_int(text, permit->until);
    hop_text_put_char(text, '|');
    hop_percent_put(text, hop_span_of(permit->author));
    hop_text_put_char(text, '|');
    hop_percent_put(text, hop_span_of(permit->why));
}

static bool word_decode(struct hop_span coded, char *buffer, size_t size)
{
    struct hop_text text = hop_text_over(buffer, size);
    return hop_percent_decode(coded, &text) && !text.cut;
}

bool hop_permit_parse(struct hop_span value, struct hop_permit *ret_permit)
{
    struct hop_permit permit = {0};
    struct hop_span parts[5];
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!hop_span_cut(&value, '|', &parts[i]))
            return false;
    if (value.at != NULL || !hop_ulid_valid(parts[0]) ||
        !hop_span_copy(parts[0], permit.id, sizeof permit.id) ||
        !hop_span_int64(parts[1], 0, INT64_MAX / 2, &permit.since) ||
        !hop_span_int64(parts[2], 0, INT64_MAX / 2, &permit.until) ||
        !word_decode(parts[3], permit.author, sizeof permit.author) ||
        !word_decode(parts[4], permit.why, sizeof permit.why))
        return false;
    *ret_permit = permit;
    return true;
}
