// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* What a task is: its numbers, namespaces, cgroup, program. */
#ifndef TASKS_BPF_H
#define TASKS_BPF_H

#define MOST_LEVELS 32
#define NAME_BYTES 256 /* NAME_MAX and a zero */

static __always_inline __u32 mount_namespace(struct task_struct *task)
{
	/* A task that is ending has none any more. */
	return task->nsproxy ? task->nsproxy->mnt_ns->ns.inum : 0;
}

/*
 * Read, not dereferenced: kernels before 6.2 or so allow no sum of a pointer to a kernel structure and a number that
 * the verifier cannot bound ("math between ptr_ pointer and register with unbounded min value").
 */
static __always_inline struct pid *pid_of(struct task_struct *task)
{
	struct pid *pid = 0;

	bpf_core_read(&pid, sizeof(pid), &task->thread_pid);
	return pid;
}

static __always_inline struct upid *number_at(struct pid *pid, __u32 level)
{
	return (void *)pid->numbers + level * bpf_core_type_size(struct upid);
}

/* The task's number in the process namespace at that depth; 0 where it is not in one. */
static __always_inline __u32 pid_at(struct task_struct *task, __u32 level)
{
	struct pid *pid = pid_of(task);
	__u32 nr = 0;

	if (!pid || level > BPF_CORE_READ(pid, level))
		return 0;
	bpf_core_read(&nr, sizeof(nr), &number_at(pid, level)->nr);
	return nr;
}

static __always_inline __u32 pid_namespace(struct task_struct *task)
{
	struct pid *pid = pid_of(task);
	struct pid_namespace *ns = 0;
	__u32 level;

	if (!pid)
		return 0;
	level = BPF_CORE_READ(pid, level);
	bpf_core_read(&ns, sizeof(ns), &number_at(pid, level)->ns);
	return BPF_CORE_READ(ns, ns.inum);
}

static __always_inline void read_namespaces(struct task_struct *task, __u32 *into)
{
	struct nsproxy *all = task->nsproxy;

	if (!all)
		return;
	into[NS_MNT] = all->mnt_ns->ns.inum;
	into[NS_PID] = pid_namespace(task);
	into[NS_NET] = all->net_ns->ns.inum;
	into[NS_IPC] = BPF_CORE_READ(all, ipc_ns, ns.inum);
	into[NS_UTS] = BPF_CORE_READ(all, uts_ns, ns.inum);
	into[NS_CGROUP] = all->cgroup_ns->ns.inum;
	into[NS_USER] = BPF_CORE_READ(task, cred, user_ns, ns.inum);
	into[NS_TIME] = bpf_core_field_exists(all->time_ns) ? BPF_CORE_READ(all, time_ns, ns.inum) : 0;
}

/* That of the cpu controller where it has a hierarchy of version 1; otherwise that of version 2. */
static __always_inline struct cgroup *cgroup_of(struct task_struct *task)
{
	struct css_set *set = task->cgroups;
	struct cgroup_subsys_state *css = 0;
	__u32 cpu = bpf_core_enum_value(enum cgroup_subsys_id, cpu_cgrp_id);
	struct cgroup *group;

	bpf_core_read(&css, sizeof(css), (void *)set->subsys + cpu * sizeof(css));
	group = BPF_CORE_READ(css, cgroup);
	if (group && BPF_CORE_READ(group, root, hierarchy_id) != 0)
		return group;
	return set->dfl_cgrp;
}

static __always_inline bool has_cpu(struct cgroup *group)
{
	return group->root->subsys_mask & (1U << bpf_core_enum_value(enum cgroup_subsys_id, cpu_cgrp_id));
}

/* Writes the names of the group and its parents; returns their length, or NAMES_CUT where they do not fit. */
static __always_inline __u32 cgroup_names(struct cgroup *group, char *into)
{
	__u32 length = 0;

	for (int level = 0; level < MOST_LEVELS; level++) {
		struct cgroup_subsys_state *parent = BPF_CORE_READ(group, self.parent);
		long written;

		if (!parent)
			return length;
		if (length > NAMES_BYTES - NAME_BYTES)
			return NAMES_CUT;
		written = bpf_probe_read_kernel_str(into + length, NAME_BYTES, BPF_CORE_READ(group, kn, name));
		if (written <= 0 || written > NAME_BYTES)
			return NAMES_CUT;
		length += written;
		group = BPF_CORE_READ(parent, cgroup);
	}
	return NAMES_CUT;
}

/* A thread's name as two words: there is no memcmp to call here. bpf_get_current_comm fills up with zeroes. */
union comm {
	char text[COMM_BYTES];
	__u64 words[2];
};

/* The name is a literal, so both sides of the comparison are constants but for the thread's. */
static __always_inline bool is_name(const union comm *comm, union comm name)
{
	return comm->words[0] == name.words[0] && comm->words[1] == name.words[1];
}

#define IS(comm, name) is_name(comm, (union comm){ .text = name })

static __always_inline bool is_daemon(const union comm *comm)
{
	return IS(comm, "containerd") || IS(comm, "crio") || IS(comm, "dockerd") || IS(comm, "cri-dockerd");
}

/* The name of `containerd-shim-runc-v2` is cut to 15 bytes. */
static __always_inline bool is_shim(const union comm *comm)
{
	return IS(comm, "containerd-shim") || IS(comm, "conmon");
}

static __always_inline bool is_runtime(const union comm *comm)
{
	return IS(comm, "runc") || IS(comm, "crun") || IS(comm, "youki") || IS(comm, "podman") || is_shim(comm);
}

#endif
