/* SPDX-License-Identifier: Apache-2.0 */
#include "fallback.h"
#include "clock.h"
#include "conf.h"
#include "date.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REGISTER_TEXT_MAX (HOP_JOINED_MAX + 1)
#define FIELD_TEXT_MAX (HOP_VALUE_MAX + 3)
#define FREEZE_TEXT_MAX 64
#define PERMIT_TEXT_MAX (HOP_ULID_LENGTH + 48 + 3 * (HOP_PERMIT_AUTHOR_MAX + HOP_PERMIT_WHY_MAX))
#define ASIDE_PATH_MAX (HOP_PATH_MAX + 64)

struct hop_fallback {
    bool read_only;
    struct hop_store *store;
    char path[HOP_PATH_MAX + 1];
};

enum hop_rc hop_fallback_new(const char *path, bool read_only, struct hop_fallback **ret_fallback,
                             struct hop_error *err)
{
    struct hop_fallback *fallback = calloc(1, sizeof *fallback);
    if (!fallback)
        return hop_error_set(err, HOP_NOMEM, "fallback %s: no memory", path);
    enum hop_rc rc = HOP_OK;
    fallback->read_only = read_only;
    if (!hop_string_copy(fallback->path, sizeof fallback->path, path))
        rc = hop_error_set(err, HOP_LIMIT, "fallback %s: path too long", path);
    if (rc == HOP_OK)
        rc = hop_store_sqlite_new(path, read_only, &fallback->store, err);
    if (rc == HOP_OK)
        *ret_fallback = fallback;
    else
        free(fallback);
    return rc;
}

void hop_fallback_free(struct hop_fallback **fallback)
{
    if (!*fallback)
        return;
    hop_store_free(&(*fallback)->store);
    free(*fallback);
    *fallback = NULL;
}

void hop_remembered_init(struct hop_remembered *remembered)
{
    *remembered = (struct hop_remembered){0};
    hop_profile_init(&remembered->profile);
}

void hop_remembered_done(struct hop_remembered *remembered)
{
    hop_profile_done(&remembered->profile);
    hop_remembered_init(remembered);
}

/* --- what is read and written --- */

enum part { PART_PROFILE, PART_ACCOUNT, PART_KEY, PART_SOURCE, PART_PERMIT, PART_COUNT };

/* Field of a freeze or permit; false where the login has no such thing. */
static bool freeze_field(const struct hop_login *login, enum part part, struct hop_text *text)
{
    char source[HOP_ADDRESS_TEXT_MAX];
    struct hop_text source_text = hop_text_over(source, sizeof source);
    hop_address_put(&source_text, &login->origin.address);
    const char *what[] = {"", "account", "key", "source", HOP_PERMIT_FIELD};
    const char *name[] = {"", login->identity, login->key, source, login->identity};
    hop_freeze_field_put(text, what[part], name[part]);
    return name[part][0] != '\0';
}

static void reads_fill(struct hop_read reads[PART_COUNT], const struct hop_login *login,
                       const struct hop_reach *reach)
{
    for (enum part part = PART_PROFILE; part < PART_COUNT; part++) {
        struct hop_text key = hop_text_over(reads[part].key, sizeof reads[part].key);
        struct hop_text field = hop_text_over(reads[part].field, sizeof reads[part].field);
        reads[part].kind = part == PART_PROFILE ? HOP_READ_HASH : HOP_READ_FIELD;
        if (part == PART_PROFILE) {
            hop_key_profile(&key, reach, login->identity, reach->witness);
        } else {
            hop_key_freeze(&key, reach);
            freeze_field(login, part, &field);
        }
    }
}

static enum hop_freeze freeze_of(const struct hop_reply *reply)
{
    return reply->present ? hop_freeze_parse(reply->pairs[0].value) : HOP_FREEZE_NONE;
}

static enum hop_rc remembered_read_by(struct hop_fallback *fallback, const struct hop_login *login,
                                      const struct hop_reach *reach,
                                      struct hop_remembered *ret_remembered,
                                      struct hop_deadline deadline, struct hop_error *err)
{
    struct hop_read reads[PART_COUNT] = {0};
    reads_fill(reads, login, reach);
    struct hop_replies replies;
    hop_replies_init(&replies);
    enum hop_rc rc = hop_store_read_by(fallback->store, reads, PART_COUNT, &replies, deadline, err);
    struct hop_remembered found;
    hop_remembered_init(&found);
    if (rc == HOP_OK) {
        const struct hop_reply *hash = &replies.items[PART_PROFILE];
        found.account = freeze_of(&replies.items[PART_ACCOUNT]);
        found.key = freeze_of(&replies.items[PART_KEY]);
        found.source = freeze_of(&replies.items[PART_SOURCE]);
        if (replies.items[PART_PERMIT].present)
            hop_permit_parse(replies.items[PART_PERMIT].pairs[0].value, &found.permit);
        rc = hop_profile_of_pairs(hash->pairs, hash->count, &found.profile);
        if (rc != HOP_OK)
            hop_error_set(err, rc, "fallback %s: no memory", fallback->path);
    }
    hop_replies_done(&replies);
    if (rc == HOP_OK)
        *ret_remembered = found;
    else
        hop_remembered_done(&found);
    return rc;
}

/* The differences between the copy and what it should be. */
struct difference {
    struct hop_batch batch;
    enum hop_rc rc;
    char key[HOP_STORE_KEY_MAX + 1];
};

static void field_set(struct difference *difference, const char *field, const char *value)
{
    if (difference->rc == HOP_OK)
        difference->rc =
            hop_batch_add(&difference->batch, HOP_WRITE_FIELD, difference->key, field, value, 0);
}

static void field_drop(struct difference *difference, const char *field)
{
    if (difference->rc == HOP_OK)
        difference->rc =
            hop_batch_add(&difference->batch, HOP_WRITE_DROP, difference->key, field, NULL, 0);
}

static void sighting_set(struct difference *difference, const struct hop_sighting *sighting)
{
    char field[FIELD_TEXT_MAX], days[HOP_DAYSET_TEXT_MAX];
    struct hop_text field_text = hop_text_over(field, sizeof field);
    struct hop_text days_text = hop_text_over(days, sizeof days);
    hop_field_put(&field_text, sighting->kind, hop_span_of(sighting->value));
    hop_dayset_put(&days_text, &sighting->days);
    field_set(difference, field, days);
}

static void sighting_drop(struct difference *difference, const struct hop_sighting *sighting)
{
    char field[FIELD_TEXT_MAX];
    struct hop_text text = hop_text_over(field, sizeof field);
    hop_field_put(&text, sighting->kind, hop_span_of(sighting->value));
    field_drop(difference, field);
}

static void sightings_compare(struct difference *difference, const struct hop_profile *kept,
                              const struct hop_profile *now)
{
    for (size_t i = 0; i < now->count; i++) {
        const struct hop_sighting *sighting = &now->sightings[i];
        const struct hop_dayset *days =
            hop_profile_find(kept, sighting->kind, hop_span_of(sighting->value));
        if (!days || !hop_dayset_equal(days, &sighting->days))
            sighting_set(difference, sighting);
    }
    for (size_t i = 0; i < kept->count; i++) {
        const struct hop_sighting *sighting = &kept->sightings[i];
        if (!hop_profile_find(now, sighting->kind, hop_span_of(sighting->value)))
            sighting_drop(difference, sighting);
    }
}

static void registers_compare(struct difference *difference, const struct hop_profile *kept,
                              const struct hop_profile *now)
{
    char old[REGISTER_TEXT_MAX], new[REGISTER_TEXT_MAX];
    struct hop_text old_text = hop_text_over(old, sizeof old);
    struct hop_text new_text = hop_text_over(new, sizeof new);
    hop_last_put(&old_text, &kept->last);
    hop_last_put(&new_text, &now->last);
    if (now->last.time != 0 && strcmp(old, new) != 0)
        field_set(difference, HOP_FIELD_LAST, new);
    if (now->step_up_time == kept->step_up_time)
        return;
    new_text = hop_text_over(new, sizeof new);
    hop_text_put_int(&new_text, now->step_up_time);
    field_set(difference, HOP_FIELD_STEP_UP, new);
}

static void freeze_compare(struct difference *difference, const struct hop_login *login,
                           enum part part, enum hop_freeze kept, enum hop_freeze now)
{
    char field[HOP_STORE_KEY_MAX + 1], value[FREEZE_TEXT_MAX];
    struct hop_text field_text = hop_text_over(field, sizeof field);
    struct hop_text value_text = hop_text_over(value, sizeof value);
    if (kept == now || !freeze_field(login, part, &field_text))
        return;
    hop_freeze_put(&value_text, now, login->time, "", "");
    if (now == HOP_FREEZE_NONE)
        field_drop(difference, field);
    else
        field_set(difference, field, value);
}

static void permit_compare(struct difference *difference, const struct hop_login *login,
                           const struct hop_permit *kept, const struct hop_permit *now)
{
    char field[HOP_STORE_KEY_MAX + 1], value[PERMIT_TEXT_MAX];
    struct hop_text field_text = hop_text_over(field, sizeof field);
    struct hop_text value_text = hop_text_over(value, sizeof value);
    if (strcmp(kept->id, now->id) == 0 || !freeze_field(login, PART_PERMIT, &field_text))
        return;
    hop_permit_put(&value_text, now);
    if (now->id[0] == '\0')
        field_drop(difference, field);
    else
        field_set(difference, field, value);
}

static void difference_fill(struct difference *difference, const struct hop_remembered *kept,
                            const struct hop_login *login, const struct hop_reach *reach,
                            const struct hop_recollection *recollection)
{
    struct hop_text key = hop_text_over(difference->key, sizeof difference->key);
    hop_key_profile(&key, reach, login->identity, reach->witness);
    sightings_compare(difference, &kept->profile, &recollection->merged);
    registers_compare(difference, &kept->profile, &recollection->merged);
    const struct hop_around *now = &recollection->around;
    key = hop_text_over(difference->key, sizeof difference->key);
    hop_key_freeze(&key, reach);
    freeze_compare(difference, login, PART_ACCOUNT, kept->account, now->frozen_account);
    freeze_compare(difference, login, PART_KEY, kept->key, now->frozen_key);
    freeze_compare(difference, login, PART_SOURCE, kept->source, now->frozen_source);
    permit_compare(difference, login, &kept->permit, &now->permit);
}

static enum hop_rc copy_keep_by(struct hop_fallback *fallback, const struct hop_login *login,
                                const struct hop_reach *reach,
                                const struct hop_recollection *recollection,
                                struct hop_deadline deadline, struct hop_error *err)
{
    struct hop_remembered kept;
    hop_remembered_init(&kept);
    enum hop_rc rc = remembered_read_by(fallback, login, reach, &kept, deadline, err);
    if (rc != HOP_OK)
        return rc;
    struct difference difference = {.rc = HOP_OK};
    hop_batch_init(&difference.batch);
    difference_fill(&difference, &kept, login, reach, recollection);
    rc = difference.rc;
    if (rc != HOP_OK)
        hop_error_set(err, rc, "fallback %s: %s", fallback->path, hop_rc_word(rc));
    else if (difference.batch.count > 0)
        rc = hop_store_write_by(fallback->store, &difference.batch, deadline, err);
    hop_batch_done(&difference.batch);
    hop_remembered_done(&kept);
    return rc;
}

/* --- a damaged file --- */

static bool move_aside(const char *path, const char *suffix, const char *corrupt, char *aside,
                       size_t size)
{
    char from[ASIDE_PATH_MAX];
    struct hop_text from_text = hop_text_over(from, sizeof from);
    hop_text_put(&from_text, path);
    hop_text_put(&from_text, suffix);
    struct hop_text aside_text = hop_text_over(aside, size);
    hop_text_put(&aside_text, path);
    hop_text_put(&aside_text, corrupt);
    hop_text_put(&aside_text, suffix);
    return !from_text.cut && !aside_text.cut && (rename(from, aside) == 0 || errno == ENOENT);
}

/* The store has given its connection up and opens the file anew next time. The -wal goes first:
 * left behind, it would be replayed into the new file. Two processes that find the damage at the
 * same time may set a new file aside as well, which costs a cache its first entry. */
static enum hop_rc set_aside(struct hop_fallback *fallback, struct hop_error *err)
{
    char corrupt[40], aside[ASIDE_PATH_MAX];
    struct hop_text text = hop_text_over(corrupt, sizeof corrupt);
    hop_text_put(&text, ".corrupt-");
    hop_text_put_int(&text, hop_clock_epoch_ms());
    bool moved = move_aside(fallback->path, "-wal", corrupt, aside, sizeof aside) &&
                 move_aside(fallback->path, "-shm", corrupt, aside, sizeof aside) &&
                 move_aside(fallback->path, "", corrupt, aside, sizeof aside);
    if (!moved)
        return hop_error_errno(err, HOP_IO, errno, "fallback %s: damaged; rename", fallback->path);
    return hop_error_set(err, HOP_MALFORMED, "fallback %s: damaged, kept as %s", fallback->path,
                         aside);
}

enum hop_rc hop_fallback_read_by(struct hop_fallback *fallback, const struct hop_login *login,
                                 const struct hop_reach *reach,
                                 struct hop_remembered *ret_remembered,
                                 struct hop_deadline deadline, struct hop_error *err)
{
    enum hop_rc rc = remembered_read_by(fallback, login, reach, ret_remembered, deadline, err);
    return rc == HOP_MALFORMED && !fallback->read_only ? set_aside(fallback, err) : rc;
}

enum hop_rc hop_fallback_keep_by(struct hop_fallback *fallback, const struct hop_login *login,
                                 const struct hop_reach *reach,
                                 const struct hop_recollection *recollection,
                                 struct hop_deadline deadline, struct hop_error *err)
{
    enum hop_rc rc = copy_keep_by(fallback, login, reach, recollection, deadline, err);
    if (rc != HOP_MALFORMED)
        return rc;
    rc = set_aside(fallback, err);
    struct hop_error again;
    if (rc == HOP_MALFORMED &&
        copy_keep_by(fallback, login, reach, recollection, deadline, &again) != HOP_OK)
        return hop_error_set(err, again.rc, "%s", again.text);
    return rc;
}
