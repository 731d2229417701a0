/* SPDX-License-Identifier: Apache-2.0 */
#include "record.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "date.h"
#include "encode.h"

#define RADIUS_MAX_KM 20100.0 /* half of the earth's girth */

/* What an entry may hold; first what a log of others' has. */
enum name {
    NAME_TIMESTAMP,
    NAME_EVENT_ID,
    NAME_EVENT_OUTCOME,
    NAME_USER_NAME,
    NAME_TEAM,
    NAME_TENANT,
    NAME_HOST_NAME,
    NAME_SOURCE_IP,
    NAME_SOURCE_AS_NUMBER,
    NAME_SOURCE_GEO_COUNTRY_ISO_CODE,
    NAME_SOURCE_GEO_LOCATION,
    NAME_SOURCE_GEO_ACCURACY_KM,
    NAME_SOURCE_KIND,
    NAME_KEY,
    NAME_METHOD,
    NAME_STEP_UP,
    NAME_IDENTITY,
    NAME_SERVICE_NAME,
    NAME_KEY_LOST,
    NAME_SOURCE_GEO_COUNTRY_ONLY,
    NAME_SOURCE_ZONE,
    NAME_SOURCE_TENANT,
    NAME_FROM_INVENTORY,
    NAME_LANE,
    NAME_PHASE,
    NAME_CLASS,
    NAME_ACTION,
    NAME_SESSION,
    NAME_OUTCOME,
    NAME_ANSWER,
    NAME_RISK_BITS,
    NAME_STORY,
    NAME_DEGRADED,
    NAME_MODE,
    NAME_WAITS_UNTIL,
    NAME_AUTHOR,
    NAME_LOGIN_TIME,
    NAME_TERMS,
    NAME_LOG_ODDS,
    NAME_FLOORS,
    NAME_REASON_CODES,
    NAME_REASONS,
    NAME_OWN_ACTION,
    NAME_ALERT,
    NAME_PERMIT,
    NAME_COUNT
};

#define SPAN(text)                                                                                 \
    {                                                                                              \
        text, sizeof text - 1                                                                      \
    }
static const struct hop_span names[NAME_COUNT] = {
    [NAME_TIMESTAMP] = SPAN("@timestamp"),
    [NAME_EVENT_ID] = SPAN("event.id"),
    [NAME_EVENT_OUTCOME] = SPAN("event.outcome"),
    [NAME_USER_NAME] = SPAN("user.name"),
    [NAME_TEAM] = SPAN("hopwarden.team"),
    [NAME_TENANT] = SPAN("hopwarden.tenant"),
    [NAME_HOST_NAME] = SPAN("host.name"),
    [NAME_SOURCE_IP] = SPAN("source.ip"),
    [NAME_SOURCE_AS_NUMBER] = SPAN("source.as.number"),
    [NAME_SOURCE_GEO_COUNTRY_ISO_CODE] = SPAN("source.geo.country_iso_code"),
    [NAME_SOURCE_GEO_LOCATION] = SPAN("source.geo.location"),
    [NAME_SOURCE_GEO_ACCURACY_KM] = SPAN("source.geo.accuracy_km"),
    [NAME_SOURCE_KIND] = SPAN("source.kind"),
    [NAME_KEY] = SPAN("hopwarden.key"),
    [NAME_METHOD] = SPAN("hopwarden.method"),
    [NAME_STEP_UP] = SPAN("hopwarden.step_up"),
    [NAME_IDENTITY] = SPAN("hopwarden.identity"),
    [NAME_SERVICE_NAME] = SPAN("service.name"),
    [NAME_KEY_LOST] = SPAN("hopwarden.key_lost"),
    [NAME_SOURCE_GEO_COUNTRY_ONLY] = SPAN("source.geo.country_only"),
    [NAME_SOURCE_ZONE] = SPAN("hopwarden.source_zone"),
    [NAME_SOURCE_TENANT] = SPAN("hopwarden.source_tenant"),
    [NAME_FROM_INVENTORY] = SPAN("hopwarden.from_inventory"),
    [NAME_LANE] = SPAN("hopwarden.lane"),
    [NAME_PHASE] = SPAN("hopwarden.phase"),
    [NAME_CLASS] = SPAN("hopwarden.class"),
    [NAME_ACTION] = SPAN("hopwarden.action"),
    [NAME_SESSION] = SPAN("hopwarden.session"),
    [NAME_OUTCOME] = SPAN("hopwarden.outcome"),
    [NAME_ANSWER] = SPAN("hopwarden.answer"),
    [NAME_RISK_BITS] = SPAN("hopwarden.risk_bits"),
    [NAME_STORY] = SPAN("hopwarden.story"),
    [NAME_DEGRADED] = SPAN("hopwarden.degraded"),
    [NAME_MODE] = SPAN("hopwarden.mode"),
    [NAME_WAITS_UNTIL] = SPAN("hopwarden.waits_until"),
    [NAME_AUTHOR] = SPAN("hopwarden.author"),
    [NAME_LOGIN_TIME] = SPAN("hopwarden.login_time"),
    [NAME_TERMS] = SPAN("hopwarden.terms"),
    [NAME_LOG_ODDS] = SPAN("hopwarden.log_odds"),
    [NAME_FLOORS] = SPAN("hopwarden.floors"),
    [NAME_REASON_CODES] = SPAN("hopwarden.reason_codes"),
    [NAME_REASONS] = SPAN("hopwarden.reasons"),
    [NAME_OWN_ACTION] = SPAN("hopwarden.own_action"),
    [NAME_ALERT] = SPAN("hopwarden.alert"),
    [NAME_PERMIT] = SPAN("hopwarden.permit"),
};

/* One line being read: the first complaint wins and ends it. */
struct reader {
    json_t *root;
    json_t *members[NAME_COUNT]; /* NULL where it is absent */
    struct hop_error *err;
    bool bad;
};

static void complain(struct reader *reader, enum name name, const char *what)
{
    if (!reader->bad)
        hop_error_set(reader->err, HOP_MALFORMED, "%s: %s", names[name].at, what);
    reader->bad = true;
}

/* The member, or NULL when it is absent or null. */
static json_t *member(const struct reader *reader, enum name name)
{
    json_t *value = reader->members[name];
    return json_is_null(value) ? NULL : value;
}

static struct hop_span string_of(struct reader *reader, enum name name)
{
    json_t *value = member(reader, name);
    if (value == NULL)
        return (struct hop_span){NULL, 0};
    if (!json_is_string(value)) {
        complain(reader, name, "not a string");
        return (struct hop_span){NULL, 0};
    }
    return (struct hop_span){json_string_value(value), json_string_length(value)};
}

static void read_string(struct reader *reader, enum name name, char *buffer, size_t size)
{
    struct hop_span value = string_of(reader, name);
    if (value.at != NULL && !hop_span_copy(value, buffer, size))
        complain(reader, name, "too long");
}

static bool read_bool(struct reader *reader, enum name name)
{
    json_t *value = member(reader, name);
    if (value != NULL && !json_is_boolean(value))
        complain(reader, name, "not true or false");
    return json_is_true(value);
}

/* Facts have six decimals: the nearest double to those, as entry_put writes them. */
static double six_decimals(double number)
{
    return round(number * 1e6) / 1e6;
}

static bool number_within(const json_t *value, double low, double high, double *ret_number)
{
    if (!json_is_number(value))
        return false;
    double number = six_decimals(json_number_value(value));
    if (!(number >= low && number <= high))
        return false;
    *ret_number = number;
    return true;
}

static void read_time(struct reader *reader, enum name name, int64_t *ret_epoch_s)
{
    struct hop_span value = string_of(reader, name);
    if (value.at == NULL)
        complain(reader, name, "missing");
    else if (!hop_date_parse(value, ret_epoch_s, NULL) || *ret_epoch_s < 0)
        complain(reader, name, "not a time like 2026-11-23T09:30:00Z");
}

static void parse_id(struct reader *reader, struct hop_entry *entry)
{
    json_t *value = member(reader, NAME_EVENT_ID);
    if (json_is_integer(value)) {
        struct hop_text text = hop_text_over(entry->id, sizeof entry->id);
        hop_text_put_int(&text, json_integer_value(value));
        return;
    }
    read_string(reader, NAME_EVENT_ID, entry->id, sizeof entry->id);
    if (hop_ulid_valid(hop_span_of(entry->id)))
        hop_string_copy(entry->login.id, sizeof entry->login.id, entry->id);
}

static void parse_who(struct reader *reader, struct hop_login *login)
{
    read_string(reader, NAME_USER_NAME, login->account, sizeof login->account);
    if (login->account[0] == '\0')
        complain(reader, NAME_USER_NAME, "missing");
    struct hop_span tenant = string_of(reader, NAME_TENANT);
    if (tenant.at == NULL)
        complain(reader, NAME_TENANT, "missing");
    else if (!hop_tenant_valid(tenant))
        complain(reader, NAME_TENANT, "not a tenant name");
    else
        hop_span_copy(tenant, login->tenant, sizeof login->tenant);
    read_string(reader, NAME_IDENTITY, login->identity, sizeof login->identity);
    read_string(reader, NAME_TEAM, login->team, sizeof login->team);
    read_string(reader, NAME_HOST_NAME, login->host, sizeof login->host);
    read_string(reader, NAME_SERVICE_NAME, login->service, sizeof login->service);
    read_string(reader, NAME_KEY, login->key, sizeof login->key);
    read_string(reader, NAME_METHOD, login->method, sizeof login->method);
    login->key_lost = read_bool(reader, NAME_KEY_LOST);
}

static void parse_address(struct reader *reader, struct hop_login *login)
{
    struct hop_span value = string_of(reader, NAME_SOURCE_IP);
    if (value.len > 0 && !hop_address_parse(value, &login->origin.address))
        complain(reader, NAME_SOURCE_IP, "not an address");
}

static void parse_country(struct reader *reader, struct hop_entry *entry)
{
    const enum name name = NAME_SOURCE_GEO_COUNTRY_ISO_CODE;
    struct hop_span value = string_of(reader, name);
    if (value.at == NULL)
        return;
    entry->has_country = true;
    char *country = entry->login.origin.place.country;
    if (value.len != 0 && !(value.len == 2 && hop_span_copy(value, country, HOP_COUNTRY_MAX + 1)))
        complain(reader, name, "not two letters");
    for (size_t i = 0; i < value.len && !reader->bad; i++) {
        if (country[i] >= 'a' && country[i] <= 'z')
            country[i] = (char)(country[i] - 'a' + 'A');
        if (country[i] < 'A' || country[i] > 'Z')
            complain(reader, name, "not two letters");
    }
}

static void parse_asn(struct reader *reader, struct hop_entry *entry)
{
    json_t *value = member(reader, NAME_SOURCE_AS_NUMBER);
    if (value == NULL)
        return;
    double number;
    if (!number_within(value, 0, UINT32_MAX, &number) || number != floor(number)) {
        complain(reader, NAME_SOURCE_AS_NUMBER, "not an AS number");
        return;
    }
    entry->has_asn = true;
    entry->login.origin.place.asn = (uint32_t)number;
}

static void parse_point(struct reader *reader, struct hop_entry *entry)
{
    json_t *value = member(reader, NAME_SOURCE_GEO_LOCATION);
    if (value == NULL)
        return;
    struct hop_place *place = &entry->login.origin.place;
    if (!number_within(json_object_get(value, "lat"), -90, 90, &place->latitude) ||
        !number_within(json_object_get(value, "lon"), -180, 180, &place->longitude)) {
        complain(reader, NAME_SOURCE_GEO_LOCATION, "not {\"lat\": -90..90, \"lon\": -180..180}");
        return;
    }
    entry->has_place = place->has_point = true;
    place->country_only = read_bool(reader, NAME_SOURCE_GEO_COUNTRY_ONLY);
}

static void parse_radius(struct reader *reader, struct hop_place *place)
{
    json_t *value = member(reader, NAME_SOURCE_GEO_ACCURACY_KM);
    if (value != NULL && !number_within(value, 0, RADIUS_MAX_KM, &place->accuracy_km))
        complain(reader, NAME_SOURCE_GEO_ACCURACY_KM, "not a radius in km");
}

static void parse_place_kind(struct reader *reader, struct hop_entry *entry)
{
    struct hop_span value = string_of(reader, NAME_SOURCE_KIND);
    if (value.at == NULL)
        return;
    entry->has_kind = true;
    if (!hop_place_kind_parse(value, &entry->login.origin.place.kind))
        complain(reader, NAME_SOURCE_KIND, "not fixed, mobile or hosting");
}

static void parse_zone(struct reader *reader, struct hop_entry *entry)
{
    struct hop_span value = string_of(reader, NAME_SOURCE_ZONE);
    struct hop_origin *origin = &entry->login.origin;
    for (int zone = 0; zone < HOP_ZONE_COUNT && value.at != NULL; zone++) {
        if (!hop_span_is(value, hop_zone_word((enum hop_zone)zone)))
            continue;
        origin->zone = (enum hop_zone)zone;
        entry->has_zone = true;
    }
    if (value.at != NULL && !entry->has_zone)
        complain(reader, NAME_SOURCE_ZONE, "not a zone");
    read_string(reader, NAME_SOURCE_TENANT, origin->tenant, sizeof origin->tenant);
    origin->from_inventory = read_bool(reader, NAME_FROM_INVENTORY);
}

static void parse_lane(struct reader *reader, struct hop_entry *entry)
{
    struct hop_span value = string_of(reader, NAME_LANE);
    for (int lane = 0; lane < HOP_LANE_COUNT && value.at != NULL; lane++) {
        if (!hop_span_is(value, hop_lane_word((enum hop_lane)lane)))
            continue;
        entry->login.lane = (enum hop_lane)lane;
        entry->has_lane = true;
    }
    if (value.at != NULL && !entry->has_lane)
        complain(reader, NAME_LANE, "not a lane");
}

static void parse_phase(struct reader *reader, struct hop_entry *entry)
{
    struct hop_span value = string_of(reader, NAME_PHASE);
    entry->login.phase = HOP_PHASE_REPLAY;
    bool found = value.at == NULL;
    for (int phase = 0; phase < HOP_PHASE_COUNT && !found; phase++) {
        found = hop_span_is(value, hop_phase_word((enum hop_phase)phase));
        if (found)
            entry->login.phase = (enum hop_phase)phase;
    }
    if (!found)
        complain(reader, NAME_PHASE, "not a phase");
}

static void parse_class(struct reader *reader, struct hop_login *login)
{
    struct hop_span value = string_of(reader, NAME_CLASS);
    if (value.at != NULL && !hop_class_parse(value, &login->class))
        complain(reader, NAME_CLASS, "not a class");
}

static void parse_credential(struct reader *reader, struct hop_entry *entry)
{
    struct hop_span value = string_of(reader, NAME_EVENT_OUTCOME);
    entry->has_outcome = value.at != NULL;
    entry->success =
        hop_span_is(value, "success") || (value.at == NULL && member(reader, NAME_ACTION) == NULL);
    entry->login.first_factor_proven = entry->success;
    if (value.at != NULL && !entry->success && !hop_span_is(value, "failure"))
        complain(reader, NAME_EVENT_OUTCOME, "neither success nor failure");
}

static void parse_outcomes(struct reader *reader, struct hop_entry *entry)
{
    parse_credential(reader, entry);
    struct hop_span step_up = string_of(reader, NAME_STEP_UP);
    entry->has_step_up = step_up.at != NULL;
    entry->step_up_passes = !hop_span_is(step_up, "fail");
    if (entry->has_step_up && entry->step_up_passes && !hop_span_is(step_up, "pass"))
        complain(reader, NAME_STEP_UP, "neither pass nor fail");
    struct hop_span session = string_of(reader, NAME_SESSION);
    entry->has_session = session.at != NULL;
    entry->session_opened = hop_span_is(session, "opened");
    if (entry->has_session && !entry->session_opened && !hop_span_is(session, "refused") &&
        !hop_span_is(session, "none"))
        complain(reader, NAME_SESSION, "not opened, refused or none");
    read_string(reader, NAME_OUTCOME, entry->outcome, sizeof entry->outcome);
}

static bool read_action(struct reader *reader, enum name name, enum hop_action *ret_action)
{
    struct hop_span value = string_of(reader, name);
    if (value.at == NULL)
        return false;
    if (!hop_action_parse(value, ret_action))
        complain(reader, name, "not allow, step_up or block");
    return true;
}

/* Bits with one decimal as decibits. */
static bool read_decibits(struct reader *reader, enum name name, int *ret_decibits)
{
    json_t *value = member(reader, name);
    double bits;
    if (value == NULL)
        return false;
    if (!number_within(value, -1000, 1000, &bits))
        complain(reader, name, "not a number of bits");
    else
        *ret_decibits = (int)lround(bits * 10);
    return true;
}

static void parse_decision(struct reader *reader, struct hop_entry *entry)
{
    entry->has_verdict = read_action(reader, NAME_ACTION, &entry->action);
    entry->answer = entry->action;
    read_action(reader, NAME_ANSWER, &entry->answer);
    read_decibits(reader, NAME_RISK_BITS, &entry->risk_decibits);
    read_string(reader, NAME_STORY, entry->story, sizeof entry->story);
    entry->degraded = member(reader, NAME_DEGRADED) != NULL;
    struct hop_span mode = string_of(reader, NAME_MODE);
    entry->has_mode = mode.at != NULL;
    if (entry->has_mode && !hop_mode_parse(mode, &entry->mode))
        complain(reader, NAME_MODE, "not a mode");
}

static void parse_facts(struct reader *reader, struct hop_entry *entry)
{
    parse_address(reader, &entry->login);
    parse_country(reader, entry);
    parse_asn(reader, entry);
    parse_point(reader, entry);
    parse_radius(reader, &entry->login.origin.place);
    parse_place_kind(reader, entry);
    parse_zone(reader, entry);
    parse_lane(reader, entry);
    parse_phase(reader, entry);
    parse_class(reader, &entry->login);
}

static void parse_kind(struct reader *reader, struct hop_entry *entry)
{
    if (entry->outcome[0] != '\0' && !entry->has_verdict) {
        entry->kind = HOP_ENTRY_OUTCOME;
        if (member(reader, NAME_WAITS_UNTIL) != NULL)
            read_time(reader, NAME_WAITS_UNTIL, &entry->waits_until);
    } else if (member(reader, NAME_AUTHOR) != NULL) {
        entry->kind = HOP_ENTRY_CONFIRMATION;
        read_time(reader, NAME_LOGIN_TIME, &entry->vouched_time);
    }
    if (entry->has_verdict || entry->kind == HOP_ENTRY_CONFIRMATION)
        entry->has_place = entry->has_country = entry->has_asn = entry->has_kind = true;
}

/* jansson quotes the line in its words: those bytes are anybody's. */
static enum hop_rc not_json(const json_error_t *error, struct hop_error *err)
{
    char what[JSON_ERROR_TEXT_LENGTH * 4];
    struct hop_text text = hop_text_over(what, sizeof what);
    hop_plain_put(&text, hop_span_of(error->text), 100);
    return hop_error_set(err, HOP_MALFORMED, "byte %d: %s", error->position, what);
}

static bool is_named(struct hop_span key, enum name name)
{
    return key.len == names[name].len && memcmp(key.at, names[name].at, key.len) == 0;
}

static void gather(struct reader *reader)
{
    void *at = json_object_iter(reader->root);
    for (; at != NULL; at = json_object_iter_next(reader->root, at)) {
        struct hop_span key = hop_span_of(json_object_iter_key(at));
        enum name name = 0;
        while (name < NAME_COUNT && !is_named(key, name))
            name++;
        if (name < NAME_COUNT)
            reader->members[name] = json_object_iter_value(at);
    }
}

static enum hop_rc load_object(struct hop_span line, struct reader *ret_reader,
                               struct hop_error *err)
{
    if (line.len > HOP_ENTRY_LINE_MAX)
        return hop_error_set(err, HOP_LIMIT, "line: longer than %d bytes", HOP_ENTRY_LINE_MAX);
    json_error_t error;
    json_t *root =
        json_loadb(line.len > 0 ? line.at : "", line.len, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL)
        return not_json(&error, err);
    if (!json_is_object(root)) {
        json_decref(root);
        return hop_error_set(err, HOP_MALFORMED, "line: not a JSON object");
    }
    *ret_reader = (struct reader){.root = root, .err = err};
    gather(ret_reader);
    return HOP_OK;
}

enum hop_rc hop_entry_parse(struct hop_span line, struct hop_entry *ret_entry,
                            struct hop_error *err)
{
    struct reader reader;
    enum hop_rc rc = load_object(line, &reader, err);
    if (rc != HOP_OK)
        return rc;
    struct hop_entry entry;
    memset(&entry, 0, sizeof entry);
    read_time(&reader, NAME_TIMESTAMP, &entry.login.time);
    parse_id(&reader, &entry);
    parse_who(&reader, &entry.login);
    parse_facts(&reader, &entry);
    parse_outcomes(&reader, &entry);
    parse_decision(&reader, &entry);
    parse_kind(&reader, &entry);
    json_decref(reader.root);
    if (reader.bad)
        return HOP_MALFORMED;
    *ret_entry = entry;
    return HOP_OK;
}

/* -- the verdict as it was ----------------------------------------------------------------- */

static void restore_terms(const struct reader *reader, struct hop_evidence *evidence)
{
    json_t *terms = member(reader, NAME_TERMS);
    for (int story = 0; story < HOP_STORY_COUNT; story++) {
        json_t *row = json_object_get(terms, hop_story_word((enum hop_story)story));
        for (int block = 0; block < HOP_BLOCK_COUNT; block++) {
            char letter[2] = {hop_block_letter((enum hop_block)block), '\0'};
            json_t *term = json_object_get(row, letter);
            evidence->terms[story][block] = json_number_value(term);
            evidence->present[block] |= json_is_number(term);
        }
    }
}

static bool listed(const json_t *list, const char *word)
{
    size_t index;
    json_t *item;
    json_array_foreach(list, index, item)
    {
        if (json_is_string(item) && strcmp(json_string_value(item), word) == 0)
            return true;
    }
    return false;
}

static void restore_score(struct reader *reader, struct hop_score *score)
{
    restore_terms(reader, &score->evidence);
    json_t *log_odds = member(reader, NAME_LOG_ODDS);
    struct hop_span story = string_of(reader, NAME_STORY);
    for (int i = 0; i < HOP_STORY_COUNT; i++) {
        const char *word = hop_story_word((enum hop_story)i);
        score->log_odds[i] = json_number_value(json_object_get(log_odds, word));
        if (hop_span_is(story, word))
            score->story = (enum hop_story)i;
    }
    json_t *floors = member(reader, NAME_FLOORS);
    for (int i = 0; i < HOP_FLOOR_COUNT; i++)
        if (listed(floors, hop_floor_word((enum hop_floor)i)))
            score->floors |= HOP_FLOOR_BIT(i);
    score->risk_bits = score->risk_decibits / 10.0;
}

/* Takes the weight off the end of "AS64518 new +5.0". */
static struct hop_span without_weight(struct hop_span text, int *ret_decibits)
{
    size_t blank = text.len;
    if (blank == 0)
        return text;
    while (blank > 0 && text.at[blank - 1] != ' ')
        blank--;
    struct hop_span word = {text.at + blank, text.len - blank};
    if (blank == 0 || word.len < 4 || word.at[word.len - 2] != '.' ||
        (word.at[0] != '+' && word.at[0] != '-'))
        return text;
    struct hop_span digits = {word.at + (word.at[0] == '+'), word.len - (word.at[0] == '+')};
    double bits;
    if (!hop_span_double(digits, &bits) || !(fabs(bits) <= 1000))
        return text;
    *ret_decibits = (int)lround(bits * 10);
    return (struct hop_span){text.at, blank - 1};
}

/* What an entry of hopwarden's own would hold: longer words are another's, and cut. */
static void copy_cut(struct hop_span from, char *buffer, size_t size)
{
    struct hop_text text = hop_text_over(buffer, size);
    hop_text_put_span(&text, from);
}

static void restore_reasons(const struct reader *reader, struct hop_verdict *verdict)
{
    json_t *codes = member(reader, NAME_REASON_CODES);
    json_t *reasons = member(reader, NAME_REASONS);
    size_t count = json_array_size(codes);
    for (size_t i = 0; i < count && i < HOP_REASONS_MAX; i++) {
        struct hop_reason *reason = &verdict->reasons[verdict->reason_count++];
        copy_cut(hop_span_of(json_string_value(json_array_get(codes, i))), reason->code,
                 sizeof reason->code);
        struct hop_span text = hop_span_of(json_string_value(json_array_get(reasons, i)));
        text = without_weight(text, &reason->decibits);
        copy_cut(text, reason->text, sizeof reason->text);
    }
}

static void restore_verdict(struct reader *reader, struct hop_verdict *verdict)
{
    verdict->own_action = verdict->action;
    verdict->accused = read_action(reader, NAME_OWN_ACTION, &verdict->own_action);
    verdict->alert = read_bool(reader, NAME_ALERT);
    copy_cut(string_of(reader, NAME_PERMIT), verdict->permit, sizeof verdict->permit);
    verdict->scored = read_decibits(reader, NAME_RISK_BITS, &verdict->score.risk_decibits);
    if (verdict->scored)
        restore_score(reader, &verdict->score);
    json_t *losses = member(reader, NAME_DEGRADED);
    for (int i = 0; i < HOP_LOSS_COUNT; i++)
        if (listed(losses, hop_loss_word((enum hop_loss)i)))
            verdict->losses |= HOP_LOSS_BIT(i);
    restore_reasons(reader, verdict);
}

enum hop_rc hop_entry_parse_verdict(struct hop_span line, struct hop_verdict *ret_verdict,
                                    struct hop_error *err)
{
    struct reader reader;
    enum hop_rc rc = load_object(line, &reader, err);
    if (rc != HOP_OK)
        return rc;
    struct hop_verdict verdict;
    memset(&verdict, 0, sizeof verdict);
    bool found = read_action(&reader, NAME_ACTION, &verdict.action);
    if (found && !reader.bad)
        restore_verdict(&reader, &verdict);
    json_decref(reader.root);
    if (!found)
        return hop_error_set(err, HOP_NOT_FOUND, "line: holds no verdict");
    if (reader.bad)
        return HOP_MALFORMED;
    *ret_verdict = verdict;
    return HOP_OK;
}
