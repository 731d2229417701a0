/* SPDX-License-Identifier: Apache-2.0 */
/* The store that a configuration names. */
#ifndef HOP_STORE_OPEN_H
#define HOP_STORE_OPEN_H

#include "history.h"

/* sqlite:/path  unix:/path  redis://1.2.3.4[:port][/db]  redis://[::1][:port][/db]
 * Reads the secret of this role; makes no connection. HOP_MALFORMED for another form,
 * HOP_UNSUPPORTED for names and for the schemes to come, HOP_UNTRUSTED for a secret that others can
 * read. */
enum hop_rc hop_store_open(const struct hop_settings *settings, enum hop_history_role role,
                           struct hop_store **ret_store, struct hop_error *err);

#endif
