import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { ensurePackages, findProgram } from './cluster/built/programs.ts';
import { run } from './command.ts';
import { syscallNumbers } from './kgtrace.ts';

/** How often a thread made a system call under a name. */
export interface Call {
  readonly tid: number;
  readonly comm: string;
  readonly name: string;
  readonly times: number;
}

/** Every system call of the machine while it was on, and who is whose child. */
export interface Testimony {
  readonly calls: readonly Call[];
  /** A process, its threads, their children, and so on. */
  lineage(pid: number): ReadonlySet<number>;
}

/**
 * The kernel counts, and prints are too few to be lost. Each probe tells once that it is there: bpftrace does not.
 * Tracepoints need a tracefs.
 */
const PROGRAM = `
tracepoint:raw_syscalls:sys_enter {
  @calls[tid, comm, args->id] = count();
  if (@calling == 0) { @calling = 1; printf("calling\\n"); }
}
tracepoint:sched:sched_process_fork {
  @children[args->parent_pid, args->child_pid] = 1;
  if (@forking == 0) { @forking = 1; printf("forking\\n"); }
}
`;

const POLL_MS = 50;

interface Printed {
  readonly type: string;
  readonly data: unknown;
}

type Maps = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** Installs what the witness runs; that may take minutes. */
export const ensureWitness = (): Promise<void> =>
  ensurePackages(findProgram('bpftrace') === undefined ? ['bpftrace'] : [], 'an independent trace');

export interface Witness {
  stop(): Promise<Testimony>;
  /** For a test that fails before it asks: a trace of all calls must not slow the next one. */
  dismiss(): void;
}

/** An independent trace by bpftrace, without any filter. */
export async function startWitness(): Promise<Witness> {
  const child: ChildProcess = spawn(
    'unshare',
    [
      '-m',
      'sh',
      '-c',
      'mount -t tracefs tracefs /sys/kernel/tracing && exec bpftrace -f json -e "$0"',
      PROGRAM,
    ],
    { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, BPFTRACE_MAP_KEYS_MAX: '262144' } },
  );
  const maps: Maps[] = [];
  const awaited = new Set(['calling', 'forking']);
  const ended = once(child, 'close');
  if (child.stdout !== null)
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!line.startsWith('{')) return;
      const printed = JSON.parse(line) as Printed;
      if (printed.type === 'map') maps.push(printed.data as Maps);
      if (printed.type === 'printf') awaited.delete(String(printed.data).trim());
    });
  while (awaited.size > 0) {
    if (child.exitCode !== null) throw new Error('bpftrace ended before it traced anything');
    // On a quiet machine nothing else forks.
    await run('true', []);
    await setTimeout(POLL_MS);
  }
  return {
    dismiss: () => {
      child.kill('SIGKILL');
    },
    stop: async () => {
      child.kill('SIGINT');
      await ended;
      return testimony(maps, await syscallNumbers());
    },
  };
}

function testimony(maps: readonly Maps[], numbers: ReadonlyMap<string, number>): Testimony {
  const names = new Map([...numbers].map(([name, number]) => [number, name]));
  const find = (name: string) => Object.entries(maps.find((map) => name in map)?.[name] ?? {});
  const calls = find('@calls').map(([key, times]): Call => {
    const parts = key.split(',');
    const number = Number(parts.at(-1));
    return {
      tid: Number(parts[0]),
      comm: parts.slice(1, -1).join(','),
      name: names.get(number) ?? `syscall_${number}`,
      times,
    };
  });
  const children = find('@children').map(([key]) => key.split(',').map(Number));
  return {
    calls,
    lineage: (pid) => {
      const all = new Set([pid]);
      for (let size = 0; size !== all.size;) {
        size = all.size;
        for (const [parent = 0, child = 0] of children) if (all.has(parent)) all.add(child);
      }
      return all;
    },
  };
}

/** Sums calls by name. */
export function byName(calls: readonly Call[]): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const { name, times } of calls) sums[name] = (sums[name] ?? 0) + times;
  return sums;
}
