/* SPDX-License-Identifier: Apache-2.0 */
/* URLs of a history: what is accepted has its parts within the text, and hosts that can be. */
#include "url.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct hop_url url;
    if (!hop_url_parse((struct hop_span){text, size}, &url))
        return 0;
    if (url.count > HOP_URL_HOSTS_MAX)
        abort();
    for (size_t i = 0; i < url.count; i++) {
        struct hop_span host = url.hosts[i].host;
        if (!url.hosts[i].port || !host.len || host.at < text || host.at + host.len > text + size)
            abort();
    }
    return 0;
}
