/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <strings.h>

#include "date.h"
#include "signature.h"

static enum hop_rc malformed(struct hop_error *err, const char *what)
{
    return hop_error_set(err, HOP_MALFORMED, "signer: %s", what);
}

/* -- values -------------------------------------------------------------------------------- */

static bool unquote(struct hop_span *text)
{
    if (text->len < 2 || text->at[0] != '"' || text->at[text->len - 1] != '"')
        return !text->len || !memchr(text->at, '"', text->len);
    *text = (struct hop_span){text->at + 1, text->len - 2};
    return !text->len || (!memchr(text->at, '"', text->len) && !memchr(text->at, '\\', text->len));
}

static bool take_digits(struct hop_span *text, size_t count, int64_t low, int64_t high, int *ret)
{
    struct hop_span digits = {text->at, count};
    int64_t number;
    if (text->len < count || digits.at[0] == '-' || !hop_span_int64(digits, low, high, &number))
        return false;
    *text = (struct hop_span){text->at + count, text->len - count};
    *ret = (int)number;
    return true;
}

/* YYYYMMDDZ, YYYYMMDDHHMMZ or YYYYMMDDHHMMSSZ. Without the Z it would be the time zone of whatever
 * process reads it. */
static bool parse_time(struct hop_span text, int64_t *ret_epoch_s)
{
    int year, month, day, hour = 0, minute = 0, second = 0;
    if (!text.len || text.at[text.len - 1] != 'Z')
        return false;
    text.len--;
    if (!take_digits(&text, 4, 1970, 9999, &year) || !take_digits(&text, 2, 1, 12, &month) ||
        !take_digits(&text, 2, 1, 31, &day))
        return false;
    if (text.len &&
        (!take_digits(&text, 2, 0, 23, &hour) || !take_digits(&text, 2, 0, 59, &minute)))
        return false;
    if (text.len && !take_digits(&text, 2, 0, 60, &second))
        return false;
    *ret_epoch_s = (int64_t)hop_date_from_civil(year, month, day) * HOP_DAY_SECONDS + hour * 3600 +
                   minute * 60 + second;
    return text.len == 0;
}

/* ssh_config(5), PATTERNS: * and ? */
static bool pattern_fits(struct hop_span pattern, const char *name)
{
    size_t at = 0, star = SIZE_MAX;
    const char *from = name; /* where the last * began to take */
    while (*name) {
        if (at < pattern.len && pattern.at[at] == '*') {
            star = at++;
            from = name;
        } else if (at < pattern.len && (pattern.at[at] == '?' || pattern.at[at] == *name)) {
            at++;
            name++;
        } else if (star != SIZE_MAX) {
            at = star + 1;
            name = ++from;
        } else {
            return false;
        }
    }
    while (at < pattern.len && pattern.at[at] == '*')
        at++;
    return at == pattern.len;
}

/* A list of them; one that fits behind an exclamation mark decides against it. */
static bool list_fits(struct hop_span list, const char *name)
{
    bool fits = false;
    struct hop_span pattern;
    while (hop_span_cut(&list, ',', &pattern)) {
        bool against = pattern.len && pattern.at[0] == '!';
        if (against)
            pattern = (struct hop_span){pattern.at + 1, pattern.len - 1};
        if (!pattern_fits(pattern, name))
            continue;
        if (against)
            return false;
        fits = true;
    }
    return fits;
}

/* -- a line -------------------------------------------------------------------------------- */

static bool take_principals(struct hop_span *rest, struct hop_span *ret_principals)
{
    *ret_principals = hop_ssh_options_of(*rest); /* quotes mean the same */
    rest->at += ret_principals->len;
    rest->len -= ret_principals->len;
    return unquote(ret_principals) && ret_principals->len > 0;
}

static enum hop_rc check_principals(struct hop_span principals, struct hop_error *err)
{
    struct hop_span name;
    for (size_t i = 0; i < principals.len; i++)
        if (strchr("*?!", principals.at[i]))
            return malformed(err, "its principals are a pattern, which does not say who signed");
    while (hop_span_cut(&principals, ',', &name))
        if (!name.len || name.len > HOP_NAME_MAX || memchr(name.at, ' ', name.len))
            return malformed(err, "a principal that is no name");
    return HOP_OK;
}

static bool is_option(struct hop_span option, const char *name)
{
    return option.len == strlen(name) && strncasecmp(option.at, name, option.len) == 0;
}

static enum hop_rc take_time(struct hop_span value, int64_t *ret_time, struct hop_error *err)
{
    if (!parse_time(value, ret_time))
        return malformed(err, "a time that is not like 20261231Z or 20261231235959Z, in UTC");
    return HOP_OK;
}

static enum hop_rc take_option(struct hop_span option, struct hop_ssh_signer *signer,
                               struct hop_error *err)
{
    struct hop_span name;
    if (is_option(option, "cert-authority")) {
        signer->authority = true;
        return HOP_OK;
    }
    if (!hop_span_cut(&option, '=', &name) || !option.at || !unquote(&option))
        return malformed(err, "an option that is not understood");
    if (is_option(name, "namespaces") && option.len) {
        signer->namespaces = option;
        return HOP_OK;
    }
    if (is_option(name, "valid-after"))
        return take_time(option, &signer->valid_after, err);
    if (is_option(name, "valid-before"))
        return take_time(option, &signer->valid_before, err);
    return malformed(err, "an option that is not understood");
}

enum hop_rc hop_ssh_signer_parse(struct hop_span line, struct hop_ssh_signer *ret_signer,
                                 struct hop_error *err)
{
    struct hop_ssh_signer signer = {.valid_before = INT64_MAX};
    struct hop_ssh_line key;
    struct hop_span option;
    line = hop_span_trim(line);
    if (!line.len || line.at[0] == '#')
        return hop_error_set(err, HOP_NOT_FOUND, "signer: blank or comment");
    if (!take_principals(&line, &signer.principals))
        return malformed(err, "no principals");
    enum hop_rc rc = check_principals(signer.principals, err);
    if (rc == HOP_OK && hop_ssh_line_parse(line, &key, err) != HOP_OK)
        rc = malformed(err, "no key behind its principals");
    while (rc == HOP_OK && hop_ssh_option_next(&key.options, &option))
        rc = take_option(option, &signer, err);
    if (rc == HOP_OK)
        rc = hop_ssh_key_parse_text(key.type, key.base64, &signer.key, err);
    if (rc == HOP_OK)
        *ret_signer = signer;
    return rc;
}

enum hop_rc hop_ssh_signer_may(const struct hop_ssh_signer *signer, const char *name_space,
                               int64_t now, struct hop_error *err)
{
    const char *why = NULL;
    if (signer->authority || signer->key.certificate)
        why = "cert-authority: signatures by certificates are not taken";
    else if (signer->namespaces.len && !list_fits(signer->namespaces, name_space))
        why = "may not sign in this namespace";
    else if (now < signer->valid_after)
        why = "not valid yet";
    else if (now > signer->valid_before)
        why = "no longer valid";
    return why ? hop_error_set(err, HOP_DENIED, "signer: %s", why) : HOP_OK;
}

bool hop_ssh_signers_next(struct hop_span *rest, size_t *number, struct hop_ssh_signer *ret_signer,
                          enum hop_rc *ret_rc, struct hop_error *err)
{
    struct hop_span line;
    while (hop_span_cut(rest, '\n', &line)) {
        ++*number;
        *ret_rc = hop_ssh_signer_parse(line, ret_signer, err);
        if (*ret_rc == HOP_NOT_FOUND)
            continue;
        if (*ret_rc != HOP_OK)
            hop_error_within(err, "line %zu", *number);
        return true;
    }
    return false;
}
