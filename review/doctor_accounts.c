/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor_accounts.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "findings.h"

static bool can_hold(const char *name)
{
    return strlen(name) <= HOP_NAME_MAX;
}

static void add(struct hop_accounts *accounts, const struct hop_conf *conf, const char *name)
{
    if (accounts->count == HOP_ACCOUNTS_MAX) {
        accounts->cut = true;
        return;
    }
    struct hop_account *account = &accounts->items[accounts->count++];
    struct hop_text text = hop_text_over(account->name, sizeof account->name);
    hop_text_put(&text, name);
    account->class = hop_conf_class(conf, name);
}

static int by_name(const void *a, const void *b)
{
    const struct hop_account *left = a, *right = b;
    return strcmp(left->name, right->name);
}

enum hop_rc hop_accounts_collect(const struct hop_conf *conf, struct hop_accounts *ret_accounts)
{
    const struct passwd *entry;
    *ret_accounts = (struct hop_accounts){.items = NULL};
    ret_accounts->items = calloc(HOP_ACCOUNTS_MAX, sizeof *ret_accounts->items);
    if (ret_accounts->items == NULL)
        return HOP_NOMEM;
    setpwent();
    while ((entry = getpwent()) != NULL)
        if (can_hold(entry->pw_name) &&
            hop_conf_in_scope(conf, entry->pw_name, (long)entry->pw_gid, "sshd"))
            add(ret_accounts, conf, entry->pw_name);
    endpwent();
    qsort(ret_accounts->items, ret_accounts->count, sizeof *ret_accounts->items, by_name);
    return HOP_OK;
}

void hop_accounts_done(struct hop_accounts *accounts)
{
    free(accounts->items);
    *accounts = (struct hop_accounts){.items = NULL};
}

static void check_account(struct hop_findings *findings, const struct hop_conf *conf,
                          const struct hop_account *account)
{
    if (account->class == HOP_CLASS_AUTOMATION && !hop_conf_has_binding(conf, account->name))
        hop_finding(findings, HOP_STATE_CRITICAL, "accounts",
                    "keys, sources and tenants in its [account] section",
                    "%s is automation without a binding: every login of it is refused",
                    account->name);
    if (account->class == HOP_CLASS_PERSON && strcmp(account->name, "root") == 0)
        hop_finding(findings, HOP_STATE_WARNING, "accounts", "[account \"root\"] class = shared",
                    "root is judged as one person: whoever uses it makes the others' places and "
                    "keys look usual");
}

void hop_doctor_accounts(struct hop_findings *findings, const struct hop_conf *conf,
                         const struct hop_accounts *accounts)
{
    bool rescued = false;
    for (size_t i = 0; i < accounts->count; i++) {
        check_account(findings, conf, &accounts->items[i]);
        rescued |= accounts->items[i].class == HOP_CLASS_BREAK_GLASS;
    }
    if (accounts->cut)
        hop_finding(findings, HOP_STATE_WARNING, "accounts", "narrow accounts =",
                    "more than %d accounts are in scope; the rest was not looked at",
                    HOP_ACCOUNTS_MAX);
    if (accounts->count > 0 && !rescued && hop_conf_settings(conf)->policy.mode != HOP_MODE_OBSERVE)
        hop_finding(findings, HOP_STATE_WARNING, "accounts",
                    "an account of class = break-glass with a key that lies in a safe",
                    "no break-glass account: nobody surely gets in when everything else is down");
}
