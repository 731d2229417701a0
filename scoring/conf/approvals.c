/* SPDX-License-Identifier: Apache-2.0 */
/* Whose step-ups another person's approval passes. */
#include "conf_parts.h"

static bool never_asked(enum hop_class class)
{
    return class == HOP_CLASS_AUTOMATION || class == HOP_CLASS_BREAK_GLASS;
}

static bool wants(const struct hop_conf *conf, const struct hop_section *account)
{
    enum hop_step_up_by by = conf->settings.step_up;
    if (account && never_asked(account->class))
        return false;
    if (account && account->step_up != HOP_STEP_UP_BY_DEFAULT)
        by = account->step_up;
    return by == HOP_STEP_UP_BY_APPROVAL;
}

bool hop_conf_wants_approval(const struct hop_conf *conf, const char *account)
{
    return wants(conf, hop_section_find(conf, HOP_SECTION_ACCOUNT, account));
}

bool hop_conf_knows_approval(const struct hop_conf *conf)
{
    for (size_t i = 0; i < conf->section_count; i++)
        if (conf->sections[i].kind == HOP_SECTION_ACCOUNT && wants(conf, &conf->sections[i]))
            return true;
    return wants(conf, NULL);
}

bool hop_conf_knows_identity(const struct hop_conf *conf, const char *identity)
{
    return hop_section_find(conf, HOP_SECTION_PERSON, identity) || *hop_conf_team(conf, identity);
}

enum hop_rc hop_approvals_check(const struct hop_conf *conf, struct hop_error *err)
{
    for (size_t i = 0; i < conf->section_count; i++) {
        const struct hop_section *section = &conf->sections[i];
        if (section->kind == HOP_SECTION_ACCOUNT && never_asked(section->class) &&
            section->step_up != HOP_STEP_UP_BY_DEFAULT)
            return hop_refuse(err, &section->where, "step_up for a class that has none: %s",
                              hop_class_word(section->class));
    }
    return HOP_OK;
}
