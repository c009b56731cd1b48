import type { CpuLimit } from '../rate/window.ts';
import {
  beginDetecting,
  detect,
  endOf,
  isThrottled,
  type DetectorSettings,
  type DetectorState,
  type Report,
  type Sample,
} from './detector.ts';
import type { Judge } from './judge.ts';

/**
 * The worst that one of a pod's containers is at the moment at which the pod is judged: throttled by its own limit, or
 * `suspect`, seeming so in too few periods to judge by, or seen too short a time for any.
 */
export type WorstContainer = 'calm' | 'suspect' | 'throttled';

/**
 * `calm`: nothing to tell. `confirming`: a window was throttled and no container was; the next window decides. `told`: throttling
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
 * cross the threshold one window before the other: a pod waits for a second window in a row before it begins to be told
 * of. What was told once ends by the pod's own figures only.
 */
export function judgePod(
  state: PodState,
  sample: Sample,
  worst: WorstContainer,
  settings: DetectorSettings,
): PodStep {
  if (state.stage === 'told') return whileTold(state, sample, worst, settings);
  if (worst === 'throttled') return { state: beginJudgingPod(sample.limit), report: null };
  const { state: detector, report } = detect(state.detector, sample, settings);
  if (report === null) {
    // Nothing gathered: the window is complete and was calm, or its figures could not be compared.
    const stage = detector.gathered === null ? 'calm' : state.stage;
    return { state: { stage, detector }, report: null };
  }
  if (state.stage === 'confirming' && worst === 'calm') return { state: { stage: 'told', detector }, report };
  return { state: { stage: 'confirming', detector: beginDetecting(sample.limit) }, report: null };
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
    return this.#state.stage === 'calm' && this.#state.detector.gathered === null;
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
    return endOf(this.#state.detector, lastSampleMs);
  }
}
