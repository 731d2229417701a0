/* SPDX-License-Identifier: Apache-2.0 */
/* The one table from an answer to a PAM code (DESIGN 3). */
#ifndef HOP_CODES_H
#define HOP_CODES_H

#include "engine.h"

/* `phase` is auth, account or session; anything else gives PAM_SYSTEM_ERR. */
int hop_pam_code(const struct hop_answer *answer, enum hop_phase phase);

#endif
