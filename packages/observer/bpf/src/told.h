// SPDX-License-Identifier: Apache-2.0
/* The lines that are not about an event: how the two clocks stand, and what all this costs and lost. */
#ifndef TOLD_H
#define TOLD_H

#include <stdbool.h>

void tell_hello(bool births_work, bool samples_work);
void tell_clock(void);
void tell_stats(void);
void tell_bye(const char *why);

/* Asks the kernel to time its programs; it grants that to CAP_SYS_ADMIN alone. */
void time_programs(void);

#endif
