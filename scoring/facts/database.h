/* SPDX-License-Identifier: Apache-2.0 */
/* Inside facts/ only: one MaxMind DB file, and what its records say in the shapes that are about.
 */
#ifndef HOP_FACTS_DATABASE_H
#define HOP_FACTS_DATABASE_H

#include <maxminddb.h>

#include "address.h"
#include "error.h"
#include "login.h"

struct hop_database {
    bool open;
    MMDB_s mmdb;
};

/* Only a trusted file (see facts.h) is mapped. On failure *ret_database is untouched. */
enum hop_rc hop_database_open(const char *path, struct hop_database *ret_database,
                              struct hop_error *err);
void hop_database_done(struct hop_database *database);
/* HOP_NOT_FOUND when the database says nothing of the address, also because it holds IPv4 only;
 * HOP_IO when the file is damaged. */
enum hop_rc hop_database_find(const struct hop_database *database,
                              const struct hop_address *address, MMDB_entry_s *ret_entry);

/* Fills what `place` does not know yet. False when a value cannot be read because the file is
 * damaged; a value of an unexpected type or range is as good as none. */
bool hop_schema_read(const MMDB_entry_s *entry, struct hop_place *place);

#endif
