/* SPDX-License-Identifier: Apache-2.0 */
#include "sample.h"

struct hop_login sample_login(void)
{
    struct hop_login login = {.id = "01JD8Z0M2N3P4Q5R6S7T8V9WXY",
                              .time = 1795512600,
                              .account = "msp-anna",
                              .identity = "anna",
                              .team = "nordics",
                              .tenant = "t37",
                              .host = "t37-h1",
                              .service = "sshd",
                              .method = "publickey",
                              .key = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                              .class = HOP_CLASS_PERSON,
                              .lane = HOP_LANE_UNASKED,
                              .phase = HOP_PHASE_SESSION,
                              .first_factor_proven = true};
    hop_address_parse(hop_span_of("10.6.0.1"), &login.origin.address);
    login.origin.zone = HOP_ZONE_TENANT;
    hop_string_copy(login.origin.tenant, sizeof login.origin.tenant, "t6");
    login.origin.place = (struct hop_place){.country = "NL",
                                            .asn = 64518,
                                            .kind = HOP_PLACE_FIXED,
                                            .has_point = true,
                                            .latitude = 52.3824,
                                            .longitude = -4.899501,
                                            .accuracy_km = 20};
    return login;
}

struct hop_verdict sample_verdict(void)
{
    struct hop_verdict verdict = {.action = HOP_BLOCK, .own_action = HOP_BLOCK, .scored = true};
    verdict.score.risk_bits = 3.4;
    verdict.score.risk_decibits = 34;
    verdict.score.story = HOP_STORY_HOP;
    verdict.score.floors = HOP_FLOOR_BIT(HOP_FLOOR_EDGE) | HOP_FLOOR_BIT(HOP_FLOOR_TENANT_FIRST);
    for (int story = 0; story < HOP_STORY_COUNT; story++) {
        verdict.score.log_odds[story] = story * -1.25;
        verdict.score.evidence.terms[story][HOP_BLOCK_ORIGIN] = 2.5 - story;
        verdict.score.evidence.terms[story][HOP_BLOCK_HOP] = 7.71 + story;
    }
    verdict.score.evidence.present[HOP_BLOCK_ORIGIN] = true;
    verdict.score.evidence.present[HOP_BLOCK_HOP] = true;
    hop_verdict_because(&verdict, "hop", 77, "source inside tenant t6");
    hop_verdict_because(&verdict, "tenant-new", 61, "tenant t37 never used");
    hop_verdict_because(&verdict, "asn-new", -3, "AS64518 new");
    hop_verdict_because(&verdict, "tenant-first", 0, "first visit");
    return verdict;
}
