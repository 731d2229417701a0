/* SPDX-License-Identifier: Apache-2.0 */
/* Whose history a login is judged by. */
#include <security/pam_modutil.h>
#include <unistd.h>

#include "call.h"
#include "process.h"

static bool is_in_scope(const struct hop_call *call, const struct passwd *user)
{
    return call->conf == NULL ||
           hop_conf_in_scope(call->conf, user->pw_name, (long)user->pw_gid, call->login.service);
}

/* Who is in already, by the session found; where there is none or it is in doubt, by audit's word,
 * and where that leads out of scope, by the program's real user: neither is a way past. NULL: root
 * outside every session, who needs nobody's leave. */
static const struct passwd *invoker_of(struct hop_call *call)
{
    struct hop_process_audit audit;
    call->has_session = hop_session_find(HOP_CONNECTIONS, &call->session, &call->session_doubted,
                                         &call->session_doubt) == HOP_OK;
    const struct passwd *own = NULL;
    if (call->has_session)
        own = pam_modutil_getpwnam(call->pamh, call->session.login.account);
    if (own != NULL && !call->session_doubted)
        return own;
    if (own == NULL && getuid() == 0)
        return NULL;
    hop_process_audit_read((long)getpid(), &audit);
    const struct passwd *user = NULL;
    if (audit.login_uid != HOP_PROCESS_UNSET)
        user = pam_modutil_getpwuid(call->pamh, (uid_t)audit.login_uid);
    if (user != NULL && is_in_scope(call, user))
        return user;
    return own != NULL ? own : pam_modutil_getpwuid(call->pamh, getuid());
}

static const struct passwd *subject_without_conf(const struct hop_call *call,
                                                 const struct passwd *target,
                                                 const struct passwd *invoker)
{
    /* nothing says who is in scope: on_error= of the PAM line decides for all */
    return call->service == HOP_SERVICE_SWITCH ? invoker : target;
}

const struct passwd *hop_call_subject(struct hop_call *call, const struct passwd *target)
{
    const struct passwd *invoker = NULL;
    if (call->service == HOP_SERVICE_SWITCH)
        invoker = invoker_of(call);
    if (call->conf == NULL)
        return subject_without_conf(call, target, invoker);
    struct hop_parties parties = {.target = target->pw_name, .target_gid = (long)target->pw_gid};
    if (invoker != NULL) {
        parties.invoker = invoker->pw_name;
        parties.invoker_gid = (long)invoker->pw_gid;
    }
    switch (hop_conf_subject(call->conf, &parties, call->login.service)) {
    case HOP_SUBJECT_TARGET:
        return target;
    case HOP_SUBJECT_INVOKER:
        return invoker;
    case HOP_SUBJECT_NONE:
    case HOP_SUBJECT_COUNT:
        break;
    }
    return NULL;
}
