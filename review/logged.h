/* SPDX-License-Identifier: Apache-2.0 */
/* A witness's log as people want it: one item per login, in order of time, with what became of it.
 */
#ifndef HOP_LOGGED_H
#define HOP_LOGGED_H

#include "command.h"

/* All lines under one id. A login judged twice (in account without its key, then in session) is
 * shown as it was judged last. */
struct hop_logged {
    char id[HOP_ULID_LENGTH + 1];
    int64_t time;
    char *login;   /* the judged line; NULL when only later lines are left */
    char *outcome; /* the session that opened, else the last refusal; NULL when none came */
    bool confirmed;
    char *confirmation; /* an item of its own, at its own time: all else is then unset */
};

struct hop_logged_list {
    struct hop_logged *items;
    size_t count;
    size_t malformed; /* lines that are no entries */
};

/* Reads log:<witness> from `since_ms` on (0: all). The caller frees with hop_logged_done. */
enum hop_rc hop_logged_read(struct hop_desk *desk, const char *witness, int64_t since_ms,
                            struct hop_logged_list *ret_list, struct hop_error *err);
void hop_logged_done(struct hop_logged_list *list);
const struct hop_logged *hop_logged_find(const struct hop_logged_list *list, const char *id);

/* Whose logs to search, one by one: this host's witness, home, then the configured tenants (of
 * which one may be this host's witness again); NULL at the end. */
const char *hop_logged_witness(const struct hop_desk *desk, size_t nth);

/* Searches the logs of this host's witness, of home and of every configured tenant that this host
 * may read; a tenant's word about a login to another is told and passed over. HOP_NOT_FOUND; the
 * list is the caller's to free in any case. */
enum hop_rc hop_logged_search(struct hop_desk *desk, const char *id,
                              struct hop_logged_list *ret_list, const struct hop_logged **ret_found,
                              struct hop_error *err);

/* The judged line parsed, with the outcome applied. HOP_NOT_FOUND without a judged line. */
enum hop_rc hop_logged_entry(const struct hop_logged *logged, struct hop_entry *ret_entry,
                             struct hop_error *err);
/* The joined line (DESIGN 9). */
bool hop_logged_put(struct hop_text *text, const struct hop_logged *logged);

#endif
