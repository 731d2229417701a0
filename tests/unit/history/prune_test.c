/* SPDX-License-Identifier: Apache-2.0 */
/* What upkeep takes away and what it leaves, on every store. */
#include "login_fixture.h"
#include "store_fixture.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "date.h"
#include "prune.h"
#include "ulid.h"

#define KIND ((enum store_kind)_i)
#define NOW INT64_C(1795512600) /* 2026-11-24T09:30:00Z */
#define TODAY 20781
#define BUCKET (NOW / 21600)
#define MONTH ((2026 - 1970) * 12 + 10)

static struct hop_store *store;
static struct hop_reach reach;
static struct hop_pruned pruned;

static void begin(enum store_kind kind)
{
    store = store_open(kind);
    reach = (struct hop_reach){.tenants = 10};
    strcpy(reach.witness, HOP_HOME);
    /* in a cluster such keys lie on all nodes */
    const enum store_kind apart = kind == STORE_CLUSTER ? STORE_SENTINEL : kind;
    ck_assert(hop_string_copy(reach.prefix, sizeof reach.prefix, test_key(apart, "")));
}

static const char *key_of(const char *rest)
{
    static char keys[4][HOP_STORE_KEY_MAX + 1];
    static unsigned turn;
    char *key = keys[turn++ % 4];
    snprintf(key, sizeof keys[0], "%s%s", reach.prefix, rest);
    return key;
}

static void put(enum hop_write_kind kind, const char *rest, const char *field, const char *value)
{
    write_one(store, kind, key_of(rest), field, value, 100);
}

static void prune(int retention_days)
{
    struct hop_prune *work;
    struct hop_error err = {0};
    ck_assert_int_eq(hop_prune_new(store, &reach, NOW, retention_days, &work, &err), HOP_OK);
    bool done = false;
    for (int steps = 0; !done; steps++) {
        ck_assert_int_lt(steps, 10000);
        enum hop_rc rc = hop_prune_step_by(work, &done, soon(), &err);
        ck_assert_msg(rc == HOP_OK, "%s", err.text);
    }
    pruned = *hop_prune_result(work);
    hop_prune_free(&work);
    ck_assert_ptr_null(work);
}

static bool has(const char *rest, const char *field)
{
    struct hop_replies replies;
    hop_replies_init(&replies);
    bool present = read_one(store, HOP_READ_FIELD, key_of(rest), field, 0, &replies)->present;
    hop_replies_done(&replies);
    return present;
}

static bool holds(const char *rest, const char *member)
{
    struct hop_replies replies;
    hop_replies_init(&replies);
    const struct hop_reply *reply =
        read_one(store, HOP_READ_SAMPLE, key_of(rest), NULL, 5000, &replies);
    bool found = pair_of(reply, member) != NULL;
    hop_replies_done(&replies);
    return found;
}

static int64_t size_of(enum hop_read_kind kind, const char *rest)
{
    struct hop_replies replies;
    hop_replies_init(&replies);
    int64_t size = read_one(store, kind, key_of(rest), NULL, 0, &replies)->number;
    hop_replies_done(&replies);
    return size;
}

static size_t fields_of(const char *rest)
{
    struct hop_replies replies;
    hop_replies_init(&replies);
    size_t count = read_one(store, HOP_READ_HASH, key_of(rest), NULL, 0, &replies)->count;
    hop_replies_done(&replies);
    return count;
}

static const char *days_of(int32_t last)
{
    static char texts[4][HOP_DAYSET_TEXT_MAX];
    static unsigned turn;
    char *text = texts[turn++ % 4];
    snprintf(text, sizeof texts[0], "%d:1", (int)last);
    return text;
}

static const char *id_of(int64_t epoch_s)
{
    static char id[HOP_ULID_LENGTH + 1];
    hop_ulid_format(epoch_s * 1000, (const uint8_t[10]){0}, id);
    return id;
}

START_TEST(touches_that_a_score_reads_stay)
{
    begin(KIND);
    const struct {
        int64_t bucket;
        bool stays;
    } cases[] = {{BUCKET, true},     {BUCKET - 4, true},    {BUCKET - 5, false},
                 {BUCKET + 4, true}, {BUCKET + 5, false},   {0, false},
                 {BUCKET - 1, true}, {INT64_MAX - 1, false}};
    char rest[64];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(rest, sizeof rest, "x:{anna}:%lld", (long long)cases[i].bucket);
        put(HOP_WRITE_MEMBER, rest, NULL, "1|t|1|1|");
    }
    put(HOP_WRITE_MEMBER, "x:{anna}:nonsense", NULL, "1|t|1|1|");
    prune(512);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(rest, sizeof rest, "x:{anna}:%lld", (long long)cases[i].bucket);
        ck_assert_msg(holds(rest, "1|t|1|1|") == cases[i].stays, "%s", rest);
    }
    ck_assert(!holds("x:{anna}:nonsense", "1|t|1|1|"));
    ck_assert_uint_eq(pruned.touches, 5);
    hop_store_free(&store);
}
END_TEST

START_TEST(failures_of_a_day_stay)
{
    begin(KIND);
    const struct {
        int64_t back;
        bool stays;
    } cases[] = {{0, true}, {12, true}, {13, false}, {-12, true}, {-13, false}, {9000, false}};
    static const char *const lists[] = {"f:{anna}", "q:{192.0.2.0%2F24}"};
    int64_t now = NOW / HOP_FAILURE_BUCKET_SECONDS;
    char rest[64];
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        snprintf(rest, sizeof rest, "%s:%lld", lists[i % 2], (long long)(now - cases[i / 2].back));
        put(HOP_WRITE_MEMBER, rest, NULL, "1|c");
    }
    put(HOP_WRITE_FIELD, "freeze", "account:anna", "block|1|a|b");
    prune(512);
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        snprintf(rest, sizeof rest, "%s:%lld", lists[i % 2], (long long)(now - cases[i / 2].back));
        ck_assert_msg(holds(rest, "1|c") == cases[i / 2].stays, "%s", rest);
    }
    ck_assert_uint_eq(pruned.failures, 6);
    ck_assert(has("freeze", "account:anna"));
    hop_store_free(&store);
}
END_TEST

START_TEST(visits_of_thirteen_months_stay)
{
    begin(KIND);
    char rest[64];
    for (int month = MONTH - 20; month < MONTH + 5; month++) {
        snprintf(rest, sizeof rest, "y:{anna}:%d", month);
        put(HOP_WRITE_MEMBER, rest, NULL, "1|t");
    }
    prune(512);
    for (int month = MONTH - 20; month < MONTH + 5; month++) {
        snprintf(rest, sizeof rest, "y:{anna}:%d", month);
        ck_assert_int_eq(holds(rest, "1|t"), month > MONTH - 13 && month <= MONTH + 1);
    }
    prune(60);
    ck_assert(!holds("y:{anna}:679", "1|t"));
    ck_assert(holds("y:{anna}:681", "1|t"));
    hop_store_free(&store);
}
END_TEST

START_TEST(values_not_seen_for_the_retention_go)
{
    begin(KIND);
    put(HOP_WRITE_DAYS, "p:{anna}:acme", "c:NL", days_of(TODAY - 512));
    put(HOP_WRITE_DAYS, "p:{anna}:acme", "c:DE", days_of(TODAY - 513));
    put(HOP_WRITE_DAYS, "p:{anna}:home", "c:FR", days_of(TODAY + 1));
    put(HOP_WRITE_DAYS, "p:{anna}:home", "c:RO", days_of(TODAY + 2));
    put(HOP_WRITE_FIELD, "p:{anna}:home", "c:XX", "garbage");
    put(HOP_WRITE_FIELD, "p:{anna}:home", "what", "1");
    put(HOP_WRITE_LATEST, "p:{anna}:acme", HOP_FIELD_STEP_UP, "1795000000");
    put(HOP_WRITE_LATEST, "p:{bert}:acme", HOP_FIELD_STEP_UP, "1695000000");
    prune(512);
    ck_assert(has("p:{anna}:acme", "c:NL") && has("p:{anna}:home", "c:FR"));
    ck_assert(has("p:{anna}:acme", HOP_FIELD_STEP_UP));
    ck_assert(!has("p:{anna}:acme", "c:DE") && !has("p:{anna}:home", "c:RO"));
    ck_assert(!has("p:{anna}:home", "c:XX") && !has("p:{anna}:home", "what"));
    ck_assert(!has("p:{bert}:acme", HOP_FIELD_STEP_UP));
    ck_assert_uint_eq(pruned.values, 5);
    prune(60);
    ck_assert(!has("p:{anna}:acme", "c:NL") && has("p:{anna}:home", "c:FR"));
    hop_store_free(&store);
}
END_TEST

/* As a hostile tenant may write its own profiles: more than a host ever would. */
START_TEST(profiles_come_back_within_their_bounds)
{
    begin(KIND);
    struct hop_batch batch;
    hop_batch_init(&batch);
    for (int i = 0; i < 3000; i++) {
        char field[32];
        snprintf(field, sizeof field, "%c:v%d", i % 2 ? 'k' : 'i', i);
        batch_put(&batch, HOP_WRITE_FIELD, key_of("p:{anna}:acme"), field,
                  days_of(TODAY - 300 + i / 10), 0);
    }
    batch_write(store, &batch);
    hop_batch_done(&batch);
    prune(512);
    ck_assert_uint_eq(fields_of("p:{anna}:acme"),
                      hop_kind_facts(HOP_KIND_KEY)->bound + hop_kind_facts(HOP_KIND_NODE)->bound);
    ck_assert(has("p:{anna}:acme", "k:v2999") && has("p:{anna}:acme", "i:v2998"));
    hop_store_free(&store);
}
END_TEST

#define OVERSIZED 70000 /* fields: more than an answer may hold */

/* As a list that packs nothing, so that it is written fast; then it gets its name. */
static void oversized_put(const char *rest, const char *kind, const char *value)
{
    const char *list = key_of("q:{filled}");
    for (int first = 0; first < OVERSIZED; first += 1000) {
        struct hop_batch batch;
        char field[32];
        hop_batch_init(&batch);
        for (int i = first; i < first + 1000; i++) {
            snprintf(field, sizeof field, "%s%d", kind, i);
            batch_put(&batch, HOP_WRITE_FIELD, list, field, value, 0);
        }
        batch_write(store, &batch);
        hop_batch_done(&batch);
    }
    ADMINISTER("RENAME", list, key_of(rest));
}

/* The walk has no order: what is stale may come before and behind. */
START_TEST(a_key_of_any_size_keeps_no_other_from_its_upkeep)
{
    begin(STORE_REDIS_UNIX);
    oversized_put("p:{anna}:acme", "h:acme/", "19000:1");
    oversized_put("d:{beta}:acme", "c:", "19000");
    put(HOP_WRITE_MEMBER, "d:{}:acme", NULL, "beta|c:1");
    char rest[64];
    for (int i = 0; i < 20; i++) {
        snprintf(rest, sizeof rest, "x:{anna}:%d", i);
        put(HOP_WRITE_MEMBER, rest, NULL, "1|t|1|1|");
    }
    prune(512);
    ck_assert_uint_eq(pruned.touches, 20);
    ck_assert_uint_eq(pruned.unread, 0);
    ck_assert_int_eq(size_of(HOP_READ_HASH_SIZE, "p:{anna}:acme"), 0);
    ck_assert_int_eq(size_of(HOP_READ_HASH_SIZE, "d:{beta}:acme"), 0);
    ck_assert_int_eq(size_of(HOP_READ_SET_SIZE, "d:{}:acme"), 0);
    hop_store_free(&store);
}
END_TEST

START_TEST(a_pair_is_looked_up_in_a_list_of_any_size)
{
    begin(STORE_REDIS_UNIX);
    oversized_put("d:{beta}:acme", "c:", "20781");
    put(HOP_WRITE_MEMBER, "d:{}:acme", NULL, "beta|c:1");
    put(HOP_WRITE_MEMBER, "d:{}:acme", NULL, "beta|c:none");
    prune(512);
    ck_assert_uint_eq(pruned.unread, 0);
    ck_assert(holds("d:{}:acme", "beta|c:1") && !holds("d:{}:acme", "beta|c:none"));
    hop_store_free(&store);
}
END_TEST

START_TEST(what_cannot_be_read_is_passed_over_and_told)
{
    begin(STORE_REDIS_UNIX);
    const size_t size = HOP_STORE_REPLY_MAX + 1;
    char *bytes = malloc(size + 1);
    ck_assert_ptr_nonnull(bytes);
    memset(bytes, 'x', size);
    bytes[size] = '\0';
    ADMINISTER("HSET", key_of("p:{anna}:acme"), "~1", bytes);
    free(bytes);
    char rest[64];
    for (int i = 0; i < 20; i++) {
        snprintf(rest, sizeof rest, "x:{anna}:%d", i);
        put(HOP_WRITE_MEMBER, rest, NULL, "1|t|1|1|");
    }
    put(HOP_WRITE_MEMBER, "k:{SHA256:gone}", NULL, "anna");
    prune(512);
    ck_assert_uint_eq(pruned.touches, 20);
    ck_assert_uint_eq(pruned.owners, 1);
    ck_assert_uint_eq(pruned.unread, 1);
    ck_assert_str_eq(pruned.unread_key, key_of("p:{anna}:acme"));
    int64_t time = 0;
    ck_assert_int_eq(hop_pruned_time_by(store, &reach, &time, soon(), NULL), HOP_OK);
    ck_assert_int_eq(time, NOW);
    hop_store_free(&store);
}
END_TEST

START_TEST(a_profile_packed_by_a_later_version_stays)
{
    begin(KIND);
    put(HOP_WRITE_FIELD, "p:{anna}:home", "~2", "another format");
    put(HOP_WRITE_FIELD, "p:{anna}:home", "what", "1");
    prune(512);
    ck_assert(has("p:{anna}:home", "~2") && !has("p:{anna}:home", "what"));
    hop_store_free(&store);
}
END_TEST

START_TEST(admins_not_seen_for_the_window_go_and_their_pairs_too)
{
    begin(KIND);
    char day[16];
    snprintf(day, sizeof day, "%d", TODAY - 512);
    put(HOP_WRITE_LATEST, "d:{acme}:home", "anna", day);
    put(HOP_WRITE_LATEST, "d:{acme/nordics}:home", "anna", day);
    snprintf(day, sizeof day, "%d", TODAY - 513);
    put(HOP_WRITE_LATEST, "d:{acme}:home", "bert", day);
    put(HOP_WRITE_LATEST, "d:{acme/nordics}:home", "bert", day);
    put(HOP_WRITE_FIELD, "d:{acme}:home", "carl", "99999");
    const char *const sets[] = {"d:{}:home", "d:{/nordics}:home"};
    for (int i = 0; i < 2; i++) {
        put(HOP_WRITE_MEMBER, sets[i], NULL, "acme|anna");
        put(HOP_WRITE_MEMBER, sets[i], NULL, "acme|bert");
        put(HOP_WRITE_MEMBER, sets[i], NULL, "nonsense");
    }
    prune(1000);
    ck_assert(has("d:{acme}:home", "anna") && has("d:{acme/nordics}:home", "anna"));
    ck_assert_int_eq(size_of(HOP_READ_HASH_SIZE, "d:{acme}:home"), 1);
    ck_assert_int_eq(size_of(HOP_READ_HASH_SIZE, "d:{acme/nordics}:home"), 1);
    for (int i = 0; i < 2; i++)
        ck_assert(holds(sets[i], "acme|anna") && size_of(HOP_READ_SET_SIZE, sets[i]) == 1);
    hop_store_free(&store);
}
END_TEST

START_TEST(sessions_of_a_week_stay)
{
    begin(KIND);
    char fresh[HOP_ULID_LENGTH + 1], old[HOP_ULID_LENGTH + 1], future[HOP_ULID_LENGTH + 1];
    strcpy(fresh, id_of(NOW - 6 * 86400));
    strcpy(old, id_of(NOW - 8 * 86400));
    strcpy(future, id_of(NOW + 3 * 86400));
    put(HOP_WRITE_FIELD, "s:{10.1.0.5}:acme", fresh, "anna 1");
    put(HOP_WRITE_FIELD, "s:{10.1.0.5}:acme", old, "anna 1");
    put(HOP_WRITE_FIELD, "s:{10.1.0.5}:acme", future, "anna 1");
    put(HOP_WRITE_FIELD, "s:{10.1.0.5}:acme", "nonsense", "anna 1");
    prune(512);
    ck_assert(has("s:{10.1.0.5}:acme", fresh));
    ck_assert_int_eq(size_of(HOP_READ_HASH_SIZE, "s:{10.1.0.5}:acme"), 1);
    hop_store_free(&store);
}
END_TEST

/* Whoever shows a new key at every login, and whoever accuses others of having used one. */
START_TEST(owners_whom_no_profile_backs_go)
{
    begin(KIND);
    put(HOP_WRITE_DAYS, "p:{anna}:acme", "k:SHA256:a/b", days_of(TODAY));
    put(HOP_WRITE_DAYS, "p:{bert}:home", "k:SHA256:a/b", days_of(TODAY - 600));
    put(HOP_WRITE_MEMBER, "k:{SHA256:a%2Fb}", NULL, "anna");
    put(HOP_WRITE_MEMBER, "k:{SHA256:a%2Fb}", NULL, "bert");
    put(HOP_WRITE_MEMBER, "k:{SHA256:a%2Fb}", NULL, "mallory");
    put(HOP_WRITE_MEMBER, "k:{SHA256:gone}", NULL, "anna");
    prune(512);
    ck_assert(holds("k:{SHA256:a%2Fb}", "anna"));
    ck_assert_int_eq(size_of(HOP_READ_SET_SIZE, "k:{SHA256:a%2Fb}"), 1);
    ck_assert_int_eq(size_of(HOP_READ_SET_SIZE, "k:{SHA256:gone}"), 0);
    ck_assert_uint_eq(pruned.owners, 3);
    hop_store_free(&store);
}
END_TEST

static void count_key(void *context, const char *key, enum hop_object object)
{
    (void)key, (void)object;
    ++*(size_t *)context;
}

static size_t keys_of(const char *list)
{
    struct hop_cursor cursor = {.ended = false};
    size_t count = 0;
    while (!cursor.ended)
        ck_assert_int_eq(
            hop_store_keys_by(store, key_of(list), &cursor, count_key, &count, soon(), NULL),
            HOP_OK);
    return count;
}

static unsigned fields_most(void)
{
    unsigned most = 2; /* registers */
    for (int kind = 0; kind < HOP_KIND_COUNT; kind++)
        most += hop_kind_facts((enum hop_kind)kind)->bound;
    return most;
}

/* A new address, key, tenant and host at every login, all learned. */
START_TEST(whoever_is_new_at_every_login_stays_within_bounds)
{
    begin(STORE_MEMORY);
    reach.all_home = true;
    struct hop_login login = fixture_login();
    for (int i = 0; i < 700; i++) {
        char text[64];
        snprintf(text, sizeof text, "9.%d.%d.1", i / 250, i % 250);
        fixture_source(&login, text);
        snprintf(login.key, sizeof login.key, "SHA256:key%d", i);
        snprintf(login.tenant, sizeof login.tenant, "tenant%d", i);
        snprintf(login.host, sizeof login.host, "host%d", i);
        login.time = NOW - 86400 + i * 60;
        fixture_learn(store, &login, &reach, false);
    }
    ck_assert_uint_eq(keys_of("k:"), 700);
    prune(512);
    ck_assert_uint_le(keys_of("k:"), hop_kind_facts(HOP_KIND_KEY)->bound);
    ck_assert_uint_le(fields_of("p:{anna}:home"), fields_most());
    hop_store_free(&store);
}
END_TEST

static void touch(const struct hop_login *login)
{
    struct hop_recollection recollection;
    struct hop_batch batch;
    hop_recollection_init(&recollection);
    hop_batch_init(&batch);
    fixture_recall(store, login, &reach, &recollection);
    ck_assert_int_eq(hop_plan_touch(login, &reach, &recollection, 70, &batch), HOP_OK);
    fixture_write(store, &batch);
    hop_batch_done(&batch);
    hop_recollection_done(&recollection);
}

/* All fields and members that a score of this login reads. */
static size_t read_for(const struct hop_login *login)
{
    struct hop_reads *reads = malloc(sizeof *reads);
    struct hop_replies replies;
    struct hop_error err = {0};
    size_t pairs = 0;
    hop_replies_init(&replies);
    hop_plan_reads(login, &reach, reads);
    for (size_t i = 0; i < reads->count; i++)
        reads->items[i].profile_will_do = false;
    ck_assert_int_eq(hop_store_read_by(store, reads->items, reads->count, &replies, soon(), &err),
                     HOP_OK);
    for (size_t i = 0; i < replies.count; i++)
        pairs += replies.items[i].count;
    hop_replies_done(&replies);
    free(reads);
    return pairs;
}

/* As above, but each customer's host writes in its own name, and all at once: what a score reads is
 * bounded, what it could not read counts against the login, and upkeep takes it away. */
START_TEST(however_much_is_shown_a_score_reads_no_more)
{
    begin(STORE_MEMORY);
    const int64_t bucket = BUCKET - 20;
    struct hop_login login = fixture_login();
    for (int i = 0; i < 700; i++) {
        char text[64];
        snprintf(text, sizeof text, "9.%d.%d.1", i / 250, i % 250);
        fixture_source(&login, text);
        snprintf(login.key, sizeof login.key, "SHA256:key%d", i);
        snprintf(login.tenant, sizeof login.tenant, "tenant%d", i);
        snprintf(login.tenant_tag, sizeof login.tenant_tag, "tag%d", i);
        snprintf(login.host, sizeof login.host, "host%d", i);
        login.time = bucket * 21600 + i * 30;
        hop_string_copy(reach.witness, sizeof reach.witness, login.tenant);
        touch(&login);
        fixture_learn(store, &login, &reach, false);
    }
    struct hop_recollection recollection;
    hop_recollection_init(&recollection);
    fixture_recall(store, &login, &reach, &recollection);
    ck_assert(recollection.around.touches_flooded);
    hop_recollection_done(&recollection);
    ck_assert_uint_le(read_for(&login), 2 * fields_most() + HOP_READS_MAX * HOP_TOUCH_READ_MAX);
    ck_assert_uint_le(read_for(&login), 2000);
    ck_assert_uint_eq(keys_of("x:"), 1);
    prune(512);
    ck_assert_uint_eq(keys_of("x:"), 0);
    hop_store_free(&store);
}
END_TEST

static bool count_entry(void *context, struct hop_span id, struct hop_span value)
{
    (void)id, (void)value;
    ++*(int *)context;
    return true;
}

START_TEST(log_entries_older_than_the_retention_go)
{
    begin(KIND);
    for (int day = 0; day < 100; day++)
        put(HOP_WRITE_LOG, "log:acme", id_of(NOW - (int64_t)day * 86400), "{}");
    prune(40);
    int left = 0;
    ck_assert_int_eq(
        hop_store_log_by(store, key_of("log:acme"), 0, count_entry, &left, soon(), NULL), HOP_OK);
    ck_assert_int_eq(left, 41);
    ck_assert_uint_eq(pruned.entries, 59);
    hop_store_free(&store);
}
END_TEST

START_TEST(approvals_of_yesterday_stay)
{
    char old[64], young[64];
    begin(KIND);
    snprintf(old, sizeof old, "ok:{%s}", id_of(NOW - 3 * 86400));
    snprintf(young, sizeof young, "ok:{%s}", id_of(NOW - 86400));
    put(HOP_WRITE_FIELD, old, "SHA256:x", "1 approve");
    put(HOP_WRITE_FIELD, young, "SHA256:x", "1 approve");
    prune(40);
    ck_assert(!has(old, "SHA256:x") && has(young, "SHA256:x"));
    ck_assert_uint_eq(pruned.approvals, 1);
    hop_store_free(&store);
}
END_TEST

START_TEST(a_flood_is_told_and_stays)
{
    begin(KIND);
    struct hop_batch batch;
    hop_batch_init(&batch);
    for (int i = 0; i <= HOP_SHARED_SET_FULL; i++) {
        char member[32];
        snprintf(member, sizeof member, "t%d", i);
        batch_put(&batch, HOP_WRITE_MEMBER, key_of("n:{198.51.100.9}"), NULL, member, 0);
    }
    batch_write(store, &batch);
    hop_batch_done(&batch);
    prune(512);
    ck_assert_uint_eq(pruned.flooded, 1);
    ck_assert_str_eq(pruned.flooded_key, key_of("n:{198.51.100.9}"));
    ck_assert_int_gt(size_of(HOP_READ_SET_SIZE, "n:{198.51.100.9}"), HOP_SHARED_SET_FULL);
    hop_store_free(&store);
}
END_TEST

START_TEST(what_is_not_ours_stays)
{
    begin(KIND);
    put(HOP_WRITE_FIELD, "freeze", "account:anna", "block|1|x|y");
    put(HOP_WRITE_FIELD, "ok:{1}", "f", "v");
    put(HOP_WRITE_FIELD, "other", "f", "v");
    put(HOP_WRITE_FIELD, "p:anna", "f", "v");
    put(HOP_WRITE_FIELD, "z:{anna}:home", "f", "v");
    put(HOP_WRITE_MEMBER, "p:{anna}:home", NULL, "a set where a hash belongs");
    prune(30);
    ck_assert(has("freeze", "account:anna") && has("ok:{1}", "f") && has("other", "f"));
    ck_assert(has("p:anna", "f") && has("z:{anna}:home", "f"));
    hop_store_free(&store);
}
END_TEST

START_TEST(it_leaves_a_marker_and_twice_is_once)
{
    begin(KIND);
    int64_t time = 77;
    ck_assert_int_eq(hop_pruned_time_by(store, &reach, &time, soon(), NULL), HOP_OK);
    ck_assert_int_eq(time, 0);
    put(HOP_WRITE_DAYS, "p:{anna}:acme", "c:NL", days_of(TODAY));
    prune(512);
    prune(512);
    ck_assert_uint_eq(pruned.values + pruned.owners + pruned.admins, 0);
    ck_assert_int_eq(hop_pruned_time_by(store, &reach, &time, soon(), NULL), HOP_OK);
    ck_assert_int_eq(time, NOW);
    hop_store_free(&store);
}
END_TEST

START_TEST(keys_are_taken_apart)
{
    static const struct {
        const char *key;
        char list; /* 0: none of ours */
        const char *name, *tail;
    } cases[] = {{"h:p:{anna}:home", 'p', "anna", "home"},
                 {"h:p:{a:b%7D}:acme", 'p', "a:b%7D", "acme"},
                 {"h:d:{}:home", 'd', "", "home"},
                 {"h:d:{acme/nordics}:home", 'd', "acme/nordics", "home"},
                 {"h:k:{SHA256:x}", 'k', "SHA256:x", ""},
                 {"h:n:{2001:db8::1}", 'n', "2001:db8::1", ""},
                 {"h:log:acme", 'l', "", "acme"},
                 {"h:ok:{1}", 'o', "1", ""},
                 {"h:freeze", 'f', "", ""},
                 {"h:f:{anna}:4711", 'f', "anna", "4711"},
                 {"h:q:{192.0.2.0%2F24}:4711", 'q', "192.0.2.0%2F24", "4711"},
                 {"h:f:{anna}", 0, "", ""},
                 {"h:pruned", 'm', "", ""},
                 {"x:p:{anna}:home", 0, "", ""},
                 {"h:p:{anna}", 0, "", ""},
                 {"h:p:{anna}:", 0, "", ""},
                 {"h:p:anna:home", 0, "", ""},
                 {"h:p:{anna:home", 0, "", ""},
                 {"h:k:{x}:home", 0, "", ""},
                 {"h:pp:{anna}:home", 0, "", ""},
                 {"h:", 0, "", ""},
                 {"", 0, "", ""},
                 {"h:p:", 0, "", ""},
                 {"h:log:", 0, "", ""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hop_key_parts parts;
        bool ours = hop_key_parse(cases[i].key, "h:", &parts);
        ck_assert_msg(ours == (cases[i].list != 0), "%s", cases[i].key);
        if (!ours)
            continue;
        ck_assert_int_eq(parts.list, cases[i].list);
        ck_assert_msg(hop_span_is(parts.name, cases[i].name), "%s", cases[i].key);
        ck_assert_msg(hop_span_is(parts.tail, cases[i].tail), "%s", cases[i].key);
    }
}
END_TEST

HOP_LOOPED_SUITE("prune", FIXTURE_FLEET, EACH_STORE(touches_that_a_score_reads_stay),
                 EACH_STORE(failures_of_a_day_stay), EACH_STORE(visits_of_thirteen_months_stay),
                 EACH_STORE(values_not_seen_for_the_retention_go),
                 EACH_STORE(profiles_come_back_within_their_bounds),
                 EACH_STORE(admins_not_seen_for_the_window_go_and_their_pairs_too),
                 EACH_STORE(sessions_of_a_week_stay), EACH_STORE(owners_whom_no_profile_backs_go),
                 EACH_STORE(log_entries_older_than_the_retention_go),
                 EACH_STORE(approvals_of_yesterday_stay), EACH_STORE(a_flood_is_told_and_stays),
                 EACH_STORE(what_is_not_ours_stays),
                 EACH_STORE(it_leaves_a_marker_and_twice_is_once),
                 EACH_STORE(a_profile_packed_by_a_later_version_stays),
                 ONCE(a_key_of_any_size_keeps_no_other_from_its_upkeep),
                 ONCE(a_pair_is_looked_up_in_a_list_of_any_size),
                 ONCE(what_cannot_be_read_is_passed_over_and_told),
                 ONCE(whoever_is_new_at_every_login_stays_within_bounds),
                 ONCE(however_much_is_shown_a_score_reads_no_more), ONCE(keys_are_taken_apart))
