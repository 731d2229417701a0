/* SPDX-License-Identifier: Apache-2.0 */
#include "dayset.h"

#include <math.h>
#include <string.h>

#define NOVEL_BELOW 0.10 /* a count under this is as good as never seen */

bool hop_dayset_empty(const struct hop_dayset *set)
{
    for (int i = 0; i < HOP_DAYSET_WORDS; i++) {
        if (set->bits[i])
            return false;
    }
    return true;
}

static bool has_bit(const struct hop_dayset *set, int at)
{
    return set->bits[at / 64] >> (at % 64) & 1;
}

bool hop_dayset_has(const struct hop_dayset *set, int32_t day)
{
    int64_t back = (int64_t)set->last_day - day;
    return back >= 0 && back < HOP_DAYSET_WINDOW && has_bit(set, (int)back);
}

/* bits << by: every day moves `by` further back from the last one; the oldest fall out. */
static void age_bits(uint64_t bits[HOP_DAYSET_WORDS], int64_t by)
{
    if (by >= HOP_DAYSET_WINDOW) {
        memset(bits, 0, HOP_DAYSET_WORDS * sizeof bits[0]);
        return;
    }
    int words = (int)by / 64, rest = (int)by % 64;
    for (int i = HOP_DAYSET_WORDS - 1; i >= 0; i--) {
        uint64_t high = i >= words ? bits[i - words] : 0;
        uint64_t low = i > words ? bits[i - words - 1] : 0;
        bits[i] = rest ? high << rest | low >> (64 - rest) : high;
    }
}

static void rejuvenate_bits(uint64_t bits[HOP_DAYSET_WORDS], int by)
{
    int words = by / 64, rest = by % 64;
    for (int i = 0; i < HOP_DAYSET_WORDS; i++) {
        uint64_t low = i + words < HOP_DAYSET_WORDS ? bits[i + words] : 0;
        uint64_t high = i + words + 1 < HOP_DAYSET_WORDS ? bits[i + words + 1] : 0;
        bits[i] = rest ? low >> rest | high << (64 - rest) : low;
    }
}

/* First set bit at or after `from`; HOP_DAYSET_WINDOW when there is none. */
static int next_bit(const struct hop_dayset *set, int from)
{
    for (int i = from / 64; i < HOP_DAYSET_WORDS; i++) {
        uint64_t word = set->bits[i];
        if (i == from / 64)
            word &= ~UINT64_C(0) << (from % 64);
        if (word)
            return i * 64 + __builtin_ctzll(word);
    }
    return HOP_DAYSET_WINDOW;
}

/* Last set bit at or before `from`; -1 when there is none. */
static int previous_bit(const struct hop_dayset *set, int from)
{
    for (int i = from / 64; i >= 0; i--) {
        uint64_t word = set->bits[i];
        if (i == from / 64)
            word &= ~UINT64_C(0) >> (63 - from % 64);
        if (word)
            return i * 64 + 63 - __builtin_clzll(word);
    }
    return -1;
}

void hop_dayset_add(struct hop_dayset *set, int32_t day)
{
    if (day < 0 || day > HOP_DAY_MAX)
        return;
    hop_dayset_join(set, &(struct hop_dayset){.last_day = day, .bits = {1}});
}

/* into |= other << by, without a copy: this is what reading a profile mostly does. */
static void or_aged(uint64_t into[HOP_DAYSET_WORDS], const uint64_t other[HOP_DAYSET_WORDS],
                    int64_t by)
{
    if (by >= HOP_DAYSET_WINDOW)
        return;
    int words = (int)by / 64, rest = (int)by % 64;
    for (int i = 0; i + words < HOP_DAYSET_WORDS; i++) {
        uint64_t word = other[i];
        if (!word)
            continue;
        into[i + words] |= word << rest;
        if (rest && i + words + 1 < HOP_DAYSET_WORDS)
            into[i + words + 1] |= word >> (64 - rest);
    }
}

void hop_dayset_join(struct hop_dayset *into, const struct hop_dayset *other)
{
    into->confirmed = into->confirmed || other->confirmed;
    if (hop_dayset_empty(other))
        return;
    if (hop_dayset_empty(into))
        into->last_day = other->last_day;
    int64_t ahead = (int64_t)other->last_day - into->last_day;
    if (ahead > 0) {
        age_bits(into->bits, ahead);
        into->last_day = other->last_day;
    }
    or_aged(into->bits, other->bits, ahead > 0 ? 0 : -ahead);
}

bool hop_dayset_equal(const struct hop_dayset *a, const struct hop_dayset *b)
{
    return a->confirmed == b->confirmed && memcmp(a->bits, b->bits, sizeof a->bits) == 0 &&
           (a->last_day == b->last_day || hop_dayset_empty(a));
}

void hop_dayset_drop_after(struct hop_dayset *set, int32_t day)
{
    int64_t ahead = (int64_t)set->last_day - day;
    if (ahead <= 0)
        return;
    int kept = ahead < HOP_DAYSET_WINDOW ? next_bit(set, (int)ahead) : HOP_DAYSET_WINDOW;
    if (kept == HOP_DAYSET_WINDOW) {
        *set = (struct hop_dayset){.confirmed = set->confirmed};
        return;
    }
    rejuvenate_bits(set->bits, kept);
    set->last_day -= kept;
}

int hop_dayset_days(const struct hop_dayset *set)
{
    int days = 0;
    for (int i = 0; i < HOP_DAYSET_WORDS; i++)
        days += __builtin_popcountll(set->bits[i]);
    return days;
}

int32_t hop_dayset_first(const struct hop_dayset *set)
{
    int at = previous_bit(set, HOP_DAYSET_WINDOW - 1);
    return at < 0 ? INT32_MAX : set->last_day - at;
}

int32_t hop_dayset_nth(const struct hop_dayset *set, int nth)
{
    int at = HOP_DAYSET_WINDOW;
    for (int i = 0; i < nth && at >= 0; i++)
        at = at > 0 ? previous_bit(set, at - 1) : -1;
    return nth < 1 || at < 0 ? INT32_MAX : set->last_day - at;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool bits_parse(struct hop_span hex, uint64_t bits[HOP_DAYSET_WORDS])
{
    if (hex.len < 1 || hex.len > HOP_DAYSET_WINDOW / 4 || hex.at[0] == '0')
        return false;
    for (size_t i = 0; i < hex.len; i++) {
        int digit = hex_digit(hex.at[hex.len - 1 - i]);
        if (digit < 0)
            return false;
        bits[i / 16] |= (uint64_t)digit << (i % 16 * 4);
    }
    return bits[0] & 1;
}

/* One number has one text: neither "-0" nor "007". */
static bool is_plain(struct hop_span number)
{
    return number.len > 0 && number.at[0] != '-' && (number.len == 1 || number.at[0] != '0');
}

bool hop_dayset_parse(struct hop_span text, struct hop_dayset *ret_set)
{
    struct hop_dayset set = {0};
    struct hop_span day;
    int64_t number;
    if (text.len > 0 && text.at[text.len - 1] == '+') {
        set.confirmed = true;
        text.len--;
    }
    if (hop_span_is(text, "0:0")) {
        *ret_set = set;
        return true;
    }
    if (!hop_span_cut(&text, ':', &day) || !is_plain(day) ||
        !hop_span_int64(day, 0, HOP_DAY_MAX, &number) || !bits_parse(text, set.bits))
        return false;
    set.last_day = (int32_t)number;
    *ret_set = set;
    return true;
}

void hop_dayset_put(struct hop_text *text, const struct hop_dayset *set)
{
    static const char digits[] = "0123456789abcdef";
    int top = previous_bit(set, HOP_DAYSET_WINDOW - 1);
    hop_text_put_int(text, top < 0 ? 0 : set->last_day);
    hop_text_put_char(text, ':');
    char hex[HOP_DAYSET_WINDOW / 4];
    size_t len = 0;
    for (int at = top < 0 ? 0 : top / 4; at >= 0; at--)
        hex[len++] = digits[set->bits[at / 16] >> (at % 16 * 4) & 15];
    hop_text_put_span(text, (struct hop_span){hex, len});
    if (set->confirmed)
        hop_text_put_char(text, '+');
}

void hop_decay_init(struct hop_decay *decay, double half_life)
{
    double per_day = exp2(-1.0 / half_life), per_byte = exp2(-8.0 / half_life);
    decay->half_life = half_life;
    decay->fading_gap = (int)fmin(half_life * log2(1.0 / NOVEL_BELOW), HOP_DAYSET_WINDOW) + 1;
    decay->of_byte[0] = 1.0;
    for (size_t i = 1; i < HOP_DAYSET_WINDOW / 8; i++)
        decay->of_byte[i] = decay->of_byte[i - 1] * per_byte;
    decay->in_byte[0] = 0.0;
    decay->in_byte[1] = 1.0;
    /* a byte is its lower half-filled form shifted by one day, plus today's bit */
    for (unsigned byte = 2; byte < 256; byte++)
        decay->in_byte[byte] = decay->in_byte[byte >> 1] * per_day + (byte & 1);
}

static double decay_over(const struct hop_decay *decay, int64_t days)
{
    if (days <= 0)
        return 1.0;
    if (days >= HOP_DAYSET_WINDOW)
        return exp2(-(double)days / decay->half_life);
    return decay->of_byte[days / 8] * decay->in_byte[1u << (days % 8)];
}

static double count_word(uint64_t word, const struct hop_decay *decay)
{
    double count = 0;
    for (int p = 0; p < 8; p++)
        count += decay->of_byte[p] * decay->in_byte[word >> (8 * p) & 255];
    return count;
}

/* Count as seen from the set's own last day. */
static double count_at_last(const struct hop_dayset *set, const struct hop_decay *decay)
{
    double count = 0;
    for (int i = 0; i < HOP_DAYSET_WORDS; i++) {
        if (set->bits[i])
            count += decay->of_byte[8 * i] * count_word(set->bits[i], decay);
    }
    return count;
}

static double count_on(const struct hop_dayset *set, int32_t today, const struct hop_decay *decay)
{
    if (set->last_day <= today)
        return decay_over(decay, (int64_t)today - set->last_day) * count_at_last(set, decay);
    struct hop_dayset past = *set;
    hop_dayset_drop_after(&past, today);
    int future = hop_dayset_days(set) - hop_dayset_days(&past);
    return future + (hop_dayset_empty(&past) ? 0.0 : count_on(&past, today, decay));
}

/* Count from the days before the one at bit `at`, as seen from that day. */
static double count_before(const struct hop_dayset *set, int at, const struct hop_decay *decay)
{
    double count = 0;
    for (int i = next_bit(set, at + 1); i < HOP_DAYSET_WINDOW; i = next_bit(set, i + 1))
        count += decay_over(decay, i - at);
    return count;
}

static double novelty_at(const struct hop_dayset *set, int at, int32_t today,
                         const struct hop_decay *decay, int32_t first_day)
{
    int32_t day = set->last_day - at;
    if (day == first_day || count_before(set, at, decay) >= NOVEL_BELOW)
        return 0;
    return decay_over(decay, (int64_t)today - day);
}

/* A day can be novel only after a gap so long that a single earlier sighting has faded. The walk
 * leaps over every stretch without such a gap instead of weighing each of its days. */
static double novelty_on(const struct hop_dayset *set, int32_t today, const struct hop_decay *decay,
                         int32_t first_day)
{
    int oldest = previous_bit(set, HOP_DAYSET_WINDOW - 1), at = 0;
    double novelty = 0;
    while (at + decay->fading_gap <= oldest) {
        int leap = previous_bit(set, at + decay->fading_gap - 1);
        if (leap == at) {
            novelty += novelty_at(set, at, today, decay, first_day);
            leap = next_bit(set, at + 1);
        }
        at = leap;
    }
    return novelty + novelty_at(set, oldest, today, decay, first_day);
}

struct hop_dayset_weight hop_dayset_weigh_by(const struct hop_dayset *set, int32_t today,
                                             const struct hop_decay *decay, int32_t first_day)
{
    if (hop_dayset_empty(set))
        return (struct hop_dayset_weight){0};
    return (struct hop_dayset_weight){.count = count_on(set, today, decay),
                                      .novelty = novelty_on(set, today, decay, first_day)};
}

double hop_dayset_count_by(const struct hop_dayset *set, int32_t today,
                           const struct hop_decay *decay)
{
    return hop_dayset_empty(set) ? 0 : count_on(set, today, decay);
}

struct hop_dayset_weight hop_dayset_weigh(const struct hop_dayset *set, int32_t today,
                                          double half_life, int32_t first_day)
{
    struct hop_decay decay;
    hop_decay_init(&decay, half_life);
    return hop_dayset_weigh_by(set, today, &decay, first_day);
}
