/* SPDX-License-Identifier: Apache-2.0 */
/* Who can pass a second factor at all, as far as this host can know it. */
#ifndef HOP_FACTOR_H
#define HOP_FACTOR_H

#include "command.h"

#define HOP_PAM_PATH "/etc/pam.d/sshd"

/* Unknown is a state of its own, and never counts as "can". */
enum hop_factor_state { HOP_FACTOR_UNKNOWN, HOP_FACTOR_CANNOT, HOP_FACTOR_CAN, HOP_FACTOR_COUNT };

struct hop_factor {
    enum hop_factor_state state;
    char why[HOP_CELL_MAX];
};

/* Looks at the factors of the stack at `pam_path`: an account enrolled with one of those that keep
 * their seeds on the host can pass; where only such factors stand and it is enrolled with none, it
 * cannot; of others nobody here can tell. */
void hop_factor_of(const char *pam_path, const char *account, struct hop_factor *ret_factor);
const char *hop_factor_word(enum hop_factor_state state); /* "unknown", "no", "yes" */

#endif
