/* SPDX-License-Identifier: Apache-2.0 */
#include "date.h"
#include "digest.h"
#include "plan_layout.h"

#define READS_OF_TOUCHES 2 * HOP_TOUCH_BUCKETS
#define READS_OF_NAMES 2
#define READS_OF_ADMINS 2

bool hop_plan_is_public(const struct hop_address *address)
{
    return address->family != 0 && !hop_address_is_private(address) &&
           !hop_address_is_loopback(address);
}

static int64_t bucket_of(int64_t time, int64_t seconds)
{
    int64_t bucket = time / seconds;
    return time % seconds < 0 ? bucket - 1 : bucket;
}

int64_t hop_touch_bucket(int64_t time)
{
    return bucket_of(time, HOP_TOUCH_BUCKET_SECONDS);
}

int64_t hop_failure_bucket(int64_t time)
{
    return bucket_of(time, HOP_FAILURE_BUCKET_SECONDS);
}

void hop_identity_tag_put(struct hop_text *text, const char *identity)
{
    hop_digest_put(text, hop_digest(hop_span_of(identity)));
}

static size_t take(struct hop_plan_layout *layout, bool wanted, size_t reads)
{
    if (!wanted)
        return HOP_LAYOUT_NONE;
    size_t first = layout->count;
    layout->count += reads;
    return first;
}

void hop_plan_layout_of(const struct hop_login *login, const struct hop_reach *reach,
                        struct hop_plan_layout *ret_layout)
{
    const struct hop_address *source = &login->origin.address;
    bool tenant_witness = !hop_span_is(hop_span_of(reach->witness), HOP_HOME);
    struct hop_plan_layout layout = {0};
    layout.time = take(&layout, true, 1);
    layout.own = take(&layout, true, 1);
    layout.home = take(&layout, tenant_witness, 1);
    layout.touches = take(&layout, true, READS_OF_TOUCHES);
    layout.visits = take(&layout, tenant_witness, HOP_VISIT_MONTHS);
    layout.failures = take(&layout, true, HOP_FAILURE_BUCKETS);
    layout.net_failures = take(&layout, hop_plan_is_public(source), HOP_FAILURE_BUCKETS);
    layout.owners = take(&layout, login->key[0] != '\0', READS_OF_NAMES);
    layout.inventory = take(&layout, hop_plan_is_public(source), READS_OF_NAMES);
    layout.organisation = take(&layout, true, READS_OF_ADMINS);
    layout.team = take(&layout, login->team[0] != '\0', READS_OF_ADMINS);
    layout.frozen_account = take(&layout, true, 1);
    layout.frozen_key = take(&layout, login->key[0] != '\0', 1);
    layout.frozen_source = take(&layout, source->family != 0, 1);
    layout.permit = take(&layout, true, 1);
    *ret_layout = layout;
}

_Static_assert(1 + 1 + 1 + READS_OF_TOUCHES + HOP_VISIT_MONTHS + 2 * HOP_FAILURE_BUCKETS +
                       2 * READS_OF_NAMES + 2 * READS_OF_ADMINS + 4 <=
                   HOP_READS_MAX,
               "all parts must fit");

/* A read of the list's next place, whose key the caller puts. */
static struct hop_text read_add(struct hop_reads *reads, enum hop_read_kind kind, unsigned limit)
{
    struct hop_read *read = &reads->items[reads->count++];
    read->kind = kind;
    read->profile_will_do = false;
    read->limit = limit;
    read->key[0] = read->field[0] = '\0';
    return hop_text_over(read->key, sizeof read->key);
}

/* Another read of the key before. */
static void read_again(struct hop_reads *reads, enum hop_read_kind kind, unsigned limit)
{
    const char *key = reads->items[reads->count - 1].key;
    struct hop_text text = read_add(reads, kind, limit);
    hop_text_put(&text, key);
}

static void profile_add(struct hop_reads *reads, const struct hop_login *login,
                        const struct hop_reach *reach, const char *witness)
{
    struct hop_text key = read_add(reads, HOP_READ_HASH, 0);
    reads->items[reads->count - 1].profile_will_do = true;
    hop_key_profile(&key, reach, login->identity, witness);
}

/* This bucket and those before it that still hold some of the last 24 hours. */
static void touches_add(struct hop_reads *reads, const struct hop_login *login,
                        const struct hop_reach *reach)
{
    char head[HOP_STORE_KEY_MAX + 1];
    struct hop_text text = hop_text_over(head, sizeof head);
    int64_t newest = hop_touch_bucket(login->time);
    hop_key_touches_head(&text, reach, login->identity);
    for (int64_t back = 0; back < HOP_TOUCH_BUCKETS; back++) {
        struct hop_text key = read_add(reads, HOP_READ_SAMPLE, HOP_TOUCH_READ_MAX);
        hop_text_put_span(&key, (struct hop_span){head, text.len});
        hop_text_put_int(&key, newest - back);
        read_again(reads, HOP_READ_SET_SIZE, 0);
    }
}

static void visits_add(struct hop_reads *reads, const struct hop_login *login,
                       const struct hop_reach *reach)
{
    char head[HOP_STORE_KEY_MAX + 1];
    struct hop_text text = hop_text_over(head, sizeof head);
    int newest = hop_month_of(hop_date_day(login->time));
    hop_key_visits_head(&text, reach, login->identity);
    for (int back = 0; back < HOP_VISIT_MONTHS; back++) {
        struct hop_text key = read_add(reads, HOP_READ_SET_SIZE, 0);
        hop_text_put_span(&key, (struct hop_span){head, text.len});
        hop_text_put_int(&key, newest - back);
    }
}

/* A sample as large as may be says by itself that the list is full. */
static void failures_add(struct hop_reads *reads, const struct hop_login *login,
                         const struct hop_reach *reach, const struct hop_plan_layout *layout)
{
    int64_t newest = hop_failure_bucket(login->time);
    for (int64_t back = 0; back < HOP_FAILURE_BUCKETS; back++) {
        struct hop_text key = read_add(reads, HOP_READ_SAMPLE, HOP_FAILURE_READ_MAX);
        hop_key_failures(&key, reach, login->identity, newest - back);
    }
    if (layout->net_failures == HOP_LAYOUT_NONE)
        return;
    char head[HOP_STORE_KEY_MAX + 1];
    struct hop_text text = hop_text_over(head, sizeof head);
    hop_key_net_failures_head(&text, reach, &login->origin.address);
    for (int64_t back = 0; back < HOP_FAILURE_BUCKETS; back++) {
        struct hop_text key = read_add(reads, HOP_READ_SAMPLE, HOP_FAILURE_READ_MAX);
        hop_text_put_span(&key, (struct hop_span){head, text.len});
        hop_text_put_int(&key, newest - back);
    }
}

static void owners_add(struct hop_reads *reads, const struct hop_login *login,
                       const struct hop_reach *reach)
{
    struct hop_text key = read_add(reads, HOP_READ_SAMPLE, HOP_NAMES_READ_MAX);
    hop_key_owners(&key, reach, login->key);
    read_again(reads, HOP_READ_SET_SIZE, 0);
}

static void inventory_add(struct hop_reads *reads, const struct hop_login *login,
                          const struct hop_reach *reach)
{
    struct hop_text key = read_add(reads, HOP_READ_SAMPLE, HOP_NAMES_READ_MAX);
    hop_key_inventory(&key, reach, &login->origin.address);
    read_again(reads, HOP_READ_SET_SIZE, 0);
}

/* Who administers this tenant, and all tenants: of the whole organisation for team "". */
static void admins_add(struct hop_reads *reads, const struct hop_login *login,
                       const struct hop_reach *reach, const char *team)
{
    struct hop_text key = read_add(reads, HOP_READ_HASH_SIZE, 0);
    hop_key_admins(&key, reach, login->tenant, team, reach->witness);
    key = read_add(reads, HOP_READ_SET_SIZE, 0);
    hop_key_pairs(&key, reach, team, reach->witness);
}

static void freeze_add(struct hop_reads *reads, const struct hop_reach *reach, const char *what,
                       const char *name)
{
    struct hop_text key = read_add(reads, HOP_READ_FIELD, 0);
    hop_key_freeze(&key, reach);
    struct hop_read *read = &reads->items[reads->count - 1];
    struct hop_text field = hop_text_over(read->field, sizeof read->field);
    hop_freeze_field_put(&field, what, name);
}

static void freezes_add(struct hop_reads *reads, const struct hop_login *login,
                        const struct hop_reach *reach, const struct hop_plan_layout *layout)
{
    freeze_add(reads, reach, "account", login->identity);
    if (layout->frozen_key != HOP_LAYOUT_NONE)
        freeze_add(reads, reach, "key", login->key);
    if (layout->frozen_source != HOP_LAYOUT_NONE) {
        char source[HOP_ADDRESS_TEXT_MAX];
        struct hop_text text = hop_text_over(source, sizeof source);
        hop_address_put(&text, &login->origin.address);
        freeze_add(reads, reach, "source", source);
    }
    freeze_add(reads, reach, HOP_PERMIT_FIELD, login->identity);
}

void hop_plan_reads(const struct hop_login *login, const struct hop_reach *reach,
                    struct hop_reads *ret_reads)
{
    struct hop_plan_layout layout;
    hop_plan_layout_of(login, reach, &layout);
    ret_reads->count = 0;
    read_add(ret_reads, HOP_READ_TIME, 0);
    profile_add(ret_reads, login, reach, reach->witness);
    if (layout.home != HOP_LAYOUT_NONE)
        profile_add(ret_reads, login, reach, HOP_HOME);
    touches_add(ret_reads, login, reach);
    if (layout.visits != HOP_LAYOUT_NONE)
        visits_add(ret_reads, login, reach);
    failures_add(ret_reads, login, reach, &layout);
    if (layout.owners != HOP_LAYOUT_NONE)
        owners_add(ret_reads, login, reach);
    if (layout.inventory != HOP_LAYOUT_NONE)
        inventory_add(ret_reads, login, reach);
    admins_add(ret_reads, login, reach, "");
    if (layout.team != HOP_LAYOUT_NONE)
        admins_add(ret_reads, login, reach, login->team);
    freezes_add(ret_reads, login, reach, &layout);
}
