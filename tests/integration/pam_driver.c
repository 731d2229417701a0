/* SPDX-License-Identifier: Apache-2.0 */
/* Plays a PAM application: calls the phases named on the command line in one process over a private
 * service folder, and prints each answer.
 *
 *   pam_driver CONFDIR SERVICE USER PHASE[,PHASE...] [VARIABLE=VALUE ...] [--answer TEXT ...]
 * [--repeat N] [--user-size N] [--descriptors N] [--fail-allocation N]
 *
 * --descriptors N leaves N descriptors to the process; --fail-allocation N makes the N-th
 * allocation of the phases fail (not under a sanitizer). phases: auth, account, setcred, open,
 * close. "\n" in a value stands for a newline. Prints "auth=0", "auth took 12 ms", "text: ...",
 * "login=<id>", and with --repeat the open descriptors and resident pages after the first tenth and
 * at the end.
 */
#include <dirent.h>
#include <security/pam_appl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define ANSWERS_MAX 8
#define VARIABLES_MAX 16

#if defined(__SANITIZE_ADDRESS__)
#define OWN_ALLOCATOR 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define OWN_ALLOCATOR 0
#endif
#endif
#ifndef OWN_ALLOCATOR
#define OWN_ALLOCATOR 1
#endif

static long allocations_left; /* until one fails; 0: none will */

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

struct play {
    const char *confdir, *service, *user, *phases;
    char *variables[VARIABLES_MAX];
    int variable_count;
    const char *answers[ANSWERS_MAX];
    int answer_count, answer_next;
    long repeat, fail_allocation, descriptors;
    char *long_name; /* of --user-size */
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

static int phase(pam_handle_t *pamh, const char *name)
{
    if (strcmp(name, "auth") == 0)
        return pam_authenticate(pamh, 0);
    if (strcmp(name, "account") == 0)
        return pam_acct_mgmt(pamh, 0);
    if (strcmp(name, "setcred") == 0)
        return pam_setcred(pamh, PAM_ESTABLISH_CRED);
    if (strcmp(name, "open") == 0)
        return pam_open_session(pamh, 0);
    if (strcmp(name, "close") == 0)
        return pam_close_session(pamh, 0);
    return -1;
}

static long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
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
    for (int i = 0; i < play->variable_count; i++)
        pam_putenv(pamh, play->variables[i]);
    char *phases = strdup(play->phases), *rest = phases;
    allocations_left = play->fail_allocation;
    for (char *name; phases != NULL && (name = strsep(&rest, ",")) != NULL;) {
        long before = now_ms();
        code = phase(pamh, name);
        if (!play->quiet)
            printf("%s=%d\n%s took %ld ms\n", name, code, name, now_ms() - before);
    }
    allocations_left = 0;
    free(phases);
    const char *id = pam_getenv(pamh, "HOPWARDEN_LOGIN");
    if (!play->quiet && id != NULL)
        printf("login=%s\n", id);
    pam_end(pamh, code);
    fflush(stdout);
    return 0;
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
    for (long i = 0; i < play.repeat; i++) {
        int code = once(&play);
        if (code != 0)
            return code;
        if (play.quiet && (i == play.repeat / 10 || i + 1 == play.repeat))
            printf("after %ld: descriptors=%d pages=%ld\n", i + 1, descriptors(), resident_pages());
    }
    free(play.long_name);
    return 0;
}
