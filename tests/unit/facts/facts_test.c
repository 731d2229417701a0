/* SPDX-License-Identifier: Apache-2.0 */
/* Real MaxMind DB files of every shape, made by contrib/mmdb-from-json. Runs as root: owners can be
 * had no other way. */
#include "facts.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../suite.h"

#define MAKER HOP_TEST_DATA "/../../contrib/mmdb-from-json"

static char folder[64];
static struct hop_conf *conf;
static struct hop_facts *facts;
static struct hop_error err;

static void setup(void)
{
    ck_assert_msg(geteuid() == 0, "these tests need root");
    snprintf(folder, sizeof folder, "/tmp/hop-facts-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void teardown(void)
{
    char command[128];
    hop_facts_free(&facts);
    hop_conf_free(&conf);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static const char *in_folder(const char *name)
{
    static char paths[8][128];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

/* Makes <folder>/<name> of a JSON list. */
static const char *a_database(const char *name, const char *options, const char *networks)
{
    char command[512];
    const char *path = in_folder(name);
    snprintf(command, sizeof command, MAKER " --epoch 1790000000 %s - %s", options, path);
    FILE *maker = popen(command, "w");
    ck_assert_ptr_nonnull(maker);
    ck_assert_int_ge(fputs(networks, maker), 0);
    ck_assert_int_eq(pclose(maker), 0);
    return path;
}

/* Opens facts over [hopwarden] tenant acme and `text`. */
static void open_facts(const char *text)
{
    char whole[2048];
    hop_facts_free(&facts);
    hop_conf_free(&conf);
    hop_error_clear(&err);
    snprintf(whole, sizeof whole, "[hopwarden]\ntenant = acme\n%s", text);
    enum hop_rc rc = hop_conf_parse("t.conf", hop_span_of(whole), &conf, &err);
    ck_assert_msg(rc == HOP_OK, "%s", err.text);
    ck_assert_int_eq(hop_facts_open(conf, &facts, &err), HOP_OK);
}

static void open_databases(const char *city, const char *asn)
{
    char text[512];
    snprintf(text, sizeof text, "geo_city = %s\ngeo_asn = %s\n", city, asn);
    open_facts(text);
}

static struct hop_origin look_up(const char *address_text, bool *ret_lost)
{
    struct hop_address address = {0};
    struct hop_origin origin;
    memset(&origin, 0xff, sizeof origin);
    ck_assert(!*address_text || hop_address_parse(hop_span_of(address_text), &address));
    hop_facts_origin(facts, &address, &origin, ret_lost);
    ck_assert(hop_address_equal(&origin.address, &address));
    return origin;
}

/* The place of an address in an undamaged database. */
static struct hop_place place_of(const char *address)
{
    bool lost = true;
    struct hop_origin origin = look_up(address, &lost);
    ck_assert(!lost);
    return origin.place;
}

static void check_unknown(struct hop_place place)
{
    ck_assert_str_eq(place.country, "");
    ck_assert_uint_eq(place.asn, 0);
    ck_assert(!place.has_point && !place.country_only);
    ck_assert(place.latitude == 0 && place.longitude == 0 && place.accuracy_km == 0);
    ck_assert_int_eq(place.kind, HOP_PLACE_UNKNOWN);
}

static const char world[] =
    "[{\"network\": \"198.51.100.0/24\", \"country\": \"NL\", \"lat\": 52.5, \"lon\": -4.25,"
    "  \"radius\": 20, \"asn\": 64500, \"org\": \"Example\"},"
    " {\"network\": \"198.51.100.64/26\", \"country\": \"RO\", \"lat\": 44, \"lon\": 26,"
    "  \"asn\": 64501, \"hosting\": true},"
    " {\"network\": \"203.0.113.0/24\", \"country\": \"de\", \"asn\": 4294967295,"
    "  \"mobile\": true},"
    " {\"network\": \"192.0.2.0/24\", \"country\": \"US\", \"lat\": 38, \"lon\": -97,"
    "  \"radius\": 1000},"
    " {\"network\": \"2001:db8::/32\", \"country\": \"FR\", \"lat\": 48.9, \"lon\": 2.3,"
    "  \"radius\": 5, \"asn\": 64502}]";

/* --- shapes ---------------------------------------------------------------------------------- */

START_TEST(nested_databases_of_every_record_size)
{
    static const char *const sizes[] = {"--record-size 24", "--record-size 28", "--record-size 32"};
    for (size_t i = 0; i < 3; i++) {
        char asn[64];
        snprintf(asn, sizeof asn, "--type ASN %s", sizes[i]);
        open_databases(a_database("city", sizes[i], world), a_database("asn", asn, world));
        ck_assert_str_eq(err.text, "");
        ck_assert(!hop_facts_lost(facts));
        struct hop_place place = place_of("198.51.100.7");
        ck_assert_str_eq(place.country, "NL");
        ck_assert_uint_eq(place.asn, 64500);
        ck_assert(place.has_point && !place.country_only);
        ck_assert(place.latitude == 52.5 && place.longitude == -4.25);
        ck_assert(place.accuracy_km == 20);
        ck_assert_int_eq(place.kind, HOP_PLACE_FIXED);
        ck_assert_str_eq(place_of("198.51.100.127").country, "RO");
        ck_assert_str_eq(place_of("198.51.100.128").country, "NL");
        place = place_of("2001:db8:ffff::1");
        ck_assert_str_eq(place.country, "FR");
        ck_assert_uint_eq(place.asn, 64502);
        check_unknown(place_of("198.51.101.0"));
        check_unknown(place_of("2001:db9::"));
    }
}
END_TEST

START_TEST(flat_databases)
{
    open_databases(a_database("city", "--schema flat", world),
                   a_database("asn", "--schema flat --type ASN", world));
    struct hop_place place = place_of("198.51.100.7");
    ck_assert_str_eq(place.country, "NL");
    ck_assert_uint_eq(place.asn, 64500);
    ck_assert(place.has_point && place.latitude == 52.5 && place.longitude == -4.25);
    ck_assert(place.accuracy_km == 0);
    ck_assert_int_eq(place.kind, HOP_PLACE_FIXED);
    ck_assert_int_eq(place_of("198.51.100.65").kind, HOP_PLACE_HOSTING);
    ck_assert_uint_eq(place_of("203.0.113.1").asn, 4294967295u);
}
END_TEST

START_TEST(a_missing_radius_is_zero)
{
    open_databases(a_database("city", "", world), "");
    struct hop_place place = place_of("198.51.100.65");
    ck_assert(place.has_point && place.accuracy_km == 0 && !place.country_only);
}
END_TEST

START_TEST(a_radius_as_large_as_a_country_makes_a_country_of_the_point)
{
    open_databases(a_database("city", "", world), "");
    struct hop_place place = place_of("192.0.2.1");
    ck_assert(place.has_point && place.country_only && place.accuracy_km == 1000);
}
END_TEST

START_TEST(a_country_without_location_has_no_point)
{
    open_databases(a_database("city", "", world), "");
    struct hop_place place = place_of("203.0.113.1");
    ck_assert_str_eq(place.country, "DE");
    ck_assert(!place.has_point && !place.country_only);
}
END_TEST

START_TEST(an_asn_alone_is_a_fixed_place)
{
    open_databases("", a_database("asn", "--type ASN", world));
    struct hop_place place = place_of("198.51.100.7");
    ck_assert_str_eq(place.country, "");
    ck_assert_uint_eq(place.asn, 64500);
    ck_assert_int_eq(place.kind, HOP_PLACE_FIXED);
}
END_TEST

START_TEST(one_database_may_hold_everything)
{
    const char *both = a_database("both", "",
                                  "[{\"network\": \"198.51.100.0/24\", \"raw\": {\"country\":"
                                  "{\"iso_code\": \"NL\"}, \"traits\":"
                                  "{\"autonomous_system_number\": 64500}}}]");
    open_databases(both, "");
    ck_assert_uint_eq(place_of("198.51.100.7").asn, 64500);
    open_databases(both, both);
    ck_assert_str_eq(place_of("198.51.100.7").country, "NL");
    open_databases("", both);
    ck_assert_str_eq(place_of("198.51.100.7").country, "NL");
}
END_TEST

/* What stands in a record, and the place it gives. */
static const struct {
    const char *record;
    struct hop_place place;
} records[] = {
    {"{\"country\": \"NL\"}", {.country = "NL", .kind = HOP_PLACE_FIXED}},
    {"{\"country\": \"nl\"}", {.country = "NL", .kind = HOP_PLACE_FIXED}},
    {"{\"country\": \"Netherlands\", \"country_code\": \"NL\"}",
     {.country = "NL", .kind = HOP_PLACE_FIXED}},
    {"{\"country\": \"N1\"}", {.kind = HOP_PLACE_UNKNOWN}},
    {"{\"country\": {\"iso_code\": 528}}", {.kind = HOP_PLACE_UNKNOWN}},
    {"{\"country\": {\"iso_code\": \"\"}}", {.kind = HOP_PLACE_UNKNOWN}},
    {"{\"country\": [\"NL\"]}", {.kind = HOP_PLACE_UNKNOWN}},
    {"{}", {.kind = HOP_PLACE_UNKNOWN}},
    {"[]", {.kind = HOP_PLACE_UNKNOWN}},
    {"\"NL\"", {.kind = HOP_PLACE_UNKNOWN}},
    {"{\"asn\": \"AS64500\"}", {.asn = 64500, .kind = HOP_PLACE_FIXED}},
    {"{\"asn\": \"64500\"}", {.asn = 64500, .kind = HOP_PLACE_FIXED}},
    {"{\"asn\": 64500}", {.asn = 64500, .kind = HOP_PLACE_FIXED}},
    {"{\"asn\": \"AS\"}", {.asn = 0}},
    {"{\"asn\": \"\"}", {.asn = 0}},
    {"{\"asn\": \"AS4294967296\"}", {.asn = 0}},
    {"{\"asn\": 4294967296}", {.asn = 0}},
    {"{\"asn\": -1}", {.asn = 0}},
    {"{\"asn\": 1.5}", {.asn = 0}},
    {"{\"latitude\": \"52.5\", \"longitude\": \"4\"}",
     {.has_point = true, .latitude = 52.5, .longitude = 4, .kind = HOP_PLACE_FIXED}},
    {"{\"lat\": \"52.5\", \"lng\": \"4\"}",
     {.has_point = true, .latitude = 52.5, .longitude = 4, .kind = HOP_PLACE_FIXED}},
    {"{\"lat\": -52, \"lon\": 4}",
     {.has_point = true, .latitude = -52, .longitude = 4, .kind = HOP_PLACE_FIXED}},
    {"{\"latitude\": 52.5}", {.has_point = false}},
    {"{\"latitude\": 90.5, \"longitude\": 4}", {.has_point = false}},
    {"{\"latitude\": 52.5, \"longitude\": 181}", {.has_point = false}},
    {"{\"latitude\": \"north\", \"longitude\": \"east\"}", {.has_point = false}},
    {"{\"latitude\": 1, \"longitude\": 2, \"accuracy_radius\": -5}",
     {.has_point = true, .latitude = 1, .longitude = 2, .kind = HOP_PLACE_FIXED}},
    {"{\"latitude\": 1, \"longitude\": 2, \"accuracy_radius\": 50000}",
     {.has_point = true, .latitude = 1, .longitude = 2, .kind = HOP_PLACE_FIXED}},
    {"{\"traits\": {\"user_type\": \"cellular\"}}", {.kind = HOP_PLACE_MOBILE}},
    {"{\"traits\": {\"connection_type\": \"Cellular\"}}", {.kind = HOP_PLACE_MOBILE}},
    {"{\"connection_type\": \"Cellular\"}", {.kind = HOP_PLACE_MOBILE}},
    {"{\"connection_type\": \"Cable/DSL\", \"asn\": 1}", {.asn = 1, .kind = HOP_PLACE_FIXED}},
    {"{\"traits\": {\"user_type\": \"hosting\"}}", {.kind = HOP_PLACE_HOSTING}},
    {"{\"traits\": {\"is_hosting_provider\": true}}", {.kind = HOP_PLACE_HOSTING}},
    {"{\"traits\": {\"is_anonymous_vpn\": true}}", {.kind = HOP_PLACE_HOSTING}},
    {"{\"traits\": {\"is_hosting_provider\": false}}", {.kind = HOP_PLACE_UNKNOWN}},
    {"{\"traits\": {\"is_hosting_provider\": \"true\"}}", {.kind = HOP_PLACE_UNKNOWN}},
    {"{\"traits\": {\"is_anonymous_vpn\": true, \"user_type\": \"cellular\"}}",
     {.kind = HOP_PLACE_HOSTING}},
    {"{\"is_anonymous\": true, \"is_tor_exit_node\": true}", {.kind = HOP_PLACE_HOSTING}},
};
#define RECORD_COUNT (sizeof records / sizeof records[0])

START_TEST(records_of_odd_shapes)
{
    char list[RECORD_COUNT * 256];
    struct hop_text text = hop_text_over(list, sizeof list);
    for (size_t i = 0; i < RECORD_COUNT; i++)
        hop_text_format(&text, "%s{\"network\": \"10.0.%zu.0/24\", \"raw\": %s}", i ? "," : "[", i,
                        records[i].record);
    hop_text_put(&text, "]");
    ck_assert(!text.cut);
    open_databases(a_database("odd", "", list), "");
    for (size_t i = 0; i < RECORD_COUNT; i++) {
        char address[32];
        snprintf(address, sizeof address, "10.0.%zu.1", i);
        struct hop_place place = place_of(address), expected = records[i].place;
        ck_assert_msg(strcmp(place.country, expected.country) == 0 && place.asn == expected.asn &&
                          place.kind == expected.kind && place.has_point == expected.has_point &&
                          place.latitude == expected.latitude &&
                          place.longitude == expected.longitude &&
                          place.accuracy_km == expected.accuracy_km,
                      "%s: country \"%s\" asn %u kind %s point %d %f %f radius %f",
                      records[i].record, place.country, place.asn, hop_place_kind_word(place.kind),
                      place.has_point, place.latitude, place.longitude, place.accuracy_km);
    }
}
END_TEST

/* --- addresses ------------------------------------------------------------------------------- */

START_TEST(a_mapped_address_is_its_ipv4_address)
{
    open_databases(a_database("city", "", world), "");
    ck_assert_str_eq(place_of("::ffff:198.51.100.7").country, "NL");
    open_databases(a_database("city4", "--ipv4-only", world), "");
    ck_assert_str_eq(place_of("::ffff:198.51.100.7").country, "NL");
}
END_TEST

START_TEST(an_ipv4_only_database_knows_no_ipv6_and_that_is_no_loss)
{
    open_databases(a_database("city", "--ipv4-only", world),
                   a_database("asn", "--ipv4-only --type ASN", world));
    ck_assert_str_eq(place_of("198.51.100.7").country, "NL");
    check_unknown(place_of("2001:db8::1"));
    ck_assert(!hop_facts_lost(facts));
}
END_TEST

START_TEST(without_address_there_is_nowhere)
{
    open_databases(a_database("city", "", world), "");
    struct hop_origin origin = look_up("", NULL);
    ck_assert_int_eq(origin.zone, HOP_ZONE_NOWHERE);
    ck_assert_str_eq(origin.tenant, "");
    check_unknown(origin.place);
}
END_TEST

START_TEST(without_databases_everything_is_unknown_and_nothing_lost)
{
    open_facts("[tenant \"beta\"]\nnetworks = 198.51.100.0/24\n");
    ck_assert(!hop_facts_lost(facts));
    ck_assert_int_eq(hop_facts_built(facts, 0), 0);
    struct hop_origin origin = look_up("198.51.100.7", NULL);
    ck_assert_int_eq(origin.zone, HOP_ZONE_TENANT);
    ck_assert_str_eq(origin.tenant, "beta");
    ck_assert(!origin.from_inventory);
    check_unknown(origin.place);
}
END_TEST

START_TEST(hosting_networks_make_a_place_hosting)
{
    char text[512];
    const char *city = a_database("city", "", world), *asn = a_database("asn", "--type ASN", world);
    snprintf(text, sizeof text,
             "geo_city = %s\ngeo_asn = %s\nhosting_networks = 198.51.100.0/28 AS64502 10.0.0.0/8\n",
             city, asn);
    open_facts(text);
    ck_assert_int_eq(place_of("198.51.100.7").kind, HOP_PLACE_HOSTING);
    ck_assert_int_eq(place_of("198.51.100.17").kind, HOP_PLACE_FIXED);
    ck_assert_int_eq(place_of("2001:db8::1").kind, HOP_PLACE_HOSTING);
    ck_assert_int_eq(place_of("203.0.113.1").kind, HOP_PLACE_MOBILE);
    ck_assert_int_eq(place_of("10.1.1.1").kind, HOP_PLACE_HOSTING);
}
END_TEST

START_TEST(the_build_time_of_each_database)
{
    open_databases(a_database("city", "", world), "");
    ck_assert_int_eq(hop_facts_built(facts, 0), 1790000000);
    ck_assert_int_eq(hop_facts_built(facts, 1), 0);
    ck_assert_int_eq(hop_facts_built(facts, 2), 0);
    ck_assert_int_eq(hop_facts_built(facts, -1), 0);
}
END_TEST

/* --- trouble --------------------------------------------------------------------------------- */

static void check_lost(const char *city, const char *sentence_end)
{
    char sentence[400];
    open_databases(city, "");
    ck_assert(hop_facts_lost(facts));
    snprintf(sentence, sizeof sentence, "%s: %s", city, sentence_end);
    ck_assert_str_eq(err.text, sentence);
    check_unknown(look_up("198.51.100.7", NULL).place);
    ck_assert_int_eq(hop_facts_built(facts, 0), 0);
}

START_TEST(only_a_trusted_regular_file_is_opened)
{
    const char *city = a_database("city", "", world), *link = in_folder("link");
    check_lost(in_folder("none"), "No such file or directory");
    ck_assert_int_eq(symlink(city, link), 0);
    open_databases(link, "");
    ck_assert(hop_facts_lost(facts));
    ck_assert_int_eq(unlink(link), 0);
    ck_assert_int_eq(mkfifo(link, 0644), 0);
    check_lost(link, "not a regular file");
    ck_assert_int_eq(chmod(city, 0664), 0);
    check_lost(city, "mode 0664 is too wide");
    ck_assert_int_eq(chmod(city, 0644), 0);
    ck_assert_int_eq(chown(city, 65534, 0), 0);
    check_lost(city, "owned by uid 65534");
}
END_TEST

START_TEST(one_lost_database_leaves_the_other)
{
    open_databases(in_folder("none"), a_database("asn", "--type ASN", world));
    ck_assert(hop_facts_lost(facts));
    struct hop_origin origin = look_up("198.51.100.7", NULL);
    ck_assert_uint_eq(origin.place.asn, 64500);
    ck_assert_str_eq(origin.place.country, "");
}
END_TEST

START_TEST(the_first_lost_database_is_told)
{
    char city[128];
    strcpy(city, in_folder("none-1"));
    open_databases(city, in_folder("none-2"));
    ck_assert(strncmp(err.text, city, strlen(city)) == 0);
}
END_TEST

static void write_file(const char *path, const char *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
    close(fd);
}

static size_t read_file(const char *path, char *bytes, size_t size)
{
    int fd = open(path, O_RDONLY);
    ssize_t len = read(fd, bytes, size);
    close(fd);
    ck_assert(len > 0 && (size_t)len < size);
    return (size_t)len;
}

START_TEST(what_is_no_database_is_lost)
{
    const char *path = in_folder("rubbish");
    write_file(path, "", 0);
    open_databases(path, "");
    ck_assert(hop_facts_lost(facts));
    write_file(path, "rubbish", 7);
    open_databases(path, "");
    ck_assert(hop_facts_lost(facts));
    ck_assert(strncmp(err.text, path, strlen(path)) == 0);
}
END_TEST

/* A file cut anywhere is lost or answers; it never crashes. Cut before the end of its metadata it
 * is lost. */
START_TEST(a_cut_database_is_lost)
{
    static char bytes[16384];
    char path[128];
    strcpy(path, a_database("city", "", world));
    size_t len = read_file(path, bytes, sizeof bytes);
    for (size_t cut = 0; cut < len; cut += 31) {
        write_file(path, bytes, cut);
        open_databases(path, "");
        ck_assert_msg(hop_facts_lost(facts), "cut at %zu of %zu", cut, len);
    }
}
END_TEST

static bool plausible(const struct hop_place *place)
{
    return strlen(place->country) <= HOP_COUNTRY_MAX && fabs(place->latitude) <= 90 &&
           fabs(place->longitude) <= 180 && place->accuracy_km >= 0;
}

START_TEST(a_damaged_byte_never_gives_an_impossible_place)
{
    static char bytes[16384];
    char path[128];
    size_t lost_count = 0;
    strcpy(path, a_database("city", "", world));
    size_t len = read_file(path, bytes, sizeof bytes);
    for (size_t at = 0; at < len; at += 3) {
        char good = bytes[at];
        bytes[at] = (char)(good ^ (at % 2 ? 0xff : 0x41));
        write_file(path, bytes, len);
        bytes[at] = good;
        open_databases(path, "");
        bool lost = false;
        struct hop_place v4 = look_up("198.51.100.7", &lost).place;
        struct hop_place v6 = look_up("2001:db8::1", NULL).place;
        ck_assert(plausible(&v4) && plausible(&v6));
        if (lost || hop_facts_lost(facts))
            lost_count++;
        if (lost)
            check_unknown(v4);
    }
    ck_assert_uint_gt(lost_count, 0);
}
END_TEST

HOP_SUITE_AROUND("facts", setup, teardown, nested_databases_of_every_record_size, flat_databases,
                 a_missing_radius_is_zero,
                 a_radius_as_large_as_a_country_makes_a_country_of_the_point,
                 a_country_without_location_has_no_point, an_asn_alone_is_a_fixed_place,
                 one_database_may_hold_everything, records_of_odd_shapes,
                 a_mapped_address_is_its_ipv4_address,
                 an_ipv4_only_database_knows_no_ipv6_and_that_is_no_loss,
                 without_address_there_is_nowhere,
                 without_databases_everything_is_unknown_and_nothing_lost,
                 hosting_networks_make_a_place_hosting, the_build_time_of_each_database,
                 only_a_trusted_regular_file_is_opened, one_lost_database_leaves_the_other,
                 the_first_lost_database_is_told, what_is_no_database_is_lost,
                 a_cut_database_is_lost, a_damaged_byte_never_gives_an_impossible_place)
