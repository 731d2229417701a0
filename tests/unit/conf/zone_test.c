/* SPDX-License-Identifier: Apache-2.0 */
#include "sample.h"

#include "../suite.h"

static const char networks[] = "hosting_networks = 198.51.100.0/24 2001:db8:f00::/48 AS64500\n"
                               "[home]\nnetworks = 192.0.2.0/24 10.9.0.0/16 2001:db8:1::/48\n"
                               "bastions = 192.0.2.10 192.0.2.11\n"
                               "[tenant \"acme\"]\nnetworks = 10.0.0.0/8\n"
                               "[tenant \"beta\"]\nnetworks = 10.1.0.0/16 203.0.113.0/24\n"
                               "[tenant \"gamma\"]\nnetworks = 10.1.2.0/24 2001:db8:2::/48\n";

static const struct {
    const char *address;
    enum hop_zone zone;
    const char *tenant;
} zones[] = {
    {"", HOP_ZONE_NOWHERE, ""},
    {"192.0.2.1", HOP_ZONE_HOME, ""},
    {"10.9.1.1", HOP_ZONE_HOME, ""},
    {"2001:db8:1::1", HOP_ZONE_HOME, ""},
    {"10.2.0.1", HOP_ZONE_TENANT, "acme"},
    {"10.1.1.1", HOP_ZONE_TENANT, "beta"},
    {"10.1.2.1", HOP_ZONE_TENANT, "gamma"},
    {"203.0.113.255", HOP_ZONE_TENANT, "beta"},
    {"::ffff:203.0.113.255", HOP_ZONE_TENANT, "beta"},
    {"2001:db8:2::1", HOP_ZONE_TENANT, "gamma"},
    {"203.0.114.0", HOP_ZONE_INTERNET, ""},
    {"2001:db8:3::1", HOP_ZONE_INTERNET, ""},
    /* private and in nobody's list: this host's tenant's */
    {"172.16.0.1", HOP_ZONE_TENANT, "acme"},
    {"100.64.0.1", HOP_ZONE_TENANT, "acme"},
    {"169.254.1.1", HOP_ZONE_TENANT, "acme"},
    {"fe80::1", HOP_ZONE_TENANT, "acme"},
    {"fd00::1", HOP_ZONE_TENANT, "acme"},
    {"127.0.0.1", HOP_ZONE_INTERNET, ""},
};

START_TEST(an_address_lies_at_home_or_in_the_longest_tenants_network)
{
    struct hop_conf *conf = a_conf(networks);
    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        struct hop_address address = an_address(zones[i].address);
        struct hop_origin origin = {.zone = HOP_ZONE_COUNT, .tenant = "rubbish"};
        hop_conf_zone(conf, &address, &origin);
        ck_assert_msg(origin.zone == zones[i].zone, "%s is in zone %s", zones[i].address,
                      hop_zone_word(origin.zone));
        ck_assert_str_eq(origin.tenant, zones[i].tenant);
    }
    hop_conf_free(&conf);
}
END_TEST

START_TEST(a_tenants_longer_prefix_does_not_take_an_address_from_home)
{
    struct hop_conf *conf = a_conf("[home]\nnetworks = 192.0.2.0/24\n"
                                   "[tenant \"beta\"]\nnetworks = 192.0.2.64/26\n");
    struct hop_address address = an_address("192.0.2.65");
    struct hop_origin origin;
    hop_conf_zone(conf, &address, &origin);
    ck_assert_int_eq(origin.zone, HOP_ZONE_HOME);
    hop_conf_free(&conf);
}
END_TEST

START_TEST(private_addresses_on_a_host_of_home_are_home)
{
    struct hop_conf *conf = NULL;
    struct hop_address address = an_address("10.1.1.1");
    struct hop_origin origin;
    ck_assert_int_eq(hop_conf_parse("t", hop_span_of("[hopwarden]\ntenant = home\n"), &conf, NULL),
                     HOP_OK);
    hop_conf_zone(conf, &address, &origin);
    ck_assert_int_eq(origin.zone, HOP_ZONE_HOME);
    ck_assert_str_eq(origin.tenant, "");
    hop_conf_free(&conf);
}
END_TEST

START_TEST(the_whole_internet_can_be_a_network)
{
    struct hop_conf *conf = a_conf("[tenant \"b\"]\nnetworks = 0.0.0.0/0 ::/0\n");
    static const char *const anywhere[] = {"0.0.0.0", "255.255.255.255", "::", "ffff::"};
    for (size_t i = 0; i < 4; i++) {
        struct hop_address address = an_address(anywhere[i]);
        struct hop_origin origin;
        hop_conf_zone(conf, &address, &origin);
        ck_assert_str_eq(origin.tenant, "b");
    }
    hop_conf_free(&conf);
}
END_TEST

static bool is_hosting(const struct hop_conf *conf, const char *text, uint32_t asn)
{
    struct hop_address address = an_address(text);
    return hop_conf_is_hosting(conf, &address, asn);
}

START_TEST(hosting_is_a_prefix_or_an_asn)
{
    struct hop_conf *conf = a_conf(networks);
    ck_assert(is_hosting(conf, "198.51.100.7", 0));
    ck_assert(is_hosting(conf, "2001:db8:f00::7", 0));
    ck_assert(is_hosting(conf, "192.0.2.1", 64500));
    ck_assert(is_hosting(conf, "", 64500));
    ck_assert(!is_hosting(conf, "192.0.2.1", 64501));
    ck_assert(!is_hosting(conf, "", 0));
    hop_conf_free(&conf);
}
END_TEST

START_TEST(bastions)
{
    struct hop_conf *conf = a_conf(networks);
    struct hop_address bastion = an_address("192.0.2.11"), other = an_address("192.0.2.12"),
                       nowhere = an_address("");
    ck_assert(hop_conf_is_bastion(conf, &bastion));
    ck_assert(!hop_conf_is_bastion(conf, &other));
    ck_assert(!hop_conf_is_bastion(conf, &nowhere));
    hop_conf_free(&conf);
}
END_TEST

HOP_SUITE("zone", an_address_lies_at_home_or_in_the_longest_tenants_network,
          a_tenants_longer_prefix_does_not_take_an_address_from_home,
          private_addresses_on_a_host_of_home_are_home, the_whole_internet_can_be_a_network,
          hosting_is_a_prefix_or_an_asn, bastions)
