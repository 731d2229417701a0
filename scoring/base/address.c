/* SPDX-License-Identifier: Apache-2.0 */
#include "address.h"

#include <arpa/inet.h>
#include <string.h>

static const uint8_t mapped_start[12] = {[10] = 0xff, [11] = 0xff};

static bool parse_v4(const char *text, struct hop_address *ret_address)
{
    struct hop_address address = {.family = 4};
    if (inet_pton(AF_INET, text, address.bytes) != 1)
        return false;
    *ret_address = address;
    return true;
}

static bool parse_v6(const char *text, struct hop_address *ret_address)
{
    struct hop_address address = {.family = 6};
    if (inet_pton(AF_INET6, text, address.bytes) != 1)
        return false;
    if (memcmp(address.bytes, mapped_start, sizeof mapped_start) == 0) {
        struct hop_address inner = {.family = 4};
        memcpy(inner.bytes, address.bytes + 12, 4);
        address = inner;
    }
    *ret_address = address;
    return true;
}

bool hop_address_parse(struct hop_span text, struct hop_address *ret_address)
{
    char buffer[HOP_ADDRESS_TEXT_MAX];
    const char *zone = text.len ? memchr(text.at, '%', text.len) : NULL;
    bool v6 = text.len && memchr(text.at, ':', text.len);
    if (zone) {
        size_t len = (size_t)(zone - text.at);
        if (!v6 || len + 1 == text.len)
            return false;
        text.len = len;
    }
    if (!hop_span_copy(text, buffer, sizeof buffer))
        return false;
    return v6 ? parse_v6(buffer, ret_address) : parse_v4(buffer, ret_address);
}

/* inet_ntop(3) formats byte by byte with sprintf(3), and a replay writes millions of addresses. */
static size_t number_write(char *at, unsigned number, unsigned base)
{
    char digits[4];
    size_t count = 0;
    do {
        digits[count++] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number);
    for (size_t i = 0; i < count; i++)
        at[i] = digits[count - 1 - i];
    return count;
}

static size_t v4_write(char *at, const uint8_t bytes[4])
{
    size_t len = 0;
    for (int i = 0; i < 4; i++) {
        if (i > 0)
            at[len++] = '.';
        len += number_write(at + len, bytes[i], 10);
    }
    return len;
}

/* RFC 5952: the first of the longest runs of two zero words and more is "::". */
static int zeros_find(const unsigned words[8], int *ret_len)
{
    int best = -1;
    *ret_len = 1;
    for (int i = 0, len; i < 8; i += len ? len : 1) {
        for (len = 0; i + len < 8 && words[i + len] == 0;)
            len++;
        if (len > *ret_len) {
            best = i;
            *ret_len = len;
        }
    }
    return best;
}

static size_t v6_write(char *at, const uint8_t bytes[16])
{
    unsigned words[8];
    int len, zeros;
    size_t used = 0;
    for (size_t i = 0; i < 8; i++)
        words[i] = (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1];
    zeros = zeros_find(words, &len);
    for (int i = 0; i < 8; i++) {
        if (i == zeros) {
            at[used++] = ':';
            i += len - 1;
            if (i == 7)
                at[used++] = ':';
            continue;
        }
        if (i > 0)
            at[used++] = ':';
        used += number_write(at + used, words[i], 16);
    }
    return used;
}

void hop_address_put(struct hop_text *text, const struct hop_address *address)
{
    char buffer[HOP_ADDRESS_TEXT_MAX + 1];
    if (address->family == 0)
        return;
    /* what begins with zeros may hold an IPv4 address, and is rare */
    bool plain = address->bytes[0] != 0 || address->bytes[1] != 0;
    if (address->family == 4)
        hop_text_put_span(text, (struct hop_span){buffer, v4_write(buffer, address->bytes)});
    else if (plain)
        hop_text_put_span(text, (struct hop_span){buffer, v6_write(buffer, address->bytes)});
    else if (inet_ntop(AF_INET6, address->bytes, buffer, sizeof buffer))
        hop_text_put(text, buffer);
}

bool hop_address_equal(const struct hop_address *a, const struct hop_address *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static uint8_t family_bits(const struct hop_address *address)
{
    return address->family == 4 ? 32 : address->family == 6 ? 128 : 0;
}

bool hop_prefix_parse(struct hop_span text, struct hop_prefix *ret_prefix)
{
    struct hop_span rest = text, address_text, bits_text = {0};
    if (!hop_span_cut(&rest, '/', &address_text))
        return false;
    bool has_bits = rest.at != NULL;
    bits_text = rest;
    struct hop_address address;
    if (memchr(address_text.at, '%', address_text.len) ||
        !hop_address_parse(address_text, &address))
        return false;
    int64_t bits = family_bits(&address);
    if (has_bits) {
        /* an IPv4 address written as IPv6 counts its bits as IPv6 does */
        bool mapped = address.family == 4 && memchr(address_text.at, ':', address_text.len);
        int64_t less = mapped ? 96 : 0;
        if (!hop_span_int64(bits_text, less, less + bits, &bits) || bits_text.at[0] == '-')
            return false;
        bits -= less;
    }
    struct hop_prefix prefix = hop_prefix_of(&address, (uint8_t)bits);
    if (!hop_address_equal(&prefix.address, &address))
        return false;
    *ret_prefix = prefix;
    return true;
}

void hop_prefix_put(struct hop_text *text, const struct hop_prefix *prefix)
{
    if (prefix->address.family == 0)
        return;
    hop_address_put(text, &prefix->address);
    hop_text_put_char(text, '/');
    hop_text_put_int(text, prefix->bits);
}

bool hop_prefix_contains(const struct hop_prefix *prefix, const struct hop_address *address)
{
    size_t whole = prefix->bits / 8;
    unsigned rest = 0xff00u >> prefix->bits % 8 & 0xff;
    if (prefix->address.family == 0 || prefix->address.family != address->family)
        return false;
    if (memcmp(prefix->address.bytes, address->bytes, whole) != 0)
        return false;
    return rest == 0 || prefix->address.bytes[whole] == (address->bytes[whole] & rest);
}

struct hop_prefix hop_prefix_of(const struct hop_address *address, uint8_t bits)
{
    struct hop_prefix prefix = {.address = *address, .bits = bits};
    if (prefix.bits > family_bits(address))
        prefix.bits = family_bits(address);
    size_t whole = prefix.bits / 8, size = sizeof prefix.address.bytes;
    if (whole < size) {
        prefix.address.bytes[whole] &= (uint8_t)(0xff00 >> prefix.bits % 8);
        memset(prefix.address.bytes + whole + 1, 0, size - whole - 1);
    }
    return prefix;
}

struct hop_prefix hop_address_net(const struct hop_address *address)
{
    return hop_prefix_of(address, address->family == 4 ? 24 : 48);
}

struct hop_prefix hop_address_node(const struct hop_address *address)
{
    return hop_prefix_of(address, address->family == 4 ? 32 : 64);
}

bool hop_address_is_private(const struct hop_address *address)
{
    static const struct hop_prefix nets[] = {
        {{4, {10}}, 8},       {{4, {172, 16}}, 12}, {{4, {192, 168}}, 16},   {{4, {169, 254}}, 16},
        {{4, {100, 64}}, 10}, {{6, {0xfc}}, 7},     {{6, {0xfe, 0x80}}, 10},
    };
    for (size_t i = 0; i < sizeof nets / sizeof nets[0]; i++)
        if (hop_prefix_contains(&nets[i], address))
            return true;
    return false;
}

bool hop_address_is_loopback(const struct hop_address *address)
{
    static const struct hop_prefix v4 = {{4, {127}}, 8};
    static const struct hop_prefix v6 = {{6, {[15] = 1}}, 128};
    return hop_prefix_contains(&v4, address) || hop_prefix_contains(&v6, address);
}
