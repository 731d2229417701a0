/* SPDX-License-Identifier: Apache-2.0 */
#include "story.h"

#include "date.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#define LINE_MAX_BYTES 1024
#define WORD_MAX_BYTES 256

static struct hop_span next(struct hop_span *rest)
{
    struct hop_span word;
    ck_assert_msg(hop_span_word(rest, &word), "a word is missing");
    return word;
}

static int64_t whole(struct hop_span word)
{
    int64_t number;
    ck_assert_msg(hop_span_int64(word, INT32_MIN, INT32_MAX, &number), "not a number: %.*s",
                  (int)word.len, word.at);
    return number;
}

static double fraction(struct hop_span word)
{
    double number;
    ck_assert(hop_span_double(word, &number));
    return number;
}

static int64_t ago(const struct story *story, struct hop_span word)
{
    ck_assert_uint_gt(word.len, 1);
    char unit = word.at[word.len - 1];
    word.len--;
    int64_t seconds = unit == 'd' ? 86400 : unit == 'h' ? 3600 : 60;
    ck_assert(unit == 'd' || unit == 'h' || unit == 'm');
    return story->stage.login.time - whole(word) * seconds;
}

static void copy(struct hop_span word, char *buffer, size_t size)
{
    ck_assert(hop_span_copy(word, buffer, size));
}

static void on_login(struct story *story, struct hop_span *rest)
{
    struct hop_login *login = &story->stage.login;
    struct hop_span target, tenant, key;
    ck_assert(hop_date_parse(next(rest), &login->time, NULL));
    target = next(rest);
    ck_assert(hop_span_cut(&target, '/', &tenant));
    copy(tenant, login->tenant, sizeof login->tenant);
    copy(target, login->host, sizeof login->host);
    (void)snprintf(login->tenant_tag, sizeof login->tenant_tag, "tag-%.*s", 20, login->tenant);
    key = next(rest);
    if (!hop_span_is(key, "-"))
        copy(key, login->key, sizeof login->key);
}

static void read_place(struct hop_place *place, struct hop_span *rest)
{
    struct hop_span word;
    if (!hop_span_word(rest, &word))
        return;
    if (!hop_span_is(word, "-"))
        copy(word, place->country, sizeof place->country);
    place->asn = (uint32_t)whole(next(rest));
    ck_assert(hop_place_kind_parse(next(rest), &place->kind));
    if (!hop_span_word(rest, &word))
        return;
    place->has_point = true;
    place->latitude = fraction(word);
    place->longitude = fraction(next(rest));
}

static enum hop_zone read_zone(struct hop_span word)
{
    enum hop_zone zone;
    ck_assert(hop_zone_parse(word, &zone));
    return zone;
}

static void on_from(struct story *story, struct hop_span *rest)
{
    struct hop_span zone = next(rest), word, address;
    char address_text[HOP_ADDRESS_TEXT_MAX] = "", tenant[HOP_TENANT_MAX + 1] = "";
    ck_assert(hop_span_cut(&zone, ':', &word));
    if (zone.len)
        copy(zone, tenant, sizeof tenant);
    if (read_zone(word) == HOP_ZONE_NOWHERE)
        return;
    address = next(rest);
    copy(address, address_text, sizeof address_text);
    stage_address(&story->stage, address_text, read_zone(word), tenant);
    read_place(&story->stage.login.origin.place, rest);
}

static void see(struct story *story, struct hop_span *rest, bool confirmed)
{
    int32_t today = hop_date_day(story->stage.login.time);
    int32_t first = today - (int32_t)whole(next(rest));
    ck_assert(hop_span_is(next(rest), "to"));
    int32_t last = today - (int32_t)whole(next(rest));
    struct hop_span rhythm = next(rest), word;
    int step = hop_span_is(rhythm, "weekly") ? 7 : 1;
    bool weekdays = hop_span_is(rhythm, "weekdays");
    ck_assert(weekdays || step == 7 || hop_span_is(rhythm, "daily"));
    while (hop_span_word(rest, &word)) {
        enum hop_kind kind;
        char value[WORD_MAX_BYTES];
        ck_assert(word.len > 2 && word.at[1] == ':' && hop_kind_of(word.at[0], &kind));
        copy((struct hop_span){word.at + 2, word.len - 2}, value, sizeof value);
        for (int32_t day = first; day <= last; day += step) {
            if (!weekdays || !hop_date_is_weekend(day))
                stage_see(&story->stage, kind, value, day, day, 1, confirmed);
        }
    }
}

static void on_seen(struct story *story, struct hop_span *rest)
{
    see(story, rest, false);
}

static void on_confirmed(struct story *story, struct hop_span *rest)
{
    see(story, rest, true);
}

static void on_last(struct story *story, struct hop_span *rest)
{
    struct hop_last *last = &story->stage.profile.last;
    last->time = ago(story, next(rest));
    last->zone = read_zone(next(rest));
    read_place(&last->place, rest);
    struct hop_span address;
    if (hop_span_word(rest, &address))
        ck_assert(hop_address_parse(address, &last->address));
}

static void on_touch(struct story *story, struct hop_span *rest)
{
    char tag[HOP_TAG_MAX + 1];
    int64_t time = ago(story, next(rest));
    copy(next(rest), tag, sizeof tag);
    stage_touch(&story->stage, time, tag, (int)whole(next(rest)));
}

static void on_failed(struct story *story, struct hop_span *rest)
{
    int64_t time = ago(story, next(rest));
    struct hop_span what = next(rest);
    bool step_up = hop_span_is(what, "step-up"), another = hop_span_is(what, "another");
    ck_assert(step_up || another || hop_span_is(what, "credential"));
    stage_failure(&story->stage, time, step_up ? HOP_FAILURE_STEP_UP : HOP_FAILURE_CREDENTIAL,
                  another);
}

static void on_stepup(struct story *story, struct hop_span *rest)
{
    story->stage.profile.step_up_time = ago(story, next(rest));
}

static void on_around(struct story *story, struct hop_span *rest)
{
    struct hop_around *around = &story->stage.around;
    around->team_here = (double)whole(next(rest));
    around->team_total = (double)whole(next(rest));
    around->org_here = (double)whole(next(rest));
    around->org_total = (double)whole(next(rest));
}

static void on_visits(struct story *story, struct hop_span *rest)
{
    struct hop_span word;
    for (int i = 0; hop_span_word(rest, &word); i++) {
        ck_assert_int_lt(i, HOP_VISIT_MONTHS);
        story->stage.around.visits[i] = (unsigned)whole(word);
    }
}

static void on_freeze(struct story *story, struct hop_span *rest)
{
    struct hop_around *around = &story->stage.around;
    struct hop_span what = next(rest);
    enum hop_freeze freeze =
        hop_span_is(next(rest), "block") ? HOP_FREEZE_BLOCK : HOP_FREEZE_STEP_UP;
    if (hop_span_is(what, "account"))
        around->frozen_account = freeze;
    else if (hop_span_is(what, "key"))
        around->frozen_key = freeze;
    else
        around->frozen_source = freeze;
}

static void on_lose(struct story *story, struct hop_span *rest)
{
    struct hop_span word = next(rest);
    unsigned loss = 0;
    while (loss < HOP_LOSS_COUNT && !hop_span_is(word, hop_loss_word((enum hop_loss)loss)))
        loss++;
    ck_assert_uint_lt(loss, HOP_LOSS_COUNT);
    story->losses |= HOP_LOSS_BIT(loss);
}

static void on_mode(struct story *story, struct hop_span *rest)
{
    ck_assert(hop_mode_parse(next(rest), &story->moment.mode));
}

static void on_phase(struct story *story, struct hop_span *rest)
{
    struct hop_span word = next(rest);
    unsigned phase = 0;
    while (phase < HOP_PHASE_COUNT && !hop_span_is(word, hop_phase_word((enum hop_phase)phase)))
        phase++;
    ck_assert_uint_lt(phase, HOP_PHASE_COUNT);
    story->moment.phase = (enum hop_phase)phase;
}

static void on_lane(struct story *story, struct hop_span *rest)
{
    struct hop_span word = next(rest);
    unsigned lane = 0;
    while (lane < HOP_LANE_COUNT && !hop_span_is(word, hop_lane_word((enum hop_lane)lane)))
        lane++;
    ck_assert_uint_lt(lane, HOP_LANE_COUNT);
    story->moment.lane = (enum hop_lane)lane;
}

static void on_flag(struct story *story, struct hop_span *rest)
{
    struct stage *stage = &story->stage;
    const struct {
        const char *word;
        bool *flag, value;
    } flags[] = {
        {"strict", &stage->scene.strict, true},
        {"witness-tenant", &stage->scene.witness_is_home, false},
        {"key-of-another", &stage->around.key_of_another, true},
        {"touches-flooded", &stage->around.touches_flooded, true},
        {"owners-flooded", &stage->around.owners_flooded, true},
        {"failures-flooded", &stage->around.failures_flooded, true},
        {"inventory", &stage->login.origin.from_inventory, true},
        {"key-lost", &stage->login.key_lost, true},
        {"no-first-factor", &story->moment.first_factor_proven, false},
        {"stepped-up", &story->moment.stepped_up, true},
    };
    struct hop_span word = next(rest);
    size_t at = 0;
    while (at < sizeof flags / sizeof flags[0] && !hop_span_is(word, flags[at].word))
        at++;
    ck_assert_uint_lt(at, sizeof flags / sizeof flags[0]);
    *flags[at].flag = flags[at].value;
}

static void read_lines(struct story *story, const char *name);

static void on_use(struct story *story, struct hop_span *rest)
{
    char name[WORD_MAX_BYTES];
    copy(next(rest), name, sizeof name);
    read_lines(story, name);
}

static const struct verb {
    const char *word;
    void (*act)(struct story *story, struct hop_span *rest);
} verbs[] = {
    {"login", on_login},   {"from", on_from},
    {"seen", on_seen},     {"confirmed", on_confirmed},
    {"last", on_last},     {"touch", on_touch},
    {"stepup", on_stepup}, {"around", on_around},
    {"visits", on_visits}, {"freeze", on_freeze},
    {"lose", on_lose},     {"mode", on_mode},
    {"phase", on_phase},   {"lane", on_lane},
    {"flag", on_flag},     {"use", on_use},
    {"failed", on_failed},
};

static void read_line(struct story *story, struct hop_span line)
{
    struct hop_span verb;
    size_t at = 0;
    if (line.len && line.at[0] == '#')
        return;
    if (!hop_span_word(&line, &verb))
        return;
    while (at < sizeof verbs / sizeof verbs[0] && !hop_span_is(verb, verbs[at].word))
        at++;
    ck_assert_msg(at < sizeof verbs / sizeof verbs[0], "unknown verb %.*s", (int)verb.len, verb.at);
    verbs[at].act(story, &line);
    ck_assert_msg(!hop_span_word(&line, &verb), "left over: %.*s", (int)verb.len, verb.at);
}

static void read_lines(struct story *story, const char *name)
{
    char path[WORD_MAX_BYTES * 2], line[LINE_MAX_BYTES];
    (void)snprintf(path, sizeof path, "%s/%s", story->folder, name);
    FILE *file = fopen(path, "re");
    ck_assert_msg(file, "%s", path);
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        read_line(story, hop_span_of(line));
    }
    (void)fclose(file);
}

void story_read(struct story *story, const char *folder, const char *name)
{
    *story = (struct story){.folder = folder};
    stage_init(&story->stage);
    /* stage_init points the scene into the stage where it lies now */
    story->moment = (struct hop_moment){.mode = HOP_MODE_ENFORCE,
                                        .phase = HOP_PHASE_AUTH,
                                        .lane = HOP_LANE_ASKED,
                                        .first_factor_proven = true};
    read_lines(story, name);
}

void story_done(struct story *story)
{
    stage_done(&story->stage);
}

static void tell_signed(struct hop_text *text, int number)
{
    hop_text_format(text, "%+d", number);
}

static void tell_floors(struct hop_text *text, unsigned floors)
{
    if (!floors)
        return;
    hop_text_put(text, "floors");
    for (unsigned floor = 0; floor < HOP_FLOOR_COUNT; floor++) {
        if (floors & HOP_FLOOR_BIT(floor))
            hop_text_format(text, " %s", hop_floor_word((enum hop_floor)floor));
    }
    hop_text_put_char(text, '\n');
}

static void tell_reasons(struct hop_text *text, const struct hop_verdict *verdict)
{
    for (size_t i = 0; i < verdict->reason_count; i++) {
        const struct hop_reason *reason = &verdict->reasons[i];
        hop_text_format(text, "because %s ", reason->code);
        tell_signed(text, reason->decibits);
        hop_text_format(text, " %s\n", reason->text);
    }
}

void story_tell(const struct story *story, struct hop_text *text)
{
    struct hop_verdict verdict;
    struct hop_answer answer;
    hop_verdict_of(&story->stage.scene, &story->stage.policy, &verdict);
    for (unsigned loss = 0; loss < HOP_LOSS_COUNT; loss++) {
        if (story->losses & HOP_LOSS_BIT(loss))
            hop_verdict_on_loss(&verdict, &story->stage.policy, (enum hop_loss)loss,
                                story->moment.lane);
    }
    hop_answer_of(&verdict, &story->moment, &answer);
    struct hop_lesson lesson = hop_lesson_of(&verdict, &story->moment);
    hop_text_format(text, "action %s", hop_action_word(verdict.action));
    if (verdict.accused)
        hop_text_format(text, ", without shared lists %s", hop_action_word(verdict.own_action));
    hop_text_put_char(text, '\n');
    hop_text_format(text, "answer %s%s\n", hop_answer_word(answer.kind),
                    answer.alert ? ", told aloud" : "");
    hop_text_format(text, "learned %s\n",
                    !lesson.learn      ? "no"
                    : lesson.confirmed ? "yes, confirmed"
                                       : "yes");
    hop_text_format(text, "risk %d %s\n", verdict.score.risk_decibits,
                    hop_story_word(verdict.score.story));
    tell_floors(text, verdict.score.floors);
    tell_reasons(text, &verdict);
}
