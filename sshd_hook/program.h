/* SPDX-License-Identifier: Apache-2.0 */
/* The command line that hopwarden-keys and hopwarden-principals share. */
#ifndef HOP_PROGRAM_H
#define HOP_PROGRAM_H

#include "keys.h"

struct hop_program {
    enum hop_keys_face face;
    const char *version;       /* name and number */
    const char *folder_option; /* "keys-dir" */
    const char *folder, *folder_doc;
    const char *doc;
};

/* main() of such a program: its exit status. */
int hop_program_run(const struct hop_program *program, int argc, char **argv);

#endif
