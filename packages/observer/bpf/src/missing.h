// SPDX-License-Identifier: Apache-2.0
/* What does not work and why, for the first line. */
#ifndef MISSING_H
#define MISSING_H

void missing(const char *what, const char *why);
/* The same, with what errno says of the call that failed. */
void missing_call(const char *what, const char *call);
void put_missing(void);

#endif
