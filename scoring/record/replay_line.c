/* SPDX-License-Identifier: Apache-2.0 */
#include "record.h"

#include "member.h"

void hop_replay_line_put(struct hop_text *text, const char *id, const struct hop_verdict *verdict)
{
    hop_text_put_char(text, '{');
    hop_member_string(text, "event.id", id);
    hop_member_string(text, "hopwarden.action", hop_action_word(verdict->action));
    hop_member_decibits(text, "hopwarden.risk_bits", verdict->score.risk_decibits);
    hop_member_reasons(text, verdict, HOP_REASONS_MAX);
    hop_member_codes(text, verdict, HOP_REASONS_MAX);
    hop_text_put_char(text, '}');
}
