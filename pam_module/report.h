/* SPDX-License-Identifier: Apache-2.0 */
/* What the module tells: one line for syslog, one sentence for the user. */
#ifndef HOP_REPORT_H
#define HOP_REPORT_H

#include "call.h"

/* The line about a verdict just reached. */
void hop_report_verdict(struct hop_call *call, const struct hop_answer *answer);
/* A later line about the connection's login: "step-up-passed", "step-up-failed", "session-refused".
 */
void hop_report_later(struct hop_call *call, const struct hop_connection *connection,
                      const char *action, const char *outcome);
/* What became of a break-glass code: an alert like none louder. */
enum hop_code_event { HOP_CODE_ASKED, HOP_CODE_REFUSED, HOP_CODE_TAKEN, HOP_CODE_EVENT_COUNT };
void hop_report_code(struct hop_call *call, enum hop_code_event event, const char *note);
/* What becomes of a login that waits for an approval: "approval-awaited", "-given", "-denied",
 * "-timeout", "-refused". `author` and `note` may be NULL. */
void hop_report_approval(struct hop_call *call, const char *action, const char *outcome,
                         const char *author, const char *note);
/* Trouble that came after the verdict's line: what could not be recorded or kept. Nothing to tell,
 * no line. */
void hop_report_trouble(struct hop_call *call);
void hop_report_debug(struct hop_call *call, const char *what, int code);

/* "Login refused (id 01J…)": all that a refused user sees. */
void hop_tell_refusal(struct hop_call *call);

/* "Waiting for approval, id 01J…". sshd shows what is told in its auth phase only with the next
 * question, so there it is one, which any answer ends; a conversation that cannot ask goes on
 * without. */
void hop_tell_waiting(struct hop_call *call);

#endif
