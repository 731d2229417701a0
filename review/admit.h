/* SPDX-License-Identifier: Apache-2.0 */
/* Logins out of a login log, as the engine would have seen them. */
#ifndef HOP_ADMIT_H
#define HOP_ADMIT_H

#include "command.h"

/* A login with the configuration's and the databases' facts, overridden by the entry's own. A
 * location of another country than the one the entry names is dropped. */
enum hop_rc hop_entry_admit(struct hop_desk *desk, const struct hop_entry *entry,
                            struct hop_login *ret_login, struct hop_error *err);

#endif
