# SPDX-License-Identifier: Apache-2.0
"""Exact bounds: Poisson for rates, Clopper-Pearson for shares."""

import math


def bisect(falls, low, high):
    """Where a function of decreasing sign crosses zero."""
    for _ in range(200):
        middle = (low + high) / 2
        if falls(middle) > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def poisson_at_most(count, mean):
    if mean <= 0:
        return 1.0
    return math.fsum(math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(count + 1))


def poisson_upper(count, level=0.95):
    """The mean under which so few events have a probability of 1 - level (3.0 for none)."""
    return bisect(lambda mean: poisson_at_most(count, mean) - (1 - level), 0.0, 10.0 + 4 * count)


def binomial_at_most(count, n, share):
    if share <= 0:
        return 1.0
    if share >= 1:
        return float(count >= n)
    yes, no = math.log(share), math.log1p(-share)
    ways = (math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) for k in range(count + 1))
    logs = (way + k * yes + (n - k) * no for k, way in enumerate(ways))
    return min(1.0, math.fsum(map(math.exp, logs)))


def share_bounds(count, n, level=0.95):
    """Clopper-Pearson's two-sided interval."""
    tail = (1 - level) / 2
    low = 0.0 if count == 0 else bisect(lambda p: tail - (1 - binomial_at_most(count - 1, n, p)), 0.0, 1.0)
    high = 1.0 if count == n else bisect(lambda p: binomial_at_most(count, n, p) - tail, 0.0, 1.0)
    return low, high
