/* SPDX-License-Identifier: Apache-2.0 */
#include "factor.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

#include "lines.h"
#include "pam_service.h"

struct search {
    const struct passwd *user;
    size_t factors;
    struct hop_factor found;
};

const char *hop_factor_word(enum hop_factor_state state)
{
    static const char *const WORDS[HOP_FACTOR_COUNT] = {"unknown", "no", "yes"};
    return WORDS[state];
}

/* What speaks for "can" wins, then what nobody can tell. */
static void note(struct search *search, enum hop_factor_state state, const char *module,
                 const char *what, const char *path)
{
    static const int WEIGHT[HOP_FACTOR_COUNT] = {
        [HOP_FACTOR_CANNOT] = 0, [HOP_FACTOR_UNKNOWN] = 1, [HOP_FACTOR_CAN] = 2};
    struct hop_factor *found = &search->found;
    if (search->factors++ > 0 && WEIGHT[state] <= WEIGHT[found->state])
        return;
    struct hop_text text = hop_text_over(found->why, sizeof found->why);
    found->state = state;
    hop_text_format(&text, "%s: %s%s%s", module, what, path[0] != '\0' ? " " : "", path);
}

/* The value of "name=..." among a line's words; the empty span when it is not there. */
static struct hop_span value_of(struct hop_span words, const char *name)
{
    struct hop_span word;
    size_t len = strlen(name);
    while (hop_span_word(&words, &word))
        if (word.len > len && memcmp(word.at, name, len) == 0 && word.at[len] == '=')
            return (struct hop_span){word.at + len + 1, word.len - len - 1};
    return (struct hop_span){NULL, 0};
}

static bool take(struct hop_span *rest, const char *start)
{
    size_t len = strlen(start);
    if (rest->len < len || memcmp(rest->at, start, len) != 0)
        return false;
    rest->at += len;
    rest->len -= len;
    return true;
}

/* ~, ${HOME}, ${USER}, %h and %u as the modules have them; a relative path lies in the home. */
static bool expand(struct hop_span pattern, const struct passwd *user, char path[HOP_PATH_MAX + 1])
{
    struct hop_text text = hop_text_over(path, HOP_PATH_MAX + 1);
    bool home = take(&pattern, "~") || take(&pattern, "${HOME}") || take(&pattern, "%h");
    if (home)
        hop_text_put(&text, user->pw_dir);
    else if (pattern.len > 0 && pattern.at[0] != '/')
        hop_text_format(&text, "%s/", user->pw_dir);
    while (pattern.len > 0) {
        if (take(&pattern, "${USER}") || take(&pattern, "%u"))
            hop_text_put(&text, user->pw_name);
        else if (take(&pattern, "${HOME}"))
            hop_text_put(&text, user->pw_dir);
        else {
            hop_text_put_char(&text, pattern.at[0]);
            pattern = (struct hop_span){pattern.at + 1, pattern.len - 1};
        }
    }
    return !text.cut;
}

static void look_for_file(struct search *search, const char *module, struct hop_span pattern)
{
    char path[HOP_PATH_MAX + 1];
    struct stat status;
    if (!expand(pattern, search->user, path))
        note(search, HOP_FACTOR_UNKNOWN, module, "path too long", "");
    else if (stat(path, &status) == 0)
        note(search, HOP_FACTOR_CAN, module, "enrolled in", path);
    else if (errno == ENOENT || errno == ENOTDIR)
        note(search, HOP_FACTOR_CANNOT, module, "not enrolled, there is no", path);
    else
        note(search, HOP_FACTOR_UNKNOWN, module, "cannot look at", path);
}

/* "HOTP/T30 anna - 00" */
static bool is_oath_line(struct hop_span line, const char *account)
{
    struct hop_span type, name;
    return hop_span_word(&line, &type) && type.at[0] != '#' && hop_span_word(&line, &name) &&
           hop_span_is(name, account);
}

/* "anna:<key handle>,..." */
static bool is_u2f_line(struct hop_span line, const char *account)
{
    struct hop_span name;
    return hop_span_cut(&line, ':', &name) && hop_span_is(name, account) && line.len > 0;
}

static void look_in_list(struct search *search, const char *module, struct hop_span pattern,
                         bool (*is_line)(struct hop_span line, const char *account))
{
    char path[HOP_PATH_MAX + 1];
    struct hop_lines lines;
    struct hop_span line;
    bool found = false;
    if (!expand(pattern, search->user, path) || hop_lines_read(path, &lines, NULL) != HOP_OK) {
        struct stat status;
        bool missing = stat(path, &status) != 0 && errno == ENOENT;
        note(search, missing ? HOP_FACTOR_CANNOT : HOP_FACTOR_UNKNOWN, module,
             missing ? "not enrolled, there is no" : "cannot read", path);
        return;
    }
    while (!found && hop_lines_next(&lines, &line))
        found = is_line(line, search->user->pw_name);
    hop_lines_done(&lines);
    note(search, found ? HOP_FACTOR_CAN : HOP_FACTOR_CANNOT, module,
         found ? "enrolled in" : "not enrolled in", path);
}

static struct hop_span or_else(struct hop_span value, const char *usual)
{
    return value.len > 0 ? value : hop_span_of(usual);
}

static void look_at(struct search *search, struct hop_span module, struct hop_span arguments)
{
    char name[HOP_NAME_MAX + 1] = "";
    while (memchr(module.at, '/', module.len) != NULL)
        module = (struct hop_span){module.at + 1, module.len - 1};
    hop_span_copy(module, name, sizeof name);
    if (strcmp(name, "pam_google_authenticator.so") == 0)
        look_for_file(search, name,
                      or_else(value_of(arguments, "secret"), "~/.google_authenticator"));
    else if (strcmp(name, "pam_oath.so") == 0)
        look_in_list(search, name, or_else(value_of(arguments, "usersfile"), "/etc/users.oath"),
                     is_oath_line);
    else if (strcmp(name, "pam_u2f.so") == 0)
        look_in_list(search, name,
                     or_else(value_of(arguments, "authfile"), "~/.config/Yubico/u2f_keys"),
                     is_u2f_line);
    else
        note(search, HOP_FACTOR_UNKNOWN, name, "keeps its users elsewhere", "");
}

/* What stands between hopwarden's auth line and its stepped_up line. False without such a place. */
static bool look_at_all(struct search *search, const struct hop_pam_stack *auth)
{
    size_t first = 0, last = 0;
    while (last < auth->count && !auth->lines[last].stepped_up)
        last++;
    while (first < last && !auth->lines[first].ours)
        first++;
    bool can_be_asked = first < last && last < auth->count;
    for (size_t i = first; can_be_asked && i < last; i++)
        if (!auth->lines[i].ours)
            look_at(search, auth->lines[i].module, auth->lines[i].arguments);
    return can_be_asked;
}

void hop_factor_of(const char *pam_path, const char *account, struct hop_factor *ret_factor)
{
    struct search search = {.user = getpwnam(account)};
    struct hop_text text = hop_text_over(search.found.why, sizeof search.found.why);
    struct hop_pam_service service;
    bool readable = search.user != NULL && hop_pam_service_read(pam_path, NULL, &service);
    if (search.user == NULL)
        hop_text_put(&text, "no account of this host");
    else if (!readable)
        hop_text_format(&text, "%s: cannot be read", pam_path);
    else if (!look_at_all(&search, &service.stacks[HOP_PAM_AUTH]))
        hop_text_format(&text, "%s: no second factor stands there: nobody can be asked", pam_path);
    if (readable && search.factors == 0)
        search.found.state = HOP_FACTOR_CANNOT;
    if (readable)
        hop_pam_service_done(&service);
    *ret_factor = search.found;
}
