/* SPDX-License-Identifier: Apache-2.0 */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "span.h"

enum hop_rc hop_error_set(struct hop_error *err, enum hop_rc rc, const char *format, ...)
{
    if (!err)
        return rc;
    err->rc = rc;
    va_list args;
    va_start(args, format);
    if (vsnprintf(err->text, sizeof err->text, format, args) < 0)
        err->text[0] = 0;
    va_end(args);
    return rc;
}

enum hop_rc hop_error_errno(struct hop_error *err, enum hop_rc rc, int errnum, const char *format,
                            ...)
{
    if (!err)
        return rc;
    err->rc = rc;
    va_list args;
    va_start(args, format);
    int len = vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    if (len < 0)
        len = 0;
    if ((size_t)len >= sizeof err->text)
        return rc;
    struct hop_text text = {.at = err->text, .size = sizeof err->text, .len = (size_t)len};
    const char *words = strerrordesc_np(errnum); /* never translated, unlike strerror_r */
    hop_text_put(&text, ": ");
    if (words)
        hop_text_put(&text, words);
    else
        hop_text_format(&text, "error %d", errnum);
    return rc;
}

void hop_error_within(struct hop_error *err, const char *format, ...)
{
    if (!err || err->rc == HOP_OK)
        return;
    struct hop_error inner = *err;
    va_list args;
    va_start(args, format);
    int len = vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    struct hop_text text = {.at = err->text, .size = sizeof err->text};
    if (len > 0)
        text.len = (size_t)len < text.size ? (size_t)len : text.size - 1;
    hop_text_put(&text, ": ");
    hop_text_put(&text, inner.text);
}

void hop_error_clear(struct hop_error *err)
{
    if (!err)
        return;
    err->rc = HOP_OK;
    err->text[0] = 0;
}

const char *hop_rc_word(enum hop_rc rc)
{
    static const char *const words[HOP_RC_COUNT] = {
        [HOP_OK] = "ok",
        [HOP_NOT_FOUND] = "not-found",
        [HOP_MALFORMED] = "malformed",
        [HOP_LIMIT] = "limit",
        [HOP_TIMEOUT] = "timeout",
        [HOP_DENIED] = "denied",
        [HOP_UNTRUSTED] = "untrusted",
        [HOP_IO] = "io",
        [HOP_NOMEM] = "no-memory",
        [HOP_CONFLICT] = "conflict",
        [HOP_UNSUPPORTED] = "unsupported",
    };
    return (unsigned)rc < HOP_RC_COUNT ? words[rc] : "unknown";
}
