/* SPDX-License-Identifier: Apache-2.0 */
#include "pack.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TODAY 20780

/* Deterministic, so that a failure comes back. */
static uint64_t seed;

static uint32_t draw(uint32_t below)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33) % below;
}

static struct hop_profile profile;
static char bytes[HOP_PACK_MAX];
static size_t len;
static bool packed[8192];

static void begin(void)
{
    hop_profile_init(&profile);
    seed = 1;
}

static void end(void)
{
    hop_profile_done(&profile);
}

static void see(enum hop_kind kind, const char *value, int32_t day)
{
    ck_assert_int_eq(hop_profile_see(&profile, kind, hop_span_of(value), day, false), HOP_OK);
}

static void put(void)
{
    ck_assert_uint_le(profile.count, sizeof packed / sizeof *packed);
    ck_assert_int_eq(hop_pack_put(&profile, bytes, &len, packed), HOP_OK);
}

static size_t packed_count(void)
{
    size_t count = 0;
    for (size_t i = 0; i < profile.count; i++)
        count += packed[i];
    return count;
}

static enum hop_rc parse(const char *at, size_t size, struct hop_profile *ret_profile)
{
    hop_profile_init(ret_profile);
    char *copy = malloc(size + 1); /* so that a sanitizer sees what is read behind the end */
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, at, size);
    enum hop_rc rc = hop_pack_parse((struct hop_span){copy, size}, ret_profile);
    free(copy);
    return rc;
}

/* What is packed comes back, and nothing else. */
static void assert_comes_back(void)
{
    struct hop_profile back;
    put();
    ck_assert_int_eq(parse(bytes, len, &back), HOP_OK);
    ck_assert_uint_eq(back.count, packed_count());
    for (size_t i = 0, at = 0; i < profile.count; i++) {
        if (!packed[i])
            continue;
        const struct hop_sighting *there = &profile.sightings[i], *here = &back.sightings[at++];
        ck_assert_int_eq(here->kind, there->kind);
        ck_assert_str_eq(here->value, there->value);
        ck_assert(hop_dayset_equal(&here->days, &there->days));
    }
    hop_profile_done(&back);
}

static void work_a_year(void)
{
    char value[64];
    for (int32_t day = TODAY - 365; day <= TODAY; day++) {
        if (day % 7 < 2)
            continue;
        see(HOP_KIND_COUNTRY, day % 50 ? "NL" : "PT", day);
        see(HOP_KIND_HOPPED, "0", day);
        snprintf(value, sizeof value, "84.24.%u.%u", draw(9), draw(250));
        see(HOP_KIND_NODE, value, day);
        snprintf(value, sizeof value, "2001:db8:%x::/48", draw(9));
        see(HOP_KIND_NET, value, day);
        snprintf(value, sizeof value, "customer%u/host%u", draw(8), draw(9));
        see(HOP_KIND_HOST, value, day);
    }
}

START_TEST(a_year_of_work_comes_back)
{
    work_a_year();
    assert_comes_back();
    ck_assert_uint_eq(packed_count(), profile.count);
    ck_assert_uint_lt(len, profile.count * 10);
}
END_TEST

static struct hop_dayset random_days(void)
{
    struct hop_dayset days = {.confirmed = draw(4) == 0};
    int32_t base = TODAY - (int32_t)draw(1400);
    uint32_t tries = draw(3) ? draw(6) : draw(600);
    for (; tries > 0; tries--)
        hop_dayset_add(&days, base + (int32_t)draw(draw(2) ? 30 : 500));
    return days;
}

START_TEST(whatever_it_is_comes_back)
{
    for (int i = 0; i < 400; i++) {
        for (uint32_t values = 1 + draw(80); values > 0; values--) {
            char value[12];
            uint32_t size = 1 + draw(10);
            for (uint32_t at = 0; at < size; at++)
                value[at] = (char)(draw(2) ? '0' + (char)draw(10) : (char)(1 + draw(255)));
            struct hop_dayset days = random_days();
            ck_assert_int_eq(hop_profile_join(&profile, (enum hop_kind)draw(HOP_KIND_COUNT),
                                              (struct hop_span){value, size}, &days),
                             HOP_OK);
        }
        assert_comes_back();
        hop_profile_done(&profile);
    }
}
END_TEST

START_TEST(every_day_of_the_window_takes_next_to_nothing)
{
    for (int32_t day = TODAY - HOP_DAYSET_WINDOW + 1; day <= TODAY; day++) {
        see(HOP_KIND_COUNTRY, "NL", day);
        see(HOP_KIND_HOPPED, "0", day);
    }
    assert_comes_back();
    ck_assert_uint_lt(len, HOP_DAYSET_WINDOW / 8 + 32);
}
END_TEST

START_TEST(the_order_of_recording_does_not_matter)
{
    char first[HOP_PACK_MAX];
    see(HOP_KIND_HOST, "acme/db1", TODAY);
    see(HOP_KIND_HOST, "acme/db2", TODAY - 3);
    see(HOP_KIND_COUNTRY, "NL", TODAY);
    put();
    size_t first_len = len;
    memcpy(first, bytes, len);
    hop_profile_done(&profile);
    see(HOP_KIND_COUNTRY, "NL", TODAY);
    see(HOP_KIND_HOST, "acme/db2", TODAY - 3);
    see(HOP_KIND_HOST, "acme/db2", TODAY - 3);
    see(HOP_KIND_HOST, "acme/db1", TODAY);
    put();
    ck_assert_uint_eq(len, first_len);
    ck_assert_mem_eq(bytes, first, len);
}
END_TEST

/* The form is for ever: what stands in a store today is read by all later versions. */
START_TEST(the_form_stays)
{
    static const unsigned char form[] = {0x01, 0x44, 0xb0, 0x96, 0x02, 0x4e,
                                         0x4c, 0x91, 0xff, 0x80, 0x40, 0xac};
    struct hop_dayset days;
    ck_assert(hop_dayset_parse(hop_span_of("20780:13+"), &days));
    ck_assert_int_eq(hop_profile_join(&profile, HOP_KIND_COUNTRY, hop_span_of("NL"), &days),
                     HOP_OK);
    see(HOP_KIND_HOPPED, "0", 20779);
    put();
    ck_assert_uint_eq(len, sizeof form);
    ck_assert_mem_eq(bytes, form, len);
    assert_comes_back();
}
END_TEST

START_TEST(nothing_is_packed_as_nothing)
{
    put();
    ck_assert_uint_eq(len, 0);
}
END_TEST

START_TEST(a_value_without_days_is_packed)
{
    struct hop_dayset none = {.confirmed = true};
    ck_assert_int_eq(hop_profile_join(&profile, HOP_KIND_KEY, hop_span_of("SHA256:a"), &none),
                     HOP_OK);
    assert_comes_back();
    ck_assert_uint_eq(packed_count(), 1);
}
END_TEST

START_TEST(what_is_older_than_the_calendar_stays_beside)
{
    see(HOP_KIND_HOST, "acme/db1", TODAY);
    see(HOP_KIND_HOST, "acme/db2", TODAY - HOP_PACK_DAYS_MAX + 1);
    see(HOP_KIND_HOST, "acme/db3", TODAY - HOP_PACK_DAYS_MAX);
    assert_comes_back();
    ck_assert(packed[0] && packed[1] && !packed[2]);
}
END_TEST

START_TEST(what_is_beyond_twice_its_bound_stays_beside)
{
    char value[16];
    unsigned most = 2 * hop_kind_facts(HOP_KIND_KEY)->bound;
    for (unsigned i = 0; i < most + 3; i++) {
        snprintf(value, sizeof value, "key%u", i);
        see(HOP_KIND_KEY, value, TODAY);
    }
    see(HOP_KIND_HOUR, "wd09", TODAY);
    assert_comes_back();
    ck_assert_uint_eq(packed_count(), most + 1);
    ck_assert(packed[profile.count - 1]);
}
END_TEST

START_TEST(what_has_no_room_stays_beside)
{
    char value[HOP_VALUE_MAX + 1];
    for (unsigned i = 0; i < 512; i++) {
        memset(value, 'a' + (int)draw(26), sizeof value - 1);
        snprintf(value, 12, "%u", draw(1u << 31));
        value[strlen(value)] = 'x';
        value[HOP_VALUE_MAX] = '\0';
        see(HOP_KIND_HOST, value, TODAY - (int32_t)draw(300));
    }
    see(HOP_KIND_HOUR, "wd09", TODAY);
    assert_comes_back();
    ck_assert_uint_le(len, HOP_PACK_MAX);
    ck_assert_uint_gt(len, HOP_PACK_MAX - HOP_VALUE_MAX - 100);
    ck_assert_uint_lt(packed_count(), profile.count);
}
END_TEST

/* Each bit flipped, each length: refused, or another profile; never more than its limits. */
START_TEST(spoilt_bytes_are_refused_or_within_bounds)
{
    struct hop_profile back;
    work_a_year();
    put();
    for (size_t bit = 0; bit < 8 * len; bit += 1 + draw(5)) {
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
        if (parse(bytes, len, &back) == HOP_OK)
            for (unsigned kind = 0; kind < HOP_KIND_COUNT; kind++)
                ck_assert_uint_le(back.of_kind[kind],
                                  2 * hop_kind_facts((enum hop_kind)kind)->bound);
        hop_profile_done(&back);
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
    }
    for (size_t cut = 0; cut < len; cut++)
        ck_assert_int_eq(parse(bytes, cut, &back), HOP_MALFORMED);
    bytes[len] = '\0';
    ck_assert_int_eq(parse(bytes, len + 1, &back), HOP_MALFORMED);
    ck_assert_int_eq(parse("20780:13", 8, &back), HOP_MALFORMED);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pack");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_set_timeout(tests, 120);
    const TTest *const all[] = {
        a_year_of_work_comes_back,
        whatever_it_is_comes_back,
        every_day_of_the_window_takes_next_to_nothing,
        the_order_of_recording_does_not_matter,
        the_form_stays,
        nothing_is_packed_as_nothing,
        a_value_without_days_is_packed,
        what_is_older_than_the_calendar_stays_beside,
        what_is_beyond_twice_its_bound_stays_beside,
        what_has_no_room_stays_beside,
        spoilt_bytes_are_refused_or_within_bounds,
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        tcase_add_test(tests, all[i]);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
