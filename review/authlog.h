/* SPDX-License-Identifier: Apache-2.0 */
/* sshd's lines in auth.log as entries of the login log. */
#ifndef HOP_AUTHLOG_H
#define HOP_AUTHLOG_H

#include <time.h>

#include "record.h"

#define HOP_AUTHLOG_PARTIALS 256

/* The key of a "Partial publickey" line, until the connection's "Accepted" line comes. */
struct hop_partial {
    int64_t pid;
    uint16_t port;
    struct hop_address address;
    char key[HOP_KEY_MAX + 1];
};

/* What one line needs to know of the lines before it. */
struct hop_authlog {
    const char *tenant; /* of every line */
    const char *host;   /* NULL: as the line says */
    int year;           /* of the first line without one; 0: the latest that is not to come */
    int month;          /* of the last such line, 0 before the first */
    int64_t now;
    struct hop_partial partials[HOP_AUTHLOG_PARTIALS];
    size_t next_partial;
};

/* An "Accepted" line, appended as one JSON object (DESIGN 9). HOP_NOT_FOUND for lines that tell of
 * no finished login; HOP_MALFORMED for what is no line of a log, or an "Accepted" line that cannot
 * be read. Times without zone are this host's local time, as rsyslog writes them. */
enum hop_rc hop_authlog_parse(struct hop_authlog *log, struct hop_span line, struct hop_text *text,
                              struct hop_error *err);

#endif
