/* SPDX-License-Identifier: Apache-2.0 */
/* What sets two configurations apart: the options of [hopwarden] one by one, the other sections as
 * a whole. */
#ifndef HOP_DIFFERENCE_H
#define HOP_DIFFERENCE_H

#include "command.h"

struct hop_difference {
    char *name;      /* "step_up_at", "[tenant \"acme\"]" */
    char *from, *to; /* lines of the dump, NULL where it is absent */
};

struct hop_differences {
    struct hop_difference *items;
    size_t count;
};

/* HOP_NOMEM, or what hop_conf_dump returns; then *ret_differences is untouched. */
enum hop_rc hop_differences_of(const struct hop_conf *from, const struct hop_conf *to,
                               struct hop_differences *ret_differences, struct hop_error *err);
void hop_differences_done(struct hop_differences *differences);
/* `from` with this one difference: a configuration of its own, or the parser's error where the
 * difference cannot stand alone. */
enum hop_rc hop_difference_alone(const struct hop_conf *from,
                                 const struct hop_difference *difference,
                                 struct hop_conf **ret_conf, struct hop_error *err);
/* A side of it for a person: the lines' values joined by blanks; "-" for NULL. */
void hop_difference_put(struct hop_text *text, const char *lines);

#endif
