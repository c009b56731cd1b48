import { joinWindows, sameLimit, throttledPercent, type CpuLimit, type CpuWindow } from '../rate/window.ts';
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

/** When throttling counts as begun, as over, and how often it is told of in between. */
export interface DetectorSettings {
  /** Throttling begins when at least this share of the active periods was throttled, in percent. */
  readonly enterPercent: number;
  /** Windows are added up until they have this many active periods: a single period says 0 or 100 %. */
  readonly minPeriods: number;
  /** Throttling is over after this long below two thirds of `enterPercent`, in seconds. */
  readonly calmSeconds: number;
  /** While it lasts and does not get worse, it is told of this often, in seconds. */
  readonly summarySeconds: number;
}

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
  /** What has been added up for the next look. */
  readonly gathered: CpuWindow | null;
  /** Null while the group is not throttled. */
  readonly throttled: Latched<CpuWindow, CpuLimit | null> | null;
}

interface Step {
  readonly state: DetectorState;
  readonly report: Report | null;
}

/** A group with too few periods to look at is not judged by what it did longer ago than this. */
const LONGEST_GATHERING_SECONDS = 60;
/** Shares above which throttling is worse: the severities of a whisper. */
const BANDS = [50, 80] as const;
const LEAVE_SHARE = 2 / 3;

const bandOf = (window: CpuWindow): number => {
  const percent = throttledPercent(window);
  return BANDS.filter((bound) => percent > bound).length;
};

const rulesOf = ({ minPeriods, calmSeconds, summarySeconds }: DetectorSettings): LatchRules<CpuWindow> => ({
  join: joinWindows,
  bandOf,
  isNews: () => false,
  isTellable: ({ nrPeriods }) => nrPeriods >= minPeriods,
  calmSeconds,
  summarySeconds,
});

export const beginDetecting = (limit: CpuLimit | null): DetectorState => ({
  limit,
  gathered: null,
  throttled: null,
});

/** Whether the group is throttled as far as was told. */
export const isThrottled = ({ throttled }: DetectorState): boolean => throttled !== null;

/** Takes one sample in. Pure: the same state and sample make the same step. */
export function detect(state: DetectorState, sample: Sample, settings: DetectorSettings): Step {
  const comparable = sample.window !== null && sameLimit(state.limit, sample.limit);
  if (sample.window === null || !comparable) return startOver(state, sample);
  const gathered = joinWindows(state.gathered, sample.window);
  return state.throttled === null
    ? whileCalm(state, { ...sample, window: gathered }, settings)
    : whileThrottled(
        { ...state, gathered, throttled: state.throttled },
        { ...sample, window: sample.window },
        settings,
      );
}

/** Figures of before and after a change of limit, or of a reset, do not add up to one window: what was gathered is let go. */
function startOver({ limit: before, throttled }: DetectorState, { limit }: Sample): Step {
  const going =
    throttled === null ? null : startAnew(throttled, sameLimit(before, limit) ? throttled.band : NO_BAND);
  return { state: { limit, gathered: null, throttled: going }, report: null };
}

interface Measured extends Sample {
  readonly window: CpuWindow;
}

function whileCalm(state: DetectorState, sample: Measured, settings: DetectorSettings): Step {
  const { window } = sample;
  if (window.nrPeriods < settings.minPeriods) {
    const gathered = window.seconds < LONGEST_GATHERING_SECONDS ? window : null;
    return { state: { ...state, gathered }, report: null };
  }
  if (window.nrThrottled === 0 || throttledPercent(window) < settings.enterPercent)
    return { state: { ...state, gathered: null }, report: null };
  const { latched: throttled, report } = latch(sample, rulesOf(settings));
  return { state: { ...state, gathered: null, throttled }, report };
}

interface WhileThrottled extends DetectorState {
  readonly gathered: CpuWindow;
  readonly throttled: Latched<CpuWindow, CpuLimit | null>;
}

/**
 * A sample without any throttling is calm by itself, however few its periods: a group that went to sleep is not throttled. One
 * with too few periods and some throttling says nothing but that it is not calm.
 */
function whileThrottled(state: WhileThrottled, sample: Measured, settings: DetectorSettings): Step {
  const { gathered } = state;
  const isQuiet = sample.window.nrThrottled === 0;
  const isConclusive =
    gathered.nrPeriods >= settings.minPeriods || gathered.seconds >= LONGEST_GATHERING_SECONDS;
  const window = isQuiet ? sample.window : gathered;
  const isCalm = isQuiet || throttledPercent(gathered) < settings.enterPercent * LEAVE_SHARE;
  // Without a quota nothing can be throttled, so one window that shows it is enough.
  const look = isQuiet || isConclusive ? { window, isCalm, isOver: sample.limit === null } : null;
  const before = look === null ? { ...state.throttled, calm: null } : state.throttled;
  const { latched: throttled, report } = advance(before, sample, look, rulesOf(settings));
  const isFresh = isConclusive || gathered.nrThrottled === 0 || report !== null;
  return { state: { ...state, gathered: isFresh ? null : gathered, throttled }, report };
}

/** The last word about a group that vanished; null where there is nothing to end. */
export const endOf = ({ throttled, limit }: DetectorState, lastSampleMs: number): Report | null =>
  throttled === null
    ? null
    : lastWord(throttled, { limit, endMs: lastSampleMs }, ({ nrPeriods }) => nrPeriods > 0);
