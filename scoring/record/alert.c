/* SPDX-License-Identifier: Apache-2.0 */
#include "record.h"

#include <math.h>
#include <string.h>

#include "encode.h"
#include "member.h"

/* How much of an alert there is room for; tightened until the line fits. */
struct room {
    size_t reasons, codes;
    size_t name; /* escaped bytes of each name */
    size_t note;
};

#define NAME_ESCAPED_MAX (HOP_ERROR_TEXT_MAX * 6 + 3)

/* Length of the escape or character that starts here: never cut through one. */
static size_t escape_length(const char *json)
{
    if (json[0] != '\\')
        return 1;
    if (json[1] != 'u')
        return 2;
    bool pair = json[2] == 'd' && strchr("89ab", json[3]) != NULL;
    return pair ? 12 : 6;
}

/* A string of at most `most` bytes between its quotes; "..." tells that it was cut. */
static void put_cut(struct hop_text *text, const char *name, const char *value, size_t most)
{
    if (value == NULL || value[0] == '\0')
        return;
    char buffer[NAME_ESCAPED_MAX];
    struct hop_text whole = hop_text_over(buffer, sizeof buffer);
    struct hop_span start = hop_span_of(value);
    if (start.len > most + 4) /* no escape is shorter than what it stands for */
        start.len = most + 4;
    hop_json_put_string(&whole, start);
    hop_member_name(text, name);
    if (!whole.cut && whole.len <= most + 2) {
        hop_text_put(text, buffer);
        return;
    }
    size_t stop = most - 2 < whole.len - 12 ? most - 2 : whole.len - 12;
    size_t end = 1;
    while (end + escape_length(buffer + end) <= stop)
        end += escape_length(buffer + end);
    hop_text_put_span(text, (struct hop_span){buffer, end});
    hop_text_put(text, "...\"");
}

static bool is_alert(const struct hop_alert *alert)
{
    if (alert->answer != NULL && alert->answer->alert)
        return true;
    if (alert->verdict != NULL)
        return alert->verdict->alert || alert->verdict->action != HOP_ALLOW;
    return alert->author != NULL || alert->outcome == NULL ||
           strcmp(alert->outcome, "success") != 0;
}

static void put_event(struct hop_text *text, const struct hop_alert *alert)
{
    hop_member_string(text, "event.kind", is_alert(alert) ? "alert" : "event");
    hop_member_name(text, "event.category");
    hop_text_put(text, "[\"authentication\"]");
    hop_member_word(text, "event.action", alert->action);
    hop_member_word(text, "event.outcome", alert->outcome);
}

static void put_decision(struct hop_text *text, const struct hop_alert *alert)
{
    const struct hop_verdict *verdict = alert->verdict;
    if (verdict != NULL)
        hop_member_string(text, "hopwarden.action", hop_action_word(verdict->action));
    if (alert->answer != NULL)
        hop_member_string(text, "hopwarden.answer", hop_action_word(alert->answer->action));
    if (verdict != NULL && alert->answer != NULL && alert->answer->permitted)
        hop_member_string(text, "hopwarden.permit", verdict->permit);
    if (verdict != NULL || alert->answer != NULL)
        hop_member_string(text, "hopwarden.mode", hop_mode_word(alert->mode));
    if (alert->login != NULL)
        hop_member_string(text, "hopwarden.phase", hop_phase_word(alert->login->phase));
    if (verdict == NULL || !verdict->scored)
        return;
    hop_member_int(text, "event.risk_score", lround(hop_score_percent(verdict->score.risk_bits)));
    hop_member_decibits(text, "hopwarden.risk_bits", verdict->score.risk_decibits);
}

static void put_who(struct hop_text *text, const struct hop_login *login, const struct room *room)
{
    hop_member_address(text, &login->origin.address);
    hop_member_word(text, "source.geo.country_iso_code", login->origin.place.country);
    if (login->origin.place.asn != 0)
        hop_member_int(text, "source.as.number", login->origin.place.asn);
    put_cut(text, "user.name", login->account, room->name);
    put_cut(text, "user.effective.name", login->becomes, room->name);
    put_cut(text, "service.name", login->service, room->name);
    put_cut(text, "host.name", login->host, room->name);
    put_cut(text, "hopwarden.tenant", login->tenant, room->name);
}

static void put_why(struct hop_text *text, const struct hop_alert *alert, const struct room *room)
{
    const struct hop_verdict *verdict = alert->verdict;
    if (verdict != NULL && verdict->scored)
        hop_member_string(text, "hopwarden.story", hop_story_word(verdict->score.story));
    if (verdict != NULL) {
        hop_member_codes(text, verdict, room->codes);
        hop_member_reasons(text, verdict, room->reasons);
        hop_member_losses(text, verdict->losses);
    }
    put_cut(text, "hopwarden.note", alert->note, room->note);
    put_cut(text, "hopwarden.author", alert->author, room->name);
}

static void put_object(struct hop_text *text, const struct hop_alert *alert,
                       const struct room *room)
{
    hop_text_put_char(text, '{');
    put_event(text, alert);
    put_decision(text, alert);
    if (alert->login != NULL)
        put_who(text, alert->login, room);
    put_why(text, alert, room);
    if (alert->login != NULL) {
        put_cut(text, "hopwarden.key", alert->login->key, room->name);
        hop_member_word(text, "hopwarden.within", alert->login->session);
        hop_member_word(text, "event.id", alert->login->id);
    }
    hop_member_int(text, "hopwarden.v", 1);
    hop_text_put_char(text, '}');
}

static bool shorten(size_t *length, size_t to)
{
    if (*length <= to)
        return false;
    *length = to;
    return true;
}

/* The least loss next: sentences go before names, a fingerprint's 50 bytes before shorter stumps,
 * and codes, which a program reads, last. False when nothing is left to give. */
static bool tighten(struct room *room)
{
    if (room->reasons > 1)
        return shorten(&room->reasons, room->reasons - 1);
    if (shorten(&room->note, 160) || shorten(&room->name, 120) || shorten(&room->reasons, 0) ||
        shorten(&room->name, 51) || shorten(&room->note, 80))
        return true;
    if (room->codes > 4)
        return shorten(&room->codes, room->codes - 1);
    return shorten(&room->name, 32) || shorten(&room->codes, 0) || shorten(&room->note, 40) ||
           shorten(&room->name, 16) || shorten(&room->note, 16);
}

void hop_alert_put(struct hop_text *text, const struct hop_alert *alert)
{
    char line[HOP_ALERT_MAX + 1];
    struct room room = {HOP_REASONS_MAX, HOP_REASONS_MAX, SIZE_MAX / 2, SIZE_MAX / 2};
    struct hop_text object;
    do {
        object = hop_text_over(line, sizeof line);
        put_object(&object, alert, &room);
    } while (object.cut && tighten(&room));
    hop_text_put_span(text, (struct hop_span){line, object.len});
}
