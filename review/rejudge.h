/* SPDX-License-Identifier: Apache-2.0 */
/* Judging anew: a login log played over an empty, private history, through the engine
 * of the login path, as if the mode were enforce and every account in scope. */
#ifndef HOP_REJUDGE_H
#define HOP_REJUDGE_H

#include "command.h"

/* Who sees: what the configuration says, every host as home, or each as its tenant. */
enum hop_rejudge_witness { HOP_REJUDGE_CONFIGURED, HOP_REJUDGE_HOME, HOP_REJUDGE_TENANT };

struct hop_rejudge {
    struct hop_desk desk;
    struct hop_login login;         /* the last one judged */
    struct hop_judgement judgement; /* of it */
};

/* Leaves `conf` to the caller. Tells on stderr what failed; HOP_EXIT_FINE, or the exit status. */
int hop_rejudge_open(const struct hop_conf *conf, enum hop_rejudge_witness witness,
                     struct hop_rejudge *ret_rejudge);
void hop_rejudge_close(struct hop_rejudge *rejudge);

/* Judges and learns as production would; the judgement holds until the next call. False, with the
 * reason in `err`, when it cannot go on. */
bool hop_rejudge_login(struct hop_rejudge *rejudge, const struct hop_entry *entry,
                       struct hop_error *err);
bool hop_rejudge_failure(struct hop_rejudge *rejudge, const struct hop_entry *entry,
                         struct hop_error *err);
bool hop_rejudge_confirmation(struct hop_rejudge *rejudge, const struct hop_entry *entry,
                              struct hop_error *err);

/* A wrong credential without a verdict. */
bool hop_rejudge_is_failure(const struct hop_entry *entry);

#endif
