/* SPDX-License-Identifier: Apache-2.0 */
/* A batch on a Redis Cluster: the writes of one slot are one transaction on its node.
 *
 *   node A   read p ─> write p, read d ─> write d, then all that needs no reading ┐
 *   node B   read s ─> write s, ...                                               ├─> logs
 *   node C   what needs no reading                                                ┘
 */
#ifndef HOP_CLUSTER_WRITES_H
#define HOP_CLUSTER_WRITES_H

#include "cluster.h"

/* False: some slot's part was not written, and the task says why. */
bool hop_cluster_write(struct hop_cluster_task *task, const struct hop_batch *batch);

#endif
