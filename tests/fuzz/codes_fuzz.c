/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "code_set.h"

/* What is understood is written again as it was, but for the newline at the end. */
static void hold_to(const struct hop_codes *codes, struct hop_span text)
{
    char again[HOP_CODES_FILE_MOST];
    struct hop_text written = hop_text_over(again, sizeof again);
    hop_codes_put(&written, codes);
    if (written.cut || codes->count > HOP_CODES_MOST || hop_codes_left(codes) > codes->count)
        abort();
    for (size_t i = 0; i < codes->count; i++)
        if (codes->items[i].at >= text.len ||
            (text.at[codes->items[i].at] == '-') != codes->items[i].used)
            abort();
    struct hop_codes same;
    if (hop_codes_parse((struct hop_span){again, written.len}, &same, NULL) != HOP_OK ||
        same.count != codes->count || memcmp(same.salt, codes->salt, sizeof same.salt) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hop_span text = {.at = (const char *)data, .len = size};
    struct hop_codes codes;
    char code[HOP_CODE_SIZE], again[HOP_CODE_SIZE];
    if (hop_codes_parse(text, &codes, NULL) == HOP_OK)
        hold_to(&codes, text);
    if (hop_code_read(text, code) &&
        (strlen(code) != HOP_CODE_SIZE - 1 || !hop_code_read(hop_span_of(code), again) ||
         strcmp(code, again) != 0))
        abort();
    return 0;
}
