/* SPDX-License-Identifier: Apache-2.0 */
/* Break-glass codes: a set of single-use codes for one account, kept as hashes in a file of root's
 * alone. It needs no store, no network, no configuration and no free disk:
 *
 *   v1 <iterations> <salt>\n           base64, 16 bytes, one for the set
 *   + <PBKDF2-HMAC-SHA256>\n           base64, 32 bytes; a code that can be used
 *   - <PBKDF2-HMAC-SHA256>\n           one that was used
 *
 * Using a code overwrites its '+' in place: one byte, so that a crash leaves the old or the new,
 * and no block has to be found for it. Where the file system takes no writes at all, the code is
 * marked in a folder that lasts until the next boot. */
#ifndef HOP_CODE_SET_H
#define HOP_CODE_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "deadline.h"
#include "error.h"
#include "span.h"

#define HOP_CODES_KEPT "/etc/hopwarden/codes.d"
#define HOP_CODES_USED "/run/hopwarden/codes"
#define HOP_CODES_DEFAULT 10
#define HOP_CODES_MOST 64
#define HOP_CODES_SALT 16
#define HOP_CODES_HASH 32
#define HOP_CODES_ITERATIONS 20000 /* what a guess costs; 80 bits of entropy do the rest */
#define HOP_CODES_FILE_MOST 4096
#define HOP_CODE_LETTERS 16                  /* of Crockford's base 32: 80 bits */
#define HOP_CODE_SIZE (HOP_CODE_LETTERS + 4) /* "7QK3-ZM0A-…" and its NUL */

struct hop_code {
    bool used;
    uint8_t hash[HOP_CODES_HASH];
    size_t at; /* byte of the file that says whether it was used */
};

struct hop_codes {
    uint32_t iterations;
    uint8_t salt[HOP_CODES_SALT];
    size_t count;
    struct hop_code items[HOP_CODES_MOST];
};

/* -- pure ---------------------------------------------------------------------------------- */

/* HOP_MALFORMED with the line's number for anything but the form above. */
enum hop_rc hop_codes_parse(struct hop_span text, struct hop_codes *ret_codes,
                            struct hop_error *err);
void hop_codes_put(struct hop_text *text, const struct hop_codes *codes);
size_t hop_codes_left(const struct hop_codes *codes);

/* As it is shown, in four groups, from random bytes. */
void hop_code_put(const uint8_t random[10], char ret_code[HOP_CODE_SIZE]);
/* What a person typed: any case, O for 0, I and L for 1, with or without blanks and dashes. False
 * for what can be no code. */
bool hop_code_read(struct hop_span typed, char ret_code[HOP_CODE_SIZE]);
/* Of a code as hop_code_put writes it. HOP_IO when OpenSSL cannot. Costs some 10 ms. */
enum hop_rc hop_code_hash(const struct hop_codes *codes, const char code[HOP_CODE_SIZE],
                          uint8_t ret_hash[HOP_CODES_HASH], struct hop_error *err);

/* -- files --------------------------------------------------------------------------------- */

struct hop_codes_places {
    const char *kept; /* folder of the sets, one file per account */
    const char *used; /* folder of marks, until the next boot */
};

/* What using a code came to. */
struct hop_code_use {
    size_t left;   /* of the set */
    bool not_kept; /* only marked until the next boot: the file could not be written */
};

/* Makes a new set of `count` codes, 1..HOP_CODES_MOST, in the place of an old one. */
enum hop_rc hop_codes_make(const struct hop_codes_places *places, const char *account, size_t count,
                           char (*ret_codes)[HOP_CODE_SIZE], struct hop_error *err);
/* The set as it is, marks of this boot included. HOP_NOT_FOUND without one, HOP_UNTRUSTED for a
 * file that is not its owner's alone. */
enum hop_rc hop_codes_load(const struct hop_codes_places *places, const char *account,
                           struct hop_codes *ret_codes, struct hop_error *err);
/* Uses a code. HOP_OK once and never again; HOP_DENIED for a wrong or used one; else as above, or
 * HOP_TIMEOUT (somebody else held the set until the deadline), HOP_IO (it can be marked nowhere).
 * The code is marked before this answers. Blocks on the local disk. */
enum hop_rc hop_codes_use_by(const struct hop_codes_places *places, const char *account,
                             struct hop_span typed, struct hop_deadline deadline,
                             struct hop_code_use *ret_use, struct hop_error *err);

#endif
