/* SPDX-License-Identifier: Apache-2.0 */
#include "conf_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "encode.h"

#define HOP_QUOTED_BYTES 40 /* of the input; each may become four characters */

static size_t count_words(struct hop_span text)
{
    struct hop_span word;
    size_t count = 0;
    while (hop_span_word(&text, &word))
        count++;
    return count;
}

enum hop_rc hop_words_of(struct hop_span text, struct hop_words *ret_words, struct hop_error *err)
{
    struct hop_words words = {.where = ret_words->where};
    size_t room = count_words(text);
    words.text = malloc(text.len + 1);
    words.items = calloc(room + 1, sizeof *words.items);
    if (!words.text || !words.items) {
        hop_words_done(&words);
        return hop_no_memory(err);
    }
    char *at = words.text;
    struct hop_span word;
    while (words.count < room && hop_span_word(&text, &word)) {
        words.items[words.count++] = memcpy(at, word.at, word.len);
        at[word.len] = 0;
        at += word.len + 1;
    }
    hop_words_done(ret_words);
    *ret_words = words;
    return HOP_OK;
}

void hop_words_done(struct hop_words *words)
{
    free(words->text);
    free(words->items);
    *words = (struct hop_words){0};
}

void hop_words_put(const struct hop_words *words, struct hop_text *text)
{
    for (size_t i = 0; i < words->count; i++) {
        if (i)
            hop_text_put_char(text, ' ');
        hop_text_put(text, words->items[i]);
    }
}

const char *hop_quoted(struct hop_span span, char ret_text[HOP_QUOTED_MAX])
{
    struct hop_text text = hop_text_over(ret_text, HOP_QUOTED_MAX);
    hop_text_put_char(&text, '"');
    hop_plain_put(&text, span, HOP_QUOTED_BYTES);
    hop_text_put_char(&text, '"');
    return ret_text;
}

enum hop_rc hop_refuse(struct hop_error *err, const struct hop_where *where, const char *format,
                       ...)
{
    char what[HOP_ERROR_TEXT_MAX];
    va_list args;
    va_start(args, format);
    if (vsnprintf(what, sizeof what, format, args) < 0)
        what[0] = 0;
    va_end(args);
    return hop_error_set(err, HOP_MALFORMED, "%s:%u: %s", where->file, where->line, what);
}

enum hop_rc hop_no_memory(struct hop_error *err)
{
    return hop_error_set(err, HOP_NOMEM, "configuration: no memory");
}

void *hop_grow(void *items, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return items;
    size_t wanted = *room ? *room * 2 : 16;
    void *grown = wanted > SIZE_MAX / size ? NULL : realloc(items, wanted * size);
    if (grown)
        *room = wanted;
    return grown;
}
