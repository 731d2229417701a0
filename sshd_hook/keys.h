/* SPDX-License-Identifier: Apache-2.0 */
/* The answer to sshd's AuthorizedKeysCommand and AuthorizedPrincipalsCommand: the lines of the
 * account's file that the offered key or certificate matches, as they are, with verify-required, or
 * not at all (DESIGN 3, the helpers).
 *
 *   offer ── the lines? ── key, configuration, scope ── engine ── print ── note
 *              none: nothing       any trouble: print, PAM judges
 */
#ifndef HOP_KEYS_H
#define HOP_KEYS_H

#include <stdio.h>

#include "engine.h"
#include "ssh.h"

#define HOP_KEYS_FOLDER "/etc/hopwarden/keys.d"
#define HOP_PRINCIPALS_FOLDER "/etc/hopwarden/principals.d"
#define HOP_KEYS_NOTES "/run/hopwarden/notes"
#define HOP_KEYS_FILE_MAX (4u << 20) /* bytes of one account's file */

enum hop_keys_face {
    HOP_KEYS_FACE_KEYS,       /* one line of keys.d holds the key, or its CA */
    HOP_KEYS_FACE_PRINCIPALS, /* lines of principals.d name whom the certificate is for; without a
                                 file, and without a chain, the account's name is such a line */
};

struct hop_keys_paths {
    const char *conf, *folder, *notes, *devlog;
};

/* What sshd asks about. */
struct hop_keys_offer {
    enum hop_keys_face face;
    const char *account;               /* %u */
    const char *type;                  /* %t */
    const char *base64;                /* %k */
    struct hop_address source, server; /* family 0: not told */
    uint16_t source_port;
    long monitor;       /* pid the note is for: this helper's parent */
    char *const *chain; /* command that is asked where the file has no line; NULL: none */
};

/* Writes the lines to `out` (keys: one at most), leaves the note if it did, tells refusals and
 * trouble to syslog. Blocks for local files, and for the chain, the history and syslog within
 * helper_deadline_ms. */
void hop_keys_serve(const struct hop_keys_paths *paths, const struct hop_keys_offer *offer,
                    FILE *out);

/* Names that can be a file in keys.d: no slash, no control character, no dot in front. */
bool hop_keys_account_valid(const char *account);

/* The line of `file` for the offered key, as sshd would match it: the same plain key, or for a
 * certificate a cert-authority line with its CA's. `key` NULL (not to be parsed): the same text. */
bool hop_keys_find(struct hop_span file, const struct hop_keys_offer *offer,
                   const struct hop_ssh_key *key, struct hop_span *ret_line);

/* Appends the line, with verify-required as its last option if it is not in force already. */
void hop_keys_put_verified(struct hop_text *text, struct hop_span line);
/* Does the line demand verification already? */
bool hop_keys_line_verifies(struct hop_span line);

/* The next line of *rest that names one of `principals` (hop_ssh_principal_next), as sshd reads
 * such files: options, then a name without blanks; '#' begins a comment anywhere. */
bool hop_principals_find(struct hop_span *rest, struct hop_span principals,
                         struct hop_span *ret_line);
void hop_principals_put_verified(struct hop_text *text, struct hop_span line);

#endif
