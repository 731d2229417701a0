/* SPDX-License-Identifier: Apache-2.0 */
/* Borrowed bytes (struct hop_span) and bounded text being built (struct hop_text). Nothing here
 * allocates. */
#ifndef HOP_SPAN_H
#define HOP_SPAN_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `len` bytes at `at`, not owned, not NUL-terminated. {NULL, 0} is the empty span. */
struct hop_span {
    const char *at;
    size_t len;
};

struct hop_span hop_span_of(const char *text); /* NULL gives the empty span */
bool hop_span_is(struct hop_span span, const char *text);
bool hop_span_equal(struct hop_span a, struct hop_span b);
struct hop_span hop_span_trim(struct hop_span span); /* without blanks, tabs, CR at both ends */

/* Cuts the part before the first `separator` off the front of *rest (all of it when there is none;
 * the separator is consumed). Returns false when *rest was already exhausted (at == NULL). "a||b"
 * yields "a", "", "b". */
bool hop_span_cut(struct hop_span *rest, char separator, struct hop_span *ret_part);

/* Next word of a list separated by blanks, tabs or commas; empty words are skipped. False at the
 * end. */
bool hop_span_word(struct hop_span *rest, struct hop_span *ret_word);

/* Copies into a NUL-terminated buffer of `size` bytes. False, and nothing written, if it does not
 * fit or holds a NUL byte. */
bool hop_span_copy(struct hop_span span, char *buffer, size_t size);

/* Whole span as a decimal number within [low, high]; no sign but '-', no blanks. False, and *ret
 * untouched, otherwise. */
bool hop_span_int64(struct hop_span span, int64_t low, int64_t high, int64_t *ret_number);
/* Whole span as a finite decimal fraction ("-12.5", "1e3"), whatever the locale. */
bool hop_span_double(struct hop_span span, double *ret_number);

/* Text being built in a caller's buffer:  at[0 .. len) is written, at[len] == 0 always, `cut` once
 * anything did not fit; after that nothing more is appended. */
struct hop_text {
    char *at;
    size_t size; /* of the buffer, at least 1 */
    size_t len;
    bool cut;
};

struct hop_text hop_text_over(char *buffer, size_t size);
void hop_text_put(struct hop_text *text, const char *string);
void hop_text_put_span(struct hop_text *text, struct hop_span span);
void hop_text_put_char(struct hop_text *text, char c);
void hop_text_put_int(struct hop_text *text, int64_t number);
/* Fixed-point, `decimals` 0..6, '.' in any locale, half away from zero; "nan"/"inf" become "0", and
 * no zero has a sign. Magnitudes from 2^63 on are written as the last double below it. */
void hop_text_put_fixed(struct hop_text *text, double number, int decimals);
/* The double that its text reads back as, for magnitudes below 2^53 / 10^decimals. */
double hop_fixed_value(double number, int decimals);
void hop_text_format(struct hop_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Copies a C string; false, and an empty destination, when it does not fit. */
bool hop_string_copy(char *buffer, size_t size, const char *string);

#endif
