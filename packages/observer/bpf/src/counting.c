// SPDX-License-Identifier: Apache-2.0
#include "counting.h"
#include <string.h>
#include <bpf/bpf.h>
#include "births.h"
#include "cgroup-paths.h"
#include "exec-event.h"
#include "lines.h"
#include "moment.h"

/* What follows a birth at once, like the next container of its pod, is counted from its beginning. */
#define LINGER_NS (3 * NS_PER_S)
#define MAX_PODS 256
/* The sandbox, and the first container. */
#define ENTRIES_OF_BIRTH 2

struct pod {
	char uid[UID_BYTES];
	__u64 began;
	unsigned int entries;
};

static struct bpf_link *counter;
static struct pod pods[MAX_PODS];
static __u64 window_ns = 60 * NS_PER_S;
static __u64 wanted_at;

bool counting_is_on(void)
{
	return counter != NULL;
}

static void tell(bool on)
{
	line_begin("counting");
	put_time("at", moment(CLOCK_BOOTTIME));
	put_bool("on", on);
	line_end();
}

bool counting_works(void)
{
	struct bpf_link *tried = bpf_program__attach(births_program("on_call"));

	return tried && bpf_link__destroy(tried) == 0;
}

bool counting_start(void)
{
	wanted_at = moment(CLOCK_BOOTTIME);
	if (counter)
		return true;
	counter = bpf_program__attach(births_program("on_call"));
	if (!counter)
		return false;
	/* Only now is every system call seen; slots that begin from here on are whole. */
	births.state->last_epoch++;
	__atomic_store_n(&births.state->epoch, births.state->last_epoch, __ATOMIC_SEQ_CST);
	tell(true);
	return true;
}

void counting_stop(void)
{
	if (!counter)
		return;
	__atomic_store_n(&births.state->epoch, 0, __ATOMIC_SEQ_CST);
	bpf_link__destroy(counter);
	counter = NULL;
	tell(false);
}

void counting_set_window(__u64 ms)
{
	window_ns = ms * NS_PER_MS;
}

static struct pod *find(const char *uid)
{
	for (int i = 0; i < MAX_PODS; i++)
		if (strcmp(pods[i].uid, uid) == 0)
			return &pods[i];
	return NULL;
}

/* A free place, or that of the pod that waits the longest: its later slots may then say that they are not counted. */
static struct pod *place(void)
{
	struct pod *oldest = &pods[0];

	for (int i = 0; i < MAX_PODS; i++) {
		if (pods[i].uid[0] == 0)
			return &pods[i];
		if (pods[i].began < oldest->began)
			oldest = &pods[i];
	}
	return oldest;
}

void counting_on_mkdir(const char *path)
{
	struct pod pod = { .began = moment(CLOCK_BOOTTIME) };

	if (!find_pod(path, true, pod.uid))
		return;
	/* Version 1 makes the group once in each hierarchy. */
	if (!find(pod.uid))
		*place() = pod;
	counting_start();
}

static void forget(struct pod *pod)
{
	if (pod)
		pod->uid[0] = 0;
}

void counting_on_rmdir(const char *path)
{
	char uid[UID_BYTES];

	if (find_pod(path, true, uid))
		forget(find(uid));
}

void counting_on_entry(const char *path)
{
	char uid[UID_BYTES];
	struct pod *pod = find_pod(path, false, uid) ? find(uid) : NULL;

	if (pod && ++pod->entries >= ENTRIES_OF_BIRTH)
		forget(pod);
}

/* What ends a container or a pod: nobody waits for that. */
static bool is_removal(const struct exec_event *event)
{
	size_t length;
	const char *command = find_variable(event, "CNI_COMMAND", &length);

	return has_argument(event, "delete") || (command && strncmp(command, "ADD", length) != 0);
}

/* A runtime is called for much else than a birth: `state`, `kill`, and `exec` for each probe of a container. */
void counting_on_exec(const struct exec_event *event)
{
	if (is_removal(event))
		return;
	if ((event->flags & SLOT_DAEMON_STARTED) || has_argument(event, "create") || has_argument(event, "run"))
		counting_start();
}

static bool has_waiting_pod(__u64 now)
{
	bool any = false;

	for (int i = 0; i < MAX_PODS; i++) {
		if (pods[i].uid[0] == 0)
			continue;
		if (now - pods[i].began < window_ns)
			any = true;
		else
			forget(&pods[i]);
	}
	return any;
}

static bool has_open_slot(__u64 now)
{
	int map = births_map("slots");
	struct slot slot;
	__u32 key, *last = NULL;

	for (int i = 0; i < MAX_SLOTS && bpf_map_get_next_key(map, last, &key) == 0; i++) {
		last = &key;
		if (bpf_map_lookup_elem(map, &key, &slot) != 0 || (slot.flags & SLOT_SHIM))
			continue;
		if (now - slot.began < window_ns)
			return true;
	}
	return false;
}

void counting_look(void)
{
	__u64 now = moment(CLOCK_BOOTTIME);

	if (!counter || now - wanted_at < LINGER_NS)
		return;
	if (!has_waiting_pod(now) && !has_open_slot(now))
		counting_stop();
}
