/* SPDX-License-Identifier: Apache-2.0 */
#include "approval.h"

#include <stdlib.h>
#include <string.h>

#include "date.h"
#include "encode.h"
#include "file.h"

#define VALUE_VERSION "1"

/* -- what is signed, what is stored ---------------------------------------------------------- */

static const char *decision_word(bool approves)
{
    return approves ? "approve" : "deny";
}

static void put_line(struct hop_text *text, const char *name, const char *value)
{
    hop_text_put(text, name);
    hop_text_put_char(text, ' ');
    hop_percent_put(text, hop_span_of(value));
    hop_text_put_char(text, '\n');
}

void hop_approval_message_put(struct hop_text *text, const struct hop_login *login, bool approves,
                              int64_t time)
{
    char stamp[32], source[HOP_ADDRESS_TEXT_MAX];
    struct hop_text part = hop_text_over(stamp, sizeof stamp);
    hop_date_put(&part, time, -1);
    part = hop_text_over(source, sizeof source);
    hop_address_put(&part, &login->origin.address);
    put_line(text, HOP_APPROVAL_NAMESPACE, VALUE_VERSION);
    put_line(text, "decision", decision_word(approves));
    put_line(text, "time", stamp);
    put_line(text, "id", login->id);
    put_line(text, "account", login->account);
    put_line(text, "identity", login->identity);
    put_line(text, "tenant", login->tenant);
    put_line(text, "host", login->host);
    put_line(text, "source", source);
    put_line(text, "key", login->key);
}

void hop_approval_value_put(struct hop_text *text, bool approves, int64_t time,
                            struct hop_span blob)
{
    hop_text_format(text, VALUE_VERSION " %s %lld ", decision_word(approves), (long long)time);
    hop_base64_put(text, blob.at, blob.len, true);
}

/* A word with its signature decoded. */
struct word {
    bool approves;
    int64_t time;
    uint8_t bytes[HOP_SSH_SIGNATURE_MAX];
    struct hop_ssh_signature signature;
};

static enum hop_rc parse_word(struct hop_span value, struct word *word, struct hop_error *err)
{
    struct hop_span version, decision, time;
    if (!hop_span_cut(&value, ' ', &version) || !hop_span_is(version, VALUE_VERSION) ||
        !hop_span_cut(&value, ' ', &decision) || !hop_span_cut(&value, ' ', &time) ||
        !hop_span_int64(time, 0, INT64_MAX / 2, &word->time))
        return hop_error_set(err, HOP_MALFORMED, "not in the form of an approval");
    word->approves = hop_span_is(decision, decision_word(true));
    if (!word->approves && !hop_span_is(decision, decision_word(false)))
        return hop_error_set(err, HOP_MALFORMED, "neither approves nor denies");
    long len = hop_base64_decode(value, word->bytes, sizeof word->bytes);
    if (len < 0)
        return hop_error_set(err, HOP_MALFORMED, "its signature is not base64, or too large");
    return hop_ssh_signature_parse((struct hop_span){(const char *)word->bytes, (size_t)len},
                                   &word->signature, err);
}

/* -- who signed ------------------------------------------------------------------------------ */

/* What the signers' names are held against. */
struct bench {
    const struct hop_conf *conf;
    struct hop_span signers;
    const struct hop_login *login;
};

/* "acme:a.visser" is an account of that tenant; of "anna@example.com" the part before the '@'
 * counts. */
static struct hop_span account_of(struct hop_span name, char tenant[HOP_TENANT_MAX + 1])
{
    struct hop_span rest = name, part;
    hop_span_cut(&rest, ':', &part);
    if (rest.at != NULL && hop_tenant_valid(part) &&
        hop_span_copy(part, tenant, HOP_TENANT_MAX + 1))
        return rest;
    rest = name;
    hop_span_cut(&rest, '@', &part);
    return part.len > 0 ? part : name;
}

void hop_approval_person_of(const struct hop_conf *conf, const char *tenant, struct hop_span name,
                            char ret_identity[HOP_NAME_MAX + 1])
{
    char account[HOP_NAME_MAX + 1] = "", at[HOP_TENANT_MAX + 1];
    hop_string_copy(at, sizeof at, tenant);
    hop_span_copy(account_of(name, at), account, sizeof account);
    if (hop_conf_identity(conf, at, account, "", ret_identity) != HOP_OK)
        hop_string_copy(ret_identity, HOP_NAME_MAX + 1, account);
}

static void person_of(const struct bench *bench, struct hop_span name,
                      char ret_identity[HOP_NAME_MAX + 1])
{
    hop_approval_person_of(bench->conf, bench->login->tenant, name, ret_identity);
}

/* A certificate's key id is often the person's name. */
static bool is_key_id(const char *key, struct hop_span name)
{
    char id[HOP_KEY_MAX + 1];
    struct hop_text text = hop_text_over(id, sizeof id);
    const char *slash = strlen(key) > HOP_SSH_FINGERPRINT_MAX ? key + HOP_SSH_FINGERPRINT_MAX : "";
    return slash[0] == '/' && hop_percent_decode(hop_span_of(slash + 1), &text) &&
           hop_span_equal((struct hop_span){id, text.len}, name);
}

static bool names_the_login(const struct bench *bench, struct hop_span name)
{
    const struct hop_login *login = bench->login;
    char person[HOP_NAME_MAX + 1];
    person_of(bench, name, person);
    return strcmp(person, login->identity) == 0 || strcmp(person, login->account) == 0 ||
           hop_span_is(name, login->identity) || hop_span_is(name, login->account) ||
           is_key_id(login->key, name);
}

/* The next line with this key, whether it is valid now or not: a name stays a person's. */
static bool next_with_key(struct hop_span *rest, const char *fingerprint,
                          struct hop_ssh_signer *signer)
{
    size_t number = 0;
    enum hop_rc rc;
    while (hop_ssh_signers_next(rest, &number, signer, &rc, NULL))
        if (rc == HOP_OK && strcmp(signer->key.fingerprint, fingerprint) == 0)
            return true;
    return false;
}

static bool has_key_of_login(const struct bench *bench, const char *person)
{
    struct hop_span rest = bench->signers, name;
    struct hop_ssh_signer signer;
    char other[HOP_NAME_MAX + 1];
    while (next_with_key(&rest, bench->login->key, &signer))
        while (hop_span_cut(&signer.principals, ',', &name)) {
            person_of(bench, name, other);
            if (strcmp(other, person) == 0)
                return true;
        }
    return false;
}

/* By name, by key, or because the login's key stands under the signer's name. */
static bool is_the_login_itself(const struct bench *bench, const char *fingerprint)
{
    struct hop_span rest = bench->signers, name;
    struct hop_ssh_signer signer;
    char person[HOP_NAME_MAX + 1];
    if (strcmp(fingerprint, bench->login->key) == 0)
        return true;
    while (next_with_key(&rest, fingerprint, &signer))
        while (hop_span_cut(&signer.principals, ',', &name)) {
            person_of(bench, name, person);
            if (names_the_login(bench, name) || has_key_of_login(bench, person))
                return true;
        }
    return false;
}

/* The first line that lets this key sign now; else what is wrong with the last that has it. */
static enum hop_rc find_author(struct hop_span signers, const char *fingerprint, int64_t now,
                               char author[HOP_NAME_MAX + 1], struct hop_error *err)
{
    struct hop_ssh_signer signer;
    struct hop_span name;
    bool found = false;
    while (next_with_key(&signers, fingerprint, &signer)) {
        found = true;
        if (hop_ssh_signer_may(&signer, HOP_APPROVAL_NAMESPACE, now, err) != HOP_OK)
            continue;
        hop_span_cut(&signer.principals, ',', &name);
        hop_span_copy(name, author, HOP_NAME_MAX + 1);
        return HOP_OK;
    }
    if (!found)
        hop_error_set(err, HOP_DENIED, "%s is not among the allowed signers", fingerprint);
    else
        hop_error_within(err, "%s", fingerprint);
    return HOP_DENIED;
}

/* -- does it count? -------------------------------------------------------------------------- */

static enum hop_rc check_time(const struct hop_login *login, int64_t time, int64_t now,
                              struct hop_error *err)
{
    if (time < login->time - HOP_CLOCK_SKEW_MAX)
        return hop_error_set(err, HOP_DENIED, "signed before the login");
    if (time > now + HOP_CLOCK_SKEW_MAX)
        return hop_error_set(err, HOP_DENIED, "signed in the future");
    return HOP_OK;
}

static enum hop_rc check_signature(const struct word *word, const struct hop_login *login,
                                   struct hop_error *err)
{
    char message[HOP_APPROVAL_MESSAGE_MAX];
    struct hop_text text = hop_text_over(message, sizeof message);
    hop_approval_message_put(&text, login, word->approves, word->time);
    if (text.cut)
        return hop_error_set(err, HOP_LIMIT, "the login has too long names");
    return hop_ssh_signature_verify(&word->signature, HOP_APPROVAL_NAMESPACE,
                                    (struct hop_span){message, text.len}, err);
}

enum hop_rc hop_approval_check(const struct hop_conf *conf, struct hop_span signers,
                               const struct hop_login *login, struct hop_span value, int64_t now,
                               struct hop_approval *ret_approval, struct hop_error *err)
{
    struct bench bench = {.conf = conf, .signers = signers, .login = login};
    struct hop_approval approval = {.approves = false};
    struct word word;
    enum hop_rc rc = parse_word(value, &word, err);
    if (rc != HOP_OK)
        return rc;
    memcpy(approval.key, word.signature.key.fingerprint, sizeof approval.key);
    rc = find_author(signers, approval.key, now, approval.author, err);
    if (rc == HOP_OK)
        rc = check_time(login, word.time, now, err);
    if (rc == HOP_OK)
        rc = check_signature(&word, login, err);
    if (rc == HOP_OK && word.approves && is_the_login_itself(&bench, approval.key))
        rc = hop_error_set(err, HOP_DENIED, "%s is the one who logs in", approval.author);
    if (rc != HOP_OK)
        return rc;
    approval.approves = word.approves;
    approval.time = word.time;
    *ret_approval = approval;
    return HOP_OK;
}

/* -- looking --------------------------------------------------------------------------------- */

enum hop_rc hop_approval_signers_read(const struct hop_conf *conf, char **ret_bytes,
                                      size_t *ret_len, struct hop_error *err)
{
    static const struct hop_file_rule roots = {
        .owner = 0, .forbidden = 022, .most = HOP_SSH_SIGNERS_MAX};
    return hop_file_read(hop_conf_settings(conf)->allowed_signers, &roots, ret_bytes, ret_len, err);
}

size_t hop_approval_signers_count(struct hop_span signers, int64_t now)
{
    struct hop_ssh_signer signer;
    size_t number = 0, count = 0;
    enum hop_rc rc;
    while (hop_ssh_signers_next(&signers, &number, &signer, &rc, NULL))
        count += rc == HOP_OK &&
                 hop_ssh_signer_may(&signer, HOP_APPROVAL_NAMESPACE, now, NULL) == HOP_OK;
    return count;
}

static enum hop_rc read_words_by(struct hop_history *history, const struct hop_reach *reach,
                                 const char *id, struct hop_replies *ret_replies,
                                 struct hop_deadline deadline, struct hop_error *err)
{
    struct hop_store *store = hop_history_store(history);
    struct hop_read *read = calloc(1, sizeof *read);
    enum hop_rc rc = HOP_IO;
    if (read == NULL)
        return hop_error_set(err, HOP_NOMEM, "approval: out of memory");
    read->kind = HOP_READ_HASH;
    struct hop_text key = hop_text_over(read->key, sizeof read->key);
    hop_key_approval(&key, reach, id);
    if (store == NULL)
        hop_error_set(err, rc, "history: the store cannot be opened");
    else
        rc = hop_store_read_by(store, read, 1, ret_replies, deadline, err);
    free(read);
    return rc;
}

static enum hop_rc weigh_words(const struct hop_conf *conf, struct hop_span signers,
                               const struct hop_login *login, const struct hop_reply *reply,
                               int64_t now, hop_approval_refused *refused, void *context,
                               struct hop_approval *ret_approval)
{
    enum hop_rc rc = HOP_NOT_FOUND;
    for (size_t i = 0; i < reply->count && i < HOP_APPROVAL_WORDS_MAX; i++) {
        struct hop_approval approval;
        struct hop_error why = {0};
        if (hop_approval_check(conf, signers, login, reply->pairs[i].value, now, &approval, &why) !=
            HOP_OK) {
            hop_error_within(&why, "approval of %s", login->id);
            refused(context, &why);
            continue;
        }
        if (rc == HOP_NOT_FOUND || !approval.approves)
            *ret_approval = approval;
        rc = HOP_OK;
    }
    return rc;
}

enum hop_rc hop_approval_look_by(const struct hop_conf *conf, struct hop_history *history,
                                 const struct hop_reach *reach, const struct hop_login *login,
                                 int64_t now, hop_approval_refused *refused, void *context,
                                 struct hop_approval *ret_approval, struct hop_deadline deadline,
                                 struct hop_error *err)
{
    char *signers = NULL;
    size_t len = 0;
    struct hop_replies replies;
    hop_replies_init(&replies);
    enum hop_rc rc = read_words_by(history, reach, login->id, &replies, deadline, err);
    if (rc == HOP_OK && !replies.items[0].present)
        rc = HOP_NOT_FOUND;
    if (rc == HOP_OK)
        rc = hop_approval_signers_read(conf, &signers, &len, err);
    if (rc == HOP_OK)
        rc = weigh_words(conf, (struct hop_span){signers, len}, login, &replies.items[0], now,
                         refused, context, ret_approval);
    else if (rc == HOP_NOT_FOUND && err != NULL && err->rc != HOP_OK)
        rc = HOP_IO; /* the file is not there, which is no silence of the approvers */
    free(signers);
    hop_replies_done(&replies);
    return rc;
}
