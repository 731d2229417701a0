/* SPDX-License-Identifier: Apache-2.0 */
/* Whose file a history is, and who may read it. */
#ifndef HOP_SQLITE_FILES_H
#define HOP_SQLITE_FILES_H

#include <limits.h>
#include <stdlib.h>

#include "error.h"
#include "span.h"

/* Makes the file of a history (unless `read_only`) and sees to it that its folder's group can read
 * it, its -wal and its -shm, whatever the umask. HOP_UNTRUSTED when others than root and the caller
 * could have put there what is there; HOP_NOT_FOUND when a reader finds none; HOP_DENIED,
 * HOP_LIMIT, HOP_IO. `ret_file` is the path without links, for SQLITE_OPEN_NOFOLLOW. */
enum hop_rc hop_sqlite_files_fit(const char *path, bool read_only, char ret_file[PATH_MAX],
                                 struct hop_error *err);

#endif
