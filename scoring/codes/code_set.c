/* SPDX-License-Identifier: Apache-2.0 */
#include "code_set.h"

#include <openssl/evp.h>
#include <string.h>

#include "encode.h"

#define ITERATIONS_LEAST 1000
#define ITERATIONS_MOST 1000000 /* a second or two: nobody waits longer at a door */
#define GROUP 4

/* -- the file's text ----------------------------------------------------------------------- */

static bool head_parse(struct hop_span line, struct hop_codes *codes)
{
    struct hop_span version, iterations;
    int64_t number;
    if (!hop_span_cut(&line, ' ', &version) || !hop_span_is(version, "v1") ||
        !hop_span_cut(&line, ' ', &iterations) ||
        !hop_span_int64(iterations, ITERATIONS_LEAST, ITERATIONS_MOST, &number) ||
        hop_base64_decode(line, codes->salt, sizeof codes->salt) != HOP_CODES_SALT)
        return false;
    codes->iterations = (uint32_t)number;
    return true;
}

static bool item_parse(struct hop_span line, struct hop_code *code)
{
    if (line.len < 2 || (line.at[0] != '+' && line.at[0] != '-') || line.at[1] != ' ')
        return false;
    code->used = line.at[0] == '-';
    struct hop_span coded = {line.at + 2, line.len - 2};
    return hop_base64_decode(coded, code->hash, sizeof code->hash) == HOP_CODES_HASH;
}

enum hop_rc hop_codes_parse(struct hop_span text, struct hop_codes *ret_codes,
                            struct hop_error *err)
{
    struct hop_codes codes = {0};
    struct hop_span rest = text, line;
    if (!hop_span_cut(&rest, '\n', &line) || !head_parse(line, &codes))
        return hop_error_set(err, HOP_MALFORMED, "line 1: not the head of a set of codes");
    while (rest.len > 0 && hop_span_cut(&rest, '\n', &line)) {
        if (codes.count == HOP_CODES_MOST)
            return hop_error_set(err, HOP_LIMIT, "more than %d codes", HOP_CODES_MOST);
        struct hop_code *code = &codes.items[codes.count++];
        if (rest.at == NULL || !item_parse(line, code))
            return hop_error_set(err, HOP_MALFORMED, "line %zu: not a code", codes.count + 1);
        code->at = (size_t)(line.at - text.at);
    }
    *ret_codes = codes;
    return HOP_OK;
}

void hop_codes_put(struct hop_text *text, const struct hop_codes *codes)
{
    hop_text_put(text, "v1 ");
    hop_text_put_int(text, codes->iterations);
    hop_text_put_char(text, ' ');
    hop_base64_put(text, codes->salt, sizeof codes->salt, true);
    hop_text_put_char(text, '\n');
    for (size_t i = 0; i < codes->count; i++) {
        hop_text_put(text, codes->items[i].used ? "- " : "+ ");
        hop_base64_put(text, codes->items[i].hash, sizeof codes->items[i].hash, true);
        hop_text_put_char(text, '\n');
    }
}

size_t hop_codes_left(const struct hop_codes *codes)
{
    size_t left = 0;
    for (size_t i = 0; i < codes->count; i++)
        left += !codes->items[i].used;
    return left;
}

/* -- a code's text ------------------------------------------------------------------------- */

static const char LETTERS[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; /* Crockford's base 32 */

static void put_letter(char code[HOP_CODE_SIZE], size_t index, char letter)
{
    size_t at = index + index / GROUP;
    code[at] = letter;
    code[at + 1] = '-';
    if (index + 1 == HOP_CODE_LETTERS)
        code[at + 1] = '\0';
}

void hop_code_put(const uint8_t random[10], char ret_code[HOP_CODE_SIZE])
{
    for (size_t i = 0; i < HOP_CODE_LETTERS; i++) {
        size_t bit = i * 5;
        unsigned two = (unsigned)random[bit / 8] << 8;
        if (bit / 8 + 1 < 10)
            two |= random[bit / 8 + 1];
        put_letter(ret_code, i, LETTERS[two >> (11 - bit % 8) & 31]);
    }
}

static char meant(char typed)
{
    if (typed >= 'a' && typed <= 'z')
        typed = (char)(typed - 'a' + 'A');
    if (typed == 'O')
        return '0';
    return typed == 'I' || typed == 'L' ? '1' : typed;
}

bool hop_code_read(struct hop_span typed, char ret_code[HOP_CODE_SIZE])
{
    size_t count = 0;
    for (size_t i = 0; i < typed.len; i++) {
        char letter = meant(typed.at[i]);
        if (letter == '-' || letter == ' ')
            continue;
        if (letter == '\0' || strchr(LETTERS, letter) == NULL || count == HOP_CODE_LETTERS)
            return false;
        put_letter(ret_code, count++, letter);
    }
    return count == HOP_CODE_LETTERS;
}

enum hop_rc hop_code_hash(const struct hop_codes *codes, const char code[HOP_CODE_SIZE],
                          uint8_t ret_hash[HOP_CODES_HASH], struct hop_error *err)
{
    if (PKCS5_PBKDF2_HMAC(code, HOP_CODE_SIZE - 1, codes->salt, sizeof codes->salt,
                          (int)codes->iterations, EVP_sha256(), HOP_CODES_HASH, ret_hash) != 1)
        return hop_error_set(err, HOP_IO, "codes: OpenSSL cannot compute PBKDF2");
    return HOP_OK;
}
