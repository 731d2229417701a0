/* SPDX-License-Identifier: Apache-2.0 */
#include "digest.h"

#define FNV_BASIS UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

uint64_t hop_digest(struct hop_span bytes)
{
    uint64_t digest = FNV_BASIS;
    for (size_t i = 0; i < bytes.len; i++)
        digest = (digest ^ (unsigned char)bytes.at[i]) * FNV_PRIME;
    return digest;
}

void hop_digest_put(struct hop_text *text, uint64_t digest)
{
    for (int shift = 60; shift >= 0; shift -= 4)
        hop_text_put_char(text, "0123456789abcdef"[(digest >> shift) & 15]);
}
