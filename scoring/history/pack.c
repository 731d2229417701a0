/* SPDX-License-Identifier: Apache-2.0 */
#include "pack.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define DAY_BITS 22
#define SHARED_RICE 3
#define FURTHER_RICE 2
#define GAMMA_BITS_MAX 12 /* of a number: more than any limit here */
#define UNARY_MAX 4096
#define NO_PLACE UINT16_MAX

_Static_assert(HOP_DAY_MAX < 1 << DAY_BITS, "a day must fit");
_Static_assert(HOP_PACK_DAYS_MAX < 1 << GAMMA_BITS_MAX, "numbers of days must fit");
_Static_assert(HOP_PACK_DAYS_MAX < NO_PLACE, "places must fit");

static const char PLAIN[] = "0123456789./:-@_";

/* --- bits ------------------------------------------------------------------------------------- */

/* Bits behind `at` are zero. */
struct writer {
    unsigned char *bytes;
    size_t at, room; /* bits */
    bool full;
};

/* Up to 22 at once, of which those above `count` are zero. */
static void bits_put(struct writer *writer, uint32_t bits, unsigned count)
{
    if (count == 0 || writer->full || writer->room - writer->at < count) {
        writer->full |= count > 0;
        return;
    }
    size_t first = writer->at / 8, used = writer->at % 8 + count;
    uint32_t placed = bits << (32 - used);
    for (size_t byte = 0; 8 * byte < used; byte++, placed <<= 8)
        writer->bytes[first + byte] |= (unsigned char)(placed >> 24);
    writer->at += count;
}

static void ones_put(struct writer *writer, uint32_t count)
{
    for (; count >= 16; count -= 16)
        bits_put(writer, 0xffff, 16);
    bits_put(writer, (1u << count) - 1, count);
}

static void rice_put(struct writer *writer, uint32_t number, unsigned k)
{
    ones_put(writer, number >> k);
    bits_put(writer, 0, 1);
    bits_put(writer, number & ((1u << k) - 1), k);
}

static unsigned width_of(uint32_t number)
{
    unsigned width = 0;
    for (; number; number >>= 1)
        width++;
    return width;
}

/* From 1 on. */
static void gamma_put(struct writer *writer, uint32_t number)
{
    unsigned width = width_of(number);
    bits_put(writer, 0, width - 1);
    bits_put(writer, number, width);
}

/* Gives up what was written since, so that the rest still ends well. */
static void writer_go_back(struct writer *writer, size_t at)
{
    size_t byte = at / 8;
    if (at % 8)
        writer->bytes[byte++] &= (unsigned char)(0xff00 >> at % 8);
    memset(writer->bytes + byte, 0, writer->room / 8 - byte);
    writer->at = at;
    writer->full = false;
}

/* Past the end all bits are zero and `bad` is set. */
struct reader {
    const unsigned char *bytes;
    size_t at, room; /* bits */
    bool bad;
};

#define PEEK_BITS 57 /* at least so many of them are there */

/* The next bits, from the top; zeros behind the end. */
static uint64_t bits_peek(const struct reader *reader)
{
    uint64_t bits = 0;
    size_t byte = reader->at / 8, left = reader->room / 8 - byte;
    memcpy(&bits, reader->bytes + byte, left < sizeof bits ? left : sizeof bits);
    return be64toh(bits) << reader->at % 8;
}

static void bits_skip(struct reader *reader, size_t count)
{
    if (reader->bad || reader->room - reader->at < count)
        reader->bad = true;
    else
        reader->at += count;
}

/* Up to 22 at once. */
static uint32_t bits_get(struct reader *reader, unsigned count)
{
    uint32_t bits = count ? (uint32_t)(bits_peek(reader) >> (64 - count)) : 0;
    bits_skip(reader, count);
    return reader->bad ? 0 : bits;
}

static unsigned ones_of(uint64_t bits)
{
    return ~bits ? (unsigned)__builtin_clzll(~bits) : 64;
}

static uint32_t rice_get(struct reader *reader, unsigned k)
{
    uint32_t ones = 0;
    unsigned run;
    while ((run = ones_of(bits_peek(reader))) >= PEEK_BITS && ones <= UNARY_MAX && !reader->bad) {
        bits_skip(reader, PEEK_BITS);
        ones += PEEK_BITS;
    }
    bits_skip(reader, run + 1u);
    uint32_t low = bits_get(reader, k);
    reader->bad |= ones > UNARY_MAX;
    return reader->bad ? 0 : (ones + run) << k | low;
}

static uint32_t gamma_get(struct reader *reader)
{
    uint64_t bits = bits_peek(reader);
    unsigned zeros = bits ? (unsigned)__builtin_clzll(bits) : 64;
    if (zeros >= GAMMA_BITS_MAX || reader->bad) {
        reader->bad = true;
        return 1;
    }
    bits_skip(reader, 2 * zeros + 1);
    return reader->bad ? 1 : (uint32_t)(bits << zeros >> (63 - zeros));
}

/* --- the days that occur ---------------------------------------------------------------------- */

/* Places count from the newest day, 0, to older ones. */
struct calendar {
    int32_t newest;
    unsigned count;
    uint16_t back[HOP_PACK_DAYS_MAX];  /* place -> days before the newest */
    uint16_t place[HOP_PACK_DAYS_MAX]; /* days before the newest -> place; while it is made: 1 */
};

/* Days of the set before its last one; HOP_DAYSET_WINDOW where there is none from `from` on. */
static int next_back(const struct hop_dayset *set, int from)
{
    for (int word = from / 64; word < HOP_DAYSET_WORDS; word++) {
        uint64_t bits = set->bits[word];
        if (word == from / 64)
            bits &= ~UINT64_C(0) << from % 64;
        if (bits)
            return word * 64 + __builtin_ctzll(bits);
    }
    return HOP_DAYSET_WINDOW;
}

static int oldest_back(const struct hop_dayset *set)
{
    return (int)(set->last_day - hop_dayset_first(set));
}

static bool in_calendar(const struct calendar *calendar, const struct hop_dayset *set)
{
    return hop_dayset_empty(set) ||
           (int64_t)calendar->newest - set->last_day + oldest_back(set) < HOP_PACK_DAYS_MAX;
}

static void calendar_of(const struct hop_profile *profile, struct calendar *calendar)
{
    *calendar = (struct calendar){.newest = 0};
    for (size_t i = 0; i < profile->count; i++) {
        const struct hop_dayset *days = &profile->sightings[i].days;
        if (!hop_dayset_empty(days) && days->last_day > calendar->newest)
            calendar->newest = days->last_day;
    }
    for (size_t i = 0; i < profile->count; i++) {
        const struct hop_dayset *days = &profile->sightings[i].days;
        if (hop_dayset_empty(days) || !in_calendar(calendar, days))
            continue;
        int before = calendar->newest - days->last_day;
        for (int back = 0; back < HOP_DAYSET_WINDOW; back = next_back(days, back + 1))
            calendar->place[before + back] = 1;
    }
    for (uint16_t back = 0; back < HOP_PACK_DAYS_MAX; back++) {
        bool occurs = calendar->place[back];
        calendar->place[back] = occurs ? (uint16_t)calendar->count : NO_PLACE;
        if (occurs)
            calendar->back[calendar->count++] = back;
    }
}

static void calendar_put(struct writer *writer, const struct calendar *calendar)
{
    bits_put(writer, (uint32_t)calendar->newest, DAY_BITS);
    gamma_put(writer, calendar->count + 1);
    for (unsigned i = 1; i < calendar->count; i++)
        gamma_put(writer, calendar->back[i] - (uint32_t)calendar->back[i - 1]);
}

static bool calendar_get(struct reader *reader, struct calendar *calendar)
{
    uint32_t newest = bits_get(reader, DAY_BITS), count = gamma_get(reader) - 1, back = 0;
    if (newest > HOP_DAY_MAX || count > HOP_PACK_DAYS_MAX)
        return false;
    *calendar = (struct calendar){.newest = (int32_t)newest, .count = count};
    for (unsigned i = 1; i < count; i++) {
        back += gamma_get(reader);
        if (back >= HOP_PACK_DAYS_MAX)
            return false;
        calendar->back[i] = (uint16_t)back;
    }
    return !reader->bad;
}

/* --- day-sets --------------------------------------------------------------------------------- */

/* Rice's parameter for `count` numbers that add up to at most `sum`. */
static unsigned rice_for(unsigned count, unsigned sum)
{
    unsigned k = 0;
    while (count && count << (k + 1) <= sum)
        k++;
    return k;
}

static unsigned newest_rice(const struct calendar *calendar)
{
    unsigned width = width_of(calendar->count);
    return width > 2 ? width - 2 : 0;
}

struct places {
    uint16_t at[HOP_PACK_DAYS_MAX];
    unsigned count;
};

static size_t gaps_size(const struct places *places, unsigned k)
{
    size_t size = 0;
    for (unsigned i = 0, next = 0; i < places->count; next = places->at[i++] + 1u)
        size += ((places->at[i] - next) >> k) + 1 + k;
    return size;
}

static void gaps_put(struct writer *writer, const struct places *places, unsigned k)
{
    for (unsigned i = 0, next = 0; i < places->count; next = places->at[i++] + 1u)
        rice_put(writer, places->at[i] - next, k);
}

/* `count` places below `end`. */
static bool gaps_get(struct reader *reader, unsigned count, unsigned k, unsigned end,
                     struct places *ret_places)
{
    uint32_t next = 0;
    ret_places->count = 0;
    for (unsigned i = 0; i < count; i++) {
        next += rice_get(reader, k);
        if (reader->bad || next >= end)
            return false;
        ret_places->at[ret_places->count++] = (uint16_t)next++;
    }
    return true;
}

/* The places behind the newest, counted from the one after it. */
static unsigned places_of(const struct hop_dayset *days, const struct calendar *calendar,
                          struct places *others)
{
    int before = calendar->newest - days->last_day;
    unsigned newest = calendar->place[before];
    others->count = 0;
    for (int back = next_back(days, 1); back < HOP_DAYSET_WINDOW; back = next_back(days, back + 1))
        others->at[others->count++] = (uint16_t)(calendar->place[before + back] - newest - 1u);
    return newest;
}

/* Those that are missing before the last of them. */
static void missing_of(const struct places *others, struct places *missing)
{
    unsigned next = 0;
    missing->count = 0;
    for (unsigned i = 0; i < others->count; next = others->at[i++] + 1u)
        while (next < others->at[i])
            missing->at[missing->count++] = (uint16_t)next++;
}

/* True when it is shorter, and was put. */
static bool missing_put(struct writer *writer, const struct places *others, unsigned sparse)
{
    struct places missing;
    unsigned between = others->at[others->count - 1], absent = between + 1 - others->count;
    if (absent > others->count)
        return false;
    missing_of(others, &missing);
    unsigned dense = rice_for(absent, between);
    if (2 * width_of(absent + 1) - 1 + gaps_size(&missing, dense) >= gaps_size(others, sparse))
        return false;
    bits_put(writer, 1, 1);
    gamma_put(writer, absent + 1);
    gaps_put(writer, &missing, dense);
    return true;
}

static void days_put(struct writer *writer, const struct hop_dayset *days,
                     const struct calendar *calendar)
{
    struct places others;
    bits_put(writer, days->confirmed, 1);
    gamma_put(writer, (uint32_t)hop_dayset_days(days) + 1);
    if (hop_dayset_empty(days))
        return;
    unsigned newest = places_of(days, calendar, &others);
    rice_put(writer, newest, newest_rice(calendar));
    if (others.count == 0)
        return;
    unsigned sparse = rice_for(others.count, calendar->count - newest - 1);
    if (missing_put(writer, &others, sparse))
        return;
    bits_put(writer, 0, 1);
    gaps_put(writer, &others, sparse);
}

/* All places below the oldest but these. */
static void places_invert(const struct places *missing, unsigned count, struct places *ret_others)
{
    unsigned at = 0;
    ret_others->count = 0;
    for (unsigned place = 0; ret_others->count < count; place++) {
        if (at < missing->count && missing->at[at] == place)
            at++;
        else
            ret_others->at[ret_others->count++] = (uint16_t)place;
    }
}

static bool others_get(struct reader *reader, const struct calendar *calendar, unsigned newest,
                       unsigned count, struct places *others)
{
    unsigned room = calendar->count - newest - 1;
    if (count > room)
        return false;
    if (!bits_get(reader, 1))
        return gaps_get(reader, count, rice_for(count, room), room, others);
    struct places missing;
    unsigned absent = gamma_get(reader) - 1, between = count - 1 + absent;
    if (between >= room || !gaps_get(reader, absent, rice_for(absent, between), between, &missing))
        return false;
    places_invert(&missing, count, others);
    return true;
}

static bool days_get(struct reader *reader, const struct calendar *calendar,
                     struct hop_dayset *ret_days)
{
    *ret_days = (struct hop_dayset){.confirmed = bits_get(reader, 1)};
    unsigned count = gamma_get(reader) - 1;
    if (reader->bad || count > HOP_DAYSET_WINDOW)
        return false;
    if (count == 0)
        return true;
    struct places others;
    others.count = 0; /* the rest is large, and not looked at */
    uint32_t newest = rice_get(reader, newest_rice(calendar));
    if (reader->bad || newest >= calendar->count ||
        (count > 1 && !others_get(reader, calendar, newest, count - 1, &others)))
        return false;
    ret_days->last_day = calendar->newest - calendar->back[newest];
    ret_days->bits[0] = 1;
    if (ret_days->last_day < 0)
        return false;
    for (unsigned i = 0; i < others.count; i++) {
        unsigned back = calendar->back[newest + 1u + others.at[i]] - calendar->back[newest];
        if (back >= HOP_DAYSET_WINDOW)
            return false;
        ret_days->bits[back / 64] |= UINT64_C(1) << back % 64;
    }
    return true;
}

/* --- values ----------------------------------------------------------------------------------- */

static bool is_plain(struct hop_span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!text.at[i] || !strchr(PLAIN, text.at[i]))
            return false;
    return true;
}

static void value_put(struct writer *writer, struct hop_span value, struct hop_span before)
{
    size_t shared = 0;
    while (shared < before.len && shared < value.len && before.at[shared] == value.at[shared])
        shared++;
    struct hop_span further = {value.at + shared, value.len - shared};
    bool plain = is_plain(further);
    rice_put(writer, (uint32_t)shared, SHARED_RICE);
    rice_put(writer, (uint32_t)further.len - 1, FURTHER_RICE);
    bits_put(writer, plain, 1);
    for (size_t i = 0; i < further.len; i++) {
        if (plain)
            bits_put(writer, (uint32_t)(strchr(PLAIN, further.at[i]) - PLAIN), 4);
        else
            bits_put(writer, (unsigned char)further.at[i], 8);
    }
}

/* `value` holds the one before, and then this one, which comes after it. */
static bool value_get(struct reader *reader, char value[HOP_VALUE_MAX + 1], size_t *len)
{
    uint32_t shared = rice_get(reader, SHARED_RICE);
    uint32_t further = rice_get(reader, FURTHER_RICE) + 1;
    bool plain = bits_get(reader, 1);
    if (reader->bad || shared > *len || further > HOP_VALUE_MAX - shared)
        return false;
    char follows = shared < *len ? value[shared] : '\0';
    for (uint32_t i = 0; i < further; i++) {
        char c = plain ? PLAIN[bits_get(reader, 4)] : (char)bits_get(reader, 8);
        if (c == '\0' || (i == 0 && (unsigned char)c <= (unsigned char)follows))
            return false;
        value[shared + i] = c;
    }
    *len = shared + further;
    return !reader->bad;
}

/* --- profiles --------------------------------------------------------------------------------- */

static unsigned bound_of(enum hop_kind kind)
{
    return HOP_PACK_BOUND_FACTOR * hop_kind_facts(kind)->bound;
}

struct packing {
    struct writer writer;
    const struct calendar *calendar;
    bool *packed;
    size_t count;
};

/* Room is kept for the ends of all kinds. */
static void sighting_put(struct packing *packing, const struct hop_sighting *sighting,
                         struct hop_span *before, bool *packed)
{
    struct writer *writer = &packing->writer;
    struct hop_span value = {sighting->value, sighting->len};
    size_t start = writer->at;
    if (value.len == 0 || !in_calendar(packing->calendar, &sighting->days))
        return;
    bits_put(writer, 0, 1);
    value_put(writer, value, *before);
    days_put(writer, &sighting->days, packing->calendar);
    if (writer->full || writer->room - writer->at < HOP_KIND_COUNT) {
        writer_go_back(writer, start);
        return;
    }
    *packed = true;
    *before = value;
    packing->count++;
}

static void kinds_put(struct packing *packing, const struct hop_profile *profile)
{
    size_t at = 0;
    for (unsigned kind = 0; kind < HOP_KIND_COUNT; kind++) {
        struct hop_span before = {NULL, 0};
        for (unsigned nth = 0; nth < profile->of_kind[kind]; nth++, at++) {
            packing->packed[at] = false;
            if (nth < bound_of((enum hop_kind)kind))
                sighting_put(packing, &profile->sightings[at], &before, &packing->packed[at]);
        }
        bits_put(&packing->writer, 1, 1);
    }
}

enum hop_rc hop_pack_put(const struct hop_profile *profile, char bytes[HOP_PACK_MAX],
                         size_t *ret_len, bool *packed)
{
    struct calendar *calendar = malloc(sizeof *calendar);
    if (!calendar)
        return HOP_NOMEM;
    memset(bytes, 0, HOP_PACK_MAX);
    struct packing packing = {.calendar = calendar, .packed = packed};
    packing.writer =
        (struct writer){.bytes = (unsigned char *)bytes, .room = (size_t)HOP_PACK_MAX * 8};
    calendar_of(profile, calendar);
    calendar_put(&packing.writer, calendar);
    kinds_put(&packing, profile);
    free(calendar);
    *ret_len = packing.count ? (packing.writer.at + 7) / 8 : 0;
    return HOP_OK;
}

static enum hop_rc kind_get(struct reader *reader, const struct calendar *calendar,
                            enum hop_kind kind, struct hop_profile *profile)
{
    char value[HOP_VALUE_MAX + 1];
    size_t len = 0;
    for (unsigned count = 0; !bits_get(reader, 1); count++) {
        struct hop_dayset days;
        if (reader->bad || count >= bound_of(kind) || !value_get(reader, value, &len) ||
            !days_get(reader, calendar, &days))
            return HOP_MALFORMED;
        enum hop_rc rc = hop_profile_join(profile, kind, (struct hop_span){value, len}, &days);
        if (rc != HOP_OK)
            return rc;
    }
    return HOP_OK;
}

static bool ends_well(struct reader *reader)
{
    return !reader->bad && reader->room - reader->at < 8 &&
           bits_get(reader, (unsigned)(reader->room - reader->at)) == 0;
}

static enum hop_rc unpack(struct reader *reader, struct calendar *calendar,
                          struct hop_profile *profile)
{
    if (!calendar_get(reader, calendar))
        return HOP_MALFORMED;
    for (unsigned kind = 0; kind < HOP_KIND_COUNT; kind++) {
        enum hop_rc rc = kind_get(reader, calendar, (enum hop_kind)kind, profile);
        if (rc != HOP_OK)
            return rc;
    }
    return ends_well(reader) ? HOP_OK : HOP_MALFORMED;
}

enum hop_rc hop_pack_parse(struct hop_span bytes, struct hop_profile *ret_profile)
{
    if (bytes.len == 0 || bytes.len > HOP_PACK_MAX)
        return HOP_MALFORMED;
    struct calendar *calendar = malloc(sizeof *calendar);
    if (!calendar)
        return HOP_NOMEM;
    struct reader reader = {.bytes = (const unsigned char *)bytes.at, .room = bytes.len * 8};
    struct hop_profile profile;
    hop_profile_init(&profile);
    enum hop_rc rc = unpack(&reader, calendar, &profile);
    if (rc == HOP_OK)
        *ret_profile = profile;
    else
        hop_profile_done(&profile);
    free(calendar);
    return rc;
}
