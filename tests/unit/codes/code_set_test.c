/* SPDX-License-Identifier: Apache-2.0 */
#include "code_set.h"

#include <string.h>

#include "../suite.h"

static const uint8_t RANDOM[10] = {0x00, 0x44, 0x32, 0x14, 0xc7, 0x42, 0x54, 0xb6, 0x35, 0xcf};

START_TEST(a_code_is_eighty_bits_in_four_groups)
{
    char code[HOP_CODE_SIZE];
    hop_code_put(RANDOM, code);
    ck_assert_str_eq(code, "0123-4567-89AB-CDEF");
    uint8_t ones[10];
    memset(ones, 0xff, sizeof ones);
    hop_code_put(ones, code);
    ck_assert_str_eq(code, "ZZZZ-ZZZZ-ZZZZ-ZZZZ");
}
END_TEST

START_TEST(a_code_is_read_as_people_type_it)
{
    static const char *const TYPED[] = {"0123-4567-89AB-CDEF", "0123456789abcdef",
                                        " oi23 4567 89ab cdef ", "OL23-4567-89Ab-cDeF"};
    char code[HOP_CODE_SIZE];
    for (size_t i = 0; i < sizeof TYPED / sizeof *TYPED; i++) {
        ck_assert_msg(hop_code_read(hop_span_of(TYPED[i]), code), "%s", TYPED[i]);
        ck_assert_str_eq(code, "0123-4567-89AB-CDEF");
    }
}
END_TEST

START_TEST(what_can_be_no_code_is_none)
{
    static const char *const TYPED[] = {"", "0123-4567-89AB-CDE", "0123-4567-89AB-CDEF0",
                                        "U123-4567-89AB-CDEF", "0123/4567/89AB/CDEF"};
    char code[HOP_CODE_SIZE];
    for (size_t i = 0; i < sizeof TYPED / sizeof *TYPED; i++)
        ck_assert_msg(!hop_code_read(hop_span_of(TYPED[i]), code), "%s", TYPED[i]);
    ck_assert(!hop_code_read((struct hop_span){"0123\0004567-89AB-CDEF", 19}, code));
}
END_TEST

START_TEST(a_hash_is_pbkdf2)
{
    /* RFC 7914, section 11: PBKDF2-HMAC-SHA-256 differs with salt and iterations; ours by itself.
     */
    struct hop_codes codes = {.iterations = 1000};
    uint8_t one[HOP_CODES_HASH], two[HOP_CODES_HASH];
    struct hop_error err = {0};
    ck_assert_int_eq(hop_code_hash(&codes, "0123-4567-89AB-CDEF", one, &err), HOP_OK);
    ck_assert_int_eq(hop_code_hash(&codes, "0123-4567-89AB-CDEF", two, &err), HOP_OK);
    ck_assert_mem_eq(one, two, sizeof one);
    codes.salt[0] = 1;
    ck_assert_int_eq(hop_code_hash(&codes, "0123-4567-89AB-CDEF", two, &err), HOP_OK);
    ck_assert_mem_ne(one, two, sizeof one);
    codes.salt[0] = 0;
    codes.iterations = 1001;
    ck_assert_int_eq(hop_code_hash(&codes, "0123-4567-89AB-CDEF", two, &err), HOP_OK);
    ck_assert_mem_ne(one, two, sizeof one);
}
END_TEST

#define SALT "AAECAwQFBgcICQoLDA0ODw=="
#define HASH "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="

START_TEST(a_set_is_written_as_it_was_read)
{
    static const char TEXT[] = "v1 20000 " SALT "\n+ " HASH "\n- " HASH "\n+ " HASH "\n";
    struct hop_codes codes;
    struct hop_error err = {0};
    ck_assert_int_eq(hop_codes_parse(hop_span_of(TEXT), &codes, &err), HOP_OK);
    ck_assert_uint_eq(codes.count, 3);
    ck_assert_uint_eq(hop_codes_left(&codes), 2);
    ck_assert_int_eq(codes.salt[15], 15);
    ck_assert_int_eq(TEXT[codes.items[1].at], '-');
    char again[512];
    struct hop_text text = hop_text_over(again, sizeof again);
    hop_codes_put(&text, &codes);
    ck_assert_str_eq(again, TEXT);
}
END_TEST

START_TEST(anything_else_is_refused_with_its_line)
{
    static const struct {
        const char *text, *words;
    } CASES[] = {
        {"", "line 1"},
        {"v2 20000 " SALT "\n", "line 1"},
        {"v1 999 " SALT "\n", "line 1"},
        {"v1 1000001 " SALT "\n", "line 1"},
        {"v1 20000 AAAA\n", "line 1"},
        {"v1 20000 " SALT "\n+ " HASH, "line 2"}, /* cut */
        {"v1 20000 " SALT "\n+ " HASH "\n* " HASH "\n", "line 3"},
        {"v1 20000 " SALT "\n+" HASH "\n", "line 2"},
        {"v1 20000 " SALT "\n+ AAAA\n", "line 2"},
        {"v1 20000 " SALT "\n\n", "line 2"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct hop_codes codes = {.count = 99};
        struct hop_error err = {0};
        ck_assert_int_eq(hop_codes_parse(hop_span_of(CASES[i].text), &codes, &err), HOP_MALFORMED);
        ck_assert_msg(strstr(err.text, CASES[i].words) != NULL, "%s: %s", CASES[i].text, err.text);
        ck_assert_uint_eq(codes.count, 99);
    }
}
END_TEST

START_TEST(a_set_has_a_limit)
{
    char bytes[HOP_CODES_FILE_MOST];
    struct hop_codes codes = {.iterations = 1000, .count = HOP_CODES_MOST};
    struct hop_text text = hop_text_over(bytes, sizeof bytes);
    hop_codes_put(&text, &codes);
    ck_assert(!text.cut);
    ck_assert_int_eq(hop_codes_parse((struct hop_span){bytes, text.len}, &codes, NULL), HOP_OK);
    hop_text_put(&text, "+ " HASH "\n");
    struct hop_error err = {0};
    ck_assert_int_eq(hop_codes_parse((struct hop_span){bytes, text.len}, &codes, &err), HOP_LIMIT);
}
END_TEST

HOP_SUITE("code set", a_code_is_eighty_bits_in_four_groups, a_code_is_read_as_people_type_it,
          what_can_be_no_code_is_none, a_hash_is_pbkdf2, a_set_is_written_as_it_was_read,
          anything_else_is_refused_with_its_line, a_set_has_a_limit)
