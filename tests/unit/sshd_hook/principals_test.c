/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a principals.d file. */
#include <stdio.h>
#include <string.h>

#include "../suite.h"
#include "keys.h"

/* A certificate's list: each name behind its length. */
static struct hop_span list_of(const char *const *names)
{
    static char bytes[512];
    size_t len = 0;
    for (; *names; names++) {
        size_t size = strlen(*names);
        memset(bytes + len, 0, 3);
        bytes[len + 3] = (char)size;
        memcpy(bytes + len + 4, *names, size);
        len += 4 + size;
    }
    return (struct hop_span){.at = bytes, .len = len};
}

static const char *const anna[] = {"anna", "on-call", NULL};

/* All lines of the file that match, joined by '|'. */
static const char *matching(const char *file, const char *const *names)
{
    static char buffer[1024];
    struct hop_text text = hop_text_over(buffer, sizeof buffer);
    struct hop_span rest = hop_span_of(file), line;
    while (hop_principals_find(&rest, list_of(names), &line)) {
        hop_text_put(&text, text.len ? "|" : "");
        hop_text_put_span(&text, line);
    }
    return buffer;
}

START_TEST(every_line_that_names_one_of_them_matches)
{
    ck_assert_str_eq(matching("ben\nanna\n\nadmins\non-call", anna), "anna|on-call");
    ck_assert_str_eq(matching("ben\n", anna), "");
    ck_assert_str_eq(matching("", anna), "");
    ck_assert_str_eq(matching("anna\n", (const char *const[]){NULL}), "");
    ck_assert_str_eq(matching("Anna\nann\nannas\n", anna), "");
}
END_TEST

START_TEST(options_stand_before_the_name)
{
    ck_assert_str_eq(matching("restrict,pty anna\n", anna), "restrict,pty anna");
    ck_assert_str_eq(matching("command=\"a b\" \t anna\r\n", anna), "command=\"a b\" \t anna");
    ck_assert_str_eq(matching("anna ben\n", anna), ""); /* the last word is the name */
}
END_TEST

START_TEST(comments_end_a_line_anywhere)
{
    ck_assert_str_eq(matching("# anna\n#anna\nanna# nights\n  anna # x\n", anna), "anna|anna");
    ck_assert_str_eq(matching("ben # anna\n", anna), "");
}
END_TEST

START_TEST(no_name_matches_nothing)
{
    static const char *const nobody[] = {"", NULL};
    ck_assert_str_eq(matching("\n \n#\n", nobody), "");
}
END_TEST

START_TEST(lines_that_sshd_would_not_read_match_nothing)
{
    static char file[HOP_SSH_LINE_MAX + 16];
    struct hop_span rest = {.at = "x\0anna", .len = 6}, line;
    ck_assert(!hop_principals_find(&rest, list_of(anna), &line));
    memset(file, 'x', sizeof file);
    strcpy(file + HOP_SSH_LINE_MAX, " anna");
    ck_assert_str_eq(matching(file, anna), "");
}
END_TEST

static void expect_verified(const char *line, const char *expected)
{
    char out[256];
    struct hop_text text = hop_text_over(out, sizeof out);
    hop_principals_put_verified(&text, hop_span_of(line));
    ck_assert_str_eq(out, expected);
}

START_TEST(verification_is_added_behind_the_options)
{
    expect_verified("anna", "verify-required anna");
    expect_verified("restrict anna", "restrict,verify-required anna");
    expect_verified("command=\"a b,c\"  anna", "command=\"a b,c\",verify-required  anna");
    expect_verified("verify-required anna", "verify-required anna");
    expect_verified("verify-required,no-verify-required anna",
                    "verify-required,no-verify-required,verify-required anna");
}
END_TEST

/* sshd reads options up to the first blank and ignores other words before the name. */
START_TEST(verification_stands_where_sshd_reads_it)
{
    expect_verified("restrict pty anna", "restrict,verify-required pty anna");
    expect_verified("restrict verify-required anna",
                    "restrict,verify-required verify-required anna");
}
END_TEST

HOP_SUITE("principals", every_line_that_names_one_of_them_matches, options_stand_before_the_name,
          comments_end_a_line_anywhere, no_name_matches_nothing,
          lines_that_sshd_would_not_read_match_nothing, verification_is_added_behind_the_options,
          verification_stands_where_sshd_reads_it)
