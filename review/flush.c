/* SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"
#include "command.h"
#include "verbs.h"

#define FLUSH_DEADLINE_MS 300000

static error_t parse(int key, char *argument, struct argp_state *state)
{
    (void)argument;
    if (key != ARGP_KEY_INIT)
        return ARGP_ERR_UNKNOWN;
    state->child_inputs[0] = state->input;
    return 0;
}

int hop_verb_flush(int argc, char **argv)
{
    static const struct argp_child children[] = {{&hop_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        NULL,     parse, "",  "Write what could not be recorded while the history was away.",
        children, NULL,  NULL};
    struct hop_common common = {.json = false};
    hop_command_parse(&argp, argc, argv, &common);
    struct hop_desk desk;
    int status = hop_desk_open(&common, &desk);
    if (status != HOP_EXIT_FINE)
        return status;
    size_t flushed = 0, left = 0;
    struct hop_error err = {0};
    enum hop_rc rc =
        hop_history_flush_by(hop_engine_history(desk.engine), hop_clock_deadline(FLUSH_DEADLINE_MS),
                             &flushed, &left, &err);
    if (common.json)
        hop_json_print(
            json_pack("{s:I, s:I}", "flushed", (json_int_t)flushed, "left", (json_int_t)left));
    else
        printf("%zu records written, %zu left\n", flushed, left);
    if (rc != HOP_OK)
        status = hop_complain_of(&err);
    else if (left > 0)
        status = HOP_EXIT_FINDING;
    hop_desk_close(&desk);
    return status;
}
