/* SPDX-License-Identifier: Apache-2.0 */
#include "digest.h"
#include "plan.h"

#include <stdio.h>
#include <string.h>

#include "../suite.h"

static struct hop_profile profile;

static void setup(void)
{
    hop_profile_init(&profile);
}

static void teardown(void)
{
    hop_profile_done(&profile);
}

START_TEST(fields_come_back)
{
    enum hop_kind kind;
    struct hop_span value;
    ck_assert(hop_field_parse(hop_span_of("k:SHA256:AbC/d+e"), &kind, &value));
    ck_assert_int_eq(kind, HOP_KIND_KEY);
    ck_assert(hop_span_is(value, "SHA256:AbC/d+e"));
    char buffer[64];
    struct hop_text text = hop_text_over(buffer, sizeof buffer);
    hop_field_put(&text, kind, value);
    ck_assert_str_eq(buffer, "k:SHA256:AbC/d+e");
}
END_TEST

START_TEST(other_fields_are_no_sightings)
{
    const char *others[] = {"", "c", "c:", ":NL", "cNL", "z:NL", "C:NL", "last", "stepup"};
    enum hop_kind kind;
    struct hop_span value;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        ck_assert_msg(!hop_field_parse(hop_span_of(others[i]), &kind, &value), "%s", others[i]);
    ck_assert(!hop_field_parse((struct hop_span){"c:N\0L", 5}, &kind, &value));
    char longest[HOP_VALUE_MAX + 4];
    memset(longest, 'v', sizeof longest);
    memcpy(longest, "h:", 2);
    ck_assert(hop_field_parse((struct hop_span){longest, HOP_VALUE_MAX + 2}, &kind, &value));
    ck_assert(!hop_field_parse((struct hop_span){longest, HOP_VALUE_MAX + 3}, &kind, &value));
}
END_TEST

static struct hop_pair pair(const char *field, const char *value)
{
    return (struct hop_pair){hop_span_of(field), hop_span_of(value)};
}

static const struct hop_dayset *found(enum hop_kind kind, const char *value)
{
    return hop_profile_find(&profile, kind, hop_span_of(value));
}

START_TEST(a_profile_from_pairs_in_any_order)
{
    const struct hop_pair pairs[] = {
        pair("t:beta", "20780:1"),
        pair("stepup", "1795512000"),
        pair("c:NL", "20780:13+"),
        pair("last", "1795512600 internet NL 33915 fixed - - 0.0 84.24.10.7 -"),
        pair("t:acme", "20779:1"),
    };
    ck_assert_int_eq(hop_profile_of_pairs(pairs, 5, &profile), HOP_OK);
    ck_assert_uint_eq(profile.count, 3);
    ck_assert(found(HOP_KIND_COUNTRY, "NL")->confirmed);
    ck_assert(hop_dayset_has(found(HOP_KIND_COUNTRY, "NL"), 20776));
    ck_assert(hop_dayset_has(found(HOP_KIND_TENANT, "acme"), 20779));
    ck_assert_int_eq(profile.last.time, 1795512600);
    ck_assert_int_eq(profile.step_up_time, 1795512000);
}
END_TEST

START_TEST(no_pairs_are_an_empty_profile)
{
    ck_assert_int_eq(hop_profile_of_pairs(NULL, 0, &profile), HOP_OK);
    ck_assert(hop_profile_empty(&profile));
    ck_assert_int_eq(profile.last.time, 0);
}
END_TEST

START_TEST(malformed_pairs_are_skipped)
{
    const struct hop_pair pairs[] = {
        pair("c:NL", "20780:2"),       pair("c:DE", ""),          pair("c:FR", "20780:1 "),
        pair("c:BE", "99999999:1"),    pair("last", "yesterday"), pair("stepup", "-5"),
        pair("stepup", "12x"),         pair("q:what", "20780:1"), pair("", ""),
        pair("c:AT", "20780:1"),       {{NULL, 0}, {NULL, 0}},    {{"c:\0\0", 4}, {"20780:1", 7}},
        pair("c:CH", "20780:\xff\xfe")};
    ck_assert_int_eq(hop_profile_of_pairs(pairs, sizeof pairs / sizeof pairs[0], &profile), HOP_OK);
    ck_assert_uint_eq(profile.count, 1);
    ck_assert_ptr_nonnull(found(HOP_KIND_COUNTRY, "AT"));
    ck_assert_int_eq(profile.last.time, 0);
    ck_assert_int_eq(profile.step_up_time, 0);
}
END_TEST

/* A host can write into its own tenant's profile what it likes; that must not cost others time. */
START_TEST(a_huge_hash_is_read_to_twice_the_bound)
{
    static char fields[HOP_STORE_ITEMS_MAX][16];
    static struct hop_pair pairs[HOP_STORE_ITEMS_MAX];
    for (size_t i = 0; i < HOP_STORE_ITEMS_MAX; i++) {
        snprintf(fields[i], sizeof fields[i], "i:%zx", i * 40503 % HOP_STORE_ITEMS_MAX);
        pairs[i] = pair(fields[i], "20780:1");
    }
    pairs[77] = pair("c:NL", "20780:1");
    ck_assert_int_eq(hop_profile_of_pairs(pairs, HOP_STORE_ITEMS_MAX, &profile), HOP_OK);
    ck_assert_uint_eq(profile.count, 2 * hop_kind_facts(HOP_KIND_NODE)->bound + 1);
    ck_assert_ptr_nonnull(found(HOP_KIND_COUNTRY, "NL"));
}
END_TEST

START_TEST(spoilt_values_leave_their_place_to_others)
{
    static char fields[200][16];
    static struct hop_pair pairs[200];
    for (size_t i = 0; i < 200; i++) {
        snprintf(fields[i], sizeof fields[i], "c:%03zu", i);
        pairs[i] = pair(fields[i], i < 190 ? "spoilt" : "20780:1");
    }
    ck_assert_int_eq(hop_profile_of_pairs(pairs, 200, &profile), HOP_OK);
    ck_assert_uint_eq(profile.count, 10);
}
END_TEST

static enum hop_freeze freeze(const char *text)
{
    return hop_freeze_parse(hop_span_of(text));
}

START_TEST(freezes_come_back)
{
    char buffer[128];
    struct hop_text text = hop_text_over(buffer, sizeof buffer);
    hop_freeze_put(&text, HOP_FREEZE_BLOCK, 1795512600, "piet", "left | the firm");
    ck_assert_str_eq(buffer, "block|1795512600|piet|left%20%7C%20the%20firm");
    ck_assert_int_eq(freeze(buffer), HOP_FREEZE_BLOCK);
    text = hop_text_over(buffer, sizeof buffer);
    hop_freeze_put(&text, HOP_FREEZE_STEP_UP, 1, "", "");
    ck_assert_int_eq(freeze(buffer), HOP_FREEZE_STEP_UP);
    text = hop_text_over(buffer, sizeof buffer);
    hop_freeze_field_put(&text, "account", "anna b");
    ck_assert_str_eq(buffer, "account:anna b");
}
END_TEST

START_TEST(a_freeze_that_cannot_be_read_still_asks)
{
    const char *spoilt[] = {"", "|", "blocked|1|a|b", "BLOCK|1|a|b", "none", "\xff", "allow|1|a|b"};
    for (size_t i = 0; i < sizeof spoilt / sizeof spoilt[0]; i++)
        ck_assert_msg(freeze(spoilt[i]) == HOP_FREEZE_STEP_UP, "%s", spoilt[i]);
    ck_assert_int_eq(freeze("block|not a time"), HOP_FREEZE_BLOCK);
    ck_assert_int_eq(freeze("block"), HOP_FREEZE_BLOCK);
}
END_TEST

START_TEST(permits_come_back)
{
    char buffer[256];
    struct hop_permit permit = {.id = "01JD8Z0M2N3P4Q5R6S7T8V9WXY",
                                .since = 1795512600,
                                .until = 1795519800,
                                .author = "piet",
                                .why = "phone | lost"};
    struct hop_permit back;
    struct hop_text text = hop_text_over(buffer, sizeof buffer);
    hop_permit_put(&text, &permit);
    ck_assert_str_eq(buffer,
                     "01JD8Z0M2N3P4Q5R6S7T8V9WXY|1795512600|1795519800|piet|phone%20%7C%20lost");
    ck_assert(hop_permit_parse(hop_span_of(buffer), &back));
    ck_assert_str_eq(back.id, permit.id);
    ck_assert_int_eq(back.since, permit.since);
    ck_assert_int_eq(back.until, permit.until);
    ck_assert_str_eq(back.author, permit.author);
    ck_assert_str_eq(back.why, permit.why);
}
END_TEST

START_TEST(a_permit_that_cannot_be_read_is_none)
{
    const char *spoilt[] = {"",
                            "01JD8Z0M2N3P4Q5R6S7T8V9WXY",
                            "block|1|piet|x",
                            "|1|2|a|b",
                            "01JD8Z0M2N3P4Q5R6S7T8V9WXY|1|2|a",
                            "01JD8Z0M2N3P4Q5R6S7T8V9WXY|1|2|a|b|c",
                            "01JD8Z0M2N3P4Q5R6S7T8V9WXY|-1|2|a|b",
                            "01JD8Z0M2N3P4Q5R6S7T8V9WXY|1|9223372036854775807|a|b",
                            "01JD8Z0M2N3P4Q5R6S7T8V9WXY|1|2|%zz|b",
                            "01JD8Z0M2N3P4Q5R6S7T8V9WXY|1|2|a23456789012345678901234567890123|b"};
    struct hop_permit permit = {.id = "kept"};
    for (size_t i = 0; i < sizeof spoilt / sizeof spoilt[0]; i++)
        ck_assert_msg(!hop_permit_parse(hop_span_of(spoilt[i]), &permit), "%s", spoilt[i]);
    ck_assert_str_eq(permit.id, "kept");
}
END_TEST

/* Vectors of the algorithm's authors. */
START_TEST(digests_are_fnv_1a)
{
    ck_assert_uint_eq(hop_digest(hop_span_of("")), UINT64_C(0xcbf29ce484222325));
    ck_assert_uint_eq(hop_digest(hop_span_of("a")), UINT64_C(0xaf63dc4c8601ec8c));
    ck_assert_uint_eq(hop_digest(hop_span_of("foobar")), UINT64_C(0x85944171f73967e8));
    char buffer[HOP_DIGEST_TEXT_LEN + 1];
    struct hop_text text = hop_text_over(buffer, sizeof buffer);
    hop_digest_put(&text, 0xabc);
    ck_assert_str_eq(buffer, "0000000000000abc");
}
END_TEST

HOP_SUITE_AROUND("history/codec", setup, teardown, fields_come_back, other_fields_are_no_sightings,
                 a_profile_from_pairs_in_any_order, no_pairs_are_an_empty_profile,
                 malformed_pairs_are_skipped, a_huge_hash_is_read_to_twice_the_bound,
                 spoilt_values_leave_their_place_to_others, freezes_come_back,
                 a_freeze_that_cannot_be_read_still_asks, permits_come_back,
                 a_permit_that_cannot_be_read_is_none, digests_are_fnv_1a)
