/* SPDX-License-Identifier: Apache-2.0 */
#include "rejudge.h"

#include <stdlib.h>
#include <string.h>

#include "admit.h"

/* Stands for "the tenant of whatever host the login went to": no tenant of the log has this name,
 * so a private address that the configuration gives to nobody can be told apart. */
#define ANY_TENANT "hopwarden-replay"

/* -- the configuration --------------------------------------------------------------------- */

static bool is_option(struct hop_span line, const char *name)
{
    struct hop_span part;
    return hop_span_cut(&line, '=', &part) && line.at != NULL &&
           hop_span_is(hop_span_trim(part), name);
}

/* The dump again, with this host's own tenant, tag and witness replaced. */
static char *rewrite(const char *dump, const char *witness)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    struct hop_span rest = hop_span_of(dump), line;
    while (stream != NULL && hop_span_cut(&rest, '\n', &line)) {
        if (is_option(line, "tenant"))
            fputs("tenant = " ANY_TENANT, stream);
        else if (is_option(line, "witness"))
            fprintf(stream, "witness = %s", witness);
        else if (!is_option(line, "tenant_tag"))
            fwrite(line.at, 1, line.len, stream);
        fputc('\n', stream);
    }
    if (stream == NULL || fclose(stream) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

static enum hop_rc adapt(const struct hop_conf *conf, enum hop_rejudge_witness wish,
                         struct hop_conf **ret_conf, struct hop_error *err)
{
    bool home = strcmp(hop_conf_settings(conf)->witness, HOP_HOME) == 0;
    if (wish != HOP_REJUDGE_CONFIGURED)
        home = wish == HOP_REJUDGE_HOME;
    char *dump, *text;
    enum hop_rc rc = hop_conf_dump(conf, &dump, err);
    if (rc != HOP_OK)
        return rc;
    text = rewrite(dump, home ? HOP_HOME : ANY_TENANT);
    free(dump);
    if (text == NULL)
        return hop_error_set(err, HOP_NOMEM, "configuration: out of memory");
    rc = hop_conf_parse("configuration of the replay", hop_span_of(text), ret_conf, err);
    free(text);
    return rc;
}

int hop_rejudge_open(const struct hop_conf *conf, enum hop_rejudge_witness witness,
                     struct hop_rejudge *ret_rejudge)
{
    struct hop_conf *adapted;
    struct hop_error err = {0};
    if (adapt(conf, witness, &adapted, &err) != HOP_OK) {
        hop_complain_of(&err);
        return HOP_EXIT_CONFIG;
    }
    int status = hop_desk_open_with(adapted, HOP_HISTORY_REPLAY, &ret_rejudge->desk);
    if (status == HOP_EXIT_FINE)
        hop_judgement_init(&ret_rejudge->judgement);
    return status;
}

void hop_rejudge_close(struct hop_rejudge *rejudge)
{
    hop_judgement_done(&rejudge->judgement);
    hop_desk_close(&rejudge->desk);
}

/* -- one login ----------------------------------------------------------------------------- */

/* An unlisted private address belongs to the tenant of the host that was logged in to. */
static void settle_zone(struct hop_login *login)
{
    struct hop_origin *origin = &login->origin;
    if (strcmp(origin->tenant, ANY_TENANT) != 0)
        return;
    bool home = strcmp(login->tenant, HOP_HOME) == 0;
    origin->zone = home ? HOP_ZONE_HOME : HOP_ZONE_TENANT;
    hop_string_copy(origin->tenant, sizeof origin->tenant, home ? "" : login->tenant);
}

static bool admit(struct hop_rejudge *rejudge, const struct hop_entry *entry, struct hop_error *err)
{
    if (hop_entry_admit(&rejudge->desk, entry, &rejudge->login, err) != HOP_OK)
        return false;
    settle_zone(&rejudge->login);
    return true;
}

/* What was wrong with a login that no session followed: the log's own word, or a step-up that this
 * person would not pass. NULL: nothing. */
static const char *failure_of(const struct hop_entry *entry, const struct hop_answer *answer)
{
    enum hop_failure_kind kind;
    if (hop_failure_of_outcome(entry->outcome, &kind))
        return entry->outcome;
    bool fails = !entry->has_session && answer->action == HOP_STEP_UP && !entry->step_up_passes;
    return fails ? "step-up-failed" : NULL;
}

/* What the session phase did, or would have done. */
static bool learn(struct hop_rejudge *rejudge, const struct hop_entry *entry,
                  struct hop_deadline deadline, struct hop_error *err)
{
    struct hop_engine *engine = rejudge->desk.engine;
    struct hop_judgement *judgement = &rejudge->judgement;
    const struct hop_login *login = &rejudge->login;
    struct hop_moment moment = {.service = hop_service_of(entry->login.service),
                                .mode = entry->has_mode ? entry->mode : HOP_MODE_ENFORCE,
                                .phase = HOP_PHASE_REPLAY,
                                .lane = login->lane,
                                .first_factor_proven = true};
    struct hop_answer answer;
    hop_answer_of(&judgement->verdict, &moment, &answer);
    bool recorded = hop_engine_judged_by(engine, login, judgement, &answer, moment.mode, deadline,
                                         err) == HOP_RECORDED_STORE;
    const char *failure = failure_of(entry, &answer);
    if (recorded && failure != NULL)
        recorded =
            hop_engine_refused_by(engine, login, failure, deadline, err) == HOP_RECORDED_STORE;
    bool asked = answer.action == HOP_STEP_UP || (entry->has_session && entry->has_step_up);
    moment.stepped_up = asked && entry->step_up_passes;
    struct hop_lesson lesson = hop_lesson_of(&judgement->verdict, &moment);
    bool changes = lesson.learn || moment.stepped_up;
    if (!recorded || !changes || (entry->has_session && !entry->session_opened))
        return recorded;
    return hop_engine_learned_by(engine, login, judgement, lesson, moment.stepped_up, deadline,
                                 err) == HOP_RECORDED_STORE;
}

bool hop_rejudge_login(struct hop_rejudge *rejudge, const struct hop_entry *entry,
                       struct hop_error *err)
{
    if (!admit(rejudge, entry, err))
        return false;
    rejudge->login.first_factor_proven = true;
    hop_judgement_done(&rejudge->judgement);
    hop_judgement_init(&rejudge->judgement);
    struct hop_deadline deadline = hop_command_deadline();
    hop_engine_judge_by(rejudge->desk.engine, &rejudge->login, &rejudge->judgement, deadline);
    return learn(rejudge, entry, deadline, err);
}

bool hop_rejudge_failure(struct hop_rejudge *rejudge, const struct hop_entry *entry,
                         struct hop_error *err)
{
    return admit(rejudge, entry, err) &&
           hop_engine_failed_by(rejudge->desk.engine, &rejudge->login, hop_command_deadline(),
                                err) == HOP_RECORDED_STORE;
}

bool hop_rejudge_confirmation(struct hop_rejudge *rejudge, const struct hop_entry *entry,
                              struct hop_error *err)
{
    struct hop_lesson lesson = {.learn = true, .confirmed = true};
    if (!admit(rejudge, entry, err))
        return false;
    hop_judgement_done(&rejudge->judgement);
    hop_judgement_init(&rejudge->judgement);
    return hop_engine_learned_by(rejudge->desk.engine, &rejudge->login, &rejudge->judgement, lesson,
                                 false, hop_command_deadline(), err) == HOP_RECORDED_STORE;
}

bool hop_rejudge_is_failure(const struct hop_entry *entry)
{
    return entry->kind == HOP_ENTRY_LOGIN && !entry->success && !entry->has_verdict;
}
