/* SPDX-License-Identifier: Apache-2.0 */
#include "program.h"

#include <argp.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "devlog.h"
#include "ends.h"

enum { OPTION_CONF = 0x100, OPTION_FOLDER, OPTION_SOURCE, OPTION_CONNECTION, OPTION_CHAIN };

struct arguments {
    struct hop_keys_paths paths;
    struct hop_keys_offer offer;
};

static error_t take_operand(struct hop_keys_offer *offer, const char *word, unsigned nth)
{
    const char **const places[] = {&offer->account, &offer->type, &offer->base64};
    if (nth >= sizeof places / sizeof places[0])
        return ARGP_ERR_UNKNOWN;
    *places[nth] = word;
    return 0;
}

/* What is no connection, or could be either way round, is one that is not known. */
static void take_connection(struct hop_keys_offer *offer, const char *word)
{
    struct hop_ssh_end ends[2];
    struct hop_end_evidence evidence[2];
    if (!hop_ssh_ends_parse(hop_span_of(word), ends))
        return;
    hop_ends_ask(ends, HOP_ENDS_PROC_NET, evidence);
    int client = hop_ends_client(evidence);
    if (client < 0)
        return;
    offer->source = ends[client].address;
    offer->source_port = ends[client].port;
    offer->server = ends[1 - client].address;
}

/* All words from the command's name to the end are the command's. */
static void take_chain(struct arguments *arguments, char *word, struct argp_state *state)
{
    state->argv[state->next - 1] = word;
    arguments->offer.chain = &state->argv[state->next - 1];
    state->next = state->argc;
}

/* An address that is none, "UNKNOWN" for example, is one that is not known. */
static error_t take(int key, char *word, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case OPTION_CONF:
        arguments->paths.conf = word;
        return 0;
    case OPTION_FOLDER:
        arguments->paths.folder = word;
        return 0;
    case OPTION_SOURCE:
        hop_address_parse(hop_span_of(word), &arguments->offer.source);
        return 0;
    case OPTION_CONNECTION:
        take_connection(&arguments->offer, word);
        return 0;
    case OPTION_CHAIN:
        take_chain(arguments, word, state);
        return 0;
    case ARGP_KEY_ARG:
        return take_operand(&arguments->offer, word, state->arg_num);
    case ARGP_KEY_END:
        if (state->arg_num < 3)
            argp_usage(state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int hop_program_run(const struct hop_program *program, int argc, char **argv)
{
    const struct argp_option options[] = {
        {"conf", OPTION_CONF, "FILE", 0, "the configuration [" HOP_CONF_PATH "]", 0},
        {program->folder_option, OPTION_FOLDER, "DIR", 0, program->folder_doc, 0},
        {"source", OPTION_SOURCE, "ADDRESS", 0, "where the login comes from, if that is known", 0},
        {"connection", OPTION_CONNECTION, "ENDS", 0,
         "both ends of the connection, in either order: sshd's \"%C\" (OpenSSH 9.4 or later)", 0},
        {"chain", OPTION_CHAIN, "COMMAND ARG...", 0,
         "the last option: another provider, asked where the account's file has no matching line",
         0},
        {0},
    };
    const struct argp argp = {
        .options = options, .parser = take, .args_doc = "ACCOUNT TYPE KEY", .doc = program->doc};
    struct arguments arguments = {.paths = {.conf = HOP_CONF_PATH,
                                            .folder = program->folder,
                                            .notes = HOP_KEYS_NOTES,
                                            .devlog = HOP_DEVLOG_PATH},
                                  .offer = {.face = program->face, .monitor = getppid()}};
    argp_program_version = program->version;
    argp_err_exit_status = EX_USAGE;
    if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &arguments) != 0)
        return EX_USAGE;
    hop_keys_serve(&arguments.paths, &arguments.offer, stdout);
    return EXIT_SUCCESS;
}
