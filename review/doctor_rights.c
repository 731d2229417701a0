/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "findings.h"

#define NOBODY "hopwarden-doctor" /* whose keys are tried */

/* A right that a tenant's user must not have (DESIGN 2 and 5.3). */
struct probe {
    const char *what;
    const char *witness; /* of NOBODY's profile; NULL: `key` names another key */
    void (*key)(struct hop_text *text, const struct hop_reach *reach);
    enum hop_write_kind kind; /* HOP_WRITE_KIND_COUNT: reads */
    bool helper_only;
};

static void frozen(struct hop_text *text, const struct hop_reach *reach)
{
    hop_key_freeze(text, reach);
}

static void touches(struct hop_text *text, const struct hop_reach *reach)
{
    hop_key_touches(text, reach, NOBODY, 0);
}

static void own_profile(struct hop_text *text, const struct hop_reach *reach)
{
    hop_key_profile(text, reach, NOBODY, reach->witness);
}

static const struct probe PROBES[] = {
    {"read other tenants' profiles", NOBODY, NULL, HOP_WRITE_KIND_COUNT, false},
    {"write other tenants' profiles", NOBODY, NULL, HOP_WRITE_DROP, false},
    {"write home's profiles", HOP_HOME, NULL, HOP_WRITE_DROP, false},
    {"freeze and unfreeze", NULL, frozen, HOP_WRITE_DROP, false},
    {"take touches away", NULL, touches, HOP_WRITE_LEAVE, false},
    {"write this tenant's profiles", NULL, own_profile, HOP_WRITE_DROP, true},
};

static enum hop_rc try_read(const struct hop_desk *desk, const char *key)
{
    struct hop_read read = {.kind = HOP_READ_HASH};
    struct hop_replies replies;
    hop_string_copy(read.key, sizeof read.key, key);
    hop_replies_init(&replies);
    enum hop_rc rc =
        hop_store_read_by(desk->store, &read, 1, &replies, hop_command_deadline(), NULL);
    hop_replies_done(&replies);
    return rc;
}

/* Removes a field or member that is not there. */
static enum hop_rc try_write(const struct hop_desk *desk, const char *key, enum hop_write_kind kind)
{
    struct hop_batch batch;
    hop_batch_init(&batch);
    enum hop_rc rc = hop_batch_add(&batch, kind, key, kind == HOP_WRITE_DROP ? NOBODY : NULL,
                                   kind == HOP_WRITE_LEAVE ? NOBODY : NULL, 0);
    if (rc == HOP_OK)
        rc = hop_store_write_by(desk->store, &batch, hop_command_deadline(), NULL);
    hop_batch_done(&batch);
    return rc;
}

static bool allowed(const struct hop_desk *desk, const struct probe *probe)
{
    char key[HOP_STORE_KEY_MAX + 1];
    struct hop_text text = hop_text_over(key, sizeof key);
    if (probe->witness != NULL)
        hop_key_profile(&text, &desk->reach, NOBODY, probe->witness);
    else
        probe->key(&text, &desk->reach);
    enum hop_rc rc = probe->kind == HOP_WRITE_KIND_COUNT ? try_read(desk, key)
                                                         : try_write(desk, key, probe->kind);
    return rc == HOP_OK;
}

static bool answers(const struct hop_desk *desk)
{
    struct hop_read read = {.kind = HOP_READ_TIME};
    struct hop_replies replies;
    hop_replies_init(&replies);
    enum hop_rc rc =
        hop_store_read_by(desk->store, &read, 1, &replies, hop_command_deadline(), NULL);
    hop_replies_done(&replies);
    return rc == HOP_OK;
}

static void try_all(struct hop_findings *findings, const struct hop_desk *desk, const char *user,
                    bool helper)
{
    bool fine = true;
    for (size_t i = 0; i < sizeof PROBES / sizeof *PROBES; i++) {
        if ((!helper && PROBES[i].helper_only) || !allowed(desk, &PROBES[i]))
            continue;
        fine = false;
        hop_finding(findings, HOP_STATE_CRITICAL, "rights",
                    "give it the lines that `hopwarden acl` prints; they need Redis 7, or Valkey",
                    "user %s may %s", user, PROBES[i].what);
    }
    if (fine)
        hop_finding(findings, HOP_STATE_FINE, "rights", NULL,
                    "user %s was refused all that is not its own", user);
}

static void try_helper(struct hop_findings *findings, const struct hop_desk *desk)
{
    struct hop_history *history;
    struct hop_desk helper = *desk;
    if (hop_history_new(desk->conf, HOP_HISTORY_READER, &history, NULL) != HOP_OK)
        return;
    helper.store = hop_history_store(history);
    if (helper.store == NULL || !answers(&helper))
        hop_finding(findings, HOP_STATE_WARNING, "rights",
                    "correct helper_user= and helper_secret=, and the user's lines",
                    "user %s does not get in: the sshd helpers print keys unjudged",
                    hop_conf_settings(desk->conf)->helper_user);
    else
        try_all(findings, &helper, hop_conf_settings(desk->conf)->helper_user, true);
    hop_history_free(&history);
}

void hop_doctor_rights(struct hop_findings *findings, const struct hop_desk *desk)
{
    const struct hop_settings *settings = hop_conf_settings(desk->conf);
    bool shared = strncmp(settings->history, "sqlite:", 7) != 0 && desk->store != NULL;
    if (!shared || strcmp(settings->witness, HOP_HOME) == 0 || !answers(desk))
        return;
    if (settings->history_user[0] != '\0')
        try_all(findings, desk, settings->history_user, false);
    if (settings->helper_user[0] != '\0')
        try_helper(findings, desk);
}
