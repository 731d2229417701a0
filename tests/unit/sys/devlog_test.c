/* SPDX-License-Identifier: Apache-2.0 */
#include "devlog.h"

#include <regex.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../suite.h"
#include "clock.h"

#define SOON 100
#define PLENTY 30000

static char folder[64];
static struct sockaddr_un name;
static struct hop_error err;

static void setup(void)
{
    snprintf(folder, sizeof folder, "/tmp/hop-devlog-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    name = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(name.sun_path, sizeof name.sun_path, "%s/log", folder);
    hop_error_clear(&err);
}

static void teardown(void)
{
    unlink(name.sun_path);
    ck_assert_int_eq(rmdir(folder), 0);
}

static int logger(int type)
{
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&name, sizeof name), 0);
    return fd;
}

static enum hop_rc send_line(const char *text, int64_t budget_ms)
{
    return hop_devlog_send_by(name.sun_path, HOP_LOG_INFO, "hopwarden", text,
                              hop_clock_deadline(budget_ms), &err);
}

static void expect_line(const char *line, const char *pattern)
{
    regex_t regex;
    ck_assert_int_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
    ck_assert_msg(regexec(&regex, line, 0, NULL, 0) == 0, "%s", line);
    regfree(&regex);
}

START_TEST(a_line_is_one_datagram_of_rfc_3164)
{
    int fd = logger(SOCK_DGRAM);
    ck_assert_int_eq(send_line("{\"a\":1} %s", PLENTY), HOP_OK);
    char line[256], pattern[128];
    ssize_t len = recv(fd, line, sizeof line - 1, 0);
    ck_assert_int_gt(len, 0);
    line[len] = 0;
    snprintf(pattern, sizeof pattern,
             "^<86>[A-Z][a-z]{2} [ 1-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9] "
             "hopwarden\\[%ld\\]: \\{\"a\":1\\} %%s$",
             (long)getpid());
    expect_line(line, pattern);
    close(fd);
}
END_TEST

START_TEST(the_severity_is_in_the_number)
{
    static const struct {
        enum hop_severity severity;
        const char *start;
    } cases[] = {{HOP_LOG_ALERT, "<81>"},  {HOP_LOG_ERR, "<83>"},  {HOP_LOG_WARNING, "<84>"},
                 {HOP_LOG_NOTICE, "<85>"}, {HOP_LOG_INFO, "<86>"}, {HOP_LOG_DEBUG, "<87>"}};
    int fd = logger(SOCK_DGRAM);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_assert_int_eq(hop_devlog_send_by(name.sun_path, cases[i].severity, "x", "y",
                                            hop_clock_deadline(PLENTY), &err),
                         HOP_OK);
        char line[128];
        ck_assert_int_gt(recv(fd, line, sizeof line, 0), 0);
        ck_assert(memcmp(line, cases[i].start, 4) == 0);
    }
    close(fd);
}
END_TEST

START_TEST(without_a_daemon_it_is_not_found)
{
    ck_assert_int_eq(send_line("x", PLENTY), HOP_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(err.text, name.sun_path));
    close(logger(SOCK_DGRAM));
    ck_assert_int_eq(send_line("x", PLENTY), HOP_NOT_FOUND);
}
END_TEST

static size_t fill(void)
{
    size_t sent = 0;
    while (send_line("filler", 0) == HOP_OK)
        sent++;
    return sent;
}

START_TEST(a_full_socket_keeps_the_deadline)
{
    int fd = logger(SOCK_DGRAM);
    ck_assert_uint_gt(fill(), 0);
    ck_assert_int_eq(err.rc, HOP_TIMEOUT);
    ck_assert_int_eq(send_line("x", SOON), HOP_TIMEOUT);
    close(fd);
}
END_TEST

START_TEST(a_full_socket_is_waited_for)
{
    int fd = logger(SOCK_DGRAM);
    fill();
    pid_t child = fork();
    if (child == 0) {
        char line[128];
        usleep(20000);
        _exit(recv(fd, line, sizeof line, 0) > 0 ? 0 : 1);
    }
    ck_assert_msg(send_line("x", PLENTY) == HOP_OK, "%s", err.text);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    close(fd);
}
END_TEST

START_TEST(room_is_used_even_after_the_deadline)
{
    int fd = logger(SOCK_DGRAM);
    ck_assert_int_eq(send_line("x", -1), HOP_OK);
    close(fd);
}
END_TEST

START_TEST(a_stream_socket_is_tried_too)
{
    int fd = logger(SOCK_STREAM);
    ck_assert_int_eq(listen(fd, 1), 0);
    ck_assert_msg(send_line("hello", PLENTY) == HOP_OK, "%s", err.text);
    int peer = accept(fd, NULL, NULL);
    char line[128] = "";
    ssize_t len = recv(peer, line, sizeof line, MSG_WAITALL);
    ck_assert_int_gt(len, 0);
    expect_line(line, "^<86>.*\\]: hello$");
    ck_assert_int_eq((int)line[len - 1], 0);
    ck_assert_int_eq(len, (ssize_t)strlen(line) + 1);
    close(peer);
    close(fd);
}
END_TEST

START_TEST(a_stream_socket_keeps_the_deadline)
{
    int fd = logger(SOCK_STREAM);
    ck_assert_int_eq(listen(fd, 0), 0);
    ck_assert_int_eq(send_line("x", PLENTY), HOP_OK);
    ck_assert_int_eq(send_line("x", SOON), HOP_TIMEOUT);
    ck_assert_ptr_nonnull(strstr(err.text, name.sun_path));
    close(fd);
}
END_TEST

START_TEST(a_line_or_path_too_long_is_a_limit)
{
    static char big[1 << 20];
    memset(big, 'x', sizeof big - 1);
    int fd = logger(SOCK_DGRAM);
    ck_assert_int_eq(send_line(big, PLENTY), HOP_LIMIT);
    ck_assert_int_eq(
        hop_devlog_send_by(big, HOP_LOG_INFO, "x", "y", hop_clock_deadline(PLENTY), &err),
        HOP_LIMIT);
    close(fd);
}
END_TEST

START_TEST(no_descriptor_is_left_open)
{
    int before = dup(0);
    close(before);
    int fd = logger(SOCK_DGRAM);
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(send_line("x", 0) == HOP_OK || err.rc == HOP_TIMEOUT, 1);
    close(fd);
    unlink(name.sun_path);
    ck_assert_int_eq(send_line("x", 0), HOP_NOT_FOUND);
    int after = dup(0);
    close(after);
    ck_assert_int_eq(before, after);
}
END_TEST

HOP_SUITE_AROUND("devlog", setup, teardown, a_line_is_one_datagram_of_rfc_3164,
                 the_severity_is_in_the_number, without_a_daemon_it_is_not_found,
                 a_full_socket_keeps_the_deadline, a_full_socket_is_waited_for,
                 room_is_used_even_after_the_deadline, a_stream_socket_is_tried_too,
                 a_stream_socket_keeps_the_deadline, a_line_or_path_too_long_is_a_limit,
                 no_descriptor_is_left_open)
