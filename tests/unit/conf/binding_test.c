/* SPDX-License-Identifier: Apache-2.0 */
#include "sample.h"

#include "../suite.h"

static struct hop_login a_login(const char *source, const char *tenant, const char *key)
{
    struct hop_login login = {.account = "ansible", .origin = {.address = an_address(source)}};
    hop_string_copy(login.tenant, sizeof login.tenant, tenant);
    hop_string_copy(login.key, sizeof login.key, key);
    return login;
}

static struct hop_binding bound(const char *lists, const struct hop_login *login)
{
    char text[512];
    struct hop_text section = hop_text_over(text, sizeof text);
    hop_text_format(&section, "[account \"ansible\"]\nclass = automation\n%s", lists);
    struct hop_conf *conf = a_conf(text);
    struct hop_binding binding;
    hop_conf_binding(conf, login, &binding);
    hop_conf_free(&conf);
    return binding;
}

static const char bindings[] =
    "keys = " KEY_A "\nsources = 10.2.0.0/16 2001:db8::/32\ntenants = acme beta\n";

START_TEST(inside_every_list_is_inside)
{
    struct hop_login login = a_login("10.2.3.4", "acme", KEY_A);
    struct hop_binding binding = bound(bindings, &login);
    ck_assert(binding.inside && !binding.needs_key);
    ck_assert_str_eq(binding.why, "inside its binding");
}
END_TEST

START_TEST(outside_one_list_is_outside)
{
    static const struct {
        const char *source, *tenant, *key, *why;
    } cases[] = {
        {"10.3.3.4", "acme", KEY_A, "source 10.3.3.4 is not bound"},
        {"", "acme", KEY_A, "source unknown is not bound"},
        {"10.2.3.4", "gamma", KEY_A, "tenant gamma is not bound"},
        {"10.2.3.4", "acme", KEY_B, "key " KEY_B " is not bound"},
        {"10.2.3.4", "acme", "", "key none is not bound"},
        {"10.2.3.4", "acme", "a\nb", "key a\\x0ab is not bound"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hop_login login = a_login(cases[i].source, cases[i].tenant, cases[i].key);
        struct hop_binding binding = bound(bindings, &login);
        ck_assert(!binding.inside && !binding.needs_key);
        ck_assert_str_eq(binding.why, cases[i].why);
    }
}
END_TEST

START_TEST(a_list_that_is_not_configured_does_not_bind)
{
    struct hop_login login = a_login("", "gamma", "");
    ck_assert(bound("tenants = gamma\n", &login).inside);
    login = a_login("10.2.3.4", "gamma", "");
    ck_assert(bound("sources = 10.2.0.0/16\n", &login).inside);
    login = a_login("", "gamma", KEY_A);
    ck_assert(bound("keys = " KEY_A "\n", &login).inside);
}
END_TEST

START_TEST(an_account_without_any_list_is_never_inside)
{
    struct hop_login login = a_login("10.2.3.4", "acme", KEY_A);
    struct hop_binding binding = bound("", &login);
    ck_assert(!binding.inside);
    ck_assert_str_eq(binding.why, "the account has no binding");
    hop_string_copy(login.account, sizeof login.account, "unheard-of");
    ck_assert(!bound(bindings, &login).inside);
}
END_TEST

START_TEST(a_key_that_cannot_be_seen_yet_leaves_it_to_the_other_lists)
{
    struct hop_login login = a_login("10.2.3.4", "acme", "");
    login.key_lost = true;
    struct hop_binding binding = bound(bindings, &login);
    ck_assert(binding.inside && binding.needs_key);
    login.origin.address = an_address("10.3.3.4");
    ck_assert(!bound(bindings, &login).inside);
    login.origin.address = an_address("10.2.3.4");
    binding = bound("sources = 10.2.0.0/16\n", &login);
    ck_assert(binding.inside && !binding.needs_key);
}
END_TEST

HOP_SUITE("binding", inside_every_list_is_inside, outside_one_list_is_outside,
          a_list_that_is_not_configured_does_not_bind, an_account_without_any_list_is_never_inside,
          a_key_that_cannot_be_seen_yet_leaves_it_to_the_other_lists)
