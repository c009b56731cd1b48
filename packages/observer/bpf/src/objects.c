// SPDX-License-Identifier: Apache-2.0
#include "objects.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "missing.h"

#define EMBED(name, file)                                                                                             \
	__asm__(".section .rodata\n.balign 16\n.global " #name "\n.global " #name "_end\n" #name ":\n.incbin \"" file  \
		"\"\n" #name "_end:\n.previous\n")

EMBED(births_object, "births.bpf.o");
EMBED(samples_object, "samples.bpf.o");

static char said[160];

/* The first warning of a load names the cause; those after it are its consequences. */
static int keep(enum libbpf_print_level level, const char *format, va_list arguments)
{
	if (level == LIBBPF_WARN && said[0] == 0)
		vsnprintf(said, sizeof(said), format, arguments);
	return 0;
}

void objects_quiet(void)
{
	libbpf_set_print(keep);
}

static const char *advice(int error)
{
	if (access("/sys/kernel/btf/vmlinux", R_OK) != 0)
		return "the kernel has no BTF (/sys/kernel/btf/vmlinux): use one built with CONFIG_DEBUG_INFO_BTF";
	if (error == EPERM || error == EACCES)
		return "the kernel does not permit it: give CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN before Linux 5.8; lockdown must not be 'confidentiality'";
	return "the kernel does not take the programs";
}

static struct bpf_object *refused(const char *what, struct bpf_object *object, int error)
{
	char text[512];

	said[strcspn(said, "\n")] = 0;
	snprintf(text, sizeof(text), "%s (%s%s%s)", advice(error), strerror(error), said[0] ? "; " : "", said);
	missing(what, text);
	bpf_object__close(object);
	return NULL;
}

struct bpf_object *load_object(const char *what, const char *start, const char *end, const char *but)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = what);
	struct bpf_object *object;

	said[0] = 0;
	object = bpf_object__open_mem(start, end - start, &options);
	if (!object)
		return refused(what, NULL, errno);
	if (but)
		bpf_program__set_autoload(bpf_object__find_program_by_name(object, but), false);
	if (bpf_object__load(object) != 0)
		return refused(what, object, errno);
	return object;
}
