/* SPDX-License-Identifier: Apache-2.0 */
#include "encode.h"

#include <string.h>

static const char hex_upper[] = "0123456789ABCDEF";
static const char hex_lower[] = "0123456789abcdef";

/* Escapes go in whole or not at all. */
static void put_whole(struct hop_text *text, const char *bytes, size_t len)
{
    if (len > text->size - 1 - text->len)
        text->cut = true;
    else
        hop_text_put_span(text, (struct hop_span){.at = bytes, .len = len});
}

static bool stays_plain_in_keys(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '+' && c <= ':' && c != ',' && c != '/') || c == '@' || c == '_';
}

void hop_percent_put(struct hop_text *text, struct hop_span part)
{
    for (size_t i = 0; i < part.len; i++) {
        size_t plain = 0;
        while (i + plain < part.len && stays_plain_in_keys(part.at[i + plain]))
            plain++;
        hop_text_put_span(text, (struct hop_span){part.at + i, plain});
        i += plain;
        if (i == part.len)
            break;
        unsigned char byte = (unsigned char)part.at[i];
        char escape[3] = {'%', hex_upper[byte >> 4], hex_upper[byte & 15]};
        put_whole(text, escape, sizeof escape);
    }
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

bool hop_percent_decode(struct hop_span coded, struct hop_text *text)
{
    for (size_t i = 0; i < coded.len; i++) {
        if (coded.at[i] != '%') {
            hop_text_put_char(text, coded.at[i]);
            continue;
        }
        if (coded.len - i < 3)
            return false;
        int high = hex_value(coded.at[i + 1]), low = hex_value(coded.at[i + 2]);
        if (high < 0 || low < 0)
            return false;
        hop_text_put_char(text, (char)(high << 4 | low));
        i += 2;
    }
    return true;
}

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void hop_base64_put(struct hop_text *text, const void *bytes, size_t len, bool padded)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < len; i += 3) {
        size_t here = len - i < 3 ? len - i : 3;
        uint32_t group = (uint32_t)at[i] << 16;
        if (here > 1)
            group |= (uint32_t)at[i + 1] << 8;
        if (here > 2)
            group |= at[i + 2];
        for (size_t k = 0; k <= here; k++)
            hop_text_put_char(text, base64_digits[group >> (18 - 6 * k) & 63]);
        for (size_t k = here; padded && k < 3; k++)
            hop_text_put_char(text, '=');
    }
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

/* Four characters to one to three bytes; returns how many, or -1. Only the last group may hold
 * padding. */
static int base64_group(const char coded[4], bool last, uint8_t bytes[3])
{
    int digits = 4;
    while (last && digits > 2 && coded[digits - 1] == '=')
        digits--;
    uint32_t group = 0;
    for (int k = 0; k < 4; k++) {
        int value = k < digits ? base64_value(coded[k]) : 0;
        if (value < 0)
            return -1;
        group = group << 6 | (uint32_t)value;
    }
    bytes[0] = (uint8_t)(group >> 16);
    bytes[1] = (uint8_t)(group >> 8);
    bytes[2] = (uint8_t)group;
    if ((digits == 2 && (bytes[1] || bytes[2])) || (digits == 3 && bytes[2]))
        return -1;
    return digits - 1;
}

long hop_base64_decode(struct hop_span coded, uint8_t *buffer, size_t size)
{
    if (coded.len % 4)
        return -1;
    size_t len = 0;
    for (size_t i = 0; i < coded.len; i += 4) {
        uint8_t bytes[3];
        int count = base64_group(coded.at + i, i + 4 == coded.len, bytes);
        if (count < 0 || (size_t)count > size - len)
            return -1;
        memcpy(buffer + len, bytes, (size_t)count);
        len += (size_t)count;
    }
    return (long)len;
}

void hop_hex_put(struct hop_text *text, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < len; i++) {
        hop_text_put_char(text, hex_lower[at[i] >> 4]);
        hop_text_put_char(text, hex_lower[at[i] & 15]);
    }
}

/* Length of the UTF-8 sequence at `at` and its code point; 0 if there is none (overlong forms,
 * surrogates and beyond U+10FFFF are none). */
static size_t utf8_take(const uint8_t *at, size_t left, uint32_t *ret_point)
{
    size_t len = at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : at[0] < 0xf5 ? 4 : 0;
    if (!len || len > left)
        return 0;
    uint32_t point = at[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (at[i] & 0x3f);
    }
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < least[len] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
        return 0;
    *ret_point = point;
    return len;
}

static void unit_escape(char escape[6], uint32_t unit)
{
    escape[0] = '\\';
    escape[1] = 'u';
    for (int k = 0; k < 4; k++)
        escape[2 + k] = hex_lower[unit >> (12 - 4 * k) & 15];
}

static void json_put_point(struct hop_text *text, uint32_t point)
{
    char escape[12];
    if (point < 0x10000) {
        unit_escape(escape, point);
        put_whole(text, escape, 6);
        return;
    }
    point -= 0x10000;
    unit_escape(escape, 0xd800 + (point >> 10));
    unit_escape(escape + 6, 0xdc00 + (point & 0x3ff));
    put_whole(text, escape, 12);
}

void hop_json_put_string(struct hop_text *text, struct hop_span string)
{
    hop_text_put_char(text, '"');
    for (size_t i = 0; i < string.len; i++) {
        const uint8_t *at = (const uint8_t *)string.at + i;
        char escape[2] = {'\\', (char)*at};
        uint32_t point = 0xfffd;
        if (*at == '"' || *at == '\\') {
            put_whole(text, escape, 2);
        } else if (*at >= 0x20 && *at <= 0x7e) {
            hop_text_put_char(text, (char)*at);
        } else if (*at < 0x80) {
            json_put_point(text, *at);
        } else {
            size_t len = utf8_take(at, string.len - i, &point);
            json_put_point(text, point);
            i += len ? len - 1 : 0;
        }
    }
    hop_text_put_char(text, '"');
}

void hop_plain_put(struct hop_text *text, struct hop_span string, size_t most)
{
    for (size_t i = 0; i < string.len && i < most; i++) {
        unsigned char byte = (unsigned char)string.at[i];
        char escape[4] = {'\\', 'x', hex_lower[byte >> 4], hex_lower[byte & 15]};
        if (byte >= 0x20 && byte <= 0x7e && byte != '\\')
            hop_text_put_char(text, string.at[i]);
        else
            put_whole(text, escape, sizeof escape);
    }
    if (string.len > most)
        hop_text_put(text, "...");
}
