/** The operator's clock, as far as its answers tell. That of a browser may be hours off, and ages are no better than it. */
export interface OperatorClock {
  /** The time by the operator, in milliseconds. */
  readonly now: () => number;
  /** By how much the browser's clock is ahead of it, in milliseconds; 0 where they may well agree. */
  readonly aheadMs: () => number;
  /** Learns from the `Date` of an answer; `askedAt` is when it was asked for, by the browser's clock. */
  readonly learn: (date: string | null, askedAt: number) => void;
}

/** `Date` has whole seconds (RFC 9110, 6.6.1). */
const RESOLUTION_MS = 1000;

export function createOperatorClock(browserNow: () => number): OperatorClock {
  /** Between these, in milliseconds; null before there was an answer. */
  let ahead: { readonly least: number; readonly most: number } | null = null;
  const aheadMs = (): number => {
    if (ahead === null || (ahead.least <= 0 && ahead.most >= 0)) return 0;
    return (ahead.least + ahead.most) / 2;
  };
  return {
    now: () => browserNow() - aheadMs(),
    aheadMs,
    learn: (date, askedAt) => {
      const second = Date.parse(date ?? '');
      // It was a moment of this second when the answer began, and that was after asking and before now.
      const told = { least: askedAt - second - RESOLUTION_MS, most: browserNow() - second };
      if (!(told.least <= told.most)) return;
      const least = Math.max(told.least, ahead?.least ?? -Infinity);
      const most = Math.min(told.most, ahead?.most ?? Infinity);
      // Each answer leaves less open, unless one of the clocks was set meanwhile.
      ahead = least <= most ? { least, most } : told;
    },
  };
}
