/* SPDX-License-Identifier: Apache-2.0 */
#include "redis_transport.h"

#include "encode.h"
#include "socket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NAME_MAX_LEN 160
#define READ_SIZE 16384
#define WORDS_SHOWN 160 /* bytes of a server's error */

static char *name_make(const struct hop_redis_setup *setup)
{
    char name[NAME_MAX_LEN];
    struct hop_text text = hop_text_over(name, sizeof name);
    hop_text_put(&text, "redis ");
    if (setup->unix_path)
        hop_plain_put(&text, hop_span_of(setup->unix_path), 108);
    else
        hop_text_format(&text, "%s port %u", setup->address, (unsigned)setup->port);
    return strdup(name);
}

enum hop_rc hop_redis_link_init(struct hop_redis_link *link, const struct hop_redis_setup *setup,
                                struct hop_error *err)
{
    *link = (struct hop_redis_link){.fd = -1, .port = setup->port, .database = setup->database};
    if (!setup->unix_path &&
        (!setup->address || !hop_address_parse(hop_span_of(setup->address), &link->address)))
        return hop_error_set(err, HOP_MALFORMED, "redis: address is not numeric");
    link->name = name_make(setup);
    link->unix_path = setup->unix_path ? strdup(setup->unix_path) : NULL;
    link->user = strdup(setup->user ? setup->user : "");
    link->secret = strdup(setup->secret ? setup->secret : "");
    if (link->name && link->user && link->secret && (link->unix_path || !setup->unix_path))
        return HOP_OK;
    hop_redis_link_done(link);
    return hop_error_set(err, HOP_NOMEM, "redis: no memory");
}

void hop_redis_link_close(struct hop_redis_link *link)
{
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
    free(link->unix_path);
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
    char byte;
    ssize_t len = recv(link->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return len >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

static void greeting_put(const struct hop_redis_link *link, struct hop_wire_pipeline *pipeline)
{
    if (*link->secret && *link->user)
        hop_wire_command(pipeline, 3, (const char *[]){"AUTH", link->user, link->secret});
    else if (*link->secret)
        hop_wire_command(pipeline, 2, (const char *[]){"AUTH", link->secret});
    if (!link->database)
        return;
    char number[24];
    struct hop_text text = hop_text_over(number, sizeof number);
    hop_text_put_int(&text, link->database);
    hop_wire_command(pipeline, 2, (const char *[]){"SELECT", number});
}

static enum hop_rc greeting_check(const struct hop_redis_link *link, struct hop_wire_answer *answer,
                                  size_t count, struct hop_error *err)
{
    for (size_t i = 0; i < count; i++)
        if (answer->replies[i]->kind == HOP_WIRE_ERROR)
            return hop_redis_refusal(link, answer->replies[i]->text, err);
    answer->replies += count;
    answer->count -= count;
    answer->have -= count;
    return HOP_OK;
}

/* A server that turns a connection away says why before it closes. */
static enum hop_rc closed(const struct hop_redis_link *link, const struct hop_wire_answer *answer,
                          struct hop_error *err)
{
    for (size_t i = 0; i < answer->have; i++)
        if (answer->replies[i]->kind == HOP_WIRE_ERROR)
            return hop_redis_refusal(link, answer->replies[i]->text, err);
    return hop_error_set(err, HOP_IO, "%s: the server closed the connection", link->name);
}

static enum hop_rc answer_read_by(const struct hop_redis_link *link, struct hop_wire_answer *answer,
                                  struct hop_deadline deadline, struct hop_error *err)
{
    char buffer[READ_SIZE];
    while (!hop_wire_answer_complete(answer)) {
        size_t len = 0;
        enum hop_rc rc = hop_socket_read_by(link->fd, buffer, sizeof buffer, deadline, &len, err);
        if (rc != HOP_OK) {
            hop_error_within(err, "%s", link->name);
            return rc;
        }
        if (!len)
            return closed(link, answer, err);
        rc = hop_wire_answer_feed(answer, (struct hop_span){buffer, len});
        if (rc != HOP_OK)
            return hop_error_set(err, rc, "%s: %s", link->name,
                                 rc == HOP_NOMEM ? "no memory"
                                                 : "not Redis' protocol, or too large an answer");
    }
    return HOP_OK;
}

static enum hop_rc send_and_read_by(const struct hop_redis_link *link,
                                    const struct hop_wire_pipeline *whole,
                                    struct hop_wire_answer *answer, struct hop_deadline deadline,
                                    struct hop_error *err)
{
    if (whole->failed || hop_wire_answer_start(answer, whole->commands) != HOP_OK)
        return hop_error_set(err, HOP_NOMEM, "%s: no memory", link->name);
    enum hop_rc rc = hop_socket_write_by(link->fd, whole->bytes, whole->len, deadline, err);
    if (rc == HOP_OK)
        return answer_read_by(link, answer, deadline, err);
    hop_error_within(err, "%s", link->name);
    return rc;
}

static enum hop_rc attempt_by(struct hop_redis_link *link, const struct hop_wire_pipeline *pipeline,
                              bool fresh, struct hop_wire_answer *answer,
                              struct hop_deadline deadline, struct hop_error *err)
{
    struct hop_wire_pipeline whole;
    hop_wire_pipeline_init(&whole);
    if (fresh)
        greeting_put(link, &whole);
    size_t greetings = whole.commands;
    hop_wire_pipeline_append(&whole, pipeline);
    enum hop_rc rc = send_and_read_by(link, &whole, answer, deadline, err);
    hop_wire_pipeline_done(&whole);
    return rc == HOP_OK ? greeting_check(link, answer, greetings, err) : rc;
}

static enum hop_rc connect_by(struct hop_redis_link *link, struct hop_deadline deadline,
                              struct hop_error *err)
{
    enum hop_rc rc;
    if (link->unix_path)
        rc = hop_socket_connect_unix_by(link->unix_path, deadline, &link->fd, err);
    else
        rc = hop_socket_connect_tcp_by(&link->address, link->port, deadline, &link->fd, err);
    if (rc == HOP_OK)
        return rc;
    /* No socket is no server: that nothing is there must not look like an empty history. */
    rc = rc == HOP_NOT_FOUND ? HOP_IO : rc;
    if (err)
        err->rc = rc;
    hop_error_within(err, "%s", link->name);
    return rc;
}

/* An exchange over a connection made for it. */
static enum hop_rc fresh_exchange_by(struct hop_redis_link *link,
                                     const struct hop_wire_pipeline *pipeline,
                                     struct hop_wire_answer *answer, struct hop_deadline deadline,
                                     struct hop_error *err)
{
    enum hop_rc rc = connect_by(link, deadline, err);
    return rc == HOP_OK ? attempt_by(link, pipeline, true, answer, deadline, err) : rc;
}

enum hop_rc hop_redis_exchange_by(struct hop_redis_link *link,
                                  const struct hop_wire_pipeline *pipeline, bool again,
                                  struct hop_wire_answer *ret_answer, struct hop_deadline deadline,
                                  struct hop_error *err)
{
    *ret_answer = (struct hop_wire_answer){0};
    if (link->fd >= 0 && gone_stale(link))
        hop_redis_link_close(link);
    bool fresh = link->fd < 0;
    enum hop_rc rc = fresh ? fresh_exchange_by(link, pipeline, ret_answer, deadline, err)
                           : attempt_by(link, pipeline, false, ret_answer, deadline, err);
    if (rc == HOP_IO && !fresh && again && !ret_answer->guard.bytes) {
        hop_wire_answer_done(ret_answer);
        hop_redis_link_close(link);
        hop_error_clear(err);
        rc = fresh_exchange_by(link, pipeline, ret_answer, deadline, err);
    }
    if (rc != HOP_OK) {
        hop_wire_answer_done(ret_answer);
        hop_redis_link_close(link);
    }
    return rc;
}
