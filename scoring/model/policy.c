/* SPDX-License-Identifier: Apache-2.0 */
#include "policy.h"

#include "words.h"

static const char *const action_words[HOP_ACTION_COUNT] = {
    [HOP_ALLOW] = "allow",
    [HOP_STEP_UP] = "step_up",
    [HOP_BLOCK] = "block",
};

static const char *const mode_words[HOP_MODE_COUNT] = {
    [HOP_MODE_OBSERVE] = "observe",
    [HOP_MODE_STEP_UP] = "step_up",
    [HOP_MODE_ENFORCE] = "enforce",
};

static const char *const loss_words[HOP_LOSS_COUNT] = {
    [HOP_LOSS_FALLBACK] = "fallback", [HOP_LOSS_HISTORY] = "history",
    [HOP_LOSS_GEO] = "geo",           [HOP_LOSS_SOURCE] = "source",
    [HOP_LOSS_KEY] = "key",           [HOP_LOSS_CONFIG] = "config",
    [HOP_LOSS_CLOCK] = "clock",       [HOP_LOSS_RECORD] = "not-recorded",
    [HOP_LOSS_RUNTIME] = "runtime",
};

static const char *const on_words[HOP_ON_COUNT] = {
    [HOP_ON_SCORE] = "score",
    [HOP_ON_SCORE_STEP_UP] = "score_step_up",
    [HOP_ON_SCORE_OR_BLOCK] = "score_or_block",
    [HOP_ON_BINDING] = "binding",
    [HOP_ON_SESSION] = "session",
    [HOP_ON_ALLOW] = "allow",
    [HOP_ON_STEP_UP] = "step_up",
    [HOP_ON_BLOCK] = "block",
};

struct hop_policy hop_policy_default(void)
{
    return (struct hop_policy){
        .mode = HOP_MODE_OBSERVE,
        .step_up_at_db = -63,
        .block_at_db = 60,
        .on_loss =
            {
                [HOP_LOSS_FALLBACK] = {[HOP_LANE_ASKED] = HOP_ON_SCORE_STEP_UP,
                                       [HOP_LANE_UNASKED] = HOP_ON_SCORE_OR_BLOCK,
                                       [HOP_LANE_BOUND] = HOP_ON_BINDING,
                                       [HOP_LANE_BREAK_GLASS] = HOP_ON_ALLOW},
                [HOP_LOSS_HISTORY] = {[HOP_LANE_ASKED] = HOP_ON_STEP_UP,
                                      [HOP_LANE_UNASKED] = HOP_ON_BLOCK,
                                      [HOP_LANE_BOUND] = HOP_ON_BINDING,
                                      [HOP_LANE_BREAK_GLASS] = HOP_ON_ALLOW},
                [HOP_LOSS_GEO] = {[HOP_LANE_ASKED] = HOP_ON_SCORE,
                                  [HOP_LANE_UNASKED] = HOP_ON_SCORE,
                                  [HOP_LANE_BOUND] = HOP_ON_SCORE,
                                  [HOP_LANE_BREAK_GLASS] = HOP_ON_SCORE},
                [HOP_LOSS_SOURCE] = {[HOP_LANE_ASKED] = HOP_ON_STEP_UP,
                                     [HOP_LANE_UNASKED] = HOP_ON_BLOCK,
                                     [HOP_LANE_BOUND] = HOP_ON_BLOCK,
                                     [HOP_LANE_BREAK_GLASS] = HOP_ON_ALLOW},
                [HOP_LOSS_KEY] = {[HOP_LANE_ASKED] = HOP_ON_SCORE,
                                  [HOP_LANE_UNASKED] = HOP_ON_SCORE,
                                  [HOP_LANE_BOUND] = HOP_ON_SESSION,
                                  [HOP_LANE_BREAK_GLASS] = HOP_ON_ALLOW},
            },
    };
}

const char *hop_action_word(enum hop_action action)
{
    return word_at(action_words, HOP_ACTION_COUNT, (unsigned)action);
}

bool hop_action_parse(struct hop_span word, enum hop_action *ret_action)
{
    unsigned at = word_find(action_words, HOP_ACTION_COUNT, word);
    if (at < HOP_ACTION_COUNT)
        *ret_action = (enum hop_action)at;
    return at < HOP_ACTION_COUNT;
}

const char *hop_mode_word(enum hop_mode mode)
{
    return word_at(mode_words, HOP_MODE_COUNT, (unsigned)mode);
}

bool hop_mode_parse(struct hop_span word, enum hop_mode *ret_mode)
{
    unsigned at = word_find(mode_words, HOP_MODE_COUNT, word);
    if (at < HOP_MODE_COUNT)
        *ret_mode = (enum hop_mode)at;
    return at < HOP_MODE_COUNT;
}

enum hop_mode hop_mode_milder(enum hop_mode a, enum hop_mode b)
{
    return a < b ? a : b;
}

const char *hop_loss_word(enum hop_loss loss)
{
    return word_at(loss_words, HOP_LOSS_COUNT, (unsigned)loss);
}

const char *hop_on_word(enum hop_on on)
{
    return word_at(on_words, HOP_ON_COUNT, (unsigned)on);
}

bool hop_on_parse(struct hop_span word, enum hop_on *ret_on)
{
    unsigned at = word_find(on_words, HOP_ON_COUNT, word);
    if (at < HOP_ON_COUNT)
        *ret_on = (enum hop_on)at;
    return at < HOP_ON_COUNT;
}
