import type { HelloLine } from './line.ts';

/**
 * How the tracer does. `off`: not wanted. `absent`: there is no such program. `starting`: no word yet. `running`: it traces.
 * `resting`: it ended and will be started again. `refused`: it may not do what it is for, and is not tried again.
 */
export type HelperPhase = 'off' | 'absent' | 'starting' | 'running' | 'resting' | 'refused';

export interface HelperState {
  readonly phase: HelperPhase;
  /** Whether births are traced; a tracer may be able to sample only. */
  readonly births: boolean;
  /** What does not work and why; empty where all does. */
  readonly missing: readonly string[];
}

/** Before its first word. */
export const STARTING: HelperState = { phase: 'starting', births: false, missing: [] };

/** What a person shall know about births at the start, in one line. */
export function describeBirths({ births, missing }: HelperState): string {
  const why = missing.join('; ');
  if (births) return missing.length === 0 ? 'births: measured' : `births: measured; missing: ${why}`;
  return `births: not measured, because ${why === '' ? 'the tracer has not said a word yet' : why}`;
}

/** What the tracer's first word makes of its state. */
export function stateAfter({ births = false, samples = false, missing = [] }: HelloLine): HelperState {
  const isUnexplained = !births && missing.length === 0;
  return {
    phase: births || samples ? 'running' : 'refused',
    births,
    missing: isUnexplained ? ['the kernel does not let the tracer see them'] : missing,
  };
}
