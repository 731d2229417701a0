/* SPDX-License-Identifier: Apache-2.0 */
#include "keys.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "chain.h"
#include "clock.h"
#include "file.h"
#include "process.h"
#include "tell.h"

#define SERVICE "sshd"
#define DEADLINE_MS 100        /* until the configuration names another */
#define CHAIN_DEADLINE_MS 2000 /* without a configuration: broken, it must not lock anybody out */
#define NOTE_MAX 160
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
    uint8_t blob[HOP_SSH_BLOB_MAX];
    struct hop_span principals; /* of a certificate, in the blob */
    bool conf_sought;
    struct hop_conf *conf; /* NULL: none that can be used */
    struct hop_login login;
    char *text;               /* the file, or what the chain printed */
    struct hop_span matched;  /* in it: the first line that matched, and all behind it */
    struct hop_error trouble; /* the first one */
};

static void note_trouble(struct run *run, const struct hop_error *why)
{
    if (run->trouble.rc == HOP_OK)
        run->trouble = *why;
}

static const struct hop_conf *conf_of(struct run *run)
{
    struct hop_error why = {0};
    if (run->conf_sought)
        return run->conf;
    run->conf_sought = true;
    if (hop_conf_load(run->paths->conf, &run->conf, &why) != HOP_OK)
        note_trouble(run, &why);
    else
        run->deadline =
            hop_deadline_after(run->started_ns, hop_conf_settings(run->conf)->helper_deadline_ms);
    return run->conf;
}

/* -- the lines ----------------------------------------------------------------------------- */

static bool find(const struct run *run, struct hop_span *rest, struct hop_span *ret_line)
{
    if (run->offer->face == HOP_KEYS_FACE_PRINCIPALS)
        return hop_principals_find(rest, run->principals, ret_line);
    return hop_keys_find(*rest, run->offer, run->key_known ? &run->key : NULL, ret_line);
}

/* Keeps the text if a line of it matches; else frees it. */
static bool search(struct run *run, char *text, size_t len)
{
    struct hop_span rest = {.at = text, .len = len}, line;
    if (!find(run, &rest, &line)) {
        free(text);
        return false;
    }
    run->text = text;
    run->matched = (struct hop_span){.at = line.at, .len = len - (size_t)(line.at - text)};
    return true;
}

static enum hop_rc read_file(const struct run *run, char **ret_text, size_t *ret_len,
                             struct hop_error *err)
{
    char path[PATH_BYTES];
    struct hop_text text = hop_text_over(path, sizeof path);
    hop_text_format(&text, "%s/%s", run->paths->folder, run->offer->account);
    if (text.cut)
        return hop_error_set(err, HOP_LIMIT, "%s: name too long", run->paths->folder);
    struct hop_file_rule rule = {.owner = 0, .forbidden = 022, .most = HOP_KEYS_FILE_MAX};
    return hop_file_read(path, &rule, ret_text, ret_len, err);
}

/* A quarter of the time is left for the history. */
static bool search_chain(struct run *run)
{
    struct hop_error why = {0};
    const struct hop_conf *conf = conf_of(run);
    int64_t budget_ms =
        conf ? hop_conf_settings(conf)->helper_deadline_ms * 3 / 4 : CHAIN_DEADLINE_MS;
    char *text;
    size_t len;
    if (hop_chain_run_by(run->offer->chain, hop_deadline_after(run->started_ns, budget_ms), &text,
                         &len, &why) == HOP_OK)
        return search(run, text, len);
    note_trouble(run, &why);
    return false;
}

/* sshd's own rule where nothing is said of principals. A name with a blank or '#' in it would be
 * read as another. */
static bool search_own_name(struct run *run)
{
    const char *account = run->offer->account;
    char *text = strpbrk(account, " \t#") ? NULL : strdup(account);
    return text && search(run, text, strlen(text));
}

/* A file that cannot be believed counts as one without a line. */
static bool search_all(struct run *run)
{
    struct hop_error why = {0};
    char *text;
    size_t len;
    enum hop_rc rc = read_file(run, &text, &len, &why);
    if (rc == HOP_OK && search(run, text, len))
        return true;
    if (rc != HOP_OK && rc != HOP_NOT_FOUND)
        note_trouble(run, &why);
    if (run->offer->chain)
        return search_chain(run);
    return rc == HOP_NOT_FOUND && run->offer->face == HOP_KEYS_FACE_PRINCIPALS &&
           search_own_name(run);
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

/* What sshd's own log says of a certificate, beside CA and key id, which are the key's name. */
static void put_certificate(const struct hop_ssh_key *key, char note[NOTE_MAX])
{
    struct hop_text text = hop_text_over(note, NOTE_MAX);
    if (key->certificate)
        hop_text_format(&text, "certificate %llu of key %s", (unsigned long long)key->serial,
                        key->fingerprint);
}

static enum served refuse(struct run *run, const struct hop_verdict *verdict,
                          const struct hop_answer *answer)
{
    char note[NOTE_MAX];
    put_certificate(&run->key, note);
    struct hop_alert alert = {.action = "helper-refused",
                              .login = &run->login,
                              .verdict = verdict,
                              .answer = answer,
                              .mode = hop_conf_settings(run->conf)->policy.mode,
                              .outcome = "failure",
                              .note = note[0] ? note : NULL};
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
    if (!run->key_known || !conf_of(run) || !in_scope(run) ||
        hop_conf_settings(run->conf)->policy.mode == HOP_MODE_OBSERVE)
        return SERVED_AS_IS;
    return judge(run);
}

/* -- what sshd gets ------------------------------------------------------------------------ */

static bool print_line(const struct run *run, FILE *out, struct hop_span line, bool verified)
{
    char buffer[HOP_SSH_LINE_MAX + 32];
    struct hop_text text = hop_text_over(buffer, sizeof buffer);
    if (!verified)
        hop_text_put_span(&text, line);
    else if (run->offer->face == HOP_KEYS_FACE_PRINCIPALS)
        hop_principals_put_verified(&text, line);
    else
        hop_keys_put_verified(&text, line);
    hop_text_put_char(&text, '\n');
    return !text.cut && fwrite(buffer, 1, text.len, out) == text.len;
}

/* Of two lines with one key the later could lift what the earlier restricts. Of principals sshd
 * takes the first that it finds in the certificate, whatever follows. */
static bool print_lines(const struct run *run, FILE *out, bool verified)
{
    struct hop_span rest = run->matched, line;
    bool fine = find(run, &rest, &line) && print_line(run, out, line, verified);
    if (run->offer->face == HOP_KEYS_FACE_PRINCIPALS)
        while (fine && find(run, &rest, &line))
            fine = print_line(run, out, line, verified);
    return fine && fflush(out) == 0;
}

/* Does the line demand it by itself? Of principals sshd may take one of several lines. */
static bool line_verifies(const struct run *run)
{
    struct hop_span rest = run->matched, line;
    return run->offer->face == HOP_KEYS_FACE_KEYS && find(run, &rest, &line) &&
           hop_keys_line_verifies(line);
}

static void leave_note(struct run *run, bool verified)
{
    struct hop_error why = {0};
    struct hop_ssh_note note = {.time = run->login.time};
    note.verified = run->key_known && run->key.fido && (verified || line_verifies(run));
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
    login->source_port = run->offer->source_port;
    login->server = run->offer->server;
    hop_string_copy(login->account, sizeof login->account, run->offer->account);
    hop_string_copy(login->service, sizeof login->service, SERVICE);
    hop_string_copy(login->method, sizeof login->method, "publickey");
    hop_host_name(login->host, sizeof login->host);
    run->key_known =
        hop_ssh_key_parse_into(hop_span_of(run->offer->type), hop_span_of(run->offer->base64),
                               run->blob, &run->key, &run->principals, &why) == HOP_OK;
    if (run->key_known)
        hop_ssh_key_name(&run->key, login->key);
}

void hop_keys_serve(const struct hop_keys_paths *paths, const struct hop_keys_offer *offer,
                    FILE *out)
{
    if (!hop_keys_account_valid(offer->account))
        return;
    struct run run = {.paths = paths, .offer = offer};
    begin(&run);
    if (search_all(&run)) {
        enum served served = decide(&run);
        if (served != SERVED_NOTHING && print_lines(&run, out, served == SERVED_VERIFIED))
            leave_note(&run, served == SERVED_VERIFIED);
    }
    if (run.trouble.rc != HOP_OK)
        hop_tell_trouble(paths, &run.login, &run.trouble, run.deadline);
    free(run.text);
    hop_conf_free(&run.conf);
}
