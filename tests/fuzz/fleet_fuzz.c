/* SPDX-License-Identifier: Apache-2.0 */
/* What sentinels and nodes of a cluster tell of each other, and what a route file holds. Whatever
 * it is, the map that it leads to names only nodes that are there, and comes back from its text as
 * it was. The first byte tells whether the rest is a reply or a file. */
#include <stdlib.h>
#include <string.h>

#include "cluster_map.h"
#include "redis_sentinel.h"

static void must(bool fine)
{
    if (!fine)
        abort();
}

static bool owned_alike(const struct hop_cluster_map *a, const struct hop_cluster_map *b)
{
    for (size_t i = 0; i < HOP_CLUSTER_SLOTS; i++) {
        bool nobody = a->owner[i] == HOP_CLUSTER_NOBODY;
        if (nobody != (b->owner[i] == HOP_CLUSTER_NOBODY))
            return false;
        if (!nobody && !hop_redis_node_equal(&a->nodes[a->owner[i]], &b->nodes[b->owner[i]]))
            return false;
    }
    return true;
}

static void map_holds(const struct hop_cluster_map *map)
{
    static char bytes[HOP_CLUSTER_SLOTS * (HOP_ADDRESS_TEXT_MAX + 24)];
    static struct hop_cluster_map back;
    struct hop_text text = hop_text_over(bytes, sizeof bytes);
    must(map->count <= HOP_CLUSTER_NODES_MAX);
    for (size_t i = 0; i < HOP_CLUSTER_SLOTS; i++)
        must(map->owner[i] == HOP_CLUSTER_NOBODY || map->owner[i] < map->count);
    hop_cluster_map_put(map, &text);
    must(!text.cut);
    must(hop_cluster_map_parse((struct hop_span){bytes, text.len}, &back));
    must(owned_alike(map, &back));
}

static void reply_take(const struct hop_wire_reply *reply)
{
    static struct hop_cluster_map map;
    static const struct hop_redis_node asked = {.address = {.family = 4, .bytes = {192, 0, 2, 9}},
                                                .port = 6379};
    struct hop_redis_node node;
    unsigned slot;
    hop_cluster_map_init(&map);
    if (hop_cluster_slots_take(reply, &asked, &map))
        map_holds(&map);
    if (hop_sentinel_reply_take(reply, &node))
        must(node.port > 0);
    if (reply->kind == HOP_WIRE_ERROR &&
        hop_cluster_redirect_parse(reply->text, &asked, &slot, &node))
        must(slot < HOP_CLUSTER_SLOTS && node.port > 0);
    const char *blank = reply->text.len ? memchr(reply->text.at, ' ', reply->text.len) : NULL;
    if (blank) {
        struct hop_span rest = {blank, reply->text.len - (size_t)(blank - reply->text.at)};
        if (hop_cluster_redirect_parse(rest, &asked, &slot, &node))
            must(slot < HOP_CLUSTER_SLOTS && node.port > 0);
    }
}

static void file_take(struct hop_span text)
{
    static struct hop_cluster_map map;
    struct hop_redis_node node;
    if (hop_cluster_map_parse(text, &map))
        map_holds(&map);
    if (hop_redis_node_parse(&text, &node))
        must(node.port > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    struct hop_span bytes = {(const char *)data + 1, size - 1};
    struct hop_wire_answer answer;
    if (data[0] % 2 == 0) {
        file_take(bytes);
        return 0;
    }
    if (hop_wire_answer_start(&answer, 1) == HOP_OK &&
        hop_wire_answer_feed(&answer, bytes) == HOP_OK && hop_wire_answer_complete(&answer))
        reply_take(answer.replies[0]);
    hop_wire_answer_done(&answer);
    return 0;
}
