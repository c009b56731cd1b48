// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Follows births by lineage and counts their system calls where they happen. All programs are BTF tracepoints: they need
 * neither tracefs nor kprobes, which a kernel may be built without.
 */
#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "kgtrace.h"
#include "kernel.h"
#include "tasks.bpf.h"
#include "calls.bpf.h"

/* The helpers for kernel memory are for GPL-compatible programs only. */
char LICENSE[] SEC("license") = "GPL";

struct tag {
	__u32 generation;
	__u32 daemon;
	__u32 slot; /* 0 for none */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct tag);
} tags SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_SLOTS);
	__type(key, __u32);
	__type(value, struct slot);
} slots SEC(".maps");

/* Processes to be tagged as daemons, by their ids as user space sees them. Empty but for the time of that. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_DAEMONS);
	__type(key, __u32);
	__type(value, __u8);
} daemons SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 21);
} events SEC(".maps");

/*
 * Where events are put together, one place for each program: the kernel runs none twice at a time on one CPU
 * (__bpf_trace_run in kernel/trace/bpf_trace.c), and counts what it left out for that.
 */
enum place { AT_MKDIR, AT_RMDIR, AT_EXEC, AT_EXIT, PLACES };

struct place_for_event {
	union {
		struct event head;
		struct cgroup_event cgroup;
		struct exec_event exec;
		struct entry_event entry;
		struct counts_event counts;
	};
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PLACES);
	__type(key, __u32);
	__type(value, struct place_for_event);
} places SEC(".maps");

struct state state = {};

static const struct slot empty_slot = {};

static __always_inline struct place_for_event *place_of(__u32 which)
{
	return bpf_map_lookup_elem(&places, &which);
}

static __always_inline void begin(struct place_for_event *place, __u32 type, __u32 slot)
{
	place->head.type = type;
	place->head.slot = slot;
	place->head.at = bpf_ktime_get_boot_ns();
}

static __always_inline void send(void *event, __u64 size)
{
	if (bpf_ringbuf_output(&events, event, size, 0))
		__sync_fetch_and_add(&state.lost, 1);
}

static __always_inline struct tag *tag_of(struct task_struct *task)
{
	struct tag *tag = bpf_task_storage_get(&tags, task, 0, 0);

	return tag && tag->generation == state.generation ? tag : 0;
}

static __always_inline struct tag *new_tag(struct task_struct *task)
{
	struct tag *tag = bpf_task_storage_get(&tags, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (tag)
		tag->generation = state.generation;
	return tag;
}

static __always_inline struct slot *slot_of(struct tag *tag)
{
	__u32 id = tag ? tag->slot : 0;

	return id ? bpf_map_lookup_elem(&slots, &id) : 0;
}

/*
 * The registers of a task that calls the kernel lie on its kernel stack, always at the same address. So that address is
 * known at a system call without a question to the kernel. A count for several tasks is fine: it only has to be 0 for
 * nobody who is in a slot.
 */
static __always_inline __u32 *followed_by(struct pt_regs *regs)
{
	__u32 low;

	/* The verifier takes a copy of a pointer's lower half for a number, and allows no arithmetic with the pointer. */
	asm volatile("%0 = %1" : "=w"(low) : "w"((__u32)(unsigned long)regs));
	return &state.followed[low >> STACK_SHIFT & (STACKS - 1)];
}

/* The task is in that slot from now on; 0 for none. */
static __always_inline void put_in_slot(struct task_struct *task, struct tag *tag, __u32 slot)
{
	__u32 *followed = followed_by((struct pt_regs *)bpf_task_pt_regs(task));

	if (slot && !tag->slot)
		__sync_fetch_and_add(followed, 1);
	else if (!slot && tag->slot)
		__sync_fetch_and_sub(followed, 1);
	tag->slot = slot;
}

static __always_inline bool is_counted(struct slot *slot)
{
	return slot->epoch != 0 && slot->epoch == state.epoch && !(slot->flags & SLOT_GAP);
}

static __always_inline void send_counts(struct place_for_event *place, struct slot *slot, __u32 id, bool entry)
{
	begin(place, EVENT_COUNTS, id);
	place->counts.entry = entry;
	place->counts.counted = is_counted(slot);
	bpf_probe_read_kernel(&place->counts.slot, sizeof(struct slot), slot);
	/* The place of a slot that has ended is given to the next one. */
	if (place->counts.slot.id == id && ((volatile struct slot *)slot)->id == id)
		send(place, sizeof(struct counts_event));
}

/* One task less; with the last one the slot ends. */
static __always_inline void leave(struct place_for_event *place, struct slot *slot)
{
	__u32 id = slot->id;

	if (__sync_fetch_and_sub(&slot->tasks, 1) != 1)
		return;
	send_counts(place, slot, id, false);
	bpf_map_delete_elem(&slots, &id);
	__sync_fetch_and_sub(&state.open_slots, 1);
}

static __always_inline struct slot *open_slot(struct task_struct *task, struct slot *parent, __u32 flags)
{
	__u32 id = __sync_fetch_and_add(&state.last_slot, 1) + 1;
	struct slot *slot;

	if (bpf_map_update_elem(&slots, &id, &empty_slot, BPF_NOEXIST) ||
	    !(slot = bpf_map_lookup_elem(&slots, &id))) {
		__sync_fetch_and_add(&state.refused, 1);
		return 0;
	}
	__sync_fetch_and_add(&state.open_slots, 1);
	slot->id = id;
	slot->began = bpf_ktime_get_boot_ns();
	slot->epoch = state.epoch;
	slot->tasks = 1;
	slot->first_tgid = task->tgid;
	slot->mnt_ns = mount_namespace(task);
	slot->flags = flags;
	if (parent) {
		slot->ancestors[0] = parent->id;
		for (int i = 1; i < MAX_ANCESTORS; i++)
			slot->ancestors[i] = parent->ancestors[i - 1];
	}
	return slot;
}

/* Reads what fits of [start, end); from its beginning, or from its end. */
static __always_inline __u32 read_user(char *into, __u64 start, __u64 end, __u32 most, bool tail, __u32 *cut)
{
	__u64 length = end > start ? end - start : 0;

	*cut = length > most;
	if (*cut) {
		if (tail)
			start = end - most;
		length = most;
	}
	if (length == 0 || length > most)
		return 0;
	if (bpf_probe_read_user(into, length, (void *)start)) {
		*cut = 1;
		return 0;
	}
	return length;
}

static __always_inline void send_exec(struct place_for_event *place, struct task_struct *task, struct slot *slot)
{
	struct exec_event *event = &place->exec;
	struct mm_struct *mm = task->mm;
	__u32 argv, env;

	begin(place, EVENT_EXEC, slot->id);
	event->parent = slot->ancestors[0];
	event->flags = slot->flags;
	event->counted = is_counted(slot);
	event->pid = pid_at(task, state.home_level);
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	argv = read_user(event->data, mm->arg_start, mm->arg_end, ARGV_BYTES, false, &event->argv_cut);
	if (argv > ARGV_BYTES)
		return;
	/* libcni puts its variables after those that it was given, so the last ones are those to read. */
	env = read_user(event->data + argv, mm->env_start, mm->env_end, ENV_BYTES, true, &event->env_cut);
	if (env > ENV_BYTES)
		return;
	event->argv_bytes = argv;
	event->env_bytes = env;
	send(event, __builtin_offsetof(struct exec_event, data) + argv + env);
}

static __always_inline void send_entry(struct place_for_event *place, struct task_struct *task, __u32 slot)
{
	struct entry_event *event = &place->entry;
	struct mm_struct *mm = task->mm;
	struct cgroup *group = cgroup_of(task);

	begin(place, EVENT_ENTRY, slot);
	event->pid = pid_at(task, state.home_level);
	event->vpid = pid_at(task, task->thread_pid->level);
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	read_namespaces(task, event->ns);
	event->cgroup_id = BPF_CORE_READ(group, kn, id);
	event->argv_bytes =
		read_user(event->argv, mm->arg_start, mm->arg_end, ARGV_BYTES, false, &event->argv_cut);
	event->names_bytes = cgroup_names(group, event->names);
	send(event, sizeof(struct entry_event));
}

/* The task becomes a container's program: it is followed no longer, and its birth so far is told. */
static __always_inline void enter(struct place_for_event *place, struct task_struct *task, struct tag *tag,
				  struct slot *slot)
{
	__u32 ancestors[MAX_ANCESTORS];

	send_entry(place, task, slot->id);
	put_in_slot(task, tag, 0);
	for (int i = 0; i < MAX_ANCESTORS; i++)
		ancestors[i] = slot->ancestors[i];
	if (slot->tasks > 1)
		send_counts(place, slot, slot->id, true);
	leave(place, slot);
	for (int i = 0; i < MAX_ANCESTORS; i++) {
		struct slot *ancestor;

		if (ancestors[i] == 0)
			break;
		ancestor = bpf_map_lookup_elem(&slots, &ancestors[i]);
		if (ancestor)
			send_counts(place, ancestor, ancestors[i], true);
	}
}

static __always_inline void start(struct place_for_event *place, struct task_struct *task, struct tag *tag,
				  struct slot *old, __u32 flags)
{
	struct slot *slot = open_slot(task, old, flags);

	tag->daemon = 0;
	put_in_slot(task, tag, slot ? slot->id : 0);
	if (slot)
		send_exec(place, task, slot);
	if (old)
		leave(place, old);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task)
{
	struct place_for_event *place = place_of(AT_EXEC);
	struct tag *tag = tag_of(task);
	struct slot *slot = slot_of(tag);
	union comm comm = {};
	__u32 flags;

	bpf_get_current_comm(comm.text, sizeof(comm));
	if (!place)
		return 0;
	flags = is_shim(&comm) ? SLOT_SHIM : 0;
	if (slot) {
		if (mount_namespace(task) != slot->mnt_ns)
			enter(place, task, tag, slot);
		else
			start(place, task, tag, slot, flags);
	} else if (tag && tag->daemon) {
		/* dockerd starts a containerd of its own. */
		if (!is_daemon(&comm))
			start(place, task, tag, 0, flags | SLOT_DAEMON_STARTED);
	} else if (is_daemon(&comm)) {
		begin(place, EVENT_DAEMON, 0);
		send(place, sizeof(struct daemon_event));
	} else if (is_runtime(&comm) && mount_namespace(task) == state.host_ns[NS_MNT]) {
		tag = new_tag(task);
		if (tag)
			start(place, task, tag, 0, flags);
		else
			__sync_fetch_and_add(&state.refused, 1);
	}
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	struct tag *tag = tag_of(parent);
	struct slot *slot = slot_of(tag);
	struct tag *copy;

	if (!tag || (!tag->daemon && !slot))
		return 0;
	copy = new_tag(child);
	if (!copy) {
		__sync_fetch_and_add(&state.lost, 1);
		if (slot)
			__sync_fetch_and_or(&slot->flags, SLOT_GAP);
		return 0;
	}
	if (slot)
		__sync_fetch_and_add(&slot->tasks, 1);
	copy->daemon = tag->daemon;
	put_in_slot(child, copy, tag->slot);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	struct place_for_event *place = place_of(AT_EXIT);
	struct tag *tag = tag_of(task);
	struct slot *slot = slot_of(tag);

	if (!slot || !place)
		return 0;
	if ((__u32)task->pid == slot->first_tgid) {
		slot->exit_code = task->exit_code;
		__sync_fetch_and_or(&slot->flags, SLOT_EXITED);
	}
	put_in_slot(task, tag, 0);
	leave(place, slot);
	return 0;
}

static __always_inline void send_cgroup(__u32 which, __u32 type, struct cgroup *group, const char *path)
{
	struct place_for_event *place = place_of(which);
	struct tag *tag = tag_of(bpf_get_current_task_btf());
	struct slot *slot = slot_of(tag);
	struct cgroup_event *event;
	long length;

	if (!place)
		return;
	begin(place, type, slot ? slot->id : 0);
	event = &place->cgroup;
	event->id = group->kn->id;
	event->hierarchy = group->root->hierarchy_id;
	event->cpu = has_cpu(group);
	length = bpf_probe_read_kernel_str(event->path, sizeof(event->path), path);
	if (length <= 0 || length > TOLD_PATH_BYTES)
		return;
	if (slot && type == EVENT_MKDIR)
		add(&slot->figures[CGROUPS_MADE]);
	send(event, __builtin_offsetof(struct cgroup_event, path) + length);
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(on_mkdir, struct cgroup *group, const char *path)
{
	send_cgroup(AT_MKDIR, EVENT_MKDIR, group, path);
	return 0;
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(on_rmdir, struct cgroup *group, const char *path)
{
	send_cgroup(AT_RMDIR, EVENT_RMDIR, group, path);
	return 0;
}

/* Apart from on_call, so that those who are not followed do not pay for its stack and registers. */
static __noinline int count_if_followed(struct pt_regs *regs, long id)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct slot *slot = task->bpf_storage ? slot_of(tag_of(task)) : 0;

	if (slot)
		count_call(slot, task, regs, id);
	return 0;
}

/*
 * Attached only while a birth is open: it is on the way of every system call of the machine. So who is not followed
 * leaves without calling a helper.
 */
SEC("tp_btf/sys_enter")
int BPF_PROG(on_call, struct pt_regs *regs, long id)
{
	return *followed_by(regs) ? count_if_followed(regs, id) : 0;
}

/* Process 1 is looked for upwards: /proc shows its namespaces only to whom may ptrace it. */
static __always_inline void learn_host(struct task_struct *task)
{
	state.home_level = task->thread_pid->level;
	for (int i = 0; i < MOST_LEVELS; i++) {
		if (pid_at(task, state.home_level) == 1) {
			read_namespaces(task, state.host_ns);
			return;
		}
		task = task->real_parent->group_leader;
	}
}

/*
 * Read by user space, it goes over all tasks: names the processes that look like daemons, and tags the threads of those
 * in `daemons`.
 */
SEC("iter/task")
int look_at_tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct bpf_iter_meta *meta = ctx->meta;
	union comm comm = {};
	struct tag *tag;
	__u32 pid;

	if (!task)
		return 0;
	if (meta->seq_num == 0)
		learn_host(bpf_get_current_task_btf());
	pid = pid_at(task->group_leader, state.home_level);
	bpf_probe_read_kernel_str(comm.text, sizeof(comm), task->comm);
	if (task->pid == task->tgid && is_daemon(&comm))
		bpf_seq_write(meta->seq, &pid, sizeof(pid));
	if (!bpf_map_lookup_elem(&daemons, &pid) || tag_of(task))
		return 0;
	tag = new_tag(task);
	if (tag) {
		tag->slot = 0;
		tag->daemon = 1;
		state.newly_tagged++;
	}
	return 0;
}
