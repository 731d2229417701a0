/* SPDX-License-Identifier: Apache-2.0 */
/* Which logins enforcement would have stopped, counted from logins that were judged.
 *
 *   entries, in any order ── hop_tally_add ──> seen ── hop_tally_close ──> accounts, sorted
 *                                                                          by tenant and name
 */
#ifndef HOP_READINESS_H
#define HOP_READINESS_H

#include "command.h"
#include "factor.h"

#define HOP_TALLY_CODES_MAX 48 /* different reasons of one account */

/* What enforcement does with a login that is let in today. */
enum hop_fate {
    HOP_FATE_IN,
    HOP_FATE_ASKED,   /* for a second factor */
    HOP_FATE_REFUSED, /* a step-up where nobody can be asked */
    HOP_FATE_BLOCKED,
    HOP_FATE_COUNT
};
enum hop_fate hop_fate_of(const struct hop_verdict *verdict, enum hop_lane lane);

struct hop_tally_code {
    char code[HOP_CODE_MAX];
    size_t count;
    size_t place;                 /* order of appearance: a verdict's heaviest reason comes first */
    char id[HOP_ULID_LENGTH + 1]; /* of the last such login */
};

struct hop_tally_account {
    const char *tenant, *account;                     /* the tally's */
    size_t logins, settled;                           /* settled: stopped, and confirmed since */
    size_t fates[HOP_FATE_COUNT];                     /* without the settled ones */
    int64_t first, last;                              /* of those not HOP_FATE_IN; epoch s */
    int64_t passed, failed;                           /* a second factor, lately; 0 never */
    struct hop_tally_code codes[HOP_TALLY_CODES_MAX]; /* most frequent first */
    size_t code_count;
    struct hop_factor factor;
};

struct hop_tally {
    struct hop_seen *seen;
    size_t seen_count, seen_room;
    struct hop_tally_account *accounts;
    size_t account_count;
    size_t logins, settled, fates[HOP_FATE_COUNT];
    size_t unsure; /* asked, of accounts that cannot pass or of which nobody can tell */
    size_t malformed;
};

void hop_tally_done(struct hop_tally *tally);
/* One login that was judged; false without memory. One that came to nothing for other reasons than
 * its verdict does not count. */
bool hop_tally_add(struct hop_tally *tally, const struct hop_entry *entry,
                   const struct hop_verdict *verdict, bool confirmed);
void hop_tally_confirm(struct hop_tally *tally, const char *id);

/* Where second factors are looked at: this host's tenant, and its stack. */
struct hop_tally_place {
    const char *tenant, *pam_path;
};
/* Sorts and counts. */
bool hop_tally_close(struct hop_tally *tally, const struct hop_tally_place *place);

/* Refused, blocked and unsure, in thousandths of all logins, rounded up; 0 without logins. */
unsigned hop_tally_refusals_permille(const struct hop_tally *tally);

/* The logs of `witness` (NULL: this host's; at home, of every tenant that can be read), from
 * `since` on. */
enum hop_rc hop_tally_read(struct hop_desk *desk, const char *witness, int64_t since,
                           struct hop_tally *tally, struct hop_error *err);

/* "2.5 %" of permille 25. */
void hop_cell_permille(char cell[HOP_CELL_MAX], unsigned permille);
/* "1", "2.5", "2.5%" -> 10, 25; false beyond 0 to 100. */
bool hop_permille_parse(const char *text, unsigned *ret_permille);
#define HOP_REFUSALS_MAX_PERMILLE 10 /* where no other is set */
#define HOP_READINESS_DAYS 30

#endif
