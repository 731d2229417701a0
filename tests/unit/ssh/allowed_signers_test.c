/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "../suite.h"
#include "signature.h"

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGpxKGDpkWu8XgYEAgwrFrMEQVvo/fvhlUYwP577K/HO"
#define FINGERPRINT "SHA256:sdxM/Jcz32iHO2AW8Act4Zxir7HAnKJT/B85gawMuzQ"
#define NAMESPACE "hopwarden-approval"
#define NOW 1795469400 /* 2026-11-23T21:30:00Z */

static struct hop_error err;
static struct hop_ssh_signer signer;

static enum hop_rc parse(const char *line)
{
    return hop_ssh_signer_parse(hop_span_of(line), &signer, &err);
}

static enum hop_rc may(const char *line, int64_t now)
{
    ck_assert_msg(parse(line) == HOP_OK, "%s: %s", line, err.text);
    return hop_ssh_signer_may(&signer, NAMESPACE, now, &err);
}

START_TEST(a_line_is_principals_options_and_a_key)
{
    ck_assert_int_eq(parse("anna " KEY " laptop"), HOP_OK);
    ck_assert(hop_span_is(signer.principals, "anna"));
    ck_assert_str_eq(signer.key.fingerprint, FINGERPRINT);
    ck_assert_int_eq(parse("  anna,acme:a.visser\t" KEY "\r"), HOP_OK);
    ck_assert(hop_span_is(signer.principals, "anna,acme:a.visser"));
    ck_assert_int_eq(parse("\"anna,ben\" namespaces=\"file,hopwarden-*\" " KEY), HOP_OK);
    ck_assert(hop_span_is(signer.principals, "anna,ben"));
    ck_assert(hop_span_is(signer.namespaces, "file,hopwarden-*"));
}
END_TEST

START_TEST(blank_lines_and_comments_say_nothing)
{
    ck_assert_int_eq(parse(""), HOP_NOT_FOUND);
    ck_assert_int_eq(parse(" \t\r"), HOP_NOT_FOUND);
    ck_assert_int_eq(parse("# anna " KEY), HOP_NOT_FOUND);
}
END_TEST

START_TEST(what_is_not_understood_is_malformed)
{
    static const char *const bad[] = {
        "anna",
        "anna " FINGERPRINT,
        KEY,
        "anna ssh-ed25519 AAAA",
        "\"anna " KEY,
        "\"\" " KEY,
        "anna,, " KEY,
        "* " KEY,
        "*@example.com " KEY,
        "anna,!ben " KEY,
        "an?a " KEY,
        "anna no-touch-required " KEY,
        "anna namespaces= " KEY,
        "anna namespaces=\"file\\\"\" " KEY,
        "anna valid-before=20261231 " KEY, /* of which time zone? */
        "anna valid-before=\"20261331Z\" " KEY,
        "anna valid-before=2026Z " KEY,
        "anna valid-before=202612312360Z " KEY,
        "anna valid-before=2026123123595Z " KEY,
        "anna valid-after " KEY,
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        signer.authority = true;
        ck_assert_msg(parse(bad[i]) == HOP_MALFORMED, "%s", bad[i]);
        ck_assert_msg(signer.authority, "%s", bad[i]);
    }
}
END_TEST

START_TEST(namespaces_bind)
{
    ck_assert_int_eq(may("anna " KEY, NOW), HOP_OK);
    ck_assert_int_eq(may("anna namespaces=\"hopwarden-approval\" " KEY, NOW), HOP_OK);
    ck_assert_int_eq(may("anna namespaces=\"git,hop*val\" " KEY, NOW), HOP_OK);
    ck_assert_int_eq(may("anna namespaces=\"hopwarden-approva?\" " KEY, NOW), HOP_OK);
    ck_assert_int_eq(may("anna namespaces=\"*a*\" " KEY, NOW), HOP_OK);
    ck_assert_int_eq(may("anna namespaces=\"git,file\" " KEY, NOW), HOP_DENIED);
    ck_assert_int_eq(may("anna namespaces=\"hopwarden\" " KEY, NOW), HOP_DENIED);
    ck_assert_int_eq(may("anna namespaces=\"*,!hopwarden-*\" " KEY, NOW), HOP_DENIED);
}
END_TEST

START_TEST(times_bind)
{
    ck_assert_int_eq(may("anna valid-after=20261123Z,valid-before=\"20261124Z\" " KEY, NOW),
                     HOP_OK);
    ck_assert_int_eq(may("anna valid-after=202611232130Z " KEY, NOW), HOP_OK);
    ck_assert_int_eq(may("anna valid-after=20261123213001Z " KEY, NOW), HOP_DENIED);
    ck_assert_ptr_nonnull(strstr(err.text, "not valid yet"));
    ck_assert_int_eq(may("anna valid-before=20261123213000Z " KEY, NOW), HOP_OK);
    ck_assert_int_eq(may("anna valid-before=20261123212959Z " KEY, NOW), HOP_DENIED);
    ck_assert_ptr_nonnull(strstr(err.text, "no longer valid"));
}
END_TEST

START_TEST(authorities_sign_nothing)
{
    ck_assert_int_eq(may("anna cert-authority " KEY, NOW), HOP_DENIED);
    ck_assert_ptr_nonnull(strstr(err.text, "cert-authority"));
}
END_TEST

START_TEST(a_file_is_read_line_by_line)
{
    struct hop_span rest = hop_span_of("# who may\n\nanna " KEY "\n* " KEY "\nben " KEY);
    size_t number = 0;
    enum hop_rc rc = HOP_OK;
    ck_assert(hop_ssh_signers_next(&rest, &number, &signer, &rc, &err));
    ck_assert_int_eq(rc, HOP_OK);
    ck_assert_uint_eq(number, 3);
    ck_assert(hop_ssh_signers_next(&rest, &number, &signer, &rc, &err));
    ck_assert_int_eq(rc, HOP_MALFORMED);
    ck_assert_ptr_nonnull(strstr(err.text, "line 4"));
    ck_assert(hop_ssh_signers_next(&rest, &number, &signer, &rc, &err));
    ck_assert(hop_span_is(signer.principals, "ben"));
    ck_assert(!hop_ssh_signers_next(&rest, &number, &signer, &rc, &err));
}
END_TEST

HOP_SUITE("allowed_signers", a_line_is_principals_options_and_a_key,
          blank_lines_and_comments_say_nothing, what_is_not_understood_is_malformed,
          namespaces_bind, times_bind, authorities_sign_nothing, a_file_is_read_line_by_line)
