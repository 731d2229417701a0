/* SPDX-License-Identifier: Apache-2.0 */
/* The connection record: believed only if whole, root's, and about this very connection. */
#include "connection.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char root[64], folder[96], path[160];
static struct hop_connection record;
static struct hop_connection_facts facts;
static struct hop_error err;

static void set_up(void)
{
    snprintf(root, sizeof root, "/tmp/hop-connection-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    snprintf(folder, sizeof folder, "%s/connections", root);
    snprintf(path, sizeof path, "%s/%ld", folder, (long)getpid());
    ck_assert_int_eq(hop_connection_begin(getpid(), &record, &err), HOP_OK);
    strcpy(record.login.account, "anna");
    strcpy(record.login.service, "sshd");
    strcpy(record.login.id, "01JABCDEFGHJKMNPQRSTVWXYZ0");
    hop_address_parse(hop_span_of("192.0.2.10"), &record.login.origin.address);
    record.login.source_port = 4711;
    record.judged = true;
    facts = (struct hop_connection_facts){.account = "anna",
                                          .service = "sshd",
                                          .source = record.login.origin.address,
                                          .source_port = 4711};
}

static void tear_down(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", root);
    ck_assert_int_eq(system(command), 0);
}

static enum hop_rc read_back(void)
{
    struct hop_connection found;
    hop_error_clear(&err);
    return hop_connection_read(folder, getpid(), &facts, &found, &err);
}

static void write_it(void)
{
    ck_assert_int_eq(hop_connection_write(folder, &record, &err), HOP_OK);
}

START_TEST(what_is_written_is_read)
{
    struct hop_connection found;
    struct stat st;
    write_it();
    ck_assert_int_eq(hop_connection_read(folder, getpid(), &facts, &found, &err), HOP_OK);
    ck_assert_str_eq(found.login.id, record.login.id);
    ck_assert(found.judged);
    ck_assert_int_eq(stat(folder, &st), 0);
    ck_assert_int_eq(st.st_mode & 07777, 0700);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(st.st_mode & 07777, 0600);
    hop_connection_remove(folder, getpid());
    ck_assert_int_eq(read_back(), HOP_NOT_FOUND);
}
END_TEST

START_TEST(another_account_address_port_or_service_is_another_connection)
{
    write_it();
    facts.account = "ben";
    ck_assert_int_eq(read_back(), HOP_CONFLICT);
    ck_assert_ptr_nonnull(strstr(err.text, "another account"));
    facts.account = "anna";
    facts.source_port = 4712;
    ck_assert_int_eq(read_back(), HOP_CONFLICT);
    ck_assert_ptr_nonnull(strstr(err.text, "another source port"));
    facts.source_port = 4711;
    facts.source.bytes[3]++;
    ck_assert_int_eq(read_back(), HOP_CONFLICT);
    facts.source.bytes[3]--;
    facts.service = "login";
    ck_assert_int_eq(read_back(), HOP_CONFLICT);
    facts.service = "sshd";
    ck_assert_int_eq(read_back(), HOP_OK);
}
END_TEST

START_TEST(an_earlier_process_of_the_same_pid_left_it)
{
    record.monitor_start--;
    write_it();
    ck_assert_int_eq(read_back(), HOP_CONFLICT);
    ck_assert_ptr_nonnull(strstr(err.text, "earlier process"));
}
END_TEST

START_TEST(cut_grown_or_foreign_is_no_record)
{
    write_it();
    ck_assert_int_eq(truncate(path, 100), 0);
    ck_assert_int_eq(read_back(), HOP_MALFORMED);
    write_it();
    ck_assert_int_eq(truncate(path, sizeof record + 1), 0);
    ck_assert_int_ne(read_back(), HOP_OK);
    record.magic[0] = 'x';
    write_it();
    ck_assert_int_eq(read_back(), HOP_MALFORMED);
}
END_TEST

START_TEST(a_local_user_cannot_plant_one)
{
    write_it();
    ck_assert_int_eq(chown(path, 65534, 65534), 0);
    ck_assert_int_eq(read_back(), HOP_UNTRUSTED);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(symlink("/etc/passwd", path), 0);
    ck_assert_int_eq(read_back(), HOP_UNTRUSTED);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(mkfifo(path, 0600), 0); /* must not wait for a writer */
    ck_assert_int_eq(read_back(), HOP_UNTRUSTED);
    ck_assert_int_eq(unlink(path), 0);
    write_it();
    ck_assert_int_eq(chmod(folder, 0777), 0);
    ck_assert_int_eq(read_back(), HOP_UNTRUSTED);
    ck_assert_int_eq(hop_connection_write(folder, &record, &err), HOP_UNTRUSTED);
}
END_TEST

START_TEST(nothing_is_left_behind_where_it_cannot_be_written)
{
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    ck_assert_int_ne(hop_connection_write(folder, &record, &err), HOP_OK);
    ck_assert_int_eq(rmdir(path), 0);
    ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

static unsigned told;

static void count_stale(void *context, const struct hop_connection *stale)
{
    ck_assert_ptr_eq(context, root);
    ck_assert_str_eq(stale->login.account, "anna");
    told++;
}

START_TEST(the_sweep_tells_open_step_ups_of_the_dead_and_spares_the_living)
{
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    record.step_up = HOP_STEP_UP_OPEN;
    write_it();
    record.monitor = child;
    write_it();
    told = 0;
    hop_connection_sweep(folder, 16, count_stale, root);
    hop_connection_sweep(folder, 16, count_stale, root);
    ck_assert_uint_eq(told, 1);
    ck_assert_int_eq(read_back(), HOP_OK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("connection");
    TCase *tests = tcase_create("record");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, what_is_written_is_read);
    tcase_add_test(tests, another_account_address_port_or_service_is_another_connection);
    tcase_add_test(tests, an_earlier_process_of_the_same_pid_left_it);
    tcase_add_test(tests, cut_grown_or_foreign_is_no_record);
    tcase_add_test(tests, a_local_user_cannot_plant_one);
    tcase_add_test(tests, nothing_is_left_behind_where_it_cannot_be_written);
    tcase_add_test(tests, the_sweep_tells_open_step_ups_of_the_dead_and_spares_the_living);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
