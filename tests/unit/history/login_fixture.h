/* SPDX-License-Identifier: Apache-2.0 */
/* A login to try history with: anna of the nordics at acme's db1, from the internet. */
#ifndef HOP_TEST_LOGIN_FIXTURE_H
#define HOP_TEST_LOGIN_FIXTURE_H

#include "plan.h"

#define FIXTURE_TIME INT64_C(1795512600) /* 2026-11-24T09:30:00Z */
#define FIXTURE_DAY 20781
#define FIXTURE_KEY "SHA256:AbC/d+e"

struct hop_login fixture_login(void);
struct hop_reach fixture_reach(const char *witness);
/* Both at home, in one trust domain. */
struct hop_reach fixture_reach_home(void);
void fixture_source(struct hop_login *login, const char *address);

/* Recalls from a store, reading and decoding as hop_history_recall_by does. */
void fixture_recall(struct hop_store *store, const struct hop_login *login,
                    const struct hop_reach *reach, struct hop_recollection *recollection);
/* Recalls, learns and writes; returns how many fields were dropped. */
size_t fixture_learn(struct hop_store *store, const struct hop_login *login,
                     const struct hop_reach *reach, bool confirmed);
void fixture_write(struct hop_store *store, const struct hop_batch *batch);

/* "days <key> <field> <value>" of each write in order, one a line; the caller frees. */
char *fixture_text(const struct hop_batch *batch);

#endif
