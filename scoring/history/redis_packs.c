/* SPDX-License-Identifier: Apache-2.0 */
#include "redis_packs.h"
#include "pack.h"
#include "plan.h"

#include <stdlib.h>
#include <string.h>

#define FIELD_TEXT_MAX (HOP_VALUE_MAX + 3)

struct hop_redis_pack {
    struct hop_profile profile; /* all values that are, or will be, packed or on their own */
    struct hop_profile plain;   /* those on their own: as the server has them by now */
    bool touched;               /* by a write that may change something */
    bool alone;                 /* nothing is known of values on their own */
    bool stored, spoilt;        /* the packed field: there is one, nobody can read it */
    bool changed;               /* it becomes another */
    bool *packed;               /* of the profile's sightings; NULL: nothing is to be done */
    size_t len;
    char bytes[HOP_PACK_MAX];
};

static bool field_packs(struct hop_span field)
{
    enum hop_kind kind;
    struct hop_span value;
    return hop_field_parse(field, &kind, &value);
}

/* <prefix>p:{identity}:witness; an admin of d:{tenant}:witness may be called c:NL. */
static bool is_of_another_list(const char *key)
{
    const char *name = strstr(key, ":{");
    return name && name > key && (name[-1] != 'p' || (name - 1 > key && name[-2] != ':'));
}

bool hop_redis_read_packs(const struct hop_read *read)
{
    return read->kind == HOP_READ_FIELD && field_packs(hop_span_of(read->field)) &&
           !is_of_another_list(read->key);
}

bool hop_redis_write_drops_pack(const struct hop_write *write)
{
    return write->kind == HOP_WRITE_DROP && strcmp(write->field, HOP_PACK_FIELD) == 0 &&
           !is_of_another_list(write->key);
}

bool hop_redis_write_packs(const struct hop_write *write)
{
    bool of_field = write->kind == HOP_WRITE_DAYS || write->kind == HOP_WRITE_FIELD ||
                    write->kind == HOP_WRITE_DROP;
    return hop_redis_write_drops_pack(write) ||
           (of_field && field_packs(hop_span_of(write->field)) && !is_of_another_list(write->key));
}

bool hop_redis_drops_alone(const struct hop_batch *batch, const char *key)
{
    for (size_t i = 0; i < batch->count; i++)
        if (batch->writes[i].kind != HOP_WRITE_DROP && strcmp(batch->writes[i].key, key) == 0 &&
            hop_redis_write_packs(&batch->writes[i]))
            return false;
    return true;
}

static struct hop_span value_of(const struct hop_sighting *sighting)
{
    return (struct hop_span){sighting->value, sighting->len};
}

static void field_fill(const struct hop_sighting *sighting, char field[FIELD_TEXT_MAX])
{
    struct hop_text text = hop_text_over(field, FIELD_TEXT_MAX);
    hop_field_put(&text, sighting->kind, value_of(sighting));
}

static void days_fill(const struct hop_sighting *sighting, char days[HOP_DAYSET_TEXT_MAX])
{
    struct hop_text text = hop_text_over(days, HOP_DAYSET_TEXT_MAX);
    hop_dayset_put(&text, &sighting->days);
}

static void sightings_visit(const struct hop_profile *profile, hop_item_visit *visit, void *context)
{
    for (size_t i = 0; i < profile->count; i++) {
        char field[FIELD_TEXT_MAX], days[HOP_DAYSET_TEXT_MAX];
        field_fill(&profile->sightings[i], field);
        days_fill(&profile->sightings[i], days);
        visit(context, hop_span_of(field), hop_span_of(days));
    }
}

enum hop_rc hop_redis_fields_visit(struct hop_span field, struct hop_span value,
                                   hop_item_visit *visit, void *context)
{
    struct hop_profile profile;
    if (!hop_span_is(field, HOP_PACK_FIELD)) {
        visit(context, field, value);
        return HOP_OK;
    }
    enum hop_rc rc = hop_pack_parse(value, &profile);
    if (rc != HOP_OK)
        return rc;
    sightings_visit(&profile, visit, context);
    hop_profile_done(&profile);
    return HOP_OK;
}

/* --- a profile is read ------------------------------------------------------------------------ */

static bool is_concerned(const struct hop_batch *batch, const char *key, struct hop_span field)
{
    for (size_t i = 0; i < batch->count; i++) {
        const struct hop_write *write = &batch->writes[i];
        if (hop_redis_write_packs(write) && hop_span_is(field, write->field) &&
            strcmp(key, write->key) == 0)
            return true;
    }
    return false;
}

/* A field is of a value's own and has been parsed: nothing but memory can be missing. */
static bool field_join(struct hop_profile *profile, struct hop_span field,
                       const struct hop_dayset *days)
{
    enum hop_kind kind;
    struct hop_span value;
    return hop_field_parse(field, &kind, &value) &&
           hop_profile_join(profile, kind, value, days) == HOP_OK;
}

static void field_remove(struct hop_profile *profile, struct hop_span field)
{
    enum hop_kind kind;
    struct hop_span value;
    if (hop_field_parse(field, &kind, &value))
        hop_profile_remove(profile, kind, value);
}

static const struct hop_wire_reply *packed_find(const struct hop_wire_reply *fields)
{
    if (fields->kind != HOP_WIRE_ARRAY)
        return fields->kind == HOP_WIRE_STRING ? fields : NULL;
    for (size_t i = 0; i < fields->count; i += 2)
        if (hop_span_is(fields->items[i]->text, HOP_PACK_FIELD))
            return fields->items[i + 1];
    return NULL;
}

/* What is spoilt counts as absent: this write replaces it. */
static enum hop_rc packed_read(const struct hop_wire_reply *fields, struct hop_redis_pack *pack,
                               struct hop_span *ret_bytes)
{
    const struct hop_wire_reply *packed = packed_find(fields);
    pack->alone = fields->kind != HOP_WIRE_ARRAY;
    pack->stored = packed != NULL;
    if (!packed)
        return HOP_OK;
    *ret_bytes = packed->text;
    enum hop_rc rc = hop_pack_parse(packed->text, &pack->profile);
    pack->spoilt = rc == HOP_MALFORMED;
    return rc == HOP_NOMEM ? rc : HOP_OK;
}

/* A hostile hash may have any number of values: only so many are taken in at a time. One that is
 * spoilt and about to be written is known as empty, so that it goes. */
static enum hop_rc plain_read(const struct hop_wire_reply *fields, const struct hop_batch *batch,
                              const char *key, struct hop_redis_pack *pack)
{
    size_t others = 0;
    for (size_t i = 0; !pack->alone && i < fields->count; i += 2) {
        struct hop_span field = fields->items[i]->text;
        struct hop_dayset days = {.last_day = 0};
        bool sound = hop_dayset_parse(fields->items[i + 1]->text, &days);
        if (!field_packs(field) ||
            ((!sound || others >= HOP_REDIS_REPACKED_MAX) && !is_concerned(batch, key, field)))
            continue;
        others++;
        if (!field_join(&pack->plain, field, &days) ||
            (sound && !field_join(&pack->profile, field, &days)))
            return HOP_NOMEM;
    }
    return HOP_OK;
}

/* --- the batch's writes are done to it -------------------------------------------------------- */

static bool days_join(struct hop_redis_pack *pack, const struct hop_write *write)
{
    struct hop_dayset days;
    enum hop_kind kind;
    struct hop_span value;
    if (write->days)
        days = *write->days;
    else if (!hop_dayset_parse(hop_span_of(write->value), &days))
        return true;
    if (!hop_field_parse(hop_span_of(write->field), &kind, &value))
        return true;
    const struct hop_dayset *known = hop_profile_find(&pack->profile, kind, value);
    if (known)
        hop_dayset_join(&days, known);
    if (known && hop_dayset_equal(&days, known))
        return true;
    pack->touched = true;
    return hop_profile_join(&pack->profile, kind, value, &days) == HOP_OK;
}

static bool field_set(struct hop_redis_pack *pack, const struct hop_write *write)
{
    struct hop_span field = hop_span_of(write->field);
    struct hop_dayset days;
    field_remove(&pack->profile, field);
    field_remove(&pack->plain, field);
    return !hop_dayset_parse(hop_span_of(write->value), &days) ||
           (field_join(&pack->plain, field, &days) && field_join(&pack->profile, field, &days));
}

/* Its own field goes with the write itself. */
static void field_drop(struct hop_redis_pack *pack, struct hop_span field)
{
    size_t before = pack->profile.count;
    field_remove(&pack->profile, field);
    field_remove(&pack->plain, field);
    pack->touched |= pack->spoilt || pack->profile.count < before;
}

static bool write_apply(struct hop_redis_pack *pack, const struct hop_write *write)
{
    if (write->kind == HOP_WRITE_ERASE) {
        pack->touched = true;
        hop_profile_done(&pack->profile);
        hop_profile_done(&pack->plain);
        pack->stored = false;
        return true;
    }
    if (!hop_redis_write_packs(write))
        return true;
    if (write->kind == HOP_WRITE_DAYS)
        return days_join(pack, write);
    if (write->kind == HOP_WRITE_DROP) {
        field_drop(pack, hop_span_of(write->field));
        return true;
    }
    pack->touched = true;
    return field_set(pack, write);
}

static enum hop_rc writes_apply(struct hop_redis_pack *pack, const struct hop_batch *batch,
                                const char *key)
{
    for (size_t i = 0; i < batch->count; i++)
        if (strcmp(batch->writes[i].key, key) == 0 && !write_apply(pack, &batch->writes[i]))
            return HOP_NOMEM;
    return HOP_OK;
}

static bool all_packed(const struct hop_redis_pack *pack)
{
    for (size_t i = 0; i < pack->profile.count; i++)
        if (!pack->packed[i])
            return false;
    return true;
}

/* What is left of a pack takes less room than it did; should a value find none all the same, its
 * own field is not known and must not be overwritten: all stays as it is. */
static void alone_check(struct hop_redis_pack *pack)
{
    if (!pack->alone || all_packed(pack))
        return;
    free(pack->packed);
    pack->packed = NULL;
    pack->changed = false;
}

static enum hop_rc pack_fill(const struct hop_wire_reply *fields, const struct hop_batch *batch,
                             const char *key, struct hop_redis_pack *pack)
{
    struct hop_span before = {NULL, 0};
    enum hop_rc rc = packed_read(fields, pack, &before);
    if (rc == HOP_OK)
        rc = plain_read(fields, batch, key, pack);
    if (rc == HOP_OK)
        rc = writes_apply(pack, batch, key);
    if (rc != HOP_OK)
        return rc;
    if (!pack->touched && pack->plain.count == 0)
        return HOP_OK;
    pack->packed = calloc(pack->profile.count + 1, sizeof *pack->packed);
    if (!pack->packed)
        return HOP_NOMEM;
    rc = hop_pack_put(&pack->profile, pack->bytes, &pack->len, pack->packed);
    struct hop_span after = {pack->bytes, pack->len};
    pack->changed = pack->stored ? pack->spoilt || !hop_span_equal(before, after) : pack->len > 0;
    alone_check(pack);
    return rc;
}

enum hop_rc hop_redis_pack_new(const struct hop_wire_reply *fields, const struct hop_batch *batch,
                               const char *key, struct hop_redis_pack **ret_pack)
{
    struct hop_redis_pack *pack = calloc(1, sizeof *pack);
    if (!pack)
        return HOP_NOMEM;
    enum hop_rc rc = pack_fill(fields, batch, key, pack);
    if (rc == HOP_OK)
        *ret_pack = pack;
    else
        hop_redis_pack_free(&pack);
    return rc;
}

void hop_redis_pack_free(struct hop_redis_pack **pack)
{
    if (!*pack)
        return;
    hop_profile_done(&(*pack)->profile);
    hop_profile_done(&(*pack)->plain);
    free((*pack)->packed);
    free(*pack);
    *pack = NULL;
}

/* --- and written ------------------------------------------------------------------------------ */

/* What is to be done about a value's own field. */
enum own { OWN_STAYS, OWN_GOES, OWN_IS_SET };

static enum own own_field(const struct hop_redis_pack *pack, size_t at)
{
    const struct hop_sighting *sighting = &pack->profile.sightings[at];
    const struct hop_dayset *there =
        hop_profile_find(&pack->plain, sighting->kind, value_of(sighting));
    if (pack->packed[at])
        return there ? OWN_GOES : OWN_STAYS;
    return there && hop_dayset_equal(there, &sighting->days) ? OWN_STAYS : OWN_IS_SET;
}

size_t hop_redis_pack_changes(const struct hop_redis_pack *pack)
{
    size_t changes = pack->changed;
    for (size_t i = 0; pack->packed && i < pack->profile.count; i++)
        changes += own_field(pack, i) != OWN_STAYS;
    return changes;
}

static void own_field_put(struct hop_wire_pipeline *pipeline, const char *key,
                          const struct hop_redis_pack *pack, size_t at)
{
    enum own own = own_field(pack, at);
    char field[FIELD_TEXT_MAX], days[HOP_DAYSET_TEXT_MAX];
    if (own == OWN_STAYS)
        return;
    field_fill(&pack->profile.sightings[at], field);
    days_fill(&pack->profile.sightings[at], days);
    if (own == OWN_GOES)
        hop_wire_command(pipeline, 3, (const char *[]){"HDEL", key, field});
    else
        hop_wire_command(pipeline, 4, (const char *[]){"HSET", key, field, days});
}

void hop_redis_pack_put(struct hop_wire_pipeline *pipeline, const char *key,
                        const struct hop_redis_pack *pack)
{
    for (size_t i = 0; pack->packed && i < pack->profile.count; i++)
        own_field_put(pipeline, key, pack, i);
    const struct hop_span words[] = {hop_span_of(pack->len ? "HSET" : "HDEL"),
                                     hop_span_of(key),
                                     hop_span_of(HOP_PACK_FIELD),
                                     {pack->bytes, pack->len}};
    if (pack->changed)
        hop_wire_command_bytes(pipeline, pack->len ? 4 : 3, words);
}
