import type { PixieScript } from 'kernel-gossip-pxl-scripts';
import { iso, timeOf, type ScriptState } from './script-state.ts';

type Probing = Pick<PixieScript, 'mutation' | 'probeTtlSeconds' | 'tracepoints'>;

/**
 * Whether a run is to deploy the script's probes too. Pixie removes them when their time is over, and asking for the same
 * ones again before sets it anew; half of the time is left for failures. After a failure they may be gone.
 */
export const needsProbes = (
  { mutation, probeTtlSeconds }: Probing,
  state: ScriptState,
  nowMs: number,
): boolean =>
  mutation &&
  (probeTtlSeconds === null ||
    (state.consecutive_failures ?? 0) > 0 ||
    timeOf(state.probe_expires_at) - nowMs < (probeTtlSeconds * 1000) / 2);

/** The state when probes were asked for at a time. */
export const withProbes = (
  state: ScriptState,
  { probeTtlSeconds, tracepoints }: Probing,
  askedMs: number,
): ScriptState => ({
  ...state,
  probe_expires_at: probeTtlSeconds === null ? null : iso(askedMs + probeTtlSeconds * 1000),
  tracepoints,
});

/** Whether a script that runs no more has left probes behind which Pixie still keeps. */
export const leavesProbes = ({ probe_expires_at, tracepoints }: ScriptState, nowMs: number): boolean =>
  (tracepoints ?? []).length > 0 && timeOf(probe_expires_at) > nowMs;

/**
 * PxL that removes probes. Pixie runs no script that shows nothing, so it shows which there are.
 * A name that could be anything but a name is left to expire.
 */
export const removalOf = (tracepoints: readonly string[]): string =>
  [
    'import px',
    'import pxtrace',
    ...tracepoints
      .filter((name) => /^[\w.-]+$/.test(name))
      .map((name) => `pxtrace.DeleteTracepoint('${name}')`),
    `px.display(px.GetTracepointStatus(), 'tracepoints')`,
    '',
  ].join('\n');
