/* SPDX-License-Identifier: Apache-2.0 */
/* One call into the module: its arguments, the configuration, what PAM tells of the login, and the
 * connection's record. */
#ifndef HOP_CALL_H
#define HOP_CALL_H

#include <pwd.h>
#include <security/pam_modules.h>

#include "arguments.h"
#include "session.h"
#include "ssh.h"

#define HOP_NOTES "/run/hopwarden/notes"
#define HOP_STATE "/var/lib/hopwarden"
#define HOP_CALL_DEADLINE_MS 250 /* until the configuration names another */

struct hop_call {
    pam_handle_t *pamh;
    enum hop_phase phase;
    bool silent; /* PAM_SILENT */
    struct hop_arguments arguments;
    struct hop_deadline deadline;
    struct hop_conf *conf;     /* NULL: none could be used; then the PAM line decides */
    struct hop_engine *engine; /* opened when first needed: hop_call_engine */
    struct hop_login login;    /* what PAM tells of it now */
    struct hop_ssh_auth_info info;
    enum hop_service service;
    bool over_ssh;
    struct hop_connection session; /* su, sudo: the login session they run in */
    bool has_session;              /* `session` was found */
    bool session_doubted;          /* and may be another's: nothing of it is believed */
    struct hop_error session_doubt;
    bool key_from_note;
    bool key_verified; /* the note says that sshd took a verified signature of this login's key */
    long monitor;
    uint32_t uid; /* of the account */
    struct hop_connection connection;
    bool has_connection; /* `connection` was kept from an earlier phase */
    struct hop_judgement judgement;
    unsigned losses;          /* of this call, to be told with the verdict */
    struct hop_error trouble; /* the first one */
};

/* Reads arguments, user, configuration, scope and PAM items. With *ret_call: go on, and
 * hop_call_free in the end. Without: what is returned is the phase's answer (PAM_IGNORE: not ours).
 */
int hop_call_new(pam_handle_t *pamh, int flags, int argc, const char **argv, enum hop_phase phase,
                 struct hop_call **ret_call);
void hop_call_free(struct hop_call **call);

/* Whose history this login is judged by, `target` being PAM_USER; NULL: it is none of ours. Finds
 * the session of su and sudo. The pointer lives as long as the PAM handle. */
const struct passwd *hop_call_subject(struct hop_call *call, const struct passwd *target);

/* The engine over the configuration; NULL, and told, without one. */
struct hop_engine *hop_call_engine(struct hop_call *call);

/* Marks something as lost and keeps the first sentence about it. */
void hop_call_lost(struct hop_call *call, enum hop_loss loss, const struct hop_error *why);

/* Finds what earlier phases kept: on this PAM handle, else (over SSH) in the connection record.
 * Planted, foreign and cut records are ignored and told. Else begins a new one. */
void hop_call_find_connection(struct hop_call *call);
/* Only what is on this same PAM handle. */
bool hop_call_handle_connection(struct hop_call *call);
/* Keeps the record on the handle and, where it has one, in its file. */
void hop_call_keep_connection(struct hop_call *call);
bool hop_call_has_record(const struct hop_call *call);

/* Is the verdict that was kept about the login at hand? Not if the key became known or differs. */
bool hop_call_verdict_holds(const struct hop_call *call);
/* Scores the login (or lets the PAM line decide without a configuration) and keeps login and
 * verdict in the connection. */
void hop_call_judge(struct hop_call *call);

/* Gives the connection its login and id before there is a verdict, and without a history. */
void hop_call_name_login(struct hop_call *call);
/* Is the account named by break_glass= of the PAM line? */
bool hop_call_is_named_break_glass(const struct hop_call *call);

bool hop_call_first_factor_proven(const struct hop_call *call);
struct hop_moment hop_call_moment(const struct hop_call *call);

#endif
