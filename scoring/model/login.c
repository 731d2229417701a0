/* SPDX-License-Identifier: Apache-2.0 */
#include "login.h"

#include "words.h"

#include <string.h>

static const char *const class_words[HOP_CLASS_COUNT] = {
    [HOP_CLASS_PERSON] = "person",
    [HOP_CLASS_SHARED] = "shared",
    [HOP_CLASS_AUTOMATION] = "automation",
    [HOP_CLASS_BREAK_GLASS] = "break-glass",
};

static const char *const lane_words[HOP_LANE_COUNT] = {
    [HOP_LANE_ASKED] = "asked",
    [HOP_LANE_UNASKED] = "unasked",
    [HOP_LANE_BOUND] = "automation",
    [HOP_LANE_BREAK_GLASS] = "break_glass",
};

static const char *const phase_words[HOP_PHASE_COUNT] = {
    [HOP_PHASE_KEYS] = "keys",       [HOP_PHASE_AUTH] = "auth",     [HOP_PHASE_ACCOUNT] = "account",
    [HOP_PHASE_SESSION] = "session", [HOP_PHASE_REPLAY] = "replay", [HOP_PHASE_EXPLAIN] = "explain",
};

static const char *const zone_words[HOP_ZONE_COUNT] = {
    [HOP_ZONE_NOWHERE] = "nowhere",
    [HOP_ZONE_INTERNET] = "internet",
    [HOP_ZONE_HOME] = "home",
    [HOP_ZONE_TENANT] = "tenant",
};

static const char *const place_kind_words[HOP_PLACE_COUNT] = {
    [HOP_PLACE_UNKNOWN] = "unknown",
    [HOP_PLACE_FIXED] = "fixed",
    [HOP_PLACE_MOBILE] = "mobile",
    [HOP_PLACE_HOSTING] = "hosting",
};

const char *hop_class_word(enum hop_class class)
{
    return word_at(class_words, HOP_CLASS_COUNT, (unsigned)class);
}

const char *hop_lane_word(enum hop_lane lane)
{
    return word_at(lane_words, HOP_LANE_COUNT, (unsigned)lane);
}

const char *hop_phase_word(enum hop_phase phase)
{
    return word_at(phase_words, HOP_PHASE_COUNT, (unsigned)phase);
}

const char *hop_zone_word(enum hop_zone zone)
{
    return word_at(zone_words, HOP_ZONE_COUNT, (unsigned)zone);
}

const char *hop_place_kind_word(enum hop_place_kind kind)
{
    return word_at(place_kind_words, HOP_PLACE_COUNT, (unsigned)kind);
}

bool hop_class_parse(struct hop_span word, enum hop_class *ret_class)
{
    unsigned at = word_find(class_words, HOP_CLASS_COUNT, word);
    if (at < HOP_CLASS_COUNT)
        *ret_class = (enum hop_class)at;
    return at < HOP_CLASS_COUNT;
}

bool hop_zone_parse(struct hop_span word, enum hop_zone *ret_zone)
{
    unsigned at = word_find(zone_words, HOP_ZONE_COUNT, word);
    if (at < HOP_ZONE_COUNT)
        *ret_zone = (enum hop_zone)at;
    return at < HOP_ZONE_COUNT;
}

bool hop_place_kind_parse(struct hop_span word, enum hop_place_kind *ret_kind)
{
    unsigned at = word_find(place_kind_words, HOP_PLACE_COUNT, word);
    if (at < HOP_PLACE_COUNT)
        *ret_kind = (enum hop_place_kind)at;
    return at < HOP_PLACE_COUNT;
}

bool hop_tenant_valid(struct hop_span name)
{
    if (name.len < 1 || name.len > HOP_TENANT_MAX)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    return true;
}

bool hop_login_is_hop(const struct hop_login *login)
{
    const struct hop_origin *origin = &login->origin;
    return origin->address.family != 0 && origin->zone == HOP_ZONE_TENANT && *origin->tenant &&
           strcmp(origin->tenant, login->tenant) != 0;
}
