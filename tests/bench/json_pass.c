/* SPDX-License-Identifier: Apache-2.0 */
/* Parses every line of a file as JSON and does nothing with it: what `replay` cannot be faster
 * than. Prints the lines and the seconds of processor time. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int main(int argc, char **argv)
{
    FILE *file = argc == 2 ? fopen(argv[1], "re") : NULL;
    if (file == NULL) {
        fputs("usage: json_pass FILE\n", stderr);
        return EXIT_FAILURE;
    }
    char *line = NULL;
    size_t size = 0, lines = 0, bad = 0;
    ssize_t len;
    while ((len = getline(&line, &size, file)) > 0) {
        json_t *object = json_loadb(line, (size_t)len, JSON_REJECT_DUPLICATES, NULL);
        bad += object == NULL;
        json_decref(object);
        lines++;
    }
    free(line);
    fclose(file);
    printf("%zu %.6f\n", lines, (double)clock() / CLOCKS_PER_SEC);
    return bad == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
