// SPDX-License-Identifier: Apache-2.0
/* The lines that are not about an event: how the two clocks stand, and what all this costs and lost. */
#ifndef TOLD_H
#define TOLD_H

#include <stdbool.h>

void tell_hello(bool births_work, bool samples_work);
void tell_clock(void);
void tell_stats(void);
void tell_bye(const char *why);

/* Whether the kernel is to time its programs. It grants that to CAP_SYS_ADMIN alone, and each run costs more then. */
void time_programs(bool on);

#endif
