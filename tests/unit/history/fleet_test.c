/* SPDX-License-Identifier: Apache-2.0 */
/* Real sentinels and a real cluster, whose servers die, stop, move their slots and come back. Each
 * test starts its own; they end with it. */
#include "fleet_fixture.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "cluster_map.h"
#include "history.h"

#define LOGIN_MS 250                /* what a login's phase has */
#define PATIENCE_MS (20 * LOGIN_MS) /* beyond it; more is a hang */
#define FAILOVER_MS 60000
#define ASLEEP_MS 2000

static struct hop_error err;
static char folder[128];

static void folder_make(void)
{
    snprintf(folder, sizeof folder, "%s/test-%d", fixture.folder, (int)getpid());
    ck_assert_int_eq(mkdir(folder, 0750), 0);
    hop_error_clear(&err);
}

static const char *in_folder(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static const char *contents(const char *name)
{
    static char text[8192];
    text[0] = '\0';
    int fd = open(in_folder(name), O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    text[len > 0 ? len : 0] = '\0';
    if (fd >= 0)
        close(fd);
    return text;
}

static bool kept(const struct server *server)
{
    char place[32];
    snprintf(place, sizeof place, "127.0.0.1 %u\n", server->port);
    return strstr(contents("route"), place) != NULL;
}

static struct hop_store *opened(bool sentinel, const struct server *servers, size_t count)
{
    struct hop_redis_setup setups[HOP_FLEET_MAX];
    const struct hop_fleet_setup setup = fleet_setup(servers, count, setups, folder);
    struct hop_store *store = NULL;
    enum hop_rc rc = sentinel ? hop_store_sentinel_new(&setup, &store, &err)
                              : hop_store_cluster_new(&setup, &store, &err);
    ck_assert_msg(rc == HOP_OK, "%s", err.text);
    return store;
}

static enum hop_rc writes(struct hop_store *store, const char *key, const char *value,
                          struct hop_deadline by)
{
    struct hop_batch batch;
    hop_batch_init(&batch);
    batch_put(&batch, HOP_WRITE_DAYS, key, "d", value, 0);
    enum hop_rc rc = hop_store_write_by(store, &batch, by, &err);
    hop_batch_done(&batch);
    return rc;
}

static enum hop_rc reads(struct hop_store *store, const char *key, struct hop_deadline by)
{
    const struct hop_read both[] = {{.kind = HOP_READ_TIME}, {.kind = HOP_READ_HASH}};
    struct hop_read *read = calloc(2, sizeof *read);
    struct hop_replies replies;
    hop_replies_init(&replies);
    memcpy(read, both, sizeof both);
    ck_assert(hop_string_copy(read[1].key, sizeof read[1].key, key));
    enum hop_rc rc = hop_store_read_by(store, read, 2, &replies, by, &err);
    hop_replies_done(&replies);
    free(read);
    return rc;
}

static void fine(enum hop_rc rc)
{
    ck_assert_msg(rc == HOP_OK, "%s: %s", hop_rc_word(rc), err.text);
}

static void in_time(struct hop_deadline by)
{
    ck_assert(!hop_deadline_passed(by, hop_clock_monotonic_ns() - PATIENCE_MS * HOP_NS_PER_MS));
}

static void freeze_server(const struct server *server, bool frozen)
{
    kill(server->pid, frozen ? SIGSTOP : SIGCONT);
}

/* --- sentinels ------------------------------------------------------------------------------- */

struct watched {
    struct server primary, replica, sentinels[3];
};

static struct watched watched_start(void)
{
    struct watched watched = {.primary = {.port = 0}};
    char lines[512];
    folder_make();
    snprintf(lines, sizeof lines,
             "requirepass \"" REDIS_PASSWORD "\"\nmasterauth \"" REDIS_PASSWORD
             "\"\nrepl-diskless-sync-delay 0\nsave \"\"");
    watched.primary = server_start(server_port(), false, lines);
    snprintf(lines + strlen(lines), sizeof lines - strlen(lines), "\nreplicaof 127.0.0.1 %u",
             watched.primary.port);
    watched.replica = server_start(server_port(), false, lines);
    WAITS(&watched.replica, "master_link_status:up", "INFO", "replication");
    for (int i = 0; i < 3; i++)
        watched.sentinels[i] = sentinel_start(watched.primary.port, 2, "");
    for (int i = 0; i < 3; i++) {
        WAITS(&watched.sentinels[i], "num-other-sentinels 2", "SENTINEL", "MASTER", FLEET_SERVICE);
        WAITS(&watched.sentinels[i], "num-slaves 1", "SENTINEL", "MASTER", FLEET_SERVICE);
    }
    return watched;
}

static void watched_stop(struct watched *watched)
{
    server_stop(&watched->primary);
    server_stop(&watched->replica);
    for (int i = 0; i < 3; i++)
        server_stop(&watched->sentinels[i]);
}

START_TEST(the_primary_is_found_and_remembered)
{
    struct watched watched = watched_start();
    struct hop_store *store = opened(true, watched.sentinels, 3);
    fine(writes(store, "k", "20780:1", soon()));
    hop_store_free(&store);
    ck_assert(kept(&watched.primary));
    for (int i = 0; i < 3; i++)
        server_stop(&watched.sentinels[i]);
    store = opened(true, watched.sentinels, 3); /* nobody is left to ask, and nobody needs to be */
    fine(reads(store, "k", soon()));
    ck_assert_str_eq(field_value(store, "k", "d"), "20780:1");
    hop_store_free(&store);
    watched_stop(&watched);
}
END_TEST

START_TEST(a_replica_is_not_taken_for_the_primary)
{
    struct watched watched = watched_start();
    struct hop_store *store = opened(true, watched.sentinels, 3);
    fine(reads(store, "k", soon()));
    hop_store_free(&store);
    /* what was remembered has become a replica since */
    TOLD(&watched.sentinels[0], "SENTINEL", "FAILOVER", FLEET_SERVICE);
    WAITS(&watched.replica, "role:master", "INFO", "replication");
    WAITS(&watched.primary, "role:slave", "INFO", "replication");
    char port[8];
    snprintf(port, sizeof port, "%u", watched.replica.port);
    for (int i = 0; i < 3; i++)
        WAITS(&watched.sentinels[i], port, "SENTINEL", "get-master-addr-by-name", FLEET_SERVICE);
    ck_assert(kept(&watched.primary));
    store = opened(true, watched.sentinels, 3);
    fine(writes(store, "k", "20780:1", soon()));
    ck_assert(kept(&watched.replica));
    hop_store_free(&store);
    watched_stop(&watched);
}
END_TEST

START_TEST(a_connection_to_one_that_is_demoted_is_left)
{
    struct watched watched = watched_start();
    struct hop_store *store = opened(true, watched.sentinels, 3);
    fine(writes(store, "k", "20780:1", soon()));
    TOLD(&watched.sentinels[0], "SENTINEL", "FAILOVER", FLEET_SERVICE);
    WAITS(&watched.primary, "role:slave", "INFO", "replication");
    char port[8];
    snprintf(port, sizeof port, "%u", watched.replica.port);
    for (int i = 0; i < 3; i++)
        WAITS(&watched.sentinels[i], port, "SENTINEL", "get-master-addr-by-name", FLEET_SERVICE);
    fine(writes(store, "k", "20781:1", soon()));
    ck_assert_str_eq(field_value(store, "k", "d"), "20781:3");
    hop_store_free(&store);
    watched_stop(&watched);
}
END_TEST

START_TEST(one_sentinel_that_lives_suffices)
{
    struct watched watched = watched_start();
    server_stop(&watched.sentinels[0]);
    freeze_server(&watched.sentinels[1], true);
    struct hop_store *store = opened(true, watched.sentinels, 3);
    fine(reads(store, "k", soon()));
    hop_store_free(&store);
    watched_stop(&watched);
}
END_TEST

START_TEST(no_sentinel_is_an_error_within_the_deadline)
{
    struct watched watched = watched_start();
    for (int i = 0; i < 3; i++)
        freeze_server(&watched.sentinels[i], true);
    struct hop_store *store = opened(true, watched.sentinels, 3);
    struct hop_deadline by = hop_clock_deadline(LOGIN_MS);
    ck_assert_int_eq(reads(store, "k", by), HOP_TIMEOUT);
    in_time(by);
    for (int i = 0; i < 3; i++)
        server_stop(&watched.sentinels[i]);
    ck_assert_int_eq(reads(store, "k", soon()), HOP_IO);
    ck_assert_msg(strstr(err.text, "Connection refused") != NULL, "%s", err.text);
    hop_store_free(&store);
    watched_stop(&watched);
}
END_TEST

START_TEST(a_service_that_nobody_watches_is_an_error)
{
    struct watched watched = watched_start();
    struct hop_redis_setup setups[3];
    struct hop_fleet_setup setup = fleet_setup(watched.sentinels, 3, setups, folder);
    struct hop_store *store = NULL;
    setup.name = "other";
    fine(hop_store_sentinel_new(&setup, &store, &err));
    ck_assert_int_eq(reads(store, "k", soon()), HOP_IO);
    ck_assert_msg(strstr(err.text, "names no primary") != NULL, "%s", err.text);
    hop_store_free(&store);
    watched_stop(&watched);
}
END_TEST

/* Slow is not gone: the sentinels, asked meanwhile, name the same one. */
START_TEST(a_primary_that_pauses_is_waited_for)
{
    struct watched watched = watched_start();
    struct hop_store *store = opened(true, watched.sentinels, 3);
    fine(reads(store, "k", soon()));
    hop_store_free(&store);
    store = opened(true, watched.sentinels, 3);
    freeze_server(&watched.primary, true);
    pid_t waker = fork();
    if (waker == 0) {
        usleep(ASLEEP_MS * 1000);
        freeze_server(&watched.primary, false);
        _exit(0);
    }
    fine(reads(store, "k", hop_clock_deadline(3 * ASLEEP_MS)));
    waitpid(waker, NULL, 0);
    ck_assert(kept(&watched.primary));
    TOLD(&watched.primary, "CLIENT", "PAUSE", "300", "ALL");
    struct hop_deadline by = hop_clock_deadline(100);
    ck_assert_int_eq(reads(store, "k", by), HOP_TIMEOUT);
    in_time(by);
    fine(reads(store, "k", soon()));
    hop_store_free(&store);
    watched_stop(&watched);
}
END_TEST

START_TEST(helpers_remember_nothing)
{
    struct watched watched = watched_start();
    struct hop_redis_setup setups[3];
    struct hop_fleet_setup setup = fleet_setup(watched.sentinels, 3, setups, folder);
    struct hop_store *store = NULL;
    setup.route_read_only = true;
    fine(hop_store_sentinel_new(&setup, &store, &err));
    fine(reads(store, "k", soon()));
    hop_store_free(&store);
    ck_assert_str_eq(contents("route"), "");
    watched_stop(&watched);
}
END_TEST

/* --- TLS, descriptors ------------------------------------------------------------------------ */

static enum hop_rc asked_over(bool sentinel, uint16_t port, const struct hop_tls_setup *tls)
{
    const struct server server = {.port = port};
    struct hop_redis_setup setups[1];
    struct hop_fleet_setup setup = fleet_setup(&server, 1, setups, NULL);
    struct hop_store *store = NULL;
    setups[0].tls = tls;
    fine(sentinel ? hop_store_sentinel_new(&setup, &store, &err)
                  : hop_store_cluster_new(&setup, &store, &err));
    enum hop_rc rc = reads(store, "hop:1:p:{anna}:acme", soon());
    for (int i = 0; rc == HOP_OK && i < 16; i++) { /* on whichever node */
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        rc = writes(store, key, "20780:1", soon());
    }
    hop_store_free(&store);
    return rc;
}

static void only_with_the_right_certificate(bool sentinel, uint16_t port)
{
    struct hop_tls_setup tls = fixture.tls;
    fine(asked_over(sentinel, port, &tls));
    tls.server_name = "redis.test";
    fine(asked_over(sentinel, port, &tls));
    tls.server_name = "other.test";
    ck_assert_int_eq(asked_over(sentinel, port, &tls), HOP_UNTRUSTED);
    tls.server_name = NULL;
    tls.ca = fixture_contents("other-ca.pem");
    ck_assert_int_eq(asked_over(sentinel, port, &tls), HOP_UNTRUSTED);
    ck_assert_int_ne(asked_over(sentinel, port, NULL), HOP_OK);
}

START_TEST(sentinels_and_their_primary_speak_tls)
{
    folder_make();
    uint16_t port = server_port();
    struct server sentinel = sentinel_start(fixture.tls_port, 1, tls_lines(port));
    only_with_the_right_certificate(true, port);
    server_stop(&sentinel);
}
END_TEST

START_TEST(all_nodes_of_a_cluster_speak_tls)
{
    struct server three[3];
    folder_make();
    cluster_start_tls(three, 3);
    only_with_the_right_certificate(false, three[0].tls_port);
    for (size_t i = 0; i < 3; i++)
        ck_assert_str_ne(TOLD(&three[i], "DBSIZE"), "0");
    for (size_t i = 0; i < 3; i++)
        server_stop(&three[i]);
}
END_TEST

#define RECONNECTIONS 60

/* Connections that die under a store, servers that are silent, searches from the beginning. */
static void reconnects(bool sentinel, const struct server *servers, struct server *victims,
                       size_t count)
{
    int before = descriptors_open();
    struct hop_store *store = opened(sentinel, servers, 3);
    for (int i = 0; i < RECONNECTIONS; i++) {
        struct server *victim = &victims[(size_t)i % count];
        TOLD(victim, "CLIENT", "KILL", "TYPE", "normal");
        fine(writes(store, "k", "20780:1", soon()));
        if (i % 6 == 0) {
            freeze_server(victim, true);
            reads(store, "k", hop_clock_deadline(20));
            freeze_server(victim, false);
            unlink(in_folder("route"));
        }
        struct hop_store *brief = opened(sentinel, servers, 3);
        fine(reads(brief, "k", soon()));
        hop_store_free(&brief);
        ck_assert_int_le(descriptors_open(), before + (int)count);
    }
    hop_store_free(&store);
    ck_assert_int_eq(descriptors_open(), before);
}

START_TEST(reconnecting_leaves_no_descriptor)
{
    struct watched watched = watched_start();
    reconnects(true, watched.sentinels, &watched.primary, 1);
    watched_stop(&watched);
    struct server three[3];
    cluster_start(three, 3, 0);
    unlink(in_folder("route"));
    reconnects(false, three, three, 3);
    for (size_t i = 0; i < 3; i++)
        server_stop(&three[i]);
}
END_TEST

/* --- a stream of logins ---------------------------------------------------------------------- */

/* Each login is a process of its own: opens, recalls, records, ends. */
struct stream {
    char text[1024]; /* the configuration */
    int logins;
    int spooled;
};

static void stream_begin(struct stream *stream, const char *scheme, const char *tail,
                         const struct server *servers, size_t count)
{
    *stream = (struct stream){.logins = 0};
    int fd = open(in_folder("secret"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_eq(write(fd, REDIS_PASSWORD, strlen(REDIS_PASSWORD)),
                     (ssize_t)strlen(REDIS_PASSWORD));
    close(fd);
    struct hop_text text = hop_text_over(stream->text, sizeof stream->text);
    hop_text_format(&text, "[hopwarden]\ntenant = acme\nhistory = %s://", scheme);
    for (size_t i = 0; i < count; i++)
        hop_text_format(&text, "%s127.0.0.1:%u", i ? "," : "", servers[i].port);
    hop_text_format(&text, "%s\nhistory_secret = %s/secret\nfallback = %s/fallback.db\n", tail,
                    folder, folder);
}

static struct hop_history *history_of(const struct stream *stream, struct hop_conf **ret_conf)
{
    struct hop_history *history = NULL;
    fine(hop_conf_parse("test", hop_span_of(stream->text), ret_conf, &err));
    fine(hop_history_new(*ret_conf, HOP_HISTORY_WRITER, &history, &err));
    return history;
}

/* Returns whether the store took it. What it did not take has to be in the spool. */
static bool login_happens(struct stream *stream)
{
    struct hop_conf *conf = NULL;
    struct hop_history *history = history_of(stream, &conf);
    struct hop_batch batch;
    char number[16], key[64];
    snprintf(number, sizeof number, "n%d", stream->logins);
    snprintf(key, sizeof key, "hop:1:k:{%d}", stream->logins % 7);
    hop_batch_init(&batch);
    batch_put(&batch, HOP_WRITE_DAYS, "hop:1:p:{anna}:acme", number, "20780:1", 0);
    batch_put(&batch, HOP_WRITE_LATEST, "hop:1:d:{acme}:acme", number, "20780", 0);
    batch_put(&batch, HOP_WRITE_MEMBER, key, NULL, number, 0);
    batch_put(&batch, HOP_WRITE_LOG, "hop:1:log:acme", number, "{}", 100000);
    struct hop_deadline by = hop_clock_deadline(LOGIN_MS);
    enum hop_recorded recorded = hop_history_record_by(history, &batch, false, by, &err);
    in_time(by);
    ck_assert_msg(recorded != HOP_RECORDED_NOT, "%s", err.text);
    stream->logins++;
    stream->spooled += recorded == HOP_RECORDED_SPOOL;
    hop_batch_done(&batch);
    hop_history_free(&history);
    hop_conf_free(&conf);
    return recorded == HOP_RECORDED_STORE;
}

static void logins_happen(struct stream *stream, int count)
{
    for (int i = 0; i < count; i++)
        login_happens(stream);
}

static void logins_until_taken(struct stream *stream)
{
    struct hop_deadline by = hop_clock_deadline(FAILOVER_MS);
    while (!login_happens(stream)) {
        ck_assert_msg(!hop_deadline_passed(by, hop_clock_monotonic_ns()), "%s", err.text);
        usleep(20000);
    }
}

static bool log_count(void *context, struct hop_span id, struct hop_span value)
{
    bool *seen = context;
    int64_t number;
    (void)value;
    id.at++, id.len--;
    ck_assert(hop_span_int64(id, 0, 9999, &number));
    seen[number] = true;
    return true;
}

/* Every login, in every place. */
static void nothing_is_lost(struct stream *stream)
{
    static bool logged[10000];
    struct hop_conf *conf = NULL;
    struct hop_history *history = history_of(stream, &conf);
    struct hop_store *store = hop_history_store(history);
    struct hop_replies replies;
    size_t flushed, left;
    int64_t members = 0;
    hop_replies_init(&replies);
    fine(hop_history_flush_by(history, soon(), &flushed, &left, &err));
    ck_assert_uint_eq(left, 0);
    ck_assert_int_eq(
        read_one(store, HOP_READ_HASH_SIZE, "hop:1:p:{anna}:acme", NULL, 0, &replies)->number,
        stream->logins);
    ck_assert_int_eq(
        read_one(store, HOP_READ_HASH_SIZE, "hop:1:d:{acme}:acme", NULL, 0, &replies)->number,
        stream->logins);
    for (int i = 0; i < 7; i++) {
        char key[64];
        snprintf(key, sizeof key, "hop:1:k:{%d}", i);
        members += read_one(store, HOP_READ_SET_SIZE, key, NULL, 0, &replies)->number;
    }
    ck_assert_int_eq(members, stream->logins);
    fine(hop_store_log_by(store, "hop:1:log:acme", 0, log_count, logged, soon(), &err));
    for (int i = 0; i < stream->logins; i++)
        ck_assert(logged[i]);
    hop_replies_done(&replies);
    hop_history_free(&history);
    hop_conf_free(&conf);
}

/* What Redis has acknowledged but not replicated dies with it, and no client can change that. */
START_TEST(a_primary_killed_in_a_stream_of_logins_costs_none_of_them)
{
    struct stream stream;
    struct watched watched = watched_start();
    stream_begin(&stream, "sentinel", "/" FLEET_SERVICE, watched.sentinels, 3);
    logins_happen(&stream, 20);
    logins_until_taken(&stream);
    const int spooled = stream.spooled;
    replica_waits(&watched.replica, &watched.primary);
    server_stop(&watched.primary);
    logins_happen(&stream, 1);
    for (int i = 0; i < 3; i++)
        sentinel_hurry(&watched.sentinels[i]);
    logins_until_taken(&stream);
    ck_assert_int_gt(stream.spooled, spooled);
    logins_happen(&stream, 20);
    ck_assert(kept(&watched.replica));
    nothing_is_lost(&stream);
    watched_stop(&watched);
}
END_TEST

/* --- a cluster ------------------------------------------------------------------------------- */

static struct server nodes[6];

static void cluster_begin(size_t replicas)
{
    folder_make();
    cluster_start(nodes, 3, replicas);
}

static void cluster_end(void)
{
    for (size_t i = 0; i < 6; i++)
        server_stop(&nodes[i]);
}

/* The node that has the key now. */
static struct server *holder_of(const char *key)
{
    for (size_t i = 0; i < 6; i++)
        if (nodes[i].pid && strcmp(TOLD(&nodes[i], "EXISTS", key), "1") == 0)
            return &nodes[i];
    return NULL;
}

static const char *id_of(const struct server *server)
{
    static char ids[2][64];
    static unsigned turn;
    char *id = ids[turn++ % 2];
    snprintf(id, sizeof ids[0], "%s", TOLD(server, "CLUSTER", "MYID"));
    return id;
}

static const char *slot_text(const char *key)
{
    static char text[16];
    snprintf(text, sizeof text, "%u", hop_cluster_slot(key));
    return text;
}

static struct server *another(const struct server *server)
{
    return server == &nodes[0] ? &nodes[1] : &nodes[0];
}

/* As redis-cli --cluster reshard does, step by step. */
static void move_begin(const char *key, struct server *from, struct server *to)
{
    ck_assert_str_eq(TOLD(to, "CLUSTER", "SETSLOT", slot_text(key), "IMPORTING", id_of(from)),
                     "OK");
    ck_assert_str_eq(TOLD(from, "CLUSTER", "SETSLOT", slot_text(key), "MIGRATING", id_of(to)),
                     "OK");
}

static void move_key(const char *key, struct server *from, struct server *to)
{
    char port[8];
    snprintf(port, sizeof port, "%u", to->port);
    ck_assert_str_eq(
        TOLD(from, "MIGRATE", "127.0.0.1", port, key, "0", "5000", "AUTH", REDIS_PASSWORD), "OK");
}

static void move_end(const char *key, struct server *from, struct server *to)
{
    ck_assert_str_eq(TOLD(to, "CLUSTER", "SETSLOT", slot_text(key), "NODE", id_of(to)), "OK");
    ck_assert_str_eq(TOLD(from, "CLUSTER", "SETSLOT", slot_text(key), "NODE", id_of(to)), "OK");
}

static const char *const keys[] = {
    "hop:1:p:{anna}:acme", "hop:1:p:{bert}:acme", "hop:1:p:{carla}:acme",  "hop:1:p:{dirk}:acme",
    "hop:1:d:{acme}:acme", "hop:1:d:{beta}:acme", "hop:1:p:{esther}:acme", "hop:1:p:{frank}:acme"};
#define KEYS (sizeof keys / sizeof keys[0])

static enum hop_rc all_written(struct hop_store *store, const char *value, struct hop_deadline by)
{
    struct hop_batch batch;
    hop_batch_init(&batch);
    for (size_t i = 0; i < KEYS; i++) {
        batch_put(&batch, HOP_WRITE_DAYS, keys[i], "d", value, 0);
        batch_put(&batch, HOP_WRITE_LATEST, keys[i], "last", "20780", 0);
        batch_put(&batch, HOP_WRITE_MEMBER, "hop:1:k:{key}", NULL, keys[i], 0);
    }
    batch_put(&batch, HOP_WRITE_LOG, "hop:1:log:acme", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "{}", 100);
    enum hop_rc rc = hop_store_write_by(store, &batch, by, &err);
    hop_batch_done(&batch);
    return rc;
}

static void all_hold(struct hop_store *store, const char *value)
{
    struct hop_read *read = calloc(KEYS + 1, sizeof *read);
    struct hop_replies replies;
    hop_replies_init(&replies);
    for (size_t i = 0; i < KEYS; i++) {
        read[i].kind = HOP_READ_FIELD;
        ck_assert(hop_string_copy(read[i].key, sizeof read[i].key, keys[i]));
        ck_assert(hop_string_copy(read[i].field, sizeof read[i].field, "d"));
    }
    read[KEYS].kind = HOP_READ_TIME;
    fine(hop_store_read_by(store, read, KEYS + 1, &replies, soon(), &err));
    for (size_t i = 0; i < KEYS; i++) {
        ck_assert(replies.items[i].present);
        ck_assert_msg(hop_span_is(replies.items[i].pairs[0].value, value), "%s: %s", keys[i],
                      replies.items[i].pairs[0].value.at);
    }
    ck_assert_int_gt(replies.items[KEYS].number, 0);
    hop_replies_done(&replies);
    free(read);
}

START_TEST(one_batch_and_one_question_reach_all_nodes)
{
    cluster_begin(0);
    struct hop_store *store = opened(false, nodes, 3);
    fine(all_written(store, "20780:1", soon()));
    fine(all_written(store, "20781:1", soon()));
    all_hold(store, "20781:3");
    bool held[3] = {false};
    for (size_t i = 0; i < KEYS; i++)
        held[holder_of(keys[i]) - nodes] = true;
    ck_assert(held[0] && held[1] && held[2]);
    for (size_t i = 0; i < 3; i++)
        ck_assert(kept(&nodes[i]));
    hop_store_free(&store);
    /* no seed lives, and the map of last time does */
    const struct server gone[] = {{.port = nodes[0].port}, {.port = server_port()}};
    store = opened(false, gone, 2);
    all_hold(store, "20781:3");
    hop_store_free(&store);
    cluster_end();
}
END_TEST

START_TEST(a_slot_that_has_moved_is_followed)
{
    cluster_begin(0);
    struct hop_store *store = opened(false, nodes, 3);
    fine(all_written(store, "20780:1", soon()));
    struct server *from = holder_of(keys[0]), *to = another(from);
    move_begin(keys[0], from, to);
    move_key(keys[0], from, to);
    move_end(keys[0], from, to);
    all_hold(store, "20780:1");
    fine(all_written(store, "20781:1", soon()));
    all_hold(store, "20781:3");
    ck_assert_ptr_eq(holder_of(keys[0]), to);
    hop_store_free(&store);
    cluster_end();
}
END_TEST

/* One slot with two keys, of which one has gone ahead: what is here is written here, what is there
 * there, and nothing is made anew where it should not be. */
START_TEST(a_slot_on_its_way_is_asked_on_both_sides)
{
    cluster_begin(0);
    static const char *const two[] = {"hop:1:p:{anna}:acme", "hop:1:p:{anna}:home"};
    struct hop_store *store = opened(false, nodes, 3);
    struct hop_batch batch;
    hop_batch_init(&batch);
    for (size_t i = 0; i < 2; i++) {
        batch_put(&batch, HOP_WRITE_DAYS, two[i], "d", "20780:1", 0);
        batch_put(&batch, HOP_WRITE_FIELD, two[i], "f", "v", 0);
    }
    batch_write(store, &batch);
    struct server *from = holder_of(two[0]), *to = another(from);
    move_begin(two[0], from, to);
    move_key(two[1], from, to);
    hop_batch_done(&batch);
    hop_batch_init(&batch);
    for (size_t i = 0; i < 2; i++) {
        batch_put(&batch, HOP_WRITE_DAYS, two[i], "d", "20781:1", 0);
        batch_put(&batch, HOP_WRITE_FIELD, two[i], "f", "w", 0);
        batch_put(&batch, HOP_WRITE_MEMBER, "hop:1:x:{anna}:1", NULL, two[i], 0);
    }
    batch_write(store, &batch);
    for (size_t i = 0; i < 2; i++) {
        ck_assert_str_eq(field_value(store, two[i], "d"), "20781:3");
        ck_assert_str_eq(field_value(store, two[i], "f"), "w");
    }
    ck_assert_str_eq(TOLD(from, "EXISTS", two[0]), "1");
    ck_assert_ptr_nonnull(strstr(TOLD(from, "EXISTS", "hop:1:x:{anna}:1"), "ASK "));
    move_key(two[0], from, to);
    move_end(two[0], from, to);
    batch_write(store, &batch);
    for (size_t i = 0; i < 2; i++)
        ck_assert_str_eq(field_value(store, two[i], "d"), "20781:3");
    ck_assert_ptr_eq(holder_of("hop:1:x:{anna}:1"), to);
    hop_batch_done(&batch);
    hop_store_free(&store);
    cluster_end();
}
END_TEST

static void one_writer(int number)
{
    struct hop_store *store = opened(false, nodes, 3);
    for (int i = 0; i < 10; i++) {
        char value[24];
        snprintf(value, sizeof value, "%d:1", 20780 + number * 10 + i);
        if (all_written(store, value, soon()) != HOP_OK)
            _exit(1);
    }
    _exit(0);
}

START_TEST(writers_of_the_same_keys_in_many_slots_lose_nothing)
{
    cluster_begin(0);
    pid_t writers[4];
    for (int i = 0; i < 4; i++)
        if ((writers[i] = fork()) == 0)
            one_writer(i);
    for (int i = 0; i < 4; i++) {
        int status;
        ck_assert_int_eq(waitpid(writers[i], &status, 0), writers[i]);
        ck_assert_int_eq(status, 0);
    }
    struct hop_store *store = opened(false, nodes, 3);
    all_hold(store, "20819:ffffffffff");
    hop_store_free(&store);
    cluster_end();
}
END_TEST

START_TEST(a_node_that_stops_is_left_at_the_deadline_and_found_again)
{
    cluster_begin(0);
    struct hop_store *store = opened(false, nodes, 3);
    fine(all_written(store, "20780:1", soon()));
    struct server *stopped = holder_of(keys[0]);
    freeze_server(stopped, true);
    struct hop_deadline by = hop_clock_deadline(LOGIN_MS);
    ck_assert_int_eq(reads(store, keys[0], by), HOP_TIMEOUT);
    in_time(by);
    by = hop_clock_deadline(LOGIN_MS);
    ck_assert_int_ne(all_written(store, "20781:1", by), HOP_OK);
    in_time(by);
    freeze_server(stopped, false);
    for (size_t i = 0; i < 3; i++)
        WAITS(&nodes[i], "cluster_state:ok", "CLUSTER", "INFO");
    fine(all_written(store, "20781:1", soon()));
    all_hold(store, "20781:3");
    hop_store_free(&store);
    cluster_end();
}
END_TEST

START_TEST(a_cluster_that_is_down_is_an_error)
{
    cluster_begin(0);
    struct hop_store *store = opened(false, nodes, 3);
    fine(all_written(store, "20780:1", soon()));
    server_stop(&nodes[1]);
    server_stop(&nodes[2]);
    node_hurry(&nodes[0]);
    WAITS(&nodes[0], "cluster_state:fail", "CLUSTER", "INFO");
    ck_assert_int_eq(all_written(store, "20781:1", soon()), HOP_IO);
    hop_store_free(&store);
    server_stop(&nodes[0]);
    store = opened(false, nodes, 3);
    ck_assert_int_eq(reads(store, keys[0], soon()), HOP_IO);
    ck_assert_msg(strstr(err.text, "Connection refused") != NULL, "%s", err.text);
    hop_store_free(&store);
    cluster_end();
}
END_TEST

START_TEST(a_server_without_a_cluster_and_a_wrong_password_are_told)
{
    folder_make();
    const struct server alone = {.port = fixture.port};
    struct hop_store *store = opened(false, &alone, 1);
    ck_assert_int_eq(reads(store, "k", soon()), HOP_IO);
    ck_assert_msg(strstr(err.text, "cluster support disabled") != NULL, "%s", err.text);
    hop_store_free(&store);
    struct hop_redis_setup setups[1];
    const struct hop_fleet_setup setup = fleet_setup(&alone, 1, setups, NULL);
    setups[0].secret = "wrong";
    fine(hop_store_cluster_new(&setup, &store, &err));
    ck_assert_int_eq(reads(store, "k", soon()), HOP_DENIED);
    hop_store_free(&store);
}
END_TEST

START_TEST(a_node_killed_in_a_stream_of_logins_costs_none_of_them)
{
    struct stream stream;
    cluster_begin(3);
    stream_begin(&stream, "cluster", "", nodes, 3);
    logins_happen(&stream, 20);
    logins_until_taken(&stream);
    const int spooled = stream.spooled;
    struct server *primary = holder_of("hop:1:p:{anna}:acme");
    replica_waits(primary + 3, primary);
    server_stop(primary);
    logins_happen(&stream, 1);
    for (size_t i = 0; i < 6; i++)
        if (nodes[i].pid)
            node_hurry(&nodes[i]);
    logins_until_taken(&stream);
    ck_assert_int_gt(stream.spooled, spooled);
    logins_happen(&stream, 20);
    nothing_is_lost(&stream);
    cluster_end();
}
END_TEST

HOP_LOOPED_SUITE(
    "fleet", FIXTURE_REDIS, ONCE(the_primary_is_found_and_remembered),
    ONCE(a_replica_is_not_taken_for_the_primary), ONCE(a_connection_to_one_that_is_demoted_is_left),
    ONCE(one_sentinel_that_lives_suffices), ONCE(no_sentinel_is_an_error_within_the_deadline),
    ONCE(a_service_that_nobody_watches_is_an_error), ONCE(a_primary_that_pauses_is_waited_for),
    ONCE(helpers_remember_nothing), ONCE(a_primary_killed_in_a_stream_of_logins_costs_none_of_them),
    ONCE(one_batch_and_one_question_reach_all_nodes), ONCE(a_slot_that_has_moved_is_followed),
    ONCE(a_slot_on_its_way_is_asked_on_both_sides),
    ONCE(writers_of_the_same_keys_in_many_slots_lose_nothing),
    ONCE(a_node_that_stops_is_left_at_the_deadline_and_found_again),
    ONCE(a_cluster_that_is_down_is_an_error),
    ONCE(a_server_without_a_cluster_and_a_wrong_password_are_told),
    ONCE(a_node_killed_in_a_stream_of_logins_costs_none_of_them),
    ONCE(sentinels_and_their_primary_speak_tls), ONCE(all_nodes_of_a_cluster_speak_tls),
    ONCE(reconnecting_leaves_no_descriptor))
