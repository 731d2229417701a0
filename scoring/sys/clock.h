/* SPDX-License-Identifier: Apache-2.0 */
/* The only readers of the system's clocks and entropy. */
#ifndef HOP_CLOCK_H
#define HOP_CLOCK_H

#include "deadline.h"
#include "error.h"

int64_t hop_clock_monotonic_ns(void); /* CLOCK_MONOTONIC */
int64_t hop_clock_epoch_ms(void);     /* CLOCK_REALTIME */
/* This boot's id (as the kernel writes it, without newline) and the seconds since it began, sleep
 * included: a clock that nobody sets. HOP_IO where the kernel does not tell. */
#define HOP_BOOT_ID_MAX 36
enum hop_rc hop_clock_boot(char ret_id[HOP_BOOT_ID_MAX + 1], int64_t *ret_s, struct hop_error *err);
/* A deadline `budget_ms` from now. */
struct hop_deadline hop_clock_deadline(int64_t budget_ms);
int hop_clock_left_ms(struct hop_deadline deadline);
/* getrandom(2) without blocking at boot: HOP_IO when the pool is not ready. */
enum hop_rc hop_entropy(void *bytes, size_t len, struct hop_error *err);

#endif
