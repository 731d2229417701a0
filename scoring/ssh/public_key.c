/* SPDX-License-Identifier: Apache-2.0 */
#include "public_key.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <string.h>

#include "wire.h"

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 16384
#define RSA_EXPONENT_BYTES_MAX 8 /* larger ones only make a verification slow */
#define ED25519_BYTES 32

static enum hop_rc no_key(struct hop_error *err)
{
    return hop_error_set(err, HOP_MALFORMED, "key: its numbers are no key of its kind");
}

/* Gives up `params`. */
static EVP_PKEY *pkey_of(const char *kind, OSSL_PARAM *params)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
    if (!context || !params || EVP_PKEY_fromdata_init(context) <= 0 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) <= 0)
        key = NULL;
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(params);
    return key;
}

static EVP_PKEY *rsa_of(struct hop_span exponent, struct hop_span modulus)
{
    OSSL_PARAM *params = NULL;
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    BIGNUM *e = BN_bin2bn((const uint8_t *)exponent.at, (int)exponent.len, NULL);
    BIGNUM *n = BN_bin2bn((const uint8_t *)modulus.at, (int)modulus.len, NULL);
    if (build && e && n && BN_num_bits(n) >= RSA_BITS_MIN && BN_num_bits(n) <= RSA_BITS_MAX &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n))
        params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY *key = params ? pkey_of("RSA", params) : NULL;
    OSSL_PARAM_BLD_free(build);
    BN_free(e);
    BN_free(n);
    return key;
}

static EVP_PKEY *curve_of(const char *group, struct hop_span point)
{
    OSSL_PARAM *params = NULL;
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    if (build && OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, group, 0) &&
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point.at, point.len))
        params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY *key = params ? pkey_of("EC", params) : NULL;
    OSSL_PARAM_BLD_free(build);
    return key;
}

static enum hop_rc take_rsa(struct hop_wire *wire, EVP_PKEY **ret_key, struct hop_error *err)
{
    struct hop_span e, n;
    if (!hop_wire_mpint(wire, &e) || !hop_wire_mpint(wire, &n))
        return no_key(err);
    if (e.len > RSA_EXPONENT_BYTES_MAX || n.len * 8 < RSA_BITS_MIN || n.len > RSA_BITS_MAX / 8 + 1)
        return hop_error_set(err, HOP_UNSUPPORTED,
                             "key: RSA of less than %d bits, or out of measure", RSA_BITS_MIN);
    *ret_key = rsa_of(e, n);
    return *ret_key ? HOP_OK : no_key(err);
}

static enum hop_rc take_curve(struct hop_wire *wire, const char *name, const char *group,
                              EVP_PKEY **ret_key, struct hop_error *err)
{
    struct hop_span curve, point;
    if (!hop_wire_string(wire, &curve) || !hop_wire_string(wire, &point) ||
        !hop_span_is(curve, name) || !point.len)
        return no_key(err);
    *ret_key = curve_of(group, point);
    return *ret_key ? HOP_OK : no_key(err);
}

static enum hop_rc take_ed25519(struct hop_wire *wire, EVP_PKEY **ret_key, struct hop_error *err)
{
    struct hop_span point;
    if (!hop_wire_string(wire, &point) || point.len != ED25519_BYTES)
        return no_key(err);
    *ret_key =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, (const uint8_t *)point.at, point.len);
    return *ret_key ? HOP_OK : no_key(err);
}

/* NULL: not an ECDSA key's type. */
static const char *group_of(struct hop_span type, const char **ret_curve)
{
    static const struct {
        const char *type, *curve, *group;
    } curves[] = {{"ecdsa-sha2-nistp256", "nistp256", "P-256"},
                  {"ecdsa-sha2-nistp384", "nistp384", "P-384"},
                  {"ecdsa-sha2-nistp521", "nistp521", "P-521"},
                  {"sk-ecdsa-sha2-nistp256@openssh.com", "nistp256", "P-256"}};
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++) {
        if (!hop_span_is(type, curves[i].type))
            continue;
        *ret_curve = curves[i].curve;
        return curves[i].group;
    }
    return NULL;
}

static enum hop_rc take_key(struct hop_span type, struct hop_wire *wire, EVP_PKEY **ret_key,
                            struct hop_error *err)
{
    const char *curve, *group = group_of(type, &curve);
    if (group)
        return take_curve(wire, curve, group, ret_key, err);
    if (hop_span_is(type, "ssh-ed25519") || hop_span_is(type, "sk-ssh-ed25519@openssh.com"))
        return take_ed25519(wire, ret_key, err);
    if (hop_span_is(type, "ssh-rsa"))
        return take_rsa(wire, ret_key, err);
    return hop_error_set(err, HOP_UNSUPPORTED, "key: a kind whose signatures are not known here");
}

enum hop_rc hop_public_key_of(struct hop_span blob, EVP_PKEY **ret_key,
                              struct hop_span *ret_application, struct hop_error *err)
{
    struct hop_wire wire = hop_wire_of(blob);
    struct hop_span type, application = {0};
    EVP_PKEY *key = NULL;
    if (!hop_wire_string(&wire, &type))
        return no_key(err);
    enum hop_rc rc = take_key(type, &wire, &key, err);
    if (rc != HOP_OK)
        return rc;
    bool fido = type.len > 3 && memcmp(type.at, "sk-", 3) == 0;
    if (fido && !hop_wire_string(&wire, &application)) {
        EVP_PKEY_free(key);
        return no_key(err);
    }
    *ret_key = key;
    *ret_application = application;
    return HOP_OK;
}
