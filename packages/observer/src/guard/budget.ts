/** What CPU time was used up to a moment. */
export interface CpuMark {
  /** Of a clock that never goes back. */
  readonly atMs: number;
  readonly cpuMs: number;
}

export interface BudgetSettings {
  /** Most CPU that may be used, in percent of one core. */
  readonly budgetPercent: number;
  /** Over how long it is measured. Nothing changes twice within one window. */
  readonly windowMs: number;
  /** How many windows in a row must be well below the budget before one level is taken back. */
  readonly calmWindows: number;
  /** The highest level there is. */
  readonly highest: number;
}

export interface BudgetState {
  /** How much is shed: 0 is nothing. */
  readonly level: number;
  /** Where the window began. */
  readonly since: CpuMark;
  readonly calm: number;
}

/** What a mark made of the state. */
export interface Judged {
  readonly state: BudgetState;
  /** CPU of the window that ended with this mark, in percent of one core; null while it lasts. */
  readonly percent: number | null;
}

/** Halving the time between samples doubles what they cost, which must still be within the budget then. */
const WELL_BELOW = 0.5;

export const beginAt = (since: CpuMark): BudgetState => ({ level: 0, since, calm: 0 });

/**
 * One level up after a window over the budget; one down after enough windows in a row that were well below it. In between
 * all stays as it is.
 */
export function judge(state: BudgetState, now: CpuMark, settings: BudgetSettings): Judged {
  const { since } = state;
  // Whoever counted for us was started anew.
  if (now.cpuMs < since.cpuMs || now.atMs < since.atMs)
    return { state: { ...state, since: now }, percent: null };
  const passedMs = now.atMs - since.atMs;
  if (passedMs < settings.windowMs) return { state, percent: null };
  const percent = ((now.cpuMs - since.cpuMs) / passedMs) * 100;
  return { state: { ...decide(state, percent, settings), since: now }, percent };
}

function decide(
  { level, calm }: BudgetState,
  percent: number,
  { budgetPercent, calmWindows, highest }: BudgetSettings,
): Pick<BudgetState, 'level' | 'calm'> {
  if (percent > budgetPercent) return { level: Math.min(level + 1, highest), calm: 0 };
  if (level === 0 || percent >= budgetPercent * WELL_BELOW) return { level, calm: 0 };
  return calm + 1 < calmWindows ? { level, calm: calm + 1 } : { level: level - 1, calm: 0 };
}
