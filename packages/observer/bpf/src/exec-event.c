// SPDX-License-Identifier: Apache-2.0
#include "exec-event.h"
#include <string.h>

bool has_argument(const struct exec_event *event, const char *word)
{
	for (size_t at = 0; at < event->argv_bytes;) {
		size_t length = strnlen(event->data + at, event->argv_bytes - at);

		if (length == strlen(word) && memcmp(event->data + at, word, length) == 0)
			return true;
		at += length + 1;
	}
	return false;
}

const char *find_variable(const struct exec_event *event, const char *name, size_t *length)
{
	const char *env = event->data + event->argv_bytes;
	size_t named = strlen(name);
	const char *found = NULL;
	/* Where the first ones were cut off, the next begins in the middle. */
	size_t at = event->env_cut ? strnlen(env, event->env_bytes) + 1 : 0;

	while (at < event->env_bytes) {
		size_t whole = strnlen(env + at, event->env_bytes - at);

		if (whole > named && memcmp(env + at, name, named) == 0 && env[at + named] == '=') {
			found = env + at + named + 1;
			*length = whole - named - 1;
		}
		at += whole + 1;
	}
	return found;
}
