/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever parses has one text of its own: putting and parsing again changes nothing more. */
#include "profile.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void put(const struct hop_last *last, char buffer[TEXT_MAX])
{
    struct hop_text text = hop_text_over(buffer, TEXT_MAX);
    hop_last_put(&text, last);
    require(!text.cut);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hop_span span = {(const char *)data, size};
    struct hop_last last, again;
    char first[TEXT_MAX], second[TEXT_MAX];
    if (!hop_last_parse(span, &last))
        return 0;
    put(&last, first);
    require(hop_last_parse(hop_span_of(first), &again));
    put(&again, second);
    require(strcmp(first, second) == 0);
    require(hop_last_later(&last, &again)->time == last.time);
    return 0;
}
