/* SPDX-License-Identifier: Apache-2.0 */
#include "command.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "clock.h"
#include "date.h"
#include "devlog.h"
#include "encode.h"

_Static_assert(HOP_EXIT_USAGE == EX_USAGE && HOP_EXIT_CONFIG == EX_CONFIG, "as sysexits has them");

/* -- options ------------------------------------------------------------------------------- */

enum { OPTION_SYSLOG = 0x1000 };

static const struct argp_option COMMON_OPTIONS[] = {
    {"conf", 'c', "FILE", 0, "Configuration, instead of " HOP_CONF_PATH, -2},
    {"json", 'j', NULL, 0, "Print JSON", -2},
    {"syslog", OPTION_SYSLOG, "SOCKET", 0, "Where what is logged goes, instead of " HOP_DEVLOG_PATH,
     -2},
    {0}};

static error_t parse_common(int key, char *argument, struct argp_state *state)
{
    struct hop_common *common = state->input;
    switch (key) {
    case 'c':
        common->conf_path = argument;
        return 0;
    case 'j':
        common->json = true;
        return 0;
    case OPTION_SYSLOG:
        common->syslog_path = argument;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp hop_common_argp = {.options = COMMON_OPTIONS, .parser = parse_common};

void hop_command_parse(const struct argp *argp, int argc, char **argv, struct hop_common *input)
{
    input->conf_path = HOP_CONF_PATH;
    input->syslog_path = HOP_DEVLOG_PATH;
    argp_parse(argp, argc, argv, 0, NULL, input);
}

/* -- configuration and engine -------------------------------------------------------------- */

void hop_complain(const char *format, ...)
{
    char sentence[1024], shown[sizeof sentence * 4];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    struct hop_text text = hop_text_over(shown, sizeof shown);
    hop_plain_put(&text, hop_span_of(sentence), sizeof sentence);
    fprintf(stderr, "hopwarden: %s\n", shown);
}

int hop_complain_of(const struct hop_error *err)
{
    hop_complain("%s", err->text);
    return HOP_EXIT_UNKNOWN;
}

int hop_conf_open(const struct hop_common *common, struct hop_conf **ret_conf)
{
    struct hop_error err = {0};
    if (hop_conf_load(common->conf_path, ret_conf, &err) == HOP_OK)
        return HOP_EXIT_FINE;
    hop_complain_of(&err);
    return HOP_EXIT_CONFIG;
}

int hop_desk_open_with(struct hop_conf *conf, enum hop_history_role role, struct hop_desk *ret_desk)
{
    struct hop_error err = {0};
    struct hop_desk desk = {.conf = conf};
    if (hop_engine_new(conf, role, &desk.engine, &err) != HOP_OK) {
        hop_complain_of(&err);
        hop_conf_free(&desk.conf);
        return HOP_EXIT_UNKNOWN;
    }
    desk.store = hop_history_store(hop_engine_history(desk.engine));
    desk.reach = hop_engine_reach(conf, hop_conf_settings(conf)->tenant);
    *ret_desk = desk;
    return HOP_EXIT_FINE;
}

int hop_desk_open(const struct hop_common *common, struct hop_desk *ret_desk)
{
    struct hop_conf *conf;
    int status = hop_conf_open(common, &conf);
    if (status != HOP_EXIT_FINE)
        return status;
    status = hop_desk_open_with(conf, HOP_HISTORY_WRITER, ret_desk);
    if (status == HOP_EXIT_FINE && ret_desk->store == NULL) {
        hop_complain("history %s: cannot be opened", hop_conf_settings(conf)->history);
        hop_desk_close(ret_desk);
        return HOP_EXIT_UNKNOWN;
    }
    return status;
}

void hop_desk_close(struct hop_desk *desk)
{
    hop_engine_free(&desk->engine);
    hop_conf_free(&desk->conf);
}

enum hop_rc hop_desk_clock(struct hop_desk *desk, int64_t *ret_epoch_s, struct hop_error *err)
{
    struct hop_read read = {.kind = HOP_READ_TIME};
    struct hop_replies replies;
    hop_replies_init(&replies);
    enum hop_rc rc =
        hop_store_read_by(desk->store, &read, 1, &replies, hop_command_deadline(), err);
    if (rc == HOP_OK) {
        int64_t store_ms = replies.items[0].number;
        *ret_epoch_s = (store_ms != 0 ? store_ms : hop_clock_epoch_ms()) / 1000;
    }
    hop_replies_done(&replies);
    return rc;
}

struct hop_deadline hop_command_deadline(void)
{
    return hop_clock_deadline(HOP_COMMAND_DEADLINE_MS);
}

/* -- JSON ---------------------------------------------------------------------------------- */

void hop_json_print(json_t *document)
{
    json_dumpf(document, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(document);
}

json_t *hop_json_text(const char *text)
{
    json_t *value = json_string(text);
    if (value != NULL)
        return value;
    char shown[HOP_CELL_MAX];
    hop_cell_text(shown, text);
    return json_string(shown);
}

json_t *hop_json_time(int64_t epoch_s)
{
    char shown[HOP_CELL_MAX];
    hop_cell_time(shown, epoch_s);
    return json_string(shown);
}

/* -- words --------------------------------------------------------------------------------- */

bool hop_duration_parse(struct hop_span text, int64_t *ret_seconds)
{
    static const struct {
        char letter;
        int64_t seconds;
    } UNITS[] = {{'d', HOP_DAY_SECONDS}, {'h', 3600}, {'m', 60}};
    int64_t count;
    for (size_t i = 0; i < sizeof UNITS / sizeof *UNITS && text.len > 1; i++) {
        struct hop_span digits = {text.at, text.len - 1};
        if (text.at[text.len - 1] != UNITS[i].letter || !hop_span_int64(digits, 0, 100000, &count))
            continue;
        *ret_seconds = count * UNITS[i].seconds;
        return true;
    }
    return false;
}

static bool ago_parse(struct hop_span text, int64_t *ret_epoch_s)
{
    int64_t seconds;
    bool fine = hop_duration_parse(text, &seconds);
    if (fine)
        *ret_epoch_s = hop_clock_epoch_ms() / 1000 - seconds;
    return fine;
}

bool hop_when_parse(const char *text, int64_t *ret_epoch_s)
{
    char whole[64];
    struct hop_text day = hop_text_over(whole, sizeof whole);
    hop_text_put(&day, text);
    hop_text_put(&day, "T00:00:00Z");
    return hop_date_parse(hop_span_of(text), ret_epoch_s, NULL) ||
           hop_date_parse((struct hop_span){whole, day.len}, ret_epoch_s, NULL) ||
           ago_parse(hop_span_of(text), ret_epoch_s);
}

void hop_cell_time(char cell[HOP_CELL_MAX], int64_t epoch_s)
{
    struct hop_text text = hop_text_over(cell, HOP_CELL_MAX);
    hop_date_put(&text, epoch_s, -1);
}

void hop_cell_day(char cell[HOP_CELL_MAX], int32_t day)
{
    hop_cell_time(cell, (int64_t)day * HOP_DAY_SECONDS);
    cell[strcspn(cell, "T")] = '\0';
}

void hop_cell_text(char cell[HOP_CELL_MAX], const char *text)
{
    struct hop_text shown = hop_text_over(cell, HOP_CELL_MAX);
    hop_plain_put(&shown, hop_span_of(text), HOP_CELL_MAX / 5);
}

void hop_cell_bits(char cell[HOP_CELL_MAX], int decibits)
{
    snprintf(cell, HOP_CELL_MAX, "%c%d.%d", decibits < 0 ? '-' : '+', abs(decibits) / 10,
             abs(decibits) % 10);
}

long hop_account_group(const char *account)
{
    const struct passwd *entry = getpwnam(account);
    return entry == NULL ? -1 : (long)entry->pw_gid;
}
