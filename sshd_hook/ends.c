/* SPDX-License-Identifier: Apache-2.0 */
#include "ends.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define PATH_BYTES 256
#define LINE_BYTES 512
#define LISTENERS_MAX 65536 /* lines: they stand first in the file */

int hop_ends_client(const struct hop_end_evidence evidence[2])
{
    if (evidence[0].own != evidence[1].own)
        return evidence[0].own ? 1 : 0;
    if (evidence[0].listens != evidence[1].listens)
        return evidence[0].listens ? 1 : 0;
    return -1;
}

/* -- this host's addresses ----------------------------------------------------------------- */

static bool take_address(const struct sockaddr *name, struct hop_address *ret_address)
{
    memset(ret_address, 0, sizeof *ret_address);
    if (name && name->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, name, sizeof in);
        ret_address->family = 4;
        memcpy(ret_address->bytes, &in.sin_addr, 4);
        return true;
    }
    if (name && name->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, name, sizeof in6);
        ret_address->family = 6;
        memcpy(ret_address->bytes, &in6.sin6_addr, 16);
        return true;
    }
    return false;
}

/* All of 127/8 is this host, though the interface names one address of it. */
static void ask_interfaces(const struct hop_ssh_end ends[2],
                           struct hop_end_evidence ret_evidence[2])
{
    struct ifaddrs *all;
    for (int i = 0; i < 2; i++)
        ret_evidence[i].own = hop_address_is_loopback(&ends[i].address);
    if (getifaddrs(&all) != 0)
        return;
    for (const struct ifaddrs *one = all; one; one = one->ifa_next) {
        struct hop_address address;
        if (!take_address(one->ifa_addr, &address))
            continue;
        for (int i = 0; i < 2; i++)
            if (hop_address_equal(&address, &ends[i].address))
                ret_evidence[i].own = true;
    }
    freeifaddrs(all);
}

/* -- listening sockets --------------------------------------------------------------------- */

static bool take_hex(struct hop_span text, size_t digits, uint32_t *ret_number)
{
    if (text.len != digits)
        return false;
    *ret_number = 0;
    for (size_t i = 0; i < digits; i++) {
        const char *all = "0123456789ABCDEF", *at = strchr(all, text.at[i]);
        if (!at || !*at)
            return false;
        *ret_number = *ret_number << 4 | (uint32_t)(at - all);
    }
    return true;
}

/* The kernel prints an address as words of the machine's own byte order. */
static bool take_kernel_address(struct hop_span text, struct hop_address *ret_address)
{
    struct hop_address address = {.family = text.len == 8 ? 4 : 6};
    if (text.len != 8 && text.len != 32)
        return false;
    for (size_t i = 0; i < text.len / 8; i++) {
        uint32_t word;
        if (!take_hex((struct hop_span){.at = text.at + 8 * i, .len = 8}, 8, &word))
            return false;
        memcpy(address.bytes + 4 * i, &word, 4);
    }
    *ret_address = address;
    return true;
}

static bool next_word(struct hop_span *rest, struct hop_span *ret_word)
{
    while (hop_span_cut(rest, ' ', ret_word))
        if (ret_word->len)
            return true;
    return false;
}

bool hop_ends_parse_listener(struct hop_span line, struct hop_ssh_end *ret_end)
{
    struct hop_span number, local, remote, state, address, port;
    struct hop_ssh_end end = {0};
    uint32_t bits;
    line = hop_span_trim(line);
    if (!next_word(&line, &number) || !next_word(&line, &local) || !next_word(&line, &remote) ||
        !next_word(&line, &state) || !hop_span_is(state, "0A") ||
        !hop_span_cut(&local, ':', &address) || !hop_span_cut(&local, ':', &port) ||
        !take_kernel_address(address, &end.address) || !take_hex(port, 4, &bits))
        return false;
    end.port = (uint16_t)bits;
    *ret_end = end;
    return true;
}

static bool is_any(const struct hop_address *address)
{
    static const uint8_t none[16];
    return memcmp(address->bytes, none, sizeof none) == 0;
}

/* A socket on :: takes IPv4 too, and then prints addresses as ::ffff:a.b.c.d. */
static bool is_mapped(const struct hop_address *six, const struct hop_address *four)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    return six->family == 6 && four->family == 4 && memcmp(six->bytes, mapped, 12) == 0 &&
           memcmp(six->bytes + 12, four->bytes, 4) == 0;
}

static bool serves(const struct hop_ssh_end *listener, const struct hop_ssh_end *end)
{
    const struct hop_address *at = &listener->address;
    if (listener->port != end->port)
        return false;
    if (is_any(at))
        return at->family == 6 || end->address.family == 4;
    return hop_address_equal(at, &end->address) || is_mapped(at, &end->address);
}

static void ask_listeners(const struct hop_ssh_end ends[2], const char *proc_net, const char *name,
                          struct hop_end_evidence ret_evidence[2])
{
    char path[PATH_BYTES], line[LINE_BYTES];
    struct hop_ssh_end listener;
    struct hop_text text = hop_text_over(path, sizeof path);
    hop_text_format(&text, "%s/%s", proc_net, name);
    FILE *file = text.cut ? NULL : fopen(path, "re");
    if (!file)
        return;
    bool more = fgets(line, sizeof line, file) != NULL; /* the headline */
    for (int i = 0; more && i < LISTENERS_MAX; i++) {
        more =
            fgets(line, sizeof line, file) && hop_ends_parse_listener(hop_span_of(line), &listener);
        for (int k = 0; more && k < 2; k++)
            if (serves(&listener, &ends[k]))
                ret_evidence[k].listens = true;
    }
    fclose(file);
}

/* A busy host has a thousand sockets for each listening one; the list is only asked where the
 * addresses do not tell. */
void hop_ends_ask(const struct hop_ssh_end ends[2], const char *proc_net,
                  struct hop_end_evidence ret_evidence[2])
{
    memset(ret_evidence, 0, 2 * sizeof *ret_evidence);
    ask_interfaces(ends, ret_evidence);
    if (ret_evidence[0].own != ret_evidence[1].own)
        return;
    ask_listeners(ends, proc_net, "tcp", ret_evidence);
    ask_listeners(ends, proc_net, "tcp6", ret_evidence);
}
