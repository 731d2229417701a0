/* SPDX-License-Identifier: Apache-2.0 */
/* A security key in software, for ssh-keygen -w and ssh's SecurityKeyProvider: OpenSSH's middleware
 * interface, version 10 (OpenSSH 9.0 and later). The key handle is the private key itself. The
 * person at it is the environment:
 *
 *   SOFT_KEY_TOUCH=no      nobody touches it
 *   SOFT_KEY_VERIFY=always it recognises a finger, and verifies whether asked or not
 *
 * Else it verifies when it is asked to, by the PIN 2468. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))
#define VERSION 0x000a0000
#define PIN "2468"
#define PRESENT 0x01
#define VERIFIED 0x04
#define SECRET_BYTES 32
#define POINT_BYTES 65
#define SIGNED_BYTES (SHA256_DIGEST_LENGTH + 1 + 4 + SHA256_DIGEST_LENGTH)

enum algorithm { ECDSA_P256, ED25519 };
enum failure { FAILED = -1, UNSUPPORTED = -2, PIN_REQUIRED = -3 };

/* The layouts are OpenSSH's. What they point to is the caller's to free. */
struct sk_enroll_response {
    uint8_t flags;
    uint8_t *public_key;
    size_t public_key_len;
    uint8_t *key_handle;
    size_t key_handle_len;
    uint8_t *signature;
    size_t signature_len;
    uint8_t *attestation;
    size_t attestation_len;
    uint8_t *authdata;
    size_t authdata_len;
};

struct sk_sign_response {
    uint8_t flags;
    uint32_t counter;
    uint8_t *r;
    size_t r_len;
    uint8_t *s;
    size_t s_len;
};

struct sk_option;

EXPORT uint32_t sk_api_version(void);
EXPORT int sk_enroll(uint32_t algorithm, const uint8_t *challenge, size_t challenge_len,
                     const char *application, uint8_t flags, const char *pin,
                     struct sk_option **options, struct sk_enroll_response **ret_response);
EXPORT int sk_sign(uint32_t algorithm, const uint8_t *data, size_t len, const char *application,
                   const uint8_t *handle, size_t handle_len, uint8_t flags, const char *pin,
                   struct sk_option **options, struct sk_sign_response **ret_response);
EXPORT int sk_load_resident_keys(const char *pin, struct sk_option **options, void *ret_keys,
                                 size_t *ret_count);

static bool environment_is(const char *name, const char *value)
{
    const char *found = getenv(name);
    return found != NULL && strcmp(found, value) == 0;
}

/* -- keys ---------------------------------------------------------------------------------- */

static EVP_PKEY *new_key(uint32_t algorithm)
{
    return algorithm == ED25519 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                                : EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
}

static bool put_secret(const EVP_PKEY *key, uint32_t algorithm, uint8_t secret[SECRET_BYTES])
{
    size_t len = SECRET_BYTES;
    BIGNUM *number = NULL;
    if (algorithm == ED25519)
        return EVP_PKEY_get_raw_private_key(key, secret, &len) == 1;
    bool fine = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &number) == 1 &&
                BN_bn2binpad(number, secret, SECRET_BYTES) > 0;
    BN_clear_free(number);
    return fine;
}

static bool put_public(const EVP_PKEY *key, uint32_t algorithm, uint8_t *bytes, size_t *len)
{
    if (algorithm == ED25519)
        return EVP_PKEY_get_raw_public_key(key, bytes, len) == 1;
    return EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, bytes, *len,
                                           len) == 1 &&
           *len == POINT_BYTES;
}

static EVP_PKEY *elliptic_key_of(const uint8_t *secret)
{
    EVP_PKEY *key = NULL;
    BIGNUM *number = BN_bin2bn(secret, SECRET_BYTES, NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (build != NULL &&
        OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) == 1 &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, number) == 1)
        params = OSSL_PARAM_BLD_to_param(build);
    if (params != NULL && EVP_PKEY_fromdata_init(context) == 1)
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, params);
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_clear_free(number);
    return key;
}

static EVP_PKEY *key_of(uint32_t algorithm, const uint8_t *handle, size_t len)
{
    if (len != SECRET_BYTES)
        return NULL;
    return algorithm == ED25519 ? EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, handle, len)
                                : elliptic_key_of(handle);
}

/* -- enrolling ----------------------------------------------------------------------------- */

static bool fill(struct sk_enroll_response *response, uint32_t algorithm, const EVP_PKEY *key)
{
    response->public_key_len = POINT_BYTES;
    response->key_handle_len = SECRET_BYTES;
    response->signature_len = 1; /* attests nothing, and is not asked to */
    response->public_key = malloc(POINT_BYTES);
    response->key_handle = malloc(SECRET_BYTES);
    response->signature = calloc(1, 1);
    return response->public_key != NULL && response->key_handle != NULL &&
           response->signature != NULL && key != NULL &&
           put_public(key, algorithm, response->public_key, &response->public_key_len) &&
           put_secret(key, algorithm, response->key_handle);
}

int sk_enroll(uint32_t algorithm, const uint8_t *challenge, size_t challenge_len,
              const char *application, uint8_t flags, const char *pin, struct sk_option **options,
              struct sk_enroll_response **ret_response)
{
    (void)challenge, (void)challenge_len, (void)application, (void)pin, (void)options;
    if (algorithm != ED25519 && algorithm != ECDSA_P256)
        return UNSUPPORTED;
    struct sk_enroll_response *response = calloc(1, sizeof *response);
    EVP_PKEY *key = new_key(algorithm);
    bool fine = response != NULL && fill(response, algorithm, key);
    EVP_PKEY_free(key);
    if (!fine) {
        if (response != NULL) {
            free(response->public_key);
            free(response->key_handle);
            free(response->signature);
        }
        free(response);
        return FAILED;
    }
    response->flags = flags;
    *ret_response = response;
    return 0;
}

/* -- signing ------------------------------------------------------------------------------- */

/* What a key signs: application, flags, counter, message (CTAP 2, authenticatorGetAssertion). */
static void put_signed(const char *application, uint8_t flags, const uint8_t *data, size_t len,
                       uint8_t bytes[SIGNED_BYTES])
{
    memset(bytes, 0, SIGNED_BYTES); /* the counter stays at nothing */
    SHA256((const unsigned char *)application, strlen(application), bytes);
    bytes[SHA256_DIGEST_LENGTH] = flags;
    SHA256(data, len, bytes + SHA256_DIGEST_LENGTH + 1 + 4);
}

static bool split(const uint8_t *der, size_t len, struct sk_sign_response *response)
{
    const BIGNUM *r, *s;
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)len);
    if (signature == NULL)
        return false;
    ECDSA_SIG_get0(signature, &r, &s);
    response->r_len = (size_t)BN_num_bytes(r);
    response->s_len = (size_t)BN_num_bytes(s);
    response->r = calloc(1, response->r_len);
    response->s = calloc(1, response->s_len);
    bool fine = response->r != NULL && response->s != NULL && BN_bn2bin(r, response->r) > 0 &&
                BN_bn2bin(s, response->s) > 0;
    ECDSA_SIG_free(signature);
    return fine;
}

static bool put_signature(EVP_PKEY *key, uint32_t algorithm, const uint8_t *bytes,
                          struct sk_sign_response *response)
{
    uint8_t signature[256];
    size_t len = sizeof signature;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool fine = context != NULL && key != NULL &&
                EVP_DigestSignInit(context, NULL, algorithm == ED25519 ? NULL : EVP_sha256(), NULL,
                                   key) == 1 &&
                EVP_DigestSign(context, signature, &len, bytes, SIGNED_BYTES) == 1;
    EVP_MD_CTX_free(context);
    if (!fine || algorithm != ED25519)
        return fine && split(signature, len, response);
    response->r = malloc(len);
    response->r_len = len;
    if (response->r != NULL)
        memcpy(response->r, signature, len);
    return response->r != NULL;
}

static int person_at(uint8_t wanted, const char *pin, uint8_t *ret_flags)
{
    *ret_flags = environment_is("SOFT_KEY_TOUCH", "no") ? 0 : PRESENT;
    if (environment_is("SOFT_KEY_VERIFY", "always")) {
        *ret_flags |= VERIFIED;
    } else if ((wanted & VERIFIED) != 0) {
        if (pin == NULL)
            return PIN_REQUIRED;
        if (strcmp(pin, PIN) != 0)
            return FAILED;
        *ret_flags |= VERIFIED;
    }
    return 0;
}

int sk_sign(uint32_t algorithm, const uint8_t *data, size_t len, const char *application,
            const uint8_t *handle, size_t handle_len, uint8_t flags, const char *pin,
            struct sk_option **options, struct sk_sign_response **ret_response)
{
    (void)options;
    uint8_t bytes[SIGNED_BYTES];
    struct sk_sign_response *response = calloc(1, sizeof *response);
    if (response == NULL)
        return FAILED;
    int failure = person_at(flags, pin, &response->flags);
    EVP_PKEY *key = failure == 0 ? key_of(algorithm, handle, handle_len) : NULL;
    put_signed(application, response->flags, data, len, bytes);
    if (failure == 0 && !put_signature(key, algorithm, bytes, response))
        failure = FAILED;
    EVP_PKEY_free(key);
    if (failure != 0) {
        free(response->r);
        free(response->s);
        free(response);
        return failure;
    }
    *ret_response = response;
    return 0;
}

int sk_load_resident_keys(const char *pin, struct sk_option **options, void *ret_keys,
                          size_t *ret_count)
{
    (void)pin, (void)options, (void)ret_keys, (void)ret_count;
    return UNSUPPORTED;
}

uint32_t sk_api_version(void)
{
    return VERSION;
}
