/* SPDX-License-Identifier: Apache-2.0 */
#include "conf_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A list may be as long as a line: the blanks go when it would not fit otherwise. */
static void write_option(FILE *out, const char *name, const char *value)
{
    bool tight = strlen(name) + strlen(" = ") + strlen(value) > HOP_CONF_LINE_MAX;
    const char *sign = tight ? "=" : *value ? " = " : " =";
    fprintf(out, "%s%s%s\n", name, sign, value);
}

static void write_options(FILE *out, const struct hop_conf *conf, enum hop_section_kind kind,
                          const struct hop_section *section)
{
    const struct hop_option *options;
    size_t count = hop_conf_options(&options);
    for (size_t i = 0; i < count; i++) {
        char value[HOP_CONF_LINE_MAX + 1];
        struct hop_text text = hop_text_over(value, sizeof value);
        if (strcmp(options[i].section, hop_section_word(kind)) != 0)
            continue;
        hop_option_put(i, conf, section, &text);
        write_option(out, options[i].name, value);
    }
}

static void write_conf(FILE *out, const struct hop_conf *conf)
{
    fprintf(out, "[hopwarden]\n");
    write_options(out, conf, HOP_SECTION_HOPWARDEN, NULL);
    fprintf(out, "\n[home]\n");
    write_options(out, conf, HOP_SECTION_HOME, NULL);
    if (conf->settings.trial.since != 0) {
        fprintf(out, "\n[enforce]\n");
        write_options(out, conf, HOP_SECTION_ENFORCE, NULL);
    }
    for (size_t i = 0; i < conf->section_count; i++) {
        const struct hop_section *section = &conf->sections[i];
        fprintf(out, "\n[%s \"%s\"]\n", hop_section_word(section->kind), section->name);
        write_options(out, conf, section->kind, section);
    }
}

enum hop_rc hop_conf_dump(const struct hop_conf *conf, char **ret_text, struct hop_error *err)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (!out)
        return hop_no_memory(err);
    write_conf(out, conf);
    bool failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed) {
        free(text);
        return hop_no_memory(err);
    }
    *ret_text = text;
    return HOP_OK;
}
