/* SPDX-License-Identifier: Apache-2.0 */
/* Which words about a waiting login count. */
#include "approval.h"
#include "engine.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "../suite.h"
#include "clock.h"
#include "encode.h"

#define NOW INT64_C(1795469400)
#define PERSONS 4

static const char conf_text[] = "[hopwarden]\n"
                                "tenant = acme\n"
                                "accounts = *\n"
                                "step_up = approve\n"
                                "allowed_signers = /nonexistent/signers\n"
                                "[person \"anna\"]\n"
                                "accounts = acme:msp-anna beta:a.visser\n"
                                "[account \"root\"]\n"
                                "class = shared\n";

struct bytes {
    uint8_t at[1024];
    size_t len;
};

struct signer {
    EVP_PKEY *pair;
    struct bytes public_key;
    struct hop_ssh_key key;
    char base64[256];
};

static struct hop_conf *conf;
static struct signer signers[PERSONS]; /* made once, told apart by number */
static struct hop_login login;
static struct hop_approval approval;
static struct hop_error err;
static char file[4096];

static void put(struct bytes *to, const void *bytes, size_t len)
{
    ck_assert_uint_le(to->len + len, sizeof to->at);
    memcpy(to->at + to->len, bytes, len);
    to->len += len;
}

static void put_string(struct bytes *to, const void *bytes, size_t len)
{
    const uint8_t length[] = {0, 0, (uint8_t)(len >> 8), (uint8_t)len};
    put(to, length, sizeof length);
    put(to, bytes, len);
}

static void put_text(struct bytes *to, const char *text)
{
    put_string(to, text, strlen(text));
}

static void make_signer(struct signer *signer)
{
    uint8_t point[32];
    size_t len = sizeof point;
    memset(signer, 0, sizeof *signer);
    signer->pair = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    EVP_PKEY_get_raw_public_key(signer->pair, point, &len);
    put_text(&signer->public_key, "ssh-ed25519");
    put_string(&signer->public_key, point, len);
    struct hop_text text = hop_text_over(signer->base64, sizeof signer->base64);
    hop_base64_put(&text, signer->public_key.at, signer->public_key.len, true);
    ck_assert_int_eq(
        hop_ssh_key_parse(signer->public_key.at, signer->public_key.len, NULL, &signer->key, &err),
        HOP_OK);
}

static void before(void)
{
    ck_assert_msg(hop_conf_parse("t.conf", hop_span_of(conf_text), &conf, &err) == HOP_OK, "%s",
                  err.text);
    for (size_t i = 0; i < PERSONS; i++)
        make_signer(&signers[i]);
    memset(&login, 0, sizeof login);
    login.time = NOW - 10;
    hop_string_copy(login.id, sizeof login.id, "01JD8Z0M2N3P4Q5R6S7T8V9WXY");
    hop_string_copy(login.account, sizeof login.account, "msp-anna");
    hop_string_copy(login.identity, sizeof login.identity, "anna");
    hop_string_copy(login.tenant, sizeof login.tenant, "acme");
    hop_string_copy(login.host, sizeof login.host, "db1");
    hop_string_copy(login.key, sizeof login.key, signers[3].key.fingerprint);
    hop_address_parse(hop_span_of("192.0.2.7"), &login.origin.address);
}

static void after(void)
{
    for (size_t i = 0; i < PERSONS; i++)
        EVP_PKEY_free(signers[i].pair);
    hop_conf_free(&conf);
}

static void sign(const struct signer *signer, const char *name_space, struct hop_span message,
                 struct bytes *ret_blob)
{
    static const uint8_t version[] = {0, 0, 0, 1};
    struct bytes data = {.len = 0}, inner = {.len = 0};
    uint8_t digest[64], signature[64];
    size_t len = sizeof signature;
    EVP_Digest(message.at, message.len, digest, NULL, EVP_sha512(), NULL);
    put(&data, "SSHSIG", 6);
    put_text(&data, name_space);
    put_text(&data, "");
    put_text(&data, "sha512");
    put_string(&data, digest, sizeof digest);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_DigestSignInit_ex(context, NULL, NULL, NULL, NULL, signer->pair, NULL);
    ck_assert_int_eq(EVP_DigestSign(context, signature, &len, data.at, data.len), 1);
    EVP_MD_CTX_free(context);
    put_text(&inner, "ssh-ed25519");
    put_string(&inner, signature, len);
    ret_blob->len = 0;
    put(ret_blob, "SSHSIG", 6);
    put(ret_blob, version, sizeof version);
    put_string(ret_blob, signer->public_key.at, signer->public_key.len);
    put_text(ret_blob, name_space);
    put_text(ret_blob, "");
    put_text(ret_blob, "sha512");
    put_string(ret_blob, inner.at, inner.len);
}

/* The stored word of a signer about `about`. */
static const char *word(size_t who, const struct hop_login *about, bool approves, int64_t time)
{
    static char value[HOP_APPROVAL_VALUE_MAX];
    char message[HOP_APPROVAL_MESSAGE_MAX];
    struct bytes blob;
    struct hop_text text = hop_text_over(message, sizeof message);
    hop_approval_message_put(&text, about, approves, time);
    sign(&signers[who], HOP_APPROVAL_NAMESPACE, (struct hop_span){message, text.len}, &blob);
    text = hop_text_over(value, sizeof value);
    hop_approval_value_put(&text, approves, time,
                           (struct hop_span){(const char *)blob.at, blob.len});
    return value;
}

/* The file in which the named signer stands under these principals (and options). */
static void allow(size_t who, const char *principals)
{
    struct hop_text text = hop_text_over(file + strlen(file), sizeof file - strlen(file));
    hop_text_format(&text, "%s ssh-ed25519 %s\n", principals, signers[who].base64);
}

static enum hop_rc check(const char *value)
{
    memset(&approval, 0, sizeof approval);
    return hop_approval_check(conf, hop_span_of(file), &login, hop_span_of(value), NOW, &approval,
                              &err);
}

START_TEST(somebody_elses_word_counts)
{
    allow(0, "maria");
    ck_assert_msg(check(word(0, &login, true, NOW - 1)) == HOP_OK, "%s", err.text);
    ck_assert(approval.approves);
    ck_assert_str_eq(approval.author, "maria");
    ck_assert_str_eq(approval.key, signers[0].key.fingerprint);
    ck_assert_int_eq(approval.time, NOW - 1);
    ck_assert_int_eq(check(word(0, &login, false, NOW)), HOP_OK);
    ck_assert(!approval.approves);
}
END_TEST

START_TEST(whoever_is_not_allowed_has_no_word)
{
    ck_assert_int_eq(check(word(0, &login, true, NOW)), HOP_DENIED);
    allow(1, "maria");
    allow(0, "maria namespaces=\"git\"");
    ck_assert_int_eq(check(word(0, &login, true, NOW)), HOP_DENIED);
    ck_assert_ptr_nonnull(strstr(err.text, "namespace"));
    allow(0, "maria valid-before=\"20250101Z\"");
    ck_assert_int_eq(check(word(0, &login, true, NOW)), HOP_DENIED);
    ck_assert_ptr_nonnull(strstr(err.text, "no longer valid"));
    allow(0, "maria"); /* one line that holds is enough */
    ck_assert_int_eq(check(word(0, &login, true, NOW)), HOP_OK);
}
END_TEST

START_TEST(it_is_about_this_login_alone)
{
    struct hop_login other;
    allow(0, "maria");
    char *const names[] = {other.id,     other.account, other.identity,
                           other.tenant, other.host,    other.key};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        other = login;
        names[i][strlen(names[i]) - 1] ^= 1;
        ck_assert_int_eq(check(word(0, &other, true, NOW)), HOP_DENIED);
    }
    other = login;
    other.origin.address.bytes[3]++;
    ck_assert_int_eq(check(word(0, &other, true, NOW)), HOP_DENIED);
}
END_TEST

START_TEST(it_is_as_young_as_the_login)
{
    allow(0, "maria");
    ck_assert_int_eq(check(word(0, &login, true, login.time - HOP_CLOCK_SKEW_MAX)), HOP_OK);
    ck_assert_int_eq(check(word(0, &login, true, login.time - HOP_CLOCK_SKEW_MAX - 1)), HOP_DENIED);
    ck_assert_ptr_nonnull(strstr(err.text, "before the login"));
    ck_assert_int_eq(check(word(0, &login, true, NOW + HOP_CLOCK_SKEW_MAX)), HOP_OK);
    ck_assert_int_eq(check(word(0, &login, true, NOW + HOP_CLOCK_SKEW_MAX + 1)), HOP_DENIED);
    ck_assert_ptr_nonnull(strstr(err.text, "future"));
}
END_TEST

START_TEST(no_one_approves_himself)
{
    static const char *const names[] = {"anna",          "msp-anna",         "acme:msp-anna",
                                        "beta:a.visser", "anna@example.com", "maria,anna"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        file[0] = '\0';
        allow(0, names[i]);
        ck_assert_msg(check(word(0, &login, true, NOW)) == HOP_DENIED, "%s", names[i]);
        ck_assert_ptr_nonnull(strstr(err.text, "is the one who logs in"));
        ck_assert_msg(check(word(0, &login, false, NOW)) == HOP_OK, "%s may deny", names[i]);
    }
    file[0] = '\0';
    allow(0, "annabel");
    ck_assert_int_eq(check(word(0, &login, true, NOW)), HOP_OK);
    allow(0, "anna valid-before=\"20250101Z\""); /* it was hers, and stays hers */
    ck_assert_int_eq(check(word(0, &login, true, NOW)), HOP_DENIED);
}
END_TEST

START_TEST(no_key_approves_itself)
{
    allow(3, "maria");
    ck_assert_int_eq(check(word(3, &login, true, NOW)), HOP_DENIED);
    ck_assert_ptr_nonnull(strstr(err.text, "is the one who logs in"));
}
END_TEST

/* A shared account has no person's name: whose key it is, the file tells. */
START_TEST(a_shared_account_is_the_person_whose_key_it_is)
{
    hop_string_copy(login.account, sizeof login.account, "root");
    snprintf(login.identity, sizeof login.identity, "root+%.200s", login.key);
    allow(0, "ben@example.com");
    allow(3, "ben");
    allow(1, "maria");
    ck_assert_int_eq(check(word(0, &login, true, NOW)), HOP_DENIED);
    ck_assert_int_eq(check(word(1, &login, true, NOW)), HOP_OK);
    snprintf(login.key, sizeof login.key, "%s/maria", signers[2].key.fingerprint);
    snprintf(login.identity, sizeof login.identity, "root+%.200s", login.key);
    ck_assert_int_eq(check(word(1, &login, true, NOW)), HOP_DENIED);
    ck_assert_int_eq(check(word(0, &login, true, NOW)), HOP_OK);
}
END_TEST

START_TEST(what_is_no_word_is_malformed)
{
    static const char *const bad[] = {"",
                                      "1",
                                      "1 approve",
                                      "1 approve 1795469400",
                                      "1 approve x AAAA",
                                      "1 approve -1 AAAA",
                                      "1 perhaps 1795469400 AAAA",
                                      "2 approve 1795469400 AAAA",
                                      "1 approve 1795469400 AAA",
                                      "1 approve 1795469400 AAAA",
                                      "1 approve 1795469400 U1NIU0lHAAAAAQ=="};
    allow(0, "maria");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(check(bad[i]) == HOP_MALFORMED, "%s", bad[i]);
}
END_TEST

START_TEST(a_certificates_id_and_strange_names_are_told_apart)
{
    char message[HOP_APPROVAL_MESSAGE_MAX];
    struct hop_text text = hop_text_over(message, sizeof message);
    hop_string_copy(login.host, sizeof login.host, "db1\nkey x");
    hop_approval_message_put(&text, &login, true, NOW);
    ck_assert_ptr_nonnull(strstr(message, "\nhost db1%0Akey%20x\n"));
    ck_assert_ptr_nonnull(strstr(message, "\ntime 2026-11-23T21:30:00Z\n"));
    memset(login.account, '%', HOP_NAME_MAX);
    memset(login.identity, '%', HOP_NAME_MAX);
    memset(login.host, '%', HOP_NAME_MAX);
    memset(login.key, '%', HOP_KEY_MAX);
    text = hop_text_over(message, sizeof message);
    hop_approval_message_put(&text, &login, true, NOW);
    ck_assert(!text.cut);
}
END_TEST

START_TEST(signers_are_counted_who_may_now)
{
    ck_assert_uint_eq(hop_approval_signers_count(hop_span_of("# nobody\n\n"), NOW), 0);
    allow(0, "maria");
    allow(1, "otto cert-authority");
    allow(2, "eve valid-before=\"20250101Z\"");
    allow(3, "*");
    ck_assert_uint_eq(hop_approval_signers_count(hop_span_of(file), NOW), 1);
}
END_TEST

static void count_refused(void *context, const struct hop_error *why)
{
    (void)why;
    ++*(int *)context;
}

/* Over the store; the file is not there, which is no silence. */
START_TEST(a_look_tells_silence_from_trouble)
{
    struct hop_history *history;
    struct hop_reach reach = hop_engine_reach(conf, "acme");
    int refused = 0;
    ck_assert_int_eq(hop_history_new(conf, HOP_HISTORY_MEMORY, &history, &err), HOP_OK);
    hop_error_clear(&err);
    enum hop_rc rc = hop_approval_look_by(conf, history, &reach, &login, NOW, count_refused,
                                          &refused, &approval, hop_clock_deadline(5000), &err);
    ck_assert_int_eq(rc, HOP_NOT_FOUND);
    struct hop_batch batch;
    char key[HOP_STORE_KEY_MAX + 1];
    struct hop_text text = hop_text_over(key, sizeof key);
    hop_key_approval(&text, &reach, login.id);
    ck_assert_str_eq(key, "hop:1:ok:{01JD8Z0M2N3P4Q5R6S7T8V9WXY}");
    hop_batch_init(&batch);
    hop_batch_add(&batch, HOP_WRITE_FIELD, key, "SHA256:x", "noise", 0);
    ck_assert_int_eq(
        hop_store_write_by(hop_history_store(history), &batch, hop_clock_deadline(5000), &err),
        HOP_OK);
    hop_batch_done(&batch);
    hop_error_clear(&err);
    rc = hop_approval_look_by(conf, history, &reach, &login, NOW, count_refused, &refused,
                              &approval, hop_clock_deadline(5000), &err);
    ck_assert(rc != HOP_OK && rc != HOP_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(err.text, "/nonexistent/signers"));
    rc = hop_approval_look_by(conf, history, &reach, &login, NOW, count_refused, &refused,
                              &approval, hop_clock_deadline(0), &err);
    ck_assert_int_eq(rc, HOP_TIMEOUT);
    hop_history_free(&history);
}
END_TEST

HOP_SUITE_AROUND("approval", before, after, somebody_elses_word_counts,
                 whoever_is_not_allowed_has_no_word, it_is_about_this_login_alone,
                 it_is_as_young_as_the_login, no_one_approves_himself, no_key_approves_itself,
                 a_shared_account_is_the_person_whose_key_it_is, what_is_no_word_is_malformed,
                 a_certificates_id_and_strange_names_are_told_apart,
                 signers_are_counted_who_may_now, a_look_tells_silence_from_trouble)
