/* SPDX-License-Identifier: Apache-2.0 */
#include "tell.h"

#include <unistd.h>

#include "clock.h"
#include "devlog.h"
#include "encode.h"
#include "file.h"

#define IDENT "hopwarden"
#define STAMP_PATH_MAX 512
#define STAMP_NAME_MAX 200
#define HOUR 3600

/* An empty file among the notes says by its time when such a line was last sent; its name has dots
 * in it, a note's has none. Where it cannot be kept the line is sent each time. */
static bool is_first_this_hour(const char *folder, const char *name)
{
    char path[STAMP_PATH_MAX];
    struct hop_text text = hop_text_over(path, sizeof path);
    hop_text_format(&text, "%s/%s", folder, name);
    if (text.cut)
        return true;
    struct hop_file_rule rule = {.owner = geteuid(), .forbidden = 022, .most = 0};
    long long last = 0;
    int fd;
    if (hop_file_open(path, &rule, &fd, NULL) == HOP_OK) {
        hop_file_mtime(fd, &last, NULL);
        close(fd);
    }
    if (last / HOUR == hop_clock_epoch_ms() / 1000 / HOUR)
        return false;
    hop_file_replace(path, "", 0, 0600, (uid_t)-1, (gid_t)-1, false, NULL);
    return true;
}

static void send(const struct hop_keys_paths *paths, const char *stamp, enum hop_severity severity,
                 const struct hop_alert *alert, struct hop_deadline deadline)
{
    char line[HOP_ALERT_MAX + 1];
    if (!is_first_this_hour(paths->notes, stamp))
        return;
    struct hop_text text = hop_text_over(line, sizeof line);
    hop_alert_put(&text, alert);
    hop_devlog_send_by(paths->devlog, severity, IDENT, line, deadline, NULL);
}

void hop_tell_refused(const struct hop_keys_paths *paths, const struct hop_alert *alert,
                      const char *fingerprint, struct hop_deadline deadline)
{
    char stamp[STAMP_NAME_MAX];
    struct hop_text text = hop_text_over(stamp, sizeof stamp);
    hop_text_put(&text, "refused.");
    hop_percent_put(&text, hop_span_of(fingerprint));
    hop_text_put_char(&text, '.');
    hop_percent_put(&text, hop_span_of(alert->login->account));
    send(paths, stamp, HOP_LOG_NOTICE, alert, deadline);
}

void hop_tell_trouble(const struct hop_keys_paths *paths, const struct hop_login *login,
                      const struct hop_error *trouble, struct hop_deadline deadline)
{
    char stamp[STAMP_NAME_MAX];
    struct hop_text text = hop_text_over(stamp, sizeof stamp);
    hop_text_put(&text, "trouble.");
    hop_percent_put(&text, hop_span_of(login->account));
    struct hop_alert alert = {
        .action = "trouble", .login = login, .outcome = "unknown", .note = trouble->text};
    send(paths, stamp, HOP_LOG_ERR, &alert, deadline);
}
