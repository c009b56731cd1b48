// SPDX-License-Identifier: Apache-2.0
#include "births.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "counting.h"
#include "daemons.h"
#include "missing.h"
#include "objects.h"

static const char *const always[] = { "on_exec", "on_fork", "on_exit", "on_mkdir", "on_rmdir" };
#define ALWAYS (sizeof(always) / sizeof(always[0]))

struct births births;
static struct bpf_link *links[ALWAYS];

struct bpf_program *births_program(const char *name)
{
	return bpf_object__find_program_by_name(births.object, name);
}

int births_map(const char *name)
{
	return bpf_object__find_map_fd_by_name(births.object, name);
}

/* The variables of the programs, in memory that both sides see. */
static bool map_state(void)
{
	int fd = births_map(".bss");
	void *memory = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED)
		return false;
	births.state = memory;
	births.state->generation = 1;
	return true;
}

/* PROC_PID_INIT_INO, include/linux/proc_ns.h */
#define FIRST_PID_NAMESPACE 0xEFFFFFFCU

static void look_at_reach(void)
{
	struct stat own;

	if (stat("/proc/self/ns/pid", &own) == 0 && own.st_ino != FIRST_PID_NAMESPACE)
		missing("births", "what is outside this process namespace is not seen: give the pod hostPID, unless the node is itself a container");
}

bool births_load(ring_buffer_sample_fn on_record)
{
	births.object = load_object("births", births_object, births_object_end, NULL);
	if (!births.object)
		return false;
	look_at_reach();
	births.ring = ring_buffer__new(births_map("events"), on_record, NULL, NULL);
	if (!births.ring || !map_state()) {
		missing("births", "their events cannot be read");
		return false;
	}
	return true;
}

static void detach(void)
{
	for (size_t i = 0; i < ALWAYS; i++) {
		bpf_link__destroy(links[i]);
		links[i] = NULL;
	}
}

bool births_start(void)
{
	if (births.on)
		return true;
	for (size_t i = 0; i < ALWAYS; i++) {
		links[i] = bpf_program__attach(births_program(always[i]));
		if (!links[i]) {
			missing_call("births", always[i]);
			detach();
			return false;
		}
	}
	births.on = true;
	daemons_tag();
	if (!counting_works())
		missing_call("counts", "on_call");
	return true;
}

/* Nothing is seen from now on, so what is known of lineages ends here. */
void births_stop(void)
{
	__u32 id;

	if (!births.on)
		return;
	counting_stop();
	detach();
	births.on = false;
	births.state->generation++;
	while (bpf_map_get_next_key(births_map("slots"), NULL, &id) == 0)
		bpf_map_delete_elem(births_map("slots"), &id);
	births.state->open_slots = 0;
}
