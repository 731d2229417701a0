/* SPDX-License-Identifier: Apache-2.0 */
/* The store that a configuration names. */
#ifndef HOP_STORE_OPEN_H
#define HOP_STORE_OPEN_H

#include "history.h"
#include "url.h"

/* The forms of conf/url.h. Reads the secret and the certificates of this role; makes no connection.
 * HOP_MALFORMED for another form or what is no certificate, HOP_NOT_FOUND for a name that
 * was not resolved yet, HOP_UNTRUSTED for a secret or key that others can read, or authorities that
 * others can write. */
enum hop_rc hop_store_open(const struct hop_settings *settings, enum hop_history_role role,
                           struct hop_store **ret_store, struct hop_error *err);

/* What to do with a store's servers. All that *setup points to, secrets among it, lives as long as
 * the call. */
typedef enum hop_rc hop_servers_use(void *context, const struct hop_fleet_setup *setup,
                                    enum hop_url_kind kind, struct hop_error *err);
/* Calls it with the servers of a Redis of any kind; HOP_UNSUPPORTED for another store. Otherwise as
 * hop_store_open. */
enum hop_rc hop_servers_open(const struct hop_settings *settings, enum hop_history_role role,
                             hop_servers_use *use, void *context, struct hop_error *err);

#endif
