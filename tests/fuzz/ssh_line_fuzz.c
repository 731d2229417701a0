/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "ssh.h"

static bool lies_in(struct hop_span part, struct hop_span whole)
{
    return part.len == 0 || (part.at >= whole.at && part.at + part.len <= whole.at + whole.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hop_span text = {.at = (const char *)data, .len = size};
    struct hop_ssh_line line;
    struct hop_error err;
    hop_ssh_options_have(text, "verify-required");
    if (hop_ssh_line_parse(text, &line, &err) != HOP_OK)
        return 0;
    if (!lies_in(line.options, text) || !lies_in(line.type, text) || !lies_in(line.base64, text) ||
        !lies_in(line.comment, text) || !line.type.len || !line.base64.len)
        abort();
    hop_ssh_options_have(line.options, "verify-required");
    struct hop_ssh_key key;
    hop_ssh_key_parse_text(line.type, line.base64, &key, &err);
    return 0;
}
