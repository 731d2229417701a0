/* SPDX-License-Identifier: Apache-2.0 */
#include "moved.h"

#include <string.h>

static bool hash_kind(char list, struct hop_span field, enum hop_write_kind *ret_kind)
{
    enum hop_kind kind;
    struct hop_span value;
    if (list == 'd')
        *ret_kind = HOP_WRITE_LATEST;
    else if (list == 's' || list == 'f' || list == 'o')
        *ret_kind = HOP_WRITE_FIELD;
    else if (list != 'p')
        return false;
    else if (hop_span_is(field, HOP_FIELD_LAST))
        *ret_kind = HOP_WRITE_LAST;
    else if (hop_span_is(field, HOP_FIELD_STEP_UP))
        *ret_kind = HOP_WRITE_LATEST;
    else if (hop_field_parse(field, &kind, &value))
        *ret_kind = HOP_WRITE_DAYS;
    else
        return false;
    return true;
}

bool hop_moved_kind(const struct hop_key_parts *parts, enum hop_object object,
                    struct hop_span field, enum hop_write_kind *ret_kind)
{
    switch (object) {
    case HOP_OBJECT_HASH:
        return hash_kind(parts->list, field, ret_kind);
    case HOP_OBJECT_SET:
        *ret_kind = HOP_WRITE_MEMBER;
        return strchr("xyfqknd", parts->list) != NULL;
    case HOP_OBJECT_LOG:
        *ret_kind = HOP_WRITE_LOG;
        return parts->list == 'l';
    case HOP_OBJECT_COUNT:
        break;
    }
    return false;
}

enum hop_object hop_moved_object(enum hop_write_kind kind)
{
    if (kind == HOP_WRITE_LOG)
        return HOP_OBJECT_LOG;
    return kind == HOP_WRITE_MEMBER ? HOP_OBJECT_SET : HOP_OBJECT_HASH;
}

enum hop_rc hop_moved_keys(struct hop_store *store, const struct hop_reach *reach, const char *list,
                           hop_key_visit *visit, void *context, struct hop_error *err)
{
    char prefix[HOP_STORE_KEY_MAX + 1];
    struct hop_text text = hop_text_over(prefix, sizeof prefix);
    hop_text_put(&text, reach->prefix);
    hop_text_put(&text, list);
    struct hop_cursor cursor = {.ended = false};
    enum hop_rc rc = HOP_OK;
    while (rc == HOP_OK && !cursor.ended)
        rc = hop_store_keys_by(store, prefix, &cursor, visit, context, hop_command_deadline(), err);
    return rc;
}

enum hop_rc hop_moved_items(struct hop_store *store, const char *key, enum hop_object object,
                            hop_item_visit *visit, void *context, struct hop_error *err)
{
    struct hop_cursor cursor = {.ended = false};
    enum hop_rc rc = HOP_OK;
    while (rc == HOP_OK && !cursor.ended)
        rc = hop_store_items_by(store, key, object, &cursor, visit, context, hop_command_deadline(),
                                err);
    return rc;
}
