/* SPDX-License-Identifier: Apache-2.0 */
/* P: how many other tenants in the last hours, familiar or not. A walk through tenants that are all
 * somebody's own surprises no block that looks at one tenant after the other; people work for one
 * customer, then for the next. Home's own hosts count as one of them where they leave touches. */
#include "evidence.h"

#include <string.h>

#define WINDOW (2 * 3600) /* s */
#define AHEAD_MAX 300     /* s: how far another host's clock may be ahead */
#define COUNTED 4         /* tenants; more say no more */

/* By number of other tenants; tuned, docs/detection.md. */
static const double bits_by_tenants[COUNTED + 1] = {0, 0, 1, 2, 3};

static bool is_counted(const char *const *tags, int count, const char *tag)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(tags[i], tag) == 0)
            return true;
    }
    return false;
}

/* What came before a passed step-up is settled. */
static int tenants_lately(const struct hop_scene *scene)
{
    const struct hop_login *login = scene->login;
    int64_t since = login->time - WINDOW, settled = scene->profile->step_up_time;
    const char *tags[COUNTED];
    int count = 0;
    if (scene->around->touches_flooded)
        return COUNTED;
    for (size_t i = 0; i < scene->around->touch_count && count < COUNTED; i++) {
        const struct hop_touch *touch = &scene->around->touches[i];
        bool here = *login->tenant_tag && strcmp(touch->tag, login->tenant_tag) == 0;
        bool is_old = settled <= login->time + AHEAD_MAX && touch->time <= settled;
        if (!here && !is_old && touch->time >= since && touch->time <= login->time + AHEAD_MAX &&
            !is_counted(tags, count, touch->tag))
            tags[count++] = touch->tag;
    }
    return count;
}

void hop_evidence_pace(const struct hop_scene *scene, struct hop_evidence *evidence)
{
    double bits = bits_by_tenants[tenants_lately(scene)];
    evidence->present[HOP_BLOCK_PACE] = bits > 0;
    for (int story = 0; story < HOP_STORY_COUNT; story++)
        evidence->terms[story][HOP_BLOCK_PACE] = bits;
}
