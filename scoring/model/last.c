/* SPDX-License-Identifier: Apache-2.0 */
#include "profile.h"

#include <string.h>

#define LAST_TEXT_MAX 256
#define LAST_TIME_MAX INT64_C(253402300799) /* 9999-12-31T23:59:59Z */
#define LAST_FIELDS 10

static void put_or_dash(struct hop_text *text, const char *word)
{
    hop_text_put_char(text, ' ');
    hop_text_put(text, *word ? word : "-");
}

static void put_point(struct hop_text *text, const struct hop_place *place)
{
    if (!place->has_point || place->country_only) {
        hop_text_put(text, " - - 0.0");
        return;
    }
    hop_text_put_char(text, ' ');
    hop_text_put_fixed(text, place->latitude, 4);
    hop_text_put_char(text, ' ');
    hop_text_put_fixed(text, place->longitude, 4);
    hop_text_put_char(text, ' ');
    hop_text_put_fixed(text, place->accuracy_km, 1);
}

void hop_last_put(struct hop_text *text, const struct hop_last *last)
{
    char address[HOP_ADDRESS_TEXT_MAX];
    struct hop_text address_text = hop_text_over(address, sizeof address);
    hop_address_put(&address_text, &last->address);
    hop_text_put_int(text, last->time);
    put_or_dash(text, hop_zone_word(last->zone));
    put_or_dash(text, last->place.country);
    hop_text_put_char(text, ' ');
    hop_text_put_int(text, last->place.asn);
    put_or_dash(text, hop_place_kind_word(last->place.kind));
    put_point(text, &last->place);
    put_or_dash(text, address);
    put_or_dash(text, last->tenant);
}

static bool is_country(struct hop_span word)
{
    return word.len == HOP_COUNTRY_MAX && word.at[0] >= 'A' && word.at[0] <= 'Z' &&
           word.at[1] >= 'A' && word.at[1] <= 'Z';
}

static bool is_point(double latitude, double longitude, double accuracy_km)
{
    return latitude >= -90 && latitude <= 90 && longitude >= -180 && longitude <= 180 &&
           accuracy_km >= 0 && accuracy_km <= 40000;
}

/* Latitude, longitude, accuracy; "-" "-" for no point. */
static bool point_parse(const struct hop_span words[3], struct hop_place *place)
{
    double accuracy, latitude = 0, longitude = 0;
    bool none = hop_span_is(words[0], "-") && hop_span_is(words[1], "-");
    if (!hop_span_double(words[2], &accuracy))
        return false;
    if (!none && (!hop_span_double(words[0], &latitude) || !hop_span_double(words[1], &longitude)))
        return false;
    if (!is_point(latitude, longitude, accuracy))
        return false;
    place->has_point = !none;
    place->latitude = latitude;
    place->longitude = longitude;
    place->accuracy_km = none ? 0 : accuracy;
    return true;
}

static bool place_parse(const struct hop_span words[6], struct hop_place *place)
{
    int64_t asn;
    bool no_country = hop_span_is(words[0], "-");
    if ((!no_country && !is_country(words[0])) || !hop_span_int64(words[1], 0, UINT32_MAX, &asn) ||
        !hop_place_kind_parse(words[2], &place->kind) || !point_parse(words + 3, place))
        return false;
    place->asn = (uint32_t)asn;
    return no_country || hop_span_copy(words[0], place->country, sizeof place->country);
}

static bool address_parse(struct hop_span word, struct hop_address *address)
{
    return hop_span_is(word, "-") || hop_address_parse(word, address);
}

static bool tenant_parse(struct hop_span word, char tenant[HOP_TENANT_MAX + 1])
{
    if (hop_span_is(word, "-"))
        return true;
    return hop_tenant_valid(word) && hop_span_copy(word, tenant, HOP_TENANT_MAX + 1);
}

bool hop_last_parse(struct hop_span text, struct hop_last *ret_last)
{
    struct hop_last last = {0};
    struct hop_span words[LAST_FIELDS], more;
    for (int i = 0; i < LAST_FIELDS; i++) {
        if (!hop_span_cut(&text, ' ', &words[i]))
            return false;
    }
    if (hop_span_cut(&text, ' ', &more) ||
        !hop_span_int64(words[0], 1, LAST_TIME_MAX, &last.time) ||
        !hop_zone_parse(words[1], &last.zone) || !place_parse(words + 2, &last.place) ||
        !address_parse(words[8], &last.address) || !tenant_parse(words[9], last.tenant))
        return false;
    *ret_last = last;
    return true;
}

static bool point_settle(struct hop_place *place)
{
    if (!place->has_point || place->country_only) {
        place->has_point = place->country_only = false;
        place->latitude = place->longitude = place->accuracy_km = 0;
    }
    place->latitude = hop_fixed_value(place->latitude, 4);
    place->longitude = hop_fixed_value(place->longitude, 4);
    place->accuracy_km = hop_fixed_value(place->accuracy_km, 1);
    return is_point(place->latitude, place->longitude, place->accuracy_km);
}

/* What begins with zeros may be another address when it is read again, and is rare. */
static bool address_settle(struct hop_address *address)
{
    char buffer[HOP_ADDRESS_TEXT_MAX];
    struct hop_text text = hop_text_over(buffer, sizeof buffer);
    if (address->family == 0 || address->bytes[0] != 0 || address->bytes[1] != 0)
        return true;
    hop_address_put(&text, address);
    return hop_address_parse((struct hop_span){buffer, text.len}, address);
}

bool hop_last_settle(struct hop_last *last)
{
    struct hop_place *place = &last->place;
    struct hop_span tenant = hop_span_of(last->tenant);
    if (hop_span_is(tenant, "-"))
        last->tenant[tenant.len = 0] = '\0';
    return last->time >= 1 && last->time <= LAST_TIME_MAX && last->zone < HOP_ZONE_COUNT &&
           (!*place->country || is_country(hop_span_of(place->country))) &&
           place->kind < HOP_PLACE_COUNT && point_settle(place) && address_settle(&last->address) &&
           (tenant.len == 0 || hop_tenant_valid(tenant));
}

const struct hop_last *hop_last_later(const struct hop_last *a, const struct hop_last *b)
{
    char text_a[LAST_TEXT_MAX], text_b[LAST_TEXT_MAX];
    if (a->time != b->time)
        return a->time > b->time ? a : b;
    struct hop_text put_a = hop_text_over(text_a, sizeof text_a);
    struct hop_text put_b = hop_text_over(text_b, sizeof text_b);
    hop_last_put(&put_a, a);
    hop_last_put(&put_b, b);
    return strcmp(text_a, text_b) >= 0 ? a : b;
}

struct hop_last hop_last_of(const struct hop_login *login)
{
    struct hop_last last = {.time = login->time,
                            .place = login->origin.place,
                            .address = login->origin.address,
                            .zone = login->origin.zone};
    if (!last.place.has_point || last.place.country_only) {
        last.place.has_point = last.place.country_only = false;
        last.place.latitude = last.place.longitude = last.place.accuracy_km = 0;
    }
    hop_string_copy(last.tenant, sizeof last.tenant, login->origin.tenant);
    return last;
}
