/* SPDX-License-Identifier: Apache-2.0 */
/* Sentinels and the nodes of a cluster, each on its own. */
#include "findings.h"

#define SERVER_MS 2000 /* for each of them */

struct fleet {
    struct hop_findings *findings;
    bool has_user;
    size_t fine, count;
};

static void check_server(void *context, const struct hop_surveyed *server)
{
    struct fleet *fleet = context;
    fleet->count++;
    fleet->fine += server->rc == HOP_OK;
    if (server->rc != HOP_OK)
        hop_finding(fleet->findings, server->owner ? HOP_STATE_CRITICAL : HOP_STATE_WARNING,
                    "fleet", "start or mend it, or take it out of history=", "%s%s",
                    server->trouble, server->owner ? " (it owns slots of the cluster)" : "");
    if (server->astray)
        hop_finding(fleet->findings, HOP_STATE_WARNING, "fleet",
                    "wait if a failover is under way; else SENTINEL RESET on it",
                    "%s names another primary than the Sentinel before it", server->name);
    if (server->lets_all_in && fleet->has_user)
        hop_finding(fleet->findings, HOP_STATE_CRITICAL, "users",
                    "user default off, in its aclfile; for Sentinels: hopwarden acl --sentinels",
                    "%s lets in whoever has no password", server->name);
}

void hop_doctor_fleet(struct hop_findings *findings, const struct hop_conf *conf)
{
    struct fleet fleet = {.findings = findings,
                          .has_user = *hop_conf_settings(conf)->history_user != '\0'};
    size_t unowned;
    if (hop_history_survey(conf, SERVER_MS, check_server, &fleet, &unowned, NULL) != HOP_OK ||
        fleet.count == 0)
        return;
    if (fleet.fine == fleet.count)
        hop_finding(findings, HOP_STATE_FINE, "fleet", NULL, "all %zu servers answer", fleet.count);
    if (unowned > 0)
        hop_finding(findings, HOP_STATE_CRITICAL, "fleet", "redis-cli --cluster fix",
                    "nobody owns %zu slots of the cluster", unowned);
}
