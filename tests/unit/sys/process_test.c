/* SPDX-License-Identifier: Apache-2.0 */
#include "process.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../suite.h"
#include "clock.h"

#define MANY 40

static pid_t a_child(void)
{
    pid_t child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    return child;
}

/* A note written by a child of that process, at once, must not be older than its parent. */
START_TEST(no_process_starts_after_it_was_seen)
{
    for (int i = 0; i < MANY; i++) {
        struct hop_error err = {0};
        int64_t started = 0, before = hop_clock_epoch_ms() / 1000;
        pid_t child = a_child();
        int64_t seen = hop_clock_epoch_ms() / 1000;
        ck_assert_int_gt(child, 0);
        ck_assert_int_eq(hop_process_start_epoch(child, &started, &err), HOP_OK);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        ck_assert_int_le(started, seen);
        ck_assert_int_ge(started, before - 1); /* the kernel counts in ticks */
    }
}
END_TEST

START_TEST(a_process_that_is_gone_has_no_start)
{
    struct hop_error err = {0};
    int64_t started = -1;
    pid_t child = a_child();
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    ck_assert_int_eq(hop_process_start_epoch(child, &started, &err), HOP_NOT_FOUND);
    ck_assert_int_eq(started, -1);
}
END_TEST

START_TEST(a_process_has_its_parent_and_began_not_before_it)
{
    struct hop_process own, parent;
    struct hop_error err = {0};
    uint64_t start = 0;
    ck_assert_int_eq(hop_process_read(getpid(), &own, &err), HOP_OK);
    ck_assert_int_eq(own.parent, getppid());
    ck_assert_int_eq(hop_process_read(own.parent, &parent, &err), HOP_OK);
    ck_assert_uint_le(parent.start, own.start);
    ck_assert_int_eq(hop_process_start(getpid(), &start, &err), HOP_OK);
    ck_assert_uint_eq(start, own.start);
}
END_TEST

START_TEST(a_command_s_name_cannot_forge_the_fields)
{
    struct hop_process own;
    struct hop_error err = {0};
    ck_assert_int_eq(prctl(PR_SET_NAME, ") S 1 1 1 1"), 0);
    ck_assert_int_eq(hop_process_read(getpid(), &own, &err), HOP_OK);
    ck_assert_int_eq(own.parent, getppid());
}
END_TEST

START_TEST(what_is_gone_is_not_found)
{
    struct hop_process own = {.parent = 7};
    struct hop_error err = {0};
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    ck_assert_int_eq(hop_process_read(child, &own, &err), HOP_NOT_FOUND);
    ck_assert_int_eq(own.parent, 7);
    struct hop_process_audit audit = {0};
    hop_process_audit_read(child, &audit);
    ck_assert_uint_eq(audit.login_uid, HOP_PROCESS_UNSET);
    ck_assert_uint_eq(audit.session, HOP_PROCESS_UNSET);
}
END_TEST

START_TEST(audit_facts_are_inherited)
{
    struct hop_process_audit own, childs;
    int go[2];
    char byte;
    ck_assert_int_eq(pipe(go), 0);
    pid_t child = fork();
    if (child == 0) {
        close(go[1]);
        _exit(read(go[0], &byte, 1) == 0 ? 0 : 1);
    }
    hop_process_audit_read(getpid(), &own);
    hop_process_audit_read(child, &childs);
    close(go[0]);
    close(go[1]);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    ck_assert_uint_eq(own.login_uid, childs.login_uid);
    ck_assert_uint_eq(own.session, childs.session);
}
END_TEST

HOP_SUITE("process", a_process_has_its_parent_and_began_not_before_it,
          a_command_s_name_cannot_forge_the_fields, what_is_gone_is_not_found,
          audit_facts_are_inherited, no_process_starts_after_it_was_seen,
          a_process_that_is_gone_has_no_start)
