/* SPDX-License-Identifier: Apache-2.0 */
#include "deadline.h"

static int64_t saturated(bool overflow, bool downwards, int64_t value)
{
    if (!overflow)
        return value;
    return downwards ? INT64_MIN : INT64_MAX;
}

struct hop_deadline hop_deadline_after(int64_t now_ns, int64_t budget_ms)
{
    int64_t budget_ns, at_ns;
    bool over = __builtin_mul_overflow(budget_ms, HOP_NS_PER_MS, &budget_ns);
    budget_ns = saturated(over, budget_ms < 0, budget_ns);
    over = __builtin_add_overflow(now_ns, budget_ns, &at_ns);
    return (struct hop_deadline){.at_ns = saturated(over, budget_ns < 0, at_ns)};
}

struct hop_deadline hop_deadline_earlier(struct hop_deadline a, struct hop_deadline b)
{
    return a.at_ns < b.at_ns ? a : b;
}

int hop_deadline_left_ms(struct hop_deadline deadline, int64_t now_ns)
{
    if (hop_deadline_passed(deadline, now_ns))
        return 0;
    int64_t left_ns;
    bool over = __builtin_sub_overflow(deadline.at_ns, now_ns, &left_ns);
    left_ns = saturated(over, false, left_ns);
    int64_t left_ms = left_ns / HOP_NS_PER_MS + (left_ns % HOP_NS_PER_MS != 0);
    return left_ms > INT32_MAX ? INT32_MAX : (int)left_ms;
}

bool hop_deadline_passed(struct hop_deadline deadline, int64_t now_ns)
{
    return now_ns >= deadline.at_ns;
}
