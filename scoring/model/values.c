/* SPDX-License-Identifier: Apache-2.0 */
#include "date.h"
#include "profile.h"

#include <string.h>

#define UNKNOWN "unknown"

/* A text for one kind; what does not fit is left out, as it would not be stored either. */
struct slot {
    struct hop_values *values;
    enum hop_kind kind;
    struct hop_text text;
};

static struct slot slot_open(struct hop_values *values, enum hop_kind kind)
{
    return (struct slot){.values = values,
                         .kind = kind,
                         .text = hop_text_over(values->text[kind], sizeof values->text[kind])};
}

static void slot_close(struct slot *slot)
{
    slot->values->has[slot->kind] = slot->text.len > 0 && !slot->text.cut;
}

static void put_word(struct hop_values *values, enum hop_kind kind, const char *word)
{
    struct slot slot = slot_open(values, kind);
    hop_text_put(&slot.text, word);
    slot_close(&slot);
}

static void put_pair(struct hop_values *values, enum hop_kind kind, const char *first,
                     const char *second)
{
    struct slot slot = slot_open(values, kind);
    if (!*first || !*second)
        return;
    hop_text_put(&slot.text, first);
    hop_text_put_char(&slot.text, '/');
    hop_text_put(&slot.text, second);
    slot_close(&slot);
}

/* IPv4 as an address, IPv6 as its /64. */
static void put_node(struct hop_values *values, const struct hop_address *address)
{
    struct slot slot = slot_open(values, HOP_KIND_NODE);
    struct hop_prefix node = hop_address_node(address);
    if (address->family == 4)
        hop_address_put(&slot.text, &node.address);
    else
        hop_prefix_put(&slot.text, &node);
    slot_close(&slot);
}

static void put_origin(struct hop_values *values, const struct hop_origin *origin)
{
    struct hop_prefix net = hop_address_net(&origin->address);
    struct slot asn = slot_open(values, HOP_KIND_ASN);
    struct slot prefix = slot_open(values, HOP_KIND_NET);
    put_word(values, HOP_KIND_COUNTRY, *origin->place.country ? origin->place.country : UNKNOWN);
    if (origin->place.asn)
        hop_text_put_int(&asn.text, origin->place.asn);
    else
        hop_text_put(&asn.text, UNKNOWN);
    slot_close(&asn);
    hop_prefix_put(&prefix.text, &net);
    slot_close(&prefix);
    put_node(values, &origin->address);
}

static void put_hop(struct hop_values *values, const struct hop_login *login)
{
    bool hop = hop_login_is_hop(login);
    put_word(values, HOP_KIND_HOPPED, hop ? "1" : "0");
    if (hop)
        put_pair(values, HOP_KIND_EDGE, login->origin.tenant, login->tenant);
}

static void put_hour(struct hop_values *values, int64_t time)
{
    struct slot slot = slot_open(values, HOP_KIND_HOUR);
    int hour = hop_date_hour(time);
    hop_text_put(&slot.text, hop_date_is_weekend(hop_date_day(time)) ? "we" : "wd");
    hop_text_put_char(&slot.text, (char)('0' + hour / 10));
    hop_text_put_char(&slot.text, (char)('0' + hour % 10));
    slot_close(&slot);
}

void hop_values_of(const struct hop_login *login, struct hop_values *ret_values)
{
    memset(ret_values->has, 0, sizeof ret_values->has);
    for (unsigned kind = 0; kind < HOP_KIND_COUNT; kind++)
        ret_values->text[kind][0] = '\0';
    if (login->origin.address.family != 0) {
        put_origin(ret_values, &login->origin);
        put_hop(ret_values, login);
    }
    if (!login->key_lost)
        put_word(ret_values, HOP_KIND_KEY, login->key);
    put_word(ret_values, HOP_KIND_TENANT, login->tenant);
    put_pair(ret_values, HOP_KIND_HOST, login->tenant, login->host);
    put_hour(ret_values, login->time);
}
