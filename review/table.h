/* SPDX-License-Identifier: Apache-2.0 */
/* Rows for a person to read (libsmartcols). Cells are made safe to show. */
#ifndef HOP_TABLE_H
#define HOP_TABLE_H

#include <stdbool.h>
#include <stddef.h>

struct hop_table;

/* Headings separated by '|'; one that begins with '>' is set to the right. NULL without memory. */
struct hop_table *hop_table_new(const char *headings);
/* A row of as many cells as there are headings; NULL is an empty cell. False without memory. */
bool hop_table_row(struct hop_table *table, const char *const *cells);
/* Prints to stdout and frees; false when either failed before. NULL is let pass as a failure. */
bool hop_table_print(struct hop_table **table);

#endif
