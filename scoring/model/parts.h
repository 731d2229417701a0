/* SPDX-License-Identifier: Apache-2.0 */
/* What the sources of the verdict share; for this layer only. */
#ifndef HOP_PARTS_H
#define HOP_PARTS_H

#include "verdict.h"

/* hop_score_of with the familiarity at hand. */
void hop_score_by(const struct hop_scene *scene, const struct hop_familiarity *f,
                  struct hop_score *ret_score);
/* The same for a scene that differs from the one of `full` in nothing but the lists around it. */
void hop_score_around(const struct hop_scene *scene, const struct hop_familiarity *f,
                      const struct hop_score *full, struct hop_score *ret_score);
/* Bits as decibits, rounded half away from zero. */
int hop_decibits(double bits);

/* Fills the verdict's reasons from its score: the winning story's terms of half a bit and more,
 * then floors; for what is simply usual, the one term that says so most. */
void hop_reasons_of(const struct hop_scene *scene, const struct hop_familiarity *f,
                    struct hop_verdict *verdict);

#endif
