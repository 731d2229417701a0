/* SPDX-License-Identifier: Apache-2.0 */
/* One person's word about another person's waiting login, signed with an SSH key.
 *
 *   home:  log ── message ── ssh-keygen -Y sign ──> ok:{id}   fingerprint -> "1 approve <time>
 * <signature>" host:  ok:{id} ── message, made from its own facts ── allowed_signers ──> approved,
 * denied, refused
 *
 * What the store says is data: only a signature over this very login by somebody whom this host's
 * own file allows, and who is not the one who logs in, counts.
 */
#ifndef HOP_APPROVAL_H
#define HOP_APPROVAL_H

#include "conf.h"
#include "history.h"
#include "signature.h"

#define HOP_APPROVAL_NAMESPACE "hopwarden-approval"
#define HOP_APPROVAL_MESSAGE_MAX 4096
#define HOP_APPROVAL_VALUE_MAX (HOP_SSH_SIGNATURE_MAX / 3 * 4 + 64)
#define HOP_APPROVAL_WORDS_MAX 8 /* words about one login that are looked at */

struct hop_approval {
    bool approves; /* else denies */
    int64_t time;  /* epoch s, by the signer's clock */
    char author[HOP_NAME_MAX + 1];
    char key[HOP_SSH_FINGERPRINT_MAX + 1];
};

/* What is signed: one "name value" a line, values percent-coded. HOP_APPROVAL_MESSAGE_MAX suffices.
 */
void hop_approval_message_put(struct hop_text *text, const struct hop_login *login, bool approves,
                              int64_t time);
/* What is stored; `blob` is the signature. HOP_APPROVAL_VALUE_MAX suffices. */
void hop_approval_value_put(struct hop_text *text, bool approves, int64_t time,
                            struct hop_span blob);

/* The allowed signers file: root's, and nobody else may write it. malloc'd, NUL-terminated. */
enum hop_rc hop_approval_signers_read(const struct hop_conf *conf, char **ret_bytes,
                                      size_t *ret_len, struct hop_error *err);

/* The identity behind a name in that file: an account that a [person] lists for `tenant` is that
 * person's; "acme:a.visser" is an account of that tenant; of "anna@example.com" the part before the
 * '@' counts. */
void hop_approval_person_of(const struct hop_conf *conf, const char *tenant, struct hop_span name,
                            char ret_identity[HOP_NAME_MAX + 1]);

/* How many of its lines let somebody approve now. */
size_t hop_approval_signers_count(struct hop_span signers, int64_t now);

/* Is `value` a word about this login by somebody who may give it? Anybody allowed may deny, also
 * the one who logs in. HOP_MALFORMED, HOP_DENIED and HOP_UNSUPPORTED say why not. */
enum hop_rc hop_approval_check(const struct hop_conf *conf, struct hop_span signers,
                               const struct hop_login *login, struct hop_span value, int64_t now,
                               struct hop_approval *ret_approval, struct hop_error *err);

/* Told of each word that does not count. */
typedef void hop_approval_refused(void *context, const struct hop_error *why);
/* Asks the store once. A denial comes before an approval. HOP_NOT_FOUND while nobody has said
 * anything that counts; else what is wrong with the store or with the file. */
enum hop_rc hop_approval_look_by(const struct hop_conf *conf, struct hop_history *history,
                                 const struct hop_reach *reach, const struct hop_login *login,
                                 int64_t now, hop_approval_refused *refused, void *context,
                                 struct hop_approval *ret_approval, struct hop_deadline deadline,
                                 struct hop_error *err);

#endif
