// SPDX-License-Identifier: Apache-2.0
/* Lines of JSON on standard output, kept until the reader takes them. */
#ifndef LINES_H
#define LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

/* No line is longer: argv and env at six characters a byte, with their names. */
#define LONGEST_LINE (48 * 1024)

bool lines_have_room(void);
bool lines_wait(void);
/* Writes what the reader takes; false when nobody reads any more. */
bool lines_send(void);

void line_begin(const char *type);
void line_end(void);

/* Microseconds with three decimals. */
void put_time(const char *name, __u64 ns);
void put_number(const char *name, __u64 value);
void put_bool(const char *name, bool value);
void put_text(const char *name, const char *text);
void put_bytes(const char *name, const char *bytes, size_t length);
/* Texts that a zero ends; the last one may lack it. */
void put_list(const char *name, const char *bytes, size_t length);
void put_object(const char *name);
void put_object_end(void);

#endif
