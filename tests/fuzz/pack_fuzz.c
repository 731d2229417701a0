/* SPDX-License-Identifier: Apache-2.0 */
/* A packed profile as a hostile host may write it. What is read is within the bounds, and packed
 * again it is read as the same, but for what the bounds of packing leave beside. */
#include "pack.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool fine)
{
    if (!fine)
        abort();
}

static void expect_within_limits(const struct hop_profile *profile)
{
    for (size_t i = 0; i < profile->count; i++) {
        const struct hop_sighting *sighting = &profile->sightings[i];
        must(sighting->len > 0 && sighting->len <= HOP_VALUE_MAX);
        must(hop_dayset_empty(&sighting->days) ||
             (sighting->days.last_day >= 0 && sighting->days.last_day <= HOP_DAY_MAX &&
              (sighting->days.bits[0] & 1)));
    }
    for (unsigned kind = 0; kind < HOP_KIND_COUNT; kind++)
        must(profile->of_kind[kind] <=
             HOP_PACK_BOUND_FACTOR * hop_kind_facts((enum hop_kind)kind)->bound);
}

/* Every packed value is in `back`, and nothing else. */
static void expect_same(const struct hop_profile *profile, const bool *packed,
                        const struct hop_profile *back)
{
    size_t at = 0;
    for (size_t i = 0; i < profile->count; i++) {
        const struct hop_sighting *sighting = &profile->sightings[i];
        if (!packed[i])
            continue;
        must(at < back->count && back->sightings[at].kind == sighting->kind);
        must(hop_dayset_equal(&back->sightings[at].days, &sighting->days));
        must(hop_span_is((struct hop_span){back->sightings[at].value, back->sightings[at].len},
                         sighting->value));
        at++;
    }
    must(at == back->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char bytes[HOP_PACK_MAX];
    struct hop_profile profile, back;
    size_t len = 0;
    if (hop_pack_parse((struct hop_span){(const char *)data, size}, &profile) != HOP_OK)
        return 0;
    expect_within_limits(&profile);
    bool *packed = calloc(profile.count + 1, sizeof *packed);
    must(packed && hop_pack_put(&profile, bytes, &len, packed) == HOP_OK && len <= HOP_PACK_MAX);
    if (len) {
        must(hop_pack_parse((struct hop_span){bytes, len}, &back) == HOP_OK);
        expect_same(&profile, packed, &back);
        hop_profile_done(&back);
    }
    free(packed);
    hop_profile_done(&profile);
    return 0;
}
