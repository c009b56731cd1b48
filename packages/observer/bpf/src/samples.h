// SPDX-License-Identifier: Apache-2.0
/* Frames of CPU bandwidth on file descriptor 3. */
#ifndef SAMPLES_H
#define SAMPLES_H

#include <stdbool.h>
#include <linux/types.h>

#define SAMPLES_FD 3

bool samples_start(void);
void samples_take(void);
bool samples_wait(void);
/* Writes what the reader takes; when nobody reads any more, no sample is taken again. */
void samples_send(void);
void samples_stop(void);
void samples_put_stats(void);
__u64 samples_run_ns(void);

#endif
