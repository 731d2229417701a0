/* SPDX-License-Identifier: Apache-2.0 */
/* The store that a configuration names. */
#ifndef HOP_STORE_OPEN_H
#define HOP_STORE_OPEN_H

#include "history.h"

/* The forms of conf/url.h. Reads the secret and the certificates of this role; makes no connection.
 * HOP_MALFORMED for another form or what is no certificate, HOP_NOT_FOUND for a name that
 * was not resolved yet, HOP_UNTRUSTED for a secret or key that others can read, or authorities that
 * others can write. */
enum hop_rc hop_store_open(const struct hop_settings *settings, enum hop_history_role role,
                           struct hop_store **ret_store, struct hop_error *err);

#endif
