/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are believed only if the right user wrote them. Every descriptor is close-on-exec; no
 * open blocks on a FIFO or follows a final link. */
#ifndef HOP_FILE_H
#define HOP_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "error.h"

/* What a file must be to be used. It must be a regular file with one link, owned by `owner` (or
 * root), and have none of the mode bits in `forbidden` (for example 022: not writable by group and
 * others). */
struct hop_file_rule {
    uid_t owner;
    mode_t forbidden;
    size_t most; /* bytes; larger: HOP_LIMIT */
};

/* Opens for reading. HOP_NOT_FOUND when there is none, HOP_UNTRUSTED when the rule is broken, with
 * the file's name in `err`. */
enum hop_rc hop_file_open(const char *path, const struct hop_file_rule *rule, int *ret_fd,
                          struct hop_error *err);
/* Reads the whole of it into malloc'd, NUL-terminated bytes, which the caller frees. */
enum hop_rc hop_file_read(const char *path, const struct hop_file_rule *rule, char **ret_bytes,
                          size_t *ret_len, struct hop_error *err);
/* Modification time (epoch s) of an already trusted descriptor. */
enum hop_rc hop_file_mtime(int fd, long long *ret_epoch_s, struct hop_error *err);

/* Writes a new file beside `path` and renames it over: readers see the old or the new bytes, never
 * a part. `durable` adds fsync of the file and its folder. Owner -1 keeps the caller's. On any
 * failure the old file stands and nothing is left behind. */
enum hop_rc hop_file_replace(const char *path, const void *bytes, size_t len, mode_t mode,
                             uid_t owner, gid_t group, bool durable, struct hop_error *err);
enum hop_rc hop_file_remove(const char *path,
                            struct hop_error *err); /* HOP_NOT_FOUND is for the caller to ignore */

/* Makes one folder (not its parents) with exactly this owner and mode, umask or not. An existing
 * one is accepted only if it is a real folder (no link) owned by `owner` and not writable by others
 * than `mode` says. */
enum hop_rc hop_folder_make(const char *path, mode_t mode, uid_t owner, gid_t group,
                            struct hop_error *err);

#endif
