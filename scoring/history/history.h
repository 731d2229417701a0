/* SPDX-License-Identifier: Apache-2.0 */
/* The history as the engine uses it: a store, this host's fallback copy of profiles, and the spool
 * of what could not be written. */
#ifndef HOP_HISTORY_H
#define HOP_HISTORY_H

#include "acl.h"
#include "conf.h"
#include "names.h"
#include "plan.h"
#include "prune.h"

enum hop_history_role {
    HOP_HISTORY_WRITER, /* the module, the command: reads, records, falls back, spools */
    HOP_HISTORY_READER, /* the sshd helpers: read-only user and secret, no fallback writes, no spool
                         */
    HOP_HISTORY_MEMORY, /* a private in-memory store, neither fallback nor spool */
    HOP_HISTORY_REPLAY  /* the same, whose login log nobody reads: no entries are made */
};

struct hop_history;

/* Reads the secret file and opens the store's handle; makes no connection. A store that cannot even
 * be opened (bad path, unreadable secret) is not fatal: every recall then falls back and names the
 * reason. Returns HOP_NOMEM only. `conf` must outlive the handle. */
enum hop_rc hop_history_new(const struct hop_conf *conf, enum hop_history_role role,
                            struct hop_history **ret_history, struct hop_error *err);
bool hop_history_keeps_log(const struct hop_history *history);
void hop_history_free(struct hop_history **history);

/* One round trip, for which the store has 60 % of the time left. Always fills *ret_recollection
 * (initialised by the caller); `source` tells from where, and when it is not the store `err` says
 * why. An empty profile in the store of an identity that the fallback knows counts as lost. Returns
 * HOP_OK, or the store's failure. */
enum hop_rc hop_history_recall_by(struct hop_history *history, const struct hop_login *login,
                                  const struct hop_reach *reach,
                                  struct hop_recollection *ret_recollection,
                                  struct hop_deadline deadline, struct hop_error *err);

enum hop_recorded { HOP_RECORDED_STORE, HOP_RECORDED_SPOOL, HOP_RECORDED_NOT };
/* Writes the batch to the store or, failing that or if `straight_to_spool` (a clock that is off),
 * to the spool. HOP_RECORDED_NOT: neither took it, and `err` says why. After a success with spooled
 * records waiting, flushes what fits into half of the time left; `err` then tells of what went
 * wrong with those. A batch that sets or removes fields never overtakes those that wait; evictions
 * do not wait, the next lesson reckons them anew. The store gets 60 % of the time left, the spool
 * needs none but the local disk's. */
enum hop_recorded hop_history_record_by(struct hop_history *history, const struct hop_batch *batch,
                                        bool straight_to_spool, struct hop_deadline deadline,
                                        struct hop_error *err);
/* Keeps the merged profile, and the freezes that bear on this login, in the fallback; nothing
 * unless the recollection came from the store. Local disk; bounded lock wait. Writer only. */
enum hop_rc hop_history_remember_by(struct hop_history *history, const struct hop_login *login,
                                    const struct hop_reach *reach,
                                    const struct hop_recollection *recollection,
                                    struct hop_deadline deadline, struct hop_error *err);

/* Writes spooled batches to the store in order until none is left or the deadline passes; each is
 * removed only after the store took it. HOP_UNTRUSTED while this host's clock is off the store's;
 * HOP_MALFORMED when all are done, but for damaged ones that `err` says where to find. */
enum hop_rc hop_history_flush_by(struct hop_history *history, struct hop_deadline deadline,
                                 size_t *ret_flushed, size_t *ret_left, struct hop_error *err);
enum hop_rc hop_history_spooled(struct hop_history *history, size_t *ret_count,
                                struct hop_error *err);

/* Does the store answer whoever names no user? Then no user's rights bind anybody. Makes a
 * connection of its own; false for a store without users. */
bool hop_history_lets_all_in_by(const struct hop_conf *conf, struct hop_deadline deadline);

/* One server of a fleet, asked on its own. */
struct hop_surveyed {
    const char *name; /* "redis 192.0.2.1 port 26379" */
    bool owner;       /* of slots of a cluster */
    enum hop_rc rc;   /* of reaching it and of what it said */
    const char *trouble;
    bool astray;      /* a Sentinel that names another primary than the one before it */
    bool lets_all_in; /* answers whoever names no user */
};
typedef void hop_survey_visit(void *context, const struct hop_surveyed *server);
/* Visits each server that history= names behind sentinel:// or cluster://, and each that owns slots
 * of the cluster; none for other stores. Each has `each_ms`. *ret_unowned: slots that nobody
 * owns. As hop_store_open; for doctor. */
enum hop_rc hop_history_survey(const struct hop_conf *conf, int each_ms, hop_survey_visit *visit,
                               void *context, size_t *ret_unowned, struct hop_error *err);

/* The store itself, for the command (log, ping). NULL when it could not be opened. */
struct hop_store *hop_history_store(struct hop_history *history);

#endif
