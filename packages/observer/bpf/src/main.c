// SPDX-License-Identifier: Apache-2.0
/* kgtrace: tells what the kernel does for containers. See ../PROTOCOL.md. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include "births.h"
#include "commands.h"
#include "counting.h"
#include "daemons.h"
#include "lines.h"
#include "missing.h"
#include "moment.h"
#include "objects.h"
#include "records.h"
#include "samples.h"
#include "told.h"

#define DEFAULT_INTERVAL_MS 1000
#define CLOCK_EVERY_S 10
#define DAEMONS_EVERY_S 30

enum watched { INPUT, OUTPUT, SAMPLES, RING, SECOND, INTERVAL, CLOCK_STEP, WATCHED };

static struct pollfd watched[WATCHED];

/* A reader that is slow must not hold up the rest. Terminals and files are shared with others, and stay as they are. */
static void do_not_block(int fd)
{
	struct stat about;

	if (fstat(fd, &about) == 0 && (S_ISFIFO(about.st_mode) || S_ISSOCK(about.st_mode)))
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static int timer(clockid_t clock)
{
	return timerfd_create(clock, TFD_NONBLOCK | TFD_CLOEXEC);
}

static void repeat(int fd, uint64_t ns)
{
	struct timespec every = { .tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S };
	struct itimerspec when = { .it_interval = every, .it_value = every };

	timerfd_settime(fd, 0, &when, NULL);
}

/* A timer of the wall clock that never comes, but is cancelled when that clock is set (timerfd_create(2)). */
static void await_step(int fd)
{
	struct itimerspec never = { .it_value.tv_sec = INT32_MAX };

	timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL);
}

static bool has_expired(enum watched which)
{
	uint64_t times;

	return (watched[which].revents & POLLIN) && read(watched[which].fd, &times, sizeof(times)) == sizeof(times);
}

static void set_interval(uint64_t ms)
{
	repeat(watched[INTERVAL].fd, ms * NS_PER_MS);
}

static void on_second(void)
{
	static uint64_t seconds;

	seconds++;
	if (births.on) {
		counting_look();
		if (seconds % DAEMONS_EVERY_S == 0)
			daemons_tag();
	}
	tell_stats();
	if (seconds % CLOCK_EVERY_S == 0)
		tell_clock();
}

static void on_clock_step(void)
{
	uint64_t times;

	if (!(watched[CLOCK_STEP].revents & POLLIN))
		return;
	if (read(watched[CLOCK_STEP].fd, &times, sizeof(times)) < 0 && errno == ECANCELED)
		tell_clock();
	await_step(watched[CLOCK_STEP].fd);
}

static void await_events(void)
{
	bool room = lines_have_room();

	watched[OUTPUT].events = lines_wait() ? POLLOUT : 0;
	watched[SAMPLES].events = samples_wait() ? POLLOUT : 0;
	/* What finds no room here stays in the ring; what finds none there is counted as lost. */
	watched[RING].events = room ? POLLIN : 0;
	watched[SECOND].events = room ? POLLIN : 0;
	poll(watched, WATCHED, -1);
}

/* One round; false when there is nobody left to tell. */
static bool go_round(void)
{
	await_events();
	if (watched[OUTPUT].revents & (POLLERR | POLLHUP))
		return false;
	if (births.on && lines_have_room())
		ring_buffer__consume(births.ring);
	if (has_expired(INTERVAL))
		samples_take();
	if (watched[SAMPLES].revents & POLLERR)
		samples_stop();
	else if (samples_wait())
		samples_send();
	if (has_expired(SECOND))
		on_second();
	on_clock_step();
	if ((watched[INPUT].revents & (POLLIN | POLLHUP | POLLERR)) && !commands_read(set_interval))
		return false;
	return lines_send();
}

static void watch(bool births_work, bool samples_work)
{
	watched[INPUT] = (struct pollfd){ STDIN_FILENO, POLLIN, 0 };
	watched[OUTPUT] = (struct pollfd){ STDOUT_FILENO, 0, 0 };
	watched[SAMPLES] = (struct pollfd){ samples_work ? SAMPLES_FD : -1, 0, 0 };
	watched[RING] = (struct pollfd){ births_work ? ring_buffer__epoll_fd(births.ring) : -1, POLLIN, 0 };
	watched[SECOND] = (struct pollfd){ timer(CLOCK_MONOTONIC), POLLIN, 0 };
	watched[INTERVAL] = (struct pollfd){ timer(CLOCK_MONOTONIC), POLLIN, 0 };
	watched[CLOCK_STEP] = (struct pollfd){ timer(CLOCK_REALTIME), POLLIN, 0 };
	repeat(watched[SECOND].fd, NS_PER_S);
	set_interval(DEFAULT_INTERVAL_MS);
	await_step(watched[CLOCK_STEP].fd);
}

int main(void)
{
	bool births_work, samples_work;

	signal(SIGPIPE, SIG_IGN);
	do_not_block(STDIN_FILENO);
	do_not_block(STDOUT_FILENO);
	do_not_block(SAMPLES_FD);
	objects_quiet();
	time_programs(true);
	births_work = births_load(tell_record) && births_start();
	samples_work = samples_start();
	tell_hello(births_work, samples_work);
	tell_clock();
	if (!births_work && !samples_work) {
		tell_bye("nothing can be seen from here");
		lines_send();
		return 0;
	}
	watch(births_work, samples_work);
	if (lines_send())
		while (go_round())
			;
	return 0;
}
