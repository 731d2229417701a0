/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../suite.h"
#include "clock.h"
#include "code_set.h"

#define COUNT 5
#define RIVALS 6
#define KILLED 20

static char folder[64], kept[96], used[96], file[128];
static struct hop_codes_places places = {kept, used};
static char codes[COUNT][HOP_CODE_SIZE];
static struct hop_error err;

static void setup(void)
{
    snprintf(folder, sizeof folder, "/tmp/hop-codes-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(kept, sizeof kept, "%s/kept", folder);
    snprintf(used, sizeof used, "%s/used", folder);
    snprintf(file, sizeof file, "%s/rescue", kept);
    ck_assert_int_eq(hop_codes_make(&places, "rescue", COUNT, codes, &err), HOP_OK);
}

static void teardown(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static enum hop_rc use(const char *typed, struct hop_code_use *ret_use)
{
    return hop_codes_use_by(&places, "rescue", hop_span_of(typed), hop_clock_deadline(10000),
                            ret_use, &err);
}

static size_t left(void)
{
    struct hop_codes set;
    ck_assert_int_eq(hop_codes_load(&places, "rescue", &set, &err), HOP_OK);
    return hop_codes_left(&set);
}

START_TEST(each_code_works_once)
{
    for (size_t i = 0; i < COUNT; i++) {
        struct hop_code_use one = {0};
        ck_assert_msg(use(codes[i], &one) == HOP_OK, "%s", err.text);
        ck_assert_uint_eq(one.left, COUNT - 1 - i);
        ck_assert(!one.not_kept);
        ck_assert_int_eq(use(codes[i], &one), HOP_DENIED);
        ck_assert_msg(strstr(err.text, "used before") != NULL, "%s", err.text);
        ck_assert_uint_eq(left(), COUNT - 1 - i);
    }
}
END_TEST

START_TEST(what_was_not_given_out_is_denied_and_uses_nothing)
{
    struct hop_code_use one = {.left = 99};
    ck_assert_int_eq(use("0000-0000-0000-0000", &one), HOP_DENIED);
    ck_assert_int_eq(use("", &one), HOP_DENIED);
    ck_assert_int_eq(use("hunter2", &one), HOP_DENIED);
    ck_assert_uint_eq(one.left, 99);
    ck_assert_uint_eq(left(), COUNT);
}
END_TEST

START_TEST(no_code_can_be_read_from_the_file)
{
    char bytes[HOP_CODES_FILE_MOST + 1] = "";
    struct stat st;
    int fd = open(file, O_RDONLY);
    ck_assert_int_eq(fstat(fd, &st), 0);
    ck_assert_int_eq(st.st_mode & 07777, 0600);
    ck_assert_int_gt(read(fd, bytes, sizeof bytes - 1), 0);
    close(fd);
    for (size_t i = 0; i < COUNT; i++) {
        ck_assert_ptr_null(strstr(bytes, codes[i]));
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(codes[i], codes[j]);
    }
}
END_TEST

START_TEST(a_new_set_takes_the_place_of_the_old)
{
    char before[HOP_CODE_SIZE];
    struct hop_code_use one;
    memcpy(before, codes[0], sizeof before);
    ck_assert_int_eq(use(codes[1], &one), HOP_OK);
    ck_assert_int_eq(hop_codes_make(&places, "rescue", COUNT, codes, &err), HOP_OK);
    ck_assert_uint_eq(left(), COUNT);
    ck_assert_int_eq(use(before, &one), HOP_DENIED);
    ck_assert_int_eq(use(codes[0], &one), HOP_OK);
}
END_TEST

START_TEST(a_set_has_one_to_sixty_four)
{
    char many[HOP_CODES_MOST + 1][HOP_CODE_SIZE];
    ck_assert_int_eq(hop_codes_make(&places, "rescue", 0, many, &err), HOP_LIMIT);
    ck_assert_int_eq(hop_codes_make(&places, "rescue", HOP_CODES_MOST + 1, many, &err), HOP_LIMIT);
    ck_assert_int_eq(hop_codes_make(&places, "rescue", HOP_CODES_MOST, many, &err), HOP_OK);
    struct hop_code_use one;
    ck_assert_int_eq(use(many[HOP_CODES_MOST - 1], &one), HOP_OK);
}
END_TEST

START_TEST(an_account_s_name_is_no_path)
{
    struct hop_code_use one;
    ck_assert_int_eq(hop_codes_use_by(&places, "../kept/rescue", hop_span_of(codes[0]),
                                      hop_clock_deadline(1000), &one, &err),
                     HOP_NOT_FOUND);
    ck_assert_int_eq(hop_codes_use_by(&places, "..", hop_span_of(codes[0]),
                                      hop_clock_deadline(1000), &one, &err),
                     HOP_UNTRUSTED);
}
END_TEST

START_TEST(a_file_that_others_could_have_made_is_not_believed)
{
    struct hop_code_use one;
    char other[160];
    ck_assert_int_eq(chmod(file, 0640), 0);
    ck_assert_int_eq(use(codes[0], &one), HOP_UNTRUSTED);
    ck_assert_int_eq(chmod(file, 0600), 0);
    ck_assert_int_eq(chown(file, 65534, 65534), 0);
    ck_assert_int_eq(use(codes[0], &one), HOP_UNTRUSTED);
    ck_assert_int_eq(chown(file, 0, 0), 0);
    snprintf(other, sizeof other, "%s/other", folder);
    ck_assert_int_eq(rename(file, other), 0);
    ck_assert_int_eq(use(codes[0], &one), HOP_NOT_FOUND);
    ck_assert_int_eq(symlink(other, file), 0);
    ck_assert_int_ne(use(codes[0], &one), HOP_OK);
    ck_assert_int_eq(unlink(file), 0);
    ck_assert_int_eq(mkfifo(file, 0600), 0);
    ck_assert_int_eq(use(codes[0], &one), HOP_UNTRUSTED);
}
END_TEST

/* -- at the same time, and cut off --------------------------------------------------------- */

START_TEST(of_many_at_once_one_gets_in)
{
    pid_t rivals[RIVALS];
    int in = 0, status;
    for (int i = 0; i < RIVALS; i++) {
        rivals[i] = fork();
        if (rivals[i] == 0) {
            struct hop_code_use one;
            _exit(use(codes[2], &one) == HOP_OK ? 0 : 1);
        }
    }
    for (int i = 0; i < RIVALS; i++) {
        ck_assert_int_eq(waitpid(rivals[i], &status, 0), rivals[i]);
        in += WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    ck_assert_int_eq(in, 1);
    ck_assert_uint_eq(left(), COUNT - 1);
}
END_TEST

/* Kills one that uses a code after `delay_us`; tells whether it had said yes. */
static bool said_yes_when_killed(const char *code, useconds_t delay_us)
{
    int ends[2], status;
    char word = 0;
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        struct hop_code_use one;
        bool yes = use(code, &one) == HOP_OK && write(ends[1], "y", 1) == 1;
        _exit(!yes);
    }
    close(ends[1]);
    usleep(delay_us);
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    bool yes = read(ends[0], &word, 1) == 1;
    close(ends[0]);
    return yes;
}

START_TEST(who_is_killed_leaves_a_code_used_or_not_but_never_twice)
{
    char many[KILLED][HOP_CODE_SIZE];
    ck_assert_int_eq(hop_codes_make(&places, "rescue", KILLED, many, &err), HOP_OK);
    for (unsigned i = 0; i < KILLED; i++) {
        struct hop_code_use one;
        bool first = said_yes_when_killed(many[i], i * 1000);
        bool second = use(many[i], &one) == HOP_OK;
        ck_assert(!(first && second));
        ck_assert_uint_eq(left(), KILLED - 1 - i); /* the set is whole, whatever happened */
        ck_assert_int_eq(use(many[i], &one), HOP_DENIED);
    }
}
END_TEST

START_TEST(a_set_that_somebody_holds_is_not_waited_for_longer_than_said)
{
    struct hop_code_use one;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(flock(fd, LOCK_EX), 0);
    ck_assert_int_eq(hop_codes_use_by(&places, "rescue", hop_span_of(codes[0]),
                                      hop_clock_deadline(20), &one, &err),
                     HOP_TIMEOUT);
    close(fd);
    ck_assert_int_eq(use(codes[0], &one), HOP_OK);
}
END_TEST

/* -- a disk that takes no writes ----------------------------------------------------------- */

/* In a mount namespace of this test's own process. */
static void mount_kept(bool writable)
{
    unsigned long flags = MS_BIND | MS_REMOUNT | (writable ? 0 : MS_RDONLY);
    ck_assert_int_eq(mount("none", kept, NULL, flags, NULL), 0);
}

static void remove_marks(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", used);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(what_cannot_be_written_is_marked_until_the_next_boot)
{
    struct hop_code_use one = {0};
    ck_assert_msg(unshare(CLONE_NEWNS) == 0, "these tests need root");
    ck_assert_int_eq(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
    ck_assert_int_eq(mount(kept, kept, NULL, MS_BIND, NULL), 0);
    mount_kept(false);
    ck_assert_msg(use(codes[0], &one) == HOP_OK, "%s", err.text);
    ck_assert(one.not_kept);
    ck_assert_uint_eq(one.left, COUNT - 1);
    ck_assert_int_eq(use(codes[0], &one), HOP_DENIED);
    ck_assert_uint_eq(left(), COUNT - 1);
    mount_kept(true);
    ck_assert_int_eq(use(codes[1], &one), HOP_OK); /* which keeps the other, too */
    ck_assert(!one.not_kept);
    remove_marks();
    ck_assert_int_eq(use(codes[0], &one), HOP_DENIED);
    ck_assert_uint_eq(left(), COUNT - 2);
    mount_kept(false);
    ck_assert_int_eq(symlink("/nonexistent", used), 0); /* no place for a mark either */
    ck_assert_int_ne(use(codes[2], &one), HOP_OK);
    ck_assert_int_eq(umount(kept), 0);
}
END_TEST

HOP_SUITE_AROUND("code file", setup, teardown, each_code_works_once,
                 what_was_not_given_out_is_denied_and_uses_nothing,
                 no_code_can_be_read_from_the_file, a_new_set_takes_the_place_of_the_old,
                 a_set_has_one_to_sixty_four, an_account_s_name_is_no_path,
                 a_file_that_others_could_have_made_is_not_believed, of_many_at_once_one_gets_in,
                 who_is_killed_leaves_a_code_used_or_not_but_never_twice,
                 a_set_that_somebody_holds_is_not_waited_for_longer_than_said,
                 what_cannot_be_written_is_marked_until_the_next_boot)
