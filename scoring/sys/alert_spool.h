/* SPDX-License-Identifier: Apache-2.0 */
/* Alert lines that syslog could not take in time wait in a root-only file and go out with the next
 * one that gets through. */
#ifndef HOP_ALERT_SPOOL_H
#define HOP_ALERT_SPOOL_H

#include "devlog.h"

#define HOP_ALERT_SPOOL_BYTES_MAX                                                                  \
    (1 << 20) /* then new lines are dropped: the log of the history still has them */

/* Sends `text` as ident "hopwarden", and then lines that wait in `spool_path`; what cannot be sent
 * before the deadline is kept there. Returns what became of `text`: HOP_OK sent, HOP_TIMEOUT kept
 * for later, HOP_IO lost. Never waits for another process that holds the file. */
enum hop_rc hop_alert_send_by(const char *spool_path, const char *devlog_path,
                              enum hop_severity severity, const char *text,
                              struct hop_deadline deadline);

#endif
