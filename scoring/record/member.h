/* SPDX-License-Identifier: Apache-2.0 */
/* Members of a JSON object being written, shared by the lines of this layer. */
#ifndef HOP_MEMBER_H
#define HOP_MEMBER_H

#include "verdict.h"

/* `"name":`, with a comma before it unless it is the object's first. */
void hop_member_name(struct hop_text *text, const char *name);
void hop_member_string(struct hop_text *text, const char *name, const char *value);
/* The same, left out when the value is empty. */
void hop_member_word(struct hop_text *text, const char *name, const char *value);
void hop_member_int(struct hop_text *text, const char *name, int64_t value);
void hop_member_true(struct hop_text *text, const char *name, bool value); /* left out when false */
/* At most six decimals, none that are zero. */
void hop_member_number(struct hop_text *text, const char *name, double value);
/* Decibits as bits with one decimal: -202 is -20.2. */
void hop_member_decibits(struct hop_text *text, const char *name, int decibits);
void hop_member_time(struct hop_text *text, const char *name, int64_t epoch_s);    /* @timestamp */
void hop_member_address(struct hop_text *text, const struct hop_address *address); /* source.ip */

/* hopwarden.reason_codes and hopwarden.reasons, the first `most` of each. A reason with weight ends
 * in it: "AS64518 new +5.0". */
void hop_member_codes(struct hop_text *text, const struct hop_verdict *verdict, size_t most);
void hop_member_reasons(struct hop_text *text, const struct hop_verdict *verdict, size_t most);
/* hopwarden.degraded, left out when nothing was lost. */
void hop_member_losses(struct hop_text *text, unsigned losses);

#endif
