/* SPDX-License-Identifier: Apache-2.0 */
/* inih splits "name = value"; it also reads lines of 200 bytes only, cuts section names at 49,
 * drops a byte order mark, takes indented lines for more of the value and " ;" for a comment, and
 * goes on after errors. So this reader refuses what inih would bend, keeps the sections to itself,
 * and hands a line that is too long over in pieces, as inih's own continuation lines. */
#include "conf_parts.h"

#include <ini.h>
#include <stdlib.h>
#include <string.h>

#define NAME_ROOM 48 /* bytes of a name; no option's is as long */

struct reader {
    struct hop_conf *conf;
    struct hop_span rest; /* not read yet; at == NULL at the end */
    struct hop_where where;
    enum hop_section_kind kind;
    bool in_section;
    struct hop_section *section;    /* NULL in [hopwarden] and [home] */
    unsigned seen[HOP_OPTIONS_MAX]; /* the line of each option of this section, 0 for none */
    struct hop_span line;           /* what of the current line inih has still to get */
    struct hop_span gap;            /* blanks between the last piece and the one before */
    bool begun;                     /* inih has got the first piece of it */
    bool taken;                     /* and has given back the last one it got */
    char name[NAME_ROOM + 1];
    char value[HOP_CONF_LINE_MAX + 1];
    size_t len;
    enum hop_rc rc;
    struct hop_error *err;
};

/* --- one line -------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_comment_sign(char c)
{
    return c == ';' || c == '#';
}

static enum hop_rc check_bytes(struct reader *reader, struct hop_span line)
{
    if (line.len > HOP_CONF_LINE_MAX)
        return hop_refuse(reader->err, &reader->where, "line longer than %d bytes",
                          HOP_CONF_LINE_MAX);
    if (reader->where.line == 1 && line.len >= 3 && memcmp(line.at, "\xef\xbb\xbf", 3) == 0)
        return hop_refuse(reader->err, &reader->where, "begins with a byte order mark");
    for (size_t i = 0; i < line.len; i++) {
        unsigned char c = (unsigned char)line.at[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return hop_refuse(reader->err, &reader->where, "control byte 0x%02x", c);
    }
    return HOP_OK;
}

/* `line` has no blanks at its ends. No word of a value may begin with a comment sign. */
static enum hop_rc check_entry(struct reader *reader, struct hop_span line)
{
    char quoted[HOP_QUOTED_MAX];
    size_t sign = 0;
    while (sign < line.len && line.at[sign] != '=' && line.at[sign] != ':')
        sign++;
    if (sign == 0 || sign == line.len || line.at[sign] != '=')
        return hop_refuse(reader->err, &reader->where, "%s is not \"name = value\"",
                          hop_quoted(line, quoted));
    if (sign > NAME_ROOM)
        return hop_refuse(reader->err, &reader->where, "unknown option %s",
                          hop_quoted((struct hop_span){line.at, sign}, quoted));
    for (size_t i = sign; i + 1 < line.len; i++)
        if (strchr(" \t,=", line.at[i]) && is_comment_sign(line.at[i + 1]))
            return hop_refuse(reader->err, &reader->where,
                              "a comment must stand on a line of its own");
    return HOP_OK;
}

static enum hop_rc open_section(struct reader *reader, struct hop_span header)
{
    memset(reader->seen, 0, sizeof reader->seen);
    reader->in_section = true;
    return hop_section_open(reader->conf, header, &reader->where, &reader->kind, &reader->section,
                            reader->err);
}

/* Leaves the next "name = value" in reader->line; an empty one at the end of the text. */
static enum hop_rc next_entry(struct reader *reader)
{
    struct hop_span raw;
    while (hop_span_cut(&reader->rest, '\n', &raw)) {
        reader->where.line++;
        reader->where.order++;
        enum hop_rc rc = check_bytes(reader, raw);
        struct hop_span line = hop_span_trim(raw);
        if (rc != HOP_OK)
            return rc;
        if (!line.len || is_comment_sign(line.at[0]))
            continue;
        if (is_blank(raw.at[0]))
            return hop_refuse(reader->err, &reader->where,
                              "an indented line: a value must stand on one line");
        if (line.at[0] != '[') {
            reader->line = line;
            return check_entry(reader, line);
        }
        rc = open_section(reader, line);
        if (rc != HOP_OK)
            return rc;
    }
    return HOP_OK;
}

/* --- to inih and back ------------------------------------------------------------------------ */

/* The previous line is complete: puts its value where it belongs. */
static enum hop_rc apply_entry(struct reader *reader)
{
    char quoted[HOP_QUOTED_MAX];
    struct hop_span name = hop_span_of(reader->name);
    if (!reader->in_section)
        return hop_refuse(reader->err, &reader->where, "%s stands before any section",
                          hop_quoted(name, quoted));
    size_t option = hop_option_find(reader->kind, name);
    if (option == HOP_OPTIONS_MAX)
        return hop_refuse(reader->err, &reader->where, "unknown option %s in section [%s]",
                          hop_quoted(name, quoted), hop_section_word(reader->kind));
    if (reader->seen[option])
        return hop_refuse(reader->err, &reader->where, "%s stands already at line %u", reader->name,
                          reader->seen[option]);
    reader->seen[option] = reader->where.line;
    return hop_option_take(option, reader->conf, reader->section,
                           hop_span_trim((struct hop_span){reader->value, reader->len}),
                           &reader->where, reader->err);
}

/* Where to cut, not before `least`: inih strips blanks at the end of a piece, and a piece that
 * begins with a comment sign would be a comment. 0 when there is no such place. */
static size_t cut_at(struct hop_span line, size_t least, size_t most)
{
    size_t at = most;
    if (line.len <= most)
        return line.len;
    while (at >= least && (is_blank(line.at[at - 1]) || is_comment_sign(line.at[at])))
        at--;
    return at >= least ? at : 0;
}

/* The first piece holds the name and '='; the later ones are indented, without the blanks that
 * stood there: those are kept in `gap`. */
static enum hop_rc hand_over(struct reader *reader, char *buffer, int size)
{
    struct hop_span *line = &reader->line;
    size_t lead = reader->begun ? 1 : 0, least = 1;
    while (!reader->begun && line->at[least - 1] != '=')
        least++;
    reader->gap = (struct hop_span){.at = line->at, .len = 0};
    while (is_blank(line->at[reader->gap.len]))
        reader->gap.len++;
    line->at += reader->gap.len;
    line->len -= reader->gap.len;
    size_t len = cut_at(*line, least, size > 2 ? (size_t)size - 2 : 0);
    if (len == 0)
        return hop_refuse(reader->err, &reader->where, "a row of comment signs is too long");
    buffer[0] = ' ';
    memcpy(buffer + lead, line->at, len);
    buffer[lead + len] = 0;
    line->at += len;
    line->len -= len;
    reader->begun = true;
    reader->taken = false;
    return HOP_OK;
}

static enum hop_rc read_on(struct reader *reader, char *buffer, int size)
{
    enum hop_rc rc = HOP_OK;
    if (reader->begun && !reader->taken)
        return hop_refuse(reader->err, &reader->where, "cannot be read as \"name = value\"");
    if (reader->begun && !reader->line.len) {
        rc = apply_entry(reader);
        reader->begun = false;
        reader->len = 0;
    }
    if (rc == HOP_OK && !reader->line.len)
        rc = next_entry(reader);
    if (rc == HOP_OK && reader->line.len)
        rc = hand_over(reader, buffer, size);
    return rc;
}

static char *next_line(char *buffer, int size, void *stream)
{
    struct reader *reader = stream;
    if (reader->rc == HOP_OK)
        reader->rc = read_on(reader, buffer, size);
    return reader->rc == HOP_OK && reader->begun ? buffer : NULL;
}

static int take_piece(void *stream, const char *section, const char *name, const char *value)
{
    struct reader *reader = stream;
    struct hop_text text = {
        .at = reader->value, .size = sizeof reader->value, .len = reader->len, .cut = false};
    (void)section;
    if (reader->len == 0 && !hop_string_copy(reader->name, sizeof reader->name, name))
        return 0;
    hop_text_put_span(&text, reader->gap);
    hop_text_put(&text, value);
    reader->len = text.len;
    reader->taken = !text.cut;
    return reader->taken;
}

/* --- all of it ------------------------------------------------------------------------------- */

static enum hop_rc parse_source(struct hop_conf *conf, const struct hop_source *source,
                                unsigned *order, struct hop_error *err)
{
    struct reader reader = {.conf = conf,
                            .rest = source->text,
                            .where = {.file = source->name, .order = *order},
                            .err = err};
    int errors = ini_parse_stream(next_line, &reader, take_piece, &reader);
    *order = reader.where.order;
    if (reader.rc != HOP_OK)
        return reader.rc;
    if (errors != 0 || reader.rest.at || reader.begun)
        return hop_refuse(err, &reader.where, "cannot be read as \"name = value\"");
    return HOP_OK;
}

static enum hop_rc parse_sources(struct hop_conf *conf, const struct hop_sources *sources,
                                 bool lenient, struct hop_error *err)
{
    unsigned order = 0;
    enum hop_rc rc = hop_options_default(conf, err);
    conf->where[HOP_SECTION_HOPWARDEN].file = sources->items[0].name;
    for (size_t i = 0; rc == HOP_OK && i < sources->count; i++)
        rc = parse_source(conf, &sources->items[i], &order, err);
    if (rc == HOP_OK)
        rc = hop_sections_finish(conf, err);
    if (rc == HOP_OK)
        rc = hop_hosting_of(conf, lenient, err);
    return rc;
}

enum hop_rc hop_sources_parse(const struct hop_sources *sources, bool lenient,
                              struct hop_conf **ret_conf, struct hop_error *err)
{
    struct hop_conf *conf = calloc(1, sizeof *conf);
    if (!conf)
        return hop_no_memory(err);
    enum hop_rc rc = parse_sources(conf, sources, lenient, err);
    if (rc == HOP_OK)
        *ret_conf = conf;
    else
        hop_conf_free(&conf);
    return rc;
}

enum hop_rc hop_conf_parse(const char *name, struct hop_span text, struct hop_conf **ret_conf,
                           struct hop_error *err)
{
    struct hop_source source = {.name = name, .text = text};
    struct hop_sources sources = {.items = &source, .count = 1};
    return hop_sources_parse(&sources, false, ret_conf, err);
}

enum hop_rc hop_conf_load(const char *path, struct hop_conf **ret_conf, struct hop_error *err)
{
    struct hop_sources sources;
    enum hop_rc rc = hop_sources_read(path, &sources, err);
    if (rc == HOP_OK) {
        rc = hop_sources_parse(&sources, false, ret_conf, err);
        hop_sources_done(&sources);
    }
    return rc;
}

static void section_done(struct hop_section *section)
{
    hop_words_done(&section->networks);
    hop_words_done(&section->accounts);
    hop_words_done(&section->members);
    hop_words_done(&section->keys);
    hop_words_done(&section->sources);
    hop_words_done(&section->tenants);
}

void hop_conf_free(struct hop_conf **conf)
{
    struct hop_conf *old = *conf;
    *conf = NULL;
    if (!old)
        return;
    for (size_t i = 0; i < old->section_count; i++)
        section_done(&old->sections[i]);
    free(old->sections);
    free(old->people.items);
    free(old->members.items);
    free(old->networks.items);
    free(old->hosting_networks.items);
    free(old->hosting_asns);
    hop_words_done(&old->accounts);
    hop_words_done(&old->services);
    hop_words_done(&old->hosting);
    hop_words_done(&old->home_networks);
    hop_words_done(&old->bastions);
    free(old);
}

const struct hop_settings *hop_conf_settings(const struct hop_conf *conf)
{
    return &conf->settings;
}
