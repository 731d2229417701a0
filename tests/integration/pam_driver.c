/* SPDX-License-Identifier: Apache-2.0 */
/* Plays a PAM application: calls the phases named on the command line in one process over a private
 * service folder, and prints each answer.
 *
 *   pam_driver CONFDIR SERVICE USER PHASE[,PHASE...] [VARIABLE=VALUE ...] [--answer TEXT ...]
 *     [--rhost ADDRESS] [--repeat N] [--threads N] [--fork PHASE[,PHASE...]] [--module PATH]
 *     [--user-size N] [--descriptors N] [--fail-allocation N]
 *
 * phases: auth, account, setcred, open, close. "\n" in a value stands for a newline. Prints
 * "auth=0", "auth took 12 ms", "text: ...", "login=<id>".
 *
 * --repeat N     logs in N times; prints descriptors, resident pages and bytes of heap in use after
 *                the first tenth and at the end
 * --threads N    in so many threads at once, each with handles of its own; prints how often each
 *                answer came ("auth=0 x 40")
 * --fork PHASES  these phases first, in a forked child of a process that leads a session, as sshd's
 *                keyboard-interactive child does
 * --module PATH  between logins the module is opened and closed once more; prints "stays=1" if it
 *                is still mapped when nobody holds it
 * --descriptors N leaves N descriptors to the process; --fail-allocation N makes the N-th
 * allocation of the phases fail (not under a sanitizer).
 */
#include <dirent.h>
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <security/pam_appl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ANSWERS_MAX 8
#define VARIABLES_MAX 16
#define THREADS_MAX 64
#define CODES_MAX 64

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OWN_ALLOCATOR 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define OWN_ALLOCATOR 0
#endif
#endif
#ifndef OWN_ALLOCATOR
#define OWN_ALLOCATOR 1
#endif

static _Thread_local long allocations_left; /* until one fails; 0: none will */

#if OWN_ALLOCATOR
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static bool fails_now(void)
{
    return allocations_left > 0 && --allocations_left == 0;
}

void *malloc(size_t size)
{
    return fails_now() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails_now() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return fails_now() ? NULL : __libc_realloc(old, size);
}
#endif

enum { AUTH, ACCOUNT, SETCRED, OPEN, CLOSE, PHASES };
static const char *const phase_words[PHASES] = {"auth", "account", "setcred", "open", "close"};

struct play {
    const char *confdir, *service, *user, *phases;
    const char *rhost, *forked, *module;
    char *variables[VARIABLES_MAX];
    int variable_count;
    const char *answers[ANSWERS_MAX];
    int answer_count, answer_next;
    long repeat, threads, fail_allocation, descriptors;
    long came[PHASES][CODES_MAX]; /* how often each answer of each phase */
    char *long_name;              /* of --user-size */
    bool quiet;
};

static int converse(int count, const struct pam_message **messages,
                    struct pam_response **ret_responses, void *data)
{
    struct play *play = data;
    struct pam_response *responses = calloc((size_t)count, sizeof *responses);
    if (responses == NULL)
        return PAM_BUF_ERR;
    for (int i = 0; i < count; i++) {
        bool asks = messages[i]->msg_style == PAM_PROMPT_ECHO_OFF ||
                    messages[i]->msg_style == PAM_PROMPT_ECHO_ON;
        if (!play->quiet)
            printf("%s: %s\n", asks ? "prompt" : "text", messages[i]->msg);
        if (asks && play->answer_next < play->answer_count)
            responses[i].resp = strdup(play->answers[play->answer_next++]);
        else if (asks) {
            free(responses);
            return PAM_CONV_ERR;
        }
    }
    *ret_responses = responses;
    return PAM_SUCCESS;
}

static int call(pam_handle_t *pamh, int phase)
{
    switch (phase) {
    case AUTH:
        return pam_authenticate(pamh, 0);
    case ACCOUNT:
        return pam_acct_mgmt(pamh, 0);
    case SETCRED:
        return pam_setcred(pamh, PAM_ESTABLISH_CRED);
    case OPEN:
        return pam_open_session(pamh, 0);
    case CLOSE:
        return pam_close_session(pamh, 0);
    default:
        return -1;
    }
}

static int phase_of(const char *word)
{
    int phase = 0;
    while (phase < PHASES && strcmp(word, phase_words[phase]) != 0)
        phase++;
    return phase;
}

static long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Each of the phases in turn; the last answer. */
static int play_phases(struct play *play, pam_handle_t *pamh, const char *phases)
{
    int code = PAM_SUCCESS;
    char *copy = strdup(phases), *rest = copy;
    allocations_left = play->fail_allocation;
    for (char *name; copy != NULL && (name = strsep(&rest, ",")) != NULL;) {
        int phase = phase_of(name);
        long before = now_ms();
        code = call(pamh, phase);
        if (!play->quiet)
            printf("%s=%d\n%s took %ld ms\n", name, code, name, now_ms() - before);
        if (phase < PHASES && code >= 0 && code < CODES_MAX)
            play->came[phase][code]++;
    }
    allocations_left = 0;
    free(copy);
    return code;
}

/* The child's own handle is the parent's as it was at the fork; it ends without pam_end. */
static int play_forked(struct play *play, pam_handle_t *pamh)
{
    int status = 0;
    setsid();
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        play_phases(play, pamh, play->forked);
        fflush(stdout);
        _exit(0);
    }
    return child > 0 && waitpid(child, &status, 0) == child ? status : -1;
}

/* As libpam does at the end of each login, and once more by hand. */
static void reload(struct play *play)
{
    void *module = dlopen(play->module, RTLD_NOW);
    if (module != NULL)
        dlclose(module);
    module = dlopen(play->module, RTLD_NOW | RTLD_NOLOAD);
    if (!play->quiet)
        printf("stays=%d\n", module != NULL);
    if (module != NULL)
        dlclose(module);
}

static int once(struct play *play)
{
    struct pam_conv conversation = {converse, play};
    pam_handle_t *pamh = NULL;
    play->answer_next = 0;
    int code = pam_start_confdir(play->service, play->user, &conversation, play->confdir, &pamh);
    if (code != PAM_SUCCESS) {
        fprintf(stderr, "pam_start: %d\n", code);
        return 2;
    }
    pam_set_item(pamh, PAM_TTY, "ssh");
    if (play->rhost != NULL)
        pam_set_item(pamh, PAM_RHOST, play->rhost);
    for (int i = 0; i < play->variable_count; i++)
        pam_putenv(pamh, play->variables[i]);
    if (play->forked != NULL && play_forked(play, pamh) != 0)
        fprintf(stderr, "the forked child has failed\n");
    code = play_phases(play, pamh, play->phases);
    const char *id = pam_getenv(pamh, "HOPWARDEN_LOGIN");
    if (!play->quiet && id != NULL)
        printf("login=%s\n", id);
    pam_end(pamh, code);
    if (play->module != NULL)
        reload(play);
    fflush(stdout);
    return 0;
}

static void *run_thread(void *data)
{
    struct play *play = data;
    for (long i = 0; i < play->repeat; i++)
        if (once(play) != 0)
            return data;
    return NULL;
}

static void print_answers(const struct play *plays, long threads)
{
    for (int phase = 0; phase < PHASES; phase++)
        for (int code = 0; code < CODES_MAX; code++) {
            long times = 0;
            for (long i = 0; i < threads; i++)
                times += plays[i].came[phase][code];
            if (times > 0)
                printf("%s=%d x %ld\n", phase_words[phase], code, times);
        }
}

static int run_threads(const struct play *play)
{
    static struct play plays[THREADS_MAX];
    pthread_t threads[THREADS_MAX];
    long started = 0, failed = 0;
    for (; started < play->threads; started++) {
        plays[started] = *play;
        plays[started].quiet = true;
        if (pthread_create(&threads[started], NULL, run_thread, &plays[started]) != 0)
            break;
    }
    for (long i = 0; i < started; i++) {
        void *ended = NULL;
        pthread_join(threads[i], &ended);
        failed += ended != NULL;
    }
    print_answers(plays, started);
    return failed == 0 && started == play->threads ? 0 : 2;
}

static int descriptors(void)
{
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    if (folder == NULL)
        return -1;
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

static long resident_pages(void)
{
    long size = 0, resident = -1;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL)
        return -1;
    if (fscanf(file, "%ld %ld", &size, &resident) != 2)
        resident = -1;
    fclose(file);
    return resident;
}

static void unescape(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0'; from++) {
        bool newline = from[0] == '\\' && from[1] == 'n';
        *to++ = newline ? '\n' : *from;
        from += newline;
    }
    *to = '\0';
}

static bool option(struct play *play, const char *name, char *value)
{
    if (strcmp(name, "--answer") == 0 && play->answer_count < ANSWERS_MAX)
        play->answers[play->answer_count++] = value;
    else if (strcmp(name, "--repeat") == 0)
        play->repeat = strtol(value, NULL, 10);
    else if (strcmp(name, "--threads") == 0) {
        play->threads = strtol(value, NULL, 10);
        return play->threads > 0 && play->threads <= THREADS_MAX;
    } else if (strcmp(name, "--rhost") == 0)
        play->rhost = value;
    else if (strcmp(name, "--fork") == 0)
        play->forked = value;
    else if (strcmp(name, "--module") == 0)
        play->module = value;
    else if (strcmp(name, "--descriptors") == 0)
        play->descriptors = strtol(value, NULL, 10);
    else if (strcmp(name, "--fail-allocation") == 0 && OWN_ALLOCATOR)
        play->fail_allocation = strtol(value, NULL, 10);
    else if (strcmp(name, "--user-size") == 0) {
        size_t size = strtoul(value, NULL, 10);
        char *name_of_size = malloc(size + 1);
        if (name_of_size == NULL)
            return false;
        memset(name_of_size, 'a', size);
        name_of_size[size] = '\0';
        play->user = play->long_name = name_of_size;
    } else
        return false;
    return true;
}

static bool parse(int argc, char **argv, struct play *play)
{
    if (argc < 5)
        return false;
    *play = (struct play){argv[1], argv[2], argv[3], argv[4], .repeat = 1};
    for (int i = 5; i < argc; i++) {
        if (strncmp(argv[i], "--", 2) == 0) {
            if (i + 1 >= argc || !option(play, argv[i], argv[i + 1]))
                return false;
            i++;
        } else if (play->variable_count < VARIABLES_MAX) {
            unescape(argv[i]);
            play->variables[play->variable_count++] = argv[i];
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    struct play play;
    if (!parse(argc, argv, &play)) {
        fprintf(stderr, "usage: pam_driver CONFDIR SERVICE USER PHASES [VARIABLE=VALUE ...]\n");
        return 64;
    }
    play.quiet = play.repeat > 1;
    struct rlimit most = {(rlim_t)play.descriptors, (rlim_t)play.descriptors};
    if (play.descriptors > 0 && setrlimit(RLIMIT_NOFILE, &most) != 0)
        return 2;
    if (play.threads > 0)
        return run_threads(&play);
    for (long i = 0; i < play.repeat; i++) {
        int code = once(&play);
        if (code != 0)
            return code;
        if (play.quiet && (i == play.repeat / 10 || i + 1 == play.repeat))
            printf("after %ld: descriptors=%d pages=%ld heap=%zu\n", i + 1, descriptors(),
                   resident_pages(), mallinfo2().uordblks);
    }
    free(play.long_name);
    return 0;
}
