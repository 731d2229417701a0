/* SPDX-License-Identifier: Apache-2.0 */
/* sshd as it is configured for each judged account, and the traps in that. */
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doctor_accounts.h"
#include "file.h"
#include "findings.h"
#include "sshd_values.h"

#define GROUPS_MAX 32
#define NAMES_MAX 160
#define TOLD_MAX 64
#define INTERNET "192.0.2.1" /* of TEST-NET-1 (RFC 5737): nobody's */
#define KEYS_FOLDER "/etc/hopwarden/keys.d"
#define OUTSIDER "nobody"

/* Accounts that sshd and hopwarden treat alike. */
struct group {
    struct hop_sshd_values values;
    enum hop_class class;
    bool root;
    const char *address; /* NULL: from everywhere */
    char names[NAMES_MAX];
};

struct told {
    enum hop_state state;
    const char *mend;
    char sentence[HOP_CELL_MAX], names[NAMES_MAX];
};

struct sshd {
    struct hop_findings *findings;
    const char *path, *program;
    int version;
    struct group *groups;
    size_t count;
    struct told *told;
    size_t told_count;
    bool helped; /* hopwarden-keys serves somebody */
};

/* -- asking -------------------------------------------------------------------------------- */

static bool is_alike(const struct group *group, const struct hop_account *account,
                     const struct hop_sshd_values *values, const char *address)
{
    return group->class == account->class && group->root == (strcmp(account->name, "root") == 0) &&
           group->address == address && memcmp(&group->values, values, sizeof *values) == 0;
}

/* "anna, ben, ..." */
static void join(char names[NAMES_MAX], const char *name)
{
    size_t len = strlen(names);
    struct hop_text text = hop_text_over(names + len, NAMES_MAX - len);
    if (len == 0)
        hop_text_put(&text, name);
    else if (len + strlen(name) + 2 < NAMES_MAX - sizeof ", ...")
        hop_text_format(&text, ", %s", name);
    else if (len > 3 && strcmp(names + len - 3, "...") != 0)
        hop_text_put(&text, ", ...");
}

static void sort_in(struct sshd *sshd, const struct hop_account *account,
                    const struct hop_sshd_values *values, const char *address)
{
    size_t at = 0;
    while (at < sshd->count && !is_alike(&sshd->groups[at], account, values, address))
        at++;
    if (at == GROUPS_MAX)
        return;
    struct group *group = &sshd->groups[at];
    if (at == sshd->count) {
        sshd->count++;
        *group = (struct group){.values = *values, .class = account->class, .address = address};
        group->root = strcmp(account->name, "root") == 0;
    }
    join(group->names, account->name);
}

/* Without a provider behind it the helper knows keys.d alone. */
static void check_key_file(struct sshd *sshd, const char *account,
                           const struct hop_sshd_values *values)
{
    const char *command = values->of[HOP_SSHD_KEYS_COMMAND];
    struct hop_file_rule rule = {.owner = 0, .forbidden = 022, .most = SIZE_MAX};
    struct hop_error err = {0};
    char path[HOP_PATH_MAX + 1];
    struct hop_text text = hop_text_over(path, sizeof path);
    int fd;
    if (strstr(command, "hopwarden-keys") == NULL || strstr(command, "--chain") != NULL)
        return;
    hop_text_format(&text, KEYS_FOLDER "/%s", account);
    if (hop_file_open(path, &rule, &fd, &err) == HOP_OK)
        close(fd);
    else
        hop_finding(sshd->findings, HOP_STATE_WARNING, "keys", "hopwarden keys import",
                    "%s: %s: no key of %s is accepted", path, err.text, account);
}

/* Also from home, where that is another matter than from the internet. */
static bool ask_for(struct sshd *sshd, const struct hop_account *account, const char *home)
{
    char why[HOP_SSHD_VALUE_MAX];
    struct hop_sshd_values outside, inside;
    bool fine =
        hop_sshd_effective(sshd->program, sshd->path, account->name, INTERNET, &outside, why) &&
        (home[0] == '\0' ||
         hop_sshd_effective(sshd->program, sshd->path, account->name, home, &inside, why));
    if (!fine) {
        hop_finding(sshd->findings, HOP_STATE_CRITICAL, "sshd",
                    "mend what it names, as root; nobody gets in after sshd's next start",
                    "sshd -T for %s: %s", account->name, why);
        return false;
    }
    check_key_file(sshd, account->name, &outside);
    bool differs = home[0] != '\0' && memcmp(&outside, &inside, sizeof inside) != 0;
    sort_in(sshd, account, &outside, differs ? INTERNET : NULL);
    if (differs)
        sort_in(sshd, account, &inside, home);
    return true;
}

/* -- judging ------------------------------------------------------------------------------- */

static const char *of(const struct group *group, enum hop_sshd_keyword keyword)
{
    return group->values.of[keyword];
}

static bool is_set(const char *value)
{
    return value[0] != '\0' && strcasecmp(value, "none") != 0;
}

/* "anna, ben from 192.0.2.1" */
static const char *who(const struct group *group, char buffer[HOP_CELL_MAX])
{
    struct hop_text text = hop_text_over(buffer, HOP_CELL_MAX);
    hop_text_put(&text, group->names);
    if (group->address != NULL)
        hop_text_format(&text, " from %s", group->address);
    return buffer;
}

/* One sentence for all whom it concerns. */
static void tell(struct sshd *sshd, const struct group *group, enum hop_state state,
                 const char *mend, const char *format, ...) __attribute__((format(printf, 5, 6)));

static void tell(struct sshd *sshd, const struct group *group, enum hop_state state,
                 const char *mend, const char *format, ...)
{
    char sentence[HOP_CELL_MAX], names[HOP_CELL_MAX];
    va_list arguments;
    size_t at = 0;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    while (at < sshd->told_count && strcmp(sshd->told[at].sentence, sentence) != 0)
        at++;
    if (at == TOLD_MAX)
        return;
    struct told *told = &sshd->told[at];
    if (at == sshd->told_count) {
        sshd->told_count++;
        *told = (struct told){.state = state, .mend = mend};
        hop_string_copy(told->sentence, sizeof told->sentence, sentence);
    }
    join(told->names, who(group, names));
}

static void tell_all(const struct sshd *sshd)
{
    for (size_t i = 0; i < sshd->told_count; i++)
        hop_finding(sshd->findings, sshd->told[i].state, "sshd", sshd->told[i].mend, "%s: %s",
                    sshd->told[i].names, sshd->told[i].sentence);
}

static void check_pam(struct sshd *sshd, const struct group *group)
{
    if (strcasecmp(of(group, HOP_SSHD_USE_PAM), "yes") != 0)
        tell(sshd, group, HOP_STATE_CRITICAL, "UsePAM yes", "UsePAM is not on, no login is judged");
}

static bool asks(const struct group *group)
{
    return strstr(of(group, HOP_SSHD_METHODS), "keyboard-interactive") != NULL;
}

static void check_root(struct sshd *sshd, const struct group *group)
{
    const char *root = of(group, HOP_SSHD_ROOT);
    if (group->root && asks(group) &&
        (strcmp(root, "without-password") == 0 || strcmp(root, "prohibit-password") == 0))
        tell(sshd, group, HOP_STATE_CRITICAL,
             "a Match block for root with AuthenticationMethods publickey, before the others",
             "with keyboard-interactive and PermitRootLogin %s sshd ends every login", root);
}

static void check_asking(struct sshd *sshd, const struct group *group)
{
    const char *methods = of(group, HOP_SSHD_METHODS);
    bool any = !is_set(methods) || strcasecmp(methods, "any") == 0;
    if (group->class == HOP_CLASS_AUTOMATION && asks(group))
        tell(sshd, group, HOP_STATE_CRITICAL,
             "AuthenticationMethods publickey in a Match block of its own",
             "automation never answers keyboard-interactive, which AuthenticationMethods wants");
    else if (group->class != HOP_CLASS_AUTOMATION && any &&
             strcasecmp(of(group, HOP_SSHD_PASSWORD), "yes") == 0)
        tell(sshd, group, HOP_STATE_WARNING,
             "AuthenticationMethods publickey,keyboard-interactive:pam",
             "a password alone is enough, and a hidden question is answered with it");
    else if (asks(group) && strcasecmp(of(group, HOP_SSHD_KBD_INTERACTIVE), "no") == 0)
        tell(sshd, group, HOP_STATE_CRITICAL,
             "KbdInteractiveAuthentication yes, before the first Match",
             "AuthenticationMethods wants keyboard-interactive, which is off");
    else if (asks(group))
        tell(sshd, group, HOP_STATE_FINE, NULL, "can be asked");
    else if (group->class != HOP_CLASS_AUTOMATION)
        tell(sshd, group, HOP_STATE_FINE, NULL, "cannot be asked, a step-up is a refusal");
}

static void check_part(struct sshd *sshd, const struct group *group, const char *part,
                       const char *name)
{
    struct stat about;
    if (stat(part, &about) != 0 || about.st_uid != 0 || (about.st_mode & 022) != 0)
        tell(sshd, group, HOP_STATE_CRITICAL, "chown root, chmod go-w",
             "%s is not root's alone: sshd does not run %s, no key is accepted", part, name);
}

/* sshd runs a helper only if root alone can change it and every folder above it. */
static void check_program(struct sshd *sshd, const struct group *group, struct hop_span path)
{
    char name[HOP_PATH_MAX + 1];
    struct hop_text text = hop_text_over(name, sizeof name);
    hop_text_put_span(&text, path);
    char *real = realpath(name, NULL);
    struct stat about;
    if (real == NULL || stat(real, &about) != 0 || !S_ISREG(about.st_mode) ||
        (about.st_mode & 0111) == 0) {
        tell(sshd, group, HOP_STATE_CRITICAL,
             "install it, or take its lines out of sshd_config and reload sshd",
             "%s is no program that can be run: no key is accepted", name);
        free(real);
        return;
    }
    check_part(sshd, group, real, name);
    for (char *slash = strrchr(real, '/'); slash != NULL; slash = strrchr(real, '/')) {
        *slash = '\0';
        check_part(sshd, group, slash == real ? "/" : real, name);
    }
    free(real);
}

static void check_user(struct sshd *sshd, const struct group *group)
{
    const char *name = of(group, HOP_SSHD_KEYS_USER);
    const struct passwd *entry = is_set(name) ? getpwnam(name) : NULL;
    if (entry == NULL)
        tell(sshd, group, HOP_STATE_CRITICAL,
             "systemd-sysusers; AuthorizedKeysCommandUser hopwarden",
             "AuthorizedKeysCommandUser %s is not there: no key is accepted", name);
    else if (entry->pw_uid == 0)
        tell(sshd, group, HOP_STATE_WARNING, "AuthorizedKeysCommandUser hopwarden",
             "AuthorizedKeysCommandUser is root: the helper needs no right but to read");
}

static struct hop_span program_of(const char *command)
{
    struct hop_span rest = hop_span_of(command), word = {command, 0};
    hop_span_word(&rest, &word);
    return word;
}

static void check_helper(struct sshd *sshd, const struct group *group)
{
    const char *command = of(group, HOP_SSHD_KEYS_COMMAND);
    const char *file = of(group, HOP_SSHD_KEYS_FILE);
    if (is_set(file))
        tell(sshd, group, HOP_STATE_CRITICAL, "AuthorizedKeysFile none",
             "keys in %s never reach the helper: a frozen key there opens the door", file);
    if (strstr(command, "%C") != NULL && sshd->version != 0 && sshd->version < 904)
        tell(sshd, group, HOP_STATE_CRITICAL, "AuthorizedKeysCommand ... %u %t %k",
             "AuthorizedKeysCommand has %%C, with which every publickey login fails before OpenSSH "
             "9.4");
    check_program(sshd, group, program_of(command));
    check_user(sshd, group);
}

static void check_keys(struct sshd *sshd, const struct group *group)
{
    const char *command = of(group, HOP_SSHD_KEYS_COMMAND);
    if (strstr(command, "hopwarden-keys") != NULL)
        check_helper(sshd, group);
    else if (is_set(command))
        tell(sshd, group, HOP_STATE_WARNING,
             "AuthorizedKeysCommand .../hopwarden-keys --chain, then that one",
             "keys come from %s and never reach hopwarden-keys", command);
    else if (sshd->helped)
        tell(sshd, group, HOP_STATE_WARNING, "the same helper lines in their Match block",
             "no AuthorizedKeysCommand, while other accounts have hopwarden-keys");
}

static void check_certificates(struct sshd *sshd, const struct group *group)
{
    const char *command = of(group, HOP_SSHD_PRINCIPALS_COMMAND);
    const char *file = of(group, HOP_SSHD_PRINCIPALS_FILE);
    if (!is_set(of(group, HOP_SSHD_CA_KEYS)) || !sshd->helped)
        return;
    if (strstr(command, "hopwarden-principals") == NULL) {
        tell(sshd, group, HOP_STATE_WARNING,
             "AuthorizedPrincipalsCommand .../hopwarden-principals %u %t %k",
             "certificates never reach a helper: hopwarden-principals is not asked");
        return;
    }
    if (is_set(file))
        tell(sshd, group, HOP_STATE_CRITICAL, "AuthorizedPrincipalsFile none",
             "certificates that %s accepts never reach the helper", file);
    check_program(sshd, group, program_of(command));
}

/* A provider that serves everybody else was there before: its keys for these accounts are dead. */
static void check_provider(struct sshd *sshd, const struct group *group,
                           const struct hop_sshd_values *others)
{
    const char *own = of(group, HOP_SSHD_KEYS_COMMAND);
    const char *other = others->of[HOP_SSHD_KEYS_COMMAND];
    if (strstr(own, "hopwarden-keys") != NULL && strstr(own, "--chain") == NULL && is_set(other) &&
        strstr(other, "hopwarden-keys") == NULL)
        tell(sshd, group, HOP_STATE_WARNING, "hopwarden-keys --chain, then that command",
             "two key commands: %s serves others, and sshd asks one only", other);
}

static void check_everybody(const struct sshd *sshd, const struct hop_sshd_values *others)
{
    if (sshd->version >= 908 && !is_set(others->of[HOP_SSHD_PENALTY_EXEMPT]))
        hop_finding(sshd->findings, HOP_STATE_WARNING, "sshd",
                    "PerSourcePenaltyExemptList with home's networks",
                    "four refused logins ban a source address: an intruder behind a bastion locks "
                    "the bastion out");
    if (sshd->version == 0)
        hop_finding(sshd->findings, HOP_STATE_WARNING, "sshd", "name it with --sshd",
                    "its version is unknown");
}

static void check_group(struct sshd *sshd, const struct group *group,
                        const struct hop_sshd_values *others)
{
    check_pam(sshd, group);
    check_root(sshd, group);
    check_asking(sshd, group);
    check_keys(sshd, group);
    check_certificates(sshd, group);
    check_provider(sshd, group, others);
}

static void ask_for_all(struct sshd *sshd, const struct hop_accounts *accounts, const char *home)
{
    struct hop_sshd_values others;
    char why[HOP_SSHD_VALUE_MAX];
    for (size_t i = 0; i < accounts->count; i++)
        if (!ask_for(sshd, &accounts->items[i], home))
            return;
    for (size_t i = 0; i < sshd->count; i++)
        sshd->helped |=
            strstr(of(&sshd->groups[i], HOP_SSHD_KEYS_COMMAND), "hopwarden-keys") != NULL;
    hop_sshd_effective(sshd->program, sshd->path, OUTSIDER, INTERNET, &others, why);
    check_everybody(sshd, &others);
    for (size_t i = 0; i < sshd->count; i++)
        check_group(sshd, &sshd->groups[i], &others);
    tell_all(sshd);
}

void hop_doctor_sshd(struct hop_findings *findings, const struct hop_accounts *accounts,
                     const char *home, const char *path, const char *program)
{
    struct sshd sshd = {.findings = findings, .path = path, .program = program};
    sshd.groups = calloc(GROUPS_MAX, sizeof *sshd.groups);
    sshd.told = calloc(TOLD_MAX, sizeof *sshd.told);
    sshd.version = hop_sshd_version(program);
    if (sshd.groups != NULL && sshd.told != NULL && access(path, R_OK) == 0)
        ask_for_all(&sshd, accounts, home);
    else
        hop_finding(findings, HOP_STATE_WARNING, "sshd", "run doctor as root, or name the file",
                    "%s: cannot be read", path);
    free(sshd.told);
    free(sshd.groups);
}
