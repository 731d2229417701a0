/* SPDX-License-Identifier: Apache-2.0 */
#include "encode.h"

#include <string.h>

#include "../suite.h"

static char buffer[1024];

static struct hop_text fresh(void)
{
    return hop_text_over(buffer, sizeof buffer);
}

START_TEST(percent_keeps_only_the_named_characters)
{
    struct hop_text text = fresh();
    hop_percent_put(&text, hop_span_of("aZ09._@+:-"));
    ck_assert_str_eq(buffer, "aZ09._@+:-");
    text = fresh();
    hop_percent_put(&text, (struct hop_span){"a/b {%}\n\0\xff", 10});
    ck_assert_str_eq(buffer, "a%2Fb%20%7B%25%7D%0A%00%FF");
}
END_TEST

START_TEST(percent_comes_back_byte_by_byte)
{
    char all[256], back[257];
    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    struct hop_text text = fresh();
    hop_percent_put(&text, (struct hop_span){all, sizeof all});
    struct hop_text decoded = hop_text_over(back, sizeof back);
    ck_assert(hop_percent_decode((struct hop_span){buffer, text.len}, &decoded));
    ck_assert_uint_eq(decoded.len, 256);
    ck_assert(memcmp(all, back, 256) == 0);
}
END_TEST

START_TEST(percent_refuses_a_bad_escape)
{
    static const char *const bad[] = {"%", "%4", "a%4g", "%g4", "%%41", "ok%"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct hop_text text = fresh();
        ck_assert_msg(!hop_percent_decode(hop_span_of(bad[i]), &text), "%s", bad[i]);
    }
    struct hop_text text = fresh();
    ck_assert(hop_percent_decode(hop_span_of("%2f%2F"), &text));
    ck_assert_str_eq(buffer, "//");
}
END_TEST

START_TEST(an_escape_is_never_cut_in_two)
{
    char small[4];
    struct hop_text text = hop_text_over(small, sizeof small);
    hop_percent_put(&text, hop_span_of("ab/c"));
    ck_assert_str_eq(small, "ab");
    ck_assert(text.cut);
}
END_TEST

static const struct {
    const char *plain, *coded;
} rfc4648[] = {{"", ""},
               {"f", "Zg=="},
               {"fo", "Zm8="},
               {"foo", "Zm9v"},
               {"foob", "Zm9vYg=="},
               {"fooba", "Zm9vYmE="},
               {"foobar", "Zm9vYmFy"}};

START_TEST(base64_is_that_of_rfc_4648)
{
    for (size_t i = 0; i < sizeof rfc4648 / sizeof rfc4648[0]; i++) {
        struct hop_text text = fresh();
        hop_base64_put(&text, rfc4648[i].plain, strlen(rfc4648[i].plain), true);
        ck_assert_str_eq(buffer, rfc4648[i].coded);
        text = fresh();
        hop_base64_put(&text, rfc4648[i].plain, strlen(rfc4648[i].plain), false);
        ck_assert_uint_eq(text.len, strcspn(rfc4648[i].coded, "="));
        uint8_t bytes[8];
        long len = hop_base64_decode(hop_span_of(rfc4648[i].coded), bytes, sizeof bytes);
        ck_assert_int_eq(len, (long)strlen(rfc4648[i].plain));
        ck_assert(memcmp(bytes, rfc4648[i].plain, (size_t)len) == 0);
    }
}
END_TEST

START_TEST(base64_uses_the_whole_alphabet)
{
    uint8_t bytes[48], back[48];
    for (size_t i = 0; i < 16; i++) {
        uint32_t group =
            (uint32_t)((4 * i) << 18 | (4 * i + 1) << 12 | (4 * i + 2) << 6 | (4 * i + 3));
        bytes[3 * i] = (uint8_t)(group >> 16);
        bytes[3 * i + 1] = (uint8_t)(group >> 8);
        bytes[3 * i + 2] = (uint8_t)group;
    }
    struct hop_text text = fresh();
    hop_base64_put(&text, bytes, sizeof bytes, true);
    ck_assert_str_eq(buffer, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    ck_assert_int_eq(hop_base64_decode(hop_span_of(buffer), back, sizeof back), 48);
    ck_assert(memcmp(bytes, back, sizeof back) == 0);
}
END_TEST

START_TEST(base64_is_strict)
{
    static const char *const bad[] = {"Zg",   "Zg=",  "Z===", "====", "Zh==", "Zm9=",   "Zg==Zg==",
                                      "Z=g=", "Zm 8", "Zm8-", "Zm8_", "=Zm8", "Zm9v\n", "A=AA"};
    uint8_t bytes[16];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(hop_base64_decode(hop_span_of(bad[i]), bytes, sizeof bytes) == -1, "%s",
                      bad[i]);
}
END_TEST

START_TEST(base64_writes_nothing_past_the_size)
{
    uint8_t bytes[4] = {9, 9, 9, 9};
    ck_assert_int_eq(hop_base64_decode(hop_span_of("Zm9vYg=="), bytes, 3), -1);
    ck_assert_uint_eq(bytes[3], 9);
    ck_assert_int_eq(hop_base64_decode(hop_span_of("Zm9v"), bytes, 3), 3);
    ck_assert_int_eq(hop_base64_decode(hop_span_of(""), bytes, 0), 0);
}
END_TEST

START_TEST(hex_is_lower_case)
{
    struct hop_text text = fresh();
    hop_hex_put(&text, "\x00\x9f\xff", 3);
    ck_assert_str_eq(buffer, "009fff");
}
END_TEST

START_TEST(json_is_pure_printable_ascii)
{
    static const struct {
        const char *plain, *coded;
    } cases[] = {
        {"", "\"\""},
        {"a \"b\"\\", "\"a \\\"b\\\"\\\\\""},
        {"\n\t\x01\x7f", "\"\\u000a\\u0009\\u0001\\u007f\""},
        {"\xc3\xa9", "\"\\u00e9\""},
        {"\xe2\x82\xac", "\"\\u20ac\""},
        {"\xf0\x9f\x98\x80", "\"\\ud83d\\ude00\""},
        {"\xf4\x8f\xbf\xbf", "\"\\udbff\\udfff\""},
        {"\x80", "\"\\ufffd\""},
        {"a\xc3", "\"a\\ufffd\""},
        {"\xc3(", "\"\\ufffd(\""},
        {"\xc0\x80", "\"\\ufffd\\ufffd\""},                       /* overlong */
        {"\xe0\x80\x80", "\"\\ufffd\\ufffd\\ufffd\""},            /* overlong */
        {"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""},            /* surrogate */
        {"\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""}, /* beyond U+10FFFF */
        {"\xff\xfe", "\"\\ufffd\\ufffd\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hop_text text = fresh();
        hop_json_put_string(&text, hop_span_of(cases[i].plain));
        ck_assert_str_eq(buffer, cases[i].coded);
    }
    struct hop_text text = fresh();
    hop_json_put_string(&text, (struct hop_span){"a\0b", 3});
    ck_assert_str_eq(buffer, "\"a\\u0000b\"");
}
END_TEST

START_TEST(plain_text_is_safe_to_show)
{
    struct hop_text text = fresh();
    hop_plain_put(&text, (struct hop_span){"a~ \\\x1b[2J\xc3\n\0", 11}, 100);
    ck_assert_str_eq(buffer, "a~ \\x5c\\x1b[2J\\xc3\\x0a\\x00");
}
END_TEST

START_TEST(plain_text_is_shortened_and_says_so)
{
    struct hop_text text = fresh();
    hop_plain_put(&text, hop_span_of("abcdef"), 6);
    ck_assert_str_eq(buffer, "abcdef");
    text = fresh();
    hop_plain_put(&text, hop_span_of("abcdef"), 5);
    ck_assert_str_eq(buffer, "abcde...");
}
END_TEST

HOP_SUITE("encode", percent_keeps_only_the_named_characters, percent_comes_back_byte_by_byte,
          percent_refuses_a_bad_escape, an_escape_is_never_cut_in_two, base64_is_that_of_rfc_4648,
          base64_uses_the_whole_alphabet, base64_is_strict, base64_writes_nothing_past_the_size,
          hex_is_lower_case, json_is_pure_printable_ascii, plain_text_is_safe_to_show,
          plain_text_is_shortened_and_says_so)
