/* SPDX-License-Identifier: Apache-2.0 */
#include "verdict.h"

#include "bits.h"
#include "parts.h"

/* pi: how attackers' logins divide among the stories. */
static const double share[HOP_STORY_COUNT] = {
    [HOP_STORY_OUTSIDE] = .35,
    [HOP_STORY_NEAR] = .25,
    [HOP_STORY_HOP] = .20,
    [HOP_STORY_SEAT] = .20,
};

/* How much of a block's bits count in a story. Blocks are not independent of each other, and what
 * honest people do by turns (a night on call, a new line) is bad luck in several at once; so the
 * pool is log-linear (C. Genest, J. V. Zidek, "Combining Probability Distributions", Statistical
 * Science 1986, section 3.4), its exponents tuned: docs/detection.md. N and S share one, since S
 * makes up for what N lacks, and V has no larger one than D, since it takes part of D back: else
 * more surprise would lower the score. D and V of `outside` are 1, since a touch tells the sum of
 * their bits. */
static const double weights[HOP_STORY_COUNT][HOP_BLOCK_COUNT] = {
    /*                      N    G  T   K  D    H    B  F  Z  S    M    V    P */
    [HOP_STORY_OUTSIDE] = {1.2, 1, 1, 1, 1, 1, 1, 1, 1, 1.2, 1, 1, 1},
    [HOP_STORY_NEAR] = {1.5, 1, 1, 1, 1.2, 1, 1, 1, 1, 1.5, 1.3, 1.2, 1},
    [HOP_STORY_HOP] = {1, 1, 1, 1, 1, 1.2, 1, 1, 1, 1, 1, 1, 1},
    [HOP_STORY_SEAT] = {1, 1, .2, 1, 1.6, 1, 1, 1, 1, 1, 1, 1.2, 1},
};

int hop_decibits(double bits)
{
    return (int)lround(bits * 10);
}

/* Nothing of these but what the login, the profile and the places of home and tenants tell. */
static void gather_own(const struct hop_scene *scene, const struct hop_familiarity *f,
                       struct hop_evidence *evidence)
{
    hop_evidence_origin(scene, f, evidence);
    hop_evidence_travel(scene, evidence);
    hop_evidence_time(scene, f, evidence);
    hop_evidence_hop(scene, f, evidence);
    hop_evidence_dormancy(f, evidence);
    hop_evidence_sight(scene, f, evidence);
}

/* What lists around the login have a say in. */
static void gather_around(const struct hop_scene *scene, const struct hop_familiarity *f,
                          struct hop_evidence *evidence)
{
    hop_evidence_key(scene, f, evidence);
    hop_evidence_destination(scene, f, evidence);
    hop_evidence_fan_out(scene, evidence);
    hop_evidence_failures(scene, evidence);
    hop_evidence_move(scene, f, evidence);
    hop_evidence_recency(scene, f, evidence);
    hop_evidence_pace(scene, evidence);
}

double hop_block_weight(enum hop_story story, enum hop_block block)
{
    return weights[story][block];
}

/* Clipped first: an exponent over 1 would otherwise count in full what a block takes back of
 * another that stands at its limit. */
static void weigh(struct hop_evidence *evidence, enum hop_block block)
{
    for (int story = 0; story < HOP_STORY_COUNT; story++) {
        double *term = &evidence->terms[story][block];
        *term = weights[story][block] * bits_clamp(*term, -HOP_TERM_CLIP, HOP_TERM_CLIP);
    }
}

static double log_odds_of(const struct hop_evidence *evidence, enum hop_story story)
{
    double bits = log2(share[story]);
    for (int block = 0; block < HOP_BLOCK_COUNT; block++)
        bits += evidence->terms[story][block];
    return bits;
}

static void weigh_stories(const struct hop_scene *scene, const struct hop_familiarity *f,
                          struct hop_score *ret_score)
{
    double sum = 0;
    ret_score->story = HOP_STORY_OUTSIDE;
    for (int story = 0; story < HOP_STORY_COUNT; story++) {
        ret_score->log_odds[story] = log_odds_of(&ret_score->evidence, (enum hop_story)story);
        sum += exp2(ret_score->log_odds[story]);
        if (ret_score->log_odds[story] > ret_score->log_odds[ret_score->story])
            ret_score->story = (enum hop_story)story;
    }
    ret_score->risk_bits =
        (scene->witness_is_home ? HOP_PRIOR_BITS : HOP_PRIOR_BITS_TENANT) + log2(sum);
    ret_score->risk_decibits = hop_decibits(ret_score->risk_bits);
    ret_score->floors = hop_floors_of(scene, f, ret_score->risk_decibits);
}

void hop_score_by(const struct hop_scene *scene, const struct hop_familiarity *f,
                  struct hop_score *ret_score)
{
    ret_score->evidence = (struct hop_evidence){0};
    gather_own(scene, f, &ret_score->evidence);
    gather_around(scene, f, &ret_score->evidence);
    for (unsigned block = 0; block < HOP_BLOCK_COUNT; block++)
        weigh(&ret_score->evidence, (enum hop_block)block);
    weigh_stories(scene, f, ret_score);
}

void hop_score_around(const struct hop_scene *scene, const struct hop_familiarity *f,
                      const struct hop_score *full, struct hop_score *ret_score)
{
    static const enum hop_block blocks[] = {
        HOP_BLOCK_KEY,  HOP_BLOCK_DESTINATION, HOP_BLOCK_FAN_OUT, HOP_BLOCK_FAILURES,
        HOP_BLOCK_MOVE, HOP_BLOCK_RECENCY,     HOP_BLOCK_PACE};
    ret_score->evidence = full->evidence;
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        ret_score->evidence.present[blocks[i]] = false;
        for (int story = 0; story < HOP_STORY_COUNT; story++)
            ret_score->evidence.terms[story][blocks[i]] = 0;
    }
    gather_around(scene, f, &ret_score->evidence);
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        weigh(&ret_score->evidence, blocks[i]);
    weigh_stories(scene, f, ret_score);
}

void hop_score_of(const struct hop_scene *scene, struct hop_score *ret_score)
{
    struct hop_familiarity f;
    hop_familiarity_of(scene, &f);
    hop_score_by(scene, &f, ret_score);
}

double hop_score_percent(double risk_bits)
{
    return 100.0 / (1.0 + exp2(-risk_bits));
}
