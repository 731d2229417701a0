/* SPDX-License-Identifier: Apache-2.0 */
/* What the Redis store does when the server, or whoever answers in its place, does not behave. The
 * peers are scripted; only their bytes matter, not their speed. */
#include "store_fixture.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "pack.h"
#include "redis_commands.h"
#include "redis_transport.h"

#define BRIEF_MS 80      /* a deadline that is to be met */
#define PATIENCE_MS 2000 /* beyond it; more is a hang */

#define TIME_REPLY "*2\r\n$10\r\n1790000000\r\n$6\r\n123456\r\n"
#define HASH_REPLY "*2\r\n$1\r\nf\r\n$1\r\nv\r\n"

/* What a peer does once it has sent its bytes. */
enum after {
    HOLD,  /* nothing, and keeps the connection open */
    CLOSE, /* closes */
    HALF,  /* says that it will send no more, but listens on */
    AGAIN  /* sends them again and again */
};

struct script {
    const char *bytes;
    size_t len;
    enum after after;
    int pause_ms; /* before each single byte; 0: all in one */
    enum hop_rc expected;
};

#define SAYS(bytes, after, expected)                                                               \
    {                                                                                              \
        (bytes), sizeof(bytes) - 1, (after), 0, (expected)                                         \
    }
#define DRIPS(bytes, after, expected)                                                              \
    {                                                                                              \
        (bytes), sizeof(bytes) - 1, (after), 50, (expected)                                        \
    }

#define NINE_ARRAYS "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n"
#define SIXTY_FOUR "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

/* Answers to TIME and HGETALL. */
static const struct script scripts[] = {
    SAYS("", HOLD, HOP_TIMEOUT),
    SAYS("", CLOSE, HOP_IO),
    SAYS("", HALF, HOP_IO),
    SAYS(TIME_REPLY, HOLD, HOP_TIMEOUT),
    SAYS(TIME_REPLY, CLOSE, HOP_IO),
    SAYS(TIME_REPLY "*2\r\n$1\r\nf\r\n$1\r", HOLD, HOP_TIMEOUT),
    SAYS(TIME_REPLY "*2\r\n$1\r\nf\r\n$1\r", HALF, HOP_IO),
    DRIPS(TIME_REPLY HASH_REPLY, HOLD, HOP_TIMEOUT),
    DRIPS("$1000000\r\n" SIXTY_FOUR, AGAIN, HOP_TIMEOUT),
    /* not the protocol */
    SAYS("HTTP/1.1 400 Bad Request\r\n\r\n", HOLD, HOP_MALFORMED),
    SAYS("\x16\x03\x01\x02\x00", HOLD, HOP_MALFORMED),
    SAYS("\r\n", HOLD, HOP_MALFORMED),
    SAYS("\0", HOLD, HOP_MALFORMED),
    SAYS("garbage", AGAIN, HOP_MALFORMED),
    SAYS("%1\r\n+a\r\n+b\r\n", HOLD, HOP_MALFORMED),
    SAYS("+OK\n+OK\n", HOLD, HOP_MALFORMED),
    SAYS("+OK\r+OK\r\n", HOLD, HOP_MALFORMED),
    SAYS(":1x\r\n", HOLD, HOP_MALFORMED),
    SAYS(":\r\n", HOLD, HOP_MALFORMED),
    SAYS(":+1\r\n", HOLD, HOP_MALFORMED),
    SAYS(":99999999999999999999\r\n", HOLD, HOP_MALFORMED),
    SAYS("$1\r\nxy\r\n", HOLD, HOP_MALFORMED),
    SAYS("$0x10\r\n", HOLD, HOP_MALFORMED),
    /* sizes that nobody should believe */
    SAYS("*2147483647\r\n", HOLD, HOP_MALFORMED),
    SAYS("*4294967297\r\n", HOLD, HOP_MALFORMED),
    SAYS("*-2\r\n", HOLD, HOP_MALFORMED),
    SAYS("*9223372036854775807\r\n", HOLD, HOP_MALFORMED),
    SAYS("$9999999999\r\n", HOLD, HOP_MALFORMED),
    SAYS("$-2\r\n", HOLD, HOP_MALFORMED),
    SAYS("$9223372036854775807\r\n", HOLD, HOP_MALFORMED),
    SAYS("$8388609\r\n", HOLD, HOP_MALFORMED),
    SAYS(NINE_ARRAYS, AGAIN, HOP_MALFORMED),
    SAYS("*65536\r\n", AGAIN, HOP_MALFORMED),
    SAYS("$8000000\r\n" SIXTY_FOUR, AGAIN, HOP_MALFORMED),
    SAYS("*130000\r\n$8000000\r\n" SIXTY_FOUR, AGAIN, HOP_MALFORMED),
    SAYS("+" SIXTY_FOUR, AGAIN, HOP_MALFORMED),
    SAYS("-ERR " SIXTY_FOUR, AGAIN, HOP_MALFORMED),
    /* the protocol, but not the answer */
    SAYS(TIME_REPLY HASH_REPLY "+OK\r\n", HOLD, HOP_MALFORMED),
    SAYS(TIME_REPLY HASH_REPLY "+", HOLD, HOP_MALFORMED),
    SAYS("+OK\r\n+OK\r\n", HOLD, HOP_MALFORMED),
    SAYS("*-1\r\n*-1\r\n", HOLD, HOP_MALFORMED),
    SAYS("$-1\r\n$-1\r\n", HOLD, HOP_MALFORMED),
    SAYS("*1\r\n$1\r\n1\r\n" HASH_REPLY, HOLD, HOP_MALFORMED),
    SAYS("*2\r\n$2\r\n-1\r\n$1\r\n1\r\n" HASH_REPLY, HOLD, HOP_MALFORMED),
    SAYS("*2\r\n$1\r\n1\r\n$7\r\n1000000\r\n" HASH_REPLY, HOLD, HOP_MALFORMED),
    SAYS(TIME_REPLY "*1\r\n$1\r\nf\r\n", HOLD, HOP_MALFORMED),
    SAYS(TIME_REPLY "*2\r\n$1\r\nf\r\n:1\r\n", HOLD, HOP_MALFORMED),
    SAYS(TIME_REPLY "*2\r\n$1\r\nf\r\n$-1\r\n", HOLD, HOP_MALFORMED),
    SAYS(TIME_REPLY "*2\r\n$1\r\nf\r\n*0\r\n", HOLD, HOP_MALFORMED),
    /* errors, wherever they stand */
    SAYS("-ERR in the way\r\n" HASH_REPLY, HOLD, HOP_IO),
    SAYS(TIME_REPLY "-ERR in the way\r\n", HOLD, HOP_IO),
    SAYS(TIME_REPLY "-LOADING Redis is loading the dataset in memory\r\n", HOLD, HOP_IO),
    SAYS(TIME_REPLY "-MASTERDOWN Link with MASTER is down\r\n", HOLD, HOP_IO),
    SAYS(TIME_REPLY "-OOM command not allowed\r\n", HOLD, HOP_IO),
    SAYS(TIME_REPLY "-\r\n", HOLD, HOP_IO),
    SAYS("-NOAUTH Authentication required.\r\n-NOAUTH Authentication required.\r\n", HOLD,
         HOP_DENIED),
    SAYS(TIME_REPLY "-NOPERM this user has no permissions\r\n", HOLD, HOP_DENIED),
    SAYS("-DENIED Redis is running in protected mode\r\n", CLOSE, HOP_DENIED),
};
#define SCRIPTS ((int)(sizeof scripts / sizeof scripts[0]))

struct peer {
    char path[128];
    pid_t pid;
};

static int listener(const char *path, int backlog)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert(hop_string_copy(name.sun_path, sizeof name.sun_path, path));
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    ck_assert_int_eq(listen(fd, backlog), 0);
    return fd;
}

typedef void peer_main(int listening, const void *context);

static struct peer peer_start(peer_main *serve, const void *context)
{
    static int number;
    struct peer peer;
    snprintf(peer.path, sizeof peer.path, "%s/peer-%d-%d", fixture.folder, (int)getpid(), number++);
    int fd = listener(peer.path, 8);
    peer.pid = fork();
    ck_assert_int_ge(peer.pid, 0);
    if (peer.pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGPIPE, SIG_IGN);
        serve(fd, context);
        _exit(0);
    }
    close(fd);
    return peer;
}

static void peer_stop(struct peer *peer)
{
    kill(peer->pid, SIGKILL);
    waitpid(peer->pid, NULL, 0);
    unlink(peer->path);
}

static struct hop_store *peer_store(const struct peer *peer, const char *secret)
{
    const struct hop_redis_setup setup = {.unix_path = peer->path, .user = "", .secret = secret};
    struct hop_store *store = NULL;
    ck_assert_int_eq(hop_store_redis_new(&setup, &store, NULL), HOP_OK);
    return store;
}

static bool send_all(int fd, const char *bytes, size_t len)
{
    while (len) {
        ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes += sent;
        len -= (size_t)sent;
    }
    return true;
}

static void say(int fd, const struct script *script)
{
    char drop[4096];
    if (recv(fd, drop, sizeof drop, 0) <= 0)
        return;
    do {
        if (!script->pause_ms && !send_all(fd, script->bytes, script->len))
            return;
        for (size_t i = 0; script->pause_ms && i < script->len; i++) {
            poll(NULL, 0, script->pause_ms);
            if (!send_all(fd, script->bytes + i, 1))
                return;
        }
    } while (script->after == AGAIN);
    if (script->after == HALF)
        shutdown(fd, SHUT_WR);
    while (script->after != CLOSE && recv(fd, drop, sizeof drop, 0) > 0)
        ;
}

static void serve_script(int listening, const void *context)
{
    for (;;) {
        int fd = accept(listening, NULL, NULL);
        if (fd < 0)
            _exit(1);
        say(fd, context);
        close(fd);
    }
}

static enum hop_rc two_reads(struct hop_store *store, struct hop_deadline by, struct hop_error *err)
{
    const struct hop_read reads[] = {{.kind = HOP_READ_TIME}, {.kind = HOP_READ_HASH, .key = "k"}};
    struct hop_replies replies;
    hop_replies_init(&replies);
    enum hop_rc rc = hop_store_read_by(store, reads, 2, &replies, by, err);
    if (rc != HOP_OK)
        ck_assert_ptr_null(replies.items);
    hop_replies_done(&replies);
    return rc;
}

static enum hop_rc two_writes(struct hop_store *store, bool joins, struct hop_deadline by,
                              struct hop_error *err)
{
    struct hop_batch batch;
    hop_batch_init(&batch);
    if (joins)
        batch_put(&batch, HOP_WRITE_DAYS, "k", "d", "20780:1", 0);
    else
        batch_put(&batch, HOP_WRITE_FIELD, "k", "f", "v", 0);
    enum hop_rc rc = hop_store_write_by(store, &batch, by, err);
    hop_batch_done(&batch);
    return rc;
}

static bool visit_any(void *context, struct hop_span id, struct hop_span value)
{
    (void)context, (void)id, (void)value;
    return true;
}

static bool visit_count(void *context, struct hop_span id, struct hop_span value)
{
    (void)id, (void)value;
    ++*(int *)context;
    return true;
}

static void in_time(struct hop_deadline by)
{
    ck_assert(!hop_deadline_passed(by, hop_clock_monotonic_ns() - PATIENCE_MS * HOP_NS_PER_MS));
}

/* Only a peer that is to time out needs a deadline that comes. */
static struct hop_deadline deadline_for(const struct script *script)
{
    return script->expected == HOP_TIMEOUT ? hop_clock_deadline(BRIEF_MS) : soon();
}

START_TEST(a_hostile_answer_is_an_error_within_the_deadline)
{
    const struct script *script = &scripts[_i];
    struct peer peer = peer_start(serve_script, script);
    int before = descriptors_open();
    struct hop_store *store = peer_store(&peer, "");
    for (int i = 0; i < 2; i++) {
        struct hop_error err = {0};
        struct hop_deadline by = deadline_for(script);
        enum hop_rc rc = two_reads(store, by, &err);
        ck_assert_msg(rc == script->expected, "script %d: %s: %s", _i, hop_rc_word(rc), err.text);
        ck_assert_int_eq(err.rc, rc);
        ck_assert(strncmp(err.text, "redis /", 7) == 0);
        for (const char *c = err.text; *c; c++)
            ck_assert(*c >= ' ' && *c <= '~');
        in_time(by);
        ck_assert_int_eq(descriptors_open(), before); /* never used again half-read */
    }
    hop_store_free(&store);
    peer_stop(&peer);
}
END_TEST

START_TEST(a_hostile_answer_fails_writing_and_the_log_too)
{
    const struct script *script = &scripts[_i];
    struct peer peer = peer_start(serve_script, script);
    int before = descriptors_open();
    struct hop_store *store = peer_store(&peer, "");
    for (int i = 0; i < 3; i++) {
        struct hop_deadline by = hop_clock_deadline(BRIEF_MS);
        enum hop_rc rc = i == 2 ? hop_store_log_by(store, "k", 0, visit_any, NULL, by, NULL)
                                : two_writes(store, i == 0, by, NULL);
        /* A null or two-element array may pass for an empty page of a log. */
        ck_assert_msg(rc != HOP_OK || i == 2, "script %d, %d", _i, i);
        in_time(by);
    }
    hop_store_free(&store);
    ck_assert_int_eq(descriptors_open(), before);
    peer_stop(&peer);
}
END_TEST

START_TEST(a_servers_words_are_shown_but_tamed)
{
    static const struct script script =
        SAYS(TIME_REPLY "-ERR \x1b[31mred\x01 \xff \\\r\n", HOLD, HOP_IO);
    struct peer peer = peer_start(serve_script, &script);
    struct hop_store *store = peer_store(&peer, "");
    struct hop_error err = {0};
    ck_assert_int_eq(two_reads(store, soon(), &err), HOP_IO);
    ck_assert_ptr_nonnull(strstr(err.text, "server says: ERR \\x1b[31mred\\x01 \\xff"));
    hop_store_free(&store);
    peer_stop(&peer);
}
END_TEST

/* Answers one exchange after the other, over as many connections as it takes; a NULL answer closes
 * the connection once the request has come. Ends each request at its last command's last byte. */
struct dialogue {
    const char *const *answers;
    const char *const *expected; /* text that each request must contain; NULL: any */
    size_t count;
};

static void serve_dialogue(int listening, const void *context)
{
    const struct dialogue *dialogue = context;
    int fd = -1;
    for (size_t i = 0; i < dialogue->count;) {
        char request[65536];
        if (fd < 0)
            fd = accept(listening, NULL, NULL);
        ssize_t len = recv(fd, request, sizeof request - 1, 0);
        if (len <= 0) {
            close(fd);
            fd = -1;
            continue;
        }
        request[len] = '\0';
        if (dialogue->expected && dialogue->expected[i] && !strstr(request, dialogue->expected[i]))
            _exit(1);
        if (dialogue->answers[i])
            send_all(fd, dialogue->answers[i], strlen(dialogue->answers[i]));
        if (!dialogue->answers[i++]) {
            close(fd);
            fd = -1;
        }
    }
    for (;;)
        pause();
}

START_TEST(a_score_is_one_round_trip_with_password_and_database)
{
    static const char *const answers[] = {"+OK\r\n+OK\r\n" TIME_REPLY HASH_REPLY};
    static const char *const expected[] = {"*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n"
                                           "*2\r\n$6\r\nSELECT\r\n$1\r\n5\r\n"
                                           "*1\r\n$4\r\nTIME\r\n"
                                           "*2\r\n$7\r\nHGETALL\r\n$1\r\nk\r\n"};
    static const struct dialogue dialogue = {answers, expected, 1};
    struct peer peer = peer_start(serve_dialogue, &dialogue);
    const struct hop_redis_setup setup = {
        .unix_path = peer.path, .secret = "secret", .database = 5};
    struct hop_store *store = NULL;
    ck_assert_int_eq(hop_store_redis_new(&setup, &store, NULL), HOP_OK);
    ck_assert_int_eq(two_reads(store, soon(), NULL), HOP_OK);
    hop_store_free(&store);
    peer_stop(&peer);
}
END_TEST

START_TEST(a_connection_closed_while_idle_is_made_anew)
{
    /* closed after the first answer; and, the second time, once the request has come */
    static const char *const answers[] = {TIME_REPLY HASH_REPLY, NULL, TIME_REPLY HASH_REPLY};
    static const struct dialogue dialogue = {answers, NULL, 3};
    struct peer peer = peer_start(serve_dialogue, &dialogue);
    struct hop_store *store = peer_store(&peer, "");
    ck_assert_int_eq(two_reads(store, soon(), NULL), HOP_OK);
    ck_assert_int_eq(two_reads(store, soon(), NULL), HOP_OK);
    hop_store_free(&store);
    peer_stop(&peer);
}
END_TEST

/* Answers once, closes, and says so to the parent before it serves on. */
static void serve_and_hang_up(int listening, const void *context)
{
    static const char executed[] = "+OK\r\n+QUEUED\r\n*1\r\n:1\r\n";
    const int *report = context;
    char request[4096];
    int fd = accept(listening, NULL, NULL);
    if (recv(fd, request, sizeof request, 0) > 0)
        send_all(fd, TIME_REPLY HASH_REPLY, strlen(TIME_REPLY HASH_REPLY));
    close(fd);
    if (write(report[1], "", 1) != 1)
        _exit(1);
    fd = accept(listening, NULL, NULL);
    if (recv(fd, request, sizeof request, 0) > 0)
        send_all(fd, executed, strlen(executed));
    for (;;)
        pause();
}

START_TEST(a_write_after_the_server_hung_up_is_sent_once_over_a_new_connection)
{
    int report[2];
    char done;
    ck_assert_int_eq(pipe2(report, O_CLOEXEC), 0);
    struct peer peer = peer_start(serve_and_hang_up, report);
    struct hop_store *store = peer_store(&peer, "");
    ck_assert_int_eq(two_reads(store, soon(), NULL), HOP_OK);
    ck_assert_int_eq(read(report[0], &done, 1), 1);
    ck_assert_int_eq(two_writes(store, false, soon(), NULL), HOP_OK);
    hop_store_free(&store);
    peer_stop(&peer);
}
END_TEST

/* Answers what is asked under WATCH, closes, and would take anything over another connection. */
static void serve_watched_and_hang_up(int listening, const void *context)
{
    static const char watched[] = "+OK\r\n$-1\r\n";
    static const char executed[] = "+OK\r\n+QUEUED\r\n*1\r\n:1\r\n";
    char request[4096];
    (void)context;
    int fd = accept(listening, NULL, NULL);
    if (recv(fd, request, sizeof request, 0) > 0)
        send_all(fd, watched, strlen(watched));
    close(fd);
    fd = accept(listening, NULL, NULL);
    if (recv(fd, request, sizeof request, 0) > 0)
        send_all(fd, executed, strlen(executed));
    for (;;)
        pause();
}

/* A new connection watches nothing: what others wrote meanwhile would be lost. */
START_TEST(what_was_watched_over_one_connection_is_not_written_over_another)
{
    struct peer peer = peer_start(serve_watched_and_hang_up, NULL);
    for (int i = 0; i < 20; i++) { /* whether the end is seen before or after sending */
        struct hop_store *store = peer_store(&peer, "");
        ck_assert_int_eq(two_writes(store, true, soon(), NULL), HOP_IO);
        hop_store_free(&store);
        peer_stop(&peer);
        peer = peer_start(serve_watched_and_hang_up, NULL);
    }
    peer_stop(&peer);
}
END_TEST

START_TEST(a_write_is_not_sent_twice)
{
    /* EXEC's connection is closed without an answer: it may have been done */
    static const char *const answers[] = {"+OK\r\n$-1\r\n", NULL, "+not reached\r\n"};
    static const char *const expected[] = {"WATCH", "EXEC", "nothing"};
    static const struct dialogue dialogue = {answers, expected, 3};
    struct peer peer = peer_start(serve_dialogue, &dialogue);
    struct hop_store *store = peer_store(&peer, "");
    ck_assert_int_eq(two_writes(store, true, soon(), NULL), HOP_IO);
    hop_store_free(&store);
    ck_assert_int_eq(waitpid(peer.pid, NULL, WNOHANG), 0);
    peer_stop(&peer);
}
END_TEST

static void serve_conflict(int listening, const void *context)
{
    (void)context;
    char request[4096];
    int fd = accept(listening, NULL, NULL);
    for (;;) {
        ssize_t len = recv(fd, request, sizeof request - 1, 0);
        if (len <= 0)
            _exit(1);
        request[len] = '\0';
        const char *answer =
            strstr(request, "EXEC") ? "+OK\r\n+QUEUED\r\n*-1\r\n" : "+OK\r\n$-1\r\n";
        send_all(fd, answer, strlen(answer));
    }
}

START_TEST(conflicts_without_end_are_one)
{
    struct peer peer = peer_start(serve_conflict, NULL);
    struct hop_store *store = peer_store(&peer, "");
    struct hop_error err = {0};
    struct hop_deadline by = hop_clock_deadline(BRIEF_MS);
    enum hop_rc rc = two_writes(store, true, by, &err);
    ck_assert(rc == HOP_CONFLICT || rc == HOP_TIMEOUT); /* it may pass within an exchange */
    in_time(by);
    hop_store_free(&store);
    peer_stop(&peer);
}
END_TEST

static enum hop_rc written_to(const char *const *answers, size_t count, struct hop_error *err)
{
    const struct dialogue dialogue = {answers, NULL, count};
    struct peer peer = peer_start(serve_dialogue, &dialogue);
    struct hop_store *store = peer_store(&peer, "");
    enum hop_rc rc = two_writes(store, true, soon(), err);
    hop_store_free(&store);
    peer_stop(&peer);
    return rc;
}

#define EXCHANGE(exec) ((const char *const[]){"+OK\r\n$-1\r\n", (exec)})

START_TEST(a_transaction_counts_only_when_every_part_says_so)
{
    struct hop_error err = {0};
    ck_assert_int_eq(written_to(EXCHANGE("+OK\r\n+QUEUED\r\n*1\r\n:1\r\n"), 2, &err), HOP_OK);
    ck_assert_int_eq(written_to(EXCHANGE("+OK\r\n-NOPERM no\r\n-EXECABORT x\r\n"), 2, &err),
                     HOP_DENIED);
    ck_assert_int_eq(written_to(EXCHANGE("+OK\r\n-OOM no\r\n-EXECABORT x\r\n"), 2, &err), HOP_IO);
    ck_assert_ptr_nonnull(strstr(err.text, "OOM no"));
    ck_assert_int_eq(written_to(EXCHANGE("-READONLY r\r\n+QUEUED\r\n*1\r\n:1\r\n"), 2, &err),
                     HOP_IO);
    ck_assert_int_eq(written_to(EXCHANGE("+OK\r\n+QUEUED\r\n*1\r\n-WRONGTYPE w\r\n"), 2, &err),
                     HOP_IO);
    ck_assert_int_eq(written_to(EXCHANGE("+OK\r\n+QUEUED\r\n*0\r\n"), 2, &err), HOP_MALFORMED);
    ck_assert_int_eq(written_to(EXCHANGE("+OK\r\n+QUEUED\r\n*2\r\n:1\r\n:1\r\n"), 2, &err),
                     HOP_MALFORMED);
    ck_assert_int_eq(written_to(EXCHANGE("+OK\r\n+QUEUED\r\n+OK\r\n"), 2, &err), HOP_MALFORMED);
    ck_assert_int_eq(written_to((const char *const[]){"+OK\r\n:1\r\n"}, 1, &err), HOP_MALFORMED);
    ck_assert_int_eq(written_to((const char *const[]){":1\r\n$-1\r\n"}, 1, &err), HOP_MALFORMED);
}
END_TEST

START_TEST(an_unchanged_field_is_not_written)
{
    static const char *const same[] = {"+OK\r\n$7\r\n20780:3\r\n", "+OK\r\n"};
    static const char *const expected[] = {"WATCH", "UNWATCH"};
    static const struct dialogue dialogue = {same, expected, 2};
    struct peer peer = peer_start(serve_dialogue, &dialogue);
    struct hop_store *store = peer_store(&peer, "");
    ck_assert_int_eq(two_writes(store, true, soon(), NULL), HOP_OK);
    hop_store_free(&store);
    peer_stop(&peer);
}
END_TEST

START_TEST(a_peer_that_has_gone_raises_no_signal)
{
    static const struct script script = SAYS("", CLOSE, HOP_IO);
    signal(SIGPIPE, SIG_DFL);
    struct peer peer = peer_start(serve_script, &script);
    struct hop_store *store = peer_store(&peer, "");
    struct hop_batch batch;
    char *value = calloc(1, HOP_STORE_VALUE_MAX + 1);
    memset(value, 'x', HOP_STORE_VALUE_MAX);
    hop_batch_init(&batch);
    for (int i = 0; i < 200; i++)
        batch_put(&batch, HOP_WRITE_MEMBER, "k", NULL, value, 0);
    enum hop_rc rc = hop_store_write_by(store, &batch, soon(), NULL);
    ck_assert_int_ne(rc, HOP_OK);
    ck_assert_int_ne(rc, HOP_TIMEOUT);
    hop_batch_done(&batch);
    free(value);
    hop_store_free(&store);
    peer_stop(&peer);
}
END_TEST

START_TEST(nobody_there_is_an_error)
{
    struct hop_error err = {0};
    struct peer peer = {.path = "/nonexistent/redis.sock"};
    struct hop_store *store = peer_store(&peer, "");
    ck_assert_int_eq(two_reads(store, soon(), &err), HOP_IO);
    ck_assert_int_eq(err.rc, HOP_IO);
    ck_assert_int_eq(two_writes(store, true, soon(), &err), HOP_IO);
    hop_store_free(&store);
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof name;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); /* bound, but does not listen */
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&name, len), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&name, &len), 0);
    const struct hop_redis_setup setup = {.address = "127.0.0.1", .port = ntohs(name.sin_port)};
    ck_assert_int_eq(hop_store_redis_new(&setup, &store, NULL), HOP_OK);
    ck_assert_int_eq(two_reads(store, soon(), &err), HOP_IO);
    ck_assert_ptr_nonnull(strstr(err.text, "redis 127.0.0.1 port "));
    hop_store_free(&store);
    close(fd);
}
END_TEST

START_TEST(a_server_that_accepts_nobody_is_left_at_the_deadline)
{
    struct peer peer;
    int waiting[16];
    snprintf(peer.path, sizeof peer.path, "%s", fixture_path("backlog"));
    int fd = listener(peer.path, 0);
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    ck_assert(hop_string_copy(name.sun_path, sizeof name.sun_path, peer.path));
    for (int i = 0; i < 16; i++) {
        waiting[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (connect(waiting[i], (struct sockaddr *)&name, sizeof name) != 0)
            ck_assert_int_eq(errno, EAGAIN);
    }
    struct hop_store *store = peer_store(&peer, "");
    struct hop_deadline by = hop_clock_deadline(BRIEF_MS);
    ck_assert_int_eq(two_reads(store, by, NULL), HOP_TIMEOUT);
    in_time(by);
    hop_store_free(&store);
    for (int i = 0; i < 16; i++)
        close(waiting[i]);
    close(fd);
}
END_TEST

START_TEST(a_network_that_swallows_is_left_at_the_deadline)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof name;
    int waiting[8], fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&name, len), 0);
    ck_assert_int_eq(listen(fd, 0), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&name, &len), 0);
    for (int i = 0; i < 8; i++) {
        waiting[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (connect(waiting[i], (struct sockaddr *)&name, sizeof name) != 0)
            ck_assert_int_eq(errno, EINPROGRESS);
    }
    const struct hop_redis_setup setup = {.address = "127.0.0.1", .port = ntohs(name.sin_port)};
    struct hop_store *store = NULL;
    ck_assert_int_eq(hop_store_redis_new(&setup, &store, NULL), HOP_OK);
    struct hop_deadline by = hop_clock_deadline(BRIEF_MS);
    ck_assert_int_eq(two_reads(store, by, NULL), HOP_TIMEOUT);
    in_time(by);
    hop_store_free(&store);
    for (int i = 0; i < 8; i++)
        close(waiting[i]);
    close(fd);
}
END_TEST

START_TEST(a_stopped_server_is_left_at_the_deadline_and_found_again)
{
    struct hop_store *store = store_open((enum store_kind)_i), *fresh = NULL;
    ck_assert_int_eq(two_reads(store, soon(), NULL), _i == STORE_REDIS_ACL ? HOP_DENIED : HOP_OK);
    fresh = store_open((enum store_kind)_i);
    kill(fixture.redis, SIGSTOP);
    struct hop_deadline by = hop_clock_deadline(BRIEF_MS);
    enum hop_rc used = two_reads(store, by, NULL);
    enum hop_rc newly = two_reads(fresh, by, NULL);
    enum hop_rc writing = two_writes(fresh, true, hop_clock_deadline(BRIEF_MS), NULL);
    bool timely = !hop_deadline_passed(by, hop_clock_monotonic_ns() - PATIENCE_MS * HOP_NS_PER_MS);
    kill(fixture.redis, SIGCONT);
    ck_assert_int_eq(used, HOP_TIMEOUT);
    ck_assert_int_eq(newly, HOP_TIMEOUT);
    ck_assert_int_eq(writing, HOP_TIMEOUT);
    ck_assert(timely);
    write_one(store, HOP_WRITE_FIELD, test_key((enum store_kind)_i, "h"), "f", "v", 0);
    write_one(fresh, HOP_WRITE_FIELD, test_key((enum store_kind)_i, "h"), "f", "v", 0);
    hop_store_free(&store);
    hop_store_free(&fresh);
}
END_TEST

static enum hop_rc read_with(const char *user, const char *secret, struct hop_error *err)
{
    struct hop_redis_setup setup = redis_setup(STORE_REDIS_TCP);
    setup.user = user;
    setup.secret = secret;
    struct hop_store *store = NULL;
    ck_assert_int_eq(hop_store_redis_new(&setup, &store, NULL), HOP_OK);
    enum hop_rc rc = two_reads(store, soon(), err);
    hop_store_free(&store);
    return rc;
}

START_TEST(who_has_no_right_is_denied)
{
    struct hop_error err = {0};
    ck_assert_int_eq(read_with("", REDIS_PASSWORD, &err), HOP_OK);
    ck_assert_int_eq(read_with("", "wrong-secret", &err), HOP_DENIED);
    ck_assert_ptr_null(strstr(err.text, "wrong-secret"));
    ck_assert_int_eq(read_with("", "", &err), HOP_DENIED);
    ck_assert_int_eq(read_with("nobody", REDIS_PASSWORD, &err), HOP_DENIED);
    ck_assert_int_eq(read_with(REDIS_USER, "wrong-secret", &err), HOP_DENIED);
    ck_assert_int_eq(read_with(REDIS_USER, REDIS_USER_SECRET, &err), HOP_DENIED); /* not k */
    ck_assert_ptr_nonnull(strstr(err.text, "NOPERM"));
}
END_TEST

START_TEST(a_batch_with_one_forbidden_key_writes_nothing)
{
    struct hop_store *store = store_open(STORE_REDIS_ACL);
    const char *key = test_key(STORE_REDIS_ACL, "allowed");
    struct hop_batch batch;
    struct hop_error err = {0};
    hop_batch_init(&batch);
    batch_put(&batch, HOP_WRITE_DAYS, key, "d", "20780:1", 0);
    batch_put(&batch, HOP_WRITE_MEMBER, "forbidden", NULL, "m", 0);
    batch_put(&batch, HOP_WRITE_FIELD, key, "f", "v", 0);
    ck_assert_int_eq(hop_store_write_by(store, &batch, soon(), &err), HOP_DENIED);
    ck_assert_ptr_nonnull(strstr(err.text, "NOPERM"));
    hop_batch_done(&batch);
    ck_assert_str_eq(field_value(store, key, "d"), "");
    ck_assert_str_eq(field_value(store, key, "f"), "");
    hop_store_free(&store);
}
END_TEST

START_TEST(a_full_server_and_a_replica_refuse_in_words)
{
    struct hop_error err = {0};
    struct hop_store *store = store_open(STORE_REDIS_UNIX);
    ADMINISTER("CONFIG", "SET", "maxmemory", "1");
    enum hop_rc full = two_writes(store, true, soon(), &err);
    bool oom = strstr(err.text, "OOM") != NULL;
    ADMINISTER("CONFIG", "SET", "maxmemory", "0");
    ADMINISTER("REPLICAOF", "127.0.0.1", "1");
    enum hop_rc replica = two_writes(store, false, soon(), &err);
    bool readonly = strstr(err.text, "READONLY") != NULL;
    ADMINISTER("REPLICAOF", "NO", "ONE");
    ck_assert_int_eq(full, HOP_IO);
    ck_assert(oom);
    ck_assert_int_eq(replica, HOP_IO);
    ck_assert(readonly);
    hop_store_free(&store);
}
END_TEST

START_TEST(a_key_of_another_type_is_an_error)
{
    struct hop_store *store = store_open(STORE_REDIS_UNIX);
    const char *key = test_key(STORE_REDIS_UNIX, "string");
    ADMINISTER("SET", key, "v");
    struct hop_read read = {.kind = HOP_READ_HASH};
    struct hop_error err = {0};
    ck_assert(hop_string_copy(read.key, sizeof read.key, key));
    struct hop_replies replies;
    hop_replies_init(&replies);
    ck_assert_int_eq(hop_store_read_by(store, &read, 1, &replies, soon(), &err), HOP_IO);
    ck_assert_ptr_nonnull(strstr(err.text, "WRONGTYPE"));
    hop_replies_done(&replies);
    hop_store_free(&store);
}
END_TEST

/* The rights of a tenant's user (one selector per row) suffice for what a tenant's host does. */
START_TEST(a_tenants_selectors_suffice_and_hold)
{
    ADMINISTER("ACL", "SETUSER", "tenant-acme", "reset", "on", ">tenant-secret", "+time", "+multi",
               "+exec", "+unwatch", "+select",
               "(%RW~hop:1:p:*:acme +hget +hgetall +hlen +hset +hdel +watch)",
               "(%RW~hop:1:log:acme +xadd +xrange)", "(%R~hop:1:p:*:home +hget +hgetall)",
               "(~hop:1:x:* +sadd +scard +srandmember)");
    struct hop_redis_setup setup = redis_setup(STORE_REDIS_TCP);
    setup.user = "tenant-acme";
    setup.secret = "tenant-secret";
    struct hop_store *store = NULL;
    ck_assert_int_eq(hop_store_redis_new(&setup, &store, NULL), HOP_OK);
    struct hop_batch batch;
    hop_batch_init(&batch);
    batch_put(&batch, HOP_WRITE_DAYS, "hop:1:p:{anna}:acme", "c:NL", "20780:1", 0);
    batch_put(&batch, HOP_WRITE_DROP, "hop:1:p:{anna}:acme", "c:XX", NULL, 0);
    batch_put(&batch, HOP_WRITE_MEMBER, "hop:1:x:{anna}:1", NULL, "touch", 0);
    batch_put(&batch, HOP_WRITE_LOG, "hop:1:log:acme", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "{}", 100);
    batch_write(store, &batch);
    batch_write(store, &batch);
    hop_batch_done(&batch);
    const struct hop_read reads[] = {
        {.kind = HOP_READ_TIME},
        {.kind = HOP_READ_HASH, .key = "hop:1:p:{anna}:acme"},
        {.kind = HOP_READ_HASH, .key = "hop:1:p:{anna}:home"},
        {.kind = HOP_READ_SAMPLE, .key = "hop:1:x:{anna}:1", .limit = 9},
        {.kind = HOP_READ_SET_SIZE, .key = "hop:1:x:{anna}:1"}};
    struct hop_replies replies;
    struct hop_error err = {0};
    hop_replies_init(&replies);
    enum hop_rc rc = hop_store_read_by(store, reads, 5, &replies, soon(), &err);
    ck_assert_msg(rc == HOP_OK, "%s", err.text);
    ck_assert_uint_eq(replies.items[1].count, 1);
    ck_assert_int_eq(replies.items[4].number, 1);
    hop_replies_done(&replies);
    ck_assert_int_eq(hop_store_log_by(store, "hop:1:log:acme", 0, visit_any, NULL, soon(), NULL),
                     HOP_OK);
    hop_batch_init(&batch);
    batch_put(&batch, HOP_WRITE_DAYS, "hop:1:p:{anna}:home", "c:NL", "20780:1", 0);
    ck_assert_int_eq(hop_store_write_by(store, &batch, soon(), NULL), HOP_DENIED);
    hop_batch_done(&batch);
    hop_store_free(&store);
    ADMINISTER("ACL", "DELUSER", "tenant-acme");
}
END_TEST

START_TEST(entries_that_others_put_into_a_log_are_passed_over)
{
    struct hop_store *store = store_open(STORE_REDIS_UNIX);
    const char *key = test_key(STORE_REDIS_UNIX, "stream");
    ADMINISTER("XADD", key, "*", "who", "knows");
    ADMINISTER("XADD", key, "*", "id", "no value");
    write_one(store, HOP_WRITE_LOG, key, "01ARZ3NDEKTSV4RRFFQ69G5FAV", "mine", 100);
    ADMINISTER("XADD", key, "*", "more", "x", "e", "theirs", "id", "any");
    int count = 0;
    ck_assert_int_eq(hop_store_log_by(store, key, 0, visit_count, &count, soon(), NULL), HOP_OK);
    ck_assert_int_eq(count, 2);
    hop_store_free(&store);
}
END_TEST

START_TEST(a_page_begins_right_behind_an_id)
{
    static const char *const ids[][2] = {{"0-0", "0-1"},
                                         {"5-8", "5-9"},
                                         {"5-9", "5-10"},
                                         {"5-1999", "5-2000"},
                                         {"1795512600123-999", "1795512600123-1000"},
                                         {"5-18446744073709551614", "5-18446744073709551615"},
                                         {"5-18446744073709551615", "6"},
                                         {"99-18446744073709551615", "100"}};
    static const char *const none[] = {"",    "5",   "5-",    "-5",
                                       "a-1", "1-a", "1-1-1", "1-184467440737095516150"};
    char next[HOP_REDIS_STREAM_ID_MAX];
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        ck_assert(hop_redis_stream_after(hop_span_of(ids[i][0]), next));
        ck_assert_str_eq(next, ids[i][1]);
    }
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        ck_assert(!hop_redis_stream_after(hop_span_of(none[i]), next));
}
END_TEST

START_TEST(a_setup_without_a_numeric_address_is_refused)
{
    struct hop_store *store = NULL;
    struct hop_redis_setup setup = {.address = "localhost", .port = 6379};
    ck_assert_int_eq(hop_store_redis_new(&setup, &store, NULL), HOP_MALFORMED);
    setup.address = NULL;
    ck_assert_int_eq(hop_store_redis_new(&setup, &store, NULL), HOP_MALFORMED);
    ck_assert_ptr_null(store);
}
END_TEST

START_TEST(opening_makes_no_connection)
{
    static const struct script script = SAYS("", HOLD, HOP_TIMEOUT);
    struct peer peer = peer_start(serve_script, &script);
    int before = descriptors_open();
    struct hop_store *store = peer_store(&peer, "");
    ck_assert_int_eq(descriptors_open(), before);
    hop_store_free(&store);
    peer_stop(&peer);
}
END_TEST

/* --- how a profile stands there --------------------------------------------------------------- */

/* The server's own words; "" for nil. Packed bytes are no text: their length. */
static const char *server_says(size_t count, const char *const *words)
{
    static char text[HOP_STORE_VALUE_MAX + 1];
    const struct hop_redis_setup setup = redis_setup(STORE_REDIS_UNIX);
    struct hop_redis_link link;
    struct hop_wire_pipeline pipeline;
    struct hop_wire_answer answer;
    ck_assert_int_eq(hop_redis_link_init(&link, &setup, NULL, NULL), HOP_OK);
    hop_wire_pipeline_init(&pipeline);
    hop_wire_command(&pipeline, count, words);
    ck_assert_int_eq(hop_redis_exchange_by(&link, &pipeline, false, &answer, soon(), NULL), HOP_OK);
    const struct hop_wire_reply *reply = answer.replies[0];
    text[0] = '\0';
    if (reply->kind == HOP_WIRE_STRING && !hop_span_copy(reply->text, text, sizeof text))
        snprintf(text, sizeof text, "%zu bytes", reply->text.len);
    hop_wire_answer_done(&answer);
    hop_wire_pipeline_done(&pipeline);
    hop_redis_link_done(&link);
    return text;
}

static const char *raw_field(const char *key, const char *field)
{
    return server_says(3, (const char *const[]){"HGET", key, field});
}

/* Of a command, since the statistics were reset. */
static int calls_of(const char *command)
{
    char head[64];
    snprintf(head, sizeof head, "cmdstat_%s:calls=", command);
    const char *at = strstr(server_says(2, (const char *const[]){"INFO", "commandstats"}), head);
    return at ? atoi(at + strlen(head)) : 0;
}

static size_t fields_read(struct hop_store *store, const char *key)
{
    struct hop_replies replies;
    hop_replies_init(&replies);
    size_t count = read_one(store, HOP_READ_HASH, key, NULL, 0, &replies)->count;
    hop_replies_done(&replies);
    return count;
}

static size_t length_of(const char *key)
{
    struct hop_store *store = store_open(STORE_REDIS_UNIX);
    struct hop_replies replies;
    hop_replies_init(&replies);
    int64_t length = read_one(store, HOP_READ_HASH_SIZE, key, NULL, 0, &replies)->number;
    hop_replies_done(&replies);
    hop_store_free(&store);
    return (size_t)length;
}

/* Every value a field of its own. */
START_TEST(a_profile_of_the_older_layout_is_read_and_taken_in)
{
    struct hop_store *store = store_open(STORE_REDIS_UNIX);
    const char *key = test_key(STORE_REDIS_UNIX, "older");
    ADMINISTER("HSET", key, "c:NL", "20779:5+", "h:acme/db1", "20700:1", "h:acme/db2", "20701:3",
               "k:spoilt", "20701:2", "stepup", "1790000000");
    ck_assert_uint_eq(fields_read(store, key), 5);
    ck_assert_str_eq(field_value(store, key, "c:NL"), "20779:5+");
    ck_assert_str_eq(raw_field(key, "c:NL"), "20779:5+");
    write_one(store, HOP_WRITE_DAYS, key, "c:NL", "20780:1", 0);
    ck_assert_str_eq(raw_field(key, "c:NL"), "");
    ck_assert_str_eq(raw_field(key, "h:acme/db1"), "");
    ck_assert_str_eq(raw_field(key, "stepup"), "1790000000");
    ck_assert_str_eq(raw_field(key, "k:spoilt"), "20701:2");
    ck_assert_uint_eq(fields_read(store, key), 5);
    ck_assert_str_eq(field_value(store, key, "c:NL"), "20780:b+");
    ck_assert_str_eq(field_value(store, key, "h:acme/db1"), "20700:1");
    ck_assert_str_eq(field_value(store, key, "h:acme/db2"), "20701:3");
    write_one(store, HOP_WRITE_DAYS, key, "k:spoilt", "20780:1", 0);
    ck_assert_str_eq(raw_field(key, "k:spoilt"), "");
    ck_assert_str_eq(field_value(store, key, "k:spoilt"), "20780:1");
    hop_store_free(&store);
}
END_TEST

/* Each write takes in so many, and none is missing meanwhile. */
START_TEST(a_large_profile_of_the_older_layout_is_taken_in_by_and_by)
{
    struct hop_store *store = store_open(STORE_REDIS_UNIX);
    const char *key = test_key(STORE_REDIS_UNIX, "older and large");
    char field[32], value[32];
    const size_t hosts = 2 * HOP_REDIS_REPACKED_MAX + 100;
    for (size_t i = 0; i < hosts; i++) {
        snprintf(field, sizeof field, "h:acme/host%zu", i);
        snprintf(value, sizeof value, "%zu:%zx", 20000 + i, 2 * i + 1);
        ADMINISTER("HSET", key, field, value);
    }
    size_t left = hosts;
    for (int day = 0; day < 4; day++) {
        snprintf(value, sizeof value, "%d:1", 20770 + day);
        write_one(store, HOP_WRITE_DAYS, key, "c:NL", value, 0);
        left = left > HOP_REDIS_REPACKED_MAX ? left - HOP_REDIS_REPACKED_MAX : 0;
        ck_assert_uint_eq(length_of(key), left + 1);
        ck_assert_uint_eq(fields_read(store, key), hosts + 1);
    }
    ck_assert_uint_eq(left, 0);
    for (size_t i = 0; i < hosts; i++) {
        snprintf(field, sizeof field, "h:acme/host%zu", i);
        snprintf(value, sizeof value, "%zu:%zx", 20000 + i, 2 * i + 1);
        ck_assert_str_eq(field_value(store, key, field), value);
    }
    ck_assert_str_eq(field_value(store, key, "c:NL"), "20773:f");
    hop_store_free(&store);
}
END_TEST

/* A host that was not renewed yet writes beside what is packed. */
START_TEST(what_stands_packed_and_on_its_own_is_the_union)
{
    struct hop_store *store = store_open(STORE_REDIS_UNIX);
    const char *key = test_key(STORE_REDIS_UNIX, "both");
    write_one(store, HOP_WRITE_DAYS, key, "c:NL", "20780:1", 0);
    ADMINISTER("HSET", key, "c:NL", "20779:1+");
    ck_assert_str_eq(field_value(store, key, "c:NL"), "20780:3+");
    write_one(store, HOP_WRITE_DAYS, key, "c:DE", "20780:1", 0);
    ck_assert_str_eq(raw_field(key, "c:NL"), "");
    ck_assert_str_eq(field_value(store, key, "c:NL"), "20780:3+");
    hop_store_free(&store);
}
END_TEST

START_TEST(what_is_known_already_writes_nothing)
{
    struct hop_store *store = store_open(STORE_REDIS_UNIX);
    const char *key = test_key(STORE_REDIS_UNIX, "second");
    write_one(store, HOP_WRITE_DAYS, key, "c:NL", "20780:3", 0);
    ADMINISTER("CONFIG", "RESETSTAT");
    write_one(store, HOP_WRITE_DAYS, key, "c:NL", "20779:1", 0);
    ck_assert_int_eq(calls_of("hset"), 0);
    write_one(store, HOP_WRITE_DAYS, key, "c:NL", "20778:1", 0);
    ck_assert_int_eq(calls_of("hset"), 1);
    hop_store_free(&store);
}
END_TEST

static enum hop_rc tried(struct hop_store *store, enum hop_read_kind kind, const char *key,
                         const char *field)
{
    struct hop_read read = {.kind = kind};
    struct hop_replies replies;
    ck_assert(hop_string_copy(read.key, sizeof read.key, key));
    ck_assert(hop_string_copy(read.field, sizeof read.field, field));
    hop_replies_init(&replies);
    enum hop_rc rc = hop_store_read_by(store, &read, 1, &replies, soon(), NULL);
    hop_replies_done(&replies);
    return rc;
}

static void visit_pack(void *context, struct hop_span field, struct hop_span value)
{
    *(size_t *)context +=
        hop_span_is(field, HOP_PACK_FIELD) ? 100 * hop_span_is(value, "garbage") : 1;
}

/* Upkeep meets it as it is. */
static void spoilt_pack_is_met(struct hop_store *store, const char *key)
{
    struct hop_cursor cursor = {.ended = false};
    size_t met = 0;
    ck_assert_int_eq(
        hop_store_items_by(store, key, HOP_OBJECT_HASH, &cursor, visit_pack, &met, soon(), NULL),
        HOP_OK);
    ck_assert(cursor.ended);
    ck_assert_uint_eq(met, 101);
}

START_TEST(a_spoilt_pack_is_no_newcomer_and_the_next_lesson_replaces_it)
{
    struct hop_store *store = store_open(STORE_REDIS_UNIX);
    const char *key = test_key(STORE_REDIS_UNIX, "spoilt pack");
    ADMINISTER("HSET", key, HOP_PACK_FIELD, "garbage", "c:NL", "20779:1");
    ck_assert_int_eq(tried(store, HOP_READ_HASH, key, ""), HOP_MALFORMED);
    ck_assert_int_eq(tried(store, HOP_READ_FIELD, key, "c:NL"), HOP_MALFORMED);
    ck_assert_int_eq(tried(store, HOP_READ_FIELD, key, "c:DE"), HOP_MALFORMED);
    ck_assert_int_eq(tried(store, HOP_READ_FIELD, key, "last"), HOP_OK);
    spoilt_pack_is_met(store, key);
    write_one(store, HOP_WRITE_DAYS, key, "c:NL", "20780:1", 0);
    ck_assert_uint_eq(fields_read(store, key), 1);
    ck_assert_str_eq(field_value(store, key, "c:NL"), "20780:3");
    ADMINISTER("HSET", key, HOP_PACK_FIELD, "garbage");
    write_one(store, HOP_WRITE_DROP, key, "c:NL", NULL, 0);
    ck_assert_str_eq(raw_field(key, HOP_PACK_FIELD), "");
    ck_assert_int_eq(tried(store, HOP_READ_HASH, key, ""), HOP_OK);
    hop_store_free(&store);
}
END_TEST

/* What a walk asks of a hash is two commands: the server may answer the first alone. */
START_TEST(a_walk_to_which_the_pack_is_refused_visits_nothing_and_stays)
{
#define PAGE_REPLY "*2\r\n$1\r\n0\r\n*2\r\n$4\r\nlast\r\n$1\r\n1\r\n"
    static const struct {
        const char *answer;
        enum hop_rc rc;
    } cases[] = {{PAGE_REPLY "-MOVED 1 127.0.0.1:1\r\n", HOP_IO},
                 {PAGE_REPLY "-ASK 1 127.0.0.1:1\r\n", HOP_IO},
                 {PAGE_REPLY "-NOPERM this user has no permissions\r\n", HOP_DENIED},
                 {PAGE_REPLY ":1\r\n", HOP_MALFORMED},
                 {PAGE_REPLY "*0\r\n", HOP_MALFORMED},
                 {PAGE_REPLY "$-1\r\n", HOP_OK}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct dialogue dialogue = {&cases[i].answer, NULL, 1};
        struct peer peer = peer_start(serve_dialogue, &dialogue);
        struct hop_store *store = peer_store(&peer, "");
        struct hop_cursor cursor = {.ended = false};
        struct hop_error err = {0};
        size_t met = 0;
        enum hop_rc rc = hop_store_items_by(store, "k", HOP_OBJECT_HASH, &cursor, visit_pack, &met,
                                            soon(), &err);
        ck_assert_msg(rc == cases[i].rc, "%s: %s", cases[i].answer, err.text);
        ck_assert_uint_eq(met, rc == HOP_OK);
        ck_assert_int_eq(cursor.ended, rc == HOP_OK);
        ck_assert(rc == HOP_OK || !cursor.at[0]);
        hop_store_free(&store);
        peer_stop(&peer);
    }
#undef PAGE_REPLY
}
END_TEST

/* While a slot moves, a profile may go between two commands of one pipeline. Its writes are then
 * dealt out anew, beside those that need no reading. */
START_TEST(after_an_error_nothing_of_the_answer_is_kept)
{
    static const char text[] = "+OK\r\n*2\r\n$4\r\nc:NL\r\n$7\r\n20779:1\r\n-ASK 1 127.0.0.1:1\r\n";
    struct hop_redis_outcome *outcomes = calloc(4, sizeof *outcomes);
    const struct hop_wire_reply *wrong = NULL;
    struct hop_wire_pipeline pipeline;
    struct hop_wire_answer answer;
    struct hop_batch batch;
    ck_assert_ptr_nonnull(outcomes);
    hop_batch_init(&batch);
    batch_put(&batch, HOP_WRITE_MEMBER, "x", NULL, "m1", 0);
    batch_put(&batch, HOP_WRITE_DAYS, "p", "c:NL", "20780:1", 0);
    batch_put(&batch, HOP_WRITE_LATEST, "p", "stepup", "1790000000", 0);
    batch_put(&batch, HOP_WRITE_MEMBER, "x", NULL, "m2", 0);
    hop_wire_pipeline_init(&pipeline);
    ck_assert_uint_eq(hop_redis_olds_put(&pipeline, &batch, false), 3);
    hop_wire_pipeline_done(&pipeline);
    ck_assert_int_eq(hop_wire_answer_start(&answer, 3), HOP_OK);
    ck_assert_int_eq(hop_wire_answer_feed(&answer, hop_span_of(text)), HOP_OK);
    ck_assert(hop_wire_answer_complete(&answer));
    ck_assert_int_eq(hop_redis_olds_take(&batch, answer.replies, 3, outcomes, &wrong),
                     HOP_MALFORMED);
    ck_assert_ptr_eq(wrong, answer.replies[2]);
    hop_wire_answer_done(&answer);
    for (size_t i = 0; i < batch.count; i++)
        ck_assert(!outcomes[i].fields && !outcomes[i].old.at);
    struct hop_write second = batch.writes[1], third = batch.writes[2];
    batch.writes[1] = batch.writes[3];
    batch.writes[2] = second;
    batch.writes[3] = third;
    const struct hop_batch front = {.writes = batch.writes, .count = 2};
    size_t changes = 0;
    ck_assert(!hop_redis_batch_joins(&front));
    ck_assert_int_eq(hop_redis_joins_work_out(&front, outcomes, &changes), HOP_OK);
    ck_assert_uint_eq(changes, 2);
    hop_redis_outcomes_done(outcomes, batch.count);
    free(outcomes);
    hop_batch_done(&batch);
}
END_TEST

/* Whoever found it spoilt may come after a login that mended it. */
START_TEST(a_pack_is_dropped_only_while_it_is_spoilt)
{
    struct hop_store *store = store_open(STORE_REDIS_UNIX);
    const char *key = test_key(STORE_REDIS_UNIX, "mended pack");
    struct hop_batch batch;
    write_one(store, HOP_WRITE_DAYS, key, "c:NL", "20780:1", 0);
    write_one(store, HOP_WRITE_DROP, key, HOP_PACK_FIELD, NULL, 0);
    ck_assert_str_eq(field_value(store, key, "c:NL"), "20780:1");
    hop_batch_init(&batch);
    batch_put(&batch, HOP_WRITE_DROP, key, HOP_PACK_FIELD, NULL, 0);
    batch_put(&batch, HOP_WRITE_DROP, key, "k:spoilt", NULL, 0);
    batch_write(store, &batch);
    ck_assert_str_eq(field_value(store, key, "c:NL"), "20780:1");
    batch_put(&batch, HOP_WRITE_DAYS, key, "c:DE", "20780:1", 0);
    batch_write(store, &batch);
    ck_assert_str_eq(field_value(store, key, "c:NL"), "20780:1");
    ck_assert_str_eq(field_value(store, key, "c:DE"), "20780:1");
    hop_batch_done(&batch);
    static const char *const spoilt[] = {"garbage", ""};
    for (size_t i = 0; i < sizeof spoilt / sizeof *spoilt; i++) {
        ADMINISTER("HSET", key, HOP_PACK_FIELD, spoilt[i], "stepup", "1790000000");
        write_one(store, HOP_WRITE_DROP, key, HOP_PACK_FIELD, NULL, 0);
        ck_assert_uint_eq(length_of(key), 1);
    }
    hop_store_free(&store);
}
END_TEST

/* So that it costs the same whatever else stands in the key. */
START_TEST(dropping_reads_what_is_packed_and_no_more)
{
    struct hop_store *store = store_open(STORE_REDIS_UNIX);
    const char *key = test_key(STORE_REDIS_UNIX, "dropping");
    struct hop_batch batch;
    hop_batch_init(&batch);
    batch_put(&batch, HOP_WRITE_DAYS, key, "c:NL", "20780:1", 0);
    batch_put(&batch, HOP_WRITE_DAYS, key, "c:DE", "20780:1", 0);
    batch_write(store, &batch);
    hop_batch_done(&batch);
    ADMINISTER("HSET", key, "c:NL", "20779:1", "c:DE", "20779:1", "c:FR", "20779:1");
    ADMINISTER("CONFIG", "RESETSTAT");
    write_one(store, HOP_WRITE_DROP, key, "c:FR", NULL, 0);
    ck_assert_int_eq(calls_of("hset"), 0);
    write_one(store, HOP_WRITE_DROP, key, "c:NL", NULL, 0);
    ck_assert_int_eq(calls_of("hset"), 1);
    ck_assert_int_eq(calls_of("hgetall"), 0);
    ck_assert_str_eq(field_value(store, key, "c:FR"), "");
    ck_assert_str_eq(field_value(store, key, "c:NL"), "");
    ck_assert_str_eq(field_value(store, key, "c:DE"), "20780:3");
    write_one(store, HOP_WRITE_DROP, key, "c:DE", NULL, 0);
    ck_assert_uint_eq(length_of(key), 0);
    hop_store_free(&store);
}
END_TEST

/* Names so long and strange that not all of them fit. */
START_TEST(what_finds_no_room_stands_on_its_own)
{
    struct hop_store *store = store_open(STORE_REDIS_UNIX);
    const char *key = test_key(STORE_REDIS_UNIX, "full");
    struct hop_batch batch;
    char field[HOP_VALUE_MAX + 3];
    unsigned seed = 1;
    for (unsigned i = 0; i < 200; i++) {
        hop_batch_init(&batch);
        snprintf(field, sizeof field, "h:%03u", i);
        while (strlen(field) < sizeof field - 1)
            memcpy(field + strlen(field), (const char[]){(char)('a' + rand_r(&seed) % 26), 0}, 2);
        batch_put(&batch, HOP_WRITE_DAYS, key, field, "20700:1", 0);
        batch_write(store, &batch);
        batch_put(&batch, HOP_WRITE_DAYS, key, field, "20780:1", 0);
        batch_write(store, &batch);
        hop_batch_done(&batch);
    }
    ck_assert_uint_eq(fields_read(store, key), 200);
    ck_assert_str_eq(raw_field(key, "h:000"), "");
    struct hop_replies replies;
    hop_replies_init(&replies);
    int64_t size = read_one(store, HOP_READ_HASH_SIZE, key, NULL, 0, &replies)->number;
    ck_assert_int_gt(size, 50);
    ck_assert_int_lt(size, 150);
    const struct hop_reply *reply = read_one(store, HOP_READ_HASH, key, NULL, 0, &replies);
    for (size_t i = 0; i < reply->count; i++)
        ck_assert(hop_span_is(reply->pairs[i].value, "20780:100000000000000000001"));
    hop_replies_done(&replies);
    hop_store_free(&store);
}
END_TEST

HOP_LOOPED_SUITE(
    "store redis", FIXTURE_REDIS, {a_hostile_answer_is_an_error_within_the_deadline, 0, SCRIPTS},
    {a_hostile_answer_fails_writing_and_the_log_too, 0, SCRIPTS},
    ONCE(a_servers_words_are_shown_but_tamed),
    ONCE(a_score_is_one_round_trip_with_password_and_database),
    ONCE(a_connection_closed_while_idle_is_made_anew),
    ONCE(what_was_watched_over_one_connection_is_not_written_over_another),
    ONCE(a_write_after_the_server_hung_up_is_sent_once_over_a_new_connection),
    ONCE(a_write_is_not_sent_twice), ONCE(conflicts_without_end_are_one),
    ONCE(a_transaction_counts_only_when_every_part_says_so),
    ONCE(an_unchanged_field_is_not_written), ONCE(a_peer_that_has_gone_raises_no_signal),
    ONCE(nobody_there_is_an_error), ONCE(a_server_that_accepts_nobody_is_left_at_the_deadline),
    ONCE(a_network_that_swallows_is_left_at_the_deadline),
    EACH_REDIS(a_stopped_server_is_left_at_the_deadline_and_found_again),
    ONCE(who_has_no_right_is_denied), ONCE(a_batch_with_one_forbidden_key_writes_nothing),
    ONCE(a_full_server_and_a_replica_refuse_in_words), ONCE(a_key_of_another_type_is_an_error),
    ONCE(a_tenants_selectors_suffice_and_hold),
    ONCE(entries_that_others_put_into_a_log_are_passed_over),
    ONCE(a_page_begins_right_behind_an_id), ONCE(a_setup_without_a_numeric_address_is_refused),
    ONCE(a_profile_of_the_older_layout_is_read_and_taken_in),
    ONCE(a_large_profile_of_the_older_layout_is_taken_in_by_and_by),
    ONCE(what_stands_packed_and_on_its_own_is_the_union),
    ONCE(what_is_known_already_writes_nothing),
    ONCE(a_spoilt_pack_is_no_newcomer_and_the_next_lesson_replaces_it),
    ONCE(a_walk_to_which_the_pack_is_refused_visits_nothing_and_stays),
    ONCE(after_an_error_nothing_of_the_answer_is_kept), ONCE(what_finds_no_room_stands_on_its_own),
    ONCE(a_pack_is_dropped_only_while_it_is_spoilt),
    ONCE(dropping_reads_what_is_packed_and_no_more), ONCE(opening_makes_no_connection))
