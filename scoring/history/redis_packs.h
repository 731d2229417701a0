/* SPDX-License-Identifier: Apache-2.0 */
/* How a profile stands in Redis: its day-sets packed into one field (pack.h), the registers and
 * what does not fit as fields of their own. To everybody else it is a hash of fields. No connection
 * in here.
 *
 *   hop:1:p:{anna}:home   ~1      c:NL, n:84.24.10.0/24, ... and their days
 *                         last    1788888888 ...
 *                         h:acme/db1   20780:13    of an older layout, or for want of room
 *
 * A value that stands on its own and packed is the union of both; the next write packs it.
 */
#ifndef HOP_REDIS_PACKS_H
#define HOP_REDIS_PACKS_H

#include "redis_wire.h"

#define HOP_REDIS_REPACKED_MAX                                                                     \
    256 /* values on their own that one batch takes in beside its own                              \
         */

/* Is it about a value that stands packed, or does it drop the packed field itself? Then its profile
 * is to be read first. A key of another list than p is none. */
bool hop_redis_write_packs(const struct hop_write *write);
/* Does the batch write to this packed profile by dropping alone? Then HOP_PACK_FIELD is all that
 * has to be read of it. */
bool hop_redis_drops_alone(const struct hop_batch *batch, const char *key);
/* Such a write is not sent as it is: what is spoilt by then goes, and what is not stays. */
bool hop_redis_write_drops_pack(const struct hop_write *write);
bool hop_redis_read_packs(const struct hop_read *read);

/* Gives a field to `visit` or, of the packed one, each value as field and day-set. HOP_MALFORMED
 * for a packed one that is spoilt, HOP_NOMEM; then nothing was given. */
enum hop_rc hop_redis_fields_visit(struct hop_span field, struct hop_span value,
                                   hop_item_visit *visit, void *context);

/* A profile of which a batch changes something. */
struct hop_redis_pack;
/* From the fields as the server has them (an array of strings, of even number; where drops are
 * alone, HOP_PACK_FIELD's value or nil), with the batch's writes to `key` done. HOP_NOMEM. */
enum hop_rc hop_redis_pack_new(const struct hop_wire_reply *fields, const struct hop_batch *batch,
                               const char *key, struct hop_redis_pack **ret_pack);
void hop_redis_pack_free(struct hop_redis_pack **pack);
/* How many commands the change takes; they stand behind those of the batch's own writes. */
size_t hop_redis_pack_changes(const struct hop_redis_pack *pack);
void hop_redis_pack_put(struct hop_wire_pipeline *pipeline, const char *key,
                        const struct hop_redis_pack *pack);

#endif
