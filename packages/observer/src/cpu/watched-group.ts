import type { Clock } from '../clock.ts';
import type { Report } from '../detect/detector.ts';
import type { Judge } from '../detect/judge.ts';
import type { Hierarchy } from '../hierarchy/hierarchy.ts';
import { windowBetween, type CpuReading } from '../rate/window.ts';
import type { BandwidthSweep } from '../sample/bandwidth-sweep.ts';
import { CpuFiles, type ReadingOutcome } from '../sample/cpu-files.ts';
import type { Scratch } from '../sample/scratch.ts';
import type { Group } from '../discover/group.ts';

/** What all groups of a hierarchy are sampled with. */
export interface Sampling {
  readonly hierarchy: Hierarchy;
  readonly scratch: Scratch;
  readonly clock: Clock;
  readonly bandwidth: BandwidthSweep;
}

export type SampleOutcome = 'sampled' | Exclude<ReadingOutcome, CpuReading>;

type Tell = (report: Report, group: Group) => void;

/** What a group that was made under our eyes counted when it was made. Its quota was set before anything ran in it. */
const atBirth = (first: CpuReading, bornMs: number): CpuReading => ({
  inode: first.inode,
  atMs: bornMs,
  nrPeriods: 0,
  nrThrottled: 0,
  throttledUs: 0,
  usageUs: first.usageUs === null ? null : 0,
  limit: first.limit,
});

/** One group under observation: its open files and who judges it. */
export class WatchedGroup<J extends Judge = Judge> {
  readonly group: Group;
  readonly judge: J;
  readonly #sampling: Sampling;
  readonly #files: CpuFiles;
  #before: CpuReading | null = null;
  #isNew = true;
  #isJudged = false;
  /** When the counters were last known to be those of `#before`: a number of its own, so that a quiet group makes no garbage. */
  #beforeAtMs = -Infinity;
  #beforeWallMs = 0;

  constructor(sampling: Sampling, group: Group, judge: J) {
    this.group = group;
    this.judge = judge;
    this.#sampling = sampling;
    this.#files = new CpuFiles(sampling.hierarchy, group.path, group.inode);
  }

  get hasLimit(): boolean {
    return this.#before?.limit != null;
  }
  /** False while there is one reading alone, which says nothing of how it is; where nothing is counted, there is nothing to know. */
  get isJudged(): boolean {
    return this.#isJudged;
  }
  get isThrottled(): boolean {
    return this.judge.isThrottled;
  }

  /** Takes one sample; tells what is to be told. */
  sample(tell: Tell): SampleOutcome {
    const { clock, scratch } = this.#sampling;
    if (this.#isUntouched()) return 'sampled';
    const reading = this.#files.read(scratch, clock.monotonicMs, this.isThrottled);
    if (typeof reading === 'string') {
      this.#before = null;
      this.#isJudged = true;
      return reading;
    }
    const before = this.#beforeOf(reading);
    this.#isJudged = before !== null;
    this.#before = reading;
    this.#beforeAtMs = reading.atMs;
    this.#beforeWallMs = clock.wallMs();
    // Most groups, most of the time: no quota, or nothing run. Nothing to add up, and nothing to make garbage of.
    if (before === null || (reading.nrPeriods === before.nrPeriods && this.judge.isIdle)) return 'sampled';
    const window = windowBetween(before, reading);
    const report = this.judge.take({ window, limit: reading.limit, endMs: this.#beforeWallMs });
    if (report !== null) tell(report, this.group);
    return 'sampled';
  }

  /** The group is gone: closes its files and tells the last word where one is due. */
  end(tell: Tell): void {
    const report = this.judge.end(this.#beforeWallMs);
    this.close();
    if (report !== null) tell(report, this.group);
  }

  close(): void {
    this.#files.close(this.#sampling.scratch.descriptors);
  }

  /**
   * Whether the kernel's sweep shows that nothing ran under the quota since the last reading, where that changes nothing.
   * Then its counters are what they were, a little later.
   */
  #isUntouched(): boolean {
    const { bandwidth } = this.#sampling;
    const { inode } = this.group;
    const before = this.#before;
    if (before === null || inode === 0 || !this.judge.isIdle || bandwidth.atMs <= this.#beforeAtMs)
      return false;
    const nrPeriods = bandwidth.periodsOf(inode);
    if (nrPeriods === null ? before.limit !== null : nrPeriods !== before.nrPeriods) return false;
    this.#beforeAtMs = bandwidth.atMs;
    this.#isJudged = true;
    return true;
  }

  /** What the reading is to be compared with. */
  #beforeOf(reading: CpuReading): CpuReading | null {
    if (this.#before !== null) {
      const isSame = this.#before.atMs === this.#beforeAtMs;
      return isSame ? this.#before : { ...this.#before, atMs: this.#beforeAtMs };
    }
    const { bornMs } = this.group;
    const isFirst = this.#isNew;
    this.#isNew = false;
    this.judge.restart(reading.limit);
    return isFirst && bornMs !== null ? atBirth(reading, bornMs) : null;
  }
}
