/* SPDX-License-Identifier: Apache-2.0 */
/* Keys made for one test program by ssh-keygen, in a folder of their own; "sk-…" ones are put
 * together by hand, since no token is at hand. */
#ifndef HOP_TEST_MADE_KEYS_H
#define HOP_TEST_MADE_KEYS_H

#include "ssh.h"

struct public_line {
    char text[8192];
    struct hop_ssh_line parts; /* point into text */
};

void keys_make(void);
void keys_remove(void);
/* <name>.pub of the folder: "ed25519", "rsa", "p256", "p384", "p521", "ca", "sk-ed25519",
 * "sk-p256". */
void keys_read(const char *name, struct public_line *ret_line);
/* Signs <name>.pub by the CA with this key id; then <name>-cert.pub is there. */
void keys_sign(const char *name, const char *id, const char *more_options);
/* What ssh-keygen -l says of <name>.pub. */
void keys_fingerprint(const char *name, char ret_fingerprint[HOP_SSH_FINGERPRINT_MAX + 1]);
size_t keys_blob(const char *name, uint8_t *blob, size_t size);
struct hop_ssh_key keys_parse(const char *name);

#endif
