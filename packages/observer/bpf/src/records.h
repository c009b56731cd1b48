// SPDX-License-Identifier: Apache-2.0
#ifndef RECORDS_H
#define RECORDS_H

#include <stddef.h>
#include <linux/types.h>

extern __u64 records_seen;

/* Tells a record of the ring as a line; negative when there is no room for another. */
int tell_record(void *context, void *data, size_t size);

#endif
