// SPDX-License-Identifier: Apache-2.0
#include "missing.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "lines.h"

static char texts[4096];
static size_t length;

void missing(const char *what, const char *why)
{
	int count = snprintf(texts + length, sizeof(texts) - length, "%s: %s", what, why);

	if (count < 0 || (size_t)count >= sizeof(texts) - length)
		return;
	length += count + 1;
}

void missing_call(const char *what, const char *call)
{
	char why[256];

	snprintf(why, sizeof(why), "%s: %s", call, strerror(errno));
	missing(what, why);
}

void put_missing(void)
{
	put_list("missing", texts, length);
}
