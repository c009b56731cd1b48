// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* The least that can be on the way of every system call. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

SEC("tp_btf/sys_enter")
int empty(void *context)
{
	return 0;
}
