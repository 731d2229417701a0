/* SPDX-License-Identifier: Apache-2.0 */
/* This host's own copy of what it last recalled: merged profiles, freezes and permits, in a SQLite
 * store. A cache with one purpose, so a file that turns out damaged is renamed and begun anew. */
#ifndef HOP_FALLBACK_H
#define HOP_FALLBACK_H

#include "plan.h"

struct hop_fallback;

/* Opens nothing yet. `read_only`: for the helpers, who neither keep nor repair. */
enum hop_rc hop_fallback_new(const char *path, bool read_only, struct hop_fallback **ret_fallback,
                             struct hop_error *err);
void hop_fallback_free(struct hop_fallback **fallback);

/* What was kept of a login's identity, key and source. */
struct hop_remembered {
    struct hop_profile profile;
    enum hop_freeze account, key, source;
    struct hop_permit permit;
};
void hop_remembered_init(struct hop_remembered *remembered);
void hop_remembered_done(struct hop_remembered *remembered);

/* HOP_NOT_FOUND where there is no file yet. HOP_MALFORMED when the file was damaged: it has been
 * set aside as <path>.corrupt-<epoch ms>, and `err` says so. */
enum hop_rc hop_fallback_read_by(struct hop_fallback *fallback, const struct hop_login *login,
                                 const struct hop_reach *reach,
                                 struct hop_remembered *ret_remembered,
                                 struct hop_deadline deadline, struct hop_error *err);
/* Makes the copy equal to the recollection; writes only what differs. After setting a damaged file
 * aside: HOP_MALFORMED, and the copy is kept in a new one. */
enum hop_rc hop_fallback_keep_by(struct hop_fallback *fallback, const struct hop_login *login,
                                 const struct hop_reach *reach,
                                 const struct hop_recollection *recollection,
                                 struct hop_deadline deadline, struct hop_error *err);

#endif
