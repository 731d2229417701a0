/* SPDX-License-Identifier: Apache-2.0 */
/* Records that the store could not take, in the order they were made, in one append-only file.
 *
 *   <path>       <digest> <epoch ms> <batch, ';' for newline>\n      one record a line
 *                8c1f… 1795512600123 days hop:1:p:%7Banna%7D:acme t:acme 20781:1;log …;
 *   <path>.at    <inode> <bytes done> <damaged records>              how far the drain has come
 *
 * Why no database: appending touches nothing that was written before, so that one damaged record
 * costs that record and not the file; giving up half-way on a full disk is one truncation; draining
 * needs no room to delete; and the cost of an append does not grow with what waits.
 *
 * - kill -9, power cut: a record is synced before it counts; a cut-off line is damaged, the rest
 *   stands
 * - full disk: what was written of it is blanked out and told; blank lines are passed over
 * - damaged bytes: the digest tells; the good records are drained and the file is kept beside
 * - many writers: one write(2) each, which O_APPEND keeps together; they share a lock that only a
 *   drain which removes the file wants alone, for a moment
 * - two drains: one lock, tried once. Locks belong to the open file: they end with their process,
 *   and a drain holds no writer up while it drains
 */
#ifndef HOP_SPOOL_H
#define HOP_SPOOL_H

#include "deadline.h"
#include "error.h"
#include "span.h"

#define HOP_SPOOL_RECORD_MAX (1u << 20) /* bytes of a line */
#define HOP_SPOOL_BYTES_MAX (1u << 30)  /* a spool never fills the disk by itself */
#define HOP_SPOOL_GRACE_MS                                                                         \
    250 /* wait for a drain that is just removing the file, past the deadline too */

/* Appends a record and syncs it. The file is made if missing, mode 0600; it must be the caller's
 * alone. HOP_LIMIT when record or spool would be too large; on any failure nothing was added. */
enum hop_rc hop_spool_append_by(const char *path, struct hop_span text, int64_t epoch_ms,
                                struct hop_deadline deadline, struct hop_error *err);

/* Does anything wait? Costs one stat. */
bool hop_spool_waiting(const char *path);
/* How many records wait; reads the file. No file: 0. */
enum hop_rc hop_spool_count(const char *path, size_t *ret_count, struct hop_error *err);

/* Gives each record to `take`, oldest first, until it fails or the deadline passes; a record counts
 * as done once `take` said HOP_OK, and may be given again if the process dies right then. A record
 * that is damaged, or that `take` finds HOP_MALFORMED or over a HOP_LIMIT, is passed over; once all
 * are done the file is removed or, with such records in it, kept as <path>.corrupt-<epoch ms> and
 * the result is HOP_MALFORMED. While another process drains: HOP_OK, 0. */
typedef enum hop_rc hop_spool_take(void *context, struct hop_span text, struct hop_error *err);
enum hop_rc hop_spool_drain_by(const char *path, int64_t epoch_ms, hop_spool_take *take,
                               void *context, struct hop_deadline deadline, size_t *ret_taken,
                               struct hop_error *err);

#endif
