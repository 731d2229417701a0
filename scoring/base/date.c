/* SPDX-License-Identifier: Apache-2.0 */
#include "date.h"

static int64_t floor_divide(int64_t number, int64_t by)
{
    return number / by - (number % by < 0);
}

int32_t hop_date_day(int64_t epoch_s)
{
    int64_t day = floor_divide(epoch_s, HOP_DAY_SECONDS);
    return day > INT32_MAX ? INT32_MAX : day < INT32_MIN ? INT32_MIN : (int32_t)day;
}

static int second_of_day(int64_t epoch_s)
{
    int second = (int)(epoch_s % HOP_DAY_SECONDS);
    return second < 0 ? second + HOP_DAY_SECONDS : second;
}

int hop_date_hour(int64_t epoch_s)
{
    return second_of_day(epoch_s) / 3600;
}

int hop_date_weekday(int32_t day)
{
    int weekday = (int)(((int64_t)day + 3) % 7); /* day 0 was a Thursday */
    return weekday < 0 ? weekday + 7 : weekday;
}

bool hop_date_is_weekend(int32_t day)
{
    return hop_date_weekday(day) >= 5;
}

/* Years start in March here, so that a leap day is the last of its year; an era is 400 years, and
 * era 0 starts on 0000-03-01, 719468 days before 1970. */
void hop_date_civil(int32_t day, int *ret_year, int *ret_month, int *ret_day)
{
    int64_t shifted = (int64_t)day + 719468;
    int64_t era = floor_divide(shifted, 146097);
    int64_t of_era = shifted - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int month = (int)((5 * of_year + 2) / 153); /* 0 March .. 11 February */
    *ret_day = (int)(of_year - (153 * month + 2) / 5 + 1);
    *ret_month = month < 10 ? month + 3 : month - 9;
    *ret_year = (int)(year + era * 400 + (month >= 10));
}

int32_t hop_date_from_civil(int year, int month, int day)
{
    int64_t from_march = (int64_t)year - (month <= 2);
    int64_t era = floor_divide(from_march, 400);
    int64_t of_era_year = from_march - era * 400;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t of_era = of_era_year * 365 + of_era_year / 4 - of_era_year / 100 + of_year;
    return (int32_t)(era * 146097 + of_era - 719468);
}

static bool take_number(struct hop_span *rest, size_t digits, int low, int high, int *ret_number)
{
    int number = 0;
    if (rest->len < digits)
        return false;
    for (size_t i = 0; i < digits; i++) {
        if (rest->at[i] < '0' || rest->at[i] > '9')
            return false;
        number = number * 10 + (rest->at[i] - '0');
    }
    rest->at += digits;
    rest->len -= digits;
    *ret_number = number;
    return number >= low && number <= high;
}

static bool take_char(struct hop_span *rest, char c)
{
    if (!rest->len || rest->at[0] != c)
        return false;
    rest->at++;
    rest->len--;
    return true;
}

static int month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

static bool take_date(struct hop_span *rest, int32_t *ret_day)
{
    int year, month, day;
    if (!take_number(rest, 4, 0, 9999, &year) || !take_char(rest, '-') ||
        !take_number(rest, 2, 1, 12, &month) || !take_char(rest, '-') ||
        !take_number(rest, 2, 1, month_days(year, month), &day))
        return false;
    *ret_day = hop_date_from_civil(year, month, day);
    return true;
}

/* A leap second counts as the second after it, as time_t has it. */
static bool take_time(struct hop_span *rest, int *ret_second)
{
    int hour, minute, second;
    if (!take_number(rest, 2, 0, 23, &hour) || !take_char(rest, ':') ||
        !take_number(rest, 2, 0, 59, &minute) || !take_char(rest, ':') ||
        !take_number(rest, 2, 0, 60, &second))
        return false;
    *ret_second = hour * 3600 + minute * 60 + second;
    return true;
}

static bool take_fraction(struct hop_span *rest, int *ret_ms)
{
    *ret_ms = 0;
    if (!take_char(rest, '.'))
        return true;
    int digit, weight = 100;
    if (!take_number(rest, 1, 0, 9, &digit))
        return false;
    do {
        *ret_ms += digit * weight;
        weight /= 10;
    } while (take_number(rest, 1, 0, 9, &digit));
    return true;
}

static bool take_offset(struct hop_span *rest, int *ret_seconds)
{
    *ret_seconds = 0;
    if (take_char(rest, 'Z') || take_char(rest, 'z'))
        return true;
    bool west = take_char(rest, '-');
    int hours, minutes;
    if ((!west && !take_char(rest, '+')) || !take_number(rest, 2, 0, 23, &hours) ||
        !take_char(rest, ':') || !take_number(rest, 2, 0, 59, &minutes))
        return false;
    *ret_seconds = (hours * 3600 + minutes * 60) * (west ? -1 : 1);
    return true;
}

bool hop_date_parse(struct hop_span text, int64_t *ret_epoch_s, int *ret_ms)
{
    int32_t day;
    int second, ms, offset;
    if (!take_date(&text, &day) || (!take_char(&text, 'T') && !take_char(&text, 't')) ||
        !take_time(&text, &second) || !take_fraction(&text, &ms) || !take_offset(&text, &offset) ||
        text.len)
        return false;
    *ret_epoch_s = (int64_t)day * HOP_DAY_SECONDS + second - offset;
    if (ret_ms)
        *ret_ms = ms;
    return true;
}

void hop_date_put(struct hop_text *text, int64_t epoch_s, int ms)
{
    int year, month, day, second = second_of_day(epoch_s);
    hop_date_civil(hop_date_day(epoch_s), &year, &month, &day);
    hop_text_format(text, "%04d-%02d-%02dT%02d:%02d:%02d", year, month, day, second / 3600,
                    second / 60 % 60, second % 60);
    if (ms >= 0)
        hop_text_format(text, ".%03d", ms % 1000);
    hop_text_put_char(text, 'Z');
}
