/* SPDX-License-Identifier: Apache-2.0 */
/* What the phases of one connection know of it, kept between processes (DESIGN 3).
 *
 *   auth   in [pam]  ──writes──>  <folder>/<pid of sshd's monitor>  ──read by──>  session in [priv]
 *   account in [pam] or [priv]         root only, on tmpfs
 *
 * A record is believed only if every fact in it holds for the connection at hand.
 */
#ifndef HOP_CONNECTION_H
#define HOP_CONNECTION_H

#include "engine.h"

#define HOP_CONNECTIONS "/run/hopwarden/connections"

enum hop_step_up { HOP_STEP_UP_NONE, HOP_STEP_UP_OPEN, HOP_STEP_UP_PASSED, HOP_STEP_UP_FAILED };

struct hop_connection {
    char magic[8]; /* HOP_CONNECTION_MAGIC; then the size: a cut or foreign file is no record */
    uint32_t size;
    uint32_t tries;         /* auth phases so far */
    uint64_t monitor_start; /* clock ticks since boot: names the process with its pid */
    int64_t monitor;        /* its pid */
    bool judged;            /* login and verdict are set */
    bool key_from_note;     /* the key is what the helper noted, not what sshd told */
    bool opened;            /* the session was opened */
    uint32_t uid;           /* of the account */
    bool key_verified;      /* the key had to verify its owner */
    enum hop_step_up step_up;
    struct hop_login login;
    struct hop_verdict verdict;
};

/* Facts of the connection at hand that a record must share. */
struct hop_connection_facts {
    const char *account;
    const char *service;
    struct hop_address source;
    uint16_t source_port;
};

/* An empty record of the present process's connection. HOP_IO when the kernel does not tell. */
enum hop_rc hop_connection_begin(long monitor, struct hop_connection *ret_connection,
                                 struct hop_error *err);

/* HOP_NOT_FOUND without one. HOP_UNTRUSTED (owner, mode, kind, folder), HOP_MALFORMED (cut,
 * foreign) and HOP_CONFLICT (another process, account, address, port or service; the sentence says
 * which) mean: ignore it and say so. Nothing blocks but the local disk. */
enum hop_rc hop_connection_read(const char *folder, long monitor,
                                const struct hop_connection_facts *facts,
                                struct hop_connection *ret_connection, struct hop_error *err);

/* What the record of any process says, whole, root's and of this very process, without facts to
 * hold against it; HOP_NOT_FOUND and the others as above. */
enum hop_rc hop_connection_of(const char *folder, long monitor,
                              struct hop_connection *ret_connection, struct hop_error *err);

/* Makes the folder if it is missing (0700). Replaces the file as a whole. */
enum hop_rc hop_connection_write(const char *folder, const struct hop_connection *connection,
                                 struct hop_error *err);
void hop_connection_remove(const char *folder, long monitor);

/* Removes up to `most` records of processes that are gone, and hands each whose step-up was still
 * open to `visit`. */
void hop_connection_sweep(const char *folder, unsigned most,
                          void (*visit)(void *context, const struct hop_connection *stale),
                          void *context);

#endif
