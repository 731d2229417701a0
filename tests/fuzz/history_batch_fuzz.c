/* SPDX-License-Identifier: Apache-2.0 */
/* A spooled batch that parses, written again, parses to the same text. */
#include <stdlib.h>
#include <string.h>

#include "store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hop_batch batch, again;
    struct hop_error err;
    char *text = NULL, *second = NULL;
    if (hop_batch_parse((struct hop_span){(const char *)data, size}, &batch, &err) != HOP_OK)
        return 0;
    if (hop_batch_put(&batch, &text, &err) != HOP_OK ||
        hop_batch_parse(hop_span_of(text), &again, &err) != HOP_OK ||
        hop_batch_put(&again, &second, &err) != HOP_OK || strcmp(text, second) != 0)
        abort();
    hop_batch_done(&batch);
    hop_batch_done(&again);
    free(text);
    free(second);
    return 0;
}
