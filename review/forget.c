/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "act.h"
#include "clock.h"
#include "encode.h"
#include "moved.h"
#include "subject.h"
#include "verbs.h"

#define WRITES_MAX 256 /* of one exchange */
#define LOG_MS 300000  /* for all of one log */

struct wishes {
    struct hop_common common;
    const char *account;
    bool yes, here;
};

struct forget {
    const struct hop_desk *desk;
    struct hop_store *store;
    char identity[HOP_NAME_MAX + 1];
    char coded[3 * HOP_NAME_MAX + 1]; /* as keys and members have it */
    struct hop_batch batch;
    const char *key;
    size_t writes, entries;
    enum hop_rc rc; /* of a visitor */
    struct hop_error *err;
};

static const struct argp_option OPTIONS[] = {
    {"yes", 'y', NULL, 0, "It cannot be undone: do it", 0},
    {"here", 'H', NULL, 0, "Only in this host's own fallback copy", 0},
    {0}};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct wishes *wishes = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &wishes->common;
        return 0;
    case 'y':
        wishes->yes = true;
        return 0;
    case 'H':
        wishes->here = true;
        return 0;
    case ARGP_KEY_ARG:
        if (wishes->account != NULL)
            argp_error(state, "one ACCOUNT at a time");
        wishes->account = argument;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "whom?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* -- writes -------------------------------------------------------------------------------- */

static enum hop_rc batch_send(struct forget *forget)
{
    enum hop_rc rc =
        hop_store_write_by(forget->store, &forget->batch, hop_command_deadline(), forget->err);
    if (rc == HOP_OK)
        forget->writes += forget->batch.count;
    hop_batch_done(&forget->batch);
    return rc;
}

/* A name that is too long for a write was never one of ours. */
static void take_away(struct forget *forget, enum hop_write_kind kind, const char *key,
                      struct hop_span name)
{
    char text[HOP_STORE_KEY_MAX + 1];
    if (forget->rc != HOP_OK || !hop_span_copy(name, text, sizeof text))
        return;
    forget->rc = hop_batch_add(&forget->batch, kind, key, text, text, 0);
    if (forget->rc == HOP_NOMEM)
        hop_error_set(forget->err, HOP_NOMEM, "forget: out of memory");
    if (forget->rc == HOP_OK && forget->batch.count >= WRITES_MAX)
        forget->rc = batch_send(forget);
}

/* -- where a person stands ----------------------------------------------------------------- */

static void erase_visit(void *context, const char *key, enum hop_object object)
{
    (void)object;
    take_away(context, HOP_WRITE_ERASE, key, hop_span_of(""));
}

static void owner_visit(void *context, const char *key, enum hop_object object)
{
    struct forget *forget = context;
    if (object == HOP_OBJECT_SET)
        take_away(forget, HOP_WRITE_LEAVE, key, hop_span_of(forget->coded));
}

/* "tenant|identity" */
static void pair_visit(void *context, struct hop_span member, struct hop_span value)
{
    (void)value;
    struct forget *forget = context;
    struct hop_span tenant, identity = member;
    if (hop_span_cut(&identity, '|', &tenant) && hop_span_is(identity, forget->coded))
        take_away(forget, HOP_WRITE_LEAVE, forget->key, member);
}

static void items_go(struct forget *forget, const char *key, enum hop_object object,
                     hop_item_visit *visit)
{
    forget->key = key;
    if (forget->rc != HOP_OK)
        return;
    enum hop_rc rc = hop_moved_items(forget->store, key, object, visit, forget, forget->err);
    if (forget->rc == HOP_OK)
        forget->rc = rc;
}

static void admins_visit(void *context, const char *key, enum hop_object object)
{
    struct forget *forget = context;
    if (object == HOP_OBJECT_HASH)
        take_away(forget, HOP_WRITE_DROP, key, hop_span_of(forget->coded));
    else
        items_go(forget, key, object, pair_visit);
}

/* "<identity> <last register>" */
static void session_visit(void *context, struct hop_span id, struct hop_span value)
{
    struct forget *forget = context;
    struct hop_span identity;
    if (hop_span_cut(&value, ' ', &identity) && hop_span_is(identity, forget->coded))
        take_away(forget, HOP_WRITE_DROP, forget->key, id);
}

static void sessions_visit(void *context, const char *key, enum hop_object object)
{
    if (object == HOP_OBJECT_HASH)
        items_go(context, key, object, session_visit);
}

/* Entries name the account; whose it is the configuration tells, as it did then. */
static enum hop_weed entry_weed(void *context, struct hop_span id, struct hop_span value)
{
    (void)id;
    const struct forget *forget = context;
    struct hop_entry entry;
    char identity[HOP_NAME_MAX + 1];
    if (hop_entry_parse(value, &entry, NULL) != HOP_OK)
        return HOP_WEED_KEEP;
    const struct hop_login *login = &entry.login;
    bool theirs = strcmp(login->identity, forget->identity) == 0 ||
                  (hop_conf_identity(forget->desk->conf, login->tenant, login->account, login->key,
                                     identity) == HOP_OK &&
                   strcmp(identity, forget->identity) == 0);
    return theirs ? HOP_WEED_REMOVE : HOP_WEED_KEEP;
}

static void log_visit(void *context, const char *key, enum hop_object object)
{
    struct forget *forget = context;
    size_t removed;
    if (object != HOP_OBJECT_LOG || forget->rc != HOP_OK)
        return;
    forget->rc = hop_store_weed_by(forget->store, key, entry_weed, forget, &removed,
                                   hop_clock_deadline(LOG_MS), forget->err);
    forget->entries += removed;
}

static enum hop_rc lists_go(struct forget *forget)
{
    static const struct {
        const char *list;
        bool named; /* "p:{anna}:" */
        hop_key_visit *visit;
    } LISTS[] = {{"p", true, erase_visit},      {"x", true, erase_visit},
                 {"y", true, erase_visit},      {"f", true, erase_visit},
                 {"k:", false, owner_visit},    {"d:", false, admins_visit},
                 {"s:", false, sessions_visit}, {"log:", false, log_visit}};
    enum hop_rc rc = HOP_OK;
    for (size_t i = 0; i < sizeof LISTS / sizeof *LISTS && rc == HOP_OK; i++) {
        char list[HOP_STORE_KEY_MAX + 1];
        struct hop_text text = hop_text_over(list, sizeof list);
        hop_text_put(&text, LISTS[i].list);
        if (LISTS[i].named)
            hop_text_format(&text, ":{%s}:", forget->coded);
        rc = hop_moved_keys(forget->store, &forget->desk->reach, list, LISTS[i].visit, forget,
                            forget->err);
        rc = rc == HOP_OK ? forget->rc : rc;
    }
    return rc == HOP_OK ? batch_send(forget) : rc;
}

/* A copy that is not there yet needs none made. */
static enum hop_rc fallback_go(struct forget *forget)
{
    const char *path = hop_conf_settings(forget->desk->conf)->fallback;
    struct hop_store *fallback = NULL;
    if (access(path, F_OK) != 0)
        return HOP_OK;
    enum hop_rc rc = hop_store_sqlite_new(path, false, &fallback, forget->err);
    if (rc != HOP_OK)
        return rc;
    struct hop_store *store = forget->store;
    forget->store = fallback;
    rc = lists_go(forget);
    forget->store = store;
    hop_store_free(&fallback);
    return rc;
}

/* What waits in the spool would bring back what is forgotten. */
static enum hop_rc nothing_waits(const struct hop_desk *desk, struct hop_error *err)
{
    size_t waiting = 0;
    enum hop_rc rc = hop_history_spooled(hop_engine_history(desk->engine), &waiting, err);
    if (rc == HOP_OK && waiting > 0)
        rc = hop_error_set(err, HOP_CONFLICT,
                           "%zu records wait to be written: first hopwarden flush", waiting);
    return rc;
}

static int tell(const struct wishes *wishes, const struct forget *forget)
{
    char who[HOP_CELL_MAX], note[HOP_ERROR_TEXT_MAX];
    struct hop_text text = hop_text_over(note, sizeof note);
    hop_cell_text(who, forget->identity);
    hop_text_format(&text, "%s%s", forget->identity,
                    wishes->here ? ", in this host's fallback" : "");
    hop_act_tell(&wishes->common, "forgotten", NULL, note);
    if (wishes->common.json)
        hop_json_print(json_pack(
            "{s:o, s:I, s:I}", "hopwarden.identity", hop_json_text(forget->identity), "writes",
            (json_int_t)forget->writes, "log_entries", (json_int_t)forget->entries));
    else
        printf("%s is forgotten (%zu log entries)\n", who, forget->entries);
    return HOP_EXIT_FINE;
}

static int run(const struct wishes *wishes, const struct hop_desk *desk)
{
    struct hop_error err = {0};
    struct forget forget = {.desk = desk, .store = desk->store, .err = &err};
    hop_subject_identity(desk->conf, wishes->account, forget.identity);
    struct hop_text text = hop_text_over(forget.coded, sizeof forget.coded);
    hop_percent_put(&text, hop_span_of(forget.identity));
    hop_batch_init(&forget.batch);
    enum hop_rc rc = nothing_waits(desk, &err);
    if (rc == HOP_OK && !wishes->here)
        rc = lists_go(&forget);
    if (rc == HOP_OK)
        rc = fallback_go(&forget);
    hop_batch_done(&forget.batch);
    return rc == HOP_OK ? tell(wishes, &forget) : hop_complain_of(&err);
}

int hop_verb_forget(int argc, char **argv)
{
    static const struct argp_child children[] = {{&hop_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {OPTIONS,
                                     parse,
                                     "ACCOUNT",
                                     "Take all that the history knows of an account, a "
                                     "tenant:account or an identity out of it, for ever.",
                                     children,
                                     NULL,
                                     NULL};
    struct wishes wishes = {.account = NULL};
    hop_command_parse(&argp, argc, argv, &wishes.common);
    if (!wishes.yes) {
        hop_complain("forget %s: it cannot be undone; say --yes", wishes.account);
        return HOP_EXIT_USAGE;
    }
    struct hop_desk desk;
    int status = hop_desk_open(&wishes.common, &desk);
    if (status != HOP_EXIT_FINE)
        return status;
    status = run(&wishes, &desk);
    hop_desk_close(&desk);
    return status;
}
