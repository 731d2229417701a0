/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "encode.h"
#include "ssh.h"

static size_t names_of(struct hop_span principals)
{
    size_t bytes = 0;
    struct hop_span name;
    while (hop_ssh_principal_next(&principals, &name))
        bytes += name.len;
    return bytes;
}

/* A parsed key is whole: fingerprint of full length, a name that fits, CA exactly for certificates.
 * And the text form of the same blob gives the same key. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char base64[4 * HOP_SSH_BLOB_MAX / 3 + 8];
    struct hop_ssh_key key, again;
    memset(&key, 0, sizeof key);
    memset(&again, 0, sizeof again);
    struct hop_error err;
    if (hop_ssh_key_parse(data, size, NULL, &key, &err) != HOP_OK)
        return 0;
    char name[HOP_KEY_MAX + 1];
    hop_ssh_key_name(&key, name);
    if (strlen(key.fingerprint) != HOP_SSH_FINGERPRINT_MAX ||
        strlen(name) < HOP_SSH_FINGERPRINT_MAX)
        abort();
    if (key.certificate != (key.ca_fingerprint[0] != 0))
        abort();
    struct hop_text text = hop_text_over(base64, sizeof base64);
    hop_base64_put(&text, data, size, true);
    static uint8_t bytes[HOP_SSH_BLOB_MAX];
    struct hop_span principals;
    if (hop_ssh_key_parse_into(hop_span_of(key.type), (struct hop_span){base64, text.len}, bytes,
                               &again, &principals, &err) != HOP_OK ||
        names_of(principals) > principals.len || (principals.len && !key.certificate) ||
        strcmp(again.fingerprint, key.fingerprint) != 0 || strcmp(again.key_id, key.key_id) != 0)
        abort();
    return 0;
}
