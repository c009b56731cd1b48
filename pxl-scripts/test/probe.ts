import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { ensurePackages, findProgram } from '../../e2e/src/cluster/built/programs.ts';
import { type CommandResult, run } from '../../e2e/src/command.ts';
import { until } from '../../e2e/src/poll.ts';
import { check } from '../lint/check.ts';
import { outputOf } from '../lint/probe-program.ts';
import { readScript, type ScriptName } from '../src/index.ts';

/** bpftrace finds tracepoints in tracefs alone, which not every machine mounts: so it gets one of its own. */
const THROUGH = [
  '--mount',
  'sh',
  '-c',
  'mount -t tracefs tracefs /sys/kernel/tracing && exec bpftrace "$@"',
  'sh',
] as const;

/** Installs bpftrace where that is ours to do; says why no probe can run here, or null where one can. */
export async function whyNoProbes(): Promise<string | null> {
  if (!existsSync('/sys/kernel/btf/vmlinux')) return 'the kernel tells no types (BTF)';
  try {
    await ensurePackages(findProgram('bpftrace') === undefined ? ['bpftrace'] : [], 'running probes');
  } catch (error) {
    return String(error);
  }
  const { code, stderr } = await run('unshare', [...THROUGH, '-e', 'BEGIN { exit(); }']);
  return code === 0 ? null : stderr;
}

/** The programs that a script puts into the kernel, as they stand in it. */
export async function programsOf(name: ScriptName): Promise<readonly string[]> {
  return [...check(await readScript(name)).probes.values()];
}

/** What bpftrace says of a program without running it: its exit code, and its complaints. */
export const compile = (program: string): Promise<CommandResult> =>
  run('unshare', [...THROUGH, '-d', '-e', program]);

/** A row as Pixie would put it into the probe's table. */
export type ProbeRow = Readonly<Record<string, bigint | string>>;

/** A program that runs. */
export interface Probe {
  readonly rows: readonly ProbeRow[];
  /** Resolves with the first row, past or to come, that fits. */
  readonly row: (what: string, fits: (row: ProbeRow) => boolean) => Promise<ProbeRow>;
  /** Ends it, and tells what its maps still held, by their names. */
  readonly stop: () => Promise<ReadonlyMap<string, unknown>>;
}

interface Printed {
  readonly type: string;
  readonly data: unknown;
}

const ATTACH_MS = 30_000;
const ROW_MS = 20_000;
const STOP_MS = 5000;

/** Runs the one program of a script, and reads what it prints as Pixie does: by the format's names. */
export async function startProbe(name: ScriptName): Promise<Probe> {
  const [program = ''] = await programsOf(name);
  const columns = [...outputOf({ text: program, line: 1 }).columns.keys()];
  const pattern = new RegExp(`^${columns.map((column) => `${column}:(.*)`).join(' ')}$`);
  const child: ChildProcess = spawn('unshare', [...THROUGH, '-f', 'json', '-e', program], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  const rows: ProbeRow[] = [];
  const maps = new Map<string, unknown>();
  const said: string[] = [];
  let attached = false;
  const hear = (line: string): void => {
    if (!line.startsWith('{')) return;
    const { type, data } = JSON.parse(line) as Printed;
    attached ||= type === 'attached_probes';
    if (type === 'map') for (const [map, held] of Object.entries(data as object)) maps.set(map, held);
    if (type !== 'printf') return;
    const values = pattern.exec(String(data))?.slice(1) ?? [];
    rows.push(Object.fromEntries(columns.map((column, at) => [column, cellOf(values[at] ?? '')])));
  };
  if (child.stdout !== null) createInterface({ input: child.stdout }).on('line', hear);
  if (child.stderr !== null) createInterface({ input: child.stderr }).on('line', (line) => said.push(line));
  await until(`the probes of ${name}`, { timeoutMs: ATTACH_MS }, () => {
    if (child.exitCode !== null) throw new Error(said.join('\n'));
    return attached ? true : undefined;
  });
  return {
    rows,
    row: (what, fits) => until(what, { timeoutMs: ROW_MS }, () => rows.find(fits)),
    stop: async () => {
      child.kill('SIGINT');
      // bpftrace has been seen not to hear that: then it must not outlive the test.
      const insist = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await ended;
      clearTimeout(insist);
      return maps;
    },
  };
}

const cellOf = (text: string): bigint | string => (/^-?\d+$/.test(text) ? BigInt(text) : text);
