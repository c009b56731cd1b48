/** What a `stat` file of `/proc` says of a thread. */
export interface TaskStat {
  /** The thread's name, at most 15 bytes. */
  readonly name: string;
  /** `R` for one that runs, or would if it got a CPU; also where the quota has run out. */
  readonly state: string;
  /** Threads of its process. */
  readonly threads: number;
  /** When it was started, in clock ticks since the machine was. */
  readonly startTicks: number;
}

/** Fields after the name, from `state`, the third (proc_pid_stat(5)). */
const STATE = 0;
const NUM_THREADS = 17;
const START_TIME = 19;

/** Reads `12 (name) R 1 …`; null where it is something else. A name may hold blanks, brackets and newlines itself. */
export function parseTaskStat(text: string): TaskStat | null {
  const [from, to] = [text.indexOf('('), text.lastIndexOf(')')];
  if (from < 0 || to < from) return null;
  const fields = text.slice(to + 2).split(' ');
  const state = fields[STATE] ?? '';
  const [threads, startTicks] = [Number(fields[NUM_THREADS]), Number(fields[START_TIME])];
  if (!/^[A-Za-z]$/.test(state) || !Number.isSafeInteger(threads) || !Number.isSafeInteger(startTicks))
    return null;
  return { name: text.slice(from + 1, to), state, threads, startTicks };
}
