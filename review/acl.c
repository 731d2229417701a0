/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "clock.h"
#include "command.h"
#include "encode.h"
#include "verbs.h"

struct wishes {
    struct hop_common common;
    const char *tenant;
    bool sentinels;
};

enum { OPTION_SENTINELS = 0x6000 };

static const struct argp_option OPTIONS[] = {
    {"sentinels", OPTION_SENTINELS, NULL, 0, "The same users for the aclfile of the Sentinels", 0},
    {0}};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct wishes *wishes = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &wishes->common;
        return 0;
    case OPTION_SENTINELS:
        wishes->sentinels = true;
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

/* The lines of one aclfile. */
struct lines {
    const char *prefix, *tenant;
    enum hop_url_kind kind;
    bool sentinels;
};

static void line_put(struct hop_text *text, const struct lines *lines, enum hop_acl_user user)
{
    if (lines->sentinels)
        hop_acl_sentinel_put(text, user, lines->tenant);
    else
        hop_acl_put(text, user, lines->kind, lines->prefix, lines->tenant);
}

static void print_lines(const struct lines *lines)
{
    for (int user = 0; user < HOP_ACL_USER_COUNT; user++) {
        char line[HOP_ACL_LINE_MAX];
        struct hop_text text = hop_text_over(line, sizeof line);
        line_put(&text, lines, (enum hop_acl_user)user);
        if (is_wanted((enum hop_acl_user)user, lines->tenant))
            puts(line);
    }
}

static void print_json(const struct lines *lines, const char *tag)
{
    json_t *users = json_array();
    for (int user = 0; user < HOP_ACL_USER_COUNT; user++) {
        char line[HOP_ACL_LINE_MAX], name[HOP_TENANT_MAX * 2];
        struct hop_text text = hop_text_over(line, sizeof line);
        line_put(&text, lines, (enum hop_acl_user)user);
        text = hop_text_over(name, sizeof name);
        hop_acl_name_put(&text, (enum hop_acl_user)user, lines->tenant);
        if (is_wanted((enum hop_acl_user)user, lines->tenant))
            json_array_append_new(users, json_pack("{s:s, s:s}", "user", name, "line", line));
    }
    hop_json_print(
        json_pack("{s:s, s:s, s:o}", "tenant", lines->tenant, "tenant_tag", tag, "users", users));
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

static enum hop_url_kind kind_of(const struct hop_settings *settings)
{
    struct hop_url url = {.kind = HOP_URL_UNIX};
    hop_url_parse(hop_span_of(settings->history), &url);
    return url.kind;
}

static int print(const struct wishes *wishes, const struct hop_conf *conf)
{
    const struct hop_settings *settings = hop_conf_settings(conf);
    const struct lines lines = {.prefix = settings->history_prefix,
                                .tenant = wishes->tenant,
                                .kind = kind_of(settings),
                                .sentinels = wishes->sentinels};
    const char *objection = hop_acl_objection(lines.prefix, lines.tenant);
    char tag[HOP_TENANT_MAX + 1];
    hop_conf_tag_of(conf, lines.tenant, tag);
    if (objection != NULL) {
        hop_complain("%s: %s", lines.tenant, objection);
        return HOP_EXIT_USAGE;
    }
    if (wishes->common.json)
        print_json(&lines, tag);
    else
        print_lines(&lines);
    if (!wishes->common.json && !lines.sentinels && strcmp(lines.tenant, HOP_HOME) != 0)
        tell_tag(lines.tenant, tag);
    return HOP_EXIT_FINE;
}

int hop_verb_acl(int argc, char **argv)
{
    static const struct argp_child children[] = {{&hop_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        OPTIONS,
        parse,
        "TENANT",
        "The users of a Redis that is shared with customers, as lines of its aclfile (Redis 7 or "
        "later): the tenant's hosts, their sshd helpers, home, home's helpers, and a reviewer who "
        "reads all. They have what the kind of store in history= takes: the same lines for each "
        "server of a cluster, or that Sentinels watch. None has a password yet.",
        children,
        NULL,
        NULL};
    struct wishes wishes = {.tenant = NULL};
    hop_command_parse(&argp, argc, argv, &wishes.common);
    struct hop_conf *conf;
    int status = hop_conf_open(&wishes.common, &conf);
    if (status != HOP_EXIT_FINE)
        return status;
    status = print(&wishes, conf);
    hop_conf_free(&conf);
    return status;
}
