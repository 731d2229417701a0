/* SPDX-License-Identifier: Apache-2.0 */
/* Host names of a history's URL, resolved outside the login path and kept beside the fallback.
 *
 *   <folder>/names   "hopwarden names 1\n"
 *                    "<host> <epoch s of the answer> <address> [<address> ...]\n" ...
 */
#ifndef HOP_NAMES_H
#define HOP_NAMES_H

#include "conf.h"
#include "url.h"

#define HOP_NAME_ADDRESSES_MAX 4

struct hop_name {
    char host[HOP_URL_HOST_MAX + 1];
    int64_t time; /* of the answer; 0: none yet */
    struct hop_address addresses[HOP_NAME_ADDRESSES_MAX];
    size_t count;
    uint16_t port; /* in the URL; not in the file */
};

struct hop_names {
    struct hop_name items[HOP_URL_HOSTS_MAX];
    size_t count;
};

/* The names in the URL, each with what the file holds about it. HOP_OK with names that have no
 * address yet where there is no file; HOP_UNTRUSTED for one that others could have written,
 * HOP_MALFORMED; then no name has an address. */
enum hop_rc hop_names_recall(const struct hop_settings *settings, struct hop_names *ret_names,
                             struct hop_error *err);
/* Replaces the file. */
enum hop_rc hop_names_keep(const struct hop_settings *settings, const struct hop_names *names,
                           struct hop_error *err);

/* The text of the file, and back: those of the file that stand in *names. Pure. */
void hop_names_put(const struct hop_names *names, struct hop_text *text);
bool hop_names_parse(struct hop_span text, struct hop_names *names);

#endif
