/* SPDX-License-Identifier: Apache-2.0 */
/* The line `pam_hopwarden.so codes`: a break-glass account is asked for one of its codes. */
#ifndef HOP_CODE_LINE_H
#define HOP_CODE_LINE_H

#include "call.h"

/* PAM_IGNORE for every other account; PAM_SUCCESS for a code that was good and is now used up;
 * else PAM_AUTH_ERR. Both are alerts. Waits for a person, and then on the local disk; neither mode
 * nor history nor configuration change the answer. */
int hop_ask_for_code(struct hop_call *call);

#endif
