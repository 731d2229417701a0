/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "date.h"
#include "subject.h"
#include "table.h"
#include "verbs.h"

struct wishes {
    struct hop_common common;
    const char *account;
    const char *witness;
};

static const struct argp_option OPTIONS[] = {
    {"witness", 'w', "NAME", 0,
     "Only what home or this tenant has seen, instead of what this host would read", 0},
    {0}};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct wishes *wishes = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &wishes->common;
        return 0;
    case 'w':
        wishes->witness = argument;
        return 0;
    case ARGP_KEY_ARG:
        if (wishes->account != NULL)
            argp_error(state, "one ACCOUNT at a time");
        wishes->account = argument;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "whose history?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static enum hop_rc add_witness(struct hop_desk *desk, const char *identity, const char *witness,
                               struct hop_profile *profile, struct hop_error *err)
{
    struct hop_read read = {.kind = HOP_READ_HASH};
    struct hop_text key = hop_text_over(read.key, sizeof read.key);
    hop_key_profile(&key, &desk->reach, identity, witness);
    struct hop_replies replies;
    hop_replies_init(&replies);
    struct hop_profile seen;
    hop_profile_init(&seen);
    enum hop_rc rc =
        hop_store_read_by(desk->store, &read, 1, &replies, hop_command_deadline(), err);
    if (rc == HOP_OK)
        rc = hop_profile_of_pairs(replies.items[0].pairs, replies.items[0].count, &seen);
    if (rc == HOP_OK)
        rc = hop_profile_merge(profile, &seen);
    if (rc == HOP_NOMEM)
        hop_error_set(err, rc, "history of %s: out of memory", identity);
    hop_profile_done(&seen);
    hop_replies_done(&replies);
    return rc;
}

static enum hop_rc read_profile(struct hop_desk *desk, const struct wishes *wishes,
                                const char *identity, struct hop_profile *profile,
                                struct hop_error *err)
{
    if (wishes->witness != NULL)
        return add_witness(desk, identity, wishes->witness, profile, err);
    enum hop_rc rc = add_witness(desk, identity, desk->reach.witness, profile, err);
    if (rc == HOP_OK && strcmp(desk->reach.witness, HOP_HOME) != 0)
        rc = add_witness(desk, identity, HOP_HOME, profile, err);
    return rc;
}

static const char *kind_word(enum hop_kind kind)
{
    switch (kind) {
    case HOP_KIND_COUNTRY:
        return "country";
    case HOP_KIND_ASN:
        return "AS";
    case HOP_KIND_NET:
        return "net";
    case HOP_KIND_NODE:
        return "address";
    case HOP_KIND_KEY:
        return "key";
    case HOP_KIND_TENANT:
        return "tenant";
    case HOP_KIND_HOST:
        return "host";
    case HOP_KIND_EDGE:
        return "hop";
    case HOP_KIND_HOPPED:
        return "hopped";
    case HOP_KIND_HOUR:
        return "hour";
    case HOP_KIND_COUNT:
        break;
    }
    return "?";
}

/* One value, with its count of today. */
struct seen {
    const struct hop_sighting *sighting;
    double count;
};

static int by_kind_and_count(const void *a_, const void *b_)
{
    const struct seen *a = a_, *b = b_;
    if (a->sighting->kind != b->sighting->kind)
        return a->sighting->kind < b->sighting->kind ? -1 : 1;
    if (a->count > b->count || a->count < b->count)
        return a->count > b->count ? -1 : 1;
    return strcmp(a->sighting->value, b->sighting->value);
}

static struct seen *weigh(const struct hop_profile *profile)
{
    struct seen *seen = calloc(profile->count + 1, sizeof *seen);
    int32_t today = hop_date_day(hop_clock_epoch_ms() / 1000);
    for (size_t i = 0; seen != NULL && i < profile->count; i++) {
        const struct hop_sighting *sighting = &profile->sightings[i];
        double half_life = hop_kind_facts(sighting->kind)->half_life;
        seen[i].sighting = sighting;
        seen[i].count = hop_dayset_weigh(&sighting->days, today, half_life, INT32_MAX).count;
    }
    if (seen != NULL)
        qsort(seen, profile->count, sizeof *seen, by_kind_and_count);
    return seen;
}

static void print_row(struct hop_table *table, const struct seen *seen)
{
    const struct hop_dayset *days = &seen->sighting->days;
    char count[HOP_CELL_MAX], first[HOP_CELL_MAX] = "", last[HOP_CELL_MAX] = "",
                              weight[HOP_CELL_MAX];
    snprintf(count, sizeof count, "%d", hop_dayset_days(days));
    if (!hop_dayset_empty(days)) {
        hop_cell_day(first, hop_dayset_first(days));
        hop_cell_day(last, days->last_day);
    }
    snprintf(weight, sizeof weight, "%.2f", seen->count);
    const char *cells[] = {kind_word(seen->sighting->kind),
                           seen->sighting->value,
                           count,
                           first,
                           last,
                           days->confirmed ? "yes" : "",
                           weight};
    hop_table_row(table, cells);
}

static json_t *row_json(const struct seen *seen)
{
    const struct hop_dayset *days = &seen->sighting->days;
    char letter[2] = {hop_kind_facts(seen->sighting->kind)->letter, '\0'};
    char text[HOP_DAYSET_TEXT_MAX];
    struct hop_text put = hop_text_over(text, sizeof text);
    hop_dayset_put(&put, days);
    return json_pack("{s:s, s:s, s:o, s:i, s:s, s:b, s:f}", "kind", letter, "what",
                     kind_word(seen->sighting->kind), "value", hop_json_text(seen->sighting->value),
                     "days", hop_dayset_days(days), "day_set", text, "confirmed",
                     (int)days->confirmed, "count", seen->count);
}

static void print_profile(const char *identity, const struct hop_profile *profile,
                          const struct seen *seen)
{
    char who[HOP_CELL_MAX], last[HOP_CELL_MAX] = "never", step_up[HOP_CELL_MAX] = "never";
    struct hop_dayset days = hop_profile_days(profile);
    hop_cell_text(who, identity);
    if (profile->last.time != 0)
        hop_cell_time(last, profile->last.time);
    if (profile->step_up_time != 0)
        hop_cell_time(step_up, profile->step_up_time);
    printf("identity %s: %d days recorded, last login %s, last step-up passed %s\n\n", who,
           hop_dayset_days(&days), last, step_up);
    struct hop_table *table = hop_table_new("KIND|VALUE|>DAYS|FIRST|LAST|CONFIRMED|>COUNT");
    for (size_t i = 0; i < profile->count; i++)
        print_row(table, &seen[i]);
    hop_table_print(&table);
}

static void print_profile_json(const char *identity, const struct hop_profile *profile,
                               const struct seen *seen)
{
    struct hop_dayset days = hop_profile_days(profile);
    json_t *values = json_array();
    for (size_t i = 0; i < profile->count; i++)
        json_array_append_new(values, row_json(&seen[i]));
    json_t *document = json_pack("{s:o, s:i, s:o}", "hopwarden.identity", hop_json_text(identity),
                                 "days", hop_dayset_days(&days), "values", values);
    if (profile->last.time != 0)
        json_object_set_new(document, "last", hop_json_time(profile->last.time));
    if (profile->step_up_time != 0)
        json_object_set_new(document, "step_up", hop_json_time(profile->step_up_time));
    hop_json_print(document);
}

static int tell(const struct wishes *wishes, const char *identity,
                const struct hop_profile *profile)
{
    struct seen *seen = weigh(profile);
    if (seen == NULL) {
        hop_complain("history of %s: out of memory", identity);
        return HOP_EXIT_UNKNOWN;
    }
    if (wishes->common.json)
        print_profile_json(identity, profile, seen);
    else if (hop_profile_empty(profile))
        hop_complain("%s: no history", identity);
    else
        print_profile(identity, profile, seen);
    free(seen);
    return hop_profile_empty(profile) ? HOP_EXIT_FINDING : HOP_EXIT_FINE;
}

int hop_verb_history(int argc, char **argv)
{
    static const struct argp_child children[] = {{&hop_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {OPTIONS,
                                     parse,
                                     "ACCOUNT",
                                     "What an account, a tenant:account or an identity has done "
                                     "before.",
                                     children,
                                     NULL,
                                     NULL};
    struct wishes wishes = {.account = NULL};
    hop_command_parse(&argp, argc, argv, &wishes.common);
    struct hop_desk desk;
    int status = hop_desk_open(&wishes.common, &desk);
    if (status != HOP_EXIT_FINE)
        return status;
    char identity[HOP_NAME_MAX + 1];
    struct hop_profile profile;
    struct hop_error err = {0};
    hop_profile_init(&profile);
    hop_subject_identity(desk.conf, wishes.account, identity);
    if (read_profile(&desk, &wishes, identity, &profile, &err) == HOP_OK)
        status = tell(&wishes, identity, &profile);
    else
        status = hop_complain_of(&err);
    hop_profile_done(&profile);
    hop_desk_close(&desk);
    return status;
}
