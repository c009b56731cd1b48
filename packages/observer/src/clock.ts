/** The two clocks: one for lengths of time, one for moments. */
export interface Clock {
  /** Milliseconds that only ever grow; the kernel's CLOCK_MONOTONIC. */
  readonly monotonicMs: () => number;
  /** Unix time in milliseconds; may jump. */
  readonly wallMs: () => number;
}

export const systemClock: Clock = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };
