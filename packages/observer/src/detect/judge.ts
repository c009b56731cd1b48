import type { CpuLimit } from '../rate/window.ts';
import {
  beginDetecting,
  detect,
  endOf,
  isIdle,
  isSuspect,
  isThrottled,
  type DetectorState,
  type Report,
  type Sample,
} from './detector.ts';
import type { DetectorSettings } from './settings.ts';

/** Decides for one group what is to be told of it. */
export interface Judge {
  /** Whether it was told that the group is throttled, and not yet that this is over. */
  readonly isThrottled: boolean;
  /** Whether nothing is remembered, so that a sample in which nothing ran changes nothing. */
  readonly isIdle: boolean;
  take(sample: Sample): Report | null;
  /** Begins anew after readings that do not follow one another; what was told stays told. */
  restart(limit: CpuLimit | null): void;
  /** The last word about a group that is gone, where one is due. */
  end(lastSampleMs: number): Report | null;
}

/** Judges a group by its own figures alone. */
export class GroupJudge implements Judge {
  readonly #settings: DetectorSettings;
  #state: DetectorState = beginDetecting(null);

  constructor(settings: DetectorSettings) {
    this.#settings = settings;
  }

  get isThrottled(): boolean {
    return isThrottled(this.#state);
  }
  get isIdle(): boolean {
    return isIdle(this.#state);
  }
  /** Whether it is throttled and it is too early to tell. */
  get isSuspect(): boolean {
    return isSuspect(this.#state, this.#settings);
  }

  take(sample: Sample): Report | null {
    const { state, report } = detect(this.#state, sample, this.#settings);
    this.#state = state;
    return report;
  }

  restart(limit: CpuLimit | null): void {
    if (!this.isThrottled) this.#state = beginDetecting(limit);
  }

  end(lastSampleMs: number): Report | null {
    return endOf(this.#state, lastSampleMs);
  }
}
