/* SPDX-License-Identifier: Apache-2.0 */
/* What a phase does with a verdict: mode, lane and phase applied, as the table of DESIGN 3 reads.
 * The face turns it into its own codes. */
#ifndef HOP_ANSWER_H
#define HOP_ANSWER_H

#include "verdict.h"

/* What the phase knows besides the verdict. */
struct hop_moment {
    enum hop_mode mode; /* the milder of file and PAM line */
    enum hop_phase phase;
    enum hop_lane lane;
    enum hop_service service;
    bool first_factor_proven;
    bool stepped_up;   /* a step-up of this connection passed */
    bool key_verified; /* the first factor was a FIDO key that had to verify its owner */
};

enum hop_answer_kind {
    HOP_ANSWER_ABSTAIN, /* auth without a proven first factor: neither helps nor hinders */
    HOP_ANSWER_ALLOW,
    HOP_ANSWER_STEP_UP, /* auth only: ask */
    HOP_ANSWER_REFUSE,  /* account, session: a step-up nobody passed. */
    HOP_ANSWER_BLOCK,
    HOP_ANSWER_COUNT
};

struct hop_answer {
    enum hop_answer_kind kind;
    enum hop_action
        action; /* the verdict's action after mode: what the alert line calls hopwarden.answer */
    bool alert; /* log at ALERT, event.kind alert */
    bool permitted; /* let in by the verdict's permit alone */
};

void hop_answer_of(const struct hop_verdict *verdict, const struct hop_moment *moment,
                   struct hop_answer *ret_answer);

/* May the values of this finished login be learned, and are they confirmed? (DESIGN 6, Learning.)
 */
struct hop_lesson {
    bool learn;
    bool confirmed;
};
struct hop_lesson hop_lesson_of(const struct hop_verdict *verdict, const struct hop_moment *moment);

/* What a cell of the failure table answers, in words: "step_up" where all is the same, else
 * "allow/step_up/block" to a score that allows, asks, blocks; to automation "allow/block" inside
 * and outside its binding. People who cannot be asked are seen in the account phase. */
void hop_failure_cell_put(struct hop_text *text, const struct hop_policy *policy,
                          enum hop_mode mode, enum hop_loss loss, enum hop_lane lane);

const char *hop_answer_word(enum hop_answer_kind kind);

#endif
