// SPDX-License-Identifier: Apache-2.0
/* The programs for the kernel, which this program carries. */
#ifndef OBJECTS_H
#define OBJECTS_H

#include <bpf/libbpf.h>

extern const char births_object[], births_object_end[];
extern const char samples_object[], samples_object_end[];

/* All programs of it but that one; NULL for all. Returns NULL where the kernel refuses; then `missing` has said why. */
struct bpf_object *load_object(const char *what, const char *start, const char *end, const char *but);

/* Keeps what libbpf says, instead of printing it. */
void objects_quiet(void);

#endif
