/* SPDX-License-Identifier: Apache-2.0 */
/* The score of a scene, the verdict that follows from it, and why. Pure: the same inputs give the
 * same verdict for ever. */
#ifndef HOP_VERDICT_H
#define HOP_VERDICT_H

#include "evidence.h"

#define HOP_TERM_CLIP 9.0 /* bits, of a block before its exponent */

struct hop_score {
    struct hop_evidence evidence;     /* its terms as they count: clipped, times their exponents */
    double log_odds[HOP_STORY_COUNT]; /* log2(pi_m) + sum of terms; without the prior */
    double risk_bits;                 /* R */
    int risk_decibits;                /* R rounded half away from zero; what thresholds compare */
    enum hop_story story;             /* the largest log_odds; ties: the first */
    unsigned floors;
};

/* R, story and floors of a scene (DESIGN 6). */
void hop_score_of(const struct hop_scene *scene, struct hop_score *ret_score);
/* 100 * 2^R / (1 + 2^R), 0..100. */
double hop_score_percent(double risk_bits);

#define HOP_REASONS_MAX 20
#define HOP_REASON_TEXT_MAX 128
#define HOP_CODE_MAX 24

/* `code` is a stable word; `text` may change between versions; decibits 0 for reasons that carry no
 * weight (floors, losses). */
struct hop_reason {
    char code[HOP_CODE_MAX];
    char text[HOP_REASON_TEXT_MAX];
    int decibits;
};

struct hop_verdict {
    enum hop_action action;     /* after floors, ceiling and losses; before mode and lane */
    enum hop_action own_action; /* the same without what came from shared lists alone */
    bool accused;  /* action > own_action: those who cannot be asked are let in with an alert */
    bool scored;   /* false: binding, break-glass or a loss decided; score is then all zero */
    bool alert;    /* to be told loudly even if allowed: break-glass, a loss's alert, accusation */
    bool deferred; /* allowed only because the session phase judges again with the key */
    char permit[HOP_ULID_LENGTH + 1]; /* of home's, that holds for this login; "" for none */
    struct hop_score score;
    unsigned losses; /* HOP_LOSS_BIT set */
    struct hop_reason
        reasons[HOP_REASONS_MAX]; /* heaviest first, floors before losses after weights */
    size_t reason_count;
};

/* Score, floors, ceiling: the whole judgement of a scene whose history could be read. */
void hop_verdict_of(const struct hop_scene *scene, const struct hop_policy *policy,
                    struct hop_verdict *ret_verdict);

/* A scene in which nothing came from the shared lists (x, y, f, q, k, n) alone: storage for the
 * copies it needs. */
struct hop_bare_scene {
    struct hop_scene scene;
    struct hop_login login; /* of one that the inventory changed */
    struct hop_around around;
};
void hop_scene_without_shared(const struct hop_scene *scene, struct hop_bare_scene *ret_bare);

/* Applies the failure table: `verdict` is that of what could still be scored (or {0} with scored =
 * false when nothing could). Marks the loss, may raise or replace the action, adds the reason. */
void hop_verdict_on_loss(struct hop_verdict *verdict, const struct hop_policy *policy,
                         enum hop_loss loss, enum hop_lane lane);

/* Adds a reason if there is room; the text is cut. */
void hop_verdict_because(struct hop_verdict *verdict, const char *code, int decibits,
                         const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Home's freezes of account, key or source, for a verdict that was not scored. */
void hop_verdict_freeze(struct hop_verdict *verdict, const struct hop_around *around);

/* Home's permit, if one holds at `now`, for a verdict that is complete. It changes no action: the
 * answer lets in. What is frozen it does not reach. */
void hop_verdict_permit(struct hop_verdict *verdict, const struct hop_around *around, int64_t now);

/* A binding's outcome and a break-glass login: no score. */
void hop_verdict_bound(bool inside, const char *why, struct hop_verdict *ret_verdict);
void hop_verdict_break_glass(struct hop_verdict *ret_verdict);

/* The session's key is not the one that was judged on the helper's word: a block (DESIGN 3). */
void hop_verdict_key_changed(struct hop_verdict *verdict);
/* The session's key is the one that signed its approval: a block. */
void hop_verdict_own_approval(struct hop_verdict *verdict);

#endif
