/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever parses is put back as the same text, joins to itself, and weighs a finite amount. */
#include "dayset.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hop_span span = {(const char *)data, size};
    struct hop_dayset set, twice;
    char buffer[HOP_DAYSET_TEXT_MAX];
    struct hop_text text = hop_text_over(buffer, sizeof buffer);
    if (!hop_dayset_parse(span, &set))
        return 0;
    hop_dayset_put(&text, &set);
    require(!text.cut && text.len == size && memcmp(buffer, data, size) == 0);
    twice = set;
    hop_dayset_join(&twice, &set);
    require(hop_dayset_equal(&twice, &set));
    struct hop_dayset_weight weight = hop_dayset_weigh(&set, 20780, 60, hop_dayset_first(&set));
    require(isfinite(weight.count) && weight.count >= 0 && weight.novelty <= weight.count + 1e-9);
    hop_dayset_drop_after(&twice, set.last_day - 3);
    require(hop_dayset_days(&twice) <= hop_dayset_days(&set));
    return 0;
}
