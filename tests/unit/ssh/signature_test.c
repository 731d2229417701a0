/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "../suite.h"
#include "encode.h"
#include "signature.h"

#define NAMESPACE "hopwarden-approval"
#define APPLICATION "ssh:"

/* What `ssh-keygen -Y sign` of OpenSSH 9.2 made of tests/data/signatures/message. */
static char message_bytes[256];
static struct hop_span message;
static uint8_t blob[HOP_SSH_SIGNATURE_MAX];
static size_t blob_len;
static struct hop_error err;

static size_t read_data(const char *name, char *bytes, size_t size)
{
    char path[512];
    snprintf(path, sizeof path, "%s/signatures/%s", HOP_TEST_DATA, name);
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "%s", path);
    size_t len = fread(bytes, 1, size, file);
    fclose(file);
    ck_assert_uint_lt(len, size);
    return len;
}

static void before(void)
{
    message =
        (struct hop_span){message_bytes, read_data("message", message_bytes, sizeof message_bytes)};
}

static void load(const char *name)
{
    char armoured[4096];
    size_t len = read_data(name, armoured, sizeof armoured);
    long decoded = hop_ssh_signature_unarmor((struct hop_span){armoured, len}, blob);
    ck_assert_msg(decoded > 0, "%s", name);
    blob_len = (size_t)decoded;
}

static enum hop_rc check(struct hop_span over)
{
    struct hop_ssh_signature signature;
    /* a copy of its own size, so that a sanitizer sees every byte too many */
    char *bytes = malloc(blob_len + 1);
    memcpy(bytes, blob, blob_len);
    enum hop_rc rc = hop_ssh_signature_parse((struct hop_span){bytes, blob_len}, &signature, &err);
    if (rc == HOP_OK)
        rc = hop_ssh_signature_verify(&signature, NAMESPACE, over, &err);
    free(bytes);
    return rc;
}

START_TEST(ssh_keygens_signatures_are_good)
{
    static const char *const names[] = {"ed25519",  "ecdsa256", "ecdsa384",
                                        "ecdsa521", "rsa",      "ed25519-sha256"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s.sig", names[i]);
        load(name);
        ck_assert_msg(check(message) == HOP_OK, "%s: %s", name, err.text);
    }
}
END_TEST

START_TEST(it_tells_whose_it_is)
{
    char pub[256];
    struct hop_ssh_signature signature;
    struct hop_ssh_line line;
    struct hop_ssh_key key;
    size_t len = read_data("ed25519.pub", pub, sizeof pub);
    ck_assert_int_eq(hop_ssh_line_parse((struct hop_span){pub, len - 1}, &line, &err), HOP_OK);
    ck_assert_int_eq(hop_ssh_key_parse_text(line.type, line.base64, &key, &err), HOP_OK);
    load("ed25519.sig");
    ck_assert_int_eq(
        hop_ssh_signature_parse((struct hop_span){(char *)blob, blob_len}, &signature, &err),
        HOP_OK);
    ck_assert_str_eq(signature.key.fingerprint, key.fingerprint);
    ck_assert(hop_span_is(signature.name_space, NAMESPACE));
}
END_TEST

START_TEST(another_message_is_not_signed)
{
    static const char *const names[] = {"ed25519.sig", "ecdsa256.sig", "rsa.sig"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        load(names[i]);
        ck_assert_int_eq(check(hop_span_of("something else")), HOP_DENIED);
        ck_assert_int_eq(check((struct hop_span){message.at, message.len - 1}), HOP_DENIED);
    }
}
END_TEST

START_TEST(another_namespace_is_refused)
{
    load("ed25519-file.sig");
    ck_assert_int_eq(check(message), HOP_DENIED);
    ck_assert_ptr_nonnull(strstr(err.text, "namespace"));
}
END_TEST

START_TEST(small_rsa_and_certificates_are_refused)
{
    load("rsa1024.sig");
    ck_assert_int_eq(check(message), HOP_UNSUPPORTED);
    load("certificate.sig");
    ck_assert_int_eq(check(message), HOP_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(err.text, "certificate"));
}
END_TEST

START_TEST(no_bit_of_it_may_change)
{
    static const char *const names[] = {"ed25519.sig", "ecdsa256.sig", "rsa.sig"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        load(names[i]);
        for (size_t at = 0; at < blob_len; at++) {
            blob[at] ^= 0x10;
            ck_assert_msg(check(message) != HOP_OK, "%s: byte %zu", names[i], at);
            blob[at] ^= 0x10;
        }
        ck_assert_int_eq(check(message), HOP_OK);
    }
}
END_TEST

START_TEST(cut_short_anywhere_it_is_malformed)
{
    load("ecdsa384.sig");
    size_t whole = blob_len;
    for (blob_len = 0; blob_len < whole; blob_len++)
        ck_assert_int_eq(check(message), HOP_MALFORMED);
    blob_len = whole + 1;
    blob[whole] = 0;
    ck_assert_int_eq(check(message), HOP_MALFORMED);
}
END_TEST

START_TEST(armour_is_strict)
{
    static const char *const bad[] = {
        "",
        "-----BEGIN SSH SIGNATURE-----",
        "-----BEGIN SSH SIGNATURE-----\nU1NI\n",
        "-----BEGIN SSH SIGNATURE-----\nU1N\n-----END SSH SIGNATURE-----\n",
        "-----BEGIN SSH SIGNATURE-----\n\xff\n-----END SSH SIGNATURE-----\n",
        "x\n-----BEGIN SSH SIGNATURE-----\nU1NI\n-----END SSH SIGNATURE-----\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_int_eq(hop_ssh_signature_unarmor(hop_span_of(bad[i]), blob), -1);
    ck_assert_int_eq(
        hop_ssh_signature_unarmor(
            hop_span_of("-----BEGIN SSH SIGNATURE-----\r\nU1NI\r\n-----END SSH SIGNATURE-----"),
            blob),
        3);
}
END_TEST

/* -- keys that no test can hold in its hand: put together by hand --------------------------- */

struct bytes {
    uint8_t at[2048];
    size_t len;
};

static void put(struct bytes *to, const void *bytes, size_t len)
{
    ck_assert_uint_le(to->len + len, sizeof to->at);
    memcpy(to->at + to->len, bytes, len);
    to->len += len;
}

static void put_number(struct bytes *to, uint32_t number)
{
    const uint8_t four[] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16),
                            (uint8_t)(number >> 8), (uint8_t)number};
    put(to, four, 4);
}

static void put_string(struct bytes *to, const void *bytes, size_t len)
{
    put_number(to, (uint32_t)len);
    put(to, bytes, len);
}

static void put_text(struct bytes *to, const char *text)
{
    put_string(to, text, strlen(text));
}

static void put_mpint(struct bytes *to, const BIGNUM *number)
{
    uint8_t bytes[600] = {0};
    int len = BN_bn2bin(number, bytes + 1);
    bool sign = (bytes[1] & 0x80) != 0;
    put_string(to, bytes + !sign, (size_t)len + sign);
}

static struct bytes signed_data(void)
{
    struct bytes data = {.len = 0};
    uint8_t digest[32];
    EVP_Digest(message.at, message.len, digest, NULL, EVP_sha256(), NULL);
    put(&data, "SSHSIG", 6);
    put_text(&data, NAMESPACE);
    put_text(&data, "");
    put_text(&data, "sha256");
    put_string(&data, digest, sizeof digest);
    return data;
}

static struct bytes fido_data(uint8_t flags, uint32_t counter)
{
    struct bytes inner = signed_data(), data = {.len = 0};
    uint8_t digest[32];
    EVP_Digest(APPLICATION, strlen(APPLICATION), digest, NULL, EVP_sha256(), NULL);
    put(&data, digest, sizeof digest);
    put(&data, &flags, 1);
    put_number(&data, counter);
    EVP_Digest(inner.at, inner.len, digest, NULL, EVP_sha256(), NULL);
    put(&data, digest, sizeof digest);
    return data;
}

static size_t sign(EVP_PKEY *key, const char *digest, const struct bytes *data, uint8_t *signature,
                   size_t size)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    ck_assert_int_eq(EVP_DigestSignInit_ex(context, NULL, digest, NULL, NULL, key, NULL), 1);
    ck_assert_int_eq(EVP_DigestSign(context, signature, &size, data->at, data->len), 1);
    EVP_MD_CTX_free(context);
    return size;
}

static void wrap(const struct bytes *key, const struct bytes *inner)
{
    struct bytes whole = {.len = 0};
    put(&whole, "SSHSIG", 6);
    put_number(&whole, 1);
    put_string(&whole, key->at, key->len);
    put_text(&whole, NAMESPACE);
    put_text(&whole, "");
    put_text(&whole, "sha256");
    put_string(&whole, inner->at, inner->len);
    memcpy(blob, whole.at, blob_len = whole.len);
}

static void make_fido_ed25519(uint8_t flags, uint8_t told_flags)
{
    struct bytes key = {.len = 0}, inner = {.len = 0}, data = fido_data(flags, 7);
    uint8_t point[32], signature[64];
    size_t len = sizeof point;
    EVP_PKEY *pair = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    EVP_PKEY_get_raw_public_key(pair, point, &len);
    put_text(&key, "sk-ssh-ed25519@openssh.com");
    put_string(&key, point, len);
    put_text(&key, APPLICATION);
    put_text(&inner, "sk-ssh-ed25519@openssh.com");
    put_string(&inner, signature, sign(pair, NULL, &data, signature, sizeof signature));
    put(&inner, &told_flags, 1);
    put_number(&inner, 7);
    wrap(&key, &inner);
    EVP_PKEY_free(pair);
}

static void put_pair(struct bytes *to, const uint8_t *der, size_t len)
{
    struct bytes pair = {.len = 0};
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)len);
    put_mpint(&pair, ECDSA_SIG_get0_r(signature));
    put_mpint(&pair, ECDSA_SIG_get0_s(signature));
    put_string(to, pair.at, pair.len);
    ECDSA_SIG_free(signature);
}

static void make_fido_ecdsa(const char *curve)
{
    static const char type[] = "sk-ecdsa-sha2-nistp256@openssh.com";
    struct bytes key = {.len = 0}, inner = {.len = 0}, data = fido_data(1, 9);
    uint8_t point[65], der[80];
    size_t len = 0;
    const uint8_t touched = 1;
    EVP_PKEY *pair = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    EVP_PKEY_get_octet_string_param(pair, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &len);
    put_text(&key, type);
    put_text(&key, curve);
    put_string(&key, point, len);
    put_text(&key, APPLICATION);
    put_text(&inner, type);
    put_pair(&inner, der, sign(pair, "SHA256", &data, der, sizeof der));
    put(&inner, &touched, 1);
    put_number(&inner, 9);
    wrap(&key, &inner);
    EVP_PKEY_free(pair);
}

static void make_rsa(const char *digest, const char *algorithm)
{
    struct bytes key = {.len = 0}, inner = {.len = 0}, data = signed_data();
    BIGNUM *e = NULL, *n = NULL;
    uint8_t signature[256];
    EVP_PKEY *pair = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    EVP_PKEY_get_bn_param(pair, OSSL_PKEY_PARAM_RSA_E, &e);
    EVP_PKEY_get_bn_param(pair, OSSL_PKEY_PARAM_RSA_N, &n);
    put_text(&key, "ssh-rsa");
    put_mpint(&key, e);
    put_mpint(&key, n);
    put_text(&inner, algorithm);
    put_string(&inner, signature, sign(pair, digest, &data, signature, sizeof signature));
    wrap(&key, &inner);
    BN_free(e);
    BN_free(n);
    EVP_PKEY_free(pair);
}

START_TEST(fido_keys_sign_when_touched)
{
    make_fido_ed25519(1, 1);
    ck_assert_msg(check(message) == HOP_OK, "%s", err.text);
    ck_assert_int_eq(check(hop_span_of("other")), HOP_DENIED);
    make_fido_ed25519(5, 5); /* PIN and touch */
    ck_assert_int_eq(check(message), HOP_OK);
    make_fido_ecdsa("nistp256");
    ck_assert_msg(check(message) == HOP_OK, "%s", err.text);
}
END_TEST

START_TEST(fido_keys_untouched_or_lying_about_it_are_refused)
{
    make_fido_ed25519(0, 0);
    ck_assert_int_eq(check(message), HOP_DENIED);
    ck_assert_ptr_nonnull(strstr(err.text, "touched"));
    make_fido_ed25519(0, 1);
    ck_assert_int_eq(check(message), HOP_DENIED);
    make_fido_ecdsa("nistp384");
    ck_assert_int_eq(check(message), HOP_MALFORMED);
}
END_TEST

START_TEST(rsa_signs_with_sha_2_only)
{
    make_rsa("SHA256", "rsa-sha2-256");
    ck_assert_msg(check(message) == HOP_OK, "%s", err.text);
    make_rsa("SHA512", "rsa-sha2-512");
    ck_assert_int_eq(check(message), HOP_OK);
    make_rsa("SHA256", "rsa-sha2-512");
    ck_assert_int_eq(check(message), HOP_DENIED);
    make_rsa("SHA1", "ssh-rsa");
    ck_assert_int_eq(check(message), HOP_UNSUPPORTED);
}
END_TEST

HOP_SUITE_AROUND("signature", before, NULL, ssh_keygens_signatures_are_good, it_tells_whose_it_is,
                 another_message_is_not_signed, another_namespace_is_refused,
                 small_rsa_and_certificates_are_refused, no_bit_of_it_may_change,
                 cut_short_anywhere_it_is_malformed, armour_is_strict, fido_keys_sign_when_touched,
                 fido_keys_untouched_or_lying_about_it_are_refused, rsa_signs_with_sha_2_only)
