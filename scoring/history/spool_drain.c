/* SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"
#include "file.h"
#include "spool_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOTE_EVERY 64    /* records between two notes of how far the drain is */
#define NOTE_TEXT_MAX 96 /* three numbers */

/* --- how far --- */

static bool note_of(const char *path, char note[HOP_SPOOL_PATH_MAX])
{
    return hop_spool_beside(path, ".at", note, HOP_SPOOL_PATH_MAX);
}

struct progress {
    int64_t done; /* bytes */
    int64_t damaged;
};

static bool progress_parse(struct hop_span text, const struct stat *facts,
                           struct progress *ret_progress)
{
    struct hop_span inode, done, damaged;
    int64_t number;
    struct progress progress;
    if (!hop_span_word(&text, &inode) || !hop_span_word(&text, &done) ||
        !hop_span_word(&text, &damaged) || !hop_span_int64(inode, INT64_MIN, INT64_MAX, &number) ||
        number != (int64_t)facts->st_ino ||
        !hop_span_int64(done, 0, facts->st_size, &progress.done) ||
        !hop_span_int64(damaged, 0, INT32_MAX, &progress.damaged))
        return false;
    *ret_progress = progress;
    return true;
}

/* Without a note that fits this very file everything is given again, which is harmless. */
static struct progress progress_read(const char *path, int fd)
{
    struct progress progress = {0};
    char note[HOP_SPOOL_PATH_MAX];
    struct hop_file_rule rule = {.owner = geteuid(), .forbidden = 077, .most = NOTE_TEXT_MAX};
    char *bytes;
    size_t len;
    struct stat facts;
    if (!note_of(path, note) || fstat(fd, &facts) != 0 ||
        hop_file_read(note, &rule, &bytes, &len, NULL) != HOP_OK)
        return progress;
    progress_parse(hop_span_trim((struct hop_span){bytes, len}), &facts, &progress);
    free(bytes);
    return progress;
}

static void progress_write(const char *path, int fd, const struct progress *progress)
{
    char note[HOP_SPOOL_PATH_MAX], text[NOTE_TEXT_MAX];
    struct stat facts;
    if (!note_of(path, note) || fstat(fd, &facts) != 0)
        return;
    struct hop_text out = hop_text_over(text, sizeof text);
    hop_text_put_int(&out, (int64_t)facts.st_ino);
    hop_text_put_char(&out, ' ');
    hop_text_put_int(&out, progress->done);
    hop_text_put_char(&out, ' ');
    hop_text_put_int(&out, progress->damaged);
    hop_file_replace(note, out.at, out.len, 0600, (uid_t)-1, (gid_t)-1, false, NULL);
}

/* --- lines --- */

/* A part of the file: bytes[start..filled) are still to be read, bytes[0] stands at `offset`. */
struct window {
    int fd;
    int64_t offset;
    size_t start, filled;
    char *bytes;
};

enum line_kind { LINE_WHOLE, LINE_OVERLONG, LINE_CUT_OFF, LINE_NONE, LINE_UNREADABLE };

static bool window_open(int fd, int64_t offset, struct window *ret_window)
{
    *ret_window = (struct window){.fd = fd, .offset = offset};
    ret_window->bytes = malloc(HOP_SPOOL_RECORD_MAX);
    return ret_window->bytes != NULL;
}

static int64_t window_place(const struct window *window)
{
    return window->offset + (int64_t)window->start;
}

/* Moves what is left to the front and reads behind it: bytes read, 0 at the end, -1. */
static ssize_t window_fill(struct window *window)
{
    memmove(window->bytes, window->bytes + window->start, window->filled - window->start);
    window->offset = window_place(window);
    window->filled -= window->start;
    window->start = 0;
    ssize_t got;
    do
        got =
            pread(window->fd, window->bytes + window->filled, HOP_SPOOL_RECORD_MAX - window->filled,
                  (off_t)(window->offset + (int64_t)window->filled));
    while (got < 0 && errno == EINTR);
    if (got > 0)
        window->filled += (size_t)got;
    return got;
}

/* The line holds until the next call. LINE_CUT_OFF is not consumed: it may be in the writing. */
static enum line_kind line_next(struct window *window, struct hop_span *ret_line)
{
    for (;;) {
        char *line = window->bytes + window->start;
        size_t left = window->filled - window->start;
        char *end = left ? memchr(line, '\n', left) : NULL;
        if (end) {
            *ret_line = (struct hop_span){line, (size_t)(end - line)};
            window->start += ret_line->len + 1;
            return LINE_WHOLE;
        }
        if (left == HOP_SPOOL_RECORD_MAX) {
            window->start = window->filled;
            return LINE_OVERLONG;
        }
        ssize_t got = window_fill(window);
        if (got < 0)
            return LINE_UNREADABLE;
        if (got == 0)
            return left ? LINE_CUT_OFF : LINE_NONE;
    }
}

/* --- drain --- */

struct drain {
    const char *path;
    int fd;
    struct progress progress;
    size_t taken;
    hop_spool_take *take;
    void *context;
};

/* Back from one line to the batch's lines. */
static enum hop_rc record_give(struct drain *drain, struct hop_span line, struct hop_error *err)
{
    struct hop_span text;
    if (!hop_spool_line_parse(line, &text))
        return HOP_MALFORMED;
    char *batch = malloc(text.len + 1);
    if (!batch)
        return hop_error_set(err, HOP_NOMEM, "spool %s: no memory", drain->path);
    for (size_t i = 0; i < text.len; i++)
        batch[i] = text.at[i] == HOP_SPOOL_MARK ? '\n' : text.at[i];
    batch[text.len] = '\0';
    enum hop_rc rc = drain->take(drain->context, (struct hop_span){batch, text.len}, err);
    free(batch);
    return rc;
}

/* Passes over what no store will ever take; anything else that fails ends the drain for now. */
static enum hop_rc record_done(struct drain *drain, struct hop_span line, struct hop_error *err)
{
    if (line.len == 0)
        return HOP_OK;
    enum hop_rc rc = record_give(drain, line, err);
    if (rc == HOP_OK)
        drain->taken++;
    if (rc != HOP_MALFORMED && rc != HOP_LIMIT)
        return rc;
    drain->progress.damaged++;
    return HOP_OK;
}

/* *ret_all when nothing but perhaps a cut-off line is left. */
static enum hop_rc lines_drain(struct drain *drain, struct window *window,
                               struct hop_deadline deadline, bool *ret_all, struct hop_error *err)
{
    for (size_t lines = 1;; lines++) {
        struct hop_span line = {0};
        if (hop_clock_left_ms(deadline) == 0)
            return HOP_OK;
        enum line_kind kind = line_next(window, &line);
        if (kind == LINE_UNREADABLE)
            return hop_error_errno(err, HOP_IO, errno, "spool %s: read", drain->path);
        if (kind == LINE_NONE || kind == LINE_CUT_OFF) {
            *ret_all = true;
            return HOP_OK;
        }
        if (kind == LINE_OVERLONG)
            drain->progress.damaged++;
        enum hop_rc rc = record_done(drain, line, err);
        if (rc != HOP_OK)
            return rc;
        drain->progress.done = window_place(window);
        if (lines % NOTE_EVERY == 0)
            progress_write(drain->path, drain->fd, &drain->progress);
    }
}

static enum hop_rc removed(const struct drain *drain, struct hop_error *err)
{
    if (unlink(drain->path) != 0)
        return hop_error_errno(err, HOP_IO, errno, "spool %s: remove", drain->path);
    hop_error_clear(err);
    return HOP_OK;
}

static enum hop_rc set_aside(const struct drain *drain, int64_t epoch_ms, struct hop_error *err)
{
    char suffix[40], aside[HOP_SPOOL_PATH_MAX];
    struct hop_text text = hop_text_over(suffix, sizeof suffix);
    hop_text_put(&text, ".corrupt-");
    hop_text_put_int(&text, epoch_ms);
    if (!hop_spool_beside(drain->path, suffix, aside, sizeof aside))
        return hop_error_set(err, HOP_LIMIT, "spool %s: path too long", drain->path);
    if (rename(drain->path, aside) != 0)
        return hop_error_errno(err, HOP_IO, errno, "spool %s: rename", drain->path);
    return hop_error_set(err, HOP_MALFORMED, "spool %s: %lld damaged records, kept as %s",
                         drain->path, (long long)drain->progress.damaged, aside);
}

/* Nobody appends while this holds the append lock alone, so a last line without end is one that
 * never will be whole. The note goes first: it must never outlive its file, whose number may be
 * used again. */
static enum hop_rc drain_finish(struct drain *drain, int64_t epoch_ms, struct hop_deadline deadline,
                                struct hop_error *err)
{
    struct stat facts;
    if (!hop_spool_lock_by(drain->fd, HOP_SPOOL_LOCK_APPEND, true, deadline))
        return HOP_OK;
    if (fstat(drain->fd, &facts) != 0)
        return hop_error_errno(err, HOP_IO, errno, "spool %s: stat", drain->path);
    struct window window;
    if (!window_open(drain->fd, drain->progress.done, &window))
        return hop_error_set(err, HOP_NOMEM, "spool %s: no memory", drain->path);
    struct hop_span line;
    enum line_kind kind = line_next(&window, &line);
    free(window.bytes);
    if (kind != LINE_NONE && kind != LINE_CUT_OFF)
        return HOP_OK;
    drain->progress.damaged += kind == LINE_CUT_OFF;
    char note[HOP_SPOOL_PATH_MAX];
    if (!note_of(drain->path, note))
        return hop_error_set(err, HOP_LIMIT, "spool %s: path too long", drain->path);
    enum hop_rc rc = hop_file_remove(note, err);
    if (rc != HOP_OK && rc != HOP_NOT_FOUND)
        return rc;
    return drain->progress.damaged ? set_aside(drain, epoch_ms, err) : removed(drain, err);
}

static enum hop_rc drain_locked(struct drain *drain, int64_t epoch_ms, struct hop_deadline deadline,
                                struct hop_error *err)
{
    drain->progress = progress_read(drain->path, drain->fd);
    struct window window;
    if (!window_open(drain->fd, drain->progress.done, &window))
        return hop_error_set(err, HOP_NOMEM, "spool %s: no memory", drain->path);
    bool all = false;
    enum hop_rc rc = lines_drain(drain, &window, deadline, &all, err);
    free(window.bytes);
    progress_write(drain->path, drain->fd, &drain->progress);
    return all ? drain_finish(drain, epoch_ms, deadline, err) : rc;
}

enum hop_rc hop_spool_drain_by(const char *path, int64_t epoch_ms, hop_spool_take *take,
                               void *context, struct hop_deadline deadline, size_t *ret_taken,
                               struct hop_error *err)
{
    struct drain drain = {.path = path, .take = take, .context = context};
    struct hop_deadline at_once = {0};
    enum hop_rc rc = hop_spool_open(path, 0, &drain.fd, err);
    *ret_taken = 0;
    if (rc == HOP_NOT_FOUND) {
        hop_error_clear(err);
        return HOP_OK;
    }
    if (rc != HOP_OK)
        return rc;
    if (hop_spool_lock_by(drain.fd, HOP_SPOOL_LOCK_DRAIN, true, at_once) &&
        hop_spool_is(path, drain.fd))
        rc = drain_locked(&drain, epoch_ms, deadline, err);
    close(drain.fd);
    *ret_taken = drain.taken;
    return rc;
}

static enum hop_rc lines_count(const char *path, struct window *window, size_t *ret_count,
                               struct hop_error *err)
{
    size_t count = 0;
    for (;;) {
        struct hop_span line = {0};
        switch (line_next(window, &line)) {
        case LINE_WHOLE:
            count += line.len > 0;
            break;
        case LINE_OVERLONG:
            count++;
            break;
        case LINE_CUT_OFF: /* the last there is */
            *ret_count = count + 1;
            return HOP_OK;
        case LINE_NONE:
            *ret_count = count;
            return HOP_OK;
        case LINE_UNREADABLE:
            return hop_error_errno(err, HOP_IO, errno, "spool %s: read", path);
        }
    }
}

enum hop_rc hop_spool_count(const char *path, size_t *ret_count, struct hop_error *err)
{
    int fd;
    enum hop_rc rc = hop_spool_open(path, 0, &fd, err);
    if (rc == HOP_NOT_FOUND) {
        hop_error_clear(err);
        *ret_count = 0;
        return HOP_OK;
    }
    if (rc != HOP_OK)
        return rc;
    struct window window;
    if (window_open(fd, progress_read(path, fd).done, &window))
        rc = lines_count(path, &window, ret_count, err);
    else
        rc = hop_error_set(err, HOP_NOMEM, "spool %s: no memory", path);
    free(window.bytes);
    close(fd);
    return rc;
}
