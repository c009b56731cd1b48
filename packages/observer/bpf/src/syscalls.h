// SPDX-License-Identifier: Apache-2.0
#ifndef SYSCALLS_H
#define SYSCALLS_H

/* The name of a system call of this architecture, as in its manual page; NULL where it is not known. */
const char *syscall_name(unsigned int number);

#endif
