/* SPDX-License-Identifier: Apache-2.0 */
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "command.h"
#include "socket.h"
#include "verbs.h"

#define KNOCK_MS 1000 /* how long an address has to show that somebody is there */

static error_t parse(int key, char *argument, struct argp_state *state)
{
    (void)argument;
    if (key != ARGP_KEY_INIT)
        return ARGP_ERR_UNKNOWN;
    state->child_inputs[0] = state->input;
    return 0;
}

static bool address_of(const struct addrinfo *info, struct hop_address *ret_address)
{
    char text[NI_MAXHOST];
    return getnameinfo(info->ai_addr, info->ai_addrlen, text, sizeof text, NULL, 0,
                       NI_NUMERICHOST) == 0 &&
           hop_address_parse(hop_span_of(text), ret_address);
}

static bool answers(const struct hop_address *address, uint16_t port)
{
    struct hop_socket_target target;
    int fd;
    if (hop_socket_target_tcp(address, port, &target, NULL) != HOP_OK ||
        hop_socket_connect_by(&target, hop_clock_deadline(KNOCK_MS), &fd, NULL) != HOP_OK)
        return false;
    close(fd);
    return true;
}

/* A login tries them in this order, and one where nobody answers may cost it all its time. */
static void put_silent_ones_last(struct hop_name *name)
{
    struct hop_address silent[HOP_NAME_ADDRESSES_MAX];
    size_t count = 0, silent_count = 0;
    for (size_t i = 0; i < name->count; i++)
        if (answers(&name->addresses[i], name->port))
            name->addresses[count++] = name->addresses[i];
        else
            silent[silent_count++] = name->addresses[i];
    memcpy(name->addresses + count, silent, silent_count * sizeof *silent);
}

static bool stands(const struct hop_name *name, const struct hop_address *address)
{
    for (size_t i = 0; i < name->count; i++)
        if (hop_address_equal(&name->addresses[i], address))
            return true;
    return false;
}

/* What was known stays where there is no answer. */
static bool resolve(struct hop_name *name)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *answer;
    int trouble = getaddrinfo(name->host, NULL, &hints, &answer);
    if (trouble != 0) {
        hop_complain("%s: %s%s", name->host, gai_strerror(trouble),
                     name->count ? "; what was known stays" : "");
        return false;
    }
    struct hop_name fresh = {.time = hop_clock_epoch_ms() / 1000, .port = name->port};
    memcpy(fresh.host, name->host, sizeof fresh.host);
    for (struct addrinfo *info = answer; info; info = info->ai_next) {
        struct hop_address address;
        if (fresh.count < HOP_NAME_ADDRESSES_MAX && address_of(info, &address) &&
            !stands(&fresh, &address))
            fresh.addresses[fresh.count++] = address;
    }
    freeaddrinfo(answer);
    put_silent_ones_last(&fresh);
    *name = fresh;
    return true;
}

static void print_name(const struct hop_name *name)
{
    char text[HOP_NAME_ADDRESSES_MAX * HOP_ADDRESS_TEXT_MAX + 1];
    struct hop_text line = hop_text_over(text, sizeof text);
    for (size_t i = 0; i < name->count; i++) {
        hop_text_put_char(&line, ' ');
        hop_address_put(&line, &name->addresses[i]);
    }
    printf("%s%s\n", name->host, text);
}

static json_t *json_of(const struct hop_name *name)
{
    json_t *addresses = json_array();
    for (size_t i = 0; i < name->count; i++) {
        char text[HOP_ADDRESS_TEXT_MAX];
        struct hop_text line = hop_text_over(text, sizeof text);
        hop_address_put(&line, &name->addresses[i]);
        json_array_append_new(addresses, json_string(text));
    }
    return json_pack("{s:o, s:o, s:o}", "name", hop_json_text(name->host), "addresses", addresses,
                     "resolved", name->time ? hop_json_time(name->time) : json_null());
}

static void print_all(const struct hop_names *names, bool json)
{
    json_t *list = json_array();
    for (size_t i = 0; i < names->count; i++) {
        if (json)
            json_array_append_new(list, json_of(&names->items[i]));
        else
            print_name(&names->items[i]);
    }
    if (json)
        hop_json_print(list);
    else
        json_decref(list);
    if (!json && !names->count)
        puts("history has no host names: nothing to resolve");
}

int hop_verb_resolve(int argc, char **argv)
{
    static const struct argp_child children[] = {{&hop_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        NULL,     parse, "",  "Look up the host names in history, which logins do not.",
        children, NULL,  NULL};
    struct hop_common common = {.json = false};
    struct hop_conf *conf;
    struct hop_names names;
    struct hop_error err = {0};
    hop_command_parse(&argp, argc, argv, &common);
    int status = hop_conf_open(&common, &conf);
    if (status != HOP_EXIT_FINE)
        return status;
    const struct hop_settings *settings = hop_conf_settings(conf);
    hop_names_recall(settings, &names, NULL); /* a spoilt file is written anew */
    for (size_t i = 0; i < names.count; i++)
        if (!resolve(&names.items[i]))
            status = HOP_EXIT_FINDING;
    if (names.count && hop_names_keep(settings, &names, &err) != HOP_OK)
        status = hop_complain_of(&err);
    print_all(&names, common.json);
    hop_conf_free(&conf);
    return status;
}
