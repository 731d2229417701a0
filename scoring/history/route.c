/* SPDX-License-Identifier: Apache-2.0 */
#include "route.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "digest.h"
#include "file.h"

#define HEAD "hopwarden route 1 "
#define HEAD_SIZE (sizeof HEAD + HOP_DIGEST_TEXT_LEN + 1)
#define ASKED_SIZE 4096
#define PATH_SIZE 320

/* What was asked for: another service or another fleet has another route. */
static uint64_t digest_of(const struct hop_fleet_setup *setup)
{
    char asked[ASKED_SIZE];
    struct hop_text text = hop_text_over(asked, sizeof asked);
    hop_text_put(&text, setup->name ? setup->name : "/");
    for (size_t i = 0; i < setup->count; i++)
        hop_text_format(&text, " %s %u", setup->seeds[i].host, (unsigned)setup->seeds[i].port);
    return hop_digest((struct hop_span){asked, text.len});
}

enum hop_rc hop_route_init(struct hop_route *route, const struct hop_fleet_setup *setup,
                           struct hop_error *err)
{
    char path[PATH_SIZE];
    struct hop_text text = hop_text_over(path, sizeof path);
    *route = (struct hop_route){.read_only = setup->route_read_only, .digest = digest_of(setup)};
    if (!setup->route_folder)
        return HOP_OK;
    hop_text_put(&text, setup->route_folder);
    hop_text_put(&text, "/route");
    route->path = strdup(path);
    return route->path ? HOP_OK : hop_error_set(err, HOP_NOMEM, "route: no memory");
}

void hop_route_done(struct hop_route *route)
{
    free(route->path);
    route->path = NULL;
}

static void head_put(const struct hop_route *route, struct hop_text *text)
{
    hop_text_put(text, HEAD);
    hop_digest_put(text, route->digest);
    hop_text_put_char(text, '\n');
}

char *hop_route_recall(const struct hop_route *route)
{
    const struct hop_file_rule rule = {
        .owner = geteuid(), .forbidden = 022, .most = HOP_ROUTE_TEXT_MAX + HEAD_SIZE};
    char head[HEAD_SIZE], *file;
    struct hop_text text = hop_text_over(head, sizeof head);
    size_t len;
    if (!route->path || hop_file_read(route->path, &rule, &file, &len, NULL) != HOP_OK)
        return NULL;
    head_put(route, &text);
    if (len < text.len || memcmp(file, head, text.len) != 0) {
        free(file);
        return NULL;
    }
    memmove(file, file + text.len, len - text.len + 1); /* with its NUL */
    return file;
}

void hop_route_keep(const struct hop_route *route, struct hop_span lines)
{
    if (!route->path || route->read_only || lines.len > HOP_ROUTE_TEXT_MAX)
        return;
    size_t size = HEAD_SIZE + lines.len + 1;
    char *file = malloc(size);
    if (!file)
        return;
    struct hop_text text = hop_text_over(file, size);
    head_put(route, &text);
    hop_text_put_span(&text, lines);
    hop_file_replace(route->path, file, text.len, 0644, (uid_t)-1, (gid_t)-1, false, NULL);
    free(file);
}

void hop_redis_node_put(struct hop_text *text, const struct hop_redis_node *node)
{
    hop_address_put(text, &node->address);
    hop_text_put_char(text, ' ');
    hop_text_put_int(text, node->port);
}

bool hop_redis_node_parse(struct hop_span *words, struct hop_redis_node *ret_node)
{
    struct hop_span address, port;
    struct hop_redis_node node;
    int64_t number;
    if (!hop_span_word(words, &address) || !hop_span_word(words, &port) ||
        !hop_address_parse(address, &node.address) || !hop_span_int64(port, 1, UINT16_MAX, &number))
        return false;
    node.port = (uint16_t)number;
    *ret_node = node;
    return true;
}
