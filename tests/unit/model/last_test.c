/* SPDX-License-Identifier: Apache-2.0 */
#include "profile.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void put(const struct hop_last *last, char text[256])
{
    struct hop_text over = hop_text_over(text, 256);
    hop_last_put(&over, last);
    ck_assert(!over.cut);
}

static const char *const texts[] = {
    "1795446000 internet NL 33915 fixed 52.3000 4.9000 0.0 84.24.10.7 -",
    "1795446000 tenant - 0 unknown - - 0.0 10.6.0.1 t6",
    "1795446000 home NL 64500 fixed - - 0.0 2001:db8::1 -",
    "1 nowhere - 4294967295 hosting -90.0000 -180.0000 20.5 - -",
    "253402300799 internet ES 1 mobile 0.0000 180.0000 1000.0 ::1 -",
};

START_TEST(what_parses_is_put_the_same)
{
    struct hop_last last;
    char text[256];
    ck_assert_msg(hop_last_parse(hop_span_of(texts[_i]), &last), "%s", texts[_i]);
    put(&last, text);
    ck_assert_str_eq(text, texts[_i]);
}
END_TEST

static const char *const malformed[] = {
    "",
    "1",
    "0 internet NL 33915 fixed 52.3 4.9 0 84.24.10.7 -",
    "-5 internet NL 33915 fixed 52.3 4.9 0 84.24.10.7 -",
    "253402300800 internet NL 33915 fixed 52.3 4.9 0 84.24.10.7 -",
    "1 moon NL 33915 fixed 52.3 4.9 0 84.24.10.7 -",
    "1 internet nl 33915 fixed 52.3 4.9 0 84.24.10.7 -",
    "1 internet NLD 33915 fixed 52.3 4.9 0 84.24.10.7 -",
    "1 internet NL -1 fixed 52.3 4.9 0 84.24.10.7 -",
    "1 internet NL 4294967296 fixed 52.3 4.9 0 84.24.10.7 -",
    "1 internet NL 1 wide 52.3 4.9 0 84.24.10.7 -",
    "1 internet NL 1 fixed 91 4.9 0 84.24.10.7 -",
    "1 internet NL 1 fixed 52.3 180.1 0 84.24.10.7 -",
    "1 internet NL 1 fixed nan 4.9 0 84.24.10.7 -",
    "1 internet NL 1 fixed 52.3 - 0 84.24.10.7 -",
    "1 internet NL 1 fixed 52.3 4.9 -1 84.24.10.7 -",
    "1 internet NL 1 fixed 52.3 4.9 40001 84.24.10.7 -",
    "1 internet NL 1 fixed 52.3 4.9 0 84.24.10 -",
    "1 internet NL 1 fixed 52.3 4.9 0 84.24.10.7 T6",
    "1 internet NL 1 fixed 52.3 4.9 0 84.24.10.7",
    "1 internet NL 1 fixed 52.3 4.9 0 84.24.10.7 - ",
    "1 internet NL 1 fixed 52.3 4.9 0 84.24.10.7 - x",
    "1  internet NL 1 fixed 52.3 4.9 0 84.24.10.7 -",
};

START_TEST(a_malformed_register_is_refused_and_changes_nothing)
{
    struct hop_last last = {.time = 3}, before = last;
    ck_assert_msg(!hop_last_parse(hop_span_of(malformed[_i]), &last), "%s", malformed[_i]);
    ck_assert_int_eq(memcmp(&last, &before, sizeof last), 0);
}
END_TEST

START_TEST(the_later_register_wins_and_ties_go_to_the_greater_text)
{
    struct hop_last early = {.time = 1, .place = {.country = "ZZ"}};
    struct hop_last late = {.time = 2, .place = {.country = "AA"}}, other = late;
    ck_assert_ptr_eq(hop_last_later(&early, &late), &late);
    ck_assert_ptr_eq(hop_last_later(&late, &early), &late);
    strcpy(other.place.country, "BB");
    ck_assert_ptr_eq(hop_last_later(&other, &late), &other);
    ck_assert_ptr_eq(hop_last_later(&late, &other), &other);
}
END_TEST

START_TEST(a_login_leaves_time_zone_place_address_and_whose_network)
{
    struct hop_login login = {.time = 1795446000};
    char text[256];
    strcpy(login.tenant, "t1");
    login.origin.zone = HOP_ZONE_TENANT;
    strcpy(login.origin.tenant, "t6");
    ck_assert(hop_address_parse(hop_span_of("10.6.0.1"), &login.origin.address));
    login.origin.place = (struct hop_place){.country = "NL",
                                            .asn = 7,
                                            .kind = HOP_PLACE_MOBILE,
                                            .has_point = true,
                                            .latitude = 52.1,
                                            .longitude = 5.1,
                                            .accuracy_km = 20};
    struct hop_last last = hop_last_of(&login);
    put(&last, text);
    ck_assert_str_eq(text, "1795446000 tenant NL 7 mobile 52.1000 5.1000 20.0 10.6.0.1 t6");
}
END_TEST

START_TEST(the_centre_of_a_country_is_no_place_to_come_from)
{
    struct hop_login login = {.time = 1};
    login.origin.place = (struct hop_place){
        .country = "NL", .has_point = true, .country_only = true, .latitude = 52};
    ck_assert(!hop_last_of(&login).place.has_point);
}
END_TEST

static uint64_t seed = 1;

static uint32_t draw(uint32_t below)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33) % below;
}

static double draw_within(double low, double high)
{
    static const double steps[] = {1, 10, 1e4, 1e5, 3e9};
    double steps_here = steps[draw(5)];
    return low +
           (high - low) * floor(draw(UINT32_MAX >> 1) / 2147483647.0 * steps_here) / steps_here;
}

static struct hop_last draw_last(void)
{
    static const char *const addresses[] = {"84.24.10.7", "0.0.1.2", "2001:db8::1", "::1",
                                            "::2.3.4.5"};
    static const char *const tenants[] = {"", "-", "t6", "T6", "a b"};
    static const char *const countries[] = {"", "NL", "nl", "N"};
    struct hop_last last = {.time = (int64_t)draw(4) * 600000000, .zone = (enum hop_zone)draw(5)};
    struct hop_place *place = &last.place;
    place->asn = draw(70000);
    place->kind = (enum hop_place_kind)draw(5);
    place->has_point = draw(4) != 0;
    place->country_only = draw(8) == 0;
    place->latitude = draw_within(-91, 91);
    place->longitude = draw_within(-180.00006, 180.00006);
    place->accuracy_km = draw(10) == 0 ? 1e18 : draw_within(-.06, 40000.06);
    strcpy(place->country, countries[draw(8) < 6 ? draw(2) : draw(4)]);
    strcpy(last.tenant, tenants[draw(8) < 6 ? draw(3) : draw(5)]);
    if (draw(5))
        ck_assert(hop_address_parse(hop_span_of(addresses[draw(5)]), &last.address));
    return last;
}

START_TEST(what_is_settled_is_what_its_text_reads_back_as)
{
    int settled = 0;
    for (int i = 0; i < 20000; i++) {
        char text[256];
        struct hop_last last = draw_last(), read = {0};
        struct hop_text over = hop_text_over(text, sizeof text);
        hop_last_put(&over, &last);
        bool reads = hop_last_parse((struct hop_span){text, over.len}, &read);
        ck_assert_msg(hop_last_settle(&last) == reads, "%s", text);
        if (!reads)
            continue;
        settled++;
        ck_assert_int_eq(last.time, read.time);
        ck_assert_int_eq(last.zone, read.zone);
        ck_assert_str_eq(last.tenant, read.tenant);
        ck_assert(hop_address_equal(&last.address, &read.address));
        ck_assert_str_eq(last.place.country, read.place.country);
        ck_assert_uint_eq(last.place.asn, read.place.asn);
        ck_assert_int_eq(last.place.kind, read.place.kind);
        ck_assert_int_eq(last.place.has_point, read.place.has_point);
        ck_assert_int_eq(last.place.country_only, read.place.country_only);
        ck_assert_msg(last.place.latitude == read.place.latitude, "%s", text);
        ck_assert_msg(last.place.longitude == read.place.longitude, "%s", text);
        ck_assert_msg(last.place.accuracy_km == read.place.accuracy_km, "%s", text);
    }
    ck_assert_int_gt(settled, 4000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("last");
    TCase *cases = tcase_create("last");
    tcase_add_loop_test(cases, what_parses_is_put_the_same, 0,
                        (int)(sizeof texts / sizeof texts[0]));
    tcase_add_loop_test(cases, a_malformed_register_is_refused_and_changes_nothing, 0,
                        (int)(sizeof malformed / sizeof malformed[0]));
    tcase_add_test(cases, the_later_register_wins_and_ties_go_to_the_greater_text);
    tcase_add_test(cases, a_login_leaves_time_zone_place_address_and_whose_network);
    tcase_add_test(cases, the_centre_of_a_country_is_no_place_to_come_from);
    tcase_add_test(cases, what_is_settled_is_what_its_text_reads_back_as);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
