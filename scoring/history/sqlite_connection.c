/* SPDX-License-Identifier: Apache-2.0 */
/* A connection lives for one phase of one login, so opening and closing must be quick: no
 * checkpoint on close. The first to open reads the whole write-ahead log, so that is kept short;
 * SQLite's automatic checkpoint does not empty it, for which the same connection would have to
 * write again. The -wal and -shm files stay, since readers who may not create them need them.
 */
#include "sqlite_connection.h"

#include "clock.h"
#include "encode.h"
#include "sqlite_files.h"
#include "store.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define FORMAT "1"
#define WAL_PAGES_MAX 64    /* before it is emptied */
#define PAUSE_US 500        /* between two tries at a lock */
#define PROGRESS_STEPS 1000 /* of SQLite's machine between two looks at the clock */

/* What one connection is set to. Nothing in the file may run: no triggers, views or functions of
 * its schema; no memory map of it either, which a truncated file would turn into SIGBUS. */
static const char pragmas[] = "PRAGMA trusted_schema = OFF;"
                              "PRAGMA cell_size_check = ON;"
                              "PRAGMA mmap_size = 0;"
                              "PRAGMA temp_store = MEMORY;";
static const char writer_pragmas[] = "PRAGMA journal_mode = WAL;"
                                     "PRAGMA synchronous = FULL;";

static const char schema[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS hashes(key TEXT NOT NULL, field TEXT NOT NULL,"
    " value TEXT NOT NULL, PRIMARY KEY(key, field)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS sets(key TEXT NOT NULL, member TEXT NOT NULL,"
    " PRIMARY KEY(key, member)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS logs(key TEXT NOT NULL, seq INTEGER NOT NULL, id TEXT NOT NULL,"
    " value TEXT NOT NULL, UNIQUE(key, seq));"
    "INSERT OR IGNORE INTO meta VALUES('format', '" FORMAT "');"
    "COMMIT;";

static enum hop_rc rc_of(int code, int errnum)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return HOP_OK;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_INTERRUPT:
    case SQLITE_PROTOCOL:
        return HOP_TIMEOUT;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
        return HOP_MALFORMED;
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_READONLY:
        return HOP_DENIED;
    case SQLITE_CANTOPEN:
        return errnum == EACCES ? HOP_DENIED : HOP_IO;
    case SQLITE_NOMEM:
        return HOP_NOMEM;
    case SQLITE_TOOBIG:
        return HOP_LIMIT;
    default:
        return HOP_IO;
    }
}

/* SQLite's words may quote names out of the file. */
enum hop_rc hop_sqlite_failed(const struct hop_sqlite *connection, int code, struct hop_error *err)
{
    sqlite3 *db = connection->db;
    enum hop_rc rc = rc_of(code, db ? sqlite3_system_errno(db) : 0);
    const char *words = sqlite3_errstr(code);
    if (db && (sqlite3_extended_errcode(db) & 0xff) == (code & 0xff))
        words = sqlite3_errmsg(db);
    char buffer[HOP_ERROR_TEXT_MAX];
    struct hop_text plain = hop_text_over(buffer, sizeof buffer);
    hop_plain_put(&plain, hop_span_of(words), 120);
    return hop_error_set(err, rc, "sqlite %s: %s", connection->path, buffer);
}

static bool out_of_time(const struct hop_deadline *deadline)
{
    return hop_deadline_passed(*deadline, hop_clock_monotonic_ns());
}

/* At most until the deadline. */
static void rest(const struct hop_deadline *deadline, int us)
{
    int64_t left = deadline->at_ns - hop_clock_monotonic_ns(), ns = us * INT64_C(1000);
    if (left <= 0)
        return;
    ns = ns < left ? ns : left;
    const struct timespec pause = {.tv_sec = ns / HOP_NS_PER_S, .tv_nsec = ns % HOP_NS_PER_S};
    nanosleep(&pause, NULL);
}

/* SQLite's own busy_timeout sleeps past its limit and begins anew at each lock. */
static int on_busy(void *context, int tries)
{
    (void)tries;
    const struct hop_sqlite *connection = context;
    if (out_of_time(&connection->deadline))
        return 0;
    rest(&connection->deadline, PAUSE_US);
    return 1;
}

static int on_progress(void *context)
{
    const struct hop_sqlite *connection = context;
    return out_of_time(&connection->deadline);
}

static int on_commit(void *context, sqlite3 *db, const char *name, int pages)
{
    (void)db, (void)name;
    struct hop_sqlite *connection = context;
    connection->wal_pages = pages;
    return SQLITE_OK;
}

/* When others hold the locks of the write-ahead log's index (whoever may read the history can),
 * SQLite sleeps ten seconds in all, without asking the busy handler. */
static int on_sleep(sqlite3_vfs *vfs, int us)
{
    const struct hop_sqlite_vfs *ours = (const struct hop_sqlite_vfs *)vfs;
    rest(ours->deadline, us);
    return us;
}

static int vfs_register(struct hop_sqlite *connection)
{
    struct hop_sqlite_vfs *ours = &connection->vfs;
    int code = sqlite3_initialize();
    const sqlite3_vfs *unix_vfs = code == SQLITE_OK ? sqlite3_vfs_find("unix") : NULL;
    if (!unix_vfs)
        return code == SQLITE_OK ? SQLITE_ERROR : code;
    struct hop_text name = hop_text_over(ours->name, sizeof ours->name);
    hop_text_format(&name, "hopwarden-%p", (void *)connection);
    ours->vfs = *unix_vfs;
    ours->vfs.pNext = NULL;
    ours->vfs.zName = ours->name;
    ours->vfs.xSleep = on_sleep;
    ours->deadline = &connection->deadline;
    return sqlite3_vfs_register(&ours->vfs, 0);
}

void hop_sqlite_close(struct hop_sqlite *connection)
{
    sqlite3_close(connection->db);
    connection->db = NULL;
    sqlite3_vfs_unregister(&connection->vfs.vfs);
}

static void configure(struct hop_sqlite *connection)
{
    sqlite3 *db = connection->db;
    int on = 1;
    sqlite3_extended_result_codes(db, 1);
    sqlite3_busy_handler(db, on_busy, connection);
    sqlite3_progress_handler(db, PROGRESS_STEPS, on_progress, connection);
    sqlite3_wal_hook(db, on_commit, connection);
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, (int)HOP_STORE_REPLY_MAX);
    sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
}

/* The one text value of a query without parameters: SQLITE_ROW, SQLITE_DONE when it has no row, or
 * an error. */
static int scalar(sqlite3 *db, const char *sql, char *buffer, size_t size)
{
    sqlite3_stmt *statement;
    int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (code != SQLITE_OK)
        return code;
    code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(statement, 0);
        if (!text || !hop_string_copy(buffer, size, text))
            buffer[0] = '\0';
    }
    sqlite3_finalize(statement);
    return code;
}

static enum hop_rc format_check(const struct hop_sqlite *connection, const char *format,
                                struct hop_error *err)
{
    if (strcmp(format, FORMAT) == 0)
        return HOP_OK;
    return hop_error_set(err, HOP_UNSUPPORTED,
                         "sqlite %s: a history of another format than " FORMAT, connection->path);
}

/* A file without any table becomes a history; a file with others is somebody else's. */
static int history_make(struct hop_sqlite *connection, enum hop_rc *ret_rc, struct hop_error *err)
{
    char count[24] = "";
    int code = scalar(connection->db,
                      "SELECT count(*) FROM sqlite_schema WHERE name NOT IN ('hashes', 'sets',"
                      " 'logs', 'meta') AND name NOT LIKE 'sqlite_%'",
                      count, sizeof count);
    if (code != SQLITE_ROW)
        return code;
    if (strcmp(count, "0") != 0) {
        *ret_rc = hop_error_set(err, HOP_UNSUPPORTED, "sqlite %s: not a history", connection->path);
        return SQLITE_OK;
    }
    if (connection->read_only) {
        *ret_rc =
            hop_error_set(err, HOP_NOT_FOUND, "sqlite %s: holds no history yet", connection->path);
        return SQLITE_OK;
    }
    code = sqlite3_exec(connection->db, schema, NULL, NULL, NULL);
    if (code != SQLITE_OK && !sqlite3_get_autocommit(connection->db))
        sqlite3_exec(connection->db, "ROLLBACK", NULL, NULL, NULL);
    return code;
}

/* Returns SQLite's code; a refusal that is ours goes to *ret_rc. */
static int history_check(struct hop_sqlite *connection, enum hop_rc *ret_rc, struct hop_error *err)
{
    char format[24] = "";
    int code = sqlite3_exec(connection->db, pragmas, NULL, NULL, NULL);
    if (code == SQLITE_OK && !connection->read_only)
        code = sqlite3_exec(connection->db, writer_pragmas, NULL, NULL, NULL);
    if (code != SQLITE_OK)
        return code;
    code = scalar(connection->db, "SELECT value FROM meta WHERE name = 'format'", format,
                  sizeof format);
    if (code == SQLITE_DONE || code == SQLITE_ERROR)
        return history_make(connection, ret_rc, err);
    if (code != SQLITE_ROW)
        return code;
    *ret_rc = format_check(connection, format, err);
    return SQLITE_OK;
}

/* The change to WAL, done once in a file's life, answers "busy" without asking the handler. */
static bool worth_retrying(struct hop_sqlite *connection, int code)
{
    int primary = code & 0xff;
    return (primary == SQLITE_BUSY || primary == SQLITE_LOCKED) && on_busy(connection, 0);
}

enum hop_rc hop_sqlite_open_by(struct hop_sqlite *connection, struct hop_error *err)
{
    if (connection->db)
        return HOP_OK;
    char file[PATH_MAX];
    enum hop_rc rc = hop_sqlite_files_fit(connection->path, connection->read_only, file, err);
    if (rc != HOP_OK)
        return rc;
    int flags = connection->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    int code = vfs_register(connection);
    if (code == SQLITE_OK)
        code = sqlite3_open_v2(file, &connection->db,
                               flags | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX,
                               connection->vfs.name);
    if (code == SQLITE_OK) {
        configure(connection);
        do {
            code = history_check(connection, &rc, err);
        } while (worth_retrying(connection, code));
    }
    if (code != SQLITE_OK)
        rc = hop_sqlite_failed(connection, code, err);
    if (rc != HOP_OK)
        hop_sqlite_close(connection);
    return rc;
}

bool hop_sqlite_roll_back(struct hop_sqlite *connection)
{
    sqlite3 *db = connection->db;
    sqlite3_progress_handler(db, 0, NULL, NULL);
    if (!sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    sqlite3_progress_handler(db, PROGRESS_STEPS, on_progress, connection);
    return sqlite3_get_autocommit(db);
}

/* What is committed is safe where it is: nothing here is waited for, and a failure is no loss. */
void hop_sqlite_tidy(struct hop_sqlite *connection)
{
    if (connection->wal_pages < WAL_PAGES_MAX)
        return;
    sqlite3_busy_handler(connection->db, NULL, NULL);
    sqlite3_wal_checkpoint_v2(connection->db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    sqlite3_busy_handler(connection->db, on_busy, connection);
}
