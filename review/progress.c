/* SPDX-License-Identifier: Apache-2.0 */
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BAR_WIDTH 40
#define COUNT_EVERY 10000 /* without a total: a line each so many */

struct hop_progress hop_progress_begin(const char *what, size_t total)
{
    return (struct hop_progress){
        .what = what, .total = total, .bar = isatty(STDERR_FILENO) == 1, .shown = -1};
}

static void bar_show(const struct hop_progress *progress, int percent)
{
    char marks[BAR_WIDTH + 1] = "";
    memset(marks, '#', (size_t)(percent * BAR_WIDTH / 100));
    if (progress->total)
        fprintf(stderr, "\r[%-*s] %3d %%  %zu of %zu %s", BAR_WIDTH, marks, percent, progress->at,
                progress->total, progress->what);
    else
        fprintf(stderr, "\r%zu %s", progress->at, progress->what);
    fflush(stderr);
}

static void line_show(const struct hop_progress *progress)
{
    if (progress->total)
        fprintf(stderr, "%zu of %zu %s\n", progress->at, progress->total, progress->what);
    else
        fprintf(stderr, "%zu %s\n", progress->at, progress->what);
}

void hop_progress_show(struct hop_progress *progress, size_t at)
{
    if (progress->total && at > progress->total) /* it grew meanwhile */
        progress->total = at;
    progress->at = at;
    int percent = progress->total ? (int)(at * 100 / progress->total) : 0;
    int step = progress->total ? percent / (progress->bar ? 1 : 10)
                               : (int)(at / (progress->bar ? COUNT_EVERY / 100 : COUNT_EVERY));
    if (step == progress->shown || (step == 0 && !progress->bar))
        return;
    progress->shown = step;
    if (progress->bar)
        bar_show(progress, percent);
    else
        line_show(progress);
}

void hop_progress_end(struct hop_progress *progress)
{
    if (progress->bar && progress->shown >= 0)
        fprintf(stderr, "\r%*s\r", BAR_WIDTH + 60, "");
}
