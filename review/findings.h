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

/* The PAM stack of sshd as DESIGN 3 recommends it, for this mode, on a customer's host or not. */
void hop_doctor_pam(struct hop_findings *findings, const char *path, enum hop_mode mode,
                    bool customer);
/* What sshd at `program` makes of its configuration for each of these accounts, from the internet
 * and from the address `home` ("" for none). */
struct hop_accounts;
void hop_doctor_sshd(struct hop_findings *findings, const struct hop_accounts *accounts,
                     const char *home, const char *path, const char *program);
/* The accounts themselves: classes, bindings, a way in when everything is down. */
void hop_doctor_accounts(struct hop_findings *findings, const struct hop_conf *conf,
                         const struct hop_accounts *accounts);
/* The history that the configuration names; gives the configuration up. */
void hop_doctor_history(struct hop_findings *findings, struct hop_conf *conf);
/* Each server of a history behind sentinel:// or cluster://; the store itself is content with the
 * first that serves, and a fleet of which one is left is none. */
void hop_doctor_fleet(struct hop_findings *findings, const struct hop_conf *conf);
/* What a tenant's users may do on a shared store beyond what `hopwarden acl` gives them. Each is
 * tried on keys of nobody; what is wrongly allowed changes nothing. */
void hop_doctor_rights(struct hop_findings *findings, const struct hop_desk *desk);
/* What hopwarden needs of this host: its module, its folders, syslog. */
void hop_doctor_host(struct hop_findings *findings, const char *syslog_path);

#endif
