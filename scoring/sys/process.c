/* SPDX-License-Identifier: Apache-2.0 */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "span.h"

#define STAT_PARENT_FIELD 4
#define STAT_START_FIELD 22
#define STAT_TEXT_MAX 1024

static enum hop_rc stat_read(long pid, char *buffer, size_t size, size_t *ret_len,
                             struct hop_error *err)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return hop_error_errno(err, errno == ENOENT ? HOP_NOT_FOUND : HOP_IO, errno, "%s: open",
                               path);
    ssize_t got = read(fd, buffer, size);
    int failure = errno;
    close(fd);
    if (got < 0)
        return hop_error_errno(err, failure == ESRCH ? HOP_NOT_FOUND : HOP_IO, failure, "%s: read",
                               path);
    *ret_len = (size_t)got;
    return HOP_OK;
}

/* The second field, the command's name in brackets, may hold anything: fields are counted from the
 * last closing bracket, behind which stands the third. */
static bool stat_field(struct hop_span text, int field, struct hop_span *ret_word)
{
    const char *bracket = text.at == NULL ? NULL : memrchr(text.at, ')', text.len);
    if (bracket == NULL)
        return false;
    struct hop_span rest = {bracket + 1, text.len - (size_t)(bracket + 1 - text.at)};
    for (int at = 3; hop_span_word(&rest, ret_word); at++)
        if (at == field)
            return true;
    return false;
}

static bool stat_number(struct hop_span text, int field, int64_t *ret_number)
{
    struct hop_span word;
    return stat_field(text, field, &word) && hop_span_int64(word, 0, INT64_MAX, ret_number);
}

enum hop_rc hop_process_read(long pid, struct hop_process *ret_process, struct hop_error *err)
{
    char text[STAT_TEXT_MAX];
    size_t len = 0;
    enum hop_rc rc = stat_read(pid, text, sizeof text, &len, err);
    if (rc != HOP_OK)
        return rc;
    struct hop_span whole = {text, len};
    int64_t ticks, parent;
    if (!stat_number(whole, STAT_START_FIELD, &ticks) ||
        !stat_number(whole, STAT_PARENT_FIELD, &parent))
        return hop_error_set(err, HOP_MALFORMED, "/proc/%ld/stat: no start time or parent", pid);
    *ret_process = (struct hop_process){.start = (uint64_t)ticks, .parent = (long)parent};
    return HOP_OK;
}

enum hop_rc hop_process_start(long pid, uint64_t *ret_ticks, struct hop_error *err)
{
    struct hop_process process;
    enum hop_rc rc = hop_process_read(pid, &process, err);
    if (rc == HOP_OK)
        *ret_ticks = process.start;
    return rc;
}

static uint32_t audit_number(long pid, const char *name)
{
    char path[64], text[32];
    struct hop_span word, rest = {text, 0};
    int64_t number;
    snprintf(path, sizeof path, "/proc/%ld/%s", pid, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text);
    if (fd >= 0)
        close(fd);
    rest.len = got > 0 ? (size_t)got : 0;
    if (!hop_span_word(&rest, &word) || !hop_span_int64(word, 0, UINT32_MAX, &number))
        return HOP_PROCESS_UNSET;
    return (uint32_t)number;
}

void hop_process_audit_read(long pid, struct hop_process_audit *ret_audit)
{
    ret_audit->login_uid = audit_number(pid, "loginuid");
    ret_audit->session = audit_number(pid, "sessionid");
}

enum hop_rc hop_process_start_epoch(long pid, int64_t *ret_epoch_s, struct hop_error *err)
{
    uint64_t ticks;
    enum hop_rc rc = hop_process_start(pid, &ticks, err);
    if (rc != HOP_OK)
        return rc;
    int64_t now_ms = hop_clock_epoch_ms(); /* before the other clock: never too late a start */
    struct timespec boot;
    long per_second = sysconf(_SC_CLK_TCK);
    if (clock_gettime(CLOCK_BOOTTIME, &boot) != 0 || per_second <= 0)
        return hop_error_errno(err, HOP_IO, errno, "clock: time since boot");
    int64_t boot_ms = (int64_t)boot.tv_sec * 1000 + boot.tv_nsec / 1000000;
    int64_t started_ms = (int64_t)(ticks / (uint64_t)per_second) * 1000 +
                         (int64_t)(ticks % (uint64_t)per_second) * 1000 / per_second;
    *ret_epoch_s = (now_ms - (boot_ms - started_ms)) / 1000;
    return HOP_OK;
}

long hop_process_monitor(void)
{
    pid_t leader = getsid(0);
    return leader == getppid() ? (long)leader : (long)getpid();
}

void hop_host_name(char *buffer, size_t size)
{
    struct utsname names;
    if (uname(&names) != 0 || names.nodename[0] == '\0') {
        hop_string_copy(buffer, size, "localhost");
        return;
    }
    struct hop_span rest = hop_span_of(names.nodename), label;
    if (!hop_span_cut(&rest, '.', &label) || !hop_span_copy(label, buffer, size))
        hop_string_copy(buffer, size, "localhost");
}
