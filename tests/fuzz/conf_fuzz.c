/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever is accepted dumps to a text that is accepted and dumps alike, and answers questions. */
#include <stdlib.h>
#include <string.h>

#include "conf.h"

static char *dump(const struct hop_conf *conf)
{
    char *text = NULL;
    if (hop_conf_dump(conf, &text, NULL) != HOP_OK)
        abort();
    return text;
}

static void ask(const struct hop_conf *conf)
{
    struct hop_login login = {.account = "ansible", .tenant = "acme", .key = "SHA256:x"};
    struct hop_binding binding;
    struct hop_address address;
    char text[HOP_NAME_MAX + 1];
    hop_address_parse(hop_span_of("10.1.2.3"), &address);
    login.origin.address = address;
    hop_conf_zone(conf, &address, &login.origin);
    hop_conf_is_hosting(conf, &address, 64500);
    hop_conf_is_bastion(conf, &address);
    hop_conf_binding(conf, &login, &binding);
    hop_conf_identity(conf, "acme", "root", "SHA256:x", text);
    hop_conf_team(conf, text);
    if (!hop_conf_settings(conf)->nss_groups)
        hop_conf_in_scope(conf, "nobody", 65534, "sshd");
    hop_conf_tenant_of_tag(conf, "77aa");
    if (hop_conf_tenants(conf) < 2)
        abort();
}

/* Files named by the text are the machine's own: leave them alone. */
static bool names_files(const uint8_t *data, size_t size)
{
    return memmem(data, size, "file:", strlen("file:")) != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hop_conf *conf = NULL, *again = NULL;
    struct hop_error err = {0};
    struct hop_span text = {.at = (const char *)data, .len = size};
    if (names_files(data, size) || hop_conf_parse("fuzz", text, &conf, &err) != HOP_OK)
        return 0;
    ask(conf);
    char *first = dump(conf);
    if (hop_conf_parse("dump", hop_span_of(first), &again, &err) != HOP_OK)
        abort();
    char *second = dump(again);
    if (strcmp(first, second) != 0)
        abort();
    free(first);
    free(second);
    hop_conf_free(&conf);
    hop_conf_free(&again);
    return 0;
}
