/* SPDX-License-Identifier: Apache-2.0 */
#include "record.h"

#include <string.h>

#include "encode.h"
#include "member.h"

/* Who, when and where to: what every line under one id repeats. */
static void put_head(struct hop_text *text, const struct hop_login *login, int64_t time)
{
    hop_text_put_char(text, '{');
    hop_member_time(text, "@timestamp", time);
    hop_member_word(text, "event.id", login->id);
    hop_member_string(text, "user.name", login->account);
    hop_member_string(text, "hopwarden.tenant", login->tenant);
    hop_member_word(text, "host.name", login->host);
}

static void put_place(struct hop_text *text, const struct hop_place *place)
{
    if (place->asn != 0)
        hop_member_int(text, "source.as.number", place->asn);
    hop_member_word(text, "source.geo.country_iso_code", place->country);
    if (place->has_point) {
        hop_member_name(text, "source.geo.location");
        hop_text_put_char(text, '{');
        hop_member_number(text, "lat", place->latitude);
        hop_member_number(text, "lon", place->longitude);
        hop_text_put_char(text, '}');
        hop_member_true(text, "source.geo.country_only", place->country_only);
    }
    if (place->accuracy_km > 0)
        hop_member_number(text, "source.geo.accuracy_km", place->accuracy_km);
    if (place->kind != HOP_PLACE_UNKNOWN)
        hop_member_string(text, "source.kind", hop_place_kind_word(place->kind));
}

static void put_origin(struct hop_text *text, const struct hop_origin *origin)
{
    hop_member_address(text, &origin->address);
    put_place(text, &origin->place);
    hop_member_string(text, "hopwarden.source_zone", hop_zone_word(origin->zone));
    hop_member_word(text, "hopwarden.source_tenant", origin->tenant);
    hop_member_true(text, "hopwarden.from_inventory", origin->from_inventory);
}

static void put_facts(struct hop_text *text, const struct hop_login *login)
{
    if (strcmp(login->identity, login->account) != 0)
        hop_member_word(text, "hopwarden.identity", login->identity);
    hop_member_word(text, "hopwarden.team", login->team);
    hop_member_word(text, "service.name", login->service);
    hop_member_word(text, "user.effective.name", login->becomes);
    hop_member_word(text, "hopwarden.within", login->session);
    put_origin(text, &login->origin);
    hop_member_word(text, "hopwarden.key", login->key);
    hop_member_true(text, "hopwarden.key_lost", login->key_lost);
    hop_member_word(text, "hopwarden.method", login->method);
    hop_member_string(text, "hopwarden.class", hop_class_word(login->class));
    hop_member_string(text, "hopwarden.lane", hop_lane_word(login->lane));
    hop_member_string(text, "hopwarden.phase", hop_phase_word(login->phase));
}

static void put_terms(struct hop_text *text, const struct hop_evidence *evidence, int story)
{
    hop_member_name(text, hop_story_word((enum hop_story)story));
    hop_text_put_char(text, '{');
    for (int block = 0; block < HOP_BLOCK_COUNT; block++) {
        char letter[2] = {hop_block_letter((enum hop_block)block), '\0'};
        if (evidence->present[block])
            hop_member_number(text, letter, evidence->terms[story][block]);
    }
    hop_text_put_char(text, '}');
}

static void put_score_terms(struct hop_text *text, const struct hop_score *score)
{
    hop_member_name(text, "hopwarden.terms");
    hop_text_put_char(text, '{');
    for (int story = 0; story < HOP_STORY_COUNT; story++)
        put_terms(text, &score->evidence, story);
    hop_text_put_char(text, '}');
    hop_member_name(text, "hopwarden.log_odds");
    hop_text_put_char(text, '{');
    for (int story = 0; story < HOP_STORY_COUNT; story++)
        hop_member_number(text, hop_story_word((enum hop_story)story), score->log_odds[story]);
    hop_text_put_char(text, '}');
}

static void put_floors(struct hop_text *text, unsigned floors)
{
    hop_member_name(text, "hopwarden.floors");
    hop_text_put_char(text, '[');
    const char *comma = "";
    for (int floor = 0; floor < HOP_FLOOR_COUNT; floor++) {
        if ((floors & HOP_FLOOR_BIT(floor)) == 0)
            continue;
        hop_text_put(text, comma);
        hop_json_put_string(text, hop_span_of(hop_floor_word((enum hop_floor)floor)));
        comma = ",";
    }
    hop_text_put_char(text, ']');
}

static void put_verdict(struct hop_text *text, const struct hop_verdict *verdict, bool brief)
{
    hop_member_string(text, "hopwarden.action", hop_action_word(verdict->action));
    if (verdict->accused)
        hop_member_string(text, "hopwarden.own_action", hop_action_word(verdict->own_action));
    hop_member_true(text, "hopwarden.alert", verdict->alert);
    hop_member_losses(text, verdict->losses);
    if (verdict->scored) {
        hop_member_decibits(text, "hopwarden.risk_bits", verdict->score.risk_decibits);
        hop_member_string(text, "hopwarden.story", hop_story_word(verdict->score.story));
        put_floors(text, verdict->score.floors);
        if (!brief)
            put_score_terms(text, &verdict->score);
    }
    hop_member_codes(text, verdict, HOP_REASONS_MAX);
    if (!brief)
        hop_member_reasons(text, verdict, HOP_REASONS_MAX);
}

/* An object is there whole or not at all: takes back what was written since `start`. */
static bool finish(struct hop_text *text, size_t start)
{
    hop_text_put_char(text, '}');
    if (!text->cut)
        return true;
    text->len = start;
    text->at[start] = '\0';
    text->cut = false;
    return false;
}

static bool put_judged(struct hop_text *text, const struct hop_login *login,
                       const struct hop_verdict *verdict, const struct hop_answer *answer,
                       enum hop_mode mode, bool brief)
{
    size_t start = text->len;
    put_head(text, login, login->time);
    if (login->first_factor_proven)
        hop_member_string(text, "event.outcome", "success");
    put_facts(text, login);
    hop_member_string(text, "hopwarden.mode", hop_mode_word(mode));
    hop_member_string(text, "hopwarden.answer", hop_action_word(answer->action));
    if (answer->permitted)
        hop_member_string(text, "hopwarden.permit", verdict->permit);
    put_verdict(text, verdict, brief);
    hop_member_int(text, "hopwarden.v", 1);
    return finish(text, start);
}

bool hop_entry_put_judged(struct hop_text *text, const struct hop_login *login,
                          const struct hop_verdict *verdict, const struct hop_answer *answer,
                          enum hop_mode mode)
{
    return put_judged(text, login, verdict, answer, mode, false) ||
           put_judged(text, login, verdict, answer, mode, true);
}

bool hop_entry_put_failed(struct hop_text *text, const struct hop_login *login)
{
    size_t start = text->len;
    put_head(text, login, login->time);
    hop_member_string(text, "event.outcome", "failure");
    put_facts(text, login);
    hop_member_int(text, "hopwarden.v", 1);
    return finish(text, start);
}

bool hop_entry_put_outcome(struct hop_text *text, const struct hop_login *login,
                           const char *outcome, bool session_opened, bool stepped_up)
{
    size_t start = text->len;
    put_head(text, login, login->time);
    hop_member_string(text, "event.outcome", session_opened ? "success" : "failure");
    hop_member_string(text, "hopwarden.outcome", outcome);
    hop_member_string(text, "hopwarden.session", session_opened ? "opened" : "refused");
    if (stepped_up || strcmp(outcome, "step-up-failed") == 0)
        hop_member_string(text, "hopwarden.step_up", stepped_up ? "pass" : "fail");
    hop_member_int(text, "hopwarden.v", 1);
    return finish(text, start);
}

bool hop_entry_put_confirmation(struct hop_text *text, const struct hop_login *login, int64_t time,
                                const char *author, const char *why)
{
    size_t start = text->len;
    put_head(text, login, time);
    put_facts(text, login);
    hop_member_time(text, "hopwarden.login_time", login->time);
    hop_member_string(text, "hopwarden.author", author);
    hop_member_word(text, "hopwarden.note", why);
    hop_member_int(text, "hopwarden.v", 1);
    return finish(text, start);
}

bool hop_entry_put_joined(struct hop_text *text, struct hop_span line,
                          const struct hop_entry *login, const struct hop_entry *outcome)
{
    size_t start = text->len;
    bool opened = outcome != NULL && outcome->session_opened;
    const char *no_session = outcome == NULL ? "none" : "refused";
    hop_text_put_span(text, (struct hop_span){line.at, line.len > 0 ? line.len - 1 : 0});
    if (!login->has_outcome)
        hop_member_string(text, "event.outcome", opened ? "success" : "failure");
    if (outcome != NULL)
        hop_member_word(text, "hopwarden.outcome", outcome->outcome);
    hop_member_string(text, "hopwarden.session", opened ? "opened" : no_session);
    if (outcome != NULL && outcome->has_step_up)
        hop_member_string(text, "hopwarden.step_up", outcome->step_up_passes ? "pass" : "fail");
    return finish(text, start);
}
