/* SPDX-License-Identifier: Apache-2.0 */
#include "history.h"
#include "clock.h"
#include "date.h"
#include "fallback.h"
#include "spool.h"
#include "store_open.h"

#include <stdlib.h>
#include <string.h>

#define STORE_SHARE 60 /* % of the time left that a store may use: fallback and spool follow it */
#define FLUSH_SHARE 50 /* % of the time left that a login gives to the spool: others follow it */

struct hop_history {
    enum hop_history_role role;
    struct hop_store *store; /* NULL: `store_trouble` says why */
    struct hop_error store_trouble;
    struct hop_fallback *fallback; /* NULL: none, or `fallback_trouble` */
    struct hop_error fallback_trouble;
    char spool[HOP_PATH_MAX + 8];
    struct hop_reads *reads; /* of a recall; kept, since it is large; NULL before the first */
};

static bool is_private(enum hop_history_role role)
{
    return role == HOP_HISTORY_MEMORY || role == HOP_HISTORY_REPLAY;
}

bool hop_history_keeps_log(const struct hop_history *history)
{
    return history->role != HOP_HISTORY_REPLAY;
}

static void fallback_open(struct hop_history *history, const struct hop_settings *settings)
{
    hop_fallback_new(settings->fallback, history->role == HOP_HISTORY_READER, &history->fallback,
                     &history->fallback_trouble);
    struct hop_text spool = hop_text_over(history->spool, sizeof history->spool);
    hop_text_put(&spool, settings->fallback);
    hop_text_put(&spool, ".spool");
}

enum hop_rc hop_history_new(const struct hop_conf *conf, enum hop_history_role role,
                            struct hop_history **ret_history, struct hop_error *err)
{
    const struct hop_settings *settings = hop_conf_settings(conf);
    struct hop_history *history = calloc(1, sizeof *history);
    if (!history)
        return hop_error_set(err, HOP_NOMEM, "history: no memory");
    history->role = role;
    hop_store_open(settings, role, &history->store, &history->store_trouble);
    if (!is_private(role))
        fallback_open(history, settings);
    if (history->store_trouble.rc == HOP_NOMEM || history->fallback_trouble.rc == HOP_NOMEM) {
        hop_history_free(&history);
        return hop_error_set(err, HOP_NOMEM, "history: no memory");
    }
    *ret_history = history;
    return HOP_OK;
}

bool hop_history_lets_all_in_by(const struct hop_conf *conf, struct hop_deadline deadline)
{
    struct hop_settings anonymous = *hop_conf_settings(conf);
    anonymous.history_user[0] = anonymous.history_secret[0] = '\0';
    struct hop_read *read = calloc(1, sizeof *read);
    struct hop_store *store = NULL;
    struct hop_replies replies;
    hop_replies_init(&replies);
    bool has_users = strncmp(anonymous.history, "sqlite:", 7) != 0;
    bool lets_in = read && has_users &&
                   hop_store_open(&anonymous, HOP_HISTORY_WRITER, &store, NULL) == HOP_OK &&
                   hop_store_read_by(store, read, 1, &replies, deadline, NULL) == HOP_OK;
    hop_replies_done(&replies);
    if (store)
        hop_store_free(&store);
    free(read);
    return lets_in;
}

void hop_history_free(struct hop_history **history)
{
    if (!*history)
        return;
    if ((*history)->store)
        hop_store_free(&(*history)->store);
    hop_fallback_free(&(*history)->fallback);
    free((*history)->reads);
    free(*history);
    *history = NULL;
}

struct hop_store *hop_history_store(struct hop_history *history)
{
    return history->store;
}

static struct hop_deadline share_of(struct hop_deadline deadline, int percent)
{
    int64_t left = hop_clock_left_ms(deadline);
    return hop_deadline_earlier(deadline, hop_clock_deadline(left * percent / 100));
}

static enum hop_rc trouble_tell(const struct hop_error *trouble, struct hop_error *err)
{
    return hop_error_set(err, trouble->rc, "%s", trouble->text);
}

/* Puts a second reason behind the first, whose code stays. */
static void also(struct hop_error *err, const struct hop_error *second)
{
    if (!err)
        return;
    struct hop_error first = *err;
    hop_error_set(err, first.rc, "%s%s%s", first.text, first.text[0] ? "; " : "", second->text);
}

/* --- recall --- */

static enum hop_rc store_recall_by(struct hop_history *history, const struct hop_login *login,
                                   const struct hop_reach *reach,
                                   struct hop_recollection *ret_recollection,
                                   struct hop_deadline deadline, struct hop_error *err)
{
    if (!history->store)
        return trouble_tell(&history->store_trouble, err);
    if (!history->reads)
        history->reads = malloc(sizeof *history->reads);
    struct hop_reads *reads = history->reads;
    if (!reads)
        return hop_error_set(err, HOP_NOMEM, "history: no memory");
    hop_plan_reads(login, reach, reads);
    struct hop_replies replies;
    hop_replies_init(&replies);
    enum hop_rc rc =
        hop_store_read_by(history->store, reads->items, reads->count, &replies, deadline, err);
    if (rc == HOP_OK) {
        rc = hop_plan_recollect(reads, &replies, login, reach, ret_recollection);
        if (rc != HOP_OK)
            hop_error_set(err, rc, "history: %s", hop_rc_word(rc));
    }
    hop_replies_done(&replies);
    return rc;
}

static enum hop_rc remembered_by(struct hop_history *history, const struct hop_login *login,
                                 const struct hop_reach *reach,
                                 struct hop_remembered *ret_remembered,
                                 struct hop_deadline deadline, struct hop_error *err)
{
    if (!history->fallback)
        return trouble_tell(&history->fallback_trouble, err);
    return hop_fallback_read_by(history->fallback, login, reach, ret_remembered, deadline, err);
}

static enum hop_freeze stricter(enum hop_freeze a, enum hop_freeze b)
{
    return a > b ? a : b;
}

/* The merged profile alone: what this host's witness wrote of it is unknown, so nothing of it can
 * be called surplus. Moves the profile out of `remembered`. */
static void adopt(struct hop_recollection *recollection, struct hop_remembered *remembered,
                  const struct hop_login *login, const struct hop_reach *reach)
{
    struct hop_around *around = &recollection->around;
    around->tenants = reach->tenants > 1 ? reach->tenants : 1;
    around->frozen_account = stricter(around->frozen_account, remembered->account);
    around->frozen_key = stricter(around->frozen_key, remembered->key);
    around->frozen_source = stricter(around->frozen_source, remembered->source);
    if (recollection->source == HOP_RECALL_NOWHERE) /* else the store has said */
        around->permit = remembered->permit;
    hop_profile_drop_future(&remembered->profile, hop_date_day(login->time));
    if (hop_profile_empty(&remembered->profile))
        return;
    hop_profile_done(&recollection->merged);
    recollection->merged = remembered->profile;
    hop_profile_init(&remembered->profile);
    recollection->source = HOP_RECALL_FALLBACK;
}

/* The store failed with what stands in `err`. */
static void fall_back_by(struct hop_history *history, const struct hop_login *login,
                         const struct hop_reach *reach, struct hop_recollection *recollection,
                         struct hop_deadline deadline, struct hop_error *err)
{
    hop_recollection_done(recollection);
    recollection->around.tenants = reach->tenants > 1 ? reach->tenants : 1;
    if (is_private(history->role))
        return;
    struct hop_remembered remembered;
    struct hop_error second;
    hop_remembered_init(&remembered);
    if (remembered_by(history, login, reach, &remembered, deadline, &second) == HOP_OK)
        adopt(recollection, &remembered, login, reach);
    else
        also(err, &second);
    hop_remembered_done(&remembered);
}

/* A store that has lost its data must neither refuse everybody nor trust the next comer. What it
 * still says around the profile can only accuse, and stays. */
static enum hop_rc forgotten_by(struct hop_history *history, const struct hop_login *login,
                                const struct hop_reach *reach,
                                struct hop_recollection *recollection, struct hop_deadline deadline,
                                struct hop_error *err)
{
    struct hop_remembered remembered;
    struct hop_error second;
    hop_remembered_init(&remembered);
    enum hop_rc rc = remembered_by(history, login, reach, &remembered, deadline, &second);
    if (rc == HOP_OK && !hop_profile_empty(&remembered.profile))
        adopt(recollection, &remembered, login, reach);
    else if (rc == HOP_MALFORMED)
        also(err, &second);
    hop_remembered_done(&remembered);
    if (recollection->source != HOP_RECALL_FALLBACK)
        return HOP_OK;
    return hop_error_set(err, HOP_NOT_FOUND,
                         "history: the store has forgotten an identity that this host knows");
}

enum hop_rc hop_history_recall_by(struct hop_history *history, const struct hop_login *login,
                                  const struct hop_reach *reach,
                                  struct hop_recollection *ret_recollection,
                                  struct hop_deadline deadline, struct hop_error *err)
{
    struct hop_error quiet;
    err = err ? err : &quiet;
    hop_error_clear(err);
    struct hop_deadline share =
        is_private(history->role) ? deadline : share_of(deadline, STORE_SHARE);
    enum hop_rc rc = store_recall_by(history, login, reach, ret_recollection, share, err);
    if (rc != HOP_OK) {
        fall_back_by(history, login, reach, ret_recollection, deadline, err);
        return rc;
    }
    if (is_private(history->role) || !hop_profile_empty(&ret_recollection->merged))
        return HOP_OK;
    return forgotten_by(history, login, reach, ret_recollection, deadline, err);
}

/* --- flush --- */

struct flush {
    struct hop_store *store;
    struct hop_deadline deadline;
};

/* Only a batch that cannot be read is passed over. Whatever the store finds wrong with one that can
 * is the store's trouble, and the batch waits. */
static enum hop_rc batch_flush(void *context, struct hop_span text, struct hop_error *err)
{
    const struct flush *flush = context;
    struct hop_batch batch;
    enum hop_rc rc = hop_batch_parse(text, &batch, err);
    if (rc != HOP_OK)
        return rc;
    rc = hop_store_write_by(flush->store, &batch, flush->deadline, err);
    hop_batch_done(&batch);
    return rc == HOP_MALFORMED || rc == HOP_LIMIT ? HOP_IO : rc;
}

/* What was spooled under a wrong clock waits until the clock is right again. */
static enum hop_rc clock_agrees_by(struct hop_store *store, struct hop_deadline deadline,
                                   struct hop_error *err)
{
    struct hop_read *read = calloc(1, sizeof *read);
    struct hop_replies replies;
    hop_replies_init(&replies);
    if (!read)
        return hop_error_set(err, HOP_NOMEM, "history: no memory");
    read->kind = HOP_READ_TIME;
    enum hop_rc rc = hop_store_read_by(store, read, 1, &replies, deadline, err);
    int64_t skew_ms = 0;
    if (rc == HOP_OK && replies.items[0].number != 0)
        skew_ms = hop_clock_epoch_ms() - replies.items[0].number;
    hop_replies_done(&replies);
    free(read);
    if (skew_ms > HOP_CLOCK_SKEW_MAX * 1000 || skew_ms < -HOP_CLOCK_SKEW_MAX * 1000)
        return hop_error_set(err, HOP_UNTRUSTED,
                             "history: this host's clock is %lld s off the store's, so the spool"
                             " waits",
                             (long long)(skew_ms / 1000));
    return rc;
}

static enum hop_rc flush_by(struct hop_history *history, struct hop_deadline deadline,
                            size_t *ret_flushed, struct hop_error *err)
{
    struct flush flush = {.store = history->store, .deadline = deadline};
    *ret_flushed = 0;
    if (history->role != HOP_HISTORY_WRITER || !hop_spool_waiting(history->spool))
        return HOP_OK;
    if (!history->store)
        return trouble_tell(&history->store_trouble, err);
    enum hop_rc rc = clock_agrees_by(history->store, deadline, err);
    if (rc != HOP_OK)
        return rc;
    return hop_spool_drain_by(history->spool, hop_clock_epoch_ms(), batch_flush, &flush, deadline,
                              ret_flushed, err);
}

enum hop_rc hop_history_flush_by(struct hop_history *history, struct hop_deadline deadline,
                                 size_t *ret_flushed, size_t *ret_left, struct hop_error *err)
{
    struct hop_error uncounted;
    enum hop_rc rc = flush_by(history, deadline, ret_flushed, err);
    enum hop_rc counted = hop_history_spooled(history, ret_left, &uncounted);
    return rc == HOP_OK && counted != HOP_OK ? trouble_tell(&uncounted, err) : rc;
}

enum hop_rc hop_history_spooled(struct hop_history *history, size_t *ret_count,
                                struct hop_error *err)
{
    *ret_count = 0;
    if (history->role != HOP_HISTORY_WRITER)
        return HOP_OK;
    return hop_spool_count(history->spool, ret_count, err);
}

/* --- record --- */

/* Evictions were reckoned from what was recalled. Written much later they would take away what
 * others have seen since, and the next lesson reckons anew. Sessions' fields are no sightings. */
static bool is_eviction(const struct hop_write *write)
{
    enum hop_kind kind;
    struct hop_span value;
    return write->kind == HOP_WRITE_DROP &&
           hop_field_parse(hop_span_of(write->field), &kind, &value);
}

/* All other writes are joins: they may pass those that wait. */
static bool keeps_its_place(const struct hop_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        const struct hop_write *write = &batch->writes[i];
        if (write->kind == HOP_WRITE_FIELD ||
            (write->kind == HOP_WRITE_DROP && !is_eviction(write)))
            return true;
    }
    return false;
}

static enum hop_rc text_of(const struct hop_batch *batch, char **ret_text, struct hop_error *err)
{
    struct hop_batch lasting = {.writes = calloc(batch->count + 1, sizeof *batch->writes)};
    if (!lasting.writes)
        return hop_error_set(err, HOP_NOMEM, "spool: no memory");
    for (size_t i = 0; i < batch->count; i++)
        if (!is_eviction(&batch->writes[i]))
            lasting.writes[lasting.count++] = batch->writes[i];
    enum hop_rc rc = hop_batch_put(&lasting, ret_text, err);
    free(lasting.writes);
    return rc;
}

static enum hop_rc spool_by(struct hop_history *history, const struct hop_batch *batch,
                            struct hop_deadline deadline, struct hop_error *err)
{
    char *text;
    enum hop_rc rc = text_of(batch, &text, err);
    if (rc != HOP_OK)
        return rc;
    rc =
        hop_spool_append_by(history->spool, hop_span_of(text), hop_clock_epoch_ms(), deadline, err);
    free(text);
    return rc;
}

static enum hop_rc store_record_by(struct hop_history *history, const struct hop_batch *batch,
                                   struct hop_deadline deadline, struct hop_error *err)
{
    if (!history->store)
        return trouble_tell(&history->store_trouble, err);
    if (history->role != HOP_HISTORY_WRITER)
        return hop_store_write_by(history->store, batch, deadline, err);
    size_t flushed;
    if (keeps_its_place(batch) && hop_spool_waiting(history->spool)) {
        enum hop_rc rc = flush_by(history, share_of(deadline, FLUSH_SHARE), &flushed, err);
        if (hop_spool_waiting(history->spool))
            return rc != HOP_OK ? rc : hop_error_set(err, HOP_TIMEOUT, "history: records wait");
    }
    enum hop_rc rc =
        hop_store_write_by(history->store, batch, share_of(deadline, STORE_SHARE), err);
    if (rc == HOP_OK)
        flush_by(history, share_of(deadline, FLUSH_SHARE), &flushed, err);
    return rc;
}

enum hop_recorded hop_history_record_by(struct hop_history *history, const struct hop_batch *batch,
                                        bool straight_to_spool, struct hop_deadline deadline,
                                        struct hop_error *err)
{
    struct hop_error quiet, second;
    err = err ? err : &quiet;
    hop_error_clear(err);
    if (history->role == HOP_HISTORY_READER) {
        hop_error_set(err, HOP_DENIED, "history: helpers write nothing");
        return HOP_RECORDED_NOT;
    }
    bool spools = history->role == HOP_HISTORY_WRITER;
    if (!(straight_to_spool && spools) && store_record_by(history, batch, deadline, err) == HOP_OK)
        return HOP_RECORDED_STORE;
    if (!spools)
        return HOP_RECORDED_NOT;
    enum hop_rc rc = spool_by(history, batch, deadline, &second);
    if (rc == HOP_OK)
        return HOP_RECORDED_SPOOL;
    also(err, &second);
    err->rc = err->rc == HOP_OK ? rc : err->rc;
    return HOP_RECORDED_NOT;
}

enum hop_rc hop_history_remember_by(struct hop_history *history, const struct hop_login *login,
                                    const struct hop_reach *reach,
                                    const struct hop_recollection *recollection,
                                    struct hop_deadline deadline, struct hop_error *err)
{
    if (history->role != HOP_HISTORY_WRITER || recollection->source != HOP_RECALL_STORE)
        return HOP_OK;
    if (!history->fallback)
        return trouble_tell(&history->fallback_trouble, err);
    return hop_fallback_keep_by(history->fallback, login, reach, recollection, deadline, err);
}
