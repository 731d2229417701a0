/* SPDX-License-Identifier: Apache-2.0 */
#include "answer.h"

#include <check.h>
#include <stdlib.h>

START_TEST(the_default_observes_and_asks_at_nine_bits)
{
    struct hop_policy policy = hop_policy_default();
    ck_assert_int_eq(policy.mode, HOP_MODE_OBSERVE);
    ck_assert_int_eq(policy.step_up_at_db, -63);
    ck_assert_int_eq(policy.block_at_db, 60);
    ck_assert(!policy.strict);
    ck_assert(!policy.witness_is_home);
}
END_TEST

START_TEST(the_milder_mode_holds)
{
    for (unsigned a = 0; a < HOP_MODE_COUNT; a++) {
        for (unsigned b = 0; b < HOP_MODE_COUNT; b++)
            ck_assert_uint_eq(hop_mode_milder((enum hop_mode)a, (enum hop_mode)b), a < b ? a : b);
    }
}
END_TEST

#define ROUND_TRIP(type, count, word, parse)                                                       \
    for (unsigned i = 0; i < (count); i++) {                                                       \
        enum type back = (enum type)(count);                                                       \
        ck_assert(parse(hop_span_of(word((enum type)i)), &back));                                  \
        ck_assert_uint_eq(back, i);                                                                \
    }

START_TEST(every_word_parses_to_what_it_names){
    ROUND_TRIP(hop_action, HOP_ACTION_COUNT, hop_action_word, hop_action_parse)
        ROUND_TRIP(hop_mode, HOP_MODE_COUNT, hop_mode_word, hop_mode_parse)
            ROUND_TRIP(hop_on, HOP_ON_COUNT, hop_on_word, hop_on_parse)
                ROUND_TRIP(hop_class, HOP_CLASS_COUNT, hop_class_word, hop_class_parse)
                    ROUND_TRIP(hop_zone, HOP_ZONE_COUNT, hop_zone_word, hop_zone_parse)
                        ROUND_TRIP(hop_place_kind, HOP_PLACE_COUNT, hop_place_kind_word,
                                   hop_place_kind_parse)} END_TEST

    START_TEST(a_word_of_no_table_is_refused_and_changes_nothing)
{
    enum hop_action action = HOP_STEP_UP;
    enum hop_mode mode = HOP_MODE_STEP_UP;
    enum hop_on on = HOP_ON_BINDING;
    ck_assert(!hop_action_parse(hop_span_of("Allow"), &action));
    ck_assert(!hop_action_parse(hop_span_of(""), &action));
    ck_assert(!hop_mode_parse(hop_span_of("enforced"), &mode));
    ck_assert(!hop_on_parse(hop_span_of("sco"), &on));
    ck_assert_int_eq(action, HOP_STEP_UP);
    ck_assert_int_eq(mode, HOP_MODE_STEP_UP);
    ck_assert_int_eq(on, HOP_ON_BINDING);
}
END_TEST

START_TEST(words_are_those_of_the_design)
{
    ck_assert_str_eq(hop_action_word(HOP_STEP_UP), "step_up");
    ck_assert_str_eq(hop_mode_word(HOP_MODE_ENFORCE), "enforce");
    ck_assert_str_eq(hop_loss_word(HOP_LOSS_RECORD), "not-recorded");
    ck_assert_str_eq(hop_on_word(HOP_ON_SCORE_OR_BLOCK), "score_or_block");
    ck_assert_str_eq(hop_class_word(HOP_CLASS_BREAK_GLASS), "break-glass");
    ck_assert_str_eq(hop_lane_word(HOP_LANE_BOUND), "automation");
    ck_assert_str_eq(hop_lane_word(HOP_LANE_BREAK_GLASS), "break_glass");
    ck_assert_str_eq(hop_phase_word(HOP_PHASE_KEYS), "keys");
    ck_assert_str_eq(hop_story_word(HOP_STORY_SEAT), "seat");
    ck_assert_str_eq(hop_block_word(HOP_BLOCK_FAN_OUT), "fan-out");
    ck_assert_int_eq(hop_block_letter(HOP_BLOCK_DESTINATION), 'D');
    ck_assert_str_eq(hop_floor_word(HOP_FLOOR_KEY_OWNER), "key-of-another");
    ck_assert_str_eq(hop_answer_word(HOP_ANSWER_REFUSE), "refuse");
}
END_TEST

START_TEST(a_number_outside_an_enum_has_a_word_too)
{
    ck_assert_str_eq(hop_action_word(HOP_ACTION_COUNT), "?");
    ck_assert_str_eq(hop_loss_word(HOP_LOSS_COUNT), "?");
    ck_assert_str_eq(hop_story_word(HOP_STORY_COUNT), "?");
    ck_assert_int_eq(hop_block_letter(HOP_BLOCK_COUNT), '?');
}
END_TEST

START_TEST(every_enum_value_has_a_word)
{
    for (unsigned i = 0; i < HOP_LOSS_COUNT; i++)
        ck_assert_str_ne(hop_loss_word((enum hop_loss)i), "?");
    for (unsigned i = 0; i < HOP_FLOOR_COUNT; i++)
        ck_assert_str_ne(hop_floor_word((enum hop_floor)i), "?");
    for (unsigned i = 0; i < HOP_BLOCK_COUNT; i++)
        ck_assert_str_ne(hop_block_word((enum hop_block)i), "?");
    for (unsigned i = 0; i < HOP_ANSWER_COUNT; i++)
        ck_assert_str_ne(hop_answer_word((enum hop_answer_kind)i), "?");
    for (unsigned i = 0; i < HOP_LANE_COUNT; i++)
        ck_assert_str_ne(hop_lane_word((enum hop_lane)i), "?");
    for (unsigned i = 0; i < HOP_PHASE_COUNT; i++)
        ck_assert_str_ne(hop_phase_word((enum hop_phase)i), "?");
}
END_TEST

START_TEST(tenant_names_are_short_and_lower_case)
{
    ck_assert(hop_tenant_valid(hop_span_of("a")));
    ck_assert(hop_tenant_valid(hop_span_of("acme-2")));
    ck_assert(hop_tenant_valid(hop_span_of("home")));
    ck_assert(hop_tenant_valid(hop_span_of("0123456789abcdef0123456789abcdef")));
    ck_assert(!hop_tenant_valid(hop_span_of("0123456789abcdef0123456789abcdefg")));
    ck_assert(!hop_tenant_valid(hop_span_of("")));
    ck_assert(!hop_tenant_valid(hop_span_of("Acme")));
    ck_assert(!hop_tenant_valid(hop_span_of("a_b")));
    ck_assert(!hop_tenant_valid(hop_span_of("a b")));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("policy");
    TCase *cases = tcase_create("policy");
    tcase_add_test(cases, the_default_observes_and_asks_at_nine_bits);
    tcase_add_test(cases, the_milder_mode_holds);
    tcase_add_test(cases, every_word_parses_to_what_it_names);
    tcase_add_test(cases, a_word_of_no_table_is_refused_and_changes_nothing);
    tcase_add_test(cases, words_are_those_of_the_design);
    tcase_add_test(cases, a_number_outside_an_enum_has_a_word_too);
    tcase_add_test(cases, every_enum_value_has_a_word);
    tcase_add_test(cases, tenant_names_are_short_and_lower_case);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
