/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "clock.h"
#include "command.h"
#include "encode.h"
#include "verbs.h"

struct wishes {
    struct hop_common common;
    const char *tenant;
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct wishes *wishes = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &wishes->common;
        return 0;
    case ARGP_KEY_ARG:
        if (wishes->tenant != NULL)
            argp_error(state, "one TENANT at a time");
        if (!hop_tenant_valid(hop_span_of(argument)) && strcmp(argument, HOP_HOME) != 0)
            argp_error(state, "%s: not a tenant name", argument);
        wishes->tenant = argument;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "whose users?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static bool is_wanted(enum hop_acl_user user, const char *tenant)
{
    bool tenants_own = user == HOP_ACL_TENANT || user == HOP_ACL_TENANT_HELPERS;
    return !tenants_own || strcmp(tenant, HOP_HOME) != 0;
}

static void print_lines(const char *prefix, const char *tenant)
{
    for (int user = 0; user < HOP_ACL_USER_COUNT; user++) {
        char line[HOP_ACL_LINE_MAX];
        struct hop_text text = hop_text_over(line, sizeof line);
        hop_acl_put(&text, (enum hop_acl_user)user, prefix, tenant);
        if (is_wanted((enum hop_acl_user)user, tenant))
            puts(line);
    }
}

static void print_json(const char *prefix, const char *tenant, const char *tag)
{
    json_t *users = json_array();
    for (int user = 0; user < HOP_ACL_USER_COUNT; user++) {
        char line[HOP_ACL_LINE_MAX], name[HOP_TENANT_MAX * 2];
        struct hop_text text = hop_text_over(line, sizeof line);
        hop_acl_put(&text, (enum hop_acl_user)user, prefix, tenant);
        text = hop_text_over(name, sizeof name);
        hop_acl_name_put(&text, (enum hop_acl_user)user, tenant);
        if (is_wanted((enum hop_acl_user)user, tenant))
            json_array_append_new(users, json_pack("{s:s, s:s}", "user", name, "line", line));
    }
    hop_json_print(
        json_pack("{s:s, s:s, s:o}", "tenant", tenant, "tenant_tag", tag, "users", users));
}

/* The tag is what other customers' hosts see of this one. One that is a hash of the name is no
 * secret to who can guess the name. */
static void tell_tag(const char *tenant, const char *tag)
{
    uint8_t entropy[8];
    char random[2 * sizeof entropy + 1], guessable[HOP_TENANT_MAX + 1];
    struct hop_text text = hop_text_over(random, sizeof random);
    hop_complain("%s: on its hosts set tenant_tag = %s", tenant, tag);
    hop_conf_default_tag(tenant, guessable);
    if (strcmp(tag, guessable) != 0 || hop_entropy(entropy, sizeof entropy, NULL) != HOP_OK)
        return;
    hop_hex_put(&text, entropy, sizeof entropy);
    hop_complain("%s: that tag is a hash of the name, which others may guess; a random one: tag = "
                 "%s in [tenant \"%s\"]",
                 tenant, random, tenant);
}

int hop_verb_acl(int argc, char **argv)
{
    static const struct argp_child children[] = {{&hop_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        NULL,
        parse,
        "TENANT",
        "The users of a Redis that is shared with customers, as lines of its aclfile (Redis 7 or "
        "later): the tenant's hosts, their sshd helpers, home, home's helpers, and a reviewer who "
        "reads all. None has a password yet.",
        children,
        NULL,
        NULL};
    struct wishes wishes = {.tenant = NULL};
    hop_command_parse(&argp, argc, argv, &wishes.common);
    struct hop_conf *conf;
    int status = hop_conf_open(&wishes.common, &conf);
    if (status != HOP_EXIT_FINE)
        return status;
    const char *prefix = hop_conf_settings(conf)->history_prefix;
    const char *objection = hop_acl_objection(prefix, wishes.tenant);
    char tag[HOP_TENANT_MAX + 1];
    hop_conf_tag_of(conf, wishes.tenant, tag);
    if (objection != NULL) {
        hop_complain("%s: %s", wishes.tenant, objection);
        status = HOP_EXIT_USAGE;
    } else if (wishes.common.json) {
        print_json(prefix, wishes.tenant, tag);
    } else {
        print_lines(prefix, wishes.tenant);
        if (strcmp(wishes.tenant, HOP_HOME) != 0)
            tell_tag(wishes.tenant, tag);
    }
    hop_conf_free(&conf);
    return status;
}
