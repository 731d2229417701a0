/* SPDX-License-Identifier: Apache-2.0 */
#include "subject.h"

#include <pwd.h>
#include <string.h>
#include <unistd.h>

void hop_subject_identity(const struct hop_conf *conf, const char *name,
                          char ret_identity[HOP_NAME_MAX + 1])
{
    struct hop_span rest = hop_span_of(name), tenant_part;
    char tenant[HOP_TENANT_MAX + 1];
    const char *account = name;
    hop_string_copy(tenant, sizeof tenant, hop_conf_settings(conf)->tenant);
    if (strchr(name, ':') != NULL && hop_span_cut(&rest, ':', &tenant_part) &&
        hop_tenant_valid(tenant_part) && hop_span_copy(tenant_part, tenant, sizeof tenant))
        account = rest.at;
    if (hop_conf_identity(conf, tenant, account, "", ret_identity) != HOP_OK)
        hop_string_copy(ret_identity, HOP_NAME_MAX + 1, name);
}

void hop_subject_author(char ret_author[HOP_NAME_MAX + 1])
{
    const struct passwd *entry = getpwuid(getuid());
    struct hop_text text = hop_text_over(ret_author, HOP_NAME_MAX + 1);
    if (entry != NULL)
        hop_text_put(&text, entry->pw_name);
    else
        hop_text_put_int(&text, (int64_t)getuid());
}
