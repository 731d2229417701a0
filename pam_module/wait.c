/* SPDX-License-Identifier: Apache-2.0 */
#include "wait.h"

#include <stdlib.h>
#include <string.h>

#include "approval.h"
#include "clock.h"
#include "process.h"
#include "report.h"

#define POLL_MS 500 /* between two looks at the store */
#define REFUSED_MOST                                                                               \
    4 /* words that do not count which are told of; a store could hold any number */

struct wait {
    struct hop_call *call;
    struct hop_reach reach;
    struct hop_deadline end;
    struct hop_approval approval;
    bool away; /* the store did not answer last time */
    char refused[REFUSED_MOST][HOP_ERROR_TEXT_MAX];
    size_t refused_count;
};

static void renew_deadline(struct hop_call *call)
{
    call->deadline = hop_clock_deadline(hop_conf_settings(call->conf)->deadline_ms);
}

static void note_recorded(struct hop_call *call, enum hop_recorded recorded,
                          const struct hop_error *why)
{
    if (recorded == HOP_RECORDED_NOT)
        hop_call_lost(call, HOP_LOSS_RECORD, why);
}

/* -- before ---------------------------------------------------------------------------------- */

/* Waiting for nobody would only keep the door busy. */
static bool somebody_may_approve(struct hop_call *call)
{
    struct hop_error why = {0};
    char *bytes = NULL;
    size_t len = 0;
    enum hop_rc rc = hop_approval_signers_read(call->conf, &bytes, &len, &why);
    if (rc == HOP_OK &&
        hop_approval_signers_count((struct hop_span){bytes, len}, hop_clock_epoch_ms() / 1000) == 0)
        rc = hop_error_set(&why, HOP_NOT_FOUND, "%s: lets nobody approve",
                           hop_conf_settings(call->conf)->allowed_signers);
    free(bytes);
    if (rc != HOP_OK)
        hop_call_lost(call, HOP_LOSS_CONFIG, &why);
    return rc == HOP_OK;
}

/* Where home finds it; and in the connection's record, whose sweep tells of it should sshd give up
 * first. */
static void begin(struct wait *wait)
{
    struct hop_call *call = wait->call;
    struct hop_error why = {0};
    char note[64];
    int seconds = hop_conf_settings(call->conf)->approval_wait_s;
    int64_t until = hop_clock_epoch_ms() / 1000 + seconds;
    wait->end = hop_clock_deadline((int64_t)seconds * 1000);
    wait->reach = hop_engine_reach(call->conf, call->connection.login.tenant);
    call->connection.step_up = HOP_STEP_UP_OPEN;
    hop_call_keep_connection(call);
    renew_deadline(call);
    note_recorded(
        call,
        hop_engine_waits_by(call->engine, &call->connection.login, until, call->deadline, &why),
        &why);
    struct hop_text text = hop_text_over(note, sizeof note);
    hop_text_format(&text, "for %d s: hopwarden approve ID", seconds);
    hop_report_approval(call, "approval-awaited", "unknown", NULL, note);
    hop_report_trouble(call);
    hop_tell_waiting(call);
}

/* -- while ----------------------------------------------------------------------------------- */

static void tell_refused(void *context, const struct hop_error *why)
{
    struct wait *wait = context;
    for (size_t i = 0; i < wait->refused_count; i++)
        if (strcmp(wait->refused[i], why->text) == 0)
            return;
    if (wait->refused_count == REFUSED_MOST)
        return;
    hop_string_copy(wait->refused[wait->refused_count++], HOP_ERROR_TEXT_MAX, why->text);
    hop_report_approval(wait->call, "approval-refused", "failure", NULL, why->text);
}

/* What was spooled while the store was away is what home needs to see. */
static void store_is_back(struct wait *wait)
{
    size_t flushed, left;
    wait->away = false;
    hop_history_flush_by(hop_engine_history(wait->call->engine), wait->call->deadline, &flushed,
                         &left, NULL);
}

static void store_is_away(struct wait *wait, const struct hop_error *why)
{
    if (wait->away)
        return;
    wait->away = true;
    wait->call->trouble = *why;
    wait->call->losses |= HOP_LOSS_BIT(HOP_LOSS_HISTORY);
    hop_report_trouble(wait->call);
}

/* True when somebody has spoken. */
static bool look(struct wait *wait)
{
    struct hop_call *call = wait->call;
    struct hop_error why = {0};
    renew_deadline(call);
    enum hop_rc rc = hop_approval_look_by(
        call->conf, hop_engine_history(call->engine), &wait->reach, &call->connection.login,
        hop_clock_epoch_ms() / 1000, tell_refused, wait, &wait->approval, call->deadline, &why);
    if (rc != HOP_OK && rc != HOP_NOT_FOUND)
        store_is_away(wait, &why);
    else if (wait->away)
        store_is_back(wait);
    return rc == HOP_OK;
}

/* sshd has gone, and nobody would hear the answer. */
static bool is_orphaned(const struct hop_call *call)
{
    return call->over_ssh && hop_process_monitor() != call->monitor;
}

static bool await_word(struct wait *wait)
{
    while (!look(wait)) {
        if (hop_clock_left_ms(wait->end) == 0 || is_orphaned(wait->call))
            return false;
        hop_clock_pause(hop_deadline_earlier(wait->end, hop_clock_deadline(POLL_MS)));
    }
    return true;
}

/* -- after ----------------------------------------------------------------------------------- */

static void refuse(struct hop_call *call, const char *outcome, const char *author)
{
    struct hop_error why = {0};
    call->connection.step_up = HOP_STEP_UP_FAILED;
    if (call->engine != NULL)
        note_recorded(call,
                      hop_engine_refused_by(call->engine, &call->connection.login, outcome,
                                            call->deadline, &why),
                      &why);
    hop_report_approval(call, outcome, "failure", author, NULL);
}

static void approve(struct hop_call *call, const struct hop_approval *approval)
{
    call->connection.step_up = HOP_STEP_UP_PASSED;
    hop_string_copy(call->connection.approver_key, sizeof call->connection.approver_key,
                    approval->key);
    hop_report_approval(call, "approval-given", "success", approval->author, approval->key);
}

static enum hop_answer_kind wait_for(struct wait *wait)
{
    struct hop_call *call = wait->call;
    begin(wait);
    bool heard = await_word(wait);
    renew_deadline(call);
    if (heard && wait->approval.approves) {
        approve(call, &wait->approval);
        return HOP_ANSWER_ALLOW;
    }
    refuse(call, heard ? HOP_OUTCOME_DENIED : HOP_OUTCOME_NOT_APPROVED,
           heard ? wait->approval.author : NULL);
    return HOP_ANSWER_REFUSE;
}

void hop_await_approval(struct hop_call *call, struct hop_answer *answer)
{
    struct wait *wait = calloc(1, sizeof *wait);
    answer->kind = HOP_ANSWER_REFUSE;
    if (wait != NULL && hop_call_engine(call) != NULL && somebody_may_approve(call)) {
        wait->call = call;
        answer->kind = wait_for(wait);
    } else {
        refuse(call, HOP_OUTCOME_NOT_APPROVED, NULL);
    }
    free(wait);
}
