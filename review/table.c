/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

#include <libsmartcols.h>
#include <stdlib.h>

#include "command.h"
#include "encode.h"

struct hop_table {
    struct libscols_table *lines;
    size_t columns;
};

static bool add_heading(struct hop_table *table, struct hop_span heading)
{
    char name[64];
    bool right = heading.len > 0 && heading.at[0] == '>';
    struct hop_span words = {heading.at + right, heading.len - right};
    if (!hop_span_copy(words, name, sizeof name))
        return false;
    table->columns++;
    return scols_table_new_column(table->lines, name, 0, right ? SCOLS_FL_RIGHT : 0) != NULL;
}

struct hop_table *hop_table_new(const char *headings)
{
    struct hop_table *table = calloc(1, sizeof *table);
    if (table == NULL)
        return NULL;
    table->lines = scols_new_table();
    struct hop_span rest = hop_span_of(headings), heading;
    bool fine = table->lines != NULL;
    while (fine && hop_span_cut(&rest, '|', &heading))
        fine = add_heading(table, heading);
    if (fine)
        return table;
    scols_unref_table(table->lines);
    free(table);
    return NULL;
}

bool hop_table_row(struct hop_table *table, const char *const *cells)
{
    struct libscols_line *line = table == NULL ? NULL : scols_table_new_line(table->lines, NULL);
    if (line == NULL)
        return false;
    for (size_t i = 0; i < table->columns; i++) {
        char shown[HOP_CELL_MAX * 4 + 4];
        struct hop_text text = hop_text_over(shown, sizeof shown);
        hop_plain_put(&text, hop_span_of(cells[i]), HOP_CELL_MAX);
        if (scols_line_set_data(line, i, shown) != 0)
            return false;
    }
    return true;
}

bool hop_table_print(struct hop_table **table)
{
    if (*table == NULL)
        return false;
    bool fine = scols_print_table((*table)->lines) == 0;
    scols_unref_table((*table)->lines);
    free(*table);
    *table = NULL;
    return fine;
}
