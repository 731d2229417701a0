/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "approval.h"
#include "clock.h"
#include "findings.h"
#include "sshd_values.h"

#define GRACE_SLACK_S 15    /* for what comes before the wait and after it */
#define STARTUPS_DEFAULT 10 /* sshd's own */
#define OUTSIDER "nobody"
#define INTERNET "192.0.2.1" /* of TEST-NET-1 (RFC 5737) */

/* Who may approve now, by the name of the first principal; enough to tell one from several. */
struct approvers {
    size_t persons;
    char first[HOP_NAME_MAX + 1];
};

/* What nobody knows cannot be held against the name of a login. */
static void check_name(struct hop_findings *findings, const struct hop_conf *conf,
                       struct hop_span name)
{
    char person[HOP_NAME_MAX + 1];
    hop_approval_person_of(conf, hop_conf_settings(conf)->tenant, name, person);
    if (!hop_conf_knows_identity(conf, person) && hop_account_group(person) < 0)
        hop_finding(findings, HOP_STATE_WARNING, "approval",
                    "name approvers as [person] and [team] do",
                    "%.*s may approve and is no person that the configuration knows: whether it is "
                    "the one who logs in can be told by the key alone",
                    (int)name.len, name.at);
}

static void count_person(struct approvers *approvers, const struct hop_conf *conf,
                         struct hop_span name)
{
    char person[HOP_NAME_MAX + 1];
    hop_approval_person_of(conf, hop_conf_settings(conf)->tenant, name, person);
    if (approvers->persons == 0)
        memcpy(approvers->first, person, sizeof person);
    if (approvers->persons == 0 || strcmp(approvers->first, person) != 0)
        approvers->persons++;
}

static void check_line(struct hop_findings *findings, const struct hop_conf *conf,
                       struct hop_ssh_signer *signer, size_t number, struct approvers *approvers)
{
    struct hop_error err = {0};
    struct hop_span rest = signer->principals, name;
    const char *path = hop_conf_settings(conf)->allowed_signers;
    if (hop_ssh_signer_may(signer, HOP_APPROVAL_NAMESPACE, hop_clock_epoch_ms() / 1000, &err) !=
        HOP_OK) {
        hop_finding(findings, HOP_STATE_WARNING, "approval", "correct or remove the line",
                    "%s: line %zu: %s", path, number, err.text);
        return;
    }
    while (hop_span_cut(&rest, ',', &name))
        check_name(findings, conf, name);
    hop_span_cut(&signer->principals, ',', &name);
    count_person(approvers, conf, name);
}

static void check_lines(struct hop_findings *findings, const struct hop_conf *conf,
                        struct hop_span text)
{
    const char *path = hop_conf_settings(conf)->allowed_signers;
    struct approvers approvers = {.persons = 0};
    struct hop_ssh_signer signer;
    struct hop_error err = {0};
    enum hop_rc rc;
    size_t number = 0;
    while (hop_ssh_signers_next(&text, &number, &signer, &rc, &err)) {
        if (rc == HOP_OK)
            check_line(findings, conf, &signer, number, &approvers);
        else
            hop_finding(findings, HOP_STATE_WARNING, "approval", "correct or remove the line",
                        "%s: %s", path, err.text);
    }
    if (approvers.persons == 0)
        hop_finding(findings, HOP_STATE_CRITICAL, "approval",
                    "a line for each admin: NAME namespaces=\"" HOP_APPROVAL_NAMESPACE "\" KEY",
                    "%s: lets nobody approve, so every step-up is a refusal", path);
    else if (approvers.persons == 1)
        hop_finding(findings, HOP_STATE_WARNING, "approval", "add a second admin",
                    "%s: nobody can approve %s's own logins", path, approvers.first);
    else
        hop_finding(findings, HOP_STATE_FINE, "approval", NULL, "%s: %zu may approve", path,
                    approvers.persons);
}

/* A login that waits is one that sshd has not let in yet. */
static void check_patience(struct hop_findings *findings, int wait_s, const char *path,
                           const char *program)
{
    struct hop_sshd_values values;
    char why[HOP_SSHD_VALUE_MAX];
    int64_t grace_s = 0;
    if (!hop_sshd_effective(program, path, OUTSIDER, INTERNET, &values, why))
        return; /* told elsewhere */
    hop_span_int64(hop_span_of(values.of[HOP_SSHD_GRACE_TIME]), 0, INT32_MAX, &grace_s);
    if (grace_s != 0 && grace_s < wait_s + GRACE_SLACK_S)
        hop_finding(findings, HOP_STATE_CRITICAL, "approval",
                    "raise LoginGraceTime, or lower approval_wait_s",
                    "LoginGraceTime %lld s may end a login that waits %d s for an approval",
                    (long long)grace_s, wait_s);
    const char *startups = values.of[HOP_SSHD_MAX_STARTUPS];
    if (strtol(startups, NULL, 10) <= STARTUPS_DEFAULT)
        hop_finding(findings, HOP_STATE_WARNING, "approval", "MaxStartups 100:30:200",
                    "MaxStartups %s: each login that waits %d s for an approval holds one of these "
                    "places",
                    startups, wait_s);
}

static void check_file(struct hop_findings *findings, const struct hop_conf *conf)
{
    char *bytes = NULL;
    size_t len = 0;
    struct hop_error err = {0};
    if (hop_approval_signers_read(conf, &bytes, &len, &err) != HOP_OK)
        hop_finding(findings, HOP_STATE_CRITICAL, "approval",
                    "put the file there, owned by root, not writable by others",
                    "step_up = approve, and %s: every step-up is a refusal", err.text);
    else
        check_lines(findings, conf, (struct hop_span){bytes, len});
    free(bytes);
}

void hop_doctor_approval(struct hop_findings *findings, const struct hop_conf *conf,
                         const char *path, const char *program)
{
    if (!hop_conf_knows_approval(conf))
        return;
    check_file(findings, conf);
    check_patience(findings, hop_conf_settings(conf)->approval_wait_s, path, program);
}
