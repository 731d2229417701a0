/* SPDX-License-Identifier: Apache-2.0 */
#include "tls_session.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "encode.h"
#include "file.h"

#define PATH_SIZE 320
#define HEAD "hopwarden session 1 "
#define HEAD_SIZE (sizeof HEAD + 2 * HOP_TLS_DIGEST_LEN + 1)

static bool path_of(const char *folder, const unsigned char *digest, char path[PATH_SIZE])
{
    struct hop_text text = hop_text_over(path, PATH_SIZE);
    hop_text_put(&text, folder);
    hop_text_put(&text, "/session.");
    hop_hex_put(&text, digest, 1);
    return !text.cut;
}

static void head_put(struct hop_text *text, const unsigned char *digest)
{
    hop_text_put(text, HEAD);
    hop_hex_put(text, digest, HOP_TLS_DIGEST_LEN);
    hop_text_put_char(text, '\n');
}

/* What follows the head; false when it is another's. */
static bool body_of(struct hop_span file, const unsigned char *digest, struct hop_span *ret_body)
{
    char head[HEAD_SIZE];
    struct hop_text text = hop_text_over(head, sizeof head);
    head_put(&text, digest);
    if (text.cut || file.len <= text.len || memcmp(file.at, head, text.len) != 0)
        return false;
    *ret_body = (struct hop_span){file.at + text.len, file.len - text.len};
    return true;
}

enum hop_rc hop_tls_session_read(const char *folder, const unsigned char *digest,
                                 unsigned char **ret_bytes, size_t *ret_len)
{
    const struct hop_file_rule rule = {
        .owner = geteuid(), .forbidden = 077, .most = HOP_TLS_SESSION_MAX + HEAD_SIZE};
    char path[PATH_SIZE], *file;
    size_t len;
    struct hop_span body;
    if (!path_of(folder, digest, path))
        return HOP_LIMIT;
    enum hop_rc rc = hop_file_read(path, &rule, &file, &len, NULL);
    if (rc != HOP_OK)
        return rc;
    unsigned char *bytes = NULL;
    rc = HOP_NOT_FOUND;
    if (body_of((struct hop_span){file, len}, digest, &body)) {
        bytes = malloc(body.len);
        rc = bytes ? HOP_OK : HOP_NOMEM;
    }
    if (rc == HOP_OK) {
        memcpy(bytes, body.at, body.len);
        *ret_bytes = bytes;
        *ret_len = body.len;
    }
    explicit_bzero(file, len);
    free(file);
    return rc;
}

enum hop_rc hop_tls_session_write(const char *folder, const unsigned char *digest,
                                  struct hop_span bytes)
{
    char path[PATH_SIZE];
    if (!path_of(folder, digest, path) || bytes.len > HOP_TLS_SESSION_MAX)
        return HOP_LIMIT;
    size_t size = HEAD_SIZE + bytes.len;
    char *file = malloc(size);
    if (!file)
        return HOP_NOMEM;
    struct hop_text text = hop_text_over(file, size);
    head_put(&text, digest);
    size_t head = text.len;
    memcpy(file + head, bytes.at, bytes.len);
    enum hop_rc rc =
        hop_file_replace(path, file, head + bytes.len, 0600, (uid_t)-1, (gid_t)-1, false, NULL);
    explicit_bzero(file, size);
    free(file);
    return rc;
}
