/* SPDX-License-Identifier: Apache-2.0 */
#include "call.h"

#include <pwd.h>
#include <security/pam_ext.h>
#include <security/pam_modutil.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "process.h"

#define CONNECTION_DATA "hopwarden_connection"
#define NOTE_OWNER_NAME "hopwarden"

/* -- trouble ------------------------------------------------------------------------------- */

void hop_call_lost(struct hop_call *call, enum hop_loss loss, const struct hop_error *why)
{
    call->losses |= HOP_LOSS_BIT(loss);
    if (why != NULL && call->trouble.rc == HOP_OK)
        call->trouble = *why;
}

/* -- what PAM tells ------------------------------------------------------------------------ */

static const char *item_of(pam_handle_t *pamh, int item)
{
    const void *value = NULL;
    if (pam_get_item(pamh, item, &value) != PAM_SUCCESS || value == NULL)
        return "";
    return value;
}

static const char *variable_of(pam_handle_t *pamh, const char *name)
{
    const char *value = pam_getenv(pamh, name);
    return value == NULL ? "" : value;
}

/* The account is its pw_name: other spellings of a name do not escape. NULL for an unknown user. */
static const struct passwd *user_of(pam_handle_t *pamh)
{
    const char *name = NULL;
    if (pam_get_user(pamh, &name, NULL) != PAM_SUCCESS || name == NULL)
        return NULL;
    if (strnlen(name, HOP_NAME_MAX + 1) > HOP_NAME_MAX)
        return NULL;
    return pam_modutil_getpwnam(pamh, name);
}

static void read_source(struct hop_call *call)
{
    struct hop_login *login = &call->login;
    const char *connection = variable_of(call->pamh, "SSH_CONNECTION");
    call->over_ssh = call->service == HOP_SERVICE_SSH && connection[0] != '\0';
    if (call->over_ssh)
        hop_ssh_connection_parse(hop_span_of(connection), &login->origin.address,
                                 &login->source_port, &login->server);
    else if (hop_service_enters(call->service))
        hop_address_parse(hop_span_of(item_of(call->pamh, PAM_RHOST)), &login->origin.address);
}

/* su and sudo: origin and key are those with which the session began. */
static void read_session(struct hop_call *call)
{
    struct hop_login *login = &call->login;
    const struct hop_login *began = &call->session.login;
    const struct passwd *target = user_of(call->pamh);
    if (target != NULL && strcmp(target->pw_name, login->account) != 0)
        hop_string_copy(login->becomes, sizeof login->becomes, target->pw_name);
    if (!call->has_session || call->session_doubted || strcmp(began->account, login->account) != 0)
        return;
    memcpy(login->session, began->id, sizeof login->session);
    memcpy(login->key, began->key, sizeof login->key);
    login->key_lost = began->key_lost && began->key[0] == '\0';
    login->origin.address = began->origin.address;
}

static void read_key(struct hop_call *call)
{
    struct hop_login *login = &call->login;
    if (call->service != HOP_SERVICE_SSH)
        return; /* there it would be the user's own word */
    hop_ssh_auth_info_parse(hop_span_of(variable_of(call->pamh, "SSH_AUTH_INFO_0")), &call->info);
    hop_string_copy(login->method, sizeof login->method, call->info.methods);
    if (call->info.has_key)
        hop_ssh_key_name(&call->info.key, login->key);
    login->key_lost = call->info.key_bad;
}

static enum hop_rc take_note(struct hop_call *call, struct hop_ssh_note *ret_note,
                             struct hop_error *err)
{
    int64_t started = 0;
    const struct passwd *helper = pam_modutil_getpwnam(call->pamh, NOTE_OWNER_NAME);
    hop_process_start_epoch(call->monitor, &started, NULL);
    enum hop_rc rc =
        hop_ssh_note_read(HOP_NOTES, call->monitor, helper == NULL ? 0 : helper->pw_uid,
                          call->login.account, call->login.time, started, ret_note, err);
    hop_ssh_note_remove(HOP_NOTES, call->monitor); /* it has been read; the record knows the key */
    return rc;
}

/* Publickey alone does not tell the account phase its key; the helper's note may. */
static void read_note(struct hop_call *call)
{
    struct hop_login *login = &call->login;
    struct hop_error why = {0};
    struct hop_ssh_note note;
    enum hop_rc rc = take_note(call, &note, &why);
    login->key_lost = rc != HOP_OK;
    if (rc == HOP_OK) {
        memcpy(login->key, note.key, sizeof login->key);
        call->key_from_note = true;
        call->key_verified = note.verified;
    } else if (rc != HOP_NOT_FOUND) {
        hop_call_lost(call, HOP_LOSS_RUNTIME, &why);
    }
}

/* Of a key that sshd names: whether it had to verify its owner is in the note alone. A note that
 * is not there or not to be believed leaves the question to the second factor. */
static void read_verification(struct hop_call *call)
{
    struct hop_error why = {0};
    struct hop_ssh_note note;
    if (take_note(call, &note, &why) == HOP_OK && strcmp(note.key, call->login.key) == 0)
        call->key_verified = note.verified;
}

static void read_login(struct hop_call *call, const struct passwd *user)
{
    struct hop_login *login = &call->login;
    login->time = hop_clock_epoch_ms() / 1000;
    login->phase = call->phase;
    hop_string_copy(login->account, sizeof login->account, user->pw_name);
    hop_host_name(login->host, sizeof login->host);
    read_source(call);
    read_key(call);
    if (call->service == HOP_SERVICE_SWITCH)
        read_session(call);
    login->first_factor_proven = hop_call_first_factor_proven(call);
    bool asks = call->phase == HOP_PHASE_AUTH && login->first_factor_proven;
    login->lane = asks ? HOP_LANE_ASKED : HOP_LANE_UNASKED;
}

bool hop_call_first_factor_proven(const struct hop_call *call)
{
    return call->over_ssh ? call->info.any : call->arguments.first_factor_done;
}

/* -- opening ------------------------------------------------------------------------------- */

static void load_conf(struct hop_call *call)
{
    struct hop_error why = {0};
    bool stale = false;
    const char *state = geteuid() == 0 ? HOP_STATE : NULL;
    if (hop_conf_load_last_good(call->arguments.conf, state, &call->conf, &stale, &why) != HOP_OK)
        call->conf = NULL;
    if (call->conf == NULL || stale)
        hop_call_lost(call, HOP_LOSS_CONFIG, &why);
    if (call->conf != NULL) {
        int budget = hop_conf_settings(call->conf)->deadline_ms;
        call->deadline = hop_clock_deadline(budget);
    }
}

struct hop_engine *hop_call_engine(struct hop_call *call)
{
    struct hop_error why = {0};
    if (call->engine == NULL && call->conf != NULL &&
        hop_engine_new(call->conf, HOP_HISTORY_WRITER, &call->engine, &why) != HOP_OK)
        hop_call_lost(call, HOP_LOSS_HISTORY, &why);
    return call->engine;
}

/* Nobody can be asked and a job must never be stopped by accident, not even by a stack that takes
 * PAM_IGNORE for a no: so it passes. In the auth phase that would vouch for a credential. */
static int unjudged(enum hop_phase phase)
{
    return phase == HOP_PHASE_AUTH ? PAM_IGNORE : PAM_SUCCESS;
}

int hop_call_new(pam_handle_t *pamh, int flags, int argc, const char **argv, enum hop_phase phase,
                 struct hop_call **ret_call)
{
    *ret_call = NULL;
    enum hop_service service = hop_service_of(item_of(pamh, PAM_SERVICE));
    if (!hop_service_is_judged(service))
        return unjudged(phase);
    const struct passwd *target = user_of(pamh), *user;
    if (target == NULL)
        return PAM_IGNORE;
    struct hop_call *call = calloc(1, sizeof *call);
    if (call == NULL)
        return PAM_BUF_ERR;
    struct hop_error why = {0};
    call->pamh = pamh;
    call->phase = phase;
    call->silent = ((unsigned)flags & PAM_SILENT) != 0;
    call->deadline = hop_clock_deadline(HOP_CALL_DEADLINE_MS);
    hop_judgement_init(&call->judgement);
    if (hop_arguments_parse(argc, argv, &call->arguments, &why) != HOP_OK)
        hop_call_lost(call, HOP_LOSS_CONFIG, &why);
    load_conf(call);
    call->service = service;
    hop_string_copy(call->login.service, sizeof call->login.service, item_of(pamh, PAM_SERVICE));
    user = hop_call_subject(call, target);
    if (user == NULL) {
        hop_call_free(&call);
        return PAM_IGNORE;
    }
    call->uid = (uint32_t)user->pw_uid;
    read_login(call, user);
    call->monitor = call->over_ssh ? hop_process_monitor() : (long)getpid();
    *ret_call = call;
    return PAM_SUCCESS;
}

void hop_call_free(struct hop_call **call)
{
    if (*call == NULL)
        return;
    hop_judgement_done(&(*call)->judgement);
    hop_engine_free(&(*call)->engine);
    hop_conf_free(&(*call)->conf);
    free(*call);
    *call = NULL;
}

/* -- the connection ------------------------------------------------------------------------ */

static void free_connection(pam_handle_t *pamh, void *data, int status)
{
    (void)pamh;
    (void)status;
    free(data);
}

bool hop_call_handle_connection(struct hop_call *call)
{
    const void *data = NULL;
    if (pam_get_data(call->pamh, CONNECTION_DATA, &data) != PAM_SUCCESS || data == NULL)
        return false;
    const struct hop_connection *kept = data;
    if (strcmp(kept->login.account, call->login.account) != 0)
        return false; /* sudo and su name another user in later phases */
    call->connection = *kept;
    return call->has_connection = true;
}

static bool record_connection(struct hop_call *call)
{
    struct hop_error why = {0};
    struct hop_connection_facts facts = {.account = call->login.account,
                                         .service = call->login.service,
                                         .source = call->login.origin.address,
                                         .source_port = call->login.source_port};
    enum hop_rc rc =
        hop_connection_read(HOP_CONNECTIONS, call->monitor, &facts, &call->connection, &why);
    if (rc != HOP_OK && rc != HOP_NOT_FOUND)
        hop_call_lost(call, HOP_LOSS_RUNTIME, &why);
    return call->has_connection = rc == HOP_OK;
}

void hop_call_find_connection(struct hop_call *call)
{
    struct hop_error why = {0};
    if (hop_call_handle_connection(call) || (call->over_ssh && record_connection(call)))
        return;
    if (hop_connection_begin(call->monitor, &call->connection, &why) != HOP_OK)
        hop_call_lost(call, HOP_LOSS_RUNTIME, &why);
}

/* Over SSH the phases are in different processes. Elsewhere the record only tells what is started
 * in the session where it came from, and only where one process stands for one session: a daemon
 * that is not known may serve many at once. */
bool hop_call_has_record(const struct hop_call *call)
{
    return call->over_ssh || (call->service == HOP_SERVICE_LOGIN && call->connection.opened);
}

void hop_call_keep_connection(struct hop_call *call)
{
    call->connection.uid = call->uid;
    struct hop_error why = {0};
    struct hop_connection *copy = malloc(sizeof *copy);
    if (copy != NULL) {
        *copy = call->connection;
        if (pam_set_data(call->pamh, CONNECTION_DATA, copy, free_connection) != PAM_SUCCESS)
            free(copy);
    }
    if (hop_call_has_record(call) &&
        hop_connection_write(HOP_CONNECTIONS, &call->connection, &why) != HOP_OK)
        hop_call_lost(call, HOP_LOSS_RUNTIME, &why);
}

/* -- judgement ----------------------------------------------------------------------------- */

bool hop_call_verdict_holds(const struct hop_call *call)
{
    const struct hop_connection *kept = &call->connection;
    if (!call->has_connection || !kept->judged || kept->verdict.deferred)
        return false;
    return !call->info.has_key || strcmp(call->login.key, kept->login.key) == 0;
}

bool hop_call_is_named_break_glass(const struct hop_call *call)
{
    struct hop_span rest = hop_span_of(call->arguments.break_glass), word;
    while (hop_span_word(&rest, &word))
        if (hop_span_is(word, call->login.account))
            return true;
    return false;
}

/* No configuration and no good copy of one: the PAM line's on_error= and break_glass= decide. */
static void judge_without_conf(struct hop_call *call)
{
    struct hop_verdict *verdict = &call->judgement.verdict;
    memset(verdict, 0, sizeof *verdict);
    if (hop_call_is_named_break_glass(call)) {
        call->login.lane = HOP_LANE_BREAK_GLASS;
        hop_verdict_break_glass(verdict);
        return;
    }
    verdict->action = verdict->own_action = call->arguments.on_error;
    verdict->alert = true;
    hop_verdict_because(verdict, "config", 0, "no usable configuration");
}

static void judge_with_conf(struct hop_call *call)
{
    struct hop_error why = {0};
    struct hop_engine *engine = hop_call_engine(call);
    if (hop_engine_admit(engine, &call->login, false, &why) != HOP_OK)
        hop_call_lost(call, HOP_LOSS_RUNTIME, &why);
    hop_engine_judge_by(engine, &call->login, &call->judgement, call->deadline);
    if (call->judgement.trouble.rc != HOP_OK && call->trouble.rc == HOP_OK)
        call->trouble = call->judgement.trouble;
}

static void admit_without_conf(struct hop_call *call)
{
    uint8_t entropy[10] = {0};
    struct hop_error why = {0};
    if (hop_entropy(entropy, sizeof entropy, &why) != HOP_OK)
        hop_call_lost(call, HOP_LOSS_RUNTIME, &why);
    hop_ulid_format(hop_clock_epoch_ms(), entropy, call->login.id);
}

void hop_call_name_login(struct hop_call *call)
{
    struct hop_connection *kept = &call->connection;
    if (kept->login.id[0] != '\0')
        return;
    admit_without_conf(call);
    kept->login = call->login;
}

/* By the session phase a user's own ~/.pam_environment may have named another address. If the
 * record of this connection does not say the same, nothing is known of the source. */
static void distrust_environment(struct hop_call *call)
{
    bool record_differs = (call->losses & HOP_LOSS_BIT(HOP_LOSS_RUNTIME)) != 0;
    if (call->phase == HOP_PHASE_SESSION && call->over_ssh && record_differs)
        call->login.origin.address = (struct hop_address){0};
}

void hop_call_judge(struct hop_call *call)
{
    struct hop_connection *kept = &call->connection;
    bool alone = call->over_ssh && !call->info.any && call->phase == HOP_PHASE_ACCOUNT;
    if (alone)
        read_note(call);
    else if (call->over_ssh && call->info.has_key && call->phase == HOP_PHASE_AUTH)
        read_verification(call);
    if (call->session_doubted)
        hop_call_lost(call, HOP_LOSS_RUNTIME, &call->session_doubt);
    distrust_environment(call);
    if (kept->login.id[0] != '\0') /* the id belongs to the connection */
        memcpy(call->login.id, kept->login.id, sizeof call->login.id);
    if (hop_call_engine(call) != NULL) {
        judge_with_conf(call);
    } else {
        if (call->login.id[0] == '\0')
            admit_without_conf(call);
        judge_without_conf(call);
    }
    call->judgement.verdict.losses |= call->losses;
    kept->judged = true;
    kept->key_from_note = call->key_from_note;
    kept->key_verified = call->key_verified;
    kept->login = call->login;
    kept->verdict = call->judgement.verdict;
}

struct hop_moment hop_call_moment(const struct hop_call *call)
{
    enum hop_mode mode = HOP_MODE_ENFORCE;
    if (call->conf != NULL)
        mode = hop_conf_settings(call->conf)->policy.mode;
    if (call->arguments.has_mode)
        mode = hop_mode_milder(mode, call->arguments.mode);
    return (struct hop_moment){.mode = mode,
                               .phase = call->phase,
                               .lane = call->connection.login.lane,
                               .service = call->service,
                               .first_factor_proven = hop_call_first_factor_proven(call),
                               .stepped_up = call->connection.step_up == HOP_STEP_UP_PASSED,
                               .key_verified = call->connection.key_verified};
}
