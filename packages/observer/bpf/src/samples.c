// SPDX-License-Identifier: Apache-2.0
#include "samples.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "kgtrace.h"
#include "lines.h"
#include "missing.h"
#include "moment.h"
#include "objects.h"

#define MAGIC 0x4b475331

struct header {
	__u32 magic;
	__u32 count;
	__u64 at;
};

static struct bpf_object *object;
static struct bpf_link *iterator;
static const struct sample *swept;
static volatile __u32 *found;

static struct {
	struct header header;
	struct sample samples[MAX_SAMPLES];
} frame;
static size_t sent, length;
static __u64 skipped;
static __u32 cut;

/* The number of the hierarchy that the cpu controller is in: 0 is version 2 (cgroups(7), /proc/cgroups). */
static int cpu_hierarchy(void)
{
	FILE *file = fopen("/proc/cgroups", "re");
	char line[256];
	int number = 0;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "cpu %d", &number) == 1)
			break;
	if (file)
		fclose(file);
	return number;
}

static bool has_option(char *options, const char *wanted)
{
	char *option;

	while ((option = strsep(&options, ",\n")) != NULL)
		if (strcmp(option, wanted) == 0)
			return true;
	return false;
}

/* Opens where version 1's cpu controller is mounted with its root (proc_pid_mountinfo(5)); -1 where it is not. */
static int open_version_1(void)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char line[4096], root[1024], at[1024], options[1024];
	int fd = -1;

	while (file && fd < 0 && fgets(line, sizeof(line), file)) {
		const char *tail = strstr(line, " - cgroup ");

		if (!tail || sscanf(line, "%*s %*s %*s %1023s %1023s", root, at) != 2 || strcmp(root, "/") != 0)
			continue;
		if (sscanf(tail, " - cgroup %*s %1023s", options) == 1 && has_option(options, "cpu"))
			fd = open(at, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (file)
		fclose(file);
	return fd;
}

static struct bpf_link *attach(void)
{
	union bpf_iter_link_info where = { .cgroup.order = BPF_CGROUP_ITER_DESCENDANTS_PRE };
	LIBBPF_OPTS(bpf_iter_attach_opts, options, .link_info = &where, .link_info_len = sizeof(where));
	struct bpf_link *attached;

	/* Without a group it begins at the root of version 2, wherever that is mounted. */
	if (cpu_hierarchy() != 0) {
		int fd = open_version_1();

		if (fd < 0) {
			missing("samples", "the cpu controller is in a hierarchy of version 1 that is not mounted here: mount the host's /sys/fs/cgroup read-only");
			return NULL;
		}
		where.cgroup.cgroup_fd = fd;
	}
	attached = bpf_program__attach_iter(bpf_object__find_program_by_name(object, "sample_group"), &options);
	if (!attached)
		missing_call("samples", "attaching to cgroups (Linux 6.1 or newer)");
	if (where.cgroup.cgroup_fd)
		close(where.cgroup.cgroup_fd);
	return attached;
}

static const void *share(const char *map, size_t size, int protection)
{
	void *memory = mmap(NULL, size, protection, MAP_SHARED, bpf_object__find_map_fd_by_name(object, map), 0);

	return memory == MAP_FAILED ? NULL : memory;
}

bool samples_start(void)
{
	if (fcntl(SAMPLES_FD, F_GETFD) < 0) {
		missing("samples", "file descriptor 3 is not open");
		return false;
	}
	object = load_object("samples", samples_object, samples_object_end);
	if (!object)
		return false;
	swept = share("samples", sizeof(frame.samples), PROT_READ);
	found = (volatile __u32 *)share(".bss", getpagesize(), PROT_READ | PROT_WRITE);
	iterator = swept && found ? attach() : NULL;
	return iterator != NULL;
}

void samples_stop(void)
{
	bpf_link__destroy(iterator);
	iterator = NULL;
	sent = length = 0;
}

void samples_take(void)
{
	char none;
	int fd;

	if (!iterator)
		return;
	if (samples_wait()) {
		skipped++;
		return;
	}
	fd = bpf_iter_create(bpf_link__fd(iterator));
	*found = 0;
	frame.header.at = moment(CLOCK_MONOTONIC);
	/* The program writes into the map, and nothing here. */
	if (fd < 0 || read(fd, &none, 1) < 0) {
		skipped++;
	} else {
		__u32 count = *found < MAX_SAMPLES ? *found : MAX_SAMPLES;

		cut = *found - count;
		frame.header.magic = MAGIC;
		frame.header.count = count;
		memcpy(frame.samples, swept, count * sizeof(struct sample));
		length = sizeof(struct header) + count * sizeof(struct sample);
		sent = 0;
		samples_send();
	}
	if (fd >= 0)
		close(fd);
}

bool samples_wait(void)
{
	return sent < length;
}

void samples_send(void)
{
	while (sent < length) {
		ssize_t taken = write(SAMPLES_FD, (const char *)&frame + sent, length - sent);

		if (taken < 0 && errno == EINTR)
			continue;
		if (taken < 0 && errno != EAGAIN)
			samples_stop();
		if (taken < 0)
			return;
		sent += taken;
	}
}

void samples_put_stats(void)
{
	if (!object)
		return;
	put_number("frames_skipped", skipped);
	put_number("groups_cut", cut);
}

__u64 samples_run_ns(void)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	if (!object ||
	    bpf_obj_get_info_by_fd(bpf_program__fd(bpf_object__find_program_by_name(object, "sample_group")), &info,
				   &size) != 0)
		return 0;
	return info.run_time_ns;
}
