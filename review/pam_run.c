/* SPDX-License-Identifier: Apache-2.0 */
/* libpam's own rules for a stack: pam.conf(5), and _pam_dispatch_aux for what a jump leaves. */
#include "pam_service.h"

enum action { IGNORE, OK, DONE, BAD, DIE, RESET, JUMP };
enum impression { UNDECIDED, POSITIVE, NEGATIVE };

struct rule {
    enum action action;
    int64_t jump;
};

static const char *const CODE_WORDS[HOP_PAM_CODE_COUNT] = {
    "success", "cred_insufficient", "auth_err", "user_unknown", "ignore", "acct_expired"};

/* "required" and its like, as pam.conf(5) spells them out. */
static struct hop_span spelled_out(struct hop_span control)
{
    static const struct {
        const char *word, *meaning;
    } WORDS[] = {{"required", "success=ok new_authtok_reqd=ok ignore=ignore default=bad"},
                 {"requisite", "success=ok new_authtok_reqd=ok ignore=ignore default=die"},
                 {"sufficient", "success=done new_authtok_reqd=done default=ignore"},
                 {"optional", "success=ok new_authtok_reqd=ok default=ignore"},
                 {"substack", "success=ok new_authtok_reqd=ok ignore=ignore default=bad"}};
    for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++)
        if (hop_span_is(control, WORDS[i].word))
            return hop_span_of(WORDS[i].meaning);
    return control;
}

static struct rule rule_from(struct hop_span word)
{
    static const char *const ACTIONS[] = {"ignore", "ok", "done", "bad", "die", "reset"};
    struct rule rule = {BAD, 0};
    for (size_t i = 0; i < sizeof ACTIONS / sizeof *ACTIONS; i++)
        if (hop_span_is(word, ACTIONS[i]))
            rule.action = (enum action)i;
    if (hop_span_int64(word, 1, HOP_PAM_STACK_MAX, &rule.jump))
        rule.action = JUMP;
    return rule;
}

static struct rule rule_of(struct hop_span control, enum hop_pam_code code)
{
    struct hop_span rest = spelled_out(control), word, name;
    struct rule rule = {BAD, 0};
    while (hop_span_word(&rest, &word)) {
        struct hop_span action = word;
        if (!hop_span_cut(&action, '=', &name))
            continue;
        if (hop_span_is(name, CODE_WORDS[code]))
            return rule_from(action);
        if (hop_span_is(name, "default"))
            rule = rule_from(action);
    }
    return rule;
}

struct run {
    enum impression impression;
    enum hop_pam_code status;
};

static void take_ok(struct run *run, enum hop_pam_code code)
{
    if (run->impression == UNDECIDED ||
        (run->impression == POSITIVE && run->status == HOP_PAM_SUCCESS)) {
        run->impression = POSITIVE;
        run->status = code;
    }
}

static void take_bad(struct run *run, enum hop_pam_code code)
{
    if (run->impression != NEGATIVE)
        *run = (struct run){NEGATIVE, code};
}

/* A jump keeps what was answered, but decides only where it was a success. */
static void take_jump(struct run *run, enum hop_pam_code code)
{
    bool open = run->impression == UNDECIDED ||
                (run->impression == POSITIVE && run->status == HOP_PAM_SUCCESS);
    if (!open || code == HOP_PAM_IGNORE)
        return;
    if (code == HOP_PAM_SUCCESS)
        run->impression = POSITIVE;
    run->status = code;
}

static void take(struct run *run, enum action action, enum hop_pam_code code)
{
    if (action == OK || action == DONE)
        take_ok(run, code);
    else if (action == JUMP)
        take_jump(run, code);
    else if (action == BAD || action == DIE)
        take_bad(run, code);
    else if (action == RESET)
        *run = (struct run){UNDECIDED, HOP_PAM_AUTH_ERR};
}

void hop_pam_run(const struct hop_pam_stack *stack, const enum hop_pam_code *answers,
                 struct hop_pam_outcome *ret_outcome)
{
    struct run run = {UNDECIDED, HOP_PAM_AUTH_ERR};
    *ret_outcome = (struct hop_pam_outcome){.granted = false};
    for (size_t at = 0; at < stack->count; at++) {
        struct rule rule = rule_of(stack->lines[at].control, answers[at]);
        ret_outcome->called[at] = true;
        take(&run, rule.action, answers[at]);
        if (rule.action == DIE || (rule.action == DONE && run.impression == POSITIVE))
            break;
        at += rule.action == JUMP ? (size_t)rule.jump : 0;
        if (at >= stack->count) /* a jump past the end is a failure */
            take_bad(&run, HOP_PAM_AUTH_ERR);
    }
    ret_outcome->granted = run.impression == POSITIVE && run.status == HOP_PAM_SUCCESS;
}
