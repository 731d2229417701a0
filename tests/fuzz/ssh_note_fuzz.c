/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "ssh.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hop_ssh_note note;
    struct hop_error err;
    if (hop_ssh_note_parse((struct hop_span){.at = (const char *)data, .len = size}, &note, &err) !=
        HOP_OK)
        return 0;
    if (!note.account[0] || !note.key[0] || note.time < 0)
        abort();
    return 0;
}
