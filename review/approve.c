/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "act.h"
#include "approval.h"
#include "clock.h"
#include "sign.h"
#include "verbs.h"
#include "waiting.h"

struct wishes {
    struct hop_common common;
    const char *id, *key, *why;
    bool approves;
};

enum { OPTION_KEY = 0x7000 };

static const struct argp_option OPTIONS[] = {
    {"key", OPTION_KEY, "FILE", 0,
     "Sign with this key: a private one, or a public one that the agent has the other half of. "
     "Without: the agent's first key that may approve",
     0},
    {"why", 'w', "TEXT", 0, "What you know that makes it right; goes to syslog", 0},
    {0}};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct wishes *wishes = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &wishes->common;
        return 0;
    case OPTION_KEY:
        wishes->key = argument;
        return 0;
    case 'w':
        wishes->why = argument;
        return 0;
    case ARGP_KEY_ARG:
        if (wishes->id != NULL)
            argp_error(state, "one ID at a time");
        wishes->id = argument;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which login? see hopwarden approvals");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* -- what it is about ---------------------------------------------------------------------- */

/* A script has made up its mind; a person sees first what it is. */
static bool is_wanted(const struct wishes *wishes)
{
    char line[64];
    if (!isatty(STDIN_FILENO))
        return true;
    fprintf(stderr, "%s this login? Type yes: ", wishes->approves ? "Approve" : "Deny");
    return fgets(line, sizeof line, stdin) != NULL &&
           hop_span_is(hop_span_trim((struct hop_span){line, strcspn(line, "\n")}), "yes");
}

/* -- the word ------------------------------------------------------------------------------ */

struct bench {
    const struct wishes *wishes;
    struct hop_desk *desk;
    struct hop_waiting waiting;
    struct hop_span signers; /* empty where this host has none: then the other host alone judges */
    int64_t now;
    uint8_t blob[HOP_SSH_SIGNATURE_MAX];
    char value[HOP_APPROVAL_VALUE_MAX];
    struct hop_approval approval;
};

static enum hop_rc sign(struct bench *bench, struct hop_error *err)
{
    char message[HOP_APPROVAL_MESSAGE_MAX];
    size_t len = 0;
    struct hop_text text = hop_text_over(message, sizeof message);
    hop_approval_message_put(&text, &bench->waiting.login, bench->wishes->approves, bench->now);
    if (text.cut)
        return hop_error_set(err, HOP_LIMIT, "%s: its names are too long", bench->wishes->id);
    enum hop_rc rc = hop_sign(bench->wishes->key, HOP_APPROVAL_NAMESPACE, bench->signers,
                              (struct hop_span){message, text.len}, bench->blob, &len, err);
    if (rc != HOP_OK)
        return rc;
    text = hop_text_over(bench->value, sizeof bench->value);
    hop_approval_value_put(&text, bench->wishes->approves, bench->now,
                           (struct hop_span){(const char *)bench->blob, len});
    struct hop_ssh_signature signature;
    rc =
        hop_ssh_signature_parse((struct hop_span){(const char *)bench->blob, len}, &signature, err);
    if (rc == HOP_OK)
        memcpy(bench->approval.key, signature.key.fingerprint, sizeof bench->approval.key);
    return rc;
}

/* What the other host will say, as far as this one's file tells. */
static enum hop_rc check(struct bench *bench, struct hop_error *err)
{
    if (bench->signers.len == 0)
        return HOP_OK;
    return hop_approval_check(bench->desk->conf, bench->signers, &bench->waiting.login,
                              hop_span_of(bench->value), bench->now, &bench->approval, err);
}

static enum hop_rc write_word(const struct bench *bench, struct hop_error *err)
{
    char key[HOP_STORE_KEY_MAX + 1];
    struct hop_text text = hop_text_over(key, sizeof key);
    hop_key_approval(&text, &bench->desk->reach, bench->waiting.login.id);
    struct hop_batch batch;
    hop_batch_init(&batch);
    enum hop_rc rc =
        hop_batch_add(&batch, HOP_WRITE_FIELD, key, bench->approval.key, bench->value, 0);
    if (rc == HOP_OK)
        rc = hop_store_write_by(bench->desk->store, &batch, hop_command_deadline(), err);
    else
        hop_error_set(err, rc, "%s: cannot be written", key);
    hop_batch_done(&batch);
    return rc;
}

static void tell(const struct bench *bench)
{
    const struct wishes *wishes = bench->wishes;
    char note[HOP_ERROR_TEXT_MAX];
    struct hop_text text = hop_text_over(note, sizeof note);
    hop_text_format(&text, "signed with %s%s%s", bench->approval.key,
                    wishes->why != NULL ? "; " : "", wishes->why != NULL ? wishes->why : "");
    hop_act_tell(&wishes->common, wishes->approves ? "approved" : "denied", &bench->waiting.login,
                 note);
    if (!wishes->common.json) {
        printf("%s %s\n", wishes->approves ? "approved" : "denied", bench->waiting.login.id);
        return;
    }
    json_t *document = hop_waiting_json(&bench->waiting);
    json_object_set_new(document, "hopwarden.decision",
                        json_string(wishes->approves ? "approve" : "deny"));
    json_object_set_new(document, "hopwarden.approval_key", json_string(bench->approval.key));
    hop_json_print(document);
}

static int decide(struct bench *bench)
{
    struct hop_error err = {0};
    /* clocks may differ; what comes too late counts for nothing */
    enum hop_rc rc = hop_waiting_find(bench->desk, bench->wishes->id,
                                      bench->now - HOP_CLOCK_SKEW_MAX, &bench->waiting, &err);
    if (rc != HOP_OK) {
        hop_complain_of(&err);
        return rc == HOP_NOT_FOUND ? HOP_EXIT_FINDING : HOP_EXIT_UNKNOWN;
    }
    if (!bench->wishes->common.json) {
        hop_waiting_print(&bench->waiting, bench->now);
        fflush(stdout);
    }
    if (!is_wanted(bench->wishes)) {
        hop_complain("%s: left as it is", bench->wishes->id);
        return HOP_EXIT_FINDING;
    }
    bench->now = hop_clock_epoch_ms() / 1000; /* people take their time */
    rc = sign(bench, &err);
    if (rc == HOP_OK && (rc = check(bench, &err)) != HOP_OK) {
        hop_complain_of(&err);
        return HOP_EXIT_FINDING;
    }
    if (rc == HOP_OK)
        rc = write_word(bench, &err);
    if (rc != HOP_OK)
        return hop_complain_of(&err);
    tell(bench);
    return HOP_EXIT_FINE;
}

/* Only a file that is not there may be done without. */
static int open_and_decide(const struct wishes *wishes, struct hop_desk *desk)
{
    struct hop_error err = {0};
    char *signers = NULL;
    size_t len = 0;
    enum hop_rc rc = hop_approval_signers_read(desk->conf, &signers, &len, &err);
    if (rc != HOP_OK && rc != HOP_NOT_FOUND)
        return hop_complain_of(&err);
    struct bench *bench = calloc(1, sizeof *bench);
    int status = HOP_EXIT_UNKNOWN;
    if (bench != NULL) {
        bench->wishes = wishes;
        bench->desk = desk;
        bench->signers = (struct hop_span){signers, len};
        bench->now = hop_clock_epoch_ms() / 1000;
        status = decide(bench);
    } else {
        hop_complain("out of memory");
    }
    free(bench);
    free(signers);
    return status;
}

static int run(const struct argp *argp, int argc, char **argv, bool approves)
{
    struct wishes wishes = {.approves = approves};
    hop_command_parse(argp, argc, argv, &wishes.common);
    struct hop_desk desk;
    int status = hop_desk_open(&wishes.common, &desk);
    if (status != HOP_EXIT_FINE)
        return status;
    status = open_and_decide(&wishes, &desk);
    hop_desk_close(&desk);
    return status;
}

static const struct argp_child CHILDREN[] = {{&hop_common_argp, 0, NULL, 0}, {0}};

int hop_verb_approve(int argc, char **argv)
{
    static const struct argp argp = {OPTIONS,
                                     parse,
                                     "ID",
                                     "Let a login in that waits for an approval. What it is about "
                                     "is shown first; your SSH key signs.",
                                     CHILDREN,
                                     NULL,
                                     NULL};
    return run(&argp, argc, argv, true);
}

int hop_verb_deny(int argc, char **argv)
{
    static const struct argp argp = {OPTIONS,
                                     parse,
                                     "ID",
                                     "Refuse a login that waits for an approval, at once. Your SSH "
                                     "key signs.",
                                     CHILDREN,
                                     NULL,
                                     NULL};
    return run(&argp, argc, argv, false);
}
