/* SPDX-License-Identifier: Apache-2.0 */
#include "profile.h"

/* theta of the hour is not used: block T smooths by its own constant. */
static const struct hop_kind_facts facts[HOP_KIND_COUNT] = {
    [HOP_KIND_COUNTRY] = {'c', 32, 60, 0.2, true},  [HOP_KIND_ASN] = {'a', 64, 60, 0.5, true},
    [HOP_KIND_NET] = {'n', 128, 60, 1.5, true},     [HOP_KIND_NODE] = {'i', 256, 60, 2.0, false},
    [HOP_KIND_KEY] = {'k', 32, 180, 0.3, true},     [HOP_KIND_TENANT] = {'t', 512, 180, 2.0, false},
    [HOP_KIND_HOST] = {'h', 1024, 180, 2.0, false}, [HOP_KIND_EDGE] = {'e', 64, 180, 1.0, true},
    [HOP_KIND_HOPPED] = {'x', 2, 60, 0.2, false},   [HOP_KIND_HOUR] = {'w', 48, 60, 8.0, false},
};

const struct hop_kind_facts *hop_kind_facts(enum hop_kind kind)
{
    return &facts[kind];
}

bool hop_kind_of(char letter, enum hop_kind *ret_kind)
{
    for (unsigned kind = 0; kind < HOP_KIND_COUNT; kind++) {
        if (facts[kind].letter == letter) {
            *ret_kind = (enum hop_kind)kind;
            return true;
        }
    }
    return false;
}
