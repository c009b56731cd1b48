// SPDX-License-Identifier: Apache-2.0
#ifndef COMMANDS_H
#define COMMANDS_H

#include <stdbool.h>
#include <stdint.h>

/* Does what standard input says; false when it has ended. */
bool commands_read(void (*set_interval)(uint64_t ms));

#endif
