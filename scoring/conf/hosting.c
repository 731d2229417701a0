/* SPDX-License-Identifier: Apache-2.0 */
#include "conf_parts.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"

#define FILE_WORD "file:"

static bool parse_asn(struct hop_span text, uint32_t *ret_asn)
{
    int64_t number;
    if (text.len < 3 || memcmp(text.at, "AS", 2) != 0)
        return false;
    text = (struct hop_span){.at = text.at + 2, .len = text.len - 2};
    if (!hop_span_int64(text, 1, UINT32_MAX, &number))
        return false;
    *ret_asn = (uint32_t)number;
    return true;
}

static bool names_file(struct hop_span entry)
{
    size_t len = strlen(FILE_WORD);
    return entry.len > len && memcmp(entry.at, FILE_WORD, len) == 0;
}

bool hop_hosting_entry_valid(struct hop_span entry)
{
    struct hop_prefix prefix;
    uint32_t asn;
    if (names_file(entry))
        return entry.at[strlen(FILE_WORD)] == '/' && entry.len - strlen(FILE_WORD) <= HOP_PATH_MAX;
    return parse_asn(entry, &asn) || hop_prefix_parse(entry, &prefix);
}

static enum hop_rc add_asn(struct hop_conf *conf, uint32_t asn, struct hop_error *err)
{
    uint32_t *grown = hop_grow(conf->hosting_asns, conf->hosting_asn_count, &conf->hosting_asn_room,
                               sizeof *grown);
    if (!grown)
        return hop_no_memory(err);
    conf->hosting_asns = grown;
    grown[conf->hosting_asn_count++] = asn;
    return HOP_OK;
}

/* A prefix or an AS number. */
static enum hop_rc add_entry(struct hop_conf *conf, struct hop_span entry,
                             const struct hop_where *where, struct hop_error *err)
{
    struct hop_prefix prefix;
    uint32_t asn;
    char quoted[HOP_QUOTED_MAX];
    if (parse_asn(entry, &asn))
        return add_asn(conf, asn, err);
    if (hop_prefix_parse(entry, &prefix))
        return hop_networks_add(&conf->hosting_networks, &prefix, 0, where, err);
    return hop_refuse(err, where, "%s is neither a prefix nor an AS number",
                      hop_quoted(entry, quoted));
}

static enum hop_rc add_lines(struct hop_conf *conf, const char *path, struct hop_span text,
                             struct hop_error *err)
{
    struct hop_where where = {.file = path};
    struct hop_span line, entry;
    enum hop_rc rc = HOP_OK;
    while (rc == HOP_OK && hop_span_cut(&text, '\n', &line)) {
        where.line++;
        if (!hop_span_cut(&line, '#', &entry))
            continue;
        entry = hop_span_trim(entry);
        if (entry.len)
            rc = add_entry(conf, entry, &where, err);
    }
    return rc;
}

static enum hop_rc add_file(struct hop_conf *conf, const char *path, const struct hop_where *where,
                            struct hop_error *err)
{
    struct hop_file_rule rule = {.owner = geteuid(), .forbidden = 022, .most = HOP_CONF_BYTES_MAX};
    char *bytes;
    size_t len;
    enum hop_rc rc = hop_file_read(path, &rule, &bytes, &len, err);
    if (rc != HOP_OK) {
        hop_error_within(err, "%s:%u", where->file, where->line);
        return rc;
    }
    rc = add_lines(conf, path, (struct hop_span){.at = bytes, .len = len}, err);
    free(bytes);
    return rc;
}

static int compare_asns(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

enum hop_rc hop_hosting_of(struct hop_conf *conf, bool lenient, struct hop_error *err)
{
    for (size_t i = 0; i < conf->hosting.count; i++) {
        struct hop_span entry = hop_span_of(conf->hosting.items[i]);
        bool file = names_file(entry);
        enum hop_rc rc = file ? add_file(conf, conf->hosting.items[i] + strlen(FILE_WORD),
                                         &conf->hosting.where, err)
                              : add_entry(conf, entry, &conf->hosting.where, err);
        if (rc == HOP_NOMEM || (rc != HOP_OK && !lenient))
            return rc;
    }
    hop_networks_sort(&conf->hosting_networks);
    if (conf->hosting_asn_count)
        qsort(conf->hosting_asns, conf->hosting_asn_count, sizeof *conf->hosting_asns,
              compare_asns);
    return HOP_OK;
}

bool hop_conf_is_hosting(const struct hop_conf *conf, const struct hop_address *address,
                         uint32_t asn)
{
    if (asn && conf->hosting_asn_count &&
        bsearch(&asn, conf->hosting_asns, conf->hosting_asn_count, sizeof asn, compare_asns))
        return true;
    return hop_networks_find(&conf->hosting_networks, address) != NULL;
}
