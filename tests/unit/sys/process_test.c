/* SPDX-License-Identifier: Apache-2.0 */
#include "process.h"

#include <signal.h>
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

HOP_SUITE("process", no_process_starts_after_it_was_seen, a_process_that_is_gone_has_no_start)
