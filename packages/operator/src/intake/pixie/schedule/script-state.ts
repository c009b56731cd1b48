import type { PixieScriptStatus } from 'kernel-gossip-types';
import type { Plan } from './windows.ts';

/** How far a script has come, as it stands on the PixieSource. */
export type ScriptState = PixieScriptStatus;

export const newState = (name: string): ScriptState => ({
  name,
  window_end: null,
  last_run: null,
  last_success: null,
  rows: null,
  observations: null,
  rejected: null,
  consecutive_failures: null,
  lost_seconds: null,
  message: null,
  probe_expires_at: null,
  tracepoints: null,
});

/** What was made of the rows of a window. */
export interface Figures {
  readonly rows: number;
  readonly observations: number;
  readonly rejected: number;
  /** Of the rejected ones, those that are not what their table should be. */
  readonly unreadable: number;
  /** The first that was wrong with a row. */
  readonly fault: string | null;
}

/** The state as a run begins: what is lost is lost from now on, whatever becomes of the run. */
export const begun = (
  state: ScriptState,
  { window, lostMs }: Extract<Plan, { kind: 'run' }>,
  nowMs: number,
): ScriptState => ({
  ...state,
  window_end: iso(window.startMs),
  last_run: iso(nowMs),
  lost_seconds: (state.lost_seconds ?? 0) + Math.round(lostMs / 1000),
});

/** The state when a window was taken in whole. Where nothing of it could be read, that counts as a failure all the same. */
export const taken = (state: ScriptState, endMs: number, nowMs: number, figures: Figures): ScriptState => {
  const { rows, observations, rejected, unreadable, fault } = figures;
  const isUnreadable = rows > 0 && unreadable === rows;
  return {
    ...state,
    window_end: iso(endMs),
    last_success: isUnreadable ? state.last_success : iso(nowMs),
    rows,
    observations,
    rejected,
    consecutive_failures: isUnreadable ? (state.consecutive_failures ?? 0) + 1 : 0,
    message:
      rejected === 0
        ? null
        : cut(`${rejected} of ${rows} rows were not taken, the first because: ${String(fault)}`),
  };
};

export const failed = (state: ScriptState, message: string): ScriptState => ({
  ...state,
  consecutive_failures: (state.consecutive_failures ?? 0) + 1,
  message: cut(message),
});

/**
 * What two leaders know of one script. Windows are taken in order and end at the same places for everyone, so whoever is
 * further has taken, or counted as lost, all that the other one has.
 */
export const further = (one: ScriptState, other: ScriptState): ScriptState =>
  timeOf(other.window_end) > timeOf(one.window_end) ? other : one;

export const timeOf = (time: string | null): number => (time === null ? 0 : Date.parse(time));
export const iso = (ms: number): string => new Date(ms).toISOString();

const LONGEST_MESSAGE = 1024;
const cut = (message: string): string => message.slice(0, LONGEST_MESSAGE);
