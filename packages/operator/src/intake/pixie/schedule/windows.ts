/** A span of time that a script is asked about: what lies after `startMs`, up to and with `endMs`, in milliseconds since 1970. */
export interface Window {
  readonly startMs: number;
  readonly endMs: number;
}

export interface WindowRules {
  readonly intervalMs: number;
  /** How long after its end a window is asked for: until then rows may still come, and clocks of nodes differ. */
  readonly lagMs: number;
  /** How much later than that this script begins, so that not all begin at once. */
  readonly phaseMs: number;
  /** What is older than this is not asked for any more: Pixie may have dropped it. */
  readonly boundMs: number;
}

export type Plan =
  | { readonly kind: 'wait'; readonly untilMs: number }
  /** `lostMs` lies between what was taken and the window, and will never be asked for. */
  | { readonly kind: 'run'; readonly window: Window; readonly lostMs: number };

/**
 * What a script does next, given the end of the last window that was taken in whole (null for none yet).
 *
 * Windows end at whole multiples of the interval. So whoever runs a script, and however often, cuts time at the same
 * places: a window that is run again is the same one, and windows that are made up for are as long as any other.
 */
export function planNext(takenToMs: number | null, nowMs: number, rules: WindowRules): Plan {
  const { intervalMs, lagMs, phaseMs } = rules;
  const startMs = startOf(takenToMs, nowMs, rules);
  const endMs = (Math.floor(startMs / intervalMs) + 1) * intervalMs;
  const dueMs = endMs + lagMs + phaseMs;
  if (nowMs < dueMs) return { kind: 'wait', untilMs: dueMs };
  const lostMs = takenToMs === null ? 0 : Math.max(startMs - takenToMs, 0);
  return { kind: 'run', window: { startMs, endMs }, lostMs };
}

function startOf(takenToMs: number | null, nowMs: number, rules: WindowRules): number {
  const { intervalMs, lagMs, boundMs } = rules;
  const newestEndMs = Math.floor((nowMs - lagMs) / intervalMs) * intervalMs;
  if (takenToMs === null) return newestEndMs - intervalMs;
  // Our clock was ahead when this was taken, and has been set back: what was asked for then had not happened yet.
  if (takenToMs > nowMs + intervalMs) return newestEndMs;
  const oldestMs = newestEndMs - Math.ceil(boundMs / intervalMs) * intervalMs;
  return Math.max(takenToMs, oldestMs);
}

/** A window in Pixie's nanoseconds. There both ends belong to it, so it begins one after the end of the one before. */
export const inNanoseconds = ({
  startMs,
  endMs,
}: Window): { readonly startNs: bigint; readonly endNs: bigint } => ({
  startNs: BigInt(startMs) * NS_PER_MS + 1n,
  endNs: BigInt(endMs) * NS_PER_MS,
});

const NS_PER_MS = 1_000_000n;
