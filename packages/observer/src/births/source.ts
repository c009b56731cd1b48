import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Sender } from '../sender.ts';
import type { Emit, Source } from '../source.ts';
import { BirthAssembler, type AssemblerStats } from './assembler.ts';
import { describeBirths, STARTING, type HelperState } from './helper-state.ts';
import type { HelperStats, KernelTracer } from './helper.ts';
import type { TraceLine } from './line.ts';
import { toPodCreation } from './observation.ts';
import type { PodBirths } from './pod-births.ts';

export interface BirthsSourceSettings {
  /** Path below the hierarchy, like `/kubepods`; empty for all of it. Births outside are not told. */
  readonly subtree: string;
  /** Also containers of no pod; and everything under names of our own, as nobody knows better ones. */
  readonly localNames: boolean;
  readonly sender: Sender;
}

/** What the births source has to do and did. */
export interface BirthsStats extends AssemblerStats {
  readonly tracer: HelperStats;
  /** Observations sent. */
  readonly told: number;
  /** Time that the kernel spent in the tracer's programs since the tracer's start, in nanoseconds; null where it does not say. */
  readonly runNs: number | null;
}

/** Whether births are seen, and in one line what is seen of them or why nothing is. */
export interface BirthsOutlook {
  readonly measured: boolean;
  readonly text: string;
}

export interface BirthsSource extends Source {
  readonly name: 'births';
  stats(): BirthsStats;
  /** Lets go of births, which cost the node more than anything else here, and takes them up again. */
  setTracing(on: boolean): void;
  /** Once it is known. */
  readonly outlook: Promise<BirthsOutlook>;
  close(): Promise<void>;
}

/** A pod's containers are born one after the other: what is complete waits this long for the next. */
const SETTLE_MS = 300;
/** But no longer than this. */
const LONGEST_WAIT_MS = 1000;

class PodBirthsSource implements BirthsSource {
  readonly name = 'births';
  readonly outlook: Promise<BirthsOutlook>;
  readonly #settings: BirthsSourceSettings;
  readonly #tracer: KernelTracer;
  readonly #assembler = new BirthAssembler();
  /** What was told of a pod last, so that nothing is told twice. */
  readonly #told = new WeakMap<PodBirths, string>();
  /** Pods with news, and when those are to be told at the latest. */
  readonly #waiting = new Map<PodBirths, { readonly latestMs: number; timer: NodeJS.Timeout }>();
  #emit: Emit = () => undefined;
  #count = 0;
  #runNs: number | null = null;

  constructor(settings: BirthsSourceSettings, tracer: KernelTracer, log: Logger) {
    this.#settings = settings;
    this.#tracer = tracer;
    tracer.onLine((line) => this.#take(line));
    this.outlook = firstWord(tracer).then((state) => {
      // Who waits is told that it is not known yet. The log has it as soon as it is: a busy node may load programs slowly.
      if (state === STARTING)
        void tracer.standing.then((later) => later.phase === 'starting' || outlookOf(later, log));
      return outlookOf(state, log);
    });
  }

  start(emit: Emit): void {
    this.#emit = emit;
    this.#tracer.start();
  }

  stats(): BirthsStats {
    return {
      ...this.#assembler.stats(),
      tracer: this.#tracer.stats(),
      told: this.#count,
      runNs: this.#runNs,
    };
  }

  setTracing(on: boolean): void {
    this.#tracer.setBirths(on);
    if (!on) this.#interrupt('births were not traced meanwhile');
  }

  async close(): Promise<void> {
    await this.#tracer.close();
    for (const pod of [...this.#waiting.keys()]) this.#tell(pod);
  }

  #take(line: TraceLine | null): void {
    if (line === null) {
      this.#interrupt('the tracer ended meanwhile');
      return;
    }
    this.#assembler.take(line);
    if (line.t === 'stats') this.#runNs = line.run_ns ?? null;
    this.#look();
  }

  #interrupt(why: string): void {
    this.#assembler.interrupt(why);
    this.#look();
  }

  #look(): void {
    for (const pod of this.#assembler.takeChanged()) this.#schedule(pod);
    for (const pod of this.#assembler.takeDropped()) if (this.#waiting.has(pod)) this.#tell(pod);
  }

  #schedule(pod: PodBirths): void {
    const nowMs = performance.now();
    const before = this.#waiting.get(pod);
    if (before !== undefined) clearTimeout(before.timer);
    const latestMs = before?.latestMs ?? nowMs + LONGEST_WAIT_MS;
    const timer = setTimeout(() => this.#tell(pod), Math.min(SETTLE_MS, Math.max(0, latestMs - nowMs)));
    this.#waiting.set(pod, { latestMs, timer });
  }

  #tell(pod: PodBirths): void {
    clearTimeout(this.#waiting.get(pod)?.timer);
    this.#waiting.delete(pod);
    const { localNames, sender, subtree } = this.#settings;
    const message = isBelow(subtree, pod.path) ? toPodCreation(pod, localNames, sender) : null;
    if (message === null) return;
    // The time of seeing is no news by itself.
    const digest = digestOf({ ...message, timestamp: '' });
    if (this.#told.get(pod) === digest) return;
    this.#told.set(pod, digest);
    this.#count += 1;
    this.#emit({ message, isSummary: false });
  }
}

/** A pod whose cgroup nobody saw is not left out: it may be any. */
const isBelow = (subtree: string, path: string | null): boolean =>
  path === null || path === subtree || path.startsWith(`${subtree}/`);

const digestOf = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('base64');

/** Loading the programs takes a tenth of a second; nobody waits for one that hangs. */
const FIRST_WORD_WITHIN_MS = 5000;

async function firstWord(tracer: KernelTracer): Promise<HelperState> {
  const heard = new AbortController();
  const patience = sleep(FIRST_WORD_WITHIN_MS, STARTING, { signal: heard.signal, ref: false }).catch(
    () => STARTING,
  );
  const state = await Promise.race([tracer.standing, patience]);
  heard.abort();
  return state;
}

function outlookOf(state: HelperState, log: Logger): BirthsOutlook {
  const text = describeBirths(state);
  const measured = state.births;
  if (measured || state.phase === 'off') log.info(text);
  else log.warn(text);
  return { measured, text };
}

/** Tells how pods and their containers were born, as the tracer saw it. */
export const createBirthsSource = (
  settings: BirthsSourceSettings,
  tracer: KernelTracer,
  log: Logger,
): BirthsSource => new PodBirthsSource(settings, tracer, log);
