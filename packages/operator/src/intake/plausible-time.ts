import { type DecodeFailure, show } from 'kernel-gossip-types';

/** Nothing that we read existed before; what says so confused seconds with milliseconds, or has no clock. */
const EARLIEST_MS = Date.UTC(2020, 0, 1);
/** Clocks of nodes differ; by more than this they are wrong. */
const LATEST_AHEAD_MS = 10 * 60_000;

/** What is wrong with the time of an observation, if anything. */
export function implausibleTime(timestamp: string, nowMs: number): DecodeFailure | null {
  const atMs = Date.parse(timestamp);
  if (atMs >= EARLIEST_MS && atMs <= nowMs + LATEST_AHEAD_MS) return null;
  return {
    path: 'timestamp',
    expected: `a time between 2020 and ten minutes from now (${new Date(nowMs).toISOString()}); check the sender's clock`,
    got: show(timestamp),
  };
}
