/* SPDX-License-Identifier: Apache-2.0 */
/* Errors as values: a code to act on and one sentence to show. */
#ifndef HOP_ERROR_H
#define HOP_ERROR_H

#include <stddef.h>

enum hop_rc {
    HOP_OK = 0,
    HOP_NOT_FOUND, /* the object does not exist; often no failure at all */
    HOP_MALFORMED, /* the bytes are not of the form they should have */
    HOP_LIMIT,     /* larger than a named limit */
    HOP_TIMEOUT,   /* the deadline passed */
    HOP_DENIED,    /* the peer or the kernel refuses (password, ACL, permission) */
    HOP_UNTRUSTED, /* owner, mode or kind of a file is not what it must be */
    HOP_IO,        /* any other failure of a file, socket or store */
    HOP_NOMEM,
    HOP_CONFLICT,    /* somebody else changed it at the same time, too often */
    HOP_UNSUPPORTED, /* the peer or build cannot do this */
    HOP_RC_COUNT
};

#define HOP_ERROR_TEXT_MAX 320

/* `text` starts with the object: "redis /run/redis.sock: connect: Connection refused". Empty when
 * rc is HOP_OK. */
struct hop_error {
    enum hop_rc rc;
    char text[HOP_ERROR_TEXT_MAX];
};

/* Writes code and sentence (cut at the limit) and returns `rc`, so that a caller can `return
 * hop_error_set(...)`. `err` may be NULL. */
enum hop_rc hop_error_set(struct hop_error *err, enum hop_rc rc, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* As above, with ": " and the text of `errnum` (thread-safe strerror, C locale words) appended. */
enum hop_rc hop_error_errno(struct hop_error *err, enum hop_rc rc, int errnum, const char *format,
                            ...) __attribute__((format(printf, 4, 5)));

/* Puts "prefix: " before the sentence that is there; for callers that know the file or the line. */
void hop_error_within(struct hop_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void hop_error_clear(struct hop_error *err);

/* A stable word per code ("timeout", "not-found"); never NULL. */
const char *hop_rc_word(enum hop_rc rc);

#endif
