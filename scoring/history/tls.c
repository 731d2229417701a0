/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL keeps a list of errors per thread, which the host process may use too: it is emptied
 * before each call, so that what is found afterwards is ours, and again when done. */
#include "tls.h"
#include "clock.h"
#include "tls_session.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <stdlib.h>
#include <string.h>

#define RECORD_SIZE 17408      /* what one socket read may bring: a record and its frame */
#define SESSION_MAX_S 86400    /* however long the server would take it */
#define CERTIFICATES_MAX 10000 /* of one file */
#define NAME_SIZE 256

struct hop_tls_trust {
    SSL_CTX *context;
    char *server_name, *session_folder; /* NULL: none */
    unsigned char digest[HOP_TLS_DIGEST_LEN];
};

struct hop_tls {
    SSL *ssl;
    BIO *in, *out; /* the SSL's own */
    const struct hop_tls_trust *trust;
    char name[NAME_SIZE]; /* what the certificate has to bear */
    unsigned char digest[HOP_TLS_DIGEST_LEN];
    SSL_SESSION *fresh; /* the newest that the server gave */
};

static enum hop_rc no_memory(struct hop_error *err)
{
    ERR_clear_error();
    return hop_error_set(err, HOP_NOMEM, "TLS: no memory");
}

/* --- trust ----------------------------------------------------------------------------------- */

/* OpenSSL would otherwise ask at the terminal. */
static int no_passphrase(char *buffer, int size, int writing, void *context)
{
    (void)buffer, (void)size, (void)writing, (void)context;
    return -1;
}

static bool out_of_memory(void)
{
    return ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE;
}

static enum hop_rc unusable(const char *what, struct hop_error *err)
{
    if (out_of_memory())
        return no_memory(err);
    const char *why = ERR_reason_error_string(ERR_peek_last_error());
    hop_error_set(err, HOP_MALFORMED, "TLS: %s: %s", what, why ? why : "not as PEM");
    ERR_clear_error();
    return HOP_MALFORMED;
}

typedef bool use_certificate(SSL_CTX *context, X509 *certificate, size_t nth);

static bool believe(SSL_CTX *context, X509 *certificate, size_t nth)
{
    (void)nth;
    return X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate) == 1;
}

/* Our own stands first, then those that vouch for it. */
static bool present(SSL_CTX *context, X509 *certificate, size_t nth)
{
    return nth == 0 ? SSL_CTX_use_certificate(context, certificate) == 1
                    : SSL_CTX_add1_chain_cert(context, certificate) == 1;
}

/* Every certificate of a PEM text; other blocks are passed over. */
static enum hop_rc certificates_take(SSL_CTX *context, const char *pem, const char *what,
                                     use_certificate *use, struct hop_error *err)
{
    ERR_clear_error();
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *certificate = NULL;
    size_t count = 0;
    bool used = true;
    while (bio && used && count < CERTIFICATES_MAX &&
           (certificate = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)) != NULL) {
        used = use(context, certificate, count++);
        X509_free(certificate);
    }
    BIO_free(bio);
    bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (!bio || !used || !ended || !count)
        return unusable(what, err);
    ERR_clear_error();
    return HOP_OK;
}

static enum hop_rc key_take(SSL_CTX *context, const char *pem, struct hop_error *err)
{
    ERR_clear_error();
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
    bool used =
        key && SSL_CTX_use_PrivateKey(context, key) == 1 && SSL_CTX_check_private_key(context) == 1;
    EVP_PKEY_free(key);
    BIO_free(bio);
    return used ? HOP_OK : unusable("key", err);
}

static int session_came(SSL *ssl, SSL_SESSION *session)
{
    struct hop_tls *tls = SSL_get_app_data(ssl);
    SSL_SESSION_free(tls->fresh);
    tls->fresh = session;
    return 1;
}

static void context_bind(SSL_CTX *context)
{
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_sess_set_new_cb(context, session_came);
}

static enum hop_rc context_fill(SSL_CTX *context, const struct hop_tls_setup *setup,
                                struct hop_error *err)
{
    context_bind(context);
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1)
        return unusable("version 1.2", err);
    enum hop_rc rc = certificates_take(context, setup->ca, "certificate authority", believe, err);
    if (rc == HOP_OK && *setup->certificate)
        rc = certificates_take(context, setup->certificate, "certificate", present, err);
    if (rc == HOP_OK && *setup->certificate)
        rc = key_take(context, setup->key, err);
    return rc;
}

static bool part_digest(EVP_MD_CTX *digest, const void *bytes, size_t len)
{
    const unsigned char size[4] = {(unsigned char)(len >> 24), (unsigned char)(len >> 16),
                                   (unsigned char)(len >> 8), (unsigned char)len};
    return EVP_DigestUpdate(digest, size, sizeof size) == 1 &&
           EVP_DigestUpdate(digest, bytes, len) == 1;
}

static bool parts_digest(const void *first, size_t first_len, const char *second, const char *third,
                         unsigned char ret_digest[HOP_TLS_DIGEST_LEN])
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    bool fine = digest && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1 &&
                part_digest(digest, first, first_len) &&
                part_digest(digest, second, strlen(second)) &&
                part_digest(digest, third, strlen(third)) &&
                EVP_DigestFinal_ex(digest, ret_digest, NULL) == 1;
    EVP_MD_CTX_free(digest);
    return fine;
}

static bool string_keep(const char *string, char **ret_copy)
{
    *ret_copy = string && *string ? strdup(string) : NULL;
    return *ret_copy || !string || !*string;
}

static bool trust_fill(struct hop_tls_trust *trust, const struct hop_tls_setup *setup)
{
    return string_keep(setup->server_name, &trust->server_name) &&
           string_keep(setup->session_folder, &trust->session_folder) &&
           parts_digest(setup->ca, strlen(setup->ca), setup->certificate,
                        setup->server_name ? setup->server_name : "", trust->digest);
}

enum hop_rc hop_tls_trust_new(const struct hop_tls_setup *setup, struct hop_tls_trust **ret_trust,
                              struct hop_error *err)
{
    struct hop_tls_trust *trust = calloc(1, sizeof *trust);
    if (!trust)
        return no_memory(err);
    trust->context = SSL_CTX_new(TLS_client_method());
    enum hop_rc rc = trust->context && trust_fill(trust, setup)
                         ? context_fill(trust->context, setup, err)
                         : no_memory(err);
    if (rc == HOP_OK)
        *ret_trust = trust;
    else
        hop_tls_trust_free(&trust);
    return rc;
}

void hop_tls_trust_free(struct hop_tls_trust **trust)
{
    if (!*trust)
        return;
    SSL_CTX_free((*trust)->context);
    free((*trust)->server_name);
    free((*trust)->session_folder);
    free(*trust);
    *trust = NULL;
}

/* --- connection ------------------------------------------------------------------------------ */

/* The name as the certificate's alternative name of that kind. */
static bool name_expect(struct hop_tls *tls)
{
    struct hop_address address;
    X509_VERIFY_PARAM *expected = SSL_get0_param(tls->ssl);
    if (hop_address_parse(hop_span_of(tls->name), &address))
        return X509_VERIFY_PARAM_set1_ip_asc(expected, tls->name) == 1;
    X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(expected, tls->name, 0) == 1 &&
           SSL_set_tlsext_host_name(tls->ssl, tls->name) == 1;
}

static int64_t session_began(const SSL_SESSION *session)
{
#if OPENSSL_VERSION_NUMBER >= 0x30300000L
    return (int64_t)SSL_SESSION_get_time_ex(session);
#else
    return (int64_t)SSL_SESSION_get_time(session);
#endif
}

/* What the server is not asked for again when a session is taken up; the name is in the digest. */
static bool still_right(SSL_SESSION *session)
{
    X509 *certificate = SSL_SESSION_get0_peer(session);
    int64_t now = hop_clock_epoch_ms() / 1000;
    int64_t began = session_began(session);
    int64_t lasts = (int64_t)SSL_SESSION_get_timeout(session);
    lasts = lasts < SESSION_MAX_S ? lasts : SESSION_MAX_S;
    return certificate && SSL_SESSION_is_resumable(session) && now >= began &&
           now < began + lasts && X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0;
}

/* A session is no more than a help: without it the handshake is a whole one. */
static void session_take_up(struct hop_tls *tls)
{
    unsigned char *bytes;
    size_t len;
    if (!tls->trust->session_folder ||
        hop_tls_session_read(tls->trust->session_folder, tls->digest, &bytes, &len) != HOP_OK)
        return;
    const unsigned char *at = bytes;
    SSL_SESSION *session = d2i_SSL_SESSION(NULL, &at, (long)len);
    if (session && still_right(session))
        SSL_set_session(tls->ssl, session);
    SSL_SESSION_free(session);
    OPENSSL_cleanse(bytes, len);
    free(bytes);
    ERR_clear_error();
}

static bool tls_fill(struct hop_tls *tls)
{
    tls->ssl = SSL_new(tls->trust->context);
    tls->in = BIO_new(BIO_s_mem());
    tls->out = BIO_new(BIO_s_mem());
    if (!tls->ssl || !tls->in || !tls->out) {
        BIO_free(tls->in);
        BIO_free(tls->out);
        return false;
    }
    BIO_set_mem_eof_return(tls->in, -1);
    BIO_set_mem_eof_return(tls->out, -1);
    SSL_set_bio(tls->ssl, tls->in, tls->out);
    SSL_set_connect_state(tls->ssl);
    return SSL_set_app_data(tls->ssl, tls) == 1 && name_expect(tls);
}

enum hop_rc hop_tls_new(const struct hop_tls_trust *trust, const char *peer, const char *name,
                        struct hop_tls **ret_tls, struct hop_error *err)
{
    ERR_clear_error();
    struct hop_tls *tls = calloc(1, sizeof *tls);
    if (!tls)
        return no_memory(err);
    tls->trust = trust;
    bool fits = hop_string_copy(tls->name, sizeof tls->name,
                                trust->server_name ? trust->server_name : name);
    if (!fits || !tls_fill(tls) ||
        !parts_digest(trust->digest, sizeof trust->digest, peer, tls->name, tls->digest)) {
        hop_tls_free(&tls);
        return fits ? no_memory(err) : hop_error_set(err, HOP_LIMIT, "TLS: name too long");
    }
    session_take_up(tls);
    *ret_tls = tls;
    return HOP_OK;
}

void hop_tls_free(struct hop_tls **tls)
{
    if (!*tls)
        return;
    SSL_SESSION_free((*tls)->fresh);
    SSL_free((*tls)->ssl);
    OPENSSL_cleanse(*tls, sizeof **tls);
    free(*tls);
    *tls = NULL;
    ERR_clear_error();
}

/* --- steps ----------------------------------------------------------------------------------- */

static bool about_our_certificate(int reason)
{
    switch (reason) {
    case SSL_R_SSLV3_ALERT_NO_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
        return true;
    default:
        return false;
    }
}

static enum hop_rc untrusted(const struct hop_tls *tls, struct hop_error *err)
{
    long result = SSL_get_verify_result(tls->ssl);
    const char *why = X509_verify_cert_error_string(result);
    if (result == X509_V_ERR_HOSTNAME_MISMATCH || result == X509_V_ERR_IP_ADDRESS_MISMATCH)
        return hop_error_set(err, HOP_UNTRUSTED, "TLS: server certificate: %s, it is not for %s",
                             why, tls->name);
    return hop_error_set(err, HOP_UNTRUSTED, "TLS: server certificate: %s", why);
}

/* Why OpenSSL does not go on. */
static enum hop_rc stopped(const struct hop_tls *tls, struct hop_error *err)
{
    unsigned long code = ERR_peek_error();
    int reason = ERR_GET_REASON(code);
    const char *words = code ? ERR_reason_error_string(code) : NULL;
    enum hop_rc rc;
    if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
        rc = untrusted(tls, err);
    else if (reason == ERR_R_MALLOC_FAILURE)
        rc = hop_error_set(err, HOP_NOMEM, "TLS: no memory");
    else if (about_our_certificate(reason))
        rc = hop_error_set(err, HOP_DENIED, "TLS: server says about our certificate: %s", words);
    else if (reason == SSL_R_WRONG_VERSION_NUMBER)
        rc = hop_error_set(err, HOP_MALFORMED, "TLS: the server does not speak TLS");
    else
        rc = hop_error_set(err, HOP_IO, "TLS: %s", words ? words : "ended without a reason");
    ERR_clear_error();
    return rc;
}

enum hop_rc hop_tls_flush(struct hop_tls *tls, int fd, enum hop_need *ret_need,
                          struct hop_error *err)
{
    char *bytes;
    long waiting;
    *ret_need = HOP_NEED_NOTHING;
    while ((waiting = BIO_get_mem_data(tls->out, &bytes)) > 0 && !*ret_need) {
        size_t sent = 0;
        enum hop_rc rc = hop_socket_send(fd, bytes, (size_t)waiting, &sent, ret_need, err);
        if (rc != HOP_OK)
            return rc;
        char drop[4096];
        while (sent) {
            size_t part = sent < sizeof drop ? sent : sizeof drop;
            BIO_read(tls->out, drop, (int)part);
            sent -= part;
        }
    }
    return HOP_OK;
}

/* One read of the socket, for OpenSSL to look at. */
static enum hop_rc fill(struct hop_tls *tls, int fd, bool *ret_ended, enum hop_need *ret_need,
                        struct hop_error *err)
{
    char bytes[RECORD_SIZE];
    size_t len;
    enum hop_rc rc = hop_socket_receive(fd, bytes, sizeof bytes, &len, ret_need, err);
    if (rc != HOP_OK)
        return rc;
    *ret_ended = !len && *ret_need == HOP_NEED_NOTHING;
    if (len && BIO_write(tls->in, bytes, (int)len) != (int)len)
        return no_memory(err);
    return HOP_OK;
}

/* OpenSSL waits for the peer: first everything out, then something in. */
static enum hop_rc turn(struct hop_tls *tls, int fd, bool *ret_ended, enum hop_need *ret_need,
                        struct hop_error *err)
{
    *ret_ended = false;
    enum hop_rc rc = hop_tls_flush(tls, fd, ret_need, err);
    return rc == HOP_OK && !*ret_need ? fill(tls, fd, ret_ended, ret_need, err) : rc;
}

enum hop_rc hop_tls_shake(struct hop_tls *tls, int fd, bool *ret_ready, enum hop_need *ret_need,
                          struct hop_error *err)
{
    ERR_clear_error();
    *ret_need = HOP_NEED_NOTHING;
    int done = SSL_do_handshake(tls->ssl);
    *ret_ready = done == 1;
    if (*ret_ready)
        return HOP_OK;
    if (SSL_get_error(tls->ssl, done) != SSL_ERROR_WANT_READ) {
        enum hop_rc rc = stopped(tls, err);
        hop_tls_flush(tls, fd, ret_need,
                      NULL); /* tells the server why, if it can be told at once */
        return rc;
    }
    bool ended;
    enum hop_rc rc = turn(tls, fd, &ended, ret_need, err);
    if (rc == HOP_OK && ended)
        rc = hop_error_set(err, HOP_IO, "TLS: the server closed the connection");
    return rc;
}

enum hop_rc hop_tls_put(struct hop_tls *tls, const void *bytes, size_t len, struct hop_error *err)
{
    ERR_clear_error();
    size_t done;
    return !len || SSL_write_ex(tls->ssl, bytes, len, &done) == 1 ? HOP_OK : stopped(tls, err);
}

enum hop_rc hop_tls_receive(struct hop_tls *tls, int fd, void *buffer, size_t size, size_t *ret_len,
                            bool *ret_ended, enum hop_need *ret_need, struct hop_error *err)
{
    ERR_clear_error();
    *ret_need = HOP_NEED_NOTHING;
    *ret_ended = false;
    *ret_len = 0;
    int done = SSL_read_ex(tls->ssl, buffer, size, ret_len);
    if (done == 1)
        return HOP_OK;
    *ret_len = 0;
    int why = SSL_get_error(tls->ssl, done);
    *ret_ended = why == SSL_ERROR_ZERO_RETURN;
    if (*ret_ended)
        return HOP_OK;
    return why == SSL_ERROR_WANT_READ ? turn(tls, fd, ret_ended, ret_need, err) : stopped(tls, err);
}

bool hop_tls_has_more(const struct hop_tls *tls)
{
    return SSL_pending(tls->ssl) > 0 || BIO_ctrl_pending(tls->in) > 0;
}

/* A session that was taken up serves on until half of its time is over. */
static bool worth_keeping(struct hop_tls *tls)
{
    if (!tls->fresh || !SSL_SESSION_is_resumable(tls->fresh))
        return false;
    if (!SSL_session_reused(tls->ssl))
        return true;
    SSL_SESSION *used = SSL_get0_session(tls->ssl);
    int64_t age = hop_clock_epoch_ms() / 1000 - session_began(used);
    return age >= (int64_t)SSL_SESSION_get_timeout(used) / 2;
}

void hop_tls_keep(struct hop_tls *tls)
{
    if (!tls->trust->session_folder || !worth_keeping(tls))
        return;
    unsigned char *der = NULL;
    int len = i2d_SSL_SESSION(tls->fresh, &der);
    if (len > 0) {
        hop_tls_session_write(tls->trust->session_folder, tls->digest,
                              (struct hop_span){(const char *)der, (size_t)len});
        OPENSSL_cleanse(der, (size_t)len);
    }
    OPENSSL_free(der);
    ERR_clear_error();
}
