/* SPDX-License-Identifier: Apache-2.0 */
#include "error.h"

#include <errno.h>
#include <string.h>

#include "../suite.h"

START_TEST(setting_writes_code_and_sentence_and_returns_the_code)
{
    struct hop_error err = {0};
    ck_assert_int_eq(hop_error_set(&err, HOP_LIMIT, "file %s: %d bytes", "a", 7), HOP_LIMIT);
    ck_assert_int_eq(err.rc, HOP_LIMIT);
    ck_assert_str_eq(err.text, "file a: 7 bytes");
}
END_TEST

START_TEST(no_error_struct_is_no_trouble)
{
    ck_assert_int_eq(hop_error_set(NULL, HOP_IO, "x"), HOP_IO);
    ck_assert_int_eq(hop_error_errno(NULL, HOP_DENIED, EACCES, "x"), HOP_DENIED);
    hop_error_within(NULL, "x");
    hop_error_clear(NULL);
}
END_TEST

START_TEST(the_sentence_is_cut_at_the_limit)
{
    char big[2 * HOP_ERROR_TEXT_MAX];
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = 0;
    struct hop_error err = {0};
    hop_error_set(&err, HOP_IO, "%s", big);
    ck_assert_uint_eq(strlen(err.text), HOP_ERROR_TEXT_MAX - 1);
    hop_error_errno(&err, HOP_IO, EIO, "%s", big);
    ck_assert_uint_eq(strlen(err.text), HOP_ERROR_TEXT_MAX - 1);
    hop_error_within(&err, "%s", big);
    ck_assert_uint_eq(strlen(err.text), HOP_ERROR_TEXT_MAX - 1);
}
END_TEST

START_TEST(errno_is_put_in_words)
{
    struct hop_error err = {0};
    ck_assert_int_eq(hop_error_errno(&err, HOP_IO, ECONNREFUSED, "redis %s: connect", "/r"),
                     HOP_IO);
    ck_assert_str_eq(err.text, "redis /r: connect: Connection refused");
    hop_error_errno(&err, HOP_IO, 98765, "x");
    ck_assert_str_eq(err.text, "x: error 98765");
}
END_TEST

START_TEST(a_caller_puts_the_place_before_the_sentence)
{
    struct hop_error err = {0};
    hop_error_set(&err, HOP_MALFORMED, "bad number");
    hop_error_within(&err, "%s:%d", "a.conf", 12);
    ck_assert_str_eq(err.text, "a.conf:12: bad number");
}
END_TEST

START_TEST(without_an_error_there_is_no_sentence)
{
    struct hop_error err = {0};
    hop_error_within(&err, "a.conf");
    ck_assert_str_eq(err.text, "");
    hop_error_set(&err, HOP_IO, "x");
    hop_error_clear(&err);
    ck_assert_int_eq(err.rc, HOP_OK);
    ck_assert_str_eq(err.text, "");
}
END_TEST

START_TEST(every_code_has_its_own_word)
{
    for (int i = 0; i < HOP_RC_COUNT; i++) {
        ck_assert_ptr_nonnull(hop_rc_word((enum hop_rc)i));
        for (int k = 0; k < i; k++)
            ck_assert_str_ne(hop_rc_word((enum hop_rc)i), hop_rc_word((enum hop_rc)k));
    }
    ck_assert_str_eq(hop_rc_word(HOP_TIMEOUT), "timeout");
    ck_assert_str_eq(hop_rc_word(HOP_NOT_FOUND), "not-found");
    ck_assert_ptr_nonnull(hop_rc_word(HOP_RC_COUNT));
}
END_TEST

HOP_SUITE("error", setting_writes_code_and_sentence_and_returns_the_code,
          no_error_struct_is_no_trouble, the_sentence_is_cut_at_the_limit, errno_is_put_in_words,
          a_caller_puts_the_place_before_the_sentence, without_an_error_there_is_no_sentence,
          every_code_has_its_own_word)
