/* SPDX-License-Identifier: Apache-2.0 */
/* Any line is parsed or refused; a parsed one written as a judged entry parses to the same login.
 */
#include <stdlib.h>
#include <string.h>

#include "record.h"

static void check_again(const struct hop_login *login, const struct hop_verdict *verdict)
{
    static char line[HOP_ENTRY_LINE_MAX];
    struct hop_text text = hop_text_over(line, sizeof line);
    struct hop_answer answer = {.kind = HOP_ANSWER_ALLOW, .action = HOP_ALLOW, .alert = false};
    if (!hop_entry_put_judged(&text, login, verdict, &answer, HOP_MODE_OBSERVE))
        return;
    struct hop_entry again;
    if (hop_entry_parse((struct hop_span){line, text.len}, &again, NULL) != HOP_OK)
        abort();
    if (strcmp(again.login.account, login->account) != 0 ||
        strcmp(again.login.key, login->key) != 0 || again.login.time != login->time ||
        memcmp(&again.login.origin.place.latitude, &login->origin.place.latitude, sizeof(double)) !=
            0 ||
        again.login.origin.place.asn != login->origin.place.asn ||
        !hop_address_equal(&again.login.origin.address, &login->origin.address))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hop_span line = {(const char *)data, size};
    struct hop_entry entry;
    struct hop_error err;
    struct hop_verdict verdict = {.action = HOP_ALLOW};
    hop_entry_parse_verdict(line, &verdict, &err);
    if (hop_entry_parse(line, &entry, &err) == HOP_OK)
        check_again(&entry.login, &verdict);
    return 0;
}
