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
/* A break-glass code that was taken or refused: an alert like none louder. */
void hop_report_code(struct hop_call *call, bool taken, const char *note);
/* Trouble that came after the verdict's line: what could not be recorded or kept. Nothing to tell,
 * no line. */
void hop_report_trouble(struct hop_call *call);
void hop_report_debug(struct hop_call *call, const char *what, int code);

/* "Login refused (id 01J…)": all that a refused user sees. */
void hop_tell_refusal(struct hop_call *call);

#endif
