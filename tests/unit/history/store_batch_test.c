/* SPDX-License-Identifier: Apache-2.0 */
#include "store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile.h"

#include "../suite.h"

#define ID "01ARZ3NDEKTSV4RRFFQ69G5FAV"

static enum hop_rc add(enum hop_write_kind kind, const char *key, const char *field,
                       const char *value, int64_t number)
{
    struct hop_batch batch;
    hop_batch_init(&batch);
    enum hop_rc rc = hop_batch_add(&batch, kind, key, field, value, number);
    ck_assert_uint_eq(batch.count, rc == HOP_OK ? 1 : 0);
    hop_batch_done(&batch);
    return rc;
}

START_TEST(a_part_that_is_missing_is_malformed)
{
    ck_assert_int_eq(add(HOP_WRITE_FIELD, NULL, "f", "v", 0), HOP_MALFORMED);
    ck_assert_int_eq(add(HOP_WRITE_FIELD, "k", NULL, "v", 0), HOP_MALFORMED);
    ck_assert_int_eq(add(HOP_WRITE_FIELD, "k", "f", NULL, 0), HOP_MALFORMED);
    ck_assert_int_eq(add(HOP_WRITE_DROP, "k", NULL, NULL, 0), HOP_MALFORMED);
    ck_assert_int_eq(add(HOP_WRITE_MEMBER, "k", NULL, NULL, 0), HOP_MALFORMED);
    ck_assert_int_eq(add(HOP_WRITE_LOG, "k", ID, "v", 0), HOP_MALFORMED);
    ck_assert_int_eq(add(HOP_WRITE_LOG, "k", ID, "v", HOP_STORE_LOG_MAX + 1), HOP_MALFORMED);
    ck_assert_int_eq(add(HOP_WRITE_KIND_COUNT, "k", "f", "v", 0), HOP_MALFORMED);
    ck_assert_int_eq(add(HOP_WRITE_DROP, "k", "f", NULL, 0), HOP_OK);
    ck_assert_int_eq(add(HOP_WRITE_MEMBER, "k", NULL, "m", 0), HOP_OK);
    ck_assert_int_eq(add(HOP_WRITE_LOG, "k", ID, "v", HOP_STORE_LOG_MAX), HOP_OK);
    ck_assert_int_eq(add(HOP_WRITE_FIELD, "", "", "", 0), HOP_OK);
}
END_TEST

START_TEST(a_value_that_its_join_cannot_read_is_malformed)
{
    ck_assert_int_eq(add(HOP_WRITE_DAYS, "k", "f", "20780", 0), HOP_MALFORMED);
    ck_assert_int_eq(add(HOP_WRITE_DAYS, "k", "f", "", 0), HOP_MALFORMED);
    ck_assert_int_eq(add(HOP_WRITE_LATEST, "k", "f", "1.5", 0), HOP_MALFORMED);
    ck_assert_int_eq(add(HOP_WRITE_LATEST, "k", "f", "99999999999999999999", 0), HOP_MALFORMED);
    ck_assert_int_eq(add(HOP_WRITE_LAST, "k", "f", "yesterday", 0), HOP_MALFORMED);
    ck_assert_int_eq(add(HOP_WRITE_DAYS, "k", "f", "20780:1", 0), HOP_OK);
    ck_assert_int_eq(add(HOP_WRITE_LATEST, "k", "f", "-1", 0), HOP_OK);
}
END_TEST

START_TEST(sizes_are_limited)
{
    char *key = malloc(HOP_STORE_KEY_MAX + 2), *value = malloc(HOP_STORE_VALUE_MAX + 2);
    memset(key, 'k', HOP_STORE_KEY_MAX + 1);
    memset(value, 'v', HOP_STORE_VALUE_MAX + 1);
    key[HOP_STORE_KEY_MAX + 1] = value[HOP_STORE_VALUE_MAX + 1] = '\0';
    ck_assert_int_eq(add(HOP_WRITE_FIELD, key, "f", "v", 0), HOP_LIMIT);
    ck_assert_int_eq(add(HOP_WRITE_FIELD, "k", key, "v", 0), HOP_LIMIT);
    ck_assert_int_eq(add(HOP_WRITE_MEMBER, "k", NULL, value, 0), HOP_LIMIT);
    key[HOP_STORE_KEY_MAX] = value[HOP_STORE_VALUE_MAX] = '\0';
    ck_assert_int_eq(add(HOP_WRITE_FIELD, key, key, value, 0), HOP_OK);
    free(key);
    free(value);
}
END_TEST

START_TEST(a_batch_owns_copies_and_drops_what_the_kind_does_not_use)
{
    char key[] = "k", field[] = "f", value[] = "v";
    struct hop_batch batch;
    hop_batch_init(&batch);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(hop_batch_add(&batch, HOP_WRITE_MEMBER, key, field, value, 7), HOP_OK);
    key[0] = field[0] = value[0] = '!';
    ck_assert_uint_eq(batch.count, 100);
    ck_assert_str_eq(batch.writes[99].key, "k");
    ck_assert_str_eq(batch.writes[99].value, "v");
    ck_assert_ptr_null(batch.writes[99].field);
    ck_assert_int_eq(batch.writes[99].number, 0);
    hop_batch_done(&batch);
    ck_assert_uint_eq(batch.count, 0);
}
END_TEST

/* Read and text of a write that was given as a value are those of one that was given as text. */
START_TEST(a_value_is_added_as_its_text_would_be)
{
    struct hop_last last = {.time = 1795446000, .zone = HOP_ZONE_INTERNET};
    last.place = (struct hop_place){
        .country = "NL", .asn = 7, .has_point = true, .latitude = 52.123456, .accuracy_km = 20.26};
    struct hop_dayset days = {.last_day = 20780, .confirmed = true, .bits = {0x13}};
    struct hop_batch batch;
    hop_batch_init(&batch);
    ck_assert_int_eq(hop_batch_add_last(&batch, "k", "last", &last), HOP_OK);
    ck_assert_int_eq(hop_batch_add_days(&batch, "k", "c:NL", &days), HOP_OK);
    ck_assert_int_eq(hop_batch_add_days(&batch, "k", "a:7", &days), HOP_OK);
    for (int i = 0; i < 3; i++) {
        const struct hop_write *typed = &batch.writes[i], *text;
        ck_assert_int_eq(
            hop_batch_add(&batch, typed->kind, typed->key, typed->field, typed->value, 0), HOP_OK);
        typed = &batch.writes[i];
        text = &batch.writes[3 + i];
        ck_assert_str_eq(typed->value, text->value);
        if (typed->days)
            ck_assert(hop_dayset_equal(typed->days, text->days));
        else
            ck_assert(typed->last->place.latitude == text->last->place.latitude &&
                      typed->last->place.accuracy_km == text->last->place.accuracy_km);
    }
    last.time = 0;
    ck_assert_int_eq(hop_batch_add_last(&batch, "k", "last", &last), HOP_MALFORMED);
    ck_assert_uint_eq(batch.count, 6);
    hop_batch_done(&batch);
}
END_TEST

START_TEST(a_register_has_one_text)
{
    struct hop_batch batch;
    hop_batch_init(&batch);
    ck_assert_int_eq(hop_batch_add(&batch, HOP_WRITE_LAST, "k", "last",
                                   "1 internet NL 7 fixed 52.3 4.90001 20 84.24.10.7 -", 0),
                     HOP_OK);
    ck_assert_str_eq(batch.writes[0].value,
                     "1 internet NL 7 fixed 52.3000 4.9000 20.0 84.24.10.7 -");
    ck_assert(batch.writes[0].last->place.longitude == 4.9);
    hop_batch_done(&batch);
}
END_TEST

/* The value after joining `fresh` to `old` (NULL: absent); NULL when it is refused. */
static const char *joined(enum hop_write_kind kind, const char *fresh, const char *old,
                          bool *ret_changed)
{
    static char buffer[HOP_JOINED_MAX + 1];
    struct hop_write write = {.kind = kind, .value = strdup(fresh)};
    struct hop_text text = hop_text_over(buffer, sizeof buffer);
    bool fine = hop_write_join(&write, hop_span_of(old), &text, ret_changed);
    free(write.value);
    return fine ? buffer : NULL;
}

START_TEST(only_three_kinds_join)
{
    bool changed;
    for (int kind = 0; kind < HOP_WRITE_KIND_COUNT; kind++) {
        bool joins = kind == HOP_WRITE_DAYS || kind == HOP_WRITE_LAST || kind == HOP_WRITE_LATEST;
        ck_assert_int_eq(hop_write_joins((enum hop_write_kind)kind), joins);
        if (!joins)
            ck_assert_ptr_null(joined((enum hop_write_kind)kind, "1", NULL, &changed));
    }
    ck_assert_ptr_null(joined(HOP_WRITE_DAYS, "1", "20780:1", &changed));
}
END_TEST

START_TEST(days_join_as_a_union)
{
    bool changed = false;
    ck_assert_str_eq(joined(HOP_WRITE_DAYS, "20780:1", NULL, &changed), "20780:1");
    ck_assert(changed);
    ck_assert_str_eq(joined(HOP_WRITE_DAYS, "20780:1", "20779:1+", &changed), "20780:3+");
    ck_assert(changed);
    ck_assert_str_eq(joined(HOP_WRITE_DAYS, "20780:1", "20780:5+", &changed), "20780:5+");
    ck_assert(!changed);
    ck_assert_str_eq(joined(HOP_WRITE_DAYS, "20780:1", "nonsense", &changed), "20780:1");
    ck_assert(changed);
    ck_assert_str_eq(joined(HOP_WRITE_DAYS, "20780:1", "", &changed), "20780:1");
    ck_assert(changed);
}
END_TEST

START_TEST(numbers_join_to_the_larger)
{
    bool changed = false;
    ck_assert_str_eq(joined(HOP_WRITE_LATEST, "9", "10", &changed), "10");
    ck_assert(!changed);
    ck_assert_str_eq(joined(HOP_WRITE_LATEST, "11", "10", &changed), "11");
    ck_assert(changed);
    ck_assert_str_eq(joined(HOP_WRITE_LATEST, "11", "x", &changed), "11");
    ck_assert(changed);
    ck_assert_str_eq(joined(HOP_WRITE_LATEST, "-5", NULL, &changed), "-5");
    ck_assert(changed);
}
END_TEST

static const char *last_at(int64_t time, uint32_t asn, char *buffer)
{
    const struct hop_last last = {
        .time = time, .zone = HOP_ZONE_INTERNET, .place = {.country = "NL", .asn = asn}};
    struct hop_text text = hop_text_over(buffer, HOP_JOINED_MAX + 1);
    hop_last_put(&text, &last);
    return buffer;
}

START_TEST(registers_join_to_the_later)
{
    char old[HOP_JOINED_MAX + 1], later[HOP_JOINED_MAX + 1];
    bool changed = false;
    last_at(1000, 1, old);
    last_at(2000, 2, later);
    ck_assert_str_eq(joined(HOP_WRITE_LAST, later, old, &changed), later);
    ck_assert(changed);
    ck_assert_str_eq(joined(HOP_WRITE_LAST, old, later, &changed), later);
    ck_assert(!changed);
    ck_assert_str_eq(joined(HOP_WRITE_LAST, old, "nonsense", &changed), old);
    ck_assert(changed);
}
END_TEST

START_TEST(the_longest_values_fit_the_room_for_joins)
{
    char days[HOP_DAYSET_TEXT_MAX], last[HOP_JOINED_MAX + 1];
    struct hop_dayset all = {.last_day = HOP_DAY_MAX, .confirmed = true};
    memset(all.bits, 0xff, sizeof all.bits);
    struct hop_text text = hop_text_over(days, sizeof days);
    hop_dayset_put(&text, &all);
    bool changed;
    ck_assert_str_eq(joined(HOP_WRITE_DAYS, days, NULL, &changed), days);
    struct hop_last longest = {.time = INT64_C(253402300799),
                               .zone = HOP_ZONE_INTERNET,
                               .place = {.country = "NL",
                                         .asn = UINT32_MAX,
                                         .kind = HOP_PLACE_HOSTING,
                                         .has_point = true,
                                         .latitude = -89.123456,
                                         .longitude = -179.123456,
                                         .accuracy_km = 19999.9}};
    ck_assert(hop_address_parse(hop_span_of("1111:2222:3333:4444:5555:6666:7777:8888"),
                                &longest.address));
    memset(longest.tenant, 't', HOP_TENANT_MAX);
    text = hop_text_over(last, sizeof last);
    hop_last_put(&text, &longest);
    ck_assert(!text.cut);
    ck_assert_str_eq(joined(HOP_WRITE_LAST, last, NULL, &changed), last);
}
END_TEST

static void same(const struct hop_batch *a, const struct hop_batch *b)
{
    ck_assert_uint_eq(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        ck_assert_int_eq(a->writes[i].kind, b->writes[i].kind);
        ck_assert_int_eq(a->writes[i].number, b->writes[i].number);
        ck_assert_pstr_eq(a->writes[i].key, b->writes[i].key);
        ck_assert_pstr_eq(a->writes[i].field, b->writes[i].field);
        ck_assert_pstr_eq(a->writes[i].value, b->writes[i].value);
    }
}

static void all_bytes(char string[256])
{
    for (int i = 0; i < 255; i++)
        string[i] = (char)(i + 1);
    string[255] = '\0';
}

START_TEST(a_batch_survives_being_text)
{
    char bytes[256], last[HOP_JOINED_MAX + 1], *text = NULL;
    struct hop_batch batch, again;
    all_bytes(bytes);
    hop_batch_init(&batch);
    hop_batch_add(&batch, HOP_WRITE_DAYS, bytes, bytes, "20780:1+", 0);
    hop_batch_add(&batch, HOP_WRITE_LAST, "k", "last", last_at(1000, 1, last), 0);
    hop_batch_add(&batch, HOP_WRITE_LATEST, "k", "stepup", "-17", 0);
    hop_batch_add(&batch, HOP_WRITE_FIELD, "", "", "", 0);
    hop_batch_add(&batch, HOP_WRITE_FIELD, "k", "", bytes, 0);
    hop_batch_add(&batch, HOP_WRITE_DROP, "k", "", NULL, 0);
    hop_batch_add(&batch, HOP_WRITE_MEMBER, "k", NULL, "", 0);
    hop_batch_add(&batch, HOP_WRITE_MEMBER, "k", NULL, "a b%20c\n", 0);
    hop_batch_add(&batch, HOP_WRITE_LOG, "k", ID, bytes, 200000);
    ck_assert_uint_eq(batch.count, 9);
    ck_assert_int_eq(hop_batch_put(&batch, &text, NULL), HOP_OK);
    size_t lines = 0;
    for (const char *c = text; *c; c++) {
        ck_assert((*c >= ' ' && *c <= '~') || *c == '\n');
        lines += *c == '\n';
    }
    ck_assert_uint_eq(lines, 9);
    ck_assert_int_eq(hop_batch_parse(hop_span_of(text), &again, NULL), HOP_OK);
    same(&batch, &again);
    hop_batch_done(&batch);
    hop_batch_done(&again);
    free(text);
}
END_TEST

START_TEST(an_empty_batch_is_empty_text)
{
    struct hop_batch batch, again;
    char *text = NULL;
    hop_batch_init(&batch);
    ck_assert_int_eq(hop_batch_put(&batch, &text, NULL), HOP_OK);
    ck_assert_str_eq(text, "");
    ck_assert_int_eq(hop_batch_parse(hop_span_of(text), &again, NULL), HOP_OK);
    ck_assert_uint_eq(again.count, 0);
    free(text);
}
END_TEST

START_TEST(what_is_not_a_batch_is_refused_by_line)
{
    static const char *const wrong[] = {
        "\n",
        "nonsense k f v\n",
        "field\n",
        "field k\n",
        "field k f\n",
        "field k f v more\n",
        "field k f v \n",
        "field k f %\n",
        "field k f %0g\n",
        "field k f %00\n",
        "days k f 20780\n",
        "latest k f x\n",
        "drop k\n",
        "drop k f v\n",
        "log k " ID " x v\n",
        "log k " ID " 0 v\n",
        "log k " ID " 100000001 v\n",
        "log k " ID " v\n",
        "field k f v", /* cut off */
        " field k f v\n",
        "FIELD k f v\n",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[200];
        struct hop_batch batch = {.count = 77};
        struct hop_error err = {0};
        snprintf(text, sizeof text, "member k m\n%s", wrong[i]);
        ck_assert_msg(hop_batch_parse(hop_span_of(text), &batch, &err) == HOP_MALFORMED, "%s",
                      wrong[i]);
        ck_assert_uint_eq(batch.count, 77);
        ck_assert_ptr_nonnull(strstr(err.text, "line 2"));
    }
}
END_TEST

START_TEST(a_nul_byte_ends_nothing)
{
    static const char text[] = "field k f v\0w\n";
    struct hop_batch batch;
    ck_assert_int_eq(hop_batch_parse((struct hop_span){text, sizeof text - 1}, &batch, NULL),
                     HOP_MALFORMED);
}
END_TEST

HOP_SUITE("store batch", a_part_that_is_missing_is_malformed,
          a_value_that_its_join_cannot_read_is_malformed, sizes_are_limited,
          a_batch_owns_copies_and_drops_what_the_kind_does_not_use,
          a_value_is_added_as_its_text_would_be, a_register_has_one_text, only_three_kinds_join,
          days_join_as_a_union, numbers_join_to_the_larger, registers_join_to_the_later,
          the_longest_values_fit_the_room_for_joins, a_batch_survives_being_text,
          an_empty_batch_is_empty_text, what_is_not_a_batch_is_refused_by_line,
          a_nul_byte_ends_nothing)
