/*
 * A load of known demand: load THREADS PART_US EVERY_US UNEVEN
 *
 * Work arrives by the clock, whether or not what came before is done: each thread gets its part each time. A part is a
 * length of CPU time by the kernel's own clock of that thread, so it is the same on any machine and under any quota. What
 * a thread has to do is at most what arrived in the last second; the rest is shed, as a server would.
 * UNEVEN 1: gaps and parts vary between 0.3 and 1.7 times what was given, by sequences of 16 whose mean is 1, so that
 * each window sees the same. PART_US 0: never idle.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <signal.h>
#include <time.h>

#define SECOND 1000000000LL
#define MOST_THREADS 64

static long long part, every;
static int uneven;

static long long clock_ns(clockid_t id) {
  struct timespec t;
  clock_gettime(id, &t);
  return t.tv_sec * SECOND + t.tv_nsec;
}

static void sleep_until(long long ns) {
  struct timespec t = {ns / SECOND, ns % SECOND};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static void burn(long long length) {
  volatile uint32_t state = 0x2545f491;
  for (long long end = clock_ns(CLOCK_THREAD_CPUTIME_ID) + length; clock_ns(CLOCK_THREAD_CPUTIME_ID) < end;)
    for (int i = 0; i < 2000; i++) state = state * 1664525 + 1013904223;
}

/* An odd stride visits all of the 16 places. */
static long long vary(long long value, int turn, int stride) {
  int place = (turn * stride + 3) % 16;
  return uneven ? value / 4 + value * 3 * (2 * place + 1) / 64 : value;
}

static void *work(void *start) {
  long long next = *(long long *)start;
  if (part == 0)
    for (;;) burn(SECOND);
  for (int turn = 0;; turn = (turn + 1) % 16) {
    if (next >= clock_ns(CLOCK_MONOTONIC) - SECOND) {
      sleep_until(next);
      burn(vary(part, turn, 7));
    }
    next += vary(every, turn, 11);
  }
  return NULL;
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  int threads = atoi(argv[1]);
  part = atoll(argv[2]) * 1000;
  every = atoll(argv[3]) * 1000;
  uneven = atoi(argv[4]);
  if (threads < 1 || threads > MOST_THREADS || part < 0 || every <= 0) return 2;
  /* Whoever started us is gone: nobody would end this load otherwise. */
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  /* Begins when it is told to: first it is put into its group. */
  if (getchar() == EOF) return 0;
  long long start = clock_ns(CLOCK_MONOTONIC);
  pthread_t ids[MOST_THREADS];
  for (int i = 0; i < threads; i++)
    if (pthread_create(&ids[i], NULL, work, &start) != 0) return 1;
  pthread_join(ids[0], NULL);
  return 0;
}
