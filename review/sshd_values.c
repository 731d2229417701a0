/* SPDX-License-Identifier: Apache-2.0 */
#include "sshd_values.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_MAX (1u << 16)

static const char *const KEYWORDS[HOP_SSHD_KEYWORD_COUNT] = {"usepam",
                                                             "kbdinteractiveauthentication",
                                                             "passwordauthentication",
                                                             "authenticationmethods",
                                                             "permitrootlogin",
                                                             "authorizedkeyscommand",
                                                             "authorizedkeyscommanduser",
                                                             "authorizedkeysfile",
                                                             "trustedusercakeys",
                                                             "authorizedprincipalscommand",
                                                             "authorizedprincipalsfile",
                                                             "persourcepenaltyexemptlist"};

#define WORDS_MAX 6

/* The words end with the first NULL. */
static void become(const char *const words[WORDS_MAX], int output)
{
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    dup2(nothing, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    execl(words[0], words[0], words[1], words[2], words[3], words[4], words[5], (char *)NULL);
    _exit(127);
}

/* All of it, so that the program does not die of a full pipe; what is beyond `size` is dropped. */
static void read_output(int input, char *buffer, size_t size)
{
    char rest[512];
    size_t len = 0;
    ssize_t got = 1;
    while (got > 0) {
        bool room = len < size - 1;
        got = room ? read(input, buffer + len, size - 1 - len) : read(input, rest, sizeof rest);
        if (room && got > 0)
            len += (size_t)got;
    }
    buffer[len] = '\0';
}

/* What the program printed on both its outputs; true if it ended with 0. */
static bool ask(const char *const words[WORDS_MAX], char *buffer, size_t size)
{
    int ends[2], status = -1;
    buffer[0] = '\0';
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    pid_t pid = fork();
    if (pid == 0)
        become(words, ends[1]);
    close(ends[1]);
    if (pid > 0) {
        read_output(ends[0], buffer, size);
        waitpid(pid, &status, 0);
    }
    close(ends[0]);
    return status == 0;
}

int hop_sshd_version(const char *program)
{
    /* versions before 9.3 take -V for a mistake, and tell it all the same */
    char said[4096];
    const char *const words[WORDS_MAX] = {program, "-V"};
    ask(words, said, sizeof said);
    const char *found = strstr(said, "OpenSSH_");
    char *end;
    if (found == NULL || !isdigit((unsigned char)found[8]))
        return 0;
    long major = strtol(found + 8, &end, 10);
    long minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;
    return major > 99 || minor > 99 ? 0 : (int)(major * 100 + minor);
}

static void keep(struct hop_sshd_values *values, struct hop_span line)
{
    struct hop_span word;
    if (!hop_span_word(&line, &word))
        return;
    for (size_t i = 0; i < HOP_SSHD_KEYWORD_COUNT; i++) {
        if (!hop_span_is(word, KEYWORDS[i]))
            continue;
        struct hop_text text = hop_text_over(values->of[i], HOP_SSHD_VALUE_MAX);
        hop_text_put_span(&text, hop_span_trim(line));
    }
}

static void first_line(const char *said, char ret_why[HOP_SSHD_VALUE_MAX])
{
    struct hop_span rest = hop_span_of(said), line, first = {said, 0};
    struct hop_text text = hop_text_over(ret_why, HOP_SSHD_VALUE_MAX);
    while (first.len == 0 && hop_span_cut(&rest, '\n', &line))
        first = hop_span_trim(line);
    hop_text_put_span(&text, first.len > 0 ? first : hop_span_of("it says nothing"));
}

bool hop_sshd_effective(const char *program, const char *path, const char *account,
                        const char *address, struct hop_sshd_values *ret_values,
                        char ret_why[HOP_SSHD_VALUE_MAX])
{
    char of[HOP_SSHD_VALUE_MAX];
    const char *const words[WORDS_MAX] = {program, "-T", "-f", path, "-C", of};
    struct hop_text text = hop_text_over(of, sizeof of);
    char *said = malloc(OUTPUT_MAX);
    memset(ret_values, 0, sizeof *ret_values);
    hop_text_format(&text, "user=%s,host=%s,addr=%s", account, address, address);
    ret_why[0] = '\0';
    bool fine = said != NULL && !text.cut && ask(words, said, OUTPUT_MAX);
    struct hop_span rest = hop_span_of(fine ? said : ""), line;
    while (hop_span_cut(&rest, '\n', &line))
        keep(ret_values, line);
    if (!fine)
        first_line(said != NULL ? said : "", ret_why);
    free(said);
    return fine;
}
