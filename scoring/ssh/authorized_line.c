/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <strings.h>

#include "encode.h"
#include "ssh.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static void skip(struct hop_span *rest, size_t len)
{
    rest->at += len;
    rest->len -= len;
}

static struct hop_span take_word(struct hop_span *rest)
{
    while (rest->len && is_blank(rest->at[0]))
        skip(rest, 1);
    struct hop_span word = {.at = rest->at, .len = 0};
    while (word.len < rest->len && !is_blank(word.at[word.len]))
        word.len++;
    skip(rest, word.len);
    return word;
}

/* A key begins with its own type: a length of four bytes and the name. That tells a type from
 * options. */
static bool begins_with(struct hop_span base64, struct hop_span type)
{
    uint8_t start[HOP_SSH_TYPE_MAX + 4 + 3];
    if (!type.len || type.len > HOP_SSH_TYPE_MAX)
        return false;
    size_t groups = (type.len + 4 + 2) / 3;
    if (base64.len < 4 * groups)
        return false;
    base64.len = 4 * groups;
    const uint8_t length[4] = {0, 0, 0, (uint8_t)type.len};
    long got = hop_base64_decode(base64, start, sizeof start);
    return got >= (long)(type.len + 4) && memcmp(start, length, 4) == 0 &&
           memcmp(start + 4, type.at, type.len) == 0;
}

static bool take_key(struct hop_span rest, struct hop_ssh_line *line)
{
    line->type = take_word(&rest);
    line->base64 = take_word(&rest);
    line->comment = hop_span_trim(rest);
    return begins_with(line->base64, line->type);
}

struct hop_span hop_ssh_options_of(struct hop_span text)
{
    bool quoted = false;
    size_t i = 0;
    for (; i < text.len && (quoted || !is_blank(text.at[i])); i++) {
        if (text.at[i] == '\\' && i + 1 < text.len && text.at[i + 1] == '"')
            i++;
        else if (text.at[i] == '"')
            quoted = !quoted;
    }
    return (struct hop_span){.at = text.at, .len = i};
}

enum hop_rc hop_ssh_line_parse(struct hop_span line, struct hop_ssh_line *ret_line,
                               struct hop_error *err)
{
    struct hop_ssh_line found = {0};
    if (line.len > HOP_SSH_LINE_MAX)
        return hop_error_set(err, HOP_MALFORMED, "key line: longer than %d bytes",
                             HOP_SSH_LINE_MAX);
    if (line.len && memchr(line.at, 0, line.len))
        return hop_error_set(err, HOP_MALFORMED, "key line: a NUL byte");
    line = hop_span_trim(line);
    if (!line.len || line.at[0] == '#')
        return hop_error_set(err, HOP_NOT_FOUND, "key line: blank or comment");
    if (!take_key(line, &found)) {
        found.options = hop_ssh_options_of(line);
        skip(&line, found.options.len);
        if (!take_key(line, &found))
            return hop_error_set(err, HOP_MALFORMED, "key line: no key");
    }
    *ret_line = found;
    return HOP_OK;
}

bool hop_ssh_option_next(struct hop_span *rest, struct hop_span *ret_option)
{
    if (!rest->len)
        return false;
    bool quoted = false;
    size_t i = 0;
    for (; i < rest->len && (quoted || rest->at[i] != ','); i++) {
        if (rest->at[i] == '\\' && i + 1 < rest->len && rest->at[i + 1] == '"')
            i++;
        else if (rest->at[i] == '"')
            quoted = !quoted;
    }
    *ret_option = (struct hop_span){.at = rest->at, .len = i};
    skip(rest, i < rest->len ? i + 1 : i);
    return true;
}

bool hop_ssh_options_have(struct hop_span options, const char *option)
{
    struct hop_span one, name;
    size_t len = strlen(option);
    while (hop_ssh_option_next(&options, &one))
        if (hop_span_cut(&one, '=', &name) && name.len == len &&
            strncasecmp(name.at, option, len) == 0)
            return true;
    return false;
}
