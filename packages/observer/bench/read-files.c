/*
 * What a plain C program needs to sample files: argv[1] holds one path a line. For each line on standard input it makes
 * one sweep unmeasured and one measured, and answers with the nanoseconds of the latter.
 *   o  open, read and close every file
 *   k  pread from descriptors that are kept open
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MOST 16384

static char *paths[MOST];
static int kept[MOST];
static int count;
static volatile long long total;

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void die(const char *what) {
  perror(what);
  exit(1);
}

static void open_read_close(void) {
  char buffer[4096];
  for (int i = 0; i < count; i++) {
    int fd = open(paths[i], O_RDONLY | O_CLOEXEC);
    if (fd < 0) die(paths[i]);
    ssize_t length = read(fd, buffer, sizeof buffer);
    if (length < 0) die("read");
    total += length;
    close(fd);
  }
}

static void read_kept(void) {
  char buffer[4096];
  for (int i = 0; i < count; i++) {
    ssize_t length = pread(kept[i], buffer, sizeof buffer, 0);
    if (length < 0) die("pread");
    total += length;
  }
}

int main(int argc, char **argv) {
  char line[4096];
  FILE *list = argc == 2 ? fopen(argv[1], "r") : NULL;
  if (list == NULL) die("list of paths");
  while (count < MOST && fgets(line, sizeof line, list)) {
    line[strcspn(line, "\n")] = 0;
    paths[count] = strdup(line);
    kept[count] = open(line, O_RDONLY | O_CLOEXEC);
    if (kept[count] < 0) die(line);
    count++;
  }
  while (fgets(line, sizeof line, stdin)) {
    void (*sweep)(void) = line[0] == 'k' ? read_kept : open_read_close;
    sweep();
    long long start = now();
    sweep();
    printf("%lld\n", now() - start);
    fflush(stdout);
  }
  return 0;
}
