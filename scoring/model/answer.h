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
    bool first_factor_proven;
    bool stepped_up; /* a step-up of this connection passed */
    bool approvable; /* a step-up is passed by somebody's approval, for which this login may wait */
};

enum hop_answer_kind {
    HOP_ANSWER_ABSTAIN, /* auth without a proven first factor: neither helps nor hinders */
    HOP_ANSWER_ALLOW,
    HOP_ANSWER_STEP_UP, /* auth only: ask */
    HOP_ANSWER_WAIT,    /* for an approval; without one a refusal */
    HOP_ANSWER_REFUSE,  /* account, session: a step-up nobody passed. */
    HOP_ANSWER_BLOCK,
    HOP_ANSWER_COUNT
};

struct hop_answer {
    enum hop_answer_kind kind;
    enum hop_action
        action; /* the verdict's action after mode: what the alert line calls hopwarden.answer */
    bool alert; /* log at ALERT, event.kind alert */
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

const char *hop_answer_word(enum hop_answer_kind kind);

#endif
