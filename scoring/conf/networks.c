/* SPDX-License-Identifier: Apache-2.0 */
#include "conf_parts.h"

#include <stdlib.h>
#include <string.h>

enum hop_rc hop_networks_add(struct hop_networks *networks, const struct hop_prefix *prefix,
                             size_t owner, const struct hop_where *where, struct hop_error *err)
{
    struct hop_network *grown =
        hop_grow(networks->items, networks->count, &networks->room, sizeof *grown);
    if (!grown)
        return hop_no_memory(err);
    networks->items = grown;
    grown[networks->count++] =
        (struct hop_network){.prefix = *prefix, .owner = owner, .where = *where};
    networks->has_bits[prefix->address.family == 6][prefix->bits] = true;
    return HOP_OK;
}

static int compare_prefixes(const struct hop_prefix *a, const struct hop_prefix *b)
{
    if (a->address.family != b->address.family)
        return a->address.family < b->address.family ? -1 : 1;
    int order = memcmp(a->address.bytes, b->address.bytes, sizeof a->address.bytes);
    if (order)
        return order;
    return a->bits < b->bits ? -1 : a->bits > b->bits;
}

static int compare_networks(const void *a, const void *b)
{
    const struct hop_network *left = a, *right = b;
    int order = compare_prefixes(&left->prefix, &right->prefix);
    if (order)
        return order;
    return left->where.order < right->where.order ? -1 : left->where.order > right->where.order;
}

static int compare_prefix_to_network(const void *prefix, const void *network)
{
    return compare_prefixes(prefix, &((const struct hop_network *)network)->prefix);
}

void hop_networks_sort(struct hop_networks *networks)
{
    if (networks->count)
        qsort(networks->items, networks->count, sizeof *networks->items, compare_networks);
}

const struct hop_network *hop_networks_find(const struct hop_networks *networks,
                                            const struct hop_address *address)
{
    if (!address->family || !networks->count)
        return NULL;
    bool v6 = address->family == 6;
    for (int bits = v6 ? 128 : 32; bits >= 0; bits--) {
        if (!networks->has_bits[v6][bits])
            continue;
        struct hop_prefix prefix = hop_prefix_of(address, (uint8_t)bits);
        const struct hop_network *found = bsearch(&prefix, networks->items, networks->count,
                                                  sizeof *found, compare_prefix_to_network);
        if (found)
            return found;
    }
    return NULL;
}

static enum hop_rc add_words(struct hop_networks *networks, const struct hop_words *words,
                             size_t owner, struct hop_error *err)
{
    for (size_t i = 0; i < words->count; i++) {
        struct hop_prefix prefix;
        if (!hop_prefix_parse(hop_span_of(words->items[i]), &prefix))
            continue;
        enum hop_rc rc = hop_networks_add(networks, &prefix, owner, &words->where, err);
        if (rc != HOP_OK)
            return rc;
    }
    return HOP_OK;
}

static const char *owner_name(const struct hop_conf *conf, size_t owner)
{
    return owner == HOP_OWNER_HOME ? HOP_HOME : conf->sections[owner].name;
}

/* The first pair of equal prefixes; sorting put the one that was written first in front. */
static enum hop_rc refuse_twins(const struct hop_conf *conf, struct hop_error *err)
{
    const struct hop_network *items = conf->networks.items;
    for (size_t i = 1; i < conf->networks.count; i++) {
        const struct hop_network *first = &items[i - 1], *second = &items[i];
        if (compare_prefixes(&first->prefix, &second->prefix) != 0)
            continue;
        char buffer[HOP_PREFIX_TEXT_MAX];
        struct hop_text text = hop_text_over(buffer, sizeof buffer);
        hop_prefix_put(&text, &second->prefix);
        return hop_refuse(err, &second->where, "network %s belongs to %s already (%s:%u)", buffer,
                          owner_name(conf, first->owner), first->where.file, first->where.line);
    }
    return HOP_OK;
}

enum hop_rc hop_networks_of(struct hop_conf *conf, struct hop_error *err)
{
    enum hop_rc rc = add_words(&conf->networks, &conf->home_networks, HOP_OWNER_HOME, err);
    for (size_t i = 0; rc == HOP_OK && i < conf->section_count; i++)
        rc = add_words(&conf->networks, &conf->sections[i].networks, i, err);
    if (rc != HOP_OK)
        return rc;
    hop_networks_sort(&conf->networks);
    return refuse_twins(conf, err);
}

bool hop_words_hold(const struct hop_words *prefixes, const struct hop_address *address)
{
    for (size_t i = 0; i < prefixes->count; i++) {
        struct hop_prefix prefix;
        if (address->family && hop_prefix_parse(hop_span_of(prefixes->items[i]), &prefix) &&
            hop_prefix_contains(&prefix, address))
            return true;
    }
    return false;
}
