/* SPDX-License-Identifier: Apache-2.0 */
#include "difference.h"

#include <stdlib.h>
#include <string.h>

#define MAIN_SECTION "[hopwarden]"

/* A part of a dump: an option of the main section, or another section with all its lines.
 *
 *   [hopwarden]
 *   mode = enforce         a unit "mode"
 *   [tenant "acme"]        a unit "[tenant \"acme\"]"
 *   networks = ...         and its line
 */
struct unit {
    struct hop_span name, lines;
};

/* The next unit of a dump; false at its end. Headers of the main section are passed over. */
static bool unit_next(struct hop_span *rest, struct unit *ret_unit)
{
    struct hop_span line = {NULL, 0};
    while (hop_span_cut(rest, '\n', &line) && (line.len == 0 || hop_span_is(line, MAIN_SECTION)))
        ;
    if (line.len == 0)
        return false;
    struct unit unit = {.lines = line};
    if (line.at[0] != '[') {
        struct hop_span value = line;
        hop_span_cut(&value, '=', &unit.name);
        unit.name = hop_span_trim(unit.name);
        *ret_unit = unit;
        return true;
    }
    unit.name = line;
    struct hop_span ahead = *rest;
    while (hop_span_cut(&ahead, '\n', &line) && (line.len == 0 || line.at[0] != '[')) {
        if (line.len > 0)
            unit.lines.len = (size_t)(line.at + line.len - unit.lines.at);
        *rest = ahead;
    }
    *ret_unit = unit;
    return true;
}

static bool unit_find(const char *dump, struct hop_span name, struct unit *ret_unit)
{
    struct hop_span rest = hop_span_of(dump);
    while (unit_next(&rest, ret_unit))
        if (hop_span_equal(ret_unit->name, name))
            return true;
    return false;
}

static char *copy_of(const struct unit *unit)
{
    return strndup(unit->lines.at, unit->lines.len);
}

static enum hop_rc difference_add(struct hop_differences *differences, const struct unit *from,
                                  const struct unit *to)
{
    struct hop_difference *items =
        reallocarray(differences->items, differences->count + 1, sizeof *items);
    if (items == NULL)
        return HOP_NOMEM;
    differences->items = items;
    struct hop_span name = from != NULL ? from->name : to->name;
    struct hop_difference *item = &items[differences->count++];
    *item = (struct hop_difference){.name = strndup(name.at, name.len),
                                    .from = from != NULL ? copy_of(from) : NULL,
                                    .to = to != NULL ? copy_of(to) : NULL};
    bool whole = item->name != NULL && (from == NULL || item->from != NULL) &&
                 (to == NULL || item->to != NULL);
    return whole ? HOP_OK : HOP_NOMEM;
}

/* What `from` has otherwise or alone, in its order; then what `to` alone has. */
static enum hop_rc compare_dumps(const char *from, const char *to,
                                 struct hop_differences *differences)
{
    struct hop_span rest = hop_span_of(from);
    struct unit unit, other;
    enum hop_rc rc = HOP_OK;
    while (rc == HOP_OK && unit_next(&rest, &unit)) {
        bool found = unit_find(to, unit.name, &other);
        if (!found || !hop_span_equal(unit.lines, other.lines))
            rc = difference_add(differences, &unit, found ? &other : NULL);
    }
    rest = hop_span_of(to);
    while (rc == HOP_OK && unit_next(&rest, &unit))
        if (!unit_find(from, unit.name, &other))
            rc = difference_add(differences, NULL, &unit);
    return rc;
}

enum hop_rc hop_differences_of(const struct hop_conf *from, const struct hop_conf *to,
                               struct hop_differences *ret_differences, struct hop_error *err)
{
    char *before = NULL, *after = NULL;
    struct hop_differences differences = {0};
    enum hop_rc rc = hop_conf_dump(from, &before, err);
    if (rc == HOP_OK)
        rc = hop_conf_dump(to, &after, err);
    if (rc == HOP_OK && compare_dumps(before, after, &differences) != HOP_OK)
        rc = hop_error_set(err, HOP_NOMEM, "configuration: out of memory");
    free(before);
    free(after);
    if (rc == HOP_OK)
        *ret_differences = differences;
    else
        hop_differences_done(&differences);
    return rc;
}

void hop_differences_done(struct hop_differences *differences)
{
    for (size_t i = 0; i < differences->count; i++) {
        free(differences->items[i].name);
        free(differences->items[i].from);
        free(differences->items[i].to);
    }
    free(differences->items);
    *differences = (struct hop_differences){0};
}

static void put_line(FILE *stream, struct hop_span lines)
{
    fwrite(lines.at, 1, lines.len, stream);
    fputc('\n', stream);
}

/* Options first, so that a new one stands in the main section. */
static void write_with(FILE *stream, const char *dump, const struct hop_difference *difference)
{
    struct hop_span rest = hop_span_of(dump);
    struct unit unit;
    bool placed = difference->to == NULL;
    fputs(MAIN_SECTION "\n", stream);
    while (unit_next(&rest, &unit)) {
        if (!hop_span_is(unit.name, difference->name)) {
            put_line(stream, unit.lines);
        } else if (difference->to != NULL) {
            put_line(stream, hop_span_of(difference->to));
            placed = true;
        }
    }
    if (!placed)
        put_line(stream, hop_span_of(difference->to));
}

enum hop_rc hop_difference_alone(const struct hop_conf *from,
                                 const struct hop_difference *difference,
                                 struct hop_conf **ret_conf, struct hop_error *err)
{
    char *dump, *text = NULL;
    size_t size;
    enum hop_rc rc = hop_conf_dump(from, &dump, err);
    if (rc != HOP_OK)
        return rc;
    FILE *stream = open_memstream(&text, &size);
    if (stream != NULL)
        write_with(stream, dump, difference);
    if (stream == NULL || fclose(stream) != 0)
        rc = hop_error_set(err, HOP_NOMEM, "configuration: out of memory");
    else
        rc = hop_conf_parse(difference->name, hop_span_of(text), ret_conf, err);
    free(text);
    free(dump);
    return rc;
}

void hop_difference_put(struct hop_text *text, const char *lines)
{
    struct hop_span rest = hop_span_of(lines), line, name;
    if (lines == NULL) {
        hop_text_put(text, "-");
        return;
    }
    bool section = lines[0] == '[', first = true;
    while (hop_span_cut(&rest, '\n', &line)) {
        struct hop_span value = line;
        if (line.len == 0 || line.at[0] == '[')
            continue;
        hop_span_cut(&value, '=', &name);
        value = hop_span_trim(value);
        if (section && value.len == 0)
            continue;
        if (!first)
            hop_text_put(text, "; ");
        hop_text_put_span(text, section ? line : value);
        first = false;
    }
    if (first)
        hop_text_put(text, "-");
}
