// SPDX-License-Identifier: Apache-2.0
#ifndef CGROUP_PATHS_H
#define CGROUP_PATHS_H

#include <stdbool.h>
#include <stddef.h>

#define UID_BYTES 37

/* Finds the pod that a path belongs to; `last` asks for the path of the pod's own group. */
bool find_pod(const char *path, bool last, char uid[UID_BYTES]);

/* Whether a path, compared with that of process 1, is below a pod's or a container's group. */
bool is_in_container(const char *path, const char *of_process_1);

#endif
