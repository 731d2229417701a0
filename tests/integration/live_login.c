/* SPDX-License-Identifier: Apache-2.0 */
/* live_login CONF EVENTS: each login of the log as a host would meet it, over the configured
 * history: judged, logged, and, unless refused, learned. Prints "<id> <action>" for each. What a
 * face does, without sshd. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "engine.h"

static struct hop_deadline soon(void)
{
    return hop_clock_deadline(10000);
}

static int finish(struct hop_engine *engine, const struct hop_entry *entry,
                  const struct hop_login *login, struct hop_judgement *judgement,
                  const struct hop_answer *answer, struct hop_moment moment)
{
    struct hop_error err = {0};
    bool asked = answer->kind == HOP_ANSWER_STEP_UP;
    moment.stepped_up = asked && entry->step_up_passes;
    struct hop_lesson lesson = hop_lesson_of(&judgement->verdict, &moment);
    enum hop_recorded recorded;
    if (lesson.learn)
        recorded = hop_engine_learned_by(engine, login, judgement, lesson, moment.stepped_up,
                                         soon(), &err);
    else
        recorded = hop_engine_refused_by(engine, login, asked ? "step-up-failed" : "refused",
                                         soon(), &err);
    if (recorded != HOP_RECORDED_STORE)
        fprintf(stderr, "live_login: %s\n", err.text);
    return recorded == HOP_RECORDED_STORE ? 0 : 1;
}

static int log_in(const struct hop_conf *conf, struct hop_engine *engine,
                  const struct hop_entry *entry)
{
    struct hop_error err = {0};
    struct hop_login login = entry->login;
    struct hop_place place = login.origin.place;
    login.phase = HOP_PHASE_AUTH;
    login.first_factor_proven = true;
    hop_string_copy(login.service, sizeof login.service, "sshd");
    if (hop_engine_admit(engine, &login, false, &err) != HOP_OK)
        return 1;
    login.origin.place = place;
    struct hop_moment moment = {.mode = hop_conf_settings(conf)->policy.mode,
                                .phase = HOP_PHASE_AUTH,
                                .lane = login.lane,
                                .first_factor_proven = true};
    struct hop_judgement judgement;
    struct hop_answer answer;
    hop_judgement_init(&judgement);
    hop_engine_judge_by(engine, &login, &judgement, soon());
    hop_answer_of(&judgement.verdict, &moment, &answer);
    int status = hop_engine_judged_by(engine, &login, &judgement, &answer, moment.mode, soon(),
                                      &err) != HOP_RECORDED_STORE;
    if (status == 0)
        status = finish(engine, entry, &login, &judgement, &answer, moment);
    printf("%s %s\n", login.id, hop_action_word(judgement.verdict.action));
    hop_judgement_done(&judgement);
    return status;
}

int main(int argc, char **argv)
{
    struct hop_conf *conf;
    struct hop_engine *engine;
    struct hop_error err = {0};
    char line[HOP_ENTRY_LINE_MAX + 2];
    FILE *events = argc == 3 ? fopen(argv[2], "re") : NULL;
    if (events == NULL || hop_conf_load(argv[1], &conf, &err) != HOP_OK ||
        hop_engine_new(conf, HOP_HISTORY_WRITER, &engine, &err) != HOP_OK) {
        fprintf(stderr, "live_login: %s\n", err.text);
        return EXIT_FAILURE;
    }
    int status = 0;
    while (status == 0 && fgets(line, sizeof line, events) != NULL) {
        struct hop_entry entry;
        line[strcspn(line, "\n")] = '\0';
        if (hop_entry_parse(hop_span_of(line), &entry, &err) != HOP_OK) {
            fprintf(stderr, "live_login: %s\n", err.text);
            status = 1;
        } else {
            status = log_in(conf, engine, &entry);
        }
    }
    fclose(events);
    hop_engine_free(&engine);
    hop_conf_free(&conf);
    return status == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
