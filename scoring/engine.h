/* SPDX-License-Identifier: Apache-2.0 */
/* The order of the steps: facts, history, score, record. The engine holds no rule about risk and
 * does not know PAM.
 *
 *   face fills hop_login ── hop_engine_admit ── hop_engine_judge_by ── hop_answer_of ──
 * hop_engine_judged_by (touch, log) └─ hop_engine_learned_by (session only)
 */
#ifndef HOP_ENGINE_H
#define HOP_ENGINE_H

#include "conf.h"
#include "facts.h"
#include "history.h"
#include "record.h"

struct hop_engine;

/* Opens databases and handles, makes no connection. `conf` must outlive the engine. HOP_NOMEM only;
 * what is missing shows up as a verdict's loss. */
enum hop_rc hop_engine_new(const struct hop_conf *conf, enum hop_history_role role,
                           struct hop_engine **ret_engine, struct hop_error *err);
void hop_engine_free(struct hop_engine **engine);
struct hop_history *hop_engine_history(struct hop_engine *engine);

/* In whose name a host with this configuration reads and writes about logins to `tenant`. */
struct hop_reach hop_engine_reach(const struct hop_conf *conf, const char *tenant);

/* Fills what the configuration knows of a login: tenant and tag (unless set), class, identity,
 * team, origin's facts from its address (unless `keep_facts`), a new id (unless set), the lane of
 * automation and break-glass accounts. */
enum hop_rc hop_engine_admit(struct hop_engine *engine, struct hop_login *login, bool keep_facts,
                             struct hop_error *err);

/* A judgement: the verdict, and what was recalled for it (needed to record it). */
struct hop_judgement {
    struct hop_verdict verdict;
    struct hop_recollection recollection;
    struct hop_error trouble; /* why something was lost; empty when nothing was */
    int64_t clock_skew_ms;    /* this host against the store; 0 when unknown */
};
void hop_judgement_init(struct hop_judgement *judgement);
void hop_judgement_done(struct hop_judgement *judgement);

/* Recalls and scores; writes nothing. Never fails: what is missing is in the verdict. May complete
 * login->origin from the inventory. */
void hop_engine_judge_by(struct hop_engine *engine, struct hop_login *login,
                         struct hop_judgement *judgement, struct hop_deadline deadline);

/* Writes the touch and the log entry of a judged login. */
enum hop_recorded hop_engine_judged_by(struct hop_engine *engine, const struct hop_login *login,
                                       const struct hop_judgement *judgement,
                                       const struct hop_answer *answer, enum hop_mode mode,
                                       struct hop_deadline deadline, struct hop_error *err);
/* A finished login: sightings as the lesson says, the outcome, the live session. Recalls first if
 * `judgement` holds no recollection. */
enum hop_recorded hop_engine_learned_by(struct hop_engine *engine, const struct hop_login *login,
                                        struct hop_judgement *judgement, struct hop_lesson lesson,
                                        bool stepped_up, struct hop_deadline deadline,
                                        struct hop_error *err);
/* A login that was refused after its verdict, or a step-up that failed: the log's outcome; and,
 * where hop_failure_of_outcome says so, the failure that later scores see. */
enum hop_recorded hop_engine_refused_by(struct hop_engine *engine, const struct hop_login *login,
                                        const char *outcome, struct hop_deadline deadline,
                                        struct hop_error *err);
/* A judged login begins to wait for an approval, until `until` (epoch s) at the longest: home finds
 * it in the log. */
enum hop_recorded hop_engine_waits_by(struct hop_engine *engine, const struct hop_login *login,
                                      int64_t until, struct hop_deadline deadline,
                                      struct hop_error *err);
/* A wrong credential of an admitted login that no verdict was reached on: log and failure. */
enum hop_recorded hop_engine_failed_by(struct hop_engine *engine, const struct hop_login *login,
                                       struct hop_deadline deadline, struct hop_error *err);
/* The session is over: takes the live session away. */
enum hop_recorded hop_engine_ended_by(struct hop_engine *engine, const struct hop_login *login,
                                      struct hop_deadline deadline, struct hop_error *err);

#endif
