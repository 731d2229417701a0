/* SPDX-License-Identifier: Apache-2.0 */
/* A profile's hash as a hostile host may write it: "<field>\t<value>" a line. What was read is
 * written out again and must be read as the same. The first line is also taken for a freeze. */
#include "plan.h"

#include <stdio.h>
#include <stdlib.h>

#define PAIRS_MAX 1024

static void must(bool fine)
{
    if (!fine)
        abort();
}

static size_t pairs_cut(struct hop_span text, struct hop_pair pairs[PAIRS_MAX])
{
    size_t count = 0;
    struct hop_span line;
    while (count < PAIRS_MAX && hop_span_cut(&text, '\n', &line)) {
        hop_span_cut(&line, '\t', &pairs[count].field);
        pairs[count++].value = line;
    }
    return count;
}

/* Fields and values of a sighting, as plan and fallback write them. */
struct written {
    char field[HOP_VALUE_MAX + 3];
    char days[HOP_DAYSET_TEXT_MAX];
};

static void profile_write(const struct hop_profile *profile, struct written *written,
                          struct hop_pair *pairs)
{
    for (size_t i = 0; i < profile->count; i++) {
        const struct hop_sighting *sighting = &profile->sightings[i];
        struct hop_text field = hop_text_over(written[i].field, sizeof written[i].field);
        struct hop_text days = hop_text_over(written[i].days, sizeof written[i].days);
        hop_field_put(&field, sighting->kind, hop_span_of(sighting->value));
        hop_dayset_put(&days, &sighting->days);
        must(!field.cut && !days.cut);
        pairs[i] = (struct hop_pair){hop_span_of(field.at), hop_span_of(days.at)};
    }
}

static void expect_same(const struct hop_profile *a, const struct hop_profile *b)
{
    must(a->count == b->count);
    for (size_t i = 0; i < a->count; i++) {
        const struct hop_sighting *sighting = &a->sightings[i];
        const struct hop_dayset *days =
            hop_profile_find(b, sighting->kind, hop_span_of(sighting->value));
        must(days && hop_dayset_equal(days, &sighting->days));
    }
}

static void expect_within_limits(const struct hop_profile *profile)
{
    unsigned counts[HOP_KIND_COUNT] = {0};
    for (size_t i = 0; i < profile->count; i++)
        must(++counts[profile->sightings[i].kind] <=
             2 * hop_kind_facts(profile->sightings[i].kind)->bound);
    must(profile->step_up_time >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hop_pair pairs[PAIRS_MAX];
    static struct written written[PAIRS_MAX];
    struct hop_profile profile, again;
    hop_profile_init(&profile);
    hop_profile_init(&again);
    size_t count = pairs_cut((struct hop_span){(const char *)data, size}, pairs);
    must(hop_profile_of_pairs(pairs, count, &profile) == HOP_OK);
    if (count)
        must(hop_freeze_parse(pairs[0].field) != HOP_FREEZE_NONE);
    expect_within_limits(&profile);
    profile_write(&profile, written, pairs);
    must(hop_profile_of_pairs(pairs, profile.count, &again) == HOP_OK);
    expect_same(&profile, &again);
    hop_profile_done(&profile);
    hop_profile_done(&again);
    return 0;
}
