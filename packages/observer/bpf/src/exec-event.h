// SPDX-License-Identifier: Apache-2.0
/* What a program was started with. */
#ifndef EXEC_EVENT_H
#define EXEC_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include "kgtrace.h"

bool has_argument(const struct exec_event *event, const char *word);

/* The value of a variable, not ended by a zero; NULL where it is not set. Of several it is the last, which libcni adds. */
const char *find_variable(const struct exec_event *event, const char *name, size_t *length);

#endif
