import type { Logger } from 'pino';
import { beginAt, judge, type BudgetState, type CpuMark } from './budget.ts';

export interface GuardSettings {
  /** Most CPU that may be used, in percent of one core. */
  readonly budgetPercent: number;
  /** Over how long it is measured, in milliseconds. */
  readonly windowMs: number;
  /** Time between two samples while nothing is shed, in milliseconds. */
  readonly intervalMs: number;
}

/** What can be shed. */
export interface Levers {
  /** Turns the tracing of births on and off; null where there is none. */
  readonly births: ((isOn: boolean) => void) | null;
  readonly setIntervalMs: (intervalMs: number) => void;
}

export interface GuardDeps {
  readonly log: Logger;
  readonly monotonicMs: () => number;
  /**
   * CPU time beyond this process: of the helper, and of the kernel in our eBPF programs, in milliseconds since whenever.
   * Null where there is none.
   */
  readonly helperCpuMs: () => number | null;
}

export interface GuardStats {
  /** 0 while nothing is shed. */
  readonly level: number;
  readonly budgetPercent: number;
  /** CPU of the last whole window, in percent of one core; null before the first. */
  readonly cpuPercent: number | null;
  readonly windowSeconds: number;
  /** Time between two samples now, in milliseconds. */
  readonly intervalMs: number;
  /** What is not seen for want of CPU, in words; null while nothing is shed. */
  readonly unseen: string | null;
}

export interface Guard {
  stats(): GuardStats;
  close(): void;
}

interface Shed {
  readonly areBirthsOn: boolean;
  readonly factor: number;
}

const CALM_WINDOWS = 5;
/** A window is looked at so often, so that it is no more than this part longer than it should be. */
const LOOKS_PER_WINDOW = 12;
const FACTORS = [1, 2, 4, 8];

/** By level: births go first, since they cost others too; then samples. */
const ladderOf = ({ births }: Levers): readonly Shed[] => {
  const slower = FACTORS.map((factor) => ({ areBirthsOn: births === null, factor }));
  return births === null ? slower : [{ areBirthsOn: true, factor: 1 }, ...slower];
};

class CpuGuard implements Guard {
  readonly #settings: GuardSettings;
  readonly #levers: Levers;
  readonly #deps: GuardDeps;
  readonly #ladder: readonly Shed[];
  readonly #timer: NodeJS.Timeout;
  #state: BudgetState;
  #cpuPercent: number | null = null;

  constructor(settings: GuardSettings, levers: Levers, deps: GuardDeps) {
    this.#settings = settings;
    this.#levers = levers;
    this.#deps = deps;
    this.#ladder = ladderOf(levers);
    this.#state = beginAt(this.#mark());
    this.#timer = setInterval(() => this.#look(), settings.windowMs / LOOKS_PER_WINDOW);
    this.#timer.unref();
  }

  stats(): GuardStats {
    const { budgetPercent, windowMs, intervalMs } = this.#settings;
    const { level } = this.#state;
    return {
      level,
      budgetPercent,
      cpuPercent: this.#cpuPercent,
      windowSeconds: windowMs / 1000,
      intervalMs: intervalMs * this.#shedAt(level).factor,
      unseen: this.#unseenAt(level),
    };
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #mark(): CpuMark {
    const { user, system } = process.cpuUsage();
    const helperMs = this.#deps.helperCpuMs() ?? 0;
    return { atMs: this.#deps.monotonicMs(), cpuMs: (user + system) / 1000 + helperMs };
  }

  #look(): void {
    const { budgetPercent, windowMs } = this.#settings;
    const before = this.#state.level;
    const highest = this.#ladder.length - 1;
    const limits = { budgetPercent, windowMs, calmWindows: CALM_WINDOWS, highest };
    const { state, percent } = judge(this.#state, this.#mark(), limits);
    this.#state = state;
    this.#cpuPercent = percent ?? this.#cpuPercent;
    if (state.level !== before) this.#apply(before);
  }

  #apply(before: number): void {
    const { level, cpuPercent, budgetPercent, windowSeconds, intervalMs, unseen } = this.stats();
    const { areBirthsOn } = this.#shedAt(level);
    if (areBirthsOn !== this.#shedAt(before).areBirthsOn) this.#levers.births?.(areBirthsOn);
    this.#levers.setIntervalMs(intervalMs);
    const figures = { level, cpuPercent, budgetPercent, windowSeconds, unseen };
    if (level > before) this.#deps.log.warn(figures, 'over the CPU budget: less is observed');
    else this.#deps.log.info(figures, 'below the CPU budget: more is observed again');
  }

  #shedAt(level: number): Shed {
    return this.#ladder[level] ?? { areBirthsOn: true, factor: 1 };
  }

  #unseenAt(level: number): string | null {
    const { areBirthsOn, factor } = this.#shedAt(level);
    const seconds = (factor * this.#settings.intervalMs) / 1000;
    const parts = [
      ...(this.#levers.births !== null && !areBirthsOn ? ['births are not traced'] : []),
      ...(factor > 1 ? [`samples are taken every ${seconds} s; what lives shorter may not be seen`] : []),
    ];
    return parts.length === 0 ? null : parts.join('; ');
  }
}

/** Keeps the observer within its CPU budget: sheds step by step while it is over, and takes back when it is well below. */
export const startGuard = (settings: GuardSettings, levers: Levers, deps: GuardDeps): Guard =>
  new CpuGuard(settings, levers, deps);
