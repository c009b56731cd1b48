// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* What can be told from the arguments of a system call, before the kernel acts on them. */
#ifndef CALLS_BPF_H
#define CALLS_BPF_H

#include <asm/unistd.h>

#define CGROUP_SUPER_MAGIC 0x27e0eb
#define CGROUP2_SUPER_MAGIC 0x63677270
#define AF_NETLINK 16
#define NETLINK_ROUTE 0
#define NETLINK_NETFILTER 12
#define RTM_NEWLINK 16
#define RTM_NEWADDR 20
#define RTM_NEWROUTE 24
#define NLM_F_CREATE 0x400
#define NFT_NEWCHAIN 0xa03 /* NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN */
#define NFT_NEWRULE 0xa06
#define IPPROTO_IP 0
#define IPPROTO_IPV6 41
#define IPT_SO_SET_REPLACE 64 /* IP6T_SO_SET_REPLACE is the same number */
#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define MOST_MESSAGES 256

struct netlink_header {
	__u32 length;
	__u16 type;
	__u16 flags;
	__u32 sequence;
	__u32 port;
};

struct user_vector {
	__u64 base;
	__u64 length;
};

/* struct user_msghdr of 64-bit programs, include/linux/socket.h */
struct user_message {
	__u64 name;
	__u64 name_length;
	__u64 vectors;
	__u64 vector_count;
};

#if defined(__TARGET_ARCH_x86)
#define ARGUMENT_1(regs) ((regs)->di)
#define ARGUMENT_2(regs) ((regs)->si)
#define ARGUMENT_3(regs) ((regs)->dx)
#define TS_COMPAT 2
static __always_inline bool is_compat(struct task_struct *task)
{
	return task->thread_info.status & TS_COMPAT;
}
#else
#define ARGUMENT_1(regs) ((regs)->orig_x0)
#define ARGUMENT_2(regs) ((regs)->regs[1])
#define ARGUMENT_3(regs) ((regs)->regs[2])
#define TIF_32BIT 22
static __always_inline bool is_compat(struct task_struct *task)
{
	return task->thread_info.flags & (1UL << TIF_32BIT);
}
#endif

static __always_inline void add(__u32 *counter)
{
	__sync_fetch_and_add(counter, 1);
}

static __always_inline struct file *file_of(struct task_struct *task, __u32 fd)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd);
	struct file *file = 0;

	if (fd < BPF_CORE_READ(table, max_fds))
		bpf_probe_read_kernel(&file, sizeof(file), files + fd);
	return file;
}

static __always_inline void count_write(struct slot *slot, struct task_struct *task, __u32 fd)
{
	unsigned long magic = BPF_CORE_READ(file_of(task, fd), f_inode, i_sb, s_magic);

	if (magic == CGROUP_SUPER_MAGIC || magic == CGROUP2_SUPER_MAGIC)
		add(&slot->figures[CGROUP_WRITES]);
}

/* The protocol of a netlink socket; -1 for all else. */
static __always_inline int netlink_protocol(struct task_struct *task, __u32 fd)
{
	struct file *file = file_of(task, fd);
	struct socket *socket;
	struct sock *sock;

	if ((BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return -1;
	socket = BPF_CORE_READ(file, private_data);
	sock = BPF_CORE_READ(socket, sk);
	if (BPF_CORE_READ(sock, __sk_common.skc_family) != AF_NETLINK)
		return -1;
	return BPF_CORE_READ(sock, sk_protocol);
}

static __always_inline void count_message(struct slot *slot, int protocol, struct netlink_header *header)
{
	if (protocol == NETLINK_NETFILTER) {
		if (header->type == NFT_NEWRULE)
			add(&slot->figures[NFT_RULES]);
		else if (header->type == NFT_NEWCHAIN)
			add(&slot->figures[NFT_CHAINS]);
		return;
	}
	/* Without NLM_F_CREATE they change what is there. */
	if (!(header->flags & NLM_F_CREATE))
		return;
	if (header->type == RTM_NEWLINK)
		add(&slot->figures[LINKS]);
	else if (header->type == RTM_NEWADDR)
		add(&slot->figures[ADDRESSES]);
	else if (header->type == RTM_NEWROUTE)
		add(&slot->figures[ROUTES]);
}

/* Walks the messages in the vectors that begin at `next` in user memory; `part` is what is left of the one before. */
static __always_inline void count_messages(struct slot *slot, int protocol, struct user_vector part, __u64 next,
					   __u64 left)
{
	for (int i = 0; i < MOST_MESSAGES; i++) {
		struct netlink_header header;
		__u64 step;

		if (part.length < sizeof(header)) {
			if (left == 0)
				return;
			if (bpf_probe_read_user(&part, sizeof(part), (void *)next))
				break;
			next += sizeof(part);
			left--;
			continue;
		}
		if (bpf_probe_read_user(&header, sizeof(header), (void *)part.base))
			break;
		if (header.length < sizeof(header))
			return;
		count_message(slot, protocol, &header);
		step = ((__u64)header.length + 3) & ~3ULL; /* NLMSG_ALIGN */
		part.base += step;
		part.length = step < part.length ? part.length - step : 0;
	}
	__sync_fetch_and_or(&slot->flags, SLOT_NETLINK_CUT);
}

static __always_inline void count_netlink(struct slot *slot, struct task_struct *task, struct pt_regs *regs, long id)
{
	int protocol = netlink_protocol(task, ARGUMENT_1(regs));
	struct user_vector part = {};
	struct user_message message = {};

	if (protocol != NETLINK_ROUTE && protocol != NETLINK_NETFILTER)
		return;
	if (id == __NR_sendto) {
		part.base = ARGUMENT_2(regs);
		part.length = ARGUMENT_3(regs);
	} else if (bpf_probe_read_user(&message, sizeof(message), (void *)ARGUMENT_2(regs))) {
		__sync_fetch_and_or(&slot->flags, SLOT_NETLINK_CUT);
		return;
	}
	count_messages(slot, protocol, part, message.vectors, message.vector_count);
}

static __always_inline void count_option(struct slot *slot, __u32 level, __u32 option)
{
	if ((level == IPPROTO_IP || level == IPPROTO_IPV6) && option == IPT_SO_SET_REPLACE)
		add(&slot->figures[XT_REPLACES]);
}

static __always_inline void count_call(struct slot *slot, struct task_struct *task, struct pt_regs *regs, long id)
{
	if (is_compat(task) || id < 0 || id >= OTHER_CALLS) {
		add(&slot->calls[OTHER_CALLS]);
		return;
	}
	add(&slot->calls[id & (CALLS - 1)]);
	switch (id) {
	case __NR_write:
	case __NR_pwrite64:
	case __NR_writev:
		count_write(slot, task, ARGUMENT_1(regs));
		break;
	case __NR_sendto:
	case __NR_sendmsg:
		count_netlink(slot, task, regs, id);
		break;
	case __NR_setsockopt:
		count_option(slot, ARGUMENT_2(regs), ARGUMENT_3(regs));
		break;
	}
}

#endif
