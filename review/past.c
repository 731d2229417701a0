/* SPDX-License-Identifier: Apache-2.0 */
#include "past.h"

#include <stdlib.h>
#include <string.h>

#define BATCH_WRITES 20000 /* one transaction: a large one costs less than many small ones */

/* One profile: an identity's as one witness writes it. */
struct known {
    char key[HOP_STORE_KEY_MAX + 1];
    struct hop_recollection recollection;
};

struct hop_past {
    struct hop_desk *desk;
    struct hop_batch batch;
    struct known **known;
    size_t count, room;
};

struct hop_past *hop_past_new(struct hop_desk *desk)
{
    struct hop_past *past = calloc(1, sizeof *past);
    if (past == NULL)
        return NULL;
    past->desk = desk;
    hop_batch_init(&past->batch);
    return past;
}

void hop_past_free(struct hop_past **past_)
{
    struct hop_past *past = *past_;
    if (past == NULL)
        return;
    for (size_t i = 0; i < past->count; i++) {
        hop_recollection_done(&past->known[i]->recollection);
        free(past->known[i]);
    }
    free(past->known);
    hop_batch_done(&past->batch);
    free(past);
    *past_ = NULL;
}

size_t hop_past_identities(const struct hop_past *past)
{
    return past->count;
}

static struct known *find(const struct hop_past *past, const char *key)
{
    for (size_t i = past->count; i > 0; i--)
        if (strcmp(past->known[i - 1]->key, key) == 0)
            return past->known[i - 1];
    return NULL;
}

static struct known *add(struct hop_past *past, const char *key)
{
    if (past->count == past->room) {
        size_t room = past->room == 0 ? 16 : past->room * 2;
        struct known **known = reallocarray(past->known, room, sizeof(struct known *));
        if (known == NULL)
            return NULL;
        past->known = known;
        past->room = room;
    }
    struct known *known = calloc(1, sizeof *known);
    if (known == NULL)
        return NULL;
    hop_string_copy(known->key, sizeof known->key, key);
    hop_recollection_init(&known->recollection);
    past->known[past->count++] = known;
    return known;
}

static enum hop_rc recall(struct hop_past *past, const struct hop_login *login,
                          const struct hop_reach *reach, struct known **ret_known,
                          struct hop_error *err)
{
    char key[HOP_STORE_KEY_MAX + 1];
    struct hop_text text = hop_text_over(key, sizeof key);
    hop_key_profile(&text, reach, login->identity, reach->witness);
    *ret_known = find(past, key);
    if (*ret_known != NULL)
        return HOP_OK;
    *ret_known = add(past, key);
    if (*ret_known == NULL)
        return hop_error_set(err, HOP_NOMEM, "import: out of memory");
    enum hop_rc rc =
        hop_history_recall_by(hop_engine_history(past->desk->engine), login, reach,
                              &(*ret_known)->recollection, hop_command_deadline(), err);
    /* A store that has forgotten somebody is what an import mends. */
    return rc == HOP_NOT_FOUND ? HOP_OK : rc;
}

static enum hop_rc apply_days(struct hop_recollection *into, const struct hop_write *write)
{
    enum hop_kind kind;
    struct hop_span value;
    struct hop_dayset days;
    if (!hop_field_parse(hop_span_of(write->field), &kind, &value))
        return HOP_OK;
    if (write->kind == HOP_WRITE_DROP)
        hop_profile_remove(&into->own, kind, value);
    if (write->kind != HOP_WRITE_DAYS || !hop_dayset_parse(hop_span_of(write->value), &days))
        return HOP_OK;
    enum hop_rc rc = hop_profile_join(&into->own, kind, value, &days);
    return rc == HOP_OK ? hop_profile_join(&into->merged, kind, value, &days) : rc;
}

static void apply_last(struct hop_recollection *into, const struct hop_write *write)
{
    struct hop_last last;
    if (write->kind != HOP_WRITE_LAST || !hop_last_parse(hop_span_of(write->value), &last))
        return;
    into->own.last = *hop_last_later(&into->own.last, &last);
    into->merged.last = *hop_last_later(&into->merged.last, &last);
}

/* What was just planned is part of the past of the next login. */
static enum hop_rc apply(const struct hop_past *past, size_t from, struct known *known)
{
    enum hop_rc rc = HOP_OK;
    for (size_t i = from; i < past->batch.count && rc == HOP_OK; i++) {
        const struct hop_write *write = &past->batch.writes[i];
        if (strcmp(write->key, known->key) != 0)
            continue;
        rc = apply_days(&known->recollection, write);
        apply_last(&known->recollection, write);
    }
    return rc;
}

enum hop_rc hop_past_write(struct hop_past *past, struct hop_error *err)
{
    if (past->batch.count == 0)
        return HOP_OK;
    enum hop_rc rc =
        hop_store_write_by(past->desk->store, &past->batch, hop_command_deadline(), err);
    hop_batch_done(&past->batch);
    hop_batch_init(&past->batch);
    return rc;
}

enum hop_rc hop_past_learn(struct hop_past *past, const struct hop_login *login,
                           struct hop_error *err)
{
    struct hop_reach reach = hop_engine_reach(past->desk->conf, login->tenant);
    struct hop_lesson lesson = {.learn = true};
    struct known *known;
    enum hop_rc rc = recall(past, login, &reach, &known, err);
    if (rc != HOP_OK)
        return rc;
    size_t from = past->batch.count;
    rc = hop_plan_learned(login, &reach, &known->recollection, lesson, &past->batch);
    if (rc == HOP_OK)
        rc = apply(past, from, known);
    if (rc != HOP_OK)
        return hop_error_set(err, rc, "login of %s: cannot be planned", login->account);
    return past->batch.count >= BATCH_WRITES ? hop_past_write(past, err) : HOP_OK;
}
