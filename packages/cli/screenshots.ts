/**
 * Saves pictures of the terminal for the documentation, from a real run: processes under CPU limits, an observer that measures
 * them, an operator on SQLite, and `kgossip` in a terminal. The birth is that of a real container where one can be traced; else
 * it is made up, and says so. Needs tmux, which is the terminal.
 *
 *     node --conditions=@kernel-gossip/source packages/cli/screenshots.ts
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Chalk } from 'chalk';
import { messageOf, type KernelWhisper } from 'kernel-gossip-types';
import { findHierarchy } from 'kernel-gossip-observer';
import { pictureOf } from './screenshots/picture.ts';
import { hasTmux, openTerminal, type Terminal } from './screenshots/terminal.ts';
import { tellBirth } from './src/demo/birth.ts';
import { BurstyLoad } from './src/demo/bursty-load.ts';
import { CpuGroup } from './src/demo/cpu-group.ts';
import type { LoadPlan } from './src/demo/load-messages.ts';
import { awaitWhisper, Teller } from './src/demo/story.ts';
import { OperatorTarget } from './src/target/operator-target.ts';
import type { Target } from './src/target/target.ts';
import { startOneMachine, type OneMachine } from './src/up/one-machine.ts';

const IMAGES = fileURLToPath(new URL('../../docs/images/', import.meta.url));
const CGROUPS = '/sys/fs/cgroup';
const COLUMNS = 110;
const WATCH_ROWS = 20;
/** What a command prints is shown whole. */
const PAPER_ROWS = 120;
const SEEN_WITHIN_MS = 60_000;

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

function save(name: string, screen: string): void {
  mkdirSync(IMAGES, { recursive: true });
  writeFileSync(join(IMAGES, `terminal-${name}.svg`), pictureOf(screen, COLUMNS));
  say(`docs/images/terminal-${name}.svg`);
}

/** The cgroup that ours are made in: the names of those can be short. */
const SHOP = 'kernel-gossip-test-shop';

interface Load {
  readonly name: string;
  /** Its limit. */
  readonly cores: number;
  readonly plan: LoadPlan;
}

/** Work in bursts that fits its limit on average, and is held back nevertheless. The first is told of in full. */
const LOADS: readonly Load[] = [
  { name: 'orders', cores: 0.3, plan: { threads: 2, burstMs: 350, everyMs: 3200 } },
  { name: 'search', cores: 0.15, plan: { threads: 1, burstMs: 60, everyMs: 700 } },
  { name: 'images', cores: 0.25, plan: { threads: 1, burstMs: 90, everyMs: 900 } },
  { name: 'ledger', cores: 0.12, plan: { threads: 1, burstMs: 30, everyMs: 300 } },
];

/** How much of its limit each has while somebody watches, so that there is something to see; all of it in the end. */
const SHARES = [1, 1.1, 1.3, 1.5, 1.3, 1.1, 1, 0.9, 0.8, 0.9, 1, 1] as const;
const STEP_MS = 6000;

interface Throttled {
  readonly group: CpuGroup;
  readonly cores: number;
}

async function throttle(load: Load, stack: AsyncDisposableStack, signal: AbortSignal): Promise<Throttled> {
  const group = new CpuGroup(findHierarchy(CGROUPS), `${SHOP}/${load.name}`);
  stack.defer(() => group.remove());
  const work = await BurstyLoad.start(load.plan, signal);
  stack.defer(() => work.end());
  group.limit(load.cores);
  group.add(work.pid);
  work.begin();
  return { group, cores: load.cores };
}

/** Starts all loads; answers none where this user may make no group. */
async function throttleAll(stack: AsyncDisposableStack, signal: AbortSignal): Promise<readonly Throttled[]> {
  try {
    const hierarchy = findHierarchy(CGROUPS);
    const shop = new CpuGroup(hierarchy, SHOP);
    stack.defer(() => shop.remove());
    if (hierarchy.version === 2) writeFileSync(join(hierarchy.cpu, SHOP, 'cgroup.subtree_control'), '+cpu');
    const throttled: Throttled[] = [];
    for (const load of LOADS) throttled.push(await throttle(load, stack, signal));
    return throttled;
  } catch (error) {
    signal.throwIfAborted();
    say(`no process can be throttled here: ${messageOf(error)}`);
    return [];
  }
}

interface Stage {
  readonly folder: string;
  readonly url: string;
  readonly signal: AbortSignal;
}

/** Runs a command in a terminal of its own, and answers what is shown when `until` is done. */
async function shown(
  { folder, url, signal }: Stage,
  { command, rows }: { readonly command: string; readonly rows: number },
  until: (terminal: Terminal) => Promise<void>,
): Promise<string> {
  say(`$ ${command}`);
  const terminal = openTerminal({ folder, columns: COLUMNS, rows, env: { KGOSSIP_URL: url }, signal });
  try {
    await terminal.sees(/^\$/, SEEN_WITHIN_MS);
    terminal.enter(command);
    await until(terminal);
    return terminal.screen();
  } finally {
    terminal.close();
  }
}

/** What a command prints, down to the next prompt. */
const printed = (stage: Stage, command: string): Promise<string> =>
  shown(stage, { command, rows: PAPER_ROWS }, (terminal) => terminal.sees(/\n\$\s*$/, SEEN_WITHIN_MS));

/** Looks on while the limits change. */
const watched = (stage: Stage, throttled: readonly Throttled[]): Promise<string> =>
  shown(stage, { command: 'kgossip watch -A', rows: WATCH_ROWS }, async (terminal) => {
    await terminal.sees(/ live \d/, SEEN_WITHIN_MS);
    for (const share of SHARES) {
      for (const { group, cores } of throttled) group.limit(cores * share);
      await sleep(STEP_MS, undefined, { signal: stage.signal });
    }
  });

const whisperOf = ({ group }: Throttled, target: Target, signal: AbortSignal): Promise<KernelWhisper> =>
  awaitWhisper(target, ({ spec }) => spec.source?.cgroup === `/${group.name}`, {
    withinMs: SEEN_WITHIN_MS,
    what: `A whisper about ${group.name}`,
    signal,
  });

async function shootLoads(stage: Stage, target: Target, throttled: readonly Throttled[]): Promise<void> {
  const whispers = await Promise.all(throttled.map((one) => whisperOf(one, target, stage.signal)));
  const [told] = whispers;
  if (told === undefined) return;
  save('watch', await watched(stage, throttled));
  const { namespace, pod_name: pod } = told.spec;
  save('explain', await printed(stage, `kgossip explain ${pod} -n ${namespace}`));
}

/** Answers the pod that was born. */
const giveBirth = (machine: OneMachine, target: Target, signal: AbortSignal): Promise<string> =>
  tellBirth(
    machine,
    target,
    new Teller({
      out: (text) => process.stderr.write(text),
      note: say,
      env: {},
      columns: null,
      openScreen: null,
      showStatus: null,
      chalk: new Chalk({ level: 0 }),
      now: Date.now,
      signal,
    }),
  );

interface Machine {
  readonly machine: OneMachine;
  readonly target: Target;
  readonly stage: Stage;
}

/** Runs what takes pictures on a machine of its own; nothing of it is left afterwards. */
async function onMachine(
  observer: Readonly<Record<string, string>>,
  signal: AbortSignal,
  shootAll: (machine: Machine) => Promise<void>,
): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'kernel-gossip-screenshots-'));
  stack.defer(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const machine = await startOneMachine({
    host: '127.0.0.1',
    port: 0,
    dataDir: join(folder, 'data'),
    logLevel: 'error',
    observer: { 'node-name': 'this-machine', ...observer },
  });
  stack.defer(() => machine.close());
  const { url } = machine.operator;
  const options = { url: new URL(url), origin: 'screenshots', token: null, timeoutMs: 10_000 };
  await shootAll({ machine, target: new OperatorTarget(options), stage: { folder, url, signal } });
}

async function main(signal: AbortSignal): Promise<void> {
  // Whatever else this machine does is nobody's business.
  const ours = { subtree: `/${SHOP}`, 'summary-interval': '5s', kgtrace: 'off' };
  await onMachine(ours, signal, async ({ target, stage }) => {
    await using stack = new AsyncDisposableStack();
    await shootLoads(stage, target, await throttleAll(stack, signal));
  });
  await onMachine({}, signal, async ({ machine, target, stage }) => {
    const pod = await giveBirth(machine, target, signal);
    save('birth-cert', await printed(stage, `kgossip birth-cert ${pod}`));
  });
}

/** Aborts when the person or the system asks to end; asking again does not keep it from tidying up. */
function endRequested(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      controller.abort();
    });
  }
  return controller.signal;
}

if (!hasTmux()) throw new Error('there is no tmux: apt-get install tmux');
await main(endRequested());
