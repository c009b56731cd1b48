import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf, visible } from 'kernel-gossip-types';
import { findHierarchy } from 'kernel-gossip-observer';
import { OperatorTarget } from '../target/operator-target.ts';
import type { Io } from '../terminal/io.ts';
import { startOneMachine, type OneMachine } from '../up/one-machine.ts';
import { tellBirth } from './birth.ts';
import { CpuGroup } from './cpu-group.ts';
import { tellLive } from './live.ts';
import { tellReplay } from './replay.ts';
import { Teller } from './story.ts';

export interface DemoOptions {
  /** Replays the recording even where a cgroup may be made. */
  readonly replay: boolean;
  readonly cgroupRoot: string;
}

/** A group of our own, or why there is none. */
function tryGroup({ replay, cgroupRoot }: DemoOptions): CpuGroup | string {
  if (replay) return 'a replay was asked for.';
  try {
    return new CpuGroup(findHierarchy(cgroupRoot), `kernel-gossip-demo-${process.pid}`);
  } catch (error) {
    return `${messageOf(error)}.`;
  }
}

/** Answers which pod has a birth certificate now. */
async function tellAll(machine: OneMachine, group: CpuGroup | string, teller: Teller): Promise<string> {
  const { url } = machine.operator;
  const target = new OperatorTarget({
    url: new URL(url),
    origin: 'the demo',
    token: null,
    timeoutMs: 10_000,
  });
  if (typeof group === 'string') await tellReplay(visible(group), target, teller);
  else await tellLive(group, target, teller);
  return tellBirth(machine, target, teller);
}

async function stay(machine: OneMachine, pod: string, teller: Teller): Promise<void> {
  const { io } = teller;
  const { url } = machine.operator;
  if (io.columns === null || io.signal.aborted) return;
  teller.say(
    `\nStill listening at ${url}\nIn another terminal:\n  kgossip --url ${url} whispers -A\n  kgossip --url ${url} birth-cert ${pod}\nCtrl-C ends it and removes everything.`,
  );
  await Promise.race([once(io.signal, 'abort'), machine.operator.ended]);
}

/** The whole story on this machine: the real operator and observer in this process, and afterwards nothing left of it. */
export async function runDemo(options: DemoOptions, io: Io): Promise<void> {
  const { signal } = io;
  const dataDir = await mkdtemp(join(tmpdir(), 'kernel-gossip-demo-'));
  const group = tryGroup(options);
  const teller = new Teller(io);
  try {
    signal.throwIfAborted();
    const machine = await startOneMachine({
      host: '127.0.0.1',
      port: 0,
      dataDir,
      logLevel: 'error',
      observer: typeof group === 'string' ? null : { 'cgroup-root': options.cgroupRoot, interval: '500ms' },
    });
    try {
      teller.tell(`Kernel Gossip, one-machine mode, listens at ${machine.operator.url}`);
      const pod = await tellAll(machine, group, teller);
      await stay(machine, pod, teller);
    } finally {
      await machine.close();
    }
  } finally {
    if (typeof group !== 'string') await group.remove();
    await rm(dataDir, { recursive: true, force: true });
  }
}
