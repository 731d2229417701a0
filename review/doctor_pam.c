/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <unistd.h>

#include "findings.h"
#include "pam_service.h"

static const char *const TYPE_WORDS[HOP_PAM_TYPE_COUNT] = {"auth", "account", "session"};

static void check_first(struct hop_findings *findings, const struct hop_pam_stack *stack,
                        enum hop_pam_type type, enum hop_mode mode)
{
    const char *word = TYPE_WORDS[type];
    size_t at = 0;
    while (at < stack->count && !stack->lines[at].ours)
        at++;
    if (at == stack->count) {
        hop_finding(
            findings, HOP_STATE_CRITICAL, "pam",
            type == HOP_PAM_ACCOUNT ? "first account line: account required pam_hopwarden.so"
                                    : "first session line: session required pam_hopwarden.so",
            "no %s line of pam_hopwarden.so: %s", word,
            type == HOP_PAM_ACCOUNT ? "publickey logins are not judged" : "nothing is learned");
        return;
    }
    if (at > 0)
        hop_finding(findings, HOP_STATE_CRITICAL, "pam",
                    "move it before every other line of its type, and before what @include brings",
                    "the %s line of pam_hopwarden.so is not the first: an earlier one can end the "
                    "stack before it",
                    word);
    bool required = hop_span_is(stack->lines[at].control, "required") ||
                    hop_span_is(stack->lines[at].control, "requisite");
    if (!required && hop_pam_mode_of(&stack->lines[at], mode) != HOP_MODE_OBSERVE)
        hop_finding(findings, HOP_STATE_CRITICAL, "pam", "make it required",
                    "the %s line of pam_hopwarden.so is not required: it refuses nothing", word);
    else if (at == 0)
        hop_finding(findings, HOP_STATE_FINE, "pam", NULL, "%s line in place", word);
}

/* The jump of "ignore=3", 0 for "ignore=ignore", -1 when there is none. */
static int64_t jump_of(struct hop_span control)
{
    struct hop_span part;
    int64_t jump;
    while (hop_span_word(&control, &part)) {
        if (part.len < 7 || memcmp(part.at, "ignore=", 7) != 0)
            continue;
        struct hop_span target = {part.at + 7, part.len - 7};
        if (hop_span_is(target, "ignore"))
            return 0;
        return hop_span_int64(target, 1, HOP_PAM_STACK_MAX, &jump) ? jump : -1;
    }
    return -1;
}

#define MEND_AUTH                                                                                  \
    "auth [success=done cred_insufficient=ignore ignore=N default=die] pam_hopwarden.so, N "       \
    "leading "                                                                                     \
    "past the stepped_up line; see pam_hopwarden(8)"

static void check_auth_control(struct hop_findings *findings, const struct hop_pam_line *line)
{
    struct hop_span control = line->control;
    if (!hop_pam_has_word(control, "default=die") ||
        !hop_pam_has_word(control, "cred_insufficient=ignore") ||
        (!hop_pam_has_word(control, "success=done") &&
         !hop_pam_has_word(control, "success=ignore")) ||
        jump_of(control) < 0)
        hop_finding(findings, HOP_STATE_CRITICAL, "pam", MEND_AUTH,
                    "the auth line of pam_hopwarden.so has the control [%.*s]", (int)control.len,
                    control.at);
    else
        hop_finding(findings, HOP_STATE_FINE, "pam", NULL, "auth line in place");
}

/* -- running it ---------------------------------------------------------------------------- */

/* Where the lines of one way through the auth stack stand. */
struct asking {
    const struct hop_pam_stack *stack;
    size_t first, last; /* the line that judges, the stepped_up line */
};

static bool is_factor(const struct asking *asking, size_t at)
{
    return at > asking->first && at < asking->last && !asking->stack->lines[at].ours;
}

/* A step-up is asked for, every factor answers `code`, everything behind it is content. */
static bool lets_in(const struct asking *asking, enum hop_pam_code code)
{
    enum hop_pam_code answers[HOP_PAM_STACK_MAX];
    struct hop_pam_outcome outcome;
    for (size_t i = 0; i < asking->stack->count; i++) {
        answers[i] = i < asking->first ? HOP_PAM_IGNORE : HOP_PAM_SUCCESS;
        if (is_factor(asking, i))
            answers[i] = code;
        if (asking->stack->lines[i].authfail)
            answers[i] = HOP_PAM_AUTH_ERR;
    }
    answers[asking->first] = HOP_PAM_CRED_INSUFFICIENT;
    hop_pam_run(asking->stack, answers, &outcome);
    return outcome.granted;
}

static void check_order(struct hop_findings *findings, const struct hop_pam_stack *stack,
                        size_t first)
{
    for (size_t at = 0; at < first; at++) {
        enum hop_pam_code answers[HOP_PAM_STACK_MAX];
        struct hop_pam_outcome outcome;
        for (size_t i = 0; i < stack->count; i++)
            answers[i] = i == at ? HOP_PAM_SUCCESS : HOP_PAM_IGNORE;
        hop_pam_run(stack, answers, &outcome);
        const struct hop_pam_line *line = &stack->lines[at];
        if (!outcome.called[first])
            hop_finding(findings, HOP_STATE_CRITICAL, "pam",
                        "move it behind the lines of pam_hopwarden.so",
                        "auth line %.*s before pam_hopwarden.so ends the stack with its success: "
                        "nobody is asked",
                        (int)line->module.len, line->module.at);
    }
}

/* What stands between the first line and the stepped_up line. */
static void check_factor(struct hop_findings *findings, const struct asking *asking)
{
    const struct hop_pam_line *factor = NULL;
    bool nullok = false;
    for (size_t i = 0; i < asking->stack->count; i++) {
        const struct hop_pam_line *line = &asking->stack->lines[i];
        if (!is_factor(asking, i))
            continue;
        factor = factor == NULL ? line : factor;
        nullok |= hop_pam_has_word_like(line->arguments, "nullok");
    }
    if (factor == NULL)
        hop_finding(findings, HOP_STATE_CRITICAL, "pam",
                    "put the factor's line between the two of pam_hopwarden.so",
                    "no second factor stands before the stepped_up line: every step-up passes");
    else if (lets_in(asking, HOP_PAM_AUTH_ERR))
        hop_finding(findings, HOP_STATE_CRITICAL, "pam",
                    "[success=ok default=die] or [success=1 default=ignore] before authfail",
                    "the second factor %.*s lets in whoever has no right code",
                    (int)factor->module.len, factor->module.at);
    else if (nullok || lets_in(asking, HOP_PAM_IGNORE) || lets_in(asking, HOP_PAM_USER_UNKNOWN))
        hop_finding(findings, HOP_STATE_WARNING, "pam",
                    "[success=ok default=die] or [success=1 default=ignore], and no nullok",
                    "the second factor %.*s lets in whoever is not enrolled",
                    (int)factor->module.len, factor->module.at);
    else if (!lets_in(asking, HOP_PAM_SUCCESS))
        hop_finding(findings, HOP_STATE_CRITICAL, "pam",
                    "[success=ok default=die] or [success=1 default=ignore] before authfail",
                    "the second factor %.*s is in vain: a right code is refused",
                    (int)factor->module.len, factor->module.at);
}

/* A seed that lies on a customer's host is the intruder's as soon as the host is. */
static void check_seeds(struct hop_findings *findings, const struct asking *asking, bool customer)
{
    static const char *const LOCAL[] = {"pam_google_authenticator.so", "pam_oath.so"};
    for (size_t i = 0; customer && i < asking->stack->count; i++) {
        struct hop_span module = asking->stack->lines[i].module;
        const char *slash = memrchr(module.at, '/', module.len);
        struct hop_span name =
            slash == NULL
                ? module
                : (struct hop_span){slash + 1, module.len - (size_t)(slash + 1 - module.at)};
        if (is_factor(asking, i) && (hop_span_is(name, LOCAL[0]) || hop_span_is(name, LOCAL[1])))
            hop_finding(findings, HOP_STATE_WARNING, "factor",
                        "FIDO keys with verify-required, a central verifier, or signed approval",
                        "%.*s keeps its seeds on this customer's host: no second factor against "
                        "whoever holds the host",
                        (int)name.len, name.at);
    }
}

static void check_step_up(struct hop_findings *findings, const struct hop_pam_stack *stack,
                          size_t first, bool customer)
{
    size_t last = first + 1;
    while (last < stack->count && !stack->lines[last].stepped_up)
        last++;
    if (last == stack->count) {
        hop_finding(findings, HOP_STATE_CRITICAL, "pam",
                    "after the second factor: auth [success=done default=die] pam_hopwarden.so "
                    "stepped_up",
                    "no stepped_up line: a right code is refused by the account phase");
        return;
    }
    const struct asking asking = {stack, first, last};
    check_factor(findings, &asking);
    check_seeds(findings, &asking, customer);
    struct hop_span control = stack->lines[first].control;
    int64_t jump = jump_of(control), past = (int64_t)(last - first);
    /* where the factor is always asked for, "ignore" may go on to it, or past the lines that wait
     */
    bool leads =
        hop_pam_has_word(control, "success=done") ? jump == past : jump == 0 || jump >= past;
    if (!leads)
        hop_finding(findings, HOP_STATE_CRITICAL, "pam", MEND_AUTH,
                    "ignore= of the auth line does not lead just past the stepped_up line, %zu "
                    "lines on",
                    last - first);
    control = stack->lines[last].control;
    bool dies =
        hop_pam_has_word(control, "success=done") && hop_pam_has_word(control, "default=die");
    if (!dies && !hop_span_is(control, "optional"))
        hop_finding(findings, HOP_STATE_CRITICAL, "pam",
                    "auth [success=done default=die] pam_hopwarden.so stepped_up",
                    "the stepped_up line has the control [%.*s]", (int)control.len, control.at);
}

#define MEND_CODES                                                                                 \
    "before every other auth line: auth [success=ignore ignore=ignore default=die] "               \
    "pam_hopwarden.so codes"

/* The codes line at `at` answers `code`, every other one `others`. */
static struct hop_pam_outcome ask_for_codes(const struct hop_pam_stack *stack, size_t at,
                                            enum hop_pam_code code, enum hop_pam_code others)
{
    enum hop_pam_code answers[HOP_PAM_STACK_MAX];
    struct hop_pam_outcome outcome;
    for (size_t i = 0; i < stack->count; i++)
        answers[i] = i == at ? code : others;
    hop_pam_run(stack, answers, &outcome);
    return outcome;
}

/* Break-glass codes are asked for of all logins that could get in, and are never enough. */
static void check_codes(struct hop_findings *findings, const struct hop_pam_stack *stack)
{
    for (size_t i = 0; i < stack->count; i++) {
        if (!stack->lines[i].codes)
            continue;
        struct hop_pam_outcome wrong = ask_for_codes(stack, i, HOP_PAM_AUTH_ERR, HOP_PAM_SUCCESS);
        if (!wrong.called[i])
            hop_finding(findings, HOP_STATE_CRITICAL, "pam", MEND_CODES,
                        "a line before the codes line ends the stack: no code is asked for");
        else if (wrong.granted)
            hop_finding(findings, HOP_STATE_CRITICAL, "pam", MEND_CODES,
                        "the codes line lets in whoever has no code");
        else if (ask_for_codes(stack, i, HOP_PAM_SUCCESS, HOP_PAM_IGNORE).granted)
            hop_finding(findings, HOP_STATE_CRITICAL, "pam", MEND_CODES,
                        "the codes line lets in whoever has a code and nothing else");
        else if (!ask_for_codes(stack, i, HOP_PAM_IGNORE, HOP_PAM_SUCCESS).granted)
            hop_finding(findings, HOP_STATE_CRITICAL, "pam", MEND_CODES,
                        "the codes line refuses everybody whom it does not ask");
    }
}

/* No factor of its own: whoever is to step up waits inside the first line, and what cannot wait is
 * refused there. */
static bool leaves_it_to_approval(const struct hop_pam_stack *stack, size_t first)
{
    for (size_t i = 0; i < stack->count; i++)
        if (stack->lines[i].stepped_up)
            return false;
    struct hop_span control = stack->lines[first].control;
    return hop_pam_has_word(control, "success=done") && hop_pam_has_word(control, "default=die") &&
           !hop_pam_has_word_like(control, "cred_insufficient") && jump_of(control) == 0;
}

static void check_auth(struct hop_findings *findings, const struct hop_pam_stack *stack,
                       enum hop_mode mode, const struct hop_pam_site *site)
{
    size_t first = 0;
    check_codes(findings, stack);
    while (first < stack->count && (!stack->lines[first].ours || stack->lines[first].stepped_up ||
                                    stack->lines[first].authfail || stack->lines[first].codes))
        first++;
    if (first < stack->count && site->approves && leaves_it_to_approval(stack, first)) {
        check_order(findings, stack, first);
        hop_finding(findings, HOP_STATE_FINE, "pam", NULL, "auth line in place");
    } else if (first < stack->count) {
        check_order(findings, stack, first);
        check_auth_control(findings, &stack->lines[first]);
        check_step_up(findings, stack, first, site->customer);
    } else if (mode != HOP_MODE_OBSERVE && !site->approves) {
        hop_finding(
            findings, HOP_STATE_WARNING, "pam", MEND_AUTH,
            "no auth line of pam_hopwarden.so: nobody can be asked, a step-up is a refusal");
    }
}

/* The mildest mode that a line of the account stack asks for: the stage the site is in. */
static enum hop_mode stage_of(const struct hop_pam_stack *account, enum hop_mode mode)
{
    for (size_t i = 0; i < account->count; i++)
        if (account->lines[i].ours)
            mode = hop_pam_mode_of(&account->lines[i], mode);
    return mode;
}

void hop_doctor_pam(struct hop_findings *findings, const char *path, enum hop_mode mode,
                    const struct hop_pam_site *site)
{
    struct hop_pam_service service;
    if (hop_pam_service_read(path, findings, &service)) {
        const struct hop_pam_stack *account = &service.stacks[HOP_PAM_ACCOUNT];
        check_auth(findings, &service.stacks[HOP_PAM_AUTH], stage_of(account, mode), site);
        check_first(findings, account, HOP_PAM_ACCOUNT, mode);
        check_first(findings, &service.stacks[HOP_PAM_SESSION], HOP_PAM_SESSION, mode);
    }
    hop_pam_service_done(&service);
}
