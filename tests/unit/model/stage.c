/* SPDX-License-Identifier: Apache-2.0 */
#include "stage.h"

#include <check.h>
#include <stdlib.h>

void stage_init(struct stage *stage)
{
    *stage = (struct stage){0};
    hop_profile_init(&stage->profile);
    hop_around_init(&stage->around);
    stage->around.tenants = 60;
    stage->policy = hop_policy_default();
    stage->policy.mode = HOP_MODE_ENFORCE;
    stage->scene = (struct hop_scene){.login = &stage->login,
                                      .profile = &stage->profile,
                                      .around = &stage->around,
                                      .witness_is_home = true};
}

void stage_done(struct stage *stage)
{
    hop_profile_done(&stage->profile);
    hop_around_done(&stage->around);
}

void stage_see(struct stage *stage, enum hop_kind kind, const char *value, int32_t first,
               int32_t last, int step, bool confirmed)
{
    for (int32_t day = first; day <= last; day += step)
        ck_assert_int_eq(hop_profile_see(&stage->profile, kind, hop_span_of(value), day, confirmed),
                         HOP_OK);
}

void stage_touch(struct stage *stage, int64_t time, const char *tag, int surprise_db)
{
    struct hop_around *around = &stage->around;
    struct hop_touch *grown =
        realloc(around->touches, (around->touch_count + 1) * sizeof *around->touches);
    ck_assert_ptr_nonnull(grown);
    around->touches = grown;
    struct hop_touch *touch = &around->touches[around->touch_count++];
    *touch = (struct hop_touch){.time = time, .surprise_db = surprise_db};
    ck_assert(hop_string_copy(touch->tag, sizeof touch->tag, tag));
}

void stage_failure(struct stage *stage, int64_t time, enum hop_failure_kind kind, bool of_another)
{
    struct hop_around *around = &stage->around;
    struct hop_failure *grown =
        realloc(around->failures, (around->failure_count + 1) * sizeof *around->failures);
    ck_assert_ptr_nonnull(grown);
    around->failures = grown;
    around->failures[around->failure_count++] =
        (struct hop_failure){.time = time, .kind = kind, .of_another = of_another};
}

void stage_address(struct stage *stage, const char *address, enum hop_zone zone, const char *tenant)
{
    struct hop_origin *origin = &stage->login.origin;
    ck_assert(hop_address_parse(hop_span_of(address), &origin->address));
    origin->zone = zone;
    ck_assert(hop_string_copy(origin->tenant, sizeof origin->tenant, tenant ? tenant : ""));
}

void stage_judge(struct stage *stage, struct hop_verdict *ret_verdict)
{
    hop_verdict_of(&stage->scene, &stage->policy, ret_verdict);
}
