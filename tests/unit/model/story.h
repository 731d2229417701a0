/* SPDX-License-Identifier: Apache-2.0 */
/* Golden stories: a login and what is known around it, in lines of words; and the verdict as text.
 *
 *   login <RFC 3339> <tenant>/<host> <key, or - >        first of all lines
 *   from <internet|home|tenant:NAME|nowhere> [<address> [<country|-> <asn> <kind> [<lat> <lon>]]]
 *   seen|confirmed <days ago> to <days ago> <daily|weekdays|weekly> <kind:value> ...
 *   last <ago> <zone> <country> <asn> <kind> <lat> <lon> [<address>]   ago: 14h, 12m, 3d
 *   touch <ago> <tag> <decibits>         stepup <ago>          around <team> <of> <org> <of>
 *   failed <ago> <credential|step-up|another>
 *   visits <month's size> ...            freeze <account|key|source> <step_up|block>
 *   lose <loss>      mode <mode>      phase <phase>      lane <lane>      use <file>
 *   flag <strict|witness-tenant|key-of-another|touches-flooded|owners-flooded|failures-flooded|
 *         inventory|key-lost|no-first-factor|stepped-up>
 */
#ifndef STORY_H
#define STORY_H

#include "answer.h"
#include "stage.h"

struct story {
    const char *folder;
    struct stage stage;
    struct hop_moment moment;
    unsigned losses;
};

/* Fails the running test at the first line it does not understand. */
void story_read(struct story *story, const char *folder, const char *name);
void story_done(struct story *story);
/* The whole verdict, one fact a line. */
void story_tell(const struct story *story, struct hop_text *text);

#endif
