/* SPDX-License-Identifier: Apache-2.0 */
/* The failure table of DESIGN 3. */
#include "verdict.h"

struct told {
    const char *code, *sentence;
};

static const struct told told[HOP_LOSS_COUNT] = {
    [HOP_LOSS_FALLBACK] = {"history-fallback", "history lost, known from this host's copy"},
    [HOP_LOSS_HISTORY] = {"history-lost", "history lost and nothing known here"},
    [HOP_LOSS_GEO] = {"geo-lost", "no geo database"},
    [HOP_LOSS_SOURCE] = {"source-lost", "source address unknown"},
    [HOP_LOSS_KEY] = {"key-lost", "key not to be seen in this phase"},
    [HOP_LOSS_CONFIG] = {"config-lost", "configuration not usable"},
    [HOP_LOSS_CLOCK] = {"clock-off", "clock more than five minutes off"},
    [HOP_LOSS_RECORD] = {"not-recorded", "neither history nor spool took the record"},
    [HOP_LOSS_RUNTIME] = {"runtime-lost", "connection record or key note not usable"},
};

static void decide(struct hop_verdict *verdict, enum hop_action action)
{
    verdict->action = verdict->own_action = action;
    verdict->accused = verdict->deferred = false;
}

static void raise_to(struct hop_verdict *verdict, enum hop_action least)
{
    if (verdict->own_action < least)
        verdict->own_action = least;
    if (verdict->action < verdict->own_action)
        verdict->action = verdict->own_action;
    verdict->accused = verdict->action > verdict->own_action;
}

/* Neither a score nor a binding nor another loss has said anything yet. */
static bool is_undecided(const struct hop_verdict *verdict)
{
    return !verdict->scored && verdict->reason_count == 0;
}

/* Home has frozen it: no loss makes that milder. */
static bool is_frozen_out(const struct hop_verdict *verdict)
{
    return verdict->action == HOP_BLOCK &&
           (verdict->score.floors & HOP_FLOOR_BIT(HOP_FLOOR_FROZEN));
}

static bool is_outside_binding(const struct hop_verdict *verdict)
{
    return !verdict->scored && verdict->action == HOP_BLOCK;
}

static void apply(struct hop_verdict *verdict, enum hop_on on)
{
    switch (on) {
    case HOP_ON_SCORE:
    case HOP_ON_BINDING:
        if (is_undecided(verdict))
            raise_to(verdict, HOP_STEP_UP);
        break;
    case HOP_ON_SCORE_STEP_UP:
        raise_to(verdict, HOP_STEP_UP);
        break;
    case HOP_ON_SCORE_OR_BLOCK:
        if (is_undecided(verdict) || verdict->own_action != HOP_ALLOW)
            decide(verdict, HOP_BLOCK);
        verdict->alert = true;
        break;
    case HOP_ON_SESSION:
        if (!is_outside_binding(verdict)) {
            decide(verdict, HOP_ALLOW);
            verdict->deferred = true;
        }
        break;
    case HOP_ON_ALLOW:
        decide(verdict, HOP_ALLOW);
        verdict->alert = true;
        break;
    case HOP_ON_STEP_UP:
        decide(verdict, HOP_STEP_UP);
        break;
    case HOP_ON_BLOCK:
        decide(verdict, HOP_BLOCK);
        break;
    case HOP_ON_COUNT:
        break;
    }
}

void hop_verdict_on_loss(struct hop_verdict *verdict, const struct hop_policy *policy,
                         enum hop_loss loss, enum hop_lane lane)
{
    if ((unsigned)loss < HOP_LOSS_TABLE_COUNT && !is_frozen_out(verdict))
        apply(verdict, policy->on_loss[loss][lane]);
    verdict->losses |= HOP_LOSS_BIT(loss);
    hop_verdict_because(verdict, told[loss].code, 0, "%s", told[loss].sentence);
}
