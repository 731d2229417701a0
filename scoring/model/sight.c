/* SPDX-License-Identifier: Apache-2.0 */
/* S: the first sight of an origin. Quarantine keeps a new line suspicious for days, and its owner
 * works from it meanwhile; an intruder's first login is the one at which it was never seen at all.
 * M: and that first sight comes while the person is at work somewhere else. */
#include "bits.h"
#include "evidence.h"

#define NEVER_SEEN 2.5      /* bits; tuned, docs/detection.md */
#define NODE_NEVER_SEEN 1.0 /* another address of a known net */
#define MOVED 2.5
#define MOVED_WITHIN (2 * 3600) /* s */
#define AHEAD_MAX 300           /* s: how far another host's clock may be ahead */

/* Whoever sits at the victim's own seat shows her origin. */
static const bool comes_from_elsewhere[HOP_STORY_COUNT] = {
    [HOP_STORY_OUTSIDE] = true, [HOP_STORY_NEAR] = true, [HOP_STORY_HOP] = true};

/* Home's networks are home's word (see block N), and a tenant's own are where its hosts are. */
static bool may_be_new(const struct hop_login *login)
{
    return login->origin.address.family != 0 &&
           (login->origin.zone == HOP_ZONE_INTERNET || hop_login_is_hop(login));
}

enum hop_kind hop_origin_never_seen(const struct hop_scene *scene, const struct hop_familiarity *f)
{
    enum hop_kind unknown = hop_origin_unknown(f);
    bool never =
        unknown != HOP_KIND_COUNT && may_be_new(scene->login) && f->count[unknown] < HOP_SEEN_AT;
    return never ? unknown : HOP_KIND_COUNT;
}

void hop_evidence_sight(const struct hop_scene *scene, const struct hop_familiarity *f,
                        struct hop_evidence *evidence)
{
    enum hop_kind kind = hop_origin_never_seen(scene, f);
    if (!may_be_new(scene->login))
        return;
    for (int story = 0; story < HOP_STORY_COUNT; story++) {
        double bits = hop_origin_step(scene, f, (enum hop_story)story);
        if (kind != HOP_KIND_COUNT && comes_from_elsewhere[story])
            bits += kind == HOP_KIND_NODE ? NODE_NEVER_SEEN : NEVER_SEEN;
        evidence->terms[story][HOP_BLOCK_SIGHT] = bits;
        evidence->present[HOP_BLOCK_SIGHT] |= bits > 0;
    }
}

static bool is_recent(int64_t time, int64_t now)
{
    return time > 0 && time <= now + AHEAD_MAX && now - time <= MOVED_WITHIN;
}

static bool was_elsewhere(const struct hop_scene *scene)
{
    const struct hop_login *login = scene->login;
    const struct hop_last *last = &scene->profile->last;
    const struct hop_prefix there = hop_address_net(&last->address);
    return is_recent(last->time, login->time) && last->address.family != 0 &&
           !hop_prefix_contains(&there, &login->origin.address);
}

/* Other tenants may tell of it too: a touch accuses. */
static bool was_touching_elsewhere(const struct hop_scene *scene)
{
    uint32_t asn = scene->login->origin.place.asn;
    for (size_t i = 0; i < scene->around->touch_count; i++) {
        const struct hop_touch *touch = &scene->around->touches[i];
        if (touch->asn != 0 && asn != 0 && touch->asn != asn &&
            is_recent(touch->time, scene->login->time))
            return true;
    }
    return scene->around->touches_flooded;
}

void hop_evidence_move(const struct hop_scene *scene, const struct hop_familiarity *f,
                       struct hop_evidence *evidence)
{
    if (scene->login->origin.zone != HOP_ZONE_INTERNET ||
        hop_origin_never_seen(scene, f) == HOP_KIND_COUNT ||
        !(was_elsewhere(scene) || was_touching_elsewhere(scene)))
        return;
    evidence->present[HOP_BLOCK_MOVE] = true;
    for (int story = 0; story < HOP_STORY_COUNT; story++)
        evidence->terms[story][HOP_BLOCK_MOVE] = comes_from_elsewhere[story] ? MOVED : 0;
}
