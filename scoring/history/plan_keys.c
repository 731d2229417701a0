/* SPDX-License-Identifier: Apache-2.0 */
#include "encode.h"
#include "plan_layout.h"

#include <string.h>

/* No key outgrows HOP_STORE_KEY_MAX: one part of at most HOP_NAME_MAX bytes may triple when coded,
 * the others are tenant names and numbers. A cut key would be somebody else's. */
_Static_assert(3 * HOP_NAME_MAX + 8 * HOP_TENANT_MAX <= HOP_STORE_KEY_MAX, "keys must fit");
_Static_assert(HOP_KEY_MAX <= HOP_NAME_MAX, "keys must fit");

static void part_put(struct hop_text *text, const char *part)
{
    hop_percent_put(text, hop_span_of(part));
}

/* "hop:1:p:{anna}:" */
static void head_put(struct hop_text *text, const struct hop_reach *reach, const char *list,
                     const char *name)
{
    hop_text_put(text, reach->prefix);
    hop_text_put(text, list);
    hop_text_put(text, ":{");
    part_put(text, name);
    hop_text_put_char(text, '}');
}

static void tail_put(struct hop_text *text, const char *witness)
{
    hop_text_put_char(text, ':');
    part_put(text, witness);
}

static void address_head_put(struct hop_text *text, const struct hop_reach *reach, const char *list,
                             const struct hop_address *address)
{
    char name[HOP_ADDRESS_TEXT_MAX];
    struct hop_text name_text = hop_text_over(name, sizeof name);
    hop_address_put(&name_text, address);
    head_put(text, reach, list, name);
}

void hop_key_profile(struct hop_text *text, const struct hop_reach *reach, const char *identity,
                     const char *witness)
{
    head_put(text, reach, "p", identity);
    tail_put(text, witness);
}

void hop_key_touches_head(struct hop_text *text, const struct hop_reach *reach,
                          const char *identity)
{
    head_put(text, reach, "x", identity);
    hop_text_put_char(text, ':');
}

void hop_key_touches(struct hop_text *text, const struct hop_reach *reach, const char *identity,
                     int64_t bucket)
{
    hop_key_touches_head(text, reach, identity);
    hop_text_put_int(text, bucket);
}

void hop_key_visits_head(struct hop_text *text, const struct hop_reach *reach, const char *identity)
{
    head_put(text, reach, "y", identity);
    hop_text_put_char(text, ':');
}

void hop_key_visits(struct hop_text *text, const struct hop_reach *reach, const char *identity,
                    int month)
{
    hop_key_visits_head(text, reach, identity);
    hop_text_put_int(text, month);
}

void hop_key_failures(struct hop_text *text, const struct hop_reach *reach, const char *identity,
                      int64_t bucket)
{
    head_put(text, reach, "f", identity);
    hop_text_put_char(text, ':');
    hop_text_put_int(text, bucket);
}

void hop_key_net_failures_head(struct hop_text *text, const struct hop_reach *reach,
                               const struct hop_address *address)
{
    char name[HOP_PREFIX_TEXT_MAX];
    struct hop_text name_text = hop_text_over(name, sizeof name);
    struct hop_prefix net = hop_address_net(address);
    hop_prefix_put(&name_text, &net);
    head_put(text, reach, "q", name);
    hop_text_put_char(text, ':');
}

void hop_key_net_failures(struct hop_text *text, const struct hop_reach *reach,
                          const struct hop_address *address, int64_t bucket)
{
    hop_key_net_failures_head(text, reach, address);
    hop_text_put_int(text, bucket);
}

void hop_key_owners(struct hop_text *text, const struct hop_reach *reach, const char *key)
{
    head_put(text, reach, "k", key);
}

void hop_key_inventory(struct hop_text *text, const struct hop_reach *reach,
                       const struct hop_address *address)
{
    address_head_put(text, reach, "n", address);
}

void hop_key_sessions(struct hop_text *text, const struct hop_reach *reach,
                      const struct hop_address *address, const char *witness)
{
    address_head_put(text, reach, "s", address);
    tail_put(text, witness);
}

/* '/' is coded inside parts, so "{acme/nordics}" is never a tenant's own name. */
static void admins_put(struct hop_text *text, const struct hop_reach *reach, const char *tenant,
                       const char *team, const char *witness)
{
    hop_text_put(text, reach->prefix);
    hop_text_put(text, "d:{");
    part_put(text, tenant);
    if (team && team[0]) {
        hop_text_put_char(text, '/');
        part_put(text, team);
    }
    hop_text_put_char(text, '}');
    tail_put(text, witness);
}

void hop_key_admins(struct hop_text *text, const struct hop_reach *reach, const char *tenant,
                    const char *team, const char *witness)
{
    admins_put(text, reach, tenant, team, witness);
}

void hop_key_pairs(struct hop_text *text, const struct hop_reach *reach, const char *team,
                   const char *witness)
{
    admins_put(text, reach, "", team, witness);
}

void hop_key_freeze(struct hop_text *text, const struct hop_reach *reach)
{
    hop_text_put(text, reach->prefix);
    hop_text_put(text, "freeze");
}

void hop_key_pruned(struct hop_text *text, const struct hop_reach *reach)
{
    hop_text_put(text, reach->prefix);
    hop_text_put(text, "pruned");
}

void hop_key_log(struct hop_text *text, const struct hop_reach *reach, const char *witness)
{
    hop_text_put(text, reach->prefix);
    hop_text_put(text, "log");
    tail_put(text, witness);
}

static bool named_parse(struct hop_span rest, struct hop_key_parts *parts)
{
    const char *end = rest.len > 1 ? memchr(rest.at, '}', rest.len) : NULL;
    if (!end || rest.at[0] != '{')
        return false;
    parts->name = (struct hop_span){rest.at + 1, (size_t)(end - rest.at) - 1};
    parts->tail = (struct hop_span){end + 1, rest.len - parts->name.len - 2};
    if (parts->tail.len == 0)
        return strchr("kno", parts->list);
    if (parts->tail.at[0] != ':' || parts->tail.len == 1)
        return false;
    parts->tail.at++;
    parts->tail.len--;
    return strchr("pxyfqsd", parts->list);
}

bool hop_key_parse(const char *key, const char *prefix, struct hop_key_parts *ret_parts)
{
    size_t prefix_len = strlen(prefix);
    struct hop_key_parts parts = {.list = 'l'};
    if (strncmp(key, prefix, prefix_len) != 0)
        return false;
    struct hop_span rest = hop_span_of(key + prefix_len), list;
    if (hop_span_is(rest, "freeze"))
        parts.list = 'f';
    else if (hop_span_is(rest, "pruned"))
        parts.list = 'm';
    else if (!hop_span_cut(&rest, ':', &list) || rest.len == 0)
        return false;
    else if (hop_span_is(list, "log"))
        parts.tail = rest;
    else if (list.len == 1 || hop_span_is(list, "ok")) {
        parts.list = list.at[0];
        if (!named_parse(rest, &parts))
            return false;
    } else {
        return false;
    }
    *ret_parts = parts;
    return true;
}
