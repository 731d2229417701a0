/* SPDX-License-Identifier: Apache-2.0 */
#include "folder.h"

#include <string.h>

void hop_folder_of(const struct hop_settings *settings, char ret_folder[HOP_PATH_MAX + 1])
{
    const char *slash = strrchr(settings->fallback, '/');
    size_t len = slash ? (size_t)(slash - settings->fallback) : 0;
    struct hop_text text = hop_text_over(ret_folder, HOP_PATH_MAX + 1);
    hop_text_put_span(&text, (struct hop_span){settings->fallback, len});
}

void hop_folder_path(const struct hop_settings *settings, const char *name,
                     char ret_path[HOP_FOLDER_PATH_MAX])
{
    char folder[HOP_PATH_MAX + 1];
    struct hop_text text = hop_text_over(ret_path, HOP_FOLDER_PATH_MAX);
    hop_folder_of(settings, folder);
    hop_text_put(&text, folder);
    hop_text_put_char(&text, '/');
    hop_text_put(&text, name);
}
