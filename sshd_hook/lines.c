/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a keys.d file. */
#include <string.h>

#include "keys.h"

#define VERIFY "verify-required"

bool hop_keys_account_valid(const char *account)
{
    size_t len = strnlen(account, HOP_NAME_MAX + 1);
    if (len == 0 || len > HOP_NAME_MAX || account[0] == '.')
        return false;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)account[i] < ' ' || account[i] == '/' || account[i] == 0x7f)
            return false;
    return true;
}

static bool same_key(const struct hop_ssh_line *line, const struct hop_ssh_key *key)
{
    struct hop_ssh_key held;
    bool authority = hop_ssh_options_have(line->options, "cert-authority");
    if (authority != key->certificate)
        return false;
    if (!key->certificate && !hop_span_is(line->type, key->type))
        return false; /* saves the hashing */
    if (hop_ssh_key_parse_text(line->type, line->base64, &held, NULL) != HOP_OK || held.certificate)
        return false;
    return strcmp(held.fingerprint, authority ? key->ca_fingerprint : key->fingerprint) == 0;
}

static bool same_text(const struct hop_ssh_line *line, const struct hop_keys_offer *offer)
{
    return hop_span_is(line->type, offer->type) && hop_span_is(line->base64, offer->base64);
}

bool hop_keys_find(struct hop_span file, const struct hop_keys_offer *offer,
                   const struct hop_ssh_key *key, struct hop_span *ret_line)
{
    struct hop_span text;
    struct hop_ssh_line line;
    while (hop_span_cut(&file, '\n', &text)) {
        text = hop_span_trim(text);
        if (hop_ssh_line_parse(text, &line, NULL) == HOP_OK &&
            (key ? same_key(&line, key) : same_text(&line, offer))) {
            *ret_line = text;
            return true;
        }
    }
    return false;
}

/* sshd takes the options from left to right, and a later no-… undoes an earlier one: ours goes
 * last. */
void hop_keys_put_verified(struct hop_text *text, struct hop_span line)
{
    struct hop_ssh_line parts;
    if (hop_ssh_line_parse(line, &parts, NULL) != HOP_OK)
        return;
    bool in_force = hop_ssh_options_have(parts.options, VERIFY) &&
                    !hop_ssh_options_have(parts.options, "no-" VERIFY);
    if (!in_force) {
        hop_text_put_span(text, parts.options);
        hop_text_put(text, parts.options.len ? "," VERIFY : VERIFY " ");
        line.at += parts.options.len;
        line.len -= parts.options.len;
    }
    hop_text_put_span(text, line);
}
