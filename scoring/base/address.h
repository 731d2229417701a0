/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 and IPv6 addresses and prefixes as values. */
#ifndef HOP_ADDRESS_H
#define HOP_ADDRESS_H

#include "span.h"

/* family 0: no address (then all bytes are zero); 4: the first 4 bytes; 6: all 16. Unused bytes are
 * zero, so memcmp compares. */
struct hop_address {
    uint8_t family;
    uint8_t bytes[16];
};

/* The low bytes past `bits` are zero. */
struct hop_prefix {
    struct hop_address address;
    uint8_t bits;
};

#define HOP_ADDRESS_TEXT_MAX 46
#define HOP_PREFIX_TEXT_MAX 50

/* Numeric only, never a look-up. ::ffff:a.b.c.d becomes IPv4; a zone ("%eth0") is dropped. False on
 * anything else. */
bool hop_address_parse(struct hop_span text, struct hop_address *ret_address);
void hop_address_put(struct hop_text *text,
                     const struct hop_address *address); /* "" for family 0 */
bool hop_address_equal(const struct hop_address *a, const struct hop_address *b);

/* "10.0.0.0/8", or an address alone (then /32, /128). Host bits set, or bits out of range: false.
 */
bool hop_prefix_parse(struct hop_span text, struct hop_prefix *ret_prefix);
void hop_prefix_put(struct hop_text *text, const struct hop_prefix *prefix);
bool hop_prefix_contains(const struct hop_prefix *prefix, const struct hop_address *address);
struct hop_prefix hop_prefix_of(const struct hop_address *address, uint8_t bits);

/* The two sizes of a profile (DESIGN 5.1): net is /24 or /48, node is /32 or /64. */
struct hop_prefix hop_address_net(const struct hop_address *address);
struct hop_prefix hop_address_node(const struct hop_address *address);

/* RFC 1918, RFC 4193, link-local (169.254/16, fe80::/10) and RFC 6598 carrier-grade NAT. Loopback
 * is not among them. */
bool hop_address_is_private(const struct hop_address *address);
bool hop_address_is_loopback(const struct hop_address *address);

#endif
