import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { findHierarchy } from '../src/hierarchy/hierarchy.ts';

const ROUNDS = 25;
const WARM_UP = 2;
const SETTLE_MS = 300;
const POD = 'pod7d2f0c7e-4f55-4c5e-9f0b-3a1c1b2d4e5f';
/** What kgtrace is given in production. With more it has the kernel time all programs, which costs by itself. */
const CAPABILITIES = ['setpriv', '--bounding-set=-all,+bpf,+perfmon'] as const;

const here = (path: string): string => new URL(path, import.meta.url).pathname;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** A program that answers each line with a line, or that tells lines by itself. */
function talkTo(program: string, ...args: readonly string[]) {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    say: (line: string) => void child.stdin.write(`${line}\n`),
    async next(fits: (line: string) => boolean = () => true): Promise<string> {
      for (;;) {
        const { value, done } = await lines.next();
        if (done === true) throw new Error(`${program} ended early`);
        if (fits(value)) return value;
      }
    },
    end: () => void child.stdin.end(),
  };
}

function build(directory: string) {
  const bpf = here('../bpf');
  execFileSync('make', ['-C', bpf], { stdio: ['ignore', 'ignore', 'inherit'] });
  const calls = join(directory, 'calls');
  const empty = join(directory, 'empty');
  const multiarch = `-I/usr/include/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`;
  execFileSync('clang', ['-O2', '-o', calls, here('births-calls.c')]);
  execFileSync('clang', ['-O2', '-o', empty, here('births-empty.c'), '-lbpf', '-lelf', '-lz']);
  execFileSync('clang', [
    ...['-target', 'bpf', '-O2', '-g', multiarch, '-c', here('births-empty.bpf.c'), '-o', `${empty}.o`],
  ]);
  return {
    calls,
    empty,
    kgtrace: join(bpf, 'build', `kgtrace-${process.arch === 'arm64' ? 'arm64' : 'x64'}`),
  };
}

const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)] ?? NaN;
const figures = (values: readonly number[]): string =>
  `${quantile(values, 0.5).toFixed(3)}  (${quantile(values, 0.1).toFixed(3)} .. ${quantile(values, 0.9).toFixed(3)})`;

type Row = Record<'nothing' | 'nothingAgain' | 'quiet' | 'counting' | 'empty', number>;

async function measure(directory: string, group: string): Promise<Record<'g' | 'c', Row[]>> {
  const paths = build(directory);
  const calls = talkTo(paths.calls);
  const empty = talkTo(paths.empty, `${paths.empty}.o`);
  const [setpriv, bounds] = CAPABILITIES;
  const kgtrace = talkTo(setpriv, bounds, paths.kgtrace);
  await kgtrace.next((line) => line.includes('"births":true'));
  kgtrace.say('interval 0');
  /** Neither command has an answer. */
  const obeyed = (): Promise<void> => delay(SETTLE_MS);
  const time = async (what: 'g' | 'c'): Promise<number> => {
    calls.say(what);
    return Number(await calls.next());
  };
  const attach = async (on: boolean): Promise<void> => {
    empty.say(on ? '1' : '0');
    await empty.next();
  };
  const rows: Record<'g' | 'c', Row[]> = { g: [], c: [] };
  for (let round = -WARM_UP; round < ROUNDS; round += 1) {
    for (const what of ['g', 'c'] as const) {
      kgtrace.say('births off');
      await obeyed();
      const nothing = await time(what);
      await attach(true);
      const emptyTime = await time(what);
      await attach(false);
      const nothingAgain = await time(what);
      kgtrace.say('births on');
      await obeyed();
      const quiet = await time(what);
      mkdirSync(group);
      await kgtrace.next((line) => line.includes('"t":"counting"') && line.includes('true'));
      const counting = await time(what);
      rmdirSync(group);
      if (round >= 0) rows[what].push({ nothing, nothingAgain, quiet, counting, empty: emptyTime });
    }
  }
  for (const program of [calls, empty, kgtrace]) program.end();
  return rows;
}

function report(rows: Readonly<Record<'g' | 'c', readonly Row[]>>): void {
  say(
    `a process of nothing but system calls; ${ROUNDS} interleaved rounds; median (p10 .. p90), round by round`,
  );
  for (const [what, name] of [
    ['g', 'getpid'],
    ['c', 'read and write of one byte'],
  ] as const) {
    const ratio = (of: keyof Row, to: keyof Row) => rows[what].map((row) => row[of] / row[to]);
    say('');
    say(name);
    say(
      `  no birth open, to untraced (target: at most 1.02)         ${figures(ratio('quiet', 'nothingAgain'))}`,
    );
    say(`  a birth open, to an empty program (target: at most 1.06)  ${figures(ratio('counting', 'empty'))}`);
    say(
      `  a birth open, to untraced                                 ${figures(ratio('counting', 'nothingAgain'))}`,
    );
    say(
      `  noise: untraced to itself                                 ${figures(ratio('nothing', 'nothingAgain'))}`,
    );
  }
}

const directory = mkdtempSync(join(tmpdir(), 'kernel-gossip-bench-births-'));
const parent = join(
  findHierarchy(process.env.KGOSSIP_CGROUP_ROOT ?? '/sys/fs/cgroup').cpu,
  `kernel-gossip-bench-births-${process.pid}`,
);
const cleanUp = (): void => {
  for (const group of [join(parent, POD), parent]) if (existsSync(group)) rmdirSync(group);
  rmSync(directory, { recursive: true, force: true });
};
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    cleanUp();
    process.exit(1);
  });
mkdirSync(parent);
try {
  report(await measure(directory, join(parent, POD)));
} finally {
  cleanUp();
}
