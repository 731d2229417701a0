/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a file of keys.d or principals.d. */
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

static bool in_force(struct hop_span options)
{
    return hop_ssh_options_have(options, VERIFY) && !hop_ssh_options_have(options, "no-" VERIFY);
}

/* sshd takes the options from left to right, and a later no-… undoes an earlier one: ours goes
 * last. `rest` is what stands behind the options, with the blank. */
static void put_verified(struct hop_text *text, struct hop_span options, struct hop_span rest)
{
    hop_text_put_span(text, options);
    if (!in_force(options))
        hop_text_put(text, options.len ? "," VERIFY : VERIFY " ");
    hop_text_put_span(text, rest);
}

static struct hop_span behind(struct hop_span line, struct hop_span options)
{
    return (struct hop_span){.at = line.at + options.len, .len = line.len - options.len};
}

void hop_keys_put_verified(struct hop_text *text, struct hop_span line)
{
    struct hop_ssh_line parts;
    if (hop_ssh_line_parse(line, &parts, NULL) == HOP_OK)
        put_verified(text, parts.options, behind(line, parts.options));
}

bool hop_keys_line_verifies(struct hop_span line)
{
    struct hop_ssh_line parts;
    return hop_ssh_line_parse(line, &parts, NULL) == HOP_OK && in_force(parts.options);
}

/* -- principals ---------------------------------------------------------------------------- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* sshd takes the last word for the name, and of what stands before it the first for options. */
static struct hop_span name_of(struct hop_span line)
{
    size_t start = line.len;
    while (start && !is_blank(line.at[start - 1]))
        start--;
    return (struct hop_span){.at = line.at + start, .len = line.len - start};
}

/* Options that reach into the name, through a blank in quotes, are none to sshd, and neither is the
 * line. */
static struct hop_span options_of(struct hop_span line)
{
    struct hop_span none = {.at = line.at, .len = 0};
    return name_of(line).len == line.len ? none : hop_ssh_options_of(line);
}

static bool is_readable(struct hop_span line)
{
    return line.len && line.len <= HOP_SSH_LINE_MAX && !memchr(line.at, 0, line.len) &&
           options_of(line).len + name_of(line).len <= line.len;
}

static bool names(struct hop_span principals, struct hop_span wanted)
{
    struct hop_span name;
    while (hop_ssh_principal_next(&principals, &name))
        if (name.len && hop_span_equal(name, wanted))
            return true;
    return false;
}

bool hop_principals_find(struct hop_span *rest, struct hop_span principals,
                         struct hop_span *ret_line)
{
    struct hop_span line, text;
    while (hop_span_cut(rest, '\n', &line)) {
        hop_span_cut(&line, '#', &text);
        text = hop_span_trim(text);
        if (!is_readable(text) || !names(principals, name_of(text)))
            continue;
        *ret_line = text;
        return true;
    }
    return false;
}

void hop_principals_put_verified(struct hop_text *text, struct hop_span line)
{
    struct hop_span options = options_of(line);
    put_verified(text, options, behind(line, options));
}
