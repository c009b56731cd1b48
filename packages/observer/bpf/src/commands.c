// SPDX-License-Identifier: Apache-2.0
#include "commands.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "births.h"
#include "counting.h"
#include "told.h"

#define LONGEST_MS 86400000UL

static char line[128];
static size_t length;

static void obey(void (*set_interval)(uint64_t ms))
{
	unsigned long ms;

	if (strcmp(line, "births on") == 0 && births.ring)
		births_start();
	else if (strcmp(line, "births off") == 0)
		births_stop();
	else if (strcmp(line, "timing on") == 0 || strcmp(line, "timing off") == 0)
		time_programs(line[8] == 'n');
	else if (sscanf(line, "interval %lu", &ms) == 1 && ms <= LONGEST_MS)
		set_interval(ms);
	else if (sscanf(line, "window %lu", &ms) == 1 && ms <= LONGEST_MS)
		counting_set_window(ms);
}

bool commands_read(void (*set_interval)(uint64_t ms))
{
	char bytes[256];
	ssize_t count = read(STDIN_FILENO, bytes, sizeof(bytes));

	if (count < 0)
		return errno == EAGAIN || errno == EINTR;
	for (ssize_t i = 0; i < count; i++) {
		if (bytes[i] == '\n') {
			line[length] = 0;
			obey(set_interval);
			length = 0;
		} else if (length < sizeof(line) - 1) {
			line[length++] = bytes[i];
		}
	}
	return count > 0;
}
