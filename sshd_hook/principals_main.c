/* SPDX-License-Identifier: Apache-2.0 */
/* hopwarden-principals: the face of sshd's AuthorizedPrincipalsCommand. */
#include "program.h"

int main(int argc, char **argv)
{
    static const struct hop_program program = {
        .face = HOP_KEYS_FACE_PRINCIPALS,
        .version = "hopwarden-principals " HOP_VERSION,
        .folder_option = "principals-dir",
        .folder = HOP_PRINCIPALS_FOLDER,
        .folder_doc = "principals, a file per account [" HOP_PRINCIPALS_FOLDER "]",
        .doc = "Prints the account's principals that the offered certificate names, if it may be "
               "used now: sshd's AuthorizedPrincipalsCommand, given %u %t %k."};
    return hop_program_run(&program, argc, argv);
}
