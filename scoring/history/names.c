/* SPDX-License-Identifier: Apache-2.0 */
#include "names.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "folder.h"

#define HEAD "hopwarden names 1"
#define FILE_MAX (HOP_URL_HOSTS_MAX * (HOP_URL_HOST_MAX + 32 + HOP_NAME_ADDRESSES_MAX * 48) + 64)

void hop_names_put(const struct hop_names *names, struct hop_text *text)
{
    hop_text_put(text, HEAD "\n");
    for (size_t i = 0; i < names->count; i++) {
        const struct hop_name *name = &names->items[i];
        if (!name->count)
            continue;
        hop_text_put(text, name->host);
        hop_text_put_char(text, ' ');
        hop_text_put_int(text, name->time);
        for (size_t j = 0; j < name->count; j++) {
            hop_text_put_char(text, ' ');
            hop_address_put(text, &name->addresses[j]);
        }
        hop_text_put_char(text, '\n');
    }
}

static struct hop_name *name_of(struct hop_names *names, struct hop_span host)
{
    for (size_t i = 0; i < names->count; i++)
        if (hop_span_is(host, names->items[i].host))
            return &names->items[i];
    return NULL;
}

static bool line_parse(struct hop_span line, struct hop_names *names)
{
    struct hop_span host, word;
    struct hop_name parsed = {.count = 0};
    if (!hop_span_word(&line, &host) || !hop_span_word(&line, &word) ||
        !hop_span_int64(word, 0, INT64_MAX / 1000, &parsed.time))
        return false;
    while (hop_span_word(&line, &word))
        if (parsed.count == HOP_NAME_ADDRESSES_MAX ||
            !hop_address_parse(word, &parsed.addresses[parsed.count++]))
            return false;
    struct hop_name *name = name_of(names, host);
    if (name) {
        name->time = parsed.time;
        name->count = parsed.count;
        memcpy(name->addresses, parsed.addresses, sizeof name->addresses);
    }
    return parsed.count > 0;
}

bool hop_names_parse(struct hop_span text, struct hop_names *names)
{
    struct hop_names filled = *names;
    struct hop_span line;
    if (!hop_span_cut(&text, '\n', &line) || !hop_span_is(line, HEAD))
        return false;
    while (text.len && hop_span_cut(&text, '\n', &line))
        if (!text.at || !line_parse(line, &filled))
            return false;
    *names = filled;
    return true;
}

/* Every host that is no address, once. */
static void names_of_url(const struct hop_url *url, struct hop_names *names)
{
    *names = (struct hop_names){.count = 0};
    for (size_t i = 0; i < url->count; i++) {
        struct hop_address address;
        if (hop_address_parse(url->hosts[i].host, &address) || name_of(names, url->hosts[i].host))
            continue;
        struct hop_name *name = &names->items[names->count++];
        hop_span_copy(url->hosts[i].host, name->host, sizeof name->host);
        name->port = url->hosts[i].port;
    }
}

enum hop_rc hop_names_recall(const struct hop_settings *settings, struct hop_names *ret_names,
                             struct hop_error *err)
{
    const struct hop_file_rule rule = {.owner = geteuid(), .forbidden = 022, .most = FILE_MAX};
    char path[HOP_FOLDER_PATH_MAX];
    struct hop_url url = {.count = 0};
    char *bytes;
    size_t len;
    hop_url_parse(hop_span_of(settings->history), &url);
    names_of_url(&url, ret_names);
    if (!ret_names->count)
        return HOP_OK;
    hop_folder_path(settings, "names", path);
    enum hop_rc rc = hop_file_read(path, &rule, &bytes, &len, err);
    if (rc == HOP_NOT_FOUND)
        hop_error_clear(err);
    if (rc != HOP_OK)
        return rc == HOP_NOT_FOUND ? HOP_OK : rc;
    if (!hop_names_parse((struct hop_span){bytes, len}, ret_names))
        rc = hop_error_set(err, HOP_MALFORMED, "%s: not what hopwarden resolve writes", path);
    free(bytes);
    return rc;
}

enum hop_rc hop_names_keep(const struct hop_settings *settings, const struct hop_names *names,
                           struct hop_error *err)
{
    char path[HOP_FOLDER_PATH_MAX];
    char bytes[FILE_MAX];
    struct hop_text text = hop_text_over(bytes, sizeof bytes);
    hop_names_put(names, &text);
    hop_folder_path(settings, "names", path);
    return hop_file_replace(path, text.at, text.len, 0644, (uid_t)-1, (gid_t)-1, false, err);
}
