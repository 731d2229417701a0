/* SPDX-License-Identifier: Apache-2.0 */
/* hopwarden-keys and hopwarden-principals as sshd runs them: words in, a line out, an exit status.
 */
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "../ssh/made_keys.h"
#include "../suite.h"
#include "clock.h"
#include "file.h"

static char folder[64], output[16384];

/* The helper's notes folder is what it is: here it lies on a /run of this test's own, on which
 * there is no syslog either. */
static void setup(void)
{
    ck_assert_msg(geteuid() == 0, "these tests need root");
    ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
    ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
    ck_assert_int_eq(mount("tmpfs", "/run", "tmpfs", 0, "size=1m,mode=0755"), 0);
    ck_assert_int_eq(mkdir("/run/hopwarden", 0755), 0);
    ck_assert_int_eq(mkdir("/run/hopwarden/notes", 0770), 0);
    snprintf(folder, sizeof folder, "/tmp/hop-program-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void teardown(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

/* Runs the helper with these arguments; its standard output is in `output`. */
static int run_program(const char *program, const char *arguments)
{
    char command[16384];
    snprintf(command, sizeof command, "exec %s %s 2>&1 </dev/null", program, arguments);
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    size_t len = fread(output, 1, sizeof output - 1, pipe);
    output[len] = 0;
    int status = pclose(pipe);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int run(const char *arguments)
{
    return run_program(HOP_KEYS_PROGRAM, arguments);
}

static void write_file(const char *name, const char *text)
{
    char path[128];
    struct hop_error err;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    ck_assert_int_eq(hop_file_replace(path, text, strlen(text), 0640, 0, 0, false, &err), HOP_OK);
}

START_TEST(the_line_comes_out_and_the_status_is_zero)
{
    struct public_line line;
    char text[8200], arguments[8600];
    struct hop_error err;
    keys_read("ed25519", &line);
    snprintf(text, sizeof text, "%s\n", line.text);
    write_file("anna", text);
    snprintf(arguments, sizeof arguments,
             "--conf %s/none.conf --keys-dir %s --source 192.0.2.7 anna %.*s %.*s", folder, folder,
             (int)line.parts.type.len, line.parts.type.at, (int)line.parts.base64.len,
             line.parts.base64.at);
    ck_assert_int_eq(run(arguments), EXIT_SUCCESS);
    ck_assert_str_eq(output, text);
    struct hop_ssh_note note;
    ck_assert_int_eq(hop_ssh_note_read("/run/hopwarden/notes", (long)getpid(), 0, "anna",
                                       hop_clock_epoch_ms() / 1000, 0, &note, &err),
                     HOP_OK);
}
END_TEST

START_TEST(the_principal_comes_out_and_the_status_is_zero)
{
    struct public_line line;
    char arguments[8600];
    keys_sign("ed25519", "id", "-n x,anna");
    keys_read("ed25519-cert", &line);
    write_file("anna", "restrict x\n");
    snprintf(arguments, sizeof arguments, "--conf %s/none.conf --principals-dir %s anna %.*s %.*s",
             folder, folder, (int)line.parts.type.len, line.parts.type.at,
             (int)line.parts.base64.len, line.parts.base64.at);
    ck_assert_int_eq(run_program(HOP_PRINCIPALS_PROGRAM, arguments), EXIT_SUCCESS);
    ck_assert_str_eq(output, "restrict x\n");
    struct hop_ssh_note note;
    struct hop_error err;
    ck_assert_int_eq(hop_ssh_note_read("/run/hopwarden/notes", (long)getpid(), 0, "anna",
                                       hop_clock_epoch_ms() / 1000, 0, &note, &err),
                     HOP_OK);
}
END_TEST

START_TEST(nothing_to_print_is_no_failure)
{
    char arguments[256];
    snprintf(arguments, sizeof arguments, "--keys-dir %s --source UNKNOWN anna ssh-ed25519 AAAA",
             folder);
    ck_assert_int_eq(run(arguments), EXIT_SUCCESS);
    ck_assert_str_eq(output, "");
}
END_TEST

START_TEST(wrong_usage_says_so)
{
    ck_assert_int_eq(run(""), EX_USAGE);
    ck_assert_ptr_nonnull(strstr(output, "Usage: "));
    ck_assert_int_eq(run("anna ssh-ed25519"), EX_USAGE);
    ck_assert_int_eq(run("anna ssh-ed25519 AAAA more"), EX_USAGE);
    ck_assert_int_eq(run("--nonsense anna ssh-ed25519 AAAA"), EX_USAGE);
}
END_TEST

START_TEST(help_and_version_are_told)
{
    ck_assert_int_eq(run("--help"), EXIT_SUCCESS);
    ck_assert_ptr_nonnull(strstr(output, "ACCOUNT TYPE KEY"));
    ck_assert_ptr_nonnull(strstr(output, "--conf"));
    ck_assert_int_eq(run("--version"), EXIT_SUCCESS);
    ck_assert_ptr_nonnull(strstr(output, "hopwarden-keys "));
    ck_assert_int_eq(run_program(HOP_PRINCIPALS_PROGRAM, "--help"), EXIT_SUCCESS);
    ck_assert_ptr_nonnull(strstr(output, "--principals-dir"));
    ck_assert_int_eq(run_program(HOP_PRINCIPALS_PROGRAM, "--version"), EXIT_SUCCESS);
    ck_assert_ptr_nonnull(strstr(output, "hopwarden-principals "));
}
END_TEST

HOP_SUITE_WITHIN("program", keys_make, keys_remove, setup, teardown,
                 the_line_comes_out_and_the_status_is_zero,
                 the_principal_comes_out_and_the_status_is_zero, nothing_to_print_is_no_failure,
                 wrong_usage_says_so, help_and_version_are_told)
