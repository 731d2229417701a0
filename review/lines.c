/* SPDX-License-Identifier: Apache-2.0 */
#include "lines.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum hop_rc read_stream(FILE *stream, const char *name, struct hop_lines *lines,
                               struct hop_error *err)
{
    size_t room = 0, got;
    do {
        if (room - lines->len < BUFSIZ) {
            room = room == 0 ? 1 << 16 : room * 2;
            char *bytes = realloc(lines->bytes, room);
            if (bytes == NULL)
                return hop_error_set(err, HOP_NOMEM, "%s: out of memory", name);
            lines->bytes = bytes;
        }
        got = fread(lines->bytes + lines->len, 1, room - lines->len, stream);
        lines->len += got;
    } while (got > 0);
    return ferror(stream) ? hop_error_errno(err, HOP_IO, errno, "%s: read", name) : HOP_OK;
}

enum hop_rc hop_lines_read(const char *path, struct hop_lines *ret_lines, struct hop_error *err)
{
    *ret_lines = (struct hop_lines){0};
    bool standard = strcmp(path, "-") == 0;
    FILE *stream = standard ? stdin : fopen(path, "re");
    if (stream == NULL)
        return hop_error_errno(err, HOP_IO, errno, "%s: open", path);
    enum hop_rc rc = read_stream(stream, path, ret_lines, err);
    if (!standard)
        fclose(stream);
    if (rc != HOP_OK)
        hop_lines_done(ret_lines);
    else if (ret_lines->len > 0)
        ret_lines->rest = (struct hop_span){ret_lines->bytes, ret_lines->len};
    return rc;
}

void hop_lines_done(struct hop_lines *lines)
{
    free(lines->bytes);
    *lines = (struct hop_lines){0};
}

bool hop_lines_next(struct hop_lines *lines, struct hop_span *ret_line)
{
    if (lines->rest.len == 0 || !hop_span_cut(&lines->rest, '\n', ret_line))
        return false;
    if (ret_line->len > 0 && ret_line->at[ret_line->len - 1] == '\r')
        ret_line->len--;
    lines->number++;
    return true;
}
