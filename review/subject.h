/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a reviewer means. */
#ifndef HOP_SUBJECT_H
#define HOP_SUBJECT_H

#include "command.h"

/* "tenant:account", or an account of this host's tenant, as the identity whose history it has;
 * what the configuration does not map (an identity, a shared account with its key) is itself. */
void hop_subject_identity(const struct hop_conf *conf, const char *name,
                          char ret_identity[HOP_NAME_MAX + 1]);

/* The reviewer: login name of the real user id, or its number. */
void hop_subject_author(char ret_author[HOP_NAME_MAX + 1]);

#endif
