/* SPDX-License-Identifier: Apache-2.0 */
/* Many logins learned at once: profiles are read once and carried along in memory, writes go out in
 * large batches. */
#ifndef HOP_PAST_H
#define HOP_PAST_H

#include "command.h"

struct hop_past;

struct hop_past *hop_past_new(struct hop_desk *desk); /* NULL without memory */
void hop_past_free(struct hop_past **past);

/* Plans one finished login, unconfirmed, after those before it, and writes when the batch is large.
 * On failure nothing of the current batch was written for certain: learning all of it again is
 * harmless. */
enum hop_rc hop_past_learn(struct hop_past *past, const struct hop_login *login,
                           struct hop_error *err);
enum hop_rc hop_past_write(struct hop_past *past, struct hop_error *err);
size_t hop_past_identities(const struct hop_past *past);

#endif
