/* SPDX-License-Identifier: Apache-2.0 */
#include "pam_service.h"

#include <string.h>
#include <unistd.h>

#define INCLUDE_DEPTH 8

static const char *const TYPE_WORDS[HOP_PAM_TYPE_COUNT] = {"auth", "account", "session"};

bool hop_pam_has_word(struct hop_span text, const char *word)
{
    struct hop_span part;
    while (hop_span_word(&text, &part))
        if (hop_span_is(part, word))
            return true;
    return false;
}

bool hop_pam_has_word_like(struct hop_span text, const char *start)
{
    struct hop_span part;
    while (hop_span_word(&text, &part))
        if (part.len >= strlen(start) && memcmp(part.at, start, strlen(start)) == 0)
            return true;
    return false;
}

enum hop_mode hop_pam_mode_of(const struct hop_pam_line *line, enum hop_mode mode)
{
    struct hop_span arguments = line->arguments, word;
    enum hop_mode own;
    while (hop_span_word(&arguments, &word))
        if (word.len > 5 && memcmp(word.at, "mode=", 5) == 0 &&
            hop_mode_parse((struct hop_span){word.at + 5, word.len - 5}, &own))
            mode = hop_mode_milder(mode, own);
    return mode;
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

static void push(struct hop_pam_stack *stack, const struct hop_pam_line *line)
{
    if (stack->count < HOP_PAM_STACK_MAX)
        stack->lines[stack->count++] = *line;
}

static void read_file(struct hop_pam_service *service, const char *path, int depth);

/* Beside the file that names it, as PAM finds it, or in the machine's own folder. */
static void include(struct hop_pam_service *service, struct hop_span name, int depth)
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
    if (service->findings != NULL)
        hop_finding(service->findings, HOP_STATE_WARNING, "pam", "put the file there",
                    "@include %.*s: cannot be read", (int)name.len, name.at);
}

/* "auth include FILE" brings that file's lines of its own type. */
static void take(struct hop_pam_service *service, size_t type, const struct hop_pam_line *line,
                 int depth)
{
    size_t only = service->only;
    if (hop_span_is(line->control, "include")) {
        service->only = type;
        include(service, line->module, depth);
        service->only = only;
    } else {
        push(&service->stacks[type], line);
    }
}

static void parse_line(struct hop_pam_service *service, struct hop_span text, int depth)
{
    struct hop_span type;
    struct hop_pam_line line = {.ours = false};
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
    line.stepped_up = line.ours && hop_pam_has_word(text, "stepped_up");
    line.authfail = line.ours && hop_pam_has_word(text, "authfail");
    line.codes = line.ours && hop_pam_has_word(text, "codes");
    for (size_t i = 0; i < HOP_PAM_TYPE_COUNT; i++)
        if (hop_span_is(type, TYPE_WORDS[i]) &&
            (service->only == i || service->only == HOP_PAM_TYPE_COUNT))
            take(service, i, &line, depth);
}

/* Lines that end in a backslash go on in the next: its bytes become blanks. */
static void join_lines(struct hop_lines *lines)
{
    for (size_t i = 0; i + 1 < lines->len; i++)
        if (lines->bytes[i] == '\\' && lines->bytes[i + 1] == '\n')
            lines->bytes[i] = lines->bytes[i + 1] = ' ';
}

static void read_file(struct hop_pam_service *service, const char *path, int depth)
{
    struct hop_error err = {0};
    if (depth == INCLUDE_DEPTH || service->file_count == HOP_PAM_FILES_MAX)
        return;
    struct hop_lines *lines = &service->files[service->file_count];
    if (hop_lines_read(path, lines, &err) != HOP_OK) {
        if (service->findings != NULL)
            hop_finding(service->findings, HOP_STATE_CRITICAL, "pam", "see INSTALL", "%s",
                        err.text);
        return;
    }
    service->file_count++;
    join_lines(lines);
    struct hop_span line;
    while (hop_lines_next(lines, &line))
        parse_line(service, line, depth);
}

static void folder_of(const char *path, char folder[HOP_PATH_MAX + 1])
{
    struct hop_text text = hop_text_over(folder, HOP_PATH_MAX + 1);
    const char *end = strrchr(path, '/');
    struct hop_span part = {path, end == NULL ? 0 : (size_t)(end - path)};
    hop_text_put_span(&text, end == NULL ? hop_span_of(".") : part);
}

bool hop_pam_service_read(const char *path, struct hop_findings *findings,
                          struct hop_pam_service *ret_service)
{
    memset(ret_service, 0, sizeof *ret_service);
    ret_service->findings = findings;
    ret_service->only = HOP_PAM_TYPE_COUNT;
    folder_of(path, ret_service->folder);
    read_file(ret_service, path, 0);
    return ret_service->file_count > 0;
}

void hop_pam_service_done(struct hop_pam_service *service)
{
    for (size_t i = 0; i < service->file_count; i++)
        hop_lines_done(&service->files[i]);
    service->file_count = 0;
}
