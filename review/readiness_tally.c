/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "logged.h"
#include "readiness.h"

/* One login, as far as counting goes. */
struct hop_seen {
    char *tenant, *account;
    char *codes; /* of a login that would be stopped; else NULL */
    char id[HOP_ULID_LENGTH + 1];
    int64_t time;
    enum hop_fate fate;
    bool confirmed;
    bool passed, failed; /* a second factor */
};

/* -- one login ----------------------------------------------------------------------------- */

enum hop_fate hop_fate_of(const struct hop_verdict *verdict, enum hop_lane lane)
{
    static const enum hop_fate fates[HOP_ANSWER_COUNT] = {
        [HOP_ANSWER_ABSTAIN] = HOP_FATE_IN,    [HOP_ANSWER_ALLOW] = HOP_FATE_IN,
        [HOP_ANSWER_STEP_UP] = HOP_FATE_ASKED, [HOP_ANSWER_REFUSE] = HOP_FATE_REFUSED,
        [HOP_ANSWER_BLOCK] = HOP_FATE_BLOCKED,
    };
    struct hop_moment moment = {.mode = HOP_MODE_ENFORCE,
                                .phase =
                                    lane == HOP_LANE_ASKED ? HOP_PHASE_AUTH : HOP_PHASE_ACCOUNT,
                                .lane = lane,
                                .first_factor_proven = true};
    struct hop_verdict plain = *verdict;
    struct hop_answer answer;
    plain.permit[0] = '\0'; /* its time will be over */
    hop_answer_of(&plain, &moment, &answer);
    return fates[answer.kind];
}

/* Let in, or stopped by its verdict: not a wrong password, nor a client that went away. */
static bool counts(const struct hop_entry *entry)
{
    if (entry->has_session)
        return entry->session_opened || (entry->has_verdict && entry->answer != HOP_ALLOW);
    return entry->success;
}

static char *codes_of(const struct hop_verdict *verdict)
{
    char codes[HOP_REASONS_MAX * (HOP_CODE_MAX + 1) + 1];
    struct hop_text text = hop_text_over(codes, sizeof codes);
    for (size_t i = 0; i < verdict->reason_count; i++) {
        hop_text_put(&text, verdict->reasons[i].code);
        hop_text_put_char(&text, ' ');
    }
    return strdup(codes);
}

static void seen_done(struct hop_seen *seen)
{
    free(seen->tenant);
    free(seen->account);
    free(seen->codes);
}

static bool grow(struct hop_tally *tally)
{
    if (tally->seen_count < tally->seen_room)
        return true;
    size_t room = tally->seen_room == 0 ? 256 : tally->seen_room * 2;
    struct hop_seen *seen = reallocarray(tally->seen, room, sizeof *seen);
    if (seen == NULL)
        return false;
    tally->seen = seen;
    tally->seen_room = room;
    return true;
}

bool hop_tally_add(struct hop_tally *tally, const struct hop_entry *entry,
                   const struct hop_verdict *verdict, bool confirmed)
{
    const struct hop_login *login = &entry->login;
    enum hop_fate fate = hop_fate_of(verdict, login->lane);
    if (!counts(entry))
        return true;
    if (!grow(tally))
        return false;
    struct hop_seen seen = {.tenant = strdup(login->tenant),
                            .account = strdup(login->account),
                            .codes = fate != HOP_FATE_IN ? codes_of(verdict) : NULL,
                            .time = login->time,
                            .fate = fate,
                            .confirmed = confirmed,

                            .passed = entry->has_step_up && entry->step_up_passes,
                            .failed = entry->has_step_up && !entry->step_up_passes};
    memcpy(seen.id, login->id, sizeof seen.id);
    bool fine =
        seen.tenant != NULL && seen.account != NULL && (fate == HOP_FATE_IN || seen.codes != NULL);
    if (fine)
        tally->seen[tally->seen_count++] = seen;
    else
        seen_done(&seen);
    return fine;
}

void hop_tally_confirm(struct hop_tally *tally, const char *id)
{
    for (size_t i = tally->seen_count; i-- > 0;)
        if (strcmp(tally->seen[i].id, id) == 0)
            tally->seen[i].confirmed = true;
}

/* -- an account's ------------------------------------------------------------------------------ */

static int by_account(const void *a_, const void *b_)
{
    const struct hop_seen *a = a_, *b = b_;
    int order = strcmp(a->tenant, b->tenant);
    if (order == 0)
        order = strcmp(a->account, b->account);
    return order != 0 ? order : (a->time > b->time) - (a->time < b->time);
}

static int by_count(const void *a_, const void *b_)
{
    const struct hop_tally_code *a = a_, *b = b_;
    if (a->count != b->count)
        return a->count < b->count ? 1 : -1;
    return (a->place > b->place) - (a->place < b->place);
}

static void count_code(struct hop_tally_account *account, struct hop_span code, const char *id)
{
    size_t at = 0;
    while (at < account->code_count && !hop_span_is(code, account->codes[at].code))
        at++;
    if (at == HOP_TALLY_CODES_MAX)
        return;
    struct hop_tally_code *counted = &account->codes[at];
    if (at == account->code_count) {
        if (!hop_span_copy(code, counted->code, sizeof counted->code))
            return;
        counted->place = account->code_count++;
    }
    counted->count++;
    hop_string_copy(counted->id, sizeof counted->id, id);
}

static void count_stopped(struct hop_tally_account *account, const struct hop_seen *seen)
{
    struct hop_span rest = hop_span_of(seen->codes), code;
    if (account->first == 0)
        account->first = seen->time;
    account->last = seen->time;
    while (hop_span_word(&rest, &code))
        count_code(account, code, seen->id);
}

static void count_login(struct hop_tally_account *account, const struct hop_seen *seen)
{
    account->logins++;
    if (seen->passed)
        account->passed = seen->time;
    if (seen->failed)
        account->failed = seen->time;
    if (seen->fate != HOP_FATE_IN && seen->confirmed) {
        account->settled++;
        return;
    }
    account->fates[seen->fate]++;
    if (seen->fate != HOP_FATE_IN)
        count_stopped(account, seen);
}

/* What was seen counts more than what is configured here; of another tenant's host nothing else can
 * be known. */
static void judge_factor(struct hop_tally_account *account, const struct hop_tally_place *place)
{
    struct hop_factor *factor = &account->factor;
    char when[HOP_CELL_MAX];
    struct hop_text text = hop_text_over(factor->why, sizeof factor->why);
    if (account->passed != 0 && account->passed >= account->failed) {
        factor->state = HOP_FACTOR_CAN;
        hop_cell_time(when, account->passed);
        hop_text_format(&text, "passed %s", when);
    } else if (strcmp(account->tenant, place->tenant) == 0) {
        hop_factor_of(place->pam_path, account->account, factor);
    } else {
        hop_text_put(&text, "another tenant's host knows");
    }
}

static void add_up(struct hop_tally *tally, struct hop_tally_account *account)
{
    tally->logins += account->logins;
    tally->settled += account->settled;
    for (int fate = 0; fate < HOP_FATE_COUNT; fate++)
        tally->fates[fate] += account->fates[fate];
    if (account->factor.state != HOP_FACTOR_CAN)
        tally->unsure += account->fates[HOP_FATE_ASKED];
    if (account->code_count > 0)
        qsort(account->codes, account->code_count, sizeof *account->codes, by_count);
}

static bool is_same(const struct hop_seen *a, const struct hop_seen *b)
{
    return strcmp(a->tenant, b->tenant) == 0 && strcmp(a->account, b->account) == 0;
}

static bool make_accounts(struct hop_tally *tally)
{
    size_t count = 0;
    if (tally->seen_count > 0)
        qsort(tally->seen, tally->seen_count, sizeof *tally->seen, by_account);
    for (size_t i = 0; i < tally->seen_count; i++)
        count += i == 0 || !is_same(&tally->seen[i - 1], &tally->seen[i]);
    tally->accounts = calloc(count + 1, sizeof *tally->accounts);
    return tally->accounts != NULL;
}

bool hop_tally_close(struct hop_tally *tally, const struct hop_tally_place *place)
{
    struct hop_tally_account *account = NULL;
    if (!make_accounts(tally))
        return false;
    for (size_t i = 0; i < tally->seen_count; i++) {
        const struct hop_seen *seen = &tally->seen[i];
        if (i == 0 || !is_same(&tally->seen[i - 1], seen)) {
            account = &tally->accounts[tally->account_count++];
            account->tenant = seen->tenant;
            account->account = seen->account;
        }
        count_login(account, seen);
    }
    for (size_t i = 0; i < tally->account_count; i++) {
        judge_factor(&tally->accounts[i], place);
        add_up(tally, &tally->accounts[i]);
    }
    return true;
}

void hop_tally_done(struct hop_tally *tally)
{
    for (size_t i = 0; i < tally->seen_count; i++)
        seen_done(&tally->seen[i]);
    free(tally->seen);
    free(tally->accounts);
    *tally = (struct hop_tally){.seen = NULL};
}

/* -- a share ------------------------------------------------------------------------------- */

unsigned hop_tally_refusals_permille(const struct hop_tally *tally)
{
    size_t refusals =
        tally->fates[HOP_FATE_REFUSED] + tally->fates[HOP_FATE_BLOCKED] + tally->unsure;
    if (tally->logins == 0)
        return 0;
    return (unsigned)((refusals * 1000 + tally->logins - 1) / tally->logins);
}

void hop_cell_permille(char cell[HOP_CELL_MAX], unsigned permille)
{
    snprintf(cell, HOP_CELL_MAX, "%u.%u %%", permille / 10, permille % 10);
}

bool hop_permille_parse(const char *text, unsigned *ret_permille)
{
    struct hop_span rest = hop_span_of(text), whole;
    int64_t percent, tenths = 0;
    if (rest.len > 0 && rest.at[rest.len - 1] == '%')
        rest.len--;
    if (!hop_span_cut(&rest, '.', &whole) || !hop_span_int64(whole, 0, 100, &percent))
        return false;
    if (rest.at != NULL && (rest.len != 1 || !hop_span_int64(rest, 0, 9, &tenths)))
        return false;
    if (percent * 10 + tenths > 1000)
        return false;
    *ret_permille = (unsigned)(percent * 10 + tenths);
    return true;
}

/* -- the history's logs ------------------------------------------------------------------------ */

static bool add_logged(struct hop_tally *tally, const struct hop_logged *logged, int64_t since)
{
    struct hop_entry entry;
    struct hop_verdict verdict;
    if (logged->login == NULL || hop_logged_entry(logged, &entry, NULL) != HOP_OK ||
        hop_entry_parse_verdict(hop_span_of(logged->login), &verdict, NULL) != HOP_OK)
        return true;
    if (entry.login.time < since)
        return true;
    return hop_tally_add(tally, &entry, &verdict, logged->confirmed);
}

static enum hop_rc read_log(struct hop_desk *desk, const char *witness, int64_t since,
                            struct hop_tally *tally, struct hop_error *err)
{
    struct hop_logged_list list;
    int64_t since_ms = since > HOP_CLOCK_SKEW_MAX ? (since - HOP_CLOCK_SKEW_MAX) * 1000 : 0;
    enum hop_rc rc = hop_logged_read(desk, witness, since_ms, &list, err);
    for (size_t i = 0; rc == HOP_OK && i < list.count; i++)
        if (!add_logged(tally, &list.items[i], since))
            rc = hop_error_set(err, HOP_NOMEM, "readiness: out of memory");
    tally->malformed += list.malformed;
    hop_logged_done(&list);
    return rc;
}

enum hop_rc hop_tally_read(struct hop_desk *desk, const char *witness, int64_t since,
                           struct hop_tally *tally, struct hop_error *err)
{
    bool home = strcmp(desk->reach.witness, HOP_HOME) == 0;
    enum hop_rc rc =
        read_log(desk, witness != NULL ? witness : desk->reach.witness, since, tally, err);
    size_t tenants = witness == NULL && home ? hop_conf_tenant_sections(desk->conf) : 0;
    for (size_t i = 0; rc == HOP_OK && i < tenants; i++)
        rc = read_log(desk, hop_conf_tenant_name(desk->conf, i), since, tally, err);
    return rc;
}
