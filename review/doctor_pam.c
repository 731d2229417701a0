/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <unistd.h>

#include "findings.h"
#include "lines.h"

#define STACK_MAX 64 /* lines of one type */
#define INCLUDE_DEPTH 8

enum type { AUTH, ACCOUNT, SESSION, TYPE_COUNT };

struct line {
    bool ours, stepped_up, authfail;
    struct hop_span control, module, arguments;
};

struct stack {
    struct line lines[STACK_MAX];
    size_t count;
};

/* What sshd's file and those it includes hold; the lines point into the files. */
struct service {
    struct hop_findings *findings;
    const char *folder;
    struct stack stacks[TYPE_COUNT];
    struct hop_lines files[INCLUDE_DEPTH * 2];
    size_t file_count;
};

static const char *const TYPE_WORDS[TYPE_COUNT] = {"auth", "account", "session"};

/* -- reading the file ---------------------------------------------------------------------- */

static bool has_word(struct hop_span text, const char *word)
{
    struct hop_span part;
    while (hop_span_word(&text, &part))
        if (hop_span_is(part, word))
            return true;
    return false;
}

static bool has_word_like(struct hop_span text, const char *start)
{
    struct hop_span part;
    while (hop_span_word(&text, &part))
        if (part.len >= strlen(start) && memcmp(part.at, start, strlen(start)) == 0)
            return true;
    return false;
}

/* "[success=1 default=ignore]" without its brackets, or a word. */
static bool take_control(struct hop_span *rest, struct hop_span *ret_control)
{
    *rest = hop_span_trim(*rest);
    if (rest->len == 0 || rest->at[0] != '[')
        return hop_span_word(rest, ret_control);
    const char *end = memchr(rest->at, ']', rest->len);
    if (end == NULL)
        return false;
    *ret_control = (struct hop_span){rest->at + 1, (size_t)(end - rest->at) - 1};
    rest->len -= (size_t)(end - rest->at) + 1;
    rest->at = end + 1;
    return true;
}

static bool is_hopwarden(struct hop_span module)
{
    static const char NAME[] = "pam_hopwarden.so";
    size_t len = strlen(NAME);
    return module.len >= len && memcmp(module.at + module.len - len, NAME, len) == 0 &&
           (module.len == len || module.at[module.len - len - 1] == '/');
}

static void push(struct stack *stack, const struct line *line)
{
    if (stack->count < STACK_MAX)
        stack->lines[stack->count++] = *line;
}

static void read_file(struct service *service, const char *path, int depth);

/* Beside the file that names it, as PAM finds it, or in the machine's own folder. */
static void include(struct service *service, struct hop_span name, int depth)
{
    const char *const folders[] = {service->folder, "/etc/pam.d"};
    for (size_t i = 0; i < 2; i++) {
        char path[HOP_PATH_MAX + 1];
        struct hop_text text = hop_text_over(path, sizeof path);
        if (name.len > 0 && name.at[0] != '/')
            hop_text_format(&text, "%s/", folders[i]);
        hop_text_put_span(&text, name);
        if (access(path, R_OK) == 0) {
            read_file(service, path, depth + 1);
            return;
        }
    }
    hop_finding(service->findings, HOP_STATE_WARNING, "pam", "put the file there",
                "@include %.*s: cannot be read", (int)name.len, name.at);
}

static void parse_line(struct service *service, struct hop_span text, int depth)
{
    struct hop_span type;
    struct line line = {.ours = false};
    const char *comment = text.len == 0 ? NULL : memchr(text.at, '#', text.len);
    if (comment != NULL)
        text.len = (size_t)(comment - text.at);
    if (!hop_span_word(&text, &type))
        return;
    if (hop_span_is(type, "@include")) {
        include(service, hop_span_trim(text), depth);
        return;
    }
    if (type.at[0] == '-')
        type = (struct hop_span){type.at + 1, type.len - 1};
    if (!take_control(&text, &line.control) || !hop_span_word(&text, &line.module))
        return;
    line.arguments = text;
    line.ours = is_hopwarden(line.module);
    line.stepped_up = line.ours && has_word(text, "stepped_up");
    line.authfail = line.ours && has_word(text, "authfail");
    for (int i = 0; i < TYPE_COUNT; i++)
        if (hop_span_is(type, TYPE_WORDS[i]))
            push(&service->stacks[i], &line);
}

/* Lines that end in a backslash go on in the next: its bytes become blanks. */
static void join_lines(struct hop_lines *lines)
{
    for (size_t i = 0; i + 1 < lines->len; i++)
        if (lines->bytes[i] == '\\' && lines->bytes[i + 1] == '\n')
            lines->bytes[i] = lines->bytes[i + 1] = ' ';
}

static void read_file(struct service *service, const char *path, int depth)
{
    struct hop_error err = {0};
    if (depth == INCLUDE_DEPTH || service->file_count == INCLUDE_DEPTH * 2)
        return;
    struct hop_lines *lines = &service->files[service->file_count];
    if (hop_lines_read(path, lines, &err) != HOP_OK) {
        hop_finding(service->findings, HOP_STATE_CRITICAL, "pam", "see INSTALL", "%s", err.text);
        return;
    }
    service->file_count++;
    join_lines(lines);
    struct hop_span line;
    while (hop_lines_next(lines, &line))
        parse_line(service, line, depth);
}

/* -- judging it ---------------------------------------------------------------------------- */

/* The milder of the file's mode and the line's. */
static enum hop_mode mode_of(const struct line *line, enum hop_mode mode)
{
    struct hop_span arguments = line->arguments, word;
    enum hop_mode own;
    while (hop_span_word(&arguments, &word))
        if (word.len > 5 && memcmp(word.at, "mode=", 5) == 0 &&
            hop_mode_parse((struct hop_span){word.at + 5, word.len - 5}, &own))
            mode = hop_mode_milder(mode, own);
    return mode;
}

static void check_first(struct hop_findings *findings, const struct stack *stack, enum type type,
                        enum hop_mode mode)
{
    const char *word = TYPE_WORDS[type];
    size_t at = 0;
    while (at < stack->count && !stack->lines[at].ours)
        at++;
    if (at == stack->count) {
        hop_finding(findings, HOP_STATE_CRITICAL, "pam",
                    type == ACCOUNT ? "first account line: account required pam_hopwarden.so"
                                    : "first session line: session required pam_hopwarden.so",
                    "no %s line of pam_hopwarden.so: %s", word,
                    type == ACCOUNT ? "publickey logins are not judged" : "nothing is learned");
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
    if (!required && mode_of(&stack->lines[at], mode) != HOP_MODE_OBSERVE)
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
        return hop_span_int64(target, 1, STACK_MAX, &jump) ? jump : -1;
    }
    return -1;
}

#define MEND_AUTH                                                                                  \
    "auth [success=done cred_insufficient=ignore ignore=N default=die] pam_hopwarden.so, N "       \
    "leading "                                                                                     \
    "past the stepped_up line; see pam_hopwarden(8)"

static void check_auth_control(struct hop_findings *findings, const struct line *line)
{
    struct hop_span control = line->control;
    if (!has_word(control, "default=die") || !has_word(control, "cred_insufficient=ignore") ||
        (!has_word(control, "success=done") && !has_word(control, "success=ignore")) ||
        jump_of(control) < 0)
        hop_finding(findings, HOP_STATE_CRITICAL, "pam", MEND_AUTH,
                    "the auth line of pam_hopwarden.so has the control [%.*s]", (int)control.len,
                    control.at);
    else
        hop_finding(findings, HOP_STATE_FINE, "pam", NULL, "auth line in place");
}

/* What stands between the first line and the stepped_up line. */
static void check_factor(struct hop_findings *findings, const struct stack *stack, size_t first,
                         size_t last)
{
    size_t factors = 0;
    for (size_t i = first + 1; i < last; i++) {
        const struct line *line = &stack->lines[i];
        if (line->ours)
            continue;
        factors++;
        if (hop_span_is(line->control, "requisite") || has_word_like(line->arguments, "nullok"))
            hop_finding(findings, HOP_STATE_WARNING, "pam",
                        "[success=ok default=die] or [success=1 default=ignore], and no nullok",
                        "the second factor %.*s lets in whoever is not enrolled",
                        (int)line->module.len, line->module.at);
    }
    if (factors == 0)
        hop_finding(findings, HOP_STATE_CRITICAL, "pam",
                    "put the factor's line between the two of pam_hopwarden.so",
                    "no second factor stands before the stepped_up line: every step-up passes");
}

static void check_step_up(struct hop_findings *findings, const struct stack *stack, size_t first)
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
    check_factor(findings, stack, first, last);
    struct hop_span control = stack->lines[first].control;
    int64_t jump = jump_of(control), past = (int64_t)(last - first);
    /* where the factor is always asked for, "ignore" may go on to it, or past the lines that wait
     */
    bool leads = has_word(control, "success=done") ? jump == past : jump == 0 || jump >= past;
    if (!leads)
        hop_finding(findings, HOP_STATE_CRITICAL, "pam", MEND_AUTH,
                    "ignore= of the auth line does not lead just past the stepped_up line, %zu "
                    "lines on",
                    last - first);
    control = stack->lines[last].control;
    bool dies = has_word(control, "success=done") && has_word(control, "default=die");
    if (!dies && !hop_span_is(control, "optional"))
        hop_finding(findings, HOP_STATE_CRITICAL, "pam",
                    "auth [success=done default=die] pam_hopwarden.so stepped_up",
                    "the stepped_up line has the control [%.*s]", (int)control.len, control.at);
}

static void check_auth(struct hop_findings *findings, const struct stack *stack, enum hop_mode mode)
{
    size_t first = 0;
    while (first < stack->count && (!stack->lines[first].ours || stack->lines[first].stepped_up ||
                                    stack->lines[first].authfail))
        first++;
    if (first < stack->count) {
        check_auth_control(findings, &stack->lines[first]);
        check_step_up(findings, stack, first);
    } else if (mode != HOP_MODE_OBSERVE) {
        hop_finding(
            findings, HOP_STATE_WARNING, "pam", MEND_AUTH,
            "no auth line of pam_hopwarden.so: nobody can be asked, a step-up is a refusal");
    }
}

/* The mildest mode that a line of the account stack asks for: the stage the site is in. */
static enum hop_mode stage_of(const struct stack *account, enum hop_mode mode)
{
    for (size_t i = 0; i < account->count; i++)
        if (account->lines[i].ours)
            mode = mode_of(&account->lines[i], mode);
    return mode;
}

static void folder_of(const char *path, char folder[HOP_PATH_MAX + 1])
{
    struct hop_text text = hop_text_over(folder, HOP_PATH_MAX + 1);
    const char *end = strrchr(path, '/');
    struct hop_span part = {path, end == NULL ? 0 : (size_t)(end - path)};
    hop_text_put_span(&text, end == NULL ? hop_span_of(".") : part);
}

void hop_doctor_pam(struct hop_findings *findings, const char *path, enum hop_mode mode)
{
    char folder[HOP_PATH_MAX + 1];
    struct service service = {.findings = findings, .folder = folder};
    folder_of(path, folder);
    read_file(&service, path, 0);
    if (service.file_count > 0) {
        check_auth(findings, &service.stacks[AUTH], stage_of(&service.stacks[ACCOUNT], mode));
        check_first(findings, &service.stacks[ACCOUNT], ACCOUNT, mode);
        check_first(findings, &service.stacks[SESSION], SESSION, mode);
    }
    for (size_t i = 0; i < service.file_count; i++)
        hop_lines_done(&service.files[i]);
}

bool hop_pam_factors(const char *path, hop_pam_factor_visit *visit, void *context)
{
    char folder[HOP_PATH_MAX + 1];
    struct hop_findings quiet = {.list = json_array()};
    struct service service = {.findings = &quiet, .folder = folder};
    folder_of(path, folder);
    read_file(&service, path, 0);
    const struct stack *auth = &service.stacks[AUTH];
    size_t first = 0, last = 0;
    while (last < auth->count && !auth->lines[last].stepped_up)
        last++;
    while (first < last && !auth->lines[first].ours)
        first++;
    bool can_be_asked = first < last && last < auth->count;
    for (size_t i = first; can_be_asked && i < last; i++)
        if (!auth->lines[i].ours)
            visit(context, auth->lines[i].module, auth->lines[i].arguments);
    for (size_t i = 0; i < service.file_count; i++)
        hop_lines_done(&service.files[i]);
    json_decref(quiet.list);
    return can_be_asked;
}
