/** When a window is news. */
export interface WindowRule {
  /** The window reaches back this long at least and twice as long at most, in seconds. */
  readonly halfSeconds: number;
  /** Samples with throttling in them must make up this long, in seconds: a blip is over before. */
  readonly heldSeconds: number;
  /** Run time withheld in each second of the clock, in milliseconds, summed over CPUs. */
  readonly msPerSecond: number;
  /** Active periods it must have, as a multiple of `minPeriods`. */
  readonly periodsFactor: number;
}

/** When throttling counts as begun, as over, and how often it is told of in between. */
export interface DetectorSettings {
  /** Throttling begins when at least this share of the active periods was throttled, in percent. */
  readonly enterPercent: number;
  /** A window with fewer active periods says nothing: a single period is throttled to 0 or 100 %. */
  readonly minPeriods: number;
  /** Throttling is over after this long below two thirds of what it begins at, in seconds. */
  readonly calmSeconds: number;
  /** While it lasts and does not get worse, it is told of this often, in seconds. */
  readonly summarySeconds: number;
  /** What is told at once. */
  readonly sudden: WindowRule;
  /** What is told when it goes on. */
  readonly lasting: WindowRule;
  /** Each episode in a row doubles the calm time, up to this, in seconds. */
  readonly mostCalmSeconds: number;
  /** After so many episodes in a row, the next ones must last before they are told, unless they are far worse. */
  readonly patientAfter: number;
  /** The time they must last, in seconds; after twice as many episodes, twice as long. */
  readonly patienceSeconds: number;
  /** A row becomes one episode shorter after this long without throttling, in seconds. */
  readonly forgetSeconds: number;
}

/** Why these numbers: docs/detector.md. */
export const DETECTOR_DEFAULTS: DetectorSettings = {
  enterPercent: 25,
  minPeriods: 10,
  calmSeconds: 5,
  summarySeconds: 10,
  sudden: { halfSeconds: 3, heldSeconds: 3, msPerSecond: 50, periodsFactor: 2 },
  lasting: { halfSeconds: 30, heldSeconds: 4, msPerSecond: 30, periodsFactor: 1 },
  mostCalmSeconds: 540,
  patientAfter: 3,
  patienceSeconds: 45,
  forgetSeconds: 4 * 3600,
};
