/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/evp.h>
#include <string.h>

#include "encode.h"
#include "ssh.h"
#include "wire.h"

#define SHA256_BYTES 32

/* The public fields behind the type name, and in a certificate behind its nonce: 'm' an mpint, 's'
 * a string. */
struct key_kind {
    const char *plain, *certificate;
    const char *fields;
    bool fido;
};

static const struct key_kind kinds[] = {
    {"ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com", "s", false},
    {"ssh-rsa", "ssh-rsa-cert-v01@openssh.com", "mm", false},
    {"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256-cert-v01@openssh.com", "ss", false},
    {"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384-cert-v01@openssh.com", "ss", false},
    {"ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521-cert-v01@openssh.com", "ss", false},
    {"sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519-cert-v01@openssh.com", "ss", true},
    {"sk-ecdsa-sha2-nistp256@openssh.com", "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", "sss",
     true},
    {"ssh-dss", "ssh-dss-cert-v01@openssh.com", "mmmm", false},
};

/* A plain key's blob being put together again; never longer than the blob it is taken from. */
struct rebuilt {
    uint8_t bytes[HOP_SSH_BLOB_MAX];
    size_t len;
};

static void rebuild_string(struct rebuilt *rebuilt, struct hop_span string)
{
    for (int k = 0; k < 4; k++)
        rebuilt->bytes[rebuilt->len++] = (uint8_t)(string.len >> (24 - 8 * k));
    if (string.len)
        memcpy(rebuilt->bytes + rebuilt->len, string.at, string.len);
    rebuilt->len += string.len;
}

static bool rebuild_fields(struct rebuilt *rebuilt, const char *fields, struct hop_wire *wire)
{
    for (; *fields; fields++) {
        struct hop_span field;
        if (!(*fields == 'm' ? hop_wire_mpint(wire, &field) : hop_wire_string(wire, &field)))
            return false;
        rebuild_string(rebuilt, field);
    }
    return true;
}

static enum hop_rc digest_of(const void *bytes, size_t len, uint8_t digest[SHA256_BYTES],
                             struct hop_error *err)
{
    if (!EVP_Digest(bytes, len, digest, NULL, EVP_sha256(), NULL))
        return hop_error_set(err, HOP_NOMEM, "key: no SHA-256 to be had");
    return HOP_OK;
}

static enum hop_rc fingerprint_of(const void *bytes, size_t len,
                                  char fingerprint[HOP_SSH_FINGERPRINT_MAX + 1],
                                  struct hop_error *err)
{
    uint8_t digest[SHA256_BYTES];
    enum hop_rc rc = digest_of(bytes, len, digest, err);
    if (rc)
        return rc;
    struct hop_text text = hop_text_over(fingerprint, HOP_SSH_FINGERPRINT_MAX + 1);
    hop_text_put(&text, "SHA256:");
    hop_base64_put(&text, digest, sizeof digest, false);
    return HOP_OK;
}

static enum hop_rc malformed(struct hop_error *err, const char *what)
{
    return hop_error_set(err, HOP_MALFORMED, "key: %s", what);
}

static bool type_is_plausible(struct hop_span type)
{
    for (size_t i = 0; i < type.len; i++)
        if (type.at[i] <= ' ' || type.at[i] > '~')
            return false;
    return type.len > 0 && type.len <= HOP_SSH_TYPE_MAX;
}

static const struct key_kind *kind_of(struct hop_span type, bool *ret_certificate)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        *ret_certificate = hop_span_is(type, kinds[i].certificate);
        if (*ret_certificate || hop_span_is(type, kinds[i].plain))
            return &kinds[i];
    }
    *ret_certificate = type.len && memmem(type.at, type.len, "-cert-v", 7);
    return NULL;
}

/* A plain key: its public fields and nothing behind. What is hashed is rebuilt, not what was sent.
 */
static enum hop_rc parse_plain(struct hop_span blob, char fingerprint[HOP_SSH_FINGERPRINT_MAX + 1],
                               struct hop_error *err)
{
    struct hop_wire wire = {.at = (const uint8_t *)blob.at, .len = blob.len};
    struct hop_span type;
    bool certificate;
    if (!hop_wire_string(&wire, &type) || !type_is_plausible(type))
        return malformed(err, "no type name");
    const struct key_kind *kind = kind_of(type, &certificate);
    if (certificate)
        return malformed(err, "a certificate where a plain key belongs");
    if (!kind)
        return wire.len ? fingerprint_of(blob.at, blob.len, fingerprint, err)
                        : malformed(err, "cut short");
    struct rebuilt rebuilt;
    rebuilt.len = 0;
    rebuild_string(&rebuilt, type);
    if (!rebuild_fields(&rebuilt, kind->fields, &wire))
        return malformed(err, "a public field is cut short or out of form");
    if (wire.len)
        return malformed(err, "bytes behind its end");
    return fingerprint_of(rebuilt.bytes, rebuilt.len, fingerprint, err);
}

/* Ids that are kept whole are shorter than the field, ids that were cut fill it: neither can be
 * taken for the other. */
static enum hop_rc keep_id(struct hop_span id, struct hop_ssh_key *key, struct hop_error *err)
{
    if (id.len && memchr(id.at, 0, id.len))
        return malformed(err, "a NUL byte in the key id");
    uint8_t digest[SHA256_BYTES];
    enum hop_rc rc = digest_of(id.at, id.len, digest, err);
    if (rc)
        return rc;
    struct hop_text hash = hop_text_over(key->key_id_hash, sizeof key->key_id_hash);
    hop_hex_put(&hash, digest, HOP_SSH_ID_HASH_MAX / 2);
    struct hop_text text = hop_text_over(key->key_id, sizeof key->key_id);
    bool whole = id.len < HOP_SSH_KEY_ID_MAX;
    if (!whole)
        id.len = HOP_SSH_KEY_ID_MAX - 1 - HOP_SSH_ID_HASH_MAX;
    hop_text_put_span(&text, id);
    if (!whole)
        hop_text_format(&text, "~%s", key->key_id_hash);
    return HOP_OK;
}

/* Behind the public fields: serial, kind, key id, principals, validity, options, extensions,
 * reserved, signature key, signature. */
static enum hop_rc parse_signed_part(struct hop_wire *wire, struct hop_ssh_key *key,
                                     struct hop_span *principals, struct hop_error *err)
{
    uint64_t number;
    struct hop_span id, skipped, ca;
    if (!hop_wire_number(wire, 8, &key->serial) || !hop_wire_number(wire, 4, &number) ||
        !hop_wire_string(wire, &id) || !hop_wire_string(wire, principals) ||
        !hop_wire_number(wire, 8, &number) || !hop_wire_number(wire, 8, &number) ||
        !hop_wire_string(wire, &skipped) || !hop_wire_string(wire, &skipped) ||
        !hop_wire_string(wire, &skipped) || !hop_wire_string(wire, &ca) ||
        !hop_wire_string(wire, &skipped))
        return malformed(err, "a certificate cut short");
    if (wire->len)
        return malformed(err, "bytes behind its end");
    enum hop_rc rc = keep_id(id, key, err);
    if (!rc && (rc = parse_plain(ca, key->ca_fingerprint, err)))
        hop_error_within(err, "signature key");
    return rc;
}

static enum hop_rc parse_certificate(const struct key_kind *kind, struct hop_wire *wire,
                                     struct hop_ssh_key *key, struct hop_span *principals,
                                     struct hop_error *err)
{
    struct hop_span nonce;
    struct rebuilt rebuilt;
    rebuilt.len = 0;
    rebuild_string(&rebuilt, hop_span_of(kind->plain));
    if (!hop_wire_string(wire, &nonce) || !rebuild_fields(&rebuilt, kind->fields, wire))
        return malformed(err, "a public field is cut short or out of form");
    enum hop_rc rc = parse_signed_part(wire, key, principals, err);
    return rc ? rc : fingerprint_of(rebuilt.bytes, rebuilt.len, key->fingerprint, err);
}

static enum hop_rc parse(struct hop_span blob, const char *type, struct hop_ssh_key *ret_key,
                         struct hop_span *ret_principals, struct hop_error *err)
{
    if (blob.len > HOP_SSH_BLOB_MAX)
        return hop_error_set(err, HOP_MALFORMED, "key: larger than %d bytes", HOP_SSH_BLOB_MAX);
    struct hop_wire wire = {.at = (const uint8_t *)blob.at, .len = blob.len};
    struct hop_span own, principals = {0};
    if (!hop_wire_string(&wire, &own) || !type_is_plausible(own))
        return malformed(err, "no type name");
    if (type && !hop_span_is(own, type))
        return malformed(err, "not of the type it is said to be");
    struct hop_ssh_key key = {0};
    hop_span_copy(own, key.type, sizeof key.type);
    const struct key_kind *kind = kind_of(own, &key.certificate);
    if (key.certificate && !kind)
        return malformed(err, "a kind of certificate not known here");
    key.fido = kind && kind->fido;
    enum hop_rc rc = key.certificate ? parse_certificate(kind, &wire, &key, &principals, err)
                                     : parse_plain(blob, key.fingerprint, err);
    if (rc)
        return rc;
    *ret_key = key;
    *ret_principals = principals;
    return HOP_OK;
}

enum hop_rc hop_ssh_key_parse(const void *blob, size_t len, const char *type,
                              struct hop_ssh_key *ret_key, struct hop_error *err)
{
    struct hop_span principals;
    return parse((struct hop_span){.at = blob, .len = len}, type, ret_key, &principals, err);
}

enum hop_rc hop_ssh_key_parse_into(struct hop_span type, struct hop_span base64,
                                   uint8_t bytes[HOP_SSH_BLOB_MAX], struct hop_ssh_key *ret_key,
                                   struct hop_span *ret_principals, struct hop_error *err)
{
    char own[HOP_SSH_TYPE_MAX + 1];
    if (!type_is_plausible(type) || !hop_span_copy(type, own, sizeof own))
        return malformed(err, "no type name");
    long len = hop_base64_decode(base64, bytes, HOP_SSH_BLOB_MAX);
    if (len < 0)
        return malformed(err, "not base64, or too large");
    struct hop_span blob = {.at = (const char *)bytes, .len = (size_t)len};
    return parse(blob, own, ret_key, ret_principals, err);
}

enum hop_rc hop_ssh_key_parse_text(struct hop_span type, struct hop_span base64,
                                   struct hop_ssh_key *ret_key, struct hop_error *err)
{
    uint8_t bytes[HOP_SSH_BLOB_MAX];
    struct hop_span principals;
    return hop_ssh_key_parse_into(type, base64, bytes, ret_key, &principals, err);
}

bool hop_ssh_principal_next(struct hop_span *principals, struct hop_span *ret_name)
{
    struct hop_wire wire = {.at = (const uint8_t *)principals->at, .len = principals->len};
    if (!hop_wire_string(&wire, ret_name))
        return false;
    *principals = (struct hop_span){.at = (const char *)wire.at, .len = wire.len};
    return true;
}

void hop_ssh_key_name(const struct hop_ssh_key *key, char ret_name[HOP_KEY_MAX + 1])
{
    struct hop_text name = hop_text_over(ret_name, HOP_KEY_MAX + 1);
    hop_text_put(&name, key->certificate ? key->ca_fingerprint : key->fingerprint);
    if (!key->certificate)
        return;
    hop_text_put_char(&name, '/');
    hop_percent_put(&name, hop_span_of(key->key_id));
    if (!name.cut)
        return;
    name.len = HOP_KEY_MAX - 1 - HOP_SSH_ID_HASH_MAX;
    name.cut = false;
    hop_text_format(&name, "~%s", key->key_id_hash);
}
