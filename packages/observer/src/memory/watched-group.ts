import type { Clock } from '../clock.ts';
import { MemoryFiles, type MemoryFileSettings } from '../sample/memory-files.ts';
import type { Scratch } from '../sample/scratch.ts';
import type { Group } from '../discover/group.ts';
import {
  CALM_MEMORY,
  detectMemory,
  endOfMemory,
  isCalmMemory,
  isNearLimit,
  type MemoryReport,
  type MemorySettings,
} from './detector.ts';
import { windowBetween, type MemoryReading, type MemoryWindow } from '../rate/memory-window.ts';

/** What all groups are sampled with. */
export interface MemorySampling {
  readonly version: 1 | 2;
  /** Directory of the groups with the memory controller's files. */
  readonly root: string;
  readonly scratch: Scratch;
  readonly clock: Clock;
  readonly settings: MemorySettings;
}

/** `skipped`: there are no files, or it is not this group's turn. */
export type SampleOutcome = 'sampled' | 'skipped' | 'unreadable';

/** A group without files is looked for again after this many sweeps at most: the controller may be enabled for it later. */
const LONGEST_ABSENCE = 64;

/** What a group that was made under our eyes counted when it was made. */
const atBirth = (first: MemoryReading, bornMs: number): MemoryReading => ({
  ...first,
  atMs: bornMs,
  oomKills: first.oomKills === null ? null : 0,
  stall: null,
});

/** One group's memory under observation. */
export class WatchedMemory {
  readonly group: Group;
  readonly #sampling: MemorySampling;
  readonly #files: MemoryFiles;
  readonly #every: number;
  #state = CALM_MEMORY;
  #before: MemoryReading | null = null;
  #window: MemoryWindow | null = null;
  #beforeWallMs = 0;
  #isNew = true;
  /** Sweeps to wait before the files are read again, and how many there were to wait last for files that are not there. */
  #wait = 0;
  #lastWait = 0;

  /** With `every` it is sampled only at each so-manieth sweep. */
  constructor(sampling: MemorySampling, group: Group, files: MemoryFileSettings, every = 1) {
    this.group = group;
    this.#sampling = sampling;
    this.#every = every;
    // Spreads the groups over the sweeps.
    this.#wait = group.inode % every;
    this.#files = new MemoryFiles(sampling, `${sampling.root}${group.path}`, group.inode, files);
  }

  get hasLimit(): boolean {
    return this.#before?.level.limitBytes != null;
  }
  get isPressed(): boolean {
    return this.#state.told !== null;
  }
  /** Whether it is short of memory, or seems so. */
  get isSuspect(): boolean {
    return this.isPressed || this.#state.isNear || this.#state.isStalled;
  }
  /** The kernel's count of kills at the last reading; null where there is none. */
  get countedKills(): number | null {
    return this.#before?.oomKills ?? null;
  }
  /** How many of them happened since the sample before; 0 where that is not known. */
  get newKills(): number {
    return this.#window?.oomKills ?? 0;
  }

  /** Takes one sample. What is to be told of it is for `judge` to say. */
  sample(): SampleOutcome {
    this.#window = null;
    if (this.#wait > 0) {
      this.#wait -= 1;
      return 'skipped';
    }
    const { clock, scratch } = this.#sampling;
    const reading = this.#files.read(scratch, clock.monotonicMs, this.isSuspect);
    if (typeof reading === 'string') return this.#missed(reading);
    this.#lastWait = 0;
    this.#wait = this.#every - 1;
    const before = this.#beforeOf(reading);
    this.#before = reading;
    this.#beforeWallMs = clock.wallMs();
    this.#window = before === null ? null : windowBetween(before, reading);
    return 'sampled';
  }

  /**
   * Judges the sample that was just taken. `oomKills` is how many of its kills are this group's own to tell, null where that is
   * not counted; `isShadowed`: something in the group is short of memory, which is told of instead.
   */
  judge(oomKills: number | null, isShadowed: boolean): MemoryReport | null {
    if (this.#before === null) return null;
    const { level } = this.#before;
    const { isStallRead } = this.#files;
    const window = this.#window;
    // What is kept until the next sweep outlives the young generation, and most of it is not looked at again.
    this.#window = null;
    const { settings } = this.#sampling;
    // Most groups, most of the time: nothing to add up, and nothing to make garbage of.
    const isQuiet = !isStallRead && (oomKills ?? 0) === 0 && !isNearLimit(level, settings);
    if (isQuiet && this.#state === CALM_MEMORY) return null;
    const { state, report } = detectMemory(
      this.#state,
      {
        window: window === null ? null : { ...window, oomKills },
        level,
        endMs: this.#beforeWallMs,
        isShadowed,
        isStallRead,
      },
      settings,
    );
    this.#state = !isStallRead && isCalmMemory(state) ? CALM_MEMORY : state;
    return report;
  }

  /** The group is gone: closes its files and says the last word where one is due. */
  end(): MemoryReport | null {
    this.close();
    return endOfMemory(this.#state, this.#beforeWallMs);
  }

  close(): void {
    this.#files.close(this.#sampling.scratch.descriptors);
  }

  #beforeOf(reading: MemoryReading): MemoryReading | null {
    const { bornMs } = this.group;
    const isBirth = this.#isNew && bornMs !== null;
    this.#isNew = false;
    return isBirth ? atBirth(reading, bornMs) : this.#before;
  }

  #missed(outcome: 'gone' | 'unreadable'): 'skipped' | 'unreadable' {
    this.#before = null;
    if (outcome === 'unreadable') return outcome;
    this.#lastWait = Math.min(LONGEST_ABSENCE, Math.max(1, this.#lastWait * 2));
    this.#wait = this.#lastWait;
    return 'skipped';
  }
}
