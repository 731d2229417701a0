/* SPDX-License-Identifier: Apache-2.0 */
/* What the helper tells syslog. Anyone who holds a public key can make it run, as often as they
 * like: so each kind of line comes once an hour. */
#ifndef HOP_TELL_H
#define HOP_TELL_H

#include "keys.h"

/* A NOTICE about a key that was not printed: one per account, key and hour. */
void hop_tell_refused(const struct hop_keys_paths *paths, const struct hop_alert *alert,
                      const char *fingerprint, struct hop_deadline deadline);
/* An ERR about what went wrong: one per account and hour. */
void hop_tell_trouble(const struct hop_keys_paths *paths, const struct hop_login *login,
                      const struct hop_error *trouble, struct hop_deadline deadline);

#endif
