/* SPDX-License-Identifier: Apache-2.0 */
/* A login that waits until somebody else approves it. */
#ifndef HOP_WAIT_H
#define HOP_WAIT_H

#include "call.h"

/* Waits, until `approval_wait_s` has passed at the longest, for a word on the judged login; tells
 * and records what came of it (the record of the connection is the caller's to keep). `answer`
 * becomes HOP_ANSWER_ALLOW or HOP_ANSWER_REFUSE. Each exchange with the store has the deadline of a
 * phase; afterwards the call has a new one. Refused at once where nobody could approve. */
void hop_await_approval(struct hop_call *call, struct hop_answer *answer);

#endif
