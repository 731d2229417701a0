/* SPDX-License-Identifier: Apache-2.0 */
/* Everything a site may decide about risk: thresholds, modes, and what to answer when something is
 * missing. conf fills it. */
#ifndef HOP_POLICY_H
#define HOP_POLICY_H

#include "login.h"

enum hop_action { HOP_ALLOW, HOP_STEP_UP, HOP_BLOCK, HOP_ACTION_COUNT };
enum hop_mode { HOP_MODE_OBSERVE, HOP_MODE_STEP_UP, HOP_MODE_ENFORCE, HOP_MODE_COUNT };

/* What can be lost: the rows of the failure table (DESIGN 3), then what only marks a verdict as
 * degraded. */
enum hop_loss {
    HOP_LOSS_FALLBACK, /* history lost; the profile is in this host's fallback */
    HOP_LOSS_HISTORY,  /* history lost, nothing local */
    HOP_LOSS_GEO,
    HOP_LOSS_SOURCE,
    HOP_LOSS_KEY,
    HOP_LOSS_TABLE_COUNT,
    HOP_LOSS_CONFIG =
        HOP_LOSS_TABLE_COUNT, /* last good copy in use, or none: then the PAM line decides */
    HOP_LOSS_CLOCK,           /* more than 5 minutes off the store's */
    HOP_LOSS_RECORD,          /* neither store nor spool took a record */
    HOP_LOSS_RUNTIME,         /* the connection record or the note was not usable */
    HOP_LOSS_COUNT
};
#define HOP_LOSS_BIT(loss) (1u << (unsigned)(loss))

/* A cell of the table: what to do with the verdict of whatever could still be scored. */
enum hop_on {
    HOP_ON_SCORE,          /* go on with the score */
    HOP_ON_SCORE_STEP_UP,  /* the score, at least step_up */
    HOP_ON_SCORE_OR_BLOCK, /* allow and alert if the score allows, else block */
    HOP_ON_BINDING,        /* the account's binding (keys x sources x tenants) decides */
    HOP_ON_SESSION,        /* allow; the session phase judges again */
    HOP_ON_ALLOW,          /* allow and alert */
    HOP_ON_STEP_UP,
    HOP_ON_BLOCK,
    HOP_ON_COUNT
};

struct hop_policy {
    enum hop_mode mode;
    int step_up_at_db;    /* decibits: R >= this asks. -63 */
    int block_at_db;      /* decibits: R >= this blocks. 60 */
    bool strict;          /* leaving quarantine needs a confirmation */
    bool witness_is_home; /* this host writes as home, and so do all: one trust domain */
    enum hop_on on_loss[HOP_LOSS_TABLE_COUNT][HOP_LANE_COUNT];
};

struct hop_policy hop_policy_default(void);

const char *hop_action_word(enum hop_action action); /* "allow", "step_up", "block" */
bool hop_action_parse(struct hop_span word, enum hop_action *ret_action);
const char *hop_mode_word(enum hop_mode mode); /* "observe", "step_up", "enforce" */
bool hop_mode_parse(struct hop_span word, enum hop_mode *ret_mode);
enum hop_mode hop_mode_milder(enum hop_mode a, enum hop_mode b);
const char *hop_loss_word(enum hop_loss loss); /* "fallback", "history", "geo", "source", "key",
                                                  "config", "clock", "not-recorded", "runtime" */
const char *hop_on_word(enum hop_on on); /* "score", "score_step_up", "score_or_block", "binding",
                                            "session", "allow", "step_up", "block" */
bool hop_on_parse(struct hop_span word, enum hop_on *ret_on);

#endif
