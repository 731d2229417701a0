/* SPDX-License-Identifier: Apache-2.0 */
/* The folder of the fallback, where this host keeps what it may lose: names, routes, sessions. */
#ifndef HOP_FOLDER_H
#define HOP_FOLDER_H

#include "conf.h"

#define HOP_FOLDER_PATH_MAX (HOP_PATH_MAX + 32)

void hop_folder_of(const struct hop_settings *settings, char ret_folder[HOP_PATH_MAX + 1]);
/* <folder>/<name> */
void hop_folder_path(const struct hop_settings *settings, const char *name,
                     char ret_path[HOP_FOLDER_PATH_MAX]);

#endif
