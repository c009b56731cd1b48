// SPDX-License-Identifier: Apache-2.0
#include "syscalls.h"
#include <stddef.h>
#include <asm/unistd.h>

/* Lines of `[__NR_read] = "read",` made from the headers of the machine that builds. */
static const char *const names[] = {
#include "syscall-names.inc"
};

/* Newer than these headers may be. From 424 on the numbers are the same everywhere (asm-generic/unistd.h). */
#define FIRST_NEWER 451
static const char *const newer[] = {
	"cachestat",	       "fchmodat2",	    "map_shadow_stack", "futex_wake",	 "futex_wait",
	"futex_requeue",       "statmount",	    "listmount",	"lsm_get_self_attr", "lsm_set_self_attr",
	"lsm_list_modules",    "mseal",		    "setxattrat",	"getxattrat",	 "listxattrat",
	"removexattrat",       "open_tree_attr",    "file_getattr",	"file_setattr",
};

const char *syscall_name(unsigned int number)
{
	if (number < sizeof(names) / sizeof(names[0]) && names[number])
		return names[number];
	if (number >= FIRST_NEWER && number - FIRST_NEWER < sizeof(newer) / sizeof(newer[0]))
		return newer[number - FIRST_NEWER];
	return NULL;
}
