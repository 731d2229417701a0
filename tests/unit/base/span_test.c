/* SPDX-License-Identifier: Apache-2.0 */
#include "span.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../suite.h"

#define SPAN(text) hop_span_of(text)

START_TEST(null_gives_the_empty_span)
{
    struct hop_span span = hop_span_of(NULL);
    ck_assert_ptr_null(span.at);
    ck_assert_uint_eq(span.len, 0);
    ck_assert(hop_span_is(span, ""));
    ck_assert(hop_span_equal(span, SPAN("")));
    ck_assert(!hop_span_is(SPAN("ab"), "abc"));
    ck_assert(!hop_span_equal(SPAN("ab"), SPAN("ac")));
}
END_TEST

START_TEST(trim_takes_blanks_tabs_and_cr_at_both_ends)
{
    ck_assert(hop_span_is(hop_span_trim(SPAN(" \t\ra b\r\t ")), "a b"));
    ck_assert_uint_eq(hop_span_trim(SPAN(" \t\r ")).len, 0);
    ck_assert_uint_eq(hop_span_trim(SPAN(NULL)).len, 0);
}
END_TEST

START_TEST(cut_yields_every_part_and_consumes_the_separator)
{
    struct hop_span rest = SPAN("a||b"), part;
    ck_assert(hop_span_cut(&rest, '|', &part) && hop_span_is(part, "a"));
    ck_assert(hop_span_cut(&rest, '|', &part) && hop_span_is(part, ""));
    ck_assert(hop_span_cut(&rest, '|', &part) && hop_span_is(part, "b"));
    ck_assert(!hop_span_cut(&rest, '|', &part));
    ck_assert(hop_span_is(part, "b"));
}
END_TEST

START_TEST(cut_yields_an_empty_last_part)
{
    struct hop_span rest = SPAN("a|"), part;
    ck_assert(hop_span_cut(&rest, '|', &part) && hop_span_is(part, "a"));
    ck_assert(hop_span_cut(&rest, '|', &part) && hop_span_is(part, ""));
    ck_assert(!hop_span_cut(&rest, '|', &part));
    rest = SPAN("");
    ck_assert(hop_span_cut(&rest, '|', &part));
    ck_assert(!hop_span_cut(&rest, '|', &part));
}
END_TEST

START_TEST(words_are_separated_by_blanks_tabs_or_commas_and_never_empty)
{
    struct hop_span rest = SPAN(" ,a,,\tb c, "), word;
    ck_assert(hop_span_word(&rest, &word) && hop_span_is(word, "a"));
    ck_assert(hop_span_word(&rest, &word) && hop_span_is(word, "b"));
    ck_assert(hop_span_word(&rest, &word) && hop_span_is(word, "c"));
    ck_assert(!hop_span_word(&rest, &word));
    ck_assert(hop_span_is(word, "c"));
}
END_TEST

START_TEST(a_copy_fits_or_nothing_is_written)
{
    char buffer[4] = "xyz";
    ck_assert(!hop_span_copy(SPAN("abcd"), buffer, sizeof buffer));
    ck_assert_str_eq(buffer, "xyz");
    ck_assert(!hop_span_copy((struct hop_span){"a\0b", 3}, buffer, sizeof buffer));
    ck_assert_str_eq(buffer, "xyz");
    ck_assert(!hop_span_copy(SPAN(""), buffer, 0));
    ck_assert(hop_span_copy(SPAN("abc"), buffer, sizeof buffer));
    ck_assert_str_eq(buffer, "abc");
    ck_assert(hop_span_copy(SPAN(NULL), buffer, sizeof buffer));
    ck_assert_str_eq(buffer, "");
}
END_TEST

START_TEST(an_integer_is_the_whole_span_within_its_range)
{
    static const char *const bad[] = {"",   "-",   "+1", " 1", "1 ",  "0x1",
                                      "1a", "1.0", "11", "-6", "--1", "99999999999999999999"};
    int64_t number = 7;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!hop_span_int64(SPAN(bad[i]), -5, 10, &number), "%s", bad[i]);
    ck_assert_int_eq(number, 7);
    ck_assert(hop_span_int64(SPAN("-5"), -5, 10, &number) && number == -5);
    ck_assert(hop_span_int64(SPAN("10"), -5, 10, &number) && number == 10);
    ck_assert(hop_span_int64(SPAN("007"), -5, 10, &number) && number == 7);
}
END_TEST

START_TEST(an_integer_reaches_both_ends_of_its_type)
{
    int64_t number = 0;
    ck_assert(hop_span_int64(SPAN("9223372036854775807"), INT64_MIN, INT64_MAX, &number));
    ck_assert(number == INT64_MAX);
    ck_assert(hop_span_int64(SPAN("-9223372036854775808"), INT64_MIN, INT64_MAX, &number));
    ck_assert(number == INT64_MIN);
    ck_assert(!hop_span_int64(SPAN("9223372036854775808"), INT64_MIN, INT64_MAX, &number));
    ck_assert(!hop_span_int64(SPAN("-9223372036854775809"), INT64_MIN, INT64_MAX, &number));
}
END_TEST

START_TEST(a_fraction_is_the_whole_span_and_finite)
{
    static const char *const bad[] = {"",   "-",  ".",   "-.",    "e1",    "1e",  "1e+", "+1",
                                      " 1", "1 ", "1,5", "1.2.3", "0x1p1", "nan", "inf", "1e309"};
    double number = 7;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!hop_span_double(SPAN(bad[i]), &number), "%s", bad[i]);
    ck_assert(number == 7);
}
END_TEST

START_TEST(a_fraction_has_the_value_its_digits_say)
{
    static const struct {
        const char *text;
        double value;
    } good[] = {
        {"0", 0.0},           {"-12.5", -12.5},   {"1e3", 1e3},           {"1E-3", 1e-3},
        {".35", .35},         {"5.", 5.0},        {"0.1", 0.1},           {"52.370216", 52.370216},
        {"4.89516", 4.89516}, {"1e22", 1e22},     {"1e+2", 100},          {"0.000001", 0.000001},
        {"1e-400", 0},        {"0e999999999", 0}, {"20780.25", 20780.25},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        double number = 99;
        ck_assert(hop_span_double(SPAN(good[i].text), &number));
        ck_assert_msg(number == good[i].value, "%s", good[i].text);
    }
    double zero = 1;
    ck_assert(hop_span_double(SPAN("-0"), &zero) && zero == 0 && signbit(zero));
}
END_TEST

START_TEST(a_long_or_far_fraction_is_within_one_ulp)
{
    static const struct {
        const char *text;
        double value;
    } hard[] = {
        {"1.7976931348623157e308", DBL_MAX},
        {"2.2250738585072014e-308", DBL_MIN},
        {"4.9406564584124654e-324", 4.9406564584124654e-324},
        {"3.14159265358979323846264338327950288", 3.14159265358979323846},
        {"123456789012345678901234567890", 123456789012345678901234567890.0},
        {"0.00000000000000000000000000000000000001234567890123456789", 1.234567890123456789e-38},
        {"9007199254740993", 9007199254740993.0},
        {"-13.000000000000000888", -13.000000000000000888},
    };
    for (size_t i = 0; i < sizeof hard / sizeof hard[0]; i++) {
        double number = 99, value = hard[i].value;
        ck_assert(hop_span_double(SPAN(hard[i].text), &number));
        ck_assert_msg(number >= nextafter(value, -HUGE_VAL) && number <= nextafter(value, HUGE_VAL),
                      "%s", hard[i].text);
    }
}
END_TEST

START_TEST(text_is_always_ended_and_says_when_it_was_cut)
{
    char buffer[6];
    memset(buffer, 'x', sizeof buffer);
    struct hop_text text = hop_text_over(buffer, sizeof buffer);
    ck_assert_str_eq(buffer, "");
    hop_text_put(&text, "abc");
    hop_text_put_span(&text, SPAN(NULL));
    hop_text_put(&text, NULL);
    hop_text_put_char(&text, 'd');
    hop_text_put_int(&text, 5);
    ck_assert_str_eq(buffer, "abcd5");
    ck_assert(!text.cut);
    hop_text_put_char(&text, '!');
    ck_assert(text.cut);
    ck_assert_str_eq(buffer, "abcd5");
    ck_assert_uint_eq(text.len, 5);
}
END_TEST

START_TEST(nothing_is_appended_after_a_cut)
{
    char buffer[6];
    struct hop_text text = hop_text_over(buffer, sizeof buffer);
    text.cut = true;
    hop_text_put(&text, "a");
    hop_text_format(&text, "%d", 1);
    ck_assert_str_eq(buffer, "");
}
END_TEST

START_TEST(formatted_text_is_cut_like_any_other)
{
    char buffer[6];
    struct hop_text text = hop_text_over(buffer, sizeof buffer);
    hop_text_format(&text, "%d-%s", 12, "ab");
    ck_assert_str_eq(buffer, "12-ab");
    ck_assert(!text.cut);
    text = hop_text_over(buffer, sizeof buffer);
    hop_text_format(&text, "%s", "abcdef");
    ck_assert(text.cut);
    ck_assert_str_eq(buffer, "abcde");
    ck_assert_uint_eq(text.len, 5);
}
END_TEST

START_TEST(integers_reach_both_ends_of_their_type)
{
    char buffer[64];
    struct hop_text text = hop_text_over(buffer, sizeof buffer);
    hop_text_put_int(&text, INT64_MIN);
    hop_text_put_char(&text, ' ');
    hop_text_put_int(&text, INT64_MAX);
    hop_text_put_char(&text, ' ');
    hop_text_put_int(&text, 0);
    ck_assert_str_eq(buffer, "-9223372036854775808 9223372036854775807 0");
}
END_TEST

static const struct fixed {
    double number;
    int decimals;
    const char *text;
} fixed[] = {
    {0, 1, "0.0"},
    {-0.0, 1, "0.0"},
    {-0.04, 1, "0.0"},
    {-0.05, 1, "-0.1"},
    {2.5, 0, "3"},
    {-2.5, 0, "-3"},
    {0.125, 2, "0.13"},
    {-0.125, 2, "-0.13"},
    {3.375, 2, "3.38"},
    {0.25, 1, "0.3"},
    {9.995, 2, "9.99"}, /* the double is below */
    {1.005, 2, "1.00"},
    {0.285, 2, "0.28"},
    {1.115, 2, "1.11"},
    {9.996, 2, "10.00"},
    {-9.96, 1, "-10.0"},
    {0.000001, 6, "0.000001"},
    {52.370216, 6, "52.370216"},
    {1e12 + 0.5, 1, "1000000000000.5"},
    {1e30, 1, "9223372036854774784.0"},
    {-1e300, 0, "-9223372036854774784"},
    {NAN, 1, "0.0"},
    {INFINITY, 0, "0"},
    {-INFINITY, 2, "0.00"},
    {1.5, -3, "2"},
    {1.5, 9, "1.500000"},
};

START_TEST(fixed_point_rounds_half_away_from_zero)
{
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
        char buffer[64];
        struct hop_text text = hop_text_over(buffer, sizeof buffer);
        hop_text_put_fixed(&text, fixed[i].number, fixed[i].decimals);
        ck_assert_str_eq(buffer, fixed[i].text);
    }
}
END_TEST

/* Away from ties, which printf rounds to even, the two agree digit by digit. */
START_TEST(fixed_point_agrees_with_printf_away_from_ties)
{
    uint64_t state = 1;
    for (int i = 0; i < 20000; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        double number = ((double)(state >> 11) / 9007199254740992.0 - 0.5) * pow(10, i % 8);
        char ours[64], theirs[64];
        struct hop_text text = hop_text_over(ours, sizeof ours);
        hop_text_put_fixed(&text, number, i % 7);
        struct hop_text other = hop_text_over(theirs, sizeof theirs);
        hop_text_format(&other, "%.*f", i % 7, number);
        if (theirs[0] == '-' && strspn(theirs, "-0.") == other.len)
            memmove(theirs, theirs + 1, other.len);
        ck_assert_str_eq(ours, theirs);
    }
}
END_TEST

/* A locale with a decimal comma, compiled into a folder of its own: a build machine has none. */
static void use_comma_locale(void)
{
    char folder[] = "/tmp/hop-locale-XXXXXX", command[128];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(command, sizeof command, "localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8", folder);
    ck_assert_msg(system(command) == 0, "localedef (package locales) is needed");
    setenv("LOCPATH", folder, 1);
    const char *locale = setlocale(LC_ALL, "de_DE.UTF-8");
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
    ck_assert_ptr_nonnull(locale);
    ck_assert_str_eq(localeconv()->decimal_point, ",");
}

START_TEST(numbers_are_the_same_in_any_locale)
{
    use_comma_locale();
    char buffer[16];
    struct hop_text text = hop_text_over(buffer, sizeof buffer);
    hop_text_put_fixed(&text, 1234.5, 1);
    ck_assert_str_eq(buffer, "1234.5");
    double number = 0;
    ck_assert(hop_span_double(SPAN("1234.5"), &number) && number == 1234.5);
}
END_TEST

START_TEST(a_string_copy_fits_or_leaves_an_empty_destination)
{
    char buffer[4] = "xyz";
    ck_assert(hop_string_copy(buffer, sizeof buffer, "abc"));
    ck_assert_str_eq(buffer, "abc");
    ck_assert(!hop_string_copy(buffer, sizeof buffer, "abcd"));
    ck_assert_str_eq(buffer, "");
}
END_TEST

HOP_SUITE("span", null_gives_the_empty_span, trim_takes_blanks_tabs_and_cr_at_both_ends,
          cut_yields_every_part_and_consumes_the_separator, cut_yields_an_empty_last_part,
          words_are_separated_by_blanks_tabs_or_commas_and_never_empty,
          a_copy_fits_or_nothing_is_written, an_integer_is_the_whole_span_within_its_range,
          an_integer_reaches_both_ends_of_its_type, a_fraction_is_the_whole_span_and_finite,
          a_fraction_has_the_value_its_digits_say, a_long_or_far_fraction_is_within_one_ulp,
          text_is_always_ended_and_says_when_it_was_cut, nothing_is_appended_after_a_cut,
          formatted_text_is_cut_like_any_other, integers_reach_both_ends_of_their_type,
          fixed_point_rounds_half_away_from_zero, fixed_point_agrees_with_printf_away_from_ties,
          numbers_are_the_same_in_any_locale, a_string_copy_fits_or_leaves_an_empty_destination)
