/* SPDX-License-Identifier: Apache-2.0 */
#include "member.h"

#include <stdlib.h>
#include <string.h>

#include "date.h"
#include "encode.h"

static void separate(struct hop_text *text)
{
    char before = text->len > 0 ? text->at[text->len - 1] : '{';
    if (before != '{' && before != '[')
        hop_text_put_char(text, ',');
}

void hop_member_name(struct hop_text *text, const char *name)
{
    separate(text);
    hop_text_put_char(text, '"');
    hop_text_put(text, name);
    hop_text_put(text, "\":");
}

void hop_member_string(struct hop_text *text, const char *name, const char *value)
{
    hop_member_name(text, name);
    hop_json_put_string(text, hop_span_of(value));
}

void hop_member_word(struct hop_text *text, const char *name, const char *value)
{
    if (value != NULL && value[0] != '\0')
        hop_member_string(text, name, value);
}

void hop_member_int(struct hop_text *text, const char *name, int64_t value)
{
    hop_member_name(text, name);
    hop_text_put_int(text, value);
}

void hop_member_true(struct hop_text *text, const char *name, bool value)
{
    if (!value)
        return;
    hop_member_name(text, name);
    hop_text_put(text, "true");
}

void hop_member_number(struct hop_text *text, const char *name, double value)
{
    char buffer[352]; /* the largest double, sign, point, six decimals */
    struct hop_text number = hop_text_over(buffer, sizeof buffer);
    hop_text_put_fixed(&number, value, 6);
    if (strchr(buffer, '.') != NULL) {
        while (buffer[number.len - 1] == '0')
            number.len--;
        if (buffer[number.len - 1] == '.')
            number.len--;
    }
    hop_member_name(text, name);
    hop_text_put_span(text, (struct hop_span){buffer, number.len});
}

static void put_decibits(struct hop_text *text, int decibits)
{
    if (decibits < 0)
        hop_text_put_char(text, '-');
    hop_text_put_int(text, llabs((long long)decibits) / 10);
    hop_text_put_char(text, '.');
    hop_text_put_int(text, llabs((long long)decibits) % 10);
}

void hop_member_decibits(struct hop_text *text, const char *name, int decibits)
{
    hop_member_name(text, name);
    put_decibits(text, decibits);
}

void hop_member_time(struct hop_text *text, const char *name, int64_t epoch_s)
{
    hop_member_name(text, name);
    hop_text_put_char(text, '"');
    hop_date_put(text, epoch_s, -1);
    hop_text_put_char(text, '"');
}

void hop_member_address(struct hop_text *text, const struct hop_address *address)
{
    if (address->family == 0)
        return;
    hop_member_name(text, "source.ip");
    hop_text_put_char(text, '"');
    hop_address_put(text, address);
    hop_text_put_char(text, '"');
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

void hop_member_codes(struct hop_text *text, const struct hop_verdict *verdict, size_t most)
{
    hop_member_name(text, "hopwarden.reason_codes");
    hop_text_put_char(text, '[');
    for (size_t i = 0; i < smaller(most, verdict->reason_count); i++) {
        separate(text);
        hop_json_put_string(text, hop_span_of(verdict->reasons[i].code));
    }
    hop_text_put_char(text, ']');
}

static void put_reason(struct hop_text *text, const struct hop_reason *reason)
{
    char buffer[HOP_REASON_TEXT_MAX + 16];
    struct hop_text sentence = hop_text_over(buffer, sizeof buffer);
    hop_text_put(&sentence, reason->text);
    if (reason->decibits != 0) {
        hop_text_put(&sentence, reason->decibits > 0 ? " +" : " ");
        put_decibits(&sentence, reason->decibits);
    }
    hop_json_put_string(text, (struct hop_span){buffer, sentence.len});
}

void hop_member_reasons(struct hop_text *text, const struct hop_verdict *verdict, size_t most)
{
    hop_member_name(text, "hopwarden.reasons");
    hop_text_put_char(text, '[');
    for (size_t i = 0; i < smaller(most, verdict->reason_count); i++) {
        separate(text);
        put_reason(text, &verdict->reasons[i]);
    }
    hop_text_put_char(text, ']');
}

void hop_member_losses(struct hop_text *text, unsigned losses)
{
    if (losses == 0)
        return;
    hop_member_name(text, "hopwarden.degraded");
    hop_text_put_char(text, '[');
    for (int i = 0; i < HOP_LOSS_COUNT; i++) {
        if ((losses & HOP_LOSS_BIT(i)) == 0)
            continue;
        separate(text);
        hop_json_put_string(text, hop_span_of(hop_loss_word((enum hop_loss)i)));
    }
    hop_text_put_char(text, ']');
}
