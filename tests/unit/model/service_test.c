/* SPDX-License-Identifier: Apache-2.0 */
/* What a PAM service is to a history, and what follows for what is learned. */
#include "answer.h"
#include "service.h"

#include "../suite.h"

START_TEST(known_names_are_what_they_are)
{
    ck_assert_int_eq(hop_service_of("sshd"), HOP_SERVICE_SSH);
    ck_assert_int_eq(hop_service_of("login"), HOP_SERVICE_LOGIN);
    ck_assert_int_eq(hop_service_of("remote"), HOP_SERVICE_LOGIN);
    ck_assert_int_eq(hop_service_of("cockpit"), HOP_SERVICE_LOGIN);
    ck_assert_int_eq(hop_service_of("su"), HOP_SERVICE_SWITCH);
    ck_assert_int_eq(hop_service_of("su-l"), HOP_SERVICE_SWITCH);
    ck_assert_int_eq(hop_service_of("sudo"), HOP_SERVICE_SWITCH);
    ck_assert_int_eq(hop_service_of("sudo-i"), HOP_SERVICE_SWITCH);
    ck_assert_int_eq(hop_service_of("cron"), HOP_SERVICE_BACKGROUND);
    ck_assert_int_eq(hop_service_of("systemd-user"), HOP_SERVICE_BACKGROUND);
}
END_TEST

START_TEST(an_unknown_name_may_be_sshd_under_another)
{
    ck_assert_int_eq(hop_service_of("sshd-internal"), HOP_SERVICE_SSH);
    ck_assert_int_eq(hop_service_of("SU"), HOP_SERVICE_SSH);
    ck_assert_int_eq(hop_service_of("sudoers"), HOP_SERVICE_SSH);
    ck_assert_int_eq(hop_service_of(""), HOP_SERVICE_SSH);
    ck_assert_int_eq(hop_service_of(NULL), HOP_SERVICE_SSH);
}
END_TEST

START_TEST(only_jobs_are_not_judged_and_only_entries_enter)
{
    for (int i = 0; i < HOP_SERVICE_COUNT; i++) {
        enum hop_service service = (enum hop_service)i;
        ck_assert_int_eq(hop_service_is_judged(service), service != HOP_SERVICE_BACKGROUND);
        ck_assert_int_eq(hop_service_enters(service),
                         service == HOP_SERVICE_SSH || service == HOP_SERVICE_LOGIN);
    }
}
END_TEST

START_TEST(only_entries_are_learned)
{
    for (int action = HOP_ALLOW; action < HOP_ACTION_COUNT; action++)
        for (int i = 0; i < HOP_SERVICE_COUNT; i++) {
            struct hop_verdict verdict = {.action = HOP_ALLOW, .own_action = HOP_ALLOW};
            struct hop_moment moment = {.mode = HOP_MODE_OBSERVE,
                                        .phase = HOP_PHASE_SESSION,
                                        .service = (enum hop_service)i,
                                        .stepped_up = true};
            verdict.action = verdict.own_action = (enum hop_action)action;
            struct hop_lesson lesson = hop_lesson_of(&verdict, &moment);
            ck_assert_int_eq(lesson.learn, hop_service_enters(moment.service));
            ck_assert(lesson.learn || !lesson.confirmed);
        }
}
END_TEST

HOP_SUITE("service", known_names_are_what_they_are, an_unknown_name_may_be_sshd_under_another,
          only_jobs_are_not_judged_and_only_entries_enter, only_entries_are_learned)
