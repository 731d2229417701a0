/* SPDX-License-Identifier: Apache-2.0 */
/* What a hostile store may say of a waiting login, and a file of signers before it: the first line
 * of the input is the word, the rest the file. */
#include <stdlib.h>

#include "approval.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char conf_text[] = "[hopwarden]\ntenant = acme\n[person \"anna\"]\n"
                                    "accounts = acme:msp-anna\n";
    static struct hop_conf *conf;
    struct hop_login login = {.id = "01JD8Z0M2N3P4Q5R6S7T8V9WXY",
                              .time = 1795469400,
                              .account = "msp-anna",
                              .identity = "anna",
                              .tenant = "acme",
                              .host = "db1",
                              .key = "SHA256:sdxM/Jcz32iHO2AW8Act4Zxir7HAnKJT/B85gawMuzQ/anna"};
    struct hop_span rest = {.at = (const char *)data, .len = size}, word = {NULL, 0};
    struct hop_approval approval;
    struct hop_error err;
    if (conf == NULL && hop_conf_parse("fuzz", hop_span_of(conf_text), &conf, &err) != HOP_OK)
        abort();
    hop_span_cut(&rest, '\n', &word);
    /* nobody has signed this login */
    if (hop_approval_check(conf, rest, &login, word, 1795469400, &approval, &err) == HOP_OK)
        abort();
    hop_approval_signers_count(rest, 1795469400);
    return 0;
}
