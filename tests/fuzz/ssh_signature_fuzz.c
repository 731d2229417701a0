/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "signature.h"

static bool lies_in(struct hop_span part, struct hop_span whole)
{
    return part.len == 0 || (part.at >= whole.at && part.at + part.len <= whole.at + whole.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hop_span blob = {.at = (const char *)data, .len = size};
    struct hop_ssh_signature signature;
    struct hop_error err;
    uint8_t bytes[HOP_SSH_SIGNATURE_MAX];
    if (hop_ssh_signature_unarmor(blob, bytes) > HOP_SSH_SIGNATURE_MAX)
        abort();
    if (hop_ssh_signature_parse(blob, &signature, &err) != HOP_OK)
        return 0;
    if (!lies_in(signature.public_key, blob) || !lies_in(signature.name_space, blob) ||
        !lies_in(signature.bytes, blob) || signature.key.certificate)
        abort();
    /* nobody has signed this one */
    if (hop_ssh_signature_verify(&signature, "hopwarden-approval", hop_span_of("fuzz"), &err) ==
        HOP_OK)
        abort();
    return 0;
}
