/* SPDX-License-Identifier: Apache-2.0 */
/* What a PAM service's file and those it includes hold, and what a stack answers (pam.conf(5)). */
#ifndef HOP_PAM_SERVICE_H
#define HOP_PAM_SERVICE_H

#include "findings.h"
#include "lines.h"

#define HOP_PAM_STACK_MAX 64 /* lines of one type */
#define HOP_PAM_FILES_MAX 16

enum hop_pam_type { HOP_PAM_AUTH, HOP_PAM_ACCOUNT, HOP_PAM_SESSION, HOP_PAM_TYPE_COUNT };

struct hop_pam_line {
    bool ours, stepped_up, authfail, codes;
    struct hop_span control, module, arguments;
};

struct hop_pam_stack {
    struct hop_pam_line lines[HOP_PAM_STACK_MAX];
    size_t count;
};

/* The lines point into the files. */
struct hop_pam_service {
    struct hop_findings *findings; /* NULL: what cannot be read is not told */
    char folder[HOP_PATH_MAX + 1];
    size_t only; /* the type whose lines are taken, or HOP_PAM_TYPE_COUNT */
    struct hop_pam_stack stacks[HOP_PAM_TYPE_COUNT];
    struct hop_lines files[HOP_PAM_FILES_MAX];
    size_t file_count;
};

/* Reads `path`; includes are looked for beside it and in /etc/pam.d. False when it cannot be read.
 * The caller frees with hop_pam_service_done. */
bool hop_pam_service_read(const char *path, struct hop_findings *findings,
                          struct hop_pam_service *ret_service);
void hop_pam_service_done(struct hop_pam_service *service);

bool hop_pam_has_word(struct hop_span text, const char *word);
bool hop_pam_has_word_like(struct hop_span text, const char *start);
/* What holds on this line of ours: the milder of `mode`, the configuration's, and its own mode=. */
enum hop_mode hop_pam_mode_of(const struct hop_pam_line *line, enum hop_mode mode);

/* What a module may answer, as far as it matters here. */
enum hop_pam_code {
    HOP_PAM_SUCCESS,
    HOP_PAM_CRED_INSUFFICIENT,
    HOP_PAM_AUTH_ERR,
    HOP_PAM_USER_UNKNOWN,
    HOP_PAM_IGNORE,
    HOP_PAM_ACCT_EXPIRED,
    HOP_PAM_CODE_COUNT
};

struct hop_pam_outcome {
    bool granted;
    bool called[HOP_PAM_STACK_MAX];
};
/* Runs the stack as libpam does (Linux-PAM, _pam_dispatch_aux), the nth line answering answers[n].
 */
void hop_pam_run(const struct hop_pam_stack *stack, const enum hop_pam_code *answers,
                 struct hop_pam_outcome *ret_outcome);

#endif
