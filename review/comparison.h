/* SPDX-License-Identifier: Apache-2.0 */
/* Two configurations over one log: which verdicts change, and which setting changes them. Beside
 * the two runs one more per difference, with that difference alone. */
#ifndef HOP_COMPARISON_H
#define HOP_COMPARISON_H

#include "difference.h"
#include "rejudge.h"

#define HOP_ALONE_MAX 16 /* differences tried alone */

struct hop_alone {
    struct hop_rejudge rejudge;
    bool open;
    size_t changed; /* verdicts that are other than without it */
};

struct hop_comparison {
    struct hop_rejudge other;
    struct hop_differences differences;
    struct hop_alone alone[HOP_ALONE_MAX];
    size_t changed, moved; /* actions; bits or reasons under the same action */
    size_t from_to[HOP_ACTION_COUNT][HOP_ACTION_COUNT];
    json_t *verdicts; /* the changed ones */
};

/* Loads `path` and opens a run each for it and for the differences; tells on stderr what failed. */
int hop_comparison_open(const char *path, const struct hop_conf *conf,
                        enum hop_rejudge_witness witness, struct hop_comparison *ret_comparison);
void hop_comparison_close(struct hop_comparison *comparison);

/* Each of the runs does with an entry what the first has just done with it. */
enum hop_comparison_step { HOP_STEP_LOGIN, HOP_STEP_FAILURE, HOP_STEP_CONFIRMATION };
bool hop_comparison_follow(struct hop_comparison *comparison, enum hop_comparison_step step,
                           const struct hop_entry *entry, struct hop_error *err);
/* After a login: notes what differs from the first run's verdict. */
void hop_comparison_note(struct hop_comparison *comparison, const struct hop_rejudge *first,
                         const struct hop_entry *entry, const char *id);

void hop_comparison_print(const struct hop_comparison *comparison);
json_t *hop_comparison_json(const struct hop_comparison *comparison);

#endif
