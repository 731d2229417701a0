/* SPDX-License-Identifier: Apache-2.0 */
/* The n-th allocation fails, for every n: an error, no leak, no crash. The linker wraps the
 * allocating functions of this program (see CMakeLists.txt). */
#include "sample.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../suite.h"

#define TOP "[hopwarden]\ntenant = acme\n"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);

static long left = -1; /* allocations until one fails; negative: none does */

static bool fails_now(void)
{
    return left >= 0 && left-- == 0;
}

void *__wrap_malloc(size_t size)
{
    return fails_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails_now() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails_now() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
    return fails_now() ? NULL : __real_strdup(text);
}

/* Calls `attempt` until no allocation is left to fail; every failure must be told. */
static void starve(enum hop_rc (*attempt)(struct hop_conf **ret_conf, struct hop_error *err))
{
    for (long nth = 0;; nth++) {
        struct hop_conf *conf = NULL;
        struct hop_error err = {0};
        left = nth;
        enum hop_rc rc = attempt(&conf, &err);
        bool done = left >= 0;
        left = -1;
        hop_conf_free(&conf);
        if (done) {
            ck_assert_int_eq(rc, HOP_OK);
            ck_assert_int_gt(nth, 10);
            return;
        }
        ck_assert_int_eq(rc, HOP_NOMEM);
        ck_assert_int_eq(err.rc, HOP_NOMEM);
        ck_assert_uint_gt(strlen(err.text), 0);
    }
}

static enum hop_rc parse(struct hop_conf **ret_conf, struct hop_error *err)
{
    static const char text[] =
        TOP "accounts = a @b\nhosting_networks = AS1 10.0.0.0/8\n"
            "[home]\nnetworks = 192.0.2.0/24\n[tenant \"b\"]\nnetworks = 10.0.0.0/16\n"
            "[person \"p\"]\naccounts = b:p acme:p\n[team \"t\"]\nmembers = p q\n"
            "[account \"c\"]\nkeys = " KEY_A "\nsources = ::/0\ntenants = b\n";
    return hop_conf_parse("t.conf", hop_span_of(text), ret_conf, err);
}

START_TEST(parsing_survives_every_failed_allocation)
{
    starve(parse);
}
END_TEST

static enum hop_rc load(struct hop_conf **ret_conf, struct hop_error *err)
{
    return hop_conf_load(in_folder("h.conf"), ret_conf, err);
}

START_TEST(loading_survives_every_failed_allocation)
{
    char text[512];
    struct hop_text top = hop_text_over(text, sizeof text);
    hop_text_format(&top, TOP "hosting_networks = file:%s\n", a_file("list", "AS1\n::/0\n", 0644));
    a_file("h.conf", text, 0644);
    ck_assert_int_eq(mkdir(in_folder("conf.d"), 0755), 0);
    a_file("conf.d/b.conf", "[home]\n", 0644);
    a_file("conf.d/a.conf", "[tenant \"b\"]\n", 0644);
    starve(load);
}
END_TEST

HOP_SUITE_AROUND("memory", folder_setup, folder_teardown, parsing_survives_every_failed_allocation,
                 loading_survives_every_failed_allocation)
