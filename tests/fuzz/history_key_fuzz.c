/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a key that parses lie within it, and its name is whole. */
#include <stdlib.h>
#include <string.h>

#include "plan.h"

static bool within(struct hop_span part, const char *key)
{
    return part.len == 0 || (part.at >= key && part.at + part.len <= key + strlen(key));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char key[HOP_STORE_KEY_MAX + 1];
    struct hop_key_parts parts;
    if (!hop_span_copy((struct hop_span){(const char *)data, size}, key, sizeof key) ||
        !hop_key_parse(key, "h:", &parts))
        return 0;
    if (!strchr("pxyfqknsdlom", parts.list) || !within(parts.name, key) ||
        !within(parts.tail, key) || memchr(parts.name.at ? parts.name.at : "", '}', parts.name.len))
        abort();
    return 0;
}
