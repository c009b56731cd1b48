/** `changed`: it got worse, or goes on under other circumstances. */
export type ReportKind = 'began' | 'changed' | 'summary' | 'ended';

/** What is to be told, with the figures `W` of the window that shows it. */
export interface Told<W, L> {
  readonly kind: ReportKind;
  readonly window: W;
  /** In force during the whole window. */
  readonly limit: L;
  /** End of the window: Unix time in milliseconds. */
  readonly endMs: number;
}

/** How long a window is, by the monotonic clock. */
export interface Span {
  readonly seconds: number;
}

/** What differs between the things that a latch holds. */
export interface LatchRules<W extends Span> {
  /** Two windows, one right after the other, as one. */
  readonly join: (first: W | null, second: W) => W;
  /** How bad the figures are, in steps that are worth telling. */
  readonly bandOf: (window: W) => number;
  /** Whether a window holds what is told at once, however bad it was before. */
  readonly isNews: (window: W) => boolean;
  /** Whether a window has figures enough to be summed up. */
  readonly isTellable: (window: W) => boolean;
  /** It is over after being calm for this long, in seconds. */
  readonly calmSeconds: number;
  /** While it lasts and does not get worse, it is told of this often, in seconds. */
  readonly summarySeconds: number;
}

/** What is remembered of something that began and was told, until its end is told: bounded, whatever happens. */
export interface Latched<W, L> {
  /** The band last told of; `NO_BAND` where the next figures are to be told whatever they are. */
  readonly band: number;
  /** Everything since the last report. */
  readonly sinceReport: W | null;
  /** How long it has been calm, up to the last look. */
  readonly calm: W | null;
  readonly last: Told<W, L>;
}

/** A window of which it can be said whether it was calm. */
export interface Look<W> {
  readonly window: W;
  readonly isCalm: boolean;
  /** It cannot go on, so that a calm window needs no second one. */
  readonly isOver: boolean;
}

/** One window and what was so at its end. */
export interface Step<W, L> {
  readonly window: W;
  readonly limit: L;
  readonly endMs: number;
}

export interface Advance<W, L> {
  /** Null after the end. */
  readonly latched: Latched<W, L> | null;
  readonly report: Told<W, L> | null;
}

export const NO_BAND = -1;

/** Begins: the first report. */
export const latch = <W extends Span, L>(
  { window, limit, endMs }: Step<W, L>,
  rules: LatchRules<W>,
): Advance<W, L> & { readonly latched: Latched<W, L> } =>
  tell({ band: NO_BAND, sinceReport: null, calm: null }, { kind: 'began', window, limit, endMs }, rules);

/** Goes on by one step; `look` is null while too little was seen to judge by. Pure. */
export function advance<W extends Span, L>(
  before: Latched<W, L>,
  step: Step<W, L>,
  look: Look<W> | null,
  rules: LatchRules<W>,
): Advance<W, L> {
  const { limit, endMs } = step;
  const going = { ...before, sinceReport: rules.join(before.sinceReport, step.window) };
  if (look === null) return withSummary(going, step, rules);
  const calm = look.isCalm ? rules.join(before.calm, look.window) : null;
  if (calm !== null && (look.isOver || calm.seconds >= rules.calmSeconds))
    return { latched: null, report: { kind: 'ended', window: calm, limit, endMs } };
  const next = { ...going, calm };
  return !look.isCalm && (rules.bandOf(look.window) > before.band || rules.isNews(look.window))
    ? tell(next, { kind: 'changed', window: look.window, limit, endMs }, rules)
    : withSummary(next, step, rules);
}

function withSummary<W extends Span, L>(
  latched: Latched<W, L>,
  { limit, endMs }: Step<W, L>,
  rules: LatchRules<W>,
): Advance<W, L> {
  const { sinceReport } = latched;
  const isDue =
    sinceReport !== null && sinceReport.seconds >= rules.summarySeconds && rules.isTellable(sinceReport);
  return isDue
    ? tell(latched, { kind: 'summary', window: sinceReport, limit, endMs }, rules)
    : { latched, report: null };
}

/** A worse band is told of at once, a better one with the next summary: figures that waver about a bound are not news. */
const tell = <W extends Span, L>(
  { calm }: Omit<Latched<W, L>, 'last'>,
  report: Told<W, L>,
  { bandOf }: LatchRules<W>,
): { readonly latched: Latched<W, L>; readonly report: Told<W, L> } => ({
  latched: { band: bandOf(report.window), sinceReport: null, calm, last: report },
  report,
});

/** Goes on after figures that cannot be compared: what was added up is let go, what was told stays told. */
export const startAnew = <W, L>(latched: Latched<W, L>, band: number): Latched<W, L> => ({
  ...latched,
  band,
  sinceReport: null,
  calm: null,
});

/**
 * The last word about a group that vanished: what was measured since the last report, or, where that is nothing worth
 * telling, the last report's own figures and time again.
 */
export function lastWord<W, L>(
  { sinceReport, last }: Latched<W, L>,
  { limit, endMs }: Pick<Step<W, L>, 'limit' | 'endMs'>,
  isTellable: (window: W) => boolean,
): Told<W, L> {
  return sinceReport !== null && isTellable(sinceReport)
    ? { kind: 'ended', window: sinceReport, limit, endMs }
    : { ...last, kind: 'ended' };
}
