/* SPDX-License-Identifier: Apache-2.0 */
#include "findings.h"

#include <stdarg.h>
#include <stdio.h>

#include "encode.h"

void hop_finding(struct hop_findings *findings, enum hop_state state, const char *check,
                 const char *mend, const char *format, ...)
{
    static const char *const STATES[] = {"fine", "warning", "critical"};
    char what[HOP_CELL_MAX], shown[HOP_CELL_MAX * 4 + 4];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    struct hop_text text = hop_text_over(shown, sizeof shown);
    hop_plain_put(&text, hop_span_of(what), sizeof what);
    if (state > findings->worst)
        findings->worst = state;
    json_array_append_new(findings->list,
                          json_pack("{s:s, s:s, s:s, s:s*}", "check", check, "state", STATES[state],
                                    "what", shown, "mend", mend));
    if (!findings->print)
        return;
    printf("%-8s  %-13s  %s\n", STATES[state], check, shown);
    if (mend != NULL)
        printf("%-8s  %-13s  -> %s\n", "", "", mend);
}
