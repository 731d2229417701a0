/* SPDX-License-Identifier: Apache-2.0 */
/* Why: a stable code and a sentence for each term and floor that counts. */
#include "encode.h"
#include "parts.h"

#include <stdio.h>
#include <string.h>

#define WORTH_TELLING_DB 5 /* decibits */
#define NAME_SHOWN_MAX 48  /* bytes of a name in a sentence */
#define NAME_TEXT_MAX (4 * NAME_SHOWN_MAX + 4)

/* A name as a sentence may show it. */
struct shown {
    char text[NAME_TEXT_MAX];
};

static struct shown show(const char *name)
{
    struct shown shown;
    struct hop_text text = hop_text_over(shown.text, sizeof shown.text);
    hop_plain_put(&text, hop_span_of(name), NAME_SHOWN_MAX);
    return shown;
}

void hop_verdict_because(struct hop_verdict *verdict, const char *code, int decibits,
                         const char *format, ...)
{
    if (verdict->reason_count >= HOP_REASONS_MAX)
        return;
    struct hop_reason *reason = &verdict->reasons[verdict->reason_count++];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(reason->text, sizeof reason->text, format, arguments);
    va_end(arguments);
    (void)snprintf(reason->code, sizeof reason->code, "%s", code);
    reason->decibits = decibits;
}

static void because_of_origin(const struct hop_scene *scene, const struct hop_familiarity *f,
                              int decibits, struct hop_verdict *verdict)
{
    enum hop_kind kind = hop_origin_unknown(f);
    struct shown value = show(kind == HOP_KIND_COUNT ? "" : f->values.text[kind]);
    const char *hosting =
        scene->login->origin.place.kind == HOP_PLACE_HOSTING ? ", in a hosting network" : "";
    bool named = strcmp(value.text, "unknown") != 0;
    if (kind == HOP_KIND_COUNTRY && named)
        hop_verdict_because(verdict, "country-new", decibits, "country %s new%s", value.text,
                            hosting);
    else if (kind == HOP_KIND_COUNTRY)
        hop_verdict_because(verdict, "country-new", decibits, "country unknown%s", hosting);
    else if (kind == HOP_KIND_ASN && named)
        hop_verdict_because(verdict, "asn-new", decibits, "AS%s new%s", value.text, hosting);
    else if (kind == HOP_KIND_ASN)
        hop_verdict_because(verdict, "asn-new", decibits, "network operator unknown%s", hosting);
    else if (kind == HOP_KIND_NET)
        hop_verdict_because(verdict, "net-new", decibits, "network %s new", value.text);
    else
        hop_verdict_because(verdict, "address-new", decibits, "address %s new", value.text);
}

static void because_of_sight(const struct hop_scene *scene, const struct hop_familiarity *f,
                             int decibits, struct hop_verdict *verdict)
{
    static const char *const parts[] = {[HOP_KIND_COUNTRY] = "country",
                                        [HOP_KIND_ASN] = "network operator",
                                        [HOP_KIND_NET] = "network",
                                        [HOP_KIND_NODE] = "address"};
    enum hop_kind never = hop_origin_never_seen(scene, f), kind = hop_origin_unknown(f);
    hop_verdict_because(verdict, "first-sight", decibits, "%s %s seen before",
                        kind == HOP_KIND_COUNT ? "origin" : parts[kind],
                        never == HOP_KIND_COUNT ? "hardly" : "never");
}

static void because_of_hour(const struct hop_familiarity *f, int decibits,
                            struct hop_verdict *verdict)
{
    const char *bin = f->values.text[HOP_KIND_HOUR];
    hop_verdict_because(verdict, "hour-rare", decibits, "seldom at work at %s UTC on a %s", bin + 2,
                        bin[1] == 'e' ? "weekend" : "weekday");
}

static void because_of_key(const struct hop_scene *scene, int decibits, struct hop_verdict *verdict)
{
    if (scene->around->key_of_another || scene->around->owners_flooded)
        hop_verdict_because(verdict, "key-of-another", decibits, "key in use by somebody else");
    else
        hop_verdict_because(verdict, "key-new", decibits, "key never used");
}

static void because_of_destination(const struct hop_scene *scene, const struct hop_familiarity *f,
                                   int decibits, struct hop_verdict *verdict)
{
    struct shown tenant = show(scene->login->tenant), host = show(scene->login->host);
    if (!f->known[HOP_KIND_TENANT])
        hop_verdict_because(verdict, "tenant-new", decibits, "tenant %s never used", tenant.text);
    else if (f->values.has[HOP_KIND_HOST] && !f->known[HOP_KIND_HOST])
        hop_verdict_because(verdict, "host-new", decibits, "host %s of tenant %s never used",
                            host.text, tenant.text);
    else
        hop_verdict_because(verdict, "tenant-rare", decibits, "tenant %s seldom used", tenant.text);
}

static void because_of_hop(const struct hop_scene *scene, int decibits, struct hop_verdict *verdict)
{
    if (hop_login_is_hop(scene->login))
        hop_verdict_because(verdict, "hop", decibits, "source inside tenant %s",
                            show(scene->login->origin.tenant).text);
    else
        hop_verdict_because(verdict, "hop-missing", decibits,
                            "not out of a customer's network as usual");
}

static void because_of_block(const struct hop_scene *scene, const struct hop_familiarity *f,
                             enum hop_block block, int decibits, struct hop_verdict *verdict)
{
    switch (block) {
    case HOP_BLOCK_ORIGIN:
        because_of_origin(scene, f, decibits, verdict);
        break;
    case HOP_BLOCK_TRAVEL:
        hop_verdict_because(verdict, "travel", decibits,
                            "too far from the last login in too little time");
        break;
    case HOP_BLOCK_TIME:
        because_of_hour(f, decibits, verdict);
        break;
    case HOP_BLOCK_KEY:
        because_of_key(scene, decibits, verdict);
        break;
    case HOP_BLOCK_DESTINATION:
        because_of_destination(scene, f, decibits, verdict);
        break;
    case HOP_BLOCK_HOP:
        because_of_hop(scene, decibits, verdict);
        break;
    case HOP_BLOCK_FAN_OUT:
        hop_verdict_because(verdict, "fan-out", decibits, "many unfamiliar tenants within a day");
        break;
    case HOP_BLOCK_FAILURES:
        hop_verdict_because(verdict, "failures", decibits, "wrong credentials shortly before");
        break;
    case HOP_BLOCK_DORMANCY:
        hop_verdict_because(verdict, "dormant", decibits, "silent for %d days",
                            (int)hop_days_silent(f));
        break;
    case HOP_BLOCK_SIGHT:
        because_of_sight(scene, f, decibits, verdict);
        break;
    case HOP_BLOCK_MOVE:
        hop_verdict_because(verdict, "moved", decibits,
                            "at work elsewhere less than two hours ago");
        break;
    case HOP_BLOCK_RECENCY:
        hop_verdict_because(verdict, "tenant-long-ago", decibits, "tenant %s not used for %d days",
                            show(scene->login->tenant).text, (int)(f->today - f->tenant_last));
        break;
    case HOP_BLOCK_PACE:
        hop_verdict_because(verdict, "pace", decibits, "several other tenants within two hours");
        break;
    case HOP_BLOCK_COUNT:
        break;
    }
}

static const char *frozen_what(const struct hop_around *around)
{
    if (around->frozen_account != HOP_FREEZE_NONE)
        return "account";
    return around->frozen_key != HOP_FREEZE_NONE ? "key" : "source";
}

static void because_of_floor(const struct hop_scene *scene, enum hop_floor floor,
                             struct hop_verdict *verdict)
{
    const struct hop_login *login = scene->login;
    const char *code = hop_floor_word(floor);
    switch (floor) {
    case HOP_FLOOR_NEWCOMER:
        hop_verdict_because(verdict, code, 0, "fewer than three days on record");
        break;
    case HOP_FLOOR_COUNTRY:
        hop_verdict_because(verdict, code, 0, "country new");
        break;
    case HOP_FLOOR_HOSTING:
        hop_verdict_because(verdict, code, 0, "hosting network new");
        break;
    case HOP_FLOOR_KEY_NEW:
        hop_verdict_because(verdict, code, 0, "key new from the internet");
        break;
    case HOP_FLOOR_EDGE:
        hop_verdict_because(verdict, code, 0, "hop from tenant %s to tenant %s never made",
                            show(login->origin.tenant).text, show(login->tenant).text);
        break;
    case HOP_FLOOR_TENANT_FIRST:
        hop_verdict_because(verdict, code, 0, "first login at tenant %s", show(login->tenant).text);
        break;
    case HOP_FLOOR_UNCONFIRMED:
        hop_verdict_because(verdict, code, 0, "seen on three days and never confirmed");
        break;
    case HOP_FLOOR_DORMANT:
        hop_verdict_because(verdict, code, 0, "silent for more than 90 days");
        break;
    case HOP_FLOOR_FROZEN:
        hop_verdict_because(verdict, code, 0, "%s frozen", frozen_what(scene->around));
        break;
    case HOP_FLOOR_KEY_OWNER:
        hop_verdict_because(verdict, code, 0, "key in use by somebody else");
        break;
    case HOP_FLOOR_FLOODED:
        hop_verdict_because(verdict, code, 0, "a shared list is full");
        break;
    case HOP_FLOOR_COUNT:
        break;
    }
}

static bool is_told(const struct hop_verdict *verdict, const char *code)
{
    for (size_t i = 0; i < verdict->reason_count; i++) {
        if (strcmp(verdict->reasons[i].code, code) == 0)
            return true;
    }
    return false;
}

static int shown_decibits(const struct hop_score *score, enum hop_block block)
{
    return hop_decibits(score->evidence.terms[score->story][block]);
}

/* The heaviest block among those not yet told; HOP_BLOCK_COUNT when none is worth telling. */
static enum hop_block heaviest(const struct hop_score *score, unsigned told)
{
    enum hop_block best = HOP_BLOCK_COUNT;
    int most = WORTH_TELLING_DB - 1;
    for (unsigned block = 0; block < HOP_BLOCK_COUNT; block++) {
        int decibits = shown_decibits(score, (enum hop_block)block);
        if (!(told >> block & 1) && decibits > most) {
            most = decibits;
            best = (enum hop_block)block;
        }
    }
    return best;
}

static void because_usual(const struct hop_score *score, struct hop_verdict *verdict)
{
    static const char *const sentences[HOP_BLOCK_COUNT] = {
        [HOP_BLOCK_ORIGIN] = "usual origin",   [HOP_BLOCK_TRAVEL] = "plausible journey",
        [HOP_BLOCK_TIME] = "usual hour",       [HOP_BLOCK_DESTINATION] = "usual tenant",
        [HOP_BLOCK_KEY] = "usual key",         [HOP_BLOCK_HOP] = "usual way in",
        [HOP_BLOCK_FAN_OUT] = "usual pace",    [HOP_BLOCK_FAILURES] = "no failures",
        [HOP_BLOCK_DORMANCY] = "usual rhythm", [HOP_BLOCK_SIGHT] = "origin seen before",
        [HOP_BLOCK_MOVE] = "stayed in place",  [HOP_BLOCK_RECENCY] = "tenant used lately",
        [HOP_BLOCK_PACE] = "unhurried",
    };
    enum hop_block least = HOP_BLOCK_ORIGIN;
    for (unsigned block = 1; block < HOP_BLOCK_COUNT; block++) {
        if (shown_decibits(score, (enum hop_block)block) < shown_decibits(score, least))
            least = (enum hop_block)block;
    }
    hop_verdict_because(verdict, "usual", shown_decibits(score, least), "%s", sentences[least]);
}

void hop_reasons_of(const struct hop_scene *scene, const struct hop_familiarity *f,
                    struct hop_verdict *verdict)
{
    const struct hop_score *score = &verdict->score;
    unsigned told = 0;
    for (enum hop_block block; (block = heaviest(score, told)) != HOP_BLOCK_COUNT;) {
        because_of_block(scene, f, block, shown_decibits(score, block), verdict);
        told |= 1u << (unsigned)block;
    }
    for (unsigned floor = 0; floor < HOP_FLOOR_COUNT; floor++) {
        bool holds = score->floors & HOP_FLOOR_BIT(floor);
        if (holds && !is_told(verdict, hop_floor_word((enum hop_floor)floor)))
            because_of_floor(scene, (enum hop_floor)floor, verdict);
    }
    if (verdict->reason_count == 0)
        because_usual(score, verdict);
}
