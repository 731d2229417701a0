/* SPDX-License-Identifier: Apache-2.0 */
#include "engine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

struct hop_engine {
    const struct hop_conf *conf;
    struct hop_facts *facts;
    struct hop_history *history;
    struct hop_decays decays;
    struct hop_error facts_trouble; /* why a configured database could not be opened */
};

/* -- opening ------------------------------------------------------------------------------- */

enum hop_rc hop_engine_new(const struct hop_conf *conf, enum hop_history_role role,
                           struct hop_engine **ret_engine, struct hop_error *err)
{
    struct hop_engine *engine = calloc(1, sizeof *engine);
    if (engine == NULL)
        return hop_error_set(err, HOP_NOMEM, "engine: out of memory");
    engine->conf = conf;
    hop_decays_init(&engine->decays);
    enum hop_rc rc = hop_facts_open(conf, &engine->facts, &engine->facts_trouble);
    if (rc == HOP_OK)
        rc = hop_history_new(conf, role, &engine->history, err);
    else
        hop_error_set(err, rc, "%s", engine->facts_trouble.text);
    if (rc != HOP_OK) {
        hop_engine_free(&engine);
        return rc;
    }
    *ret_engine = engine;
    return HOP_OK;
}

void hop_engine_free(struct hop_engine **engine)
{
    if (*engine == NULL)
        return;
    hop_history_free(&(*engine)->history);
    hop_facts_free(&(*engine)->facts);
    free(*engine);
    *engine = NULL;
}

struct hop_history *hop_engine_history(struct hop_engine *engine)
{
    return engine->history;
}

/* -- admission ----------------------------------------------------------------------------- */

static enum hop_rc admit_id(struct hop_login *login, struct hop_error *err)
{
    if (login->id[0] != '\0')
        return HOP_OK;
    uint8_t entropy[10];
    enum hop_rc rc = hop_entropy(entropy, sizeof entropy, err);
    if (rc == HOP_OK)
        hop_ulid_format(hop_clock_epoch_ms(), entropy, login->id);
    return rc;
}

static void admit_tenant(const struct hop_conf *conf, struct hop_login *login)
{
    const struct hop_settings *settings = hop_conf_settings(conf);
    if (login->tenant[0] == '\0')
        memcpy(login->tenant, settings->tenant, sizeof login->tenant);
    if (login->tenant_tag[0] == '\0')
        hop_conf_tag_of(conf, login->tenant, login->tenant_tag);
}

static void admit_person(const struct hop_conf *conf, struct hop_login *login)
{
    login->class = hop_conf_class(conf, login->account);
    if (login->class == HOP_CLASS_AUTOMATION)
        login->lane = HOP_LANE_BOUND;
    if (login->class == HOP_CLASS_BREAK_GLASS)
        login->lane = HOP_LANE_BREAK_GLASS;
    /* A shared account without its key stays without identity: nobody's history may be read. */
    if (hop_conf_identity(conf, login->tenant, login->account, login->key, login->identity) !=
        HOP_OK)
        login->identity[0] = '\0';
    if (login->team[0] == '\0')
        hop_string_copy(login->team, sizeof login->team, hop_conf_team(conf, login->identity));
}

enum hop_rc hop_engine_admit(struct hop_engine *engine, struct hop_login *login, bool keep_facts,
                             struct hop_error *err)
{
    enum hop_rc rc = admit_id(login, err);
    if (rc != HOP_OK)
        return rc;
    if (login->time == 0)
        login->time = hop_clock_epoch_ms() / 1000;
    admit_tenant(engine->conf, login);
    admit_person(engine->conf, login);
    if (!keep_facts) {
        struct hop_address address = login->origin.address;
        hop_facts_origin(engine->facts, &address, &login->origin, NULL);
    }
    return HOP_OK;
}

/* -- judgement ----------------------------------------------------------------------------- */

void hop_judgement_init(struct hop_judgement *judgement)
{
    memset(judgement, 0, sizeof *judgement);
    hop_recollection_init(&judgement->recollection);
}

void hop_judgement_done(struct hop_judgement *judgement)
{
    hop_recollection_done(&judgement->recollection);
}

struct hop_reach hop_engine_reach(const struct hop_conf *conf, const char *tenant)
{
    const struct hop_settings *settings = hop_conf_settings(conf);
    bool all_home = strcmp(settings->witness, HOP_HOME) == 0;
    struct hop_reach reach = {.all_home = all_home, .tenants = hop_conf_tenants(conf)};
    hop_string_copy(reach.prefix, sizeof reach.prefix, settings->history_prefix);
    hop_string_copy(reach.witness, sizeof reach.witness, all_home ? HOP_HOME : tenant);
    return reach;
}

/* The shared inventory may make an internet address another tenant's; static networks win, and
 * nobody can be told that an address is home's or this host's own (DESIGN 6). */
static void complete_origin(const struct hop_engine *engine, struct hop_login *login,
                            const struct hop_recollection *recollection)
{
    if (login->origin.zone != HOP_ZONE_INTERNET || recollection->inventory_tag[0] == '\0')
        return;
    const char *name = hop_conf_tenant_of_tag(engine->conf, recollection->inventory_tag);
    /* Home never writes there, so its tag is a forgery: of a tenant that nobody can name. */
    if (name == NULL || strcmp(name, HOP_HOME) == 0)
        name = recollection->inventory_tag;
    if (strcmp(name, login->tenant) == 0)
        return;
    login->origin.zone = HOP_ZONE_TENANT;
    login->origin.from_inventory = true;
    hop_string_copy(login->origin.tenant, sizeof login->origin.tenant, name);
}

static enum hop_recall_source recall_by(struct hop_engine *engine, struct hop_login *login,
                                        struct hop_judgement *judgement,
                                        struct hop_deadline deadline)
{
    struct hop_reach reach = hop_engine_reach(engine->conf, login->tenant);
    hop_history_recall_by(engine->history, login, &reach, &judgement->recollection, deadline,
                          &judgement->trouble);
    if (judgement->recollection.store_time_ms != 0)
        judgement->clock_skew_ms = hop_clock_epoch_ms() - judgement->recollection.store_time_ms;
    complete_origin(engine, login, &judgement->recollection);
    return judgement->recollection.source;
}

static bool clock_is_off(const struct hop_judgement *judgement)
{
    return llabs(judgement->clock_skew_ms) > (long long)HOP_CLOCK_SKEW_MAX * 1000;
}

/* Bound accounts are never scored: the binding decides. Of the history only home's freezes count.
 */
static void judge_bound_by(struct hop_engine *engine, struct hop_login *login,
                           struct hop_judgement *judgement, struct hop_deadline deadline)
{
    const struct hop_policy *policy = &hop_conf_settings(engine->conf)->policy;
    struct hop_verdict *verdict = &judgement->verdict;
    struct hop_binding binding;
    hop_conf_binding(engine->conf, login, &binding);
    hop_verdict_bound(binding.inside, binding.why, verdict);
    enum hop_recall_source source = recall_by(engine, login, judgement, deadline);
    if (source == HOP_RECALL_FALLBACK)
        hop_verdict_on_loss(verdict, policy, HOP_LOSS_FALLBACK, login->lane);
    if (source == HOP_RECALL_NOWHERE)
        hop_verdict_on_loss(verdict, policy, HOP_LOSS_HISTORY, login->lane);
    hop_verdict_freeze(verdict, &judgement->recollection.around);
    if (binding.needs_key && binding.inside)
        hop_verdict_on_loss(verdict, policy, HOP_LOSS_KEY, login->lane);
    if (login->origin.address.family == 0)
        hop_verdict_on_loss(verdict, policy, HOP_LOSS_SOURCE, login->lane);
}

/* Has the site set this cell of a break-glass account to anything but letting in? */
static bool glass_depends_on(const struct hop_policy *policy, enum hop_loss loss)
{
    enum hop_on on = policy->on_loss[loss][HOP_LANE_BREAK_GLASS];
    return on != HOP_ON_ALLOW && on != HOP_ON_SCORE && on != HOP_ON_SESSION;
}

static void lose_glass(struct hop_verdict *verdict, const struct hop_policy *policy,
                       enum hop_loss loss)
{
    if (glass_depends_on(policy, loss))
        hop_verdict_on_loss(verdict, policy, loss, HOP_LANE_BREAK_GLASS);
}

/* Always let in, unless a cell of the failure table is set otherwise. The history is not asked
 * unless its loss would matter, but by the key helper, which may refuse a frozen key of anybody's.
 */
static void judge_break_glass_by(struct hop_engine *engine, struct hop_login *login,
                                 struct hop_judgement *judgement, struct hop_deadline deadline)
{
    const struct hop_policy *policy = &hop_conf_settings(engine->conf)->policy;
    struct hop_verdict *verdict = &judgement->verdict;
    bool matters =
        glass_depends_on(policy, HOP_LOSS_FALLBACK) || glass_depends_on(policy, HOP_LOSS_HISTORY);
    hop_verdict_break_glass(verdict);
    if (login->phase == HOP_PHASE_KEYS || matters) {
        enum hop_recall_source source = recall_by(engine, login, judgement, deadline);
        if (source == HOP_RECALL_FALLBACK)
            lose_glass(verdict, policy, HOP_LOSS_FALLBACK);
        if (source == HOP_RECALL_NOWHERE)
            lose_glass(verdict, policy, HOP_LOSS_HISTORY);
    }
    if (hop_facts_lost(engine->facts))
        lose_glass(verdict, policy, HOP_LOSS_GEO);
    if (login->origin.address.family == 0)
        lose_glass(verdict, policy, HOP_LOSS_SOURCE);
    if (login->key_lost)
        lose_glass(verdict, policy, HOP_LOSS_KEY);
}

static void judge_person_by(struct hop_engine *engine, struct hop_login *login,
                            struct hop_judgement *judgement, struct hop_deadline deadline)
{
    const struct hop_policy *policy = &hop_conf_settings(engine->conf)->policy;
    struct hop_verdict *verdict = &judgement->verdict;
    enum hop_recall_source source = recall_by(engine, login, judgement, deadline);
    if (source != HOP_RECALL_NOWHERE) {
        struct hop_scene scene = {.login = login,
                                  .profile = &judgement->recollection.merged,
                                  .around = &judgement->recollection.around,
                                  .decays = &engine->decays,
                                  .strict = policy->strict,
                                  .witness_is_home = policy->witness_is_home};
        hop_verdict_of(&scene, policy, verdict);
    }
    if (source == HOP_RECALL_FALLBACK)
        hop_verdict_on_loss(verdict, policy, HOP_LOSS_FALLBACK, login->lane);
    if (source == HOP_RECALL_NOWHERE) {
        hop_verdict_on_loss(verdict, policy, HOP_LOSS_HISTORY, login->lane);
        hop_verdict_freeze(verdict, &judgement->recollection.around); /* the fallback knows those */
    }
    if (hop_facts_lost(engine->facts))
        hop_verdict_on_loss(verdict, policy, HOP_LOSS_GEO, login->lane);
    if (login->origin.address.family == 0)
        hop_verdict_on_loss(verdict, policy, HOP_LOSS_SOURCE, login->lane);
    if (login->key_lost)
        hop_verdict_on_loss(verdict, policy, HOP_LOSS_KEY, login->lane);
}

/* By the store's clock where it has answered: home gave the permit by that one. */
static int64_t permit_time(const struct hop_login *login, const struct hop_judgement *judgement)
{
    return login->time - judgement->clock_skew_ms / 1000;
}

void hop_engine_judge_by(struct hop_engine *engine, struct hop_login *login,
                         struct hop_judgement *judgement, struct hop_deadline deadline)
{
    const struct hop_policy *policy = &hop_conf_settings(engine->conf)->policy;
    struct hop_verdict *verdict = &judgement->verdict;
    memset(verdict, 0, sizeof *verdict);
    if (login->class == HOP_CLASS_BREAK_GLASS)
        judge_break_glass_by(engine, login, judgement, deadline);
    else if (login->class == HOP_CLASS_AUTOMATION)
        judge_bound_by(engine, login, judgement, deadline);
    else if (login->identity[0] == '\0') /* a shared account's key is its identity */
        hop_verdict_on_loss(verdict, policy, HOP_LOSS_KEY, HOP_LANE_BOUND);
    else
        judge_person_by(engine, login, judgement, deadline);
    hop_verdict_permit(verdict, &judgement->recollection.around, permit_time(login, judgement));
    if (clock_is_off(judgement)) {
        verdict->losses |= HOP_LOSS_BIT(HOP_LOSS_CLOCK);
        hop_error_set(&judgement->trouble, HOP_IO, "clock: %lld s off the store's",
                      (long long)(judgement->clock_skew_ms / 1000));
    }
    if (judgement->trouble.rc == HOP_OK && hop_facts_lost(engine->facts))
        judgement->trouble = engine->facts_trouble;
}

/* -- recording ----------------------------------------------------------------------------- */

static int surprise_of(const struct hop_verdict *verdict)
{
    const double *terms = verdict->score.evidence.terms[0];
    return (int)lround((terms[HOP_BLOCK_DESTINATION] + terms[HOP_BLOCK_RECENCY]) * 10.0);
}

static enum hop_rc plan_entry(const struct hop_login *login, const struct hop_reach *reach,
                              const struct hop_verdict *verdict, const struct hop_answer *answer,
                              enum hop_mode mode, struct hop_batch *batch)
{
    char *line = malloc(HOP_ENTRY_LINE_MAX);
    if (line == NULL)
        return HOP_NOMEM;
    struct hop_text text = hop_text_over(line, HOP_ENTRY_LINE_MAX);
    enum hop_rc rc = HOP_LIMIT;
    if (hop_entry_put_judged(&text, login, verdict, answer, mode))
        rc = hop_plan_log(reach, login->id, line, batch);
    free(line);
    return rc;
}

enum hop_recorded hop_engine_judged_by(struct hop_engine *engine, const struct hop_login *login,
                                       const struct hop_judgement *judgement,
                                       const struct hop_answer *answer, enum hop_mode mode,
                                       struct hop_deadline deadline, struct hop_error *err)
{
    struct hop_reach reach = hop_engine_reach(engine->conf, login->tenant);
    struct hop_batch batch;
    hop_batch_init(&batch);
    enum hop_recorded recorded = HOP_RECORDED_NOT;
    enum hop_rc rc = HOP_OK;
    if (judgement->verdict.scored && hop_service_enters(hop_service_of(login->service)))
        rc = hop_plan_touch(login, &reach, &judgement->recollection,
                            surprise_of(&judgement->verdict), &batch);
    if (rc == HOP_OK && hop_history_keeps_log(engine->history))
        rc = plan_entry(login, &reach, &judgement->verdict, answer, mode, &batch);
    if (rc == HOP_OK)
        recorded =
            hop_history_record_by(engine->history, &batch, clock_is_off(judgement), deadline, err);
    else
        hop_error_set(err, rc, "login %s: the log entry could not be made", login->id);
    hop_batch_done(&batch);
    return recorded;
}

static enum hop_rc plan_outcome(const struct hop_login *login, const struct hop_reach *reach,
                                const char *outcome, bool opened, bool stepped_up,
                                struct hop_batch *batch)
{
    char *line = malloc(HOP_ENTRY_LINE_MAX);
    if (line == NULL)
        return HOP_NOMEM;
    struct hop_text text = hop_text_over(line, HOP_ENTRY_LINE_MAX);
    enum hop_rc rc = HOP_LIMIT;
    if (hop_entry_put_outcome(&text, login, outcome, opened, stepped_up))
        rc = hop_plan_log(reach, login->id, line, batch);
    free(line);
    return rc;
}

static enum hop_rc plan_finished(const struct hop_engine *engine, const struct hop_login *login,
                                 const struct hop_reach *reach,
                                 const struct hop_recollection *recollection,
                                 struct hop_lesson lesson, bool stepped_up, struct hop_batch *batch)
{
    enum hop_rc rc = HOP_OK;
    if (lesson.learn && login->identity[0] != '\0')
        rc = hop_plan_learned(login, reach, recollection, lesson, batch);
    if (rc == HOP_OK && stepped_up && login->identity[0] != '\0')
        rc = hop_plan_step_up(login, reach, batch);
    if (rc == HOP_OK && login->server.family != 0)
        rc = hop_plan_session(login, reach, true, batch);
    if (rc == HOP_OK && hop_history_keeps_log(engine->history))
        rc = plan_outcome(login, reach, "success", true, stepped_up, batch);
    return rc;
}

enum hop_recorded hop_engine_learned_by(struct hop_engine *engine, const struct hop_login *login,
                                        struct hop_judgement *judgement, struct hop_lesson lesson,
                                        bool stepped_up, struct hop_deadline deadline,
                                        struct hop_error *err)
{
    struct hop_reach reach = hop_engine_reach(engine->conf, login->tenant);
    bool enters = hop_service_enters(hop_service_of(login->service));
    if (enters && judgement->recollection.source == HOP_RECALL_NOWHERE &&
        login->identity[0] != '\0') {
        struct hop_login copy = *login;
        recall_by(engine, &copy, judgement, deadline);
    }
    struct hop_batch batch;
    hop_batch_init(&batch);
    enum hop_recorded recorded = HOP_RECORDED_NOT;
    enum hop_rc rc =
        plan_finished(engine, login, &reach, &judgement->recollection, lesson, stepped_up, &batch);
    if (rc == HOP_OK)
        recorded =
            hop_history_record_by(engine->history, &batch, clock_is_off(judgement), deadline, err);
    else
        hop_error_set(err, rc, "login %s: its record could not be made", login->id);
    hop_batch_done(&batch);
    if (enters && recorded == HOP_RECORDED_STORE && login->identity[0] != '\0')
        hop_history_remember_by(engine->history, login, &reach, &judgement->recollection, deadline,
                                NULL);
    return recorded;
}

static enum hop_rc plan_refused(const struct hop_engine *engine, const struct hop_login *login,
                                const struct hop_reach *reach, const char *outcome,
                                struct hop_batch *batch)
{
    enum hop_failure_kind kind;
    enum hop_rc rc = HOP_OK;
    if (hop_history_keeps_log(engine->history))
        rc = plan_outcome(login, reach, outcome, false, false, batch);
    if (rc == HOP_OK && hop_failure_of_outcome(outcome, &kind))
        rc = hop_plan_failed(login, reach, kind, batch);
    return rc;
}

enum hop_recorded hop_engine_refused_by(struct hop_engine *engine, const struct hop_login *login,
                                        const char *outcome, struct hop_deadline deadline,
                                        struct hop_error *err)
{
    struct hop_reach reach = hop_engine_reach(engine->conf, login->tenant);
    struct hop_batch batch;
    hop_batch_init(&batch);
    enum hop_recorded recorded = HOP_RECORDED_NOT;
    if (plan_refused(engine, login, &reach, outcome, &batch) == HOP_OK)
        recorded = hop_history_record_by(engine->history, &batch, false, deadline, err);
    else
        hop_error_set(err, HOP_NOMEM, "login %s: its outcome could not be recorded", login->id);
    hop_batch_done(&batch);
    return recorded;
}

static enum hop_rc plan_waits(const struct hop_login *login, const struct hop_reach *reach,
                              int64_t until, struct hop_batch *batch)
{
    char *line = malloc(HOP_ENTRY_LINE_MAX);
    if (line == NULL)
        return HOP_NOMEM;
    struct hop_text text = hop_text_over(line, HOP_ENTRY_LINE_MAX);
    enum hop_rc rc = HOP_LIMIT;
    if (hop_entry_put_waits(&text, login, until))
        rc = hop_plan_log(reach, login->id, line, batch);
    free(line);
    return rc;
}

enum hop_recorded hop_engine_waits_by(struct hop_engine *engine, const struct hop_login *login,
                                      int64_t until, struct hop_deadline deadline,
                                      struct hop_error *err)
{
    struct hop_reach reach = hop_engine_reach(engine->conf, login->tenant);
    struct hop_batch batch;
    hop_batch_init(&batch);
    enum hop_recorded recorded = HOP_RECORDED_NOT;
    if (plan_waits(login, &reach, until, &batch) == HOP_OK)
        recorded = hop_history_record_by(engine->history, &batch, false, deadline, err);
    else
        hop_error_set(err, HOP_NOMEM, "login %s: that it waits could not be recorded", login->id);
    hop_batch_done(&batch);
    return recorded;
}

static enum hop_rc plan_failed_entry(const struct hop_login *login, const struct hop_reach *reach,
                                     struct hop_batch *batch)
{
    char *line = malloc(HOP_ENTRY_LINE_MAX);
    if (line == NULL)
        return HOP_NOMEM;
    struct hop_text text = hop_text_over(line, HOP_ENTRY_LINE_MAX);
    enum hop_rc rc = HOP_LIMIT;
    if (hop_entry_put_failed(&text, login))
        rc = hop_plan_log(reach, login->id, line, batch);
    free(line);
    return rc;
}

static enum hop_rc plan_failed(const struct hop_engine *engine, const struct hop_login *login,
                               const struct hop_reach *reach, struct hop_batch *batch)
{
    enum hop_rc rc = HOP_OK;
    if (hop_history_keeps_log(engine->history))
        rc = plan_failed_entry(login, reach, batch);
    return rc == HOP_OK ? hop_plan_failed(login, reach, HOP_FAILURE_CREDENTIAL, batch) : rc;
}

enum hop_recorded hop_engine_failed_by(struct hop_engine *engine, const struct hop_login *login,
                                       struct hop_deadline deadline, struct hop_error *err)
{
    struct hop_reach reach = hop_engine_reach(engine->conf, login->tenant);
    struct hop_batch batch;
    hop_batch_init(&batch);
    enum hop_recorded recorded = HOP_RECORDED_NOT;
    if (plan_failed(engine, login, &reach, &batch) == HOP_OK)
        recorded = hop_history_record_by(engine->history, &batch, false, deadline, err);
    else
        hop_error_set(err, HOP_NOMEM, "login %s: its failure could not be recorded", login->id);
    hop_batch_done(&batch);
    return recorded;
}

enum hop_recorded hop_engine_ended_by(struct hop_engine *engine, const struct hop_login *login,
                                      struct hop_deadline deadline, struct hop_error *err)
{
    if (login->server.family == 0)
        return HOP_RECORDED_STORE;
    struct hop_reach reach = hop_engine_reach(engine->conf, login->tenant);
    struct hop_batch batch;
    hop_batch_init(&batch);
    enum hop_recorded recorded = HOP_RECORDED_NOT;
    if (hop_plan_session(login, &reach, false, &batch) == HOP_OK)
        recorded = hop_history_record_by(engine->history, &batch, false, deadline, err);
    else
        hop_error_set(err, HOP_NOMEM, "login %s: its end could not be recorded", login->id);
    hop_batch_done(&batch);
    return recorded;
}
