/* SPDX-License-Identifier: Apache-2.0 */
/* Stores of every kind in a private folder, with a Redis server of their own. */
#ifndef HOP_TEST_STORE_FIXTURE_H
#define HOP_TEST_STORE_FIXTURE_H

#include <stdbool.h>
#include <sys/types.h>

#include "store.h"

enum store_kind {
    STORE_MEMORY,
    STORE_SQLITE,
    STORE_REDIS_UNIX, /* the default user's password */
    STORE_REDIS_TCP,  /* the default user's password, database 3 */
    STORE_REDIS_ACL,  /* TCP, a user of its own who may use the test's keys alone */
    STORE_REDIS_TLS,  /* the default user's password */
    STORE_REDIS_COUNT,
    STORE_SENTINEL = STORE_REDIS_COUNT, /* the same server, found through a sentinel */
    STORE_CLUSTER,                      /* three nodes; the keys of a test share a slot */
    STORE_KIND_COUNT
};

enum fixture_extent { FIXTURE_ALONE, FIXTURE_REDIS, FIXTURE_FLEET };

#define REDIS_PASSWORD "correct-horse'1"
#define REDIS_USER "hopper"
#define REDIS_USER_SECRET "battery-staple%2"

/* Made in main(), before the tests fork. */
struct store_fixture {
    char folder[64];      /* 0755, root's */
    char redis_path[128]; /* unix socket */
    char redis_port[8], tls_port_text[8];
    uint16_t port, tls_port;
    struct hop_tls_setup tls; /* that fits the server */
    pid_t redis;
    struct fleet *fleet; /* NULL: none */
};
extern struct store_fixture fixture;

void fixture_start(enum fixture_extent extent);
void fixture_stop(void);

/* A path in the folder; in a static buffer. */
const char *fixture_path(const char *name);
/* Makes sub-folder `name` (0750, setgid) and returns the path of `history.db` in it. */
const char *fixture_database(const char *name);

/* A handle of this kind; SQLite's file is the same for each call within one test. */
struct hop_store *store_open(enum store_kind kind);
struct hop_redis_setup redis_setup(enum store_kind kind);

/* A key of this test alone, whatever other tests or kinds use the same server. Four buffers take
 * turns. */
const char *test_key(enum store_kind kind, const char *name);

struct hop_deadline soon(void); /* ample */

/* Batches of one, and reads of one: the reply lives until the next call with the same
 * `replies`. */
void write_one(struct hop_store *store, enum hop_write_kind kind, const char *key,
               const char *field, const char *value, int64_t number);
const struct hop_reply *read_one(struct hop_store *store, enum hop_read_kind kind, const char *key,
                                 const char *field, unsigned limit, struct hop_replies *replies);
void batch_put(struct hop_batch *batch, enum hop_write_kind kind, const char *key,
               const char *field, const char *value, int64_t number);
void batch_write(struct hop_store *store, const struct hop_batch *batch);
/* The pair whose field is `field`; NULL. */
const struct hop_pair *pair_of(const struct hop_reply *reply, const char *field);
/* The stored value of a field, "" when absent; in a static buffer. */
const char *field_value(struct hop_store *store, const char *key, const char *field);

int descriptors_open(void);

/* The text of a file in the folder; eight buffers take turns. */
const char *fixture_contents(const char *name);
/* A command that has to succeed, over the unix socket as the default user. */
void administer(size_t count, const char *const *words);
#define ADMINISTER(...)                                                                            \
    administer(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *),                        \
               (const char *const[]){__VA_ARGS__})

/* A check program of tests that may loop over a range of kinds. */
struct looped {
    const void *test; /* const TTest * */
    int from, to;
};
int suite_run(const char *name, enum fixture_extent extent, const struct looped *tests,
              size_t count);

#define EACH_STORE(test)                                                                           \
    {                                                                                              \
        (test), 0, STORE_KIND_COUNT                                                                \
    }
#define EACH_SHARED_STORE(test)                                                                    \
    {                                                                                              \
        (test), STORE_SQLITE, STORE_KIND_COUNT                                                     \
    }
#define EACH_REDIS(test)                                                                           \
    {                                                                                              \
        (test), STORE_REDIS_UNIX, STORE_REDIS_COUNT                                                \
    }
#define ONCE(test)                                                                                 \
    {                                                                                              \
        (test), 0, 1                                                                               \
    }

#define HOP_LOOPED_SUITE(name, extent, ...)                                                        \
    int main(void)                                                                                 \
    {                                                                                              \
        const struct looped tests[] = {__VA_ARGS__};                                               \
        return suite_run(name, extent, tests, sizeof tests / sizeof tests[0]);                     \
    }

#endif
