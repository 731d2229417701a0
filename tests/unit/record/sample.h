/* SPDX-License-Identifier: Apache-2.0 */
/* Logins and verdicts the tests of this layer share. */
#ifndef HOP_SAMPLE_H
#define HOP_SAMPLE_H

#include "record.h"

struct hop_login sample_login(void);
struct hop_verdict sample_verdict(void);

#endif
