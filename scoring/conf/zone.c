/* SPDX-License-Identifier: Apache-2.0 */
#include "conf_parts.h"

#include <string.h>

static void zone_of_tenant(const char *tenant, struct hop_origin *origin)
{
    bool home = strcmp(tenant, HOP_HOME) == 0;
    origin->zone = home ? HOP_ZONE_HOME : HOP_ZONE_TENANT;
    hop_string_copy(origin->tenant, sizeof origin->tenant, home ? "" : tenant);
}

void hop_conf_zone(const struct hop_conf *conf, const struct hop_address *address,
                   struct hop_origin *ret_origin)
{
    const struct hop_network *network = hop_networks_find(&conf->networks, address);
    ret_origin->zone = HOP_ZONE_INTERNET;
    ret_origin->tenant[0] = 0;
    if (!address->family)
        ret_origin->zone = HOP_ZONE_NOWHERE;
    else if (network &&
             (network->owner == HOP_OWNER_HOME || hop_words_hold(&conf->home_networks, address)))
        ret_origin->zone = HOP_ZONE_HOME;
    else if (network)
        zone_of_tenant(conf->sections[network->owner].name, ret_origin);
    else if (hop_address_is_private(address))
        zone_of_tenant(conf->settings.tenant, ret_origin);
}

bool hop_conf_is_bastion(const struct hop_conf *conf, const struct hop_address *address)
{
    return hop_words_hold(&conf->bastions, address);
}
