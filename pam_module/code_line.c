/* SPDX-License-Identifier: Apache-2.0 */
#include "code_line.h"

#include <security/pam_ext.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "code_set.h"
#include "report.h"

#define USE_DEADLINE_MS 2000 /* after a person has typed: for a rival login, and the disk */

/* By the configuration, or by the line itself, which has to do when there is none. */
static bool is_break_glass(const struct hop_call *call)
{
    if (hop_call_is_named_break_glass(call))
        return true;
    return call->conf != NULL &&
           hop_conf_class(call->conf, call->login.account) == HOP_CLASS_BREAK_GLASS;
}

static enum hop_rc use(struct hop_call *call, const char *typed, struct hop_code_use *ret_use,
                       struct hop_error *err)
{
    static const struct hop_codes_places places = {HOP_CODES_KEPT, HOP_CODES_USED};
    call->deadline = hop_clock_deadline(USE_DEADLINE_MS);
    return hop_codes_use_by(&places, call->login.account, hop_span_of(typed), call->deadline,
                            ret_use, err);
}

static void tell(struct hop_call *call, enum hop_rc rc, const struct hop_code_use *code,
                 const struct hop_error *why)
{
    char note[HOP_ERROR_TEXT_MAX];
    struct hop_text text = hop_text_over(note, sizeof note);
    if (rc == HOP_OK)
        hop_text_format(&text, "break-glass code used, %zu left%s", code->left,
                        code->not_kept ? "; " HOP_CODES_KEPT " takes no writes: the code is marked "
                                         "as used until the next boot only"
                                       : "");
    else
        hop_text_put(&text, why->text);
    hop_report_code(call, rc == HOP_OK, note);
}

int hop_ask_for_code(struct hop_call *call)
{
    struct hop_code_use code = {0};
    struct hop_error why = {0};
    char *typed = NULL;
    if (!is_break_glass(call))
        return PAM_IGNORE;
    hop_call_find_connection(call);
    hop_call_name_login(call);
    hop_call_keep_connection(call);
    if (pam_prompt(call->pamh, PAM_PROMPT_ECHO_OFF, &typed, "Break-glass code: ") != PAM_SUCCESS ||
        typed == NULL)
        return PAM_AUTH_ERR; /* nobody was there to be asked */
    enum hop_rc rc = use(call, typed, &code, &why);
    explicit_bzero(typed, strlen(typed));
    free(typed);
    tell(call, rc, &code, &why);
    return rc == HOP_OK ? PAM_SUCCESS : PAM_AUTH_ERR;
}
