/* SPDX-License-Identifier: Apache-2.0 */
/* Who is whom, and what the settings are. */
#include "sample.h"

#include <string.h>

#include "../suite.h"

START_TEST(settings_have_their_defaults)
{
    struct hop_conf *conf = a_conf("");
    const struct hop_settings *settings = hop_conf_settings(conf);
    ck_assert_str_eq(settings->tenant, "acme");
    ck_assert_str_eq(settings->witness, "acme");
    ck_assert_str_eq(settings->tenant_tag, "db0914be99743e1c");
    ck_assert_str_eq(settings->history, "sqlite:/var/lib/hopwarden/history.db");
    ck_assert_str_eq(settings->history_prefix, "hop:1:");
    ck_assert_str_eq(settings->history_user, "");
    ck_assert_str_eq(settings->fallback, "/var/lib/hopwarden/fallback.db");
    ck_assert_int_eq(settings->deadline_ms, 250);
    ck_assert_int_eq(settings->helper_deadline_ms, 100);
    ck_assert_str_eq(settings->geo_city, "");
    ck_assert(!settings->nss_groups);
    hop_conf_free(&conf);
}
END_TEST

START_TEST(the_default_policy_is_the_models)
{
    struct hop_conf *conf = a_conf("");
    const struct hop_policy *policy = &hop_conf_settings(conf)->policy;
    struct hop_policy model = hop_policy_default();
    ck_assert_int_eq(policy->mode, model.mode);
    ck_assert_int_eq(policy->step_up_at_db, model.step_up_at_db);
    ck_assert_int_eq(policy->block_at_db, model.block_at_db);
    ck_assert_int_eq(policy->strict, model.strict);
    ck_assert_int_eq(policy->witness_is_home, model.witness_is_home);
    for (int loss = 0; loss < HOP_LOSS_TABLE_COUNT; loss++)
        for (int lane = 0; lane < HOP_LANE_COUNT; lane++)
            ck_assert_msg(policy->on_loss[loss][lane] == model.on_loss[loss][lane], "on_%s_%s",
                          hop_loss_word((enum hop_loss)loss), hop_lane_word((enum hop_lane)lane));
    hop_conf_free(&conf);
}
END_TEST

/* Each cell of the failure table is an option of its own. */
START_TEST(every_cell_of_the_failure_table_can_be_set)
{
    for (int loss = 0; loss < HOP_LOSS_TABLE_COUNT; loss++)
        for (int lane = 0; lane < HOP_LANE_COUNT; lane++)
            for (int block = 0; block < 2; block++) {
                char text[64];
                struct hop_text line = hop_text_over(text, sizeof text);
                hop_text_format(&line, "on_%s_%s = %s\n", hop_loss_word((enum hop_loss)loss),
                                hop_lane_word((enum hop_lane)lane), block ? "block" : "allow");
                struct hop_conf *conf = a_conf(text);
                const struct hop_policy *policy = &hop_conf_settings(conf)->policy;
                ck_assert_int_eq(policy->on_loss[loss][lane], block ? HOP_ON_BLOCK : HOP_ON_ALLOW);
                hop_conf_free(&conf);
            }
}
END_TEST

START_TEST(bits_are_kept_in_tenths)
{
    struct hop_conf *conf = a_conf("step_up_at = -9.5\nblock_at = -0.5\n");
    ck_assert_int_eq(hop_conf_settings(conf)->policy.step_up_at_db, -95);
    ck_assert_int_eq(hop_conf_settings(conf)->policy.block_at_db, -5);
    hop_conf_free(&conf);
    conf = a_conf("step_up_at = -12\nblock_at = 3.0\n");
    ck_assert_int_eq(hop_conf_settings(conf)->policy.step_up_at_db, -120);
    ck_assert_int_eq(hop_conf_settings(conf)->policy.block_at_db, 30);
    hop_conf_free(&conf);
}
END_TEST

START_TEST(history_urls)
{
    static const char *const urls[] = {
        "sqlite:/h.db",    "unix:/run/redis.sock", "redis://127.0.0.1:6379", "redis://[::1]:6379/3",
        "redis://[::1]",   "redis://127.0.0.1/2",  "redis://redis.example",  "sentinel://a,b,c/m",
        "cluster://a,b,c", "redis://10.0.0.1:1/0"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        char text[64];
        struct hop_text line = hop_text_over(text, sizeof text);
        hop_text_format(&line, "history = %s\n", urls[i]);
        struct hop_conf *conf = a_conf(text);
        ck_assert_str_eq(hop_conf_settings(conf)->history, urls[i]);
        hop_conf_free(&conf);
    }
}
END_TEST

START_TEST(witness_home_is_one_trust_domain)
{
    struct hop_conf *conf = a_conf("witness = home\n");
    ck_assert(hop_conf_settings(conf)->policy.witness_is_home);
    ck_assert_str_eq(hop_conf_settings(conf)->witness, "home");
    hop_conf_free(&conf);
}
END_TEST

START_TEST(a_host_of_home_is_witnessed_by_home)
{
    struct hop_conf *conf = NULL;
    ck_assert_int_eq(hop_conf_parse("t", hop_span_of("[hopwarden]\ntenant = home\n"), &conf, NULL),
                     HOP_OK);
    ck_assert(hop_conf_settings(conf)->policy.witness_is_home);
    hop_conf_free(&conf);
}
END_TEST

static const char people[] = "[person \"anna\"]\naccounts = acme:msp-anna, beta:anna home:anna\n"
                             "[person \"bert\"]\naccounts = acme:bert\n"
                             "[team \"nordics\"]\nmembers = anna carol\n"
                             "[account \"root\"]\nclass = shared\n"
                             "[account \"ansible\"]\nclass = automation\n"
                             "[account \"glass\"]\nclass = break-glass\n";

static const char *identity(const struct hop_conf *conf, const char *tenant, const char *account,
                            const char *key)
{
    static char text[HOP_NAME_MAX + 1];
    ck_assert_int_eq(hop_conf_identity(conf, tenant, account, key, text), HOP_OK);
    return text;
}

START_TEST(a_person_is_the_identity_of_its_accounts)
{
    struct hop_conf *conf = a_conf(people);
    ck_assert_str_eq(identity(conf, "acme", "msp-anna", ""), "anna");
    ck_assert_str_eq(identity(conf, "beta", "anna", KEY_A), "anna");
    ck_assert_str_eq(identity(conf, "home", "anna", ""), "anna");
    ck_assert_str_eq(identity(conf, "beta", "msp-anna", ""), "msp-anna");
    ck_assert_str_eq(identity(conf, "acme", "carol", KEY_A), "carol");
    hop_conf_free(&conf);
}
END_TEST

START_TEST(a_shared_account_is_account_and_key)
{
    struct hop_conf *conf = a_conf(people);
    char text[HOP_NAME_MAX + 1];
    ck_assert_str_eq(identity(conf, "acme", "root", KEY_A), "root+" KEY_A);
    ck_assert_int_eq(hop_conf_identity(conf, "acme", "root", "", text), HOP_NOT_FOUND);
    ck_assert_str_eq(text, "");
    char key[HOP_KEY_MAX + 1];
    memset(key, 'k', HOP_KEY_MAX);
    key[HOP_KEY_MAX] = 0;
    ck_assert_int_eq(hop_conf_identity(conf, "acme", "root", key, text), HOP_LIMIT);
    ck_assert_str_eq(text, "");
    hop_conf_free(&conf);
}
END_TEST

START_TEST(an_account_of_the_longest_name_is_itself)
{
    struct hop_conf *conf = a_conf(people);
    char account[HOP_NAME_MAX + 1];
    memset(account, 'a', HOP_NAME_MAX);
    account[HOP_NAME_MAX] = 0;
    ck_assert_str_eq(identity(conf, "acme", account, ""), account);
    hop_conf_free(&conf);
}
END_TEST

START_TEST(classes)
{
    struct hop_conf *conf = a_conf(people);
    ck_assert_int_eq(hop_conf_class(conf, "root"), HOP_CLASS_SHARED);
    ck_assert_int_eq(hop_conf_class(conf, "ansible"), HOP_CLASS_AUTOMATION);
    ck_assert_int_eq(hop_conf_class(conf, "glass"), HOP_CLASS_BREAK_GLASS);
    ck_assert_int_eq(hop_conf_class(conf, "anna"), HOP_CLASS_PERSON);
    hop_conf_free(&conf);
}
END_TEST

START_TEST(teams)
{
    struct hop_conf *conf = a_conf(people);
    ck_assert_str_eq(hop_conf_team(conf, "anna"), "nordics");
    ck_assert_str_eq(hop_conf_team(conf, "carol"), "nordics");
    ck_assert_str_eq(hop_conf_team(conf, "bert"), "");
    hop_conf_free(&conf);
}
END_TEST

START_TEST(tenants_are_counted_at_least_two)
{
    struct hop_conf *conf = a_conf("");
    ck_assert(hop_conf_tenants(conf) == 2);
    ck_assert_uint_eq(hop_conf_tenant_sections(conf), 0);
    ck_assert_ptr_null(hop_conf_tenant_name(conf, 0));
    hop_conf_free(&conf);
    conf = a_conf("[tenant \"c\"]\n[tenant \"a\"]\n[tenant \"b\"]\n[person \"p\"]\n");
    ck_assert(hop_conf_tenants(conf) == 3);
    ck_assert_uint_eq(hop_conf_tenant_sections(conf), 3);
    ck_assert_str_eq(hop_conf_tenant_name(conf, 0), "a");
    ck_assert_str_eq(hop_conf_tenant_name(conf, 2), "c");
    ck_assert_ptr_null(hop_conf_tenant_name(conf, 3));
    hop_conf_free(&conf);
    conf = a_conf("tenant_count = 40\n");
    ck_assert(hop_conf_tenants(conf) == 40);
    hop_conf_free(&conf);
}
END_TEST

START_TEST(tags_are_configured_or_hashed_and_lead_back)
{
    char tag[HOP_TENANT_MAX + 1];
    struct hop_conf *conf =
        a_conf("tenant_tag = t0\n[tenant \"beta\"]\ntag = t1\n[tenant \"c\"]\n");
    hop_conf_tag_of(conf, "acme", tag);
    ck_assert_str_eq(tag, "t0");
    hop_conf_tag_of(conf, "beta", tag);
    ck_assert_str_eq(tag, "t1");
    ck_assert_str_eq(hop_conf_tenant_of_tag(conf, "t0"), "acme");
    ck_assert_str_eq(hop_conf_tenant_of_tag(conf, "t1"), "beta");
    hop_conf_tag_of(conf, "c", tag);
    ck_assert_uint_eq(strlen(tag), 16);
    ck_assert_str_eq(hop_conf_tenant_of_tag(conf, tag), "c");
    ck_assert_ptr_null(hop_conf_tenant_of_tag(conf, "t2"));
    hop_conf_tag_of(conf, "unheard-of", tag);
    ck_assert_ptr_null(hop_conf_tenant_of_tag(conf, tag));
    hop_conf_free(&conf);
}
END_TEST

START_TEST(this_hosts_tag_may_stand_in_its_tenants_section)
{
    struct hop_conf *conf = a_conf("[tenant \"acme\"]\ntag = t9\n");
    ck_assert_str_eq(hop_conf_settings(conf)->tenant_tag, "t9");
    hop_conf_free(&conf);
}
END_TEST

HOP_SUITE("sections", settings_have_their_defaults, the_default_policy_is_the_models,
          every_cell_of_the_failure_table_can_be_set, bits_are_kept_in_tenths, history_urls,
          witness_home_is_one_trust_domain, a_host_of_home_is_witnessed_by_home,
          a_person_is_the_identity_of_its_accounts, a_shared_account_is_account_and_key,
          an_account_of_the_longest_name_is_itself, classes, teams,
          tenants_are_counted_at_least_two, tags_are_configured_or_hashed_and_lead_back,
          this_hosts_tag_may_stand_in_its_tenants_section)
