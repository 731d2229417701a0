/* SPDX-License-Identifier: Apache-2.0 */
/* Runs as root: a full disk can be had no other way. Each test has a folder of its own and, where
 * it needs one, a Redis server of its own there. */
#include "history.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../suite.h"
#include "clock.h"
#include "login_fixture.h"

#define WAIT_MS 20000
#define REDIS_START_TRIES 1000 /* of 20 ms */

static char folder[64];
static struct hop_conf *conf;
static struct hop_history *history;
static struct hop_login login;
static struct hop_reach reach;
static struct hop_recollection recalled;
static struct hop_error err;
static pid_t redis;

static void setup(void)
{
    snprintf(folder, sizeof folder, "/tmp/hop-history-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chmod(folder, 0750), 0);
    login = fixture_login();
    reach = fixture_reach("acme");
    hop_recollection_init(&recalled);
    hop_error_clear(&err);
}

static void redis_kill(void)
{
    if (redis > 0) {
        kill(redis, SIGKILL);
        waitpid(redis, NULL, 0);
    }
    redis = 0;
}

static void teardown(void)
{
    char command[128];
    redis_kill();
    hop_history_free(&history);
    hop_conf_free(&conf);
    hop_recollection_done(&recalled);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static const char *in_folder(const char *name)
{
    static char paths[4][128];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static struct hop_deadline soon(void)
{
    return hop_clock_deadline(WAIT_MS);
}

/* `url` as "unix:%s/redis.sock": %s is the test's folder. */
static void begin(const char *url, const char *more, enum hop_history_role role)
{
    char place[128], text[1024];
    hop_history_free(&history);
    hop_conf_free(&conf);
    const char *mark = strstr(url, "%s");
    ck_assert_ptr_nonnull(mark);
    snprintf(place, sizeof place, "%.*s%s%s", (int)(mark - url), url, folder, mark + 2);
    snprintf(text, sizeof text,
             "[hopwarden]\ntenant = acme\nhistory = %s\nfallback = %s/fallback.db\n%s", place,
             folder, more);
    ck_assert_msg(hop_conf_parse("test", hop_span_of(text), &conf, &err) == HOP_OK, "%s", err.text);
    ck_assert_int_eq(hop_history_new(conf, role, &history, &err), HOP_OK);
}

static void begin_redis(void)
{
    begin("unix:%s/redis.sock", "", HOP_HISTORY_WRITER);
}

static void begin_sqlite(void)
{
    begin("sqlite:%s/history.db", "", HOP_HISTORY_WRITER);
}

static bool redis_listens(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/redis.sock", folder);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool listens = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    return listens;
}

static void redis_start(void)
{
    const char *path = in_folder("redis.sock"), *log = in_folder("redis.log");
    const char *users = in_folder("users.acl");
    pid_t self = getpid();
    close(open(users, O_WRONLY | O_CREAT, 0600));
    redis = fork();
    if (redis == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != self)
            _exit(1);
        execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", path, "--dir", folder,
               "--logfile", log, "--save", "", "--appendonly", "no", "--aclfile", users,
               (char *)NULL);
        _exit(127);
    }
    for (int tries = 0; !redis_listens(); tries++) {
        const struct timespec pause = {.tv_nsec = 20000000};
        nanosleep(&pause, NULL);
        ck_assert_int_eq(waitpid(redis, NULL, WNOHANG), 0);
        ck_assert_int_lt(tries, REDIS_START_TRIES);
    }
}

static enum hop_rc recall(void)
{
    return hop_history_recall_by(history, &login, &reach, &recalled, soon(), &err);
}

static enum hop_recorded record(const struct hop_batch *batch)
{
    return hop_history_record_by(history, batch, false, soon(), &err);
}

static void learned(struct hop_batch *batch)
{
    struct hop_lesson lesson = {.learn = true};
    hop_batch_init(batch);
    ck_assert_int_eq(hop_plan_learned(&login, &reach, &recalled, lesson, batch), HOP_OK);
}

static enum hop_recorded learn(void)
{
    struct hop_batch batch;
    learned(&batch);
    enum hop_recorded recorded = record(&batch);
    hop_batch_done(&batch);
    return recorded;
}

static void remember(void)
{
    ck_assert_msg(hop_history_remember_by(history, &login, &reach, &recalled, soon(), &err) ==
                      HOP_OK,
                  "%s", err.text);
}

/* Learned, recalled and kept: what a host knows after a few logins. */
static void known(void)
{
    ck_assert_int_eq(learn(), HOP_RECORDED_STORE);
    ck_assert_msg(recall() == HOP_OK, "%s", err.text);
    ck_assert(!hop_profile_empty(&recalled.merged));
    remember();
}

static size_t spooled(void)
{
    size_t count = 77;
    ck_assert_msg(hop_history_spooled(history, &count, &err) == HOP_OK, "%s", err.text);
    return count;
}

static size_t flush(void)
{
    size_t flushed, left;
    ck_assert_msg(hop_history_flush_by(history, soon(), &flushed, &left, &err) == HOP_OK, "%s",
                  err.text);
    ck_assert_uint_eq(left, 0);
    ck_assert_uint_eq(spooled(), 0);
    return flushed;
}

static bool knows(const struct hop_profile *profile, enum hop_kind kind, const char *value)
{
    return hop_profile_find(profile, kind, hop_span_of(value)) != NULL;
}

static void one_write(enum hop_write_kind kind, const char *key, const char *field,
                      const char *value, enum hop_recorded expected)
{
    struct hop_batch batch;
    hop_batch_init(&batch);
    ck_assert_int_eq(hop_batch_add(&batch, kind, key, field, value, 1000), HOP_OK);
    ck_assert_int_eq(record(&batch), expected);
    hop_batch_done(&batch);
}

/* --- the store is there --- */

START_TEST(what_is_recorded_is_recalled)
{
    begin_sqlite();
    ck_assert_int_eq(recall(), HOP_OK);
    ck_assert_int_eq(recalled.source, HOP_RECALL_STORE);
    ck_assert_int_eq(learn(), HOP_RECORDED_STORE);
    ck_assert_int_eq(recall(), HOP_OK);
    ck_assert(knows(&recalled.own, HOP_KIND_NODE, "84.24.10.7"));
    ck_assert_str_eq(err.text, "");
    ck_assert_uint_eq(spooled(), 0);
}
END_TEST

START_TEST(the_stores_clock_is_handed_on)
{
    begin_sqlite();
    int64_t before = hop_clock_epoch_ms();
    ck_assert_int_eq(recall(), HOP_OK);
    ck_assert_int_ge(recalled.store_time_ms, before);
    ck_assert_int_le(recalled.store_time_ms, hop_clock_epoch_ms());
}
END_TEST

START_TEST(replay_leaves_no_files)
{
    begin("sqlite:%s/history.db", "", HOP_HISTORY_MEMORY);
    struct hop_batch batch;
    learned(&batch);
    ck_assert_int_eq(hop_history_record_by(history, &batch, true, soon(), &err),
                     HOP_RECORDED_STORE);
    hop_batch_done(&batch);
    ck_assert_int_eq(recall(), HOP_OK);
    ck_assert(knows(&recalled.merged, HOP_KIND_TENANT, "acme"));
    remember();
    ck_assert_uint_eq(flush(), 0);
    ck_assert_int_eq(rmdir(folder), 0);
    ck_assert_int_eq(mkdir(folder, 0750), 0);
}
END_TEST

/* The shipped example, as it is. */
#define TENANT_ACL HOP_TEST_DATA "/../../contrib/redis/tenant.acl"

static void file_is(const char *name, const char *text)
{
    int fd = open(in_folder(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

/* Every user's password is "sesame-" and its name. */
static void users_file(void)
{
    static char users[8192] = "user default on nopass ~* +@all\n", lines[8192];
    int fd = open(TENANT_ACL, O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ssize_t got = read(fd, lines, sizeof lines - 1);
    ck_assert_int_gt(got, 0);
    close(fd);
    struct hop_span rest = {lines, (size_t)got}, line, name;
    struct hop_text text = hop_text_over(users, sizeof users);
    text.len = strlen(users);
    while (hop_span_cut(&rest, '\n', &line)) {
        if (line.len == 0)
            continue;
        ck_assert(hop_span_word(&line, &name) && hop_span_is(name, "user"));
        ck_assert(hop_span_word(&line, &name));
        hop_text_format(&text, "user %.*s >sesame-%.*s ", (int)name.len, name.at, (int)name.len,
                        name.at);
        hop_text_put_span(&text, line);
        hop_text_put_char(&text, '\n');
    }
    ck_assert(!text.cut);
    file_is("users.acl", users);
}

START_TEST(a_helpers_user_reads_all_and_writes_nothing)
{
    char more[256];
    users_file();
    file_is("secret", "sesame-acme-keys\n");
    redis_start();
    snprintf(more, sizeof more, "helper_user = acme-keys\nhelper_secret = %s/secret\n", folder);
    begin("unix:%s/redis.sock", more, HOP_HISTORY_READER);
    ck_assert_msg(recall() == HOP_OK, "%s", err.text);
    struct hop_batch batch;
    hop_batch_init(&batch);
    ck_assert_int_eq(
        hop_batch_add(&batch, HOP_WRITE_DAYS, "hop:1:p:{anna}:acme", "c:DE", "20780:1+", 0),
        HOP_OK);
    ck_assert_int_eq(
        hop_store_write_by(hop_history_store(history), &batch, hop_clock_deadline(1000), &err),
        HOP_DENIED);
    hop_batch_done(&batch);
}
END_TEST

START_TEST(a_tenants_user_may_all_that_a_login_needs)
{
    char more[256];
    struct hop_batch batch;
    users_file();
    file_is("secret", "sesame-acme\n");
    redis_start();
    snprintf(more, sizeof more, "history_user = acme\nhistory_secret = %s/secret\n", folder);
    begin("unix:%s/redis.sock", more, HOP_HISTORY_WRITER);
    for (int i = 0; i < 2; i++) {
        ck_assert_msg(recall() == HOP_OK, "%s", err.text);
        learned(&batch);
        ck_assert_int_eq(hop_plan_touch(&login, &reach, &recalled, 20, &batch), HOP_OK);
        ck_assert_int_eq(hop_plan_log(&reach, login.id, "{}", &batch), HOP_OK);
        ck_assert_int_eq(hop_plan_step_up(&login, &reach, &batch), HOP_OK);
        ck_assert_int_eq(hop_plan_session(&login, &reach, i == 0, &batch), HOP_OK);
        ck_assert_msg(record(&batch) == HOP_RECORDED_STORE, "%s", err.text);
        hop_batch_done(&batch);
    }
    ck_assert(knows(&recalled.merged, HOP_KIND_TENANT, "acme"));
    one_write(HOP_WRITE_DAYS, "hop:1:p:{anna}:home", "c:DE", "20780:1+", HOP_RECORDED_SPOOL);
    ck_assert_ptr_nonnull(strstr(err.text, "NOPERM"));
}
END_TEST

/* --- the store is not there --- */

START_TEST(without_store_and_fallback_nothing_is_known)
{
    begin_redis();
    ck_assert_int_ne(recall(), HOP_OK);
    ck_assert_int_eq(recalled.source, HOP_RECALL_NOWHERE);
    ck_assert(hop_profile_empty(&recalled.merged));
    ck_assert_double_eq(recalled.around.tenants, 60);
    ck_assert_ptr_nonnull(strstr(err.text, in_folder("redis.sock")));
    ck_assert_ptr_nonnull(strstr(err.text, "No such file"));
}
END_TEST

START_TEST(the_fallback_serves_while_the_store_is_away)
{
    redis_start();
    begin_redis();
    one_write(HOP_WRITE_FIELD, "hop:1:freeze", "key:" FIXTURE_KEY, "block|1|piet|lost",
              HOP_RECORDED_STORE);
    one_write(HOP_WRITE_DAYS, "hop:1:p:{anna}:home", "c:DE", "20780:3+", HOP_RECORDED_STORE);
    known();
    redis_kill();
    ck_assert_int_ne(recall(), HOP_OK);
    ck_assert_int_eq(recalled.source, HOP_RECALL_FALLBACK);
    ck_assert(knows(&recalled.merged, HOP_KIND_NODE, "84.24.10.7"));
    ck_assert(knows(&recalled.merged, HOP_KIND_COUNTRY, "DE"));
    ck_assert(hop_profile_find(&recalled.merged, HOP_KIND_COUNTRY, hop_span_of("DE"))->confirmed);
    ck_assert_int_eq(recalled.merged.last.time, FIXTURE_TIME);
    ck_assert(hop_profile_empty(&recalled.own));
    ck_assert_int_eq(recalled.around.frozen_key, HOP_FREEZE_BLOCK);
    ck_assert_int_eq(recalled.around.frozen_account, HOP_FREEZE_NONE);
    ck_assert_double_eq(recalled.around.tenants, 60);
    hop_string_copy(login.identity, sizeof login.identity, "bert");
    ck_assert_int_ne(recall(), HOP_OK);
    ck_assert_int_eq(recalled.source, HOP_RECALL_NOWHERE);
    ck_assert_int_eq(recalled.around.frozen_key, HOP_FREEZE_BLOCK);
}
END_TEST

/* kill -STOP: a store that accepts and never answers must leave the fallback its time. */
START_TEST(a_store_that_hangs_leaves_time_for_the_rest)
{
    redis_start();
    begin_redis();
    known();
    kill(redis, SIGSTOP);
    struct hop_deadline deadline = hop_clock_deadline(1000);
    ck_assert_int_eq(hop_history_recall_by(history, &login, &reach, &recalled, deadline, &err),
                     HOP_TIMEOUT);
    ck_assert_int_eq(recalled.source, HOP_RECALL_FALLBACK);
    struct hop_batch batch;
    learned(&batch);
    ck_assert_int_eq(hop_history_record_by(history, &batch, false, deadline, &err),
                     HOP_RECORDED_SPOOL);
    ck_assert_int_eq(hop_history_record_by(history, &batch, false, (struct hop_deadline){0}, &err),
                     HOP_RECORDED_SPOOL);
    hop_batch_done(&batch);
    ck_assert_uint_eq(spooled(), 2);
}
END_TEST

START_TEST(the_fallback_follows_the_store)
{
    begin_sqlite();
    one_write(HOP_WRITE_FIELD, "hop:1:freeze", "account:anna", "block|1|piet|gone",
              HOP_RECORDED_STORE);
    one_write(HOP_WRITE_DAYS, "hop:1:p:{anna}:acme", "c:DE", "20780:1", HOP_RECORDED_STORE);
    one_write(HOP_WRITE_LATEST, "hop:1:p:{anna}:acme", "stepup", "1795512000", HOP_RECORDED_STORE);
    known();
    one_write(HOP_WRITE_DROP, "hop:1:freeze", "account:anna", NULL, HOP_RECORDED_STORE);
    one_write(HOP_WRITE_DROP, "hop:1:p:{anna}:acme", "c:DE", NULL, HOP_RECORDED_STORE);
    login.time += 86400;
    known();
    begin_redis();
    ck_assert_int_ne(recall(), HOP_OK);
    ck_assert_int_eq(recalled.source, HOP_RECALL_FALLBACK);
    ck_assert_int_eq(recalled.around.frozen_account, HOP_FREEZE_NONE);
    ck_assert(!knows(&recalled.merged, HOP_KIND_COUNTRY, "DE"));
    ck_assert_int_eq(
        hop_dayset_days(hop_profile_find(&recalled.merged, HOP_KIND_COUNTRY, hop_span_of("NL"))),
        2);
    ck_assert_int_eq(recalled.merged.step_up_time, 1795512000);
    ck_assert_int_eq(recalled.merged.last.time, login.time);
}
END_TEST

START_TEST(permits_are_kept_and_forgotten_like_freezes)
{
    begin_sqlite();
    one_write(HOP_WRITE_FIELD, "hop:1:freeze", "permit:anna",
              "01JD8Z0M2N3P4Q5R6S7T8V9WXY|1795512600|1795519800|piet|lost", HOP_RECORDED_STORE);
    known();
    begin_redis();
    ck_assert_int_ne(recall(), HOP_OK);
    ck_assert_str_eq(recalled.around.permit.id, "01JD8Z0M2N3P4Q5R6S7T8V9WXY");
    ck_assert_str_eq(recalled.around.permit.why, "lost");
    ck_assert_int_eq(recalled.around.permit.until, 1795519800);
    begin_sqlite();
    one_write(HOP_WRITE_DROP, "hop:1:freeze", "permit:anna", NULL, HOP_RECORDED_STORE);
    login.time += 86400;
    known();
    begin_redis();
    ck_assert_int_ne(recall(), HOP_OK);
    ck_assert_int_eq(recalled.source, HOP_RECALL_FALLBACK);
    ck_assert_str_eq(recalled.around.permit.id, "");
}
END_TEST

START_TEST(what_came_from_the_fallback_is_not_kept_in_it)
{
    begin_sqlite();
    known();
    begin_redis();
    recall();
    hop_profile_done(&recalled.merged);
    remember();
    recall();
    ck_assert(!hop_profile_empty(&recalled.merged));
}
END_TEST

START_TEST(a_store_that_forgot_a_known_identity_is_lost)
{
    begin_sqlite();
    known();
    one_write(HOP_WRITE_FIELD, "hop:1:freeze", "account:anna", "block|1|piet|gone",
              HOP_RECORDED_STORE);
    ck_assert_int_eq(recall(), HOP_OK);
    remember();
    ck_assert_int_eq(rename(in_folder("history.db"), in_folder("gone.db")), 0);
    unlink(in_folder("history.db-wal"));
    unlink(in_folder("history.db-shm"));
    begin_sqlite();
    one_write(HOP_WRITE_MEMBER, "hop:1:k:{SHA256:AbC%2Fd+e}", NULL, "bert", HOP_RECORDED_STORE);
    ck_assert_int_eq(recall(), HOP_NOT_FOUND);
    ck_assert_int_eq(recalled.source, HOP_RECALL_FALLBACK);
    ck_assert(knows(&recalled.merged, HOP_KIND_NODE, "84.24.10.7"));
    ck_assert(recalled.around.key_of_another);
    ck_assert_int_eq(recalled.around.frozen_account, HOP_FREEZE_BLOCK);
    ck_assert_ptr_nonnull(strstr(err.text, "forgotten"));
    hop_string_copy(login.identity, sizeof login.identity, "newcomer");
    ck_assert_int_eq(recall(), HOP_OK);
    ck_assert_int_eq(recalled.source, HOP_RECALL_STORE);
}
END_TEST

START_TEST(helpers_read_and_write_nothing)
{
    begin("unix:%s/redis.sock", "", HOP_HISTORY_READER);
    ck_assert_int_ne(recall(), HOP_OK);
    ck_assert_int_eq(recalled.source, HOP_RECALL_NOWHERE);
    ck_assert_int_eq(learn(), HOP_RECORDED_NOT);
    ck_assert_int_eq(rmdir(folder), 0);
    ck_assert_int_eq(mkdir(folder, 0750), 0);
    begin_sqlite();
    known();
    begin("unix:%s/redis.sock", "", HOP_HISTORY_READER);
    ck_assert_int_ne(recall(), HOP_OK);
    ck_assert_int_eq(recalled.source, HOP_RECALL_FALLBACK);
    ck_assert(knows(&recalled.merged, HOP_KIND_NODE, "84.24.10.7"));
    remember();
    ck_assert_uint_eq(spooled(), 0);
    hop_history_free(&history);
}
END_TEST

START_TEST(a_store_that_cannot_be_opened_is_named_at_each_recall)
{
    begin("unix:%s/redis.sock", "history_secret = /nowhere/secret\n", HOP_HISTORY_WRITER);
    ck_assert_ptr_null(hop_history_store(history));
    ck_assert_int_eq(recall(), HOP_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(err.text, "/nowhere/secret"));
    ck_assert_int_eq(learn(), HOP_RECORDED_SPOOL);
    ck_assert_ptr_nonnull(strstr(err.text, "/nowhere/secret"));
    size_t flushed, left;
    ck_assert_int_eq(hop_history_flush_by(history, soon(), &flushed, &left, &err), HOP_NOT_FOUND);
    ck_assert_uint_eq(left, 1);
    begin_sqlite();
    ck_assert_ptr_nonnull(hop_history_store(history));
    ck_assert_uint_eq(flush(), 1);
}
END_TEST

/* --- the spool --- */

static bool log_count(void *context, struct hop_span id, struct hop_span value)
{
    int *entries = context;
    (void)id, (void)value;
    (*entries)++;
    return true;
}

static int log_entries(void)
{
    int entries = 0;
    ck_assert_int_eq(hop_store_log_by(hop_history_store(history), "hop:1:log:acme", 0, log_count,
                                      &entries, soon(), &err),
                     HOP_OK);
    return entries;
}

#define SPOOLED 40

static void log_in(int number)
{
    struct hop_batch batch;
    login = fixture_login();
    login.time += number * 3000;
    snprintf(login.id, sizeof login.id, "01JDEADBEEF0000000000000%02d", number);
    snprintf(login.host, sizeof login.host, "db%d", number % 4);
    learned(&batch);
    ck_assert_int_eq(hop_plan_touch(&login, &reach, &recalled, 20, &batch), HOP_OK);
    ck_assert_int_eq(hop_plan_log(&reach, login.id, "{}", &batch), HOP_OK);
    ck_assert_int_eq(hop_plan_step_up(&login, &reach, &batch), HOP_OK);
    ck_assert_int_eq(record(&batch), HOP_RECORDED_SPOOL);
    hop_batch_done(&batch);
}

START_TEST(all_that_was_spooled_arrives_when_the_store_appears)
{
    begin_redis();
    for (int i = 0; i < SPOOLED; i++)
        log_in(i);
    ck_assert_uint_eq(spooled(), SPOOLED);
    size_t flushed, left;
    ck_assert_int_ne(hop_history_flush_by(history, soon(), &flushed, &left, &err), HOP_OK);
    ck_assert_uint_eq(flushed, 0);
    ck_assert_uint_eq(left, SPOOLED);
    redis_start();
    ck_assert_uint_eq(flush(), SPOOLED);
    ck_assert_int_eq(log_entries(), SPOOLED);
    ck_assert_int_eq(recall(), HOP_OK);
    ck_assert_uint_eq(recalled.own.count, 7 + 4 + 24); /* values, hosts, hours */
    ck_assert_int_eq(recalled.own.last.time, login.time);
    ck_assert_int_eq(recalled.own.step_up_time, login.time);
    ck_assert_uint_eq(flush(), 0);
    ck_assert_int_eq(log_entries(), SPOOLED);
}
END_TEST

START_TEST(the_next_success_takes_along_what_waits)
{
    begin_redis();
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(learn(), HOP_RECORDED_SPOOL);
    ck_assert_uint_eq(spooled(), 3);
    redis_start();
    ck_assert_int_eq(learn(), HOP_RECORDED_STORE);
    ck_assert_uint_eq(spooled(), 0);
}
END_TEST

START_TEST(under_a_wrong_clock_all_goes_to_the_spool)
{
    struct hop_batch batch;
    begin_sqlite();
    learned(&batch);
    ck_assert_int_eq(hop_history_record_by(history, &batch, true, soon(), &err),
                     HOP_RECORDED_SPOOL);
    hop_batch_done(&batch);
    ck_assert_uint_eq(spooled(), 1);
    ck_assert_int_eq(recall(), HOP_OK);
    ck_assert(hop_profile_empty(&recalled.merged));
    ck_assert_uint_eq(flush(), 1);
}
END_TEST

static struct hop_batch session(bool open)
{
    struct hop_batch batch;
    hop_batch_init(&batch);
    ck_assert_int_eq(hop_plan_session(&login, &reach, open, &batch), HOP_OK);
    return batch;
}

static int64_t sessions(void)
{
    struct hop_read *read = calloc(1, sizeof *read);
    struct hop_replies replies;
    struct hop_text key = hop_text_over(read->key, sizeof read->key);
    hop_replies_init(&replies);
    hop_key_sessions(&key, &reach, &login.server, reach.witness);
    read->kind = HOP_READ_HASH_SIZE;
    ck_assert_int_eq(hop_store_read_by(hop_history_store(history), read, 1, &replies, soon(), &err),
                     HOP_OK);
    int64_t count = replies.items[0].number;
    hop_replies_done(&replies);
    free(read);
    return count;
}

/* An opening that is written after the closing would leave a live session for ever. */
START_TEST(a_session_is_closed_after_it_was_opened)
{
    begin_redis();
    struct hop_batch opened = session(true), closed = session(false);
    ck_assert_int_eq(record(&opened), HOP_RECORDED_SPOOL);
    redis_start();
    ck_assert_int_eq(record(&closed), HOP_RECORDED_STORE);
    ck_assert_uint_eq(spooled(), 0);
    ck_assert_int_eq(sessions(), 0);
    ck_assert_int_eq(record(&opened), HOP_RECORDED_STORE);
    ck_assert_int_eq(sessions(), 1);
    hop_batch_done(&opened);
    hop_batch_done(&closed);
}
END_TEST

START_TEST(evictions_do_not_wait)
{
    begin_redis();
    struct hop_batch batch;
    learned(&batch);
    ck_assert_int_eq(hop_batch_add(&batch, HOP_WRITE_DROP, "hop:1:p:{anna}:acme", "c:DE", NULL, 0),
                     HOP_OK);
    ck_assert_int_eq(record(&batch), HOP_RECORDED_SPOOL);
    hop_batch_done(&batch);
    begin_sqlite();
    one_write(HOP_WRITE_DAYS, "hop:1:p:{anna}:acme", "c:DE", "20781:1", HOP_RECORDED_STORE);
    ck_assert_uint_eq(spooled(), 0);
    ck_assert_int_eq(recall(), HOP_OK);
    ck_assert(knows(&recalled.own, HOP_KIND_COUNTRY, "DE"));
    ck_assert(knows(&recalled.own, HOP_KIND_COUNTRY, "NL"));
}
END_TEST

START_TEST(a_record_that_cannot_be_read_is_set_aside)
{
    begin_redis();
    ck_assert_int_eq(learn(), HOP_RECORDED_SPOOL);
    int fd = open(in_folder("fallback.db.spool"), O_WRONLY | O_APPEND);
    ck_assert_int_eq(write(fd, "garbage\n", 8), 8);
    close(fd);
    ck_assert_int_eq(learn(), HOP_RECORDED_SPOOL);
    begin_sqlite();
    size_t flushed, left;
    ck_assert_int_eq(hop_history_flush_by(history, soon(), &flushed, &left, &err), HOP_MALFORMED);
    ck_assert_uint_eq(flushed, 2);
    ck_assert_uint_eq(left, 0);
    ck_assert_ptr_nonnull(strstr(err.text, "corrupt-"));
}
END_TEST

/* A peer that answers each request with a time of 2001. */
static void peer_of_2001(int listener)
{
    static const char answer[] = "*2\r\n$10\r\n1000000000\r\n$1\r\n0\r\n";
    char request[4096];
    int fd = accept(listener, NULL, NULL);
    while (read(fd, request, sizeof request) > 0)
        if (write(fd, answer, sizeof answer - 1) < 0)
            break;
    _exit(0);
}

START_TEST(the_spool_waits_until_the_clock_is_right)
{
    begin_redis();
    ck_assert_int_eq(learn(), HOP_RECORDED_SPOOL);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/redis.sock", folder);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    redis = fork();
    if (redis == 0)
        peer_of_2001(listener);
    close(listener);
    size_t flushed, left;
    ck_assert_msg(hop_history_flush_by(history, soon(), &flushed, &left, &err) == HOP_UNTRUSTED,
                  "%s", err.text);
    ck_assert_ptr_nonnull(strstr(err.text, "clock"));
    ck_assert_uint_eq(left, 1);
}
END_TEST

/* --- damage --- */

/* SQLite would mend a damaged file from a whole -wal. */
static void spoil_fallback(void)
{
    unlink(in_folder("fallback.db-wal"));
    unlink(in_folder("fallback.db-shm"));
    int fd = open(in_folder("fallback.db"), O_WRONLY | O_CREAT | O_TRUNC, 0640);
    char garbage[4096];
    memset(garbage, 'x', sizeof garbage);
    ck_assert_int_eq(write(fd, garbage, sizeof garbage), (ssize_t)sizeof garbage);
    close(fd);
}

static bool set_aside(void)
{
    char command[160];
    snprintf(command, sizeof command, "ls %s | grep -q '^fallback.db.corrupt-[0-9]*$'", folder);
    return system(command) == 0;
}

START_TEST(a_damaged_fallback_is_set_aside_by_a_recall)
{
    begin_redis();
    spoil_fallback();
    ck_assert_int_ne(recall(), HOP_OK);
    ck_assert_int_eq(recalled.source, HOP_RECALL_NOWHERE);
    ck_assert_msg(strstr(err.text, "damaged, kept as") != NULL, "%s", err.text);
    ck_assert_ptr_nonnull(strstr(err.text, "redis.sock"));
    ck_assert(set_aside());
    ck_assert_int_ne(recall(), HOP_OK);
    ck_assert_ptr_null(strstr(err.text, "damaged"));
}
END_TEST

START_TEST(a_damaged_fallback_is_begun_anew)
{
    begin_sqlite();
    known();
    hop_history_free(&history);
    spoil_fallback();
    begin_sqlite();
    ck_assert_int_eq(hop_history_remember_by(history, &login, &reach, &recalled, soon(), &err),
                     HOP_MALFORMED);
    ck_assert_ptr_nonnull(strstr(err.text, "damaged, kept as"));
    ck_assert(set_aside());
    begin_redis();
    ck_assert_int_ne(recall(), HOP_OK);
    ck_assert_int_eq(recalled.source, HOP_RECALL_FALLBACK);
}
END_TEST

START_TEST(a_damaged_fallback_troubles_no_newcomer)
{
    begin_sqlite();
    spoil_fallback();
    ck_assert_int_eq(recall(), HOP_OK);
    ck_assert_int_eq(recalled.source, HOP_RECALL_STORE);
    ck_assert(set_aside());
}
END_TEST

START_TEST(helpers_do_not_repair)
{
    spoil_fallback();
    begin("unix:%s/redis.sock", "", HOP_HISTORY_READER);
    ck_assert_int_ne(recall(), HOP_OK);
    ck_assert_int_eq(recalled.source, HOP_RECALL_NOWHERE);
    ck_assert(!set_aside());
}
END_TEST

/* In a mount namespace of its own: a full disk under the fallback, and no store. */
static int full_disk(void)
{
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", folder, "tmpfs", 0, "size=64k,mode=750") != 0)
        return 10;
    int fd = open(in_folder("filler"), O_WRONLY | O_CREAT, 0600);
    static char page[4096];
    while (write(fd, page, sizeof page) > 0)
        continue;
    close(fd);
    if (learn() != HOP_RECORDED_NOT)
        return 11;
    if (!strstr(err.text, "redis.sock") || !strstr(err.text, "No space left"))
        return 12;
    recalled.source = HOP_RECALL_STORE;
    if (hop_history_remember_by(history, &login, &reach, &recalled, soon(), &err) == HOP_OK)
        return 13;
    if (recall() == HOP_OK || recalled.source != HOP_RECALL_NOWHERE)
        return 14;
    unlink(in_folder("filler"));
    return learn() == HOP_RECORDED_SPOOL ? 0 : 15;
}

START_TEST(when_nothing_takes_a_record_it_is_told)
{
    ck_assert_msg(geteuid() == 0, "this test needs root");
    begin_redis();
    pid_t child = fork();
    if (child == 0)
        _exit(full_disk());
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

HOP_SUITE_AROUND(
    "history/history", setup, teardown, what_is_recorded_is_recalled, the_stores_clock_is_handed_on,
    replay_leaves_no_files, a_helpers_user_reads_all_and_writes_nothing,
    a_tenants_user_may_all_that_a_login_needs, without_store_and_fallback_nothing_is_known,
    the_fallback_serves_while_the_store_is_away, a_store_that_hangs_leaves_time_for_the_rest,
    the_fallback_follows_the_store, permits_are_kept_and_forgotten_like_freezes,
    what_came_from_the_fallback_is_not_kept_in_it, a_store_that_forgot_a_known_identity_is_lost,
    helpers_read_and_write_nothing, a_store_that_cannot_be_opened_is_named_at_each_recall,
    all_that_was_spooled_arrives_when_the_store_appears, the_next_success_takes_along_what_waits,
    under_a_wrong_clock_all_goes_to_the_spool, a_session_is_closed_after_it_was_opened,
    evictions_do_not_wait, a_record_that_cannot_be_read_is_set_aside,
    the_spool_waits_until_the_clock_is_right, a_damaged_fallback_is_set_aside_by_a_recall,
    a_damaged_fallback_is_begun_anew, a_damaged_fallback_troubles_no_newcomer,
    helpers_do_not_repair, when_nothing_takes_a_record_it_is_told)
