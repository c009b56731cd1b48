// SPDX-License-Identifier: Apache-2.0
/*
 * The paths of pods' and containers' groups: kubelet's /kubepods/burstable/pod<uid>, with the systemd driver
 * kubepods-burstable-pod<uid with '_'>.slice; the runtimes' <id>, cri-containerd-<id>.scope, slice:cri-containerd:<id>.
 */
#include "cgroup-paths.h"
#include <stdio.h>
#include <string.h>

static bool is_hex(const char *text, size_t length)
{
	return strspn(text, "0123456789abcdef") >= length;
}

/* 8-4-4-4-12, or the 32 digits of a static pod's configuration hash. Returns its length, 0 for none. */
static size_t uid_at(const char *text)
{
	static const size_t groups[] = { 8, 4, 4, 4, 12 };
	size_t at = 0;

	if (is_hex(text, 32))
		return 32;
	for (size_t i = 0; i < 5; i++) {
		if (!is_hex(text + at, groups[i]))
			return 0;
		at += groups[i];
		if (i < 4 && text[at] != '-' && text[at] != '_')
			return 0;
		at += i < 4;
	}
	return at;
}

static bool ends_here(const char *at, const char *suffix)
{
	if (strncmp(at, suffix, strlen(suffix)) == 0)
		at += strlen(suffix);
	return *at == '/' || *at == 0;
}

/* Whether a component's name may begin here: at its beginning, or after a '-' or ':'. */
static bool begins_here(const char *path, const char *at)
{
	return at == path || strchr("/-:", at[-1]) != NULL;
}

bool find_pod(const char *path, bool last, char uid[UID_BYTES])
{
	for (const char *at = strstr(path, "pod"); at; at = strstr(at + 1, "pod")) {
		const char *start = at + 3;
		size_t length = begins_here(path, at) ? uid_at(start) : 0;

		if (length == 0 || !ends_here(start + length, ".slice"))
			continue;
		if (last && strchr(start, '/'))
			continue;
		snprintf(uid, UID_BYTES, "%.*s", (int)length, start);
		for (char *c = uid; *c; c++)
			if (*c == '_')
				*c = '-';
		return true;
	}
	return false;
}

static bool has_container(const char *path)
{
	for (const char *at = path; *at; at++)
		if (begins_here(path, at) && is_hex(at, 64) && ends_here(at + 64, ".scope"))
			return true;
	return false;
}

static bool is_boundary(char c)
{
	return c == '/' || c == 0;
}

bool is_in_container(const char *path, const char *of_process_1)
{
	char uid[UID_BYTES];
	size_t common = 0;

	/* A node may be a container itself: what it shares with its own process 1 says nothing. */
	for (size_t i = 0; i == 0 || path[i - 1] == of_process_1[i - 1]; i++) {
		if (is_boundary(path[i]) && is_boundary(of_process_1[i]))
			common = i;
		if (!path[i] || !of_process_1[i])
			break;
	}
	return find_pod(path + common, false, uid) || has_container(path + common);
}
