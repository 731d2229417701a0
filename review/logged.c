/* SPDX-License-Identifier: Apache-2.0 */
#include "logged.h"

#include <stdlib.h>
#include <string.h>

/* One line of the log, as far as order and kinship go. */
struct record {
    char id[HOP_ULID_LENGTH + 1];
    enum hop_entry_kind kind;
    bool opened, waits;
    int phase;
    size_t number; /* order of writing */
    int64_t time;
    char *line;
};

struct records {
    struct record *items;
    size_t count, room;
    size_t malformed;
    bool no_memory;
};

static struct record *add_record(struct records *records)
{
    if (records->count == records->room) {
        size_t room = records->room == 0 ? 256 : records->room * 2;
        struct record *items = reallocarray(records->items, room, sizeof *items);
        if (items == NULL)
            return NULL;
        records->items = items;
        records->room = room;
    }
    return &records->items[records->count];
}

static bool visit(void *context, struct hop_span id, struct hop_span value)
{
    (void)id;
    struct records *records = context;
    struct hop_entry entry;
    if (hop_entry_parse(value, &entry, NULL) != HOP_OK || entry.login.id[0] == '\0') {
        records->malformed++;
        return true;
    }
    struct record *record = add_record(records);
    char *line = record == NULL ? NULL : strndup(value.at, value.len);
    records->no_memory = line == NULL;
    if (records->no_memory)
        return false;
    *record = (struct record){.kind = entry.kind,
                              .opened = entry.session_opened,
                              .waits = entry.waits_until != 0,
                              .phase = (int)entry.login.phase,
                              .number = records->count++,
                              .time = entry.login.time,
                              .line = line};
    memcpy(record->id, entry.login.id, sizeof record->id);
    return true;
}

static int compare_numbers(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int by_id(const void *a_, const void *b_)
{
    const struct record *a = a_, *b = b_;
    int order = strcmp(a->id, b->id);
    return order != 0 ? order : compare_numbers((int64_t)a->number, (int64_t)b->number);
}

static int by_time(const void *a_, const void *b_)
{
    const struct hop_logged *a = a_, *b = b_;
    int order = compare_numbers(a->time, b->time);
    return order != 0 ? order : strcmp(a->id, b->id);
}

/* The first of equal lines counts (the spool writes again what it is not sure of), so a later one
 * replaces it only when it comes from a later phase, or opened what had been refused. */
static const struct record *better(const struct record *now, const struct record *next)
{
    if (now == NULL)
        return next;
    if (next->kind == HOP_ENTRY_LOGIN)
        return next->phase > now->phase ? next : now;
    if (next->kind == HOP_ENTRY_OUTCOME) /* waiting ends, however late it is told */
        return !now->opened && !next->waits ? next : now;
    return now;
}

static char *take(const struct record *record, bool *fine)
{
    char *line = record == NULL ? NULL : strdup(record->line);
    *fine = *fine && (line != NULL || record == NULL);
    return line;
}

static struct hop_logged *add_item(struct hop_logged_list *list, const struct record *record)
{
    struct hop_logged *item = &list->items[list->count++];
    *item = (struct hop_logged){.time = record->time};
    memcpy(item->id, record->id, sizeof item->id);
    return item;
}

/* Records [first, end) share an id. */
static bool fold(const struct records *records, size_t first, size_t end,
                 struct hop_logged_list *list)
{
    const struct record *best[HOP_ENTRY_COUNT] = {NULL};
    for (size_t i = first; i < end; i++) {
        const struct record *record = &records->items[i];
        best[record->kind] = better(best[record->kind], record);
    }
    const struct record *login = best[HOP_ENTRY_LOGIN], *outcome = best[HOP_ENTRY_OUTCOME],
                        *confirmation = best[HOP_ENTRY_CONFIRMATION];
    bool fine = true;
    if (login != NULL || outcome != NULL) {
        struct hop_logged *item = add_item(list, login != NULL ? login : outcome);
        item->login = take(login, &fine);
        item->outcome = take(outcome, &fine);
        item->confirmed = confirmation != NULL;
    }
    if (confirmation != NULL)
        add_item(list, confirmation)->confirmation = take(confirmation, &fine);
    return fine;
}

static enum hop_rc group(struct records *records, struct hop_logged_list *list)
{
    list->malformed = records->malformed;
    list->items = calloc(records->count + 1, sizeof *list->items);
    if (list->items == NULL)
        return HOP_NOMEM;
    if (records->count > 0)
        qsort(records->items, records->count, sizeof *records->items, by_id);
    for (size_t first = 0, end; first < records->count; first = end) {
        for (end = first + 1; end < records->count; end++)
            if (strcmp(records->items[end].id, records->items[first].id) != 0)
                break;
        if (!fold(records, first, end, list))
            return HOP_NOMEM;
    }
    qsort(list->items, list->count, sizeof *list->items, by_time);
    return HOP_OK;
}

enum hop_rc hop_logged_read(struct hop_desk *desk, const char *witness, int64_t since_ms,
                            struct hop_logged_list *ret_list, struct hop_error *err)
{
    *ret_list = (struct hop_logged_list){0};
    char key[HOP_STORE_KEY_MAX + 1];
    struct hop_text text = hop_text_over(key, sizeof key);
    hop_key_log(&text, &desk->reach, witness);
    struct records records = {0};
    enum hop_rc rc =
        hop_store_log_by(desk->store, key, since_ms, visit, &records, hop_command_deadline(), err);
    if (rc == HOP_OK)
        rc = records.no_memory ? HOP_NOMEM : group(&records, ret_list);
    if (rc == HOP_NOMEM)
        hop_error_set(err, rc, "log of %s: out of memory", witness);
    for (size_t i = 0; i < records.count; i++)
        free(records.items[i].line);
    free(records.items);
    return rc;
}

void hop_logged_done(struct hop_logged_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].login);
        free(list->items[i].outcome);
        free(list->items[i].confirmation);
    }
    free(list->items);
    *list = (struct hop_logged_list){0};
}

const struct hop_logged *hop_logged_find(const struct hop_logged_list *list, const char *id)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].id, id) == 0 && list->items[i].confirmation == NULL)
            return &list->items[i];
    return NULL;
}

const char *hop_logged_witness(const struct hop_desk *desk, size_t nth)
{
    if (nth == 0)
        return desk->reach.witness;
    if (nth == 1)
        return HOP_HOME;
    return nth - 2 < hop_conf_tenant_sections(desk->conf)
               ? hop_conf_tenant_name(desk->conf, nth - 2)
               : NULL;
}

/* A tenant's log is its word on logins to its own hosts: it may know the id of another's. */
static bool is_own_word(const struct hop_logged *logged, const char *witness)
{
    struct hop_entry entry;
    if (strcmp(witness, HOP_HOME) == 0 || hop_logged_entry(logged, &entry, NULL) != HOP_OK)
        return true;
    if (strcmp(entry.login.tenant, witness) == 0)
        return true;
    hop_complain("%s: in the log of %s, and said to be a login to %s: not believed", logged->id,
                 witness, entry.login.tenant);
    return false;
}

enum hop_rc hop_logged_search(struct hop_desk *desk, const char *id,
                              struct hop_logged_list *ret_list, const struct hop_logged **ret_found,
                              struct hop_error *err)
{
    *ret_list = (struct hop_logged_list){0};
    if (!hop_ulid_valid(hop_span_of(id)))
        return hop_error_set(err, HOP_NOT_FOUND, "%s: not a login id", id);
    int64_t since_ms = hop_ulid_time_ms(hop_span_of(id));
    const char *witness;
    for (size_t nth = 0; (witness = hop_logged_witness(desk, nth)) != NULL; nth++) {
        if (nth > 0 && strcmp(witness, desk->reach.witness) == 0)
            continue;
        enum hop_rc rc = hop_logged_read(desk, witness, since_ms, ret_list, err);
        /* Another witness's log may be out of reach: then it cannot be searched. */
        if (rc != HOP_OK && (nth == 0 || rc != HOP_DENIED))
            return rc;
        const struct hop_logged *found = hop_logged_find(ret_list, id);
        if (found != NULL && is_own_word(found, witness)) {
            *ret_found = found;
            return HOP_OK;
        }
        hop_logged_done(ret_list);
    }
    return hop_error_set(err, HOP_NOT_FOUND, "%s: no such login in the log", id);
}

enum hop_rc hop_logged_entry(const struct hop_logged *logged, struct hop_entry *ret_entry,
                             struct hop_error *err)
{
    char line[HOP_ENTRY_LINE_MAX + 256];
    struct hop_text text = hop_text_over(line, sizeof line);
    if (logged->login == NULL)
        return hop_error_set(err, HOP_NOT_FOUND, "%s: its verdict is no longer in the log",
                             logged->id);
    if (!hop_logged_put(&text, logged))
        return hop_error_set(err, HOP_LIMIT, "%s: its entry is too long", logged->id);
    return hop_entry_parse((struct hop_span){line, text.len}, ret_entry, err);
}

bool hop_logged_put(struct hop_text *text, const struct hop_logged *logged)
{
    struct hop_entry login, outcome;
    struct hop_span line = hop_span_of(logged->login);
    if (hop_entry_parse(line, &login, NULL) != HOP_OK)
        return false;
    bool has_outcome = logged->outcome != NULL &&
                       hop_entry_parse(hop_span_of(logged->outcome), &outcome, NULL) == HOP_OK;
    return hop_entry_put_joined(text, line, &login, has_outcome ? &outcome : NULL);
}
