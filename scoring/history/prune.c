/* SPDX-License-Identifier: Apache-2.0 */
#include "prune.h"
#include "date.h"
#include "digest.h"
#include "encode.h"
#include "pack.h"
#include "plan_layout.h"
#include "ulid.h"

#include <stdlib.h>
#include <string.h>

#define WRITES_MAX 256 /* of one batch */
#define NUMBER_TEXT_MAX 24

enum phase { PHASE_ALL, PHASE_OWNERS, PHASE_PAIRS, PHASE_MARK, PHASE_DONE };

struct found {
    enum hop_object object;
    char *key;
};

/* Digests of "identity key" of every key that some profile knows. */
struct backed {
    uint64_t *digests;
    size_t count, room;
    bool sorted;
};

struct hop_prune {
    struct hop_store *store;
    const char *prefix;
    struct hop_reach reach;
    int64_t now;
    int32_t today, oldest; /* days; `oldest` is the last that is kept */
    enum phase phase;
    struct hop_cursor keys;
    struct found *page; /* keys still to be looked at: the last first */
    size_t page_count, page_room;
    struct backed backed;
    struct hop_pruned done;
    /* the work on one key */
    struct hop_batch batch;
    struct hop_profile profile;
    const char *key;
    struct hop_key_parts parts;
    size_t *counter;
    enum hop_rc rc; /* of a visitor */
    struct hop_deadline deadline;
    struct hop_error *err;
};

enum hop_rc hop_prune_new(struct hop_store *store, const struct hop_reach *reach, int64_t now,
                          int retention_days, struct hop_prune **ret_prune, struct hop_error *err)
{
    struct hop_prune *prune = calloc(1, sizeof *prune);
    if (!prune)
        return hop_error_set(err, HOP_NOMEM, "prune: no memory");
    prune->store = store;
    prune->reach = *reach;
    prune->prefix = prune->reach.prefix;
    prune->now = now;
    prune->today = hop_date_day(now);
    prune->oldest = prune->today - retention_days;
    hop_batch_init(&prune->batch);
    hop_profile_init(&prune->profile);
    *ret_prune = prune;
    return HOP_OK;
}

static void page_done(struct hop_prune *prune)
{
    while (prune->page_count)
        free(prune->page[--prune->page_count].key);
}

void hop_prune_free(struct hop_prune **prune)
{
    if (!*prune)
        return;
    page_done(*prune);
    free((*prune)->page);
    free((*prune)->backed.digests);
    hop_batch_done(&(*prune)->batch);
    hop_profile_done(&(*prune)->profile);
    free(*prune);
    *prune = NULL;
}

const struct hop_pruned *hop_prune_result(const struct hop_prune *prune)
{
    return &prune->done;
}

/* --- writes --- */

static enum hop_rc batch_send(struct hop_prune *prune)
{
    enum hop_rc rc = hop_store_write_by(prune->store, &prune->batch, prune->deadline, prune->err);
    if (rc == HOP_OK && prune->counter)
        *prune->counter += prune->batch.count;
    hop_batch_done(&prune->batch);
    return rc;
}

static void take_away(struct hop_prune *prune, enum hop_write_kind kind, struct hop_span name)
{
    char text[HOP_STORE_KEY_MAX + 1] = "";
    bool fits = hop_span_copy(name, text, sizeof text);
    if (prune->rc != HOP_OK || !fits) /* what cannot be named cannot be taken away */
        return;
    prune->rc = hop_batch_add(&prune->batch, kind, prune->key, text, text, 0);
    if (prune->rc == HOP_NOMEM)
        hop_error_set(prune->err, HOP_NOMEM, "prune: no memory");
    else if (prune->rc == HOP_OK && prune->batch.count >= WRITES_MAX)
        prune->rc = batch_send(prune);
}

static enum hop_rc key_erase(struct hop_prune *prune, size_t *counter)
{
    prune->counter = counter;
    take_away(prune, HOP_WRITE_ERASE, hop_span_of(""));
    return prune->rc == HOP_OK ? batch_send(prune) : prune->rc;
}

/* Gives every item of the key to `visit`, which may take it away. */
static enum hop_rc items_go(struct hop_prune *prune, enum hop_object object, hop_item_visit *visit,
                            size_t *counter)
{
    struct hop_cursor cursor = {.ended = false};
    prune->counter = counter;
    while (prune->rc == HOP_OK && !cursor.ended) {
        enum hop_rc rc = hop_store_items_by(prune->store, prune->key, object, &cursor, visit, prune,
                                            prune->deadline, prune->err);
        prune->rc = prune->rc == HOP_OK ? rc : prune->rc;
    }
    return prune->rc == HOP_OK ? batch_send(prune) : prune->rc;
}

/* --- profiles --- */

static bool is_stale(const struct hop_prune *prune, int32_t day)
{
    return day < prune->oldest || day > prune->today + 1;
}

/* After each value, so that a hash of any size costs no more memory than a profile may. */
static void surplus_go(struct hop_prune *prune, enum hop_kind kind)
{
    const struct hop_sighting *surplus = hop_profile_surplus(&prune->profile, kind, prune->today);
    if (!surplus)
        return;
    char field[HOP_VALUE_MAX + 3];
    struct hop_text text = hop_text_over(field, sizeof field);
    hop_field_put(&text, kind, hop_span_of(surplus->value));
    take_away(prune, HOP_WRITE_DROP, hop_span_of(field));
    hop_profile_remove(&prune->profile, kind, hop_span_of(surplus->value));
}

static bool sighting_keep(struct hop_prune *prune, struct hop_span field, struct hop_span value)
{
    enum hop_kind kind;
    struct hop_span name;
    struct hop_dayset days;
    if (!hop_field_parse(field, &kind, &name) || !hop_dayset_parse(value, &days))
        return false;
    hop_dayset_drop_after(&days, prune->today + 1);
    if (hop_dayset_empty(&days) || is_stale(prune, days.last_day))
        return false;
    enum hop_rc rc = hop_profile_join(&prune->profile, kind, name, &days);
    if (rc == HOP_NOMEM)
        prune->rc = hop_error_set(prune->err, rc, "prune: no memory");
    else
        surplus_go(prune, kind);
    return rc != HOP_LIMIT;
}

static bool register_keep(const struct hop_prune *prune, struct hop_span field,
                          struct hop_span value)
{
    struct hop_last last;
    int64_t time;
    if (hop_span_is(field, HOP_FIELD_LAST))
        return hop_last_parse(value, &last) && !is_stale(prune, hop_date_day(last.time));
    return hop_span_is(field, HOP_FIELD_STEP_UP) &&
           hop_span_int64(value, 0, INT64_MAX / 2, &time) && !is_stale(prune, hop_date_day(time));
}

/* A profile packed in another way is not ours to judge. */
static bool is_of_later_version(struct hop_span field)
{
    return field.len > 0 && field.at[0] == HOP_PACK_FIELD[0] && !hop_span_is(field, HOP_PACK_FIELD);
}

static void profile_visit(void *context, struct hop_span field, struct hop_span value)
{
    struct hop_prune *prune = context;
    if (is_of_later_version(field))
        return;
    if (!register_keep(prune, field, value) && !sighting_keep(prune, field, value))
        take_away(prune, HOP_WRITE_DROP, field);
}

static uint64_t backed_digest(struct hop_span identity, struct hop_span key)
{
    char pair[2 * HOP_STORE_KEY_MAX + 2];
    struct hop_text text = hop_text_over(pair, sizeof pair);
    hop_text_put_span(&text, identity);
    hop_text_put_char(&text, ' ');
    hop_text_put_span(&text, key);
    return hop_digest((struct hop_span){pair, text.len});
}

static enum hop_rc backed_add(struct hop_prune *prune, struct hop_span key)
{
    struct backed *backed = &prune->backed;
    char coded[HOP_STORE_KEY_MAX + 1];
    struct hop_text text = hop_text_over(coded, sizeof coded);
    if (backed->count == backed->room) {
        size_t room = backed->room ? backed->room * 2 : 256;
        uint64_t *digests = reallocarray(backed->digests, room, sizeof *digests);
        if (!digests)
            return hop_error_set(prune->err, HOP_NOMEM, "prune: no memory");
        backed->digests = digests;
        backed->room = room;
    }
    hop_percent_put(&text, key);
    backed->digests[backed->count++] =
        backed_digest(prune->parts.name, (struct hop_span){coded, text.len});
    return HOP_OK;
}

static enum hop_rc profile_prune(struct hop_prune *prune)
{
    hop_profile_done(&prune->profile);
    enum hop_rc rc = items_go(prune, HOP_OBJECT_HASH, profile_visit, &prune->done.values);
    for (size_t i = 0; i < prune->profile.count && rc == HOP_OK; i++)
        if (prune->profile.sightings[i].kind == HOP_KIND_KEY)
            rc = backed_add(prune, hop_span_of(prune->profile.sightings[i].value));
    return rc;
}

/* --- the other lists --- */

static void session_visit(void *context, struct hop_span id, struct hop_span value)
{
    (void)value;
    struct hop_prune *prune = context;
    int64_t day = hop_ulid_valid(id) ? hop_ulid_time_ms(id) / 1000 / HOP_DAY_SECONDS : -1;
    if (day < prune->today - HOP_SESSION_KEEP_DAYS || day > prune->today + 1)
        take_away(prune, HOP_WRITE_DROP, id);
}

static void admin_visit(void *context, struct hop_span identity, struct hop_span value)
{
    struct hop_prune *prune = context;
    int64_t day;
    if (!hop_span_int64(value, 0, HOP_DAY_MAX, &day) || is_stale(prune, (int32_t)day) ||
        day < prune->today - HOP_DAYSET_WINDOW)
        take_away(prune, HOP_WRITE_DROP, identity);
}

static enum hop_weed entry_weed(void *context, struct hop_span id, struct hop_span value)
{
    (void)value;
    const struct hop_prune *prune = context;
    int64_t oldest_ms = (int64_t)prune->oldest * HOP_DAY_SECONDS * 1000;
    return hop_ulid_time_ms(id) < oldest_ms ? HOP_WEED_REMOVE : HOP_WEED_KEEP;
}

static enum hop_rc log_prune(struct hop_prune *prune)
{
    size_t removed;
    enum hop_rc rc = hop_store_weed_by(prune->store, prune->key, entry_weed, prune, &removed,
                                       prune->deadline, prune->err);
    prune->done.entries += removed;
    return rc;
}

static enum hop_rc flood_note(struct hop_prune *prune)
{
    struct hop_read *read = calloc(1, sizeof *read);
    struct hop_replies replies;
    hop_replies_init(&replies);
    if (!read)
        return hop_error_set(prune->err, HOP_NOMEM, "prune: no memory");
    read->kind = HOP_READ_SET_SIZE;
    hop_string_copy(read->key, sizeof read->key, prune->key);
    enum hop_rc rc =
        hop_store_read_by(prune->store, read, 1, &replies, prune->deadline, prune->err);
    if (rc == HOP_OK && replies.items[0].number > HOP_SHARED_SET_FULL) {
        prune->done.flooded++;
        hop_string_copy(prune->done.flooded_key, sizeof prune->done.flooded_key, prune->key);
    }
    hop_replies_done(&replies);
    free(read);
    return rc;
}

/* What a score would still read is kept, and tomorrow's, for clocks that are ahead; what is later
 * still nobody would ever read. */
static bool touches_are_old(const struct hop_prune *prune)
{
    int64_t bucket;
    return !hop_span_int64(prune->parts.tail, 0, INT64_MAX, &bucket) ||
           bucket <= hop_touch_bucket(prune->now) - HOP_TOUCH_BUCKETS ||
           bucket > hop_touch_bucket(prune->now + HOP_DAY_SECONDS);
}

/* The freeze list has no bucket, and stays. */
static bool failures_are_old(const struct hop_prune *prune)
{
    int64_t bucket;
    return prune->parts.tail.len > 0 &&
           (!hop_span_int64(prune->parts.tail, 0, INT64_MAX, &bucket) ||
            bucket < hop_failure_bucket(prune->now - HOP_DAY_SECONDS) ||
            bucket > hop_failure_bucket(prune->now + HOP_DAY_SECONDS));
}

static bool visits_are_old(const struct hop_prune *prune)
{
    int64_t month;
    int now = hop_month_of(prune->today);
    return !hop_span_int64(prune->parts.tail, 0, INT32_MAX / 2, &month) ||
           month <= now - HOP_VISIT_MONTHS || month < hop_month_of(prune->oldest) ||
           month > now + 1;
}

/* No login waits for a day. */
static bool approval_is_old(const struct hop_prune *prune)
{
    if (!hop_ulid_valid(prune->parts.name))
        return false; /* none of ours */
    int64_t day = hop_ulid_time_ms(prune->parts.name) / 1000 / HOP_DAY_SECONDS;
    return day < prune->today - 1 || day > prune->today + 1;
}

static enum hop_rc key_prune(struct hop_prune *prune, enum hop_object object)
{
    switch (prune->parts.list) {
    case 'p':
        return object == HOP_OBJECT_HASH ? profile_prune(prune) : HOP_OK;
    case 'x':
        return touches_are_old(prune) ? key_erase(prune, &prune->done.touches) : flood_note(prune);
    case 'f':
    case 'q':
        return failures_are_old(prune) ? key_erase(prune, &prune->done.failures) : HOP_OK;
    case 'y':
        return visits_are_old(prune) ? key_erase(prune, &prune->done.visits) : HOP_OK;
    case 's':
        return object == HOP_OBJECT_HASH
                   ? items_go(prune, object, session_visit, &prune->done.sessions)
                   : HOP_OK;
    case 'd':
        return object == HOP_OBJECT_HASH ? items_go(prune, object, admin_visit, &prune->done.admins)
                                         : HOP_OK;
    case 'o':
        return approval_is_old(prune) ? key_erase(prune, &prune->done.approvals) : HOP_OK;
    case 'n':
        return flood_note(prune);
    case 'l':
        return object == HOP_OBJECT_LOG ? log_prune(prune) : HOP_OK;
    default:
        return HOP_OK;
    }
}

/* --- owners and pairs: who is not backed goes --- */

static int by_digest(const void *a_, const void *b_)
{
    const uint64_t *a = a_, *b = b_;
    return (*a > *b) - (*a < *b);
}

/* One who logs in with the key right now and is not seen yet comes back with the next login. */
static void owner_visit(void *context, struct hop_span identity, struct hop_span value)
{
    (void)value;
    struct hop_prune *prune = context;
    const struct backed *backed = &prune->backed;
    uint64_t digest = backed_digest(identity, prune->parts.name);
    if (!backed->count ||
        !bsearch(&digest, backed->digests, backed->count, sizeof digest, by_digest))
        take_away(prune, HOP_WRITE_LEAVE, identity);
}

static enum hop_rc owners_prune(struct hop_prune *prune)
{
    if (prune->parts.list != 'k')
        return HOP_OK;
    enum hop_rc rc = items_go(prune, HOP_OBJECT_SET, owner_visit, &prune->done.owners);
    return rc == HOP_OK ? flood_note(prune) : rc;
}

/* d:{[/team]}:witness holds "tenant|identity", d:{tenant[/team]}:witness the identity. */
static bool pair_read(const struct hop_prune *prune, struct hop_span member, struct hop_read *read)
{
    struct hop_span tenant, identity = member;
    if (!hop_span_cut(&identity, '|', &tenant) || !identity.len || !tenant.len ||
        !hop_span_copy(identity, read->field, sizeof read->field))
        return false;
    read->kind = HOP_READ_FIELD;
    struct hop_text key = hop_text_over(read->key, sizeof read->key);
    hop_text_put(&key, prune->prefix);
    hop_text_put(&key, "d:{");
    hop_text_put_span(&key, tenant);
    hop_text_put_span(&key, prune->parts.name);
    hop_text_put(&key, "}:");
    hop_text_put_span(&key, prune->parts.tail);
    return !key.cut;
}

static void pair_visit(void *context, struct hop_span member, struct hop_span value)
{
    (void)value;
    struct hop_prune *prune = context;
    struct hop_read *read = calloc(1, sizeof *read);
    struct hop_replies replies;
    hop_replies_init(&replies);
    if (!read) {
        prune->rc = hop_error_set(prune->err, HOP_NOMEM, "prune: no memory");
        return;
    }
    bool sound = pair_read(prune, member, read);
    if (sound && prune->rc == HOP_OK)
        prune->rc = hop_store_read_by(prune->store, read, 1, &replies, prune->deadline, prune->err);
    if (prune->rc == HOP_OK && (!sound || !replies.items[0].present))
        take_away(prune, HOP_WRITE_LEAVE, member);
    hop_replies_done(&replies);
    free(read);
}

static enum hop_rc pairs_prune(struct hop_prune *prune, enum hop_object object)
{
    bool pairs = prune->parts.list == 'd' && object == HOP_OBJECT_SET;
    return pairs ? items_go(prune, HOP_OBJECT_SET, pair_visit, &prune->done.admins) : HOP_OK;
}

/* --- the order --- */

static void key_keep(void *context, const char *key, enum hop_object object)
{
    struct hop_prune *prune = context;
    if (prune->page_count == prune->page_room) {
        size_t room = prune->page_room ? prune->page_room * 2 : HOP_WALK_PAGE;
        struct found *page = reallocarray(prune->page, room, sizeof *page);
        if (!page) {
            prune->rc = hop_error_set(prune->err, HOP_NOMEM, "prune: no memory");
            return;
        }
        prune->page = page;
        prune->page_room = room;
    }
    char *copy = strdup(key);
    if (copy)
        prune->page[prune->page_count++] = (struct found){object, copy};
    else
        prune->rc = hop_error_set(prune->err, HOP_NOMEM, "prune: no memory");
}

static enum hop_rc found_prune(struct hop_prune *prune, const struct found *found)
{
    prune->key = found->key;
    if (!hop_key_parse(found->key, prune->prefix, &prune->parts))
        return HOP_OK;
    switch (prune->phase) {
    case PHASE_ALL:
        prune->done.keys++;
        return key_prune(prune, found->object);
    case PHASE_OWNERS:
        return owners_prune(prune);
    case PHASE_PAIRS:
        return pairs_prune(prune, found->object);
    case PHASE_MARK:
    case PHASE_DONE:
        break;
    }
    return HOP_OK;
}

/* One key that its owner made too large must not keep all others from being looked at. */
static enum hop_rc pass_over(struct hop_prune *prune, const char *key)
{
    hop_batch_done(&prune->batch);
    prune->rc = HOP_OK;
    prune->done.unread++;
    hop_string_copy(prune->done.unread_key, sizeof prune->done.unread_key, key);
    hop_error_clear(prune->err);
    return HOP_OK;
}

static void phase_end(struct hop_prune *prune)
{
    if (prune->phase == PHASE_ALL && prune->backed.count)
        qsort(prune->backed.digests, prune->backed.count, sizeof *prune->backed.digests, by_digest);
    prune->phase++;
    prune->keys = (struct hop_cursor){.ended = false};
}

static enum hop_rc page_prune(struct hop_prune *prune)
{
    static const char *const LISTS[] = {
        [PHASE_ALL] = "", [PHASE_OWNERS] = "k:", [PHASE_PAIRS] = "d:"};
    char prefix[HOP_TENANT_MAX + 4];
    struct hop_text text = hop_text_over(prefix, sizeof prefix);
    hop_text_put(&text, prune->prefix);
    hop_text_put(&text, LISTS[prune->phase]);
    enum hop_rc rc = HOP_OK;
    if (!prune->page_count)
        rc = hop_store_keys_by(prune->store, prefix, &prune->keys, key_keep, prune, prune->deadline,
                               prune->err);
    if (rc == HOP_OK)
        rc = prune->rc;
    while (rc == HOP_OK && prune->page_count) {
        const struct found *found = &prune->page[prune->page_count - 1];
        rc = found_prune(prune, found);
        if (rc == HOP_MALFORMED)
            rc = pass_over(prune, found->key);
        if (rc == HOP_OK)
            free(prune->page[--prune->page_count].key);
    }
    if (rc == HOP_OK && prune->keys.ended)
        phase_end(prune);
    return rc;
}

static enum hop_rc mark(struct hop_prune *prune)
{
    char key[HOP_STORE_KEY_MAX + 1], time[NUMBER_TEXT_MAX];
    struct hop_text text = hop_text_over(key, sizeof key);
    hop_key_pruned(&text, &prune->reach);
    text = hop_text_over(time, sizeof time);
    hop_text_put_int(&text, prune->now);
    prune->counter = NULL;
    enum hop_rc rc = hop_batch_add(&prune->batch, HOP_WRITE_LATEST, key, HOP_FIELD_PRUNED, time, 0);
    if (rc != HOP_OK)
        return hop_error_set(prune->err, rc, "prune: no memory");
    rc = batch_send(prune);
    if (rc == HOP_OK)
        prune->phase = PHASE_DONE;
    return rc;
}

enum hop_rc hop_prune_step_by(struct hop_prune *prune, bool *ret_done, struct hop_deadline deadline,
                              struct hop_error *err)
{
    struct hop_error quiet;
    prune->deadline = deadline;
    prune->err = err ? err : &quiet;
    prune->rc = HOP_OK;
    hop_batch_done(&prune->batch);
    enum hop_rc rc = HOP_OK;
    if (prune->phase < PHASE_MARK)
        rc = page_prune(prune);
    else if (prune->phase == PHASE_MARK)
        rc = mark(prune);
    *ret_done = prune->phase == PHASE_DONE;
    return rc;
}

enum hop_rc hop_pruned_time_by(struct hop_store *store, const struct hop_reach *reach,
                               int64_t *ret_time, struct hop_deadline deadline,
                               struct hop_error *err)
{
    struct hop_read *read = calloc(1, sizeof *read);
    struct hop_replies replies;
    hop_replies_init(&replies);
    if (!read)
        return hop_error_set(err, HOP_NOMEM, "prune: no memory");
    read->kind = HOP_READ_FIELD;
    struct hop_text key = hop_text_over(read->key, sizeof read->key);
    hop_key_pruned(&key, reach);
    hop_string_copy(read->field, sizeof read->field, HOP_FIELD_PRUNED);
    enum hop_rc rc = hop_store_read_by(store, read, 1, &replies, deadline, err);
    if (rc == HOP_OK) {
        *ret_time = 0;
        if (replies.items[0].present)
            hop_span_int64(replies.items[0].pairs[0].value, 0, INT64_MAX / 2, ret_time);
    }
    hop_replies_done(&replies);
    free(read);
    return rc;
}
