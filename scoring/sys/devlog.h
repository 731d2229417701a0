/* SPDX-License-Identifier: Apache-2.0 */
/* One datagram to the local syslog socket, without libc's syslog(3) and its global state (RFC 3164
 * form, facility AUTHPRIV, UTC). */
#ifndef HOP_DEVLOG_H
#define HOP_DEVLOG_H

#include "deadline.h"
#include "error.h"

#define HOP_DEVLOG_PATH "/dev/log"

enum hop_severity {
    HOP_LOG_ALERT = 1,
    HOP_LOG_ERR = 3,
    HOP_LOG_WARNING = 4,
    HOP_LOG_NOTICE = 5,
    HOP_LOG_INFO = 6,
    HOP_LOG_DEBUG = 7
};

/* "<86>Nov 23 09:30:00 hopwarden[4711]: text". Waits for room within the deadline; HOP_TIMEOUT when
 * the socket stays full, HOP_NOT_FOUND without a syslog daemon. A stream-type /dev/log is tried
 * too. `text` is sent as it is: encode it before. */
enum hop_rc hop_devlog_send_by(const char *path, enum hop_severity severity, const char *ident,
                               const char *text, struct hop_deadline deadline,
                               struct hop_error *err);

#endif
