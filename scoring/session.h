/* SPDX-License-Identifier: Apache-2.0 */
/* The login session that a process runs in: found by what the kernel says of processes and by the
 * records of connection.h, never by the environment, utmp or a terminal's name.
 *
 *   sudo ── shell ── sshd ── sshd [priv]        up the process tree, the nearest record counts
 *                              │
 *                   <folder>/<its pid>          root's, of this very process, session open
 *
 * What has left the tree (tmux, nohup) still carries its audit session, as does the monitor.
 */
#ifndef HOP_SESSION_H
#define HOP_SESSION_H

#include "connection.h"

/* HOP_NOT_FOUND: no session is known (it was not judged, is over, or the process was started by
 * none). *ret_doubt: the process stands under the session, and its audit facts name another; `err`
 * tells. They may be right (a login inside the session) or set by hand, so neither is believed
 * alone. Looks at most at 64 ancestors and 1024 records; nothing blocks but the local disk. */
enum hop_rc hop_session_find(const char *folder, struct hop_connection *ret_session,
                             bool *ret_doubt, struct hop_error *err);

#endif
