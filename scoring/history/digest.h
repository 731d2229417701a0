/* SPDX-License-Identifier: Apache-2.0 */
/* FNV-1a, 64 bits (Fowler, Noll, Vo): tells damaged records and tags keys. No protection against
 * those who choose the bytes. */
#ifndef HOP_DIGEST_H
#define HOP_DIGEST_H

#include "span.h"

#define HOP_DIGEST_TEXT_LEN 16

uint64_t hop_digest(struct hop_span bytes);
/* 16 lower-case hex digits. */
void hop_digest_put(struct hop_text *text, uint64_t digest);

#endif
