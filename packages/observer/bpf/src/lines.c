// SPDX-License-Identifier: Apache-2.0
#include "lines.h"
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char waiting[256 * 1024];
static size_t sent, length;
static bool first_member;

bool lines_have_room(void)
{
	return sizeof(waiting) - length >= LONGEST_LINE;
}

bool lines_wait(void)
{
	return sent < length;
}

bool lines_send(void)
{
	while (sent < length) {
		ssize_t taken = write(STDOUT_FILENO, waiting + sent, length - sent);

		if (taken < 0 && errno == EINTR)
			continue;
		if (taken < 0 && errno == EAGAIN)
			break;
		if (taken < 0)
			return false;
		sent += taken;
	}
	memmove(waiting, waiting + sent, length - sent);
	length -= sent;
	sent = 0;
	return true;
}

static void put(const char *bytes, size_t count)
{
	if (count > sizeof(waiting) - length)
		return;
	memcpy(waiting + length, bytes, count);
	length += count;
}

static void put_format(const char *format, ...)
{
	char text[64];
	va_list arguments;
	int count;

	va_start(arguments, format);
	count = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	put(text, count);
}

/* How many bytes the character has that begins here; 0 where it is none (RFC 3629, section 4). */
static size_t character_at(const unsigned char *at, size_t left)
{
	static const struct {
		unsigned char first, last, low, high;
		size_t bytes;
	} forms[] = {
		{ 0x00, 0x7f, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (at[0] < forms[i].first || at[0] > forms[i].last)
			continue;
		if (forms[i].bytes > left)
			return 0;
		if (forms[i].bytes > 1 && (at[1] < forms[i].low || at[1] > forms[i].high))
			return 0;
		for (size_t k = 2; k < forms[i].bytes; k++)
			if (at[k] < 0x80 || at[k] > 0xbf)
				return 0;
		return forms[i].bytes;
	}
	return 0;
}

static void put_string(const char *bytes, size_t count)
{
	const unsigned char *at = (const unsigned char *)bytes;

	put("\"", 1);
	while (count > 0) {
		size_t step = character_at(at, count);

		if (step == 0)
			put("\xef\xbf\xbd", 3);
		else if (*at == '"' || *at == '\\')
			put_format("\\%c", *at);
		else if (*at < 0x20)
			put_format("\\u%04x", *at);
		else
			put((const char *)at, step);
		step = step ? step : 1;
		at += step;
		count -= step;
	}
	put("\"", 1);
}

static void put_name(const char *name)
{
	if (!first_member)
		put(",", 1);
	first_member = false;
	put_format("\"%s\":", name);
}

void line_begin(const char *type)
{
	put("{", 1);
	first_member = true;
	put_text("t", type);
}

void line_end(void)
{
	put("}\n", 2);
}

void put_time(const char *name, __u64 ns)
{
	put_name(name);
	put_format("%" PRIu64 ".%03u", (uint64_t)ns / 1000, (unsigned int)(ns % 1000));
}

void put_number(const char *name, __u64 value)
{
	put_name(name);
	put_format("%" PRIu64, (uint64_t)value);
}

void put_bool(const char *name, bool value)
{
	put_name(name);
	put_format("%s", value ? "true" : "false");
}

void put_bytes(const char *name, const char *bytes, size_t count)
{
	put_name(name);
	put_string(bytes, count);
}

void put_text(const char *name, const char *text)
{
	put_bytes(name, text, strlen(text));
}

void put_list(const char *name, const char *bytes, size_t count)
{
	put_name(name);
	put("[", 1);
	for (size_t at = 0; at < count;) {
		size_t step = strnlen(bytes + at, count - at);

		if (at > 0)
			put(",", 1);
		put_string(bytes + at, step);
		at += step + 1;
	}
	put("]", 1);
}

void put_object(const char *name)
{
	put_name(name);
	put("{", 1);
	first_member = true;
}

void put_object_end(void)
{
	put("}", 1);
	first_member = false;
}
