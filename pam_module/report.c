/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <security/pam_ext.h>

#include "alert_spool.h"
#include "clock.h"
#include "date.h"

#define LINE_MAX_BYTES (HOP_ALERT_MAX + 1)

static const char *outcome_word(const struct hop_answer *answer)
{
    switch (answer->kind) {
    case HOP_ANSWER_ALLOW:
        return "success";
    case HOP_ANSWER_STEP_UP:
    case HOP_ANSWER_ABSTAIN:
        return "unknown";
    case HOP_ANSWER_REFUSE:
    case HOP_ANSWER_BLOCK:
    case HOP_ANSWER_COUNT:
        break;
    }
    return "failure";
}

/* By the verdict, not the answer: whoever only observes wants to see what would have been blocked.
 */
static enum hop_severity severity_of(const struct hop_verdict *verdict,
                                     const struct hop_answer *answer)
{
    if (verdict->action == HOP_BLOCK || answer->action == HOP_BLOCK || answer->alert)
        return HOP_LOG_ALERT;
    if ((verdict->losses & HOP_LOSS_BIT(HOP_LOSS_CONFIG)) != 0)
        return HOP_LOG_ERR;
    return verdict->action == HOP_STEP_UP || verdict->losses != 0 ? HOP_LOG_WARNING : HOP_LOG_INFO;
}

/* A syslog that cannot take the line now must not swallow it: it waits in a file. */
static void send(struct hop_call *call, enum hop_severity severity, const struct hop_alert *alert)
{
    char line[LINE_MAX_BYTES];
    struct hop_text text = hop_text_over(line, sizeof line);
    hop_alert_put(&text, alert);
    hop_alert_send_by(HOP_STATE "/alerts.spool", HOP_DEVLOG_PATH, severity, line, call->deadline);
}

/* Nothing else would tell that the mode has fallen back: each verdict does, until it is settled. */
static bool note_lapsed(struct hop_call *call)
{
    char until[40];
    struct hop_text text = hop_text_over(until, sizeof until);
    const struct hop_settings *settings = call->conf ? hop_conf_settings(call->conf) : NULL;
    if (settings == NULL || settings->trial_state != HOP_TRIAL_LAPSED)
        return false;
    hop_date_put(&text, settings->trial.until, -1);
    if (call->trouble.rc == HOP_OK)
        hop_error_set(&call->trouble, HOP_TIMEOUT,
                      "mode enforce was not confirmed until %s: mode is %s again", until,
                      hop_mode_word(settings->policy.mode));
    return true;
}

void hop_report_verdict(struct hop_call *call, const struct hop_answer *answer)
{
    const struct hop_connection *connection = &call->connection;
    bool lapsed = note_lapsed(call);
    enum hop_severity severity = severity_of(&connection->verdict, answer);
    struct hop_alert alert = {.action = "login-scored",
                              .login = &connection->login,
                              .verdict = &connection->verdict,
                              .answer = answer,
                              .mode = hop_call_moment(call).mode,
                              .outcome = outcome_word(answer),
                              .note = call->trouble.rc != HOP_OK ? call->trouble.text : NULL};
    if (lapsed && severity > HOP_LOG_ERR)
        severity = HOP_LOG_ERR;
    send(call, severity, &alert);
    call->trouble.rc = HOP_OK; /* told */
}

void hop_report_later(struct hop_call *call, const struct hop_connection *connection,
                      const char *action, const char *outcome)
{
    struct hop_alert alert = {.action = action,
                              .login = &connection->login,
                              .verdict = &connection->verdict,
                              .mode = hop_call_moment(call).mode,
                              .outcome = outcome,
                              .note = call->trouble.rc != HOP_OK ? call->trouble.text : NULL};
    send(call, HOP_LOG_WARNING, &alert);
    call->trouble.rc = HOP_OK;
}

void hop_report_code(struct hop_call *call, bool taken, const char *note)
{
    static const struct hop_answer answers[] = {
        [false] = {.kind = HOP_ANSWER_BLOCK, .action = HOP_BLOCK, .alert = true},
        [true] = {.kind = HOP_ANSWER_ALLOW, .action = HOP_ALLOW, .alert = true}};
    struct hop_alert alert = {.action = taken ? "code-taken" : "code-refused",
                              .login = &call->connection.login,
                              .answer = &answers[taken],
                              .mode = hop_call_moment(call).mode,
                              .outcome = taken ? "success" : "failure",
                              .note = note};
    send(call, HOP_LOG_ALERT, &alert);
}

void hop_report_trouble(struct hop_call *call)
{
    if (call->trouble.rc == HOP_OK)
        return;
    struct hop_verdict losses = {.losses = call->losses};
    struct hop_alert alert = {.action = "trouble",
                              .login =
                                  call->connection.judged ? &call->connection.login : &call->login,
                              .verdict = &losses,
                              .mode = hop_call_moment(call).mode,
                              .outcome = "unknown",
                              .note = call->trouble.text};
    send(call, HOP_LOG_ERR, &alert);
    call->trouble.rc = HOP_OK;
}

void hop_report_debug(struct hop_call *call, const char *what, int code)
{
    if (!call->arguments.debug)
        return;
    char line[256];
    struct hop_text text = hop_text_over(line, sizeof line);
    hop_text_format(&text, "debug: %s answers %d for %s over %s, monitor %ld", what, code,
                    hop_phase_word(call->phase), call->over_ssh ? "ssh" : "no ssh", call->monitor);
    hop_devlog_send_by(HOP_DEVLOG_PATH, HOP_LOG_DEBUG, "hopwarden", line, call->deadline, NULL);
}

void hop_tell_refusal(struct hop_call *call)
{
    if (!call->silent)
        pam_error(call->pamh, "Login refused (id %s)", call->connection.login.id);
}
