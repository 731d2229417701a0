/* SPDX-License-Identifier: Apache-2.0 */
/* tests/data/worked.json: whole states, and the numbers that the definitions of the score yield for
 * them. */
#include "stage.h"

#include <check.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TERM_TOLERANCE .02
#define P_TOLERANCE .0001

static json_t *worked;

static void load(void)
{
    json_error_t error;
    worked = json_load_file(HOP_TEST_DATA "/worked.json", 0, &error);
    ck_assert_msg(worked, "%s", error.text);
}

static void unload(void)
{
    json_decref(worked);
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static int64_t whole_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static double number_of(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

static void stage_profile(struct stage *stage)
{
    const char *field;
    json_t *days;
    json_object_foreach(json_object_get(worked, "profile"), field, days)
    {
        enum hop_kind kind;
        struct hop_dayset set;
        ck_assert(hop_kind_of(field[0], &kind));
        ck_assert(hop_dayset_parse(hop_span_of(json_string_value(days)), &set));
        ck_assert_int_eq(hop_profile_join(&stage->profile, kind, hop_span_of(field + 2), &set),
                         HOP_OK);
    }
}

static enum hop_place_kind place_kind(const char *word)
{
    enum hop_place_kind kind;
    ck_assert(hop_place_kind_parse(hop_span_of(word), &kind));
    return kind;
}

static void stage_login(struct stage *stage, const json_t *login)
{
    struct hop_origin *origin = &stage->login.origin;
    struct hop_place *place = &origin->place;
    enum hop_zone zone;
    stage->login.time = whole_of(login, "time");
    ck_assert(hop_string_copy(stage->login.tenant, HOP_TENANT_MAX + 1, text_of(login, "tenant")));
    ck_assert(hop_string_copy(stage->login.host, HOP_NAME_MAX + 1, text_of(login, "host")));
    ck_assert(hop_string_copy(stage->login.key, HOP_KEY_MAX + 1, text_of(login, "key")));
    ck_assert(hop_zone_parse(hop_span_of(text_of(login, "zone")), &zone));
    stage_address(stage, text_of(login, "address"), zone, text_of(login, "source_tenant"));
    ck_assert(hop_string_copy(place->country, HOP_COUNTRY_MAX + 1, text_of(login, "country")));
    place->asn = (uint32_t)strtoul(text_of(login, "asn"), NULL, 10);
    place->kind = place_kind(text_of(login, "kind"));
    place->has_point = json_is_number(json_object_get(login, "lat"));
    place->latitude = number_of(login, "lat");
    place->longitude = number_of(login, "lon");
}

static void stage_last(struct stage *stage, const json_t *last)
{
    stage->profile.last = (struct hop_last){
        .time = json_integer_value(json_array_get(last, 0)),
        .zone = HOP_ZONE_INTERNET,
        .place = {.has_point = true,
                  .latitude = json_number_value(json_array_get(last, 1)),
                  .longitude = json_number_value(json_array_get(last, 2)),
                  .accuracy_km = json_number_value(json_array_get(last, 3)),
                  .kind = place_kind(json_string_value(json_array_get(last, 4)))}};
}

static void stage_around(struct stage *stage, const json_t *around)
{
    const json_t *touches = json_object_get(around, "touches");
    stage->around.tenants = number_of(around, "n_T");
    stage->around.team_here = number_of(around, "m_team_t");
    stage->around.team_total = number_of(around, "m_team");
    stage->around.org_here = number_of(around, "m_org_t");
    stage->around.org_total = number_of(around, "m_org");
    stage->around.key_of_another = json_is_true(json_object_get(around, "key_of_another"));
    for (size_t i = 0; i < json_array_size(touches); i++) {
        const json_t *touch = json_array_get(touches, i);
        char tag[] = {'t', 'a', 'g', (char)('0' + i), '\0'};
        stage_touch(stage, json_integer_value(json_array_get(touch, 0)), tag,
                    (int)json_integer_value(json_array_get(touch, 1)));
    }
}

/* The file's terms of the case with touches count the hour of the session that those logins began
 * that morning; its profile, common to all cases, does not list it. */
static void stage_session_begun(struct stage *stage, const json_t *around)
{
    const json_t *first = json_array_get(json_object_get(around, "touches"), 0);
    struct hop_login earlier = {.time = json_integer_value(json_array_get(first, 0))};
    struct hop_values values;
    int32_t today = (int32_t)whole_of(worked, "today");
    if (!first)
        return;
    hop_values_of(&earlier, &values);
    stage_see(stage, HOP_KIND_HOUR, values.text[HOP_KIND_HOUR], today, today, 1, false);
}

static void stage_case(struct stage *stage, const json_t *example)
{
    stage_init(stage);
    stage_profile(stage);
    stage_login(stage, json_object_get(example, "login"));
    stage_last(stage, json_object_get(example, "last_place"));
    stage_around(stage, json_object_get(example, "around"));
    stage_session_begun(stage, json_object_get(example, "around"));
}

static void check_p_new(const struct stage *stage, json_t *expected)
{
    struct hop_familiarity f;
    const char *letter;
    json_t *p;
    hop_familiarity_of(&stage->scene, &f);
    json_object_foreach(expected, letter, p)
    {
        enum hop_kind kind;
        ck_assert(hop_kind_of(letter[0], &kind));
        ck_assert_double_eq_tol(f.p_new[kind], json_number_value(p), P_TOLERANCE);
    }
}

/* Blocks that came after the file was made: its sums do without them, and without exponents. */
static bool is_later(enum hop_block block)
{
    return block == HOP_BLOCK_SIGHT || block == HOP_BLOCK_MOVE || block == HOP_BLOCK_RECENCY ||
           block == HOP_BLOCK_PACE;
}

static double term_then(const struct hop_score *score, enum hop_story story, enum hop_block block)
{
    return score->evidence.terms[story][block] / hop_block_weight(story, block);
}

static double log_odds_then(const struct hop_score *score, enum hop_story story)
{
    double bits = score->log_odds[story];
    for (int block = 0; block < HOP_BLOCK_COUNT; block++) {
        double then =
            is_later((enum hop_block)block) ? 0 : term_then(score, story, (enum hop_block)block);
        bits += then - score->evidence.terms[story][block];
    }
    return bits;
}

static enum hop_story story_then(const struct hop_score *score)
{
    enum hop_story most = HOP_STORY_OUTSIDE;
    for (int story = 1; story < HOP_STORY_COUNT; story++) {
        if (log_odds_then(score, (enum hop_story)story) > log_odds_then(score, most))
            most = (enum hop_story)story;
    }
    return most;
}

static int decibits_then(const struct hop_score *score)
{
    double sum = 0;
    for (int story = 0; story < HOP_STORY_COUNT; story++)
        sum += exp2(log_odds_then(score, (enum hop_story)story));
    return (int)lround(10 * (HOP_PRIOR_BITS + log2(sum)));
}

/* The thresholds of the file. */
#define STEP_UP_THEN -90
#define BLOCK_THEN -30

static enum hop_action action_then(const struct hop_score *score)
{
    int risk = decibits_then(score);
    if (risk >= BLOCK_THEN)
        return HOP_BLOCK;
    return risk >= STEP_UP_THEN || score->floors ? HOP_STEP_UP : HOP_ALLOW;
}

static void check_story(const struct hop_score *score, enum hop_story story, const json_t *example)
{
    const char *word = hop_story_word(story);
    const json_t *terms = json_object_get(json_object_get(example, "terms"), word);
    for (int block = 0; block < HOP_BLOCK_COUNT; block++) {
        char letter[] = {hop_block_letter((enum hop_block)block), '\0'};
        const json_t *term = json_object_get(terms, letter);
        if (is_later((enum hop_block)block))
            continue;
        ck_assert_msg(score->evidence.present[block] == (term != NULL), "%s: %s %s",
                      text_of(example, "name"), word, letter);
        double expected = fmax(-HOP_TERM_CLIP, fmin(HOP_TERM_CLIP, json_number_value(term))),
               got = term_then(score, story, (enum hop_block)block);
        ck_assert_msg(fabs(got - expected) <= TERM_TOLERANCE, "%s: %s %s is %.4f, not %.2f",
                      text_of(example, "name"), word, letter, got, expected);
    }
    ck_assert_double_eq_tol(log_odds_then(score, story),
                            number_of(json_object_get(example, "log2_pi_plus_sum"), word),
                            TERM_TOLERANCE);
}

static unsigned floors_of(const json_t *names)
{
    static const struct {
        const char *name;
        enum hop_floor floor;
    } known[] = {{"new country", HOP_FLOOR_COUNTRY},
                 {"new hosting network", HOP_FLOOR_HOSTING},
                 {"hop never made before", HOP_FLOOR_EDGE},
                 {"key of another account", HOP_FLOOR_KEY_OWNER}};
    unsigned floors = 0;
    for (size_t i = 0; i < json_array_size(names); i++) {
        size_t at = 0;
        const char *name = json_string_value(json_array_get(names, i));
        while (strcmp(known[at].name, name) != 0) {
            at++;
            ck_assert_uint_lt(at, sizeof known / sizeof known[0]);
        }
        floors |= HOP_FLOOR_BIT(known[at].floor);
    }
    return floors;
}

START_TEST(every_number_of_a_worked_case_holds)
{
    const json_t *example = json_array_get(json_object_get(worked, "cases"), (size_t)_i);
    struct stage stage;
    struct hop_verdict verdict;
    stage_case(&stage, example);
    check_p_new(&stage, json_object_get(example, "p_new"));
    stage_judge(&stage, &verdict);
    for (int story = 0; story < HOP_STORY_COUNT; story++)
        check_story(&verdict.score, (enum hop_story)story, example);
    ck_assert_int_eq(decibits_then(&verdict.score), whole_of(example, "risk_decibits"));
    ck_assert_str_eq(hop_story_word(story_then(&verdict.score)), text_of(example, "story"));
    ck_assert_uint_eq(verdict.score.floors, floors_of(json_object_get(example, "floors")));
    ck_assert_str_eq(hop_action_word(action_then(&verdict.score)), text_of(example, "action"));
    stage_done(&stage);
}
END_TEST

START_TEST(the_file_holds_eleven_cases)
{
    ck_assert_uint_eq(json_array_size(json_object_get(worked, "cases")), 11);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("worked");
    TCase *cases = tcase_create("worked");
    tcase_add_checked_fixture(cases, load, unload);
    tcase_add_test(cases, the_file_holds_eleven_cases);
    tcase_add_loop_test(cases, every_number_of_a_worked_case_holds, 0, 11);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
