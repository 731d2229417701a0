/* SPDX-License-Identifier: Apache-2.0 */
/* The store: whether it answers, how fast, whose it is, and who looks after it. */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "date.h"
#include "encode.h"
#include "findings.h"
#include "ulid.h"

#define STORE_SHARE 60  /* % of its time that a login leaves to the store */
#define FAR_MS 5        /* a round trip that shows */
#define RECORD_TRIPS 2  /* round trips of a recording: what was, what is now */
#define NAME_AGE_S 3600 /* the timer looks every five minutes */

static void check_clock(struct hop_findings *findings, int64_t store_ms)
{
    int64_t skew_s = (hop_clock_epoch_ms() - store_ms) / 1000;
    if (store_ms != 0 && llabs(skew_s) > HOP_CLOCK_SKEW_MAX)
        hop_finding(
            findings, HOP_STATE_CRITICAL, "clock",
            "set the clock (chrony, systemd-timesyncd); records wait in the spool until then",
            "this host is %lld s off the history's clock", (long long)skew_s);
}

/* What a phase of a login costs: it connects and asks, which may take STORE_SHARE of its time; then
 * it looks at what it changes and changes it, within as much of the rest. ms */
static double phase_needs(double first_ms, double next_ms)
{
    double reads = first_ms * 100 / STORE_SHARE;
    double records = first_ms + RECORD_TRIPS * next_ms * 100 / STORE_SHARE;
    return reads > records ? reads : records;
}

/* With half as much again, since no two packets take the same time; to whole twentieths of a
 * second.
 */
static int advised_ms(double needs_ms)
{
    return ((int)(needs_ms * 1.5) / 50 + 1) * 50;
}

/* Of a store nearby a round trip says nothing: there the time is spent on reckoning. */
static void pace_put(struct hop_text *text, double first_ms, double next_ms)
{
    if (next_ms >= FAR_MS)
        hop_text_format(text, "a login makes %d round trips of %.1f ms",
                        (int)(first_ms / next_ms + .5) + RECORD_TRIPS, next_ms);
    else
        hop_text_format(text, "%.1f ms to connect and ask, %.1f ms to ask again", first_ms,
                        next_ms);
}

static void tell_pace(struct hop_findings *findings, const struct hop_settings *settings,
                      double first_ms, double next_ms)
{
    double needs_ms = phase_needs(first_ms, next_ms),
           helper_needs_ms = first_ms * 100 / STORE_SHARE;
    bool suffices = needs_ms <= settings->deadline_ms;
    char pace[96], mend[160];
    struct hop_text text = hop_text_over(pace, sizeof pace);
    pace_put(&text, first_ms, next_ms);
    text = hop_text_over(mend, sizeof mend);
    hop_text_format(&text, "set deadline_ms = %d", advised_ms(needs_ms));
    if (settings->helper_deadline_ms < helper_needs_ms)
        hop_text_format(&text, " and helper_deadline_ms = %d", advised_ms(helper_needs_ms));
    hop_text_put(&text, ", or move the store closer");
    hop_finding(findings, suffices ? HOP_STATE_FINE : HOP_STATE_WARNING, "pace",
                suffices ? NULL : mend,
                "%s: a phase needs a deadline of %.0f ms, and deadline_ms = %d", pace, needs_ms,
                settings->deadline_ms);
}

static void check_pace(struct hop_findings *findings, const struct hop_desk *desk, double first_ms)
{
    struct hop_read read = {.kind = HOP_READ_TIME};
    struct hop_replies replies;
    hop_replies_init(&replies);
    int64_t before = hop_clock_monotonic_ns();
    bool fine =
        hop_store_read_by(desk->store, &read, 1, &replies, hop_command_deadline(), NULL) == HOP_OK;
    double next_ms = (double)(hop_clock_monotonic_ns() - before) / HOP_NS_PER_MS;
    hop_replies_done(&replies);
    if (fine)
        tell_pace(findings, hop_conf_settings(desk->conf), first_ms, next_ms);
}

static void check_name(struct hop_findings *findings, const struct hop_name *name)
{
    int64_t age_s = hop_clock_epoch_ms() / 1000 - name->time;
    const char *mend = "hopwarden resolve, and enable hopwarden-flush.timer";
    if (!name->count)
        hop_finding(findings, HOP_STATE_CRITICAL, "names", mend,
                    "%s was never looked up, and logins do not", name->host);
    else if (age_s > NAME_AGE_S)
        hop_finding(findings, HOP_STATE_WARNING, "names", mend, "%s was looked up %lld minutes ago",
                    name->host, (long long)(age_s / 60));
    else
        hop_finding(findings, HOP_STATE_FINE, "names", NULL, "%s has %zu addresses", name->host,
                    name->count);
}

static void check_names(struct hop_findings *findings, const struct hop_conf *conf)
{
    struct hop_names names;
    struct hop_error err = {0};
    if (hop_names_recall(hop_conf_settings(conf), &names, &err) != HOP_OK)
        hop_finding(findings, HOP_STATE_CRITICAL, "names", "remove the file; hopwarden resolve",
                    "%s", err.text);
    else
        for (size_t i = 0; i < names.count; i++)
            check_name(findings, &names.items[i]);
}

static void check_store(struct hop_findings *findings, const struct hop_desk *desk)
{
    const char *history = hop_conf_settings(desk->conf)->history;
    int64_t before = hop_clock_monotonic_ns();
    struct hop_read read = {.kind = HOP_READ_TIME};
    struct hop_replies replies;
    struct hop_error err = {0};
    hop_replies_init(&replies);
    enum hop_rc rc = HOP_IO;
    hop_error_set(&err, HOP_IO, "cannot be opened");
    if (desk->store != NULL)
        rc = hop_store_read_by(desk->store, &read, 1, &replies, hop_command_deadline(), &err);
    if (rc == HOP_OK) {
        double first_ms = (double)(hop_clock_monotonic_ns() - before) / HOP_NS_PER_MS;
        hop_finding(findings, HOP_STATE_FINE, "history", NULL, "%s answers", history);
        check_pace(findings, desk, first_ms);
        check_clock(findings, replies.items[0].number);
    } else {
        hop_finding(findings, HOP_STATE_CRITICAL, "history",
                    "start the store, or correct history= and its user and secret", "%s: %s",
                    history, err.text);
    }
    hop_replies_done(&replies);
}

/* A tenant's rights bind it only as the user that has them. */
static void check_users(struct hop_findings *findings, const struct hop_desk *desk)
{
    const struct hop_settings *settings = hop_conf_settings(desk->conf);
    bool customer = strcmp(settings->witness, HOP_HOME) != 0;
    if (strncmp(settings->history, "sqlite:", 7) == 0)
        return;
    if (settings->history_user[0] == '\0' && customer)
        hop_finding(findings, HOP_STATE_WARNING, "users",
                    "give this tenant a user of its own: hopwarden acl, history_user=",
                    "history_user is not set: a customer's host may write what home vouches for");
    else if (settings->history_user[0] != '\0' &&
             hop_history_lets_all_in_by(desk->conf, hop_command_deadline()))
        hop_finding(findings, HOP_STATE_CRITICAL, "users", "user default off, in the aclfile",
                    "%s lets in whoever has no password: its users' rights bind nobody",
                    settings->history);
}

static bool first_entry(void *context, struct hop_span id, struct hop_span value)
{
    (void)value;
    *(int64_t *)context = hop_ulid_time_ms(id) / 1000;
    return false;
}

/* A history without a week behind it needs no care yet. */
static bool is_old(const struct hop_desk *desk, int64_t now)
{
    char key[HOP_STORE_KEY_MAX + 1];
    struct hop_text text = hop_text_over(key, sizeof key);
    int64_t first = now;
    hop_key_log(&text, &desk->reach, desk->reach.witness);
    hop_store_log_by(desk->store, key, 0, first_entry, &first, hop_command_deadline(), NULL);
    return now - first > HOP_PRUNE_DUE_DAYS * HOP_DAY_SECONDS;
}

/* A tenant's user does not see the marker: then it is home's to tell. */
static void check_pruned(struct hop_findings *findings, const struct hop_desk *desk)
{
    static const char MEND[] = "systemctl enable --now hopwarden-prune.timer, on one of home's "
                               "hosts";
    int64_t now = hop_clock_epoch_ms() / 1000, pruned;
    if (desk->store == NULL || hop_pruned_time_by(desk->store, &desk->reach, &pruned,
                                                  hop_command_deadline(), NULL) != HOP_OK)
        return;
    int64_t days = (now - pruned) / HOP_DAY_SECONDS;
    if (pruned == 0 && is_old(desk, now))
        hop_finding(findings, HOP_STATE_WARNING, "prune", MEND, "the history was never pruned");
    else if (pruned != 0 && days >= HOP_PRUNE_DUE_DAYS)
        hop_finding(findings, HOP_STATE_WARNING, "prune", MEND,
                    "the history was last pruned %lld days ago", (long long)days);
}

static void check_spool(struct hop_findings *findings, const struct hop_desk *desk)
{
    size_t count = 0;
    struct hop_error err = {0};
    if (hop_history_spooled(hop_engine_history(desk->engine), &count, &err) != HOP_OK)
        hop_finding(findings, HOP_STATE_WARNING, "spool", "look at the file it names", "%s",
                    err.text);
    else if (count > 0)
        hop_finding(findings, HOP_STATE_WARNING, "spool", "hopwarden flush",
                    "%zu records wait to be written", count);
}

void hop_doctor_history(struct hop_findings *findings, struct hop_conf *conf)
{
    struct hop_desk desk;
    check_names(findings, conf);
    if (hop_desk_open_with(conf, HOP_HISTORY_WRITER, &desk) != HOP_EXIT_FINE)
        return;
    check_store(findings, &desk);
    hop_doctor_fleet(findings, desk.conf);
    check_users(findings, &desk);
    hop_doctor_rights(findings, &desk);
    check_pruned(findings, &desk);
    check_spool(findings, &desk);
    hop_desk_close(&desk);
}
