/* SPDX-License-Identifier: Apache-2.0 */
#include "service.h"

#include <string.h>

struct named {
    const char *name;
    enum hop_service service;
};

static const struct named names[] = {
    {"sshd", HOP_SERVICE_SSH}, /* first, as most are */
    {"login", HOP_SERVICE_LOGIN},
    {"remote", HOP_SERVICE_LOGIN}, /* util-linux's login with -h */
    {"cockpit", HOP_SERVICE_LOGIN},
    {"su", HOP_SERVICE_SWITCH},
    {"su-l", HOP_SERVICE_SWITCH},
    {"runuser", HOP_SERVICE_SWITCH},
    {"runuser-l", HOP_SERVICE_SWITCH},
    {"sudo", HOP_SERVICE_SWITCH},
    {"sudo-i", HOP_SERVICE_SWITCH},
    {"doas", HOP_SERVICE_SWITCH},
    {"polkit-1", HOP_SERVICE_SWITCH},
    {"cron", HOP_SERVICE_BACKGROUND},
    {"crond", HOP_SERVICE_BACKGROUND},
    {"atd", HOP_SERVICE_BACKGROUND},
    {"systemd-user", HOP_SERVICE_BACKGROUND},
};

enum hop_service hop_service_of(const char *name)
{
    for (size_t i = 0; name != NULL && i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i].name) == 0)
            return names[i].service;
    return HOP_SERVICE_SSH;
}

bool hop_service_enters(enum hop_service service)
{
    return service == HOP_SERVICE_SSH || service == HOP_SERVICE_LOGIN;
}

bool hop_service_is_judged(enum hop_service service)
{
    return service != HOP_SERVICE_BACKGROUND;
}
