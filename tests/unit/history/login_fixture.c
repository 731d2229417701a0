/* SPDX-License-Identifier: Apache-2.0 */
#include "login_fixture.h"

#include "clock.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MS 20000

void fixture_source(struct hop_login *login, const char *address)
{
    ck_assert(hop_address_parse(hop_span_of(address), &login->origin.address));
}

struct hop_login fixture_login(void)
{
    struct hop_login login = {
        .id = "01JDEADBEEF000000000000000",
        .time = FIXTURE_TIME,
        .account = "msp-anna",
        .identity = "anna",
        .team = "nordics",
        .tenant = "acme",
        .tenant_tag = "t9f",
        .host = "db1",
        .service = "sshd",
        .key = FIXTURE_KEY,
        .origin = {.zone = HOP_ZONE_INTERNET,
                   .place = {.country = "NL", .asn = 33915, .kind = HOP_PLACE_FIXED}},
    };
    fixture_source(&login, "84.24.10.7");
    ck_assert(hop_address_parse(hop_span_of("198.51.100.9"), &login.server));
    return login;
}

struct hop_reach fixture_reach(const char *witness)
{
    struct hop_reach reach = {.prefix = "hop:1:", .tenants = 60};
    hop_string_copy(reach.witness, sizeof reach.witness, witness);
    return reach;
}

struct hop_reach fixture_reach_home(void)
{
    struct hop_reach reach = fixture_reach(HOP_HOME);
    reach.all_home = true;
    return reach;
}

void fixture_recall(struct hop_store *store, const struct hop_login *login,
                    const struct hop_reach *reach, struct hop_recollection *recollection)
{
    struct hop_reads *reads = malloc(sizeof *reads);
    struct hop_replies replies;
    struct hop_error err;
    hop_replies_init(&replies);
    hop_plan_reads(login, reach, reads);
    ck_assert_msg(hop_store_read_by(store, reads->items, reads->count, &replies,
                                    hop_clock_deadline(WAIT_MS), &err) == HOP_OK,
                  "%s", err.text);
    ck_assert_int_eq(hop_plan_recollect(reads, &replies, login, reach, recollection), HOP_OK);
    hop_replies_done(&replies);
    free(reads);
}

void fixture_write(struct hop_store *store, const struct hop_batch *batch)
{
    struct hop_error err;
    ck_assert_msg(hop_store_write_by(store, batch, hop_clock_deadline(WAIT_MS), &err) == HOP_OK,
                  "%s", err.text);
}

size_t fixture_learn(struct hop_store *store, const struct hop_login *login,
                     const struct hop_reach *reach, bool confirmed)
{
    struct hop_recollection recollection;
    struct hop_batch batch;
    struct hop_lesson lesson = {.learn = true, .confirmed = confirmed};
    size_t dropped = 0;
    hop_recollection_init(&recollection);
    hop_batch_init(&batch);
    fixture_recall(store, login, reach, &recollection);
    ck_assert_int_eq(hop_plan_learned(login, reach, &recollection, lesson, &batch), HOP_OK);
    for (size_t i = 0; i < batch.count; i++)
        dropped += batch.writes[i].kind == HOP_WRITE_DROP;
    fixture_write(store, &batch);
    hop_batch_done(&batch);
    hop_recollection_done(&recollection);
    return dropped;
}

static const char *const words[HOP_WRITE_KIND_COUNT] = {
    [HOP_WRITE_DAYS] = "days",   [HOP_WRITE_LAST] = "last",   [HOP_WRITE_LATEST] = "latest",
    [HOP_WRITE_FIELD] = "field", [HOP_WRITE_DROP] = "drop",   [HOP_WRITE_MEMBER] = "member",
    [HOP_WRITE_LOG] = "log",     [HOP_WRITE_LEAVE] = "leave", [HOP_WRITE_ERASE] = "erase",
};

char *fixture_text(const struct hop_batch *batch)
{
    size_t size = 1u << 16;
    struct hop_text text = hop_text_over(malloc(size), size);
    for (size_t i = 0; i < batch->count; i++) {
        const struct hop_write *write = &batch->writes[i];
        hop_text_format(&text, "%s %s", words[write->kind], write->key);
        if (write->field)
            hop_text_format(&text, " %s", write->field);
        if (write->value)
            hop_text_format(&text, " %s", write->value);
        hop_text_put(&text, "\n");
    }
    ck_assert(!text.cut);
    return text.at;
}
