/* SPDX-License-Identifier: Apache-2.0 */
/* What doctor found: each with what is wrong and how to mend it. */
#ifndef HOP_FINDINGS_H
#define HOP_FINDINGS_H

#include "command.h"

enum hop_state { HOP_STATE_FINE, HOP_STATE_WARNING, HOP_STATE_CRITICAL, HOP_STATE_COUNT };

struct hop_findings {
    enum hop_state worst;
    json_t *list;
    bool print; /* as text, as they come */
};

/* `mend` is NULL for what is fine. The sentence follows the format. */
void hop_finding(struct hop_findings *findings, enum hop_state state, const char *check,
                 const char *mend, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The PAM stack of sshd as DESIGN 3 recommends it, for this mode. */
void hop_doctor_pam(struct hop_findings *findings, const char *path, enum hop_mode mode);
/* Visits what stands between hopwarden's auth line and its stepped_up line. False when the stack at
 * `path` has no such place: then nobody can be asked. */
typedef void hop_pam_factor_visit(void *context, struct hop_span module, struct hop_span arguments);
bool hop_pam_factors(const char *path, hop_pam_factor_visit *visit, void *context);
/* The traps of sshd_config for the sshd at `program`. */
void hop_doctor_sshd(struct hop_findings *findings, const char *path, const char *program);

#endif
