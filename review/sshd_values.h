/* SPDX-License-Identifier: Apache-2.0 */
/* What sshd says of itself: its version, and what holds for one connection. */
#ifndef HOP_SSHD_VALUES_H
#define HOP_SSHD_VALUES_H

#include <stdbool.h>

#include "span.h"

#define HOP_SSHD_VALUE_MAX 512

enum hop_sshd_keyword {
    HOP_SSHD_USE_PAM,
    HOP_SSHD_KBD_INTERACTIVE,
    HOP_SSHD_PASSWORD,
    HOP_SSHD_METHODS,
    HOP_SSHD_ROOT,
    HOP_SSHD_KEYS_COMMAND,
    HOP_SSHD_KEYS_USER,
    HOP_SSHD_KEYS_FILE,
    HOP_SSHD_CA_KEYS,
    HOP_SSHD_PRINCIPALS_COMMAND,
    HOP_SSHD_PRINCIPALS_FILE,
    HOP_SSHD_PENALTY_EXEMPT,
    HOP_SSHD_KEYWORD_COUNT
};

/* As sshd prints them, cut to their size; "" for what this version does not have. */
struct hop_sshd_values {
    char of[HOP_SSHD_KEYWORD_COUNT][HOP_SSHD_VALUE_MAX];
};

/* 902 for OpenSSH_9.2p1; 0 when it does not tell. Runs `program`. */
int hop_sshd_version(const char *program);

/* What the configuration at `path` gives this account from this address (`sshd -T -C`). False when
 * sshd refuses it; then `ret_why` holds the first line of what it said. Runs `program`. */
bool hop_sshd_effective(const char *program, const char *path, const char *account,
                        const char *address, struct hop_sshd_values *ret_values,
                        char ret_why[HOP_SSHD_VALUE_MAX]);

#endif
