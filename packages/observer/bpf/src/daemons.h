// SPDX-License-Identifier: Apache-2.0
#ifndef DAEMONS_H
#define DAEMONS_H

/* Finds the runtimes' daemons and tags all their threads; learns the namespaces of process 1. */
void daemons_tag(void);

#endif
