import { joinWindows, type CpuWindow } from '../rate/window.ts';

/** Half of a sliding window: what was counted, and for how much of that time. */
interface Half {
  readonly window: CpuWindow;
  /** Length of the samples in which something was throttled, in seconds. */
  readonly heldSeconds: number;
}

/**
 * What was counted lately, in two halves: the judged window reaches back one half at least and two at most. A few numbers do for
 * any length. It begins with a sample that was throttled, so that nothing is kept of a group that is not.
 */
export interface Sliding {
  readonly older: Half | null;
  readonly newer: Half | null;
}

const join = (first: Half | null, second: Half): Half =>
  first === null
    ? second
    : {
        window: joinWindows(first.window, second.window),
        heldSeconds: first.heldSeconds + second.heldSeconds,
      };

/** What the window shows now. */
export const shown = ({ older, newer }: Sliding): Half | null =>
  newer === null ? older : join(older, newer);

/** Adds one sample; null where nothing in the window was throttled. A half that is full makes room before the sample is added. */
export function slide(before: Sliding | null, window: CpuWindow, halfSeconds: number): Sliding | null {
  const isHeld = window.nrThrottled > 0;
  const sample: Half = { window, heldSeconds: isHeld ? window.seconds : 0 };
  if (before === null) return isHeld ? { older: null, newer: sample } : null;
  const { older, newer } = before;
  const isFull = newer !== null && newer.window.seconds >= halfSeconds;
  const after: Sliding = isFull ? { older: newer, newer: sample } : { older, newer: join(newer, sample) };
  return (after.older?.heldSeconds ?? 0) + (after.newer?.heldSeconds ?? 0) > 0 ? after : null;
}
