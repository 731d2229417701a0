/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of touches, as any host may have written them: each parses to what it is put as, or not at
 * all; and together they never make block B negative, infinite or above its limit. */
#include "evidence.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 256
#define LINES_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void round_trip(const struct hop_touch *touch)
{
    char buffer[TEXT_MAX];
    struct hop_touch again;
    struct hop_text text = hop_text_over(buffer, sizeof buffer);
    hop_touch_put(&text, touch);
    require(!text.cut && hop_touch_parse(hop_span_of(buffer), &again));
    require(memcmp(touch, &again, sizeof again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hop_span rest = {(const char *)data, size}, line;
    struct hop_touch touches[LINES_MAX];
    struct hop_around around;
    struct hop_profile profile;
    struct hop_login login = {.time = 1795518000};
    struct hop_evidence evidence = {0};
    hop_around_init(&around);
    hop_profile_init(&profile);
    around.touches = touches;
    while (around.touch_count < LINES_MAX && hop_span_cut(&rest, '\n', &line)) {
        memset(&touches[around.touch_count], 0, sizeof touches[0]);
        if (hop_touch_parse(line, &touches[around.touch_count]))
            round_trip(&touches[around.touch_count++]);
    }
    struct hop_scene scene = {
        .login = &login, .profile = &profile, .around = &around, .witness_is_home = size & 1};
    hop_evidence_fan_out(&scene, &evidence);
    double bits = evidence.terms[HOP_STORY_SEAT][HOP_BLOCK_FAN_OUT];
    require(bits >= 0 && bits <= 5);
    return 0;
}
