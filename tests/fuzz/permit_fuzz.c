/* SPDX-License-Identifier: Apache-2.0 */
/* Home's permits: whatever is accepted is written so that it reads the same, and never holds for
 * longer than a permit may. */
#include "plan.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hop_permit permit, again;
    char bytes[1024];
    struct hop_text text = hop_text_over(bytes, sizeof bytes);
    if (!hop_permit_parse((struct hop_span){(const char *)data, size}, &permit))
        return 0;
    hop_permit_put(&text, &permit);
    if (text.cut || !hop_permit_parse((struct hop_span){text.at, text.len}, &again))
        abort();
    if (strcmp(permit.id, again.id) != 0 || permit.since != again.since ||
        permit.until != again.until || strcmp(permit.author, again.author) != 0 ||
        strcmp(permit.why, again.why) != 0)
        abort();
    if (hop_permit_holds(&permit, permit.since + HOP_PERMIT_SECONDS_MAX) ||
        hop_permit_holds(&permit, permit.until))
        abort();
    return 0;
}
