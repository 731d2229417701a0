/* SPDX-License-Identifier: Apache-2.0 */
/* How far a long piece of work is, on stderr: a bar on a terminal, else a line at each tenth. */
#ifndef HOP_PROGRESS_H
#define HOP_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

struct hop_progress {
    const char *what; /* "keys" */
    size_t total;     /* 0: unknown; then it only counts */
    bool bar;
    int shown; /* last tenth or percent shown, -1 none */
    size_t at;
};

struct hop_progress hop_progress_begin(const char *what, size_t total);
void hop_progress_show(struct hop_progress *progress, size_t at);
/* Takes the bar away. */
void hop_progress_end(struct hop_progress *progress);

#endif
