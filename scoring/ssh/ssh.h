/* SPDX-License-Identifier: Apache-2.0 */
/* SSH public keys, certificates, authorized_keys lines, what sshd tells PAM, and the helper's key
 * note. OpenSSL for SHA-256 only. */
#ifndef HOP_SSH_H
#define HOP_SSH_H

#include <sys/types.h>

#include "error.h"
#include "login.h"

#define HOP_SSH_TYPE_MAX 63
#define HOP_SSH_FINGERPRINT_MAX 50 /* "SHA256:" and 43 characters */
#define HOP_SSH_KEY_ID_MAX 191
#define HOP_SSH_ID_HASH_MAX 32
#define HOP_SSH_BLOB_MAX 16384 /* bytes; sshd's own limit for a key is far below */
#define HOP_SSH_LINE_MAX 32768 /* one authorized_keys line */

/* A public key as RFC 4253 6.6 encodes it, or an OpenSSH certificate (PROTOCOL.certkeys). The
 * fingerprint of a certificate is that of the plain key inside, as OpenSSH prints it. */
struct hop_ssh_key {
    char type[HOP_SSH_TYPE_MAX + 1];
    char fingerprint[HOP_SSH_FINGERPRINT_MAX + 1];
    bool fido; /* sk-…: verify-required has a meaning */
    bool certificate;
    char ca_fingerprint[HOP_SSH_FINGERPRINT_MAX + 1]; /* certificates only */
    /* Certificates only. An id that would fill this field is cut to a start, '~' and its hash: no
     * two ids share a value. */
    char key_id[HOP_SSH_KEY_ID_MAX + 1];
    char key_id_hash[HOP_SSH_ID_HASH_MAX + 1]; /* first half of its SHA-256, hex */
    uint64_t serial;
};

/* HOP_MALFORMED names what is wrong. `type` NULL accepts any type; else it must equal the blob's
 * own. Plain keys of types not known here are taken as they are, certificates are not. */
enum hop_rc hop_ssh_key_parse(const void *blob, size_t len, const char *type,
                              struct hop_ssh_key *ret_key, struct hop_error *err);
/* "type base64": as sshd's %t and %k, or a public key file without its comment. */
enum hop_rc hop_ssh_key_parse_text(struct hop_span type, struct hop_span base64,
                                   struct hop_ssh_key *ret_key, struct hop_error *err);
/* The same, and whom a certificate is for: a list in `bytes`, which the caller keeps as long as it
 * is used. Empty for plain keys and for certificates that name nobody. */
enum hop_rc hop_ssh_key_parse_into(struct hop_span type, struct hop_span base64,
                                   uint8_t bytes[HOP_SSH_BLOB_MAX], struct hop_ssh_key *ret_key,
                                   struct hop_span *ret_principals, struct hop_error *err);
/* Takes the next name off the front of such a list. False at its end, or where it is cut short. */
bool hop_ssh_principal_next(struct hop_span *principals, struct hop_span *ret_name);
/* What a profile calls the key: the fingerprint, or "<CA fingerprint>/<key id, percent-coded>"; an
 * id that does not fit is cut, with '~' and its hash. Two keys never share a name. */
void hop_ssh_key_name(const struct hop_ssh_key *key, char ret_name[HOP_KEY_MAX + 1]);

/* SSH_AUTH_INFO_0: one line per finished method ("publickey ssh-ed25519 AAAA…\n", "password\n"). */
struct hop_ssh_auth_info {
    bool any;     /* at least one method: a first factor is proven */
    bool has_key; /* the last publickey line could be parsed: `key` is its key */
    bool key_bad; /* a publickey line was there and could not be parsed */
    struct hop_ssh_key key;
    char methods[HOP_NAME_MAX + 1]; /* "publickey", "publickey,keyboard-interactive", in order */
};
void hop_ssh_auth_info_parse(struct hop_span text, struct hop_ssh_auth_info *ret_info);

/* "address port address port": both ends of a connection, in whatever order. */
struct hop_ssh_end {
    struct hop_address address;
    uint16_t port;
};
bool hop_ssh_ends_parse(struct hop_span text, struct hop_ssh_end ret_ends[2]);

/* SSH_CONNECTION: "client-address client-port server-address server-port". */
bool hop_ssh_connection_parse(struct hop_span text, struct hop_address *ret_client,
                              uint16_t *ret_port, struct hop_address *ret_server);

/* One line of authorized_keys (sshd(8)): [options] type base64 [comment]. Spans point into the
 * line. */
struct hop_ssh_line {
    struct hop_span options; /* without the blank behind; empty when none */
    struct hop_span type, base64, comment;
};
/* HOP_NOT_FOUND for blank lines and comments; HOP_MALFORMED otherwise. Quotes in options are
 * honoured. */
enum hop_rc hop_ssh_line_parse(struct hop_span line, struct hop_ssh_line *ret_line,
                               struct hop_error *err);
/* The list of options at the front of `text`: up to its first blank outside quotes, or all of it if
 * the quotes are never closed. */
struct hop_span hop_ssh_options_of(struct hop_span text);
/* True if the option, with or without a value, stands in the list, outside quotes
 * (case-insensitive, as sshd compares). */
bool hop_ssh_options_have(struct hop_span options, const char *option);

/* The key note: what the helper last printed for this connection, told to the account phase (DESIGN
 * 3). One small file <folder>/<pid of sshd's monitor>: "v1 <epoch s> <account, percent-coded> <key
 * name, percent-coded>[ verified]\n". */
struct hop_ssh_note {
    int64_t time;
    char account[HOP_NAME_MAX + 1];
    char key[HOP_KEY_MAX + 1];
    bool verified; /* a FIDO key, printed so that sshd takes no signature but a verified one */
};
#define HOP_SSH_NOTE_AGE_MAX 120         /* seconds: sshd's LoginGraceTime */
#define HOP_SSH_NOTE_MAX 2048            /* bytes */
#define HOP_SSH_NOTE_OTHERS_AGE_MAX 3600 /* seconds */
#define HOP_SSH_NOTE_SWEEP_MAX 4096
/* The text of a note, strictly. */
enum hop_rc hop_ssh_note_parse(struct hop_span text, struct hop_ssh_note *ret_note,
                               struct hop_error *err);
enum hop_rc hop_ssh_note_write(const char *folder, long pid, const struct hop_ssh_note *note,
                               struct hop_error *err);
/* HOP_NOT_FOUND without one; HOP_UNTRUSTED for a wrong owner (only `owner` and root may have
 * written it), kind or size; HOP_MALFORMED for its text, another account or an age outside
 * 0..HOP_SSH_NOTE_AGE_MAX against `now` or a note older than `not_before` (0: no such check). */
enum hop_rc hop_ssh_note_read(const char *folder, long pid, uid_t owner, const char *account,
                              int64_t now, int64_t not_before, struct hop_ssh_note *ret_note,
                              struct hop_error *err);
void hop_ssh_note_remove(const char *folder, long pid);
/* Removes what has grown old in the folder: notes that nobody believes any more (by their file's
 * time), and after HOP_SSH_NOTE_OTHERS_AGE_MAX whatever else its writers keep there. Looks at no
 * more than HOP_SSH_NOTE_SWEEP_MAX files. */
void hop_ssh_note_sweep(const char *folder, int64_t now);

#endif
