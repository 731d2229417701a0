/* SPDX-License-Identifier: Apache-2.0 */
/* What every store promises (store.h), on memory, SQLite and a real Redis server. */
#include "store_fixture.h"

#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "profile.h"
#include "ulid.h"

#define KIND ((enum store_kind)_i)
#define KEY(name) test_key(KIND, name)

static const char *kind_names[] = {"memory", "sqlite", "redis", "redis",
                                   "redis",  "redis",  "redis", "redis"};

START_TEST(what_is_absent_is_empty)
{
    struct hop_store *store = store_open(KIND);
    struct hop_replies replies;
    hop_replies_init(&replies);
    for (int kind = HOP_READ_HASH; kind < HOP_READ_KIND_COUNT; kind++) {
        const struct hop_reply *reply =
            read_one(store, (enum hop_read_kind)kind, KEY("absent"), "f", 10, &replies);
        ck_assert(!reply->present);
        ck_assert_int_eq(reply->number, 0);
        ck_assert_uint_eq(reply->count, 0);
    }
    hop_replies_done(&replies);
    ck_assert_str_eq(store->ops->name, kind_names[KIND]);
    hop_store_free(&store);
    ck_assert_ptr_null(store);
}
END_TEST

START_TEST(the_clock_is_the_stores_and_memory_has_none)
{
    struct hop_store *store = store_open(KIND);
    struct hop_replies replies;
    hop_replies_init(&replies);
    int64_t before = hop_clock_epoch_ms();
    int64_t now = read_one(store, HOP_READ_TIME, NULL, NULL, 0, &replies)->number;
    if (KIND == STORE_MEMORY)
        ck_assert_int_eq(now, 0);
    else
        ck_assert(now >= before && now <= hop_clock_epoch_ms());
    hop_replies_done(&replies);
    hop_store_free(&store);
}
END_TEST

START_TEST(fields_are_set_replaced_and_dropped)
{
    struct hop_store *store = store_open(KIND);
    struct hop_replies replies;
    hop_replies_init(&replies);
    const char *key = KEY("hash");
    write_one(store, HOP_WRITE_FIELD, key, "a", "1", 0);
    write_one(store, HOP_WRITE_FIELD, key, "b", "", 0);
    write_one(store, HOP_WRITE_FIELD, key, "a", "2", 0);
    const struct hop_reply *reply = read_one(store, HOP_READ_HASH, key, NULL, 0, &replies);
    ck_assert(reply->present);
    ck_assert_uint_eq(reply->count, 2);
    ck_assert(hop_span_is(pair_of(reply, "a")->value, "2"));
    ck_assert(hop_span_is(pair_of(reply, "b")->value, ""));
    ck_assert_int_eq(read_one(store, HOP_READ_HASH_SIZE, key, NULL, 0, &replies)->number, 2);
    reply = read_one(store, HOP_READ_FIELD, key, "a", 0, &replies);
    ck_assert(reply->present && hop_span_is(reply->pairs[0].field, "a"));
    ck_assert(hop_span_is(reply->pairs[0].value, "2"));
    write_one(store, HOP_WRITE_DROP, key, "a", NULL, 0);
    write_one(store, HOP_WRITE_DROP, key, "never", NULL, 0);
    ck_assert(!read_one(store, HOP_READ_FIELD, key, "a", 0, &replies)->present);
    ck_assert_int_eq(read_one(store, HOP_READ_HASH_SIZE, key, NULL, 0, &replies)->number, 1);
    hop_replies_done(&replies);
    hop_store_free(&store);
}
END_TEST

/* A field like any other, and two of a profile's, which a store may pack. */
#define DAY_FIELDS 3
static const char *const day_fields[DAY_FIELDS] = {"d", "c:d", "h:acme/d"};

START_TEST(joins_unite_what_is_stored_with_what_is_new)
{
    struct hop_store *store = store_open(KIND);
    const char *key = KEY("joins");
    for (int i = 0; i < DAY_FIELDS; i++) {
        write_one(store, HOP_WRITE_DAYS, key, day_fields[i], "20780:1", 0);
        write_one(store, HOP_WRITE_DAYS, key, day_fields[i], "20779:1+", 0);
        ck_assert_str_eq(field_value(store, key, day_fields[i]), "20780:3+");
    }
    write_one(store, HOP_WRITE_LATEST, key, "n", "20", 0);
    write_one(store, HOP_WRITE_LATEST, key, "n", "9", 0);
    ck_assert_str_eq(field_value(store, key, "n"), "20");
    write_one(store, HOP_WRITE_LATEST, key, "n", "100", 0);
    ck_assert_str_eq(field_value(store, key, "n"), "100");
    hop_store_free(&store);
}
END_TEST

START_TEST(a_malformed_stored_value_counts_as_absent_to_a_join)
{
    struct hop_store *store = store_open(KIND);
    const char *key = KEY("spoilt");
    static const char *const spoilt[] = {"", "garbage", "20780:", "20780:2", "-1", "99999999:1"};
    for (size_t i = 0; i < DAY_FIELDS * sizeof spoilt / sizeof spoilt[0]; i++) {
        const char *field = day_fields[i % DAY_FIELDS], *value = spoilt[i / DAY_FIELDS];
        write_one(store, HOP_WRITE_FIELD, key, field, value, 0);
        ck_assert_str_eq(field_value(store, key, field), value);
        write_one(store, HOP_WRITE_DAYS, key, field, "20780:1", 0);
        ck_assert_str_eq(field_value(store, key, field), "20780:1");
        write_one(store, HOP_WRITE_DAYS, key, field, "20779:1", 0);
        ck_assert_str_eq(field_value(store, key, field), "20780:3");
    }
    hop_store_free(&store);
}
END_TEST

START_TEST(a_write_sees_the_earlier_ones_of_its_batch)
{
    struct hop_store *store = store_open(KIND);
    const char *key = KEY("within");
    write_one(store, HOP_WRITE_DAYS, key, "dropped", "20770:1", 0);
    write_one(store, HOP_WRITE_DAYS, key, "gone", "20770:1", 0);
    struct hop_batch batch;
    hop_batch_init(&batch);
    batch_put(&batch, HOP_WRITE_DAYS, key, "twice", "20780:1", 0);
    batch_put(&batch, HOP_WRITE_DAYS, key, "twice", "20778:1", 0);
    batch_put(&batch, HOP_WRITE_DROP, key, "dropped", NULL, 0);
    batch_put(&batch, HOP_WRITE_DAYS, key, "dropped", "20780:1", 0);
    batch_put(&batch, HOP_WRITE_FIELD, key, "set", "20760:1", 0);
    batch_put(&batch, HOP_WRITE_DAYS, key, "set", "20761:1", 0);
    batch_put(&batch, HOP_WRITE_DAYS, key, "gone", "20780:1", 0);
    batch_put(&batch, HOP_WRITE_DROP, key, "gone", NULL, 0);
    batch_write(store, &batch);
    hop_batch_done(&batch);
    ck_assert_str_eq(field_value(store, key, "twice"), "20780:5");
    ck_assert_str_eq(field_value(store, key, "dropped"), "20780:1");
    ck_assert_str_eq(field_value(store, key, "set"), "20761:3");
    ck_assert_str_eq(field_value(store, key, "gone"), "");
    hop_store_free(&store);
}
END_TEST

/* The same of a profile, and what was there before it was erased. */
START_TEST(a_profile_is_a_hash_like_any_other)
{
    struct hop_store *store = store_open(KIND);
    const char *key = KEY("profile");
    struct hop_batch batch;
    hop_batch_init(&batch);
    write_one(store, HOP_WRITE_DAYS, key, "c:dropped", "20770:1", 0);
    write_one(store, HOP_WRITE_DAYS, key, "h:acme/gone", "20770:1", 0);
    write_one(store, HOP_WRITE_FIELD, key, "t:acme", "20771:1+", 0);
    write_one(store, HOP_WRITE_LATEST, key, "stepup", "1790000000", 0);
    batch_put(&batch, HOP_WRITE_DAYS, key, "c:twice", "20780:1", 0);
    batch_put(&batch, HOP_WRITE_DAYS, key, "c:twice", "20778:1", 0);
    batch_put(&batch, HOP_WRITE_DROP, key, "c:dropped", NULL, 0);
    batch_put(&batch, HOP_WRITE_DAYS, key, "c:dropped", "20780:1", 0);
    batch_put(&batch, HOP_WRITE_FIELD, key, "n:set", "20760:1", 0);
    batch_put(&batch, HOP_WRITE_DAYS, key, "n:set", "20761:1", 0);
    batch_put(&batch, HOP_WRITE_DAYS, key, "h:acme/gone", "20780:1", 0);
    batch_put(&batch, HOP_WRITE_DROP, key, "h:acme/gone", NULL, 0);
    batch_put(&batch, HOP_WRITE_DAYS, key, "t:acme", "20772:1", 0);
    batch_write(store, &batch);
    batch_write(store, &batch);
    hop_batch_done(&batch);
    static const char *const expected[][2] = {{"c:twice", "20780:5"},
                                              {"c:dropped", "20780:1"},
                                              {"n:set", "20761:3"},
                                              {"t:acme", "20772:3+"},
                                              {"stepup", "1790000000"}};
    struct hop_replies replies;
    hop_replies_init(&replies);
    const struct hop_reply *reply = read_one(store, HOP_READ_HASH, key, NULL, 0, &replies);
    ck_assert_uint_eq(reply->count, 5);
    for (size_t i = 0; i < 5; i++)
        ck_assert(hop_span_is(pair_of(reply, expected[i][0])->value, expected[i][1]));
    ck_assert_str_eq(field_value(store, key, "h:acme/gone"), "");
    batch_put(&batch, HOP_WRITE_DAYS, key, "c:before", "20780:1", 0);
    batch_put(&batch, HOP_WRITE_ERASE, key, NULL, NULL, 0);
    batch_put(&batch, HOP_WRITE_DAYS, key, "c:after", "20781:1", 0);
    batch_write(store, &batch);
    hop_batch_done(&batch);
    reply = read_one(store, HOP_READ_HASH, key, NULL, 0, &replies);
    ck_assert_uint_eq(reply->count, 1);
    ck_assert(hop_span_is(pair_of(reply, "c:after")->value, "20781:1"));
    write_one(store, HOP_WRITE_DROP, key, "c:after", NULL, 0);
    ck_assert(!read_one(store, HOP_READ_HASH, key, NULL, 0, &replies)->present);
    hop_replies_done(&replies);
    hop_store_free(&store);
}
END_TEST

/* With a day-set beside it, since a store may keep profiles ready. */
START_TEST(a_dropped_register_is_forgotten)
{
    static const char later[] = "1795512600 internet NL 7 fixed - - 0.0 - -";
    static const char earlier[] = "1795500000 internet NL 7 fixed - - 0.0 - -";
    struct hop_store *store = store_open(KIND);
    const char *key = KEY("register");
    write_one(store, HOP_WRITE_DAYS, key, "c:NL", "20780:1", 0);
    write_one(store, HOP_WRITE_LAST, key, "last", later, 0);
    write_one(store, HOP_WRITE_LAST, key, "last", earlier, 0);
    ck_assert_str_eq(field_value(store, key, "last"), later);
    write_one(store, HOP_WRITE_DROP, key, "last", NULL, 0);
    write_one(store, HOP_WRITE_LAST, key, "last", earlier, 0);
    ck_assert_str_eq(field_value(store, key, "last"), earlier);
    hop_store_free(&store);
}
END_TEST

START_TEST(a_set_holds_each_member_once_and_a_sample_is_bounded)
{
    struct hop_store *store = store_open(KIND);
    struct hop_replies replies;
    hop_replies_init(&replies);
    const char *key = KEY("set");
    char member[32];
    for (int i = 0; i < 60; i++) {
        snprintf(member, sizeof member, "m%d", i % 30);
        write_one(store, HOP_WRITE_MEMBER, key, NULL, member, 0);
    }
    ck_assert_int_eq(read_one(store, HOP_READ_SET_SIZE, key, NULL, 0, &replies)->number, 30);
    const struct hop_reply *reply = read_one(store, HOP_READ_SAMPLE, key, NULL, 256, &replies);
    ck_assert_uint_eq(reply->count, 30);
    for (int i = 0; i < 30; i++) {
        snprintf(member, sizeof member, "m%d", i);
        ck_assert_ptr_nonnull(pair_of(reply, member));
    }
    reply = read_one(store, HOP_READ_SAMPLE, key, NULL, 7, &replies);
    ck_assert_uint_eq(reply->count, 7);
    for (size_t i = 0; i < 7; i++)
        for (size_t j = 0; j < i; j++)
            ck_assert(!hop_span_equal(reply->pairs[i].field, reply->pairs[j].field));
    hop_replies_done(&replies);
    hop_store_free(&store);
}
END_TEST

START_TEST(one_read_answers_many_reads_in_their_order)
{
    struct hop_store *store = store_open(KIND);
    struct hop_read reads[48] = {0};
    for (int i = 0; i < 48; i++) {
        char value[16];
        snprintf(value, sizeof value, "%d", i);
        reads[i].kind = i ? HOP_READ_FIELD : HOP_READ_TIME;
        snprintf(reads[i].key, sizeof reads[i].key, "%s%d", KEY("many"), i);
        strcpy(reads[i].field, "f");
        write_one(store, HOP_WRITE_FIELD, reads[i].key, "f", value, 0);
    }
    struct hop_replies replies;
    hop_replies_init(&replies);
    ck_assert_int_eq(hop_store_read_by(store, reads, 48, &replies, soon(), NULL), HOP_OK);
    ck_assert_uint_eq(replies.count, 48);
    for (int i = 1; i < 48; i++) {
        int64_t number = -1;
        ck_assert(hop_span_int64(replies.items[i].pairs[0].value, 0, 48, &number));
        ck_assert_int_eq(number, i);
    }
    hop_replies_done(&replies);
    hop_store_free(&store);
}
END_TEST

struct seen {
    size_t count, most;
    char ids[1200][HOP_STORE_KEY_MAX + 1];
    char values[1200][16];
};

static bool see(void *context, struct hop_span id, struct hop_span value)
{
    struct seen *seen = context;
    ck_assert_uint_lt(seen->count, 1200);
    ck_assert_int_eq(value.at[value.len], '\0');
    ck_assert(hop_span_copy(id, seen->ids[seen->count], sizeof seen->ids[0]));
    ck_assert(hop_span_copy(value, seen->values[seen->count], sizeof seen->values[0]));
    return ++seen->count < seen->most;
}

/* The id of an entry made at `ms`. */
static const char *id_at(int64_t ms)
{
    static char id[27];
    hop_ulid_format(ms, (const uint8_t[10]){0}, id);
    return id;
}

static struct seen *log_read(struct hop_store *store, const char *key, int64_t since_ms,
                             size_t most)
{
    struct seen *seen = calloc(1, sizeof *seen);
    struct hop_error err = {0};
    seen->most = most;
    enum hop_rc rc = hop_store_log_by(store, key, since_ms, see, seen, soon(), &err);
    ck_assert_msg(rc == HOP_OK, "%s", err.text);
    return seen;
}

static void log_fill(struct hop_store *store, const char *key, int from, int to, int64_t cap)
{
    struct hop_batch batch;
    hop_batch_init(&batch);
    for (int i = from; i < to; i++) {
        char value[16];
        snprintf(value, sizeof value, "%d", i);
        batch_put(&batch, HOP_WRITE_LOG, key, id_at(hop_clock_epoch_ms() - 3000 + i), value, cap);
    }
    batch_write(store, &batch);
    hop_batch_done(&batch);
}

START_TEST(a_log_is_visited_in_order_of_writing)
{
    struct hop_store *store = store_open(KIND);
    const char *key = KEY("log");
    log_fill(store, key, 0, 300, 100000);
    struct seen *seen = log_read(store, key, 0, SIZE_MAX);
    ck_assert_uint_eq(seen->count, 300);
    for (int i = 0; i < 300; i++)
        ck_assert_int_eq(atoi(seen->values[i]), i);
    free(seen);
    seen = log_read(store, key, 0, 5);
    ck_assert_uint_eq(seen->count, 5);
    free(seen);
    seen = log_read(store, KEY("no log"), 0, SIZE_MAX);
    ck_assert_uint_eq(seen->count, 0);
    free(seen);
    hop_store_free(&store);
}
END_TEST

START_TEST(a_log_is_visited_from_the_time_of_its_ids)
{
    struct hop_store *store = store_open(KIND);
    const char *key = KEY("since");
    int64_t now = hop_clock_epoch_ms();
    write_one(store, HOP_WRITE_LOG, key, id_at(now - 500), "new", 100);
    write_one(store, HOP_WRITE_LOG, key, id_at(now - 9000), "spooled", 100);
    write_one(store, HOP_WRITE_LOG, key, id_at(now + 60000), "clock ahead", 100);
    struct seen *seen = log_read(store, key, now - 1000, SIZE_MAX);
    ck_assert_uint_eq(seen->count, 2);
    ck_assert_str_eq(seen->values[0], "new");
    ck_assert_str_eq(seen->values[1], "clock ahead");
    free(seen);
    seen = log_read(store, key, now + 60000, SIZE_MAX);
    ck_assert_uint_eq(seen->count, 1);
    free(seen);
    hop_store_free(&store);
}
END_TEST

START_TEST(a_log_keeps_the_newest_and_not_the_oldest_for_ever)
{
    struct hop_store *store = store_open(KIND);
    const char *key = KEY("capped");
    for (int i = 0; i < 10; i++)
        log_fill(store, key, i * 100, i * 100 + 100, 50);
    struct seen *seen = log_read(store, key, 0, SIZE_MAX);
    ck_assert_uint_ge(seen->count, 50);
    ck_assert_uint_le(seen->count, 250);
    for (size_t i = 0; i < 50; i++)
        ck_assert_int_eq(atoi(seen->values[seen->count - 50 + i]), (int)(950 + i));
    free(seen);
    hop_store_free(&store);
}
END_TEST

/* Properties of joins: random batches over few keys and fields. */
#define PROPERTY_WRITES 24

static void random_write(struct hop_batch *batch, enum store_kind kind, const char *space,
                         unsigned *seed)
{
    char key[128], field[16], value[HOP_JOINED_MAX + 1];
    snprintf(key, sizeof key, "%s:%s%d", test_key(kind, "p"), space, rand_r(seed) % 2);
    int chosen = rand_r(seed) % 6;
    snprintf(field, sizeof field, "%s%d", chosen < 3 ? "h:" : "f", chosen % 3);
    int kind_of_write = rand_r(seed) % 4;
    if (kind_of_write == 0) {
        struct hop_dayset days = {.confirmed = rand_r(seed) % 4 == 0};
        hop_dayset_add(&days, 20700 + rand_r(seed) % 600);
        hop_dayset_add(&days, 20700 + rand_r(seed) % 600);
        struct hop_text over = hop_text_over(value, sizeof value);
        hop_dayset_put(&over, &days);
        batch_put(batch, HOP_WRITE_DAYS, key, field, value, 0);
    } else if (kind_of_write == 1) {
        snprintf(value, sizeof value, "%d", rand_r(seed) % 1000);
        batch_put(batch, HOP_WRITE_LATEST, key, "latest", value, 0);
    } else if (kind_of_write == 2) {
        struct hop_last last = {.time = 1790000000 + rand_r(seed) % 3,
                                .zone = HOP_ZONE_INTERNET,
                                .place = {.country = "NL", .asn = (uint32_t)rand_r(seed) % 3}};
        struct hop_text over = hop_text_over(value, sizeof value);
        hop_last_put(&over, &last);
        batch_put(batch, HOP_WRITE_LAST, key, "last", value, 0);
    } else {
        snprintf(value, sizeof value, "m%d", rand_r(seed) % 20);
        strcat(key, ":set");
        batch_put(batch, HOP_WRITE_MEMBER, key, NULL, value, 0);
    }
}

static int pair_order(const void *a, const void *b)
{
    const struct hop_pair *one = a, *two = b;
    return strcmp(one->field.at, two->field.at);
}

/* All that a space holds, in a form to compare. */
static char *space_dump(struct hop_store *store, enum store_kind kind, const char *space)
{
    char *dump = calloc(1, 65536);
    struct hop_text text = hop_text_over(dump, 65536);
    struct hop_replies replies;
    hop_replies_init(&replies);
    for (int i = 0; i < 4; i++) {
        char key[128];
        snprintf(key, sizeof key, "%s:%s%d%s", test_key(kind, "p"), space, i / 2,
                 i % 2 ? ":set" : "");
        const struct hop_reply *reply =
            read_one(store, i % 2 ? HOP_READ_SAMPLE : HOP_READ_HASH, key, NULL, 256, &replies);
        if (reply->count)
            qsort(reply->pairs, reply->count, sizeof *reply->pairs, pair_order);
        for (size_t j = 0; j < reply->count; j++)
            hop_text_format(&text, "%d %s=%s\n", i, reply->pairs[j].field.at,
                            reply->pairs[j].value.at);
    }
    ck_assert(!text.cut);
    hop_replies_done(&replies);
    return dump;
}

static void space_write(struct hop_store *store, enum store_kind kind, const char *space,
                        unsigned seed, const int *order, int count, int per_batch)
{
    struct hop_batch each[PROPERTY_WRITES], batch;
    unsigned running = seed;
    for (int i = 0; i < PROPERTY_WRITES; i++) {
        hop_batch_init(&each[i]);
        random_write(&each[i], kind, space, &running);
    }
    hop_batch_init(&batch);
    for (int i = 0; i < count; i++) {
        const struct hop_write *write = &each[order[i]].writes[0];
        batch_put(&batch, write->kind, write->key, write->field, write->value, write->number);
        if ((i + 1) % per_batch && i + 1 < count)
            continue;
        batch_write(store, &batch);
        hop_batch_done(&batch);
    }
    for (int i = 0; i < PROPERTY_WRITES; i++)
        hop_batch_done(&each[i]);
}

START_TEST(recording_twice_late_or_out_of_order_is_recording_once)
{
    struct hop_store *store = store_open(KIND);
    for (unsigned round = 0; round < 12; round++) {
        int order[2 * PROPERTY_WRITES];
        char one[16], two[16];
        unsigned seed = 1000 + round, shuffle = 7 * round + 1;
        for (int i = 0; i < 2 * PROPERTY_WRITES; i++)
            order[i] = i % PROPERTY_WRITES;
        snprintf(one, sizeof one, "r%ua", round);
        snprintf(two, sizeof two, "r%ub", round);
        space_write(store, KIND, one, seed, order, PROPERTY_WRITES, PROPERTY_WRITES);
        for (int i = 2 * PROPERTY_WRITES - 1; i > 0; i--) {
            int j = (int)((unsigned)rand_r(&shuffle) % (unsigned)(i + 1)), swap = order[i];
            order[i] = order[j];
            order[j] = swap;
        }
        space_write(store, KIND, two, seed, order, 2 * PROPERTY_WRITES, 5);
        char *first = space_dump(store, KIND, one), *second = space_dump(store, KIND, two);
        ck_assert_str_eq(first, second);
        ck_assert_uint_gt(strlen(first), 20);
        free(first);
        free(second);
    }
    hop_store_free(&store);
}
END_TEST

static void exit_of(pid_t child)
{
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
}

#define WRITERS 8
#define DAYS_EACH 20

/* In a child: no check macros, whose failures would be reported twice. */
static int days_write(enum store_kind kind, int writer)
{
    struct hop_store *store = store_open(kind);
    int failures = 0;
    for (int i = 0; i < DAYS_EACH; i++) {
        struct hop_batch batch;
        char days[32], number[16];
        snprintf(days, sizeof days, "%d:1", 20000 + writer * DAYS_EACH + i);
        snprintf(number, sizeof number, "%d", writer * DAYS_EACH + i);
        hop_batch_init(&batch);
        for (int field = 0; field < DAY_FIELDS; field++)
            failures += hop_batch_add(&batch, HOP_WRITE_DAYS, test_key(kind, "race"),
                                      day_fields[field], days, 0) != HOP_OK;
        failures += hop_batch_add(&batch, HOP_WRITE_MEMBER, test_key(kind, "race set"), NULL,
                                  number, 0) != HOP_OK;
        failures += hop_batch_add(&batch, HOP_WRITE_LATEST, test_key(kind, "race"), "n", number,
                                  0) != HOP_OK;
        struct hop_error err = {0};
        if (hop_store_write_by(store, &batch, soon(), &err) != HOP_OK) {
            fprintf(stderr, "writer %d: %s\n", writer, err.text);
            failures++;
        }
        hop_batch_done(&batch);
    }
    hop_store_free(&store);
    return failures;
}

START_TEST(writers_at_the_same_time_lose_nothing)
{
    pid_t children[WRITERS];
    for (int i = 0; i < WRITERS; i++) {
        children[i] = fork();
        ck_assert_int_ge(children[i], 0);
        if (children[i] == 0)
            _exit(days_write(KIND, i) ? 1 : 0);
    }
    for (int i = 0; i < WRITERS; i++)
        exit_of(children[i]);
    struct hop_store *store = store_open(KIND);
    for (int field = 0; field < DAY_FIELDS; field++) {
        const char *value = field_value(store, KEY("race"), day_fields[field]);
        struct hop_dayset days;
        ck_assert(hop_dayset_parse(hop_span_of(value), &days));
        ck_assert_int_eq(hop_dayset_days(&days), WRITERS * DAYS_EACH);
    }
    ck_assert_str_eq(field_value(store, KEY("race"), "n"), "159");
    struct hop_replies replies;
    hop_replies_init(&replies);
    ck_assert_int_eq(read_one(store, HOP_READ_SET_SIZE, KEY("race set"), NULL, 0, &replies)->number,
                     WRITERS * DAYS_EACH);
    hop_replies_done(&replies);
    hop_store_free(&store);
}
END_TEST

/* Writes batches 1, 2, 3 ... and reports each through the pipe once the store has taken it. */
static void batches_write_for_ever(enum store_kind kind, int report, int first)
{
    struct hop_store *store = store_open(kind);
    for (int n = first;; n++) {
        struct hop_batch batch;
        char number[16];
        snprintf(number, sizeof number, "%d", n);
        hop_batch_init(&batch);
        hop_batch_add(&batch, HOP_WRITE_LATEST, test_key(kind, "one"), "n", number, 0);
        hop_batch_add(&batch, HOP_WRITE_FIELD, test_key(kind, "one"), "copy", number, 0);
        hop_batch_add(&batch, HOP_WRITE_MEMBER, test_key(kind, "all"), NULL, number, 0);
        hop_batch_add(&batch, HOP_WRITE_FIELD, test_key(kind, "two"), "n", number, 0);
        struct hop_error err = {0};
        if (hop_store_write_by(store, &batch, soon(), &err) != HOP_OK ||
            write(report, &n, sizeof n) != sizeof n)
            _exit(1);
        hop_batch_done(&batch);
    }
}

START_TEST(a_reader_sees_a_batch_whole_or_not_at_all)
{
    int report[2];
    ck_assert_int_eq(pipe2(report, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0)
        batches_write_for_ever(KIND, report[1], 1);
    close(report[1]);
    int n;
    ck_assert_int_eq(read(report[0], &n, sizeof n), sizeof n);
    struct hop_store *store = store_open(KIND);
    struct hop_replies replies;
    hop_replies_init(&replies);
    for (int i = 0; i < 200; i++) {
        const struct hop_reply *reply =
            read_one(store, HOP_READ_HASH, KEY("one"), NULL, 0, &replies);
        ck_assert_uint_eq(reply->count, 2);
        ck_assert(hop_span_equal(reply->pairs[0].value, reply->pairs[1].value));
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(report[0]);
    hop_replies_done(&replies);
    hop_store_free(&store);
}
END_TEST

static void sqlite_is_sound(void)
{
    char name[64];
    snprintf(name, sizeof name, "contract-%d/history.db", (int)getpgrp());
    sqlite3 *db;
    sqlite3_stmt *statement;
    ck_assert_int_eq(sqlite3_open_v2(fixture_path(name), &db, SQLITE_OPEN_READWRITE, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &statement, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    ck_assert_str_eq((const char *)sqlite3_column_text(statement, 0), "ok");
    sqlite3_finalize(statement);
    int on = 1;
    sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
    sqlite3_close(db);
}

/* The last batch that a writer killed after about `us` microseconds had been told was taken. */
static int killed_writer(enum store_kind kind, int first, unsigned us)
{
    int report[2], n, last = first - 1;
    ck_assert_int_eq(pipe2(report, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0)
        batches_write_for_ever(kind, report[1], first);
    close(report[1]);
    struct pollfd one = {.fd = report[0], .events = POLLIN};
    ck_assert_int_eq(poll(&one, 1, 20000), 1);
    usleep(us);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    while (read(report[0], &n, sizeof n) == sizeof n)
        last = n;
    close(report[0]);
    return last;
}

START_TEST(a_writer_killed_in_mid_record_loses_nothing_acknowledged)
{
    unsigned seed = 42;
    int next = 1;
    for (int round = 0; round < 50; round++) {
        int last = killed_writer(KIND, next, (unsigned)rand_r(&seed) % 8000);
        struct hop_store *store = store_open(KIND);
        struct hop_replies replies;
        hop_replies_init(&replies);
        int stored = atoi(field_value(store, KEY("one"), "n"));
        ck_assert_int_ge(stored, last);
        ck_assert_int_le(stored, last + 1);
        ck_assert_int_eq(atoi(field_value(store, KEY("one"), "copy")), stored);
        ck_assert_int_eq(atoi(field_value(store, KEY("two"), "n")), stored);
        ck_assert_int_eq(read_one(store, HOP_READ_SET_SIZE, KEY("all"), NULL, 0, &replies)->number,
                         stored);
        hop_replies_done(&replies);
        hop_store_free(&store);
        if (KIND == STORE_SQLITE)
            sqlite_is_sound();
        next = stored + 1;
    }
}
END_TEST

/* A string of `len` bytes of every value but NUL. */
static char *long_string(size_t len, unsigned first)
{
    char *string = malloc(len + 1);
    for (size_t i = 0; i < len; i++)
        string[i] = (char)(1 + (first + i) % 255);
    string[len] = '\0';
    return string;
}

START_TEST(any_bytes_and_the_largest_sizes_come_back_as_they_were)
{
    struct hop_store *store = store_open(KIND);
    struct hop_replies replies;
    hop_replies_init(&replies);
    char *key = long_string(HOP_STORE_KEY_MAX, 0), *field = long_string(HOP_STORE_KEY_MAX, 1);
    char *value = long_string(HOP_STORE_VALUE_MAX, 2);
    const char *space = KEY("");
    memcpy(key, space, strlen(space));
    write_one(store, HOP_WRITE_FIELD, key, field, value, 0);
    const struct hop_reply *reply = read_one(store, HOP_READ_HASH, key, NULL, 0, &replies);
    ck_assert_uint_eq(reply->count, 1);
    ck_assert(hop_span_is(reply->pairs[0].field, field));
    ck_assert(hop_span_is(reply->pairs[0].value, value));
    key[HOP_STORE_KEY_MAX - 1] = 'm';
    write_one(store, HOP_WRITE_MEMBER, key, NULL, value, 0);
    reply = read_one(store, HOP_READ_SAMPLE, key, NULL, 1, &replies);
    ck_assert(hop_span_is(reply->pairs[0].field, value));
    free(key);
    free(field);
    free(value);
    hop_replies_done(&replies);
    hop_store_free(&store);
}
END_TEST

START_TEST(an_answer_is_bounded_in_bytes)
{
    struct hop_store *store = store_open(KIND);
    const char *key = KEY("large");
    char *value = long_string(HOP_STORE_VALUE_MAX - 3, 0), field[8];
    unsigned fields = HOP_STORE_REPLY_MAX / HOP_STORE_VALUE_MAX;
    for (unsigned i = 0; i < fields; i++) {
        snprintf(field, sizeof field, "%03u", i);
        write_one(store, HOP_WRITE_FIELD, key, field, value, 0);
    }
    struct hop_replies replies;
    hop_replies_init(&replies);
    ck_assert_uint_eq(read_one(store, HOP_READ_HASH, key, NULL, 0, &replies)->count, fields);
    struct hop_replies before = replies;
    write_one(store, HOP_WRITE_FIELD, key, "x", "", 0);
    struct hop_read read = {.kind = HOP_READ_HASH};
    strcpy(read.key, key);
    struct hop_error err = {0};
    ck_assert_int_eq(hop_store_read_by(store, &read, 1, &replies, soon(), &err), HOP_MALFORMED);
    ck_assert_str_ne(err.text, "");
    ck_assert_mem_eq(&replies, &before, sizeof before);
    ck_assert_str_eq(field_value(store, key, "x"), "");
    free(value);
    hop_replies_done(&replies);
    hop_store_free(&store);
}
END_TEST

START_TEST(an_answer_is_bounded_in_items)
{
    struct hop_store *store = store_open(KIND);
    const char *key = KEY("crowd");
    struct hop_batch batch;
    hop_batch_init(&batch);
    for (unsigned i = 0; i < HOP_STORE_ITEMS_MAX; i++) {
        char field[16];
        snprintf(field, sizeof field, "%u", i);
        batch_put(&batch, HOP_WRITE_FIELD, key, field, "v", 0);
    }
    batch_write(store, &batch);
    hop_batch_done(&batch);
    struct hop_replies replies;
    hop_replies_init(&replies);
    ck_assert_uint_eq(read_one(store, HOP_READ_HASH, key, NULL, 0, &replies)->count,
                      HOP_STORE_ITEMS_MAX);
    write_one(store, HOP_WRITE_FIELD, key, "one more", "v", 0);
    struct hop_read read = {.kind = HOP_READ_HASH};
    strcpy(read.key, key);
    ck_assert_int_eq(hop_store_read_by(store, &read, 1, &replies, soon(), NULL), HOP_MALFORMED);
    ck_assert_str_eq(field_value(store, key, "one more"), "v");
    hop_replies_done(&replies);
    hop_store_free(&store);
}
END_TEST

START_TEST(nothing_is_done_after_the_deadline)
{
    struct hop_store *store = store_open(KIND);
    struct hop_deadline past = {.at_ns = hop_clock_monotonic_ns() - 1};
    struct hop_error err = {0};
    struct hop_batch batch;
    hop_batch_init(&batch);
    batch_put(&batch, HOP_WRITE_FIELD, KEY("late"), "f", "v", 0);
    ck_assert_int_eq(hop_store_write_by(store, &batch, past, &err), HOP_TIMEOUT);
    ck_assert_str_ne(err.text, "");
    hop_batch_done(&batch);
    ck_assert_str_eq(field_value(store, KEY("late"), "f"), "");
    struct hop_replies replies;
    hop_replies_init(&replies);
    const struct hop_read read = {.kind = HOP_READ_TIME};
    ck_assert_int_eq(hop_store_read_by(store, &read, 1, &replies, past, &err), HOP_TIMEOUT);
    ck_assert_ptr_null(replies.items);
    struct seen *seen = calloc(1, sizeof *seen);
    ck_assert_int_eq(hop_store_log_by(store, KEY("late"), 0, see, seen, past, &err), HOP_TIMEOUT);
    free(seen);
    hop_store_free(&store);
}
END_TEST

START_TEST(an_empty_batch_and_no_reads_are_fine)
{
    struct hop_store *store = store_open(KIND);
    struct hop_batch batch;
    hop_batch_init(&batch);
    batch_write(store, &batch);
    struct hop_replies replies;
    hop_replies_init(&replies);
    ck_assert_int_eq(hop_store_read_by(store, NULL, 0, &replies, soon(), NULL), HOP_OK);
    ck_assert_uint_eq(replies.count, 0);
    hop_replies_done(&replies);
    hop_store_free(&store);
    hop_store_free(&store);
}
END_TEST

START_TEST(a_handle_leaves_no_descriptor_and_none_survives_exec)
{
    int before = descriptors_open();
    struct hop_store *store = store_open(KIND);
    write_one(store, HOP_WRITE_FIELD, KEY("fd"), "f", "v", 0);
    for (int fd = 0; fd < 256; fd++) {
        int flags = fcntl(fd, F_GETFD);
        char name[64], link[256] = "";
        snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
        bool ours =
            flags >= 0 && readlink(name, link, sizeof link - 1) > 0 && strstr(link, "history.db");
        if (ours || (flags >= 0 && fd >= before - 3 && strstr(link, "socket")))
            ck_assert_msg(flags & FD_CLOEXEC, "%d %s", fd, link);
    }
    hop_store_free(&store);
    ck_assert_int_eq(descriptors_open(), before);
}
END_TEST

/* --- upkeep --- */

#define WALKED 700

struct walk {
    struct hop_store *store;
    const char *key; /* of items that the visitor removes */
    size_t met[WALKED], others;
    enum hop_object object[WALKED];
};

static void meet(struct walk *walk, const char *name, enum hop_object object)
{
    int64_t number;
    const char *mark = strrchr(name, '=');
    if (!mark || !hop_span_int64(hop_span_of(mark + 1), 0, WALKED - 1, &number)) {
        walk->others++;
        return;
    }
    walk->met[number]++;
    walk->object[number] = object;
}

static void meet_key(void *context, const char *key, enum hop_object object)
{
    meet(context, key, object);
}

static void meet_item(void *context, struct hop_span field, struct hop_span value)
{
    struct walk *walk = context;
    ck_assert_int_eq(field.at[field.len], '\0');
    ck_assert(!value.at || value.at[value.len] == '\0');
    meet(walk, field.at, HOP_OBJECT_HASH);
    if (walk->key)
        write_one(walk->store, HOP_WRITE_DROP, walk->key, field.at, NULL, 0);
}

static void numbered_put(struct hop_batch *batch, enum hop_write_kind kind, const char *key,
                         const char *name, int number)
{
    char numbered[256];
    snprintf(numbered, sizeof numbered, "%s=%d", name, number);
    if (kind == HOP_WRITE_LOG)
        batch_put(batch, kind, numbered, id_at(1000), "v", 100);
    else if (key && kind == HOP_WRITE_FIELD)
        batch_put(batch, kind, key, numbered, numbered, 0);
    else if (key && kind == HOP_WRITE_DAYS)
        batch_put(batch, kind, key, numbered, "20780:1", 0);
    else if (key)
        batch_put(batch, kind, key, NULL, numbered, 0);
    else
        batch_put(batch, kind, numbered, "f", "v", 0);
}

static void keys_walk(struct walk *walk, const char *prefix)
{
    struct hop_cursor cursor = {.ended = false};
    struct hop_error err = {0};
    for (int pages = 0; !cursor.ended; pages++) {
        ck_assert_int_lt(pages, 10000);
        enum hop_rc rc =
            hop_store_keys_by(walk->store, prefix, &cursor, meet_key, walk, soon(), &err);
        ck_assert_msg(rc == HOP_OK, "%s", err.text);
    }
}

static size_t items_walk(struct walk *walk, const char *key, enum hop_object object)
{
    struct hop_cursor cursor = {.ended = false};
    struct hop_error err = {0};
    size_t pages = 0;
    for (; !cursor.ended; pages++) {
        ck_assert_uint_lt(pages, 10000);
        enum hop_rc rc =
            hop_store_items_by(walk->store, key, object, &cursor, meet_item, walk, soon(), &err);
        ck_assert_msg(rc == HOP_OK, "%s", err.text);
    }
    return pages;
}

START_TEST(a_walk_meets_every_key_of_its_prefix_and_no_other)
{
    struct walk walk = {.store = store_open(KIND)};
    static const enum hop_write_kind kinds[] = {HOP_WRITE_FIELD, HOP_WRITE_MEMBER, HOP_WRITE_LOG};
    struct hop_batch batch;
    hop_batch_init(&batch);
    /* in a cluster such keys lie on all nodes */
    const char *prefix = test_key(KIND == STORE_CLUSTER ? STORE_SENTINEL : KIND, "walk*[a-z]?");
    for (int i = 0; i < WALKED; i++)
        numbered_put(&batch, kinds[i % 3], NULL, prefix, i);
    batch_put(&batch, HOP_WRITE_FIELD, KEY("walk"), "f", "v", 0);
    batch_put(&batch, HOP_WRITE_FIELD, KEY("walk-not-a-glob"), "f", "v", 0);
    batch_put(&batch, HOP_WRITE_FIELD, KEY("zzz"), "f", "v", 0);
    batch_write(walk.store, &batch);
    hop_batch_done(&batch);
    keys_walk(&walk, prefix);
    for (int i = 0; i < WALKED; i++) {
        ck_assert_uint_ge(walk.met[i], 1);
        ck_assert_int_eq(walk.object[i], i % 3);
    }
    ck_assert_uint_eq(walk.others, 0);
    hop_store_free(&walk.store);
}
END_TEST

START_TEST(a_walk_meets_every_item)
{
    struct walk walk = {.store = store_open(KIND)};
    struct hop_batch batch;
    hop_batch_init(&batch);
    for (int i = 0; i < WALKED; i++) {
        numbered_put(&batch, HOP_WRITE_FIELD, KEY("hash"), "f", i);
        numbered_put(&batch, HOP_WRITE_MEMBER, KEY("set"), "m", i);
        numbered_put(&batch, HOP_WRITE_DAYS, KEY("profile"), "h:acme/f", i);
    }
    batch_write(walk.store, &batch);
    hop_batch_done(&batch);
    items_walk(&walk, KEY("profile"), HOP_OBJECT_HASH);
    for (int i = 0; i < WALKED; i++)
        ck_assert_uint_ge(walk.met[i]--, 1);
    ck_assert_uint_gt(items_walk(&walk, KEY("hash"), HOP_OBJECT_HASH), 1);
    ck_assert_uint_gt(items_walk(&walk, KEY("set"), HOP_OBJECT_SET), 1);
    for (int i = 0; i < WALKED; i++)
        ck_assert_uint_ge(walk.met[i], 2);
    items_walk(&walk, KEY("absent"), HOP_OBJECT_HASH);
    items_walk(&walk, KEY("absent"), HOP_OBJECT_SET);
    ck_assert_uint_eq(walk.others, 0);
    hop_store_free(&walk.store);
}
END_TEST

START_TEST(what_is_met_may_be_removed)
{
    struct walk walk = {.store = store_open(KIND)};
    struct hop_replies replies;
    hop_replies_init(&replies);
    struct hop_batch batch;
    hop_batch_init(&batch);
    for (int i = 0; i < WALKED; i++)
        numbered_put(&batch, HOP_WRITE_FIELD, KEY("hash"), "f", i);
    batch_write(walk.store, &batch);
    hop_batch_done(&batch);
    walk.key = KEY("hash");
    items_walk(&walk, walk.key, HOP_OBJECT_HASH);
    for (int i = 0; i < WALKED; i++)
        ck_assert_uint_ge(walk.met[i], 1);
    ck_assert_int_eq(read_one(walk.store, HOP_READ_HASH_SIZE, walk.key, NULL, 0, &replies)->number,
                     0);
    walk.key = KEY("profile");
    for (int i = 0; i < WALKED; i++)
        numbered_put(&batch, HOP_WRITE_DAYS, walk.key, "i:f", i);
    batch_write(walk.store, &batch);
    hop_batch_done(&batch);
    items_walk(&walk, walk.key, HOP_OBJECT_HASH);
    ck_assert(!read_one(walk.store, HOP_READ_HASH, walk.key, NULL, 0, &replies)->present);
    hop_replies_done(&replies);
    hop_store_free(&walk.store);
}
END_TEST

START_TEST(members_leave_and_keys_are_erased)
{
    struct hop_store *store = store_open(KIND);
    struct hop_replies replies;
    hop_replies_init(&replies);
    struct hop_batch batch;
    hop_batch_init(&batch);
    write_one(store, HOP_WRITE_MEMBER, KEY("set"), NULL, "stays", 0);
    write_one(store, HOP_WRITE_MEMBER, KEY("set"), NULL, "goes", 0);
    write_one(store, HOP_WRITE_LEAVE, KEY("set"), NULL, "goes", 0);
    write_one(store, HOP_WRITE_LEAVE, KEY("set"), NULL, "never came", 0);
    const struct hop_reply *reply = read_one(store, HOP_READ_SAMPLE, KEY("set"), NULL, 9, &replies);
    ck_assert_uint_eq(reply->count, 1);
    ck_assert(hop_span_is(reply->pairs[0].field, "stays"));
    write_one(store, HOP_WRITE_DAYS, KEY("hash"), "d", "20700:1", 0);
    write_one(store, HOP_WRITE_LOG, KEY("log"), id_at(5), "v", 100);
    batch_put(&batch, HOP_WRITE_LEAVE, KEY("set"), NULL, "stays", 0);
    batch_put(&batch, HOP_WRITE_MEMBER, KEY("set"), NULL, "stays", 0);
    batch_put(&batch, HOP_WRITE_ERASE, KEY("hash"), NULL, NULL, 0);
    batch_put(&batch, HOP_WRITE_DAYS, KEY("hash"), "d", "20780:1", 0);
    batch_put(&batch, HOP_WRITE_ERASE, KEY("log"), NULL, NULL, 0);
    batch_put(&batch, HOP_WRITE_ERASE, KEY("absent"), NULL, NULL, 0);
    batch_write(store, &batch);
    hop_batch_done(&batch);
    ck_assert_int_eq(read_one(store, HOP_READ_SET_SIZE, KEY("set"), NULL, 0, &replies)->number, 1);
    ck_assert_str_eq(field_value(store, KEY("hash"), "d"), "20780:1");
    struct seen *seen = log_read(store, KEY("log"), 0, SIZE_MAX);
    ck_assert_uint_eq(seen->count, 0);
    free(seen);
    write_one(store, HOP_WRITE_ERASE, KEY("set"), NULL, NULL, 0);
    ck_assert_int_eq(read_one(store, HOP_READ_SET_SIZE, KEY("set"), NULL, 0, &replies)->number, 0);
    hop_replies_done(&replies);
    hop_store_free(&store);
}
END_TEST

/* Removes odd values, and stops at the given one. */
static enum hop_weed weed_odd(void *context, struct hop_span id, struct hop_span value)
{
    const int64_t *stop = context;
    int64_t number;
    ck_assert(hop_ulid_valid(id) && hop_span_int64(value, 0, 1000, &number));
    if (number >= *stop)
        return HOP_WEED_STOP;
    return number % 2 ? HOP_WEED_REMOVE : HOP_WEED_KEEP;
}

START_TEST(a_log_is_weeded)
{
    struct hop_store *store = store_open(KIND);
    struct hop_error err = {0};
    size_t removed;
    int64_t stop = 200;
    log_fill(store, KEY("log"), 0, 300, 100000);
    enum hop_rc rc = hop_store_weed_by(store, KEY("log"), weed_odd, &stop, &removed, soon(), &err);
    ck_assert_msg(rc == HOP_OK, "%s", err.text);
    ck_assert_uint_eq(removed, 100);
    struct seen *seen = log_read(store, KEY("log"), 0, SIZE_MAX);
    ck_assert_uint_eq(seen->count, 200);
    ck_assert_str_eq(seen->values[1], "2");
    ck_assert_str_eq(seen->values[99], "198");
    ck_assert_str_eq(seen->values[100], "200");
    ck_assert_str_eq(seen->values[199], "299");
    free(seen);
    log_fill(store, KEY("log"), 300, 301, 100000);
    seen = log_read(store, KEY("log"), 0, SIZE_MAX);
    ck_assert_str_eq(seen->values[200], "300");
    free(seen);
    ck_assert_int_eq(
        hop_store_weed_by(store, KEY("absent"), weed_odd, &stop, &removed, soon(), &err), HOP_OK);
    ck_assert_uint_eq(removed, 0);
    hop_store_free(&store);
}
END_TEST

HOP_LOOPED_SUITE("store contract", FIXTURE_FLEET, EACH_STORE(what_is_absent_is_empty),
                 EACH_STORE(the_clock_is_the_stores_and_memory_has_none),
                 EACH_STORE(fields_are_set_replaced_and_dropped),
                 EACH_STORE(a_dropped_register_is_forgotten),
                 EACH_STORE(joins_unite_what_is_stored_with_what_is_new),
                 EACH_STORE(a_malformed_stored_value_counts_as_absent_to_a_join),
                 EACH_STORE(a_write_sees_the_earlier_ones_of_its_batch),
                 EACH_STORE(a_profile_is_a_hash_like_any_other),
                 EACH_STORE(a_set_holds_each_member_once_and_a_sample_is_bounded),
                 EACH_STORE(one_read_answers_many_reads_in_their_order),
                 EACH_STORE(a_log_is_visited_in_order_of_writing),
                 EACH_STORE(a_log_is_visited_from_the_time_of_its_ids),
                 EACH_STORE(a_log_keeps_the_newest_and_not_the_oldest_for_ever),
                 EACH_STORE(recording_twice_late_or_out_of_order_is_recording_once),
                 EACH_SHARED_STORE(writers_at_the_same_time_lose_nothing),
                 EACH_SHARED_STORE(a_reader_sees_a_batch_whole_or_not_at_all),
                 EACH_SHARED_STORE(a_writer_killed_in_mid_record_loses_nothing_acknowledged),
                 EACH_STORE(any_bytes_and_the_largest_sizes_come_back_as_they_were),
                 EACH_STORE(an_answer_is_bounded_in_bytes),
                 EACH_STORE(an_answer_is_bounded_in_items),
                 EACH_STORE(nothing_is_done_after_the_deadline),
                 EACH_STORE(an_empty_batch_and_no_reads_are_fine),
                 EACH_STORE(a_walk_meets_every_key_of_its_prefix_and_no_other),
                 EACH_STORE(a_walk_meets_every_item), EACH_STORE(what_is_met_may_be_removed),
                 EACH_STORE(members_leave_and_keys_are_erased), EACH_STORE(a_log_is_weeded),
                 EACH_STORE(a_handle_leaves_no_descriptor_and_none_survives_exec))
