/* SPDX-License-Identifier: Apache-2.0 */
#include "verdict.h"

#include <string.h>

#include "encode.h"
#include "parts.h"

/* One reading of a scene. */
struct reading {
    const struct hop_familiarity *familiarity;
    struct hop_score score;
    enum hop_action action;
};

static enum hop_action severer(enum hop_action a, enum hop_action b)
{
    return a > b ? a : b;
}

static enum hop_action frozen_action(const struct hop_around *around)
{
    static const enum hop_action actions[] = {
        [HOP_FREEZE_NONE] = HOP_ALLOW,
        [HOP_FREEZE_STEP_UP] = HOP_STEP_UP,
        [HOP_FREEZE_BLOCK] = HOP_BLOCK,
    };
    return severer(actions[around->frozen_account],
                   severer(actions[around->frozen_key], actions[around->frozen_source]));
}

static enum hop_action scored_action(const struct hop_score *score, const struct hop_policy *policy)
{
    if (score->risk_decibits >= policy->block_at_db)
        return HOP_BLOCK;
    return score->risk_decibits >= policy->step_up_at_db || score->floors ? HOP_STEP_UP : HOP_ALLOW;
}

static void decide(const struct hop_scene *scene, const struct hop_policy *policy,
                   struct reading *reading)
{
    reading->action = severer(scored_action(&reading->score, policy), frozen_action(scene->around));
}

static bool has_shared(const struct hop_scene *scene)
{
    const struct hop_around *around = scene->around;
    bool visited = false;
    for (int i = 0; i < HOP_VISIT_MONTHS; i++)
        visited = visited || around->visits[i];
    return around->touch_count || around->failure_count || around->failures_flooded ||
           around->key_of_another || around->touches_flooded || around->owners_flooded ||
           around->inventory_flooded || scene->login->origin.from_inventory ||
           (visited && !scene->witness_is_home);
}

void hop_scene_without_shared(const struct hop_scene *scene, struct hop_bare_scene *ret_bare)
{
    ret_bare->scene = *scene;
    ret_bare->around = *scene->around;
    ret_bare->scene.around = &ret_bare->around;
    ret_bare->around.touches = NULL;
    ret_bare->around.touch_count = 0;
    ret_bare->around.failures = NULL;
    ret_bare->around.failure_count = 0;
    ret_bare->around.failures_flooded = false;
    ret_bare->around.key_of_another = false;
    ret_bare->around.touches_flooded = ret_bare->around.owners_flooded = false;
    ret_bare->around.inventory_flooded = false;
    for (int i = 0; i < HOP_VISIT_MONTHS; i++)
        ret_bare->around.visits[i] = 0;
    if (scene->login->origin.from_inventory) {
        ret_bare->login = *scene->login;
        ret_bare->scene.login = &ret_bare->login;
        ret_bare->login.origin.from_inventory = false;
        ret_bare->login.origin.zone = HOP_ZONE_INTERNET;
        ret_bare->login.origin.tenant[0] = '\0';
    }
}

static void conclude(const struct hop_scene *scene, const struct reading *reading,
                     enum hop_action action, struct hop_verdict *verdict)
{
    verdict->action = action;
    verdict->score = reading->score;
    verdict->accused = verdict->alert = action > verdict->own_action;
    hop_reasons_of(scene, reading->familiarity, verdict);
    if (verdict->accused)
        hop_verdict_because(verdict, "accused", 0, "only shared lists accuse");
}

/* With everything, an action may be no milder than without the shared lists (they never acquit) and
 * no block unless it is one without them (they never block). */
static void weigh_both(const struct hop_scene *scene, const struct hop_policy *policy,
                       const struct reading *full, struct hop_verdict *verdict)
{
    struct hop_bare_scene bare;
    struct hop_familiarity familiarity;
    struct reading own;
    enum hop_action action = full->action;
    hop_scene_without_shared(scene, &bare);
    /* nothing of the shared lists is in it, but for a login that the inventory changed */
    if (scene->login->origin.from_inventory) {
        hop_familiarity_of(&bare.scene, &familiarity);
        own.familiarity = &familiarity;
        hop_score_by(&bare.scene, own.familiarity, &own.score);
    } else {
        own.familiarity = full->familiarity;
        hop_score_around(&bare.scene, own.familiarity, &full->score, &own.score);
    }
    decide(&bare.scene, policy, &own);
    verdict->own_action = own.action;
    if (action == HOP_BLOCK && own.action != HOP_BLOCK)
        action = HOP_STEP_UP;
    if (own.action > action)
        conclude(&bare.scene, &own, own.action, verdict);
    else
        conclude(scene, full, action, verdict);
}

void hop_verdict_of(const struct hop_scene *scene, const struct hop_policy *policy,
                    struct hop_verdict *ret_verdict)
{
    struct hop_familiarity familiarity;
    struct reading full = {.familiarity = &familiarity};
    *ret_verdict = (struct hop_verdict){.scored = true};
    hop_familiarity_of(scene, &familiarity);
    hop_score_by(scene, &familiarity, &full.score);
    decide(scene, policy, &full);
    if (has_shared(scene)) {
        weigh_both(scene, policy, &full, ret_verdict);
        return;
    }
    ret_verdict->own_action = full.action;
    conclude(scene, &full, full.action, ret_verdict);
}

void hop_verdict_bound(bool inside, const char *why, struct hop_verdict *ret_verdict)
{
    char shown[HOP_REASON_TEXT_MAX];
    struct hop_text text = hop_text_over(shown, sizeof shown);
    enum hop_action action = inside ? HOP_ALLOW : HOP_BLOCK;
    hop_plain_put(&text, hop_span_of(why), sizeof shown - 1);
    *ret_verdict = (struct hop_verdict){.action = action, .own_action = action, .alert = !inside};
    hop_verdict_because(ret_verdict, inside ? "bound" : "outside-binding", 0, "%s", shown);
}

void hop_verdict_freeze(struct hop_verdict *verdict, const struct hop_around *around)
{
    enum hop_action frozen = frozen_action(around);
    if (frozen == HOP_ALLOW)
        return;
    verdict->action = severer(verdict->action, frozen);
    verdict->own_action = severer(verdict->own_action, frozen);
    verdict->score.floors |= HOP_FLOOR_BIT(HOP_FLOOR_FROZEN);
    verdict->deferred = false;
    verdict->alert = true;
    hop_verdict_because(verdict, hop_floor_word(HOP_FLOOR_FROZEN), 0, "frozen by home");
}

/* Why a permit that was given is of no use is a reason too: its owner will ask. */
void hop_verdict_permit(struct hop_verdict *verdict, const struct hop_around *around, int64_t now)
{
    const struct hop_permit *permit = &around->permit;
    bool frozen = frozen_action(around) != HOP_ALLOW;
    bool holds = hop_permit_holds(permit, now);
    if (permit->id[0] == '\0')
        return;
    if (holds && !frozen)
        memcpy(verdict->permit, permit->id, sizeof verdict->permit);
    if (verdict->action == HOP_ALLOW)
        return;
    if (!holds)
        hop_verdict_because(verdict, "permit-over", 0, "permit %s does not hold now", permit->id);
    else if (frozen)
        hop_verdict_because(verdict, "permit-void", 0, "permit %s, but a freeze is stronger",
                            permit->id);
    else
        hop_verdict_because(verdict, "permit", 0, "permitted by %s, %s", permit->author,
                            permit->why);
}

void hop_verdict_break_glass(struct hop_verdict *ret_verdict)
{
    *ret_verdict =
        (struct hop_verdict){.action = HOP_ALLOW, .own_action = HOP_ALLOW, .alert = true};
    hop_verdict_because(ret_verdict, "break-glass", 0, "break-glass account used");
}

/* The old reasons spoke for another key. */
static void block_because(struct hop_verdict *verdict, const char *code, const char *sentence)
{
    verdict->action = verdict->own_action = HOP_BLOCK;
    verdict->alert = true;
    verdict->deferred = false;
    verdict->permit[0] = '\0';
    verdict->reason_count = 0; /* the old ones spoke for another key */
    hop_verdict_because(verdict, code, 0, "%s", sentence);
}

void hop_verdict_key_changed(struct hop_verdict *verdict)
{
    block_because(verdict, "key-changed", "the key used is not the noted one");
}

void hop_verdict_own_approval(struct hop_verdict *verdict)
{
    block_because(verdict, "own-approval", "the key used is the one that approved it");
}
