import { joinWindows, sameLimit, throttledPercent, type CpuLimit, type CpuWindow } from '../rate/window.ts';

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

/** `changed`: it got worse, or goes on under another limit. */
export type ReportKind = 'began' | 'changed' | 'summary' | 'ended';

/** What is to be told, with the figures of the window that shows it. */
export interface Report {
  readonly kind: ReportKind;
  readonly window: CpuWindow;
  /** In force during the whole window. */
  readonly limit: CpuLimit | null;
  /** End of the window: Unix time in milliseconds. */
  readonly endMs: number;
}

/** One step of the clock, as the detector sees it. */
export interface Sample {
  /** Null where the last two readings cannot be compared. */
  readonly window: CpuWindow | null;
  readonly limit: CpuLimit | null;
  /** When the window ended: Unix time in milliseconds. */
  readonly endMs: number;
}

interface Throttled {
  /** The band last told of; `NO_BAND` where the figures under a new limit are still to be told. */
  readonly band: number;
  /** Everything since the last report. */
  readonly sinceReport: CpuWindow | null;
  /** How long it has been calm, up to the last look. */
  readonly calm: CpuWindow | null;
  readonly last: Report;
}

/** What is remembered of a group between samples: bounded, whatever happens. */
export interface DetectorState {
  readonly limit: CpuLimit | null;
  /** What has been added up for the next look. */
  readonly gathered: CpuWindow | null;
  /** Null while the group is not throttled. */
  readonly throttled: Throttled | null;
}

export interface Step {
  readonly state: DetectorState;
  readonly report: Report | null;
}

/** A group with too few periods to look at is not judged by what it did longer ago than this. */
const LONGEST_GATHERING_SECONDS = 60;
/** Shares above which throttling is worse: the severities of a whisper. */
const BANDS = [50, 80] as const;
const NO_BAND = -1;
const LEAVE_SHARE = 2 / 3;

const bandOf = (percent: number): number => BANDS.filter((bound) => percent > bound).length;

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
  const band = sameLimit(before, limit) ? throttled?.band : NO_BAND;
  const going =
    throttled === null ? null : { ...throttled, band: band ?? NO_BAND, sinceReport: null, calm: null };
  return { state: { limit, gathered: null, throttled: going }, report: null };
}

interface Measured extends Sample {
  readonly window: CpuWindow;
}

function whileCalm(state: DetectorState, sample: Measured, settings: DetectorSettings): Step {
  const { window, limit, endMs } = sample;
  if (window.nrPeriods < settings.minPeriods) {
    const gathered = window.seconds < LONGEST_GATHERING_SECONDS ? window : null;
    return { state: { ...state, gathered }, report: null };
  }
  const percent = throttledPercent(window);
  if (window.nrThrottled === 0 || percent < settings.enterPercent)
    return { state: { ...state, gathered: null }, report: null };
  const report: Report = { kind: 'began', window, limit, endMs };
  const throttled: Throttled = { band: bandOf(percent), sinceReport: null, calm: null, last: report };
  return { state: { ...state, gathered: null, throttled }, report };
}

interface WhileThrottled extends DetectorState {
  readonly gathered: CpuWindow;
  readonly throttled: Throttled;
}

function whileThrottled(state: WhileThrottled, sample: Measured, settings: DetectorSettings): Step {
  const { gathered } = state;
  const sinceReport = joinWindows(state.throttled.sinceReport, sample.window);
  const conclusive =
    gathered.nrPeriods >= settings.minPeriods ||
    gathered.nrThrottled === 0 ||
    gathered.seconds >= LONGEST_GATHERING_SECONDS;
  if (!conclusive)
    return withSummary({ ...state, throttled: { ...state.throttled, sinceReport } }, sample, settings);
  const percent = throttledPercent(gathered);
  const isCalm = gathered.nrThrottled === 0 || percent < settings.enterPercent * LEAVE_SHARE;
  const calm = isCalm ? joinWindows(state.throttled.calm, gathered) : null;
  const { limit, endMs } = sample;
  // Without a quota nothing can be throttled, so one window that shows it is enough.
  if (calm !== null && (limit === null || calm.seconds >= settings.calmSeconds)) {
    const report: Report = { kind: 'ended', window: calm, limit, endMs };
    return { state: beginDetecting(limit), report };
  }
  const next: WhileThrottled = { ...state, throttled: { ...state.throttled, sinceReport, calm } };
  if (!isCalm && bandOf(percent) > state.throttled.band)
    return tell(next, { kind: 'changed', window: gathered, limit, endMs });
  const { report, state: told } = withSummary(next, sample, settings);
  return { state: { ...told, gathered: null }, report };
}

function withSummary(state: WhileThrottled, { limit, endMs }: Measured, settings: DetectorSettings): Step {
  const { sinceReport } = state.throttled;
  const isDue =
    sinceReport !== null &&
    sinceReport.seconds >= settings.summarySeconds &&
    sinceReport.nrPeriods >= settings.minPeriods;
  return isDue
    ? tell(state, { kind: 'summary', window: sinceReport, limit, endMs })
    : { state, report: null };
}

/** A worse band is told of at once, a better one with the next summary: a share that wavers about a bound is not news. */
const tell = (state: WhileThrottled, report: Report): Step => ({
  state: {
    ...state,
    gathered: null,
    throttled: {
      ...state.throttled,
      band: bandOf(throttledPercent(report.window)),
      sinceReport: null,
      last: report,
    },
  },
  report,
});

/**
 * The last word about a group that vanished while it was throttled: what was measured since the last report, or, where
 * that is nothing, the last report's own figures and time again. Null where there is nothing to end.
 */
export function endOf(state: DetectorState, lastSampleMs: number): Report | null {
  if (state.throttled === null) return null;
  const { sinceReport, last } = state.throttled;
  return sinceReport !== null && sinceReport.nrPeriods > 0
    ? { kind: 'ended', window: sinceReport, limit: state.limit, endMs: lastSampleMs }
    : { ...last, kind: 'ended' };
}
