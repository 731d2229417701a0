/* SPDX-License-Identifier: Apache-2.0 */
/* One absolute deadline per phase, minted in sys/clock.h and passed by value to everything that may
 * wait. Pure arithmetic. */
#ifndef HOP_DEADLINE_H
#define HOP_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

#define HOP_NS_PER_MS INT64_C(1000000)
#define HOP_NS_PER_S INT64_C(1000000000)

/* Nanoseconds on CLOCK_MONOTONIC. */
struct hop_deadline {
    int64_t at_ns;
};

/* `now_ns` plus `budget_ms`, saturating. */
struct hop_deadline hop_deadline_after(int64_t now_ns, int64_t budget_ms);
/* The earlier of the two. */
struct hop_deadline hop_deadline_earlier(struct hop_deadline a, struct hop_deadline b);
/* Milliseconds left, rounded up, as poll(2) wants them: 0 once passed, never negative, at most
 * INT32_MAX. */
int hop_deadline_left_ms(struct hop_deadline deadline, int64_t now_ns);
bool hop_deadline_passed(struct hop_deadline deadline, int64_t now_ns);

#endif
