/* SPDX-License-Identifier: Apache-2.0 */
#include "redis_transport.h"

#include "clock.h"
#include "encode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_MAX_LEN 400
#define READ_SIZE 16384
#define WORDS_SHOWN 160 /* bytes of a server's error */

/* --- link ------------------------------------------------------------------------------------ */

static const char *host_of(const struct hop_redis_setup *setup)
{
    return setup->host ? setup->host : setup->address;
}

static char *name_make(const struct hop_redis_setup *setup)
{
    char name[NAME_MAX_LEN];
    struct hop_text text = hop_text_over(name, sizeof name);
    hop_text_put(&text, "redis ");
    hop_plain_put(&text, hop_span_of(setup->unix_path ? setup->unix_path : host_of(setup)), 108);
    if (!setup->unix_path)
        hop_text_format(&text, " port %u", (unsigned)setup->port);
    return strdup(name);
}

static enum hop_rc targets_take(struct hop_redis_link *link, const struct hop_redis_setup *setup,
                                struct hop_error *err)
{
    if (setup->unix_path) {
        link->target_count = 1;
        return hop_socket_target_unix(setup->unix_path, &link->targets[0], err);
    }
    struct hop_span rest = hop_span_of(setup->address), word;
    while (link->target_count < HOP_REDIS_ADDRESSES_MAX && hop_span_word(&rest, &word)) {
        struct hop_address address;
        if (!hop_address_parse(word, &address))
            return hop_error_set(err, HOP_MALFORMED, "redis: address is not numeric");
        if (!link->target_count)
            link->node = (struct hop_redis_node){.address = address, .port = setup->port};
        hop_socket_target_tcp(&address, setup->port, &link->targets[link->target_count++], NULL);
    }
    return link->target_count ? HOP_OK : hop_error_set(err, HOP_MALFORMED, "redis: no address");
}

enum hop_rc hop_redis_link_init(struct hop_redis_link *link, const struct hop_redis_setup *setup,
                                const struct hop_tls_trust *trust, struct hop_error *err)
{
    *link = (struct hop_redis_link){.fd = -1, .database = setup->database, .trust = trust};
    enum hop_rc rc = targets_take(link, setup, err);
    if (rc != HOP_OK)
        return rc;
    link->name = name_make(setup);
    link->host = strdup(setup->unix_path ? "" : host_of(setup));
    link->user = strdup(setup->user ? setup->user : "");
    link->secret = strdup(setup->secret ? setup->secret : "");
    if (link->name && link->host && link->user && link->secret)
        return HOP_OK;
    hop_redis_link_done(link);
    return hop_error_set(err, HOP_NOMEM, "redis: no memory");
}

bool hop_redis_node_equal(const struct hop_redis_node *a, const struct hop_redis_node *b)
{
    return a->port == b->port && hop_address_equal(&a->address, &b->address);
}

enum hop_rc hop_redis_link_aim(struct hop_redis_link *link, const struct hop_redis_node *node,
                               struct hop_error *err)
{
    char address[HOP_ADDRESS_TEXT_MAX];
    struct hop_text text = hop_text_over(address, sizeof address);
    hop_address_put(&text, &node->address);
    const struct hop_redis_setup setup = {.address = address, .port = node->port};
    char *name = name_make(&setup), *host = strdup(address);
    hop_redis_link_close(link);
    enum hop_rc rc = name && host
                         ? hop_socket_target_tcp(&node->address, node->port, &link->targets[0], err)
                         : hop_error_set(err, HOP_NOMEM, "redis: no memory");
    if (rc != HOP_OK) {
        free(name);
        free(host);
        return rc;
    }
    free(link->name);
    free(link->host);
    link->name = name;
    link->host = host;
    link->target_count = 1;
    link->node = *node;
    return HOP_OK;
}

void hop_redis_link_close(struct hop_redis_link *link)
{
    hop_tls_free(&link->tls);
    if (link->fd >= 0)
        close(link->fd);
    link->fd = -1;
}

void hop_redis_link_done(struct hop_redis_link *link)
{
    hop_redis_link_close(link);
    if (link->secret)
        explicit_bzero(link->secret, strlen(link->secret));
    free(link->name);
    free(link->host);
    free(link->user);
    free(link->secret);
    *link = (struct hop_redis_link){.fd = -1};
}

static bool begins_with(struct hop_span words, const char *word)
{
    size_t len = strlen(word);
    return words.len >= len && memcmp(words.at, word, len) == 0;
}

enum hop_rc hop_redis_refusal(const struct hop_redis_link *link, struct hop_span words,
                              struct hop_error *err)
{
    static const char *const denials[] = {
        "NOAUTH", "WRONGPASS", "NOPERM", "DENIED", "ERR invalid password", "ERR AUTH "};
    enum hop_rc rc = HOP_IO;
    for (size_t i = 0; i < sizeof denials / sizeof denials[0]; i++)
        if (begins_with(words, denials[i]))
            rc = HOP_DENIED;
    char shown[4 * WORDS_SHOWN + 8];
    struct hop_text text = hop_text_over(shown, sizeof shown);
    hop_plain_put(&text, words, WORDS_SHOWN);
    return hop_error_set(err, rc, "%s: server says: %s", link->name, shown);
}

/* Closed by the server, or bytes that nobody asked for. */
static bool gone_stale(const struct hop_redis_link *link)
{
    if (link->tls && hop_tls_has_more(link->tls))
        return true;
    char byte;
    ssize_t len = recv(link->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return len >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

void hop_redis_link_check(struct hop_redis_link *link)
{
    if (link->fd >= 0 && gone_stale(link))
        hop_redis_link_close(link);
}

static void greeting_put(const struct hop_redis_link *link, struct hop_wire_pipeline *pipeline)
{
    if (*link->secret && *link->user)
        hop_wire_command(pipeline, 3, (const char *[]){"AUTH", link->user, link->secret});
    else if (*link->secret)
        hop_wire_command(pipeline, 2, (const char *[]){"AUTH", link->secret});
    if (link->database) {
        char number[24];
        struct hop_text text = hop_text_over(number, sizeof number);
        hop_text_put_int(&text, link->database);
        hop_wire_command(pipeline, 2, (const char *[]){"SELECT", number});
    }
    if (link->to_primary)
        hop_wire_command(pipeline, 1, (const char *[]){"ROLE"});
}

/* A user who may not ask for the role finds out by READONLY. */
static enum hop_rc role_check(const struct hop_redis_link *link, const struct hop_wire_reply *reply,
                              struct hop_error *err)
{
    bool told = reply->kind == HOP_WIRE_ARRAY && reply->count > 0;
    if (reply->kind == HOP_WIRE_ERROR || (told && hop_span_is(reply->items[0]->text, "master")))
        return HOP_OK;
    return hop_error_set(err, HOP_IO, "%s: not the primary", link->name);
}

static enum hop_rc greeting_check(const struct hop_redis_link *link, struct hop_wire_answer *answer,
                                  size_t count, struct hop_error *err)
{
    bool role_last = count && link->to_primary;
    for (size_t i = 0; i < count - role_last; i++)
        if (answer->replies[i]->kind == HOP_WIRE_ERROR && !link->secret_optional)
            return hop_redis_refusal(link, answer->replies[i]->text, err);
    if (role_last && role_check(link, answer->replies[count - 1], err) != HOP_OK)
        return HOP_IO;
    answer->replies += count;
    answer->count -= count;
    answer->have -= count;
    return HOP_OK;
}

/* --- exchange -------------------------------------------------------------------------------- */

static bool over_tls(const struct hop_redis_exchange *exchange)
{
    return exchange->link->trust != NULL;
}

static void finish(struct hop_redis_exchange *exchange, enum hop_rc rc)
{
    exchange->rc = rc;
    exchange->step = HOP_STEP_DONE;
    exchange->need = HOP_NEED_NOTHING;
    hop_wire_pipeline_done(&exchange->whole);
    if (rc == HOP_OK) {
        hop_error_clear(&exchange->err);
        return;
    }
    hop_wire_answer_done(exchange->answer);
    hop_redis_link_close(exchange->link);
}

/* On a new connection behind the greetings. */
static enum hop_rc whole_make(struct hop_redis_exchange *exchange)
{
    hop_wire_pipeline_done(&exchange->whole);
    hop_wire_answer_done(exchange->answer);
    exchange->sent = 0;
    if (exchange->fresh)
        greeting_put(exchange->link, &exchange->whole);
    exchange->greetings = exchange->whole.commands;
    hop_wire_pipeline_append(&exchange->whole, exchange->pipeline);
    if (!exchange->whole.failed &&
        hop_wire_answer_start(exchange->answer, exchange->whole.commands) == HOP_OK)
        return HOP_OK;
    return hop_error_set(&exchange->err, HOP_NOMEM, "%s: no memory", exchange->link->name);
}

static void begin(struct hop_redis_exchange *exchange, bool fresh)
{
    exchange->fresh = fresh;
    exchange->target = 0;
    exchange->step = fresh ? HOP_STEP_CONNECT : HOP_STEP_SEND;
    exchange->need = HOP_NEED_NOTHING;
    enum hop_rc rc = whole_make(exchange);
    if (rc == HOP_OK && !fresh && over_tls(exchange))
        rc = hop_tls_put(exchange->link->tls, exchange->whole.bytes, exchange->whole.len,
                         &exchange->err);
    if (rc != HOP_OK)
        finish(exchange, rc);
}

void hop_redis_exchange_start(struct hop_redis_exchange *exchange, struct hop_redis_link *link,
                              const struct hop_wire_pipeline *pipeline, bool again,
                              struct hop_wire_answer *answer)
{
    *exchange = (struct hop_redis_exchange){
        .link = link, .pipeline = pipeline, .answer = answer, .again = again};
    *answer = (struct hop_wire_answer){0};
    bool connected_before = link->fd >= 0;
    hop_redis_link_check(link);
    if (again || !connected_before || link->fd >= 0) {
        begin(exchange, link->fd < 0);
        return;
    }
    hop_error_set(&exchange->err, HOP_IO, "%s: the server closed the connection", link->name);
    finish(exchange, HOP_IO);
}

/* Puts the link's name before what the layers below say. */
static enum hop_rc of_link(struct hop_redis_exchange *exchange, enum hop_rc rc)
{
    if (rc != HOP_OK)
        hop_error_within(&exchange->err, "%s", exchange->link->name);
    return rc;
}

/* No socket is no server: that nothing is there must not look like an empty history. */
static enum hop_rc not_there(struct hop_redis_exchange *exchange, enum hop_rc rc)
{
    exchange->err.rc = rc == HOP_NOT_FOUND ? HOP_IO : rc;
    return of_link(exchange, exchange->err.rc);
}

static enum hop_rc connected(struct hop_redis_exchange *exchange)
{
    struct hop_redis_link *link = exchange->link;
    if (!over_tls(exchange)) {
        exchange->step = HOP_STEP_SEND;
        return HOP_OK;
    }
    exchange->step = HOP_STEP_SHAKE;
    return of_link(exchange,
                   hop_tls_new(link->trust, link->name, link->host, &link->tls, &exchange->err));
}

static enum hop_rc connect_step(struct hop_redis_exchange *exchange)
{
    struct hop_redis_link *link = exchange->link;
    const struct hop_socket_target *target = &link->targets[exchange->target];
    enum hop_rc rc = HOP_OK;
    if (link->fd < 0)
        rc = hop_socket_open(target, &link->fd, &exchange->err);
    if (rc == HOP_OK)
        rc = hop_socket_connect(link->fd, target, &exchange->need, &exchange->err);
    if (rc == HOP_OK)
        return exchange->need ? HOP_OK : connected(exchange);
    if (exchange->target + 1 == link->target_count)
        return not_there(exchange, rc);
    hop_redis_link_close(link);
    exchange->target++;
    exchange->need = HOP_NEED_NOTHING;
    return HOP_OK;
}

static enum hop_rc shake_step(struct hop_redis_exchange *exchange)
{
    bool ready;
    struct hop_redis_link *link = exchange->link;
    enum hop_rc rc = hop_tls_shake(link->tls, link->fd, &ready, &exchange->need, &exchange->err);
    if (rc == HOP_OK && ready) {
        exchange->step = HOP_STEP_SEND;
        rc = hop_tls_put(link->tls, exchange->whole.bytes, exchange->whole.len, &exchange->err);
    }
    return of_link(exchange, rc);
}

static enum hop_rc send_step(struct hop_redis_exchange *exchange)
{
    struct hop_redis_link *link = exchange->link;
    size_t left = exchange->whole.len - exchange->sent, done = left;
    enum hop_rc rc = HOP_OK;
    if (over_tls(exchange))
        rc = hop_tls_flush(link->tls, link->fd, &exchange->need, &exchange->err);
    else if (left)
        rc = hop_socket_send(link->fd, exchange->whole.bytes + exchange->sent, left, &done,
                             &exchange->need, &exchange->err);
    if (rc != HOP_OK)
        return of_link(exchange, rc);
    if (!over_tls(exchange))
        exchange->sent += done;
    if (!exchange->need && (over_tls(exchange) || exchange->sent == exchange->whole.len))
        exchange->step = HOP_STEP_READ;
    return HOP_OK;
}

/* A server that turns a connection away says why before it closes. */
static enum hop_rc closed(struct hop_redis_exchange *exchange)
{
    const struct hop_wire_answer *answer = exchange->answer;
    for (size_t i = 0; i < answer->have; i++)
        if (answer->replies[i]->kind == HOP_WIRE_ERROR)
            return hop_redis_refusal(exchange->link, answer->replies[i]->text, &exchange->err);
    return hop_error_set(&exchange->err, HOP_IO, "%s: the server closed the connection",
                         exchange->link->name);
}

static enum hop_rc bytes_take(struct hop_redis_exchange *exchange, struct hop_span bytes)
{
    enum hop_rc rc = hop_wire_answer_feed(exchange->answer, bytes);
    if (rc != HOP_OK)
        return hop_error_set(&exchange->err, rc, "%s: %s", exchange->link->name,
                             rc == HOP_NOMEM ? "no memory"
                                             : "not Redis' protocol, or too large an answer");
    if (!hop_wire_answer_complete(exchange->answer))
        return HOP_OK;
    rc = greeting_check(exchange->link, exchange->answer, exchange->greetings, &exchange->err);
    if (rc == HOP_OK && exchange->fresh && over_tls(exchange))
        hop_tls_keep(exchange->link->tls);
    finish(exchange, rc);
    return rc;
}

static enum hop_rc read_step(struct hop_redis_exchange *exchange)
{
    struct hop_redis_link *link = exchange->link;
    char buffer[READ_SIZE];
    size_t len = 0;
    bool ended;
    enum hop_rc rc;
    if (over_tls(exchange)) {
        rc = hop_tls_receive(link->tls, link->fd, buffer, sizeof buffer, &len, &ended,
                             &exchange->need, &exchange->err);
    } else {
        rc = hop_socket_receive(link->fd, buffer, sizeof buffer, &len, &exchange->need,
                                &exchange->err);
        ended = !len && !exchange->need;
    }
    if (rc != HOP_OK)
        return of_link(exchange, rc);
    if (ended)
        return closed(exchange);
    return len ? bytes_take(exchange, (struct hop_span){buffer, len}) : HOP_OK;
}

static enum hop_rc step_take(struct hop_redis_exchange *exchange)
{
    exchange->need = HOP_NEED_NOTHING;
    switch (exchange->step) {
    case HOP_STEP_CONNECT:
        return connect_step(exchange);
    case HOP_STEP_SHAKE:
        return shake_step(exchange);
    case HOP_STEP_SEND:
        return send_step(exchange);
    case HOP_STEP_READ:
        return read_step(exchange);
    case HOP_STEP_DONE:
        break;
    }
    return HOP_OK;
}

static void advance(struct hop_redis_exchange *exchange)
{
    enum hop_rc rc = step_take(exchange);
    if (rc == HOP_OK || exchange->step == HOP_STEP_DONE)
        return;
    bool anew =
        rc == HOP_IO && !exchange->fresh && exchange->again && !exchange->answer->guard.bytes;
    if (!anew) {
        finish(exchange, rc);
        return;
    }
    hop_redis_link_close(exchange->link);
    begin(exchange, true);
}

/* The clock is asked before every step: a peer that always has one more byte would otherwise never
 * let go. */
enum hop_rc hop_redis_exchange_any_by(struct hop_redis_exchange *const *exchanges, size_t count,
                                      struct hop_deadline deadline)
{
    struct hop_socket_wait waits[HOP_SOCKET_WAITS_MAX];
    struct hop_redis_exchange *waiting[HOP_SOCKET_WAITS_MAX];
    for (;;) {
        size_t active = 0;
        bool done = false;
        for (size_t i = 0; i < count && active < HOP_SOCKET_WAITS_MAX; i++) {
            struct hop_redis_exchange *exchange = exchanges[i];
            if (exchange->step == HOP_STEP_DONE)
                continue;
            if (hop_deadline_passed(deadline, hop_clock_monotonic_ns()))
                return HOP_TIMEOUT;
            if (!exchange->need)
                advance(exchange);
            done |= exchange->step == HOP_STEP_DONE;
            waits[active] =
                (struct hop_socket_wait){.fd = exchange->link->fd, .need = exchange->need};
            waiting[active++] = exchange;
        }
        if (done || !active)
            return HOP_OK;
        enum hop_rc rc = hop_socket_wait_by(waits, active, deadline, NULL);
        if (rc != HOP_OK)
            return rc;
        for (size_t i = 0; i < active; i++)
            if (waits[i].ready)
                waiting[i]->need = HOP_NEED_NOTHING;
    }
}

void hop_redis_exchange_abandon(struct hop_redis_exchange *exchange)
{
    static const char *const doing[] = {"connect", "TLS", "write", "read", ""};
    if (exchange->step == HOP_STEP_DONE)
        return;
    hop_error_set(&exchange->err, HOP_TIMEOUT, "%s: %s: deadline passed", exchange->link->name,
                  doing[exchange->step]);
    finish(exchange, HOP_TIMEOUT);
}

enum hop_rc hop_redis_exchange_by(struct hop_redis_link *link,
                                  const struct hop_wire_pipeline *pipeline, bool again,
                                  struct hop_wire_answer *ret_answer, struct hop_deadline deadline,
                                  struct hop_error *err)
{
    struct hop_redis_exchange exchange;
    struct hop_redis_exchange *const one = &exchange;
    hop_redis_exchange_start(&exchange, link, pipeline, again, ret_answer);
    if (exchange.step != HOP_STEP_DONE)
        hop_redis_exchange_any_by(&one, 1, deadline);
    hop_redis_exchange_abandon(&exchange);
    if (exchange.rc != HOP_OK && err)
        *err = exchange.err;
    return exchange.rc;
}
