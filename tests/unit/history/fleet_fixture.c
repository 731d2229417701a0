/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet_fixture.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "redis_transport.h"

#define START_MS 30000
#define TELL_MS 2000
#define PAUSE_NS 20000000
/* Both below those that the kernel gives to clients. */
#define FIRST_PORT 10000
#define PORTS 10000
#define BUS_OFFSET 10000
/* Patient with a machine that has other things to do. */
#define PATIENT_MS "20000"
#define HASTY_MS "1000"

static void must(bool fine, const char *what)
{
    if (fine)
        return;
    fprintf(stderr, "fleet: %s\n", what);
    fixture_stop();
    abort();
}

static bool is_free(unsigned port)
{
    struct sockaddr_in name = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                               .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool free_now = bind(fd, (struct sockaddr *)&name, sizeof name) == 0;
    close(fd);
    return free_now;
}

uint16_t server_port(void)
{
    unsigned port;
    do {
        must(hop_entropy(&port, sizeof port, NULL) == HOP_OK, "entropy");
        port = FIRST_PORT + port % PORTS;
    } while (!is_free(port) || !is_free(port + BUS_OFFSET));
    return (uint16_t)port;
}

static void pause_once(void)
{
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    nanosleep(&pause, NULL);
}

static void reply_put(const struct hop_wire_reply *reply, struct hop_text *text)
{
    if (reply->kind == HOP_WIRE_NUMBER)
        hop_text_put_int(text, reply->number);
    else if (reply->kind != HOP_WIRE_ARRAY)
        hop_text_put_span(text, reply->text);
    for (size_t i = 0; reply->kind == HOP_WIRE_ARRAY && i < reply->count; i++) {
        hop_text_put(text, i ? " " : "");
        reply_put(reply->items[i], text);
    }
}

const char *server_told(const struct server *server, size_t count, const char *const *words)
{
    static char told[16384];
    const struct hop_redis_setup setup = {
        .address = "127.0.0.1", .port = server->port, .secret = REDIS_PASSWORD};
    struct hop_redis_link link;
    struct hop_wire_pipeline pipeline;
    struct hop_wire_answer answer;
    struct hop_error err = {0};
    struct hop_text text = hop_text_over(told, sizeof told);
    must(hop_redis_link_init(&link, &setup, NULL, NULL) == HOP_OK, "link");
    link.secret_optional = true;
    hop_wire_pipeline_init(&pipeline);
    hop_wire_command(&pipeline, count, words);
    if (hop_redis_exchange_by(&link, &pipeline, true, &answer, hop_clock_deadline(TELL_MS), &err) ==
        HOP_OK) {
        reply_put(answer.replies[0], &text);
        hop_wire_answer_done(&answer);
    } else {
        hop_text_put(&text, err.text);
    }
    hop_wire_pipeline_done(&pipeline);
    hop_redis_link_done(&link);
    return told;
}

void server_waits(const struct server *server, const char *expected, size_t count,
                  const char *const *words)
{
    const char *told = "";
    struct hop_deadline by = hop_clock_deadline(START_MS);
    while (!strstr(told = server_told(server, count, words), expected)) {
        if (hop_deadline_passed(by, hop_clock_monotonic_ns()))
            fprintf(stderr, "%u: %s: %s\n", server->port, words[0], told);
        must(!hop_deadline_passed(by, hop_clock_monotonic_ns()), expected);
        pause_once();
    }
}

static const char *conf_write(uint16_t port, const char *lines)
{
    static char path[256];
    char folder[128];
    snprintf(folder, sizeof folder, "%s/%u", fixture.folder, port);
    must(mkdir(folder, 0750) == 0 || access(folder, W_OK) == 0, folder);
    snprintf(path, sizeof path, "%s/conf", folder);
    FILE *file = fopen(path, "w");
    must(file != NULL, path);
    fprintf(file, "%s\nport %u\nbind 127.0.0.1\ndir %s\nlogfile log\n", lines, port, folder);
    fclose(file);
    return path;
}

struct server server_start(uint16_t port, bool sentinel, const char *lines)
{
    const char *path = conf_write(port, lines);
    pid_t self = getpid();
    struct server server = {.port = port, .pid = fork()};
    must(server.pid >= 0, "fork");
    if (server.pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != self)
            _exit(EXIT_FAILURE);
        execlp("redis-server", "redis-server", path, sentinel ? "--sentinel" : (char *)NULL,
               (char *)NULL);
        _exit(127);
    }
    WAITS(&server, "PONG", "PING");
    return server;
}

void server_stop(struct server *server)
{
    if (server->pid > 0) {
        kill(server->pid, SIGKILL);
        waitpid(server->pid, NULL, 0);
    }
    server->pid = 0;
}

const char *tls_lines(uint16_t port)
{
    static char lines[1024];
    snprintf(
        lines, sizeof lines,
        "tls-port %u\ntls-cluster yes\ntls-replication yes\ntls-auth-clients optional\n"
        "tls-cert-file %s/server.pem\ntls-key-file %s/server.key\ntls-ca-cert-file %s/ca.pem\n",
        port, fixture.folder, fixture.folder, fixture.folder);
    return lines;
}

struct server sentinel_start(uint16_t primary, int quorum, const char *more)
{
    char lines[2048];
    snprintf(lines, sizeof lines,
             "sentinel monitor " FLEET_SERVICE " 127.0.0.1 %u %d\n"
             "sentinel auth-pass " FLEET_SERVICE " \"" REDIS_PASSWORD "\"\n"
             "sentinel down-after-milliseconds " FLEET_SERVICE " " PATIENT_MS "\n"
             "sentinel failover-timeout " FLEET_SERVICE " 3000\n%s",
             primary, quorum, more);
    return server_start(server_port(), true, lines);
}

/* What CLUSTER MEET and ADDSLOTS would lead to. */
static void nodes_write(const struct server *servers, const uint16_t *ports, size_t primaries,
                        size_t count, size_t self)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%u", fixture.folder, servers[self].port);
    must(mkdir(path, 0750) == 0, path);
    snprintf(path, sizeof path, "%s/%u/nodes.conf", fixture.folder, servers[self].port);
    FILE *file = fopen(path, "w");
    must(file != NULL, path);
    for (size_t i = 0; i < count; i++) {
        bool primary = i < primaries;
        fprintf(file, "%040zx 127.0.0.1:%u@%u %s%s ", i + 1, ports[i],
                ports[i] + (unsigned)BUS_OFFSET, i == self ? "myself," : "",
                primary ? "master" : "slave");
        if (primary)
            fprintf(file, "- 0 0 %zu connected %zu-%zu\n", i + 1, 16384 * i / primaries,
                    16384 * (i + 1) / primaries - 1);
        else
            fprintf(file, "%040zx 0 0 %zu connected\n", i - primaries + 1, i - primaries + 1);
    }
    fprintf(file, "vars currentEpoch %zu lastVoteEpoch 0\n", primaries);
    fclose(file);
}

/* None of these is there yet to hold its port. */
static uint16_t port_beside(const struct server *servers, size_t count)
{
    uint16_t port = server_port();
    for (size_t i = 0; i < count; i++)
        if (servers[i].port == port)
            return port_beside(servers, count);
    return port;
}

static void cluster_make(struct server *servers, size_t primaries, size_t replicas, bool tls)
{
    size_t count = primaries + replicas;
    struct server both[2 * FLEET_SERVERS_MAX];
    uint16_t ports[2 * FLEET_SERVERS_MAX];
    for (size_t i = 0; i < 2 * count; i++)
        both[i].port = ports[i] = port_beside(both, i);
    memcpy(servers, both, count * sizeof *servers);
    for (size_t i = 0; i < count; i++)
        nodes_write(servers, tls ? ports + count : ports, primaries, count, i);
    for (size_t i = 0; i < count; i++) {
        char lines[2048];
        snprintf(lines, sizeof lines,
                 "cluster-enabled yes\ncluster-node-timeout " PATIENT_MS "\n"
                 "save \"\"\nrepl-diskless-sync-delay 0\nrequirepass \"" REDIS_PASSWORD "\"\n"
                 "masterauth \"" REDIS_PASSWORD "\"\n%s",
                 tls ? tls_lines(ports[count + i]) : "");
        servers[i] = server_start(ports[i], false, lines);
        servers[i].tls_port = ports[count + i];
    }
    for (size_t i = 0; i < count; i++)
        WAITS(&servers[i], "cluster_state:ok", "CLUSTER", "INFO");
}

void cluster_start(struct server *servers, size_t primaries, size_t replicas)
{
    cluster_make(servers, primaries, replicas, false);
}

void cluster_start_tls(struct server *servers, size_t primaries)
{
    cluster_make(servers, primaries, 0, true);
}

void sentinel_hurry(const struct server *sentinel)
{
    WAITS(sentinel, "OK", "SENTINEL", "SET", FLEET_SERVICE, "down-after-milliseconds", HASTY_MS);
}

void node_hurry(const struct server *node)
{
    WAITS(node, "OK", "CONFIG", "SET", "cluster-node-timeout", HASTY_MS);
}

static int64_t offset_of(const struct server *server)
{
    static const char field[] = "master_repl_offset:";
    const char *told = strstr(TOLD(server, "INFO", "replication"), field);
    return told ? strtoll(told + sizeof field - 1, NULL, 10) : -1;
}

/* WAIT counts what its own connection wrote only. */
void replica_waits(const struct server *replica, const struct server *primary)
{
    int64_t goal = offset_of(primary);
    struct hop_deadline by = hop_clock_deadline(START_MS);
    must(goal >= 0, "replication");
    while (offset_of(replica) < goal) {
        must(!hop_deadline_passed(by, hop_clock_monotonic_ns()), "replication");
        pause_once();
    }
}

struct fleet *fleet_start(void)
{
    struct fleet *fleet = calloc(1, sizeof *fleet);
    must(fleet != NULL, "memory");
    fleet->sentinel = sentinel_start(fixture.port, 1, "");
    cluster_start(fleet->nodes, 3, 0);
    return fleet;
}

void fleet_stop(struct fleet **fleet)
{
    if (!*fleet)
        return;
    server_stop(&(*fleet)->sentinel);
    for (size_t i = 0; i < 3; i++)
        server_stop(&(*fleet)->nodes[i]);
    free(*fleet);
    *fleet = NULL;
}

struct hop_fleet_setup fleet_setup(const struct server *servers, size_t count,
                                   struct hop_redis_setup *setups, const char *route_folder)
{
    for (size_t i = 0; i < count; i++)
        setups[i] = (struct hop_redis_setup){.address = "127.0.0.1",
                                             .host = "127.0.0.1",
                                             .port = servers[i].port,
                                             .user = "",
                                             .secret = REDIS_PASSWORD};
    return (struct hop_fleet_setup){
        .seeds = setups, .count = count, .name = FLEET_SERVICE, .route_folder = route_folder};
}

enum hop_rc fleet_open(enum store_kind kind, struct hop_store **ret_store, struct hop_error *err)
{
    struct hop_redis_setup setups[3];
    bool sentinel = kind == STORE_SENTINEL;
    const struct hop_fleet_setup setup =
        sentinel ? fleet_setup(&fixture.fleet->sentinel, 1, setups, NULL)
                 : fleet_setup(fixture.fleet->nodes, 3, setups, NULL);
    return sentinel ? hop_store_sentinel_new(&setup, ret_store, err)
                    : hop_store_cluster_new(&setup, ret_store, err);
}
