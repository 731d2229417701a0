/* SPDX-License-Identifier: Apache-2.0 */
/* All UTC days of a 512-day window on which one value was seen (DESIGN 5.1).
 *
 *   text  20780:13+     last day 20780; bitmap 0x13 = bits 0, 1, 4: days 20780, 20779, 20776; '+':
 * confirmed bits[0] bit 0 is the last day, bits[n / 64] bit n % 64 is n days earlier
 *
 * Union is idempotent, commutative and associative: recording twice, late or out of order is
 * harmless.
 */
#ifndef HOP_DAYSET_H
#define HOP_DAYSET_H

#include "span.h"

#define HOP_DAYSET_WINDOW 512 /* days */
#define HOP_DAYSET_WORDS (HOP_DAYSET_WINDOW / 64)
#define HOP_DAYSET_TEXT_MAX 144 /* with the NUL */
#define HOP_DAY_MAX 2932896     /* 9999-12-31 */

/* Empty: all bits zero (last_day then means nothing, and confirmed may still be set). Otherwise bit
 * 0 of bits[0] is set. */
struct hop_dayset {
    int32_t last_day;
    bool confirmed;
    uint64_t bits[HOP_DAYSET_WORDS];
};

bool hop_dayset_empty(const struct hop_dayset *set);
bool hop_dayset_has(const struct hop_dayset *set, int32_t day);
/* Days older than the window (relative to the newest) are dropped. */
void hop_dayset_add(struct hop_dayset *set, int32_t day);
void hop_dayset_join(struct hop_dayset *into, const struct hop_dayset *other);
bool hop_dayset_equal(const struct hop_dayset *a, const struct hop_dayset *b);
/* Takes away every day after `day` (a wrong clock's): DESIGN 3 drops days after tomorrow. */
void hop_dayset_drop_after(struct hop_dayset *set, int32_t day);
int hop_dayset_days(const struct hop_dayset *set);      /* how many days are in it */
int32_t hop_dayset_first(const struct hop_dayset *set); /* oldest day; INT32_MAX when empty */
/* Day number `nth` (1 = oldest); INT32_MAX when there are fewer. */
int32_t hop_dayset_nth(const struct hop_dayset *set, int nth);

/* Strict: decimal day 0..HOP_DAY_MAX, ':', 1..128 lower-case hex digits without leading zeros, bit
 * 0 set; or "0:0" for the empty set; then an optional '+'. */
bool hop_dayset_parse(struct hop_span text, struct hop_dayset *ret_set);
void hop_dayset_put(struct hop_text *text, const struct hop_dayset *set);

/* Decayed count c_v = sum over days of 2^(-(today-day)/half_life), and of it the part on novelties:
 * days on which the count from earlier days alone was below 0.10, not counting `first_day` itself
 * (DESIGN 6). Days after today count as today. half_life in days. */
struct hop_dayset_weight {
    double count;
    double novelty;
};
struct hop_dayset_weight hop_dayset_weigh(const struct hop_dayset *set, int32_t today,
                                          double half_life, int32_t first_day);

/* 2^(-days/half_life) worked out once for many day-sets:  a byte of the bitmap at byte offset p
 * weighs of_byte[p] * in_byte[byte]. */
struct hop_decay {
    double half_life; /* days, at least 1 */
    int fading_gap;   /* days after which one sighting counts less than 0.10 */
    double of_byte[HOP_DAYSET_WINDOW / 8];
    double in_byte[256];
};
void hop_decay_init(struct hop_decay *decay, double half_life);
/* What hop_dayset_weigh gives, without its preparation. */
struct hop_dayset_weight hop_dayset_weigh_by(const struct hop_dayset *set, int32_t today,
                                             const struct hop_decay *decay, int32_t first_day);
/* Its count alone. */
double hop_dayset_count_by(const struct hop_dayset *set, int32_t today,
                           const struct hop_decay *decay);

#endif
