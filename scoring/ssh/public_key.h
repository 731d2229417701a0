/* SPDX-License-Identifier: Apache-2.0 */
/* Inside ssh/ only: a public key's blob as OpenSSL wants it. */
#ifndef HOP_PUBLIC_KEY_H
#define HOP_PUBLIC_KEY_H

#include <openssl/evp.h>

#include "ssh.h"

/* `blob` is of the plain key `key`. The application is a FIDO key's, else empty. HOP_UNSUPPORTED
 * for kinds that do not sign here, HOP_MALFORMED for numbers that are no key of their kind. The
 * caller frees with EVP_PKEY_free. */
enum hop_rc hop_public_key_of(struct hop_span blob, EVP_PKEY **ret_key,
                              struct hop_span *ret_application, struct hop_error *err);

#endif
