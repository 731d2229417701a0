/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions of TLS kept in files that only their owner can read: whoever holds one can speak in
 * this host's name, and the server is not asked for its certificate again.
 *
 *   <folder>/session.<xx>   "hopwarden session 1 <digest>\n" and the session as DER
 *
 * The digest covers everything that made the certificate right: authority, name, address, our own
 * certificate. Files of other digests that share the two digits are overwritten. */
#ifndef HOP_TLS_SESSION_H
#define HOP_TLS_SESSION_H

#include "error.h"
#include "span.h"

#define HOP_TLS_DIGEST_LEN 32
#define HOP_TLS_SESSION_MAX 16384

/* The bytes of the session, malloc'd, in *ret_bytes. HOP_NOT_FOUND: none with this digest. */
enum hop_rc hop_tls_session_read(const char *folder, const unsigned char *digest,
                                 unsigned char **ret_bytes, size_t *ret_len);
enum hop_rc hop_tls_session_write(const char *folder, const unsigned char *digest,
                                  struct hop_span bytes);

#endif
