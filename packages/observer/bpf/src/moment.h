// SPDX-License-Identifier: Apache-2.0
#ifndef MOMENT_H
#define MOMENT_H

#include <time.h>
#include <linux/types.h>

#define NS_PER_S 1000000000ULL
#define NS_PER_MS 1000000ULL

static inline __u64 moment(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time.tv_sec * NS_PER_S + time.tv_nsec;
}

#endif
