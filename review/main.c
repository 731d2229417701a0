/* SPDX-License-Identifier: Apache-2.0 */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "verbs.h"

static const struct verb {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} VERBS[] = {
    {"acl", hop_verb_acl,
     "who may do what in a Redis shared with customers, as lines of its aclfile"},
    {"codes", hop_verb_codes, "single-use codes for a break-glass account"},
    {"config", hop_verb_config, "check the configuration, show it, list every option"},
    {"confirm", hop_verb_confirm, "vouch for a login: its values count as confirmed"},
    {"doctor", hop_verb_doctor, "look for what is wrong with this installation"},
    {"dump", hop_verb_dump, "write a whole history as lines, to move it elsewhere"},
    {"enforce", hop_verb_enforce, "set mode enforce, which falls back unless it is confirmed"},
    {"explain", hop_verb_explain, "why a login was answered so, or how one would be"},
    {"flush", hop_verb_flush, "write what could not be recorded while the history was away"},
    {"forget", hop_verb_forget, "take all that is known of an account out of the history"},
    {"freeze", hop_verb_freeze, "ask for a step-up, or block, whatever the score"},
    {"history", hop_verb_history, "what an account has done before"},
    {"import", hop_verb_import, "learn from a login log or from sshd's lines in auth.log"},
    {"keys", hop_verb_keys, "the authorized keys that hopwarden-keys serves"},
    {"load", hop_verb_load, "put what dump wrote into this history"},
    {"log", hop_verb_log, "the logins that were judged, and what became of them"},
    {"permit", hop_verb_permit, "for some hours let an account in that would be refused"},
    {"prune", hop_verb_prune, "take away what is old, keep the history within its bounds"},
    {"readiness", hop_verb_readiness, "which logins enforcement would have stopped, and why"},
    {"replay", hop_verb_replay, "judge a whole login log over an empty history"},
    {"resolve", hop_verb_resolve, "look up the host names in history, which logins do not"},
    {"unfreeze", hop_verb_unfreeze, "take a freeze back"},
    {"unpermit", hop_verb_unpermit, "withdraw a permit"},
};
#define VERB_COUNT (sizeof VERBS / sizeof *VERBS)

static void print_usage(FILE *stream)
{
    fputs("Usage: hopwarden VERB [OPTION...]\n\n", stream);
    for (size_t i = 0; i < VERB_COUNT; i++)
        fprintf(stream, "  %-9s %s\n", VERBS[i].name, VERBS[i].help);
    fputs("\nEvery verb takes --conf FILE, --json and --help. Exit status: 0 fine or allow,\n"
          "1 finding or step_up, 2 block or critical, 3 cannot tell, 64 usage,\n"
          "78 configuration. See hopwarden(8).\n",
          stream);
}

static int run_verb(const struct verb *verb, int argc, char **argv)
{
    char name[32];
    snprintf(name, sizeof name, "hopwarden %s", verb->name);
    argv[0] = name;
    int status = verb->run(argc, argv);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        hop_complain("standard output: cannot be written");
        return HOP_EXIT_UNKNOWN;
    }
    return status;
}

int main(int argc, char **argv)
{
    argp_err_exit_status = HOP_EXIT_USAGE;
    const char *word = argc > 1 ? argv[1] : "";
    for (size_t i = 0; i < VERB_COUNT; i++)
        if (strcmp(word, VERBS[i].name) == 0)
            return run_verb(&VERBS[i], argc - 1, argv + 1);
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        print_usage(stdout);
        return HOP_EXIT_FINE;
    }
    if (strcmp(word, "--version") == 0) {
        puts("hopwarden " HOP_VERSION);
        return HOP_EXIT_FINE;
    }
    if (word[0] != '\0')
        hop_complain("%s: no such verb", word);
    print_usage(stderr);
    return HOP_EXIT_USAGE;
}
