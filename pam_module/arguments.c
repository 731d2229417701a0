/* SPDX-License-Identifier: Apache-2.0 */
#include "arguments.h"

#include <string.h>

static bool flag_of(const char *word, struct hop_arguments *arguments)
{
    if (strcmp(word, "first_factor_done") == 0)
        return arguments->first_factor_done = true;
    if (strcmp(word, "stepped_up") == 0)
        return arguments->stepped_up = true;
    if (strcmp(word, "authfail") == 0)
        return arguments->authfail = true;
    if (strcmp(word, "codes") == 0)
        return arguments->codes = true;
    if (strcmp(word, "debug") == 0)
        return arguments->debug = true;
    return false;
}

static const char *value_of(const char *word, const char *name)
{
    size_t len = strlen(name);
    return strncmp(word, name, len) == 0 ? word + len : NULL;
}

static bool setting_of(const char *word, struct hop_arguments *arguments)
{
    const char *value;
    if ((value = value_of(word, "conf=")) != NULL && value[0] == '/') {
        arguments->conf = value;
        return true;
    }
    if ((value = value_of(word, "mode=")) != NULL &&
        hop_mode_parse(hop_span_of(value), &arguments->mode))
        return arguments->has_mode = true;
    if ((value = value_of(word, "on_error=")) != NULL)
        return hop_action_parse(hop_span_of(value), &arguments->on_error);
    if ((value = value_of(word, "break_glass=")) != NULL) {
        arguments->break_glass = value;
        return true;
    }
    return false;
}

enum hop_rc hop_arguments_parse(int argc, const char **argv, struct hop_arguments *ret_arguments,
                                struct hop_error *err)
{
    enum hop_rc rc = HOP_OK;
    *ret_arguments = (struct hop_arguments){.conf = HOP_CONF_PATH,
                                            .on_error = HOP_STEP_UP,
                                            .break_glass = "",
                                            .mode = HOP_MODE_ENFORCE};
    for (int i = 0; i < argc; i++)
        if (!flag_of(argv[i], ret_arguments) && !setting_of(argv[i], ret_arguments) && rc == HOP_OK)
            rc = hop_error_set(err, HOP_MALFORMED,
                               "pam_hopwarden.so: argument '%.64s' not understood", argv[i]);
    return rc;
}
