/* SPDX-License-Identifier: Apache-2.0 */
#include "redis_sentinel.h"

#include "clock.h"

#include <stdlib.h>
#include <string.h>

#define HEAD_START 4 /* the part of the time left that the primary of last time has for itself */

/* --- setup ----------------------------------------------------------------------------------- */

static void recall(struct hop_sentinel *sentinel)
{
    char *lines = hop_route_recall(&sentinel->route);
    struct hop_span rest = hop_span_of(lines), line;
    sentinel->known =
        hop_span_cut(&rest, '\n', &line) && hop_redis_node_parse(&line, &sentinel->primary);
    free(lines);
}

static void keep(struct hop_sentinel *sentinel, const struct hop_redis_node *node)
{
    char bytes[HOP_ADDRESS_TEXT_MAX + 16];
    struct hop_text text = hop_text_over(bytes, sizeof bytes);
    sentinel->known = true;
    sentinel->primary = *node;
    hop_redis_node_put(&text, node);
    hop_text_put_char(&text, '\n');
    hop_route_keep(&sentinel->route, (struct hop_span){bytes, text.len});
}

enum hop_rc hop_sentinel_init(struct hop_sentinel *sentinel, const struct hop_fleet_setup *setup,
                              const struct hop_tls_trust *trust, struct hop_error *err)
{
    *sentinel = (struct hop_sentinel){.count = 0};
    if (setup->count > HOP_FLEET_MAX)
        return hop_error_set(err, HOP_LIMIT, "redis: more than %d sentinels", HOP_FLEET_MAX);
    enum hop_rc rc = hop_route_init(&sentinel->route, setup, err);
    for (size_t i = 0; i < setup->count && rc == HOP_OK; i++) {
        struct hop_redis_setup seed = setup->seeds[i];
        struct hop_redis_link *link = &sentinel->links[i];
        seed.database = 0;
        rc = hop_redis_link_init(link, &seed, trust, err);
        if (rc != HOP_OK)
            break;
        link->secret_optional = true;
        sentinel->count++;
    }
    hop_wire_command(&sentinel->question, 3,
                     (const char *[]){"SENTINEL", "get-master-addr-by-name", setup->name});
    if (rc == HOP_OK && sentinel->question.failed)
        rc = hop_error_set(err, HOP_NOMEM, "redis: no memory");
    if (rc == HOP_OK)
        recall(sentinel);
    else
        hop_sentinel_done(sentinel);
    return rc;
}

void hop_sentinel_done(struct hop_sentinel *sentinel)
{
    for (size_t i = 0; i < sentinel->count; i++)
        hop_redis_link_done(&sentinel->links[i]);
    hop_wire_pipeline_done(&sentinel->question);
    hop_route_done(&sentinel->route);
    sentinel->count = 0;
}

void hop_sentinel_doubt(struct hop_sentinel *sentinel)
{
    sentinel->known = false;
}

/* --- search ---------------------------------------------------------------------------------- */

/* A sentinel that was asked, and what it said. */
struct vote {
    struct hop_redis_exchange exchange;
    struct hop_wire_answer answer;
    bool counted, names;
    struct hop_redis_node node;
};

struct search {
    struct hop_sentinel *sentinel;
    struct hop_redis_link *link;
    const struct hop_wire_pipeline *pipeline;
    struct hop_wire_answer *answer;
    struct hop_redis_exchange current; /* with whom may be the primary */
    bool running, found;
    struct hop_redis_node node; /* of `current` */
    struct hop_redis_node tried[HOP_FLEET_MAX + 1];
    size_t tried_count;
    struct vote votes[HOP_FLEET_MAX];
    bool asked;
    struct hop_error err; /* of the last that was tried, or of a sentinel */
};

static bool was_tried(const struct search *search, const struct hop_redis_node *node)
{
    for (size_t i = 0; i < search->tried_count; i++)
        if (hop_redis_node_equal(&search->tried[i], node))
            return true;
    return false;
}

static void current_start(struct search *search, const struct hop_redis_node *node)
{
    if (hop_redis_link_aim(search->link, node, &search->err) != HOP_OK)
        return;
    search->node = *node;
    search->tried[search->tried_count++] = *node;
    search->running = true;
    hop_redis_exchange_start(&search->current, search->link, search->pipeline, false,
                             search->answer);
}

static void current_end(struct search *search)
{
    hop_redis_exchange_abandon(&search->current);
    search->running = false;
    search->found = search->current.rc == HOP_OK;
    if (!search->found)
        search->err = search->current.err;
}

static void votes_start(struct search *search)
{
    struct hop_sentinel *sentinel = search->sentinel;
    search->asked = true;
    for (size_t i = 0; i < sentinel->count; i++)
        hop_redis_exchange_start(&search->votes[i].exchange, &sentinel->links[i],
                                 &sentinel->question, true, &search->votes[i].answer);
}

/* [address, port]; nil where the sentinel does not know the service. */
bool hop_sentinel_reply_take(const struct hop_wire_reply *reply, struct hop_redis_node *ret_node)
{
    char pair[HOP_ADDRESS_TEXT_MAX + 16] = "";
    struct hop_text text = hop_text_over(pair, sizeof pair);
    if (reply->kind != HOP_WIRE_ARRAY || reply->count != 2)
        return false;
    hop_text_put_span(&text, reply->items[0]->text);
    hop_text_put_char(&text, ' ');
    hop_text_put_span(&text, reply->items[1]->text);
    struct hop_span words = hop_span_of(pair);
    return !text.cut && hop_redis_node_parse(&words, ret_node);
}

static void vote_count(struct vote *vote, struct search *search)
{
    const struct hop_redis_exchange *exchange = &vote->exchange;
    vote->counted = true;
    if (exchange->rc != HOP_OK) {
        if (!search->tried_count)
            search->err = exchange->err;
        return;
    }
    const struct hop_wire_reply *reply = vote->answer.replies[0];
    vote->names = hop_sentinel_reply_take(reply, &vote->node);
    if (!vote->names && reply->kind == HOP_WIRE_ERROR)
        hop_redis_refusal(exchange->link, reply->text, &search->err);
    else if (!vote->names && !search->tried_count)
        hop_error_set(&search->err, HOP_IO, "%s: names no primary by its address",
                      exchange->link->name);
    hop_wire_answer_done(&vote->answer);
}

static size_t votes_for(const struct search *search, const struct hop_redis_node *node)
{
    size_t count = 0;
    for (size_t i = 0; i < search->sentinel->count; i++)
        count += search->votes[i].names && hop_redis_node_equal(&search->votes[i].node, node);
    return count;
}

/* Whom most name of those that were not tried; NULL. */
static const struct hop_redis_node *favourite(const struct search *search)
{
    const struct hop_redis_node *best = NULL;
    for (size_t i = 0; i < search->sentinel->count; i++) {
        const struct vote *vote = &search->votes[i];
        if (vote->names && !was_tried(search, &vote->node) &&
            (!best || votes_for(search, &vote->node) > votes_for(search, best)))
            best = &vote->node;
    }
    return best;
}

/* Leaves a silent one only when most sentinels name another. */
static void current_choose(struct search *search)
{
    const struct hop_redis_node *node = favourite(search);
    if (!node)
        return;
    if (search->running && votes_for(search, node) * 2 <= search->sentinel->count)
        return;
    struct hop_redis_node chosen = *node;
    if (search->running)
        current_end(search);
    if (!search->found)
        current_start(search, &chosen);
}

static size_t exchanges_of(struct search *search,
                           struct hop_redis_exchange *exchanges[HOP_FLEET_MAX + 1])
{
    size_t count = 0;
    if (search->running)
        exchanges[count++] = &search->current;
    for (size_t i = 0; search->asked && i < search->sentinel->count; i++)
        if (!search->votes[i].counted)
            exchanges[count++] = &search->votes[i].exchange;
    return count;
}

static void results_take(struct search *search)
{
    if (search->running && search->current.step == HOP_STEP_DONE)
        current_end(search);
    for (size_t i = 0; search->asked && i < search->sentinel->count; i++) {
        struct vote *vote = &search->votes[i];
        if (!vote->counted && vote->exchange.step == HOP_STEP_DONE)
            vote_count(vote, search);
    }
}

static enum hop_rc search_by(struct search *search, struct hop_deadline deadline)
{
    struct hop_redis_exchange *exchanges[HOP_FLEET_MAX + 1];
    struct hop_deadline patience = hop_deadline_earlier(
        deadline, hop_clock_deadline(hop_clock_left_ms(deadline) / HEAD_START));
    if (search->sentinel->known)
        current_start(search, &search->sentinel->primary);
    while (!search->found) {
        if (!search->running && !search->asked)
            votes_start(search);
        results_take(search);
        current_choose(search);
        size_t count = exchanges_of(search, exchanges);
        if (search->found || !count)
            break;
        enum hop_rc rc =
            hop_redis_exchange_any_by(exchanges, count, search->asked ? deadline : patience);
        results_take(search);
        if (rc == HOP_TIMEOUT && search->asked)
            return HOP_TIMEOUT;
        if (rc == HOP_TIMEOUT)
            votes_start(search);
    }
    return search->found ? HOP_OK : HOP_IO;
}

static void search_end(struct search *search)
{
    if (search->running)
        current_end(search);
    for (size_t i = 0; search->asked && i < search->sentinel->count; i++) {
        struct vote *vote = &search->votes[i];
        hop_redis_exchange_abandon(&vote->exchange);
        if (!vote->counted)
            vote_count(vote, search);
        hop_redis_link_close(&search->sentinel->links[i]);
    }
}

static enum hop_rc found_by(struct hop_sentinel *sentinel, struct search *search,
                            struct hop_deadline deadline, struct hop_error *err)
{
    search_by(search, deadline);
    search_end(search);
    if (search->found) {
        if (!sentinel->known || !hop_redis_node_equal(&sentinel->primary, &search->node))
            keep(sentinel, &search->node);
        return HOP_OK;
    }
    if (err)
        *err = search->err;
    return search->err.rc;
}

enum hop_rc hop_sentinel_exchange_by(struct hop_sentinel *sentinel, struct hop_redis_link *link,
                                     const struct hop_wire_pipeline *pipeline, bool again,
                                     struct hop_wire_answer *ret_answer,
                                     struct hop_deadline deadline, struct hop_error *err)
{
    if (link->fd >= 0)
        return hop_redis_exchange_by(link, pipeline, again, ret_answer, deadline, err);
    struct search *search = calloc(1, sizeof *search);
    *ret_answer = (struct hop_wire_answer){0};
    if (!search)
        return hop_error_set(err, HOP_NOMEM, "%s: no memory", link->name);
    search->sentinel = sentinel;
    search->link = link;
    search->pipeline = pipeline;
    search->answer = ret_answer;
    hop_error_set(&search->err, HOP_IO, "redis: no sentinel names a primary");
    enum hop_rc rc = found_by(sentinel, search, deadline, err);
    free(search);
    return rc;
}
