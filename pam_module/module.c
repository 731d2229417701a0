/* SPDX-License-Identifier: Apache-2.0 */
/* The pam_sm_* entry points: each turns one PAM call into a login, an answer, and a code. No rule
 * about risk lives here. */
#define PAM_SM_AUTH
#define PAM_SM_ACCOUNT
#define PAM_SM_SESSION
#define PAM_SM_PASSWORD
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <string.h>

#include "code_line.h"
#include "codes.h"
#include "report.h"

#define EXPORT __attribute__((visibility("default")))
#define SWEEP_MOST 32 /* stale records taken away per login */

/* -- steps that phases share --------------------------------------------------------------- */

static void note_recorded(struct hop_call *call, enum hop_recorded recorded,
                          const struct hop_error *why)
{
    if (recorded == HOP_RECORDED_NOT)
        hop_call_lost(call, HOP_LOSS_RECORD, why);
}

static void tell_stale_step_up(void *context, const struct hop_connection *stale)
{
    hop_report_later(context, stale, "step-up-failed", "failure");
}

static void record_failure(struct hop_call *call, const char *outcome)
{
    struct hop_error why = {0};
    if (hop_call_engine(call) != NULL)
        note_recorded(call,
                      hop_engine_refused_by(call->engine, &call->connection.login, outcome,
                                            call->deadline, &why),
                      &why);
}

/* A factor that was asked for and did not come: the second line of a step-up. */
static void close_open_step_up(struct hop_call *call)
{
    if (call->connection.step_up != HOP_STEP_UP_OPEN)
        return;
    call->connection.step_up = HOP_STEP_UP_FAILED;
    record_failure(call, "step-up-failed");
    hop_report_later(call, &call->connection, "step-up-failed", "failure");
}

/* The auth phase's verdict had left it open: a step-up that was not passed, or could not be asked.
 */
static void refuse_after_all(struct hop_call *call)
{
    if (call->connection.step_up == HOP_STEP_UP_OPEN) {
        close_open_step_up(call);
        return;
    }
    record_failure(call, "refused"); /* no wrong credential: it counts against nobody */
    hop_report_later(call, &call->connection, "login-refused", "failure");
}

/* Reaches a verdict, and writes touch, log entry and alert, whatever it is. */
static void judge_and_tell(struct hop_call *call, struct hop_answer *ret_answer)
{
    struct hop_error why = {0};
    hop_call_judge(call);
    struct hop_moment moment = hop_call_moment(call);
    hop_answer_of(&call->connection.verdict, &moment, ret_answer);
    if (call->connection.verdict.deferred)
        return; /* the session phase will know the key, judge and tell */
    if (hop_call_engine(call) != NULL)
        note_recorded(call,
                      hop_engine_judged_by(call->engine, &call->connection.login, &call->judgement,
                                           ret_answer, moment.mode, call->deadline, &why),
                      &why);
    if (call->trouble.rc == HOP_OK)
        call->trouble = why; /* a store that answers and takes nothing: the record waits */
    call->connection.verdict.losses |= call->losses;
    hop_report_verdict(call, ret_answer);
    hop_connection_sweep(HOP_CONNECTIONS, SWEEP_MOST, tell_stale_step_up, call);
}

/* The verdict of an earlier phase if it is about this same login, else a new one. */
static void answer_of(struct hop_call *call, struct hop_answer *ret_answer, bool *ret_fresh)
{
    struct hop_moment moment = hop_call_moment(call);
    *ret_fresh = !hop_call_verdict_holds(call);
    if (*ret_fresh)
        judge_and_tell(call, ret_answer);
    else
        hop_answer_of(&call->connection.verdict, &moment, ret_answer);
}

/* A key that had to verify its owner has passed the step-up before it was asked for. */
static void note_verified_key(struct hop_call *call, const struct hop_answer *answer)
{
    if (answer->kind != HOP_ANSWER_ALLOW || answer->action != HOP_STEP_UP ||
        !call->connection.key_verified || call->connection.step_up == HOP_STEP_UP_PASSED)
        return;
    call->connection.step_up = HOP_STEP_UP_PASSED;
    hop_report_later(call, &call->connection, "step-up-passed", "success");
}

static int finish(struct hop_call **call, const char *what, int code)
{
    hop_report_trouble(*call);
    hop_report_debug(*call, what, code);
    hop_call_free(call);
    return code;
}

/* -- auth ---------------------------------------------------------------------------------- */

static int authenticate(struct hop_call *call)
{
    struct hop_answer answer;
    bool fresh;
    hop_call_find_connection(call);
    close_open_step_up(call);
    /* An earlier try may have passed its step-up; this one has to pass its own. */
    call->connection.step_up = HOP_STEP_UP_NONE;
    call->connection.tries++;
    answer_of(call, &answer, &fresh);
    if (answer.kind == HOP_ANSWER_STEP_UP)
        call->connection.step_up = HOP_STEP_UP_OPEN;
    note_verified_key(call, &answer);
    hop_call_keep_connection(call);
    if (answer.kind == HOP_ANSWER_BLOCK)
        hop_tell_refusal(call);
    return hop_pam_code(&answer, HOP_PHASE_AUTH);
}

/* `stepped_up`: only a step-up asked for on this same handle, behind a proven first factor. */
static int mark_stepped_up(struct hop_call *call)
{
    if (!hop_call_handle_connection(call) || call->connection.step_up != HOP_STEP_UP_OPEN ||
        !hop_call_first_factor_proven(call))
        return PAM_AUTH_ERR;
    call->connection.step_up = HOP_STEP_UP_PASSED;
    hop_call_keep_connection(call);
    hop_report_later(call, &call->connection, "step-up-passed", "success");
    return PAM_SUCCESS;
}

/* A wrong credential before this connection had its verdict. */
static void record_unjudged_failure(struct hop_call *call)
{
    struct hop_error why = {0};
    struct hop_engine *engine = hop_call_engine(call);
    if (engine == NULL)
        return;
    if (hop_engine_admit(engine, &call->login, false, &why) == HOP_OK)
        note_recorded(call, hop_engine_failed_by(engine, &call->login, call->deadline, &why), &why);
    else
        hop_call_lost(call, HOP_LOSS_RUNTIME, &why);
}

/* `authfail`: a factor was wrong. Always a failure itself, so that no stack passes through it.
 * Unknown users never come here. */
static int mark_failed(struct hop_call *call)
{
    hop_call_find_connection(call);
    if (call->connection.step_up == HOP_STEP_UP_OPEN) {
        close_open_step_up(call);
        hop_call_keep_connection(call);
    } else if (call->connection.judged) {
        record_failure(call, "failure");
    } else {
        record_unjudged_failure(call);
    }
    return PAM_AUTH_ERR;
}

EXPORT int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct hop_call *call;
    int code = hop_call_new(pamh, flags, argc, argv, HOP_PHASE_AUTH, &call);
    if (call == NULL)
        return code;
    if (call->arguments.stepped_up)
        return finish(&call, "stepped_up", mark_stepped_up(call));
    if (call->arguments.codes)
        return finish(&call, "codes", hop_ask_for_code(call));
    if (call->arguments.authfail)
        return finish(&call, "authfail", mark_failed(call));
    return finish(&call, "auth", authenticate(call));
}

EXPORT int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct hop_call *call;
    int code = hop_call_new(pamh, flags, argc, argv, HOP_PHASE_SESSION, &call);
    if (call == NULL)
        return code;
    call->trouble.rc = HOP_OK; /* the phases that judge have told it */
    return finish(&call, "setcred", PAM_SUCCESS);
}

/* -- account ------------------------------------------------------------------------------- */

static int account(struct hop_call *call)
{
    struct hop_answer answer;
    bool fresh;
    hop_call_find_connection(call);
    answer_of(call, &answer, &fresh);
    int code = hop_pam_code(&answer, HOP_PHASE_ACCOUNT);
    if (code != PAM_SUCCESS) {
        if (fresh)
            record_failure(call, "refused");
        else
            refuse_after_all(call);
        hop_tell_refusal(call);
    }
    note_verified_key(call, &answer);
    hop_call_keep_connection(call);
    return code;
}

EXPORT int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct hop_call *call;
    int code = hop_call_new(pamh, flags, argc, argv, HOP_PHASE_ACCOUNT, &call);
    if (call == NULL)
        return code;
    return finish(&call, "account", account(call));
}

/* -- session ------------------------------------------------------------------------------- */

/* The helper vouched for one key and sshd let in another: two keys in one line, or a forged note.
 */
static bool key_is_not_the_noted_one(const struct hop_call *call)
{
    const struct hop_connection *kept = &call->connection;
    return call->has_connection && kept->key_from_note && call->info.has_key &&
           strcmp(kept->login.key, call->login.key) != 0;
}

static void session_answer(struct hop_call *call, struct hop_answer *ret_answer)
{
    bool fresh;
    if (!key_is_not_the_noted_one(call)) {
        answer_of(call, ret_answer, &fresh);
        return;
    }
    hop_verdict_key_changed(&call->connection.verdict);
    struct hop_moment moment = hop_call_moment(call);
    hop_answer_of(&call->connection.verdict, &moment, ret_answer);
    hop_report_verdict(call, ret_answer);
}

static void learn(struct hop_call *call)
{
    struct hop_error why = {0};
    struct hop_moment moment = hop_call_moment(call);
    struct hop_lesson lesson = hop_lesson_of(&call->connection.verdict, &moment);
    memcpy(call->connection.login.method, call->login.method, sizeof call->login.method);
    if (hop_call_engine(call) != NULL)
        note_recorded(call,
                      hop_engine_learned_by(call->engine, &call->connection.login, &call->judgement,
                                            lesson, moment.stepped_up, call->deadline, &why),
                      &why);
}

/* The user's shell may name its own login; nothing of hopwarden ever reads it back. */
static void leave_id(struct hop_call *call)
{
    char variable[64];
    struct hop_text text = hop_text_over(variable, sizeof variable);
    const char *id = call->connection.login.id;
    if (call->service == HOP_SERVICE_SWITCH) /* who is in goes on in the same session */
        id = call->connection.login.session;
    if (id[0] == '\0')
        return;
    hop_text_format(&text, "HOPWARDEN_LOGIN=%s", id);
    pam_putenv(call->pamh, variable);
}

static int open_session(struct hop_call *call)
{
    struct hop_answer answer;
    hop_call_find_connection(call);
    session_answer(call, &answer);
    int code = hop_pam_code(&answer, HOP_PHASE_SESSION);
    if (code != PAM_SUCCESS) {
        record_failure(call, "session-refused");
        hop_tell_refusal(call);
        return code;
    }
    learn(call);
    leave_id(call);
    call->connection.opened = true;
    hop_call_keep_connection(call);
    return code;
}

EXPORT int pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct hop_call *call;
    int code = hop_call_new(pamh, flags, argc, argv, HOP_PHASE_SESSION, &call);
    if (call == NULL)
        return code;
    return finish(&call, "session", open_session(call));
}

static int close_session(struct hop_call *call)
{
    struct hop_error why = {0};
    hop_call_find_connection(call);
    if (call->has_connection && call->connection.opened && hop_call_engine(call) != NULL)
        note_recorded(
            call, hop_engine_ended_by(call->engine, &call->connection.login, call->deadline, &why),
            &why);
    if (hop_call_has_record(call))
        hop_connection_remove(HOP_CONNECTIONS, call->monitor);
    return PAM_SUCCESS;
}

EXPORT int pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct hop_call *call;
    int code = hop_call_new(pamh, flags, argc, argv, HOP_PHASE_SESSION, &call);
    if (call == NULL)
        return code;
    return finish(&call, "close", close_session(call));
}

EXPORT int pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    (void)pamh;
    (void)flags;
    (void)argc;
    (void)argv;
    return PAM_IGNORE; /* passwords are none of our business */
}
