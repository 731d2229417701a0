/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "../ssh/made_keys.h"
#include "../suite.h"
#include "keys.h"

static char file[65536];
static struct hop_keys_offer offer;
static struct public_line asked;
static char type[64], base64[8192];
static struct hop_ssh_key key;

static void offer_key(const char *name)
{
    keys_read(name, &asked);
    ck_assert(hop_span_copy(asked.parts.type, type, sizeof type));
    ck_assert(hop_span_copy(asked.parts.base64, base64, sizeof base64));
    key = keys_parse(name);
    offer = (struct hop_keys_offer){.account = "anna", .type = type, .base64 = base64};
}

static void add(const char *options, const char *name)
{
    struct public_line line;
    size_t len = strlen(file);
    keys_read(name, &line);
    snprintf(file + len, sizeof file - len, "%s%s\n", options, line.text);
}

static void expect_found(const char *start)
{
    struct hop_span line = {0};
    ck_assert(hop_keys_find(hop_span_of(file), &offer, &key, &line));
    ck_assert_msg(line.len >= strlen(start) && memcmp(line.at, start, strlen(start)) == 0, "%.*s",
                  (int)line.len, line.at);
}

static bool is_found(void)
{
    struct hop_span line;
    return hop_keys_find(hop_span_of(file), &offer, &key, &line);
}

START_TEST(the_line_of_the_offered_key_is_found)
{
    strcpy(file, "# comment\n\nnonsense\nssh-rsa AAAA\n");
    add("", "rsa");
    add("", "p256");
    add("restrict ", "ed25519");
    offer_key("ed25519");
    expect_found("restrict ssh-ed25519 ");
    offer_key("p384");
    ck_assert(!is_found());
}
END_TEST

START_TEST(of_two_lines_the_first_counts)
{
    add("restrict ", "ed25519");
    add("", "ed25519");
    offer_key("ed25519");
    expect_found("restrict ssh-ed25519 ");
}
END_TEST

START_TEST(line_ends_of_other_systems_do_no_harm)
{
    add("", "ed25519");
    file[strcspn(file, "\n")] = 0;
    strcat(file, "\r\n");
    offer_key("ed25519");
    struct hop_span line;
    ck_assert(hop_keys_find(hop_span_of(file), &offer, &key, &line));
    ck_assert_int_ne(line.at[line.len - 1], '\r');
}
END_TEST

START_TEST(a_certificate_needs_its_ca_as_an_authority)
{
    keys_sign("ed25519", "anna", "");
    offer_key("ed25519-cert");
    add("", "ca");
    add("", "ed25519");
    ck_assert(!is_found());
    add("cert-authority,pty ", "p256");
    ck_assert(!is_found());
    add("cert-authority,no-pty ", "ca");
    expect_found("cert-authority,no-pty ");
}
END_TEST

START_TEST(an_authority_is_no_login_key)
{
    add("cert-authority ", "ca");
    offer_key("ca");
    ck_assert(!is_found());
}
END_TEST

START_TEST(a_key_that_cannot_be_read_is_found_by_its_text)
{
    struct hop_span line;
    add("", "ed25519");
    offer_key("ed25519");
    ck_assert(hop_keys_find(hop_span_of(file), &offer, NULL, &line));
    offer.base64 = "AAAA";
    ck_assert(!hop_keys_find(hop_span_of(file), &offer, NULL, &line));
}
END_TEST

START_TEST(an_empty_file_holds_nothing)
{
    struct hop_span line;
    offer_key("ed25519");
    ck_assert(!hop_keys_find(hop_span_of(NULL), &offer, &key, &line));
    ck_assert(!hop_keys_find(hop_span_of("\n\n"), &offer, &key, &line));
}
END_TEST

static void expect_verified(const char *options, const char *expected)
{
    char line[8300], out[8400], want[8400];
    struct public_line token;
    keys_read("sk-ed25519", &token);
    snprintf(line, sizeof line, "%s%s", options, token.text);
    snprintf(want, sizeof want, "%s%s", expected, token.text);
    struct hop_text text = hop_text_over(out, sizeof out);
    hop_keys_put_verified(&text, hop_span_of(line));
    ck_assert_str_eq(out, want);
}

START_TEST(verification_is_added_behind_the_options)
{
    expect_verified("", "verify-required ");
    expect_verified("restrict,pty ", "restrict,pty,verify-required ");
    expect_verified("command=\"a b,c\"  ", "command=\"a b,c\",verify-required  ");
    expect_verified("command=\"x,verify-required\" ",
                    "command=\"x,verify-required\",verify-required ");
}
END_TEST

START_TEST(verification_is_not_added_twice)
{
    expect_verified("verify-required ", "verify-required ");
    expect_verified("pty,Verify-Required,restrict ", "pty,Verify-Required,restrict ");
}
END_TEST

START_TEST(verification_cannot_be_undone)
{
    expect_verified("verify-required,no-verify-required ",
                    "verify-required,no-verify-required,verify-required ");
}
END_TEST

START_TEST(account_names_are_file_names)
{
    static const char *const good[] = {"anna", "CORP\\anna", "anna@corp", "a", "msp-anna.b", "_x"};
    static const char *const bad[] = {"",       ".",    "..",   ".anna", "a/b",
                                      "../etc", "/etc", "a\nb", "a\x7f", "anna/"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert_msg(hop_keys_account_valid(good[i]), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!hop_keys_account_valid(bad[i]), "%s", bad[i]);
    memset(file, 'x', HOP_NAME_MAX + 1);
    file[HOP_NAME_MAX + 1] = 0;
    ck_assert(!hop_keys_account_valid(file));
    file[HOP_NAME_MAX] = 0;
    ck_assert(hop_keys_account_valid(file));
}
END_TEST

HOP_SUITE_WITHIN("lines", keys_make, keys_remove, NULL, NULL, the_line_of_the_offered_key_is_found,
                 of_two_lines_the_first_counts, line_ends_of_other_systems_do_no_harm,
                 a_certificate_needs_its_ca_as_an_authority, an_authority_is_no_login_key,
                 a_key_that_cannot_be_read_is_found_by_its_text, an_empty_file_holds_nothing,
                 verification_is_added_behind_the_options, verification_is_not_added_twice,
                 verification_cannot_be_undone, account_names_are_file_names)
