/* SPDX-License-Identifier: Apache-2.0 */
/* Runs as root: notes are another user's files. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../suite.h"
#include "ssh.h"

#define HELPER 65534
#define PID 4711L
#define NOW INT64_C(1795426200)

static char folder[64], path[128];
static struct hop_error err;
static struct hop_ssh_note note;

static void setup(void)
{
    ck_assert_msg(geteuid() == 0, "these tests need root");
    snprintf(folder, sizeof folder, "/tmp/hop-note-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chown(folder, 0, HELPER), 0);
    ck_assert_int_eq(chmod(folder, 01770), 0);
    snprintf(path, sizeof path, "%s/%ld", folder, PID);
    note = (struct hop_ssh_note){.time = NOW, .account = "anna", .key = "SHA256:a/b+c"};
    hop_error_clear(&err);
}

static void teardown(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static void plant(const char *text, mode_t mode, uid_t owner)
{
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    ck_assert_int_eq(fchown(fd, owner, owner), 0);
    ck_assert_int_eq(fchmod(fd, mode), 0);
    close(fd);
}

static enum hop_rc read_at(int64_t now, int64_t not_before)
{
    return hop_ssh_note_read(folder, PID, HELPER, "anna", now, not_before, &note, &err);
}

START_TEST(a_note_comes_back)
{
    struct hop_ssh_note back;
    ck_assert_int_eq(hop_ssh_note_write(folder, PID, &note, &err), HOP_OK);
    ck_assert_int_eq(hop_ssh_note_read(folder, PID, HELPER, "anna", NOW, 0, &back, &err), HOP_OK);
    ck_assert_str_eq(back.account, "anna");
    ck_assert_str_eq(back.key, "SHA256:a/b+c");
    ck_assert(back.time == NOW);
    ck_assert(!back.verified);
    note.verified = true;
    ck_assert_int_eq(hop_ssh_note_write(folder, PID, &note, &err), HOP_OK);
    ck_assert_int_eq(hop_ssh_note_read(folder, PID, HELPER, "anna", NOW, 0, &back, &err), HOP_OK);
    ck_assert_str_eq(back.key, "SHA256:a/b+c");
    ck_assert(back.verified);
}
END_TEST

START_TEST(the_helpers_user_may_write_and_replace_its_own)
{
    ck_assert_int_eq(setegid(HELPER), 0);
    ck_assert_int_eq(seteuid(HELPER), 0);
    ck_assert_msg(hop_ssh_note_write(folder, PID, &note, &err) == HOP_OK, "%s", err.text);
    hop_string_copy(note.key, sizeof note.key, "SHA256:second");
    ck_assert_int_eq(hop_ssh_note_write(folder, PID, &note, &err), HOP_OK);
    ck_assert_int_eq(seteuid(0), 0);
    ck_assert_int_eq(read_at(NOW, 0), HOP_OK);
    ck_assert_str_eq(note.key, "SHA256:second");
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0600);
    ck_assert_uint_eq(st.st_uid, HELPER);
}
END_TEST

START_TEST(a_note_has_one_form)
{
    note.time = 12;
    hop_string_copy(note.account, sizeof note.account, "an na");
    ck_assert_int_eq(hop_ssh_note_write(folder, PID, &note, &err), HOP_OK);
    char text[128] = "";
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_ptr_nonnull(fgets(text, sizeof text, file));
    fclose(file);
    ck_assert_str_eq(text, "v1 12 an%20na SHA256:a%2Fb+c\n");
}
END_TEST

START_TEST(the_longest_names_fit)
{
    memset(note.account, '/', HOP_NAME_MAX);
    memset(note.key, '/', HOP_KEY_MAX);
    ck_assert_int_eq(hop_ssh_note_write(folder, PID, &note, &err), HOP_OK);
    struct hop_ssh_note back;
    ck_assert_int_eq(hop_ssh_note_read(folder, PID, HELPER, note.account, NOW, 0, &back, &err),
                     HOP_OK);
    ck_assert_str_eq(back.key, note.key);
}
END_TEST

START_TEST(without_a_note_it_is_not_found)
{
    ck_assert_int_eq(read_at(NOW, 0), HOP_NOT_FOUND);
    char nowhere[128];
    snprintf(nowhere, sizeof nowhere, "%s/none", folder);
    ck_assert_int_eq(hop_ssh_note_read(nowhere, PID, HELPER, "anna", NOW, 0, &note, &err),
                     HOP_NOT_FOUND);
    ck_assert_int_eq(hop_ssh_note_write(nowhere, PID, &note, &err), HOP_NOT_FOUND);
}
END_TEST

START_TEST(another_owner_kind_or_size_is_untrusted)
{
    static char huge[HOP_SSH_NOTE_MAX + 2];
    plant("v1 1795426200 anna k\n", 0600, 12345);
    ck_assert_int_eq(read_at(NOW, 0), HOP_UNTRUSTED);
    plant("v1 1795426200 anna k\n", 0622, HELPER);
    ck_assert_int_eq(read_at(NOW, 0), HOP_UNTRUSTED);
    memset(huge, 'x', sizeof huge - 1);
    plant(huge, 0600, HELPER);
    ck_assert_int_eq(read_at(NOW, 0), HOP_UNTRUSTED);
    unlink(path);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(chown(path, HELPER, HELPER), 0);
    ck_assert_int_eq(read_at(NOW, 0), HOP_UNTRUSTED);
    unlink(path);
    ck_assert_int_eq(symlink("/etc/passwd", path), 0);
    ck_assert_int_eq(read_at(NOW, 0), HOP_UNTRUSTED);
    ck_assert_int_eq(hop_ssh_note_read(folder, PID, HELPER, "anna", NOW, 0, &note, NULL),
                     HOP_UNTRUSTED);
    unlink(path);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    ck_assert_int_eq(read_at(NOW, 0), HOP_UNTRUSTED);
}
END_TEST

START_TEST(a_second_link_is_untrusted)
{
    char other[140];
    snprintf(other, sizeof other, "%s.other", path);
    plant("v1 1795426200 anna k\n", 0600, HELPER);
    ck_assert_int_eq(link(path, other), 0);
    ck_assert_int_eq(read_at(NOW, 0), HOP_UNTRUSTED);
}
END_TEST

START_TEST(root_may_have_written_it_too)
{
    plant("v1 1795426200 anna k\n", 0600, 0);
    ck_assert_int_eq(read_at(NOW, 0), HOP_OK);
    ck_assert_str_eq(note.key, "k");
}
END_TEST

START_TEST(another_account_is_malformed)
{
    plant("v1 1795426200 ben k\n", 0600, HELPER);
    ck_assert_int_eq(read_at(NOW, 0), HOP_MALFORMED);
    ck_assert_str_eq(note.key, "SHA256:a/b+c");
}
END_TEST

START_TEST(age_is_bounded_on_both_sides)
{
    plant("v1 1795426200 anna k\n", 0600, HELPER);
    ck_assert_int_eq(read_at(NOW + HOP_SSH_NOTE_AGE_MAX, 0), HOP_OK);
    ck_assert_int_eq(read_at(NOW + HOP_SSH_NOTE_AGE_MAX + 1, 0), HOP_MALFORMED);
    ck_assert_int_eq(read_at(NOW, 0), HOP_OK);
    ck_assert_int_eq(read_at(NOW - 1, 0), HOP_MALFORMED);
    ck_assert_int_eq(read_at(NOW, NOW), HOP_OK);
    ck_assert_int_eq(read_at(NOW + 5, NOW + 1), HOP_MALFORMED);
}
END_TEST

START_TEST(any_other_text_is_malformed)
{
    static const char *const bad[] = {
        "",
        "\n",
        "v1 1795426200 anna k",
        "v1 1795426200 anna k\n\n",
        "v1 1795426200 anna k \n",
        "v1 1795426200 anna k x\n",
        "v1 1795426200 anna k verified \n",
        "v1 1795426200 anna verified\n verified",
        "v1  1795426200 anna k\n",
        "v1 1795426200 anna \n",
        "v1 1795426200 anna\n",
        "v1 1795426200  k\n",
        "v2 1795426200 anna k\n",
        "v1 now anna k\n",
        "v1 -5 anna k\n",
        "v1 1795426200 anna %4\n",
        "v1 1795426200 anna%00 k\n",
        "v1 1795426200 anna k%00x\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        plant(bad[i], 0600, HELPER);
        ck_assert_msg(read_at(NOW, 0) == HOP_MALFORMED, "%s", bad[i]);
        ck_assert_int_eq(hop_ssh_note_parse(hop_span_of(bad[i]), &note, &err), HOP_MALFORMED);
    }
    char long_key[400] = "v1 1795426200 anna ";
    memset(long_key + strlen(long_key), 'k', HOP_KEY_MAX + 1);
    strcat(long_key, "\n");
    plant(long_key, 0600, HELPER);
    ck_assert_int_eq(read_at(NOW, 0), HOP_MALFORMED);
}
END_TEST

START_TEST(what_was_planted_is_replaced_not_written_through)
{
    char target[140];
    snprintf(target, sizeof target, "%s/target", folder);
    ck_assert_int_eq(symlink(target, path), 0);
    ck_assert_int_eq(hop_ssh_note_write(folder, PID, &note, &err), HOP_OK);
    ck_assert_int_eq(access(target, F_OK), -1);
    unlink(path);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(hop_ssh_note_write(folder, PID, &note, &err), HOP_OK);
    ck_assert_int_eq(read_at(NOW, 0), HOP_OK);
}
END_TEST

START_TEST(removing_never_complains)
{
    ck_assert_int_eq(hop_ssh_note_write(folder, PID, &note, &err), HOP_OK);
    hop_ssh_note_remove(folder, PID);
    hop_ssh_note_remove(folder, PID);
    ck_assert_int_eq(access(path, F_OK), -1);
}
END_TEST

static void touch(const char *name, int64_t time)
{
    char file[200];
    snprintf(file, sizeof file, "%s/%s", folder, name);
    int fd = open(file, O_WRONLY | O_CREAT, 0600);
    ck_assert_int_ge(fd, 0);
    const struct timespec times[2] = {{.tv_sec = time}, {.tv_sec = time}};
    ck_assert_int_eq(futimens(fd, times), 0);
    close(fd);
}

static bool is_there(const char *name)
{
    char file[200];
    struct stat st;
    snprintf(file, sizeof file, "%s/%s", folder, name);
    return lstat(file, &st) == 0;
}

START_TEST(a_sweep_takes_what_has_grown_old)
{
    touch("1", NOW - HOP_SSH_NOTE_AGE_MAX - 1);
    touch("2", NOW - HOP_SSH_NOTE_AGE_MAX);
    touch("3", NOW + 5);
    touch(".1.abc", NOW - HOP_SSH_NOTE_OTHERS_AGE_MAX - 1);
    touch("refused.x", NOW - HOP_SSH_NOTE_OTHERS_AGE_MAX);
    hop_ssh_note_sweep(folder, NOW);
    ck_assert(!is_there("1") && is_there("2") && is_there("3"));
    ck_assert(!is_there(".1.abc") && is_there("refused.x"));
}
END_TEST

START_TEST(a_sweep_keeps_to_its_folder)
{
    char link[200], target[200], inner[200];
    touch("target", NOW);
    snprintf(target, sizeof target, "%s/target", folder);
    snprintf(link, sizeof link, "%s/link", folder);
    snprintf(inner, sizeof inner, "%s/7", folder);
    ck_assert_int_eq(symlink(target, link), 0);
    ck_assert_int_eq(mkdir(inner, 0700), 0);
    hop_ssh_note_sweep(folder, INT64_C(1) << 40);
    ck_assert(!is_there("link") && !is_there("target") && is_there("7"));
    ck_assert_int_eq(symlink(folder, link), 0);
    touch("9", 1);
    hop_ssh_note_sweep(link, NOW);
    hop_ssh_note_sweep("/no/such/folder", NOW);
    ck_assert(is_there("9"));
}
END_TEST

START_TEST(a_folder_name_too_long_is_a_limit)
{
    char name[700];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = 0;
    ck_assert_int_eq(hop_ssh_note_write(name, PID, &note, &err), HOP_LIMIT);
    hop_ssh_note_remove(name, PID);
}
END_TEST

HOP_SUITE_AROUND("note", setup, teardown, a_note_comes_back,
                 the_helpers_user_may_write_and_replace_its_own, a_note_has_one_form,
                 the_longest_names_fit, without_a_note_it_is_not_found,
                 another_owner_kind_or_size_is_untrusted, a_second_link_is_untrusted,
                 root_may_have_written_it_too, another_account_is_malformed,
                 age_is_bounded_on_both_sides, any_other_text_is_malformed,
                 what_was_planted_is_replaced_not_written_through, removing_never_complains,
                 a_folder_name_too_long_is_a_limit, a_sweep_takes_what_has_grown_old,
                 a_sweep_keeps_to_its_folder)
