/* SPDX-License-Identifier: Apache-2.0 */
/* A whole history as lines, for moving it between stores of any kind:
 *
 *   hopwarden-dump 1                                   format
 *   days p:%7Banna%7D:acme c:NL 20781:1                a write that the store joins with what it
 * has, member k:%7BSHA256:...%7D anna                     as a spool has them, keys without prefix
 *   log log:acme 01J... 200000 %7B...%7D
 *   end 3                                              how many there were
 */
#ifndef HOP_MOVED_H
#define HOP_MOVED_H

#include "command.h"

#define HOP_MOVED_HEAD "hopwarden-dump 1"
#define HOP_MOVED_END "end "

/* The write that makes a field, a member or an entry of this key again; false where it is no part
 * of a history (or, as the marker of pruning, of one store alone). */
bool hop_moved_kind(const struct hop_key_parts *parts, enum hop_object object,
                    struct hop_span field, enum hop_write_kind *ret_kind);
/* What keys hold that such a write goes to. */
enum hop_object hop_moved_object(enum hop_write_kind kind);

/* The keys that begin with `list` ("", "k:", "p:{anna}:"), walked to the end; `visit` gets whole
 * keys and may use the store. */
enum hop_rc hop_moved_keys(struct hop_store *store, const struct hop_reach *reach, const char *list,
                           hop_key_visit *visit, void *context, struct hop_error *err);
enum hop_rc hop_moved_items(struct hop_store *store, const char *key, enum hop_object object,
                            hop_item_visit *visit, void *context, struct hop_error *err);

#endif
