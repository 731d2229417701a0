/* SPDX-License-Identifier: Apache-2.0 */
#include "store_fixture.h"

#include <arpa/inet.h>
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "fleet_fixture.h"
#include "redis_transport.h"

#define REDIS_START_S 20

struct store_fixture fixture;

static void must(bool fine, const char *what)
{
    if (fine)
        return;
    fprintf(stderr, "fixture: %s: %s\n", what, strerror(errno));
    fixture_stop();
    exit(EXIT_FAILURE);
}

const char *fixture_path(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", fixture.folder, name);
    return path;
}

const char *fixture_database(const char *name)
{
    static char path[512];
    const char *folder = fixture_path(name);
    if (mkdir(folder, 0750) != 0)
        ck_assert_int_eq(errno, EEXIST);
    ck_assert_int_eq(chmod(folder, 02750), 0);
    snprintf(path, sizeof path, "%s/history.db", folder);
    return path;
}

const char *fixture_contents(const char *name)
{
    static char texts[8][8192];
    static unsigned turn;
    char *text = texts[turn++ % 8];
    int fd = open(fixture_path(name), O_RDONLY | O_CLOEXEC);
    must(fd >= 0, name);
    ssize_t len = read(fd, text, sizeof texts[0] - 1);
    must(len >= 0, name);
    text[len] = '\0';
    close(fd);
    return text;
}

static void certificates_make(void)
{
    char command[512];
    snprintf(command, sizeof command, "%s/../certificates %s", HOP_TEST_DATA, fixture.folder);
    must(system(command) == 0, "certificates");
    fixture.tls = (struct hop_tls_setup){
        .ca = strdup(fixture_contents("ca.pem")), .certificate = "", .key = ""};
}

static uint16_t free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(fd >= 0 && bind(fd, (struct sockaddr *)&address, len) == 0 &&
             getsockname(fd, (struct sockaddr *)&address, &len) == 0,
         "a free port");
    close(fd);
    return ntohs(address.sin_port);
}

static void redis_exec(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(EXIT_FAILURE);
    if (chdir(fixture.folder) != 0)
        _exit(EXIT_FAILURE);
    char log[256];
    snprintf(log, sizeof log, "%s", fixture_path("redis.log"));
    execlp("redis-server", "redis-server", "--port", fixture.redis_port, "--bind", "127.0.0.1",
           "--unixsocket", fixture.redis_path, "--dir", fixture.folder, "--logfile", log, "--save",
           "", "--tls-port", fixture.tls_port_text, "--tls-cert-file", "server.pem",
           "--tls-key-file", "server.key", "--tls-ca-cert-file", "ca.pem", "--tls-auth-clients",
           "optional", "--appendonly", "no", "--requirepass", REDIS_PASSWORD, "--user", REDIS_USER,
           "on", ">" REDIS_USER_SECRET, "~t:*", "+@all", (char *)NULL);
    _exit(127);
}

static bool redis_answers(void)
{
    struct hop_store *store = store_open(STORE_REDIS_UNIX);
    struct hop_replies replies;
    hop_replies_init(&replies);
    const struct hop_read read = {.kind = HOP_READ_TIME};
    bool fine = hop_store_read_by(store, &read, 1, &replies, soon(), NULL) == HOP_OK;
    hop_replies_done(&replies);
    hop_store_free(&store);
    return fine;
}

static void redis_start(void)
{
    certificates_make();
    fixture.port = free_port();
    fixture.tls_port = free_port();
    snprintf(fixture.tls_port_text, sizeof fixture.tls_port_text, "%u", (unsigned)fixture.tls_port);
    snprintf(fixture.redis_port, sizeof fixture.redis_port, "%u", (unsigned)fixture.port);
    snprintf(fixture.redis_path, sizeof fixture.redis_path, "%s/redis.sock", fixture.folder);
    pid_t self = getpid();
    fixture.redis = fork();
    must(fixture.redis >= 0, "fork");
    if (fixture.redis == 0)
        redis_exec(self);
    for (int i = 0; i < REDIS_START_S * 50 && !redis_answers(); i++) {
        const struct timespec pause = {.tv_nsec = 20000000};
        nanosleep(&pause, NULL);
        must(waitpid(fixture.redis, NULL, WNOHANG) == 0, "redis-server did not start");
    }
    must(redis_answers(), "redis-server does not answer");
}

void fixture_start(enum fixture_extent extent)
{
    snprintf(fixture.folder, sizeof fixture.folder, "/tmp/hop-store-XXXXXX");
    must(mkdtemp(fixture.folder) && chmod(fixture.folder, 0755) == 0, "a private folder");
    if (extent != FIXTURE_ALONE)
        redis_start();
    if (extent == FIXTURE_FLEET)
        fixture.fleet = fleet_start();
}

static int entry_remove(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status, (void)kind, (void)walk;
    return remove(path);
}

void fixture_stop(void)
{
    if (fixture.redis > 0) {
        kill(fixture.redis, SIGKILL);
        waitpid(fixture.redis, NULL, 0);
        fixture.redis = 0;
    }
    fleet_stop(&fixture.fleet);
    if (fixture.folder[0])
        nftw(fixture.folder, entry_remove, 8, FTW_DEPTH | FTW_PHYS);
}

struct hop_deadline soon(void)
{
    return hop_clock_deadline(20000);
}

struct hop_redis_setup redis_setup(enum store_kind kind)
{
    struct hop_redis_setup setup = {
        .address = "127.0.0.1", .port = fixture.port, .user = "", .secret = REDIS_PASSWORD};
    if (kind == STORE_REDIS_UNIX)
        setup.unix_path = fixture.redis_path;
    if (kind == STORE_REDIS_TCP)
        setup.database = 3;
    if (kind == STORE_REDIS_ACL) {
        setup.user = REDIS_USER;
        setup.secret = REDIS_USER_SECRET;
    }
    if (kind == STORE_REDIS_TLS) {
        setup.port = fixture.tls_port;
        setup.tls = &fixture.tls;
    }
    return setup;
}

struct hop_store *store_open(enum store_kind kind)
{
    struct hop_store *store = NULL;
    struct hop_error err = {0};
    enum hop_rc rc;
    if (kind == STORE_MEMORY) {
        rc = hop_store_memory_new(&store, &err);
    } else if (kind == STORE_SQLITE) {
        char name[32];
        snprintf(name, sizeof name, "contract-%d", (int)getpgrp());
        rc = hop_store_sqlite_new(fixture_database(name), false, &store, &err);
    } else if (kind == STORE_SENTINEL || kind == STORE_CLUSTER) {
        rc = fleet_open(kind, &store, &err);
    } else {
        const struct hop_redis_setup setup = redis_setup(kind);
        rc = hop_store_redis_new(&setup, &store, &err);
    }
    must(rc == HOP_OK, err.text);
    return store;
}

const char *test_key(enum store_kind kind, const char *name)
{
    static char buffers[4][HOP_STORE_KEY_MAX + 1];
    static unsigned turn;
    char *buffer = buffers[turn++ % 4];
    /* check gives each test a process group of its own */
    snprintf(buffer, sizeof buffers[0], kind == STORE_CLUSTER ? "{t:%d:%d}:%s" : "t:%d:%d:%s",
             (int)getpgrp(), (int)kind, name);
    return buffer;
}

void batch_put(struct hop_batch *batch, enum hop_write_kind kind, const char *key,
               const char *field, const char *value, int64_t number)
{
    ck_assert_int_eq(hop_batch_add(batch, kind, key, field, value, number), HOP_OK);
}

void batch_write(struct hop_store *store, const struct hop_batch *batch)
{
    struct hop_error err = {0};
    enum hop_rc rc = hop_store_write_by(store, batch, soon(), &err);
    ck_assert_msg(rc == HOP_OK, "%s: %s", hop_rc_word(rc), err.text);
}

void write_one(struct hop_store *store, enum hop_write_kind kind, const char *key,
               const char *field, const char *value, int64_t number)
{
    struct hop_batch batch;
    hop_batch_init(&batch);
    batch_put(&batch, kind, key, field, value, number);
    batch_write(store, &batch);
    hop_batch_done(&batch);
}

const struct hop_reply *read_one(struct hop_store *store, enum hop_read_kind kind, const char *key,
                                 const char *field, unsigned limit, struct hop_replies *replies)
{
    struct hop_read read = {.kind = kind, .limit = limit};
    struct hop_error err = {0};
    ck_assert(hop_string_copy(read.key, sizeof read.key, key ? key : ""));
    ck_assert(hop_string_copy(read.field, sizeof read.field, field ? field : ""));
    enum hop_rc rc = hop_store_read_by(store, &read, 1, replies, soon(), &err);
    ck_assert_msg(rc == HOP_OK, "%s: %s", hop_rc_word(rc), err.text);
    ck_assert_uint_eq(replies->count, 1);
    return replies->items;
}

const struct hop_pair *pair_of(const struct hop_reply *reply, const char *field)
{
    for (size_t i = 0; i < reply->count; i++)
        if (hop_span_is(reply->pairs[i].field, field))
            return &reply->pairs[i];
    return NULL;
}

const char *field_value(struct hop_store *store, const char *key, const char *field)
{
    static char value[HOP_STORE_VALUE_MAX + 1];
    struct hop_replies replies;
    hop_replies_init(&replies);
    const struct hop_reply *reply = read_one(store, HOP_READ_FIELD, key, field, 0, &replies);
    value[0] = '\0';
    if (reply->present)
        ck_assert(hop_span_copy(reply->pairs[0].value, value, sizeof value));
    hop_replies_done(&replies);
    return value;
}

/* One command as the server's owner; its reply must be `+OK` or a number. */
void administer(size_t count, const char *const *words)
{
    const struct hop_redis_setup setup = redis_setup(STORE_REDIS_UNIX);
    struct hop_redis_link link;
    struct hop_wire_pipeline pipeline;
    struct hop_wire_answer answer;
    struct hop_error err = {0};
    ck_assert_int_eq(hop_redis_link_init(&link, &setup, NULL, NULL), HOP_OK);
    hop_wire_pipeline_init(&pipeline);
    hop_wire_command(&pipeline, count, words);
    enum hop_rc rc = hop_redis_exchange_by(&link, &pipeline, false, &answer, soon(), &err);
    ck_assert_msg(rc == HOP_OK, "%s", err.text);
    ck_assert_msg(answer.replies[0]->kind != HOP_WIRE_ERROR, "%s", answer.replies[0]->text.at);
    hop_wire_answer_done(&answer);
    hop_wire_pipeline_done(&pipeline);
    hop_redis_link_done(&link);
}

int descriptors_open(void)
{
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    ck_assert_ptr_nonnull(folder);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

int suite_run(const char *name, enum fixture_extent extent, const struct looped *tests,
              size_t count)
{
    fixture_start(extent);
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 100);
    for (size_t i = 0; i < count; i++)
        tcase_add_loop_test(all, tests[i].test, tests[i].from, tests[i].to);
    Suite *suite = suite_create(name);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    fixture_stop();
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
