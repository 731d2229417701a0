/* SPDX-License-Identifier: Apache-2.0 */
#include <libssh/libssh.h>
#include <stdio.h>
#include <string.h>

#include "../suite.h"
#include "encode.h"
#include "made_keys.h"
#include "ssh.h"

static struct hop_error err;
static const char *const names[] = {"ed25519", "rsa",        "p256",   "p384",
                                    "p521",    "sk-ed25519", "sk-p256"};
#define NAMES (sizeof names / sizeof names[0])

START_TEST(fingerprints_are_those_of_ssh_keygen)
{
    for (size_t i = 0; i < NAMES; i++) {
        char expected[HOP_SSH_FINGERPRINT_MAX + 1];
        keys_fingerprint(names[i], expected);
        struct hop_ssh_key key = keys_parse(names[i]);
        ck_assert_str_eq(key.fingerprint, expected);
        ck_assert_str_eq(key.ca_fingerprint, "");
        ck_assert_str_eq(key.key_id, "");
        ck_assert(!key.certificate);
    }
}
END_TEST

START_TEST(fingerprints_are_those_of_libssh)
{
    for (size_t i = 0; i < NAMES; i++) {
        struct public_line line;
        keys_read(names[i], &line);
        char base64[4096], type[128];
        ck_assert(hop_span_copy(line.parts.base64, base64, sizeof base64));
        ck_assert(hop_span_copy(line.parts.type, type, sizeof type));
        ssh_key theirs = NULL;
        ck_assert_int_eq(
            ssh_pki_import_pubkey_base64(base64, ssh_key_type_from_name(type), &theirs), SSH_OK);
        unsigned char *hash = NULL;
        size_t len = 0;
        ck_assert_int_eq(ssh_get_publickey_hash(theirs, SSH_PUBLICKEY_HASH_SHA256, &hash, &len), 0);
        char *fingerprint = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, len);
        ck_assert_str_eq(keys_parse(names[i]).fingerprint, fingerprint);
        ssh_string_free_char(fingerprint);
        ssh_clean_pubkey_hash(&hash);
        ssh_key_free(theirs);
    }
}
END_TEST

START_TEST(types_are_the_keys_own_and_tokens_are_told)
{
    ck_assert_str_eq(keys_parse("ed25519").type, "ssh-ed25519");
    ck_assert_str_eq(keys_parse("sk-p256").type, "sk-ecdsa-sha2-nistp256@openssh.com");
    ck_assert(keys_parse("sk-ed25519").fido && keys_parse("sk-p256").fido);
    ck_assert(!keys_parse("ed25519").fido && !keys_parse("p256").fido);
}
END_TEST

START_TEST(a_certificate_has_its_plain_keys_fingerprint_and_its_cas)
{
    char ca[HOP_SSH_FINGERPRINT_MAX + 1];
    keys_fingerprint("ca", ca);
    for (size_t i = 0; i < NAMES; i++) {
        char cert[64];
        snprintf(cert, sizeof cert, "%s-cert", names[i]);
        keys_sign(names[i], "anna@corp",
                  "-z 18446744073709551615 -V -1m:+5m -O force-command=true");
        struct hop_ssh_key plain = keys_parse(names[i]), key = keys_parse(cert);
        ck_assert(key.certificate);
        ck_assert_str_eq(key.fingerprint, plain.fingerprint);
        ck_assert_str_eq(key.ca_fingerprint, ca);
        ck_assert_str_eq(key.key_id, "anna@corp");
        ck_assert(key.serial == UINT64_MAX);
        ck_assert_int_eq(key.fido, plain.fido);
        ck_assert_ptr_nonnull(strstr(key.type, "-cert-v01@openssh.com"));
    }
}
END_TEST

START_TEST(a_name_is_the_fingerprint_or_ca_and_id)
{
    char name[HOP_KEY_MAX + 1], expected[HOP_KEY_MAX + 1];
    struct hop_ssh_key key = keys_parse("ed25519");
    hop_ssh_key_name(&key, name);
    ck_assert_str_eq(name, key.fingerprint);
    keys_sign("ed25519", "anna@corp", "");
    key = keys_parse("ed25519-cert");
    hop_ssh_key_name(&key, name);
    snprintf(expected, sizeof expected, "%s/anna@corp", key.ca_fingerprint);
    ck_assert_str_eq(name, expected);
}
END_TEST

START_TEST(what_could_mislead_in_an_id_is_coded)
{
    char name[HOP_KEY_MAX + 1];
    keys_sign("ed25519", "a/b c%2F\x01\xc3\xa9~", "");
    struct hop_ssh_key key = keys_parse("ed25519-cert");
    ck_assert_str_eq(key.key_id, "a/b c%2F\x01\xc3\xa9~");
    hop_ssh_key_name(&key, name);
    ck_assert_str_eq(name + strlen(key.ca_fingerprint), "/a%2Fb%20c%252F%01%C3%A9%7E");
}
END_TEST

static void signed_name(const char *id, struct hop_ssh_key *ret_key, char name[HOP_KEY_MAX + 1])
{
    keys_sign("ed25519", id, "");
    *ret_key = keys_parse("ed25519-cert");
    hop_ssh_key_name(ret_key, name);
}

START_TEST(long_ids_stay_apart)
{
    char one[600], two[600], name_one[HOP_KEY_MAX + 1], name_two[HOP_KEY_MAX + 1];
    struct hop_ssh_key key_one, key_two;
    memset(one, 'x', sizeof one);
    one[500] = 0;
    strcpy(two, one);
    two[499] = 'y';
    signed_name(one, &key_one, name_one);
    signed_name(two, &key_two, name_two);
    ck_assert_uint_eq(strlen(key_one.key_id), HOP_SSH_KEY_ID_MAX);
    ck_assert_str_ne(key_one.key_id, key_two.key_id);
    ck_assert_str_ne(name_one, name_two);
    signed_name(key_one.key_id, &key_two, name_two); /* an id that looks like the cut one */
    ck_assert_str_ne(key_one.key_id, key_two.key_id);
    ck_assert_str_ne(name_one, name_two);
}
END_TEST

START_TEST(ids_that_grow_when_coded_stay_apart)
{
    char one[200], two[200], name_one[HOP_KEY_MAX + 1], name_two[HOP_KEY_MAX + 1];
    struct hop_ssh_key key_one, key_two;
    memset(one, '/', sizeof one);
    one[150] = 0;
    strcpy(two, one);
    two[149] = '#';
    signed_name(one, &key_one, name_one);
    signed_name(two, &key_two, name_two);
    ck_assert_str_eq(key_one.key_id, one);
    ck_assert_uint_eq(strlen(name_one), HOP_KEY_MAX);
    ck_assert_str_ne(name_one, name_two);
}
END_TEST

START_TEST(the_longest_id_kept_whole_is_one_short_of_the_field)
{
    char id[HOP_SSH_KEY_ID_MAX + 1], name[HOP_KEY_MAX + 1];
    struct hop_ssh_key key;
    memset(id, 'x', sizeof id);
    id[HOP_SSH_KEY_ID_MAX - 1] = 0;
    signed_name(id, &key, name);
    ck_assert_str_eq(key.key_id, id);
    id[HOP_SSH_KEY_ID_MAX - 1] = 'x';
    id[HOP_SSH_KEY_ID_MAX] = 0;
    signed_name(id, &key, name);
    ck_assert_str_ne(key.key_id, id);
}
END_TEST

START_TEST(the_type_must_be_the_blobs_own)
{
    uint8_t blob[4096];
    size_t len = keys_blob("ed25519", blob, sizeof blob);
    struct hop_ssh_key key;
    ck_assert_int_eq(hop_ssh_key_parse(blob, len, NULL, &key, &err), HOP_OK);
    ck_assert_int_eq(hop_ssh_key_parse(blob, len, "ssh-ed25519", &key, &err), HOP_OK);
    ck_assert_int_eq(hop_ssh_key_parse(blob, len, "ssh-rsa", &key, &err), HOP_MALFORMED);
    ck_assert_str_eq(err.text, "key: not of the type it is said to be");
}
END_TEST

/* Every prefix of a blob, and a byte more, is refused and leaves the key untouched. */
static void expect_only_whole(const char *name)
{
    uint8_t blob[4096], *exact;
    size_t len = keys_blob(name, blob, sizeof blob - 1);
    blob[len] = 0;
    struct hop_ssh_key key;
    memset(&key, 0x55, sizeof key);
    for (size_t cut = 0; cut <= len + 1; cut++) {
        if (cut == len)
            continue;
        exact = malloc(cut + 1); /* so that a read past the end is seen */
        memcpy(exact, blob, cut);
        exact = realloc(exact, cut ? cut : 1);
        ck_assert_msg(hop_ssh_key_parse(exact, cut, NULL, &key, &err) == HOP_MALFORMED, "%s at %zu",
                      name, cut);
        free(exact);
    }
    for (size_t i = 0; i < sizeof key; i++)
        ck_assert_uint_eq(((const uint8_t *)&key)[i], 0x55);
}

START_TEST(a_blob_is_whole_or_refused)
{
    for (size_t i = 0; i < NAMES; i++)
        expect_only_whole(names[i]);
    keys_sign("ed25519", "anna", "");
    keys_sign("rsa", "anna", "");
    expect_only_whole("ed25519-cert");
    expect_only_whole("rsa-cert");
}
END_TEST

static size_t put_string(uint8_t *at, const void *bytes, size_t len)
{
    for (int k = 0; k < 4; k++)
        at[k] = (uint8_t)(len >> (24 - 8 * k));
    memcpy(at + 4, bytes, len);
    return 4 + len;
}

START_TEST(a_number_with_needless_zeros_is_the_same_key)
{
    uint8_t canonical[64], padded[64], negative[64];
    size_t a = put_string(canonical, "ssh-rsa", 7), b = put_string(padded, "ssh-rsa", 7);
    size_t c = put_string(negative, "ssh-rsa", 7);
    a += put_string(canonical + a, "\x01\x00\x01", 3);
    a += put_string(canonical + a, "\x00\x99\x77", 3);
    b += put_string(padded + b, "\x00\x00\x01\x00\x01", 5);
    b += put_string(padded + b, "\x00\x00\x00\x99\x77", 5);
    c += put_string(negative + c, "\x01\x00\x01", 3);
    c += put_string(negative + c, "\x99\x77", 2);
    struct hop_ssh_key one, two;
    ck_assert_int_eq(hop_ssh_key_parse(canonical, a, NULL, &one, &err), HOP_OK);
    ck_assert_int_eq(hop_ssh_key_parse(padded, b, NULL, &two, &err), HOP_OK);
    ck_assert_str_eq(one.fingerprint, two.fingerprint);
    ck_assert_int_eq(hop_ssh_key_parse(negative, c, NULL, &two, &err), HOP_MALFORMED);
}
END_TEST

START_TEST(a_plain_key_of_an_unknown_type_is_taken_as_it_is)
{
    uint8_t blob[64];
    size_t len = put_string(blob, "ssh-new@example.com", 19);
    struct hop_ssh_key key;
    ck_assert_int_eq(hop_ssh_key_parse(blob, len, NULL, &key, &err), HOP_MALFORMED);
    len += put_string(blob + len, "whatever", 8);
    ck_assert_int_eq(hop_ssh_key_parse(blob, len, NULL, &key, &err), HOP_OK);
    ck_assert_str_eq(key.type, "ssh-new@example.com");
    ck_assert_uint_eq(strlen(key.fingerprint), HOP_SSH_FINGERPRINT_MAX);
}
END_TEST

START_TEST(a_certificate_of_an_unknown_type_is_refused)
{
    uint8_t blob[64];
    size_t len = put_string(blob, "ssh-new-cert-v02@openssh.com", 28);
    len += put_string(blob + len, "whatever", 8);
    struct hop_ssh_key key;
    ck_assert_int_eq(hop_ssh_key_parse(blob, len, NULL, &key, &err), HOP_MALFORMED);
    ck_assert_str_eq(err.text, "key: a kind of certificate not known here");
}
END_TEST

/* A certificate around an ed25519 key; the signature is not looked at here, sshd did. */
static size_t make_certificate(uint8_t *at, const char *id, size_t id_len, const uint8_t *ca,
                               size_t ca_len)
{
    static const uint8_t zeros[32];
    size_t len = put_string(at, "ssh-ed25519-cert-v01@openssh.com", 32);
    len += put_string(at + len, zeros, 32);
    len += put_string(at + len, zeros, 32);
    memset(at + len, 0, 12);
    len += 12;
    len += put_string(at + len, id, id_len);
    len += put_string(at + len, "", 0);
    memset(at + len, 0, 16);
    len += 16;
    for (int k = 0; k < 3; k++)
        len += put_string(at + len, "", 0);
    len += put_string(at + len, ca, ca_len);
    return len + put_string(at + len, "sig", 3);
}

START_TEST(a_nul_in_an_id_and_a_certificate_as_ca_are_refused)
{
    uint8_t blob[2048], ca[1024], cert[1024];
    size_t ca_len = keys_blob("ca", ca, sizeof ca);
    struct hop_ssh_key key;
    size_t len = make_certificate(blob, "anna", 4, ca, ca_len);
    ck_assert_msg(hop_ssh_key_parse(blob, len, NULL, &key, &err) == HOP_OK, "%s", err.text);
    ck_assert_str_eq(key.key_id, "anna");
    memcpy(cert, blob, len);
    size_t cert_len = len;
    len = make_certificate(blob, "an\0na", 5, ca, ca_len);
    ck_assert_int_eq(hop_ssh_key_parse(blob, len, NULL, &key, &err), HOP_MALFORMED);
    len = make_certificate(blob, "anna", 4, cert, cert_len);
    ck_assert_int_eq(hop_ssh_key_parse(blob, len, NULL, &key, &err), HOP_MALFORMED);
    ck_assert_str_eq(err.text, "signature key: key: a certificate where a plain key belongs");
}
END_TEST

START_TEST(a_blob_above_the_limit_is_refused)
{
    static uint8_t blob[HOP_SSH_BLOB_MAX + 1];
    size_t len = put_string(blob, "ssh-new@example.com", 19);
    ck_assert_uint_lt(len, HOP_SSH_BLOB_MAX);
    struct hop_ssh_key key;
    ck_assert_int_eq(hop_ssh_key_parse(blob, HOP_SSH_BLOB_MAX, NULL, &key, &err), HOP_OK);
    ck_assert_int_eq(hop_ssh_key_parse(blob, HOP_SSH_BLOB_MAX + 1, NULL, &key, &err),
                     HOP_MALFORMED);
}
END_TEST

START_TEST(a_type_name_is_short_and_printable)
{
    uint8_t blob[128];
    char type[80];
    struct hop_ssh_key key;
    memset(type, 'x', sizeof type);
    size_t len = put_string(blob, type, HOP_SSH_TYPE_MAX);
    len += put_string(blob + len, "y", 1);
    ck_assert_int_eq(hop_ssh_key_parse(blob, len, NULL, &key, &err), HOP_OK);
    len = put_string(blob, type, HOP_SSH_TYPE_MAX + 1);
    len += put_string(blob + len, "y", 1);
    ck_assert_int_eq(hop_ssh_key_parse(blob, len, NULL, &key, &err), HOP_MALFORMED);
    len = put_string(blob, "ssh\nx", 5);
    len += put_string(blob + len, "y", 1);
    ck_assert_int_eq(hop_ssh_key_parse(blob, len, NULL, &key, &err), HOP_MALFORMED);
}
END_TEST

START_TEST(text_that_is_no_key_is_refused)
{
    struct hop_ssh_key key;
    struct public_line line;
    keys_read("ed25519", &line);
    ck_assert_int_eq(
        hop_ssh_key_parse_text(hop_span_of("ssh-ed25519"), hop_span_of("????"), &key, &err),
        HOP_MALFORMED);
    ck_assert_int_eq(hop_ssh_key_parse_text(hop_span_of(""), line.parts.base64, &key, &err),
                     HOP_MALFORMED);
    ck_assert_int_eq(hop_ssh_key_parse_text(hop_span_of("ssh-rsa"), line.parts.base64, &key, &err),
                     HOP_MALFORMED);
    ck_assert_int_eq(hop_ssh_key_parse_text(line.parts.type, hop_span_of(NULL), &key, &err),
                     HOP_MALFORMED);
}
END_TEST

static void expect_names(const char *options, const char *const *wanted, size_t count)
{
    static uint8_t bytes[HOP_SSH_BLOB_MAX];
    struct public_line line;
    struct hop_ssh_key key;
    struct hop_span principals, name;
    keys_sign("ed25519", "anna@corp", options);
    keys_read("ed25519-cert", &line);
    ck_assert_int_eq(
        hop_ssh_key_parse_into(line.parts.type, line.parts.base64, bytes, &key, &principals, &err),
        HOP_OK);
    ck_assert_str_eq(key.key_id, "anna@corp");
    for (size_t i = 0; i < count; i++) {
        ck_assert(hop_ssh_principal_next(&principals, &name));
        ck_assert_msg(hop_span_is(name, wanted[i]), "%s", wanted[i]);
    }
    ck_assert(!hop_ssh_principal_next(&principals, &name));
}

START_TEST(a_certificate_tells_whom_it_is_for)
{
    static const char *const all[] = {"anna", "on call", "admins@corp"};
    expect_names("", all, 1);
    expect_names("-n 'anna,on call,admins@corp'", all, 3);
}
END_TEST

START_TEST(a_plain_key_is_for_nobody)
{
    static uint8_t bytes[HOP_SSH_BLOB_MAX];
    struct public_line line;
    struct hop_ssh_key key;
    struct hop_span principals = {.at = "x", .len = 1}, name;
    keys_read("ed25519", &line);
    ck_assert_int_eq(
        hop_ssh_key_parse_into(line.parts.type, line.parts.base64, bytes, &key, &principals, &err),
        HOP_OK);
    ck_assert(!hop_ssh_principal_next(&principals, &name));
}
END_TEST

START_TEST(a_list_cut_short_ends_there)
{
    struct hop_span list = {.at = "\0\0\0\1a\0\0\0\2b", .len = 10}, name;
    ck_assert(hop_ssh_principal_next(&list, &name) && hop_span_is(name, "a"));
    ck_assert(!hop_ssh_principal_next(&list, &name));
    list = (struct hop_span){.at = "\0\0", .len = 2};
    ck_assert(!hop_ssh_principal_next(&list, &name));
}
END_TEST

HOP_SUITE_WITHIN("key", keys_make, keys_remove, NULL, NULL, fingerprints_are_those_of_ssh_keygen,
                 fingerprints_are_those_of_libssh, types_are_the_keys_own_and_tokens_are_told,
                 a_certificate_has_its_plain_keys_fingerprint_and_its_cas,
                 a_name_is_the_fingerprint_or_ca_and_id, what_could_mislead_in_an_id_is_coded,
                 long_ids_stay_apart, ids_that_grow_when_coded_stay_apart,
                 the_longest_id_kept_whole_is_one_short_of_the_field,
                 the_type_must_be_the_blobs_own, a_blob_is_whole_or_refused,
                 a_number_with_needless_zeros_is_the_same_key,
                 a_plain_key_of_an_unknown_type_is_taken_as_it_is,
                 a_certificate_of_an_unknown_type_is_refused,
                 a_nul_in_an_id_and_a_certificate_as_ca_are_refused,
                 a_blob_above_the_limit_is_refused, a_type_name_is_short_and_printable,
                 a_certificate_tells_whom_it_is_for, a_plain_key_is_for_nobody,
                 a_list_cut_short_ends_there, text_that_is_no_key_is_refused)
