/* SPDX-License-Identifier: Apache-2.0 */
#include "sign.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

#define ARMOUR_MAX (HOP_SSH_SIGNATURE_MAX * 2)
#define AGENT_MAX (256 * 1024) /* what ssh-add -L may say */

/* -- programs ------------------------------------------------------------------------------ */

static void become(const char *const *words, int input, int output)
{
    if (dup2(input, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0)
        _exit(127);
    union {
        const char *const *in;
        char *const *out;
    } argv = {.in = words}; /* exec changes none of them */
    execvp(words[0], argv.out);
    _exit(127);
}

static size_t read_all(int fd, char *buffer, size_t size)
{
    size_t len = 0;
    ssize_t got;
    while (len < size &&
           ((got = read(fd, buffer + len, size - len)) > 0 || (got < 0 && errno == EINTR)))
        len += got > 0 ? (size_t)got : 0;
    return len;
}

/* Its output, as far as it fits; HOP_DENIED unless it ended well. Its complaints go where ours do.
 */
static enum hop_rc run(const char *const *words, int input, char *output, size_t size,
                       size_t *ret_len, struct hop_error *err)
{
    int ends[2], status = 0;
    if (pipe(ends) != 0)
        return hop_error_errno(err, HOP_IO, errno, "%s", words[0]);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        become(words, input, ends[1]);
    close(ends[1]);
    if (pid > 0) {
        *ret_len = read_all(ends[0], output, size);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
    }
    close(ends[0]);
    if (pid < 0)
        return hop_error_set(err, HOP_IO, "%s: cannot be started", words[0]);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return hop_error_set(err, HOP_NOT_FOUND, "%s: cannot be run", words[0]);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return hop_error_set(err, HOP_DENIED, "%s %s: failed", words[0], words[1]);
    return HOP_OK;
}

/* Bytes as a file to read from; a pipe would kill us should nobody read. -1 without. */
static int input_of(struct hop_span bytes)
{
    int fd = memfd_create("hopwarden", MFD_CLOEXEC);
    if (fd >= 0 &&
        (write(fd, bytes.at, bytes.len) != (ssize_t)bytes.len || lseek(fd, 0, SEEK_SET) != 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

/* -- the agent's keys ---------------------------------------------------------------------- */

static bool may_sign(struct hop_span signers, const char *name_space, const char *fingerprint)
{
    struct hop_ssh_signer signer;
    size_t number = 0;
    enum hop_rc rc;
    while (hop_ssh_signers_next(&signers, &number, &signer, &rc, NULL))
        if (rc == HOP_OK && strcmp(signer.key.fingerprint, fingerprint) == 0 &&
            hop_ssh_signer_may(&signer, name_space, hop_clock_epoch_ms() / 1000, NULL) == HOP_OK)
            return true;
    return false;
}

/* The line of the first key that will do. */
static bool choose(struct hop_span listed, const char *name_space, struct hop_span signers,
                   struct hop_span *ret_line)
{
    struct hop_span line;
    struct hop_ssh_line parts;
    struct hop_ssh_key key;
    while (hop_span_cut(&listed, '\n', &line)) {
        if (hop_ssh_line_parse(line, &parts, NULL) != HOP_OK ||
            hop_ssh_key_parse_text(parts.type, parts.base64, &key, NULL) != HOP_OK ||
            key.certificate)
            continue;
        *ret_line = line;
        if (signers.len == 0 || may_sign(signers, name_space, key.fingerprint))
            return true;
    }
    return false;
}

/* A file of its own, since ssh-keygen wants a name. The caller removes it. */
static enum hop_rc write_key(struct hop_span line, char path[], struct hop_error *err)
{
    int fd = mkstemp(path);
    if (fd < 0)
        return hop_error_errno(err, HOP_IO, errno, "%s", path);
    bool written = write(fd, line.at, line.len) == (ssize_t)line.len && write(fd, "\n", 1) == 1;
    close(fd);
    if (written)
        return HOP_OK;
    unlink(path);
    return hop_error_set(err, HOP_IO, "%s: cannot be written", path);
}

static enum hop_rc key_of_agent(const char *name_space, struct hop_span signers, char path[],
                                struct hop_error *err)
{
    static const char *const words[] = {"ssh-add", "-L", NULL};
    struct hop_span line;
    size_t len = 0;
    char *listed = malloc(AGENT_MAX);
    if (listed == NULL)
        return hop_error_set(err, HOP_NOMEM, "ssh-add: out of memory");
    enum hop_rc rc = run(words, STDIN_FILENO, listed, AGENT_MAX, &len, err);
    if (rc != HOP_OK)
        hop_error_set(err, rc, "the agent offers no key: name one with --key");
    else if (!choose((struct hop_span){listed, len}, name_space, signers, &line))
        rc = hop_error_set(err, HOP_NOT_FOUND,
                           "none of the agent's keys may approve: name one with --key");
    if (rc == HOP_OK)
        rc = write_key(line, path, err);
    free(listed);
    return rc;
}

/* -- signing ------------------------------------------------------------------------------- */

static enum hop_rc sign_with(const char *key, const char *name_space, struct hop_span message,
                             uint8_t blob[HOP_SSH_SIGNATURE_MAX], size_t *ret_len,
                             struct hop_error *err)
{
    const char *const words[] = {"ssh-keygen", "-q", "-Y", "sign", "-n",
                                 name_space,   "-f", key,  NULL};
    char armour[ARMOUR_MAX];
    size_t len = 0;
    int input = input_of(message);
    if (input < 0)
        return hop_error_errno(err, HOP_IO, errno, "ssh-keygen");
    enum hop_rc rc = run(words, input, armour, sizeof armour, &len, err);
    close(input);
    if (rc != HOP_OK)
        return hop_error_set(err, rc, "%s: ssh-keygen does not sign with it", key);
    long decoded = hop_ssh_signature_unarmor((struct hop_span){armour, len}, blob);
    if (decoded < 0)
        return hop_error_set(err, HOP_MALFORMED, "ssh-keygen: what it says is no signature");
    *ret_len = (size_t)decoded;
    return HOP_OK;
}

enum hop_rc hop_sign(const char *key, const char *name_space, struct hop_span signers,
                     struct hop_span message, uint8_t ret_blob[HOP_SSH_SIGNATURE_MAX],
                     size_t *ret_len, struct hop_error *err)
{
    char path[] = "/tmp/hopwarden-key-XXXXXX";
    if (key != NULL)
        return sign_with(key, name_space, message, ret_blob, ret_len, err);
    enum hop_rc rc = key_of_agent(name_space, signers, path, err);
    if (rc != HOP_OK)
        return rc;
    rc = sign_with(path, name_space, message, ret_blob, ret_len, err);
    unlink(path);
    return rc;
}
