/* SPDX-License-Identifier: Apache-2.0 */
/* Home's standing orders: freezes and permits, fields of one hash. */
#ifndef HOP_ORDER_H
#define HOP_ORDER_H

#include "command.h"

#define HOP_ORDER_MAX (HOP_STORE_KEY_MAX * 4)

struct hop_order {
    bool given;
    char value[HOP_ORDER_MAX + 1];
};

enum hop_rc hop_order_read(struct hop_desk *desk, const char *field, struct hop_order *ret_order,
                           struct hop_error *err);
/* `value` NULL takes it back. Only home may: a tenant's user of a shared store is refused. */
enum hop_rc hop_order_write(struct hop_desk *desk, const char *field, const char *value,
                            struct hop_error *err);

/* Calls for each, in no order. */
typedef void hop_order_visit(void *context, struct hop_span field, struct hop_span value);
enum hop_rc hop_orders_read(struct hop_desk *desk, hop_order_visit *visit, void *context,
                            struct hop_error *err);

#endif
