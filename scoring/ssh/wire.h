/* SPDX-License-Identifier: Apache-2.0 */
/* Inside ssh/ only: taking RFC 4251's types off the front of a blob. False, and nothing taken,
 * where it is cut short. */
#ifndef HOP_WIRE_H
#define HOP_WIRE_H

#include "span.h"

/* What is left of a blob. */
struct hop_wire {
    const uint8_t *at;
    size_t len;
};

struct hop_wire hop_wire_of(struct hop_span blob);
bool hop_wire_bytes(struct hop_wire *wire, size_t len, struct hop_span *ret_bytes);
/* `size` bytes, the highest first; at most 8. */
bool hop_wire_number(struct hop_wire *wire, size_t size, uint64_t *ret_number);
bool hop_wire_string(struct hop_wire *wire, struct hop_span *ret_string);
/* Without needless leading zeros; negative numbers are refused. */
bool hop_wire_mpint(struct hop_wire *wire, struct hop_span *ret_number);

#endif
