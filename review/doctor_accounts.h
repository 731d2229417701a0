/* SPDX-License-Identifier: Apache-2.0 */
/* The accounts of this host that are judged: those of its user database that are in scope. */
#ifndef HOP_DOCTOR_ACCOUNTS_H
#define HOP_DOCTOR_ACCOUNTS_H

#include "command.h"

#define HOP_ACCOUNTS_MAX 256

struct hop_account {
    char name[HOP_NAME_MAX + 1];
    enum hop_class class;
};

struct hop_accounts {
    struct hop_account *items;
    size_t count;
    bool cut; /* there are more than HOP_ACCOUNTS_MAX */
};

/* In the order of their names. The user database may ask the network (LDAP). The caller frees with
 * hop_accounts_done. HOP_NOMEM. */
enum hop_rc hop_accounts_collect(const struct hop_conf *conf, struct hop_accounts *ret_accounts);
void hop_accounts_done(struct hop_accounts *accounts);

#endif
