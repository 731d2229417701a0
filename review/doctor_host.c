/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "findings.h"

#define MODULE HOP_PAM_FOLDER "/pam_hopwarden.so"

/* PAM takes a module that it cannot load for a failed one. */
static void check_module(struct hop_findings *findings)
{
    struct stat about;
    if (stat(MODULE, &about) != 0)
        hop_finding(findings, HOP_STATE_CRITICAL, "module",
                    "install it, or take its lines out of /etc/pam.d",
                    MODULE ": %s: a required line of it refuses everybody", strerror(errno));
    else if (about.st_uid != 0 || (about.st_mode & 022) != 0)
        hop_finding(findings, HOP_STATE_CRITICAL, "module", "chown root, chmod go-w",
                    MODULE " is not root's alone: whoever may write it runs as root");
    else
        hop_finding(findings, HOP_STATE_FINE, "module", NULL, "%s", MODULE);
}

/* As contrib/hopwarden.tmpfiles makes them. */
static void check_folder(struct hop_findings *findings, const char *path, mode_t forbidden)
{
    static const char MEND[] = "systemd-tmpfiles --create";
    struct stat about;
    if (lstat(path, &about) != 0)
        hop_finding(findings, HOP_STATE_CRITICAL, "folders", MEND, "%s: %s", path, strerror(errno));
    else if (!S_ISDIR(about.st_mode) || about.st_uid != 0 || (about.st_mode & forbidden) != 0)
        hop_finding(findings, HOP_STATE_CRITICAL, "folders", MEND,
                    "%s has owner %u and mode %04o: what lies in it is not believed", path,
                    (unsigned)about.st_uid, (unsigned)about.st_mode & 07777);
}

static bool listens(const char *path, int type)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool fine =
        fd >= 0 && hop_string_copy(address.sun_path, sizeof address.sun_path, path) &&
        (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 || errno == EAGAIN);
    if (fd >= 0)
        close(fd);
    return fine;
}

static void check_syslog(struct hop_findings *findings, const char *path)
{
    if (!listens(path, SOCK_DGRAM) && !listens(path, SOCK_STREAM))
        hop_finding(findings, HOP_STATE_CRITICAL, "syslog", "start rsyslog or systemd-journald",
                    "%s: %s: alerts wait here and reach nobody", path, strerror(errno));
    else
        hop_finding(findings, HOP_STATE_FINE, "syslog", NULL, "%s takes alerts", path);
}

void hop_doctor_host(struct hop_findings *findings, const char *syslog_path)
{
    check_module(findings);
    check_folder(findings, "/run/hopwarden/connections", 0077);
    check_folder(findings, "/run/hopwarden/notes", 0007);
    check_folder(findings, "/etc/hopwarden/keys.d", 0027);
    check_syslog(findings, syslog_path);
}
