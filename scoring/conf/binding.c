/* SPDX-License-Identifier: Apache-2.0 */
#include "conf_parts.h"

#include <string.h>

#include "encode.h"

static bool lists(const struct hop_words *words, const char *word)
{
    for (size_t i = 0; i < words->count; i++)
        if (strcmp(words->items[i], word) == 0)
            return true;
    return false;
}

/* "source 10.1.2.3 is not bound"; a value the client controls is encoded. */
static void outside(struct hop_binding *binding, const char *what, const char *value)
{
    struct hop_text text = hop_text_over(binding->why, sizeof binding->why);
    binding->inside = false;
    hop_text_put(&text, what);
    hop_text_put_char(&text, ' ');
    hop_plain_put(&text, hop_span_of(value), HOP_ADDRESS_TEXT_MAX + HOP_TENANT_MAX);
    hop_text_put(&text, " is not bound");
}

static bool source_bound(const struct hop_words *sources, const struct hop_login *login,
                         struct hop_binding *binding)
{
    const struct hop_address *address = &login->origin.address;
    if (!sources->count || hop_words_hold(sources, address))
        return true;
    char buffer[HOP_ADDRESS_TEXT_MAX + 1];
    struct hop_text text = hop_text_over(buffer, sizeof buffer);
    hop_address_put(&text, address);
    outside(binding, "source", address->family ? buffer : "unknown");
    return false;
}

static bool tenant_bound(const struct hop_words *tenants, const struct hop_login *login,
                         struct hop_binding *binding)
{
    if (!tenants->count || lists(tenants, login->tenant))
        return true;
    outside(binding, "tenant", login->tenant);
    return false;
}

static bool key_bound(const struct hop_words *keys, const struct hop_login *login,
                      struct hop_binding *binding)
{
    if (!keys->count)
        return true;
    if (!*login->key && login->key_lost) {
        binding->needs_key = true;
        return true;
    }
    if (*login->key && lists(keys, login->key))
        return true;
    outside(binding, "key", *login->key ? login->key : "none");
    return false;
}

static bool binds(const struct hop_section *account)
{
    return account && (account->keys.count || account->sources.count || account->tenants.count);
}

bool hop_conf_has_binding(const struct hop_conf *conf, const char *account)
{
    return binds(hop_section_find(conf, HOP_SECTION_ACCOUNT, account));
}

void hop_conf_binding(const struct hop_conf *conf, const struct hop_login *login,
                      struct hop_binding *ret_binding)
{
    const struct hop_section *account = hop_section_find(conf, HOP_SECTION_ACCOUNT, login->account);
    *ret_binding = (struct hop_binding){.inside = false};
    if (!binds(account)) {
        hop_string_copy(ret_binding->why, sizeof ret_binding->why, "the account has no binding");
        return;
    }
    if (!source_bound(&account->sources, login, ret_binding) ||
        !tenant_bound(&account->tenants, login, ret_binding) ||
        !key_bound(&account->keys, login, ret_binding))
        return;
    ret_binding->inside = true;
    hop_string_copy(ret_binding->why, sizeof ret_binding->why, "inside its binding");
}
