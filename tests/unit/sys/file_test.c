/* SPDX-License-Identifier: Apache-2.0 */
/* Runs as root: owners and a full disk can be had no other way. Each test has a folder of its own.
 */
#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "../suite.h"

#define NOBODY 65534
#define KEEP ((uid_t)-1)

static char folder[64];
static struct hop_error err;
static const struct hop_file_rule rule = {.owner = 0, .forbidden = 022, .most = 64};

static void setup(void)
{
    ck_assert_msg(geteuid() == 0, "these tests need root");
    snprintf(folder, sizeof folder, "/tmp/hop-file-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    hop_error_clear(&err);
}

static void teardown(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static const char *in_folder(const char *name)
{
    static char paths[4][128];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static const char *a_file(const char *name, const char *text, mode_t mode)
{
    const char *path = in_folder(name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    ck_assert_int_eq(fchmod(fd, mode), 0);
    close(fd);
    return path;
}

static int entries(const char *path)
{
    DIR *dir = opendir(path);
    ck_assert_ptr_nonnull(dir);
    int count = 0;
    while (readdir(dir))
        count++;
    closedir(dir);
    return count - 2;
}

static void expect_refused(const char *path, enum hop_rc rc)
{
    int fd = -7;
    ck_assert_int_eq(hop_file_open(path, &rule, &fd, &err), rc);
    ck_assert_int_eq(fd, -7);
    ck_assert_int_eq(err.rc, rc);
    ck_assert_ptr_nonnull(strstr(err.text, path));
    char *bytes = NULL;
    size_t len = 7;
    ck_assert_int_eq(hop_file_read(path, &rule, &bytes, &len, &err), rc);
    ck_assert_ptr_null(bytes);
    ck_assert_uint_eq(len, 7);
}

static void expect_content(const char *path, const char *text)
{
    char *bytes = NULL;
    size_t len = 0;
    ck_assert_msg(hop_file_read(path, &rule, &bytes, &len, &err) == HOP_OK, "%s", err.text);
    ck_assert_uint_eq(len, strlen(text));
    ck_assert_str_eq(bytes, text);
    free(bytes);
}

START_TEST(a_trusted_file_is_read_whole)
{
    expect_content(a_file("f", "hello\n", 0644), "hello\n");
    expect_content(a_file("empty", "", 0600), "");
}
END_TEST

START_TEST(an_open_file_is_close_on_exec)
{
    int fd;
    ck_assert_int_eq(hop_file_open(a_file("f", "x", 0644), &rule, &fd, &err), HOP_OK);
    ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
    close(fd);
}
END_TEST

START_TEST(what_is_not_there_is_not_found)
{
    expect_refused(in_folder("none"), HOP_NOT_FOUND);
}
END_TEST

START_TEST(a_final_link_is_not_followed)
{
    const char *path = in_folder("link");
    ck_assert_int_eq(symlink(a_file("f", "x", 0644), path), 0);
    expect_refused(path, HOP_UNTRUSTED);
}
END_TEST

START_TEST(a_fifo_does_not_block_and_is_not_trusted)
{
    const char *path = in_folder("fifo");
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    expect_refused(path, HOP_UNTRUSTED);
}
END_TEST

START_TEST(a_folder_a_device_and_a_socket_are_not_trusted)
{
    expect_refused(folder, HOP_UNTRUSTED);
    expect_refused("/dev/null", HOP_UNTRUSTED);
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(name.sun_path, sizeof name.sun_path, "%s/socket", folder);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&name, sizeof name), 0);
    expect_refused(name.sun_path, HOP_UNTRUSTED);
    close(fd);
}
END_TEST

START_TEST(a_second_link_is_not_trusted)
{
    const char *path = a_file("f", "x", 0644);
    ck_assert_int_eq(link(path, in_folder("g")), 0);
    expect_refused(path, HOP_UNTRUSTED);
}
END_TEST

START_TEST(only_the_owner_and_root_are_trusted)
{
    const char *path = a_file("f", "x", 0644);
    ck_assert_int_eq(chown(path, NOBODY, 0), 0);
    expect_refused(path, HOP_UNTRUSTED);
    struct hop_file_rule theirs = {.owner = NOBODY, .forbidden = 022, .most = 64};
    int fd;
    ck_assert_int_eq(hop_file_open(path, &theirs, &fd, &err), HOP_OK);
    close(fd);
    ck_assert_int_eq(chown(path, 0, 0), 0);
    ck_assert_int_eq(hop_file_open(path, &theirs, &fd, &err), HOP_OK);
    close(fd);
}
END_TEST

START_TEST(forbidden_mode_bits_are_refused)
{
    expect_refused(a_file("g", "x", 0664), HOP_UNTRUSTED);
    expect_refused(a_file("o", "x", 0646), HOP_UNTRUSTED);
    expect_content(a_file("x", "x", 0755), "x");
}
END_TEST

START_TEST(a_file_above_the_limit_is_not_read)
{
    char big[66];
    memset(big, 'x', 65);
    big[65] = 0;
    expect_refused(a_file("big", big, 0644), HOP_LIMIT);
    big[64] = 0;
    expect_content(a_file("fits", big, 0644), big);
}
END_TEST

START_TEST(a_file_that_may_not_be_opened_is_denied)
{
    const char *path = a_file("f", "x", 0600);
    ck_assert_int_eq(chmod(folder, 0755), 0);
    ck_assert_int_eq(seteuid(NOBODY), 0);
    expect_refused(path, HOP_DENIED);
    ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

START_TEST(the_time_of_a_descriptor_is_its_modification)
{
    const char *path = a_file("f", "x", 0644);
    const struct timespec times[2] = {{.tv_sec = 5}, {.tv_sec = 1795426200}};
    ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    long long when = 0;
    ck_assert_int_eq(hop_file_mtime(fd, &when, &err), HOP_OK);
    ck_assert_int_eq(when, 1795426200);
    close(fd);
    when = 7;
    ck_assert_int_eq(hop_file_mtime(-1, &when, &err), HOP_IO);
    ck_assert_int_eq(when, 7);
}
END_TEST

START_TEST(a_file_is_made_with_the_mode_and_owner_asked_for)
{
    umask(077);
    const char *path = in_folder("f");
    ck_assert_int_eq(hop_file_replace(path, "new", 3, 0664, NOBODY, NOBODY, true, &err), HOP_OK);
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0664);
    ck_assert_uint_eq(st.st_uid, NOBODY);
    ck_assert_uint_eq(st.st_gid, NOBODY);
    ck_assert_int_eq(hop_file_replace(path, "mine", 4, 0600, KEEP, (gid_t)-1, false, &err), HOP_OK);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_uid, geteuid());
    expect_content(path, "mine");
    ck_assert_int_eq(entries(folder), 1);
}
END_TEST

START_TEST(readers_of_the_old_file_keep_the_old_bytes)
{
    const char *path = a_file("f", "old", 0644);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(hop_file_replace(path, "new!", 4, 0644, KEEP, (gid_t)-1, false, &err), HOP_OK);
    char bytes[8];
    ck_assert_int_eq(read(fd, bytes, sizeof bytes), 3);
    ck_assert(memcmp(bytes, "old", 3) == 0);
    close(fd);
    expect_content(path, "new!");
}
END_TEST

START_TEST(a_link_is_replaced_not_followed)
{
    const char *target = a_file("target", "old", 0644), *path = in_folder("link");
    ck_assert_int_eq(symlink(target, path), 0);
    ck_assert_int_eq(hop_file_replace(path, "new", 3, 0644, KEEP, (gid_t)-1, false, &err), HOP_OK);
    expect_content(target, "old");
    expect_content(path, "new");
}
END_TEST

/* A tmpfs of two pages, seen by this process only. */
static void mount_tiny(void)
{
    ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
    ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
    ck_assert_int_eq(mount("tmpfs", folder, "tmpfs", 0, "size=8k,mode=0755"), 0);
}

START_TEST(a_full_disk_leaves_the_old_file_and_nothing_else)
{
    static char big[65536];
    mount_tiny();
    const char *path = a_file("f", "old", 0644);
    ck_assert_int_eq(hop_file_replace(path, big, sizeof big, 0644, KEEP, (gid_t)-1, true, &err),
                     HOP_IO);
    ck_assert_ptr_nonnull(strstr(err.text, "No space left on device"));
    expect_content(path, "old");
    ck_assert_int_eq(entries(folder), 1);
    ck_assert_int_eq(umount2(folder, MNT_DETACH), 0);
}
END_TEST

START_TEST(a_read_only_disk_is_denied)
{
    mount_tiny();
    const char *path = a_file("f", "old", 0644);
    ck_assert_int_eq(mount(NULL, folder, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
    ck_assert_int_eq(hop_file_replace(path, "new", 3, 0644, KEEP, (gid_t)-1, false, &err),
                     HOP_DENIED);
    expect_content(path, "old");
    ck_assert_int_eq(umount2(folder, MNT_DETACH), 0);
}
END_TEST

START_TEST(a_failed_replace_leaves_nothing_behind)
{
    const char *path = in_folder("is-a-folder");
    ck_assert_int_eq(mkdir(path, 0755), 0);
    ck_assert_int_eq(hop_file_replace(path, "new", 3, 0644, KEEP, (gid_t)-1, false, &err), HOP_IO);
    ck_assert_int_eq(entries(folder), 1);
    ck_assert_int_eq(
        hop_file_replace(in_folder("no/such"), "new", 3, 0644, KEEP, (gid_t)-1, false, &err),
        HOP_NOT_FOUND);
}
END_TEST

START_TEST(a_name_without_a_folder_and_one_too_long)
{
    ck_assert_int_eq(chdir(folder), 0);
    ck_assert_int_eq(hop_file_replace("bare", "x", 1, 0644, KEEP, (gid_t)-1, true, &err), HOP_OK);
    expect_content(in_folder("bare"), "x");
    char name[6000];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = 0;
    ck_assert_int_eq(hop_file_replace(name, "x", 1, 0644, KEEP, (gid_t)-1, false, &err), HOP_LIMIT);
    ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

START_TEST(removing_says_when_there_was_nothing)
{
    const char *path = a_file("f", "x", 0644);
    ck_assert_int_eq(hop_file_remove(path, &err), HOP_OK);
    ck_assert_int_eq(hop_file_remove(path, &err), HOP_NOT_FOUND);
    ck_assert_int_ne(hop_file_remove(folder, &err), HOP_OK);
}
END_TEST

START_TEST(a_folder_is_made_exactly_as_asked_whatever_the_umask)
{
    umask(077);
    const char *path = in_folder("d");
    ck_assert_int_eq(hop_folder_make(path, 01770, 0, NOBODY, &err), HOP_OK);
    struct stat st;
    ck_assert_int_eq(lstat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode, S_IFDIR | 01770);
    ck_assert_uint_eq(st.st_uid, 0);
    ck_assert_uint_eq(st.st_gid, NOBODY);
    ck_assert_int_eq(hop_folder_make(path, 01770, 0, NOBODY, &err), HOP_OK);
    ck_assert_int_eq(hop_folder_make(in_folder("no/parents"), 0755, 0, 0, &err), HOP_NOT_FOUND);
}
END_TEST

START_TEST(an_existing_folder_must_be_real_and_ours)
{
    const char *path = in_folder("d"), *link = in_folder("l");
    ck_assert_int_eq(mkdir(path, 0755), 0);
    ck_assert_int_eq(symlink(path, link), 0);
    ck_assert_int_eq(hop_folder_make(path, 0755, KEEP, (gid_t)-1, &err), HOP_OK);
    ck_assert_int_eq(hop_folder_make(link, 0755, 0, 0, &err), HOP_UNTRUSTED);
    ck_assert_int_eq(hop_folder_make(a_file("f", "x", 0644), 0755, 0, 0, &err), HOP_UNTRUSTED);
    ck_assert_int_eq(hop_folder_make(path, 0755, NOBODY, 0, &err), HOP_UNTRUSTED);
    ck_assert_int_eq(chmod(path, 0775), 0);
    ck_assert_int_eq(hop_folder_make(path, 0755, 0, 0, &err), HOP_UNTRUSTED);
    ck_assert_int_eq(hop_folder_make(path, 0770, 0, 0, &err), HOP_OK);
    ck_assert_int_eq(chmod(path, 0777), 0);
    ck_assert_int_eq(hop_folder_make(path, 0770, 0, 0, &err), HOP_UNTRUSTED);
}
END_TEST

START_TEST(a_folder_that_cannot_be_finished_is_not_left)
{
    ck_assert_int_eq(chmod(folder, 0777), 0);
    ck_assert_int_eq(seteuid(NOBODY), 0);
    const char *path = in_folder("d");
    ck_assert_int_eq(hop_folder_make(path, 0755, 0, 0, &err), HOP_DENIED);
    ck_assert_int_eq(seteuid(0), 0);
    ck_assert_int_eq(access(path, F_OK), -1);
}
END_TEST

HOP_SUITE_AROUND("file", setup, teardown, a_trusted_file_is_read_whole,
                 an_open_file_is_close_on_exec, what_is_not_there_is_not_found,
                 a_final_link_is_not_followed, a_fifo_does_not_block_and_is_not_trusted,
                 a_folder_a_device_and_a_socket_are_not_trusted, a_second_link_is_not_trusted,
                 only_the_owner_and_root_are_trusted, forbidden_mode_bits_are_refused,
                 a_file_above_the_limit_is_not_read, a_file_that_may_not_be_opened_is_denied,
                 the_time_of_a_descriptor_is_its_modification,
                 a_file_is_made_with_the_mode_and_owner_asked_for,
                 readers_of_the_old_file_keep_the_old_bytes, a_link_is_replaced_not_followed,
                 a_full_disk_leaves_the_old_file_and_nothing_else, a_read_only_disk_is_denied,
                 a_failed_replace_leaves_nothing_behind, a_name_without_a_folder_and_one_too_long,
                 removing_says_when_there_was_nothing,
                 a_folder_is_made_exactly_as_asked_whatever_the_umask,
                 an_existing_folder_must_be_real_and_ours,
                 a_folder_that_cannot_be_finished_is_not_left)
