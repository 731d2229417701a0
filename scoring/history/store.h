/* SPDX-License-Identifier: Apache-2.0 */
/* A store of history: hashes, sets and capped logs under text keys, with writes that are joins.
 * Redis, SQLite and memory implement it and pass the same contract tests
 * (tests/unit/history/store_contract_test.c).
 *
 *   plan ──reads──> store ──replies──> codec            one round trip, one deadline
 *   plan ──batch──> store                               all or nothing; twice is once
 */
#ifndef HOP_STORE_H
#define HOP_STORE_H

#include "deadline.h"
#include "error.h"
#include "span.h"

#define HOP_STORE_KEY_MAX 1023
#define HOP_STORE_VALUE_MAX 65536
#define HOP_STORE_REPLY_MAX (8u << 20) /* bytes of one answer; more is a hostile or broken peer */
#define HOP_STORE_ITEMS_MAX 65536      /* fields or members of one answer */
#define HOP_STORE_LOG_MAX 100000000    /* largest cap of a log */
#define HOP_JOINED_MAX 511             /* longest value that a joining write leaves */

enum hop_read_kind {
    HOP_READ_TIME,      /* -> number: the store's clock, epoch ms; 0: it has none (memory) */
    HOP_READ_HASH,      /* all fields -> pairs */
    HOP_READ_FIELD,     /* one field -> present, pairs[0] */
    HOP_READ_HASH_SIZE, /* -> number; not of a profile, whose values a store may pack */
    HOP_READ_SAMPLE,    /* up to `limit` members (any) -> pairs[].field */
    HOP_READ_SET_SIZE,  /* -> number */
    HOP_READ_KIND_COUNT
};

struct hop_read {
    enum hop_read_kind kind;
    bool profile_will_do; /* of HOP_READ_HASH: the asker wants a profile, see hop_reply */
    unsigned limit;
    char key[HOP_STORE_KEY_MAX + 1];
    char field[HOP_STORE_KEY_MAX + 1];
};

struct hop_pair {
    struct hop_span field, value;
};

struct hop_profile;
struct hop_dayset;
struct hop_last;

/* Absent keys are empty hashes and sets, as in Redis. present: there is at least one pair. A store
 * that keeps profiles decoded may give `profile` in the place of the pairs where that will do: it
 * is the store's, and holds until the next write. */
struct hop_reply {
    bool present;
    const struct hop_profile *profile;
    int64_t number;
    struct hop_pair *pairs;
    size_t count;
};

/* One reply per read, in order. All bytes live in `memory`, a chain the store fills, or are the
 * store's own until the next write; hop_replies_done frees it all. */
struct hop_replies {
    struct hop_reply *items;
    size_t count;
    void *memory;
};
void hop_replies_init(struct hop_replies *replies);
void hop_replies_done(struct hop_replies *replies);
/* For store implementations: memory that lives as long as the replies; NULL when there is none
 * left. */
void *hop_replies_alloc(struct hop_replies *replies, size_t size);
/* `count` empty replies; false without memory. */
bool hop_replies_start(struct hop_replies *replies, size_t count);
/* Appends a pair, copied and NUL-terminated, to one of the replies. HOP_NOMEM, or HOP_MALFORMED
 * over HOP_STORE_REPLY_MAX or HOP_STORE_ITEMS_MAX of the whole answer. */
enum hop_rc hop_replies_add(struct hop_replies *replies, struct hop_reply *reply,
                            struct hop_span field, struct hop_span value);

/* The same without copying: for a store that keeps its bytes until the next write. */
enum hop_rc hop_replies_lend(struct hop_replies *replies, struct hop_reply *reply,
                             struct hop_span field, struct hop_span value);

enum hop_write_kind {
    HOP_WRITE_DAYS,   /* hash field: union with the day-set `value` */
    HOP_WRITE_LAST,   /* hash field: the later of two `last` registers */
    HOP_WRITE_LATEST, /* hash field: the larger of two decimal numbers */
    HOP_WRITE_FIELD,  /* hash field := value */
    HOP_WRITE_DROP,   /* hash field removed */
    HOP_WRITE_MEMBER, /* set: add `value` */
    HOP_WRITE_LEAVE,  /* set: remove `value` */
    HOP_WRITE_ERASE,  /* the key and all that it holds; for upkeep, never for a login */
    HOP_WRITE_LOG, /* log: append `value`, whose id is `field` (ULID); the newest `number` entries
                    * are kept, older ones only for a while */
    HOP_WRITE_KIND_COUNT
};

struct hop_write {
    enum hop_write_kind kind;
    int64_t number;
    char *key, *field, *value; /* the batch's; field or value may be NULL where unused */
    /* `value` of DAYS and LAST as hop_batch_add read it, the batch's, which made `value` its text;
     * NULL: not read yet */
    const struct hop_dayset *days;
    const struct hop_last *last;
};

struct hop_batch {
    struct hop_write *writes;
    size_t count, room;
    void *memory; /* what the writes point to: a chain of blocks */
};
void hop_batch_init(struct hop_batch *batch);
void hop_batch_done(struct hop_batch *batch);
/* Copies its arguments; a part that the kind does not use is dropped. HOP_LIMIT over
 * HOP_STORE_KEY_MAX or HOP_STORE_VALUE_MAX; HOP_MALFORMED for a part that is missing, or a value
 * that its join cannot read; HOP_NOMEM. Then nothing was added. */
enum hop_rc hop_batch_add(struct hop_batch *batch, enum hop_write_kind kind, const char *key,
                          const char *field, const char *value, int64_t number);

/* The same for a `last` register and a day-set, whose texts the batch makes; the set is one that
 * hop_dayset_add, _join or _parse made. */
enum hop_rc hop_batch_add_last(struct hop_batch *batch, const char *key, const char *field,
                               const struct hop_last *last);
enum hop_rc hop_batch_add_days(struct hop_batch *batch, const char *key, const char *field,
                               const struct hop_dayset *days);

/* DAYS, LAST and LATEST: the new value depends on the old one. */
bool hop_write_joins(enum hop_write_kind kind);
/* The value a field has after a joining write: `old` as stored (empty span: absent; malformed: as
 * absent), appended to *ret_value (HOP_JOINED_MAX suffices). false when the new value is malformed
 * or the kind does not join. *ret_changed tells
 * whether there is anything to write. Pure: all stores share it. */
bool hop_write_join(const struct hop_write *write, struct hop_span old, struct hop_text *ret_value,
                    bool *ret_changed);

/* A batch as text for the spool, and back. One write a line, parts percent-coded. HOP_MALFORMED
 * names the line; a last line without its newline was cut off. The caller frees *ret_text. */
enum hop_rc hop_batch_put(const struct hop_batch *batch, char **ret_text, struct hop_error *err);
enum hop_rc hop_batch_parse(struct hop_span text, struct hop_batch *ret_batch,
                            struct hop_error *err);

struct hop_store;

/* Entries of a log in order of writing, `value` NUL-terminated; return false to stop. */
typedef bool hop_log_visit(void *context, struct hop_span id, struct hop_span value);

/* Upkeep: walks over a whole store, page by page; each page is one exchange of bounded size, and no
 * login ever walks. A walk meets everything that is there from its begin to its end, perhaps more
 * than once; what comes or goes meanwhile perhaps. Visitors of keys and items may use the store. */
#define HOP_WALK_PAGE 256
enum hop_object { HOP_OBJECT_HASH, HOP_OBJECT_SET, HOP_OBJECT_LOG, HOP_OBJECT_COUNT };
struct hop_cursor { /* begin with {0} */
    bool ended;
    char at[HOP_STORE_KEY_MAX + 33]; /* the store's own */
};
typedef void hop_key_visit(void *context, const char *key, enum hop_object object);
/* `field` and `value` are NUL-terminated; a member is a field. */
typedef void hop_item_visit(void *context, struct hop_span field, struct hop_span value);
/* What becomes of an entry of a log. */
enum hop_weed { HOP_WEED_KEEP, HOP_WEED_REMOVE, HOP_WEED_STOP };
typedef enum hop_weed hop_log_weed(void *context, struct hop_span id, struct hop_span value);

struct hop_store_ops {
    const char *name; /* "redis", "sqlite", "memory" */
    enum hop_rc (*read_by)(struct hop_store *store, const struct hop_read *reads, size_t count,
                           struct hop_replies *ret_replies, struct hop_deadline deadline,
                           struct hop_error *err);
    enum hop_rc (*write_by)(struct hop_store *store, const struct hop_batch *batch,
                            struct hop_deadline deadline, struct hop_error *err);
    enum hop_rc (*log_by)(struct hop_store *store, const char *key, int64_t since_ms,
                          hop_log_visit *visit, void *context, struct hop_deadline deadline,
                          struct hop_error *err);
    enum hop_rc (*keys_by)(struct hop_store *store, const char *prefix, struct hop_cursor *cursor,
                           hop_key_visit *visit, void *context, struct hop_deadline deadline,
                           struct hop_error *err);
    enum hop_rc (*items_by)(struct hop_store *store, const char *key, enum hop_object object,
                            struct hop_cursor *cursor, hop_item_visit *visit, void *context,
                            struct hop_deadline deadline, struct hop_error *err);
    enum hop_rc (*weed_by)(struct hop_store *store, const char *key, hop_log_weed *weed,
                           void *context, size_t *ret_removed, struct hop_deadline deadline,
                           struct hop_error *err);
    void (*free)(struct hop_store *store);
};

/* The first member of every implementation. */
struct hop_store {
    const struct hop_store_ops *ops;
};

/* All replies or none: a partial answer is a failure. Connects when needed, within the deadline. */
enum hop_rc hop_store_read_by(struct hop_store *store, const struct hop_read *reads, size_t count,
                              struct hop_replies *ret_replies, struct hop_deadline deadline,
                              struct hop_error *err);
/* All or nothing (a cluster: slot by slot); when HOP_OK is returned the batch survives kill -9 of
 * this process (and, for SQLite, a power cut). After any failure the batch may or may not have been
 * applied: write it again, it is idempotent (logs: readers keep the first of equal ids). */
enum hop_rc hop_store_write_by(struct hop_store *store, const struct hop_batch *batch,
                               struct hop_deadline deadline, struct hop_error *err);
/* Visits the log's entries from `since_ms` (epoch, by ULID time; 0: all), oldest write first. Not
 * for the login path. */
enum hop_rc hop_store_log_by(struct hop_store *store, const char *key, int64_t since_ms,
                             hop_log_visit *visit, void *context, struct hop_deadline deadline,
                             struct hop_error *err);
/* The next page of the keys that begin with `prefix` and what each holds. After a failure the
 * cursor is where it was: ask again. */
enum hop_rc hop_store_keys_by(struct hop_store *store, const char *prefix,
                              struct hop_cursor *cursor, hop_key_visit *visit, void *context,
                              struct hop_deadline deadline, struct hop_error *err);
/* The next page of a hash's fields or a set's members. */
enum hop_rc hop_store_items_by(struct hop_store *store, const char *key, enum hop_object object,
                               struct hop_cursor *cursor, hop_item_visit *visit, void *context,
                               struct hop_deadline deadline, struct hop_error *err);
/* Goes through a log in order of writing and removes what `weed` says; entries that are none of
 * ours go too. *ret_removed counts also when it fails. */
enum hop_rc hop_store_weed_by(struct hop_store *store, const char *key, hop_log_weed *weed,
                              void *context, size_t *ret_removed, struct hop_deadline deadline,
                              struct hop_error *err);
void hop_store_free(struct hop_store **store);

/* Opening makes no connection and, for Redis, never blocks. */
enum hop_rc hop_store_memory_new(struct hop_store **ret_store, struct hop_error *err);

/* A profile's writer or, with `read_only`, the helpers' user who can write nothing. The file is
 * made if missing (mode 0640, WAL kept on close, folder's group); folder and file must be root's or
 * the caller's. Lock waits end at the deadline. */
enum hop_rc hop_store_sqlite_new(const char *path, bool read_only, struct hop_store **ret_store,
                                 struct hop_error *err);

/* TLS 1.2 and up to a server that one of these authorities vouches for. All of it is copied. */
struct hop_tls_setup {
    const char *ca;             /* certificates as PEM */
    const char *certificate;    /* ours with its chain as PEM, "": none */
    const char *key;            /* as PEM, where there is a certificate */
    const char *server_name;    /* name or address that the server proves; NULL, "": `host` */
    const char *session_folder; /* where sessions are kept; NULL: nowhere */
};

#define HOP_REDIS_ADDRESSES_MAX 4
#define HOP_FLEET_MAX 8 /* sentinels, or nodes of a cluster that are asked first */

struct hop_redis_setup {
    const char *unix_path; /* or NULL: then addresses and port */
    const char *address;   /* numeric; several, tried in turn while none is there, after blanks */
    const char *host;      /* what people call it, and TLS expects; NULL: the address */
    uint16_t port;
    int database;
    const char *user;                /* "" : none */
    const char *secret;              /* "" : none; copied */
    const struct hop_tls_setup *tls; /* NULL: none */
};
enum hop_rc hop_store_redis_new(const struct hop_redis_setup *setup, struct hop_store **ret_store,
                                struct hop_error *err);

/* Servers that find each other. */
struct hop_fleet_setup {
    const struct hop_redis_setup *seeds; /* those to ask; alike but for address, host and port */
    size_t count;
    const char *name;         /* Sentinel: the service */
    const char *route_folder; /* where the last answer is kept; NULL: nowhere */
    bool route_read_only;
};
/* The primary that most sentinels name, asked side by side; usually it is still the last one, which
 * is asked first. `secret` is told to sentinels too, and a sentinel that wants none is fine. */
enum hop_rc hop_store_sentinel_new(const struct hop_fleet_setup *setup,
                                   struct hop_store **ret_store, struct hop_error *err);
/* A Redis Cluster. A batch whose keys lie in several slots is no longer all or nothing: each slot's
 * part is, joins before what needs none, and logs when all else was written. What failed half-way
 * is written again as a whole, which is harmless. Reads of several nodes are not of one moment. */
enum hop_rc hop_store_cluster_new(const struct hop_fleet_setup *setup, struct hop_store **ret_store,
                                  struct hop_error *err);

#endif
