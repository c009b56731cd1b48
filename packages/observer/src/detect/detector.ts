import { joinWindows, sameLimit, throttledPercent, type CpuLimit, type CpuWindow } from '../rate/window.ts';
import { calmAfter, fade, patienceAfter, remember, type Habit } from './habit.ts';
import {
  advance,
  lastWord,
  latch,
  NO_BAND,
  startAnew,
  type Latched,
  type LatchRules,
  type Told,
} from './latch.ts';
import type { DetectorSettings, WindowRule } from './settings.ts';
import { shown, slide, type Sliding } from './sliding.ts';

export type { DetectorSettings } from './settings.ts';

/** What is to be told of a group's throttling. */
export type Report = Told<CpuWindow, CpuLimit | null>;

/** One step of the clock, as the detector sees it. */
export interface Sample {
  /** Null where the last two readings cannot be compared. */
  readonly window: CpuWindow | null;
  readonly limit: CpuLimit | null;
  /** When the window ended: Unix time in milliseconds. */
  readonly endMs: number;
}

/** What is remembered of a group between samples: bounded, whatever happens. */
export interface DetectorState {
  readonly limit: CpuLimit | null;
  /** What was throttled lately, while nothing is told of it. */
  readonly doubt: Doubt | null;
  /** While throttling is told of: what has been added up for the next look. */
  readonly gathered: CpuWindow | null;
  /** Null while the group is not throttled. */
  readonly throttled: Latched<CpuWindow, CpuLimit | null> | null;
  /** Null where it was not throttled for long. */
  readonly habit: Habit | null;
}

/** Throttling that is not told of, as the two windows show it. */
interface Doubt {
  readonly sudden: Sliding | null;
  readonly lasting: Sliding;
  /** Samples with throttling in them since the lasting window was last clean, in seconds. */
  readonly heldSeconds: number;
}

interface Step {
  readonly state: DetectorState;
  readonly report: Report | null;
}

/** While throttling is told of, a look with too few periods waits this long for more, in seconds. */
const LONGEST_GATHERING_SECONDS = 5;
/** Shares above which throttling is worse: the severities of a whisper. */
const BANDS = [50, 80] as const;
/** Samples are not exactly as long as the interval: three of a second may add up to 2.997 s. */
const NEARLY = 0.98;
const LEAVE_SHARE = 2 / 3;

const bandOf = (window: CpuWindow): number => {
  const percent = throttledPercent(window);
  return BANDS.filter((bound) => percent > bound).length;
};

/** Run time withheld in each second of the clock, in milliseconds. */
const impactOf = ({ throttledSeconds, seconds }: CpuWindow): number => (1000 * throttledSeconds) / seconds;

const rulesOf = (habit: Habit | null, settings: DetectorSettings): LatchRules<CpuWindow> => ({
  join: joinWindows,
  bandOf,
  isNews: () => false,
  // 0 % would say that it is over before the calm time says so.
  isTellable: ({ nrPeriods, nrThrottled }) => nrPeriods >= settings.minPeriods && nrThrottled > 0,
  calmSeconds: calmAfter(habit, settings),
  summarySeconds: settings.summarySeconds,
});

export const beginDetecting = (limit: CpuLimit | null): DetectorState => ({
  limit,
  doubt: null,
  gathered: null,
  throttled: null,
  habit: null,
});

/** Whether the group is throttled as far as was told. */
export const isThrottled = ({ throttled }: DetectorState): boolean => throttled !== null;

/** Whether nothing is remembered, so that a sample in which nothing ran changes nothing. */
export const isIdle = ({ doubt, throttled, habit }: DetectorState): boolean =>
  doubt === null && throttled === null && habit === null;

/** Whether what was throttled in the last seconds may yet be told. */
export function isSuspect({ doubt }: DetectorState, { enterPercent }: DetectorSettings): boolean {
  const seen = doubt?.sudden ? shown(doubt.sudden) : null;
  return seen !== null && throttledPercent(seen.window) >= enterPercent;
}

/** Takes one sample in. Pure: the same state and sample make the same step. */
export function detect(state: DetectorState, sample: Sample, settings: DetectorSettings): Step {
  const comparable = sample.window !== null && sameLimit(state.limit, sample.limit);
  if (sample.window === null || !comparable) return startOver(state, sample);
  const measured = { ...sample, window: sample.window };
  return state.throttled === null
    ? whileCalm(state, measured, settings)
    : whileThrottled({ ...state, throttled: state.throttled }, measured, settings);
}

/** Forgets what was added up. Under another limit there is no habit yet: whoever changed it shall soon see what it does. */
export const letGo = (before: DetectorState, limit: CpuLimit | null): DetectorState => ({
  ...beginDetecting(limit),
  habit: sameLimit(before.limit, limit) ? before.habit : null,
});

/** Figures of before and after a change of limit, or of a reset, do not add up to one window: what was gathered is let go. */
function startOver(before: DetectorState, { limit }: Sample): Step {
  const { throttled } = before;
  const going =
    throttled === null
      ? null
      : startAnew(throttled, sameLimit(before.limit, limit) ? throttled.band : NO_BAND);
  return { state: { ...letGo(before, limit), throttled: going }, report: null };
}

interface Measured extends Sample {
  readonly window: CpuWindow;
}

function whileCalm(state: DetectorState, sample: Measured, settings: DetectorSettings): Step {
  const { window } = sample;
  const doubt = doubtAfter(state.doubt, window, settings);
  const news = doubt === null ? null : newsIn(doubt, settings);
  if (doubt === null || news === null) {
    const habit = fade(state.habit, window.seconds, settings);
    return { state: { ...state, doubt, habit }, report: null };
  }
  if (doubt.heldSeconds < patienceAfter(state.habit, impactOf(news), settings)) {
    const habit = state.habit === null ? null : { ...state.habit, quietSeconds: 0 };
    return { state: { ...state, doubt, habit }, report: null };
  }
  const rules = rulesOf(state.habit, settings);
  const { latched: throttled, report } = latch({ ...sample, window: news }, rules);
  return { state: { ...state, doubt: null, gathered: null, throttled }, report };
}

function doubtAfter(
  before: Doubt | null,
  window: CpuWindow,
  { sudden, lasting: slow }: DetectorSettings,
): Doubt | null {
  const lasting = slide(before?.lasting ?? null, window, slow.halfSeconds);
  if (lasting === null) return null;
  return {
    sudden: slide(before?.sudden ?? null, window, sudden.halfSeconds),
    lasting,
    heldSeconds: (before?.heldSeconds ?? 0) + (window.nrThrottled > 0 ? window.seconds : 0),
  };
}

/** The figures of the window that is news; null where neither is. */
function newsIn({ sudden, lasting }: Doubt, settings: DetectorSettings): CpuWindow | null {
  return (
    (sudden && passing(sudden, settings.sudden, settings)) ?? passing(lasting, settings.lasting, settings)
  );
}

function passing(
  sliding: Sliding,
  { heldSeconds, msPerSecond, periodsFactor }: WindowRule,
  { enterPercent, minPeriods }: DetectorSettings,
): CpuWindow | null {
  const seen = shown(sliding);
  if (seen === null || seen.heldSeconds < heldSeconds * NEARLY) return null;
  const { window } = seen;
  return window.nrPeriods >= minPeriods * periodsFactor &&
    throttledPercent(window) >= enterPercent &&
    impactOf(window) >= msPerSecond
    ? window
    : null;
}

interface WhileThrottled extends DetectorState {
  readonly throttled: Latched<CpuWindow, CpuLimit | null>;
}

/** Below two thirds of either measure it is calm: a share without impact is none, and time withheld in few of many periods neither. */
const isCalm = (window: CpuWindow, { enterPercent, lasting }: DetectorSettings): boolean =>
  window.nrThrottled === 0 ||
  throttledPercent(window) < enterPercent * LEAVE_SHARE ||
  impactOf(window) < lasting.msPerSecond * LEAVE_SHARE;

/** Samples with few periods and some throttling are looked at together, so that the calm time is one stretch without a gap. */
function whileThrottled(state: WhileThrottled, sample: Measured, settings: DetectorSettings): Step {
  const window = joinWindows(state.gathered, sample.window);
  const isConclusive =
    window.nrThrottled === 0 ||
    window.nrPeriods >= settings.minPeriods ||
    window.seconds >= LONGEST_GATHERING_SECONDS;
  if (!isConclusive) {
    const sinceReport = joinWindows(state.throttled.sinceReport, sample.window);
    return {
      state: { ...state, gathered: window, throttled: { ...state.throttled, sinceReport } },
      report: null,
    };
  }
  // Without a quota nothing can be throttled, so one window that shows it is enough.
  const look = { window, isCalm: isCalm(window, settings), isOver: sample.limit === null };
  const { latched: throttled, report } = advance(
    state.throttled,
    sample,
    look,
    rulesOf(state.habit, settings),
  );
  const habit =
    throttled === null ? remember(state.habit, impactOf(state.throttled.last.window)) : state.habit;
  return { state: { ...state, gathered: null, throttled, habit }, report };
}

/** Tells what began, with everything since then, as if it had begun now. */
export function tellNow(state: DetectorState, sample: Sample, settings: DetectorSettings): Step {
  if (state.throttled === null) return { state, report: null };
  const { last, sinceReport } = state.throttled;
  const window = sinceReport === null ? last.window : joinWindows(last.window, sinceReport);
  const rules = rulesOf(state.habit, settings);
  const { latched: throttled, report } = latch({ ...sample, window }, rules);
  return { state: { ...state, throttled }, report };
}

/** The last word about a group that vanished; null where there is nothing to end. */
export const endOf = ({ throttled, limit }: DetectorState, lastSampleMs: number): Report | null =>
  throttled === null
    ? null
    : lastWord(throttled, { limit, endMs: lastSampleMs }, ({ nrPeriods }) => nrPeriods > 0);
