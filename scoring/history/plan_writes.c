/* SPDX-License-Identifier: Apache-2.0 */
#include "date.h"
#include "digest.h"
#include "encode.h"
#include "plan_layout.h"

#include <string.h>

#define NUMBER_TEXT_MAX 24
#define LAST_TEXT_MAX (HOP_STORE_KEY_MAX + 1)
#define FIELD_TEXT_MAX (HOP_VALUE_MAX + 3)
#define MEMBER_TEXT_MAX (HOP_STORE_KEY_MAX + 1)
#define KEY_TAG_LEN 4
#define EVICTIONS_MAX 64 /* of one kind and login: an overfull profile shrinks over several */

/* Writes into a batch until the first failure, which it keeps. The key is put first and serves for
 * all writes until the next one. */
struct pen {
    const struct hop_login *login;
    const struct hop_reach *reach;
    struct hop_batch *batch;
    enum hop_rc rc;
    char key[HOP_STORE_KEY_MAX + 1];
};

static void pen_take(struct pen *pen, const struct hop_login *login, const struct hop_reach *reach,
                     struct hop_batch *batch)
{
    pen->login = login;
    pen->reach = reach;
    pen->batch = batch;
    pen->rc = HOP_OK;
    pen->key[0] = '\0';
}

static struct hop_text key_start(struct pen *pen)
{
    return hop_text_over(pen->key, sizeof pen->key);
}

static void write_add(struct pen *pen, enum hop_write_kind kind, const char *field,
                      const char *value)
{
    if (pen->rc == HOP_OK)
        pen->rc = hop_batch_add(pen->batch, kind, pen->key, field, value, 0);
}

static void number_add(struct pen *pen, const char *field, int64_t number)
{
    char digits[NUMBER_TEXT_MAX];
    struct hop_text text = hop_text_over(digits, sizeof digits);
    hop_text_put_int(&text, number);
    write_add(pen, HOP_WRITE_LATEST, field, digits);
}

static void own_profile(struct pen *pen)
{
    struct hop_text key = key_start(pen);
    hop_key_profile(&key, pen->reach, pen->login->identity, pen->reach->witness);
}

static void identity_put(struct hop_text *text, const struct pen *pen)
{
    hop_percent_put(text, hop_span_of(pen->login->identity));
}

/* --- a verdict was reached --- */

/* A key's tag is the same at every tenant, so that accusations about one key can be told apart: the
 * first digits of its digest do among one person's keys, and with them a touch mostly fits into 48
 * bytes of Redis'. */
static void key_tag_fill(const struct hop_login *login, char ret_tag[HOP_TAG_MAX + 1])
{
    struct hop_text tag = hop_text_over(ret_tag, KEY_TAG_LEN + 1);
    if (login->key[0])
        hop_digest_put(&tag, hop_digest(hop_span_of(login->key)));
}

static struct hop_touch touch_of(const struct hop_login *login, int surprise_db)
{
    struct hop_touch touch = {
        .time = login->time, .surprise_db = surprise_db, .asn = login->origin.place.asn};
    hop_string_copy(touch.tag, sizeof touch.tag, login->tenant_tag);
    key_tag_fill(login, touch.key_tag);
    return touch;
}

static bool touched_as_much(const struct hop_around *around, const struct hop_touch *touch)
{
    for (size_t i = 0; i < around->touch_count; i++) {
        const struct hop_touch *seen = &around->touches[i];
        if (strcmp(seen->tag, touch->tag) == 0 && seen->time / 3600 == touch->time / 3600 &&
            seen->surprise_db >= touch->surprise_db)
            return true;
    }
    return false;
}

static void touch_add(struct pen *pen, const struct hop_around *around, int surprise_db)
{
    struct hop_touch touch = touch_of(pen->login, surprise_db);
    if (touched_as_much(around, &touch))
        return;
    char member[MEMBER_TEXT_MAX];
    struct hop_text text = hop_text_over(member, sizeof member);
    hop_touch_put(&text, &touch);
    struct hop_text key = key_start(pen);
    hop_key_touches(&key, pen->reach, pen->login->identity, hop_touch_bucket(touch.time));
    write_add(pen, HOP_WRITE_MEMBER, NULL, member);
}

enum hop_rc hop_plan_touch(const struct hop_login *login, const struct hop_reach *reach,
                           const struct hop_recollection *recollection, int surprise_db,
                           struct hop_batch *batch)
{
    struct pen pen;
    pen_take(&pen, login, reach, batch);
    touch_add(&pen, &recollection->around, surprise_db);
    return pen.rc;
}

enum hop_rc hop_plan_log(const struct hop_reach *reach, const char *id, const char *line,
                         struct hop_batch *batch)
{
    char key[HOP_STORE_KEY_MAX + 1];
    struct hop_text text = hop_text_over(key, sizeof key);
    hop_key_log(&text, reach, reach->witness);
    return hop_batch_add(batch, HOP_WRITE_LOG, key, id, line, HOP_LOG_CAP);
}

/* --- a failure --- */

enum hop_rc hop_plan_failed(const struct hop_login *login, const struct hop_reach *reach,
                            enum hop_failure_kind kind, struct hop_batch *batch)
{
    if (!login->identity[0])
        return HOP_OK;
    struct pen pen;
    pen_take(&pen, login, reach, batch);
    struct hop_failure failure = {.time = login->time - login->time % HOP_FAILURE_SLOT_SECONDS,
                                  .kind = kind};
    char member[MEMBER_TEXT_MAX];
    struct hop_text text = hop_text_over(member, sizeof member);
    hop_failure_put(&text, &failure);
    struct hop_text key = key_start(&pen);
    hop_key_failures(&key, reach, login->identity, hop_failure_bucket(failure.time));
    write_add(&pen, HOP_WRITE_MEMBER, NULL, member);
    if (!hop_plan_is_public(&login->origin.address))
        return pen.rc;
    struct hop_text tag = hop_text_over(failure.tag, sizeof failure.tag);
    hop_identity_tag_put(&tag, login->identity);
    text = hop_text_over(member, sizeof member);
    hop_failure_put(&text, &failure);
    key = key_start(&pen);
    hop_key_net_failures(&key, reach, &login->origin.address, hop_failure_bucket(failure.time));
    write_add(&pen, HOP_WRITE_MEMBER, NULL, member);
    return pen.rc;
}

/* --- a login finished --- */

/* A session that follows another within two hours says nothing about when this person begins to
 * work. */
static bool is_session_start(const struct hop_login *login, const struct hop_last *last)
{
    return last->time == 0 || login->time - last->time > HOP_SESSION_START_GAP;
}

static void sighting_add(struct pen *pen, enum hop_kind kind, struct hop_span value,
                         const struct hop_dayset *days)
{
    char field[FIELD_TEXT_MAX];
    struct hop_text field_text = hop_text_over(field, sizeof field);
    hop_field_put(&field_text, kind, value);
    if (pen->rc == HOP_OK)
        pen->rc = hop_batch_add_days(pen->batch, pen->key, field, days);
}

static void eviction_add(struct pen *pen, enum hop_kind kind, const char *value)
{
    char field[FIELD_TEXT_MAX];
    struct hop_text text = hop_text_over(field, sizeof field);
    hop_field_put(&text, kind, hop_span_of(value));
    write_add(pen, HOP_WRITE_DROP, field, NULL);
}

/* The value just learned is the heaviest there can be, seen on every day of the window, so that it
 * is another's turn to go. */
static enum hop_rc kin_of(const struct hop_profile *own, enum hop_kind kind, struct hop_span value,
                          int32_t today, struct hop_profile *kin)
{
    struct hop_dayset always = {.last_day = today};
    memset(always.bits, 0xff, sizeof always.bits);
    enum hop_rc rc = hop_profile_join(kin, kind, value, &always);
    for (size_t i = 0; rc == HOP_OK && i < own->count; i++) {
        const struct hop_sighting *sighting = &own->sightings[i];
        if (sighting->kind == kind && !hop_span_is(value, sighting->value))
            rc = hop_profile_join(kin, kind, hop_span_of(sighting->value), &sighting->days);
    }
    return rc;
}

static void surplus_drop(struct pen *pen, struct hop_profile *kin, enum hop_kind kind,
                         struct hop_span value)
{
    int32_t today = hop_date_day(pen->login->time);
    for (int evictions = 0; evictions < EVICTIONS_MAX; evictions++) {
        const struct hop_sighting *surplus = hop_profile_surplus(kin, kind, today);
        if (!surplus || hop_span_is(value, surplus->value))
            return;
        eviction_add(pen, kind, surplus->value);
        hop_profile_remove(kin, kind, hop_span_of(surplus->value));
    }
}

static void make_room(struct pen *pen, const struct hop_profile *own, enum hop_kind kind,
                      struct hop_span value)
{
    unsigned bound = hop_kind_facts(kind)->bound;
    if (pen->rc != HOP_OK || own->of_kind[kind] < bound)
        return;
    bool fresh = !hop_profile_find(own, kind, value);
    if (own->of_kind[kind] + (unsigned)fresh <= bound)
        return;
    struct hop_profile kin;
    hop_profile_init(&kin);
    pen->rc = kin_of(own, kind, value, hop_date_day(pen->login->time), &kin);
    surplus_drop(pen, &kin, kind, value);
    hop_profile_done(&kin);
}

static void last_add(struct pen *pen)
{
    struct hop_last last = hop_last_of(pen->login);
    if (pen->rc == HOP_OK)
        pen->rc = hop_batch_add_last(pen->batch, pen->key, HOP_FIELD_LAST, &last);
}

/* Has the day's earlier login said so? Then the join would change nothing. */
static bool is_recorded(const struct hop_profile *own, enum hop_kind kind, struct hop_span value,
                        const struct hop_dayset *today)
{
    const struct hop_dayset *days = hop_profile_find(own, kind, value);
    return days && hop_dayset_has(days, today->last_day) && (days->confirmed || !today->confirmed);
}

static void profile_add(struct pen *pen, const struct hop_recollection *recollection,
                        bool confirmed)
{
    struct hop_values values;
    hop_values_of(pen->login, &values);
    if (!is_session_start(pen->login, &recollection->merged.last))
        values.has[HOP_KIND_HOUR] = false;
    struct hop_dayset today = {.confirmed = confirmed};
    hop_dayset_add(&today, hop_date_day(pen->login->time));
    own_profile(pen);
    for (unsigned kind = 0; kind < HOP_KIND_COUNT; kind++) {
        if (!values.has[kind])
            continue;
        struct hop_span value = hop_span_of(values.text[kind]);
        if (!is_recorded(&recollection->own, (enum hop_kind)kind, value, &today))
            sighting_add(pen, (enum hop_kind)kind, value, &today);
        make_room(pen, &recollection->own, (enum hop_kind)kind, value);
    }
    last_add(pen);
}

/* Of visits only their number is ever read. Redis keeps a set of small numbers in 4 bytes each, one
 * of words in 80; among a month's few hundred visits two of 2^31 numbers are hardly ever alike. */
static void visit_put(struct hop_text *text, int32_t day, const char *tag)
{
    char words[HOP_TAG_MAX + NUMBER_TEXT_MAX];
    struct hop_text visit = hop_text_over(words, sizeof words);
    hop_text_put_int(&visit, day);
    hop_text_put_char(&visit, '|');
    hop_text_put(&visit, tag);
    uint64_t digest = hop_digest((struct hop_span){words, visit.len});
    hop_text_put_int(text, (int64_t)((digest ^ digest >> 32) & INT32_MAX));
}

/* They tell tenants' hosts what they cannot see. Where a customer's host writes as home there are
 * none, and nobody would ever read them. */
static void visit_add(struct pen *pen)
{
    if (pen->reach->all_home && strcmp(pen->login->tenant, HOP_HOME) != 0)
        return;
    int32_t today = hop_date_day(pen->login->time);
    char member[MEMBER_TEXT_MAX];
    struct hop_text text = hop_text_over(member, sizeof member);
    visit_put(&text, today, pen->login->tenant_tag);
    struct hop_text key = key_start(pen);
    hop_key_visits(&key, pen->reach, pen->login->identity, hop_month_of(today));
    write_add(pen, HOP_WRITE_MEMBER, NULL, member);
}

static void owner_add(struct pen *pen)
{
    if (!pen->login->key[0])
        return;
    char member[MEMBER_TEXT_MAX];
    struct hop_text text = hop_text_over(member, sizeof member);
    identity_put(&text, pen);
    struct hop_text key = key_start(pen);
    hop_key_owners(&key, pen->reach, pen->login->key);
    write_add(pen, HOP_WRITE_MEMBER, NULL, member);
}

/* Home is known from its configured networks alone. */
static void inventory_add(struct pen *pen)
{
    if (!hop_plan_is_public(&pen->login->server) || strcmp(pen->login->tenant, HOP_HOME) == 0)
        return;
    struct hop_text key = key_start(pen);
    hop_key_inventory(&key, pen->reach, &pen->login->server);
    write_add(pen, HOP_WRITE_MEMBER, NULL, pen->login->tenant_tag);
}

static void admin_add(struct pen *pen, const char *team)
{
    char member[MEMBER_TEXT_MAX];
    struct hop_text text = hop_text_over(member, sizeof member);
    hop_percent_put(&text, hop_span_of(pen->login->tenant));
    hop_text_put_char(&text, '|');
    size_t name = text.len;
    identity_put(&text, pen);
    struct hop_text key = key_start(pen);
    hop_key_admins(&key, pen->reach, pen->login->tenant, team, pen->reach->witness);
    number_add(pen, member + name, hop_date_day(pen->login->time));
    key = key_start(pen);
    hop_key_pairs(&key, pen->reach, team, pen->reach->witness);
    write_add(pen, HOP_WRITE_MEMBER, NULL, member);
}

enum hop_rc hop_plan_learned(const struct hop_login *login, const struct hop_reach *reach,
                             const struct hop_recollection *recollection, struct hop_lesson lesson,
                             struct hop_batch *batch)
{
    if (!lesson.learn)
        return HOP_OK;
    struct pen pen;
    pen_take(&pen, login, reach, batch);
    profile_add(&pen, recollection, lesson.confirmed);
    visit_add(&pen);
    owner_add(&pen);
    inventory_add(&pen);
    admin_add(&pen, "");
    if (login->team[0])
        admin_add(&pen, login->team);
    return pen.rc;
}

enum hop_rc hop_plan_step_up(const struct hop_login *login, const struct hop_reach *reach,
                             struct hop_batch *batch)
{
    struct pen pen;
    pen_take(&pen, login, reach, batch);
    own_profile(&pen);
    number_add(&pen, HOP_FIELD_STEP_UP, login->time);
    return pen.rc;
}

/* --- live sessions --- */

enum hop_rc hop_plan_session(const struct hop_login *login, const struct hop_reach *reach,
                             bool open, struct hop_batch *batch)
{
    if (login->server.family == 0)
        return HOP_OK;
    struct pen pen;
    pen_take(&pen, login, reach, batch);
    struct hop_text key = key_start(&pen);
    hop_key_sessions(&key, reach, &login->server, reach->witness);
    struct hop_last last = hop_last_of(login);
    char value[MEMBER_TEXT_MAX + LAST_TEXT_MAX];
    struct hop_text text = hop_text_over(value, sizeof value);
    identity_put(&text, &pen);
    hop_text_put_char(&text, ' ');
    hop_last_put(&text, &last);
    write_add(&pen, open ? HOP_WRITE_FIELD : HOP_WRITE_DROP, login->id, open ? value : NULL);
    return pen.rc;
}
