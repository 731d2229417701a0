/* SPDX-License-Identifier: Apache-2.0 */
/* What a PAM service is to a history: the rows of pam_hopwarden(8), SERVICES. Pure. */
#ifndef HOP_SERVICE_H
#define HOP_SERVICE_H

#include <stdbool.h>

enum hop_service {
    HOP_SERVICE_SSH,        /* sshd under whatever name, and whatever is not known here */
    HOP_SERVICE_LOGIN,      /* login, cockpit: enters this host; its environment tells nothing */
    HOP_SERVICE_SWITCH,     /* su, sudo: who is in already becomes somebody else */
    HOP_SERVICE_BACKGROUND, /* cron, systemd-user: nobody is there */
    HOP_SERVICE_COUNT
};

/* `name` as PAM_SERVICE has it; NULL and "" are HOP_SERVICE_SSH. */
enum hop_service hop_service_of(const char *name);

/* Does somebody come into this host here? Only then are there touches, familiarity and travel: a
 * switch lies inside a session that has had its own. */
bool hop_service_enters(enum hop_service service);

/* Is such a login judged at all? What is not passes, is never asked, and is never learned. */
bool hop_service_is_judged(enum hop_service service);

#endif
