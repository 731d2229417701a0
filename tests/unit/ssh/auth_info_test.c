/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "../suite.h"
#include "ssh.h"

#define ED25519 "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
#define OTHER "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"

static struct hop_ssh_auth_info parse(const char *text)
{
    struct hop_ssh_auth_info info;
    memset(&info, 0x55, sizeof info);
    hop_ssh_auth_info_parse(hop_span_of(text), &info);
    return info;
}

START_TEST(nothing_said_is_nothing_proven)
{
    static const char *const empty[] = {NULL, "", "\n", "\n\n", " ", " x\n"};
    for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++) {
        struct hop_ssh_auth_info info = parse(empty[i]);
        ck_assert(!info.any && !info.has_key && !info.key_bad);
        ck_assert_str_eq(info.methods, "");
    }
}
END_TEST

START_TEST(a_finished_method_is_a_first_factor)
{
    struct hop_ssh_auth_info info = parse("password\n");
    ck_assert(info.any && !info.has_key && !info.key_bad);
    ck_assert_str_eq(info.methods, "password");
}
END_TEST

START_TEST(a_publickey_line_names_the_key)
{
    struct hop_ssh_auth_info info = parse("publickey " ED25519 "\n");
    ck_assert(info.any && info.has_key && !info.key_bad);
    ck_assert_str_eq(info.key.type, "ssh-ed25519");
    ck_assert_int_eq(strncmp(info.key.fingerprint, "SHA256:", 7), 0);
}
END_TEST

START_TEST(methods_are_listed_in_order)
{
    struct hop_ssh_auth_info info =
        parse("publickey " ED25519 "\nkeyboard-interactive/pam\npassword\n");
    ck_assert(info.has_key);
    ck_assert_str_eq(info.methods, "publickey,keyboard-interactive/pam,password");
}
END_TEST

START_TEST(the_last_key_counts)
{
    struct hop_ssh_auth_info one = parse("publickey " OTHER "\n");
    struct hop_ssh_auth_info two = parse("publickey " ED25519 "\npublickey " OTHER "\n");
    ck_assert_str_eq(one.key.fingerprint, two.key.fingerprint);
    ck_assert(two.has_key && !two.key_bad);
}
END_TEST

START_TEST(a_key_that_cannot_be_read_is_told)
{
    static const char *const bad[] = {"publickey\n", "publickey ssh-ed25519\n",
                                      "publickey ssh-ed25519 AAAA\n", "publickey ssh-rsa \n",
                                      "publickey " ED25519 "\npublickey ssh-rsa x\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct hop_ssh_auth_info info = parse(bad[i]);
        ck_assert(info.any && info.key_bad && !info.has_key);
        ck_assert_str_eq(info.key.fingerprint, "");
    }
}
END_TEST

START_TEST(methods_are_cut_and_printable)
{
    char text[2000] = "";
    for (int i = 0; i < 100; i++)
        strcat(text, "password\n");
    struct hop_ssh_auth_info info = parse(text);
    ck_assert_uint_eq(strlen(info.methods), HOP_NAME_MAX);
    info = parse("a\x1b[2J\n");
    ck_assert_str_eq(info.methods, "a\\x1b[2J");
}
END_TEST

static bool connection(const char *text)
{
    struct hop_address client, server;
    uint16_t port;
    return hop_ssh_connection_parse(hop_span_of(text), &client, &port, &server);
}

START_TEST(a_connection_has_a_client_and_a_server)
{
    struct hop_address client, server;
    uint16_t port;
    ck_assert(hop_ssh_connection_parse(hop_span_of("10.6.0.1 50022 2001:db8::7 22"), &client, &port,
                                       &server));
    ck_assert_int_eq(client.family, 4);
    ck_assert_uint_eq(client.bytes[1], 6);
    ck_assert_uint_eq(port, 50022);
    ck_assert_int_eq(server.family, 6);
}
END_TEST

START_TEST(anything_else_is_no_connection)
{
    static const char *const bad[] = {
        "",
        "10.6.0.1",
        "10.6.0.1 50022 10.0.0.1",
        "10.6.0.1 50022 10.0.0.1 22 ",
        "10.6.0.1 50022 10.0.0.1 22 x",
        "10.6.0.1  50022 10.0.0.1 22",
        " 10.6.0.1 50022 10.0.0.1 22",
        "10.6.0.1 65536 10.0.0.1 22",
        "10.6.0.1 -1 10.0.0.1 22",
        "UNKNOWN 65535 UNKNOWN 65535",
        "host.example.com 50022 10.0.0.1 22",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!connection(bad[i]), "%s", bad[i]);
    ck_assert(!connection(NULL));
}
END_TEST

HOP_SUITE("auth_info", nothing_said_is_nothing_proven, a_finished_method_is_a_first_factor,
          a_publickey_line_names_the_key, methods_are_listed_in_order, the_last_key_counts,
          a_key_that_cannot_be_read_is_told, methods_are_cut_and_printable,
          a_connection_has_a_client_and_a_server, anything_else_is_no_connection)
