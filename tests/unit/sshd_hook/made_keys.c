/* SPDX-License-Identifier: Apache-2.0 */
#include "../ssh/made_keys.c"
