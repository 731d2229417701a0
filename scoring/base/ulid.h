/* SPDX-License-Identifier: Apache-2.0 */
/* ULIDs (github.com/ulid/spec): 48 bits of milliseconds and 80 random bits in 26 characters of
 * Crockford's base32. Pure: time and entropy are arguments. */
#ifndef HOP_ULID_H
#define HOP_ULID_H

#include "span.h"

#define HOP_ULID_LENGTH 26

/* Writes 26 characters and a NUL. */
void hop_ulid_format(int64_t epoch_ms, const uint8_t entropy[10], char ret_id[HOP_ULID_LENGTH + 1]);
/* 26 valid characters (upper case) whose first is at most '7'. */
bool hop_ulid_valid(struct hop_span text);
/* Milliseconds of a valid id, -1 otherwise. */
int64_t hop_ulid_time_ms(struct hop_span text);

#endif
