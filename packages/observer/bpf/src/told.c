// SPDX-License-Identifier: Apache-2.0
#include "told.h"
#include <sys/utsname.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "births.h"
#include "counting.h"
#include "lines.h"
#include "missing.h"
#include "moment.h"
#include "records.h"
#include "samples.h"

#define PROTOCOL 1
#define TRIES 8

/* While it is open, the kernel times its programs; -1 where it does not. */
static int timing = -1;

void time_programs(bool on)
{
	if (on && timing < 0)
		timing = bpf_enable_stats(BPF_STATS_RUN_TIME);
	if (!on && timing >= 0) {
		close(timing);
		timing = -1;
	}
}

void tell_hello(bool births_work, bool samples_work)
{
	struct utsname names;

	uname(&names);
	line_begin("hello");
	put_number("version", PROTOCOL);
	put_text("kernel", names.release);
	put_bool("births", births_work);
	put_bool("samples", samples_work);
	put_missing();
	line_end();
}

/* The reading of the wall clock that lies between the closest two readings of the other one. */
void tell_clock(void)
{
	__u64 boot = 0, wall = 0, window = ~0ULL;

	for (int i = 0; i < TRIES; i++) {
		__u64 before = moment(CLOCK_BOOTTIME);
		__u64 between = moment(CLOCK_REALTIME);
		__u64 apart = moment(CLOCK_BOOTTIME) - before;

		if (apart >= window)
			continue;
		window = apart;
		boot = before + apart / 2;
		wall = between;
	}
	line_begin("clock");
	put_time("boot_us", boot);
	put_time("wall_us", wall);
	put_number("window_ns", window);
	line_end();
}

/* What the kernel keeps about one program: the time it took, and how often it was left out. */
static void add_program(const struct bpf_program *program, __u64 *run_ns, __u64 *left_out)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) != 0)
		return;
	*run_ns += info.run_time_ns;
	*left_out += info.recursion_misses;
}

void tell_stats(void)
{
	__u64 run_ns = samples_run_ns(), left_out = 0;
	struct bpf_program *program;

	line_begin("stats");
	put_time("at", moment(CLOCK_BOOTTIME));
	if (births.object) {
		bpf_object__for_each_program(program, births.object)
			add_program(program, &run_ns, &left_out);
		put_number("events", records_seen);
		put_number("lost", births.state->lost + left_out);
		put_number("slots", births.state->open_slots);
		put_number("refused", births.state->refused);
		put_bool("counting", counting_is_on());
	}
	samples_put_stats();
	if (timing >= 0)
		put_number("run_ns", run_ns);
	line_end();
}

void tell_bye(const char *why)
{
	line_begin("bye");
	put_text("why", why);
	line_end();
}
