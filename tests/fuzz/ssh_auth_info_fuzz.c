/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "ssh.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hop_span text = {.at = (const char *)data, .len = size};
    struct hop_ssh_auth_info info;
    hop_ssh_auth_info_parse(text, &info);
    if ((info.has_key && !info.any) || (info.key_bad && !info.any))
        abort();
    if (info.has_key != (info.key.fingerprint[0] != 0))
        abort();
    struct hop_address client, server;
    uint16_t port;
    if (hop_ssh_connection_parse(text, &client, &port, &server) &&
        (client.family == 0 || server.family == 0))
        abort();
    return 0;
}
