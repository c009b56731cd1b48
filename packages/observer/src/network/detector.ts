import {
  advance,
  lastWord,
  latch,
  startAnew,
  type Latched,
  type LatchRules,
  type Told,
} from '../detect/latch.ts';
import { MEASURES, tallyOf, type Measure } from './measures.ts';
import type { NetworkDetectorSettings } from './settings.ts';
import { attemptedOf, failedPercent, joinTallies, type Tally } from './tally.ts';
import type { NetworkWindow } from './window.ts';

type MeasureReport = Told<Tally, null>;

/** What is to be told: by which measure, and with the figures of the window that shows it. */
export interface NetworkReport extends MeasureReport {
  readonly measure: Measure;
}

/** One step of the clock, as the detector sees it. */
export interface NetworkSample {
  /** Null where the last two readings cannot be compared. */
  readonly window: NetworkWindow | null;
  /** When the window ended: Unix time in milliseconds. */
  readonly endMs: number;
}

/** What is remembered of one measure. */
interface Watch {
  /** What has been added up for the next look. */
  readonly gathered: Tally | null;
  /** Null while it is no symptom. */
  readonly latched: Latched<Tally, null> | null;
}

/** What is remembered of a namespace between samples: bounded, whatever happens. */
export interface NetworkState {
  readonly watches: Readonly<Record<Measure, Watch>>;
  /** The measure told of last; null while none is a symptom. */
  readonly told: Measure | null;
}

export interface NetworkStep {
  readonly state: NetworkState;
  readonly report: NetworkReport | null;
}

/** A measure with too few attempts to look at is not judged by what was longer ago than this. */
const LONGEST_GATHERING_SECONDS = 60;
/** Shares above which it is worse: the severities of a whisper, by its symptom (docs/classification.md). */
const BANDS: Readonly<Record<Measure, readonly number[]>> = {
  retransmits: [1, 10],
  packets: [1, 10],
  datagrams: [1, 10],
  resets: [20, 50],
  outgoing: [5, 50],
  incoming: [5, 50],
};
const bandOf =
  (measure: Measure) =>
  (tally: Tally): number =>
    BANDS[measure].filter((bound) => failedPercent(tally) > bound).length;

const SHUT: Watch = { gathered: null, latched: null };

const forEach = <A>(of: (measure: Measure) => A): Readonly<Record<Measure, A>> => ({
  retransmits: of('retransmits'),
  packets: of('packets'),
  datagrams: of('datagrams'),
  resets: of('resets'),
  outgoing: of('outgoing'),
  incoming: of('incoming'),
});

const ALL_SHUT = forEach(() => SHUT);

export const beginWatching = (): NetworkState => ({ watches: ALL_SHUT, told: null });

const rulesFor = (
  measure: Measure,
  { thresholds, calmSeconds, summarySeconds }: NetworkDetectorSettings,
): LatchRules<Tally> => ({
  join: joinTallies,
  bandOf: bandOf(measure),
  isNews: () => false,
  isTellable: (tally) => attemptedOf(tally) >= thresholds[measure].minAttempts,
  calmSeconds,
  summarySeconds,
});

/** What a sample did to one measure, and what it would tell were it the only one. */
interface Look {
  readonly watch: Watch;
  readonly report: MeasureReport | null;
}

function whileShut(
  gathered: Tally,
  measure: Measure,
  endMs: number,
  settings: NetworkDetectorSettings,
): Look {
  const { enterPercent, minAttempts } = settings.thresholds[measure];
  if (attemptedOf(gathered) < minAttempts) {
    const isRecent = gathered.seconds < LONGEST_GATHERING_SECONDS;
    return { watch: isRecent ? { gathered, latched: null } : SHUT, report: null };
  }
  if (gathered.failed === 0 || failedPercent(gathered) < enterPercent) return { watch: SHUT, report: null };
  const step = { window: gathered, limit: null, endMs };
  const { latched, report } = latch(step, rulesFor(measure, settings));
  return { watch: { gathered: null, latched }, report };
}

interface Open {
  readonly gathered: Tally;
  readonly latched: Latched<Tally, null>;
  /** What the last sample alone showed. */
  readonly tally: Tally;
}

function whileOpen(
  { gathered, latched: before, tally }: Open,
  measure: Measure,
  endMs: number,
  settings: NetworkDetectorSettings,
): Look {
  const { leavePercent, minAttempts } = settings.thresholds[measure];
  const isConclusive =
    attemptedOf(gathered) >= minAttempts ||
    gathered.failed === 0 ||
    gathered.seconds >= LONGEST_GATHERING_SECONDS;
  const isCalm = gathered.failed === 0 || failedPercent(gathered) < leavePercent;
  const look = isConclusive ? { window: gathered, isCalm, isOver: false } : null;
  const step = { window: tally, limit: null, endMs };
  const { latched, report } = advance(before, step, look, rulesFor(measure, settings));
  return { watch: { gathered: isConclusive ? null : gathered, latched }, report };
}

/** Figures of before and after something unknown do not add up to one window. */
const letGo = ({ latched }: Watch): Watch =>
  latched === null ? SHUT : { gathered: null, latched: startAnew(latched, latched.band) };

/** Takes one sample in. Pure: the same state and sample make the same step. */
export function detectNetwork(
  { watches: before, told }: NetworkState,
  { window, endMs }: NetworkSample,
  settings: NetworkDetectorSettings,
): NetworkStep {
  const looks = forEach((measure): Look => {
    const watch = before[measure];
    const tally = window === null ? null : tallyOf(measure, window);
    if (tally === null) return { watch: letGo(watch), report: null };
    const gathered = joinTallies(watch.gathered, tally);
    const { latched } = watch;
    return latched === null
      ? whileShut(gathered, measure, endMs, settings)
      : whileOpen({ gathered, latched, tally }, measure, endMs, settings);
  });
  const watches = forEach((measure) => looks[measure].watch);
  const reports = MEASURES.flatMap((measure) => {
    const { report } = looks[measure];
    return report === null ? [] : [{ ...report, measure }];
  });
  return choose(watches, told, reports);
}

/** The highest share first. */
const worstOf = (reports: readonly NetworkReport[]): NetworkReport | null =>
  reports.toSorted((one, other) => failedPercent(other.window) - failedPercent(one.window))[0] ?? null;

const NO_BAND = -1;

/**
 * A finding holds one symptom. The one that was told is kept as long as it lasts, and gives way only to one in a worse band:
 * shares that waver about one another are not news. When it is over, another one that lasts is told with its next report.
 */
function choose(
  watches: NetworkState['watches'],
  told: Measure | null,
  reports: readonly NetworkReport[],
): NetworkStep {
  if (MEASURES.every((measure) => watches[measure].latched === null)) {
    const ends = reports.filter(({ kind }) => kind === 'ended');
    const report = ends.find(({ measure }) => measure === told) ?? ends[0] ?? null;
    return { state: { watches, told: null }, report };
  }
  const going = reports.filter(({ kind }) => kind !== 'ended');
  const band = told === null ? NO_BAND : (watches[told].latched?.band ?? NO_BAND);
  const news =
    worstOf(going.filter(({ measure, window }) => measure !== told && bandOf(measure)(window) > band)) ??
    going.find(({ measure }) => measure === told);
  if (news === undefined) return { state: { watches, told }, report: null };
  return { state: { watches, told: news.measure }, report: { ...news, kind: kindOf(news, told) } };
}

/** Only the first of a row begins: what is told beside it, or again, is a change. */
function kindOf({ kind, measure }: NetworkReport, told: Measure | null): NetworkReport['kind'] {
  if (told === null) return 'began';
  return measure !== told || kind === 'began' ? 'changed' : kind;
}

const isAnything = (tally: Tally): boolean => attemptedOf(tally) > 0;

/**
 * The last word about a namespace that vanished while something was told of it: what was measured since the last report, or,
 * where that is nothing, the last report's own figures and time again. Null where there is nothing to end.
 */
export function endOfNetwork({ watches, told }: NetworkState, lastSampleMs: number): NetworkReport | null {
  if (told === null) return null;
  const [report] = [told, ...MEASURES].flatMap((measure) => {
    const { latched } = watches[measure];
    if (latched === null) return [];
    return [{ ...lastWord(latched, { limit: null, endMs: lastSampleMs }, isAnything), measure }];
  });
  return report ?? null;
}
