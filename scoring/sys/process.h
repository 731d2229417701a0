/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel says of processes and of this host. */
#ifndef HOP_PROCESS_H
#define HOP_PROCESS_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

/* Start time of a process in clock ticks since boot (/proc/<pid>/stat, field 22): with the pid it
 * names one process for ever. HOP_NOT_FOUND when there is no such process. */
enum hop_rc hop_process_start(long pid, uint64_t *ret_ticks, struct hop_error *err);

/* Field 4 of the same. */
enum hop_rc hop_process_parent(long pid, long *ret_parent, struct hop_error *err);

/* When that process began, epoch seconds (from its start and the time since boot), to the second.
 */
enum hop_rc hop_process_start_epoch(long pid, int64_t *ret_epoch_s, struct hop_error *err);

/* The process that stands for the connection: sshd's monitor begins a session of its own, and its
 * keyboard-interactive child stays in it. So the parent, if it leads our session; else ourselves.
 */
long hop_process_monitor(void);

/* Node name of this host up to the first dot, cut to `size`; "localhost" if the kernel has none. */
void hop_host_name(char *buffer, size_t size);

#endif
