/* SPDX-License-Identifier: Apache-2.0 */
/* What the SQLite store promises beyond the contract: whose file it is, who may read it, and what
 * becomes of trouble. Runs as root. */
#include "store_fixture.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

#define READER 65534       /* nobody */
#define READER_GROUP 54321 /* a group that exists only here */
#define PATIENCE_MS 2000   /* beyond a deadline; more is a hang */

static struct hop_store *open_at(const char *path, bool read_only)
{
    struct hop_store *store = NULL;
    ck_assert_int_eq(hop_store_sqlite_new(path, read_only, &store, NULL), HOP_OK);
    return store;
}

static enum hop_rc try_write(struct hop_store *store, const char *value, struct hop_deadline by,
                             struct hop_error *err)
{
    struct hop_batch batch;
    hop_batch_init(&batch);
    batch_put(&batch, HOP_WRITE_FIELD, "k", "f", value, 0);
    batch_put(&batch, HOP_WRITE_FIELD, "k", "g", value, 0);
    enum hop_rc rc = hop_store_write_by(store, &batch, by, err);
    hop_batch_done(&batch);
    return rc;
}

static enum hop_rc try_read(struct hop_store *store, char *value, size_t size,
                            struct hop_deadline by, struct hop_error *err)
{
    const struct hop_read read = {.kind = HOP_READ_FIELD, .key = "k", .field = "f"};
    struct hop_replies replies;
    hop_replies_init(&replies);
    enum hop_rc rc = hop_store_read_by(store, &read, 1, &replies, by, err);
    value[0] = '\0';
    if (rc == HOP_OK && replies.items[0].present)
        hop_span_copy(replies.items[0].pairs[0].value, value, size);
    hop_replies_done(&replies);
    return rc;
}

/* Writing to, or reading from, the file at `path` with a handle of its own. */
static enum hop_rc written(const char *path, const char *value, struct hop_error *err)
{
    struct hop_store *store = open_at(path, false);
    enum hop_rc rc = try_write(store, value, soon(), err);
    hop_store_free(&store);
    return rc;
}

static enum hop_rc reads(const char *path, bool read_only, char *value, size_t size,
                         struct hop_error *err)
{
    struct hop_store *store = open_at(path, read_only);
    enum hop_rc rc = try_read(store, value, size, soon(), err);
    hop_store_free(&store);
    return rc;
}

static void sql(const char *path, const char *statements)
{
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, statements, NULL, NULL, NULL) == SQLITE_OK, "%s",
                  sqlite3_errmsg(db));
    sqlite3_close(db);
}

static void mode_is(const char *path, const char *suffix, mode_t mode, gid_t group)
{
    char name[300];
    struct stat status;
    snprintf(name, sizeof name, "%s%s", path, suffix);
    ck_assert_msg(stat(name, &status) == 0, "%s", name);
    ck_assert_uint_eq(status.st_mode & 07777, mode);
    ck_assert_uint_eq(status.st_gid, group);
}

/* A folder for this test as INSTALL has it: root and the readers' group, 2750. */
static const char *database(const char *name)
{
    const char *path = fixture_database(name);
    char folder[256];
    ck_assert(hop_string_copy(folder, sizeof folder, path));
    *strrchr(folder, '/') = '\0';
    ck_assert_int_eq(chown(folder, 0, READER_GROUP), 0);
    ck_assert_int_eq(chmod(folder, 02750), 0);
    return path;
}

START_TEST(the_folders_group_reads_whatever_the_umask)
{
    static const mode_t masks[] = {0, 022, 077, 0777};
    for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++) {
        char name[32];
        snprintf(name, sizeof name, "umask-%zu", i);
        const char *path = database(name);
        umask(masks[i]);
        enum hop_rc rc = written(path, "v", NULL);
        umask(022);
        ck_assert_int_eq(rc, HOP_OK);
        mode_is(path, "", 0640, READER_GROUP);
        mode_is(path, "-wal", 0640, READER_GROUP);
        mode_is(path, "-shm", 0640, READER_GROUP);
    }
}
END_TEST

START_TEST(a_changed_mode_or_group_is_put_right)
{
    const char *path = database("refit");
    ck_assert_int_eq(written(path, "v", NULL), HOP_OK);
    ck_assert_int_eq(chmod(path, 0600), 0);
    ck_assert_int_eq(chown(path, 0, 0), 0);
    ck_assert_int_eq(written(path, "v", NULL), HOP_OK);
    mode_is(path, "", 0640, READER_GROUP);
}
END_TEST

START_TEST(no_umask_of_the_process_is_touched)
{
    const char *path = database("mask");
    umask(027);
    ck_assert_int_eq(written(path, "v", NULL), HOP_OK);
    ck_assert_uint_eq(umask(022), 027);
}
END_TEST

static void become_reader(gid_t group)
{
    if (setgroups(1, &group) != 0 || setresgid(READER, READER, READER) != 0 ||
        setresuid(READER, READER, READER) != 0)
        _exit(99);
}

/* What an unprivileged process finds: the code, and whether the value was `value`. */
static enum hop_rc reader_finds(const char *path, gid_t group, const char *value)
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        char found[64];
        become_reader(group);
        struct hop_store *store = NULL;
        struct hop_error err = {0};
        hop_store_sqlite_new(path, true, &store, NULL);
        enum hop_rc rc = try_read(store, found, sizeof found, soon(), &err);
        hop_store_free(&store);
        if (rc != HOP_OK)
            fprintf(stderr, "reader: %s\n", err.text);
        _exit(rc == HOP_OK && strcmp(found, value) != 0 ? 98 : (int)rc);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_lt(WEXITSTATUS(status), 98);
    return (enum hop_rc)WEXITSTATUS(status);
}

START_TEST(the_group_reads_while_a_writer_works_and_after_all_have_closed)
{
    const char *path = database("reader");
    struct hop_store *writer = open_at(path, false);
    ck_assert_int_eq(try_write(writer, "1", soon(), NULL), HOP_OK);
    ck_assert_int_eq(reader_finds(path, READER_GROUP, "1"), HOP_OK);
    ck_assert_int_eq(try_write(writer, "2", soon(), NULL), HOP_OK);
    ck_assert_int_eq(reader_finds(path, READER_GROUP, "2"), HOP_OK);
    hop_store_free(&writer);
    ck_assert_int_eq(reader_finds(path, READER_GROUP, "2"), HOP_OK);
    for (int i = 0; i < 60; i++) {
        char value[16];
        snprintf(value, sizeof value, "round %d", i);
        ck_assert_int_eq(written(path, value, NULL), HOP_OK);
        ck_assert_int_eq(reader_finds(path, READER_GROUP, value), HOP_OK);
    }
}
END_TEST

START_TEST(the_group_reads_after_a_writer_was_killed)
{
    const char *path = database("killed");
    ck_assert_int_eq(written(path, "1", NULL), HOP_OK);
    pid_t child = fork();
    if (child == 0) {
        struct hop_store *store = open_at(path, false);
        _exit(try_write(store, "2", soon(), NULL) == HOP_OK ? (int)kill(getpid(), SIGKILL) : 1);
    }
    int status;
    waitpid(child, &status, 0);
    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(reader_finds(path, READER_GROUP, "2"), HOP_OK);
}
END_TEST

START_TEST(others_do_not_read)
{
    const char *path = database("others");
    ck_assert_int_eq(written(path, "1", NULL), HOP_OK);
    ck_assert_int_eq(reader_finds(path, READER, "1"), HOP_DENIED);
}
END_TEST

START_TEST(a_reader_writes_nothing)
{
    const char *path = database("readonly");
    struct hop_error err = {0};
    ck_assert_int_eq(written(path, "1", NULL), HOP_OK);
    struct hop_store *store = open_at(path, true);
    ck_assert_int_eq(try_write(store, "2", soon(), &err), HOP_DENIED);
    ck_assert_str_ne(err.text, "");
    hop_store_free(&store);
    char value[16];
    ck_assert_int_eq(reads(path, true, value, sizeof value, NULL), HOP_OK);
    ck_assert_str_eq(value, "1");
}
END_TEST

START_TEST(a_reader_makes_no_file_and_says_that_there_is_none)
{
    const char *path = database("none");
    char value[16];
    ck_assert_int_eq(reads(path, true, value, sizeof value, NULL), HOP_NOT_FOUND);
    ck_assert_int_ne(access(path, F_OK), 0);
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0640);
    close(fd);
    ck_assert_int_eq(reads(path, true, value, sizeof value, NULL), HOP_NOT_FOUND);
}
END_TEST

static void refused(const char *path, enum hop_rc expected)
{
    struct hop_error err = {0};
    char value[16];
    enum hop_rc rc = written(path, "v", &err);
    ck_assert_msg(rc == expected, "%s: %s", hop_rc_word(rc), err.text);
    ck_assert_str_ne(err.text, "");
    ck_assert_int_ne(reads(path, true, value, sizeof value, NULL), HOP_OK);
}

START_TEST(a_folder_that_others_can_write_to_is_not_trusted)
{
    const char *path = database("loose");
    const char *folder = fixture_path("loose");
    ck_assert_int_eq(chmod(folder, 02770), 0);
    refused(path, HOP_UNTRUSTED);
    ck_assert_int_eq(chmod(folder, 0757), 0);
    refused(path, HOP_UNTRUSTED);
    ck_assert_int_eq(chmod(folder, 0750) | chown(folder, READER, 0), 0);
    refused(path, HOP_UNTRUSTED);
}
END_TEST

static void file_made(const char *path)
{
    unlink(path);
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC | O_EXCL, 0640);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

START_TEST(a_file_that_is_not_plainly_ours_is_not_trusted)
{
    const char *path = database("planted");
    char other[300];
    snprintf(other, sizeof other, "%s.other", path);
    file_made(other);
    ck_assert_int_eq(symlink(other, path), 0);
    refused(path, HOP_UNTRUSTED);
    unlink(path);
    ck_assert_int_eq(link(other, path), 0);
    refused(path, HOP_UNTRUSTED);
    unlink(path);
    ck_assert_int_eq(mkfifo(path, 0640), 0);
    refused(path, HOP_UNTRUSTED);
    unlink(path);
    ck_assert_int_eq(mkdir(path, 0750), 0);
    refused(path, HOP_UNTRUSTED);
    rmdir(path);
    file_made(path);
    ck_assert_int_eq(chown(path, READER, 0), 0);
    refused(path, HOP_UNTRUSTED);
    file_made(path);
    ck_assert_int_eq(chmod(path, 0660), 0);
    refused(path, HOP_UNTRUSTED);
    file_made(path);
    snprintf(other, sizeof other, "%s-wal", path);
    ck_assert_int_eq(symlink("/etc/passwd", other), 0);
    refused(path, HOP_UNTRUSTED);
}
END_TEST

START_TEST(a_bad_path_is_an_error)
{
    char value[16], path[6000];
    ck_assert_int_ne(written("history.db", "v", NULL), HOP_OK);
    ck_assert_int_ne(written("", "v", NULL), HOP_OK);
    ck_assert_int_ne(written("/", "v", NULL), HOP_OK);
    ck_assert_int_ne(written(fixture_path("absent/history.db"), "v", NULL), HOP_OK);
    ck_assert_int_ne(written("/proc/self/history.db", "v", NULL), HOP_OK);
    memset(path, 'a', sizeof path);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    ck_assert_int_eq(written(path, "v", NULL), HOP_LIMIT);
    ck_assert_int_eq(reads(path, true, value, sizeof value, NULL), HOP_LIMIT);
}
END_TEST

START_TEST(a_folder_behind_a_link_is_found)
{
    const char *path = database("real");
    char link[300], through[320], value[16];
    ck_assert_int_eq(written(path, "v", NULL), HOP_OK);
    snprintf(link, sizeof link, "%s", fixture_path("linked"));
    ck_assert_int_eq(symlink(fixture_path("real"), link), 0);
    snprintf(through, sizeof through, "%s/history.db", link);
    ck_assert_int_eq(reads(through, false, value, sizeof value, NULL), HOP_OK);
    ck_assert_str_eq(value, "v");
}
END_TEST

START_TEST(another_format_and_another_database_are_refused)
{
    const char *path = database("format");
    ck_assert_int_eq(written(path, "v", NULL), HOP_OK);
    sql(path, "UPDATE meta SET value = '2'");
    refused(path, HOP_UNSUPPORTED);
    path = database("foreign");
    sql(path, "CREATE TABLE grades(pupil, grade)");
    ck_assert_int_eq(chmod(path, 0640), 0);
    refused(path, HOP_UNSUPPORTED);
}
END_TEST

START_TEST(nothing_in_the_file_runs)
{
    const char *path = database("trigger");
    ck_assert_int_eq(written(path, "v", NULL), HOP_OK);
    sql(path, "CREATE TRIGGER t AFTER INSERT ON hashes BEGIN"
              " INSERT INTO sets VALUES('k', 'ran'); END");
    struct hop_store *store = open_at(path, false);
    write_one(store, HOP_WRITE_FIELD, "k", "new", "v", 0);
    struct hop_replies replies;
    hop_replies_init(&replies);
    ck_assert_int_eq(read_one(store, HOP_READ_SET_SIZE, "k", NULL, 0, &replies)->number, 0);
    hop_replies_done(&replies);
    hop_store_free(&store);
}
END_TEST

/* The other connection has the write lock until the returned handle is closed. */
static sqlite3 *lock_held(const char *path)
{
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    return db;
}

START_TEST(a_wait_for_the_lock_ends_at_the_deadline)
{
    const char *path = database("locked");
    struct hop_error err = {0};
    char value[16];
    ck_assert_int_eq(written(path, "1", NULL), HOP_OK);
    sqlite3 *db = lock_held(path);
    struct hop_store *store = open_at(path, false);
    struct hop_deadline by = hop_clock_deadline(100);
    ck_assert_int_eq(try_write(store, "2", by, &err), HOP_TIMEOUT);
    ck_assert(hop_deadline_passed(by, hop_clock_monotonic_ns()));
    ck_assert(!hop_deadline_passed(by, hop_clock_monotonic_ns() - PATIENCE_MS * HOP_NS_PER_MS));
    ck_assert_int_eq(try_read(store, value, sizeof value, soon(), NULL), HOP_OK);
    ck_assert_str_eq(value, "1");
    sqlite3_close(db);
    ck_assert_int_eq(try_write(store, "3", soon(), NULL), HOP_OK);
    ck_assert_int_eq(try_read(store, value, sizeof value, soon(), NULL), HOP_OK);
    ck_assert_str_eq(value, "3");
    hop_store_free(&store);
}
END_TEST

START_TEST(a_stopped_writer_holds_nobody_beyond_the_deadline)
{
    const char *path = database("stopped");
    int report[2];
    char value[16];
    ck_assert_int_eq(written(path, "1", NULL), HOP_OK);
    ck_assert_int_eq(pipe2(report, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0) {
        lock_held(path);
        if (write(report[1], "", 1) == 1)
            raise(SIGSTOP);
        _exit(1);
    }
    ck_assert_int_eq(read(report[0], value, 1), 1);
    struct hop_store *store = open_at(path, false);
    struct hop_deadline by = hop_clock_deadline(60);
    ck_assert_int_eq(try_write(store, "2", by, NULL), HOP_TIMEOUT);
    ck_assert(!hop_deadline_passed(by, hop_clock_monotonic_ns() - PATIENCE_MS * HOP_NS_PER_MS));
    ck_assert_int_eq(try_read(store, value, sizeof value, soon(), NULL), HOP_OK);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    ck_assert_int_eq(try_write(store, "2", soon(), NULL), HOP_OK);
    hop_store_free(&store);
}
END_TEST

/* What whoever may read the history can do to those who write it. Bytes 120 to 128 of the -shm are
 * SQLite's locks. */
static pid_t locks_held(const char *path, int first, int count)
{
    int report[2];
    char ready;
    ck_assert_int_eq(pipe2(report, O_CLOEXEC), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        char name[300];
        become_reader(READER_GROUP);
        snprintf(name, sizeof name, "%s-shm", path);
        int fd = open(name, O_RDONLY | O_CLOEXEC);
        struct flock lock = {
            .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = first, .l_len = count};
        if (fcntl(fd, F_SETLK, &lock) != 0 || write(report[1], "", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    ck_assert_int_eq(read(report[0], &ready, 1), 1);
    close(report[0]);
    close(report[1]);
    return child;
}

START_TEST(a_reader_who_holds_every_lock_holds_nobody_beyond_the_deadline)
{
    const char *path = database("greedy");
    char value[16];
    ck_assert_int_eq(written(path, "1", NULL), HOP_OK);
    for (int first = 119; first < 129; first++) {
        pid_t greedy = first < 120 ? locks_held(path, 120, 9) : locks_held(path, first, 1);
        struct hop_store *store = open_at(path, false), *reader = open_at(path, true);
        struct hop_deadline by = hop_clock_deadline(30);
        try_read(reader, value, sizeof value, by, NULL);
        by = hop_clock_deadline(30);
        try_read(store, value, sizeof value, by, NULL);
        try_write(store, "2", by, NULL);
        ck_assert(!hop_deadline_passed(by, hop_clock_monotonic_ns() - PATIENCE_MS * HOP_NS_PER_MS));
        kill(greedy, SIGKILL);
        waitpid(greedy, NULL, 0);
        ck_assert_int_eq(try_write(store, "3", soon(), NULL), HOP_OK);
        hop_store_free(&store);
        hop_store_free(&reader);
    }
    ck_assert_int_eq(reads(path, true, value, sizeof value, NULL), HOP_OK);
    ck_assert_str_eq(value, "3");
}
END_TEST

START_TEST(the_log_ahead_stays_short)
{
    const char *path = database("short");
    char wal[300];
    struct stat status;
    snprintf(wal, sizeof wal, "%s-wal", path);
    for (int i = 0; i < 300; i++) {
        ck_assert_int_eq(written(path, i % 2 ? "1" : "2", NULL), HOP_OK);
        ck_assert_int_eq(stat(wal, &status), 0);
        ck_assert_int_lt(status.st_size, 512 * 1024);
    }
}
END_TEST

START_TEST(many_at_once_make_one_history)
{
    const char *path = database("race");
    pid_t children[8];
    for (int i = 0; i < 8; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            struct hop_store *store = open_at(path, false);
            struct hop_batch batch;
            struct hop_error err = {0};
            char member[8];
            snprintf(member, sizeof member, "%d", i);
            hop_batch_init(&batch);
            hop_batch_add(&batch, HOP_WRITE_MEMBER, "all", NULL, member, 0);
            enum hop_rc rc = hop_store_write_by(store, &batch, soon(), &err);
            if (rc != HOP_OK)
                fprintf(stderr, "%s\n", err.text);
            hop_store_free(&store);
            _exit((int)rc);
        }
    }
    for (int i = 0; i < 8; i++) {
        int status;
        waitpid(children[i], &status, 0);
        ck_assert_int_eq(status, 0);
    }
    struct hop_store *store = open_at(path, false);
    struct hop_replies replies;
    hop_replies_init(&replies);
    ck_assert_int_eq(read_one(store, HOP_READ_SET_SIZE, "all", NULL, 0, &replies)->number, 8);
    hop_replies_done(&replies);
    hop_store_free(&store);
}
END_TEST

static void bytes_put(const char *path, const char *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
    close(fd);
}

static char *bytes_get(const char *path, size_t *ret_len)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(fstat(fd, &status), 0);
    char *bytes = malloc((size_t)status.st_size + 1);
    *ret_len = (size_t)status.st_size;
    ck_assert_int_eq(read(fd, bytes, *ret_len), status.st_size);
    close(fd);
    return bytes;
}

START_TEST(garbage_is_malformed)
{
    const char *path = database("garbage");
    char bytes[20000];
    memset(bytes, 'x', sizeof bytes);
    bytes_put(path, bytes, sizeof bytes);
    refused(path, HOP_MALFORMED);
}
END_TEST

static void history_filled(const char *path)
{
    struct hop_store *store = open_at(path, false);
    struct hop_batch batch;
    hop_batch_init(&batch);
    for (int i = 0; i < 400; i++) {
        char name[64];
        snprintf(name, sizeof name, "a rather long name of something %d", i);
        batch_put(&batch, HOP_WRITE_FIELD, "k", name, name, 0);
        batch_put(&batch, HOP_WRITE_MEMBER, "s", NULL, name, 0);
        batch_put(&batch, HOP_WRITE_LOG, "l", "01ARZ3NDEKTSV4RRFFQ69G5FAV", name, 1000);
    }
    batch_write(store, &batch);
    hop_batch_done(&batch);
    hop_store_free(&store);
    sql(path, "PRAGMA wal_checkpoint(TRUNCATE)");
}

static bool visit_any(void *context, struct hop_span id, struct hop_span value)
{
    (void)context, (void)id, (void)value;
    return true;
}

/* Any answer will do; a crash, a hang or a sanitizer's word will not. */
static void everything_tried(const char *path)
{
    struct hop_store *store = open_at(path, false);
    const struct hop_read all[] = {{.kind = HOP_READ_HASH, .key = "k"},
                                   {.kind = HOP_READ_SAMPLE, .key = "s", .limit = 256},
                                   {.kind = HOP_READ_SET_SIZE, .key = "s"}};
    struct hop_replies replies;
    hop_replies_init(&replies);
    hop_store_read_by(store, all, 3, &replies, soon(), NULL);
    hop_store_log_by(store, "l", 0, visit_any, NULL, soon(), NULL);
    try_write(store, "v", soon(), NULL);
    hop_replies_done(&replies);
    hop_store_free(&store);
}

START_TEST(a_damaged_file_is_an_error_and_never_a_crash)
{
    const char *path = database("damaged");
    char side[300];
    unsigned seed = 7;
    history_filled(path);
    size_t len;
    char *bytes = bytes_get(path, &len);
    for (int round = 0; round < 120; round++) {
        char *damaged = malloc(len);
        memcpy(damaged, bytes, len);
        for (int i = 0; i < 1 << round % 8; i++)
            damaged[(size_t)rand_r(&seed) % len] = (char)rand_r(&seed);
        bytes_put(path, damaged, round % 10 ? len : (size_t)rand_r(&seed) % len);
        snprintf(side, sizeof side, "%s-wal", path);
        unlink(side);
        snprintf(side, sizeof side, "%s-shm", path);
        unlink(side);
        everything_tried(path);
        free(damaged);
    }
    free(bytes);
}
END_TEST

START_TEST(a_damaged_log_ahead_is_an_error_and_never_a_crash)
{
    const char *path = database("damaged-wal");
    char wal[300], shm[300];
    unsigned seed = 8;
    size_t len, wal_len;
    snprintf(wal, sizeof wal, "%s-wal", path);
    snprintf(shm, sizeof shm, "%s-shm", path);
    ck_assert_int_eq(written(path, "v", NULL), HOP_OK);
    char *bytes = bytes_get(path, &len), *log = bytes_get(wal, &wal_len);
    ck_assert_uint_gt(wal_len, 0);
    for (int round = 0; round < 100; round++) {
        char *damaged = malloc(wal_len);
        memcpy(damaged, log, wal_len);
        for (int i = 0; i < 1 << round % 8; i++)
            damaged[(size_t)rand_r(&seed) % wal_len] = (char)rand_r(&seed);
        bytes_put(path, bytes, len);
        bytes_put(wal, damaged, round % 10 ? wal_len : (size_t)rand_r(&seed) % wal_len);
        unlink(shm);
        everything_tried(path);
        free(damaged);
    }
    free(bytes);
    free(log);
}
END_TEST

/* Fills the file system at `folder` to its last byte. */
static void fill(const char *folder)
{
    char name[300], bytes[4096] = {0};
    snprintf(name, sizeof name, "%s/filler", folder);
    int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    while (write(fd, bytes, sizeof bytes) > 0)
        ;
    while (write(fd, bytes, 1) > 0)
        ;
    ck_assert_int_eq(errno, ENOSPC);
    close(fd);
}

START_TEST(a_full_disk_fails_whole_and_heals)
{
    char folder[256], value[32], large[40000];
    struct hop_error err = {0};
    const char *path = database("full");
    snprintf(folder, sizeof folder, "%s", fixture_path("full"));
    ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
    ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
    ck_assert_int_eq(mount("tmpfs", folder, "tmpfs", 0, "size=512k,mode=2750"), 0);
    path = database("full");
    struct hop_store *store = open_at(path, false);
    ck_assert_int_eq(try_write(store, "before", soon(), NULL), HOP_OK);
    fill(folder);
    memset(large, 'x', sizeof large);
    large[sizeof large - 1] = '\0';
    enum hop_rc rc = HOP_OK;
    for (int i = 0; i < 20 && rc == HOP_OK; i++)
        rc = try_write(store, large, soon(), &err);
    ck_assert_msg(rc == HOP_IO, "%s: %s", hop_rc_word(rc), err.text);
    ck_assert_str_ne(err.text, "");
    ck_assert_int_eq(try_read(store, value, sizeof value, soon(), NULL), HOP_OK);
    ck_assert_str_eq(value, "before");
    ck_assert_int_eq(written(path, large, NULL), HOP_IO);
    ck_assert_int_eq(reader_finds(path, READER_GROUP, "before"), HOP_OK);
    char filler[300];
    snprintf(filler, sizeof filler, "%s/filler", folder);
    ck_assert_int_eq(unlink(filler), 0);
    ck_assert_int_eq(try_write(store, "after", soon(), NULL), HOP_OK);
    ck_assert_int_eq(try_read(store, value, sizeof value, soon(), NULL), HOP_OK);
    ck_assert_str_eq(value, "after");
    hop_store_free(&store);
}
END_TEST

START_TEST(a_disk_that_is_full_from_the_start_heals)
{
    char folder[256], filler[300];
    const char *path = database("full-first");
    snprintf(folder, sizeof folder, "%s", fixture_path("full-first"));
    ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
    ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
    ck_assert_int_eq(mount("tmpfs", folder, "tmpfs", 0, "size=256k,mode=2750"), 0);
    path = database("full-first");
    fill(folder);
    ck_assert_int_eq(written(path, "v", NULL), HOP_IO);
    snprintf(filler, sizeof filler, "%s/filler", folder);
    ck_assert_int_eq(unlink(filler), 0);
    ck_assert_int_eq(written(path, "v", NULL), HOP_OK);
    mode_is(path, "", 0640, READER_GROUP);
    ck_assert_int_eq(reader_finds(path, READER_GROUP, "v"), HOP_OK);
}
END_TEST

START_TEST(failures_leave_no_descriptor)
{
    const char *path = database("leak");
    char value[16];
    int before = descriptors_open();
    ck_assert_int_ne(written(fixture_path("absent/history.db"), "v", NULL), HOP_OK);
    ck_assert_int_eq(reads(path, true, value, sizeof value, NULL), HOP_NOT_FOUND);
    bytes_put(path,
              "not a database, but longer than a header of one hundred bytes, "
              "which SQLite reads first .............................",
              110);
    ck_assert_int_eq(written(path, "v", NULL), HOP_MALFORMED);
    ck_assert_int_eq(descriptors_open(), before);
}
END_TEST

HOP_LOOPED_SUITE("store sqlite", FIXTURE_ALONE, ONCE(the_folders_group_reads_whatever_the_umask),
                 ONCE(a_changed_mode_or_group_is_put_right),
                 ONCE(no_umask_of_the_process_is_touched),
                 ONCE(the_group_reads_while_a_writer_works_and_after_all_have_closed),
                 ONCE(the_group_reads_after_a_writer_was_killed), ONCE(others_do_not_read),
                 ONCE(a_reader_writes_nothing),
                 ONCE(a_reader_makes_no_file_and_says_that_there_is_none),
                 ONCE(a_folder_that_others_can_write_to_is_not_trusted),
                 ONCE(a_file_that_is_not_plainly_ours_is_not_trusted), ONCE(a_bad_path_is_an_error),
                 ONCE(a_folder_behind_a_link_is_found),
                 ONCE(another_format_and_another_database_are_refused),
                 ONCE(nothing_in_the_file_runs), ONCE(a_wait_for_the_lock_ends_at_the_deadline),
                 ONCE(a_stopped_writer_holds_nobody_beyond_the_deadline),
                 ONCE(a_reader_who_holds_every_lock_holds_nobody_beyond_the_deadline),
                 ONCE(the_log_ahead_stays_short), ONCE(many_at_once_make_one_history),
                 ONCE(garbage_is_malformed), ONCE(a_damaged_file_is_an_error_and_never_a_crash),
                 ONCE(a_damaged_log_ahead_is_an_error_and_never_a_crash),
                 ONCE(a_full_disk_fails_whole_and_heals),
                 ONCE(a_disk_that_is_full_from_the_start_heals), ONCE(failures_leave_no_descriptor))
