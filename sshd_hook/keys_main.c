/* SPDX-License-Identifier: Apache-2.0 */
/* hopwarden-keys: the face of sshd's AuthorizedKeysCommand. */
#include "program.h"

int main(int argc, char **argv)
{
    static const struct hop_program program = {
        .face = HOP_KEYS_FACE_KEYS,
        .version = "hopwarden-keys " HOP_VERSION,
        .folder_option = "keys-dir",
        .folder = HOP_KEYS_FOLDER,
        .folder_doc = "authorized keys, a file per account [" HOP_KEYS_FOLDER "]",
        .doc = "Prints the account's authorized key if it is the offered one and may be used now: "
               "sshd's AuthorizedKeysCommand, given %u %t %k."};
    return hop_program_run(&program, argc, argv);
}
