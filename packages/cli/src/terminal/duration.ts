const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

interface Step {
  /** Up to this length, exclusive. */
  readonly below: number;
  readonly unit: readonly [number, string];
  /** The smaller unit shown beside it, left out where it is zero. */
  readonly rest?: readonly [number, string];
}

/** The steps of k8s.io/apimachinery/pkg/util/duration.HumanDuration, so that ages read as kubectl's do. */
const STEPS: readonly Step[] = [
  { below: 2 * MINUTE, unit: [SECOND, 's'] },
  { below: 10 * MINUTE, unit: [MINUTE, 'm'], rest: [SECOND, 's'] },
  { below: 3 * HOUR, unit: [MINUTE, 'm'] },
  { below: 8 * HOUR, unit: [HOUR, 'h'], rest: [MINUTE, 'm'] },
  { below: 2 * DAY, unit: [HOUR, 'h'] },
  { below: 8 * DAY, unit: [DAY, 'd'], rest: [HOUR, 'h'] },
  { below: 2 * YEAR, unit: [DAY, 'd'] },
  { below: 8 * YEAR, unit: [YEAR, 'y'], rest: [DAY, 'd'] },
  { below: Infinity, unit: [YEAR, 'y'] },
];

/** A length of time as kubectl prints it: `12s`, `5m10s`, `3h`, `2d4h`. */
export function humanDuration(milliseconds: number): string {
  // kubectl forgives a clock that is up to a second behind, and says when it is more.
  if (milliseconds <= -2 * SECOND) return '<invalid>';
  const length = Math.max(0, milliseconds);
  const step = STEPS.find(({ below }) => length < below);
  if (step === undefined) return '<invalid>';
  const [size, name] = step.unit;
  const whole = `${Math.floor(length / size)}${name}`;
  if (step.rest === undefined) return whole;
  const [restSize, restName] = step.rest;
  const rest = Math.floor((length % size) / restSize);
  return rest === 0 ? whole : `${whole}${rest}${restName}`;
}

/** How long ago a moment was, `<unknown>` (kubectl's word) where it is not known. */
export const age = (moment: string | null, now: number): string =>
  moment === null ? '<unknown>' : humanDuration(now - Date.parse(moment));
