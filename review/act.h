/* SPDX-License-Identifier: Apache-2.0 */
/* What a reviewer does is told to syslog, with the reviewer's name. */
#ifndef HOP_ACT_H
#define HOP_ACT_H

#include "command.h"

/* Sends one alert: action ("confirmed", "frozen", "imported", …), login (may be NULL), what was
 * done in a sentence. Says on stderr when nobody took it; the act stands all the same. */
void hop_act_tell(const struct hop_common *common, const char *action,
                  const struct hop_login *login, const char *what);

#endif
