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
    call->over_ssh = connection[0] != '\0';
    if (call->over_ssh)
        hop_ssh_connection_parse(hop_span_of(connection), &login->origin.address,
                                 &login->source_port, &login->server);
    else
        hop_address_parse(hop_span_of(item_of(call->pamh, PAM_RHOST)), &login->origin.address);
}

static void read_key(struct hop_call *call)
{
    struct hop_login *login = &call->login;
    hop_ssh_auth_info_parse(hop_span_of(variable_of(call->pamh, "SSH_AUTH_INFO_0")), &call->info);
    hop_string_copy(login->method, sizeof login->method, call->info.methods);
    if (call->info.has_key)
        hop_ssh_key_name(&call->info.key, login->key);
    login->key_lost = call->info.key_bad;
}

/* Publickey alone does not tell the account phase its key; the helper's note may. */
static void read_note(struct hop_call *call)
{
    struct hop_login *login = &call->login;
    struct hop_error why = {0};
    struct hop_ssh_note note;
    int64_t started = 0;
    const struct passwd *helper = pam_modutil_getpwnam(call->pamh, NOTE_OWNER_NAME);
    hop_process_start_epoch(call->monitor, &started, NULL);
    enum hop_rc rc =
        hop_ssh_note_read(HOP_NOTES, call->monitor, helper == NULL ? 0 : helper->pw_uid,
                          login->account, login->time, started, &note, &why);
    hop_ssh_note_remove(HOP_NOTES, call->monitor); /* it has been read; the record knows the key */
    login->key_lost = rc != HOP_OK;
    if (rc == HOP_OK) {
        memcpy(login->key, note.key, sizeof login->key);
        call->key_from_note = true;
    } else if (rc != HOP_NOT_FOUND) {
        hop_call_lost(call, HOP_LOSS_RUNTIME, &why);
    }
}

static void read_login(struct hop_call *call, const struct passwd *user)
{
    struct hop_login *login = &call->login;
    login->time = hop_clock_epoch_ms() / 1000;
    login->phase = call->phase;
    hop_string_copy(login->account, sizeof login->account, user->pw_name);
    hop_string_copy(login->service, sizeof login->service, item_of(call->pamh, PAM_SERVICE));
    hop_host_name(login->host, sizeof login->host);
    read_source(call);
    read_key(call);
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

static bool in_scope(const struct hop_call *call, const struct passwd *user)
{
    if (call->conf == NULL)
        return true; /* nothing says otherwise: on_error= of the PAM line decides */
    return hop_conf_in_scope(call->conf, user->pw_name, (long)user->pw_gid,
                             item_of(call->pamh, PAM_SERVICE));
}

struct hop_engine *hop_call_engine(struct hop_call *call)
{
    struct hop_error why = {0};
    if (call->engine == NULL && call->conf != NULL &&
        hop_engine_new(call->conf, HOP_HISTORY_WRITER, &call->engine, &why) != HOP_OK)
        hop_call_lost(call, HOP_LOSS_HISTORY, &why);
    return call->engine;
}

int hop_call_new(pam_handle_t *pamh, int flags, int argc, const char **argv, enum hop_phase phase,
                 struct hop_call **ret_call)
{
    *ret_call = NULL;
    const struct passwd *user = user_of(pamh);
    if (user == NULL)
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
    if (!in_scope(call, user)) {
        hop_call_free(&call);
        return PAM_IGNORE;
    }
    call->monitor = hop_process_monitor();
    read_login(call, user);
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

void hop_call_keep_connection(struct hop_call *call)
{
    struct hop_error why = {0};
    struct hop_connection *copy = malloc(sizeof *copy);
    if (copy != NULL) {
        *copy = call->connection;
        if (pam_set_data(call->pamh, CONNECTION_DATA, copy, free_connection) != PAM_SUCCESS)
            free(copy);
    }
    if (call->over_ssh && hop_connection_write(HOP_CONNECTIONS, &call->connection, &why) != HOP_OK)
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

static bool is_break_glass(const struct hop_call *call)
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
    if (is_break_glass(call)) {
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
    kept->login = call->login;
    kept->verdict = call->judgement.verdict;
}

/* One wait is enough for one try. Whoever is nobody cannot be told from who approves. */
static bool is_approvable(const struct hop_call *call)
{
    const struct hop_connection *connection = &call->connection;
    return call->conf != NULL && connection->judged && connection->login.identity[0] != '\0' &&
           connection->step_up == HOP_STEP_UP_NONE &&
           hop_conf_wants_approval(call->conf, connection->login.account);
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
                               .first_factor_proven = hop_call_first_factor_proven(call),
                               .stepped_up = call->connection.step_up == HOP_STEP_UP_PASSED,
                               .approvable = is_approvable(call)};
}
