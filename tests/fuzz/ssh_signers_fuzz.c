/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "signature.h"

static bool lies_in(struct hop_span part, struct hop_span whole)
{
    return part.len == 0 || (part.at >= whole.at && part.at + part.len <= whole.at + whole.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hop_span file = {.at = (const char *)data, .len = size}, rest = file;
    struct hop_ssh_signer signer;
    struct hop_error err;
    enum hop_rc rc;
    size_t number = 0;
    while (hop_ssh_signers_next(&rest, &number, &signer, &rc, &err)) {
        if (rc == HOP_NOT_FOUND)
            abort();
        if (rc != HOP_OK)
            continue;
        if (!signer.principals.len || !lies_in(signer.principals, file) ||
            !lies_in(signer.namespaces, file) || !signer.key.fingerprint[0])
            abort();
        hop_ssh_signer_may(&signer, "hopwarden-approval", 1795476600, &err);
    }
    return 0;
}
