/* SPDX-License-Identifier: Apache-2.0 */
/* The spool's file and its locks, for appending and draining. */
#ifndef HOP_SPOOL_FILE_H
#define HOP_SPOOL_FILE_H

#include <sys/types.h>

#include "conf.h"
#include "spool.h"

#define HOP_SPOOL_PATH_MAX (HOP_PATH_MAX + 64)
#define HOP_SPOOL_MARK ';' /* for newline; percent coding leaves none in a batch's text */

/* The bytes of the file that stand for its locks. */
enum hop_spool_lock { HOP_SPOOL_LOCK_APPEND, HOP_SPOOL_LOCK_DRAIN };

/* `extra`: further flags of open(2). HOP_NOT_FOUND without a file, HOP_UNTRUSTED when it is not the
 * caller's alone. */
enum hop_rc hop_spool_open(const char *path, int extra, int *ret_fd, struct hop_error *err);
/* `alone`: nobody else has it; else all who want it so share it. */
bool hop_spool_lock_by(int fd, enum hop_spool_lock which, bool alone, struct hop_deadline deadline);
void hop_spool_unlock(int fd, enum hop_spool_lock which);
/* Is this still the file of that name? A drain may have removed it since it was opened. */
bool hop_spool_is(const char *path, int fd);
/* Writes path and suffix as one name; false when it does not fit. */
bool hop_spool_beside(const char *path, const char *suffix, char *buffer, size_t size);
/* The digest of a line's rest and its parts: "<digest> <epoch ms> <text>". False when damaged. */
bool hop_spool_line_parse(struct hop_span line, struct hop_span *ret_text);

#endif
