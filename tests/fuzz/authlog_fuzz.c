/* SPDX-License-Identifier: Apache-2.0 */
/* Any lines of auth.log, one after the other: what becomes an entry is one that parses. */
#include <stdlib.h>
#include <string.h>

#include "authlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hop_authlog log;
    memset(&log, 0, sizeof log);
    log.tenant = "acme";
    log.now = 1795512600;
    log.year = size > 0 && data[0] % 2 == 0 ? 2025 : 0;
    struct hop_span rest = {(const char *)data, size}, line;
    while (rest.len > 0 && hop_span_cut(&rest, '\n', &line)) {
        char json[HOP_ENTRY_LINE_MAX];
        struct hop_text text = hop_text_over(json, sizeof json);
        struct hop_entry entry;
        struct hop_error err = {0};
        if (hop_authlog_parse(&log, line, &text, &err) != HOP_OK)
            continue;
        if (hop_entry_parse((struct hop_span){json, text.len}, &entry, &err) == HOP_OK)
            continue;
        /* what an entry does not take: a name too long, a year before 1970, a NUL byte */
        if (strstr(err.text, "too long") == NULL && strstr(err.text, "@timestamp") == NULL &&
            strstr(json, "\\u0000") == NULL)
            abort();
    }
    return 0;
}
