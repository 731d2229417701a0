/* SPDX-License-Identifier: Apache-2.0 */
#include "span.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

struct hop_span hop_span_of(const char *text)
{
    return (struct hop_span){.at = text, .len = text ? strlen(text) : 0};
}

bool hop_span_is(struct hop_span span, const char *text)
{
    return hop_span_equal(span, hop_span_of(text));
}

bool hop_span_equal(struct hop_span a, struct hop_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

struct hop_span hop_span_trim(struct hop_span span)
{
    while (span.len && is_blank(span.at[0])) {
        span.at++;
        span.len--;
    }
    while (span.len && is_blank(span.at[span.len - 1]))
        span.len--;
    return span;
}

bool hop_span_cut(struct hop_span *rest, char separator, struct hop_span *ret_part)
{
    if (!rest->at)
        return false;
    const char *end = rest->len ? memchr(rest->at, separator, rest->len) : NULL;
    if (!end) {
        *ret_part = *rest;
        *rest = (struct hop_span){0};
        return true;
    }
    struct hop_span part = {.at = rest->at, .len = (size_t)(end - rest->at)};
    rest->at = end + 1;
    rest->len -= part.len + 1;
    *ret_part = part;
    return true;
}

static bool parts_words(char c)
{
    return c == ' ' || c == '\t' || c == ',';
}

bool hop_span_word(struct hop_span *rest, struct hop_span *ret_word)
{
    while (rest->len && parts_words(rest->at[0])) {
        rest->at++;
        rest->len--;
    }
    if (!rest->len)
        return false;
    struct hop_span word = {.at = rest->at, .len = 0};
    while (word.len < rest->len && !parts_words(word.at[word.len]))
        word.len++;
    rest->at += word.len;
    rest->len -= word.len;
    *ret_word = word;
    return true;
}

bool hop_span_copy(struct hop_span span, char *buffer, size_t size)
{
    if (span.len >= size || (span.len && memchr(span.at, 0, span.len)))
        return false;
    if (span.len)
        memcpy(buffer, span.at, span.len);
    buffer[span.len] = 0;
    return true;
}

#define SAFE_DIGITS 18 /* so many never leave an int64_t */

bool hop_span_int64(struct hop_span span, int64_t low, int64_t high, int64_t *ret_number)
{
    bool negative = span.len && span.at[0] == '-';
    size_t i = negative ? 1 : 0;
    if (i == span.len)
        return false;
    int64_t number = 0; /* summed downwards: INT64_MIN has no positive twin */
    for (; i < span.len && i < SAFE_DIGITS; i++) {
        if (span.at[i] < '0' || span.at[i] > '9')
            return false;
        number = number * 10 - (span.at[i] - '0');
    }
    for (; i < span.len; i++) {
        if (span.at[i] < '0' || span.at[i] > '9')
            return false;
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_sub_overflow(number, span.at[i] - '0', &number))
            return false;
    }
    if (!negative && __builtin_sub_overflow(0, number, &number))
        return false;
    if (number < low || number > high)
        return false;
    *ret_number = number;
    return true;
}

/* A decimal number taken apart: (-1)^negative * mantissa * 10^exponent. */
struct decimal {
    bool negative;
    uint64_t mantissa;
    int64_t exponent;
};

#define EXPONENT_MOST 100000 /* far beyond any double, far below any overflow */

/* Digits of one side of the point; returns how many there were. */
static size_t take_digits(struct hop_span *rest, bool fraction, struct decimal *decimal)
{
    size_t count = 0;
    for (; rest->len && rest->at[0] >= '0' && rest->at[0] <= '9'; count++) {
        if (decimal->mantissa < UINT64_C(1000000000000000000)) {
            decimal->mantissa = decimal->mantissa * 10 + (uint64_t)(rest->at[0] - '0');
            decimal->exponent -= fraction;
        } else {
            decimal->exponent += !fraction;
        }
        rest->at++;
        rest->len--;
    }
    return count;
}

static bool take_exponent(struct hop_span rest, struct decimal *decimal)
{
    bool negative = rest.len && rest.at[0] == '-';
    if (rest.len && (rest.at[0] == '-' || rest.at[0] == '+')) {
        rest.at++;
        rest.len--;
    }
    int64_t exponent = 0;
    for (size_t i = 0; i < rest.len; i++) {
        if (rest.at[i] < '0' || rest.at[i] > '9')
            return false;
        if (exponent < EXPONENT_MOST)
            exponent = exponent * 10 + (rest.at[i] - '0');
    }
    decimal->exponent += negative ? -exponent : exponent;
    return rest.len > 0;
}

static bool decimal_parse(struct hop_span rest, struct decimal *decimal)
{
    if (rest.len && rest.at[0] == '-') {
        decimal->negative = true;
        rest.at++;
        rest.len--;
    }
    size_t digits = take_digits(&rest, false, decimal);
    if (rest.len && rest.at[0] == '.') {
        rest.at++;
        rest.len--;
        digits += take_digits(&rest, true, decimal);
    }
    if (!digits)
        return false;
    if (!rest.len)
        return true;
    if (rest.at[0] != 'e' && rest.at[0] != 'E')
        return false;
    rest.at++;
    rest.len--;
    return take_exponent(rest, decimal);
}

static long double ten_to(int64_t exponent)
{
    long double power = 1, factor = 10;
    for (; exponent; exponent >>= 1, factor *= factor)
        if (exponent & 1)
            power *= factor;
    return power;
}

/* Up to 2^53 and 10^22 both operands are exact and one rounding is the right one; the rest goes
 * through long double. */
static double decimal_value(const struct decimal *decimal)
{
    uint64_t mantissa = decimal->mantissa;
    int64_t exponent = decimal->exponent;
    if (!mantissa || exponent < -400)
        return 0;
    if (exponent > 400)
        return HUGE_VAL;
    if (mantissa <= UINT64_C(1) << 53 && exponent >= -22 && exponent <= 22) {
        double power = (double)ten_to(exponent < 0 ? -exponent : exponent);
        return exponent < 0 ? (double)mantissa / power : (double)mantissa * power;
    }
    long double power = ten_to(exponent < 0 ? -exponent : exponent);
    return (double)(exponent < 0 ? (long double)mantissa / power : (long double)mantissa * power);
}

bool hop_span_double(struct hop_span span, double *ret_number)
{
    struct decimal decimal = {0};
    if (!decimal_parse(span, &decimal))
        return false;
    double number = decimal_value(&decimal);
    if (number > DBL_MAX)
        return false;
    *ret_number = decimal.negative ? -number : number;
    return true;
}

struct hop_text hop_text_over(char *buffer, size_t size)
{
    buffer[0] = 0;
    return (struct hop_text){.at = buffer, .size = size};
}

void hop_text_put(struct hop_text *text, const char *string)
{
    hop_text_put_span(text, hop_span_of(string));
}

void hop_text_put_span(struct hop_text *text, struct hop_span span)
{
    if (text->cut || !span.len)
        return;
    size_t room = text->size - 1 - text->len;
    size_t len = span.len;
    if (len > room) {
        text->cut = true;
        len = room;
    }
    memcpy(text->at + text->len, span.at, len);
    text->len += len;
    text->at[text->len] = 0;
}

void hop_text_put_char(struct hop_text *text, char c)
{
    if (text->cut || text->len + 1 >= text->size) {
        text->cut = true;
        return;
    }
    text->at[text->len++] = c;
    text->at[text->len] = 0;
}

static void put_unsigned(struct hop_text *text, uint64_t number, int least_digits)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
        least_digits--;
    } while (number || least_digits > 0);
    hop_text_put_span(text, (struct hop_span){.at = digits + at, .len = sizeof digits - at});
}

void hop_text_put_int(struct hop_text *text, int64_t number)
{
    if (number < 0)
        hop_text_put_char(text, '-');
    put_unsigned(text, number < 0 ? 0 - (uint64_t)number : (uint64_t)number, 1);
}

/* fraction * scale, half away from zero. A product can round up to an exact half that the true
 * value does not reach; fma tells. */
static uint64_t round_scaled(double fraction, double scale)
{
    double product = fraction * scale;
    double whole = floor(product);
    double above = product - whole;
    bool up = above > 0.5 || (above == 0.5 && fma(fraction, scale, -product) >= 0); /* exact */
    return (uint64_t)whole + up;
}

/* A number of so many decimals: (-1)^negative * (whole + part / scale). */
struct fixed {
    bool negative; /* of what is not zero */
    uint64_t whole, part, scale;
    int decimals;
};

static struct fixed fixed_of(double number, int decimals)
{
    static const uint64_t scales[] = {1, 10, 100, 1000, 10000, 100000, 1000000};
    if (!isfinite(number))
        number = 0;
    double magnitude = fmin(fabs(number), 9223372036854774784.0); /* the last double below 2^63 */
    struct fixed fixed = {.decimals = decimals < 0 ? 0 : decimals > 6 ? 6 : decimals};
    fixed.scale = scales[fixed.decimals];
    fixed.whole = (uint64_t)magnitude;
    fixed.part = round_scaled(magnitude - (double)fixed.whole, (double)fixed.scale);
    fixed.whole += fixed.part / fixed.scale;
    fixed.part %= fixed.scale;
    fixed.negative = number < 0 && (fixed.whole || fixed.part);
    return fixed;
}

void hop_text_put_fixed(struct hop_text *text, double number, int decimals)
{
    struct fixed fixed = fixed_of(number, decimals);
    if (fixed.negative)
        hop_text_put_char(text, '-');
    put_unsigned(text, fixed.whole, 1);
    if (fixed.scale == 1)
        return;
    hop_text_put_char(text, '.');
    put_unsigned(text, fixed.part, fixed.decimals);
}

double hop_fixed_value(double number, int decimals)
{
    struct fixed fixed = fixed_of(number, decimals);
    if (fixed.whole > (UINT64_C(1) << 53) / fixed.scale - 1)
        return fixed.negative ? -(double)fixed.whole : (double)fixed.whole;
    double value = (double)(fixed.whole * fixed.scale + fixed.part) / (double)fixed.scale;
    return fixed.negative ? -value : value;
}

void hop_text_format(struct hop_text *text, const char *format, ...)
{
    if (text->cut)
        return;
    size_t room = text->size - text->len;
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text->at + text->len, room, format, args);
    va_end(args);
    if (len < 0) {
        text->at[text->len] = 0;
        text->cut = true;
    } else if ((size_t)len >= room) {
        text->len = text->size - 1;
        text->cut = true;
    } else {
        text->len += (size_t)len;
    }
}

bool hop_string_copy(char *buffer, size_t size, const char *string)
{
    if (hop_span_copy(hop_span_of(string), buffer, size))
        return true;
    if (size)
        buffer[0] = 0;
    return false;
}
