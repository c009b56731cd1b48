// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* What the programs in the kernel and the program in user space say to each other. */
#ifndef KGTRACE_H
#define KGTRACE_H

#include <linux/types.h>

#define MAX_SLOTS 2048
#define MAX_DAEMONS 64
#define MAX_ANCESTORS 8
/* Both tables of system calls end below 480; what is beyond, and what another table numbers, counts in the last place. */
#define CALLS 512
#define OTHER_CALLS (CALLS - 1)
#define COMM_BYTES 16
#define ARGV_BYTES 1024
#define ENV_BYTES 4096
/* TRACE_CGROUP_PATH_LEN: the kernel tells no longer path (include/trace/events/cgroup.h, kernel/cgroup/cgroup.c). */
#define TOLD_PATH_BYTES 1024
#define NAMES_BYTES 2048
#define NAMES_CUT (~0U)

enum namespace_kind { NS_MNT, NS_PID, NS_NET, NS_IPC, NS_UTS, NS_CGROUP, NS_USER, NS_TIME, NS_KINDS };

enum slot_flag {
	SLOT_SHIM = 1, /* lives as long as its pod: a birth does not wait for its end */
	SLOT_DAEMON_STARTED = 2,
	SLOT_GAP = 4, /* a task of it could not be followed */
	SLOT_EXITED = 8, /* exit_code is known */
	SLOT_NETLINK_CUT = 16, /* netlink messages were not read to their end */
};

enum figure {
	CGROUP_WRITES,
	CGROUPS_MADE,
	LINKS,
	ADDRESSES,
	ROUTES,
	NFT_RULES,
	NFT_CHAINS,
	XT_REPLACES,
	FIGURES
};

struct slot {
	__u64 began;
	__u32 id;
	__u32 epoch; /* that of `state` when it began */
	__u32 tasks;
	__u32 first_tgid;
	__u32 mnt_ns;
	__u32 flags;
	__u32 exit_code; /* as wait(2) gives it */
	__u32 ancestors[MAX_ANCESTORS]; /* the nearest first, 0 after the last */
	__u32 figures[FIGURES];
	__u32 calls[CALLS];
};

/* Kernel stacks are told apart by these bits of their addresses: they are 16 KiB or larger. */
#define STACK_SHIFT 14
#define STACKS (1U << 14)

/* The one variable of the programs. User space maps its first page, which is all but `followed`. */
struct state {
	__u32 generation; /* tags of another one count as none */
	__u32 epoch; /* of counting; 0 while not counting */
	__u32 last_epoch;
	__u32 home_level; /* depth of the process namespace whose numbers are told */
	__u32 host_ns[NS_KINDS];
	__u32 last_slot;
	__u32 open_slots;
	__u32 refused;
	__u32 newly_tagged;
	__u64 lost;
	__u32 followed[STACKS]; /* tasks in a slot, now or in an earlier generation, by the place of their kernel stack */
};

enum event_type { EVENT_MKDIR, EVENT_RMDIR, EVENT_EXEC, EVENT_ENTRY, EVENT_COUNTS, EVENT_DAEMON };

struct event {
	__u32 type;
	__u32 slot;
	__u64 at; /* CLOCK_BOOTTIME, ns */
};

struct cgroup_event {
	struct event head;
	__u64 id;
	__u32 hierarchy;
	__u32 cpu;
	char path[TOLD_PATH_BYTES];
};

struct exec_event {
	struct event head;
	__u32 parent;
	__u32 flags;
	__u32 counted;
	__u32 pid;
	char comm[COMM_BYTES];
	__u32 argv_bytes;
	__u32 argv_cut;
	__u32 env_bytes;
	__u32 env_cut; /* the first ones are missing */
	char data[ARGV_BYTES + ENV_BYTES]; /* argv, then env */
};

struct entry_event {
	struct event head;
	__u32 pid;
	__u32 vpid;
	char comm[COMM_BYTES];
	__u64 cgroup_id;
	__u32 ns[NS_KINDS];
	__u32 argv_bytes;
	__u32 argv_cut;
	__u32 names_bytes; /* NAMES_CUT where the path is too long to be told */
	char argv[ARGV_BYTES];
	char names[NAMES_BYTES]; /* of the cgroup and its parents, up to the root, each ended by a zero */
};

struct counts_event {
	struct event head;
	__u32 entry; /* said at an entry; otherwise the slot has ended */
	__u32 counted;
	struct slot slot;
};

struct daemon_event {
	struct event head;
};

/* A record on file descriptor 3. */
struct sample {
	__u64 cgroup;
	__u64 throttled_ns;
	__u32 periods;
	__u32 throttled;
};

#define MAX_SAMPLES 20000

/* What the programs that sample share with user space. */
struct sweep {
	__u32 stale; /* groups were made since the last walk */
	__u32 kept; /* groups that the last walk found room for */
	__u32 cut; /* groups with a quota that it found none for */
	__u32 found; /* groups with a quota in the last sweep */
};

#endif
