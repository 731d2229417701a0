/* SPDX-License-Identifier: Apache-2.0 */
#include "wire.h"

struct hop_wire hop_wire_of(struct hop_span blob)
{
    return (struct hop_wire){.at = (const uint8_t *)blob.at, .len = blob.len};
}

bool hop_wire_bytes(struct hop_wire *wire, size_t len, struct hop_span *ret_bytes)
{
    if (len > wire->len)
        return false;
    *ret_bytes = (struct hop_span){.at = (const char *)wire->at, .len = len};
    wire->at += len;
    wire->len -= len;
    return true;
}

bool hop_wire_number(struct hop_wire *wire, size_t size, uint64_t *ret_number)
{
    struct hop_span bytes;
    if (!hop_wire_bytes(wire, size, &bytes))
        return false;
    *ret_number = 0;
    for (size_t i = 0; i < size; i++)
        *ret_number = *ret_number << 8 | (uint8_t)bytes.at[i];
    return true;
}

bool hop_wire_string(struct hop_wire *wire, struct hop_span *ret_string)
{
    struct hop_wire rest = *wire;
    uint64_t len;
    if (!hop_wire_number(&rest, 4, &len) || !hop_wire_bytes(&rest, (size_t)len, ret_string))
        return false;
    *wire = rest;
    return true;
}

/* OpenSSH drops needless leading zeros and refuses negative numbers; so a key has one fingerprint
 * however it is written. */
bool hop_wire_mpint(struct hop_wire *wire, struct hop_span *ret_number)
{
    struct hop_span number;
    if (!hop_wire_string(wire, &number) || (number.len && (number.at[0] & 0x80)))
        return false;
    while (number.len && number.at[0] == 0 && (number.len == 1 || !(number.at[1] & 0x80))) {
        number.at++;
        number.len--;
    }
    *ret_number = number;
    return true;
}
