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

/* The same with its parent, as the kernel has it: 0 for process 1 and where the parent is outside
 * this process namespace. */
struct hop_process {
    uint64_t start; /* clock ticks since boot */
    long parent;
};
enum hop_rc hop_process_read(long pid, struct hop_process *ret_process, struct hop_error *err);

/* What the kernel's audit says of a process: who logged in, and in which session. Inherited by
 * whatever the session starts, also by what leaves its process tree; a root process can change
 * both. HOP_PROCESS_UNSET where nobody logged in, or the kernel keeps none of it. */
#define HOP_PROCESS_UNSET UINT32_MAX
struct hop_process_audit {
    uint32_t login_uid;
    uint32_t session;
};
void hop_process_audit_read(long pid, struct hop_process_audit *ret_audit);

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
