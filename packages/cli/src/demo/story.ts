import { setTimeout as sleep } from 'node:timers/promises';
import type { KernelWhisper, Observation } from 'kernel-gossip-types';
import type { Target } from '../target/target.ts';
import { documentWidth, type Io } from '../terminal/io.ts';
import { explainPod } from '../render/explain.ts';
import { wrap } from '../terminal/width.ts';
import { heading } from './show.ts';

/** The demo could not show what it promises. */
export class DemoFailed extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DemoFailed';
  }
}

const POLL_MS = 200;

export const throwIfEnded = (signal: AbortSignal): void => {
  if (signal.aborted) throw new DemoFailed('interrupted');
};

/** Waits; throws when the person asks the program to end. */
export async function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
  throwIfEnded(signal);
}

/** The first whisper of the API that is as it should be; fails loudly when none is within the time. */
export async function awaitWhisper(
  target: Target,
  isRight: (whisper: KernelWhisper) => boolean,
  options: { readonly withinMs: number; readonly what: string; readonly signal: AbortSignal },
): Promise<KernelWhisper> {
  const deadline = performance.now() + options.withinMs;
  for (;;) {
    const { items } = await target.list('KernelWhisper', null);
    const found = items.find(isRight);
    if (found !== undefined) return found;
    if (performance.now() > deadline) {
      throw new DemoFailed(`${options.what} did not happen within ${options.withinMs / 1000} s.`);
    }
    await wait(POLL_MS, options.signal);
  }
}

/** Prints parts of the story. */
export class Teller {
  readonly io: Io;
  readonly width: number;

  constructor(io: Io) {
    this.io = io;
    this.width = documentWidth(io);
  }

  chapter(title: string): void {
    this.io.out(`${heading(this.io.chalk, title, this.width)}\n`);
  }

  /** Prints something that is laid out already. */
  say(text: string): void {
    this.io.out(`${text}\n`);
  }

  /** Prints sentences, in lines that fit. */
  tell(text: string): void {
    this.say(wrap(text, this.width).join('\n'));
  }

  whisper(whisper: KernelWhisper): void {
    const { namespace, pod_name: pod } = whisper.spec;
    const paper = { chalk: this.io.chalk, width: this.width, now: this.io.now() };
    const story = explainPod({ namespace, pod, whispers: [whisper], certificates: [] }, paper);
    // Without the last line, which speaks of a birth: these processes are not pods.
    this.say(story.split('\n').slice(0, -2).join('\n'));
  }
}

/** Sends observations and fails loudly unless all were taken. */
export async function sendAll(target: Target, observations: readonly Observation[]): Promise<void> {
  const { accepted, rejected, error } = await target.send(observations);
  if (accepted === observations.length) return;
  const [first] = rejected;
  throw new DemoFailed(
    `the operator did not take an observation: ${first === undefined ? (error ?? 'no reason given') : `${first.path}: expected ${first.expected}, got ${first.got}`}`,
  );
}
