/* SPDX-License-Identifier: Apache-2.0 */
/* Mode enforce on trial. Nothing runs to end it: who reads the configuration looks at the clock, so
 * that a reboot, a killed command or a full disk end it too. */
#include "conf_parts.h"

#include <string.h>

#include "clock.h"

#define CLOCK_SLACK 300 /* s that the beginning may seem to lie ahead: a clock set back a little   \
                         */

/* Of this boot, and the seconds since it are over. */
static bool is_over_by_boot(const struct hop_trial *trial, const struct hop_trial_clock *clock)
{
    struct hop_span rest = hop_span_of(trial->boot), id;
    int64_t end;
    return hop_span_cut(&rest, '/', &id) && hop_span_is(id, clock->boot) &&
           hop_span_int64(rest, 0, INT64_MAX, &end) && clock->boot_s >= end;
}

enum hop_trial_state hop_trial_state(const struct hop_trial *trial,
                                     const struct hop_trial_clock *clock)
{
    if (trial->since == 0)
        return HOP_TRIAL_NONE;
    if (trial->confirmed[0] != '\0')
        return HOP_TRIAL_CONFIRMED;
    bool runs = clock->now >= trial->since - CLOCK_SLACK && clock->now < trial->until &&
                !is_over_by_boot(trial, clock);
    return runs ? HOP_TRIAL_RUNNING : HOP_TRIAL_LAPSED;
}

enum hop_rc hop_trial_check(const struct hop_conf *conf, struct hop_error *err)
{
    const struct hop_where *where = &conf->where[HOP_SECTION_ENFORCE];
    const struct hop_trial *trial = &conf->settings.trial;
    if (!where->line)
        return HOP_OK;
    if (trial->since == 0)
        return hop_refuse(err, where, "section [enforce] needs since");
    if (trial->confirmed[0] == '\0' &&
        (trial->until <= trial->since || trial->until - trial->since > HOP_TRIAL_SECONDS_MAX))
        return hop_refuse(err, where, "section [enforce]: until is not within a day after since");
    return HOP_OK;
}

void hop_trial_settle(struct hop_conf *conf)
{
    struct hop_settings *settings = &conf->settings;
    struct hop_trial_clock clock = {.now = hop_clock_epoch_ms() / 1000};
    if (settings->trial.since != 0)
        hop_clock_boot(clock.boot, &clock.boot_s, NULL);
    settings->trial_state = hop_trial_state(&settings->trial, &clock);
    bool enforced =
        settings->trial_state == HOP_TRIAL_RUNNING || settings->trial_state == HOP_TRIAL_CONFIRMED;
    settings->policy.mode = enforced ? HOP_MODE_ENFORCE : settings->file_mode;
}

const char *hop_trial_word(enum hop_trial_state state)
{
    static const char *const words[HOP_TRIAL_STATE_COUNT] = {
        [HOP_TRIAL_NONE] = "none",
        [HOP_TRIAL_RUNNING] = "running",
        [HOP_TRIAL_LAPSED] = "lapsed",
        [HOP_TRIAL_CONFIRMED] = "confirmed",
    };
    return (unsigned)state < HOP_TRIAL_STATE_COUNT ? words[state] : "?";
}
