/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON lines of hopwarden: the alert line for syslog (DESIGN 7) and the entries of the login
 * log (DESIGN 9), out and in. Pure. */
#ifndef HOP_RECORD_H
#define HOP_RECORD_H

#include "answer.h"
#include "error.h"

#define HOP_ALERT_MAX 1024 /* bytes of the JSON object */

/* What one alert line tells. NULL members are left out. */
struct hop_alert {
    const char *action; /* event.action: "login-scored", "step-up-passed", "step-up-failed",
                           "session-refused", "helper-refused", "trouble", "confirmed", … */
    const struct hop_login *login;
    const struct hop_verdict *verdict;
    const struct hop_answer *answer;
    enum hop_mode mode;
    const char *outcome; /* "success", "failure", "unknown" */
    const char *note;    /* hopwarden.note: one sentence about trouble (error text) */
    const char *author;  /* for a reviewer's acts */
};
/* Appends the object, at most HOP_ALERT_MAX bytes: address first of what the client controls;
 * reasons go first when room is short (from the last), then names are cut (and end in "..."); never
 * the id. hopwarden.degraded lists the verdict's losses. Printable ASCII only. */
void hop_alert_put(struct hop_text *text, const struct hop_alert *alert);

/* One entry of the login log, or of what came after it: an outcome, or a reviewer's confirmation,
 * under the id of the login. */
enum hop_entry_kind {
    HOP_ENTRY_LOGIN,
    HOP_ENTRY_OUTCOME,      /* what became of an earlier login: hopwarden.outcome */
    HOP_ENTRY_CONFIRMATION, /* a reviewer vouched for it: hopwarden.author */
    HOP_ENTRY_COUNT
};

struct hop_entry {
    enum hop_entry_kind kind;
    struct hop_login login;    /* with the inline facts */
    int64_t vouched_time;      /* of a confirmation: when the login was; login.time is when it was
                                  confirmed */
    char id[HOP_NAME_MAX + 1]; /* event.id as written, "" for none; login.id too if it is a ULID */
    bool success; /* event.outcome, the credential check; when it is not told (has_outcome) true,
                     but false in an entry with a verdict: its first factor was still to come */
    bool has_outcome;
    bool step_up_passes; /* hopwarden.step_up: would this person pass if asked; default true */
    bool has_step_up;
    char outcome[HOP_NAME_MAX + 1]; /* hopwarden.outcome: a face's word, "" for none */
    bool has_session;               /* hopwarden.session: opened, refused, or none came */
    bool session_opened;
    int64_t waits_until; /* of an outcome HOP_OUTCOME_WAITS: epoch s; else 0 */
    /* Inline facts, which override the databases. In an entry with a verdict, and in a
     * confirmation, all of them are given: what is not there was unknown to the score. */
    bool has_place, has_country, has_asn, has_kind, has_zone;
    bool has_lane;
    bool has_mode;
    enum hop_mode mode;
    /* of scored entries (hopwarden's own log) */
    bool has_verdict;
    enum hop_action action;
    enum hop_action answer;
    int risk_decibits;
    bool degraded;
    char story[16];
};

#define HOP_ENTRY_LINE_MAX 8192

/* What the module logs: the login with every fact the score used, and the verdict with terms
 * (hopwarden.terms: {"outside": {"N": …}, …}), risk, story, floors, reasons, losses. One JSON
 * object without newline. Coordinates and radius have six decimals (0.1 m); hop_entry_parse gives
 * back the double nearest to those, so facts of at most six decimals survive bit by bit. When room
 * is short reasons and terms are left out; false, and nothing written, when not even the facts fit.
 */
bool hop_entry_put_judged(struct hop_text *text, const struct hop_login *login,
                          const struct hop_verdict *verdict, const struct hop_answer *answer,
                          enum hop_mode mode);
/* A wrong credential before any verdict: the login's facts with event.outcome failure. */
bool hop_entry_put_failed(struct hop_text *text, const struct hop_login *login);
/* What became of it: same id, session opened or refused, step-up passed or failed (outcome
 * "step-up-failed"). */
bool hop_entry_put_outcome(struct hop_text *text, const struct hop_login *login,
                           const char *outcome, bool session_opened, bool stepped_up);
/* It waits for an approval, until then at the longest. */
#define HOP_OUTCOME_WAITS "waiting"
bool hop_entry_put_waits(struct hop_text *text, const struct hop_login *login, int64_t until);
/* A reviewer vouched for the login at `time`: same id, and all facts once more, since the login's
 * own entry may be trimmed away. */
bool hop_entry_put_confirmation(struct hop_text *text, const struct hop_login *login, int64_t time,
                                const char *author, const char *why);

/* The line of a judged login with what became of it (NULL: nothing yet) added: event.outcome,
 * hopwarden.outcome, hopwarden.session, hopwarden.step_up. `line` is an object as
 * hop_entry_put_judged wrote it, and parses to `login`. */
bool hop_entry_put_joined(struct hop_text *text, struct hop_span line,
                          const struct hop_entry *login, const struct hop_entry *outcome);

/* Parses one line of DESIGN 9 (whoever wrote it) with jansson. Unknown names and nulls are ignored;
 * a missing @timestamp, user.name or hopwarden.tenant, a wrong type or an impossible value is
 * HOP_MALFORMED and named; a line over HOP_ENTRY_LINE_MAX is HOP_LIMIT. The error text is safe to
 * show. */
enum hop_rc hop_entry_parse(struct hop_span line, struct hop_entry *ret_entry,
                            struct hop_error *err);

/* The terms and reasons of a stored judged entry, as they were: for `explain ID`. HOP_NOT_FOUND
 * when the line holds no verdict. */
enum hop_rc hop_entry_parse_verdict(struct hop_span line, struct hop_verdict *ret_verdict,
                                    struct hop_error *err);

/* One line of replay's verdicts: event.id, hopwarden.action, hopwarden.risk_bits (one decimal),
 * hopwarden.reasons, hopwarden.reason_codes. */
void hop_replay_line_put(struct hop_text *text, const char *id, const struct hop_verdict *verdict);

#endif
