/* SPDX-License-Identifier: Apache-2.0 */
#include "act.h"

#include <stdlib.h>
#include <string.h>

#include "alert_spool.h"
#include "clock.h"
#include "subject.h"

#define ALERT_SPOOL "/var/lib/hopwarden/alerts.spool"
#define ALERT_DEADLINE_MS 2000

/* A socket of one's own choice has no spool: lines for the host's syslog must not go there. */
static enum hop_rc send_line(const struct hop_common *common, const char *line)
{
    struct hop_deadline deadline = hop_clock_deadline(ALERT_DEADLINE_MS);
    if (strcmp(common->syslog_path, HOP_DEVLOG_PATH) == 0)
        return hop_alert_send_by(ALERT_SPOOL, HOP_DEVLOG_PATH, HOP_LOG_WARNING, line, deadline);
    return hop_devlog_send_by(common->syslog_path, HOP_LOG_WARNING, "hopwarden", line, deadline,
                              NULL);
}

/* sudo's word for who is behind root is a hint and no more: anybody may set it. */
static void note_put(struct hop_text *text, const char *what)
{
    const char *sudo = getenv("SUDO_USER");
    hop_text_put(text, what);
    if (sudo != NULL && sudo[0] != '\0') {
        hop_text_put(text, "; by sudo's word: ");
        hop_text_put(text, sudo);
    }
}

void hop_act_tell(const struct hop_common *common, const char *action,
                  const struct hop_login *login, const char *what)
{
    char author[HOP_NAME_MAX + 1], note[HOP_ERROR_TEXT_MAX], line[HOP_ALERT_MAX + 1];
    hop_subject_author(author);
    struct hop_text text = hop_text_over(note, sizeof note);
    note_put(&text, what);
    struct hop_alert alert = {
        .action = action, .login = login, .outcome = "success", .note = note, .author = author};
    text = hop_text_over(line, sizeof line);
    hop_alert_put(&text, &alert);
    enum hop_rc rc = send_line(common, line);
    if (rc != HOP_OK && rc != HOP_TIMEOUT)
        hop_complain("%s: nobody took this line: %s", common->syslog_path, line);
}
