/* SPDX-License-Identifier: Apache-2.0 */
/* The n-th allocation fails, for each n: a store says so, nothing is half done, nothing leaks, and
 * the next call works. The linker puts these functions in the place of malloc and its kin in all
 * that the history layer itself allocates. */
#include "fleet_fixture.h"
#include "store_fixture.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define KIND ((enum store_kind)_i)
#define NEVER (-1)
#define AT_LEAST(count) (-(count)) /* entries: readers keep the first of equal ids */
#define MOST 4000 /* allocations of one call; more means that the test does not end */

static int failing = NEVER; /* how many more succeed */

static bool runs_out(void)
{
    if (failing == NEVER)
        return false;
    if (failing == 0)
        return true;
    failing--;
    return false;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_reallocarray(void *old, size_t count, size_t size);
char *__real_strdup(const char *string);

void *__wrap_malloc(size_t size)
{
    return runs_out() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return runs_out() ? NULL : __real_calloc(count, size);
}

void *__wrap_reallocarray(void *old, size_t count, size_t size)
{
    return runs_out() ? NULL : __real_reallocarray(old, count, size);
}

char *__wrap_strdup(const char *string)
{
    return runs_out() ? NULL : __real_strdup(string);
}

static void batch_make(struct hop_batch *batch, enum store_kind kind)
{
    hop_batch_init(batch);
    for (int i = 0; i < 12; i++) {
        char name[16] = {(char)('a' + i)};
        batch_put(batch, HOP_WRITE_DAYS, test_key(kind, "h"), name, "20780:1", 0);
        batch_put(batch, HOP_WRITE_FIELD, test_key(kind, "h2"), name, "v", 0);
        batch_put(batch, HOP_WRITE_MEMBER, test_key(kind, "s"), NULL, name, 0);
        batch_put(batch, HOP_WRITE_LOG, test_key(kind, "l"), name, "entry", 100);
    }
    batch_put(batch, HOP_WRITE_DROP, test_key(kind, "h"), "x", NULL, 0);
    batch_put(batch, HOP_WRITE_DAYS, test_key(kind, "h"), "x", "20780:1", 0);
    batch_put(batch, HOP_WRITE_FIELD, test_key(kind, "h"), "y", "new", 0);
    batch_put(batch, HOP_WRITE_DROP, test_key(kind, "h"), "z", NULL, 0);
}

static bool count_entry(void *context, struct hop_span id, struct hop_span value)
{
    (void)id, (void)value;
    ++*(int *)context;
    return true;
}

/* Fields of h and h2, members of s, entries of l. */
static void holds(struct hop_store *store, enum store_kind kind, int h, int h2, int s, int l)
{
    struct hop_replies replies;
    int entries = 0;
    hop_replies_init(&replies);
    const char *keys[] = {test_key(kind, "h"), test_key(kind, "h2"), test_key(kind, "s")};
    ck_assert_int_eq(read_one(store, HOP_READ_HASH_SIZE, keys[0], NULL, 0, &replies)->number, h);
    ck_assert_int_eq(read_one(store, HOP_READ_HASH_SIZE, keys[1], NULL, 0, &replies)->number, h2);
    ck_assert_int_eq(read_one(store, HOP_READ_SET_SIZE, keys[2], NULL, 0, &replies)->number, s);
    ck_assert_int_eq(
        hop_store_log_by(store, test_key(kind, "l"), 0, count_entry, &entries, soon(), NULL),
        HOP_OK);
    if (l < 0)
        ck_assert_int_ge(entries, -l);
    else
        ck_assert_int_eq(entries, l);
    hop_replies_done(&replies);
}

START_TEST(a_write_without_memory_changes_nothing)
{
    struct hop_store *store = store_open(KIND);
    struct hop_batch batch;
    batch_make(&batch, KIND);
    write_one(store, HOP_WRITE_FIELD, test_key(KIND, "h"), "x", "20700:1", 0);
    write_one(store, HOP_WRITE_FIELD, test_key(KIND, "h"), "y", "old", 0);
    write_one(store, HOP_WRITE_FIELD, test_key(KIND, "h"), "z", "old", 0);
    enum hop_rc rc = HOP_NOMEM;
    for (int n = 0; rc == HOP_NOMEM; n++) {
        struct hop_error err = {0};
        ck_assert_int_lt(n, MOST);
        failing = n;
        rc = hop_store_write_by(store, &batch, soon(), &err);
        failing = NEVER;
        ck_assert_msg(rc == HOP_NOMEM || rc == HOP_OK, "%s: %s", hop_rc_word(rc), err.text);
        if (rc != HOP_NOMEM)
            break;
        ck_assert_int_eq(err.rc, HOP_NOMEM);
        /* A cluster's logs follow when all else is there. */
        if (KIND == STORE_CLUSTER && field_value(store, test_key(KIND, "h"), "y")[0] == 'n')
            continue;
        /* Redis may have done it before the answer found no room. */
        if (KIND >= STORE_REDIS_UNIX && field_value(store, test_key(KIND, "h"), "y")[0] == 'n')
            break;
        holds(store, KIND, 3, 0, 0, 0);
        ck_assert_str_eq(field_value(store, test_key(KIND, "h"), "x"), "20700:1");
        ck_assert_str_eq(field_value(store, test_key(KIND, "h"), "y"), "old");
        ck_assert_str_eq(field_value(store, test_key(KIND, "h"), "z"), "old");
    }
    holds(store, KIND, 14, 12, 12, KIND == STORE_CLUSTER ? AT_LEAST(12) : 12);
    ck_assert_str_eq(field_value(store, test_key(KIND, "h"), "x"), "20780:1");
    hop_batch_done(&batch);
    hop_store_free(&store);
}
END_TEST

START_TEST(a_read_without_memory_gives_nothing)
{
    struct hop_store *store = store_open(KIND);
    char *value = malloc(5001);
    memset(value, 'v', 5000);
    value[5000] = '\0';
    for (char name[2] = "a"; name[0] < 'a' + 20; name[0]++)
        write_one(store, HOP_WRITE_FIELD, test_key(KIND, "h"), name, value, 0);
    free(value);
    struct hop_read read = {.kind = HOP_READ_HASH};
    ck_assert(hop_string_copy(read.key, sizeof read.key, test_key(KIND, "h")));
    struct hop_replies replies;
    hop_replies_init(&replies);
    enum hop_rc rc = HOP_NOMEM;
    for (int n = 0; rc == HOP_NOMEM; n++) {
        ck_assert_int_lt(n, MOST);
        failing = n;
        rc = hop_store_read_by(store, &read, 1, &replies, soon(), NULL);
        failing = NEVER;
        ck_assert(rc == HOP_NOMEM || rc == HOP_OK);
        ck_assert(rc == HOP_OK || !replies.items);
    }
    ck_assert_uint_eq(replies.items[0].count, 20);
    hop_replies_done(&replies);
    hop_store_free(&store);
}
END_TEST

static void count_item(void *context, struct hop_span field, struct hop_span value)
{
    (void)field, (void)value;
    ++*(int *)context;
}

START_TEST(a_walk_without_memory_stays_where_it_was)
{
    struct hop_store *store = store_open(KIND);
    const char *key = test_key(KIND, "walk");
    write_one(store, HOP_WRITE_DAYS, key, "c:NL", "20780:1", 0);
    write_one(store, HOP_WRITE_DAYS, key, "h:acme/db1", "20780:1", 0);
    struct hop_cursor cursor = {.ended = false};
    int met = 0;
    enum hop_rc rc = HOP_NOMEM;
    for (int n = 0; rc == HOP_NOMEM; n++) {
        ck_assert_int_lt(n, MOST);
        ck_assert(!cursor.ended && !cursor.at[0]);
        met = 0;
        failing = n;
        rc = hop_store_items_by(store, key, HOP_OBJECT_HASH, &cursor, count_item, &met, soon(),
                                NULL);
        failing = NEVER;
        ck_assert(rc == HOP_NOMEM || rc == HOP_OK);
    }
    ck_assert(cursor.ended);
    ck_assert_int_eq(met, 2);
    hop_store_free(&store);
}
END_TEST

static enum hop_rc opened(enum store_kind kind, struct hop_store **store, struct hop_error *err)
{
    const struct hop_redis_setup setup = redis_setup(kind);
    if (kind == STORE_MEMORY)
        return hop_store_memory_new(store, err);
    if (kind == STORE_SQLITE)
        return hop_store_sqlite_new("/nowhere/history.db", false, store, err);
    if (kind >= STORE_REDIS_COUNT)
        return fleet_open(kind, store, err);
    return hop_store_redis_new(&setup, store, err);
}

START_TEST(a_handle_without_memory_is_none)
{
    enum hop_rc rc = HOP_NOMEM;
    for (int n = 0; rc == HOP_NOMEM; n++) {
        struct hop_store *store = NULL;
        struct hop_error err = {0};
        ck_assert_int_lt(n, MOST);
        failing = n;
        rc = opened(KIND, &store, &err);
        failing = NEVER;
        ck_assert(rc == HOP_OK || (rc == HOP_NOMEM && !store && err.rc == HOP_NOMEM));
        hop_store_free(&store);
    }
}
END_TEST

START_TEST(a_batch_without_memory_stays_as_it_was)
{
    struct hop_batch batch, again;
    char *text = NULL;
    batch_make(&batch, STORE_MEMORY);
    size_t count = batch.count;
    enum hop_rc rc = HOP_NOMEM;
    for (int n = 0; rc == HOP_NOMEM; n++) {
        failing = n;
        rc = hop_batch_add(&batch, HOP_WRITE_LOG, "k", "id", "value", 5);
        failing = NEVER;
        ck_assert_uint_eq(batch.count, rc == HOP_OK ? count + 1 : count);
    }
    failing = 0;
    rc = hop_batch_put(&batch, &text, NULL);
    failing = NEVER;
    ck_assert_int_eq(rc, HOP_NOMEM);
    ck_assert_int_eq(hop_batch_put(&batch, &text, NULL), HOP_OK);
    rc = HOP_NOMEM;
    for (int n = 0; rc == HOP_NOMEM; n++) {
        failing = n;
        rc = hop_batch_parse(hop_span_of(text), &again, NULL);
        failing = NEVER;
    }
    ck_assert_int_eq(rc, HOP_OK);
    ck_assert_uint_eq(again.count, batch.count);
    hop_batch_done(&again);
    hop_batch_done(&batch);
    free(text);
}
END_TEST

HOP_LOOPED_SUITE("store shortage", FIXTURE_FLEET,
                 EACH_STORE(a_write_without_memory_changes_nothing),
                 EACH_STORE(a_read_without_memory_gives_nothing),
                 EACH_STORE(a_walk_without_memory_stays_where_it_was),
                 EACH_STORE(a_handle_without_memory_is_none),
                 ONCE(a_batch_without_memory_stays_as_it_was))
