/* SPDX-License-Identifier: Apache-2.0 */
/* The session that a process runs in: the nearest open record above it, if audit does not object.
 */
#include "session.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <check.h>

#include "process.h"

static char root[64], folder[96];
static struct hop_error err;

static void set_up(void)
{
    snprintf(root, sizeof root, "/tmp/hop-session-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    snprintf(folder, sizeof folder, "%s/connections", root);
}

static void tear_down(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", root);
    ck_assert_int_eq(system(command), 0);
}

static void record_of(long pid, const char *account, bool opened)
{
    struct hop_connection record;
    struct hop_process_audit audit;
    ck_assert_int_eq(hop_connection_begin(pid, &record, &err), HOP_OK);
    hop_process_audit_read(pid, &audit);
    hop_string_copy(record.login.account, sizeof record.login.account, account);
    record.opened = opened;
    record.uid = audit.login_uid == HOP_PROCESS_UNSET ? 4711 : audit.login_uid;
    ck_assert_int_eq(hop_connection_write(folder, &record, &err), HOP_OK);
}

/* Answers of a child process, as its exit status. */
enum { FOUND, DOUBTED, NOT_FOUND, ANOTHER };

static int answer(const char *wanted)
{
    struct hop_connection session;
    bool doubt = false;
    if (hop_session_find(folder, &session, &doubt, &err) != HOP_OK)
        return NOT_FOUND;
    if (strcmp(session.login.account, wanted) != 0)
        return ANOTHER;
    return doubt ? DOUBTED : FOUND;
}

static int status_of(pid_t child)
{
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int in_child(const char *wanted)
{
    pid_t child = fork();
    if (child == 0)
        _exit(answer(wanted));
    return status_of(child);
}

static int in_grandchild(const char *wanted)
{
    pid_t child = fork();
    if (child == 0)
        _exit(in_child(wanted));
    return status_of(child);
}

START_TEST(a_record_above_is_the_session)
{
    record_of(getpid(), "anna", true);
    ck_assert_int_eq(in_child("anna"), FOUND);
    ck_assert_int_eq(in_grandchild("anna"), FOUND);
}
END_TEST

START_TEST(a_process_s_own_record_is_another_login_s)
{
    record_of(getpid(), "anna", true);
    ck_assert_int_eq(answer("anna"), NOT_FOUND);
}
END_TEST

START_TEST(without_a_record_or_an_open_session_there_is_none)
{
    ck_assert_int_eq(in_child("anna"), NOT_FOUND);
    record_of(getpid(), "anna", false);
    ck_assert_int_eq(in_child("anna"), NOT_FOUND);
}
END_TEST

START_TEST(the_nearest_counts)
{
    record_of(getpid(), "anna", true);
    pid_t child = fork();
    if (child == 0) {
        record_of(getpid(), "ben", true);
        _exit(in_child("ben"));
    }
    ck_assert_int_eq(status_of(child), FOUND);
}
END_TEST

START_TEST(a_record_that_is_not_of_that_process_or_not_root_s_is_none)
{
    char path[160];
    struct hop_connection record;
    snprintf(path, sizeof path, "%s/%ld", folder, (long)getpid());
    record_of(getpid(), "anna", true);
    ck_assert_int_eq(chown(path, 65534, 65534), 0);
    ck_assert_int_eq(in_child("anna"), NOT_FOUND);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(hop_connection_begin(getpid(), &record, &err), HOP_OK);
    record.opened = true;
    record.monitor_start--;
    ck_assert_int_eq(hop_connection_write(folder, &record, &err), HOP_OK);
    ck_assert_int_eq(in_child(""), NOT_FOUND);
}
END_TEST

static bool audit_names(uint32_t uid)
{
    char text[16];
    int fd = open("/proc/self/loginuid", O_WRONLY | O_CLOEXEC);
    int len = snprintf(text, sizeof text, "%u", uid);
    bool done = fd >= 0 && write(fd, text, (size_t)len) == len;
    if (fd >= 0)
        close(fd);
    return done;
}

START_TEST(audit_that_names_another_puts_it_in_doubt)
{
    record_of(getpid(), "anna", true);
    pid_t child = fork();
    if (child == 0)
        _exit(audit_names(65000) ? answer("anna")
                                 : DOUBTED /* a kernel that keeps no such facts */);
    ck_assert_int_eq(status_of(child), DOUBTED);
}
END_TEST

/* Leaves the tree as a daemon does: its parent ends, and it asks as nobody's child. */
static int orphan(uid_t uid)
{
    int told[2];
    char byte = ANOTHER;
    ck_assert_int_eq(pipe(told), 0);
    pid_t child = fork();
    if (child == 0) {
        pid_t middle = getpid();
        if (fork() == 0) {
            while (getppid() == middle)
                usleep(1000);
            /* real user only: root's own folder is still read */
            byte = setresuid(uid, 0, 0) == 0 ? (char)answer("anna") : (char)ANOTHER;
            _exit(write(told[1], &byte, 1) == 1 ? 0 : 1);
        }
        _exit(0);
    }
    ck_assert_int_eq(status_of(child), 0);
    close(told[1]);
    ck_assert_int_eq(read(told[0], &byte, 1), 1);
    close(told[0]);
    return byte;
}

/* A monitor with an audit session of its own, whose orphans leave the tree above it. */
static int orphan_of_session(uid_t uid)
{
    pid_t monitor = fork();
    if (monitor == 0) {
        if (!audit_names(65000))
            _exit(DOUBTED); /* a kernel that keeps no such facts */
        record_of(getpid(), "anna", true);
        _exit(orphan(uid));
    }
    return status_of(monitor);
}

START_TEST(who_has_left_the_tree_is_found_by_audit)
{
    int found = orphan_of_session(1000);
    ck_assert(found == FOUND || found == DOUBTED);
}
END_TEST

START_TEST(root_outside_the_tree_is_in_no_session)
{
    int found = orphan_of_session(0);
    ck_assert(found == NOT_FOUND || found == DOUBTED);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("session");
    TCase *tests = tcase_create("session");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_record_above_is_the_session);
    tcase_add_test(tests, a_process_s_own_record_is_another_login_s);
    tcase_add_test(tests, without_a_record_or_an_open_session_there_is_none);
    tcase_add_test(tests, the_nearest_counts);
    tcase_add_test(tests, a_record_that_is_not_of_that_process_or_not_root_s_is_none);
    tcase_add_test(tests, audit_that_names_another_puts_it_in_doubt);
    tcase_add_test(tests, who_has_left_the_tree_is_found_by_audit);
    tcase_add_test(tests, root_outside_the_tree_is_in_no_session);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
