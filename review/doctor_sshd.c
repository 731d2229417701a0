/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

#include "findings.h"
#include "lines.h"

#define BLOCKS_MAX 64
#define INCLUDE_DEPTH 8
#define VALUE_MAX 512

enum keyword {
    KBD_INTERACTIVE,
    AUTH_METHODS,
    USE_PAM,
    KEYS_COMMAND,
    KEYS_FILE,
    PENALTY_EXEMPT,
    KEYWORD_COUNT
};

/* The values of one Match block, or of all that stands before the first; the first one counts. */
struct block {
    char match[VALUE_MAX];
    char values[KEYWORD_COUNT][VALUE_MAX];
    bool set[KEYWORD_COUNT];
};

struct config {
    struct hop_findings *findings;
    struct block *blocks; /* [0] is the global one */
    size_t count;
};

/* -- reading ------------------------------------------------------------------------------- */

static bool keyword_of(struct hop_span word, enum keyword *ret_keyword)
{
    static const struct {
        const char *word;
        enum keyword keyword;
    } KEYWORDS[] = {{"KbdInteractiveAuthentication", KBD_INTERACTIVE},
                    {"ChallengeResponseAuthentication", KBD_INTERACTIVE},
                    {"AuthenticationMethods", AUTH_METHODS},
                    {"UsePAM", USE_PAM},
                    {"AuthorizedKeysCommand", KEYS_COMMAND},
                    {"AuthorizedKeysFile", KEYS_FILE},
                    {"PerSourcePenaltyExemptList", PENALTY_EXEMPT}};
    for (size_t i = 0; i < sizeof KEYWORDS / sizeof *KEYWORDS; i++) {
        if (strlen(KEYWORDS[i].word) != word.len ||
            strncasecmp(KEYWORDS[i].word, word.at, word.len) != 0)
            continue;
        *ret_keyword = KEYWORDS[i].keyword;
        return true;
    }
    return false;
}

static bool is_word(struct hop_span span, const char *word)
{
    return span.len == strlen(word) && strncasecmp(span.at, word, span.len) == 0;
}

static void copy(char buffer[VALUE_MAX], struct hop_span value)
{
    struct hop_text text = hop_text_over(buffer, VALUE_MAX);
    hop_text_put_span(&text, value);
}

static void read_file(struct config *config, const char *path, int depth);

/* As sshd does, names without '/' at the front are in /etc/ssh. */
static void include(struct config *config, struct hop_span patterns, int depth)
{
    struct hop_span pattern;
    while (depth < INCLUDE_DEPTH && hop_span_word(&patterns, &pattern)) {
        char path[VALUE_MAX];
        struct hop_text text = hop_text_over(path, sizeof path);
        hop_text_put(&text, pattern.at[0] == '/' ? "" : "/etc/ssh/");
        hop_text_put_span(&text, pattern);
        glob_t found;
        if (text.cut || glob(path, 0, NULL, &found) != 0)
            continue;
        for (size_t i = 0; i < found.gl_pathc; i++)
            read_file(config, found.gl_pathv[i], depth + 1);
        globfree(&found);
    }
}

static void begin_block(struct config *config, struct hop_span match)
{
    if (config->count == BLOCKS_MAX)
        return;
    struct block *block = &config->blocks[config->count++];
    memset(block, 0, sizeof *block);
    copy(block->match, match);
}

/* "Match all" goes back to the values for everybody, and so do values before the first Match. */
static void parse_line(struct config *config, struct hop_span line, size_t *current, int depth)
{
    struct hop_span rest = hop_span_trim(line), word;
    enum keyword keyword;
    if (rest.len == 0 || rest.at[0] == '#')
        return;
    word = (struct hop_span){rest.at, 0};
    while (word.len < rest.len && strchr(" \t=", rest.at[word.len]) == NULL)
        word.len++;
    rest = (struct hop_span){rest.at + word.len, rest.len - word.len};
    while (rest.len > 0 && strchr(" \t=", rest.at[0]) != NULL)
        rest = (struct hop_span){rest.at + 1, rest.len - 1};
    if (is_word(word, "Include")) {
        include(config, rest, depth);
    } else if (is_word(word, "Match")) {
        *current = 0;
        if (!is_word(rest, "all")) {
            begin_block(config, rest);
            *current = config->count - 1;
        }
    } else if (keyword_of(word, &keyword) && !config->blocks[*current].set[keyword]) {
        config->blocks[*current].set[keyword] = true;
        copy(config->blocks[*current].values[keyword], rest);
    }
}

static void read_file(struct config *config, const char *path, int depth)
{
    struct hop_lines lines;
    struct hop_span line;
    struct hop_error err = {0};
    size_t current = 0;
    if (hop_lines_read(path, &lines, &err) != HOP_OK) {
        hop_finding(config->findings, HOP_STATE_WARNING, "sshd", "run doctor as root", "%s",
                    err.text);
        return;
    }
    while (hop_lines_next(&lines, &line))
        parse_line(config, line, &current, depth);
    hop_lines_done(&lines);
}

/* -- the version --------------------------------------------------------------------------- */

static void become(const char *program, int output)
{
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    execl(program, program, "-V", (char *)NULL);
    _exit(127);
}

static size_t read_output(int input, char *buffer, size_t size)
{
    size_t len = 0;
    ssize_t got;
    while (len < size - 1 && (got = read(input, buffer + len, size - 1 - len)) > 0)
        len += (size_t)got;
    buffer[len] = '\0';
    return len;
}

static void ask(const char *program, char *buffer, size_t size)
{
    int ends[2];
    buffer[0] = '\0';
    if (pipe(ends) != 0)
        return;
    pid_t pid = fork();
    if (pid == 0)
        become(program, ends[1]);
    close(ends[1]);
    if (pid > 0) {
        read_output(ends[0], buffer, size);
        waitpid(pid, NULL, 0);
    }
    close(ends[0]);
}

/* 902 for OpenSSH_9.2p1; 0 when it does not tell. Versions before 9.3 take -V for a mistake, and
 * tell it all the same. */
static int version_of(const char *program)
{
    char said[4096];
    ask(program, said, sizeof said);
    const char *found = strstr(said, "OpenSSH_");
    char *end;
    if (found == NULL || !isdigit((unsigned char)found[8]))
        return 0;
    long major = strtol(found + 8, &end, 10);
    long minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;
    return major > 99 || minor > 99 ? 0 : (int)(major * 100 + minor);
}

/* -- judging ------------------------------------------------------------------------------- */

/* What holds in a block: its own value, else everybody's; "" when nothing is set. */
static const char *value(const struct config *config, const struct block *block,
                         enum keyword keyword)
{
    return block->set[keyword] ? block->values[keyword] : config->blocks[0].values[keyword];
}

static const char *where(const struct block *block)
{
    return block->match[0] != '\0' ? block->match : "all";
}

static void check_asking(struct config *config, const struct block *block)
{
    const char *methods = value(config, block, AUTH_METHODS);
    if (strstr(methods, "keyboard-interactive") == NULL)
        return;
    const char *asking = value(config, block, KBD_INTERACTIVE);
    if (strcasecmp(asking, "no") == 0)
        hop_finding(config->findings, HOP_STATE_CRITICAL, "sshd",
                    "KbdInteractiveAuthentication yes, before the first Match",
                    "Match %s: AuthenticationMethods wants keyboard-interactive, which is off",
                    where(block));
    else
        hop_finding(config->findings, HOP_STATE_FINE, "sshd", NULL, "Match %s: people can be asked",
                    where(block));
}

static void check_helper(struct config *config, const struct block *block, int version)
{
    const char *command = value(config, block, KEYS_COMMAND);
    if (strstr(command, "hopwarden-keys") == NULL)
        return;
    const char *file = value(config, block, KEYS_FILE);
    if (strcasecmp(file, "none") != 0)
        hop_finding(config->findings, HOP_STATE_CRITICAL, "sshd", "AuthorizedKeysFile none",
                    "Match %s: keys in %s never reach the helper", where(block),
                    file[0] != '\0' ? file : ".ssh/authorized_keys");
    if (strstr(command, "%C") != NULL && version != 0 && version < 904)
        hop_finding(config->findings, HOP_STATE_CRITICAL, "sshd",
                    "AuthorizedKeysCommand ... %u %t %k",
                    "Match %s: AuthorizedKeysCommand has %%C, with which every publickey login "
                    "fails before OpenSSH 9.4",
                    where(block));
}

static void check_everybody(struct config *config, int version)
{
    const struct block *all = &config->blocks[0];
    if (strcasecmp(all->values[USE_PAM], "yes") != 0)
        hop_finding(config->findings, HOP_STATE_CRITICAL, "sshd", "UsePAM yes",
                    "UsePAM is not on: no login is judged");
    if (version >= 908 && all->values[PENALTY_EXEMPT][0] == '\0')
        hop_finding(config->findings, HOP_STATE_WARNING, "sshd",
                    "PerSourcePenaltyExemptList with home's networks",
                    "four refused logins ban a source address: an intruder behind a bastion locks "
                    "the bastion out");
    if (version == 0)
        hop_finding(config->findings, HOP_STATE_WARNING, "sshd", "name it with --sshd",
                    "its version is unknown");
}

void hop_doctor_sshd(struct hop_findings *findings, const char *path, const char *program)
{
    struct config config = {.findings = findings};
    config.blocks = calloc(BLOCKS_MAX, sizeof *config.blocks);
    if (config.blocks == NULL)
        return;
    config.count = 1;
    int version = version_of(program);
    if (access(path, R_OK) == 0) {
        read_file(&config, path, 0);
        check_everybody(&config, version);
        for (size_t i = 0; i < config.count; i++) {
            check_asking(&config, &config.blocks[i]);
            check_helper(&config, &config.blocks[i], version);
        }
    } else {
        hop_finding(findings, HOP_STATE_WARNING, "sshd", "run doctor as root, or name the file",
                    "%s: cannot be read", path);
    }
    free(config.blocks);
}
