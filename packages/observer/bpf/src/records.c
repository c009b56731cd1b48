// SPDX-License-Identifier: Apache-2.0
#include "records.h"
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include "births.h"
#include "counting.h"
#include "daemons.h"
#include "exec-event.h"
#include "lines.h"
#include "syscalls.h"

__u64 records_seen;

static void begin(const char *type, const struct event *event)
{
	line_begin(type);
	put_time("at", event->at);
}

static void tell_cgroup(const struct cgroup_event *event)
{
	begin(event->head.type == EVENT_MKDIR ? "mkdir" : "rmdir", &event->head);
	put_text("path", event->path);
	put_number("id", event->id);
	put_number("hierarchy", event->hierarchy);
	put_bool("cpu", event->cpu);
	put_number("slot", event->head.slot);
	line_end();
}

static void put_environment(const struct exec_event *event)
{
	static const char *const told[] = { "CNI_COMMAND", "CNI_CONTAINERID", "CNI_IFNAME", "CNI_NETNS", "CNI_ARGS" };
	put_object("env");
	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		size_t length;
		const char *value = find_variable(event, told[i], &length);

		if (value)
			put_bytes(told[i], value, length);
	}
	put_object_end();
}

static void tell_exec(const struct exec_event *event)
{
	begin("exec", &event->head);
	put_number("slot", event->head.slot);
	put_number("parent", event->parent);
	put_number("pid", event->pid);
	put_text("comm", event->comm);
	put_list("argv", event->data, event->argv_bytes);
	if (event->argv_cut)
		put_bool("argv_cut", true);
	put_environment(event);
	put_bool("daemon", event->flags & SLOT_DAEMON_STARTED);
	put_bool("counted", event->counted);
	line_end();
}

static void put_namespaces(const char *name, const __u32 *inodes)
{
	static const char *const kinds[NS_KINDS] = { "mnt", "pid", "net", "ipc", "uts", "cgroup", "user", "time" };

	put_object(name);
	for (int i = 0; i < NS_KINDS; i++)
		if (inodes[i])
			put_number(kinds[i], inodes[i]);
	put_object_end();
}

/* From the names of a group and its parents, the root's first. */
static void join_names(const struct entry_event *event, char path[NAMES_BYTES + 1])
{
	size_t at = NAMES_BYTES;
	const char *end = event->names + event->names_bytes;

	path[at] = 0;
	for (const char *name = event->names; name < end; name += strlen(name) + 1) {
		at -= strlen(name) + 1;
		path[at] = '/';
		memcpy(path + at + 1, name, strlen(name));
	}
	if (at == NAMES_BYTES)
		path[--at] = '/';
	memmove(path, path + at, NAMES_BYTES + 1 - at);
}

static void tell_entry(const struct entry_event *event)
{
	char path[NAMES_BYTES + 1];

	begin("entry", &event->head);
	put_number("slot", event->head.slot);
	put_number("pid", event->pid);
	put_number("vpid", event->vpid);
	put_text("comm", event->comm);
	put_list("argv", event->argv, event->argv_bytes);
	if (event->argv_cut)
		put_bool("argv_cut", true);
	if (event->names_bytes != NAMES_CUT) {
		join_names(event, path);
		put_text("cgroup", path);
		counting_on_entry(path);
	}
	put_number("cgroup_id", event->cgroup_id);
	put_namespaces("ns", event->ns);
	put_namespaces("host_ns", (const __u32 *)births.state->host_ns);
	line_end();
}

static void put_calls(const struct slot *slot)
{
	__u64 total = 0;

	put_object("by");
	for (unsigned int i = 0; i < CALLS; i++) {
		const char *name = i == OTHER_CALLS ? "other" : syscall_name(i);
		char unnamed[32];

		if (slot->calls[i] == 0)
			continue;
		total += slot->calls[i];
		snprintf(unnamed, sizeof(unnamed), "syscall_%u", i);
		put_number(name ? name : unnamed, slot->calls[i]);
	}
	put_object_end();
	put_number("total", total);
}

static void put_figures(const struct slot *slot)
{
	put_number("cgroup_writes", slot->figures[CGROUP_WRITES]);
	put_number("xt_replaces", slot->figures[XT_REPLACES]);
	if (slot->flags & SLOT_NETLINK_CUT)
		return;
	put_number("links", slot->figures[LINKS]);
	put_number("addresses", slot->figures[ADDRESSES]);
	put_number("routes", slot->figures[ROUTES]);
	put_number("nft_rules", slot->figures[NFT_RULES]);
	put_number("nft_chains", slot->figures[NFT_CHAINS]);
}

static void tell_counts(const struct counts_event *event)
{
	const struct slot *slot = &event->slot;

	begin("counts", &event->head);
	put_number("slot", event->head.slot);
	put_text("why", event->entry ? "entry" : "end");
	put_bool("counted", event->counted);
	if (event->counted) {
		put_calls(slot);
		put_figures(slot);
	}
	put_number("cgroups_made", slot->figures[CGROUPS_MADE]);
	if (!event->entry && (slot->flags & SLOT_EXITED)) {
		if (WIFEXITED(slot->exit_code))
			put_number("exit", WEXITSTATUS(slot->exit_code));
		else
			put_number("signal", WTERMSIG(slot->exit_code));
	}
	line_end();
}

int tell_record(void *context, void *data, size_t size)
{
	const struct event *event = data;

	(void)context;
	(void)size;
	if (event->type != EVENT_DAEMON)
		records_seen++;
	switch (event->type) {
	case EVENT_MKDIR:
		counting_on_mkdir(((struct cgroup_event *)data)->path);
		tell_cgroup(data);
		break;
	case EVENT_RMDIR:
		counting_on_rmdir(((struct cgroup_event *)data)->path);
		tell_cgroup(data);
		break;
	case EVENT_EXEC:
		counting_on_exec(data);
		tell_exec(data);
		break;
	case EVENT_ENTRY:
		tell_entry(data);
		break;
	case EVENT_COUNTS:
		tell_counts(data);
		break;
	case EVENT_DAEMON:
		daemons_tag();
		break;
	}
	return lines_have_room() ? 0 : -1;
}
