/* SPDX-License-Identifier: Apache-2.0 */
#include "act.h"
#include "clock.h"
#include "progress.h"
#include "verbs.h"

#define STEP_TRIES 3   /* of a page whose exchange failed */
#define STEP_MS 300000 /* a page may hold a whole log */

static error_t parse(int key, char *argument, struct argp_state *state)
{
    (void)argument;
    if (key != ARGP_KEY_INIT)
        return ARGP_ERR_UNKNOWN;
    state->child_inputs[0] = state->input;
    return 0;
}

static void tell(const struct hop_common *common, const struct hop_pruned *pruned)
{
    if (common->json)
        hop_json_print(json_pack(
            "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "keys",
            (json_int_t)pruned->keys, "touches", (json_int_t)pruned->touches, "failures",
            (json_int_t)pruned->failures, "visits", (json_int_t)pruned->visits, "values",
            (json_int_t)pruned->values, "admins", (json_int_t)pruned->admins, "sessions",
            (json_int_t)pruned->sessions, "owners", (json_int_t)pruned->owners, "log_entries",
            (json_int_t)pruned->entries, "approvals", (json_int_t)pruned->approvals, "flooded",
            (json_int_t)pruned->flooded, "unread", (json_int_t)pruned->unread));
    else
        printf(
            "%zu keys looked at; taken away: %zu lists of touches, %zu of failures, %zu of visits, "
            "%zu values, "
            "%zu admins, %zu sessions, %zu owners, %zu log entries, %zu approvals\n",
            pruned->keys, pruned->touches, pruned->failures, pruned->visits, pruned->values,
            pruned->admins, pruned->sessions, pruned->owners, pruned->entries, pruned->approvals);
}

/* Whoever floods a list accuses everybody in it, and must be found: there is no more to see of it
 * than this. */
static void tell_flood(const struct hop_common *common, const struct hop_pruned *pruned)
{
    char note[HOP_ERROR_TEXT_MAX];
    struct hop_text text = hop_text_over(note, sizeof note);
    hop_text_format(&text, "%zu shared lists hold more than %d members, one is %s", pruned->flooded,
                    HOP_SHARED_SET_FULL, pruned->flooded_key);
    hop_complain("%s", note);
    hop_act_tell(common, "flooded", NULL, note);
}

static void tell_unread(const struct hop_common *common, const struct hop_pruned *pruned)
{
    char note[HOP_ERROR_TEXT_MAX];
    struct hop_text text = hop_text_over(note, sizeof note);
    hop_text_format(&text, "%zu keys were passed over, too large to be read; one is %s",
                    pruned->unread, pruned->unread_key);
    hop_complain("%s", note);
    hop_act_tell(common, "unread", NULL, note);
}

static enum hop_rc run(struct hop_prune *prune, struct hop_error *err)
{
    struct hop_progress progress = hop_progress_begin("keys", 0);
    enum hop_rc rc = HOP_OK;
    for (bool done = false; rc == HOP_OK && !done;) {
        for (int tries = 0; tries < STEP_TRIES; tries++) {
            rc = hop_prune_step_by(prune, &done, hop_clock_deadline(STEP_MS), err);
            if (rc != HOP_IO && rc != HOP_TIMEOUT && rc != HOP_CONFLICT)
                break;
        }
        hop_progress_show(&progress, hop_prune_result(prune)->keys);
    }
    hop_progress_end(&progress);
    return rc;
}

static int findings_tell(const struct hop_common *common, const struct hop_pruned *pruned)
{
    if (pruned->flooded > 0)
        tell_flood(common, pruned);
    if (pruned->unread > 0)
        tell_unread(common, pruned);
    return pruned->flooded > 0 || pruned->unread > 0 ? HOP_EXIT_FINDING : HOP_EXIT_FINE;
}

int hop_verb_prune(int argc, char **argv)
{
    static const struct argp_child children[] = {{&hop_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        NULL,
        parse,
        "",
        "Take away what no score reads any more and what is older than retention_days, and keep "
        "the history within its bounds. For a timer, on one of home's hosts.",
        children,
        NULL,
        NULL};
    struct hop_common common = {.json = false};
    hop_command_parse(&argp, argc, argv, &common);
    struct hop_desk desk;
    int status = hop_desk_open(&common, &desk);
    if (status != HOP_EXIT_FINE)
        return status;
    struct hop_prune *prune = NULL;
    struct hop_error err = {0};
    enum hop_rc rc = hop_prune_new(desk.store, &desk.reach, hop_clock_epoch_ms() / 1000,
                                   hop_conf_settings(desk.conf)->retention_days, &prune, &err);
    if (rc == HOP_OK)
        rc = run(prune, &err);
    if (prune != NULL)
        tell(&common, hop_prune_result(prune));
    if (rc != HOP_OK) {
        status = hop_complain_of(&err);
    } else {
        status = findings_tell(&common, hop_prune_result(prune));
    }
    hop_prune_free(&prune);
    hop_desk_close(&desk);
    return status;
}
