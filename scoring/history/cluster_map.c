/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster_map.h"
#include "route.h"

#include <string.h>

void hop_cluster_map_init(struct hop_cluster_map *map)
{
    map->count = 0;
    memset(map->owner, HOP_CLUSTER_NOBODY, sizeof map->owner);
}

/* CRC-16/XMODEM, bit by bit: a key is short. */
static unsigned crc16(struct hop_span bytes)
{
    unsigned crc = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        crc ^= (unsigned)(unsigned char)bytes.at[i] << 8;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 0x8000 ? (crc << 1 ^ 0x1021) & 0xffff : crc << 1;
    }
    return crc;
}

/* What stands in the first braces, unless that is nothing. */
static struct hop_span tag_of(struct hop_span key)
{
    const char *open = memchr(key.at, '{', key.len);
    if (!open)
        return key;
    struct hop_span inner = {open + 1, key.len - (size_t)(open + 1 - key.at)};
    const char *close = memchr(inner.at, '}', inner.len);
    if (!close || close == inner.at)
        return key;
    return (struct hop_span){inner.at, (size_t)(close - inner.at)};
}

unsigned hop_cluster_slot(const char *key)
{
    return crc16(tag_of(hop_span_of(key))) % HOP_CLUSTER_SLOTS;
}

uint8_t hop_cluster_node(struct hop_cluster_map *map, const struct hop_redis_node *node)
{
    for (size_t i = 0; i < map->count; i++)
        if (hop_redis_node_equal(&map->nodes[i], node))
            return (uint8_t)i;
    if (map->count == HOP_CLUSTER_NODES_MAX)
        return HOP_CLUSTER_NOBODY;
    map->nodes[map->count] = *node;
    return (uint8_t)map->count++;
}

static bool give(struct hop_cluster_map *map, int64_t first, int64_t last,
                 const struct hop_redis_node *node)
{
    uint8_t index = hop_cluster_node(map, node);
    if (index == HOP_CLUSTER_NOBODY || first < 0 || last < first || last >= HOP_CLUSTER_SLOTS)
        return false;
    memset(map->owner + first, index, (size_t)(last - first + 1));
    return true;
}

/* ["ip", "192.0.2.1", ...] behind the name of a node. */
static bool address_besides(const struct hop_wire_reply *more, struct hop_address *ret_address)
{
    if (more->kind != HOP_WIRE_ARRAY)
        return false;
    for (size_t i = 0; i + 1 < more->count; i += 2)
        if (hop_span_is(more->items[i]->text, "ip"))
            return hop_address_parse(more->items[i + 1]->text, ret_address);
    return false;
}

/* [address or name, port, id, [...]] */
static bool node_take(const struct hop_wire_reply *reply, const struct hop_redis_node *asked,
                      struct hop_redis_node *ret_node)
{
    if (reply->kind != HOP_WIRE_ARRAY || reply->count < 2 ||
        reply->items[1]->kind != HOP_WIRE_NUMBER || reply->items[1]->number < 1 ||
        reply->items[1]->number > UINT16_MAX)
        return false;
    const struct hop_wire_reply *host = reply->items[0];
    struct hop_redis_node node = {.port = (uint16_t)reply->items[1]->number};
    if (host->kind == HOP_WIRE_NIL || !host->text.len)
        node.address = asked->address;
    else if (!hop_address_parse(host->text, &node.address) &&
             (reply->count < 4 || !address_besides(reply->items[3], &node.address)))
        return false;
    *ret_node = node;
    return true;
}

/* [first, last, primary, replicas ...]; one whose primary has no address is passed over. */
static bool range_take(const struct hop_wire_reply *reply, const struct hop_redis_node *asked,
                       struct hop_cluster_map *map)
{
    struct hop_redis_node node;
    if (reply->kind != HOP_WIRE_ARRAY || reply->count < 3 ||
        reply->items[0]->kind != HOP_WIRE_NUMBER || reply->items[1]->kind != HOP_WIRE_NUMBER)
        return false;
    return !node_take(reply->items[2], asked, &node) ||
           give(map, reply->items[0]->number, reply->items[1]->number, &node);
}

static bool owns_nothing(const struct hop_cluster_map *map)
{
    for (size_t i = 0; i < HOP_CLUSTER_SLOTS; i++)
        if (map->owner[i] != HOP_CLUSTER_NOBODY)
            return false;
    return true;
}

bool hop_cluster_slots_take(const struct hop_wire_reply *reply, const struct hop_redis_node *asked,
                            struct hop_cluster_map *map)
{
    struct hop_cluster_map fresh = *map;
    memset(fresh.owner, HOP_CLUSTER_NOBODY, sizeof fresh.owner);
    if (reply->kind != HOP_WIRE_ARRAY)
        return false;
    for (size_t i = 0; i < reply->count; i++)
        if (!range_take(reply->items[i], asked, &fresh))
            return false;
    if (owns_nothing(&fresh))
        return false;
    *map = fresh;
    return true;
}

bool hop_cluster_redirect_parse(struct hop_span words, const struct hop_redis_node *asked,
                                unsigned *ret_slot, struct hop_redis_node *ret_node)
{
    struct hop_span slot;
    int64_t number, port;
    struct hop_redis_node node;
    if (!hop_span_word(&words, &slot) || !hop_span_int64(slot, 0, HOP_CLUSTER_SLOTS - 1, &number))
        return false;
    words = hop_span_trim(words);
    const char *colon = words.len ? memrchr(words.at, ':', words.len) : NULL;
    if (!colon)
        return false;
    struct hop_span host = {words.at, (size_t)(colon - words.at)};
    struct hop_span tail = {colon + 1, words.len - host.len - 1};
    if (!hop_span_int64(tail, 1, UINT16_MAX, &port))
        return false;
    if (!host.len)
        node.address = asked->address;
    else if (!hop_address_parse(host, &node.address))
        return false;
    node.port = (uint16_t)port;
    *ret_slot = (unsigned)number;
    *ret_node = node;
    return true;
}

void hop_cluster_map_put(const struct hop_cluster_map *map, struct hop_text *text)
{
    for (size_t first = 0, next; first < HOP_CLUSTER_SLOTS; first = next) {
        uint8_t owner = map->owner[first];
        for (next = first + 1; next < HOP_CLUSTER_SLOTS && map->owner[next] == owner; next++)
            ;
        if (owner == HOP_CLUSTER_NOBODY)
            continue;
        hop_text_put_int(text, (int64_t)first);
        hop_text_put_char(text, ' ');
        hop_text_put_int(text, (int64_t)next - 1);
        hop_text_put_char(text, ' ');
        hop_redis_node_put(text, &map->nodes[owner]);
        hop_text_put_char(text, '\n');
    }
}

static bool line_parse(struct hop_span line, struct hop_cluster_map *map)
{
    struct hop_span first, last;
    struct hop_redis_node node;
    int64_t from, to;
    return hop_span_word(&line, &first) && hop_span_word(&line, &last) &&
           hop_span_int64(first, 0, HOP_CLUSTER_SLOTS - 1, &from) &&
           hop_span_int64(last, 0, HOP_CLUSTER_SLOTS - 1, &to) &&
           hop_redis_node_parse(&line, &node) && give(map, from, to, &node);
}

bool hop_cluster_map_parse(struct hop_span text, struct hop_cluster_map *map)
{
    struct hop_cluster_map parsed;
    struct hop_span line;
    hop_cluster_map_init(&parsed);
    while (text.len && hop_span_cut(&text, '\n', &line))
        if (!text.at || !line_parse(line, &parsed))
            return false;
    if (!parsed.count)
        return false;
    *map = parsed;
    return true;
}
