// SPDX-License-Identifier: Apache-2.0
/* The programs that follow births: loaded once, attached and detached as told. */
#ifndef BIRTHS_H
#define BIRTHS_H

#include <bpf/libbpf.h>
#include <stdbool.h>
#include "kgtrace.h"

struct births {
	struct bpf_object *object;
	struct ring_buffer *ring;
	volatile struct state *state;
	bool on;
};

extern struct births births;

/* False where this machine cannot; then `missing` has said why. */
bool births_load(ring_buffer_sample_fn on_record);
bool births_start(void);
void births_stop(void);

struct bpf_program *births_program(const char *name);
int births_map(const char *name);

#endif
