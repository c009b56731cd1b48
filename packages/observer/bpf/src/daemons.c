// SPDX-License-Identifier: Apache-2.0
#include "daemons.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "births.h"
#include "cgroup-paths.h"

#define MOST_ROUNDS 4
#define FILE_BYTES 16384

static void read_cgroups(unsigned int pid, char text[FILE_BYTES])
{
	char path[64];
	size_t length = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/cgroup", pid);
	file = fopen(path, "re");
	if (file) {
		length = fread(text, 1, FILE_BYTES - 1, file);
		fclose(file);
	}
	text[length] = 0;
}

/* The path in the same hierarchy, of lines like `4:memory:/path` or `0::/path`; empty where there is none. */
static void path_of_hierarchy(const char *cgroups, const char *line, char *into, size_t size)
{
	size_t key = strcspn(line, ":") + 1;

	into[0] = 0;
	for (; *cgroups; cgroups += strcspn(cgroups, "\n"), cgroups += *cgroups == '\n') {
		const char *path = strchr(cgroups, '/');

		if (strncmp(cgroups, line, key) == 0 && path)
			snprintf(into, size, "%.*s", (int)strcspn(path, "\n"), path);
	}
}

/* A program in a container may call itself anything; a daemon of the node is in none. */
static bool is_of_node(unsigned int pid)
{
	static char own[FILE_BYTES], first[FILE_BYTES], path[FILE_BYTES];
	char *rest = own;
	char *line;

	read_cgroups(pid, own);
	read_cgroups(1, first);
	if (own[0] == 0)
		return false;
	while ((line = strsep(&rest, "\n")) != NULL) {
		const char *at = strchr(line, '/');

		path_of_hierarchy(first, line, path, sizeof(path));
		if (at && is_in_container(at, path))
			return false;
	}
	return true;
}

/* Runs the look over all tasks; returns how many processes that look like daemons it wrote into `pids`. */
static int look(__u32 *pids, int most)
{
	struct bpf_link *link = bpf_program__attach_iter(births_program("look_at_tasks"), NULL);
	int fd = link ? bpf_iter_create(bpf_link__fd(link)) : -1;
	size_t length = 0, size = most * sizeof(*pids);
	ssize_t count;

	while (fd >= 0 && length < size && (count = read(fd, (char *)pids + length, size - length)) > 0)
		length += count;
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	return length / sizeof(*pids);
}

void daemons_tag(void)
{
	__u32 pids[MAX_DAEMONS];
	int map = births_map("daemons");
	int count = look(pids, MAX_DAEMONS);
	__u8 yes = 1;
	bool any = false;

	for (int i = 0; i < count; i++)
		if (is_of_node(pids[i]) && bpf_map_update_elem(map, &pids[i], &yes, BPF_ANY) == 0)
			any = true;
	/* A thread that starts during a round may be born of one that had no tag yet. */
	for (int round = 0; any && round < MOST_ROUNDS; round++) {
		__u32 ignored[MAX_DAEMONS];

		births.state->newly_tagged = 0;
		look(ignored, MAX_DAEMONS);
		any = births.state->newly_tagged > 0;
	}
	for (int i = 0; i < count; i++)
		bpf_map_delete_elem(map, &pids[i]);
}
