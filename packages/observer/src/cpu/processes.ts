import { readdirSync } from 'node:fs';
import { readOnce } from '../sample/kept-file.ts';
import { isGoBinary } from './go-binary.ts';
import { isInFile } from './read-pieces.ts';
import { OPENMP_LIBRARY, runtimeByNames, type Runtime } from './runtime.ts';
import { parseTaskStat, type TaskStat } from './task-stat.ts';

/** Where `proc` is mounted: that of the PID namespace in which the pods' processes are visible. */
export const PROC_ROOT = '/proc';

/** The kernel counts in hundredths of a second for who reads `/proc`, whatever its own clock does (USER_HZ). */
const TICKS_PER_SECOND = 100;
/** So many threads of a process are asked for their names: a runtime starts its own first. */
export const MOST_NAMES = 64;
/** Libraries stand near the end, after what the program has allocated. */
const MOST_MAPS_BYTES = 1_048_576;

/** Reads what `/proc` says of processes and threads. What cannot be read is null. */
export class Processes {
  readonly #root: string;
  readonly #buffer: Buffer;

  constructor(buffer: Buffer, root = PROC_ROOT) {
    this.#root = root;
    this.#buffer = buffer;
  }

  /**
   * Below `task` the kernel tells of this thread alone; `/proc/<tid>/stat` sums over all threads of the process
   * (`do_task_stat` in fs/proc/array.c), which for all of them takes the square of their number.
   */
  stat(tid: number): TaskStat | null {
    const text = this.#text(`${tid}/task/${tid}/stat`);
    return text === null ? null : parseTaskStat(text);
  }

  /** What runs this process, by its threads' names, or else by its binary and libraries, where those may be read. */
  runtimeOf(pid: number, { threads }: TaskStat): Runtime | null {
    const byNames = runtimeByNames(this.#threadNames(pid));
    if (byNames !== null) return byNames;
    if (isGoBinary(`${this.#root}/${pid}/exe`)) return 'go';
    const maps = `${this.#root}/${pid}/maps`;
    return threads > 1 && isInFile(maps, this.#buffer, OPENMP_LIBRARY, MOST_MAPS_BYTES) ? 'openmp' : null;
  }

  /** How long ago a thread was started, in seconds. */
  ageOf({ startTicks }: TaskStat): number | null {
    const seconds = Number.parseFloat(this.#text('uptime') ?? '');
    return Number.isNaN(seconds) ? null : Math.max(0, seconds - startTicks / TICKS_PER_SECOND);
  }

  #threadNames(pid: number): readonly string[] {
    try {
      return readdirSync(`${this.#root}/${pid}/task`)
        .slice(0, MOST_NAMES)
        .map((tid) => this.#text(`${pid}/task/${tid}/comm`)?.trimEnd() ?? '');
    } catch {
      return [];
    }
  }

  #text(path: string): string | null {
    const length = readOnce(`${this.#root}/${path}`, this.#buffer);
    return length < 0 ? null : this.#buffer.toString('latin1', 0, length);
  }
}
