/* SPDX-License-Identifier: Apache-2.0 */
/* Percent coding of key parts, base64, lower-case hex, JSON strings, and text that a terminal or
 * syslog may show. All pure. */
#ifndef HOP_ENCODE_H
#define HOP_ENCODE_H

#include "span.h"

/* Appends `part` with every byte outside [A-Za-z0-9._@+:-] as %XX (DESIGN 5.2). */
void hop_percent_put(struct hop_text *text, struct hop_span part);
/* Decodes into `text`, which may end up holding NUL bytes (%00). False on a bad escape; then what
 * was appended is to be thrown away. */
bool hop_percent_decode(struct hop_span coded, struct hop_text *text);

/* RFC 4648 base64. `padded` as in authorized_keys, else as in SHA256:… fingerprints. */
void hop_base64_put(struct hop_text *text, const void *bytes, size_t len, bool padded);
/* Strict: full groups, correct padding, zero spare bits. Returns decoded length, or -1; nothing is
 * written past `size`. */
long hop_base64_decode(struct hop_span coded, uint8_t *buffer, size_t size);

void hop_hex_put(struct hop_text *text, const void *bytes, size_t len);

/* Appends a quoted JSON string of pure printable ASCII: quotes, backslash and every byte outside
 * 0x20..0x7e are escaped; valid UTF-8 becomes \uXXXX (surrogate pairs where needed), each invalid
 * byte \ufffd. */
void hop_json_put_string(struct hop_text *text, struct hop_span string);

/* Appends `string` for a person to read: bytes outside printable ASCII, and '\\', as \xNN; at most
 * `most` bytes of input, then "...". */
void hop_plain_put(struct hop_text *text, struct hop_span string, size_t most);

#endif
