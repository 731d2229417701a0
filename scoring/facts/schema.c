/* SPDX-License-Identifier: Apache-2.0 */
/* MaxMind's own databases nest their values; others are flat and write numbers as text. Each fact
 * has a list of places where it may stand; the first that holds something of use counts. */
#include <math.h>
#include <string.h>

#include "database.h"

#define COUNTRY_SIZED_KM 1000.0 /* a radius from which a point means no more than a country */
#define RADIUS_MOST_KM 20100.0  /* half way around */
#define STEPS_MAX 3             /* of a path, with the NULL */

typedef const char *const path[STEPS_MAX];

static path country_paths[] = {{"country", "iso_code"}, {"country_code"}, {"country"}};
static path latitude_paths[] = {{"location", "latitude"}, {"latitude"}, {"lat"}};
static path longitude_paths[] = {{"location", "longitude"}, {"longitude"}, {"lon"}, {"lng"}};
static path radius_paths[] = {{"location", "accuracy_radius"}, {"accuracy_radius"}};
static path asn_paths[] = {
    {"autonomous_system_number"}, {"traits", "autonomous_system_number"}, {"asn"}};
static path hosting_flags[] = {{"traits", "is_hosting_provider"},
                               {"traits", "is_anonymous_vpn"},
                               {"traits", "is_public_proxy"},
                               {"traits", "is_tor_exit_node"},
                               {"is_hosting_provider"},
                               {"is_anonymous_vpn"},
                               {"is_public_proxy"},
                               {"is_tor_exit_node"},
                               {"is_hosting"}};
static path use_paths[] = {
    {"traits", "user_type"}, {"traits", "connection_type"}, {"user_type"}, {"connection_type"}};
#define COUNT(paths) (sizeof(paths) / sizeof(paths)[0])

/* A record being read. */
struct record {
    MMDB_entry_s entry;
    bool damaged;
};

static bool get(struct record *record, const char *const *steps, MMDB_entry_data_s *ret_data)
{
    int status = MMDB_aget_value(&record->entry, ret_data, steps);
    if (status == MMDB_SUCCESS)
        return ret_data->has_data;
    if (status != MMDB_LOOKUP_PATH_DOES_NOT_MATCH_DATA_ERROR &&
        status != MMDB_INVALID_LOOKUP_PATH_ERROR)
        record->damaged = true;
    return false;
}

static struct hop_span text_of(const MMDB_entry_data_s *data)
{
    if (data->type != MMDB_DATA_TYPE_UTF8_STRING)
        return (struct hop_span){.at = NULL, .len = 0};
    return (struct hop_span){.at = data->utf8_string, .len = data->data_size};
}

static bool number_of(const MMDB_entry_data_s *data, double *ret_number)
{
    switch (data->type) {
    case MMDB_DATA_TYPE_DOUBLE:
        *ret_number = data->double_value;
        return isfinite(data->double_value);
    case MMDB_DATA_TYPE_FLOAT:
        *ret_number = (double)data->float_value;
        return isfinite(data->float_value);
    case MMDB_DATA_TYPE_UINT16:
        *ret_number = data->uint16;
        return true;
    case MMDB_DATA_TYPE_UINT32:
        *ret_number = data->uint32;
        return true;
    case MMDB_DATA_TYPE_INT32:
        *ret_number = data->int32;
        return true;
    case MMDB_DATA_TYPE_UINT64:
        *ret_number = (double)data->uint64;
        return true;
    default:
        return hop_span_double(text_of(data), ret_number);
    }
}

static bool number_within(struct record *record, const path *paths, size_t count, double low,
                          double high, double *ret_number)
{
    for (size_t i = 0; i < count; i++) {
        MMDB_entry_data_s data;
        double number;
        if (get(record, paths[i], &data) && number_of(&data, &number) && number >= low &&
            number <= high) {
            *ret_number = number;
            return true;
        }
    }
    return false;
}

/* --- the facts ------------------------------------------------------------------------------- */

static bool country_of(struct hop_span text, char ret_country[HOP_COUNTRY_MAX + 1])
{
    char country[HOP_COUNTRY_MAX + 1] = "";
    if (text.len != HOP_COUNTRY_MAX)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')))
            return false;
        country[i] = (char)(c & ~0x20); /* upper case */
    }
    memcpy(ret_country, country, sizeof country);
    return true;
}

static void read_country(struct record *record, struct hop_place *place)
{
    for (size_t i = 0; !*place->country && i < COUNT(country_paths); i++) {
        MMDB_entry_data_s data;
        if (get(record, country_paths[i], &data))
            country_of(text_of(&data), place->country);
    }
}

static void read_point(struct record *record, struct hop_place *place)
{
    if (place->has_point)
        return;
    place->has_point =
        number_within(record, latitude_paths, COUNT(latitude_paths), -90, 90, &place->latitude) &&
        number_within(record, longitude_paths, COUNT(longitude_paths), -180, 180,
                      &place->longitude);
    if (!place->has_point) {
        place->latitude = 0;
        return;
    }
    if (!number_within(record, radius_paths, COUNT(radius_paths), 0, RADIUS_MOST_KM,
                       &place->accuracy_km))
        place->accuracy_km = 0;
    place->country_only = place->accuracy_km >= COUNTRY_SIZED_KM;
}

/* 64500, "64500" or "AS64500". */
static bool asn_of(const MMDB_entry_data_s *data, uint32_t *ret_asn)
{
    struct hop_span text = text_of(data);
    double number;
    int64_t whole;
    if (text.len > 2 && memcmp(text.at, "AS", 2) == 0)
        text = (struct hop_span){.at = text.at + 2, .len = text.len - 2};
    if (text.at)
        number = hop_span_int64(text, 0, UINT32_MAX, &whole) ? (double)whole : 0;
    else if (!number_of(data, &number))
        return false;
    if (number < 1 || number > UINT32_MAX || number != floor(number))
        return false;
    *ret_asn = (uint32_t)number;
    return true;
}

static void read_asn(struct record *record, struct hop_place *place)
{
    for (size_t i = 0; !place->asn && i < COUNT(asn_paths); i++) {
        MMDB_entry_data_s data;
        if (get(record, asn_paths[i], &data))
            asn_of(&data, &place->asn);
    }
}

static bool is_flagged(struct record *record)
{
    for (size_t i = 0; i < COUNT(hosting_flags); i++) {
        MMDB_entry_data_s data;
        if (get(record, hosting_flags[i], &data) && data.type == MMDB_DATA_TYPE_BOOLEAN &&
            data.boolean)
            return true;
    }
    return false;
}

static bool is_used_as(struct record *record, const char *lower, const char *upper)
{
    for (size_t i = 0; i < COUNT(use_paths); i++) {
        MMDB_entry_data_s data;
        if (get(record, use_paths[i], &data) &&
            (hop_span_is(text_of(&data), lower) || hop_span_is(text_of(&data), upper)))
            return true;
    }
    return false;
}

static void read_kind(struct record *record, struct hop_place *place)
{
    if (is_flagged(record) || is_used_as(record, "hosting", "Hosting"))
        place->kind = HOP_PLACE_HOSTING;
    else if (place->kind == HOP_PLACE_UNKNOWN && is_used_as(record, "cellular", "Cellular"))
        place->kind = HOP_PLACE_MOBILE;
}

bool hop_schema_read(const MMDB_entry_s *entry, struct hop_place *place)
{
    struct record record = {.entry = *entry};
    read_country(&record, place);
    read_point(&record, place);
    read_asn(&record, place);
    read_kind(&record, place);
    return !record.damaged;
}
