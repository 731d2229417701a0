/* SPDX-License-Identifier: Apache-2.0 */
/* B: many unfamiliar tenants in a row (DESIGN 6; E. S. Page, "Continuous Inspection Schemes",
 * 1954). */
#include "bits.h"
#include "evidence.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW (24 * 3600) /* s: older touches say nothing */
#define AHEAD_MAX 300      /* s: how far another host's clock may be ahead */
#define REVISIT 3600       /* s: the same tenant again within this is the same visit */
#define HALF_LIFE (2.4 * 3600)
/* Bits of surprise that a usual day brings anyway; more where no familiar tenant makes up for it.
 */
#define ALLOWANCE_HOME .5
#define ALLOWANCE_TENANT 1.5
#define STEP_MAX 3.0
#define STEP_MIN_HOME -2.0 /* where anyone could forge a touch, none may acquit */
#define SUM_MAX 12.0
#define FAN_OUT_MAX 5.0

/* A touch; once thinned out, a visit: touches of one tenant less than REVISIT after its first, with
 * the largest surprise among them and the time of the last. So nobody hides a touch by adding a
 * small one before it. */
struct step {
    int64_t time;
    const char *tag;
    int surprise_db;
};

static int by_number(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int by_tag(const void *left, const void *right)
{
    const struct step *a = left, *b = right;
    int order = strcmp(a->tag, b->tag);
    return order ? order : by_number(a->time, b->time);
}

static int by_time(const void *left, const void *right)
{
    const struct step *a = left, *b = right;
    int order = by_number(a->time, b->time);
    return order ? order : by_tag(left, right);
}

/* The visit that is being judged may already have left its own touch, in an earlier phase or try:
 * block D speaks for it. */
static bool is_own_visit(const struct hop_login *login, const struct hop_touch *touch)
{
    return login->time - touch->time < REVISIT && *login->tenant_tag &&
           strcmp(touch->tag, login->tenant_tag) == 0;
}

static size_t gather(const struct hop_scene *scene, struct step steps[HOP_TOUCHES_MAX])
{
    const struct hop_login *login = scene->login;
    int64_t ahead = login->time + AHEAD_MAX, since = login->time - WINDOW;
    size_t count = 0;
    if (scene->profile->step_up_time <= ahead && scene->profile->step_up_time >= since)
        since = scene->profile->step_up_time + 1;
    for (size_t i = 0; i < scene->around->touch_count && count < HOP_TOUCHES_MAX; i++) {
        const struct hop_touch *touch = &scene->around->touches[i];
        if (touch->time >= since && touch->time <= ahead && !is_own_visit(login, touch))
            steps[count++] = (struct step){touch->time, touch->tag, touch->surprise_db};
    }
    return count;
}

/* Touches become visits. */
static size_t thin_out(struct step *steps, size_t count)
{
    size_t visits = 0;
    int64_t begun = 0;
    if (count)
        qsort(steps, count, sizeof *steps, by_tag);
    for (size_t i = 0; i < count; i++) {
        struct step step = steps[i], *visit = visits ? &steps[visits - 1] : NULL;
        if (visit && strcmp(visit->tag, step.tag) == 0 && step.time - begun < REVISIT) {
            visit->time = step.time;
            if (visit->surprise_db < step.surprise_db)
                visit->surprise_db = step.surprise_db;
            continue;
        }
        begun = step.time;
        steps[visits++] = step;
    }
    return visits;
}

static double faded(double sum, int64_t seconds)
{
    return sum * exp2(-(double)(seconds > 0 ? seconds : 0) / HALF_LIFE);
}

static double cusum(const struct step *steps, size_t count, int64_t now, bool all_home)
{
    double sum = 0, allowance = all_home ? ALLOWANCE_HOME : ALLOWANCE_TENANT;
    for (size_t i = 0; i < count; i++) {
        double bits = steps[i].surprise_db / 10.0 - allowance;
        if (i > 0)
            sum = faded(sum, steps[i].time - steps[i - 1].time);
        sum += bits_clamp(bits, all_home ? STEP_MIN_HOME : 0, STEP_MAX);
        sum = bits_clamp(sum, 0, SUM_MAX);
    }
    return count ? faded(sum, now - steps[count - 1].time) : 0;
}

void hop_evidence_fan_out(const struct hop_scene *scene, struct hop_evidence *evidence)
{
    const struct hop_around *around = scene->around;
    struct step steps[HOP_TOUCHES_MAX];
    double bits = FAN_OUT_MAX;
    if (!around->touches_flooded && around->touch_count <= HOP_TOUCHES_MAX) {
        size_t count = thin_out(steps, gather(scene, steps));
        if (count)
            qsort(steps, count, sizeof *steps, by_time);
        bits = fmin(FAN_OUT_MAX, cusum(steps, count, scene->login->time, scene->witness_is_home));
    }
    evidence->present[HOP_BLOCK_FAN_OUT] = true;
    for (int story = 0; story < HOP_STORY_COUNT; story++)
        evidence->terms[story][HOP_BLOCK_FAN_OUT] = bits;
}
