/* SPDX-License-Identifier: Apache-2.0 */
#include "codes.h"

#include <security/pam_modules.h>

/* A step-up has a code of its own, so that a stack which forgets the second factor refuses. */
static const int auth_code[HOP_ANSWER_COUNT] = {
    [HOP_ANSWER_ABSTAIN] = PAM_IGNORE,
    [HOP_ANSWER_ALLOW] = PAM_SUCCESS,
    [HOP_ANSWER_STEP_UP] = PAM_CRED_INSUFFICIENT,
    [HOP_ANSWER_WAIT] = PAM_ACCT_EXPIRED, /* still waiting is not approved */
    [HOP_ANSWER_REFUSE] = PAM_ACCT_EXPIRED,
    [HOP_ANSWER_BLOCK] = PAM_ACCT_EXPIRED, /* ends sshd's conversation in one round */
};

int hop_pam_code(const struct hop_answer *answer, enum hop_phase phase)
{
    if (answer->kind >= HOP_ANSWER_COUNT)
        return PAM_SYSTEM_ERR;
    if (phase == HOP_PHASE_AUTH)
        return auth_code[answer->kind];
    if (phase != HOP_PHASE_ACCOUNT && phase != HOP_PHASE_SESSION)
        return PAM_SYSTEM_ERR;
    if (answer->kind == HOP_ANSWER_ALLOW)
        return PAM_SUCCESS;
    return phase == HOP_PHASE_ACCOUNT ? PAM_PERM_DENIED : PAM_SESSION_ERR;
}
