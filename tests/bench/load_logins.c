/* SPDX-License-Identifier: Apache-2.0 */
/* load_logins CONF SOCKET SECONDS PROCESSES   long-lived processes that open a new connection for
 *                                             each login, as fast as they can; beside each login a
 *                                             bare connect + PING
 * load_logins CONF at-once N                  N processes log in at the same moment, each to a host
 *                                             of its own; no sighting may be missing
 * `load` starts the server and writes the configuration. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "engine.h"

#define SAMPLES_MAX (1u << 18) /* of a process; later ones take the place of the first */
#define KEY "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

enum what { BARE, SCORE, LOGIN, WHAT_COUNT };

struct samples {
    size_t count;
    int64_t ns[SAMPLES_MAX];
};

struct tally {
    struct samples of[WHAT_COUNT];
    size_t spooled, lost, degraded;
};

static _Noreturn void fail(const char *what, const char *why)
{
    fprintf(stderr, "load_logins: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

static void sample(struct samples *samples, int64_t begun)
{
    samples->ns[samples->count++ % SAMPLES_MAX] = hop_clock_monotonic_ns() - begun;
}

/* -- one login ----------------------------------------------------------------------------- */

static struct hop_deadline phase_deadline(const struct hop_conf *conf)
{
    return hop_clock_deadline(hop_conf_settings(conf)->deadline_ms);
}

static void note(struct tally *tally, enum hop_recorded recorded, const struct hop_error *err)
{
    tally->spooled += recorded == HOP_RECORDED_SPOOL;
    tally->lost += recorded == HOP_RECORDED_NOT;
    if (recorded == HOP_RECORDED_NOT)
        fprintf(stderr, "load_logins: %s\n", err->text);
}

static struct hop_login login_to(const char *account, const char *host)
{
    struct hop_login login = {
        .lane = HOP_LANE_UNASKED, .phase = HOP_PHASE_ACCOUNT, .first_factor_proven = true};
    hop_string_copy(login.account, sizeof login.account, account);
    hop_string_copy(login.host, sizeof login.host, host);
    hop_string_copy(login.service, sizeof login.service, "sshd");
    hop_string_copy(login.key, sizeof login.key, KEY);
    hop_address_parse(hop_span_of("192.0.2.20"), &login.origin.address);
    return login;
}

/* As the module does: account phase, session phase, end; a connection of its own. */
static void log_in(const struct hop_conf *conf, const char *account, const char *host,
                   struct tally *tally)
{
    struct hop_engine *engine;
    struct hop_error err = {0};
    struct hop_judgement judgement;
    struct hop_answer answer;
    struct hop_login login = login_to(account, host);
    int64_t begun = hop_clock_monotonic_ns();
    if (hop_engine_new(conf, HOP_HISTORY_WRITER, &engine, &err) != HOP_OK ||
        hop_engine_admit(engine, &login, false, &err) != HOP_OK)
        fail("login", err.text);
    struct hop_moment moment = {.mode = hop_conf_settings(conf)->policy.mode,
                                .phase = login.phase,
                                .lane = login.lane,
                                .first_factor_proven = true};
    hop_judgement_init(&judgement);
    hop_engine_judge_by(engine, &login, &judgement, phase_deadline(conf));
    hop_answer_of(&judgement.verdict, &moment, &answer);
    sample(&tally->of[SCORE], begun);
    tally->degraded += judgement.verdict.losses != 0;
    note(tally,
         hop_engine_judged_by(engine, &login, &judgement, &answer, moment.mode,
                              phase_deadline(conf), &err),
         &err);
    struct hop_lesson lesson = {.learn = true};
    note(tally,
         hop_engine_learned_by(engine, &login, &judgement, lesson, false, phase_deadline(conf),
                               &err),
         &err);
    sample(&tally->of[LOGIN], begun);
    hop_judgement_done(&judgement);
    hop_engine_free(&engine);
}

/* -- as fast as they can ------------------------------------------------------------------- */

static void ping(const char *path, struct samples *samples)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char reply[16];
    hop_string_copy(address.sun_path, sizeof address.sun_path, path);
    int64_t begun = hop_clock_monotonic_ns();
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        write(fd, "PING\r\n", 6) != 6 || read(fd, reply, sizeof reply) != 7)
        fail("ping", strerror(errno));
    close(fd);
    sample(samples, begun);
}

static void work(const struct hop_conf *conf, const char *path, int64_t seconds, int number,
                 struct tally *tally)
{
    char account[16];
    snprintf(account, sizeof account, "person%d", number);
    struct hop_deadline end = hop_clock_deadline(seconds * 1000);
    while (!hop_deadline_passed(end, hop_clock_monotonic_ns())) {
        ping(path, &tally->of[BARE]);
        log_in(conf, account, "db1", tally);
    }
}

static int by_size(const void *a_, const void *b_)
{
    const int64_t *a = a_, *b = b_;
    return (*a > *b) - (*a < *b);
}

/* All processes' samples of one kind, sorted. */
static size_t gather(const struct tally *tallies, size_t processes, enum what what, int64_t *all)
{
    size_t count = 0;
    for (size_t i = 0; i < processes; i++) {
        const struct samples *samples = &tallies[i].of[what];
        size_t kept = samples->count < SAMPLES_MAX ? samples->count : SAMPLES_MAX;
        memcpy(all + count, samples->ns, kept * sizeof *all);
        count += kept;
    }
    qsort(all, count, sizeof *all, by_size);
    return count;
}

static void report(const struct tally *tallies, size_t processes)
{
    static const char *const NAMES[] = {"connect + PING", "connect + score", "whole login"};
    int64_t *all = calloc(processes * SAMPLES_MAX, sizeof *all);
    double bare[2] = {0};
    size_t spooled = 0, lost = 0, degraded = 0;
    if (all == NULL)
        fail("report", "out of memory");
    for (int what = 0; what < WHAT_COUNT; what++) {
        size_t count = gather(tallies, processes, (enum what)what, all);
        if (count == 0)
            fail(NAMES[what], "never done");
        double ms[] = {(double)all[count / 2] / 1e6, (double)all[count * 99 / 100] / 1e6};
        if (what == BARE)
            memcpy(bare, ms, sizeof bare);
        printf("%-16s %9zu times   p50 %8.3f ms (%5.1f x)   p99 %8.3f ms (%5.1f x)\n", NAMES[what],
               count, ms[0], ms[0] / bare[0], ms[1], ms[1] / bare[1]);
    }
    for (size_t i = 0; i < processes; i++) {
        spooled += tallies[i].spooled;
        lost += tallies[i].lost;
        degraded += tallies[i].degraded;
    }
    printf("degraded %zu, records spooled %zu, lost %zu\n", degraded, spooled, lost);
    free(all);
}

static struct tally *shared_tallies(size_t count)
{
    void *at = mmap(NULL, count * sizeof(struct tally), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        fail("mmap", strerror(errno));
    return at;
}

/* A process that ends with this one, and begins when the pipe is closed. */
static pid_t start(const int gate[2])
{
    char byte;
    pid_t parent = getpid(), pid = fork();
    if (pid < 0)
        fail("fork", strerror(errno));
    if (pid > 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(EXIT_FAILURE);
    close(gate[1]);
    if (read(gate[0], &byte, 1) != 0)
        _exit(EXIT_FAILURE);
    close(gate[0]);
    return 0;
}

static bool all_end_well(size_t count)
{
    bool fine = true;
    for (size_t i = 0; i < count; i++) {
        int status = 1;
        fine = wait(&status) > 0 && status == 0 && fine;
    }
    return fine;
}

static int run_load(const struct hop_conf *conf, const char *path, int64_t seconds,
                    size_t processes)
{
    int gate[2];
    struct tally *tallies = shared_tallies(processes);
    if (pipe(gate) != 0)
        fail("pipe", strerror(errno));
    for (size_t i = 0; i < processes; i++) {
        if (start(gate) == 0) {
            work(conf, path, seconds, (int)i, &tallies[i]);
            _exit(EXIT_SUCCESS);
        }
    }
    close(gate[0]);
    close(gate[1]);
    bool fine = all_end_well(processes);
    report(tallies, processes);
    for (size_t i = 0; i < processes; i++)
        fine = fine && tallies[i].lost == 0;
    return fine ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* -- at the same moment -------------------------------------------------------------------- */

static void flush_all(struct hop_engine *engine)
{
    struct hop_error err = {0};
    size_t flushed, left;
    if (hop_history_flush_by(hop_engine_history(engine), hop_clock_deadline(60000), &flushed, &left,
                             &err) != HOP_OK ||
        left != 0)
        fail("flush", err.text);
}

/* How many of the N hosts the profile knows, and whether the log holds as many logins. */
static size_t sightings(const struct hop_conf *conf, struct hop_engine *engine, size_t count)
{
    struct hop_reach reach = hop_engine_reach(conf, hop_conf_settings(conf)->tenant);
    struct hop_read *read = calloc(1, sizeof *read);
    struct hop_replies replies;
    struct hop_error err = {0};
    hop_replies_init(&replies);
    if (read == NULL)
        fail("read", "out of memory");
    read->kind = HOP_READ_HASH;
    struct hop_text key = hop_text_over(read->key, sizeof read->key);
    hop_key_profile(&key, &reach, "ansible", reach.witness);
    if (hop_store_read_by(hop_history_store(hop_engine_history(engine)), read, 1, &replies,
                          hop_clock_deadline(10000), &err) != HOP_OK)
        fail("read", err.text);
    size_t seen = 0;
    for (size_t i = 0; i < count; i++) {
        char field[64];
        snprintf(field, sizeof field, "h:acme/host%zu", i);
        for (size_t pair = 0; pair < replies.items[0].count; pair++)
            seen += hop_span_is(replies.items[0].pairs[pair].field, field);
    }
    hop_replies_done(&replies);
    free(read);
    return seen;
}

static int run_at_once(const struct hop_conf *conf, size_t count)
{
    int gate[2];
    struct tally *tallies = shared_tallies(count);
    struct hop_engine *engine;
    struct hop_error err = {0};
    if (pipe(gate) != 0)
        fail("pipe", strerror(errno));
    for (size_t i = 0; i < count; i++) {
        if (start(gate) == 0) {
            char host[32];
            snprintf(host, sizeof host, "host%zu", i);
            log_in(conf, "ansible", host, &tallies[i]);
            _exit(EXIT_SUCCESS);
        }
    }
    close(gate[0]);
    close(gate[1]);
    bool fine = all_end_well(count);
    if (hop_engine_new(conf, HOP_HISTORY_WRITER, &engine, &err) != HOP_OK)
        fail("engine", err.text);
    flush_all(engine);
    size_t seen = sightings(conf, engine, count);
    hop_engine_free(&engine);
    size_t spooled = 0, lost = 0;
    for (size_t i = 0; i < count; i++) {
        spooled += tallies[i].spooled;
        lost += tallies[i].lost;
    }
    printf("%zu logins at once: %zu sightings; of %zu records %zu by way of the spool, %zu lost\n",
           count, seen, 2 * count, spooled, lost);
    return fine && seen == count && lost == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static size_t number_of(const char *text, int64_t most)
{
    int64_t number;
    if (!hop_span_int64(hop_span_of(text), 1, most, &number))
        fail(text, "not a number");
    return (size_t)number;
}

int main(int argc, char **argv)
{
    struct hop_conf *conf;
    struct hop_error err = {0};
    if (argc < 4)
        fail("usage", "load_logins CONF SOCKET SECONDS PROCESSES | CONF at-once N");
    if (hop_conf_load(argv[1], &conf, &err) != HOP_OK)
        fail("configuration", err.text);
    int status;
    if (strcmp(argv[2], "at-once") == 0)
        status = run_at_once(conf, number_of(argv[3], 1000));
    else
        status = run_load(conf, argv[2], (int64_t)number_of(argv[3], 86400),
                          argc > 4 ? number_of(argv[4], 64) : 8);
    hop_conf_free(&conf);
    return status;
}
