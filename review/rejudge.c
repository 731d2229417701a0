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
    if (wish != HOP_REJUDGE_AS_CONFIGURED)
        home = wish == HOP_REJUDGE_ALL_HOME;
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

int hop_rejudge_open(const struct hop_common *common, enum hop_rejudge_witness witness,
                     struct hop_desk *ret_desk)
{
    struct hop_conf *conf, *adapted;
    struct hop_error err = {0};
    int status = hop_conf_open(common, &conf);
    if (status != HOP_EXIT_FINE)
        return status;
    enum hop_rc rc = adapt(conf, witness, &adapted, &err);
    hop_conf_free(&conf);
    if (rc != HOP_OK) {
        hop_complain_of(&err);
        return HOP_EXIT_CONFIG;
    }
    return hop_desk_open_with(adapted, HOP_HISTORY_REPLAY, ret_desk);
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
static bool learn(struct hop_desk *desk, const struct hop_entry *entry,
                  const struct hop_login *login, struct hop_judgement *judgement,
                  struct hop_answer *answer, struct hop_error *err)
{
    struct hop_moment moment = {.service = hop_service_of(entry->login.service),
                                .mode = entry->has_mode ? entry->mode : HOP_MODE_ENFORCE,
                                .phase = HOP_PHASE_REPLAY,
                                .lane = login->lane,
                                .first_factor_proven = true};
    hop_answer_of(&judgement->verdict, &moment, answer);
    bool recorded = hop_engine_judged_by(desk->engine, login, judgement, answer, moment.mode,
                                         hop_command_deadline(), err) == HOP_RECORDED_STORE;
    const char *failure = failure_of(entry, answer);
    if (recorded && failure != NULL)
        recorded = hop_engine_refused_by(desk->engine, login, failure, hop_command_deadline(),
                                         err) == HOP_RECORDED_STORE;
    bool asked = answer->action == HOP_STEP_UP || (entry->has_session && entry->has_step_up);
    moment.stepped_up = asked && entry->step_up_passes;
    struct hop_lesson lesson = hop_lesson_of(&judgement->verdict, &moment);
    if (!recorded || !lesson.learn || (entry->has_session && !entry->session_opened))
        return recorded;
    return hop_engine_learned_by(desk->engine, login, judgement, lesson, moment.stepped_up,
                                 hop_command_deadline(), err) == HOP_RECORDED_STORE;
}

static bool rejudge_login(struct hop_desk *desk, const struct hop_entry *entry,
                          hop_rejudge_visit *visit, void *context, struct hop_error *err)
{
    struct hop_login login;
    if (hop_entry_admit(desk, entry, &login, err) != HOP_OK)
        return false;
    settle_zone(&login);
    login.first_factor_proven = true;
    struct hop_judgement judgement;
    struct hop_answer answer;
    hop_judgement_init(&judgement);
    hop_engine_judge_by(desk->engine, &login, &judgement, hop_command_deadline());
    visit(context, entry, &login, &judgement.verdict);
    bool fine = learn(desk, entry, &login, &judgement, &answer, err);
    hop_judgement_done(&judgement);
    return fine;
}

static bool learn_failure(struct hop_desk *desk, const struct hop_entry *entry,
                          struct hop_error *err)
{
    struct hop_login login;
    if (hop_entry_admit(desk, entry, &login, err) != HOP_OK)
        return false;
    settle_zone(&login);
    return hop_engine_failed_by(desk->engine, &login, hop_command_deadline(), err) ==
           HOP_RECORDED_STORE;
}

static bool learn_confirmation(struct hop_desk *desk, const struct hop_entry *entry,
                               struct hop_error *err)
{
    struct hop_login login;
    struct hop_lesson lesson = {.learn = true, .confirmed = true};
    struct hop_judgement judgement;
    if (hop_entry_admit(desk, entry, &login, err) != HOP_OK)
        return false;
    settle_zone(&login);
    hop_judgement_init(&judgement);
    bool fine = hop_engine_learned_by(desk->engine, &login, &judgement, lesson, false,
                                      hop_command_deadline(), err) == HOP_RECORDED_STORE;
    hop_judgement_done(&judgement);
    return fine;
}

bool hop_rejudge_is_failure(const struct hop_entry *entry)
{
    return entry->kind == HOP_ENTRY_LOGIN && !entry->success && !entry->has_verdict;
}

bool hop_rejudge(struct hop_desk *desk, const struct hop_entry *entry, hop_rejudge_visit *visit,
                 void *context, struct hop_error *err)
{
    if (entry->kind == HOP_ENTRY_CONFIRMATION)
        return learn_confirmation(desk, entry, err);
    if (entry->kind == HOP_ENTRY_OUTCOME)
        return true;
    if (hop_rejudge_is_failure(entry))
        return learn_failure(desk, entry, err);
    return rejudge_login(desk, entry, visit, context, err);
}
