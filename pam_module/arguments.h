/* SPDX-License-Identifier: Apache-2.0 */
/* The words behind pam_hopwarden.so on a PAM line. */
#ifndef HOP_ARGUMENTS_H
#define HOP_ARGUMENTS_H

#include "engine.h"

struct hop_arguments {
    const char *conf; /* file; borrowed from argv */
    bool has_mode;
    enum hop_mode mode;       /* the milder of this and the file's holds */
    enum hop_action on_error; /* without any usable configuration */
    const char *break_glass;  /* accounts, separated by commas; without any usable configuration */
    bool first_factor_done;   /* outside sshd: an earlier line has checked a first factor */
    bool stepped_up;          /* this line marks a passed step-up */
    bool authfail;            /* this line is reached by a failed factor */
    bool codes;               /* this line asks a break-glass account for a code */
    bool debug;
};

/* HOP_MALFORMED names the first word that is not understood; everything else is still set, and the
 * strictest reading of a bad value is taken. */
enum hop_rc hop_arguments_parse(int argc, const char **argv, struct hop_arguments *ret_arguments,
                                struct hop_error *err);

#endif
