/* SPDX-License-Identifier: Apache-2.0 */
/* TLS to a real Redis server: whom we believe, what we say otherwise, what a session saves. */
#include "store_fixture.h"

#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

#define BRIEF_MS 80
#define CONNECTIONS_MAX 16
#define CERTIFICATE_LEAST 300 /* bytes */

static struct hop_tls_setup tls;
static struct hop_error err;

static void setup_tls(void)
{
    tls = fixture.tls;
    hop_error_clear(&err);
}

static struct hop_store *opened(uint16_t port, const char *host)
{
    struct hop_redis_setup setup = redis_setup(STORE_REDIS_TLS);
    struct hop_store *store = NULL;
    setup.port = port;
    setup.host = host;
    setup.tls = &tls;
    enum hop_rc rc = hop_store_redis_new(&setup, &store, &err);
    ck_assert_msg(rc == HOP_OK, "%s", err.text);
    return store;
}

static enum hop_rc asked(struct hop_store *store, struct hop_deadline by)
{
    struct hop_replies replies;
    hop_replies_init(&replies);
    const struct hop_read read = {.kind = HOP_READ_TIME};
    enum hop_rc rc = hop_store_read_by(store, &read, 1, &replies, by, &err);
    hop_replies_done(&replies);
    return rc;
}

static enum hop_rc asked_at(uint16_t port, const char *host)
{
    struct hop_store *store = opened(port, host);
    enum hop_rc rc = asked(store, soon());
    hop_store_free(&store);
    return rc;
}

static void fails(enum hop_rc expected, const char *words)
{
    enum hop_rc rc = asked_at(fixture.tls_port, NULL);
    ck_assert_msg(rc == expected && strstr(err.text, words), "%s: %s", hop_rc_word(rc), err.text);
    ck_assert(strncmp(err.text, "redis 127.0.0.1 port ", 21) == 0);
    ck_assert_int_eq(err.rc, rc);
}

static void server_shows(const char *name)
{
    char certificate[32], key[32];
    snprintf(certificate, sizeof certificate, "%s.pem", name);
    snprintf(key, sizeof key, "%s.key", name);
    ADMINISTER("CONFIG", "SET", "tls-cert-file", certificate, "tls-key-file", key);
}

/* --- whom we believe --- */

START_TEST(a_server_with_the_right_certificate_is_believed)
{
    setup_tls();
    ck_assert_int_eq(asked_at(fixture.tls_port, NULL), HOP_OK);
    ck_assert_int_eq(asked_at(fixture.tls_port, "redis.test"), HOP_OK);
    tls.server_name = "redis.test";
    ck_assert_int_eq(asked_at(fixture.tls_port, "anything"), HOP_OK);
}
END_TEST

START_TEST(a_certificate_for_another_name_is_refused)
{
    setup_tls();
    tls.server_name = "other.test";
    fails(HOP_UNTRUSTED, "server certificate: hostname mismatch, it is not for other.test");
    tls.server_name = "127.0.0.2";
    fails(HOP_UNTRUSTED, "server certificate: IP address mismatch, it is not for 127.0.0.2");
    tls.server_name = NULL;
    server_shows("misnamed");
    fails(HOP_UNTRUSTED, "it is not for 127.0.0.1");
    server_shows("server");
}
END_TEST

START_TEST(an_expired_certificate_is_refused)
{
    setup_tls();
    server_shows("expired");
    fails(HOP_UNTRUSTED, "server certificate: certificate has expired");
    server_shows("server");
}
END_TEST

START_TEST(a_certificate_of_another_authority_is_refused)
{
    setup_tls();
    tls.ca = fixture_contents("other-ca.pem");
    fails(HOP_UNTRUSTED, "server certificate: self-signed certificate in certificate chain");
}
END_TEST

START_TEST(of_several_authorities_one_suffices)
{
    char both[8192];
    setup_tls();
    snprintf(both, sizeof both, "%s\n%s", fixture_contents("other-ca.pem"), tls.ca);
    tls.ca = both;
    ck_assert_int_eq(asked_at(fixture.tls_port, NULL), HOP_OK);
}
END_TEST

START_TEST(a_server_that_asks_for_our_certificate_gets_it)
{
    setup_tls();
    ADMINISTER("CONFIG", "SET", "tls-auth-clients", "yes");
    fails(HOP_DENIED, "server says about our certificate: tlsv13 alert certificate required");
    tls.certificate = fixture_contents("stranger.pem");
    tls.key = fixture_contents("stranger.key");
    fails(HOP_DENIED, "server says about our certificate: tlsv1 alert unknown ca");
    tls.certificate = fixture_contents("client.pem");
    tls.key = fixture_contents("client.key");
    ck_assert_int_eq(asked_at(fixture.tls_port, NULL), HOP_OK);
    ADMINISTER("CONFIG", "SET", "tls-auth-clients", "optional");
}
END_TEST

START_TEST(nothing_older_than_tls_1_2_is_spoken)
{
    setup_tls();
    ADMINISTER("CONFIG", "SET", "tls-protocols", "TLSv1.2");
    ck_assert_int_eq(asked_at(fixture.tls_port, NULL), HOP_OK);
    ADMINISTER("CONFIG", "SET", "tls-protocols", "TLSv1.1");
    enum hop_rc rc = asked_at(fixture.tls_port, NULL);
    ADMINISTER("CONFIG", "SET", "tls-protocols", "");
    ck_assert_int_eq(rc, HOP_IO);
    ck_assert_ptr_nonnull(strstr(err.text, "TLS: tlsv1 alert protocol version"));
}
END_TEST

/* --- what is no setup --- */

static void unusable(const char *words)
{
    struct hop_redis_setup setup = redis_setup(STORE_REDIS_TLS);
    struct hop_store *store = NULL;
    setup.tls = &tls;
    ck_assert_int_eq(hop_store_redis_new(&setup, &store, &err), HOP_MALFORMED);
    ck_assert_ptr_null(store);
    ck_assert_msg(strstr(err.text, words) != NULL, "%s", err.text);
}

START_TEST(what_is_no_certificate_or_key_is_named)
{
    setup_tls();
    tls.ca = "";
    unusable("TLS: certificate authority: ");
    tls.ca = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    unusable("TLS: certificate authority: ");
    tls.ca = fixture.tls.ca;
    tls.certificate = "nothing";
    unusable("TLS: certificate: ");
    tls.certificate = fixture_contents("client.pem");
    unusable("TLS: key: ");
    tls.key = fixture_contents("server.key");
    unusable("TLS: key: key values mismatch");
}
END_TEST

/* OpenSSL's own way would be to ask at the terminal. */
START_TEST(a_key_under_a_passphrase_is_refused_and_nobody_is_asked)
{
    setup_tls();
    tls.certificate = fixture_contents("server.pem");
    tls.key = fixture_contents("locked.key");
    unusable("TLS: key: ");
}
END_TEST

/* --- what a session saves --- */

/* Stands between us and the server, and counts, per connection. */
struct count {
    int turns; /* how often we spoke: round trips after TCP's own */
    size_t from_server;
};

struct relay {
    uint16_t port;
    pid_t pid;
    int ended;            /* a byte for each connection that is over */
    struct count *counts; /* shared, CONNECTIONS_MAX of them */
};

static int loopback(uint16_t *port, bool listens)
{
    struct sockaddr_in name = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(*port)};
    socklen_t len = sizeof name;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (!listens)
        return connect(fd, (struct sockaddr *)&name, len) == 0 ? fd : -1;
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&name, len), 0);
    ck_assert_int_eq(listen(fd, 8), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&name, &len), 0);
    *port = ntohs(name.sin_port);
    return fd;
}

/* Passes on what is there; false at the end. */
static bool pass(int from, int to, size_t *ret_len)
{
    char bytes[16384];
    ssize_t len = recv(from, bytes, sizeof bytes, 0);
    *ret_len = len > 0 ? (size_t)len : 0;
    return len > 0 && send(to, bytes, (size_t)len, MSG_NOSIGNAL) == len;
}

static void relay_connection(int client, int server, struct count *count)
{
    struct pollfd ends[] = {{.fd = client, .events = POLLIN}, {.fd = server, .events = POLLIN}};
    bool server_spoke = true, going = true;
    while (going && poll(ends, 2, -1) > 0) {
        size_t len;
        if (ends[1].revents) {
            going = pass(server, client, &len);
            count->from_server += len;
            server_spoke = true;
        } else if (ends[0].revents) {
            count->turns += server_spoke;
            server_spoke = false;
            going = pass(client, server, &len);
            count->turns -= !len;
        }
    }
}

static void relay_serve(int listening, struct count *counts, int ended)
{
    for (int i = 0; i < CONNECTIONS_MAX; i++) {
        int client = accept(listening, NULL, NULL);
        int server = loopback(&fixture.tls_port, false);
        relay_connection(client, server, &counts[i]);
        close(client);
        close(server);
        if (write(ended, "", 1) != 1)
            return;
    }
}

static struct relay relay_start(void)
{
    struct relay relay = {.port = 0};
    size_t size = CONNECTIONS_MAX * sizeof *relay.counts;
    relay.counts = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int listening = loopback(&relay.port, true), ends[2];
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    relay.ended = ends[0];
    relay.pid = fork();
    if (relay.pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        relay_serve(listening, relay.counts, ends[1]);
        _exit(0);
    }
    close(listening);
    close(ends[1]);
    return relay;
}

static void relay_stop(struct relay *relay)
{
    kill(relay->pid, SIGKILL);
    waitpid(relay->pid, NULL, 0);
    close(relay->ended);
}

static char folder[128];

static void folder_make(const char *name)
{
    ck_assert(hop_string_copy(folder, sizeof folder, fixture_path(name)));
    ck_assert_int_eq(mkdir(folder, 0750), 0);
    tls.session_folder = folder;
}

/* The one session file; "" for none. */
static const char *session_file(void)
{
    static char path[512];
    char command[512];
    snprintf(command, sizeof command, "ls %s/session.?? 2>/dev/null", folder);
    FILE *list = popen(command, "r");
    bool any = fgets(path, sizeof path, list) != NULL;
    pclose(list);
    path[any ? strcspn(path, "\n") : 0] = '\0';
    return path;
}

static void asks(struct relay *relay)
{
    char byte;
    enum hop_rc rc = asked_at(relay->port, "127.0.0.1");
    ck_assert_msg(rc == HOP_OK, "%s", err.text);
    ck_assert_int_eq(read(relay->ended, &byte, 1), 1);
}

/* Without certificates, then: signatures vary by a few bytes. */
static bool taken_up(struct relay *relay, int nth)
{
    asks(relay);
    return relay->counts[nth].from_server + CERTIFICATE_LEAST < relay->counts[0].from_server;
}

START_TEST(a_session_is_kept_and_taken_up)
{
    setup_tls();
    folder_make(_i ? "kept-1.3" : "kept-1.2");
    ADMINISTER("CONFIG", "SET", "tls-protocols", _i ? "TLSv1.3" : "TLSv1.2");
    struct relay relay = relay_start();
    struct stat status;
    asks(&relay);
    bool again = taken_up(&relay, 1) && taken_up(&relay, 2);
    ADMINISTER("CONFIG", "SET", "tls-protocols", "");
    ck_assert(again);
    ck_assert_int_eq(stat(session_file(), &status), 0);
    ck_assert_uint_eq(status.st_mode & 07777, 0600);
    ck_assert_int_eq(relay.counts[0].turns, _i ? 2 : 3);
    ck_assert_int_eq(relay.counts[1].turns, 2);
    ck_assert_int_eq(relay.counts[2].turns, 2);
    relay_stop(&relay);
}
END_TEST

START_TEST(a_session_serves_only_what_it_was_made_for)
{
    char both[8192];
    setup_tls();
    folder_make("bound");
    struct relay relay = relay_start();
    asks(&relay);
    ck_assert(taken_up(&relay, 1));
    snprintf(both, sizeof both, "%s\n%s", fixture_contents("other-ca.pem"), tls.ca);
    tls.ca = both;
    ck_assert(!taken_up(&relay, 2)); /* other authorities */
    tls.ca = fixture.tls.ca;
    tls.server_name = "redis.test";
    ck_assert(!taken_up(&relay, 3)); /* another name */
    tls.server_name = NULL;
    tls.certificate = fixture_contents("client.pem");
    tls.key = fixture_contents("client.key");
    ck_assert(!taken_up(&relay, 4)); /* another of us */
    relay_stop(&relay);
}
END_TEST

START_TEST(a_session_that_others_could_read_or_that_is_spoilt_is_none)
{
    setup_tls();
    folder_make("spoilt");
    struct relay relay = relay_start();
    asks(&relay);
    char path[512];
    snprintf(path, sizeof path, "%s", session_file());
    ck_assert_int_eq(chmod(path, 0640), 0);
    ck_assert(!taken_up(&relay, 1));
    ck_assert(taken_up(&relay, 2)); /* replaced by one that is right */
    ck_assert_int_eq(truncate(path, 200), 0);
    ck_assert(!taken_up(&relay, 3));
    ck_assert_int_eq(truncate(path, 0), 0);
    ck_assert(!taken_up(&relay, 4));
    ck_assert(taken_up(&relay, 5));
    relay_stop(&relay);
}
END_TEST

START_TEST(without_a_folder_for_sessions_all_goes_on)
{
    setup_tls();
    tls.session_folder = "/nonexistent";
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(asked_at(fixture.tls_port, NULL), HOP_OK);
}
END_TEST

/* --- peers that do not behave --- */

static pid_t peer_start(const char *bytes, bool closes, uint16_t *ret_port)
{
    *ret_port = 0;
    int listening = loopback(ret_port, true);
    pid_t pid = fork();
    if (pid != 0) {
        close(listening);
        return pid;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        char drop[4096];
        int fd = accept(listening, NULL, NULL);
        if (recv(fd, drop, sizeof drop, 0) > 0)
            send(fd, bytes, strlen(bytes), MSG_NOSIGNAL);
        while (!closes && recv(fd, drop, sizeof drop, 0) > 0)
            ;
        close(fd);
    }
}

static void meets(const char *bytes, bool closes, enum hop_rc expected, const char *words)
{
    uint16_t port;
    setup_tls();
    pid_t peer = peer_start(bytes, closes, &port);
    int before = descriptors_open();
    struct hop_store *store = opened(port, NULL);
    enum hop_rc rc = asked(store, expected == HOP_TIMEOUT ? hop_clock_deadline(BRIEF_MS) : soon());
    ck_assert_msg(rc == expected && strstr(err.text, words), "%s: %s", hop_rc_word(rc), err.text);
    ck_assert_int_eq(descriptors_open(), before);
    hop_store_free(&store);
    kill(peer, SIGKILL);
    waitpid(peer, NULL, 0);
}

START_TEST(a_peer_that_speaks_no_tls_is_an_error_within_the_deadline)
{
    meets("", false, HOP_TIMEOUT, "TLS: deadline passed");
    meets("\x16\x03\x03", false, HOP_TIMEOUT, "TLS: deadline passed");
    meets("", true, HOP_IO, "TLS: the server closed the connection");
    meets("-ERR unknown command\r\n", false, HOP_MALFORMED, "the server does not speak TLS");
    meets("HTTP/1.1 400 Bad Request\r\n\r\n", false, HOP_MALFORMED, "does not speak TLS");
}
END_TEST

START_TEST(a_server_that_stops_is_left_at_the_deadline_and_found_again)
{
    setup_tls();
    struct hop_store *store = opened(fixture.tls_port, NULL),
                     *other = opened(fixture.tls_port, NULL);
    ck_assert_int_eq(asked(store, soon()), HOP_OK);
    kill(fixture.redis, SIGSTOP);
    ck_assert_int_eq(asked(store, hop_clock_deadline(BRIEF_MS)), HOP_TIMEOUT);
    ck_assert_int_eq(asked(other, hop_clock_deadline(BRIEF_MS)), HOP_TIMEOUT);
    kill(fixture.redis, SIGCONT);
    ck_assert_int_eq(asked(store, soon()), HOP_OK);
    ck_assert_int_eq(asked(other, soon()), HOP_OK);
    hop_store_free(&store);
    hop_store_free(&other);
}
END_TEST

START_TEST(a_connection_that_the_server_ended_is_made_anew)
{
    setup_tls();
    struct hop_store *store = opened(fixture.tls_port, NULL);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(asked(store, soon()), HOP_OK);
        ADMINISTER("CLIENT", "KILL", "TYPE", "normal");
    }
    hop_store_free(&store);
}
END_TEST

HOP_LOOPED_SUITE(
    "tls", FIXTURE_REDIS, ONCE(a_server_with_the_right_certificate_is_believed),
    ONCE(a_certificate_for_another_name_is_refused), ONCE(an_expired_certificate_is_refused),
    ONCE(a_certificate_of_another_authority_is_refused), ONCE(of_several_authorities_one_suffices),
    ONCE(a_server_that_asks_for_our_certificate_gets_it),
    ONCE(nothing_older_than_tls_1_2_is_spoken), ONCE(what_is_no_certificate_or_key_is_named),
    ONCE(a_key_under_a_passphrase_is_refused_and_nobody_is_asked),
    {a_session_is_kept_and_taken_up, 0, 2}, ONCE(a_session_serves_only_what_it_was_made_for),
    ONCE(a_session_that_others_could_read_or_that_is_spoilt_is_none),
    ONCE(without_a_folder_for_sessions_all_goes_on),
    ONCE(a_peer_that_speaks_no_tls_is_an_error_within_the_deadline),
    ONCE(a_server_that_stops_is_left_at_the_deadline_and_found_again),
    ONCE(a_connection_that_the_server_ended_is_made_anew))
