/* SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

static int64_t read_ns(clockid_t clock)
{
    struct timespec now = {0};
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * HOP_NS_PER_S + now.tv_nsec;
}

int64_t hop_clock_monotonic_ns(void)
{
    return read_ns(CLOCK_MONOTONIC);
}

int64_t hop_clock_epoch_ms(void)
{
    return read_ns(CLOCK_REALTIME) / HOP_NS_PER_MS;
}

enum hop_rc hop_clock_boot(char ret_id[HOP_BOOT_ID_MAX + 1], int64_t *ret_s, struct hop_error *err)
{
    static const char path[] = "/proc/sys/kernel/random/boot_id";
    char id[HOP_BOOT_ID_MAX + 2];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return hop_error_errno(err, HOP_IO, errno, "%s: open", path);
    ssize_t got = read(fd, id, sizeof id);
    close(fd);
    if (got < HOP_BOOT_ID_MAX)
        return hop_error_set(err, HOP_IO, "%s: too short", path);
    id[HOP_BOOT_ID_MAX] = '\0';
    memcpy(ret_id, id, HOP_BOOT_ID_MAX + 1);
    *ret_s = read_ns(CLOCK_BOOTTIME) / HOP_NS_PER_S;
    return HOP_OK;
}

struct hop_deadline hop_clock_deadline(int64_t budget_ms)
{
    return hop_deadline_after(hop_clock_monotonic_ns(), budget_ms);
}

int hop_clock_left_ms(struct hop_deadline deadline)
{
    return hop_deadline_left_ms(deadline, hop_clock_monotonic_ns());
}

enum hop_rc hop_entropy(void *bytes, size_t len, struct hop_error *err)
{
    uint8_t *at = bytes;
    while (len) {
        ssize_t got = getrandom(at, len, GRND_NONBLOCK);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return hop_error_errno(err, HOP_IO, errno, "entropy");
        at += got;
        len -= (size_t)got;
    }
    return HOP_OK;
}
