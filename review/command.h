/* SPDX-License-Identifier: Apache-2.0 */
/* What every verb of the command shares: options, exit statuses, the configuration and the engine
 * behind it, words for a person. */
#ifndef HOP_COMMAND_H
#define HOP_COMMAND_H

#include <argp.h>
#include <jansson.h>

#include "engine.h"

/* Exit statuses (DESIGN 8); the last two are those of sysexits.h. */
enum hop_exit {
    HOP_EXIT_FINE = 0,    /* or allow */
    HOP_EXIT_FINDING = 1, /* or step_up */
    HOP_EXIT_BLOCK = 2,   /* or critical */
    HOP_EXIT_UNKNOWN = 3, /* cannot tell */
    HOP_EXIT_USAGE = 64,
    HOP_EXIT_CONFIG = 78
};

#define HOP_COMMAND_DEADLINE_MS 30000 /* of one exchange with the store: nobody waits at a door */

/* The options of every verb, filled by hop_common_argp as a child parser. */
struct hop_common {
    const char *conf_path;
    const char *syslog_path;
    bool json;
};
extern const struct argp hop_common_argp;
/* Parses a verb's arguments; `input` is the verb's own struct, which begins with struct hop_common.
 * Usage errors end the process with HOP_EXIT_USAGE, --help with 0. */
void hop_command_parse(const struct argp *argp, int argc, char **argv, struct hop_common *input);

/* What a verb works with. */
struct hop_desk {
    struct hop_conf *conf;
    struct hop_engine *engine;
    struct hop_store *store; /* the engine's history's */
    struct hop_reach reach;  /* of this host */
};
/* Loads the configuration and opens what it names; tells on stderr what failed. HOP_EXIT_FINE,
 * HOP_EXIT_CONFIG or HOP_EXIT_UNKNOWN. */
int hop_desk_open(const struct hop_common *common, struct hop_desk *ret_desk);
/* The same over a configuration that the desk then owns, whatever is returned. */
int hop_desk_open_with(struct hop_conf *conf, enum hop_history_role role,
                       struct hop_desk *ret_desk);
void hop_desk_close(struct hop_desk *desk);
/* The time, epoch s, by the clock that logins are held against: the store's, where it has one. */
enum hop_rc hop_desk_clock(struct hop_desk *desk, int64_t *ret_epoch_s, struct hop_error *err);
int hop_conf_open(const struct hop_common *common, struct hop_conf **ret_conf);
struct hop_deadline hop_command_deadline(void);

/* One line on stderr, safe to show: "hopwarden: …". */
void hop_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same for an error, and the exit status that fits: HOP_EXIT_UNKNOWN. */
int hop_complain_of(const struct hop_error *err);

/* Prints the document with a newline and gives it up. */
void hop_json_print(json_t *document);
/* A string of unknown bytes as JSON: what is not UTF-8 is escaped as \xNN. */
json_t *hop_json_text(const char *text);
json_t *hop_json_time(int64_t epoch_s);

/* "2d", "12h", "30m". */
bool hop_duration_parse(struct hop_span text, int64_t *ret_seconds);
/* "2026-11-23T09:30:00Z", "2026-11-23", or "3d", "12h", "30m" before now. */
bool hop_when_parse(const char *text, int64_t *ret_epoch_s);
/* Fills a buffer for a table cell. */
#define HOP_CELL_MAX 400
void hop_cell_time(char cell[HOP_CELL_MAX], int64_t epoch_s);
void hop_cell_day(char cell[HOP_CELL_MAX], int32_t day);
void hop_cell_text(char cell[HOP_CELL_MAX], const char *text);
void hop_cell_bits(char cell[HOP_CELL_MAX], int decibits);

/* The account's primary group, -1 for one that this host does not know. */
long hop_account_group(const char *account);

#endif
