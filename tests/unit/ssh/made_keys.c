/* SPDX-License-Identifier: Apache-2.0 */
#include "made_keys.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "encode.h"

static char folder[64];

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void run(const char *format, ...)
{
    char command[1024];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(command, sizeof command, format, args);
    va_end(args);
    ck_assert_int_lt(len, (int)sizeof command);
    ck_assert_msg(system(command) == 0, "%s", command);
}

static void write_public(const char *name, const char *type, const uint8_t *blob, size_t len)
{
    char path[128], line[512];
    snprintf(path, sizeof path, "%s/%s.pub", folder, name);
    struct hop_text text = hop_text_over(line, sizeof line);
    hop_text_format(&text, "%s ", type);
    hop_base64_put(&text, blob, len, true);
    hop_text_put(&text, " a token\n");
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(line, file);
    fclose(file);
}

static size_t put_string(uint8_t *at, const void *bytes, size_t len)
{
    for (int k = 0; k < 4; k++)
        at[k] = (uint8_t)(len >> (24 - 8 * k));
    memcpy(at + 4, bytes, len);
    return 4 + len;
}

/* A token's key is the plain one under another type, with the application behind. */
static void make_token(const char *name, const char *from, const char *from_type, const char *type)
{
    uint8_t plain[512], blob[1024];
    size_t len = keys_blob(from, plain, sizeof plain), skip = 4 + strlen(from_type);
    size_t done = put_string(blob, type, strlen(type));
    memcpy(blob + done, plain + skip, len - skip);
    done += len - skip;
    done += put_string(blob + done, "ssh:", 4);
    write_public(name, type, blob, done);
}

void keys_make(void)
{
    snprintf(folder, sizeof folder, "/tmp/hop-keys-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    run("cd %s && for k in ed25519 ca; do ssh-keygen -q -t ed25519 -N '' -C \"$k of anna\" -f $k; "
        "done; ssh-keygen -q -t rsa -b 2048 -N '' -f rsa; for b in 256 384 521; do ssh-keygen -q "
        "-t ecdsa -b $b -N '' -f p$b; done",
        folder);
    make_token("sk-ed25519", "ed25519", "ssh-ed25519", "sk-ssh-ed25519@openssh.com");
    make_token("sk-p256", "p256", "ecdsa-sha2-nistp256", "sk-ecdsa-sha2-nistp256@openssh.com");
}

void keys_remove(void)
{
    run("rm -r %s", folder);
}

void keys_read(const char *name, struct public_line *ret_line)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s.pub", folder, name);
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_ptr_nonnull(fgets(ret_line->text, sizeof ret_line->text, file));
    fclose(file);
    ret_line->text[strcspn(ret_line->text, "\n")] = 0;
    struct hop_error err = {0};
    ck_assert_msg(hop_ssh_line_parse(hop_span_of(ret_line->text), &ret_line->parts, &err) == HOP_OK,
                  "%s", err.text);
}

void keys_sign(const char *name, const char *id, const char *more_options)
{
    FILE *file;
    char path[128];
    snprintf(path, sizeof path, "%s/id", folder);
    ck_assert_ptr_nonnull(file = fopen(path, "w"));
    fputs(id, file);
    fclose(file);
    run("cd %s && ssh-keygen -q -s ca -I \"$(cat id)\" -n anna %s %s.pub", folder, more_options,
        name);
}

void keys_fingerprint(const char *name, char ret_fingerprint[HOP_SSH_FINGERPRINT_MAX + 1])
{
    char command[256];
    snprintf(command, sizeof command, "ssh-keygen -l -f %s/%s.pub | cut -d' ' -f2", folder, name);
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    ck_assert_ptr_nonnull(fgets(ret_fingerprint, HOP_SSH_FINGERPRINT_MAX + 1, pipe));
    ck_assert_int_eq(pclose(pipe), 0);
    ret_fingerprint[strcspn(ret_fingerprint, "\n")] = 0;
}

size_t keys_blob(const char *name, uint8_t *blob, size_t size)
{
    struct public_line line;
    keys_read(name, &line);
    long len = hop_base64_decode(line.parts.base64, blob, size);
    ck_assert_int_gt(len, 0);
    return (size_t)len;
}

struct hop_ssh_key keys_parse(const char *name)
{
    struct public_line line;
    struct hop_ssh_key key;
    struct hop_error err = {0};
    keys_read(name, &line);
    ck_assert_msg(hop_ssh_key_parse_text(line.parts.type, line.parts.base64, &key, &err) == HOP_OK,
                  "%s: %s", name, err.text);
    return key;
}
