/* SPDX-License-Identifier: Apache-2.0 */
/* A connection to one history file, bound to the deadline of the call under way. */
#ifndef HOP_SQLITE_CONNECTION_H
#define HOP_SQLITE_CONNECTION_H

#include <sqlite3.h>

#include "deadline.h"
#include "error.h"
#include "span.h"

/* SQLite's own way to the operating system, save that it sleeps no longer than the deadline. */
struct hop_sqlite_vfs {
    sqlite3_vfs vfs; /* first: SQLite hands back a pointer to it */
    const struct hop_deadline *deadline;
    char name[48];
};

/* Stays where it is while open: SQLite points back into it. */
struct hop_sqlite {
    char *path;
    bool read_only;
    sqlite3 *db;                  /* NULL: closed */
    struct hop_deadline deadline; /* of the call under way; set before each */
    int wal_pages;                /* in the write-ahead log after the last commit */
    struct hop_sqlite_vfs vfs;
};

/* Opens the file unless that is done; a writer makes it if missing. */
enum hop_rc hop_sqlite_open_by(struct hop_sqlite *connection, struct hop_error *err);
/* Every statement must have been finalized. */
void hop_sqlite_close(struct hop_sqlite *connection);
/* SQLite's result code as an error of ours. */
enum hop_rc hop_sqlite_failed(const struct hop_sqlite *connection, int code, struct hop_error *err);
/* Ends a transaction that a failure left open, however late it is. False when it cannot. */
bool hop_sqlite_roll_back(struct hop_sqlite *connection);
/* After a commit: empties a write-ahead log that has grown, if nobody is reading it. */
void hop_sqlite_tidy(struct hop_sqlite *connection);

#endif
