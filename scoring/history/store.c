/* SPDX-License-Identifier: Apache-2.0 */
#include "store.h"

#include "clock.h"

static enum hop_rc in_time(const struct hop_store *store, struct hop_deadline deadline,
                           struct hop_error *err)
{
    if (!hop_deadline_passed(deadline, hop_clock_monotonic_ns()))
        return HOP_OK;
    return hop_error_set(err, HOP_TIMEOUT, "%s: the deadline has passed", store->ops->name);
}

enum hop_rc hop_store_read_by(struct hop_store *store, const struct hop_read *reads, size_t count,
                              struct hop_replies *ret_replies, struct hop_deadline deadline,
                              struct hop_error *err)
{
    struct hop_replies replies;
    hop_replies_init(&replies);
    enum hop_rc rc = in_time(store, deadline, err);
    if (rc == HOP_OK && !hop_replies_start(&replies, count))
        rc = hop_error_set(err, HOP_NOMEM, "%s: no memory", store->ops->name);
    if (rc == HOP_OK)
        rc = store->ops->read_by(store, reads, count, &replies, deadline, err);
    if (rc != HOP_OK) {
        hop_replies_done(&replies);
        return rc;
    }
    hop_replies_done(ret_replies);
    *ret_replies = replies;
    return HOP_OK;
}

enum hop_rc hop_store_write_by(struct hop_store *store, const struct hop_batch *batch,
                               struct hop_deadline deadline, struct hop_error *err)
{
    if (!batch->count)
        return HOP_OK;
    enum hop_rc rc = in_time(store, deadline, err);
    return rc == HOP_OK ? store->ops->write_by(store, batch, deadline, err) : rc;
}

enum hop_rc hop_store_log_by(struct hop_store *store, const char *key, int64_t since_ms,
                             hop_log_visit *visit, void *context, struct hop_deadline deadline,
                             struct hop_error *err)
{
    enum hop_rc rc = in_time(store, deadline, err);
    if (rc == HOP_OK)
        rc = store->ops->log_by(store, key, since_ms, visit, context, deadline, err);
    return rc;
}

enum hop_rc hop_store_keys_by(struct hop_store *store, const char *prefix,
                              struct hop_cursor *cursor, hop_key_visit *visit, void *context,
                              struct hop_deadline deadline, struct hop_error *err)
{
    if (cursor->ended)
        return HOP_OK;
    enum hop_rc rc = in_time(store, deadline, err);
    if (rc == HOP_OK)
        rc = store->ops->keys_by(store, prefix, cursor, visit, context, deadline, err);
    return rc;
}

enum hop_rc hop_store_items_by(struct hop_store *store, const char *key, enum hop_object object,
                               struct hop_cursor *cursor, hop_item_visit *visit, void *context,
                               struct hop_deadline deadline, struct hop_error *err)
{
    if (cursor->ended)
        return HOP_OK;
    enum hop_rc rc = in_time(store, deadline, err);
    if (rc == HOP_OK)
        rc = store->ops->items_by(store, key, object, cursor, visit, context, deadline, err);
    return rc;
}

enum hop_rc hop_store_weed_by(struct hop_store *store, const char *key, hop_log_weed *weed,
                              void *context, size_t *ret_removed, struct hop_deadline deadline,
                              struct hop_error *err)
{
    *ret_removed = 0;
    enum hop_rc rc = in_time(store, deadline, err);
    if (rc == HOP_OK)
        rc = store->ops->weed_by(store, key, weed, context, ret_removed, deadline, err);
    return rc;
}

void hop_store_free(struct hop_store **store)
{
    if (*store)
        (*store)->ops->free(*store);
    *store = NULL;
}
