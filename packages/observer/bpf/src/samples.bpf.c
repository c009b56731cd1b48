// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* Reads the bandwidth counters of all groups with a quota in one go, as cpu.stat would show them. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "kgtrace.h"
#include "kernel.h"

char LICENSE[] SEC("license") = "GPL";

#define RUNTIME_INF (~0ULL) /* kernel/sched/sched.h: no quota */

/* An iterator's own output ends at 32 KiB (bpf_seq_read in kernel/bpf/bpf_iter.c), which is 1,365 groups. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, MAX_SAMPLES);
	__type(key, __u32);
	__type(value, struct sample);
} samples SEC(".maps");

/* Groups with a quota, also those that found no room. Set to 0 before each sweep. */
__u32 found = 0;

SEC("iter/cgroup")
int sample_group(struct bpf_iter__cgroup *ctx)
{
	struct cgroup *group = ctx->cgroup;
	__u32 cpu = bpf_core_enum_value(enum cgroup_subsys_id, cpu_cgrp_id);
	struct cgroup_subsys_state *css = 0;
	struct task_group *tasks;
	struct sample *sample;
	__u32 place;

	if (!group)
		return 0;
	bpf_core_read(&css, sizeof(css), (void *)group->subsys + cpu * sizeof(css));
	/* The css is its first member. */
	tasks = (struct task_group *)css;
	if (!css || BPF_CORE_READ(tasks, cfs_bandwidth.quota) == RUNTIME_INF)
		return 0;
	place = found++;
	sample = bpf_map_lookup_elem(&samples, &place);
	if (!sample)
		return 0;
	sample->cgroup = BPF_CORE_READ(group, kn, id);
	sample->throttled_ns = BPF_CORE_READ(tasks, cfs_bandwidth.throttled_time);
	sample->periods = BPF_CORE_READ(tasks, cfs_bandwidth.nr_periods);
	sample->throttled = BPF_CORE_READ(tasks, cfs_bandwidth.nr_throttled);
	return 0;
}
