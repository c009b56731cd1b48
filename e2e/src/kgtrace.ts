import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ensurePackages, findProgram } from './cluster/built/programs.ts';
import { run, runOrThrow } from './command.ts';
import { REPOSITORY } from './install.ts';

const SOURCES = join(REPOSITORY, 'packages/observer/bpf');
const HEADERS = ['/usr/include/bpf/libbpf.h', '/usr/include/libelf.h', '/usr/include/zlib.h'] as const;
const PACKAGES = ['make', 'clang', 'libbpf-dev', 'libelf-dev', 'zlib1g-dev'] as const;

/** Where kgtrace lies, built anew where it is older than its sources. */
export async function kgtraceBinary(): Promise<string> {
  const arch = process.arch === 'arm64' ? 'arm64' : 'x64';
  const complete = [findProgram('make'), findProgram('clang'), ...HEADERS.map((path) => existsSync(path))];
  if (!complete.every(Boolean)) await ensurePackages(PACKAGES, 'building kgtrace');
  // Several suites may want it at the same time.
  await runOrThrow('flock', [SOURCES, 'make', '-C', SOURCES]);
  return join(SOURCES, 'build', `kgtrace-${arch}`);
}

/** A line as PROTOCOL.md has it. Which fields there are depends on `t`. */
export interface KgtraceLine {
  readonly t: string;
  readonly at?: number;
  readonly slot?: number;
  readonly parent?: number;
  readonly pid?: number;
  readonly vpid?: number;
  readonly comm?: string;
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly daemon?: boolean;
  readonly counted?: boolean;
  readonly cgroup?: string;
  readonly cgroup_id?: number;
  readonly path?: string;
  readonly hierarchy?: number;
  readonly cpu?: boolean;
  readonly ns?: Readonly<Record<string, number>>;
  readonly host_ns?: Readonly<Record<string, number>>;
  readonly why?: string;
  readonly total?: number;
  readonly by?: Readonly<Record<string, number>>;
  readonly cgroup_writes?: number;
  readonly cgroups_made?: number;
  readonly links?: number;
  readonly addresses?: number;
  readonly routes?: number;
  readonly nft_rules?: number;
  readonly nft_chains?: number;
  readonly xt_replaces?: number;
  readonly exit?: number;
  readonly events?: number;
  readonly lost?: number;
  readonly slots?: number;
  readonly refused?: number;
  readonly on?: boolean;
  readonly births?: boolean;
  readonly samples?: boolean;
  readonly missing?: readonly string[];
}

/** A running kgtrace. */
export interface Kgtrace {
  readonly pid: number;
  /** What it said so far. */
  readonly lines: readonly KgtraceLine[];
  /** What it wrote on file descriptor 3 so far. */
  frames(): Buffer;
  /** Resolves with the first line, past or to come, that fits; rejects when it ends before. */
  line(what: string, fits: (line: KgtraceLine) => boolean): Promise<KgtraceLine>;
  say(command: string): void;
  /** Closes its input; resolves with its exit code. */
  stop(): Promise<number | null>;
}

/** Starts kgtrace; `through` is a program, with its arguments, that starts it. */
export async function startKgtrace(through: readonly string[] = []): Promise<Kgtrace> {
  // env(1) runs its arguments, so that there is always a program before them.
  const child: ChildProcess = spawn('env', [...through, await kgtraceBinary()], {
    stdio: ['pipe', 'pipe', 'inherit', 'pipe'],
  });
  const lines: KgtraceLine[] = [];
  const frames: Buffer[] = [];
  const waiting = new Set<(line: KgtraceLine) => void>();
  const ended = once(child, 'close');
  child.stdin?.on('error', () => undefined);
  child.stdio[3]?.on('data', (chunk: Buffer) => frames.push(chunk));
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on('line', (text) => {
      const line = JSON.parse(text) as KgtraceLine;
      lines.push(line);
      for (const look of waiting) look(line);
    });
  }
  return {
    pid: child.pid ?? 0,
    lines,
    frames: () => Buffer.concat(frames),
    line: (what, fits) =>
      new Promise((resolve, reject) => {
        const look = (line: KgtraceLine): void => {
          if (!fits(line)) return;
          waiting.delete(look);
          resolve(line);
        };
        waiting.add(look);
        void ended.then(() => {
          reject(new Error(`kgtrace ended before it told ${what}`));
        });
        lines.forEach(look);
      }),
    say: (command) => child.stdin?.write(`${command}\n`),
    stop: async () => {
      child.stdin?.end();
      await ended;
      return child.exitCode;
    },
  };
}

/** The numbers of this machine's system calls by name, from its own headers. */
export async function syscallNumbers(): Promise<ReadonlyMap<string, number>> {
  const { stdout } = await run('clang', ['-E', '-dM', '-'], { input: '#include <asm/unistd.h>\n' });
  const defined = new Map(
    [...stdout.matchAll(/^#define (__NR\w+) (\w+)$/gm)].map(([, name = '', value = '']) => [name, value]),
  );
  const resolve = (value: string): number =>
    /^\d+$/.test(value) ? Number(value) : resolve(defined.get(value) ?? 'unknown');
  return new Map(
    [...defined]
      .filter(([name]) => /^__NR_(?!syscalls$|arch_specific_syscall$)/.test(name))
      .map(([name, value]) => [name.replace('__NR_', ''), resolve(value)]),
  );
}

/** The resident memory of a process. */
export const residentKiB = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? NaN);
