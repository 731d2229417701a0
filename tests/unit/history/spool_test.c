/* SPDX-License-Identifier: Apache-2.0 */
/* Runs as root: a full disk can be had no other way. Each test has a folder of its own. */
#include "clock.h"
#include "digest.h"
#include "spool.h"
#include "spool_file.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../suite.h"

#define NOW INT64_C(1795512600123)
#define WAIT_MS 20000

static char folder[64], path[96];
static struct hop_error err;

static void setup(void)
{
    snprintf(folder, sizeof folder, "/tmp/hop-spool-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/fallback.spool", folder);
    hop_error_clear(&err);
}

static void teardown(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static struct hop_deadline soon(void)
{
    return hop_clock_deadline(WAIT_MS);
}

static void append(const char *text)
{
    ck_assert_msg(hop_spool_append_by(path, hop_span_of(text), NOW, soon(), &err) == HOP_OK, "%s",
                  err.text);
}

static size_t waiting(void)
{
    size_t count = 77;
    ck_assert_msg(hop_spool_count(path, &count, &err) == HOP_OK, "%s", err.text);
    return count;
}

static void raw(const char *bytes)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes, strlen(bytes)), (ssize_t)strlen(bytes));
    close(fd);
}

/* How many names in the folder contain `part`; the last one is copied. */
static int names_with(const char *part, char found[256])
{
    char command[256];
    snprintf(command, sizeof command, "ls %s | grep -c -- '%s'; ls %s | grep -- '%s' | tail -1",
             folder, part, folder, part);
    FILE *names = popen(command, "r");
    int count = -1;
    if (fscanf(names, "%d %255s", &count, found) < 2)
        found[0] = '\0';
    pclose(names);
    return count;
}

/* Takes up to `most` records, all their texts one after the other. */
struct taker {
    size_t most, taken;
    enum hop_rc refusal;
    char texts[4096];
    const char *malformed; /* a text found HOP_MALFORMED */
};

static enum hop_rc take(void *context, struct hop_span text, struct hop_error *ret_err)
{
    struct taker *taker = context;
    if (taker->malformed && hop_span_is(text, taker->malformed))
        return hop_error_set(ret_err, HOP_MALFORMED, "not a batch");
    if (taker->taken == taker->most)
        return hop_error_set(ret_err, taker->refusal, "no more");
    taker->taken++;
    if (strlen(taker->texts) + text.len < sizeof taker->texts)
        strncat(taker->texts, text.at, text.len);
    return HOP_OK;
}

static enum hop_rc drain(struct taker *taker, size_t *ret_taken)
{
    return hop_spool_drain_by(path, NOW, take, taker, soon(), ret_taken, &err);
}

static void drains_all(struct taker *taker, size_t records)
{
    size_t taken = 0;
    taker->most = SIZE_MAX;
    ck_assert_msg(drain(taker, &taken) == HOP_OK, "%s", err.text);
    ck_assert_uint_eq(taken, records);
    ck_assert(!hop_spool_waiting(path));
    ck_assert_int_ne(access(path, F_OK), 0);
}

START_TEST(nothing_waits_without_a_file)
{
    struct taker taker = {0};
    ck_assert(!hop_spool_waiting(path));
    ck_assert_uint_eq(waiting(), 0);
    drains_all(&taker, 0);
}
END_TEST

START_TEST(gives_records_back_in_order)
{
    struct taker taker = {0};
    append("drop a b\ndrop c d\n");
    append("drop e f\n");
    ck_assert(hop_spool_waiting(path));
    ck_assert_uint_eq(waiting(), 2);
    drains_all(&taker, 2);
    ck_assert_str_eq(taker.texts, "drop a b\ndrop c d\ndrop e f\n");
}
END_TEST

START_TEST(is_for_its_owner_alone)
{
    struct stat facts;
    append("drop a b\n");
    ck_assert_int_eq(stat(path, &facts), 0);
    ck_assert_int_eq(facts.st_mode & 07777, 0600);
    ck_assert_int_eq(chmod(path, 0640), 0);
    ck_assert_int_eq(hop_spool_append_by(path, hop_span_of("x"), NOW, soon(), &err), HOP_UNTRUSTED);
    ck_assert_ptr_nonnull(strstr(err.text, path));
    size_t count;
    ck_assert_int_eq(hop_spool_count(path, &count, &err), HOP_UNTRUSTED);
}
END_TEST

START_TEST(follows_no_link)
{
    ck_assert_int_eq(symlink("/tmp/hop-elsewhere", path), 0);
    ck_assert_int_ne(hop_spool_append_by(path, hop_span_of("x"), NOW, soon(), &err), HOP_OK);
    ck_assert_int_ne(access("/tmp/hop-elsewhere", F_OK), 0);
}
END_TEST

START_TEST(a_missing_folder_is_told)
{
    snprintf(path, sizeof path, "%s/none/fallback.spool", folder);
    ck_assert_int_eq(hop_spool_append_by(path, hop_span_of("x"), NOW, soon(), &err), HOP_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(err.text, "No such file"));
}
END_TEST

START_TEST(refuses_text_that_would_not_come_back)
{
    ck_assert_int_eq(hop_spool_append_by(path, hop_span_of("a;b"), NOW, soon(), &err),
                     HOP_MALFORMED);
    ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

START_TEST(a_record_has_a_limit)
{
    char *text = malloc(HOP_SPOOL_RECORD_MAX);
    memset(text, 'a', HOP_SPOOL_RECORD_MAX);
    struct hop_span span = {text, HOP_SPOOL_RECORD_MAX};
    ck_assert_int_eq(hop_spool_append_by(path, span, NOW, soon(), &err), HOP_LIMIT);
    span.len = HOP_SPOOL_RECORD_MAX - 64;
    ck_assert_int_eq(hop_spool_append_by(path, span, NOW, soon(), &err), HOP_OK);
    free(text);
    struct taker taker = {0};
    drains_all(&taker, 1);
}
END_TEST

START_TEST(the_spool_has_a_limit)
{
    append("drop a b\n");
    ck_assert_int_eq(truncate(path, HOP_SPOOL_BYTES_MAX), 0);
    ck_assert_int_eq(hop_spool_append_by(path, hop_span_of("x"), NOW, soon(), &err), HOP_LIMIT);
    ck_assert_ptr_nonnull(strstr(err.text, "full"));
    struct stat facts;
    ck_assert_int_eq(stat(path, &facts), 0);
    ck_assert_int_eq(facts.st_size, HOP_SPOOL_BYTES_MAX);
}
END_TEST

static int append_within_100_bytes(void)
{
    const struct rlimit small = {.rlim_cur = 100, .rlim_max = RLIM_INFINITY};
    if (setrlimit(RLIMIT_FSIZE, &small) != 0)
        return 10;
    for (int i = 0; i < 2; i++)
        if (hop_spool_append_by(path, hop_span_of("drop a b\n"), NOW, hop_clock_deadline(WAIT_MS),
                                NULL) != HOP_OK)
            return 11;
    return hop_spool_append_by(path, hop_span_of("drop a b\n"), NOW, hop_clock_deadline(WAIT_MS),
                               NULL) == HOP_LIMIT
               ? 0
               : 12;
}

/* Runs in a process of its own and returns what it returned. */
static int apart(int (*run)(void))
{
    pid_t child = fork();
    if (child == 0)
        _exit(run());
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* By SIGXFSZ the kernel would kill the process that writes. */
START_TEST(a_process_with_a_file_size_limit_lives_on)
{
    ck_assert_int_eq(apart(append_within_100_bytes), 0);
    ck_assert_uint_eq(waiting(), 2);
}
END_TEST

START_TEST(what_was_refused_stays_and_comes_first)
{
    struct taker first = {.most = 2, .refusal = HOP_TIMEOUT}, second = {0};
    size_t taken;
    append("1\n");
    append("2\n");
    append("3\n");
    ck_assert_int_eq(drain(&first, &taken), HOP_TIMEOUT);
    ck_assert_uint_eq(taken, 2);
    ck_assert_str_eq(err.text, "no more");
    ck_assert_uint_eq(waiting(), 1);
    append("4\n");
    drains_all(&second, 2);
    ck_assert_str_eq(second.texts, "3\n4\n");
}
END_TEST

START_TEST(a_passed_deadline_takes_nothing)
{
    struct taker taker = {.most = SIZE_MAX};
    struct hop_deadline passed = {0};
    size_t taken;
    append("1\n");
    ck_assert_int_eq(hop_spool_drain_by(path, NOW, take, &taker, passed, &taken, &err), HOP_OK);
    ck_assert_uint_eq(taken, 0);
    ck_assert_uint_eq(waiting(), 1);
}
END_TEST

/* An append after the deadline is what happens when the store has used up all the time. */
START_TEST(appends_though_the_deadline_has_passed)
{
    struct hop_deadline passed = {0};
    ck_assert_int_eq(hop_spool_append_by(path, hop_span_of("x"), NOW, passed, &err), HOP_OK);
}
END_TEST

START_TEST(a_lost_note_gives_all_again)
{
    struct taker first = {.most = 1, .refusal = HOP_IO}, second = {0};
    size_t taken;
    char note[128];
    append("1\n");
    append("2\n");
    ck_assert_int_eq(drain(&first, &taken), HOP_IO);
    snprintf(note, sizeof note, "%s.at", path);
    ck_assert_int_eq(unlink(note), 0);
    drains_all(&second, 2);
    ck_assert_int_ne(access(note, F_OK), 0);
}
END_TEST

START_TEST(a_note_of_another_file_is_not_believed)
{
    struct taker taker = {0};
    char note[128];
    append("1\n");
    append("2\n");
    snprintf(note, sizeof note, "%s.at", path);
    FILE *file = fopen(note, "w");
    fprintf(file, "1 20 0\n");
    fclose(file);
    ck_assert_int_eq(chmod(note, 0600), 0);
    drains_all(&taker, 2);
}
END_TEST

static void expect_kept_aside(const char *good_texts, size_t good)
{
    struct taker taker = {.most = SIZE_MAX};
    size_t taken;
    char name[256];
    ck_assert_int_eq(drain(&taker, &taken), HOP_MALFORMED);
    ck_assert_uint_eq(taken, good);
    ck_assert_str_eq(taker.texts, good_texts);
    ck_assert_int_eq(names_with("corrupt", name), 1);
    ck_assert_str_eq(name, "fallback.spool.corrupt-1795512600123");
    ck_assert_ptr_nonnull(strstr(err.text, name));
    ck_assert(!hop_spool_waiting(path));
    append("later\n");
    struct taker later = {0};
    drains_all(&later, 1);
}

START_TEST(damaged_bytes_cost_their_record_alone)
{
    append("1\n");
    append("2\n");
    append("3\n");
    int fd = open(path, O_RDWR);
    char line[64] = "";
    ssize_t got = pread(fd, line, sizeof line - 1, 0);
    size_t second = 1 + strcspn(line + 1, "\n") + 2; /* each stands between two newlines */
    ck_assert_int_gt(got, (ssize_t)second + 20);
    ck_assert_int_eq(pwrite(fd, "\x80", 1, (off_t)second + 20), 1);
    close(fd);
    expect_kept_aside("1\n3\n", 2);
}
END_TEST

START_TEST(garbage_costs_no_record)
{
    append("1\n");
    raw("garbage without an end");
    append("2\n");
    raw("\n\n\x01\x02\n");
    append("3\n");
    expect_kept_aside("1\n2\n3\n", 3);
}
END_TEST

START_TEST(a_huge_line_costs_no_record)
{
    append("1\n");
    append("2\n");
    char *garbage = malloc(3 * HOP_SPOOL_RECORD_MAX);
    memset(garbage, 'g', 3 * HOP_SPOOL_RECORD_MAX);
    garbage[3 * HOP_SPOOL_RECORD_MAX - 1] = '\0';
    raw(garbage);
    free(garbage);
    append("3\n");
    expect_kept_aside("1\n2\n3\n", 3);
}
END_TEST

START_TEST(a_killed_writer_costs_its_own_record_alone)
{
    append("1\n");
    raw("0123456789abcdef 17955");
    append("2\n");
    expect_kept_aside("1\n2\n", 2);
}
END_TEST

START_TEST(a_cut_off_last_line_is_found_at_the_end)
{
    append("1\n");
    raw("0123456789abcdef 17955");
    ck_assert_uint_eq(waiting(), 2);
    expect_kept_aside("1\n", 1);
}
END_TEST

START_TEST(what_the_taker_cannot_read_is_kept_aside)
{
    struct taker taker = {.most = SIZE_MAX, .malformed = "2\n"};
    size_t taken;
    char name[256];
    append("1\n");
    append("2\n");
    append("3\n");
    ck_assert_int_eq(drain(&taker, &taken), HOP_MALFORMED);
    ck_assert_str_eq(taker.texts, "1\n3\n");
    ck_assert_int_eq(names_with("corrupt", name), 1);
}
END_TEST

START_TEST(damage_is_remembered_between_drains)
{
    struct taker first = {.most = 1, .refusal = HOP_IO}, second = {.most = SIZE_MAX};
    size_t taken;
    raw("garbage\n");
    append("1\n");
    append("2\n");
    ck_assert_int_eq(drain(&first, &taken), HOP_IO);
    ck_assert_int_eq(drain(&second, &taken), HOP_MALFORMED);
    ck_assert_str_eq(second.texts, "2\n");
}
END_TEST

START_TEST(one_drain_at_a_time)
{
    struct taker taker = {.most = SIZE_MAX};
    size_t taken;
    append("1\n");
    int fd = open(path, O_RDWR);
    ck_assert(hop_spool_lock_by(fd, HOP_SPOOL_LOCK_DRAIN, true, soon()));
    ck_assert_int_eq(drain(&taker, &taken), HOP_OK);
    ck_assert_uint_eq(taken, 0);
    append("2\n");
    close(fd);
    drains_all(&taker, 2);
}
END_TEST

START_TEST(a_held_lock_is_told_in_time)
{
    append("1\n");
    int fd = open(path, O_RDWR);
    ck_assert(hop_spool_lock_by(fd, HOP_SPOOL_LOCK_APPEND, true, soon()));
    struct hop_deadline passed = {0};
    ck_assert_int_eq(hop_spool_append_by(path, hop_span_of("x"), NOW, passed, &err), HOP_TIMEOUT);
    close(fd);
    ck_assert_uint_eq(waiting(), 1);
}
END_TEST

/* Their lock is shared: while one holds it, another whose deadline has passed goes on at once. */
START_TEST(writers_do_not_wait_for_each_other)
{
    append("1\n");
    int fd = open(path, O_RDWR);
    ck_assert(hop_spool_lock_by(fd, HOP_SPOOL_LOCK_APPEND, false, soon()));
    struct hop_deadline passed = {0};
    ck_assert_int_eq(hop_spool_append_by(path, hop_span_of("2\n"), NOW, passed, &err), HOP_OK);
    struct taker taker = {.most = SIZE_MAX};
    size_t taken;
    ck_assert_int_eq(
        hop_spool_drain_by(path, NOW, take, &taker, hop_clock_deadline(100), &taken, &err), HOP_OK);
    ck_assert_uint_eq(taken, 2);
    ck_assert_int_eq(access(path, F_OK), 0); /* not removed under a writer */
    close(fd);
    struct taker rest = {0};
    drains_all(&rest, 0);
}
END_TEST

#define WRITERS 4
#define EACH 200

static void write_many(int writer)
{
    for (int i = 0; i < EACH; i++) {
        char text[64];
        snprintf(text, sizeof text, "drop %d %d\n", writer, i);
        if (hop_spool_append_by(path, hop_span_of(text), NOW, hop_clock_deadline(WAIT_MS), NULL) !=
            HOP_OK)
            _exit(1);
    }
    _exit(0);
}

struct tally {
    bool seen[WRITERS][EACH];
    int last[WRITERS];
};

static enum hop_rc count(void *context, struct hop_span text, struct hop_error *ret_err)
{
    struct tally *tally = context;
    int writer, number;
    (void)ret_err;
    ck_assert_int_eq(sscanf(text.at, "drop %d %d\n", &writer, &number), 2);
    ck_assert(!tally->seen[writer][number]);
    ck_assert_int_eq(number, tally->last[writer] + 1);
    tally->last[writer] = number;
    tally->seen[writer][number] = true;
    return HOP_OK;
}

START_TEST(writers_and_a_drain_at_once_lose_nothing)
{
    pid_t writers[WRITERS];
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = fork();
        if (writers[i] == 0)
            write_many(i);
    }
    struct tally tally = {.last = {-1, -1, -1, -1}};
    size_t total = 0, taken;
    int left = WRITERS;
    while (left > 0 || hop_spool_waiting(path)) {
        ck_assert_int_eq(hop_spool_drain_by(path, NOW, count, &tally, soon(), &taken, &err),
                         HOP_OK);
        total += taken;
        int status;
        pid_t ended = left > 0 ? waitpid(-1, &status, WNOHANG) : 0;
        if (ended > 0) {
            ck_assert_int_eq(status, 0);
            left--;
        }
    }
    ck_assert_uint_eq(total, WRITERS * EACH);
}
END_TEST

/* In a mount namespace of its own: a disk of 64 KiB that is all but full. */
static int full_disk(void)
{
    char filler[128];
    snprintf(filler, sizeof filler, "%s/filler", folder);
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", folder, "tmpfs", 0, "size=64k") != 0)
        return 10;
    struct hop_span small = hop_span_of("drop a b\n");
    if (hop_spool_append_by(path, small, NOW, hop_clock_deadline(WAIT_MS), NULL) != HOP_OK)
        return 11;
    int fd = open(filler, O_WRONLY | O_CREAT, 0600);
    static char page[4096];
    while (write(fd, page, sizeof page) > 0)
        continue;
    close(fd);
    static char large[8192];
    memset(large, 'a', sizeof large);
    struct hop_error told;
    enum hop_rc rc = hop_spool_append_by(path, (struct hop_span){large, sizeof large}, NOW,
                                         hop_clock_deadline(WAIT_MS), &told);
    if (rc != HOP_IO || !strstr(told.text, "No space left") || !strstr(told.text, path))
        return 12;
    size_t records;
    if (hop_spool_count(path, &records, NULL) != HOP_OK || records != 1)
        return 13;
    struct taker taker = {.most = SIZE_MAX};
    if (hop_spool_drain_by(path, NOW, take, &taker, hop_clock_deadline(WAIT_MS), &records, NULL) !=
            HOP_OK ||
        records != 1)
        return 14;
    return access(path, F_OK) != 0 ? 0 : 15;
}

START_TEST(a_full_disk_is_told_and_drains_all_the_same)
{
    ck_assert_msg(geteuid() == 0, "this test needs root");
    ck_assert_int_eq(apart(full_disk), 0);
}
END_TEST

START_TEST(a_writer_that_is_killed_leaves_whole_records)
{
    pid_t child = fork();
    if (child == 0)
        for (;;)
            hop_spool_append_by(path, hop_span_of("drop a b\n"), NOW, hop_clock_deadline(WAIT_MS),
                                NULL);
    while (!hop_spool_waiting(path))
        sched_yield();
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    size_t left = waiting(), taken;
    struct taker taker = {.most = SIZE_MAX};
    ck_assert_int_eq(drain(&taker, &taken), HOP_OK);
    ck_assert_uint_eq(taken, left);
}
END_TEST

HOP_SUITE_AROUND("history/spool", setup, teardown, nothing_waits_without_a_file,
                 gives_records_back_in_order, is_for_its_owner_alone, follows_no_link,
                 a_missing_folder_is_told, refuses_text_that_would_not_come_back,
                 a_record_has_a_limit, the_spool_has_a_limit,
                 a_process_with_a_file_size_limit_lives_on, what_was_refused_stays_and_comes_first,
                 a_passed_deadline_takes_nothing, appends_though_the_deadline_has_passed,
                 a_lost_note_gives_all_again, a_note_of_another_file_is_not_believed,
                 damaged_bytes_cost_their_record_alone, garbage_costs_no_record,
                 a_huge_line_costs_no_record, a_killed_writer_costs_its_own_record_alone,
                 a_cut_off_last_line_is_found_at_the_end, what_the_taker_cannot_read_is_kept_aside,
                 damage_is_remembered_between_drains, one_drain_at_a_time,
                 a_held_lock_is_told_in_time, writers_do_not_wait_for_each_other,
                 writers_and_a_drain_at_once_lose_nothing,
                 a_full_disk_is_told_and_drains_all_the_same,
                 a_writer_that_is_killed_leaves_whole_records)
