// SPDX-License-Identifier: Apache-2.0
/*
 * When system calls are counted. The program that counts is on the way of every system call of the machine, so it is
 * attached only while a birth is open.
 */
#ifndef COUNTING_H
#define COUNTING_H

#include <stdbool.h>
#include "kgtrace.h"

/* To be asked before the first birth, while it is off. */
bool counting_works(void);
bool counting_start(void);
void counting_stop(void);
bool counting_is_on(void);
void counting_set_window(__u64 ms);

void counting_on_mkdir(const char *path);
void counting_on_rmdir(const char *path);
void counting_on_exec(const struct exec_event *event);
/* The path of the entry's cgroup. */
void counting_on_entry(const char *path);
/* Once a second: ends it when no birth is open any more. */
void counting_look(void);

#endif
