import { GroupJudge } from '../../src/detect/judge.ts';
import { DETECTOR_DEFAULTS } from '../../src/detect/settings.ts';
import type { CpuLimit } from '../../src/rate/window.ts';
import { createAlert, SCRAPE_SECONDS } from './alert.ts';
import { createBefore } from './before.ts';
import { createStretches } from './stretches.ts';
import type { Stretch } from './truth.ts';

export const RULES = ['ours', 'before', 'alert'] as const;
export type Rule = (typeof RULES)[number];

/** What each rule told: from the notice until it said that it is over, in seconds. */
export type Told = Readonly<Record<Rule, readonly Stretch[]>>;

/** What was counted in about a second. */
export interface Counted {
  readonly seconds: number;
  readonly nrPeriods: number;
  readonly nrThrottled: number;
  readonly throttledMs: number;
}

/** All rules, looking at one container. */
export interface Panel {
  take(second: number, counted: Counted): void;
  /** The container was started anew: its counters begin at 0, and it is another one for everybody. */
  restart(second: number): void;
  end(second: number): Told;
}

const LIMIT: CpuLimit = { quotaUs: 50_000, periodUs: 100_000 };

function newJudge(): GroupJudge {
  const judge = new GroupJudge(DETECTOR_DEFAULTS);
  judge.restart(LIMIT);
  return judge;
}

/** `offset` is the second of the minute at which Prometheus scrapes. */
export function createPanel(offset: number): Panel {
  const stretches = { ours: createStretches(), before: createStretches(), alert: createStretches() };
  let judge = newJudge();
  let before = createBefore();
  let alert = createAlert();
  let nrPeriods = 0;
  let nrThrottled = 0;

  function judgeOurs(second: number, counted: Counted): void {
    // As in the observer, which gives an idle judge nothing that changes nothing.
    if (judge.isIdle && counted.nrThrottled === 0) return;
    const window = {
      seconds: counted.seconds,
      nrPeriods: counted.nrPeriods,
      nrThrottled: counted.nrThrottled,
      throttledSeconds: counted.throttledMs / 1000,
      usageSeconds: null,
    };
    const report = judge.take({ window, limit: LIMIT, endMs: (second + 1) * 1000 });
    if (report !== null) stretches.ours.set(report.kind !== 'ended', second + 1);
  }

  return {
    take(second, counted) {
      judgeOurs(second, counted);
      stretches.before.set(before.take(counted.nrPeriods, counted.nrThrottled), second + 1);
      nrPeriods += counted.nrPeriods;
      nrThrottled += counted.nrThrottled;
      if ((second + offset) % SCRAPE_SECONDS === 0)
        stretches.alert.set(alert.scrape(second, nrPeriods, nrThrottled), second + 1);
    },
    restart(second) {
      for (const rule of RULES) stretches[rule].set(false, second);
      judge = newJudge();
      before = createBefore();
      alert = createAlert();
      nrPeriods = 0;
      nrThrottled = 0;
    },
    end: (second) => ({
      ours: stretches.ours.end(second),
      before: stretches.before.end(second),
      alert: stretches.alert.end(second),
    }),
  };
}
