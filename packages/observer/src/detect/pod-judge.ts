import { sameLimit, type CpuLimit } from '../rate/window.ts';
import {
  beginDetecting,
  detect,
  endOf,
  isIdle,
  isThrottled,
  letGo,
  tellNow,
  type DetectorState,
  type Report,
  type Sample,
} from './detector.ts';
import type { Judge } from './judge.ts';
import type { DetectorSettings } from './settings.ts';

/**
 * The worst that one of a pod's containers is at the moment at which the pod is judged: throttled by its own limit, or
 * `suspect`, seeming so for too short a time to tell, or not seen long enough for anything.
 */
export type WorstContainer = 'calm' | 'suspect' | 'throttled';

/**
 * `calm`: nothing to tell. `confirming`: throttling began, and the next samples decide whether it is a container's. `told`: throttling
 * of the pod was told.
 */
type Stage = 'calm' | 'confirming' | 'told';

export interface PodState {
  readonly stage: Stage;
  readonly detector: DetectorState;
}

export const beginJudgingPod = (limit: CpuLimit | null): PodState => ({
  stage: 'calm',
  detector: beginDetecting(limit),
});

interface PodStep {
  readonly state: PodState;
  readonly report: Report | null;
}

/**
 * Takes one sample of a pod's own group in. Pure.
 *
 * Kubernetes gives a pod's group the sum of its containers' limits, so that it throttles along with the only container
 * that has one: one cause, which the container tells best. So a pod is told of only while none of its containers is
 * throttled, when its own quota is the cause. As counters of pod and container are read one after the other, either may
 * cross the threshold one sample before the other: a pod waits for another sample before it begins to be told of. What was told once ends by the
 * pod's own figures only.
 */
export function judgePod(
  state: PodState,
  sample: Sample,
  worst: WorstContainer,
  settings: DetectorSettings,
): PodStep {
  if (state.stage === 'told') return whileTold(state, sample, worst, settings);
  const before = state.detector;
  const isComparable = sample.window !== null && sameLimit(before.limit, sample.limit);
  if (worst === 'throttled' || (isThrottled(before) && !isComparable))
    return { state: { stage: 'calm', detector: letGo(before, sample.limit) }, report: null };
  const { state: detector } = detect(before, sample, settings);
  // What ends before it was told of was no episode.
  if (isThrottled(before) && !isThrottled(detector))
    return { state: { stage: 'calm', detector: letGo(before, sample.limit) }, report: null };
  if (!isThrottled(detector)) return { state: { stage: 'calm', detector }, report: null };
  if (state.stage === 'calm' || worst === 'suspect')
    return { state: { stage: 'confirming', detector }, report: null };
  const told = tellNow(detector, sample, settings);
  return { state: { stage: 'told', detector: told.state }, report: told.report };
}

/** While a container is throttled, nothing new is said of the pod but its end. */
function whileTold(
  { detector: before }: PodState,
  sample: Sample,
  worst: WorstContainer,
  settings: DetectorSettings,
): PodStep {
  const { state: detector, report } = detect(before, sample, settings);
  const stage = isThrottled(detector) ? 'told' : 'calm';
  return {
    state: { stage, detector },
    report: worst === 'throttled' && report?.kind !== 'ended' ? null : report,
  };
}

/** Judges a pod's own group by its figures and by what its containers do. */
export class PodJudge implements Judge {
  readonly #settings: DetectorSettings;
  readonly #worst: () => WorstContainer;
  #state = beginJudgingPod(null);

  constructor(settings: DetectorSettings, worst: () => WorstContainer) {
    this.#settings = settings;
    this.#worst = worst;
  }

  get isThrottled(): boolean {
    return this.#state.stage === 'told';
  }
  get isIdle(): boolean {
    return isIdle(this.#state.detector);
  }
  /** Whether the pod is about to be told of, for which its containers must be known. */
  get isPending(): boolean {
    return this.#state.stage === 'confirming';
  }

  take(sample: Sample): Report | null {
    const { state, report } = judgePod(this.#state, sample, this.#worst(), this.#settings);
    this.#state = state;
    return report;
  }

  restart(limit: CpuLimit | null): void {
    if (!this.isThrottled) this.#state = beginJudgingPod(limit);
  }

  end(lastSampleMs: number): Report | null {
    return this.isThrottled ? endOf(this.#state.detector, lastSampleMs) : null;
  }
}
