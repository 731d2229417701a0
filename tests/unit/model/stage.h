/* SPDX-License-Identifier: Apache-2.0 */
/* A scene with everything it points to, for tests to fill. */
#ifndef STAGE_H
#define STAGE_H

#include "verdict.h"

struct stage {
    struct hop_login login;
    struct hop_profile profile;
    struct hop_around around;
    struct hop_policy policy;
    struct hop_scene scene; /* points into this stage */
};

/* Witness home, sixty tenants, enforce, nothing known. */
void stage_init(struct stage *stage);
void stage_done(struct stage *stage);
/* One value on the days first..last, every `step` days. */
void stage_see(struct stage *stage, enum hop_kind kind, const char *value, int32_t first,
               int32_t last, int step, bool confirmed);
/* Adds a touch of a tenant's tag. */
void stage_touch(struct stage *stage, int64_t time, const char *tag, int surprise_db);
void stage_failure(struct stage *stage, int64_t time, enum hop_failure_kind kind, bool of_another);
void stage_address(struct stage *stage, const char *address, enum hop_zone zone,
                   const char *tenant);
void stage_judge(struct stage *stage, struct hop_verdict *ret_verdict);

#endif
