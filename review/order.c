/* SPDX-License-Identifier: Apache-2.0 */
#include "order.h"

static void put_key(const struct hop_desk *desk, char *key, size_t size)
{
    struct hop_text text = hop_text_over(key, size);
    hop_key_freeze(&text, &desk->reach);
}

enum hop_rc hop_order_read(struct hop_desk *desk, const char *field, struct hop_order *ret_order,
                           struct hop_error *err)
{
    struct hop_read read = {.kind = HOP_READ_FIELD};
    struct hop_replies replies;
    put_key(desk, read.key, sizeof read.key);
    hop_string_copy(read.field, sizeof read.field, field);
    hop_replies_init(&replies);
    enum hop_rc rc =
        hop_store_read_by(desk->store, &read, 1, &replies, hop_command_deadline(), err);
    if (rc == HOP_OK) {
        const struct hop_reply *reply = &replies.items[0];
        ret_order->given = reply->present && reply->count > 0;
        ret_order->value[0] = '\0';
        if (ret_order->given)
            hop_span_copy(reply->pairs[0].value, ret_order->value, sizeof ret_order->value);
    }
    hop_replies_done(&replies);
    return rc;
}

enum hop_rc hop_order_write(struct hop_desk *desk, const char *field, const char *value,
                            struct hop_error *err)
{
    char key[HOP_STORE_KEY_MAX + 1];
    struct hop_batch batch;
    put_key(desk, key, sizeof key);
    hop_batch_init(&batch);
    enum hop_rc rc =
        hop_batch_add(&batch, value ? HOP_WRITE_FIELD : HOP_WRITE_DROP, key, field, value, 0);
    if (rc == HOP_OK)
        rc = hop_store_write_by(desk->store, &batch, hop_command_deadline(), err);
    else
        hop_error_set(err, rc, "%s: cannot be written", field);
    hop_batch_done(&batch);
    return rc;
}

enum hop_rc hop_orders_read(struct hop_desk *desk, hop_order_visit *visit, void *context,
                            struct hop_error *err)
{
    struct hop_read read = {.kind = HOP_READ_HASH};
    struct hop_replies replies;
    put_key(desk, read.key, sizeof read.key);
    hop_replies_init(&replies);
    enum hop_rc rc =
        hop_store_read_by(desk->store, &read, 1, &replies, hop_command_deadline(), err);
    for (size_t i = 0; rc == HOP_OK && i < replies.items[0].count; i++)
        visit(context, replies.items[0].pairs[i].field, replies.items[0].pairs[i].value);
    hop_replies_done(&replies);
    return rc;
}
