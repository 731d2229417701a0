/* SPDX-License-Identifier: Apache-2.0 */
/* One configuration on trial: a login log played over an empty, private history, through the engine
 * of the login path, as if the mode were enforce and every account in scope. */
#ifndef HOP_TRIAL_H
#define HOP_TRIAL_H

#include "command.h"

/* Who sees: what the configuration says, every host as home, or each as its tenant. */
enum hop_trial_witness { HOP_TRIAL_CONFIGURED, HOP_TRIAL_HOME, HOP_TRIAL_TENANT };

struct hop_trial {
    struct hop_desk desk;
    struct hop_login login;         /* the last one judged */
    struct hop_judgement judgement; /* of it */
};

/* Leaves `conf` to the caller. Tells on stderr what failed; HOP_EXIT_FINE, or the exit status. */
int hop_trial_open(const struct hop_conf *conf, enum hop_trial_witness witness,
                   struct hop_trial *ret_trial);
void hop_trial_close(struct hop_trial *trial);

/* Judges and learns as production would; the judgement holds until the next call. False, with the
 * reason in `err`, when the trial cannot go on. */
bool hop_trial_login(struct hop_trial *trial, const struct hop_entry *entry, struct hop_error *err);
bool hop_trial_failure(struct hop_trial *trial, const struct hop_entry *entry,
                       struct hop_error *err);
bool hop_trial_confirmation(struct hop_trial *trial, const struct hop_entry *entry,
                            struct hop_error *err);

#endif
