/* SPDX-License-Identifier: Apache-2.0 */
/* One host's history in one file.
 *
 *   meta(name, value)            format -> "1"
 *   hashes(key, field, value)    sets(key, member)    logs(key, seq, id, value), seq counts per key
 */
#include "clock.h"
#include "sqlite_connection.h"
#include "store.h"
#include "ulid.h"

#include <stdlib.h>
#include <string.h>

#define LOG_PAGE 64 /* times HOP_STORE_VALUE_MAX is within HOP_STORE_REPLY_MAX */

enum statement {
    ST_BEGIN_READ,
    ST_BEGIN_WRITE,
    ST_COMMIT,
    ST_HASH,
    ST_FIELD,
    ST_HASH_SIZE,
    ST_SAMPLE,
    ST_SET_SIZE,
    ST_FIELD_PUT,
    ST_FIELD_DROP,
    ST_MEMBER_ADD,
    ST_LOG_ADD,
    ST_LOG_TRIM,
    ST_LOG_PAGE,
    ST_MEMBER_DROP,
    ST_HASH_ERASE,
    ST_SET_ERASE,
    ST_LOG_ERASE,
    ST_HASH_NEXT, /* these three in the order of enum hop_object */
    ST_SET_NEXT,
    ST_LOG_NEXT,
    ST_HASH_PAGE,
    ST_SET_PAGE,
    ST_ENTRY_DROP,
    ST_COUNT
};

/* A sample is of the greatest members: of touches, which begin with their time, the newest. */
static const char *const statements[ST_COUNT] = {
    [ST_BEGIN_READ] = "BEGIN",
    [ST_BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [ST_COMMIT] = "COMMIT",
    [ST_HASH] = "SELECT field, value FROM hashes WHERE key = ?1",
    [ST_FIELD] = "SELECT field, value FROM hashes WHERE key = ?1 AND field = ?2",
    [ST_HASH_SIZE] = "SELECT count(*) FROM hashes WHERE key = ?1",
    [ST_SAMPLE] = "SELECT member, '' FROM sets WHERE key = ?1 ORDER BY member DESC LIMIT ?2",
    [ST_SET_SIZE] = "SELECT count(*) FROM sets WHERE key = ?1",
    [ST_FIELD_PUT] = "INSERT INTO hashes(key, field, value) VALUES(?1, ?2, ?3)"
                     " ON CONFLICT(key, field) DO UPDATE SET value = excluded.value",
    [ST_FIELD_DROP] = "DELETE FROM hashes WHERE key = ?1 AND field = ?2",
    [ST_MEMBER_ADD] = "INSERT INTO sets(key, member) VALUES(?1, ?2) ON CONFLICT DO NOTHING",
    [ST_LOG_ADD] = "INSERT INTO logs(key, seq, id, value) VALUES(?1,"
                   " 1 + coalesce((SELECT max(seq) FROM logs WHERE key = ?1), 0), ?2, ?3)",
    [ST_LOG_TRIM] = "DELETE FROM logs WHERE key = ?1"
                    " AND seq <= (SELECT max(seq) FROM logs WHERE key = ?1) - ?2",
    [ST_LOG_PAGE] = "SELECT id, value, seq FROM logs WHERE key = ?1 AND seq > ?2"
                    " ORDER BY seq LIMIT ?3",
    [ST_MEMBER_DROP] = "DELETE FROM sets WHERE key = ?1 AND member = ?2",
    [ST_HASH_ERASE] = "DELETE FROM hashes WHERE key = ?1",
    [ST_SET_ERASE] = "DELETE FROM sets WHERE key = ?1",
    [ST_LOG_ERASE] = "DELETE FROM logs WHERE key = ?1",
    [ST_HASH_NEXT] = "SELECT key FROM hashes WHERE key > ?1 AND key >= ?2 ORDER BY key LIMIT 1",
    [ST_SET_NEXT] = "SELECT key FROM sets WHERE key > ?1 AND key >= ?2 ORDER BY key LIMIT 1",
    [ST_LOG_NEXT] = "SELECT key FROM logs WHERE key > ?1 AND key >= ?2 ORDER BY key LIMIT 1",
    [ST_HASH_PAGE] = "SELECT field, value FROM hashes WHERE key = ?1 AND field >= ?2"
                     " ORDER BY field LIMIT ?3",
    [ST_SET_PAGE] = "SELECT member, '' FROM sets WHERE key = ?1 AND member >= ?2"
                    " ORDER BY member LIMIT ?3",
    [ST_ENTRY_DROP] = "DELETE FROM logs WHERE key = ?1 AND seq = ?2",
};

struct sqlite_store {
    struct hop_store base;
    struct hop_sqlite connection;
    sqlite3_stmt *prepared[ST_COUNT];
};

static void store_close(struct sqlite_store *store)
{
    for (size_t i = 0; i < ST_COUNT; i++) {
        sqlite3_finalize(store->prepared[i]);
        store->prepared[i] = NULL;
    }
    if (store->connection.db)
        hop_sqlite_close(&store->connection);
}

static enum hop_rc store_open_by(struct sqlite_store *store, struct hop_deadline deadline,
                                 struct hop_error *err)
{
    store->connection.deadline = deadline;
    return hop_sqlite_open_by(&store->connection, err);
}

/* A statement ready to be bound, prepared at its first use. */
static int statement_get(struct sqlite_store *store, enum statement which,
                         sqlite3_stmt **ret_statement)
{
    sqlite3_stmt **slot = &store->prepared[which];
    int code = SQLITE_OK;
    if (!*slot)
        code = sqlite3_prepare_v3(store->connection.db, statements[which], -1,
                                  SQLITE_PREPARE_PERSISTENT, slot, NULL);
    *ret_statement = *slot;
    return code;
}

/* Strings outlive the step: nothing is copied. NULL ends the list early. */
static int bind_strings(sqlite3_stmt *statement, const char *one, const char *two,
                        const char *three)
{
    const char *strings[] = {one, two, three};
    int code = SQLITE_OK;
    for (int i = 0; i < 3 && strings[i] && code == SQLITE_OK; i++)
        code = sqlite3_bind_text(statement, i + 1, strings[i], -1, SQLITE_STATIC);
    return code;
}

/* Runs a statement that yields no rows. */
static int run(struct sqlite_store *store, enum statement which, const char *one, const char *two,
               const char *three)
{
    sqlite3_stmt *statement;
    int code = statement_get(store, which, &statement);
    if (code == SQLITE_OK)
        code = bind_strings(statement, one, two, three);
    if (code != SQLITE_OK)
        return code;
    code = sqlite3_step(statement);
    sqlite3_reset(statement);
    return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : code;
}

static struct hop_span column(sqlite3_stmt *statement, int index)
{
    const char *at = sqlite3_column_blob(statement, index);
    int len = sqlite3_column_bytes(statement, index);
    return at ? (struct hop_span){at, (size_t)len} : hop_span_of("");
}

/* Every row becomes a pair of its first two columns. */
static int pairs_read(sqlite3_stmt *statement, struct hop_replies *replies, struct hop_reply *reply,
                      enum hop_rc *ret_rc)
{
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        enum hop_rc rc =
            hop_replies_add(replies, reply, column(statement, 0), column(statement, 1));
        if (rc == HOP_OK)
            continue;
        *ret_rc = rc;
        return SQLITE_OK;
    }
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

static int number_read(sqlite3_stmt *statement, struct hop_reply *reply)
{
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        reply->number = sqlite3_column_int64(statement, 0);
    return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

static const enum statement statement_of[HOP_READ_KIND_COUNT] = {
    [HOP_READ_HASH] = ST_HASH,           [HOP_READ_FIELD] = ST_FIELD,
    [HOP_READ_HASH_SIZE] = ST_HASH_SIZE, [HOP_READ_SAMPLE] = ST_SAMPLE,
    [HOP_READ_SET_SIZE] = ST_SET_SIZE,
};

static int read_one(struct sqlite_store *store, const struct hop_read *read,
                    struct hop_replies *replies, struct hop_reply *reply, enum hop_rc *ret_rc)
{
    if (read->kind == HOP_READ_TIME || read->kind >= HOP_READ_KIND_COUNT) {
        reply->number = hop_clock_epoch_ms();
        return SQLITE_OK;
    }
    sqlite3_stmt *statement;
    int code = statement_get(store, statement_of[read->kind], &statement);
    const char *field = read->kind == HOP_READ_FIELD ? read->field : NULL;
    if (code == SQLITE_OK)
        code = bind_strings(statement, read->key, field, NULL);
    if (code == SQLITE_OK && read->kind == HOP_READ_SAMPLE)
        code = sqlite3_bind_int64(statement, 2, read->limit);
    if (code != SQLITE_OK)
        return code;
    bool number = read->kind == HOP_READ_HASH_SIZE || read->kind == HOP_READ_SET_SIZE;
    code = number ? number_read(statement, reply) : pairs_read(statement, replies, reply, ret_rc);
    sqlite3_reset(statement);
    return code;
}

/* After anything but a lost race for a lock or for time the connection is given up, so that the
 * next call finds the file as it then is. */
static enum hop_rc give_up(struct sqlite_store *store, int code, enum hop_rc rc,
                           struct hop_error *err)
{
    if (code != SQLITE_OK)
        rc = hop_sqlite_failed(&store->connection, code, err);
    else
        hop_error_set(err, rc, "sqlite %s: %s", store->connection.path, hop_rc_word(rc));
    if (!hop_sqlite_roll_back(&store->connection) || rc != HOP_TIMEOUT)
        store_close(store);
    return rc;
}

static enum hop_rc sqlite_read_by(struct hop_store *base, const struct hop_read *reads,
                                  size_t count, struct hop_replies *replies,
                                  struct hop_deadline deadline, struct hop_error *err)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    enum hop_rc rc = store_open_by(store, deadline, err);
    if (rc != HOP_OK)
        return rc;
    int code = run(store, ST_BEGIN_READ, NULL, NULL, NULL);
    for (size_t i = 0; i < count && code == SQLITE_OK && rc == HOP_OK; i++)
        code = read_one(store, &reads[i], replies, &replies->items[i], &rc);
    if (code == SQLITE_OK && rc == HOP_OK)
        code = run(store, ST_COMMIT, NULL, NULL, NULL);
    return code == SQLITE_OK && rc == HOP_OK ? HOP_OK : give_up(store, code, rc, err);
}

static int field_join(struct sqlite_store *store, const struct hop_write *write)
{
    sqlite3_stmt *statement;
    int code = statement_get(store, ST_FIELD, &statement);
    if (code == SQLITE_OK)
        code = bind_strings(statement, write->key, write->field, NULL);
    if (code != SQLITE_OK)
        return code;
    char buffer[HOP_JOINED_MAX + 1];
    struct hop_text joined = hop_text_over(buffer, sizeof buffer);
    struct hop_span old = {0};
    bool changed = false;
    code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        old = column(statement, 1);
    bool sound = hop_write_join(write, old, &joined, &changed);
    sqlite3_reset(statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return code;
    if (!sound || !changed)
        return SQLITE_OK;
    return run(store, ST_FIELD_PUT, write->key, write->field, buffer);
}

static int log_add(struct sqlite_store *store, const struct hop_write *write)
{
    sqlite3_stmt *statement;
    int code = run(store, ST_LOG_ADD, write->key, write->field, write->value);
    if (code == SQLITE_OK)
        code = statement_get(store, ST_LOG_TRIM, &statement);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(statement, 2, write->number);
    if (code == SQLITE_OK)
        code = run(store, ST_LOG_TRIM, write->key, NULL, NULL);
    return code;
}

static int key_erase(struct sqlite_store *store, const char *key)
{
    int code = run(store, ST_HASH_ERASE, key, NULL, NULL);
    if (code == SQLITE_OK)
        code = run(store, ST_SET_ERASE, key, NULL, NULL);
    return code == SQLITE_OK ? run(store, ST_LOG_ERASE, key, NULL, NULL) : code;
}

static int write_one(struct sqlite_store *store, const struct hop_write *write)
{
    switch (write->kind) {
    case HOP_WRITE_DAYS:
    case HOP_WRITE_LAST:
    case HOP_WRITE_LATEST:
        return field_join(store, write);
    case HOP_WRITE_FIELD:
        return run(store, ST_FIELD_PUT, write->key, write->field, write->value);
    case HOP_WRITE_DROP:
        return run(store, ST_FIELD_DROP, write->key, write->field, NULL);
    case HOP_WRITE_MEMBER:
        return run(store, ST_MEMBER_ADD, write->key, write->value, NULL);
    case HOP_WRITE_LEAVE:
        return run(store, ST_MEMBER_DROP, write->key, write->value, NULL);
    case HOP_WRITE_ERASE:
        return key_erase(store, write->key);
    case HOP_WRITE_LOG:
        return log_add(store, write);
    case HOP_WRITE_KIND_COUNT:
        break;
    }
    return SQLITE_MISUSE;
}

static enum hop_rc sqlite_write_by(struct hop_store *base, const struct hop_batch *batch,
                                   struct hop_deadline deadline, struct hop_error *err)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    enum hop_rc rc = store_open_by(store, deadline, err);
    if (rc != HOP_OK)
        return rc;
    int code = run(store, ST_BEGIN_WRITE, NULL, NULL, NULL);
    for (size_t i = 0; i < batch->count && code == SQLITE_OK; i++)
        code = write_one(store, &batch->writes[i]);
    if (code == SQLITE_OK)
        code = run(store, ST_COMMIT, NULL, NULL, NULL);
    if (code != SQLITE_OK)
        return give_up(store, code, HOP_OK, err);
    hop_sqlite_tidy(&store->connection);
    return HOP_OK;
}

struct log_walk {
    int64_t since_ms, seq;
    hop_log_visit *visit;
    void *context;
    bool stopped;
};

/* One page; *ret_rows tells how many rows it had. The transaction ends with each page, so that a
 * slow visitor holds no checkpoint up. */
static int log_page(struct sqlite_store *store, const char *key, struct log_walk *walk,
                    struct hop_replies *page, enum hop_rc *ret_rc)
{
    sqlite3_stmt *statement;
    int code = statement_get(store, ST_LOG_PAGE, &statement);
    if (code == SQLITE_OK)
        code = bind_strings(statement, key, NULL, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(statement, 2, walk->seq);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int(statement, 3, LOG_PAGE);
    if (code != SQLITE_OK)
        return code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW && *ret_rc == HOP_OK) {
        *ret_rc = hop_replies_add(page, page->items, column(statement, 0), column(statement, 1));
        walk->seq = sqlite3_column_int64(statement, 2);
    }
    sqlite3_reset(statement);
    return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : code;
}

static void page_visit(const struct hop_reply *page, struct log_walk *walk)
{
    for (size_t i = 0; i < page->count && !walk->stopped; i++) {
        struct hop_span id = page->pairs[i].field;
        if (walk->since_ms > 0 && hop_ulid_time_ms(id) < walk->since_ms)
            continue;
        walk->stopped = !walk->visit(walk->context, id, page->pairs[i].value);
    }
}

static enum hop_rc sqlite_log_by(struct hop_store *base, const char *key, int64_t since_ms,
                                 hop_log_visit *visit, void *context, struct hop_deadline deadline,
                                 struct hop_error *err)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    struct log_walk walk = {.since_ms = since_ms, .visit = visit, .context = context};
    enum hop_rc rc = store_open_by(store, deadline, err);
    for (bool more = true; more && rc == HOP_OK && !walk.stopped;) {
        struct hop_replies page;
        hop_replies_init(&page);
        int code = SQLITE_OK;
        rc = hop_replies_start(&page, 1) ? HOP_OK : HOP_NOMEM;
        if (rc == HOP_OK)
            code = log_page(store, key, &walk, &page, &rc);
        if (code != SQLITE_OK || rc != HOP_OK) {
            rc = give_up(store, code, rc, err);
        } else {
            page_visit(page.items, &walk);
            more = page.items->count == LOG_PAGE;
        }
        hop_replies_done(&page);
    }
    return rc;
}

/* Where a walk over keys is: "<object><last key>". */
struct key_walk {
    int object;
    char last[HOP_STORE_KEY_MAX + 1];
};

static bool key_walk_of(const struct hop_cursor *cursor, struct key_walk *ret_walk)
{
    *ret_walk = (struct key_walk){.object = HOP_OBJECT_HASH};
    if (!cursor->at[0])
        return true;
    ret_walk->object = cursor->at[0] - '0';
    return ret_walk->object >= 0 && ret_walk->object < HOP_OBJECT_COUNT &&
           hop_string_copy(ret_walk->last, sizeof ret_walk->last, cursor->at + 1);
}

/* The next key of this object that begins with `prefix` goes to `walk->last`; *ret_found. */
static int key_next(struct sqlite_store *store, const char *prefix, struct key_walk *walk,
                    bool *ret_found)
{
    sqlite3_stmt *statement;
    int code = statement_get(store, ST_HASH_NEXT + (unsigned)walk->object, &statement);
    if (code == SQLITE_OK)
        code = bind_strings(statement, walk->last, prefix, NULL);
    if (code != SQLITE_OK)
        return code;
    code = sqlite3_step(statement);
    *ret_found = false;
    if (code == SQLITE_ROW) {
        char key[HOP_STORE_KEY_MAX + 1];
        *ret_found = hop_span_copy(column(statement, 0), key, sizeof key) &&
                     strncmp(key, prefix, strlen(prefix)) == 0;
        sqlite3_reset(statement);
        if (*ret_found)
            hop_string_copy(walk->last, sizeof walk->last, key);
        return SQLITE_OK;
    }
    sqlite3_reset(statement);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

/* Each key is looked for by itself: a log's thousands of rows are one step. */
static enum hop_rc sqlite_keys_by(struct hop_store *base, const char *prefix,
                                  struct hop_cursor *cursor, hop_key_visit *visit, void *context,
                                  struct hop_deadline deadline, struct hop_error *err)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    struct key_walk walk;
    if (!key_walk_of(cursor, &walk))
        return hop_error_set(err, HOP_MALFORMED, "sqlite: not a cursor");
    enum hop_rc rc = store_open_by(store, deadline, err);
    for (int page = 0; rc == HOP_OK && page < HOP_WALK_PAGE && walk.object < HOP_OBJECT_COUNT;
         page++) {
        bool found;
        int code = key_next(store, prefix, &walk, &found);
        if (code != SQLITE_OK)
            return give_up(store, code, HOP_OK, err);
        if (found) {
            visit(context, walk.last, (enum hop_object)walk.object);
        } else {
            walk.object++;
            walk.last[0] = '\0';
        }
    }
    if (rc != HOP_OK)
        return rc;
    struct hop_text text = hop_text_over(cursor->at, sizeof cursor->at);
    hop_text_put_int(&text, walk.object);
    hop_text_put(&text, walk.last);
    cursor->ended = walk.object == HOP_OBJECT_COUNT;
    return HOP_OK;
}

static int items_read(struct sqlite_store *store, const char *key, enum hop_object object,
                      const char *from, struct hop_replies *page, enum hop_rc *ret_rc)
{
    sqlite3_stmt *statement;
    int code =
        statement_get(store, object == HOP_OBJECT_SET ? ST_SET_PAGE : ST_HASH_PAGE, &statement);
    if (code == SQLITE_OK)
        code = bind_strings(statement, key, from, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int(statement, 3, HOP_WALK_PAGE + 1);
    if (code != SQLITE_OK)
        return code;
    code = pairs_read(statement, page, page->items, ret_rc);
    sqlite3_reset(statement);
    return code;
}

/* A page's last item is where the next one begins. */
static enum hop_rc items_visit(const struct hop_reply *page, struct hop_cursor *cursor,
                               hop_item_visit *visit, void *context)
{
    bool more = page->count > HOP_WALK_PAGE;
    size_t count = more ? HOP_WALK_PAGE : page->count;
    for (size_t i = 0; i < count; i++)
        visit(context, page->pairs[i].field, page->pairs[i].value);
    if (more && !hop_span_copy(page->pairs[count].field, cursor->at, sizeof cursor->at))
        return HOP_LIMIT;
    cursor->ended = !more;
    return HOP_OK;
}

static enum hop_rc sqlite_items_by(struct hop_store *base, const char *key, enum hop_object object,
                                   struct hop_cursor *cursor, hop_item_visit *visit, void *context,
                                   struct hop_deadline deadline, struct hop_error *err)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    enum hop_rc rc = store_open_by(store, deadline, err);
    if (rc != HOP_OK)
        return rc;
    struct hop_replies page;
    hop_replies_init(&page);
    int code = SQLITE_OK;
    rc = hop_replies_start(&page, 1) ? HOP_OK : HOP_NOMEM;
    if (rc == HOP_OK)
        code = items_read(store, key, object, cursor->at, &page, &rc);
    if (code != SQLITE_OK || rc != HOP_OK)
        rc = give_up(store, code, rc, err);
    else if (items_visit(page.items, cursor, visit, context) != HOP_OK)
        rc =
            hop_error_set(err, HOP_LIMIT, "sqlite %s: a field is too long", store->connection.path);
    hop_replies_done(&page);
    return rc;
}

static int entry_drop(struct sqlite_store *store, const char *key, int64_t seq)
{
    sqlite3_stmt *statement;
    int code = statement_get(store, ST_ENTRY_DROP, &statement);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(statement, 2, seq);
    return code == SQLITE_OK ? run(store, ST_ENTRY_DROP, key, NULL, NULL) : code;
}

/* A page's entries and the numbers that they have in the log. */
struct weeding {
    struct hop_replies page;
    int64_t seqs[LOG_PAGE];
    bool remove[LOG_PAGE];
    size_t removed;
};

static int weeds_read(struct sqlite_store *store, const char *key, int64_t after,
                      struct weeding *weeding, enum hop_rc *ret_rc)
{
    sqlite3_stmt *statement;
    int code = statement_get(store, ST_LOG_PAGE, &statement);
    if (code == SQLITE_OK)
        code = bind_strings(statement, key, NULL, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(statement, 2, after);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int(statement, 3, LOG_PAGE);
    if (code != SQLITE_OK)
        return code;
    for (size_t at = 0; (code = sqlite3_step(statement)) == SQLITE_ROW && *ret_rc == HOP_OK; at++) {
        *ret_rc = hop_replies_add(&weeding->page, weeding->page.items, column(statement, 0),
                                  column(statement, 1));
        weeding->seqs[at] = sqlite3_column_int64(statement, 2);
    }
    sqlite3_reset(statement);
    return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : code;
}

static bool weeds_choose(struct weeding *weeding, hop_log_weed *weed, void *context)
{
    const struct hop_reply *page = weeding->page.items;
    for (size_t i = 0; i < page->count; i++) {
        enum hop_weed what = weed(context, page->pairs[i].field, page->pairs[i].value);
        weeding->remove[i] = what == HOP_WEED_REMOVE;
        weeding->removed += weeding->remove[i];
        if (what == HOP_WEED_STOP)
            return false;
    }
    return page->count == LOG_PAGE;
}

static int weeds_drop(struct sqlite_store *store, const char *key, const struct weeding *weeding)
{
    if (!weeding->removed)
        return SQLITE_OK;
    int code = run(store, ST_BEGIN_WRITE, NULL, NULL, NULL);
    for (size_t i = 0; code == SQLITE_OK && i < weeding->page.items->count; i++)
        if (weeding->remove[i])
            code = entry_drop(store, key, weeding->seqs[i]);
    return code == SQLITE_OK ? run(store, ST_COMMIT, NULL, NULL, NULL) : code;
}

static enum hop_rc sqlite_weed_by(struct hop_store *base, const char *key, hop_log_weed *weed,
                                  void *context, size_t *ret_removed, struct hop_deadline deadline,
                                  struct hop_error *err)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    enum hop_rc rc = store_open_by(store, deadline, err);
    int64_t after = 0;
    for (bool more = true; more && rc == HOP_OK;) {
        struct weeding weeding = {.removed = 0};
        hop_replies_init(&weeding.page);
        rc = hop_replies_start(&weeding.page, 1) ? HOP_OK : HOP_NOMEM;
        int code = SQLITE_OK;
        if (rc == HOP_OK)
            code = weeds_read(store, key, after, &weeding, &rc);
        if (code == SQLITE_OK && rc == HOP_OK) {
            more = weeds_choose(&weeding, weed, context);
            code = weeds_drop(store, key, &weeding);
            after = more ? weeding.seqs[LOG_PAGE - 1] : after;
        }
        if (code != SQLITE_OK || rc != HOP_OK)
            rc = give_up(store, code, rc, err);
        else
            *ret_removed += weeding.removed;
        hop_replies_done(&weeding.page);
    }
    return rc;
}

static void sqlite_free(struct hop_store *base)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    store_close(store);
    free(store->connection.path);
    free(store);
}

static const struct hop_store_ops sqlite_ops = {
    .name = "sqlite",
    .read_by = sqlite_read_by,
    .write_by = sqlite_write_by,
    .log_by = sqlite_log_by,
    .keys_by = sqlite_keys_by,
    .items_by = sqlite_items_by,
    .weed_by = sqlite_weed_by,
    .free = sqlite_free,
};

enum hop_rc hop_store_sqlite_new(const char *path, bool read_only, struct hop_store **ret_store,
                                 struct hop_error *err)
{
    struct sqlite_store *store = calloc(1, sizeof *store);
    char *copy = strdup(path);
    if (!store || !copy) {
        free(copy);
        free(store);
        return hop_error_set(err, HOP_NOMEM, "sqlite: no memory");
    }
    store->base.ops = &sqlite_ops;
    store->connection.path = copy;
    store->connection.read_only = read_only;
    *ret_store = &store->base;
    return HOP_OK;
}
