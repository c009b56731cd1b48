/** Attempts of one sort in a window, and how many of them failed. */
export interface Tally {
  readonly seconds: number;
  readonly failed: number;
  /** What stood at the beginning of the window and could fail in it; counted once, however many windows are joined. */
  readonly standing: number;
  /** What was begun in the window. */
  readonly begun: number;
}

/** Two tallies, one right after the other, as one. */
export const joinTallies = (first: Tally | null, second: Tally): Tally =>
  first === null
    ? second
    : {
        seconds: first.seconds + second.seconds,
        failed: first.failed + second.failed,
        standing: first.standing,
        begun: first.begun + second.begun,
      };

/** What fails in a window may have been begun before it: never fewer attempts than failed. */
export const attemptedOf = ({ failed, standing, begun }: Tally): number => Math.max(failed, standing + begun);

/** Share of the attempts that failed, 0..100; 0 where there were none, since then none failed. */
export function failedPercent(tally: Tally): number {
  const attempted = attemptedOf(tally);
  return attempted === 0 ? 0 : (100 * tally.failed) / attempted;
}
