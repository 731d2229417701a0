/* SPDX-License-Identifier: Apache-2.0 */
#include "keys.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "file.h"
#include "process.h"
#include "tell.h"

#define SERVICE "sshd"
#define DEADLINE_MS 100 /* until the configuration names another */
#define PATH_BYTES 768

enum served { SERVED_AS_IS, SERVED_VERIFIED, SERVED_NOTHING };

/* One run of the helper. */
struct run {
    const struct hop_keys_paths *paths;
    const struct hop_keys_offer *offer;
    int64_t started_ns;
    struct hop_deadline deadline;
    bool key_known;
    struct hop_ssh_key key;
    struct hop_conf *conf;
    struct hop_login login;
    struct hop_error trouble; /* the first one */
};

static void note_trouble(struct run *run, const struct hop_error *why)
{
    if (run->trouble.rc == HOP_OK)
        run->trouble = *why;
}

/* -- the line ------------------------------------------------------------------------------ */

static enum hop_rc read_file(const struct run *run, char **ret_bytes, size_t *ret_len,
                             struct hop_error *err)
{
    char path[PATH_BYTES];
    struct hop_text text = hop_text_over(path, sizeof path);
    hop_text_format(&text, "%s/%s", run->paths->keys, run->offer->account);
    if (text.cut)
        return hop_error_set(err, HOP_LIMIT, "%s: name too long", run->paths->keys);
    struct hop_file_rule rule = {.owner = 0, .forbidden = 022, .most = HOP_KEYS_FILE_MAX};
    return hop_file_read(path, &rule, ret_bytes, ret_len, err);
}

/* The matching line in memory of its own; NULL when there is none, or no file to believe. */
static char *find_line(struct run *run, struct hop_span *ret_line)
{
    struct hop_error why = {0};
    char *bytes = NULL;
    size_t len = 0;
    enum hop_rc rc = read_file(run, &bytes, &len, &why);
    if (rc != HOP_OK) {
        if (rc != HOP_NOT_FOUND)
            note_trouble(run, &why);
        return NULL;
    }
    struct hop_span file = {.at = bytes, .len = len};
    if (hop_keys_find(file, run->offer, run->key_known ? &run->key : NULL, ret_line))
        return bytes;
    free(bytes);
    return NULL;
}

/* -- the judgement ------------------------------------------------------------------------- */

/* A primary group can only add an account to those in scope; asking NSS for it costs more than the
 * rest of this helper, so that comes last. */
static bool in_scope(const struct run *run)
{
    const char *account = run->offer->account;
    if (hop_conf_in_scope(run->conf, account, -1, SERVICE))
        return true;
    const struct passwd *user = getpwnam(account);
    return user && hop_conf_in_scope(run->conf, account, (long)user->pw_gid, SERVICE);
}

static enum served refuse(struct run *run, const struct hop_verdict *verdict,
                          const struct hop_answer *answer)
{
    struct hop_alert alert = {.action = "helper-refused",
                              .login = &run->login,
                              .verdict = verdict,
                              .answer = answer,
                              .mode = hop_conf_settings(run->conf)->policy.mode,
                              .outcome = "failure"};
    hop_tell_refused(run->paths, &alert, run->key.fingerprint, run->deadline);
    return SERVED_NOTHING;
}

/* What only PAM can judge, having more to go by or somebody to ask. */
static bool is_left_to_pam(const struct hop_verdict *verdict)
{
    return (verdict->losses & (HOP_LOSS_BIT(HOP_LOSS_SOURCE) | HOP_LOSS_BIT(HOP_LOSS_HISTORY) |
                               HOP_LOSS_BIT(HOP_LOSS_FALLBACK))) != 0;
}

static enum served answer_of(struct run *run, const struct hop_judgement *judgement)
{
    static const struct hop_answer blocked = {.kind = HOP_ANSWER_BLOCK, .action = HOP_BLOCK};
    const struct hop_verdict *verdict = &judgement->verdict;
    if (judgement->recollection.around.frozen_key != HOP_FREEZE_NONE)
        return refuse(run, verdict, &blocked);
    if (is_left_to_pam(verdict))
        return SERVED_AS_IS;
    struct hop_moment moment = {.mode = hop_conf_settings(run->conf)->policy.mode,
                                .phase = HOP_PHASE_KEYS,
                                .lane = run->login.lane};
    struct hop_answer answer;
    hop_answer_of(verdict, &moment, &answer);
    if (answer.kind == HOP_ANSWER_BLOCK)
        return refuse(run, verdict, &answer);
    return answer.kind == HOP_ANSWER_STEP_UP && run->key.fido ? SERVED_VERIFIED : SERVED_AS_IS;
}

static enum served judge(struct run *run)
{
    struct hop_error why = {0};
    struct hop_engine *engine = NULL;
    struct hop_judgement *judgement = malloc(sizeof *judgement);
    enum served served = SERVED_AS_IS;
    if (!judgement) {
        hop_error_set(&run->trouble, HOP_NOMEM, "keys: out of memory");
        return served;
    }
    hop_judgement_init(judgement);
    if (hop_engine_new(run->conf, HOP_HISTORY_READER, &engine, &why) != HOP_OK ||
        hop_engine_admit(engine, &run->login, false, &why) != HOP_OK) {
        note_trouble(run, &why);
    } else {
        hop_engine_judge_by(engine, &run->login, judgement, run->deadline);
        /* No history yet is no trouble: the module's first login makes one. */
        if (judgement->trouble.rc != HOP_OK && judgement->trouble.rc != HOP_NOT_FOUND)
            note_trouble(run, &judgement->trouble);
        served = answer_of(run, judgement);
    }
    hop_judgement_done(judgement);
    hop_engine_free(&engine);
    free(judgement);
    return served;
}

/* In observe mode every answer is allow, so nothing needs to be judged here; PAM does, and tells.
 */
static enum served decide(struct run *run)
{
    struct hop_error why = {0};
    if (!run->key_known)
        return SERVED_AS_IS;
    if (hop_conf_load(run->paths->conf, &run->conf, &why) != HOP_OK) {
        note_trouble(run, &why);
        return SERVED_AS_IS;
    }
    const struct hop_settings *settings = hop_conf_settings(run->conf);
    run->deadline = hop_deadline_after(run->started_ns, settings->helper_deadline_ms);
    if (!in_scope(run) || settings->policy.mode == HOP_MODE_OBSERVE)
        return SERVED_AS_IS;
    return judge(run);
}

/* -- what sshd gets ------------------------------------------------------------------------ */

static bool print_line(FILE *out, struct hop_span line, bool verified)
{
    char buffer[HOP_SSH_LINE_MAX + 32];
    struct hop_text text = hop_text_over(buffer, sizeof buffer);
    if (verified)
        hop_keys_put_verified(&text, line);
    else
        hop_text_put_span(&text, line);
    hop_text_put_char(&text, '\n');
    return !text.cut && fwrite(buffer, 1, text.len, out) == text.len && fflush(out) == 0;
}

static void leave_note(struct run *run)
{
    struct hop_error why = {0};
    struct hop_ssh_note note = {.time = run->login.time};
    memcpy(note.account, run->login.account, sizeof note.account);
    memcpy(note.key, run->login.key, sizeof note.key);
    if (run->key_known &&
        hop_ssh_note_write(run->paths->notes, run->offer->monitor, &note, &why) != HOP_OK)
        note_trouble(run, &why);
    hop_ssh_note_sweep(run->paths->notes, run->login.time);
}

static void begin(struct run *run)
{
    struct hop_error why = {0};
    struct hop_login *login = &run->login;
    run->started_ns = hop_clock_monotonic_ns();
    run->deadline = hop_deadline_after(run->started_ns, DEADLINE_MS);
    login->time = hop_clock_epoch_ms() / 1000;
    login->phase = HOP_PHASE_KEYS;
    login->lane = HOP_LANE_ASKED;
    login->origin.address = run->offer->source;
    hop_string_copy(login->account, sizeof login->account, run->offer->account);
    hop_string_copy(login->service, sizeof login->service, SERVICE);
    hop_string_copy(login->method, sizeof login->method, "publickey");
    hop_host_name(login->host, sizeof login->host);
    run->key_known =
        hop_ssh_key_parse_text(hop_span_of(run->offer->type), hop_span_of(run->offer->base64),
                               &run->key, &why) == HOP_OK;
    if (run->key_known)
        hop_ssh_key_name(&run->key, login->key);
}

void hop_keys_serve(const struct hop_keys_paths *paths, const struct hop_keys_offer *offer,
                    FILE *out)
{
    if (!hop_keys_account_valid(offer->account))
        return;
    struct run run = {.paths = paths, .offer = offer};
    struct hop_span line;
    begin(&run);
    char *bytes = find_line(&run, &line);
    if (bytes) {
        enum served served = decide(&run);
        if (served != SERVED_NOTHING && print_line(out, line, served == SERVED_VERIFIED))
            leave_note(&run);
    }
    if (run.trouble.rc != HOP_OK)
        hop_tell_trouble(paths, &run.login, &run.trouble, run.deadline);
    free(bytes);
    hop_conf_free(&run.conf);
}
