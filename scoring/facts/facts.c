/* SPDX-License-Identifier: Apache-2.0 */
#include "facts.h"

#include <stdlib.h>

#include "database.h"

enum { CITY, ASN, DATABASE_COUNT };

struct hop_facts {
    const struct hop_conf *conf; /* borrowed */
    bool lost;
    struct hop_database databases[DATABASE_COUNT];
};

/* The first database that is lost is the one that is told. */
static enum hop_rc open_one(struct hop_facts *facts, int which, const char *path,
                            struct hop_error *err)
{
    if (!*path)
        return HOP_OK;
    enum hop_rc rc = hop_database_open(path, &facts->databases[which], facts->lost ? NULL : err);
    if (rc == HOP_NOMEM)
        return rc;
    if (rc != HOP_OK)
        facts->lost = true;
    return HOP_OK;
}

enum hop_rc hop_facts_open(const struct hop_conf *conf, struct hop_facts **ret_facts,
                           struct hop_error *err)
{
    const struct hop_settings *settings = hop_conf_settings(conf);
    struct hop_facts *facts = calloc(1, sizeof *facts);
    if (!facts)
        return hop_error_set(err, HOP_NOMEM, "geo databases: no memory");
    facts->conf = conf;
    enum hop_rc rc = open_one(facts, CITY, settings->geo_city, err);
    if (rc == HOP_OK)
        rc = open_one(facts, ASN, settings->geo_asn, err);
    if (rc == HOP_OK)
        *ret_facts = facts;
    else
        hop_facts_free(&facts);
    return rc;
}

void hop_facts_free(struct hop_facts **facts)
{
    struct hop_facts *old = *facts;
    *facts = NULL;
    if (!old)
        return;
    for (int i = 0; i < DATABASE_COUNT; i++)
        hop_database_done(&old->databases[i]);
    free(old);
}

bool hop_facts_lost(const struct hop_facts *facts)
{
    return facts->lost;
}

int64_t hop_facts_built(const struct hop_facts *facts, int which)
{
    if (which < 0 || which >= DATABASE_COUNT || !facts->databases[which].open)
        return 0;
    uint64_t epoch = facts->databases[which].mmdb.metadata.build_epoch;
    return epoch > INT64_MAX ? 0 : (int64_t)epoch;
}

/* Of a damaged record nothing is believed. */
static bool look_up(const struct hop_database *database, const struct hop_address *address,
                    struct hop_place *place)
{
    MMDB_entry_s entry;
    struct hop_place more = *place;
    enum hop_rc rc = hop_database_find(database, address, &entry);
    if (rc != HOP_OK)
        return rc == HOP_NOT_FOUND;
    if (!hop_schema_read(&entry, &more))
        return false;
    *place = more;
    return true;
}

static bool is_known(const struct hop_place *place)
{
    return *place->country || place->asn || place->has_point;
}

void hop_facts_origin(const struct hop_facts *facts, const struct hop_address *address,
                      struct hop_origin *ret_origin, bool *ret_lost)
{
    struct hop_origin origin = {.address = *address};
    bool lost = false;
    hop_conf_zone(facts->conf, address, &origin);
    for (int i = 0; i < DATABASE_COUNT; i++)
        if (!look_up(&facts->databases[i], address, &origin.place))
            lost = true;
    if (hop_conf_is_hosting(facts->conf, address, origin.place.asn))
        origin.place.kind = HOP_PLACE_HOSTING;
    if (origin.place.kind == HOP_PLACE_UNKNOWN && is_known(&origin.place))
        origin.place.kind = HOP_PLACE_FIXED;
    *ret_origin = origin;
    if (ret_lost)
        *ret_lost = lost;
}
