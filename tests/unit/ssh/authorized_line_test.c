/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "../suite.h"
#include "ssh.h"

#define BASE64 "AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
#define KEY "ssh-ed25519 " BASE64

static struct hop_error err;

static void expect_line(const char *text, const char *options, const char *comment)
{
    struct hop_ssh_line line;
    ck_assert_msg(hop_ssh_line_parse(hop_span_of(text), &line, &err) == HOP_OK, "%s", text);
    ck_assert_msg(hop_span_is(line.options, options), "%s", text);
    ck_assert(hop_span_is(line.type, "ssh-ed25519"));
    ck_assert(hop_span_is(line.base64, BASE64));
    ck_assert_msg(hop_span_is(line.comment, comment), "%s", text);
}

START_TEST(a_line_is_options_key_and_comment)
{
    expect_line(KEY, "", "");
    expect_line(KEY " anna at home", "", "anna at home");
    expect_line(" \t" KEY "\t anna \r", "", "anna");
    expect_line("ssh-ed25519\t \t" BASE64, "", "");
    expect_line("restrict,pty " KEY " anna", "restrict,pty", "anna");
    expect_line("restrict \t " KEY, "restrict", "");
}
END_TEST

START_TEST(quotes_in_options_are_honoured)
{
    expect_line("command=\"a b\",pty " KEY, "command=\"a b\",pty", "");
    expect_line("command=\"say \\\"hi all\\\" x\" " KEY, "command=\"say \\\"hi all\\\" x\"", "");
    expect_line("command=\"" KEY "\" " KEY " c", "command=\"" KEY "\"", "c");
    expect_line("ssh-ed25519 " KEY, "ssh-ed25519", ""); /* an option that looks like a type */
}
END_TEST

START_TEST(blank_lines_and_comments_are_not_found)
{
    static const char *const nothing[] = {NULL, "", " ", "\t\r", "#", "# " KEY, "  #" KEY};
    struct hop_ssh_line line;
    for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++)
        ck_assert_int_eq(hop_ssh_line_parse(hop_span_of(nothing[i]), &line, &err), HOP_NOT_FOUND);
}
END_TEST

START_TEST(a_line_without_a_key_is_malformed)
{
    static const char *const bad[] = {
        "ssh-ed25519",
        "ssh-ed25519 ",
        "ssh-ed25519 AAAA",
        "ssh-rsa " BASE64,
        BASE64,
        "restrict",
        "restrict " BASE64,
        "command=\"a b " KEY,
        "command=\"a\\\" " KEY,
        "a b " KEY,
        "ssh-ed25519 !!!!" BASE64,
        "1024 35 1234567890",
    };
    struct hop_ssh_line line;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(hop_ssh_line_parse(hop_span_of(bad[i]), &line, &err) == HOP_MALFORMED, "%s",
                      bad[i]);
    ck_assert_int_eq(hop_ssh_line_parse((struct hop_span){KEY "\0x", sizeof KEY + 1}, &line, &err),
                     HOP_MALFORMED);
}
END_TEST

START_TEST(a_line_above_the_limit_is_malformed)
{
    static char text[HOP_SSH_LINE_MAX + 2];
    memset(text, 'x', sizeof text - 1);
    memcpy(text, KEY " ", sizeof KEY);
    struct hop_ssh_line line;
    ck_assert_int_eq(hop_ssh_line_parse(hop_span_of(text), &line, &err), HOP_MALFORMED);
    text[HOP_SSH_LINE_MAX] = 0;
    ck_assert_int_eq(hop_ssh_line_parse(hop_span_of(text), &line, &err), HOP_OK);
}
END_TEST

static bool have(const char *options, const char *option)
{
    return hop_ssh_options_have(hop_span_of(options), option);
}

START_TEST(an_option_stands_in_the_list)
{
    ck_assert(have("verify-required", "verify-required"));
    ck_assert(have("restrict,verify-required,pty", "verify-required"));
    ck_assert(have("restrict,Verify-REQUIRED", "verify-required"));
    ck_assert(have("from=\"10.0.0.0/8\",pty", "from"));
    ck_assert(have("command=\"a,b\\\",c\",pty", "pty"));
    ck_assert(!have("", "pty"));
    ck_assert(!have(NULL, "pty"));
    ck_assert(!have("no-pty", "pty"));
    ck_assert(!have("ptyx", "pty"));
    ck_assert(!have("pt", "pty"));
}
END_TEST

START_TEST(what_stands_in_quotes_is_no_option)
{
    ck_assert(!have("command=\"x,pty,y\"", "pty"));
    ck_assert(!have("command=\"\\\",pty,\"", "pty"));
    ck_assert(!have("command=\"x,pty", "pty"));
}
END_TEST

HOP_SUITE("authorized_line", a_line_is_options_key_and_comment, quotes_in_options_are_honoured,
          blank_lines_and_comments_are_not_found, a_line_without_a_key_is_malformed,
          a_line_above_the_limit_is_malformed, an_option_stands_in_the_list,
          what_stands_in_quotes_is_no_option)
