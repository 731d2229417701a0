/* SPDX-License-Identifier: Apache-2.0 */
#include "signature.h"

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#include "encode.h"
#include "public_key.h"
#include "wire.h"

#define MAGIC "SSHSIG"
#define MAGIC_LEN 6
#define VERSION 1
#define FIDO_TOUCHED 0x01
#define ED25519_BYTES 64
#define SIGNED_MAX 1024 /* magic, namespace, reserved, hash: nobody needs more */
#define FIDO_SIGNED_BYTES (32 + 1 + 4 + 32)
#define ECDSA_DER_MAX 160 /* of P-521 */

static enum hop_rc malformed(struct hop_error *err, const char *what)
{
    return hop_error_set(err, HOP_MALFORMED, "signature: %s", what);
}

/* -- armour -------------------------------------------------------------------------------- */

static bool take_line(struct hop_span *rest, struct hop_span *ret_line)
{
    if (!hop_span_cut(rest, '\n', ret_line))
        return false;
    *ret_line = hop_span_trim(*ret_line);
    return true;
}

long hop_ssh_signature_unarmor(struct hop_span text, uint8_t bytes[HOP_SSH_SIGNATURE_MAX])
{
    char base64[HOP_SSH_SIGNATURE_MAX / 3 * 4 + 5];
    struct hop_text whole = hop_text_over(base64, sizeof base64);
    struct hop_span line;
    if (!text.len || !take_line(&text, &line) ||
        !hop_span_is(line, "-----BEGIN SSH SIGNATURE-----"))
        return -1;
    while (take_line(&text, &line) && !hop_span_is(line, "-----END SSH SIGNATURE-----"))
        hop_text_put_span(&whole, line);
    if (whole.cut || !hop_span_is(line, "-----END SSH SIGNATURE-----"))
        return -1;
    return hop_base64_decode((struct hop_span){base64, whole.len}, bytes, HOP_SSH_SIGNATURE_MAX);
}

/* -- taking apart -------------------------------------------------------------------------- */

/* string algorithm, string bytes; of FIDO keys the flags and the counter follow. */
static enum hop_rc parse_inner(struct hop_span inner, struct hop_ssh_signature *signature,
                               struct hop_error *err)
{
    struct hop_wire wire = hop_wire_of(inner);
    uint64_t flags = 0, counter = 0;
    if (!hop_wire_string(&wire, &signature->algorithm) ||
        !hop_wire_string(&wire, &signature->bytes))
        return malformed(err, "cut short");
    if (signature->key.fido &&
        (!hop_wire_number(&wire, 1, &flags) || !hop_wire_number(&wire, 4, &counter)))
        return malformed(err, "a FIDO key's, cut short");
    if (wire.len)
        return malformed(err, "bytes behind its end");
    signature->flags = (uint8_t)flags;
    signature->counter = (uint32_t)counter;
    return HOP_OK;
}

static enum hop_rc parse_fields(struct hop_wire *wire, struct hop_ssh_signature *signature,
                                struct hop_error *err)
{
    struct hop_span magic, inner;
    uint64_t version;
    if (!hop_wire_bytes(wire, MAGIC_LEN, &magic) || !hop_span_is(magic, MAGIC))
        return malformed(err, "does not begin with " MAGIC);
    if (!hop_wire_number(wire, 4, &version) || version != VERSION)
        return malformed(err, "of another version than 1");
    if (!hop_wire_string(wire, &signature->public_key) ||
        !hop_wire_string(wire, &signature->name_space) ||
        !hop_wire_string(wire, &signature->reserved) || !hop_wire_string(wire, &signature->hash) ||
        !hop_wire_string(wire, &inner))
        return malformed(err, "cut short");
    if (wire->len)
        return malformed(err, "bytes behind its end");
    enum hop_rc rc = hop_ssh_key_parse(signature->public_key.at, signature->public_key.len, NULL,
                                       &signature->key, err);
    if (rc != HOP_OK)
        hop_error_within(err, "signature");
    return rc == HOP_OK ? parse_inner(inner, signature, err) : rc;
}

enum hop_rc hop_ssh_signature_parse(struct hop_span blob, struct hop_ssh_signature *ret_signature,
                                    struct hop_error *err)
{
    struct hop_ssh_signature signature;
    memset(&signature, 0, sizeof signature);
    if (blob.len > HOP_SSH_SIGNATURE_MAX)
        return malformed(err, "too large");
    struct hop_wire wire = hop_wire_of(blob);
    enum hop_rc rc = parse_fields(&wire, &signature, err);
    if (rc != HOP_OK)
        return rc;
    if (signature.key.certificate)
        return hop_error_set(err, HOP_UNSUPPORTED, "signature: made with a certificate");
    *ret_signature = signature;
    return HOP_OK;
}

/* -- what was signed ----------------------------------------------------------------------- */

struct signed_data {
    uint8_t bytes[SIGNED_MAX];
    size_t len;
};

static bool put_bytes(struct signed_data *data, const void *bytes, size_t len)
{
    if (len > sizeof data->bytes - data->len)
        return false;
    if (len)
        memcpy(data->bytes + data->len, bytes, len);
    data->len += len;
    return true;
}

static bool put_number(struct signed_data *data, uint32_t number)
{
    const uint8_t bytes[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16),
                              (uint8_t)(number >> 8), (uint8_t)number};
    return put_bytes(data, bytes, sizeof bytes);
}

static bool put_string(struct signed_data *data, const void *bytes, size_t len)
{
    return len <= SIGNED_MAX && put_number(data, (uint32_t)len) && put_bytes(data, bytes, len);
}

static const EVP_MD *message_digest(struct hop_span hash)
{
    if (hop_span_is(hash, "sha256"))
        return EVP_sha256();
    return hop_span_is(hash, "sha512") ? EVP_sha512() : NULL;
}

/* PROTOCOL.sshsig, section 3. */
static enum hop_rc sign_data(const struct hop_ssh_signature *signature, struct hop_span message,
                             struct signed_data *data, struct hop_error *err)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    const EVP_MD *hash = message_digest(signature->hash);
    if (!hash)
        return hop_error_set(err, HOP_UNSUPPORTED, "signature: over neither SHA-256 nor SHA-512");
    if (!EVP_Digest(message.at, message.len, digest, &len, hash, NULL))
        return hop_error_set(err, HOP_NOMEM, "signature: no digest to be had");
    data->len = 0;
    if (!put_bytes(data, MAGIC, MAGIC_LEN) ||
        !put_string(data, signature->name_space.at, signature->name_space.len) ||
        !put_string(data, signature->reserved.at, signature->reserved.len) ||
        !put_string(data, signature->hash.at, signature->hash.len) ||
        !put_string(data, digest, len))
        return malformed(err, "its fields are too long");
    return HOP_OK;
}

/* A FIDO key signs its application, flags and counter with the digest of all that (PROTOCOL.u2f).
 */
static enum hop_rc sign_as_fido(const struct hop_ssh_signature *signature,
                                struct hop_span application, struct signed_data *data,
                                struct hop_error *err)
{
    struct signed_data whole = {.len = 0};
    uint8_t digests[2][32];
    if (!(signature->flags & FIDO_TOUCHED))
        return hop_error_set(err, HOP_DENIED, "signature: the FIDO key was not touched");
    if (!EVP_Digest(application.at, application.len, digests[0], NULL, EVP_sha256(), NULL) ||
        !EVP_Digest(data->bytes, data->len, digests[1], NULL, EVP_sha256(), NULL))
        return hop_error_set(err, HOP_NOMEM, "signature: no digest to be had");
    put_bytes(&whole, digests[0], sizeof digests[0]);
    put_bytes(&whole, &signature->flags, 1);
    put_number(&whole, signature->counter);
    put_bytes(&whole, digests[1], sizeof digests[1]);
    *data = whole;
    return HOP_OK;
}

/* -- verifying ----------------------------------------------------------------------------- */

enum form { FORM_RAW, FORM_ECDSA };

struct algorithm {
    const char *key_type, *name;
    const char *digest; /* NULL: the algorithm's own */
    enum form form;
};

static const struct algorithm algorithms[] = {
    {"ssh-ed25519", "ssh-ed25519", NULL, FORM_RAW},
    {"sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519@openssh.com", NULL, FORM_RAW},
    {"ssh-rsa", "rsa-sha2-256", "SHA256", FORM_RAW},
    {"ssh-rsa", "rsa-sha2-512", "SHA512", FORM_RAW},
    {"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", "SHA256", FORM_ECDSA},
    {"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384", "SHA384", FORM_ECDSA},
    {"ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521", "SHA512", FORM_ECDSA},
    {"sk-ecdsa-sha2-nistp256@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com", "SHA256",
     FORM_ECDSA},
};

static const struct algorithm *algorithm_of(const struct hop_ssh_signature *signature)
{
    for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++)
        if (strcmp(signature->key.type, algorithms[i].key_type) == 0 &&
            hop_span_is(signature->algorithm, algorithms[i].name))
            return &algorithms[i];
    return NULL;
}

/* mpint r, mpint s as the DER that OpenSSL reads; its length, 0 when they are none. */
static size_t der_of(struct hop_span bytes, uint8_t der[ECDSA_DER_MAX])
{
    struct hop_wire wire = hop_wire_of(bytes);
    struct hop_span r, s;
    if (!hop_wire_mpint(&wire, &r) || !hop_wire_mpint(&wire, &s) || wire.len || r.len > 67 ||
        s.len > 67)
        return 0;
    int len = 0;
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r_number = BN_bin2bn((const uint8_t *)r.at, (int)r.len, NULL);
    BIGNUM *s_number = BN_bin2bn((const uint8_t *)s.at, (int)s.len, NULL);
    if (pair && r_number && s_number && ECDSA_SIG_set0(pair, r_number, s_number)) {
        r_number = s_number = NULL; /* the pair's now */
        uint8_t *end = der;
        len = i2d_ECDSA_SIG(pair, NULL) <= ECDSA_DER_MAX ? i2d_ECDSA_SIG(pair, &end) : 0;
    }
    BN_free(r_number);
    BN_free(s_number);
    ECDSA_SIG_free(pair);
    return len > 0 ? (size_t)len : 0;
}

static bool is_good(EVP_PKEY *key, const struct algorithm *algorithm, struct hop_span bytes,
                    const struct signed_data *data)
{
    uint8_t der[ECDSA_DER_MAX];
    if (algorithm->form == FORM_ECDSA)
        bytes = (struct hop_span){(const char *)der, der_of(bytes, der)};
    else if (!algorithm->digest && bytes.len != ED25519_BYTES)
        return false;
    if (!bytes.len)
        return false;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good =
        context &&
        EVP_DigestVerifyInit_ex(context, NULL, algorithm->digest, NULL, NULL, key, NULL) == 1 &&
        EVP_DigestVerify(context, (const uint8_t *)bytes.at, bytes.len, data->bytes, data->len) ==
            1;
    EVP_MD_CTX_free(context);
    return good;
}

static enum hop_rc verify(const struct hop_ssh_signature *signature,
                          const struct algorithm *algorithm, struct hop_span message,
                          struct hop_error *err)
{
    struct signed_data data;
    struct hop_span application;
    EVP_PKEY *key;
    enum hop_rc rc = sign_data(signature, message, &data, err);
    if (rc == HOP_OK)
        rc = hop_public_key_of(signature->public_key, &key, &application, err);
    if (rc != HOP_OK)
        return rc;
    if (signature->key.fido)
        rc = sign_as_fido(signature, application, &data, err);
    if (rc == HOP_OK && !is_good(key, algorithm, signature->bytes, &data))
        rc = hop_error_set(err, HOP_DENIED, "signature: not over this, or not by this key");
    EVP_PKEY_free(key);
    return rc;
}

enum hop_rc hop_ssh_signature_verify(const struct hop_ssh_signature *signature,
                                     const char *name_space, struct hop_span message,
                                     struct hop_error *err)
{
    const struct algorithm *algorithm = algorithm_of(signature);
    if (!hop_span_is(signature->name_space, name_space))
        return hop_error_set(err, HOP_DENIED, "signature: of another namespace than %s",
                             name_space);
    if (!algorithm)
        return hop_error_set(err, HOP_UNSUPPORTED,
                             "signature: its algorithm is not one of the key's kind");
    ERR_set_mark(); /* the queue of errors belongs to the process around us */
    enum hop_rc rc = verify(signature, algorithm, message, err);
    ERR_pop_to_mark();
    return rc;
}
