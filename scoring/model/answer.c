/* SPDX-License-Identifier: Apache-2.0 */
#include "answer.h"

#include "words.h"

static const char *const answer_words[HOP_ANSWER_COUNT] = {
    [HOP_ANSWER_ABSTAIN] = "abstain", [HOP_ANSWER_ALLOW] = "allow",
    [HOP_ANSWER_STEP_UP] = "step_up", [HOP_ANSWER_REFUSE] = "refuse",
    [HOP_ANSWER_BLOCK] = "block",
};

/* Nobody judges after the session phase: a verdict that still waits for the key is a block. */
static bool waits_in_vain(const struct hop_verdict *verdict, const struct hop_moment *moment)
{
    return verdict->deferred && moment->phase == HOP_PHASE_SESSION;
}

static enum hop_action action_of(const struct hop_verdict *verdict, const struct hop_moment *moment)
{
    if (waits_in_vain(verdict, moment))
        return HOP_BLOCK;
    return moment->lane == HOP_LANE_ASKED ? verdict->action : verdict->own_action;
}

static enum hop_action soften(enum hop_action action, enum hop_mode mode)
{
    if (mode == HOP_MODE_OBSERVE)
        return HOP_ALLOW;
    return mode == HOP_MODE_STEP_UP && action == HOP_BLOCK ? HOP_STEP_UP : action;
}

static enum hop_answer_kind kind_of(enum hop_action action, const struct hop_moment *moment)
{
    static const enum hop_answer_kind plain[HOP_ACTION_COUNT] = {
        [HOP_ALLOW] = HOP_ANSWER_ALLOW,
        [HOP_STEP_UP] = HOP_ANSWER_STEP_UP,
        [HOP_BLOCK] = HOP_ANSWER_BLOCK,
    };
    bool opens = moment->phase == HOP_PHASE_ACCOUNT || moment->phase == HOP_PHASE_SESSION;
    if (action == HOP_BLOCK)
        return HOP_ANSWER_BLOCK;
    if (moment->phase == HOP_PHASE_AUTH && !moment->first_factor_proven)
        return HOP_ANSWER_ABSTAIN;
    if (action == HOP_STEP_UP && moment->key_verified)
        return HOP_ANSWER_ALLOW; /* possession and PIN: two factors, and neither is on this host */
    if (action == HOP_STEP_UP && opens)
        return moment->stepped_up ? HOP_ANSWER_ALLOW : HOP_ANSWER_REFUSE;
    return plain[action];
}

void hop_answer_of(const struct hop_verdict *verdict, const struct hop_moment *moment,
                   struct hop_answer *ret_answer)
{
    enum hop_action action = soften(action_of(verdict, moment), moment->mode);
    bool permitted =
        action != HOP_ALLOW && verdict->permit[0] != '\0' && !waits_in_vain(verdict, moment);
    if (permitted)
        action = HOP_ALLOW;
    /* an accusation is answered by asking; where nobody is asked, it is told aloud */
    bool told_by_asking = moment->lane == HOP_LANE_ASKED && verdict->action == HOP_STEP_UP;
    *ret_answer = (struct hop_answer){
        .kind = kind_of(action, moment),
        .action = action,
        .alert = permitted || verdict->action == HOP_BLOCK || waits_in_vain(verdict, moment) ||
                 (verdict->alert && !told_by_asking),
        .permitted = permitted,
    };
}

struct hop_lesson hop_lesson_of(const struct hop_verdict *verdict, const struct hop_moment *moment)
{
    struct hop_moment end = *moment;
    struct hop_answer answer;
    end.phase = HOP_PHASE_SESSION;
    hop_answer_of(verdict, &end, &answer);
    /* a permit lets in, and vouches for nothing */
    bool learn =
        answer.kind == HOP_ANSWER_ALLOW && !answer.permitted && hop_service_enters(moment->service);
    return (struct hop_lesson){.learn = learn, .confirmed = learn && answer.action == HOP_STEP_UP};
}

const char *hop_answer_word(enum hop_answer_kind kind)
{
    return word_at(answer_words, HOP_ANSWER_COUNT, (unsigned)kind);
}
