/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic that the blocks of evidence share; for this layer only. All in bits (log2). */
#ifndef HOP_BITS_H
#define HOP_BITS_H

#include <math.h>

/* NaN gives `low`. */
static inline double bits_clamp(double bits, double low, double high)
{
    return fmin(fmax(bits, low), high);
}

/* Being known never accuses: an attacker shows a known value with probability `alpha`, the person
 * with 1 - p_new. */
static inline double bits_if_known(double alpha, double p_new)
{
    return fmin(0.0, log2(alpha / (1.0 - p_new)));
}

/* Being new never acquits. */
static inline double bits_if_new(double alpha, double p_new)
{
    return fmax(0.0, log2((1.0 - alpha) / p_new));
}

#endif
