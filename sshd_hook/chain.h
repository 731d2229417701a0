/* SPDX-License-Identifier: Apache-2.0 */
/* Another provider of keys or principals (SSSD, userdbctl, LDAP, ...): a program that is run, and
 * what it prints. */
#ifndef HOP_CHAIN_H
#define HOP_CHAIN_H

#include "deadline.h"
#include "error.h"

#define HOP_CHAIN_MAX (1u << 20) /* bytes that are taken from it */

/* Runs command[0], an absolute path, with these words and this process's environment, no shell,
 * standard input empty. What it printed by its end is malloc'd, NUL-terminated, the caller's.
 * Like sshd, believes nothing of one that fails (HOP_IO), and runs none that others than root could
 * change (HOP_UNTRUSTED). At the deadline (HOP_TIMEOUT) and beyond the limit (HOP_LIMIT) it ends;
 * whatever the outcome, nothing of it is left running in its process group. */
enum hop_rc hop_chain_run_by(char *const command[], struct hop_deadline deadline, char **ret_bytes,
                             size_t *ret_len, struct hop_error *err);

#endif
