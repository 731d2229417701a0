/* SPDX-License-Identifier: Apache-2.0 */
/* memory_logins SOCKET home|tenant TENANTS DAYS...
 *     what years of daily work leave in a Redis: one admin's logins recorded as hosts do, pruned as
 *     the timer does (each night of a number's last week, once a week before); on the evening of
 * the first Friday after each number of days, which rise, a line "<days> <kind>=<values> ..." and a
 *     wait for one on stdin
 * `memory` starts the server and asks it for the sizes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "conf.h"
#include "date.h"
#include "plan.h"
#include "prune.h"

#define FIRST_DAY 20000 /* 2024-10-04 */
#define PRUNE_EVERY 7
#define PRUNE_HOUR 3
#define TENANTS_MAX 512
#define RETENTION_DAYS 512
#define EXCHANGE_MS 10000

/* An admin of so many tenants, of which a third are the daily ones; four to twelve logins a working
 * day, nine hosts a tenant; a line at home whose address changes every 20 days and leaves its net
 * with every other change, the office twice a week, a phone now and then, another country each
 * summer; a new key each year. */
struct person {
    uint64_t random;
    struct hop_store *store;
    struct hop_reach reach;
    bool home;
    unsigned tenants;
};

static _Noreturn void fail(const char *what, const char *why)
{
    fprintf(stderr, "memory_logins: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

/* xorshift64 (Marsaglia, 2003) */
static unsigned draw(struct person *person, unsigned below)
{
    person->random ^= person->random << 13;
    person->random ^= person->random >> 7;
    person->random ^= person->random << 17;
    return (unsigned)(person->random >> 33) % below;
}

static void place_put(struct person *person, int day, struct hop_login *login)
{
    char address[HOP_ADDRESS_TEXT_MAX];
    struct hop_place *place = &login->origin.place;
    unsigned period = (unsigned)day / 20, kind = draw(person, 20);
    bool abroad = day % 365 > 200 && day % 365 < 215;
    *place = (struct hop_place){.asn = 64500,
                                .kind = HOP_PLACE_FIXED,
                                .has_point = true,
                                .latitude = 52.3676,
                                .longitude = 4.9041,
                                .accuracy_km = 10};
    if (abroad || kind == 0) {
        place->asn = abroad ? 64900 + (uint32_t)day / 365 : 64502;
        place->kind = HOP_PLACE_MOBILE;
        snprintf(address, sizeof address, "100.%u.%u.%u", 128 + (unsigned)day / 365,
                 draw(person, 16), draw(person, 250));
    } else if (day % 7 == 1 || day % 7 == 3) {
        place->asn = 64501;
        snprintf(address, sizeof address, "198.51.100.%u", 1 + draw(person, 4));
    } else {
        snprintf(address, sizeof address, "84.24.%u.%u", period / 2 % 200, 10 + period % 200);
    }
    hop_string_copy(place->country, sizeof place->country, abroad ? "PT" : "NL");
    hop_address_parse(hop_span_of(address), &login->origin.address);
}

static struct hop_login login_of(struct person *person, int day, int turn)
{
    struct hop_login login = {.time = (int64_t)(FIRST_DAY + day) * HOP_DAY_SECONDS + 7 * 3600 +
                                      turn * 2400 + draw(person, 1800)};
    unsigned tenant = draw(person, draw(person, 4) ? person->tenants / 3 : person->tenants);
    snprintf(login.account, sizeof login.account, "anna");
    snprintf(login.identity, sizeof login.identity, "anna");
    snprintf(login.team, sizeof login.team, "nordics");
    snprintf(login.tenant, sizeof login.tenant, "customer%u", tenant);
    snprintf(login.host, sizeof login.host, "host%u", draw(person, 9));
    snprintf(login.key, sizeof login.key, "SHA256:%043d", day / 365);
    hop_conf_default_tag(login.tenant, login.tenant_tag);
    place_put(person, day, &login);
    return login;
}

static void record(struct person *person, const struct hop_login *login)
{
    struct hop_reads *reads = malloc(sizeof *reads);
    struct hop_replies replies;
    struct hop_recollection recollection;
    struct hop_batch batch;
    struct hop_error err = {0};
    hop_replies_init(&replies);
    hop_recollection_init(&recollection);
    hop_batch_init(&batch);
    hop_string_copy(person->reach.witness, sizeof person->reach.witness,
                    person->home ? HOP_HOME : login->tenant);
    if (reads == NULL)
        fail("reads", "out of memory");
    hop_plan_reads(login, &person->reach, reads);
    if (hop_store_read_by(person->store, reads->items, reads->count, &replies,
                          hop_clock_deadline(EXCHANGE_MS), &err) != HOP_OK ||
        hop_plan_recollect(reads, &replies, login, &person->reach, &recollection) != HOP_OK)
        fail("read", err.text);
    struct hop_lesson lesson = {.learn = true};
    if (hop_plan_touch(login, &person->reach, &recollection, 12, &batch) != HOP_OK ||
        hop_plan_learned(login, &person->reach, &recollection, lesson, &batch) != HOP_OK ||
        hop_store_write_by(person->store, &batch, hop_clock_deadline(EXCHANGE_MS), &err) != HOP_OK)
        fail("write", err.text);
    hop_batch_done(&batch);
    hop_recollection_done(&recollection);
    hop_replies_done(&replies);
    free(reads);
}

static void prune(struct person *person, int day)
{
    struct hop_prune *work;
    struct hop_error err = {0};
    bool done = false;
    int64_t now = (int64_t)(FIRST_DAY + day) * HOP_DAY_SECONDS + PRUNE_HOUR * 3600;
    hop_string_copy(person->reach.witness, sizeof person->reach.witness, HOP_HOME);
    if (hop_prune_new(person->store, &person->reach, now, RETENTION_DAYS, &work, &err) != HOP_OK)
        fail("prune", err.text);
    while (!done)
        if (hop_prune_step_by(work, &done, hop_clock_deadline(EXCHANGE_MS), &err) != HOP_OK)
            fail("prune", err.text);
    hop_prune_free(&work);
}

/* 0: Monday */
static int weekday(int day)
{
    return (FIRST_DAY + day + 3) % 7;
}

static void work(struct person *person, int day, bool prune_first)
{
    int logins = weekday(day) < 5 ? 4 + (int)draw(person, 9) : 0;
    if (prune_first)
        prune(person, day);
    for (int turn = 0; turn < logins; turn++) {
        struct hop_login login = login_of(person, day, turn);
        record(person, &login);
    }
}

static void values_count(struct person *person, const char *witness,
                         unsigned of_kind[HOP_KIND_COUNT])
{
    struct hop_read *read = calloc(1, sizeof *read);
    struct hop_replies replies;
    struct hop_profile profile;
    struct hop_error err = {0};
    hop_replies_init(&replies);
    hop_profile_init(&profile);
    if (read == NULL)
        fail("reads", "out of memory");
    read->kind = HOP_READ_HASH;
    struct hop_text key = hop_text_over(read->key, sizeof read->key);
    hop_key_profile(&key, &person->reach, "anna", witness);
    if (hop_store_read_by(person->store, read, 1, &replies, hop_clock_deadline(EXCHANGE_MS),
                          &err) != HOP_OK ||
        hop_profile_of_pairs(replies.items[0].pairs, replies.items[0].count, &profile) != HOP_OK)
        fail("read", err.text);
    for (unsigned kind = 0; kind < HOP_KIND_COUNT; kind++)
        of_kind[kind] += profile.of_kind[kind];
    hop_profile_done(&profile);
    hop_replies_done(&replies);
    free(read);
}

static void report(struct person *person, int day)
{
    unsigned of_kind[HOP_KIND_COUNT] = {0};
    values_count(person, HOP_HOME, of_kind);
    for (unsigned tenant = 0; tenant < person->tenants && !person->home; tenant++) {
        char witness[HOP_TENANT_MAX + 1];
        snprintf(witness, sizeof witness, "customer%u", tenant);
        values_count(person, witness, of_kind);
    }
    printf("%d", day);
    for (unsigned kind = 0; kind < HOP_KIND_COUNT; kind++)
        printf(" %c=%u", hop_kind_facts((enum hop_kind)kind)->letter, of_kind[kind]);
    putchar('\n');
    fflush(stdout);
    if (getchar() == EOF)
        fail("stdin", "closed");
}

static int number(const char *word, int low, int high)
{
    int64_t number;
    if (!hop_span_int64(hop_span_of(word), low, high, &number))
        fail(word, "not a number, or too large or small a one");
    return (int)number;
}

int main(int argc, char **argv)
{
    struct hop_error err = {0};
    struct person person = {.random = 88172645463325252, .reach = {.tenants = 60}};
    if (argc < 5)
        fail("usage", "memory_logins SOCKET home|tenant TENANTS DAYS...");
    person.home = person.reach.all_home = strcmp(argv[2], HOP_HOME) == 0;
    person.tenants = (unsigned)number(argv[3], 3, TENANTS_MAX);
    hop_string_copy(person.reach.prefix, sizeof person.reach.prefix, "hop:1:");
    struct hop_redis_setup setup = {.unix_path = argv[1], .user = "", .secret = ""};
    if (hop_store_redis_new(&setup, &person.store, &err) != HOP_OK)
        fail("redis", err.text);
    for (int arg = 4, day = 0; arg < argc; arg++) {
        int days = number(argv[arg], 7, 100000);
        for (; day < days || weekday(day - 1) != 4; day++)
            work(&person, day, day % PRUNE_EVERY == 0 || days - day < PRUNE_EVERY);
        report(&person, day);
    }
    hop_store_free(&person.store);
    return EXIT_SUCCESS;
}
