/* SPDX-License-Identifier: Apache-2.0 */
#include "address.h"

#include <string.h>

#include "../suite.h"

static struct hop_address address(const char *text)
{
    struct hop_address parsed = {0};
    ck_assert_msg(hop_address_parse(hop_span_of(text), &parsed), "%s", text);
    return parsed;
}

static struct hop_prefix prefix(const char *text)
{
    struct hop_prefix parsed = {0};
    ck_assert_msg(hop_prefix_parse(hop_span_of(text), &parsed), "%s", text);
    return parsed;
}

static void expect_address(const struct hop_address *got, const char *want)
{
    char buffer[HOP_ADDRESS_TEXT_MAX + 1];
    struct hop_text text = hop_text_over(buffer, sizeof buffer);
    hop_address_put(&text, got);
    ck_assert_str_eq(buffer, want);
}

static void expect_prefix(struct hop_prefix got, const char *want)
{
    char buffer[HOP_PREFIX_TEXT_MAX + 1];
    struct hop_text text = hop_text_over(buffer, sizeof buffer);
    hop_prefix_put(&text, &got);
    ck_assert_str_eq(buffer, want);
}

START_TEST(addresses_come_back_in_one_spelling)
{
    static const struct {
        const char *in, *out;
        int family;
    } cases[] = {
        {"10.6.0.1", "10.6.0.1", 4},
        {"::1", "::1", 6},
        {"2001:DB8:0:0:0:0:0:7", "2001:db8::7", 6},
        {"::ffff:192.0.2.7", "192.0.2.7", 4},
        {"::ffff:c000:207", "192.0.2.7", 4},
        {"fe80::1%eth0", "fe80::1", 6},
        {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
         6},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hop_address parsed = address(cases[i].in);
        expect_address(&parsed, cases[i].out);
        ck_assert_int_eq(parsed.family, cases[i].family);
    }
}
END_TEST

START_TEST(anything_else_is_no_address)
{
    static const char *const bad[] = {"",
                                      "localhost",
                                      "10.6.0",
                                      "10.6.0.256",
                                      "10.6.0.1 ",
                                      " 10.6.0.1",
                                      "10.6.0.01",
                                      "10.6.0.1%eth0",
                                      "0x0a.6.0.1",
                                      "1",
                                      "::g",
                                      "1::2::3",
                                      "fe80::1%",
                                      "%eth0",
                                      "10.6.0.1/32",
                                      "[::1]",
                                      "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.2555"};
    struct hop_address untouched = {.family = 77};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!hop_address_parse(hop_span_of(bad[i]), &untouched), "%s", bad[i]);
    ck_assert(!hop_address_parse((struct hop_span){"10.6.0.1\0", 9}, &untouched));
    ck_assert_int_eq(untouched.family, 77);
}
END_TEST

START_TEST(no_address_is_no_text)
{
    struct hop_address none = {0};
    expect_address(&none, "");
    expect_prefix((struct hop_prefix){0}, "");
}
END_TEST

START_TEST(unused_bytes_are_zero_so_that_equal_is_memcmp)
{
    struct hop_address a = address("192.0.2.7"), b = address("::ffff:192.0.2.7");
    ck_assert(hop_address_equal(&a, &b));
    ck_assert(memcmp(&a, &b, sizeof a) == 0);
    for (size_t i = 4; i < 16; i++)
        ck_assert_uint_eq(a.bytes[i], 0);
    b = address("192.0.2.8");
    ck_assert(!hop_address_equal(&a, &b));
    struct hop_address v6 = address("c000:0207::");
    ck_assert(!hop_address_equal(&a, &v6));
}
END_TEST

START_TEST(prefixes_come_back)
{
    expect_prefix(prefix("10.0.0.0/8"), "10.0.0.0/8");
    expect_prefix(prefix("0.0.0.0/0"), "0.0.0.0/0");
    expect_prefix(prefix("::/0"), "::/0");
    expect_prefix(prefix("172.16.0.0/12"), "172.16.0.0/12");
    expect_prefix(prefix("2001:db8::/33"), "2001:db8::/33");
    expect_prefix(prefix("192.0.2.7"), "192.0.2.7/32");
    expect_prefix(prefix("2001:db8::7"), "2001:db8::7/128");
    expect_prefix(prefix("::ffff:10.0.0.0/104"), "10.0.0.0/8");
    expect_prefix(prefix("::ffff:10.0.0.1"), "10.0.0.1/32");
}
END_TEST

START_TEST(host_bits_and_bits_out_of_range_are_no_prefix)
{
    static const char *const bad[] = {"",
                                      "/8",
                                      "10.0.0.0/",
                                      "10.0.0.0/33",
                                      "10.0.0.1/8",
                                      "10.0.0.0/-1",
                                      "10.0.0.0/-0",
                                      "10.0.0.0/8/8",
                                      "::/129",
                                      "::1/64",
                                      "10.0.0.0/ 8",
                                      "::ffff:10.0.0.0/8",
                                      "fe80::%eth0/10",
                                      "172.16.0.0/11"};
    struct hop_prefix untouched = {.bits = 77};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!hop_prefix_parse(hop_span_of(bad[i]), &untouched), "%s", bad[i]);
    ck_assert(!hop_prefix_parse((struct hop_span){0}, &untouched));
    ck_assert_int_eq(untouched.bits, 77);
}
END_TEST

START_TEST(a_prefix_contains_its_own_and_no_other)
{
    struct hop_prefix net = prefix("172.16.0.0/12");
    struct hop_address first = address("172.16.0.0"), last = address("172.31.255.255");
    struct hop_address before = address("172.15.255.255"), after = address("172.32.0.0");
    ck_assert(hop_prefix_contains(&net, &first) && hop_prefix_contains(&net, &last));
    ck_assert(!hop_prefix_contains(&net, &before) && !hop_prefix_contains(&net, &after));
    struct hop_prefix all4 = prefix("0.0.0.0/0");
    struct hop_address v6 = address("2001:db8::1"), none = {0};
    ck_assert(!hop_prefix_contains(&all4, &v6) && !hop_prefix_contains(&all4, &none));
    struct hop_prefix nothing = {0};
    ck_assert(!hop_prefix_contains(&nothing, &none));
}
END_TEST

START_TEST(net_and_node_have_the_sizes_of_a_profile)
{
    struct hop_address v4 = address("84.24.10.7"), v6 = address("2001:db8:1:2:3:4:5:6");
    struct hop_address none = {0};
    expect_prefix(hop_address_net(&v4), "84.24.10.0/24");
    expect_prefix(hop_address_node(&v4), "84.24.10.7/32");
    expect_prefix(hop_address_net(&v6), "2001:db8:1::/48");
    expect_prefix(hop_address_node(&v6), "2001:db8:1:2::/64");
    ck_assert_int_eq(hop_address_net(&none).bits, 0);
}
END_TEST

START_TEST(private_is_what_nobody_routes)
{
    static const char *const yes[] = {
        "10.0.0.0",    "10.255.255.255", "172.16.0.1",      "172.31.1.1", "192.168.0.1",
        "169.254.7.7", "100.64.0.1",     "100.127.255.255", "fc00::1",    "fdff::1",
        "fe80::1",     "febf::1",        "::ffff:10.0.0.1"};
    static const char *const no[] = {"9.255.255.255",  "11.0.0.0",    "172.32.0.1", "192.169.0.1",
                                     "100.63.255.255", "100.128.0.0", "127.0.0.1",  "::1",
                                     "fec0::1",        "2001:db8::1", "8.8.8.8"};
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        struct hop_address parsed = address(yes[i]);
        ck_assert_msg(hop_address_is_private(&parsed), "%s", yes[i]);
    }
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
        struct hop_address parsed = address(no[i]);
        ck_assert_msg(!hop_address_is_private(&parsed), "%s", no[i]);
    }
}
END_TEST

START_TEST(loopback_is_127_and_one)
{
    struct hop_address yes[] = {address("127.0.0.1"), address("127.255.0.9"), address("::1")};
    struct hop_address no[] = {address("128.0.0.1"), address("::2"), address("10.0.0.1"), {0}};
    for (size_t i = 0; i < 3; i++)
        ck_assert(hop_address_is_loopback(&yes[i]));
    for (size_t i = 0; i < 4; i++)
        ck_assert(!hop_address_is_loopback(&no[i]));
}
END_TEST

HOP_SUITE("address", addresses_come_back_in_one_spelling, anything_else_is_no_address,
          no_address_is_no_text, unused_bytes_are_zero_so_that_equal_is_memcmp, prefixes_come_back,
          host_bits_and_bits_out_of_range_are_no_prefix, a_prefix_contains_its_own_and_no_other,
          net_and_node_have_the_sizes_of_a_profile, private_is_what_nobody_routes,
          loopback_is_127_and_one)
