/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of words indexed by an enum; for this layer only. */
#ifndef HOP_WORDS_H
#define HOP_WORDS_H

#include "span.h"

/* "?" for a number outside the table, so that a log line never meets NULL. */
static inline const char *word_at(const char *const *words, unsigned count, unsigned at)
{
    return at < count ? words[at] : "?";
}

/* `count` when the word is not in the table. */
static inline unsigned word_find(const char *const *words, unsigned count, struct hop_span word)
{
    unsigned at = 0;
    while (at < count && !hop_span_is(word, words[at]))
        at++;
    return at;
}

#endif
