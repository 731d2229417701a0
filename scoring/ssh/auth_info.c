/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "encode.h"
#include "ssh.h"

static void take_key(struct hop_span rest, struct hop_ssh_auth_info *info)
{
    struct hop_span type, base64;
    info->has_key = hop_span_cut(&rest, ' ', &type) && hop_span_cut(&rest, ' ', &base64) &&
                    hop_ssh_key_parse_text(type, base64, &info->key, NULL) == HOP_OK;
    if (!info->has_key)
        info->key_bad = true;
}

void hop_ssh_auth_info_parse(struct hop_span text, struct hop_ssh_auth_info *ret_info)
{
    memset(ret_info, 0, sizeof *ret_info);
    struct hop_text methods = hop_text_over(ret_info->methods, sizeof ret_info->methods);
    struct hop_span line, method;
    while (hop_span_cut(&text, '\n', &line)) {
        if (!hop_span_cut(&line, ' ', &method) || !method.len)
            continue;
        if (ret_info->any)
            hop_text_put_char(&methods, ',');
        hop_plain_put(&methods, method, HOP_NAME_MAX);
        ret_info->any = true;
        if (hop_span_is(method, "publickey"))
            take_key(line, ret_info);
    }
    if (!ret_info->has_key)
        memset(&ret_info->key, 0, sizeof ret_info->key);
}

static bool take_end(struct hop_span *rest, struct hop_address *ret_address, uint16_t *ret_port)
{
    struct hop_span address, port;
    int64_t number;
    if (!hop_span_cut(rest, ' ', &address) || !hop_span_cut(rest, ' ', &port) ||
        !hop_address_parse(address, ret_address) || !hop_span_int64(port, 0, UINT16_MAX, &number))
        return false;
    *ret_port = (uint16_t)number;
    return true;
}

bool hop_ssh_connection_parse(struct hop_span text, struct hop_address *ret_client,
                              uint16_t *ret_port, struct hop_address *ret_server)
{
    struct hop_address client, server;
    uint16_t client_port, server_port;
    if (!take_end(&text, &client, &client_port) || !take_end(&text, &server, &server_port) ||
        text.at)
        return false;
    *ret_client = client;
    *ret_port = client_port;
    *ret_server = server;
    return true;
}
