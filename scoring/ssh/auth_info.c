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

static bool take_end(struct hop_span *rest, struct hop_ssh_end *ret_end)
{
    struct hop_span address, port;
    int64_t number;
    if (!hop_span_cut(rest, ' ', &address) || !hop_span_cut(rest, ' ', &port) ||
        !hop_address_parse(address, &ret_end->address) ||
        !hop_span_int64(port, 0, UINT16_MAX, &number))
        return false;
    ret_end->port = (uint16_t)number;
    return true;
}

bool hop_ssh_ends_parse(struct hop_span text, struct hop_ssh_end ret_ends[2])
{
    struct hop_ssh_end ends[2];
    if (!take_end(&text, &ends[0]) || !take_end(&text, &ends[1]) || text.at)
        return false;
    memcpy(ret_ends, ends, sizeof ends);
    return true;
}

bool hop_ssh_connection_parse(struct hop_span text, struct hop_address *ret_client,
                              uint16_t *ret_port, struct hop_address *ret_server)
{
    struct hop_ssh_end ends[2];
    if (!hop_ssh_ends_parse(text, ends))
        return false;
    *ret_client = ends[0].address;
    *ret_port = ends[0].port;
    *ret_server = ends[1].address;
    return true;
}
