/* SPDX-License-Identifier: Apache-2.0 */
/* Replies as hostile hosts may have made them: one line of input after the other goes to the next
 * read, "<number>\t<member>\t<member>...". */
#include "plan.h"

#include <stdlib.h>

#define PAIRS_MAX 512

static void must(bool fine)
{
    if (!fine)
        abort();
}

static const struct hop_login login = {
    .time = 1795512600,
    .identity = "anna",
    .team = "nordics",
    .tenant = "acme",
    .tenant_tag = "t9f",
    .host = "db1",
    .key = "SHA256:A",
    .origin = {.address = {.family = 4, .bytes = {84, 24, 1}}, .zone = HOP_ZONE_INTERNET}};
static const struct hop_reach reach = {.prefix = "hop:1:", .witness = "acme", .tenants = 60};

static void reply_fill(struct hop_span line, struct hop_replies *replies, struct hop_reply *reply)
{
    struct hop_span word;
    int64_t number = 0;
    if (hop_span_cut(&line, '\t', &word))
        hop_span_int64(word, INT64_MIN, INT64_MAX, &number);
    for (int i = 0; i < PAIRS_MAX && hop_span_cut(&line, '\t', &word); i++)
        must(hop_replies_add(replies, reply, word, word) == HOP_OK);
    reply->number = number;
}

static void expect_sane(const struct hop_recollection *recalled)
{
    const struct hop_around *around = &recalled->around;
    must(recalled->source == HOP_RECALL_STORE);
    must(around->touch_count <= HOP_TOUCHES_MAX);
    must(around->team_here >= 0 && around->org_here >= 0 && around->tenants >= 1);
    must(recalled->merged.count >= recalled->own.count);
    must(recalled->inventory_tag[0] == '\0' ||
         hop_tenant_valid(hop_span_of(recalled->inventory_tag)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hop_reads reads;
    struct hop_replies replies;
    struct hop_recollection recalled;
    struct hop_span text = {(const char *)data, size}, line;
    hop_recollection_init(&recalled);
    hop_replies_init(&replies);
    hop_plan_reads(&login, &reach, &reads);
    must(hop_replies_start(&replies, reads.count));
    for (size_t i = 0; i < reads.count && hop_span_cut(&text, '\n', &line); i++)
        reply_fill(line, &replies, &replies.items[i]);
    must(hop_plan_recollect(&reads, &replies, &login, &reach, &recalled) == HOP_OK);
    expect_sane(&recalled);
    struct hop_batch batch;
    hop_batch_init(&batch);
    must(hop_plan_learned(&login, &reach, &recalled, (struct hop_lesson){.learn = true}, &batch) ==
         HOP_OK);
    must(hop_plan_touch(&login, &reach, &recalled, 45, &batch) == HOP_OK);
    must(hop_plan_log(&reach, "01J00000000000000000000000", "{}", &batch) == HOP_OK);
    hop_batch_done(&batch);
    hop_recollection_done(&recalled);
    hop_replies_done(&replies);
    return 0;
}
