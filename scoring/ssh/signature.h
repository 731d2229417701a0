/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures of files and messages as ssh-keygen(1) -Y makes them (OpenSSH's PROTOCOL.sshsig), and
 * the file that says who may sign (ssh-keygen(1), ALLOWED SIGNERS). No process, no file, no clock.
 */
#ifndef HOP_SIGNATURE_H
#define HOP_SIGNATURE_H

#include "ssh.h"

#define HOP_SSH_SIGNATURE_MAX 8192 /* bytes of a blob: RSA with 16,384 bits has half of that */
#define HOP_SSH_SIGNERS_MAX (1 << 20)

/* A signature taken apart; the spans point into its blob. */
struct hop_ssh_signature {
    struct hop_ssh_key key;     /* whose it is said to be */
    struct hop_span public_key; /* the same as a blob */
    struct hop_span name_space, reserved, hash;
    struct hop_span algorithm, bytes;
    uint8_t flags; /* FIDO keys only, as is the counter */
    uint32_t counter;
};

/* The blob between the lines BEGIN and END SSH SIGNATURE, decoded into `bytes`: its length, or -1.
 */
long hop_ssh_signature_unarmor(struct hop_span text, uint8_t bytes[HOP_SSH_SIGNATURE_MAX]);
/* HOP_MALFORMED names what is wrong; HOP_UNSUPPORTED for certificates. Says nothing of whether it
 * is good. */
enum hop_rc hop_ssh_signature_parse(struct hop_span blob, struct hop_ssh_signature *ret_signature,
                                    struct hop_error *err);
/* Is it this key's, over this message, in this namespace? Keys: ed25519, ECDSA, RSA of 2048 bits
 * and up with SHA-2, and FIDO keys that were touched. HOP_DENIED when not, HOP_UNSUPPORTED for
 * other keys and algorithms. */
enum hop_rc hop_ssh_signature_verify(const struct hop_ssh_signature *signature,
                                     const char *name_space, struct hop_span message,
                                     struct hop_error *err);

/* One line of an allowed signers file; the spans point into it. */
struct hop_ssh_signer {
    struct hop_span principals; /* names, separated by commas; at least one */
    struct hop_span namespaces; /* patterns; empty: any */
    int64_t valid_after;        /* epoch s; 0: always, as is INT64_MAX below */
    int64_t valid_before;
    bool authority; /* cert-authority: vouches for certificates, which are refused */
    struct hop_ssh_key key;
};
/* HOP_NOT_FOUND for blank lines and comments; HOP_MALFORMED otherwise: also for principals that are
 * patterns, since a pattern does not say who signed, and for times of a local time zone. */
enum hop_rc hop_ssh_signer_parse(struct hop_span line, struct hop_ssh_signer *ret_signer,
                                 struct hop_error *err);
/* May it sign in this namespace, now? HOP_DENIED says why not. */
enum hop_rc hop_ssh_signer_may(const struct hop_ssh_signer *signer, const char *name_space,
                               int64_t now, struct hop_error *err);
/* The next line of a file that says something, parsed as above; false at the end. `*number` is the
 * number of the line, 0 before the first. `*ret_rc` is never HOP_NOT_FOUND. */
bool hop_ssh_signers_next(struct hop_span *rest, size_t *number, struct hop_ssh_signer *ret_signer,
                          enum hop_rc *ret_rc, struct hop_error *err);

#endif
