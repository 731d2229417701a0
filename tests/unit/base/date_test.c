/* SPDX-License-Identifier: Apache-2.0 */
#include "date.h"

#include <time.h>

#include "../suite.h"

START_TEST(days_are_floors_also_before_1970)
{
    ck_assert_int_eq(hop_date_day(0), 0);
    ck_assert_int_eq(hop_date_day(86399), 0);
    ck_assert_int_eq(hop_date_day(86400), 1);
    ck_assert_int_eq(hop_date_day(-1), -1);
    ck_assert_int_eq(hop_date_day(-86400), -1);
    ck_assert_int_eq(hop_date_day(-86401), -2);
    ck_assert_int_eq(hop_date_day(INT64_MAX), INT32_MAX);
    ck_assert_int_eq(hop_date_day(INT64_MIN), INT32_MIN);
}
END_TEST

START_TEST(hours_run_from_0_to_23)
{
    ck_assert_int_eq(hop_date_hour(0), 0);
    ck_assert_int_eq(hop_date_hour(3599), 0);
    ck_assert_int_eq(hop_date_hour(86399), 23);
    ck_assert_int_eq(hop_date_hour(-1), 23);
}
END_TEST

START_TEST(weeks_start_on_monday)
{
    ck_assert_int_eq(hop_date_weekday(0), 3);
    ck_assert_int_eq(hop_date_weekday(-4), 6);
    ck_assert_int_eq(hop_date_weekday(4), 0);
    ck_assert_int_eq(hop_date_weekday(INT32_MAX), (INT32_MAX % 7 + 3) % 7);
    ck_assert(hop_date_is_weekend(2) && hop_date_is_weekend(3));
    ck_assert(!hop_date_is_weekend(1) && !hop_date_is_weekend(4));
}
END_TEST

START_TEST(civil_dates_agree_with_libc_for_six_centuries)
{
    for (int32_t day = -110000; day < 110000; day += 1) {
        time_t seconds = (time_t)day * HOP_DAY_SECONDS;
        struct tm tm;
        ck_assert_ptr_nonnull(gmtime_r(&seconds, &tm));
        int year, month, of_month;
        hop_date_civil(day, &year, &month, &of_month);
        if (year != tm.tm_year + 1900 || month != tm.tm_mon + 1 || of_month != tm.tm_mday ||
            hop_date_from_civil(year, month, of_month) != day ||
            hop_date_weekday(day) != (tm.tm_wday + 6) % 7)
            ck_abort_msg("day %d", day);
    }
}
END_TEST

START_TEST(an_instant_is_read_as_rfc_3339)
{
    static const struct {
        const char *text;
        int64_t epoch_s;
        int ms;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0, 0},
        {"2026-11-23T09:30:00Z", 1795426200, 0},
        {"2026-11-23T09:30:00.5Z", 1795426200, 500},
        {"2026-11-23T09:30:00.123456789Z", 1795426200, 123},
        {"2026-11-23T10:30:00+01:00", 1795426200, 0},
        {"2026-11-23T04:00:00.007-05:30", 1795426200, 7},
        {"2026-11-23t09:30:00z", 1795426200, 0},
        {"2024-02-29T23:59:59Z", 1709251199, 0},
        {"2016-12-31T23:59:60Z", 1483228800, 0},
        {"1969-12-31T23:59:59Z", -1, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t epoch_s = 77;
        int ms = 77;
        ck_assert_msg(hop_date_parse(hop_span_of(cases[i].text), &epoch_s, &ms), "%s",
                      cases[i].text);
        ck_assert_int_eq(epoch_s, cases[i].epoch_s);
        ck_assert_int_eq(ms, cases[i].ms);
        ck_assert(hop_date_parse(hop_span_of(cases[i].text), &epoch_s, NULL));
    }
}
END_TEST

START_TEST(anything_else_is_no_instant)
{
    static const char *const bad[] = {
        "",
        "2026-11-23",
        "2026-11-23T09:30:00",
        "2026-11-23 09:30:00Z",
        "2026-11-23T09:30Z",
        "2026-11-23T24:00:00Z",
        "2026-11-23T09:60:00Z",
        "2026-11-23T09:30:61Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-04-00T00:00:00Z",
        "26-11-23T09:30:00Z",
        "2026-11-23T09:30:00.Z",
        "2026-11-23T09:30:00+0100",
        "2026-11-23T09:30:00+24:00",
        "2026-11-23T09:30:00+01:60",
        "2026-11-23T09:30:00ZZ",
        " 2026-11-23T09:30:00Z",
        "2026-11-23T09:30:00Z ",
        "-026-11-23T09:30:00Z",
    };
    int64_t epoch_s = 77;
    int ms = 77;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!hop_date_parse(hop_span_of(bad[i]), &epoch_s, &ms), "%s", bad[i]);
    ck_assert_int_eq(epoch_s, 77);
    ck_assert_int_eq(ms, 77);
}
END_TEST

START_TEST(an_instant_is_written_as_it_is_read)
{
    char buffer[40];
    struct hop_text text = hop_text_over(buffer, sizeof buffer);
    hop_date_put(&text, 1795426200, -1);
    ck_assert_str_eq(buffer, "2026-11-23T09:30:00Z");
    text = hop_text_over(buffer, sizeof buffer);
    hop_date_put(&text, -1, 7);
    ck_assert_str_eq(buffer, "1969-12-31T23:59:59.007Z");
    int64_t epoch_s;
    int ms;
    ck_assert(hop_date_parse(hop_span_of(buffer), &epoch_s, &ms));
    ck_assert(epoch_s == -1 && ms == 7);
}
END_TEST

HOP_SUITE("date", days_are_floors_also_before_1970, hours_run_from_0_to_23, weeks_start_on_monday,
          civil_dates_agree_with_libc_for_six_centuries, an_instant_is_read_as_rfc_3339,
          anything_else_is_no_instant, an_instant_is_written_as_it_is_read)
