import { spawn, type ChildProcess, type ChildProcessWithoutNullStreams } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Logger } from 'pino';
import { backoffMs } from '../deliver/backoff.ts';
import type { FoundHelper } from './find-helper.ts';
import { stateAfter, STARTING, type HelperState } from './helper-state.ts';
import type { BandwidthBatch } from '../sample/bandwidth-sweep.ts';
import { decodeLine, type GroupLine, type TraceLine } from './line.ts';
import { FrameDecoder } from './sample-frames.ts';
import { LineSplitter } from './split-lines.ts';

/** How long to wait for what; all in milliseconds. */
export interface HelperPatience {
  /** Without a word for this long it hangs, and is killed: it speaks every second. */
  readonly silence: number;
  /** It counts as well again when it has run for this long. */
  readonly recovery: number;
  /** To its end, once it is asked to. */
  readonly farewell: number;
  /** Before it is started again after so many failures in a row. */
  readonly pause: (failures: number) => number;
}

const PATIENCE: HelperPatience = {
  silence: 15_000,
  recovery: 60_000,
  farewell: 1000,
  pause: (failures) => backoffMs(failures, Math.random()),
};

export interface HelperStats {
  readonly phase: HelperState['phase'];
  /** How often it was started again. */
  readonly restarts: number;
  readonly lines: number;
  /** Lines that could not be read, or were too long. */
  readonly garbage: number;
  /** Bytes on the samples' channel that belonged to no frame. */
  readonly skippedBytes: number;
}

/** The tracer as the rest of the observer sees it: always there, whether it runs or not. */
export interface KernelTracer {
  start(): void;
  /** Every line that was understood, in order; `null` where the tracer ended and what was under way is lost. */
  onLine(listener: (line: TraceLine | null) => void): void;
  /** The groups with a quota, each interval. */
  onSamples(listener: (batch: BandwidthBatch) => void): void;
  /** Groups that were made and removed, as it happens. */
  onGroups(listener: (line: GroupLine) => void): void;
  /** Time between two samples; 0 for none. */
  setSampleInterval(ms: number): void;
  /** Whether births are traced: they are the first to be let go when the node is to be spared. */
  setBirths(on: boolean): void;
  /** How it stands, once it has said its first word or never will. */
  readonly standing: Promise<HelperState>;
  stats(): HelperStats;
  close(): Promise<void>;
}

/** Longer than any line that the tracer can write; what is longer is none of its. */
const LONGEST_LINE = 256 * 1024;
/** Without ever having said hello it is not tried more often: what it lacks does not come by waiting. */
const FIRST_TRIES = 3;
const LONGEST_COMPLAINT = 300;

class Helper implements KernelTracer {
  readonly standing: Promise<HelperState>;
  readonly #found: FoundHelper;
  readonly #log: Logger;
  readonly #patience: HelperPatience;
  readonly #lineListeners: ((line: TraceLine | null) => void)[] = [];
  readonly #sampleListeners: ((batch: BandwidthBatch) => void)[] = [];
  readonly #groupListeners: ((line: GroupLine) => void)[] = [];
  /** What it is told anew whenever it is started, by the command's name. */
  readonly #wishes = new Map<string, string>();
  #settle: (state: HelperState) => void = () => undefined;
  #state: HelperState = STARTING;
  #child: ChildProcess | null = null;
  #gone: Promise<void> = Promise.resolve();
  #isClosed = false;
  #hasSaidHello = false;
  #failures = 0;
  #startedMs = 0;
  #restarts = 0;
  #lines = 0;
  #garbage = 0;
  #skippedBytes = 0;
  /** The last thing on its standard error: most likely why it ended. */
  #complaint = '';
  #timer: NodeJS.Timeout | null = null;
  #watchdog: NodeJS.Timeout | null = null;

  constructor(found: FoundHelper, log: Logger, patience: HelperPatience) {
    this.#found = found;
    this.#log = log;
    this.#patience = patience;
    this.standing = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  onLine(listener: (line: TraceLine | null) => void): void {
    this.#lineListeners.push(listener);
  }
  onSamples(listener: (batch: BandwidthBatch) => void): void {
    this.#sampleListeners.push(listener);
  }
  onGroups(listener: (line: GroupLine) => void): void {
    this.#groupListeners.push(listener);
  }
  setSampleInterval(ms: number): void {
    this.#wish('interval', String(ms));
  }
  setBirths(on: boolean): void {
    this.#wish('births', on ? 'on' : 'off');
  }

  start(): void {
    if (this.#found.path === null)
      this.#stand({ phase: this.#found.phase, births: false, missing: [this.#found.why] });
    else this.#launch(this.#found.path);
  }

  stats(): HelperStats {
    return {
      phase: this.#state.phase,
      restarts: this.#restarts,
      lines: this.#lines,
      garbage: this.#garbage,
      skippedBytes: this.#skippedBytes,
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopTimers();
    this.#settle(this.#state);
    const child = this.#child;
    if (child === null) return;
    child.stdin?.end();
    const kill = setTimeout(() => child.kill('SIGKILL'), this.#patience.farewell);
    await this.#gone;
    clearTimeout(kill);
  }

  #launch(path: string): void {
    this.#startedMs = performance.now();
    this.#complaint = '';
    const child = spawned(path);
    if (child instanceof Error) {
      this.#ended(path, child.message);
      return;
    }
    this.#child = child;
    this.#gone = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        this.#ended(path, signal ?? `code ${code ?? 'unknown'}`);
        resolve();
      });
    });
    // What could not be started closes too; the error says why.
    child.once('error', ({ message }) => {
      this.#complaint ||= message;
    });
    // A tracer that ends while it is spoken to is noticed by its end.
    child.stdin.on('error', () => undefined);
    this.#readLines(child.stdout);
    this.#readSamples(child.stdio[3] as Readable | null | undefined);
    this.#readComplaints(child.stderr);
    for (const [command, value] of this.#wishes) child.stdin.write(`${command} ${value}\n`);
    this.#watch(child);
  }

  #readLines(stream: Readable | null): void {
    const splitter = new LineSplitter(LONGEST_LINE);
    let tooLong = 0;
    stream?.on('data', (chunk: Buffer) => {
      this.#watchdog?.refresh();
      for (const line of splitter.push(chunk)) this.#take(line);
      this.#garbage += splitter.tooLong - tooLong;
      tooLong = splitter.tooLong;
    });
  }

  #take(text: string): void {
    const line = decodeLine(text);
    if (line === 'garbage') this.#garbage += 1;
    if (typeof line === 'string') return;
    this.#lines += 1;
    if (line.t === 'hello') {
      this.#hasSaidHello = true;
      this.#stand(stateAfter(line));
    }
    if (line.t === 'bye') this.#complaint = line.why ?? this.#complaint;
    if (line.t === 'mkdir' || line.t === 'rmdir') for (const listener of this.#groupListeners) listener(line);
    for (const listener of this.#lineListeners) listener(line);
  }

  #readSamples(stream: Readable | null | undefined): void {
    const decoder = new FrameDecoder();
    let skipped = 0;
    stream?.on('data', (chunk: Buffer) => {
      for (const batch of decoder.push(chunk)) for (const listener of this.#sampleListeners) listener(batch);
      this.#skippedBytes += decoder.skippedBytes - skipped;
      skipped = decoder.skippedBytes;
    });
  }

  #readComplaints(stream: Readable | null): void {
    const splitter = new LineSplitter(LONGEST_LINE);
    stream?.on('data', (chunk: Buffer) => {
      for (const line of splitter.push(chunk)) {
        this.#complaint = line.slice(0, LONGEST_COMPLAINT);
        this.#log.warn({ said: this.#complaint }, 'the tracer complains');
      }
    });
  }

  #watch(child: ChildProcess): void {
    this.#watchdog = setTimeout(() => {
      this.#complaint = 'it was silent and was killed';
      child.kill('SIGKILL');
    }, this.#patience.silence);
  }

  #ended(path: string, how: string): void {
    this.#stopTimers();
    this.#child = null;
    for (const listener of this.#lineListeners) listener(null);
    if (this.#isClosed) return;
    const why = `the tracer ended (${how})${this.#complaint === '' ? '' : `: ${this.#complaint}`}`;
    const wasWell = performance.now() - this.#startedMs >= this.#patience.recovery;
    this.#failures = wasWell ? 1 : this.#failures + 1;
    const isRefused = this.#state.phase === 'refused';
    if (isRefused || (!this.#hasSaidHello && this.#failures >= FIRST_TRIES)) {
      this.#stand(isRefused ? this.#state : { phase: 'refused', births: false, missing: [why] });
      return;
    }
    this.#rest(path, why);
  }

  #rest(path: string, why: string): void {
    const waitMs = this.#patience.pause(this.#failures);
    this.#log.warn({ why, waitMs }, 'the tracer will be started again');
    this.#state = { phase: 'resting', births: false, missing: [why] };
    this.#timer = setTimeout(() => {
      this.#restarts += 1;
      this.#launch(path);
    }, waitMs);
  }

  #stand(state: HelperState): void {
    this.#state = state;
    this.#settle(state);
  }

  #wish(command: string, value: string): void {
    this.#wishes.set(command, value);
    this.#child?.stdin?.write(`${command} ${value}\n`);
  }

  #stopTimers(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#watchdog !== null) clearTimeout(this.#watchdog);
  }
}

/**
 * Some of what keeps a program from starting Node throws. EPERM is one: the program's file has capabilities that this process
 * may not have (capabilities(7)).
 */
function spawned(path: string): ChildProcessWithoutNullStreams | Error {
  try {
    return spawn(path, [], { stdio: ['pipe', 'pipe', 'pipe', 'pipe'] });
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Keeps the tracer running beside this process: it is a program of its own, since it needs capabilities that we do not. */
export const createHelper = (
  found: FoundHelper,
  log: Logger,
  patience: HelperPatience = PATIENCE,
): KernelTracer => new Helper(found, log, patience);
