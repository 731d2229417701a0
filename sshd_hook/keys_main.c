/* SPDX-License-Identifier: Apache-2.0 */
/* hopwarden-keys: the face of sshd's AuthorizedKeysCommand. */
#include <argp.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "devlog.h"
#include "keys.h"

enum { OPTION_CONF = 0x100, OPTION_KEYS_DIR, OPTION_SOURCE };

static const struct argp_option options[] = {
    {"conf", OPTION_CONF, "FILE", 0, "the configuration [" HOP_CONF_PATH "]", 0},
    {"keys-dir", OPTION_KEYS_DIR, "DIR", 0,
     "authorized keys, a file per account [" HOP_KEYS_FOLDER "]", 0},
    {"source", OPTION_SOURCE, "ADDRESS", 0, "where the login comes from, if that is known", 0},
    {0},
};

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

/* An address that is none, "UNKNOWN" for example, is one that is not known. */
static error_t take(int key, char *word, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case OPTION_CONF:
        arguments->paths.conf = word;
        return 0;
    case OPTION_KEYS_DIR:
        arguments->paths.keys = word;
        return 0;
    case OPTION_SOURCE:
        hop_address_parse(hop_span_of(word), &arguments->offer.source);
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

int main(int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = take,
        .args_doc = "ACCOUNT TYPE KEY",
        .doc = "Prints the account's authorized key if it is the offered one and may be used now: "
               "sshd's AuthorizedKeysCommand, given %u %t %k."};
    struct arguments arguments = {.paths = {.conf = HOP_CONF_PATH,
                                            .keys = HOP_KEYS_FOLDER,
                                            .notes = HOP_KEYS_NOTES,
                                            .devlog = HOP_DEVLOG_PATH},
                                  .offer = {.monitor = getppid()}};
    argp_program_version = "hopwarden-keys " HOP_VERSION;
    argp_err_exit_status = EX_USAGE;
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return EX_USAGE;
    hop_keys_serve(&arguments.paths, &arguments.offer, stdout);
    return EXIT_SUCCESS;
}
