/* SPDX-License-Identifier: Apache-2.0 */
/* The servers of a fleet one by one: a store is content with the first that serves. */
#include "clock.h"
#include "cluster_map.h"
#include "history.h"
#include "redis_sentinel.h"
#include "store_open.h"

#include <stdlib.h>
#include <string.h>

struct survey {
    hop_survey_visit *visit;
    void *context;
    int each_ms;
    size_t *unowned;
    enum hop_url_kind kind;
    const struct hop_fleet_setup *setup;
    struct hop_tls_trust *trust; /* NULL: no TLS */
    struct hop_wire_pipeline question;
    struct hop_redis_node asked[HOP_FLEET_MAX]; /* those of the setup */
    bool primary_known;
    struct hop_redis_node primary; /* that a sentinel named */
    struct hop_cluster_map map;
};

static enum hop_rc ask(struct survey *survey, const struct hop_redis_setup *setup,
                       struct hop_redis_link *link, struct hop_wire_answer *ret_answer,
                       struct hop_error *err)
{
    enum hop_rc rc = hop_redis_link_init(link, setup, survey->trust, err);
    *ret_answer = (struct hop_wire_answer){0};
    if (rc != HOP_OK)
        return rc;
    link->secret_optional = survey->kind == HOP_URL_SENTINEL;
    rc = hop_redis_exchange_by(link, &survey->question, true, ret_answer,
                               hop_clock_deadline(survey->each_ms), err);
    if (rc == HOP_OK && ret_answer->replies[0]->kind == HOP_WIRE_ERROR)
        rc = hop_redis_refusal(link, ret_answer->replies[0]->text, err);
    return rc;
}

/* Without user and password. */
static bool lets_all_in(struct survey *survey, const struct hop_redis_setup *setup)
{
    struct hop_redis_setup anonymous = *setup;
    struct hop_redis_link link = {.fd = -1};
    struct hop_wire_answer answer;
    anonymous.user = anonymous.secret = "";
    bool lets_in = ask(survey, &anonymous, &link, &answer, NULL) == HOP_OK;
    hop_wire_answer_done(&answer);
    hop_redis_link_done(&link);
    return lets_in;
}

static void sentinel_take(struct survey *survey, const struct hop_wire_reply *reply,
                          struct hop_surveyed *server, struct hop_error *err)
{
    struct hop_redis_node node;
    if (!hop_sentinel_reply_take(reply, &node)) {
        server->rc = hop_error_set(err, HOP_NOT_FOUND, "%s: names no primary of %s by its address",
                                   server->name, survey->setup->name);
        return;
    }
    server->astray = survey->primary_known && !hop_redis_node_equal(&node, &survey->primary);
    survey->primary = node;
    survey->primary_known = true;
}

static bool owns_slots(const struct hop_cluster_map *map, const struct hop_redis_node *node)
{
    for (size_t i = 0; i < HOP_CLUSTER_SLOTS; i++)
        if (map->owner[i] != HOP_CLUSTER_NOBODY &&
            hop_redis_node_equal(&map->nodes[map->owner[i]], node))
            return true;
    return false;
}

static void server_visit(struct survey *survey, const struct hop_redis_setup *setup,
                         struct hop_redis_node *ret_node)
{
    struct hop_error err = {0};
    struct hop_redis_link link = {.fd = -1};
    struct hop_wire_answer answer;
    struct hop_surveyed server = {.owner = false};
    server.rc = ask(survey, setup, &link, &answer, &err);
    server.name = link.name ? link.name : setup->address;
    server.owner = owns_slots(&survey->map, &link.node);
    if (server.rc == HOP_OK && survey->kind == HOP_URL_SENTINEL)
        sentinel_take(survey, answer.replies[0], &server, &err);
    if (server.rc == HOP_OK)
        server.lets_all_in = lets_all_in(survey, setup);
    server.trouble = err.text;
    survey->visit(survey->context, &server);
    *ret_node = link.node;
    hop_wire_answer_done(&answer);
    hop_redis_link_done(&link);
}

static bool was_asked(const struct survey *survey, const struct hop_redis_node *node)
{
    for (size_t i = 0; i < survey->setup->count; i++)
        if (hop_redis_node_equal(&survey->asked[i], node))
            return true;
    return false;
}

/* Nodes that own slots and do not stand in history=. */
static void owners_visit(struct survey *survey)
{
    for (size_t i = 0; i < survey->map.count; i++) {
        struct hop_redis_node node = survey->map.nodes[i];
        char address[HOP_ADDRESS_TEXT_MAX];
        struct hop_text text = hop_text_over(address, sizeof address);
        struct hop_redis_setup setup = survey->setup->seeds[0];
        if (was_asked(survey, &node) || !owns_slots(&survey->map, &node))
            continue;
        hop_address_put(&text, &node.address);
        setup.address = setup.host = address;
        setup.port = node.port;
        server_visit(survey, &setup, &node);
    }
}

/* What the first says that can tell. */
static void map_find(struct survey *survey)
{
    bool found = false;
    for (size_t i = 0; i < survey->setup->count && !found; i++) {
        struct hop_redis_link link = {.fd = -1};
        struct hop_wire_answer answer;
        if (ask(survey, &survey->setup->seeds[i], &link, &answer, NULL) == HOP_OK)
            found = hop_cluster_slots_take(answer.replies[0], &link.node, &survey->map);
        hop_wire_answer_done(&answer);
        hop_redis_link_done(&link);
    }
    for (size_t i = 0; i < HOP_CLUSTER_SLOTS && found; i++)
        *survey->unowned += survey->map.owner[i] == HOP_CLUSTER_NOBODY;
}

static void question_put(struct survey *survey)
{
    if (survey->kind == HOP_URL_SENTINEL)
        hop_wire_command(
            &survey->question, 3,
            (const char *[]){"SENTINEL", "get-master-addr-by-name", survey->setup->name});
    else
        hop_wire_command(&survey->question, 2, (const char *[]){"CLUSTER", "SLOTS"});
}

static enum hop_rc servers_survey(void *context, const struct hop_fleet_setup *setup,
                                  enum hop_url_kind kind, struct hop_error *err)
{
    struct survey *survey = context;
    const struct hop_tls_setup *tls = setup->seeds[0].tls;
    if (kind != HOP_URL_SENTINEL && kind != HOP_URL_CLUSTER)
        return HOP_OK;
    enum hop_rc rc = tls ? hop_tls_trust_new(tls, &survey->trust, err) : HOP_OK;
    if (rc != HOP_OK)
        return rc;
    survey->kind = kind;
    survey->setup = setup;
    hop_cluster_map_init(&survey->map);
    question_put(survey);
    if (kind == HOP_URL_CLUSTER)
        map_find(survey);
    for (size_t i = 0; i < setup->count; i++)
        server_visit(survey, &setup->seeds[i], &survey->asked[i]);
    owners_visit(survey);
    hop_wire_pipeline_done(&survey->question);
    hop_tls_trust_free(&survey->trust);
    return HOP_OK;
}

enum hop_rc hop_history_survey(const struct hop_conf *conf, int each_ms, hop_survey_visit *visit,
                               void *context, size_t *ret_unowned, struct hop_error *err)
{
    struct survey *survey = calloc(1, sizeof *survey);
    if (!survey)
        return hop_error_set(err, HOP_NOMEM, "history: no memory");
    survey->visit = visit;
    survey->context = context;
    survey->each_ms = each_ms;
    survey->unowned = ret_unowned;
    *ret_unowned = 0;
    enum hop_rc rc =
        hop_servers_open(hop_conf_settings(conf), HOP_HISTORY_WRITER, servers_survey, survey, err);
    free(survey);
    return rc == HOP_UNSUPPORTED ? HOP_OK : rc;
}
