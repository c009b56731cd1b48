// SPDX-License-Identifier: Apache-2.0
#include "samples.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
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

/* A group that got the cpu controller later than it was made is found by the next walk: after so many sweeps or seconds. */
#define WALK_EVERY 30

static struct bpf_object *object;
static struct bpf_program *taker;
static struct bpf_link *iterator, *news;
static const struct sample *swept;
static volatile struct sweep *sweep;
static unsigned int sweeps_since_walk;
static __u64 walked_at;

static struct {
	struct header header;
	struct sample samples[MAX_SAMPLES];
} frame;
static size_t sent, length;
static __u64 skipped;

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

static struct bpf_program *program(const char *name)
{
	return bpf_object__find_program_by_name(object, name);
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
	attached = bpf_program__attach_iter(program("keep_group"), &options);
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

/* Whether the kernel has bpf_rdonly_cast. A distribution's older one may have it too; then it is done without. */
static bool can_cast(void)
{
	struct utsname about;
	int major, minor;

	if (uname(&about) != 0 || sscanf(about.release, "%d.%d", &major, &minor) != 2)
		return false;
	return major > 6 || (major == 6 && minor >= 2);
}

bool samples_start(void)
{
	bool cast = can_cast();

	if (fcntl(SAMPLES_FD, F_GETFD) < 0) {
		missing("samples", "file descriptor 3 is not open");
		return false;
	}
	object = load_object("samples", samples_object, samples_object_end, cast ? "copy_samples" : "take_samples");
	if (!object)
		return false;
	taker = program(cast ? "take_samples" : "copy_samples");
	swept = share("samples", sizeof(frame.samples), PROT_READ);
	sweep = (volatile struct sweep *)share(".bss", getpagesize(), PROT_READ | PROT_WRITE);
	iterator = swept && sweep ? attach() : NULL;
	if (!iterator)
		return false;
	news = bpf_program__attach(program("note_group"));
	sweep->stale = true;
	return true;
}

void samples_stop(void)
{
	bpf_link__destroy(iterator);
	bpf_link__destroy(news);
	iterator = news = NULL;
	sent = length = 0;
}

static bool is_walk_due(__u64 now)
{
	return sweep->stale || ++sweeps_since_walk >= WALK_EVERY || now - walked_at >= WALK_EVERY * NS_PER_S;
}

/* Has the kernel note anew where the groups are. */
static bool walk(__u64 now)
{
	int fd = bpf_iter_create(bpf_link__fd(iterator));
	char none;
	bool walked;

	sweep->stale = false;
	sweep->kept = sweep->cut = 0;
	/* The program writes into its map, and nothing here. */
	walked = fd >= 0 && read(fd, &none, 1) == 0;
	if (fd >= 0)
		close(fd);
	if (!walked || !news)
		sweep->stale = true;
	sweeps_since_walk = 0;
	walked_at = now;
	return walked;
}

static bool take(void)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);
	__u64 now = moment(CLOCK_MONOTONIC);

	if (is_walk_due(now) && !walk(now))
		return false;
	frame.header.at = moment(CLOCK_MONOTONIC);
	return bpf_prog_test_run_opts(bpf_program__fd(taker), &options) == 0;
}

void samples_take(void)
{
	if (!iterator)
		return;
	if (samples_wait() || !take()) {
		skipped++;
		return;
	}
	frame.header.magic = MAGIC;
	frame.header.count = sweep->found;
	length = sizeof(struct header) + frame.header.count * sizeof(struct sample);
	memcpy(frame.samples, swept, length - sizeof(struct header));
	sent = 0;
	samples_send();
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
	if (!sweep)
		return;
	put_number("frames_skipped", skipped);
	put_number("groups_cut", sweep->cut);
}

static __u64 run_ns(const struct bpf_program *program)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	return bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) == 0 ? info.run_time_ns : 0;
}

__u64 samples_run_ns(void)
{
	return object ? run_ns(program("keep_group")) + run_ns(taker) : 0;
}
