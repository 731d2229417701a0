/* SPDX-License-Identifier: Apache-2.0 */
#include "around.h"

#include "date.h"

#include <stdlib.h>

#define TOUCH_TIME_MAX INT64_C(253402300799) /* 9999-12-31T23:59:59Z */
#define TOUCH_SURPRISE_MAX 70                /* decibits: the span of block D */

void hop_around_init(struct hop_around *around)
{
    *around = (struct hop_around){.tenants = 1};
}

void hop_around_done(struct hop_around *around)
{
    free(around->touches);
    free(around->failures);
    hop_around_init(around);
}

bool hop_permit_holds(const struct hop_permit *permit, int64_t now)
{
    return permit->id[0] != '\0' && permit->until > permit->since &&
           permit->until - permit->since <= HOP_PERMIT_SECONDS_MAX &&
           now >= permit->since - HOP_PERMIT_CLOCK_MAX && now < permit->until;
}

void hop_touch_put(struct hop_text *text, const struct hop_touch *touch)
{
    hop_text_put_int(text, touch->time);
    hop_text_put_char(text, '|');
    hop_text_put(text, touch->tag);
    hop_text_put_char(text, '|');
    hop_text_put_int(text, touch->surprise_db);
    hop_text_put_char(text, '|');
    hop_text_put_int(text, touch->asn);
    hop_text_put_char(text, '|');
    hop_text_put(text, touch->key_tag);
}

static bool tag_copy(struct hop_span tag, char ret_tag[HOP_TAG_MAX + 1])
{
    if (tag.len > HOP_TAG_MAX)
        return false;
    for (size_t i = 0; i < tag.len; i++) {
        if (tag.at[i] <= ' ' || tag.at[i] > '~')
            return false;
        ret_tag[i] = tag.at[i];
    }
    ret_tag[tag.len] = '\0';
    return true;
}

static int clamp_surprise(int64_t surprise)
{
    if (surprise > TOUCH_SURPRISE_MAX)
        return TOUCH_SURPRISE_MAX;
    return surprise < -TOUCH_SURPRISE_MAX ? -TOUCH_SURPRISE_MAX : (int)surprise;
}

bool hop_touch_parse(struct hop_span text, struct hop_touch *ret_touch)
{
    struct hop_touch touch = {0};
    struct hop_span parts[5], more;
    int64_t surprise, asn;
    for (int i = 0; i < 5; i++) {
        if (!hop_span_cut(&text, '|', &parts[i]))
            return false;
    }
    if (hop_span_cut(&text, '|', &more) || parts[1].len == 0)
        return false;
    if (!hop_span_int64(parts[0], 0, TOUCH_TIME_MAX, &touch.time) ||
        !tag_copy(parts[1], touch.tag) ||
        !hop_span_int64(parts[2], INT32_MIN, INT32_MAX, &surprise) ||
        !hop_span_int64(parts[3], 0, UINT32_MAX, &asn) || !tag_copy(parts[4], touch.key_tag))
        return false;
    touch.surprise_db = clamp_surprise(surprise);
    touch.asn = (uint32_t)asn;
    *ret_touch = touch;
    return true;
}

static const char failure_letters[HOP_FAILURE_KIND_COUNT] = {
    [HOP_FAILURE_CREDENTIAL] = 'c',
    [HOP_FAILURE_STEP_UP] = 's',
};

void hop_failure_put(struct hop_text *text, const struct hop_failure *failure)
{
    hop_text_put_int(text, failure->time);
    hop_text_put_char(text, '|');
    hop_text_put_char(text, failure_letters[failure->kind]);
    if (*failure->tag) {
        hop_text_put_char(text, '|');
        hop_text_put(text, failure->tag);
    }
}

static bool failure_letter(struct hop_span letter, enum hop_failure_kind *ret_kind)
{
    for (unsigned kind = 0; kind < HOP_FAILURE_KIND_COUNT; kind++) {
        if (letter.len == 1 && letter.at[0] == failure_letters[kind]) {
            *ret_kind = (enum hop_failure_kind)kind;
            return true;
        }
    }
    return false;
}

bool hop_failure_parse(struct hop_span text, struct hop_failure *ret_failure)
{
    struct hop_failure failure = {0};
    struct hop_span time, letter;
    if (!hop_span_cut(&text, '|', &time) || !hop_span_cut(&text, '|', &letter) ||
        !hop_span_int64(time, 0, TOUCH_TIME_MAX, &failure.time) ||
        !failure_letter(letter, &failure.kind))
        return false;
    if (text.at != NULL && (text.len == 0 || !tag_copy(text, failure.tag)))
        return false;
    *ret_failure = failure;
    return true;
}

bool hop_failure_of_outcome(const char *outcome, enum hop_failure_kind *ret_kind)
{
    struct hop_span word = hop_span_of(outcome);
    bool credential = hop_span_is(word, "failure");
    /* nobody's coming to approve is nobody's failure; somebody's no is */
    if (!credential && !hop_span_is(word, "step-up-failed") &&
        !hop_span_is(word, HOP_OUTCOME_DENIED))
        return false;
    *ret_kind = credential ? HOP_FAILURE_CREDENTIAL : HOP_FAILURE_STEP_UP;
    return true;
}

int hop_month_of(int32_t day)
{
    int year, month, day_of_month;
    hop_date_civil(day, &year, &month, &day_of_month);
    return (year - 1970) * 12 + month - 1;
}

int32_t hop_month_middle(int month)
{
    int in_year = (month % 12 + 12) % 12;
    return hop_date_from_civil(1970 + (month - in_year) / 12, in_year + 1, 15);
}
