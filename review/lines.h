/* SPDX-License-Identifier: Apache-2.0 */
/* A whole input, line by line. */
#ifndef HOP_LINES_H
#define HOP_LINES_H

#include "error.h"
#include "span.h"

struct hop_lines {
    char *bytes;
    size_t len;
    struct hop_span rest;
    size_t number; /* of the line last taken; the first is 1 */
};

/* Reads all of `path`; "-" is standard input. The caller frees with hop_lines_done. */
enum hop_rc hop_lines_read(const char *path, struct hop_lines *ret_lines, struct hop_error *err);
void hop_lines_done(struct hop_lines *lines);
/* The next line without its end; false at the end. */
bool hop_lines_next(struct hop_lines *lines, struct hop_span *ret_line);

#endif
