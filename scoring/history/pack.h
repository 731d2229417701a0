/* SPDX-License-Identifier: Apache-2.0 */
/* The sightings of one profile as one value, for a store that charges dearly for each of many small
 * ones (Redis: 60 bytes beside the bytes). Pure; docs/history.md says what it saves.
 *
 *   bits, most significant first; gamma and Rice are Elias' and Rice's codes of natural numbers
 *
 *     22 the newest day   gamma: how many days are in any day-set   gamma: each one's distance to
 *     the day after it
 *     for each kind, in the order of enum hop_kind:   (0 value)...  1
 *     then zeros up to the next byte
 *
 *   value     Rice(3): bytes it begins with as the value before it does   Rice(2): further ones,
 *             less 1   1: all of them are of PLAIN, 4 bits each; 0: 8 bits each
 *   days      1: confirmed   gamma: how many, n   their places among the days above:
 *             the newest   n > 1: 0 and the gaps of the others; 1, how many of those between
 *             the newest and the oldest are missing, and the gaps of these
 *
 * A person's values share their working days, most of them begin alike, and a usual value is seen
 * on nearly all days of its life: what is left to say of one are some bits.
 */
#ifndef HOP_PACK_H
#define HOP_PACK_H

#include "profile.h"

#define HOP_PACK_FIELD "~1"     /* of the hash; no other field begins so. 1: the format */
#define HOP_PACK_MAX 32768      /* bytes; what does not fit stands beside it */
#define HOP_PACK_DAYS_MAX 2048  /* from the newest day to the oldest */
#define HOP_PACK_BOUND_FACTOR 2 /* times the bound of a kind that are in it at most */

/* Writes up to HOP_PACK_MAX bytes and sets *ret_len; 0: nothing is packed. packed[i] tells of each
 * sighting whether it is among them. The same profile gives the same bytes. HOP_NOMEM. */
enum hop_rc hop_pack_put(const struct hop_profile *profile, char bytes[HOP_PACK_MAX],
                         size_t *ret_len, bool *packed);
/* Strict: HOP_MALFORMED where one bit is not as above, or a kind has more than so many times its
 * bound; HOP_NOMEM. */
enum hop_rc hop_pack_parse(struct hop_span bytes, struct hop_profile *ret_profile);

#endif
