/* SPDX-License-Identifier: Apache-2.0 */
/* Upkeep's walks on one Redis server (store.h): SCAN, HSCAN, SSCAN, XRANGE and XDEL, a page each.
 */
#ifndef HOP_REDIS_WALK_H
#define HOP_REDIS_WALK_H

#include "redis_transport.h"

enum hop_rc hop_redis_keys_by(struct hop_redis_link *link, const char *prefix,
                              struct hop_cursor *cursor, hop_key_visit *visit, void *context,
                              struct hop_deadline deadline, struct hop_error *err);
enum hop_rc hop_redis_items_by(struct hop_redis_link *link, const char *key, enum hop_object object,
                               struct hop_cursor *cursor, hop_item_visit *visit, void *context,
                               struct hop_deadline deadline, struct hop_error *err);
enum hop_rc hop_redis_weed_by(struct hop_redis_link *link, const char *key, hop_log_weed *weed,
                              void *context, size_t *ret_removed, struct hop_deadline deadline,
                              struct hop_error *err);

#endif
