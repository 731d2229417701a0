/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "code_set.h"
#include "encode.h"
#include "file.h"

#define RANDOM_BYTES 10

/* A set opened to use one of its codes. */
struct opened {
    int fd;
    bool writable;
    struct hop_codes codes;
};

static enum hop_rc path_of(const char *folder, const char *account, const uint8_t *hash,
                           char path[PATH_MAX], struct hop_error *err)
{
    struct hop_text text = hop_text_over(path, PATH_MAX);
    hop_text_put(&text, folder);
    hop_text_put_char(&text, '/');
    hop_percent_put(&text, hop_span_of(account));
    if (hash != NULL) {
        hop_text_put_char(&text, '~');
        hop_hex_put(&text, hash, HOP_CODES_HASH / 2);
    }
    return text.cut ? hop_error_set(err, HOP_LIMIT, "%s: name too long", folder) : HOP_OK;
}

/* -- reading ------------------------------------------------------------------------------- */

static enum hop_rc trusted(const char *path, int fd, struct hop_error *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return hop_error_errno(err, HOP_IO, errno, "%s", path);
    if (!S_ISREG(st.st_mode) || st.st_nlink != 1 || st.st_uid != geteuid() ||
        (st.st_mode & 077) != 0)
        return hop_error_set(err, HOP_UNTRUSTED, "%s: not a file of its owner alone", path);
    return HOP_OK;
}

static enum hop_rc read_codes(const char *path, int fd, struct hop_codes *ret_codes,
                              struct hop_error *err)
{
    char bytes[HOP_CODES_FILE_MOST];
    ssize_t got;
    do
        got = pread(fd, bytes, sizeof bytes, 0);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return hop_error_errno(err, HOP_IO, errno, "%s: read", path);
    enum hop_rc rc =
        hop_codes_parse((struct hop_span){.at = bytes, .len = (size_t)got}, ret_codes, err);
    if (rc != HOP_OK)
        hop_error_within(err, "%s", path);
    return rc;
}

/* For writing if that can be: a file system that went read-only is no reason to stay out. */
static enum hop_rc open_set(const char *path, struct opened *ret_opened, struct hop_error *err)
{
    int flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
    struct opened opened = {.fd = open(path, O_RDWR | flags), .writable = true};
    if (opened.fd < 0 && errno != ENOENT) {
        opened.fd = open(path, O_RDONLY | flags);
        opened.writable = false;
    }
    if (opened.fd < 0)
        return hop_error_errno(err, errno == ENOENT ? HOP_NOT_FOUND : HOP_IO, errno, "%s", path);
    enum hop_rc rc = trusted(path, opened.fd, err);
    if (rc == HOP_OK)
        rc = read_codes(path, opened.fd, &opened.codes, err);
    if (rc != HOP_OK)
        close(opened.fd);
    else
        *ret_opened = opened;
    return rc;
}

static bool burn(const struct opened *opened, const struct hop_code *code)
{
    return opened->writable && pwrite(opened->fd, "-", 1, (off_t)code->at) == 1 &&
           fdatasync(opened->fd) == 0;
}

static bool is_marked(const struct hop_codes_places *places, const char *account,
                      const struct hop_code *code)
{
    char path[PATH_MAX];
    struct stat st;
    return path_of(places->used, account, code->hash, path, NULL) == HOP_OK &&
           lstat(path, &st) == 0;
}

/* What could only be marked when it was used is kept as soon as that can be. */
static void settle_marks(const struct hop_codes_places *places, const char *account,
                         struct opened *opened)
{
    for (size_t i = 0; i < opened->codes.count; i++) {
        struct hop_code *code = &opened->codes.items[i];
        if (!code->used && is_marked(places, account, code)) {
            burn(opened, code);
            code->used = true;
        }
    }
}

enum hop_rc hop_codes_load(const struct hop_codes_places *places, const char *account,
                           struct hop_codes *ret_codes, struct hop_error *err)
{
    char path[PATH_MAX];
    struct opened opened;
    enum hop_rc rc = path_of(places->kept, account, NULL, path, err);
    if (rc == HOP_OK)
        rc = open_set(path, &opened, err);
    if (rc != HOP_OK)
        return rc;
    settle_marks(places, account, &opened);
    close(opened.fd);
    *ret_codes = opened.codes;
    return HOP_OK;
}

/* -- using --------------------------------------------------------------------------------- */

static enum hop_rc lock_by(int fd, struct hop_deadline deadline, struct hop_error *err)
{
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return hop_error_errno(err, HOP_IO, errno, "codes: lock");
        if (hop_clock_left_ms(deadline) == 0)
            return hop_error_set(err, HOP_TIMEOUT, "codes: another login holds the set");
        poll(NULL, 0, 1);
    }
    return HOP_OK;
}

static enum hop_rc mark(const struct hop_codes_places *places, const char *account,
                        const struct hop_code *code, struct hop_error *err)
{
    char path[PATH_MAX];
    enum hop_rc rc = path_of(places->used, account, code->hash, path, err);
    if (rc == HOP_OK)
        rc = hop_folder_make(places->used, 0700, geteuid(), getegid(), err);
    if (rc != HOP_OK)
        return rc;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return hop_error_errno(err, HOP_IO, errno, "%s: a used code can be marked nowhere", path);
    close(fd);
    return HOP_OK;
}

static const struct hop_code *find(const struct hop_codes *codes,
                                   const uint8_t hash[HOP_CODES_HASH])
{
    const struct hop_code *found = NULL;
    for (size_t i = 0; i < codes->count; i++)
        if (CRYPTO_memcmp(codes->items[i].hash, hash, HOP_CODES_HASH) == 0)
            found = &codes->items[i];
    return found;
}

/* Under the lock: the set is read again, since another login may have used the code meanwhile. */
static enum hop_rc use_locked(const struct hop_codes_places *places, const char *account,
                              const uint8_t hash[HOP_CODES_HASH], struct opened *opened,
                              struct hop_code_use *ret_use, struct hop_error *err)
{
    enum hop_rc rc = read_codes(account, opened->fd, &opened->codes, err);
    if (rc != HOP_OK)
        return rc;
    settle_marks(places, account, opened);
    const struct hop_code *code = find(&opened->codes, hash);
    if (code == NULL)
        return hop_error_set(err, HOP_DENIED, "codes of %s: no such code", account);
    if (code->used)
        return hop_error_set(err, HOP_DENIED, "codes of %s: this one was used before", account);
    struct hop_code_use use = {.left = hop_codes_left(&opened->codes) - 1};
    use.not_kept = !burn(opened, code);
    if (use.not_kept)
        rc = mark(places, account, code, err);
    if (rc == HOP_OK)
        *ret_use = use;
    return rc;
}

enum hop_rc hop_codes_use_by(const struct hop_codes_places *places, const char *account,
                             struct hop_span typed, struct hop_deadline deadline,
                             struct hop_code_use *ret_use, struct hop_error *err)
{
    char path[PATH_MAX], code[HOP_CODE_SIZE];
    uint8_t hash[HOP_CODES_HASH];
    struct opened opened;
    enum hop_rc rc = path_of(places->kept, account, NULL, path, err);
    if (rc == HOP_OK)
        rc = open_set(path, &opened, err);
    if (rc != HOP_OK)
        return rc;
    if (!hop_code_read(typed, code))
        rc = hop_error_set(err, HOP_DENIED, "codes of %s: no such code", account);
    if (rc == HOP_OK)
        rc = hop_code_hash(&opened.codes, code, hash, err);
    if (rc == HOP_OK)
        rc = lock_by(opened.fd, deadline, err);
    if (rc == HOP_OK)
        rc = use_locked(places, account, hash, &opened, ret_use, err);
    close(opened.fd);
    OPENSSL_cleanse(code, sizeof code);
    return rc;
}

/* -- making -------------------------------------------------------------------------------- */

static enum hop_rc draw(struct hop_codes *codes, char (*ret_codes)[HOP_CODE_SIZE],
                        struct hop_error *err)
{
    uint8_t random[RANDOM_BYTES];
    enum hop_rc rc = hop_entropy(codes->salt, sizeof codes->salt, err);
    for (size_t i = 0; rc == HOP_OK && i < codes->count; i++) {
        rc = hop_entropy(random, sizeof random, err);
        if (rc == HOP_OK) {
            hop_code_put(random, ret_codes[i]);
            rc = hop_code_hash(codes, ret_codes[i], codes->items[i].hash, err);
        }
    }
    OPENSSL_cleanse(random, sizeof random);
    return rc;
}

enum hop_rc hop_codes_make(const struct hop_codes_places *places, const char *account, size_t count,
                           char (*ret_codes)[HOP_CODE_SIZE], struct hop_error *err)
{
    char path[PATH_MAX], bytes[HOP_CODES_FILE_MOST];
    struct hop_codes codes = {.iterations = HOP_CODES_ITERATIONS, .count = count};
    if (count < 1 || count > HOP_CODES_MOST)
        return hop_error_set(err, HOP_LIMIT, "codes: 1 to %d", HOP_CODES_MOST);
    enum hop_rc rc = path_of(places->kept, account, NULL, path, err);
    if (rc == HOP_OK)
        rc = hop_folder_make(places->kept, 0700, geteuid(), getegid(), err);
    if (rc == HOP_OK)
        rc = draw(&codes, ret_codes, err);
    if (rc != HOP_OK)
        return rc;
    struct hop_text text = hop_text_over(bytes, sizeof bytes);
    hop_codes_put(&text, &codes);
    return hop_file_replace(path, bytes, text.len, 0600, geteuid(), getegid(), true, err);
}
