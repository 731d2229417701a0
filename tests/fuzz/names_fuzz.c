/* SPDX-License-Identifier: Apache-2.0 */
/* The file of names: whatever is accepted is written so that it reads the same. */
#include "names.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hop_names names = {.items = {{.host = "redis.example"}, {.host = "a"}}, .count = 2};
    struct hop_names again = names;
    char bytes[4096];
    struct hop_text text = hop_text_over(bytes, sizeof bytes);
    if (!hop_names_parse((struct hop_span){(const char *)data, size}, &names))
        return 0;
    hop_names_put(&names, &text);
    if (text.cut || !hop_names_parse((struct hop_span){text.at, text.len}, &again))
        abort();
    for (size_t i = 0; i < names.count; i++)
        if (names.items[i].count != again.items[i].count ||
            memcmp(names.items[i].addresses, again.items[i].addresses,
                   names.items[i].count * sizeof *names.items[i].addresses) != 0)
            abort();
    return 0;
}
