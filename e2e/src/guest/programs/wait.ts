import { until } from '../../poll.ts';

/** An emulated processor is slow, and no assertion is about time. */
const PATIENCE = { timeoutMs: 60_000, everyMs: 20 };

/** Waits until it is so; the error names what was waited for. */
export const waitFor = (what: string, isSo: () => boolean): Promise<true> =>
  until(what, PATIENCE, () => (isSo() ? true : undefined));
