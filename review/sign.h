/* SPDX-License-Identifier: Apache-2.0 */
/* Signing by ssh-keygen -Y, which asks for a passphrase, a touch or the agent as it does elsewhere.
 */
#ifndef HOP_SIGN_H
#define HOP_SIGN_H

#include "signature.h"

/* Signs `message` with the key in the file `key`: a private key, or a public key whose private half
 * the agent holds. `key` NULL: the agent's first key that `signers` (the text of an allowed signers
 * file, or empty) lets sign. Runs ssh-keygen (and ssh-add), which may ask on the terminal. */
enum hop_rc hop_sign(const char *key, const char *name_space, struct hop_span signers,
                     struct hop_span message, uint8_t ret_blob[HOP_SSH_SIGNATURE_MAX],
                     size_t *ret_len, struct hop_error *err);

#endif
