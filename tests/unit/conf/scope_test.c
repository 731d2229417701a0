/* SPDX-License-Identifier: Apache-2.0 */
#include "conf_parts.h"
#include "sample.h"

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../suite.h"

static const char groups[] = "root:x:0:\n"
                             "short\n"
                             "admins:x:500:anna,bert\n"
                             "adminsx:x:501:carol\n"
                             "empty:x:502:\n"
                             "cut:x:50";

static bool has(const char *group, const char *account, long gid)
{
    return hop_group_has(hop_span_of(groups), group, account, gid);
}

START_TEST(a_group_has_its_members_and_those_whose_primary_group_it_is)
{
    ck_assert(has("admins", "anna", 100));
    ck_assert(has("admins", "bert", 100));
    ck_assert(has("admins", "carol", 500));
    ck_assert(!has("admins", "carol", 501));
    ck_assert(!has("admins", "ann", 100));
    ck_assert(!has("admins", "bert\n", 100));
    ck_assert(!has("empty", "anna", 500));
    ck_assert(!has("short", "anna", 500));
    ck_assert(!has("cut", "anna", 50));
    ck_assert(!has("", "anna", 500));
    ck_assert(!has("nogroup", "anna", 500));
}
END_TEST

static enum hop_subject subject(const struct hop_conf *conf, const char *service,
                                const char *invoker, const char *target)
{
    struct hop_parties parties = {
        .target = target, .target_gid = 1, .invoker = invoker, .invoker_gid = 1};
    return hop_conf_subject(conf, &parties, service);
}

START_TEST(whose_login_it_is)
{
    struct hop_conf *conf = a_conf("accounts = anna ben root\nservices = *\n"
                                   "[account \"root\"]\nclass = shared\n");
    ck_assert_int_eq(subject(conf, "sshd", NULL, "anna"), HOP_SUBJECT_TARGET);
    ck_assert_int_eq(subject(conf, "login", NULL, "carol"), HOP_SUBJECT_NONE);
    ck_assert_int_eq(subject(conf, "su", "anna", "ben"), HOP_SUBJECT_INVOKER);
    ck_assert_int_eq(subject(conf, "sudo", "anna", "root"), HOP_SUBJECT_INVOKER);
    ck_assert_int_eq(subject(conf, "su", "anna", "carol"), HOP_SUBJECT_INVOKER);
    ck_assert_int_eq(subject(conf, "su", "root", "carol"), HOP_SUBJECT_INVOKER);
    hop_conf_free(&conf);
}
END_TEST

START_TEST(out_of_scope_only_a_person_s_account_is_guarded)
{
    struct hop_conf *conf = a_conf("accounts = anna root deploy\nservices = *\n"
                                   "[account \"root\"]\nclass = shared\n"
                                   "[account \"deploy\"]\nclass = automation\n");
    ck_assert_int_eq(subject(conf, "su", "carol", "anna"), HOP_SUBJECT_TARGET);
    ck_assert_int_eq(subject(conf, "su", "carol", "root"), HOP_SUBJECT_NONE);
    ck_assert_int_eq(subject(conf, "su", "carol", "deploy"), HOP_SUBJECT_NONE);
    ck_assert_int_eq(subject(conf, "su", "carol", "dave"), HOP_SUBJECT_NONE);
    hop_conf_free(&conf);
}
END_TEST

START_TEST(root_outside_sessions_jobs_and_other_services_are_nobody_s)
{
    struct hop_conf *conf = a_conf("accounts = *\nservices = *\n");
    ck_assert_int_eq(subject(conf, "su", NULL, "anna"), HOP_SUBJECT_NONE);
    ck_assert_int_eq(subject(conf, "cron", NULL, "anna"), HOP_SUBJECT_NONE);
    ck_assert_int_eq(subject(conf, "systemd-user", NULL, "anna"), HOP_SUBJECT_NONE);
    hop_conf_free(&conf);
    conf = a_conf("accounts = *\n");
    ck_assert_int_eq(subject(conf, "sshd", NULL, "anna"), HOP_SUBJECT_TARGET);
    ck_assert_int_eq(subject(conf, "sudo", "anna", "root"), HOP_SUBJECT_NONE);
    ck_assert_int_eq(subject(conf, "login", NULL, "anna"), HOP_SUBJECT_NONE);
    hop_conf_free(&conf);
}
END_TEST

START_TEST(nobody_is_in_scope_by_default)
{
    struct hop_conf *conf = a_conf("");
    ck_assert(!hop_conf_in_scope(conf, "root", 0, "sshd"));
    hop_conf_free(&conf);
}
END_TEST

START_TEST(patterns_choose_accounts_and_services)
{
    struct hop_conf *conf = a_conf("accounts = msp-*, ro?t [ab]nna\n");
    ck_assert(hop_conf_in_scope(conf, "msp-x", 1, "sshd"));
    ck_assert(hop_conf_in_scope(conf, "root", 1, "sshd"));
    ck_assert(hop_conf_in_scope(conf, "bnna", 1, "sshd"));
    ck_assert(!hop_conf_in_scope(conf, "cnna", 1, "sshd"));
    ck_assert(!hop_conf_in_scope(conf, "MSP-x", 1, "sshd"));
    ck_assert(!hop_conf_in_scope(conf, "msp-x", 1, "sudo"));
    ck_assert(!hop_conf_in_scope(conf, "", 1, "sshd"));
    hop_conf_free(&conf);
    conf = a_conf("accounts = *\nservices = sshd*, sudo\n");
    ck_assert(hop_conf_in_scope(conf, "x", 1, "sshd-session"));
    ck_assert(hop_conf_in_scope(conf, "x", 1, "sudo"));
    ck_assert(!hop_conf_in_scope(conf, "x", 1, "cron"));
    hop_conf_free(&conf);
}
END_TEST

START_TEST(groups_come_from_the_group_file)
{
    struct hop_conf *conf = a_conf("accounts = @admins @empty\n");
    const char *path = a_file("group", groups, 0644);
    ck_assert(hop_scope_has(conf, path, "anna", 100, "sshd"));
    ck_assert(hop_scope_has(conf, path, "dave", 502, "sshd"));
    ck_assert(!hop_scope_has(conf, path, "carol", 501, "sshd"));
    ck_assert(!hop_scope_has(conf, path, "anna", 100, "sudo"));
    ck_assert(!hop_scope_has(conf, in_folder("none"), "anna", 100, "sshd"));
    hop_conf_free(&conf);
}
END_TEST

START_TEST(whoever_might_be_in_a_group_that_cannot_be_read_is_judged)
{
    struct hop_conf *conf = a_conf("accounts = @admins\n");
    const char *path = a_file("group", groups, 0666);
    ck_assert(hop_scope_has(conf, path, "carol", 501, "sshd"));
    hop_conf_free(&conf);
    conf = a_conf("accounts = anna\n");
    ck_assert(!hop_scope_has(conf, path, "carol", 501, "sshd"));
    hop_conf_free(&conf);
}
END_TEST

START_TEST(groups_come_from_nss_when_asked)
{
    struct hop_conf *conf = a_conf("nss_groups = yes\naccounts = @root @no-such-group-here\n");
    struct group *root = getgrnam("root");
    ck_assert_ptr_nonnull(root);
    ck_assert(hop_scope_has(conf, "/nonexistent", "anyone", (long)root->gr_gid, "sshd"));
    ck_assert(!hop_scope_has(conf, "/nonexistent", "anyone", 4711, "sshd"));
    hop_conf_free(&conf);
}
END_TEST

HOP_SUITE_AROUND("scope", folder_setup, folder_teardown,
                 a_group_has_its_members_and_those_whose_primary_group_it_is, whose_login_it_is,
                 out_of_scope_only_a_person_s_account_is_guarded,
                 root_outside_sessions_jobs_and_other_services_are_nobody_s,
                 nobody_is_in_scope_by_default, patterns_choose_accounts_and_services,
                 groups_come_from_the_group_file,
                 whoever_might_be_in_a_group_that_cannot_be_read_is_judged,
                 groups_come_from_nss_when_asked)
