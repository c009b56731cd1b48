import type { Clock } from '../clock.ts';
import type { Report } from '../detect/detector.ts';
import type { Judge } from '../detect/judge.ts';
import type { FoundGroup } from '../discover/walk.ts';
import type { Hierarchy } from '../hierarchy/hierarchy.ts';
import type { Identity } from '../identify/identify.ts';
import { windowBetween, type CpuReading } from '../rate/window.ts';
import { CpuFiles, type ReadingOutcome, type Scratch } from '../sample/cpu-files.ts';

/** What all groups of a hierarchy are sampled with. */
export interface Sampling {
  readonly hierarchy: Hierarchy;
  readonly scratch: Scratch;
  readonly clock: Clock;
}

export type SampleOutcome = 'sampled' | Exclude<ReadingOutcome, CpuReading>;

/** One group under observation: its open files and who judges it. */
export class WatchedGroup<J extends Judge = Judge> {
  readonly path: string;
  readonly identity: Identity;
  readonly judge: J;
  readonly #sampling: Sampling;
  readonly #files: CpuFiles;
  #before: CpuReading | null = null;
  #beforeWallMs = 0;

  constructor(sampling: Sampling, { path, inode }: FoundGroup, identity: Identity, judge: J) {
    this.path = path;
    this.identity = identity;
    this.judge = judge;
    this.#sampling = sampling;
    this.#files = new CpuFiles(sampling.hierarchy, path, inode);
  }

  get hasLimit(): boolean {
    return this.#before?.limit != null;
  }
  get isThrottled(): boolean {
    return this.judge.isThrottled;
  }

  /** Takes one sample; tells what is to be told. */
  sample(tell: (report: Report, group: WatchedGroup) => void): SampleOutcome {
    const { clock, scratch } = this.#sampling;
    const reading = this.#files.read(scratch, clock.monotonicMs, this.isThrottled);
    if (typeof reading === 'string') {
      this.#before = null;
      return reading;
    }
    const before = this.#before;
    this.#before = reading;
    this.#beforeWallMs = clock.wallMs();
    if (before === null) {
      this.judge.restart(reading.limit);
      return 'sampled';
    }
    // Most groups, most of the time: no quota, or nothing run. Nothing to add up, and nothing to make garbage of.
    if (reading.nrPeriods === before.nrPeriods && this.judge.isIdle) return 'sampled';
    const window = windowBetween(before, reading);
    const report = this.judge.take({ window, limit: reading.limit, endMs: this.#beforeWallMs });
    if (report !== null) tell(report, this);
    return 'sampled';
  }

  /** The group is gone: closes its files and tells the last word where one is due. */
  end(tell: (report: Report, group: WatchedGroup) => void): void {
    const report = this.judge.end(this.#beforeWallMs);
    this.close();
    if (report !== null) tell(report, this);
  }

  close(): void {
    this.#files.close();
  }
}
