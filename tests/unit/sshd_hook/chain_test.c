/* SPDX-License-Identifier: Apache-2.0 */
/* Providers are run, read within bounds, and gone afterwards. */
#include "chain.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../suite.h"
#include "clock.h"

#define LONG_MS 60000 /* never reached where all is well */
#define SHORT_MS 200

static char folder[64];
static struct hop_error err;
static char *bytes;
static size_t len;

static void setup(void)
{
    ck_assert_msg(geteuid() == 0, "these tests need root");
    snprintf(folder, sizeof folder, "/tmp/hop-chain-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    bytes = NULL;
    len = 0;
}

static void teardown(void)
{
    char command[128];
    free(bytes);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* no child is left, not even a dead one */
    ck_assert_int_eq(errno, ECHILD);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static enum hop_rc run_words(const char *const *words, int64_t budget_ms)
{
    char text[8][512], *command[9] = {NULL};
    for (int i = 0; words[i]; i++) {
        snprintf(text[i], sizeof text[i], "%s", words[i]);
        command[i] = text[i];
    }
    free(bytes);
    bytes = NULL;
    return hop_chain_run_by(command, hop_clock_deadline(budget_ms), &bytes, &len, &err);
}

/* $F is the folder. */
static enum hop_rc run_script(const char *script, int64_t budget_ms)
{
    char text[512];
    snprintf(text, sizeof text, "F=%s; %s", folder, script);
    return run_words((const char *const[]){"/bin/sh", "-c", text, NULL}, budget_ms);
}

/* The process that wrote its id into the folder is no more; one that is dying has to be waited for,
 * since process 1 buries it. */
static void expect_gone(void)
{
    char path[128];
    long pid = 0;
    snprintf(path, sizeof path, "%s/pid", folder);
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fscanf(file, "%ld", &pid), 1);
    fclose(file);
    snprintf(path, sizeof path, "/proc/%ld/cmdline", pid);
    for (int tries = 0;; tries++) {
        char text[8];
        file = fopen(path, "r");
        size_t got = file ? fread(text, 1, sizeof text, file) : 0;
        if (file)
            fclose(file);
        if (!got) /* gone, or only its entry is left */
            return;
        ck_assert_int_lt(tries, 20000);
        usleep(500);
    }
}

START_TEST(what_it_printed_is_taken)
{
    ck_assert_msg(run_script("echo one; echo two", LONG_MS) == HOP_OK, "%s", err.text);
    ck_assert_str_eq(bytes, "one\ntwo\n");
    ck_assert_uint_eq(len, 8);
}
END_TEST

START_TEST(no_shell_reads_its_words)
{
    static const char *const words[] = {"/bin/echo", "$HOME", "a  b;", "*", "'", NULL};
    ck_assert_int_eq(run_words(words, LONG_MS), HOP_OK);
    ck_assert_str_eq(bytes, "$HOME a  b; * '\n");
}
END_TEST

START_TEST(its_input_is_empty)
{
    ck_assert_int_eq(run_script("cat", LONG_MS), HOP_OK);
    ck_assert_uint_eq(len, 0);
}
END_TEST

START_TEST(bytes_are_taken_as_they_are)
{
    ck_assert_int_eq(run_script("printf 'a\\000b\\377'", LONG_MS), HOP_OK);
    ck_assert_uint_eq(len, 4);
    ck_assert(memcmp(bytes, "a\0b\377", 5) == 0);
}
END_TEST

START_TEST(one_that_fails_is_not_believed)
{
    ck_assert_int_eq(run_script("echo key; exit 3", LONG_MS), HOP_IO);
    ck_assert_str_eq(err.text, "chain /bin/sh: exit status 3");
    ck_assert_int_eq(run_script("echo key; kill -9 $$", LONG_MS), HOP_IO);
    ck_assert_str_eq(err.text, "chain /bin/sh: ended by signal 9");
    ck_assert_ptr_null(bytes);
}
END_TEST

START_TEST(at_the_deadline_it_ends)
{
    ck_assert_int_eq(run_script("echo $$ >$F/pid; echo key; exec sleep 1000", SHORT_MS),
                     HOP_TIMEOUT);
    ck_assert_str_eq(err.text, "chain /bin/sh: no answer within the deadline");
    expect_gone();
}
END_TEST

START_TEST(closing_its_output_is_no_end)
{
    ck_assert_int_eq(run_script("echo $$ >$F/pid; echo key; exec sleep 1000 >&-", SHORT_MS),
                     HOP_TIMEOUT);
    expect_gone();
}
END_TEST

START_TEST(ignoring_signals_does_not_help_it)
{
    ck_assert_int_eq(run_script("trap '' TERM HUP INT PIPE; echo $$ >$F/pid; while :; do sleep "
                                "0.01; done",
                                SHORT_MS),
                     HOP_TIMEOUT);
    expect_gone();
}
END_TEST

START_TEST(what_it_leaves_behind_is_not_waited_for)
{
    ck_assert_msg(run_script("sleep 1000 & echo $! >$F/pid; echo key", LONG_MS) == HOP_OK, "%s",
                  err.text);
    ck_assert_str_eq(bytes, "key\n");
    expect_gone();
}
END_TEST

START_TEST(beyond_the_limit_it_ends)
{
    ck_assert_int_eq(run_script("echo $$ >$F/pid; exec yes", LONG_MS), HOP_LIMIT);
    expect_gone();
    char script[128];
    snprintf(script, sizeof script, "head -c %u /dev/zero", HOP_CHAIN_MAX);
    ck_assert_int_eq(run_script(script, LONG_MS), HOP_OK);
    ck_assert_uint_eq(len, HOP_CHAIN_MAX);
}
END_TEST

static int descriptors(void)
{
    int count = 0;
    DIR *entries = opendir("/proc/self/fd");
    ck_assert_ptr_nonnull(entries);
    while (readdir(entries))
        count++;
    closedir(entries);
    return count;
}

/* Those that whatever runs these tests hands on, and standard input, output and error. */
static long inherited(void)
{
    long count = 3;
    for (int fd = 3; fd < 1024; fd++) {
        int flags = fcntl(fd, F_GETFD);
        count += flags >= 0 && !(flags & FD_CLOEXEC);
    }
    return count;
}

START_TEST(descriptors_stay_what_they_are)
{
    int before = descriptors();
    ck_assert_int_eq(run_script("exit 1", LONG_MS), HOP_IO);
    ck_assert_int_eq(run_script("exec sleep 1000", SHORT_MS), HOP_TIMEOUT);
    ck_assert_int_eq(descriptors(), before);
    ck_assert_int_eq(run_script("n=0; for f in /proc/$$/fd/*; do [ -e $f ] && n=$((n+1)); done; "
                                "echo $n",
                                LONG_MS),
                     HOP_OK);
    ck_assert_int_eq(strtol(bytes, NULL, 10), inherited());
}
END_TEST

static enum hop_rc run_file(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return run_words((const char *const[]){path, NULL}, LONG_MS);
}

/* The folder lies in /tmp, where anybody may write. */
START_TEST(only_roots_own_programs_are_run)
{
    char path[256];
    snprintf(path, sizeof path, "%s/provider", folder);
    FILE *file = fopen(path, "w");
    fputs("#!/bin/sh\necho key\n", file);
    fclose(file);
    ck_assert_int_eq(chmod(path, 0755), 0);
    ck_assert_int_eq(run_file("provider"), HOP_UNTRUSTED);
    ck_assert_str_eq(err.text, "chain /tmp: not root's, or writable by others");
    ck_assert_int_eq(chmod(path, 0775), 0);
    ck_assert_int_eq(run_file("provider"), HOP_UNTRUSTED);
    ck_assert_int_eq(chmod(path, 0755), 0);
    ck_assert_int_eq(chown(path, 65534, 0), 0);
    ck_assert_int_eq(run_file("provider"), HOP_UNTRUSTED);
    ck_assert_int_eq(run_file("none"), HOP_NOT_FOUND);
}
END_TEST

START_TEST(a_name_is_a_whole_path)
{
    ck_assert_int_eq(run_words((const char *const[]){"echo", NULL}, LONG_MS), HOP_UNTRUSTED);
    ck_assert_int_eq(run_words((const char *const[]){"", NULL}, LONG_MS), HOP_UNTRUSTED);
    ck_assert_int_eq(run_words((const char *const[]){"/etc/hostname", NULL}, LONG_MS), HOP_IO);
    ck_assert_int_eq(run_words((const char *const[]){"/usr", NULL}, LONG_MS), HOP_IO);
}
END_TEST

HOP_SUITE_AROUND("chain", setup, teardown, what_it_printed_is_taken, no_shell_reads_its_words,
                 its_input_is_empty, bytes_are_taken_as_they_are, one_that_fails_is_not_believed,
                 at_the_deadline_it_ends, closing_its_output_is_no_end,
                 ignoring_signals_does_not_help_it, what_it_leaves_behind_is_not_waited_for,
                 beyond_the_limit_it_ends, descriptors_stay_what_they_are,
                 only_roots_own_programs_are_run, a_name_is_a_whole_path)
