/* SPDX-License-Identifier: Apache-2.0 */
#include "admit.h"

#include <string.h>

static void override_zone(const struct hop_origin *given, struct hop_origin *origin)
{
    origin->zone = given->zone;
    origin->from_inventory = given->from_inventory;
    memcpy(origin->tenant, given->tenant, sizeof origin->tenant);
}

static void override_point(const struct hop_place *given, struct hop_place *place)
{
    place->has_point = given->has_point;
    place->country_only = given->country_only;
    place->latitude = given->latitude;
    place->longitude = given->longitude;
    place->accuracy_km = given->accuracy_km;
}

static void override_country(const struct hop_place *given, struct hop_place *place)
{
    if (strcmp(given->country, place->country) != 0)
        override_point(&(struct hop_place){0}, place);
    memcpy(place->country, given->country, sizeof place->country);
}

/* Hosting is known by the AS number too, and the entry's is another than the database's. */
static void override_asn(const struct hop_conf *conf, const struct hop_address *address,
                         uint32_t asn, struct hop_place *place)
{
    if (asn != place->asn && place->kind == HOP_PLACE_HOSTING)
        place->kind = HOP_PLACE_UNKNOWN;
    place->asn = asn;
    if (hop_conf_is_hosting(conf, address, asn))
        place->kind = HOP_PLACE_HOSTING;
}

static void override_origin(const struct hop_conf *conf, const struct hop_entry *entry,
                            struct hop_origin *origin)
{
    const struct hop_origin *given = &entry->login.origin;
    if (entry->has_zone)
        override_zone(given, origin);
    if (entry->has_country)
        override_country(&given->place, &origin->place);
    if (entry->has_place)
        override_point(&given->place, &origin->place);
    if (entry->has_asn)
        override_asn(conf, &origin->address, given->place.asn, &origin->place);
    if (entry->has_kind)
        origin->place.kind = given->place.kind;
}

enum hop_rc hop_entry_admit(struct hop_desk *desk, const struct hop_entry *entry,
                            struct hop_login *ret_login, struct hop_error *err)
{
    struct hop_login login = entry->login;
    if (entry->kind == HOP_ENTRY_CONFIRMATION)
        login.time = entry->vouched_time;
    if (login.service[0] == '\0')
        hop_string_copy(login.service, sizeof login.service, "sshd");
    enum hop_rc rc = hop_engine_admit(desk->engine, &login, false, err);
    if (rc != HOP_OK)
        return rc;
    override_origin(desk->conf, entry, &login.origin);
    if (entry->has_lane)
        login.lane = entry->login.lane;
    *ret_login = login;
    return HOP_OK;
}
