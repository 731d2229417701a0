/* SPDX-License-Identifier: Apache-2.0 */
/* Configurations for tests, and a private folder for their files. */
#ifndef HOP_TEST_CONF_SAMPLE_H
#define HOP_TEST_CONF_SAMPLE_H

#include <check.h>
#include <sys/types.h>

#include "conf.h"

#define KEY_A "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define KEY_B "SHA256:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"

/* [hopwarden] with tenant acme, then `text`. Must parse; the caller frees. */
struct hop_conf *a_conf(const char *text);
/* The sentence with which `text` is refused, as file "t.conf". */
const char *refusal(const char *text);
const char *refusal_of(struct hop_span text);
char *a_dump(const struct hop_conf *conf);
struct hop_address an_address(const char *text);

void folder_setup(void);
void folder_teardown(void);
/* "<private folder>/<name>"; good until eight more are asked for. */
const char *in_folder(const char *name);
const char *a_file(const char *name, const char *text, mode_t mode);

#endif
