/* SPDX-License-Identifier: Apache-2.0 */
/* One host's history in one file.
 *
 *   meta(name, value)            format -> "1"
 *   hashes(key, field, value)    sets(key, member)    logs(key, seq, id, value), seq counts per key
 *
 * A handle lives for one phase of one login, so opening must be quick: the first to open reads the
 * whole log (-wal) again and has forgotten how much of it a checkpoint had copied. So there is no
 * checkpoint on close, and a commit that finds WAL_PAGES in the log empties it. The -wal and -shm
 * files stay, since readers who may not create them need them.
 */
#include "store.h"

#include "clock.h"
#include "encode.h"
#include "ulid.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FORMAT "1"
#define FILE_MODE 0640
#define WAL_PAGES 64
#define PAUSE_NS 500000     /* between two tries at a lock */
#define PROGRESS_STEPS 1000 /* of SQLite's machine between two looks at the clock */
#define LOG_PAGE 64         /* times HOP_STORE_VALUE_MAX is within HOP_STORE_REPLY_MAX */

enum statement {
    ST_BEGIN_READ,
    ST_BEGIN_WRITE,
    ST_COMMIT,
    ST_ROLLBACK,
    ST_HASH,
    ST_FIELD,
    ST_HASH_SIZE,
    ST_SAMPLE,
    ST_SET_SIZE,
    ST_FIELD_PUT,
    ST_FIELD_DROP,
    ST_MEMBER_ADD,
    ST_LOG_ADD,
    ST_LOG_TRIM,
    ST_LOG_PAGE,
    ST_COUNT
};

/* A sample is of the greatest members: of touches, which begin with their time, the newest. */
static const char *const statements[ST_COUNT] = {
    [ST_BEGIN_READ] = "BEGIN",
    [ST_BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [ST_COMMIT] = "COMMIT",
    [ST_ROLLBACK] = "ROLLBACK",
    [ST_HASH] = "SELECT field, value FROM hashes WHERE key = ?1",
    [ST_FIELD] = "SELECT field, value FROM hashes WHERE key = ?1 AND field = ?2",
    [ST_HASH_SIZE] = "SELECT count(*) FROM hashes WHERE key = ?1",
    [ST_SAMPLE] = "SELECT member, '' FROM sets WHERE key = ?1 ORDER BY member DESC LIMIT ?2",
    [ST_SET_SIZE] = "SELECT count(*) FROM sets WHERE key = ?1",
    [ST_FIELD_PUT] = "INSERT INTO hashes(key, field, value) VALUES(?1, ?2, ?3)"
                     " ON CONFLICT(key, field) DO UPDATE SET value = excluded.value",
    [ST_FIELD_DROP] = "DELETE FROM hashes WHERE key = ?1 AND field = ?2",
    [ST_MEMBER_ADD] = "INSERT INTO sets(key, member) VALUES(?1, ?2) ON CONFLICT DO NOTHING",
    [ST_LOG_ADD] = "INSERT INTO logs(key, seq, id, value) VALUES(?1,"
                   " 1 + coalesce((SELECT max(seq) FROM logs WHERE key = ?1), 0), ?2, ?3)",
    [ST_LOG_TRIM] = "DELETE FROM logs WHERE key = ?1"
                    " AND seq <= (SELECT max(seq) FROM logs WHERE key = ?1) - ?2",
    [ST_LOG_PAGE] = "SELECT id, value, seq FROM logs WHERE key = ?1 AND seq > ?2"
                    " ORDER BY seq LIMIT ?3",
};

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

struct sqlite_store {
    struct hop_store base;
    char *path;
    bool read_only;
    bool tidying; /* a checkpoint is under way: no lock is waited for */
    sqlite3 *db;  /* NULL until the first call and after a failure */
    sqlite3_stmt *prepared[ST_COUNT];
    struct hop_deadline deadline; /* of the call under way */
};

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
static enum hop_rc failed(const struct sqlite_store *store, int code, struct hop_error *err)
{
    enum hop_rc rc = rc_of(code, store->db ? sqlite3_system_errno(store->db) : 0);
    const char *words = sqlite3_errstr(code);
    if (store->db && (sqlite3_extended_errcode(store->db) & 0xff) == (code & 0xff))
        words = sqlite3_errmsg(store->db);
    char buffer[HOP_ERROR_TEXT_MAX];
    struct hop_text plain = hop_text_over(buffer, sizeof buffer);
    hop_plain_put(&plain, hop_span_of(words), 120);
    return hop_error_set(err, rc, "sqlite %s: %s", store->path, buffer);
}

static void store_close(struct sqlite_store *store)
{
    for (size_t i = 0; i < ST_COUNT; i++) {
        sqlite3_finalize(store->prepared[i]);
        store->prepared[i] = NULL;
    }
    sqlite3_close_v2(store->db);
    store->db = NULL;
}

static bool out_of_time(const struct sqlite_store *store)
{
    return hop_deadline_passed(store->deadline, hop_clock_monotonic_ns());
}

/* SQLite's own busy_timeout sleeps past its limit and begins anew at each lock. */
static int on_busy(void *context, int tries)
{
    (void)tries;
    const struct sqlite_store *store = context;
    if (store->tidying || out_of_time(store))
        return 0;
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    nanosleep(&pause, NULL);
    return 1;
}

/* Nobody is waited for: while others read, the log is copied as far as they allow, and a later
 * commit empties it. The commit itself stands whatever comes of this. */
static int on_commit(void *context, sqlite3 *db, const char *name, int pages)
{
    struct sqlite_store *store = context;
    if (pages < WAL_PAGES)
        return SQLITE_OK;
    store->tidying = true;
    if (sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) != SQLITE_OK)
        sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    store->tidying = false;
    return SQLITE_OK;
}

static int on_progress(void *context)
{
    return out_of_time(context);
}

static bool owned(const struct stat *status)
{
    return status->st_uid == 0 || status->st_uid == geteuid();
}

static enum hop_rc folder_check(const char *folder, struct stat *ret_status, struct hop_error *err)
{
    if (lstat(folder, ret_status) != 0)
        return hop_error_errno(err, errno == EACCES ? HOP_DENIED : HOP_IO, errno, "%s", folder);
    if (!S_ISDIR(ret_status->st_mode) || !owned(ret_status) || ret_status->st_mode & 022)
        return hop_error_set(err, HOP_UNTRUSTED,
                             "%s: must be a folder that only root (or its user)"
                             " can write to",
                             folder);
    return HOP_OK;
}

static enum hop_rc file_make(const char *path, const char *folder, struct hop_error *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno == EEXIST ? HOP_OK : hop_error_errno(err, HOP_IO, errno, "%s", path);
    close(fd);
    int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool kept = dir >= 0 && fsync(dir) == 0;
    int errnum = errno;
    if (dir >= 0)
        close(dir);
    return kept ? HOP_OK : hop_error_errno(err, HOP_IO, errnum, "%s", folder);
}

/* The folder's group reads, whatever the umask was: the file's mode is also that of its -wal and
 * -shm. By name, since closing any descriptor of a database drops the locks of the whole process
 * on it; nobody but its owner can rename in this folder. */
static enum hop_rc file_fit(const char *path, gid_t group, bool read_only, struct hop_error *err)
{
    struct stat status;
    if (lstat(path, &status) != 0) {
        enum hop_rc rc = errno == ENOENT ? HOP_NOT_FOUND : errno == EACCES ? HOP_DENIED : HOP_IO;
        return hop_error_errno(err, rc, errno, "%s", path);
    }
    if (!S_ISREG(status.st_mode) || status.st_nlink != 1 || !owned(&status) || status.st_mode & 022)
        return hop_error_set(err, HOP_UNTRUSTED,
                             "%s: must be a plain file of root (or its user)"
                             " that nobody else can write",
                             path);
    if (read_only)
        return HOP_OK;
    if (status.st_gid != group && lchown(path, (uid_t)-1, group) != 0)
        return hop_error_errno(err, HOP_IO, errno, "%s: change of group", path);
    if ((status.st_mode & 07777) != FILE_MODE && chmod(path, FILE_MODE) != 0)
        return hop_error_errno(err, HOP_IO, errno, "%s: change of mode", path);
    return HOP_OK;
}

static enum hop_rc side_file_fit(const char *path, const char *suffix, gid_t group, bool read_only,
                                 struct hop_error *err)
{
    char name[PATH_MAX + 8];
    struct hop_text text = hop_text_over(name, sizeof name);
    hop_text_put(&text, path);
    hop_text_put(&text, suffix);
    struct hop_error quiet;
    enum hop_rc rc = file_fit(name, group, read_only, &quiet);
    if (rc != HOP_OK && rc != HOP_NOT_FOUND)
        return hop_error_set(err, rc, "%s", quiet.text);
    return HOP_OK;
}

/* The folder's real name, then the file's own, so that SQLITE_OPEN_NOFOLLOW concerns only the
 * file. */
static enum hop_rc path_resolve(const char *path, char folder[PATH_MAX], char file[PATH_MAX],
                                struct hop_error *err)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) : 0;
    const char *name = slash ? slash + 1 : path;
    char given[PATH_MAX];
    if (!slash || !*name || len + strlen(name) + 8 >= PATH_MAX)
        return hop_error_set(err, HOP_LIMIT, "sqlite %.200s: not an absolute path", path);
    struct hop_span front = {path, len};
    if (!hop_span_copy(len ? front : hop_span_of("/"), given, sizeof given))
        return hop_error_set(err, HOP_LIMIT, "sqlite %.200s: too long", path);
    if (!realpath(given, folder))
        return hop_error_errno(err, errno == EACCES ? HOP_DENIED : HOP_IO, errno, "sqlite %.200s",
                               path);
    struct hop_text text = hop_text_over(file, PATH_MAX);
    hop_text_put(&text, strcmp(folder, "/") == 0 ? "" : folder);
    hop_text_put_char(&text, '/');
    hop_text_put(&text, name);
    return text.cut ? hop_error_set(err, HOP_LIMIT, "sqlite %.200s: too long", path) : HOP_OK;
}

static enum hop_rc files_fit(const struct sqlite_store *store, char file[PATH_MAX],
                             struct hop_error *err)
{
    char folder[PATH_MAX];
    struct stat status;
    enum hop_rc rc = path_resolve(store->path, folder, file, err);
    if (rc == HOP_OK)
        rc = folder_check(folder, &status, err);
    if (rc == HOP_OK && !store->read_only)
        rc = file_make(file, folder, err);
    if (rc == HOP_OK)
        rc = file_fit(file, status.st_gid, store->read_only, err);
    if (rc == HOP_OK)
        rc = side_file_fit(file, "-wal", status.st_gid, store->read_only, err);
    if (rc == HOP_OK)
        rc = side_file_fit(file, "-shm", status.st_gid, store->read_only, err);
    return rc;
}

static void connection_configure(struct sqlite_store *store)
{
    int on = 1;
    sqlite3_extended_result_codes(store->db, 1);
    sqlite3_busy_handler(store->db, on_busy, store);
    sqlite3_progress_handler(store->db, PROGRESS_STEPS, on_progress, store);
    sqlite3_wal_hook(store->db, on_commit, store);
    sqlite3_limit(store->db, SQLITE_LIMIT_LENGTH, (int)HOP_STORE_REPLY_MAX);
    sqlite3_limit(store->db, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_file_control(store->db, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
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

static enum hop_rc format_check(const struct sqlite_store *store, const char *format,
                                struct hop_error *err)
{
    if (strcmp(format, FORMAT) == 0)
        return HOP_OK;
    return hop_error_set(err, HOP_UNSUPPORTED,
                         "sqlite %s: a history of another format than " FORMAT, store->path);
}

/* A file without any table becomes a history; a file with others is somebody else's. */
static int history_make(struct sqlite_store *store, enum hop_rc *ret_rc, struct hop_error *err)
{
    char count[24] = "";
    int code = scalar(store->db,
                      "SELECT count(*) FROM sqlite_schema WHERE name NOT IN ('hashes', 'sets',"
                      " 'logs', 'meta') AND name NOT LIKE 'sqlite_%'",
                      count, sizeof count);
    if (code != SQLITE_ROW)
        return code;
    if (strcmp(count, "0") != 0) {
        *ret_rc = hop_error_set(err, HOP_UNSUPPORTED, "sqlite %s: not a history", store->path);
        return SQLITE_OK;
    }
    if (store->read_only) {
        *ret_rc = hop_error_set(err, HOP_NOT_FOUND, "sqlite %s: holds no history yet", store->path);
        return SQLITE_OK;
    }
    code = sqlite3_exec(store->db, schema, NULL, NULL, NULL);
    if (code != SQLITE_OK && !sqlite3_get_autocommit(store->db))
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    return code;
}

/* Returns SQLite's code; a refusal that is ours goes to *ret_rc. */
static int history_check(struct sqlite_store *store, enum hop_rc *ret_rc, struct hop_error *err)
{
    char format[24] = "";
    int code = sqlite3_exec(store->db, pragmas, NULL, NULL, NULL);
    if (code == SQLITE_OK && !store->read_only)
        code = sqlite3_exec(store->db, writer_pragmas, NULL, NULL, NULL);
    if (code != SQLITE_OK)
        return code;
    code = scalar(store->db, "SELECT value FROM meta WHERE name = 'format'", format, sizeof format);
    if (code == SQLITE_DONE || code == SQLITE_ERROR)
        return history_make(store, ret_rc, err);
    if (code != SQLITE_ROW)
        return code;
    *ret_rc = format_check(store, format, err);
    return SQLITE_OK;
}

/* The change to WAL, done once in a file's life, answers "busy" without asking the handler. */
static bool worth_retrying(struct sqlite_store *store, int code)
{
    int primary = code & 0xff;
    return (primary == SQLITE_BUSY || primary == SQLITE_LOCKED) && on_busy(store, 0);
}

static enum hop_rc store_open(struct sqlite_store *store, struct hop_error *err)
{
    if (store->db)
        return HOP_OK;
    char file[PATH_MAX];
    enum hop_rc rc = files_fit(store, file, err);
    if (rc != HOP_OK)
        return rc;
    int flags = store->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    int code =
        sqlite3_open_v2(file, &store->db, flags | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK) {
        connection_configure(store);
        do {
            code = history_check(store, &rc, err);
        } while (worth_retrying(store, code));
    }
    if (code != SQLITE_OK)
        rc = failed(store, code, err);
    if (rc != HOP_OK)
        store_close(store);
    return rc;
}

/* A statement ready to be bound, prepared at its first use. */
static int statement_get(struct sqlite_store *store, enum statement which,
                         sqlite3_stmt **ret_statement)
{
    sqlite3_stmt **slot = &store->prepared[which];
    int code = SQLITE_OK;
    if (!*slot)
        code = sqlite3_prepare_v3(store->db, statements[which], -1, SQLITE_PREPARE_PERSISTENT, slot,
                                  NULL);
    *ret_statement = *slot;
    return code;
}

/* Strings outlive the step: nothing is copied. NULL ends the list early. */
static int bind_strings(sqlite3_stmt *statement, const char *one, const char *two,
                        const char *three)
{
    const char *strings[] = {one, two, three};
    int code = SQLITE_OK;
    for (int i = 0; i < 3 && strings[i] && code == SQLITE_OK; i++)
        code = sqlite3_bind_text(statement, i + 1, strings[i], -1, SQLITE_STATIC);
    return code;
}

/* Runs a statement that yields no rows. */
static int run(struct sqlite_store *store, enum statement which, const char *one, const char *two,
               const char *three)
{
    sqlite3_stmt *statement;
    int code = statement_get(store, which, &statement);
    if (code == SQLITE_OK)
        code = bind_strings(statement, one, two, three);
    if (code != SQLITE_OK)
        return code;
    code = sqlite3_step(statement);
    sqlite3_reset(statement);
    return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : code;
}

static struct hop_span column(sqlite3_stmt *statement, int index)
{
    const char *at = sqlite3_column_blob(statement, index);
    int len = sqlite3_column_bytes(statement, index);
    return at ? (struct hop_span){at, (size_t)len} : hop_span_of("");
}

/* Every row becomes a pair of its first two columns. */
static int pairs_read(sqlite3_stmt *statement, struct hop_replies *replies, struct hop_reply *reply,
                      enum hop_rc *ret_rc)
{
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        enum hop_rc rc =
            hop_replies_add(replies, reply, column(statement, 0), column(statement, 1));
        if (rc == HOP_OK)
            continue;
        *ret_rc = rc;
        return SQLITE_OK;
    }
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

static int number_read(sqlite3_stmt *statement, struct hop_reply *reply)
{
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        reply->number = sqlite3_column_int64(statement, 0);
    return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

static const enum statement statement_of[HOP_READ_KIND_COUNT] = {
    [HOP_READ_HASH] = ST_HASH,           [HOP_READ_FIELD] = ST_FIELD,
    [HOP_READ_HASH_SIZE] = ST_HASH_SIZE, [HOP_READ_SAMPLE] = ST_SAMPLE,
    [HOP_READ_SET_SIZE] = ST_SET_SIZE,
};

static int read_one(struct sqlite_store *store, const struct hop_read *read,
                    struct hop_replies *replies, struct hop_reply *reply, enum hop_rc *ret_rc)
{
    if (read->kind == HOP_READ_TIME || read->kind >= HOP_READ_KIND_COUNT) {
        reply->number = hop_clock_epoch_ms();
        return SQLITE_OK;
    }
    sqlite3_stmt *statement;
    int code = statement_get(store, statement_of[read->kind], &statement);
    const char *field = read->kind == HOP_READ_FIELD ? read->field : NULL;
    if (code == SQLITE_OK)
        code = bind_strings(statement, read->key, field, NULL);
    if (code == SQLITE_OK && read->kind == HOP_READ_SAMPLE)
        code = sqlite3_bind_int64(statement, 2, read->limit);
    if (code != SQLITE_OK)
        return code;
    bool number = read->kind == HOP_READ_HASH_SIZE || read->kind == HOP_READ_SET_SIZE;
    code = number ? number_read(statement, reply) : pairs_read(statement, replies, reply, ret_rc);
    sqlite3_reset(statement);
    return code;
}

/* Ends the transaction that a failure left open. After anything but a lost race for a lock or for
 * time the connection is given up, so that the next call finds the file as it then is. */
static enum hop_rc give_up(struct sqlite_store *store, int code, enum hop_rc rc,
                           struct hop_error *err)
{
    if (code != SQLITE_OK)
        rc = failed(store, code, err);
    else
        hop_error_set(err, rc, "sqlite %s: %s", store->path, hop_rc_word(rc));
    sqlite3_progress_handler(store->db, 0, NULL, NULL);
    if (!sqlite3_get_autocommit(store->db))
        run(store, ST_ROLLBACK, NULL, NULL, NULL);
    sqlite3_progress_handler(store->db, PROGRESS_STEPS, on_progress, store);
    sqlite3_wal_hook(store->db, on_commit, store);
    if (rc != HOP_TIMEOUT || !sqlite3_get_autocommit(store->db))
        store_close(store);
    return rc;
}

static enum hop_rc sqlite_read_by(struct hop_store *base, const struct hop_read *reads,
                                  size_t count, struct hop_replies *replies,
                                  struct hop_deadline deadline, struct hop_error *err)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    store->deadline = deadline;
    enum hop_rc rc = store_open(store, err);
    if (rc != HOP_OK)
        return rc;
    int code = run(store, ST_BEGIN_READ, NULL, NULL, NULL);
    for (size_t i = 0; i < count && code == SQLITE_OK && rc == HOP_OK; i++)
        code = read_one(store, &reads[i], replies, &replies->items[i], &rc);
    if (code == SQLITE_OK && rc == HOP_OK)
        code = run(store, ST_COMMIT, NULL, NULL, NULL);
    return code == SQLITE_OK && rc == HOP_OK ? HOP_OK : give_up(store, code, rc, err);
}

static int field_join(struct sqlite_store *store, const struct hop_write *write)
{
    sqlite3_stmt *statement;
    int code = statement_get(store, ST_FIELD, &statement);
    if (code == SQLITE_OK)
        code = bind_strings(statement, write->key, write->field, NULL);
    if (code != SQLITE_OK)
        return code;
    char buffer[HOP_JOINED_MAX + 1];
    struct hop_text joined = hop_text_over(buffer, sizeof buffer);
    struct hop_span old = {0};
    bool changed = false;
    code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        old = column(statement, 1);
    bool sound = hop_write_join(write, old, &joined, &changed);
    sqlite3_reset(statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return code;
    if (!sound || !changed)
        return SQLITE_OK;
    return run(store, ST_FIELD_PUT, write->key, write->field, buffer);
}

static int log_add(struct sqlite_store *store, const struct hop_write *write)
{
    sqlite3_stmt *statement;
    int code = run(store, ST_LOG_ADD, write->key, write->field, write->value);
    if (code == SQLITE_OK)
        code = statement_get(store, ST_LOG_TRIM, &statement);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(statement, 2, write->number);
    if (code == SQLITE_OK)
        code = run(store, ST_LOG_TRIM, write->key, NULL, NULL);
    return code;
}

static int write_one(struct sqlite_store *store, const struct hop_write *write)
{
    switch (write->kind) {
    case HOP_WRITE_DAYS:
    case HOP_WRITE_LAST:
    case HOP_WRITE_LATEST:
        return field_join(store, write);
    case HOP_WRITE_FIELD:
        return run(store, ST_FIELD_PUT, write->key, write->field, write->value);
    case HOP_WRITE_DROP:
        return run(store, ST_FIELD_DROP, write->key, write->field, NULL);
    case HOP_WRITE_MEMBER:
        return run(store, ST_MEMBER_ADD, write->key, write->value, NULL);
    case HOP_WRITE_LOG:
        return log_add(store, write);
    case HOP_WRITE_KIND_COUNT:
        break;
    }
    return SQLITE_MISUSE;
}

static enum hop_rc sqlite_write_by(struct hop_store *base, const struct hop_batch *batch,
                                   struct hop_deadline deadline, struct hop_error *err)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    store->deadline = deadline;
    enum hop_rc rc = store_open(store, err);
    if (rc != HOP_OK)
        return rc;
    int code = run(store, ST_BEGIN_WRITE, NULL, NULL, NULL);
    for (size_t i = 0; i < batch->count && code == SQLITE_OK; i++)
        code = write_one(store, &batch->writes[i]);
    if (code == SQLITE_OK)
        code = run(store, ST_COMMIT, NULL, NULL, NULL);
    return code == SQLITE_OK ? HOP_OK : give_up(store, code, HOP_OK, err);
}

struct log_walk {
    int64_t since_ms, seq;
    hop_log_visit *visit;
    void *context;
    bool stopped;
};

/* One page; *ret_rows tells how many rows it had. The transaction ends with each page, so that a
 * slow visitor holds no checkpoint up. */
static int log_page(struct sqlite_store *store, const char *key, struct log_walk *walk,
                    struct hop_replies *page, enum hop_rc *ret_rc)
{
    sqlite3_stmt *statement;
    int code = statement_get(store, ST_LOG_PAGE, &statement);
    if (code == SQLITE_OK)
        code = bind_strings(statement, key, NULL, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(statement, 2, walk->seq);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int(statement, 3, LOG_PAGE);
    if (code != SQLITE_OK)
        return code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW && *ret_rc == HOP_OK) {
        *ret_rc = hop_replies_add(page, page->items, column(statement, 0), column(statement, 1));
        walk->seq = sqlite3_column_int64(statement, 2);
    }
    sqlite3_reset(statement);
    return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : code;
}

static void page_visit(const struct hop_reply *page, struct log_walk *walk)
{
    for (size_t i = 0; i < page->count && !walk->stopped; i++) {
        struct hop_span id = page->pairs[i].field;
        if (walk->since_ms > 0 && hop_ulid_time_ms(id) < walk->since_ms)
            continue;
        walk->stopped = !walk->visit(walk->context, id, page->pairs[i].value);
    }
}

static enum hop_rc sqlite_log_by(struct hop_store *base, const char *key, int64_t since_ms,
                                 hop_log_visit *visit, void *context, struct hop_deadline deadline,
                                 struct hop_error *err)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    store->deadline = deadline;
    struct log_walk walk = {.since_ms = since_ms, .visit = visit, .context = context};
    enum hop_rc rc = store_open(store, err);
    for (bool more = true; more && rc == HOP_OK && !walk.stopped;) {
        struct hop_replies page;
        hop_replies_init(&page);
        int code = SQLITE_OK;
        rc = hop_replies_start(&page, 1) ? HOP_OK : HOP_NOMEM;
        if (rc == HOP_OK)
            code = log_page(store, key, &walk, &page, &rc);
        if (code != SQLITE_OK || rc != HOP_OK) {
            rc = give_up(store, code, rc, err);
        } else {
            page_visit(page.items, &walk);
            more = page.items->count == LOG_PAGE;
        }
        hop_replies_done(&page);
    }
    return rc;
}

static void sqlite_free(struct hop_store *base)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    store_close(store);
    free(store->path);
    free(store);
}

static const struct hop_store_ops sqlite_ops = {
    .name = "sqlite",
    .read_by = sqlite_read_by,
    .write_by = sqlite_write_by,
    .log_by = sqlite_log_by,
    .free = sqlite_free,
};

enum hop_rc hop_store_sqlite_new(const char *path, bool read_only, struct hop_store **ret_store,
                                 struct hop_error *err)
{
    struct sqlite_store *store = calloc(1, sizeof *store);
    char *copy = strdup(path);
    if (!store || !copy) {
        free(copy);
        free(store);
        return hop_error_set(err, HOP_NOMEM, "sqlite: no memory");
    }
    *store = (struct sqlite_store){.base.ops = &sqlite_ops, .path = copy, .read_only = read_only};
    *ret_store = &store->base;
    return HOP_OK;
}
