// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Reads the bandwidth counters of all groups with a quota in one go, as cpu.stat would show them. To walk over the groups
 * costs more than to read them, so where they are is kept from one walk to the next.
 */
#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "kgtrace.h"
#include "kernel.h"

char LICENSE[] SEC("license") = "GPL";

#define RUNTIME_INF (~0ULL) /* kernel/sched/sched.h: no quota */

struct kept {
	struct task_group *group;
	__u64 serial; /* given once, to no other group */
	__u64 cgroup;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_SAMPLES);
	__type(key, __u32);
	__type(value, struct kept);
} groups SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, MAX_SAMPLES);
	__type(key, __u32);
	__type(value, struct sample);
} samples SEC(".maps");

struct sweep sweep = {};

/* Read by user space, it goes over all groups. */
SEC("iter/cgroup")
int keep_group(struct bpf_iter__cgroup *ctx)
{
	struct cgroup *group = ctx->cgroup;
	__u32 cpu = bpf_core_enum_value(enum cgroup_subsys_id, cpu_cgrp_id);
	__u32 place = sweep.kept;
	struct task_group *tasks = 0;
	struct kept *kept;

	if (!group)
		return 0;
	/* The pointer is to the first member, the css. */
	bpf_core_read(&tasks, sizeof(tasks), (void *)group->subsys + cpu * sizeof(tasks));
	if (!tasks)
		return 0;
	kept = bpf_map_lookup_elem(&groups, &place);
	if (!kept) {
		if (BPF_CORE_READ(tasks, cfs_bandwidth.quota) != RUNTIME_INF)
			sweep.cut++;
		return 0;
	}
	kept->group = tasks;
	kept->serial = BPF_CORE_READ(tasks, css.serial_nr);
	kept->cgroup = group->kn->id;
	sweep.kept++;
	return 0;
}

SEC("tp_btf/cgroup_mkdir")
int note_group(void *ctx)
{
	sweep.stale = true;
	return 0;
}

/* Linux 6.2 and newer. What it gives can be read without a call for each field, though it may be anything by now. */
extern void *bpf_rdonly_cast(const void *object, __u32 type) __ksym __weak;

#define READ(from, field) (can_cast ? (from)->field : BPF_CORE_READ(from, field))

/*
 * A group is not held: it may be gone, and its memory another's. So whether it is still there is asked after its counters
 * were read; then they were its own.
 */
static __always_inline long take_sample(__u32 index, const bool can_cast)
{
	struct kept *kept = bpf_map_lookup_elem(&groups, &index);
	__u32 place = sweep.found;
	struct sample *sample = bpf_map_lookup_elem(&samples, &place);
	struct task_group *group;
	unsigned int flags;

	if (!kept || !sample)
		return 1;
	group = kept->group;
	if (can_cast)
		group = bpf_rdonly_cast(group, bpf_core_type_id_kernel(struct task_group));
	if (READ(group, cfs_bandwidth.quota) == RUNTIME_INF)
		return 0;
	sample->cgroup = kept->cgroup;
	sample->throttled_ns = READ(group, cfs_bandwidth.throttled_time);
	sample->periods = READ(group, cfs_bandwidth.nr_periods);
	sample->throttled = READ(group, cfs_bandwidth.nr_throttled);
	barrier();
	flags = READ(group, css.flags);
	if ((flags & (CSS_ONLINE | CSS_DYING)) == CSS_ONLINE && READ(group, css.serial_nr) == kept->serial)
		sweep.found++;
	return 0;
}

static long take_by_cast(__u32 index, void *unused)
{
	return take_sample(index, true);
}

static long take_by_copy(__u32 index, void *unused)
{
	return take_sample(index, false);
}

/* Run by user space for each sweep; the second one where the kernel has no bpf_rdonly_cast. */
SEC("syscall")
int take_samples(void *ctx)
{
	sweep.found = 0;
	bpf_loop(sweep.kept, take_by_cast, 0, 0);
	return 0;
}

SEC("syscall")
int copy_samples(void *ctx)
{
	sweep.found = 0;
	bpf_loop(sweep.kept, take_by_copy, 0, 0);
	return 0;
}
