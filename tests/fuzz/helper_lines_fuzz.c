/* SPDX-License-Identifier: Apache-2.0 */
/* Files of principals, and the kernel's list of sockets. */
#include <stdlib.h>
#include <string.h>

#include "ends.h"
#include "keys.h"

/* Every printed line is one that the file has, ends in the name, and verified still does. */
static void check_principals(struct hop_span file)
{
    static char printed[HOP_SSH_LINE_MAX + 64];
    static const char list[] = "\0\0\0\4anna\0\0\0\1b";
    struct hop_span names = {.at = list, .len = sizeof list - 1}, rest = file, line;
    while (hop_principals_find(&rest, names, &line)) {
        if (line.at < file.at || line.at + line.len > file.at + file.len ||
            memchr(line.at, '\n', line.len) || memchr(line.at, '#', line.len))
            abort();
        struct hop_text text = hop_text_over(printed, sizeof printed);
        hop_principals_put_verified(&text, line);
        struct hop_span again = {.at = printed, .len = text.len}, found;
        if (text.cut || !strcasestr(printed, "verify-required"))
            abort();
        if (text.len <= HOP_SSH_LINE_MAX && !hop_principals_find(&again, names, &found))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hop_span text = {.at = (const char *)data, .len = size}, line;
    struct hop_ssh_end end, ends[2];
    check_principals(text);
    hop_ssh_ends_parse(text, ends);
    while (hop_span_cut(&text, '\n', &line))
        if (hop_ends_parse_listener(line, &end) && end.address.family != 4 &&
            end.address.family != 6)
            abort();
    return 0;
}
