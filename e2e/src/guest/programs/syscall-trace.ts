import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

/** The system calls of one process and all its descendants, up to the container's own program, by their number. */
export interface SyscallTrace {
  readonly by: Readonly<Record<number, number>>;
  /** Events that found no room. */
  readonly lost: number;
}

const INSTANCE = '/sys/kernel/tracing/instances/syscalls';
/** Room for all that a machine does while one container is born. */
const BUFFER_KIB_PER_CPU = '65536';
const EVENTS = [
  'raw_syscalls/sys_enter',
  'sched/sched_process_fork',
  'sched/sched_process_exec',
  'sched/sched_process_exit',
] as const;

const setting = (name: string, value: string): void => writeFileSync(`${INSTANCE}/${name}`, value);

/** Begins to record every system call of every process (Documentation/trace/events.rst). */
export function startTracing(): void {
  mkdirSync(INSTANCE);
  // The order of events on different processors is part of what is looked at (Documentation/trace/ftrace.rst).
  setting('trace_clock', 'global');
  setting('buffer_size_kb', BUFFER_KIB_PER_CPU);
  for (const event of EVENTS) setting(`events/${event}/enable`, '1');
}

/** Ends recording; `root` is the process that became the first program, `entry` the container's own program. */
export function stopTracing(root: number, entry: string): SyscallTrace {
  setting('tracing_on', '0');
  return syscallsIn(readFileSync(`${INSTANCE}/trace`, 'utf8'), root, entry);
}

/** What a recording says of a process and its descendants, beginning after its first exec. */
export function syscallsIn(trace: string, root: number, entry: string): SyscallTrace {
  const [, inBuffer, written] = /entries-in-buffer\/entries-written: (\d+)\/(\d+)/.exec(trace) ?? [];
  const inside = new Set<number>();
  const by: Record<number, number> = {};
  for (const { task, event, text } of eventsIn(trace)) {
    if (event === 'sys_enter' && inside.has(task)) count(by, numberIn(text, 'NR '));
    if (event === 'sched_process_fork' && inside.has(task)) inside.add(numberIn(text, 'child_pid='));
    if (event === 'sched_process_exit') inside.delete(task);
    if (event === 'sched_process_exec') {
      const wasInside = inside.delete(numberIn(text, 'old_pid=')) || task === root;
      if (wasInside && !text.startsWith(`filename=${entry} `)) inside.add(task);
    }
  }
  return { by, lost: Number(written) - Number(inBuffer) };
}

interface TraceEvent {
  readonly task: number;
  readonly event: string;
  readonly text: string;
}

/** Lines such as `sh-12 [001] ..... 3.141592: sys_enter: NR 59 (...)`; a name may hold any character. */
function* eventsIn(trace: string): Iterable<TraceEvent> {
  for (const [, task, event = '', text = ''] of trace.matchAll(/-(\d+) +\[\d+\] \S+ +[\d.]+: (\w+): (.*)$/gm))
    yield { task: Number(task), event, text };
}

const numberIn = (text: string, before: string): number =>
  Number(new RegExp(`${before}(\\d+)`).exec(text)?.[1]);

function count(by: Record<number, number>, syscall: number): void {
  by[syscall] = (by[syscall] ?? 0) + 1;
}
