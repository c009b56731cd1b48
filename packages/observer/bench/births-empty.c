// SPDX-License-Identifier: Apache-2.0
/* Loads the program of the file argv[1]. For each line on standard input it attaches (1) or detaches (0) it, and answers. */
#include <bpf/libbpf.h>
#include <stdio.h>

int main(int argc, char **argv) {
  struct bpf_object *object = argc == 2 ? bpf_object__open_file(argv[1], NULL) : NULL;
  struct bpf_link *link = NULL;
  char line[16];
  if (!object || bpf_object__load(object) != 0) return 1;
  while (fgets(line, sizeof line, stdin)) {
    bpf_link__destroy(link);
    link = line[0] == '1' ? bpf_program__attach(bpf_object__find_program_by_name(object, "empty")) : NULL;
    if (line[0] == '1' && !link) return 1;
    printf("done\n");
    fflush(stdout);
  }
  return 0;
}
