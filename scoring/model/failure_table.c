/* SPDX-License-Identifier: Apache-2.0 */
/* The failure table of DESIGN 3 as it is answered: cells put to the code that answers logins. */
#include "answer.h"

static bool nothing_is_scored(enum hop_loss loss, enum hop_lane lane)
{
    return loss == HOP_LOSS_HISTORY && (lane == HOP_LANE_ASKED || lane == HOP_LANE_UNASKED);
}

/* What stood before the loss: a score's action, a binding's, a break-glass account's. */
static struct hop_verdict before(enum hop_loss loss, enum hop_lane lane, enum hop_action scored)
{
    struct hop_verdict verdict = {.scored = true, .action = scored, .own_action = scored};
    if (lane == HOP_LANE_BOUND)
        hop_verdict_bound(scored == HOP_ALLOW, "", &verdict);
    else if (lane == HOP_LANE_BREAK_GLASS)
        hop_verdict_break_glass(&verdict);
    else if (nothing_is_scored(loss, lane))
        verdict = (struct hop_verdict){0};
    return verdict;
}

static enum hop_answer_kind answered(const struct hop_policy *policy, enum hop_mode mode,
                                     enum hop_loss loss, enum hop_lane lane, enum hop_action scored)
{
    struct hop_verdict verdict = before(loss, lane, scored);
    bool asked = lane == HOP_LANE_ASKED;
    struct hop_moment moment = {.mode = mode,
                                .phase = asked ? HOP_PHASE_AUTH : HOP_PHASE_ACCOUNT,
                                .lane = lane,
                                .first_factor_proven = true};
    struct hop_answer answer;
    hop_verdict_on_loss(&verdict, policy, loss, lane);
    hop_answer_of(&verdict, &moment, &answer);
    return answer.kind;
}

void hop_failure_cell_put(struct hop_text *text, const struct hop_policy *policy,
                          enum hop_mode mode, enum hop_loss loss, enum hop_lane lane)
{
    enum hop_answer_kind kinds[HOP_ACTION_COUNT];
    bool same = true;
    for (int scored = HOP_ALLOW; scored < HOP_ACTION_COUNT; scored++) {
        kinds[scored] = answered(policy, mode, loss, lane, (enum hop_action)scored);
        same = same && kinds[scored] == kinds[HOP_ALLOW];
    }
    hop_text_put(text, hop_answer_word(kinds[HOP_ALLOW]));
    if (!same && lane != HOP_LANE_BOUND) {
        hop_text_put_char(text, '/');
        hop_text_put(text, hop_answer_word(kinds[HOP_STEP_UP]));
    }
    if (!same) {
        hop_text_put_char(text, '/');
        hop_text_put(text, hop_answer_word(kinds[HOP_BLOCK]));
    }
}
