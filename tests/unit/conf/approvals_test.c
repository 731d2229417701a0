/* SPDX-License-Identifier: Apache-2.0 */
#include "sample.h"

#include <string.h>

#include "../suite.h"

static bool wants(const char *text, const char *account)
{
    struct hop_conf *conf = a_conf(text);
    bool wanted = hop_conf_wants_approval(conf, account);
    hop_conf_free(&conf);
    return wanted;
}

static bool knows(const char *text)
{
    struct hop_conf *conf = a_conf(text);
    bool known = hop_conf_knows_approval(conf);
    hop_conf_free(&conf);
    return known;
}

#define OPEN "[hopwarden]\ntenant = acme\n"
#define APPROVE "step_up = approve\n"
#define DORA(way) "[account \"dora\"]\nstep_up = " way "\n"

START_TEST(a_step_up_is_asked_for_unless_said_otherwise)
{
    ck_assert(!wants("", "anna") && !knows(""));
    ck_assert(!wants("step_up = ask\n", "anna"));
    ck_assert(wants(APPROVE, "anna") && knows(APPROVE));
}
END_TEST

START_TEST(an_account_decides_for_itself)
{
    ck_assert(wants(DORA("approve"), "dora") && !wants(DORA("approve"), "anna"));
    ck_assert(knows(DORA("approve")));
    ck_assert(!wants(APPROVE DORA("ask"), "dora") && wants(APPROVE DORA("ask"), "anna"));
    ck_assert(wants(APPROVE DORA("default"), "dora"));
}
END_TEST

START_TEST(automation_and_break_glass_never_wait)
{
    ck_assert(!wants(APPROVE "[account \"robot\"]\nclass = automation\n", "robot"));
    ck_assert(!wants(APPROVE "[account \"rescue\"]\nclass = break-glass\n", "rescue"));
    ck_assert(wants(APPROVE "[account \"root\"]\nclass = shared\n", "root"));
    ck_assert_str_eq(refusal(OPEN "[account \"robot\"]\nclass = automation\nstep_up = approve\n"),
                     "t.conf:3: step_up for a class that has none: automation");
}
END_TEST

START_TEST(the_settings_have_bounds)
{
    struct hop_conf *conf = a_conf("approval_wait_s = 90\nallowed_signers = /x/y\n");
    const struct hop_settings *settings = hop_conf_settings(conf);
    ck_assert_int_eq(settings->approval_wait_s, 90);
    ck_assert_str_eq(settings->allowed_signers, "/x/y");
    hop_conf_free(&conf);
    ck_assert_ptr_nonnull(strstr(refusal(OPEN "approval_wait_s = 0\n"), "1 to 600"));
    ck_assert_ptr_nonnull(strstr(refusal(OPEN "approval_wait_s = 601\n"), "1 to 600"));
    ck_assert_ptr_nonnull(strstr(refusal(OPEN "step_up = default\n"), "ask approve"));
    ck_assert_ptr_nonnull(strstr(refusal(OPEN "allowed_signers = signers\n"), "not a path"));
    ck_assert_ptr_nonnull(strstr(refusal(OPEN DORA("maybe")), "default ask approve"));
}
END_TEST

START_TEST(persons_and_members_are_known)
{
    struct hop_conf *conf =
        a_conf("[person \"anna\"]\naccounts = acme:a\n[team \"t\"]\nmembers = ben\n");
    ck_assert(hop_conf_knows_identity(conf, "anna") && hop_conf_knows_identity(conf, "ben"));
    ck_assert(!hop_conf_knows_identity(conf, "acme:a") && !hop_conf_knows_identity(conf, ""));
    hop_conf_free(&conf);
}
END_TEST

HOP_SUITE("approvals", a_step_up_is_asked_for_unless_said_otherwise, an_account_decides_for_itself,
          automation_and_break_glass_never_wait, the_settings_have_bounds,
          persons_and_members_are_known)
