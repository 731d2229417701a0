/* SPDX-License-Identifier: Apache-2.0 */
/* UTC civil dates without libc's time zone, locale or locks (days-from-civil: H. Hinnant,
 * "chrono-Compatible Low-Level Date Algorithms"). */
#ifndef HOP_DATE_H
#define HOP_DATE_H

#include "span.h"

#define HOP_DAY_SECONDS 86400

/* Days since 1970-01-01, floor, also before 1970. */
int32_t hop_date_day(int64_t epoch_s);
int hop_date_hour(int64_t epoch_s); /* 0..23 */
int hop_date_weekday(int32_t day);  /* 0 Monday .. 6 Sunday */
bool hop_date_is_weekend(int32_t day);
void hop_date_civil(int32_t day, int *ret_year, int *ret_month,
                    int *ret_day); /* month 1..12, day 1..31 */
int32_t hop_date_from_civil(int year, int month, int day);

/* RFC 3339: "2026-11-23T09:30:00Z", fraction (kept as ms) and numeric offset accepted. False on
 * anything else. `ret_ms` may be NULL. */
bool hop_date_parse(struct hop_span text, int64_t *ret_epoch_s, int *ret_ms);
/* "2026-11-23T09:30:00Z"; with ms >= 0 "….123Z". */
void hop_date_put(struct hop_text *text, int64_t epoch_s, int ms);

#endif
