/* SPDX-License-Identifier: Apache-2.0 */
/* The store of a replay and of tests: private, and gone with its handle.
 *
 *   keys   table of name -> object        object  a table: hash field -> value, or set member -> ""
 *                                                 and a log: entries in order of writing
 *   table  nodes in order of insertion; slots hold node number + 1, 0 is free, beside the upper
 * half of its hash; linear probing, at most half full
 */
#include "plan.h"

#include "ulid.h"

#include <stdlib.h>
#include <string.h>

#define NODES_FIRST 8
#define NOWHERE SIZE_MAX

struct node {
    uint64_t hash;
    char *name, *value; /* value NULL in the table of keys */
};

/* Most searches find out here that a name is not there. */
struct slot {
    uint32_t node, hash;
};

struct table {
    struct node *nodes;
    size_t count, room;
    struct slot *slots;
    size_t slot_count; /* 0 or a power of two, more than twice count */
};

struct entry {
    char *id, *value;
};

struct object {
    enum hop_object holds;
    struct table table;
    struct hop_profile *profile; /* of the table, once somebody asked for it; NULL */
    struct entry *entries;
    size_t entry_count, entry_room;
};

struct memory_store {
    struct hop_store base;
    struct table keys;
    struct object *objects; /* of the nodes of keys, same order; keys are never removed */
    size_t object_room;
};

/* Eight bytes at a time, each mixed in by a multiplication whose upper half is folded back
 * (xorshift-multiply). The store is private: nobody chooses names against it. */
static uint64_t hash_mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 32;
}

static uint64_t hash_of(const char *name)
{
    size_t len = strlen(name);
    uint64_t hash = len, word;
    for (; len >= sizeof word; len -= sizeof word, name += sizeof word) {
        memcpy(&word, name, sizeof word);
        hash = hash_mix(hash, word);
    }
    word = 0;
    memcpy(&word, name, len);
    return hash_mix(hash, word);
}

/* The slot of `name`, or the free one where it belongs. slot_count is not 0. */
static size_t slot_of(const struct table *table, uint64_t hash, const char *name)
{
    size_t mask = table->slot_count - 1, slot = (size_t)hash & mask;
    for (; table->slots[slot].node; slot = (slot + 1) & mask) {
        if (table->slots[slot].hash == (uint32_t)(hash >> 32) &&
            strcmp(table->nodes[table->slots[slot].node - 1].name, name) == 0)
            break;
    }
    return slot;
}

static size_t table_find_hashed(const struct table *table, uint64_t hash, const char *name)
{
    if (!table->slot_count)
        return NOWHERE;
    size_t slot = slot_of(table, hash, name);
    return table->slots[slot].node ? table->slots[slot].node - 1 : NOWHERE;
}

static size_t table_find(const struct table *table, const char *name)
{
    return table_find_hashed(table, hash_of(name), name);
}

static void slot_fill(struct table *table, size_t slot, size_t node)
{
    table->slots[slot] =
        (struct slot){(uint32_t)node + 1, (uint32_t)(table->nodes[node].hash >> 32)};
}

static bool nodes_grow(struct table *table)
{
    if (table->count < table->room)
        return true;
    size_t room = table->room ? table->room * 2 : NODES_FIRST;
    struct node *nodes = room < UINT32_MAX ? reallocarray(table->nodes, room, sizeof *nodes) : NULL;
    if (!nodes)
        return false;
    table->nodes = nodes;
    table->room = room;
    return true;
}

static bool slots_grow(struct table *table)
{
    if ((table->count + 1) * 2 < table->slot_count)
        return true;
    size_t count = table->slot_count ? table->slot_count * 2 : NODES_FIRST * 4;
    struct slot *slots = calloc(count, sizeof *slots);
    if (!slots)
        return false;
    free(table->slots);
    table->slots = slots;
    table->slot_count = count;
    for (size_t i = 0; i < table->count; i++)
        slot_fill(table, slot_of(table, table->nodes[i].hash, table->nodes[i].name), i);
    return true;
}

/* Takes over `value`. NOWHERE without memory. */
static size_t table_insert(struct table *table, const char *name, char *value)
{
    char *copy = strdup(name);
    if (!copy || !nodes_grow(table) || !slots_grow(table)) {
        free(copy);
        return NOWHERE;
    }
    uint64_t hash = hash_of(name);
    size_t at = table->count++;
    table->nodes[at] = (struct node){.hash = hash, .name = copy, .value = value};
    slot_fill(table, slot_of(table, hash, name), at);
    return at;
}

/* Closes the gap that a freed slot leaves in its run. */
static void slot_free(struct table *table, size_t slot)
{
    size_t mask = table->slot_count - 1, next = slot;
    for (;;) {
        next = (next + 1) & mask;
        if (!table->slots[next].node)
            break;
        size_t ideal = (size_t)table->nodes[table->slots[next].node - 1].hash & mask;
        if (((next - ideal) & mask) < ((next - slot) & mask))
            continue;
        table->slots[slot] = table->slots[next];
        slot = next;
    }
    table->slots[slot] = (struct slot){0};
}

/* The last node moves into the place of the removed one. */
static void table_remove(struct table *table, size_t at)
{
    struct node gone = table->nodes[at];
    slot_free(table, slot_of(table, gone.hash, gone.name));
    size_t last = table->count - 1;
    if (at != last) {
        size_t slot = slot_of(table, table->nodes[last].hash, table->nodes[last].name);
        table->nodes[at] = table->nodes[last];
        slot_fill(table, slot, at);
    }
    table->count--;
    free(gone.name);
    free(gone.value);
}

static void table_done(struct table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        free(table->nodes[i].name);
        free(table->nodes[i].value);
    }
    free(table->nodes);
    free(table->slots);
}

/* Asks for what a search will look into first. */
static void object_fetch(const struct memory_store *store, uint64_t hash)
{
    if (store->keys.slot_count)
        __builtin_prefetch(&store->keys.slots[hash & (store->keys.slot_count - 1)]);
}

static struct object *object_find_hashed(const struct memory_store *store, uint64_t hash,
                                         const char *key)
{
    size_t at = table_find_hashed(&store->keys, hash, key);
    return at == NOWHERE ? NULL : &store->objects[at];
}

static struct object *object_find(const struct memory_store *store, const char *key)
{
    return object_find_hashed(store, hash_of(key), key);
}

static struct object *object_make(struct memory_store *store, uint64_t hash, const char *key)
{
    size_t at = table_find_hashed(&store->keys, hash, key);
    if (at != NOWHERE)
        return &store->objects[at];
    if (store->keys.count == store->object_room) {
        size_t room = store->object_room ? store->object_room * 2 : NODES_FIRST;
        struct object *objects = reallocarray(store->objects, room, sizeof *objects);
        if (!objects)
            return NULL;
        store->objects = objects;
        store->object_room = room;
    }
    at = table_insert(&store->keys, key, NULL);
    if (at == NOWHERE)
        return NULL;
    store->objects[at] = (struct object){0};
    return &store->objects[at];
}

static enum hop_rc hash_read(const struct table *table, struct hop_replies *replies,
                             struct hop_reply *reply)
{
    enum hop_rc rc = HOP_OK;
    for (size_t i = 0; i < table->count && rc == HOP_OK; i++)
        rc = hop_replies_lend(replies, reply, hop_span_of(table->nodes[i].name),
                              hop_span_of(table->nodes[i].value));
    return rc;
}

/* Kept up to date by writes from then on. NULL without memory. */
static const struct hop_profile *profile_of(struct object *object)
{
    if (object->profile)
        return object->profile;
    const struct table *table = &object->table;
    struct hop_pair *pairs = calloc(table->count + 1, sizeof *pairs);
    object->profile = calloc(1, sizeof *object->profile);
    for (size_t i = 0; pairs && i < table->count; i++)
        pairs[i] = (struct hop_pair){hop_span_of(table->nodes[i].name),
                                     hop_span_of(table->nodes[i].value)};
    if (!pairs || !object->profile ||
        hop_profile_of_pairs(pairs, table->count, object->profile) != HOP_OK) {
        free(object->profile);
        object->profile = NULL;
    }
    free(pairs);
    return object->profile;
}

static void profile_forget(struct object *object)
{
    if (object->profile)
        hop_profile_done(object->profile);
    free(object->profile);
    object->profile = NULL;
}

static enum hop_rc field_read(const struct table *table, const char *field,
                              struct hop_replies *replies, struct hop_reply *reply)
{
    size_t at = table_find(table, field);
    if (at == NOWHERE)
        return HOP_OK;
    return hop_replies_lend(replies, reply, hop_span_of(field),
                            hop_span_of(table->nodes[at].value));
}

/* The members added last. */
static enum hop_rc sample_read(const struct table *table, size_t limit, struct hop_replies *replies,
                               struct hop_reply *reply)
{
    enum hop_rc rc = HOP_OK;
    size_t first = table->count > limit ? table->count - limit : 0;
    for (size_t i = table->count; i > first && rc == HOP_OK; i--)
        rc = hop_replies_lend(replies, reply, hop_span_of(table->nodes[i - 1].name),
                              (struct hop_span){0});
    return rc;
}

static enum hop_rc read_one(struct object *object, const struct hop_read *read,
                            struct hop_replies *replies, struct hop_reply *reply)
{
    if (!object)
        return HOP_OK;
    switch (read->kind) {
    case HOP_READ_HASH:
        if (read->profile_will_do)
            reply->profile = profile_of(object);
        reply->present = object->table.count > 0;
        if (reply->profile)
            return HOP_OK;
        return hash_read(&object->table, replies, reply);
    case HOP_READ_FIELD:
        return field_read(&object->table, read->field, replies, reply);
    case HOP_READ_SAMPLE:
        return sample_read(&object->table, read->limit, replies, reply);
    case HOP_READ_HASH_SIZE:
    case HOP_READ_SET_SIZE:
        reply->number = (int64_t)object->table.count;
        break;
    case HOP_READ_TIME:
    case HOP_READ_KIND_COUNT:
        break;
    }
    return HOP_OK;
}

#define READ_AT_ONCE 16

/* All slots are asked of the processor's memory before the first is looked into. */
static enum hop_rc read_some(const struct memory_store *store, const struct hop_read *reads,
                             size_t count, struct hop_replies *replies, struct hop_reply *items)
{
    uint64_t hashes[READ_AT_ONCE];
    struct object *object = NULL;
    enum hop_rc rc = HOP_OK;
    for (size_t i = 0; i < count; i++) {
        hashes[i] = hash_of(reads[i].key);
        object_fetch(store, hashes[i]);
    }
    for (size_t i = 0; i < count && rc == HOP_OK; i++) {
        if (i == 0 || hashes[i] != hashes[i - 1] || strcmp(reads[i].key, reads[i - 1].key) != 0)
            object = object_find_hashed(store, hashes[i], reads[i].key);
        rc = read_one(object, &reads[i], replies, &items[i]);
    }
    return rc;
}

static enum hop_rc memory_read_by(struct hop_store *base, const struct hop_read *reads,
                                  size_t count, struct hop_replies *replies,
                                  struct hop_deadline deadline, struct hop_error *err)
{
    (void)deadline;
    const struct memory_store *store = (const struct memory_store *)base;
    for (size_t i = 0; i < count; i += READ_AT_ONCE) {
        size_t some = count - i < READ_AT_ONCE ? count - i : READ_AT_ONCE;
        enum hop_rc rc = read_some(store, reads + i, some, replies, replies->items + i);
        if (rc != HOP_OK)
            return hop_error_set(err, rc, "memory: %s", hop_rc_word(rc));
    }
    return HOP_OK;
}

/* How to take one write back: the value the name had before, or that it was absent. */
struct undo {
    uint64_t hash; /* of a key that the write before has not */
    size_t object; /* NOWHERE: nothing was changed */
    bool log, absent;
    const char *name; /* the batch's; NULL: a log's entry, or all of the object */
    struct object erased;
    char *old;
};

static void undo_begin(const struct memory_store *store, const struct object *object,
                       struct undo *undo)
{
    undo->object = (size_t)(object - store->objects);
}

/* Takes over `value`, also on failure. */
static bool table_set(struct memory_store *store, struct object *object, const char *name,
                      char *value, struct undo *ret_undo)
{
    undo_begin(store, object, ret_undo);
    ret_undo->name = name;
    size_t at = table_find(&object->table, name);
    if (at != NOWHERE) {
        ret_undo->old = object->table.nodes[at].value;
        object->table.nodes[at].value = value;
        return true;
    }
    ret_undo->absent = true;
    if (table_insert(&object->table, name, value) != NOWHERE)
        return true;
    free(value);
    ret_undo->object = NOWHERE;
    return false;
}

/* The day-set that the decoded profile has for a field; NULL where it is not known. */
static const struct hop_dayset *known_days(const struct object *object,
                                           const struct hop_write *write)
{
    enum hop_kind kind;
    struct hop_span value;
    if (!object->profile || !write->days ||
        !hop_field_parse(hop_span_of(write->field), &kind, &value))
        return NULL;
    return hop_profile_find(object->profile, kind, value);
}

/* Most of a day's logins show nothing that an earlier one did not. */
static bool days_join(const struct hop_dayset *known, const struct hop_write *write,
                      struct hop_text *joined)
{
    struct hop_dayset days = *known;
    hop_dayset_join(&days, write->days);
    if (hop_dayset_equal(&days, known))
        return false;
    hop_dayset_put(joined, &days);
    return true;
}

static bool last_join(const struct hop_last *known, const struct hop_write *write,
                      struct hop_text *joined)
{
    if (hop_last_later(known, write->last) == known)
        return false;
    hop_text_put(joined, write->value);
    return true;
}

/* The value that the table has after the write; false where it stays as it is. The decoded profile
 * has nothing that the table has not. */
static bool field_joined(const struct object *object, const struct hop_write *write,
                         struct hop_text *joined)
{
    const struct hop_dayset *known = known_days(object, write);
    if (known)
        return days_join(known, write, joined);
    if (object->profile && object->profile->last.time > 0 && write->last &&
        strcmp(write->field, HOP_FIELD_LAST) == 0)
        return last_join(&object->profile->last, write, joined);
    size_t at = table_find(&object->table, write->field);
    struct hop_span old = {0};
    if (at != NOWHERE)
        old = hop_span_of(object->table.nodes[at].value);
    bool changed;
    return hop_write_join(write, old, joined, &changed) && changed;
}

static bool field_join(struct memory_store *store, struct object *object,
                       const struct hop_write *write, struct undo *ret_undo)
{
    char buffer[HOP_JOINED_MAX + 1];
    struct hop_text joined = hop_text_over(buffer, sizeof buffer);
    if (!field_joined(object, write, &joined))
        return true;
    char *value = strdup(buffer);
    return value && table_set(store, object, write->field, value, ret_undo);
}

static bool member_add(struct memory_store *store, struct object *object,
                       const struct hop_write *write, struct undo *ret_undo)
{
    size_t at = table_find(&object->table, write->value);
    if (at != NOWHERE && object->table.nodes[at].value)
        return true;
    char *value = strdup("");
    return value && table_set(store, object, write->value, value, ret_undo);
}

static bool name_drop(struct memory_store *store, struct object *object, const char *name,
                      struct undo *ret_undo)
{
    size_t at = table_find(&object->table, name);
    if (at == NOWHERE)
        return true;
    /* Undoing must not need memory: the node stays, without a value, until the batch is done. */
    undo_begin(store, object, ret_undo);
    ret_undo->name = name;
    ret_undo->old = object->table.nodes[at].value;
    object->table.nodes[at].value = NULL;
    return true;
}

static bool object_erase(struct memory_store *store, struct object *object, struct undo *ret_undo)
{
    undo_begin(store, object, ret_undo);
    ret_undo->erased = *object;
    *object = (struct object){0};
    return true;
}

static bool log_append(struct memory_store *store, struct object *object,
                       const struct hop_write *write, struct undo *ret_undo)
{
    if (object->entry_count == object->entry_room) {
        size_t room = object->entry_room ? object->entry_room * 2 : NODES_FIRST;
        struct entry *entries = reallocarray(object->entries, room, sizeof *entries);
        if (!entries)
            return false;
        object->entries = entries;
        object->entry_room = room;
    }
    struct entry entry = {.id = strdup(write->field), .value = strdup(write->value)};
    if (!entry.id || !entry.value) {
        free(entry.id);
        free(entry.value);
        return false;
    }
    object->entries[object->entry_count++] = entry;
    undo_begin(store, object, ret_undo);
    ret_undo->log = true;
    return true;
}

static enum hop_object object_of(enum hop_write_kind kind)
{
    if (kind == HOP_WRITE_LOG)
        return HOP_OBJECT_LOG;
    return kind == HOP_WRITE_MEMBER ? HOP_OBJECT_SET : HOP_OBJECT_HASH;
}

/* The decoded profile is never behind the table, not even within a batch; where it cannot follow
 * it is decoded anew. */
static void profile_follow(struct object *object, const struct hop_write *write)
{
    if (object->profile && hop_profile_write(object->profile, write) != HOP_OK)
        profile_forget(object);
}

static bool write_one(struct memory_store *store, struct object *object,
                      const struct hop_write *write, struct undo *ret_undo)
{
    if (!object->table.count && !object->entry_count)
        object->holds = object_of(write->kind);
    switch (write->kind) {
    case HOP_WRITE_DAYS:
    case HOP_WRITE_LAST:
    case HOP_WRITE_LATEST:
        return field_join(store, object, write, ret_undo);
    case HOP_WRITE_FIELD: {
        char *value = strdup(write->value);
        return value && table_set(store, object, write->field, value, ret_undo);
    }
    case HOP_WRITE_DROP:
        return name_drop(store, object, write->field, ret_undo);
    case HOP_WRITE_MEMBER:
        return member_add(store, object, write, ret_undo);
    case HOP_WRITE_LEAVE:
        return name_drop(store, object, write->value, ret_undo);
    case HOP_WRITE_ERASE:
        return object_erase(store, object, ret_undo);
    case HOP_WRITE_LOG:
        return log_append(store, object, write, ret_undo);
    case HOP_WRITE_KIND_COUNT:
        break;
    }
    return true;
}

static void object_done(struct object *object)
{
    profile_forget(object);
    table_done(&object->table);
    for (size_t i = 0; i < object->entry_count; i++) {
        free(object->entries[i].id);
        free(object->entries[i].value);
    }
    free(object->entries);
}

static void undo_one(struct memory_store *store, const struct undo *undo)
{
    if (undo->object == NOWHERE)
        return;
    struct object *object = &store->objects[undo->object];
    profile_forget(object);
    if (undo->log) {
        struct entry *entry = &object->entries[--object->entry_count];
        free(entry->id);
        free(entry->value);
        return;
    }
    if (!undo->name) {
        object_done(object);
        *object = undo->erased;
        return;
    }
    size_t at = table_find(&object->table, undo->name);
    if (undo->absent) {
        table_remove(&object->table, at);
        return;
    }
    free(object->table.nodes[at].value);
    object->table.nodes[at].value = undo->old;
}

/* Only once as many again have gathered, so that appending stays cheap. */
static void entries_trim(struct object *object, size_t cap)
{
    if (object->entry_count / 2 < cap)
        return;
    size_t surplus = object->entry_count - cap;
    for (size_t i = 0; i < surplus; i++) {
        free(object->entries[i].id);
        free(object->entries[i].value);
    }
    memmove(object->entries, object->entries + surplus, cap * sizeof *object->entries);
    object->entry_count = cap;
}

/* The batch is in: what cannot fail any more. */
static void settle_one(struct memory_store *store, const struct hop_write *write,
                       const struct undo *undo)
{
    if (undo->object == NOWHERE)
        return;
    struct object *object = &store->objects[undo->object], erased = undo->erased;
    free(undo->old);
    object_done(&erased);
    if (write->kind == HOP_WRITE_LOG)
        entries_trim(object, (size_t)write->number);
    if (write->kind != HOP_WRITE_DROP && write->kind != HOP_WRITE_LEAVE)
        return;
    size_t at = table_find(&object->table, undo->name);
    if (at != NOWHERE && !object->table.nodes[at].value)
        table_remove(&object->table, at);
}

static bool has_new_key(const struct hop_batch *batch, size_t at)
{
    return at == 0 || batch->writes[at].key != batch->writes[at - 1].key;
}

static void keys_fetch(const struct memory_store *store, const struct hop_batch *batch,
                       struct undo *undos)
{
    for (size_t i = 0; i < batch->count; i++) {
        if (!has_new_key(batch, i))
            continue;
        undos[i].hash = hash_of(batch->writes[i].key);
        object_fetch(store, undos[i].hash);
    }
}

static enum hop_rc memory_write_by(struct hop_store *base, const struct hop_batch *batch,
                                   struct hop_deadline deadline, struct hop_error *err)
{
    (void)deadline;
    struct memory_store *store = (struct memory_store *)base;
    struct undo *undos = calloc(batch->count, sizeof *undos);
    if (!undos)
        return hop_error_set(err, HOP_NOMEM, "memory: no memory");
    keys_fetch(store, batch, undos);
    size_t done = 0;
    bool fine = true;
    struct object *object = NULL;
    for (; done < batch->count && fine; done++) {
        const struct hop_write *write = &batch->writes[done];
        undos[done].object = NOWHERE;
        if (has_new_key(batch, done))
            object = object_make(store, undos[done].hash, write->key);
        fine = object && write_one(store, object, write, &undos[done]);
        if (fine && undos[done].object != NOWHERE)
            profile_follow(object, write);
    }
    for (size_t i = 0; i < done && fine; i++)
        settle_one(store, &batch->writes[i], &undos[i]);
    while (!fine && done)
        undo_one(store, &undos[--done]);
    free(undos);
    return fine ? HOP_OK : hop_error_set(err, HOP_NOMEM, "memory: no memory");
}

static enum hop_rc memory_log_by(struct hop_store *base, const char *key, int64_t since_ms,
                                 hop_log_visit *visit, void *context, struct hop_deadline deadline,
                                 struct hop_error *err)
{
    (void)deadline, (void)err;
    const struct object *object = object_find((const struct memory_store *)base, key);
    if (!object)
        return HOP_OK;
    for (size_t i = 0; i < object->entry_count; i++) {
        struct hop_span id = hop_span_of(object->entries[i].id);
        if (since_ms > 0 && hop_ulid_time_ms(id) < since_ms)
            continue;
        if (!visit(context, id, hop_span_of(object->entries[i].value)))
            break;
    }
    return HOP_OK;
}

/* Keys never go, so that their number is a cursor. */
static bool cursor_number(const struct hop_cursor *cursor, int64_t *ret_number)
{
    return !cursor->at[0] || hop_span_int64(hop_span_of(cursor->at), 0, INT64_MAX, ret_number);
}

static void cursor_move(struct hop_cursor *cursor, int64_t number, bool ended)
{
    struct hop_text text = hop_text_over(cursor->at, sizeof cursor->at);
    hop_text_put_int(&text, number);
    cursor->ended = ended;
}

static enum hop_rc memory_keys_by(struct hop_store *base, const char *prefix,
                                  struct hop_cursor *cursor, hop_key_visit *visit, void *context,
                                  struct hop_deadline deadline, struct hop_error *err)
{
    (void)deadline;
    struct memory_store *store = (struct memory_store *)base;
    int64_t at = 0;
    if (!cursor_number(cursor, &at))
        return hop_error_set(err, HOP_MALFORMED, "memory: not a cursor");
    for (int page = 0; page < HOP_WALK_PAGE && (size_t)at < store->keys.count; page++, at++) {
        const char *key = store->keys.nodes[at].name;
        const struct object *object = &store->objects[at];
        if (strncmp(key, prefix, strlen(prefix)) == 0 &&
            (object->entry_count || object->table.count))
            visit(context, key, object->holds);
    }
    cursor_move(cursor, at, (size_t)at >= store->keys.count);
    return HOP_OK;
}

/* Backwards: where something is removed the last node takes its place, and was visited before. */
static enum hop_rc memory_items_by(struct hop_store *base, const char *key, enum hop_object kind,
                                   struct hop_cursor *cursor, hop_item_visit *visit, void *context,
                                   struct hop_deadline deadline, struct hop_error *err)
{
    (void)deadline;
    struct memory_store *store = (struct memory_store *)base;
    int64_t left = INT64_MAX;
    if (!cursor_number(cursor, &left))
        return hop_error_set(err, HOP_MALFORMED, "memory: not a cursor");
    for (int page = 0; page < HOP_WALK_PAGE; page++) {
        const struct object *object = object_find(store, key); /* anew: the visitor may write */
        if (!object || object->holds != kind)
            break;
        int64_t count = (int64_t)object->table.count;
        left = left < count ? left : count;
        if (left == 0)
            break;
        const struct node *node = &object->table.nodes[--left];
        const char *value = kind == HOP_OBJECT_HASH ? node->value : NULL;
        visit(context, hop_span_of(node->name), hop_span_of(value));
    }
    cursor_move(cursor, left, left == 0 || left == INT64_MAX);
    return HOP_OK;
}

static enum hop_rc memory_weed_by(struct hop_store *base, const char *key, hop_log_weed *weed,
                                  void *context, size_t *ret_removed, struct hop_deadline deadline,
                                  struct hop_error *err)
{
    (void)deadline, (void)err;
    struct memory_store *store = (struct memory_store *)base;
    size_t at = table_find(&store->keys, key), kept = 0;
    struct object *object = at == NOWHERE ? NULL : &store->objects[at];
    bool stopped = false;
    for (size_t i = 0; object && i < object->entry_count; i++) {
        struct entry entry = object->entries[i];
        enum hop_weed what = stopped
                                 ? HOP_WEED_KEEP
                                 : weed(context, hop_span_of(entry.id), hop_span_of(entry.value));
        stopped = stopped || what == HOP_WEED_STOP;
        if (what != HOP_WEED_REMOVE) {
            object->entries[kept++] = entry;
            continue;
        }
        free(entry.id);
        free(entry.value);
        ++*ret_removed;
    }
    if (object)
        object->entry_count = kept;
    return HOP_OK;
}

static void memory_free(struct hop_store *base)
{
    struct memory_store *store = (struct memory_store *)base;
    for (size_t i = 0; i < store->keys.count; i++)
        object_done(&store->objects[i]);
    free(store->objects);
    table_done(&store->keys);
    free(store);
}

static const struct hop_store_ops memory_ops = {
    .name = "memory",
    .read_by = memory_read_by,
    .write_by = memory_write_by,
    .log_by = memory_log_by,
    .keys_by = memory_keys_by,
    .items_by = memory_items_by,
    .weed_by = memory_weed_by,
    .free = memory_free,
};

enum hop_rc hop_store_memory_new(struct hop_store **ret_store, struct hop_error *err)
{
    struct memory_store *store = calloc(1, sizeof *store);
    if (!store)
        return hop_error_set(err, HOP_NOMEM, "memory: no memory");
    store->base.ops = &memory_ops;
    *ret_store = &store->base;
    return HOP_OK;
}
